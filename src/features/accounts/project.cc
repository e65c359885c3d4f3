// A project's keys; making projects; the audit table.
#include <unordered_map>

#include "base/text.h"
#include "inside.h"
#include "records/audit/audit.h"

namespace pawl::accounts {
namespace {

constexpr std::int64_t most_audit = 200;

void write_key(JsonWriter& json, const projects::Key& key) {
  json.field("id", key.id).field("project", key.project).field("name", key.name).key("scopes").array();
  for (const auto scope : split(projects::to_text(key.scopes), ',')) json.value(scope);
  json.end();
  write_time(json, "created", key.created);
  write_time(json, "expires", key.expires);
  write_time(json, "revoked", key.revoked);
  write_time(json, "last_used", key.used);
}

Result<net::Response> list_keys(Accounts& all, const net::Request& request) {
  JsonWriter json;
  json.object().key("keys").array();
  for (const auto& key : TRY(all.projects.keys(access_of(request).project))) {
    json.object();
    write_key(json, key);
    json.end();
  }
  return net::Response::json(json.end().end().take());
}

Result<net::Response> create_key(Accounts& all, const net::Request& request) {
  const auto fields = TRY(body_of(request));
  const auto scopes = TRY(projects::parse_scopes(join(TRY(fields.texts("scopes")), ",")));
  const auto& access = access_of(request);
  if (!covers(access.may, scopes)) return fail(ErrorKind::denied, "A key cannot do more than whoever makes it.");
  Nanos expires = 0;
  if (const auto life = fields.text("expires"); !life.empty()) {
    const auto length = parse_duration(life);
    if (!length || *length <= 0)
      return fail(ErrorKind::invalid, "expires={} must be a length of time such as 90d.", life);
    expires = all.clock.now() + *length;
  }
  const auto made =
      TRY(all.projects.create_key(access.project, fields.text("name"), scopes, expires, actor_of(access)));
  JsonWriter json;
  json.object();
  write_key(json, made.key);
  return net::Response::json(json.field("key", made.secret).end().take(), 201);
}

Result<net::Response> revoke_key(Accounts& all, const net::Request& request) {
  const auto& access = access_of(request);
  TRY(all.projects.revoke_key(access.project, request.capture("id"), actor_of(access)));
  return net::Response::json("{}");
}

Result<net::Response> create_project(Accounts& all, const net::Request& request) {
  const auto& access = access_of(request);
  if (access.local)
    return fail(ErrorKind::denied, "Local mode has one project; with keys and log-in there can be more.");
  const auto fields = TRY(body_of(request));
  const auto made = TRY(all.projects.create_project(fields.text("name"), actor_of(access)));
  JsonWriter json;
  return net::Response::json(json.object().field("id", made.id).field("name", made.name).end().take(), 201);
}

// Each actor is looked up once.
Result<std::unordered_map<std::string, std::string>> names_of_actors(Accounts& all,
                                                                     const std::vector<audit::Entry>& entries) {
  std::unordered_map<std::string, std::string> out;
  for (const auto& entry : entries) {
    if (!out.contains(entry.actor)) out[entry.actor] = TRY(name_of_actor(all, entry.actor));
  }
  return out;
}

Result<net::Response> show_audit(Accounts& all, const net::Request& request) {
  const auto& access = access_of(request);
  const auto before = parse_int(request.query.get("before")).value_or(std::numeric_limits<std::int64_t>::max());
  const auto limit =
      std::clamp<std::int64_t>(parse_int(request.query.get("limit")).value_or(most_audit), 1, most_audit);
  const auto entries =
      TRY(audit::read(all.ledger, access.project, access.role == "owner", before, static_cast<std::uint32_t>(limit)));
  const auto names = TRY(names_of_actors(all, entries));
  JsonWriter json;
  json.object().key("entries").array();
  for (const auto& entry : entries) {
    json.object().field("number", entry.number).field("at", format_time(entry.at)).field("project", entry.project);
    json.field("actor", entry.actor).field("action", entry.action).field("detail", entry.detail);
    json.field("actor_name", names.at(entry.actor)).end();
  }
  return net::Response::json(json.end().end().take());
}

}  // namespace

void add_project_routes(const std::shared_ptr<Accounts>& all) {
  add(all, {"GET", "/api/v1/keys", "write", list_keys, "Keys of the project, without their secrets", "",
            "{keys:[{id, project, name, scopes, created, expires, revoked, last_used}]}"});
  add(all, {"POST", "/api/v1/keys", "write", create_key, "Makes a key; the secret is shown this once",
            "{scopes, name, expires}", "{id, key, project, scopes}"});
  add(all, {"DELETE", "/api/v1/keys/{id}", "write", revoke_key, "Revokes a key at once", "", "{}"});
  add(all, {"POST", "/api/v1/projects", "owner", create_project, "Makes a project", "{name}", "{id, name}"});
  add(all, {"GET", "/api/v1/audit", "admin", show_audit, "The audit table, the newest first", "",
            "{entries:[{number, at, project, actor, actor_name, action, detail}]}"});
}

}  // namespace pawl::accounts
