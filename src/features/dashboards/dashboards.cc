// The routes of dashboards, and their versions in the ledger: a version is never changed, removing is a version too.
#include "dashboards.h"

#include <algorithm>
#include <array>
#include <memory>

#include "annotations.h"
#include "base/json.h"
#include "base/json_fields.h"
#include "base/text.h"
#include "records/audit/audit.h"

namespace pawl::dashboards {
namespace {

using projects::access_of;
using projects::ProjectId;

constexpr ledger::Migration steps[] = {{"dashboards", 1, R"sql(
CREATE TABLE dashboards (project INTEGER NOT NULL REFERENCES projects (id), name TEXT NOT NULL,
  version INTEGER NOT NULL, -- 1, 2, … within the name
  layout TEXT NOT NULL, -- JSON; empty: removed
  author TEXT NOT NULL, saved INTEGER NOT NULL, PRIMARY KEY (project, name, version)) STRICT;
)sql"},
                                       {"dashboards", 2, R"sql(
CREATE TABLE annotations (project INTEGER NOT NULL REFERENCES projects (id), id TEXT NOT NULL,
  at INTEGER NOT NULL, until INTEGER, -- null: an instant
  title TEXT NOT NULL, detail TEXT NOT NULL, agent TEXT NOT NULL, author TEXT NOT NULL, made INTEGER NOT NULL,
  PRIMARY KEY (project, id)) STRICT;
CREATE INDEX annotations_at ON annotations (project, at);
)sql"}};

// What the page draws by itself.
constexpr std::array<std::string_view, 7> built_in = {"fleet",   "agent",      "cost", "latency",
                                                      "quality", "guardrails", "tools"};
constexpr std::size_t most_name = 60, most_bytes = 64U << 10;

struct Dashboards {
  net::Pool& pool;
  projects::Projects& projects;
  ledger::Ledger& ledger;
  const Clock& clock;
};

Result<> check_name(std::string_view name) {
  const bool fits = !name.empty() && name.size() <= most_name && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  if (!fits) return fail(ErrorKind::invalid, "A dashboard's name is 1 to {} of a-z, 0-9 and -.", most_name);
  if (std::ranges::find(built_in, name) != built_in.end())
    return fail(ErrorKind::invalid, "{} is a built-in dashboard. Save it under another name.", name);
  return {};
}

// Columns as in `columns`.
constexpr std::string_view columns = "name, version, layout, author, saved";
void write(JsonWriter& json, const ledger::Rows& rows, std::size_t row) {
  const auto& layout = rows.text(row, 2);
  json.object().field("name", rows.text(row, 0)).field("version", rows.integer(row, 1));
  json.field("author", rows.text(row, 3)).field("saved", format_time(rows.integer(row, 4))).key("layout");
  layout.empty() ? json.null() : json.raw(layout);
  json.end();
}

Result<ledger::Rows> newest(ledger::Transaction& t, ProjectId project, const std::string& name) {
  return t.run(
      fmt::format("SELECT {} FROM dashboards WHERE project = ? AND name = ? ORDER BY version DESC LIMIT 1", columns),
      {std::int64_t{project}, name});
}

Result<std::string> author_of(Dashboards& all, const projects::Access& access) {
  const auto user = access.user == 0 ? std::nullopt : TRY(all.projects.user(access.user));
  return user ? user->email : projects::actor_of(access);
}

Result<net::Response> list(Dashboards& all, const net::Request& request) {
  const auto rows = TRY(all.ledger.read(
      fmt::format(
          "SELECT {} FROM dashboards AS d WHERE project = ? AND layout <> '' AND version = (SELECT max(version) "
          "FROM dashboards WHERE project = d.project AND name = d.name) ORDER BY name",
          columns),
      {std::int64_t{access_of(request).project}}));
  JsonWriter json;
  json.object().key("dashboards").array();
  for (std::size_t i = 0; i < rows.size(); ++i) write(json, rows, i);
  return net::Response::json(json.end().end().take());
}

Result<net::Response> show(Dashboards& all, const net::Request& request) {
  const auto name = std::string(request.capture("dashboard"));
  const auto version = parse_int(request.query.get("version")).value_or(0);
  const auto rows = TRY(
      all.ledger.read(fmt::format("SELECT {} FROM dashboards WHERE project = ? AND name = ? AND (? = 0 OR version = ?) "
                                  "ORDER BY version DESC LIMIT 1",
                                  columns),
                      {std::int64_t{access_of(request).project}, name, version, version}));
  if (rows.size() == 0 || rows.text(0, 2).empty())
    return fail(ErrorKind::not_found, "There is no dashboard {}{}.", name,
                version == 0 ? "" : fmt::format(" in version {}", version));
  JsonWriter json;
  write(json, rows, 0);
  return net::Response::json(json.take());
}

Result<net::Response> versions(Dashboards& all, const net::Request& request) {
  const auto rows = TRY(all.ledger.read(
      fmt::format("SELECT {} FROM dashboards WHERE project = ? AND name = ? ORDER BY version DESC LIMIT 200", columns),
      {std::int64_t{access_of(request).project}, std::string(request.capture("dashboard"))}));
  if (rows.size() == 0) return fail(ErrorKind::not_found, "There is no dashboard {}.", request.capture("dashboard"));
  JsonWriter json;
  json.object().key("versions").array();
  for (std::size_t i = 0; i < rows.size(); ++i) write(json, rows, i);
  return net::Response::json(json.end().end().take());
}

// The next version, unless it says what the newest says already. `base` is the version that was edited: where somebody
// has saved another one since, nothing is saved. "" as the layout removes.
Result<ledger::Rows> save(Dashboards& all, const net::Request& request, const std::string& layout,
                          std::optional<std::int64_t> base) {
  const auto& access = access_of(request);
  const auto name = std::string(request.capture("dashboard"));
  const auto author = TRY(author_of(all, access));
  ledger::Rows saved;
  TRY(all.ledger.change([&](ledger::Transaction& t) -> Result<> {
    saved = TRY(newest(t, access.project, name));
    const bool there = saved.size() != 0 && !saved.text(0, 2).empty();
    const auto version = saved.size() == 0 ? 0 : saved.integer(0, 1);
    if (layout.empty() && !there) return fail(ErrorKind::not_found, "There is no dashboard {}.", name);
    if (base && *base != (there ? version : 0))
      return fail(ErrorKind::conflict, "Not saved: {}.",
                  there ? fmt::format("{} changed it at {} (version {})", saved.text(0, 3),
                                      format_time(saved.integer(0, 4)), version)
                        : "it was removed meanwhile");
    if (there && saved.text(0, 2) == layout) return {};
    TRY(t.run("INSERT INTO dashboards (project, name, version, layout, author, saved) VALUES (?, ?, ?, ?, ?, ?)",
              {std::int64_t{access.project}, name, version + 1, layout, author, all.clock.now()}));
    TRY(audit::append(t, all.clock.now(), access.project, projects::actor_of(access),
                      layout.empty() ? "dashboard.remove" : "dashboard.save",
                      fmt::format("{} version {}", name, version + 1)));
    saved = TRY(newest(t, access.project, name));
    return {};
  }));
  return saved;
}

Result<net::Response> put(Dashboards& all, const net::Request& request) {
  if (request.content_type != "application/json")
    return fail(ErrorKind::invalid, "Send the body with Content-Type: application/json.");
  TRY(check_name(request.capture("dashboard")));
  const auto layout = TRY(read_layout(request.body));
  const auto fields = TRY(JsonFields::parse(request.body));
  if (const auto name = fields.text("name"); !name.empty() && name != request.capture("dashboard"))
    return fail(ErrorKind::invalid, "The dashboard says it is {}, the address {}.", name, request.capture("dashboard"));
  const auto saved = TRY(save(all, request, layout, fields.number("base")));
  JsonWriter json;
  write(json, saved, 0);
  return net::Response::json(json.take());
}

Result<net::Response> remove(Dashboards& all, const net::Request& request) {
  TRY(save(all, request, "", std::nullopt));
  return net::Response::json("{}");
}

using Work = Result<net::Response> (*)(Dashboards& all, const net::Request& request);
void add(net::Router& router, const std::shared_ptr<Dashboards>& all, net::Route route, Work work) {
  route.handler = [all, work](net::Request& request) -> Task<Result<net::Response>> {
    co_return co_await net::on_pool(all->pool, request.cancel, [all, work, &request] { return work(*all, request); });
  };
  route.body_bytes = most_bytes;
  router.add(std::move(route));
}

}  // namespace

std::span<const ledger::Migration> migrations() {
  return steps;
}

void add_routes(net::Router& router, net::Pool& pool, projects::Projects& projects, ledger::Ledger& ledger,
                const Clock& clock, Sources sources) {
  add_annotation_routes(router, pool, projects, ledger, clock, std::move(sources));
  const auto all = std::make_shared<Dashboards>(pool, projects, ledger, clock);
  const std::string one = "/api/v1/dashboards/{dashboard}";
  add(router, all,
      {.method = "GET",
       .pattern = "/api/v1/dashboards",
       .permission = "read",
       .summary = "Dashboards that users made, in their newest version",
       .answers = "{dashboards:[Dashboard]}"},
      list);
  add(router, all,
      {.method = "GET",
       .pattern = one,
       .permission = "read",
       .summary = "One dashboard",
       .query = {{"version", "an older version"}},
       .answers = "a Dashboard"},
      show);
  add(router, all,
      {.method = "GET",
       .pattern = one + "/versions",
       .permission = "read",
       .summary = "All versions of a dashboard, the newest first",
       .answers = "{versions:[Dashboard]}"},
      versions);
  add(router, all,
      {.method = "PUT",
       .pattern = one,
       .permission = "write",
       .summary = "Saves a dashboard as its next version; 409 where `base` is not the newest one",
       .accepts = "{title, about, figures, panels, base}",
       .answers = "a Dashboard"},
      put);
  add(router, all,
      {.method = "DELETE",
       .pattern = one,
       .permission = "write",
       .summary = "Removes a dashboard; its versions are kept",
       .answers = "{}"},
      remove);
}

}  // namespace pawl::dashboards
