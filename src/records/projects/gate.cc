// The gate: from a request's credentials to who asks, and whether they may.
#include <openssl/crypto.h>

#include "base/ids.h"
#include "base/text.h"
#include "inside.h"

namespace pawl::projects {
namespace {

constexpr std::string_view secret_prefix = "pawl_sk_";

// The secret that a request carries, "" where it carries none.
std::string secret_of(const net::Request& request) {
  const auto authorization = request.headers.get("authorization");
  const auto [scheme, rest] = cut(authorization, ' ');
  if (equals_ignoring_case(scheme, "bearer")) return std::string(trim(rest));
  if (equals_ignoring_case(scheme, "basic")) {
    const auto decoded = from_base64(trim(rest));
    if (!decoded) return "?";
    const auto [name, secret] = cut(*decoded, ':');
    return std::string(secret.starts_with(secret_prefix) || !name.starts_with(secret_prefix) ? secret : name);
  }
  if (const auto key = request.headers.get("x-api-key"); !key.empty()) return std::string(trim(key));
  return {};
}

// "pawl_sk_ID_REST" → "pk_ID"
std::string id_in(std::string_view secret) {
  if (!secret.starts_with(secret_prefix)) return {};
  return "pk_" + std::string(cut(secret.substr(secret_prefix.size()), '_').first);
}

bool may(const Scopes& scopes, std::string_view permission) {
  if (permission == "ingest") return scopes.ingest;
  if (permission == "read" || permission == "user") return scopes.read;
  if (permission == "write") return scopes.write;
  return scopes.administer;
}

Scopes scopes_of_role(std::string_view role) {
  if (role == "owner" || role == "admin") return {true, true, true, true};
  if (role == "member") return {true, true, true, false};
  if (role == "viewer") return {false, true, false, false};
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

std::optional<net::Response> Projects::gate(net::Request& request, std::string_view permission, bool local) const {
  if (permission == "public") return std::nullopt;
  if (local) {
    request.who = Access{.role = "owner", .local = true, .may = {true, true, true, true}};
    return std::nullopt;
  }
  const std::string secret = secret_of(request);
  if (!secret.empty()) {
    const auto snapshot = inside_->snapshot.load();
    const auto found = snapshot->find(id_in(secret));
    static const std::string nothing(32, '\0');
    const bool right = equal_in_constant_time(found == snapshot->end() ? nothing : found->second.hash, sha256(secret));
    const bool expired = right && found->second.key.expires != 0 && found->second.key.expires <= inside_->clock.now();
    if (!right || expired) {
      return refuse(request, 401,
                    expired ? "This key has expired. Make a new one under Settings, or with `pawl key create`."
                            : "This key is not known here. Make one under Settings, or with `pawl key create`.");
    }
    const Key& key = found->second.key;
    if (permission == "user") return refuse(request, 403, "This needs a log-in; a key cannot do it.");
    if (!may(key.scopes, permission)) {
      return refuse(request, 403,
                    fmt::format("Key {} has the scopes {}; this needs {}.", key.id, to_text(key.scopes), permission));
    }
    request.who = Access{.project = key.project, .key = key.id, .may = key.scopes};
    return std::nullopt;
  }
  const auto login = inside_->login_of(cookie_of(request));
  if (!login) return refuse(request, 503, login.error().what);
  if (!*login)
    return refuse(request, 401, "No key came with it. Send Authorization: Bearer pawl_sk_…, x-api-key, or log in.");
  if (changes_state(request) && !equal_in_constant_time((*login)->csrf, request.headers.get("x-csrf-token"))) {
    return refuse(request, 403, "The page's token is missing or old. Load the page again.");
  }
  const auto wanted = request.headers.find("x-pawl-project").value_or(request.query.get("project"));
  Access access{.user = (*login)->user, .csrf = (*login)->csrf};
  for (const auto& [project, role] : (*login)->roles) {
    if (!wanted.empty() && wanted != fmt::format("{}", project)) continue;
    access.project = project;
    access.role = role;
    access.may = scopes_of_role(role);
    if (!may(access.may, permission))
      return refuse(request, 403, fmt::format("Your role here is {}; this needs {}.", role, permission));
    request.who = std::move(access);
    return std::nullopt;
  }
  return refuse(request, 404, "There is no such project.");
}

}  // namespace pawl::projects
