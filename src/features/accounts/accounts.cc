// What the routes of accounts have in common, and who asks.
#include "accounts.h"

#include "base/text.h"
#include "inside.h"

namespace pawl::accounts {
namespace {

void write_user(JsonWriter& json, const projects::User& user, std::string_view role) {
  json.object().field("id", user.id).field("email", user.email).field("name", user.name).field("role", role).end();
}

Result<net::Response> me(Accounts& all, const net::Request& request) {
  const auto& access = access_of(request);
  const auto mine = TRY(all.projects.projects_of(access));
  JsonWriter json;
  json.object().field("mode", all.options.local ? "local" : "required").key("user");
  const auto user = access.user == 0 ? std::nullopt : TRY(all.projects.user(access.user));
  user ? write_user(json, *user, access.role) : static_cast<void>(json.null());
  json.key("project").object().field("id", access.project);
  for (const auto& project : mine) {
    if (project.id == access.project) json.field("name", project.name);
  }
  json.end().field("role", access.role).key("may").array();
  for (const auto scope : split(projects::to_text(access.may), ',')) json.value(scope);
  json.end().key("projects").array();
  for (const auto& project : mine)
    json.object().field("id", project.id).field("name", project.name).field("role", project.role).end();
  json.end().field("version", all.options.version).field("csrf", access.csrf);
  json.key("endpoints").raw(all.options.endpoints());
  json.field("ever_received", all.options.ever_received(access.project));
  return net::Response::json(json.end().take());
}

}  // namespace

Result<> Accounts::check_secure(const net::Request& request) const {
  if (options.is_secure(request)) return {};
  return fail(ErrorKind::denied,
              "A log-in needs TLS: start with --tls-cert and --tls-key, or put a proxy with TLS in front and name it "
              "in trusted_proxies.");
}

Result<JsonFields> body_of(const net::Request& request) {
  if (request.content_type != "application/json")
    return fail(ErrorKind::invalid, "Send the body with Content-Type: application/json.");
  return JsonFields::parse(request.body);
}

projects::Visit visit_of(const net::Request& request) {
  return {request.client.empty() ? request.peer : request.client, std::string(request.headers.get("user-agent"))};
}

void set_cookie(net::Response& response, std::string_view name, std::string_view value, Nanos life) {
  response.headers.add("set-cookie", fmt::format("{}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={}", name,
                                                 value, life / second));
}

net::Response logged_in(const projects::LoggedIn& login) {
  JsonWriter json;
  json.object().key("user").object().field("id", login.user.id).field("email", login.user.email);
  auto response = net::Response::json(json.field("name", login.user.name).end().end().take());
  set_cookie(response, "__Host-pawl", login.cookie, 14 * day);
  return response;
}

Result<std::int64_t> number_of(const net::Request& request, std::string_view capture) {
  const auto number = parse_int(request.capture(capture));
  if (!number) return fail(ErrorKind::not_found, "There is no such {}.", capture);
  return *number;
}

Result<std::string> name_of_actor(Accounts& all, const std::string& actor) {
  const auto id = actor.starts_with("user ") ? parse_int(std::string_view(actor).substr(5)) : std::nullopt;
  const auto user = id ? TRY(all.projects.user(*id)) : std::nullopt;
  return user ? user->email : actor;
}

void write_time(JsonWriter& json, std::string_view name, Nanos at) {
  json.key(name);
  at == 0 ? json.null() : json.value(format_time(at));
}

void add(const std::shared_ptr<Accounts>& all, Spec spec) {
  all->router.add({.method = std::move(spec.method),
                   .pattern = std::move(spec.pattern),
                   .permission = std::move(spec.permission),
                   .handler = [all, work = spec.work](net::Request& request) -> Task<Result<net::Response>> {
                     co_return co_await net::on_pool(all->pool, request.cancel,
                                                     [all, work, &request] { return work(*all, request); });
                   },
                   .body_bytes = 64U << 10,
                   .summary = std::move(spec.summary),
                   .accepts = std::move(spec.accepts),
                   .answers = std::move(spec.answers)});
}

void add_routes(net::Router& router, net::Pool& pool, projects::Projects& projects, ledger::Ledger& ledger,
                net::Outbound& outbound, Random& random, const Clock& clock, const Log& log, Options options) {
  const auto all = std::make_shared<Accounts>(router, pool, projects, ledger, random, clock, log, std::move(options));
  if (all->options.oidc) all->oidc = std::make_unique<Oidc>(*all->options.oidc, outbound, clock, log);
  add(all, {"GET", "/api/v1/me", "read", me, "Who asks, what they may, and where data goes", "",
            "{mode, user, project, role, may, projects, version, csrf, endpoints, ever_received}"});
  add_login_routes(all);
  add_oidc_routes(all);
  add_people_routes(all);
  add_project_routes(all);
  add_token_routes(all);
}

}  // namespace pawl::accounts
