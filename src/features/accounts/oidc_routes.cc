// Leaving for the identity provider and coming back.
#include "base/text.h"
#include "inside.h"

namespace pawl::accounts {
namespace {

constexpr std::string_view attempt_cookie = "__Host-pawl-oidc";
constexpr Nanos attempt_life = 10 * minute;

std::string redirect_uri(const Accounts& all) {
  return all.options.public_url() + "/api/v1/oidc/callback";
}

net::Response lead_to(std::string_view url) {
  net::Response response = net::Response::text("", 302);
  response.headers.set("location", url);
  response.headers.set("referrer-policy", "no-referrer");
  return response;
}

// The page says what was wrong; the log says more, under the same number.
net::Response refused(Accounts& all, const net::Request& request, std::string_view why, std::string_view path,
                      const Error& error) {
  all.log.warn("a log-in by the identity provider failed", {{"why", error.what}, {"request_id", request.request_id()}});
  const std::string query = fmt::format("refused={}&request={}", why, request.request_id());
  net::Response response = lead_to(fmt::format("{}?{}", path, query));
  set_cookie(response, attempt_cookie, "", 0);
  return response;
}

std::string_view word_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::denied:
      return "denied";
    case ErrorKind::conflict:
      return "not_connected";
    default:
      return "failed";
  }
}

Attempt begin(Accounts& all, Attempt::Purpose purpose, std::int64_t user, std::string_view next) {
  const std::lock_guard lock(all.chance);
  return Attempt::begin(purpose, user, next, all.random, all.clock.now());
}

Task<Result<net::Response>> start(std::shared_ptr<Accounts> all, net::Request& request) {
  CO_TRY(all->check_secure(request));
  const Attempt attempt = begin(*all, Attempt::Purpose::log_in, 0, request.query.get("next"));
  const auto url = co_await all->oidc->authorization_url(redirect_uri(*all), attempt);
  if (!url) co_return refused(*all, request, "unavailable", "/", url.error());
  net::Response response = lead_to(*url);
  set_cookie(response, attempt_cookie, attempt.cookie(), attempt_life);
  co_return response;
}

Task<Result<net::Response>> connect(std::shared_ptr<Accounts> all, net::Request& request) {
  CO_TRY(all->check_secure(request));
  const auto user = access_of(request).user;
  if (user == 0) co_return fail(ErrorKind::conflict, "In local mode nobody is logged in.");
  const Attempt attempt = begin(*all, Attempt::Purpose::connect, user, "/settings/me");
  const auto url = CO_TRY(co_await all->oidc->authorization_url(redirect_uri(*all), attempt));
  JsonWriter json;
  net::Response response = net::Response::json(json.object().field("url", url).end().take());
  set_cookie(response, attempt_cookie, attempt.cookie(), attempt_life);
  co_return response;
}

std::string cookie_named(const net::Request& request, std::string_view wanted) {
  for (const auto pair : split(request.headers.get("cookie"), ';')) {
    const auto [name, value] = cut(trim(pair), '=');
    if (name == wanted) return std::string(value);
  }
  return {};
}

projects::Person person_of(const OidcOptions& options, const Claims& claims) {
  const Roles roles = roles_by(options.rules, claims.groups, claims.email, claims.email_is_verified);
  return {.issuer = options.issuer,
          .subject = claims.subject,
          .email = claims.email,
          .name = repair_utf8(claims.name),
          .email_is_verified = claims.email_is_verified,
          .owner = roles.owner,
          .roles = roles.projects};
}

// The ledger's part, on the pool: a cookie for a log-in, nothing for a connection.
Result<std::string> admit(Accounts& all, const net::Request& request, const Attempt& attempt, const Claims& claims) {
  const auto& options = all.oidc->options();
  if (attempt.purpose() == Attempt::Purpose::log_in)
    return TRY(all.projects.enter(person_of(options, claims), visit_of(request))).cookie;
  if (TRY(all.projects.user_behind(request)) != attempt.user())
    return fail(ErrorKind::denied, "Another user is logged in than the one who began to connect.");
  TRY(all.projects.connect(attempt.user(), options.issuer, claims.subject));
  return std::string();
}

Task<Result<net::Response>> callback(std::shared_ptr<Accounts> all, net::Request& request) {
  CO_TRY(all->check_secure(request));
  const auto attempt = Attempt::read(cookie_named(request, attempt_cookie), all->clock.now());
  if (!attempt) co_return refused(*all, request, "expired", "/", attempt.error());
  const std::string_view back = attempt->purpose() == Attempt::Purpose::connect ? "/settings/me" : "/";
  if (request.query.get("state") != attempt->state())
    co_return refused(*all, request, "expired", back, {ErrorKind::denied, "state is of another try"});
  if (const auto said = request.query.find("error"))
    co_return refused(
        *all, request, *said == "access_denied" ? "denied" : "failed", back,
        {ErrorKind::denied, fmt::format("the provider says {}: {}", repair_utf8(utf8_prefix(*said, 100)),
                                        repair_utf8(utf8_prefix(request.query.get("error_description"), 300)))});
  auto claims = co_await all->oidc->finish(std::string(request.query.get("code")),
                                           std::string(request.query.get("iss")), redirect_uri(*all), *attempt);
  if (!claims) co_return refused(*all, request, "failed", back, claims.error());
  const auto cookie =
      co_await net::on_pool(all->pool, request.cancel, [&] { return admit(*all, request, *attempt, *claims); });
  if (!cookie) co_return refused(*all, request, word_of(cookie.error().kind), back, cookie.error());
  net::Response response = lead_to(attempt->next());
  set_cookie(response, attempt_cookie, "", 0);
  if (!cookie->empty()) set_cookie(response, "__Host-pawl", *cookie, 14 * day);
  co_return response;
}

Result<net::Response> disconnect(Accounts& all, const net::Request& request) {
  TRY(all.projects.disconnect(access_of(request).user));
  return net::Response::json("{}");
}

using Handler = Task<Result<net::Response>> (*)(std::shared_ptr<Accounts>, net::Request&);

}  // namespace

void add_oidc_routes(const std::shared_ptr<Accounts>& all) {
  if (!all->oidc) return;
  auto add_flow = [&](std::string method, std::string pattern, std::string permission, Handler handler,
                      std::string summary, std::string answers) {
    all->router.add({.method = std::move(method),
                     .pattern = std::move(pattern),
                     .permission = std::move(permission),
                     .handler = [all, handler](net::Request& request) { return handler(all, request); },
                     .body_bytes = 4096,
                     .summary = std::move(summary),
                     .answers = std::move(answers)});
  };
  add_flow("GET", "/api/v1/oidc/start", "public", start, "Leaves for the identity provider", "302 to the provider");
  add_flow("GET", "/api/v1/oidc/callback", "public", callback, "Comes back from the identity provider",
           "302 to the page, with the cookie of the log-in");
  add_flow("POST", "/api/v1/oidc/connect", "self", connect, "Connects one's user with the identity provider", "{url}");
  add(all, {"DELETE", "/api/v1/oidc/connect", "self", disconnect, "Undoes the connection", "", "{}"});
}

}  // namespace pawl::accounts
