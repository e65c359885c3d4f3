// Making, listing and revoking links; their table.
#include "base/ids.h"
#include "base/json_fields.h"
#include "base/text.h"
#include "inside.h"
#include "net/pages.h"
#include "records/audit/audit.h"

namespace pawl::share {
namespace {

using projects::access_of;
using projects::actor_of;

constexpr Nanos least_life = hour, most_life = 90 * day, usual_life = 7 * day;
constexpr std::size_t most_note = 500;

constexpr ledger::Migration steps[] = {{"share", 1, R"sql(
CREATE TABLE shares (id TEXT PRIMARY KEY, project INTEGER NOT NULL REFERENCES projects (id),
  hash TEXT NOT NULL UNIQUE, -- SHA-256 of the token
  objects TEXT NOT NULL, -- JSON: [{kind, id}], one, or two that are compared
  redaction TEXT NOT NULL CHECK (redaction IN ('masked', 'no_bodies', 'full')), note TEXT NOT NULL,
  author TEXT NOT NULL, created INTEGER NOT NULL, -- nothing that came later is shown
  expires INTEGER NOT NULL, revoked INTEGER NOT NULL DEFAULT 0, openings INTEGER NOT NULL DEFAULT 0,
  last_opened INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX shares_project ON shares (project, created);
)sql"}};

bool is_admin(const projects::Access& access) {
  return access.may.administer;
}

void write_time(JsonWriter& json, std::string_view name, Nanos at) {
  json.key(name);
  at == 0 ? json.null() : json.value(format_time(at));
}

void write_objects(JsonWriter& json, const Link& link) {
  json.field("kind", link.objects.size() > 1 ? "compare" : std::string_view(link.objects[0].kind));
  json.key("objects").array();
  for (const auto& one : link.objects) json.object().field("kind", one.kind).field("id", one.id).end();
  json.end();
}

void write(JsonWriter& json, const Link& link) {
  json.object().field("id", link.id);
  write_objects(json, link);
  json.field("redaction", link.redaction).field("note", link.note).field("author", link.author);
  write_time(json, "created", link.created);
  write_time(json, "expires", link.expires);
  write_time(json, "revoked", link.revoked);
  json.field("openings", link.openings);
  write_time(json, "last_opened", link.last_opened);
  json.end();
}

std::string objects_json(const std::vector<Object>& objects) {
  JsonWriter json;
  json.array();
  for (const auto& one : objects) json.object().field("kind", one.kind).field("id", one.id).end();
  return json.end().take();
}

Result<std::vector<Object>> objects_in(const JsonFields& fields) {
  std::vector<Object> out;
  for (const auto& one : fields.objects("objects")) {
    out.push_back({one.text("kind"), one.text("id")});
    if (out.back().kind != "trace" && out.back().kind != "session")
      return fail(ErrorKind::invalid, "objects: kind must be trace or session.");
    if (out.back().id.empty()) return fail(ErrorKind::invalid, "objects: id is missing.");
  }
  if (out.empty() || out.size() > 2)
    return fail(ErrorKind::invalid, "Send objects: one [{{kind, id}}], or two for a comparison.");
  return out;
}

Result<Nanos> life_in(const JsonFields& fields) {
  const auto text = fields.text("expires");
  if (text.empty()) return usual_life;
  const auto life = parse_duration(text);
  if (!life || *life < least_life || *life > most_life)
    return fail(ErrorKind::invalid, "expires={} must be a length of time from 1h to 90d.", text);
  return *life;
}

Result<net::Response> create(Share& all, const net::Request& request) {
  if (request.content_type != "application/json")
    return fail(ErrorKind::invalid, "Send the body with Content-Type: application/json.");
  const auto fields = TRY(JsonFields::parse(request.body));
  const auto& access = access_of(request);
  Link link{.redaction = fields.has("redaction") ? fields.text("redaction") : "masked",
            .note = std::string(utf8_prefix(fields.text("note"), most_note)),
            .author = actor_of(access),
            .project = access.project,
            .objects = TRY(objects_in(fields)),
            .created = all.clock.now()};
  link.expires = link.created + TRY(life_in(fields));
  if (link.redaction != "masked" && link.redaction != "no_bodies" && link.redaction != "full")
    return fail(ErrorKind::invalid, "redaction must be masked, no_bodies or full.");
  if (link.redaction == "full" && !is_admin(access))
    return fail(ErrorKind::denied, "Only an administrator shares a run as it was stored. Share it masked.");
  for (const auto& one : link.objects)
    TRY(all.options.show(
        {.project = link.project, .kind = one.kind, .id = one.id, .trace = {}, .span = {}, .bodies = "none"}));
  link.id = "sh_" + to_hex(all.random.bytes(8));
  const auto token = "pawl_share_" + to_base64url(all.random.bytes(32));
  TRY(all.ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run(
        "INSERT INTO shares (id, project, hash, objects, redaction, note, author, created, expires) VALUES (?, ?, "
        "?, ?, ?, ?, ?, ?, ?)",
        {link.id, std::int64_t{link.project}, digest_of(token), objects_json(link.objects), link.redaction, link.note,
         link.author, link.created, link.expires}));
    return audit::append(t, link.created, link.project, link.author, "share.create",
                         fmt::format("{} {} {} until {}", link.id, objects_json(link.objects), link.redaction,
                                     format_time(link.expires)));
  }));
  JsonWriter json;
  json.object().key("share");
  write(json, link);
  json.field("link", fmt::format("{}/share#{}", all.options.public_url(), token)).field("token", token);
  auto response = net::Response::json(json.end().take(), 201);
  response.headers.set("cache-control", "no-store");
  return response;
}

Result<net::Response> list(Share& all, const net::Request& request) {
  const auto rows = TRY(all.ledger.read(
      fmt::format("SELECT {} FROM shares WHERE project = ? ORDER BY created DESC LIMIT 1000", link_columns),
      {std::int64_t{access_of(request).project}}));
  const auto trace = request.query.get("trace_id"), session = request.query.get("session_id");
  JsonWriter json;
  json.object().key("shares").array();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Link link = link_of(rows, i);
    const bool fits = (trace.empty() && session.empty()) || std::ranges::any_of(link.objects, [&](const Object& one) {
                        return one.kind == "trace" ? one.id == trace : one.id == session;
                      });
    if (fits) write(json, link);
  }
  return net::Response::json(json.end().end().take());
}

Result<net::Response> revoke(Share& all, const net::Request& request) {
  const auto& access = access_of(request);
  const std::string id(request.capture("id"));
  TRY(all.ledger.change([&](ledger::Transaction& t) -> Result<> {
    const auto rows = TRY(
        t.run("SELECT author, revoked FROM shares WHERE project = ? AND id = ?", {std::int64_t{access.project}, id}));
    if (rows.size() == 0) return fail(ErrorKind::not_found, "There is no share link {} in this project.", id);
    if (rows.text(0, 0) != actor_of(access) && !is_admin(access))
      return fail(ErrorKind::denied, "Only whoever made this link, or an administrator, revokes it.");
    if (rows.integer(0, 1) != 0) return {};
    TRY(t.run("UPDATE shares SET revoked = ? WHERE id = ?", {all.clock.now(), id}));
    return audit::append(t, all.clock.now(), access.project, actor_of(access), "share.revoke", id);
  }));
  return net::Response::json("{}");
}

}  // namespace

std::span<const ledger::Migration> migrations() {
  return steps;
}

std::string digest_of(std::string_view token) {
  return to_hex(sha256(token));
}

Link link_of(const ledger::Rows& rows, std::size_t row) {
  Link link{.id = rows.text(row, 0),
            .redaction = rows.text(row, 3),
            .note = rows.text(row, 4),
            .author = rows.text(row, 5),
            .project = static_cast<ProjectId>(rows.integer(row, 1)),
            .objects = {},
            .created = rows.integer(row, 6),
            .expires = rows.integer(row, 7),
            .revoked = rows.integer(row, 8),
            .last_opened = rows.integer(row, 10),
            .openings = rows.integer(row, 9)};
  if (const auto fields = JsonFields::parse(fmt::format("{{\"objects\":{}}}", rows.text(row, 2))))
    for (const auto& one : fields->objects("objects")) link.objects.push_back({one.text("kind"), one.text("id")});
  return link;
}

void add(net::Router& router, const std::shared_ptr<Share>& all, net::Route route, Work work) {
  route.handler = [all, work](net::Request& request) -> Task<Result<net::Response>> {
    auto answer =
        co_await net::on_pool(all->pool, request.cancel, [all, work, &request] { return work(*all, request); });
    if (!answer && answer.error().kind == ErrorKind::exhausted) {  // of addresses, not of sizes
      auto slowed = net::Response::error(request, 429, answer.error().what);
      net::set_retry_after(slowed, minute);
      co_return slowed;
    }
    co_return answer;
  };
  route.body_bytes = 64U << 10;
  router.add(std::move(route));
}

void add_routes(net::Router& router, net::Pool& pool, projects::Projects& projects, ledger::Ledger& ledger,
                Random& random, const Clock& clock, Options options) {
  const auto all = std::make_shared<Share>(pool, projects, ledger, random, clock, std::move(options));
  add(router, all,
      {.method = "POST",
       .pattern = "/api/v1/shares",
       .permission = "write",
       .summary = "Makes a link that shows a run, a session or a comparison to whoever has it; its token is shown this "
                  "once",
       .accepts = "{objects:[{kind, id}], redaction, expires, note}",
       .answers = "{share:Share, link, token}"},
      create);
  add(router, all,
      {.method = "GET",
       .pattern = "/api/v1/shares",
       .permission = "read",
       .summary = "Share links of the project, the newest first; also those that have expired or were revoked",
       .query = {{"trace_id", "of one trace"}, {"session_id", "of one session"}},
       .answers = "{shares:[Share]}"},
      list);
  add(router, all,
      {.method = "DELETE",
       .pattern = "/api/v1/shares/{id}",
       .permission = "write",
       .summary = "Revokes a share link at once: one's own, or as an administrator",
       .answers = "{}"},
      revoke);
  add_public_routes(router, all);
}

}  // namespace pawl::share
