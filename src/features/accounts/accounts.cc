// The routes of accounts.
#include "accounts.h"

#include <simdjson.h>

#include "base/json.h"
#include "base/text.h"
#include "records/audit/audit.h"

namespace pawl::accounts {
namespace {

namespace sj = simdjson;
using projects::access_of;
using projects::Projects;

// The fields of a small JSON body; what is absent is "".
class Fields {
 public:
  static Result<Fields> parse(const std::string& body) {
    Fields fields;
    if (fields.parser_->parse(body).get(fields.object_) != sj::SUCCESS)
      return fail(ErrorKind::invalid, "The body is no JSON object.");
    return fields;
  }
  std::string text(std::string_view name) const {
    std::string_view value;
    return object_[name].get(value) == sj::SUCCESS ? std::string(value) : std::string();
  }
  Result<std::string> texts(std::string_view name) const {  // a list or "a,b", as "a,b"
    sj::dom::array list;
    if (object_[name].get(list) != sj::SUCCESS) return text(name);
    std::vector<std::string> words;
    for (const auto item : list) {
      std::string_view word;
      if (item.get(word) != sj::SUCCESS) return fail(ErrorKind::invalid, "{} must be a list of words.", name);
      words.emplace_back(word);
    }
    return join(words, ",");
  }

 private:
  std::unique_ptr<sj::dom::parser> parser_ = std::make_unique<sj::dom::parser>();
  sj::dom::object object_;
};

struct Accounts {
  net::Pool& pool;
  Projects& projects;
  ledger::Ledger& ledger;
  const Clock& clock;
  Options options;

  Result<net::Response> me(const net::Request& request) const {
    const auto& access = access_of(request);
    const auto mine = TRY(projects.projects_of(access));
    JsonWriter json;
    json.object().field("mode", options.local ? "local" : "required").key("user");
    const auto user = access.user == 0 ? std::nullopt : TRY(projects.user(access.user));
    if (user)
      json.object()
          .field("id", user->id)
          .field("email", user->email)
          .field("name", user->name)
          .field("role", access.role)
          .end();
    else
      json.null();
    json.key("project").object().field("id", access.project);
    for (const auto& project : mine) {
      if (project.id == access.project) json.field("name", project.name);
    }
    json.end().field("role", access.role).key("projects").array();
    for (const auto& project : mine)
      json.object().field("id", project.id).field("name", project.name).field("role", project.role).end();
    json.end().field("version", options.version).field("csrf", access.csrf).key("endpoints").raw(options.endpoints());
    json.field("ever_received", options.ever_received(access.project));
    return net::Response::json(json.end().take());
  }

  net::Response logged_in(const net::Request& request, const Projects::LoggedIn& login) const {
    JsonWriter json;
    json.object()
        .key("user")
        .object()
        .field("id", login.user.id)
        .field("email", login.user.email)
        .field("name", login.user.name)
        .end()
        .end();
    auto response = net::Response::json(json.take());
    response.headers.add(
        "set-cookie",
        fmt::format("__Host-pawl={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=1209600", login.cookie));
    (void)request;
    return response;
  }

  Result<> check_secure(const net::Request& request) const {
    if (options.is_secure(request)) return {};
    return fail(ErrorKind::denied,
                "A log-in needs TLS: start with --tls-cert and --tls-key, or put a proxy with TLS in front and name it "
                "in trusted_proxies.");
  }

  Result<net::Response> log_in(const net::Request& request) const {
    TRY(check_secure(request));
    const auto fields = TRY(Fields::parse(request.body));
    auto login = projects.log_in(fields.text("email"), fields.text("password"), request.peer);
    if (!login && login.error().kind == ErrorKind::denied)
      return net::Response::error(request, 401, login.error().what);
    if (!login && login.error().kind == ErrorKind::exhausted)
      return net::Response::error(request, 429, login.error().what);
    return logged_in(request, TRY(std::move(login)));
  }

  Result<net::Response> set_up(const net::Request& request) const {
    TRY(check_secure(request));
    const auto fields = TRY(Fields::parse(request.body));
    return logged_in(request, TRY(projects.set_up(fields.text("token"), fields.text("email"), fields.text("name"),
                                                  fields.text("password"))));
  }

  Result<net::Response> log_out(const net::Request& request) const {
    TRY(projects.log_out(request));
    auto response = net::Response::json("{}");
    response.headers.add("set-cookie", "__Host-pawl=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
    return response;
  }

  static void write_key(JsonWriter& json, const projects::Key& key) {
    json.field("id", key.id).field("project", key.project).field("name", key.name).key("scopes").array();
    for (const auto scope : split(projects::to_text(key.scopes), ',')) json.value(scope);
    json.end().field("created", format_time(key.created));
    for (const auto& [name, at] : {std::pair{"expires", key.expires}, {"revoked", key.revoked}}) {
      json.key(name);
      at == 0 ? json.null() : json.value(format_time(at));
    }
  }

  Result<net::Response> list_keys(const net::Request& request) const {
    JsonWriter json;
    json.object().key("keys").array();
    for (const auto& key : TRY(projects.keys(access_of(request).project))) {
      json.object();
      write_key(json, key);
      json.end();
    }
    return net::Response::json(json.end().end().take());
  }

  Result<net::Response> create_key(const net::Request& request) const {
    const auto fields = TRY(Fields::parse(request.body));
    const auto scopes = TRY(projects::parse_scopes(TRY(fields.texts("scopes"))));
    const auto& access = access_of(request);
    const auto beyond = [](bool asked, bool mine) { return asked && !mine; };
    if (beyond(scopes.read, access.may.read) || beyond(scopes.write, access.may.write) ||
        beyond(scopes.administer, access.may.administer) || beyond(scopes.ingest, access.may.ingest)) {
      return fail(ErrorKind::denied, "A key cannot do more than whoever makes it.");
    }
    Nanos expires = 0;
    if (const auto life = fields.text("expires"); !life.empty()) {
      const auto length = parse_duration(life);
      if (!length) return fail(ErrorKind::invalid, "expires={} must be a length of time such as 90d.", life);
      expires = clock.now() + *length;
    }
    const auto made =
        TRY(projects.create_key(access.project, fields.text("name"), scopes, expires, projects::actor_of(access)));
    JsonWriter json;
    json.object();
    write_key(json, made.key);
    return net::Response::json(json.field("key", made.secret).end().take(), 201);
  }

  Result<net::Response> revoke_key(const net::Request& request) const {
    const auto& access = access_of(request);
    TRY(projects.revoke_key(access.project, request.capture("id"), projects::actor_of(access)));
    return net::Response::json("{}");
  }

  Result<net::Response> create_project(const net::Request& request) const {
    const auto& access = access_of(request);
    if (access.role != "owner" || access.local)
      return fail(ErrorKind::denied,
                  "Only the organisation's owner makes projects; in local mode `pawl project create` does.");
    const auto fields = TRY(Fields::parse(request.body));
    const auto made = TRY(projects.create_project(fields.text("name"), projects::actor_of(access)));
    JsonWriter json;
    return net::Response::json(json.object().field("id", made.id).field("name", made.name).end().take(), 201);
  }

  Result<net::Response> show_audit(const net::Request& request) const {
    const auto& access = access_of(request);
    const auto before = parse_int(request.query.get("before")).value_or(std::numeric_limits<std::int64_t>::max());
    const auto entries = TRY(audit::read(ledger, access.project, access.role == "owner", before, 200));
    JsonWriter json;
    json.object().key("entries").array();
    for (const auto& entry : entries) {
      json.object().field("number", entry.number).field("at", format_time(entry.at)).field("project", entry.project);
      json.field("actor", entry.actor).field("action", entry.action).field("detail", entry.detail).end();
    }
    return net::Response::json(json.end().end().take());
  }
};

}  // namespace

void add_routes(net::Router& router, net::Pool& pool, Projects& projects, ledger::Ledger& ledger, const Clock& clock,
                Options options) {
  const auto all = std::make_shared<Accounts>(pool, projects, ledger, clock, std::move(options));
  using Work = Result<net::Response> (Accounts::*)(const net::Request&) const;
  auto add = [&](std::string method, std::string pattern, std::string permission, Work work, std::string summary,
                 std::string accepts, std::string answers) {
    router.add({.method = std::move(method),
                .pattern = std::move(pattern),
                .permission = std::move(permission),
                .handler = [all, work](net::Request& request) -> Task<Result<net::Response>> {
                  co_return co_await net::on_pool(all->pool, request.cancel,
                                                  [all, work, &request] { return ((*all).*work)(request); });
                },
                .body_bytes = 64U << 10,
                .summary = std::move(summary),
                .accepts = std::move(accepts),
                .answers = std::move(answers)});
  };
  add("GET", "/api/v1/me", "read", &Accounts::me, "Who asks, and where data goes", "",
      "{mode, user, project, role, projects, version, csrf, endpoints, ever_received}");
  add("POST", "/api/v1/login", "public", &Accounts::log_in, "Logs in: sets the cookie", "{email, password}", "{user}");
  add("POST", "/api/v1/setup", "public", &Accounts::set_up, "Makes the first administrator with a one-time link",
      "{token, email, name, password}", "{user}");
  add("POST", "/api/v1/logout", "user", &Accounts::log_out, "Logs out", "", "{}");
  add("GET", "/api/v1/keys", "write", &Accounts::list_keys, "Keys of the project, without their secrets", "",
      "{keys:[{id, project, name, scopes, created, expires, revoked}]}");
  add("POST", "/api/v1/keys", "write", &Accounts::create_key, "Makes a key; the secret is shown this once",
      "{scopes, name, expires}", "{id, key, project, scopes}");
  add("DELETE", "/api/v1/keys/{id}", "write", &Accounts::revoke_key, "Revokes a key at once", "", "{}");
  add("POST", "/api/v1/projects", "user", &Accounts::create_project, "Makes a project", "{name}", "{id, name}");
  add("GET", "/api/v1/audit", "admin", &Accounts::show_audit, "The audit table, the newest first", "",
      "{entries:[{number, at, project, actor, action, detail}]}");
}

}  // namespace pawl::accounts
