// Log-in by password, the first administrator, and what belongs to the one who is logged in.
#include "inside.h"

namespace pawl::accounts {
namespace {

// Wrong pairs are 401 and too many of them 429, whatever a kind of error means elsewhere.
Result<net::Response> after_guess(const net::Request& request, const Result<projects::LoggedIn>& login) {
  if (!login && login.error().kind == ErrorKind::denied) return net::Response::error(request, 401, login.error().what);
  if (!login && login.error().kind == ErrorKind::exhausted)
    return net::Response::error(request, 429, login.error().what);
  return logged_in(TRY(login));
}

Result<net::Response> ways(Accounts& all, const net::Request&) {
  JsonWriter json;
  json.object().field("password", true).key("oidc");
  if (all.oidc)
    json.object().field("name", all.oidc->options().name).field("start", "/api/v1/oidc/start").end();
  else
    json.null();
  return net::Response::json(json.end().take());
}

Result<net::Response> log_in(Accounts& all, const net::Request& request) {
  TRY(all.check_secure(request));
  const auto fields = TRY(body_of(request));
  return after_guess(request, all.projects.log_in(fields.text("email"), fields.text("password"), visit_of(request)));
}

Result<net::Response> set_up(Accounts& all, const net::Request& request) {
  TRY(all.check_secure(request));
  const auto fields = TRY(body_of(request));
  return logged_in(TRY(all.projects.set_up(fields.text("token"), fields.text("email"), fields.text("name"),
                                           fields.text("password"), visit_of(request))));
}

Result<> check_person(const net::Request& request) {
  if (access_of(request).user != 0) return {};
  return fail(ErrorKind::conflict, "In local mode nobody is logged in.");
}

Result<net::Response> log_out(Accounts& all, const net::Request& request) {
  TRY(check_person(request));
  TRY(all.projects.end_login(access_of(request).user, access_of(request).login));
  auto response = net::Response::json("{}");
  set_cookie(response, "__Host-pawl", "", 0);
  return response;
}

Result<net::Response> change_password(Accounts& all, const net::Request& request) {
  TRY(check_person(request));
  TRY(all.check_secure(request));
  const auto fields = TRY(body_of(request));
  const auto done =
      all.projects.change_password(access_of(request), fields.text("old"), fields.text("password"), visit_of(request));
  if (!done && done.error().kind == ErrorKind::exhausted) return net::Response::error(request, 429, done.error().what);
  TRY(done);
  return net::Response::json("{}");
}

Result<net::Response> list_logins(Accounts& all, const net::Request& request) {
  const auto& access = access_of(request);
  JsonWriter json;
  json.object().key("logins").array();
  for (const auto& login : TRY(all.projects.logins(access.user))) {
    json.object().field("id", login.id).field("via", login.via).field("address", login.address);
    json.field("agent", login.agent).field("current", login.id == access.login);
    write_time(json, "created", login.created);
    write_time(json, "seen", login.seen);
    write_time(json, "expires", login.expires);
    json.end();
  }
  const auto user = TRY(all.projects.user(access.user));
  json.end().field("password", user && user->has_password);
  json.field("connected", access.user != 0 && TRY(all.projects.is_connected(access.user)));
  json.key("oidc");
  all.oidc ? json.value(all.oidc->options().name) : json.null();
  return net::Response::json(json.end().take());
}

Result<net::Response> end_login(Accounts& all, const net::Request& request) {
  TRY(check_person(request));
  TRY(all.projects.end_login(access_of(request).user, request.capture("login")));
  return net::Response::json("{}");
}

Result<net::Response> end_others(Accounts& all, const net::Request& request) {
  TRY(check_person(request));
  TRY(all.projects.end_other_logins(access_of(request).user, access_of(request).login));
  return net::Response::json("{}");
}

}  // namespace

void add_login_routes(const std::shared_ptr<Accounts>& all) {
  add(all,
      {"GET", "/api/v1/login", "public", ways, "How one can log in", "", "{password, oidc: {name, start} or null}"});
  add(all, {"POST", "/api/v1/login", "public", log_in, "Logs in: sets the cookie", "{email, password}", "{user}"});
  add(all, {"POST", "/api/v1/setup", "public", set_up, "Makes the first administrator with a one-time link",
            "{token, email, name, password}", "{user}"});
  add(all, {"POST", "/api/v1/logout", "self", log_out, "Logs out", "", "{}"});
  add(all, {"POST", "/api/v1/password", "self", change_password, "Sets a password and ends all other log-ins",
            "{old, password}", "{}"});
  add(all, {"GET", "/api/v1/logins", "self", list_logins, "Where one is logged in", "",
            "{logins:[{id, via, address, agent, current, created, seen, expires}], password, connected, oidc}"});
  add(all, {"DELETE", "/api/v1/logins/{login}", "self", end_login, "Ends a log-in of one's own", "", "{}"});
  add(all, {"DELETE", "/api/v1/logins", "self", end_others, "Ends all log-ins but this one", "", "{}"});
}

}  // namespace pawl::accounts
