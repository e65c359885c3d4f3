// The routes of saved views, and their table in the ledger.
#include "views.h"

#include <fmt/ranges.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/ids.h"
#include "base/json.h"
#include "base/json_fields.h"
#include "base/text.h"
#include "records/audit/audit.h"

namespace pawl::views {
namespace {

namespace sj = simdjson;
using projects::access_of;

constexpr ledger::Migration steps[] = {{"views", 1, R"sql(
CREATE TABLE views (project INTEGER NOT NULL REFERENCES projects (id), id TEXT NOT NULL,
  page TEXT NOT NULL, -- sessions, traces, spans
  name TEXT NOT NULL,
  state TEXT NOT NULL, -- JSON of the page
  owner TEXT NOT NULL, -- user 3, key pk_…, local
  author TEXT NOT NULL, -- the same for people: an address
  shared INTEGER NOT NULL, -- 1: the whole project sees it
  created INTEGER NOT NULL, changed INTEGER NOT NULL, PRIMARY KEY (project, id),
  UNIQUE (project, owner, page, name)) STRICT;
)sql"}};

constexpr std::array<std::string_view, 3> pages = {"sessions", "traces", "spans"};
constexpr std::size_t most_name = 80, most_state = 16U << 10, most_body = 32U << 10;
constexpr std::int64_t most_views = 500;  // of one owner

struct Views {
  net::Pool& pool;
  projects::Projects& projects;
  ledger::Ledger& ledger;
  Random& random;
  const Clock& clock;
};

// Columns as `write` reads them.
constexpr std::string_view columns = "id, name, page, state, shared, owner, author, created, changed";

void write(JsonWriter& json, const ledger::Rows& rows, std::size_t row, const std::string& owner) {
  json.object().field("id", rows.text(row, 0)).field("name", rows.text(row, 1)).field("page", rows.text(row, 2));
  json.key("state").raw(rows.text(row, 3)).field("shared", rows.integer(row, 4) != 0);
  json.field("own", rows.text(row, 5) == owner).field("author", rows.text(row, 6));
  json.field("created", format_time(rows.integer(row, 7))).field("changed", format_time(rows.integer(row, 8))).end();
}

Result<std::string> author_of(Views& all, const projects::Access& access) {
  const auto user = access.user == 0 ? std::nullopt : TRY(all.projects.user(access.user));
  return user ? user->email : projects::actor_of(access);
}

Result<std::string> name_of(const JsonFields& fields) {
  const std::string name(trim(fields.text("name")));
  if (name.empty() || name.size() > most_name)
    return fail(ErrorKind::invalid, "A view needs a name of 1 to {} bytes.", most_name);
  return name;
}

// The page's own JSON, as one line.
Result<std::string> state_of(const std::string& body) {
  sj::dom::parser parser;
  sj::dom::element document;
  sj::dom::object state;
  if (parser.parse(body).get(document) != sj::SUCCESS || document["state"].get(state) != sj::SUCCESS)
    return fail(ErrorKind::invalid, "A view needs a state: an object of what the page shows.");
  auto text = sj::minify(state);
  if (text.size() > most_state) return fail(ErrorKind::invalid, "A view's state has at most {} bytes.", most_state);
  return text;
}

Result<ledger::Rows> seen(ledger::Transaction& t, const projects::Access& access, const std::string& id) {
  auto rows =
      TRY(t.run(fmt::format("SELECT {} FROM views WHERE project = ? AND id = ? AND (shared = 1 OR owner = ?)", columns),
                {std::int64_t{access.project}, id, projects::actor_of(access)}));
  if (rows.size() == 0) return fail(ErrorKind::not_found, "There is no view {}.", id);
  return rows;
}

// Somebody else's view is changed by who administers the project.
Result<> check_own(const ledger::Rows& rows, const projects::Access& access) {
  if (rows.text(0, 5) == projects::actor_of(access) || access.may.administer) return {};
  return fail(ErrorKind::denied, "{} saved this view. Save one of your own under another name.", rows.text(0, 6));
}

Result<> check_free(ledger::Transaction& t, const projects::Access& access, std::string_view owner,
                    const std::string& page, const std::string& name, const std::string& but) {
  const auto same =
      TRY(t.run("SELECT 1 FROM views WHERE project = ? AND owner = ? AND page = ? AND name = ? AND id <> ?",
                {std::int64_t{access.project}, std::string(owner), page, name, but}));
  if (same.size() != 0) return fail(ErrorKind::conflict, "There is a view called {} already.", name);
  return {};
}

Result<net::Response> list(Views& all, const net::Request& request) {
  const auto& access = access_of(request);
  const std::string owner = projects::actor_of(access), page(request.query.get("page"));
  const auto rows = TRY(all.ledger.read(
      fmt::format("SELECT {} FROM views WHERE project = ? AND (shared = 1 OR owner = ?) AND (? = '' OR page = ?) ORDER "
                  "BY name, id",
                  columns),
      {std::int64_t{access.project}, owner, page, page}));
  JsonWriter json;
  json.object().key("views").array();
  for (std::size_t i = 0; i < rows.size(); ++i) write(json, rows, i, owner);
  return net::Response::json(json.end().end().take());
}

Result<net::Response> shown(ledger::Rows rows, const projects::Access& access) {
  JsonWriter json;
  write(json, rows, 0, projects::actor_of(access));
  return net::Response::json(json.take());
}

Result<net::Response> save(Views& all, const net::Request& request) {
  const auto& access = access_of(request);
  const auto fields = TRY(JsonFields::parse(request.body));
  const auto name = TRY(name_of(fields)), page = fields.text("page"), state = TRY(state_of(request.body));
  if (std::ranges::find(pages, page) == pages.end())
    return fail(ErrorKind::invalid, "page={} must be {}.", page, fmt::join(pages, ", "));
  const auto author = TRY(author_of(all, access));
  const std::string owner = projects::actor_of(access), id = to_hex(all.random.bytes(8));
  const Nanos now = all.clock.now();
  ledger::Rows rows;
  TRY(all.ledger.change([&](ledger::Transaction& t) -> Result<> {
    const auto count =
        TRY(t.run("SELECT count(*) FROM views WHERE project = ? AND owner = ?", {std::int64_t{access.project}, owner}));
    if (count.integer(0, 0) >= most_views)
      return fail(ErrorKind::exhausted, "These would be more than {} views. Remove some first.", most_views);
    TRY(check_free(t, access, owner, page, name, ""));
    TRY(
        t.run("INSERT INTO views (project, id, page, name, state, owner, author, shared, created, changed) VALUES (?, "
              "?, ?, ?, ?, ?, ?, ?, ?, ?)",
              {std::int64_t{access.project}, id, page, name, state, owner, author,
               std::int64_t{fields.flag("shared").value_or(false)}, now, now}));
    TRY(audit::append(t, now, access.project, owner, "view.save", name));
    rows = TRY(seen(t, access, id));
    return {};
  }));
  return shown(std::move(rows), access);
}

Result<net::Response> change(Views& all, const net::Request& request) {
  const auto& access = access_of(request);
  const std::string id(request.capture("view_id"));
  TRY(all.ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(seen(t, access, id));
    return {};
  }));
  const auto fields = TRY(JsonFields::parse(request.body));
  const auto name = fields.has("name") ? TRY(name_of(fields)) : std::string();
  const auto state = fields.has("state") ? TRY(state_of(request.body)) : std::string();
  const Nanos now = all.clock.now();
  ledger::Rows rows;
  TRY(all.ledger.change([&](ledger::Transaction& t) -> Result<> {
    const auto old = TRY(seen(t, access, id));
    TRY(check_own(old, access));
    const std::string called = name.empty() ? std::string(old.text(0, 1)) : name;
    TRY(check_free(t, access, old.text(0, 5), std::string(old.text(0, 2)), called, id));
    TRY(t.run(
        "UPDATE views SET name = ?, state = ?, shared = ?, changed = ? WHERE project = ? AND id = ?",
        {called, state.empty() ? std::string(old.text(0, 3)) : state,
         std::int64_t{fields.flag("shared").value_or(old.integer(0, 4) != 0)}, now, std::int64_t{access.project}, id}));
    TRY(audit::append(t, now, access.project, projects::actor_of(access), "view.change", called));
    rows = TRY(seen(t, access, id));
    return {};
  }));
  return shown(std::move(rows), access);
}

Result<net::Response> remove(Views& all, const net::Request& request) {
  const auto& access = access_of(request);
  const std::string id(request.capture("view_id"));
  TRY(all.ledger.change([&](ledger::Transaction& t) -> Result<> {
    const auto old = TRY(seen(t, access, id));
    TRY(check_own(old, access));
    TRY(t.run("DELETE FROM views WHERE project = ? AND id = ?", {std::int64_t{access.project}, id}));
    return audit::append(t, all.clock.now(), access.project, projects::actor_of(access), "view.remove",
                         std::string(old.text(0, 1)));
  }));
  return net::Response::json("{}");
}

using Work = Result<net::Response> (*)(Views& all, const net::Request& request);
void add(net::Router& router, const std::shared_ptr<Views>& all, net::Route route, Work work) {
  route.handler = [all, work](net::Request& request) -> Task<Result<net::Response>> {
    co_return co_await net::on_pool(all->pool, request.cancel, [all, work, &request] { return work(*all, request); });
  };
  route.body_bytes = most_body;
  router.add(std::move(route));
}

}  // namespace

std::span<const ledger::Migration> migrations() {
  return steps;
}

void add_routes(net::Router& router, net::Pool& pool, projects::Projects& projects, ledger::Ledger& ledger,
                Random& random, const Clock& clock) {
  const auto all = std::make_shared<Views>(pool, projects, ledger, random, clock);
  const std::string one = "/api/v1/views/{view_id}";
  add(router, all,
      {.method = "GET",
       .pattern = "/api/v1/views",
       .permission = "read",
       .summary = "Saved views of lists: one's own and those shared with the project",
       .query = {{"page", "of this list: sessions, traces or spans"}},
       .answers = "{views:[View]}"},
      list);
  add(router, all,
      {.method = "POST",
       .pattern = "/api/v1/views",
       .permission = "write",
       .summary = "Saves a view under a new name",
       .accepts = "{name, page, state, shared}",
       .answers = "a View"},
      save);
  add(router, all,
      {.method = "PUT",
       .pattern = one,
       .permission = "write",
       .summary = "Changes a view: what is given; those of others by who administers the project",
       .accepts = "{name, state, shared}",
       .answers = "a View"},
      change);
  add(router, all,
      {.method = "DELETE", .pattern = one, .permission = "write", .summary = "Removes a view", .answers = "{}"},
      remove);
}

}  // namespace pawl::views
