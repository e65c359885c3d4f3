// The gate: from a request's credentials to who asks, and whether they may.
#include <openssl/crypto.h>

#include "base/ids.h"
#include "base/text.h"
#include "inside.h"

namespace pawl::projects {
namespace {

constexpr std::string_view secret_prefix = "pawl_sk_";
constexpr Nanos keys_hold_for = 15 * minute;  // without the ledger

// The secret that a request carries, "" where it carries none.
std::string secret_of(const net::Request& request) {
  auto authorization = std::string(request.headers.get("authorization"));
  if (const auto at = authorization.find("%20"); at < authorization.find(' '))
    authorization.replace(at, 3, " ");  // Traceloop's JavaScript sends its variable without undoing this
  const auto [scheme, rest] = cut(authorization, ' ');
  if (equals_ignoring_case(scheme, "bearer")) return std::string(trim(rest));
  if (equals_ignoring_case(scheme, "basic")) {
    const auto decoded = from_base64(trim(rest));
    if (!decoded) return "?";
    const auto [name, secret] = cut(*decoded, ':');
    return std::string(secret.starts_with(secret_prefix) || !name.starts_with(secret_prefix) ? secret : name);
  }
  for (const std::string_view name : {"x-api-key", "x-clickhouse-key"})
    if (const auto key = request.headers.get(name); !key.empty()) return std::string(trim(key));
  return {};
}

// "pawl_sk_ID_REST" → "pk_ID"
std::string id_in(std::string_view secret) {
  if (!secret.starts_with(secret_prefix)) return {};
  return "pk_" + std::string(cut(secret.substr(secret_prefix.size()), '_').first);
}

bool may(const Scopes& scopes, std::string_view permission) {
  if (permission == "ingest") return scopes.ingest;
  if (permission == "read") return scopes.read;
  if (permission == "write") return scopes.write;
  if (permission == "operate") return scopes.operate;
  return permission == "admin" && scopes.administer;
}

bool is_for_people(std::string_view permission) {
  return permission == "user" || permission == "self" || permission == "owner";
}

Scopes scopes_of_role(std::string_view role) {
  if (role == "owner") return {true, true, true, true, true};
  if (role == "admin") return {true, true, true, true, false};
  if (role == "member") return {true, true, true, false, false};
  if (role == "viewer") return {false, true, false, false, false};
  return {};
}

net::Response refuse(const net::Request& request, int status, std::string_view message) {
  auto response = net::Response::error(request, status, message);
  if (status == 401) response.headers.set("www-authenticate", "Bearer realm=\"pawl\"");
  return response;
}

bool changes_state(const net::Request& request) {
  return request.method != "GET" && request.method != "HEAD";
}

// The prefix and the id of a key, and some of its secret: the prefix alone may well be searched for.
bool holds_key(std::string_view text) {
  constexpr std::size_t least = 20;
  const auto at = text.find(secret_prefix);
  if (at == std::string_view::npos) return false;
  const auto rest = text.substr(at + secret_prefix.size());
  return rest.find_first_not_of("0123456789abcdefABCDEF_") >= least && rest.size() >= least;
}

// Addresses end up in logs of proxies, in histories and in Referer.
bool has_key_in_address(const net::Request& request) {
  return holds_key(request.path) || std::ranges::any_of(request.query.all(), [](const auto& one) {
           return holds_key(one.first) || holds_key(one.second);
         });
}

// Did a page of another site start this? (Fetch Metadata; SameSite=Lax and the page's token stand behind it.)
bool is_cross_site(const net::Request& request) {
  const auto site = request.headers.get("sec-fetch-site");
  return site == "cross-site" || site == "same-site";
}

}  // namespace

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string cookie_of(const net::Request& request) {
  for (const auto pair : split(request.headers.get("cookie"), ';')) {
    const auto [name, value] = cut(trim(pair), '=');
    if (name == "__Host-pawl") return std::string(value);
  }
  return {};
}

std::optional<net::Response> Projects::Inside::pass_key(net::Request& request, std::string_view secret,
                                                        std::string_view permission) const {
  const Nanos age = clock.monotonic() - confirmed;
  if (age > keys_hold_for || (away && permission != "ingest"))
    return net::Response::error(
        request,
        Error{ErrorKind::unavailable, "The ledger cannot be read, so keys cannot be checked. Try again soon."});
  const auto known = snapshot.load();
  const auto named = known->keys.find(id_in(secret));
  static const std::string nothing(32, '\0');
  const bool by_secret =
      equal_in_constant_time(named == known->keys.end() ? nothing : named->second.hash, sha256(secret));
  const KnownKey* const found = by_secret ? &named->second : key_behind_token(*known, secret);
  const bool right = found != nullptr;
  const Nanos now = clock.now();
  const bool expired = right && found->key.expires != 0 && found->key.expires <= now;
  if (!right || expired) {
    return refuse(request, 401,
                  expired ? "This key has expired. Make a new one under Settings, or with `pawl key create`."
                          : "This key is not known here. Make one under Settings, or with `pawl key create`.");
  }
  const Key& key = found->key;
  request.who = Access{.project = key.project, .key = key.id, .may = key.scopes};  // what is refused has a project too
  if (is_for_people(permission)) return refuse(request, 403, "This needs a log-in; a key cannot do it.");
  if (!may(key.scopes, permission)) {
    return refuse(request, 403,
                  fmt::format("Key {} has the scopes {}; this needs {}.", key.id, to_text(key.scopes), permission));
  }
  found->used->store(now, std::memory_order_relaxed);
  return std::nullopt;
}

std::optional<net::Response> Projects::Inside::pass_login(net::Request& request, const KnownLogin& login,
                                                          std::string_view permission) const {
  if (changes_state(request)) {
    if (is_cross_site(request)) return refuse(request, 403, "A page of another site may not do this.");
    if (!equal_in_constant_time(login.csrf, request.headers.get("x-csrf-token")))
      return refuse(request, 403, "The page's token is missing or old. Load the page again.");
  }
  const auto wanted = request.headers.find("x-pawl-project").value_or(request.query.get("project"));
  Access access{.project = 0, .user = login.user, .csrf = login.csrf, .login = login.id};
  for (const auto& [project, role] : login.roles) {
    if (!wanted.empty() && wanted != fmt::format("{}", project)) continue;
    access.project = project;
    access.role = role;
    access.may = scopes_of_role(role);
    break;
  }
  if (permission != "self") {
    if (access.project == 0 && !wanted.empty()) return refuse(request, 404, "There is no such project.");
    if (access.project == 0)
      return refuse(request, 403, "You are in no project yet. Ask an administrator to invite you.");
    const bool fits =
        permission == "user" || (permission == "owner" ? access.role == "owner" : may(access.may, permission));
    if (!fits)
      return refuse(request, 403, fmt::format("Your role here is {}; this needs {}.", access.role, permission));
  }
  request.who = std::move(access);
  return std::nullopt;
}

std::optional<net::Response> Projects::gate(net::Request& request, std::string_view permission, bool local) const {
  if (has_key_in_address(request))
    return refuse(request, 400,
                  "There is a key in the address, where logs and histories keep it. Send it as Authorization: Bearer "
                  "or x-api-key, and revoke this one.");
  if (permission == "public") {
    if (changes_state(request) && is_cross_site(request))
      return refuse(request, 403, "A page of another site may not do this.");
    return std::nullopt;
  }
  if (local) {
    request.who = Access{.role = "owner", .local = true, .may = {true, true, true, true, true}};
    return std::nullopt;
  }
  if (const std::string secret = secret_of(request); !secret.empty())
    return inside_->pass_key(request, secret, permission);
  const auto login = inside_->login_of(cookie_of(request));
  if (!login) return net::Response::error(request, login.error());
  if (!*login)
    return refuse(request, 401, "No key came with it. Send Authorization: Bearer pawl_sk_…, x-api-key, or log in.");
  return inside_->pass_login(request, **login, permission);
}

}  // namespace pawl::projects
