// Tokens that stand for a key: a JWT (RFC 7519, HS256) that names its key and is signed with what the ledger holds of
// that key's secret, so that it holds exactly as long as the key. AgentOps' SDK asks for one before it exports.
#include <openssl/hmac.h>

#include "base/ids.h"
#include "base/json.h"
#include "base/json_fields.h"
#include "base/text.h"
#include "inside.h"

namespace pawl::projects {
namespace {

constexpr std::string_view header = R"({"alg":"HS256","typ":"JWT"})";
constexpr std::size_t most_bytes = 1000;

std::string signature(std::string_view hash, std::string_view text) {
  std::array<unsigned char, 32> out{};
  unsigned size = 0;
  HMAC(EVP_sha256(), hash.data(), static_cast<int>(hash.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), out.data(), &size);
  return to_base64url({reinterpret_cast<const char*>(out.data()), size});
}

std::string token_of(std::string_view key, ProjectId project, std::string_view hash) {
  JsonWriter json;
  json.object().field("key", key).field("project_id", fmt::format("{}", project)).field("aud", "pawl").end();
  const std::string text = to_base64url(header) + "." + to_base64url(json.text());
  return text + "." + signature(hash, text);
}

}  // namespace

const KnownKey* key_behind_token(const Snapshot& known, std::string_view token) {
  if (token.size() > most_bytes || !token.starts_with("eyJ")) return nullptr;
  const auto last = token.rfind('.');
  const auto [head, body] = cut(token.substr(0, last), '.');
  if (last == std::string_view::npos || head != to_base64url(header)) return nullptr;
  const auto fields = JsonFields::parse(from_base64(body).value_or(""));
  if (!fields) return nullptr;
  const auto found = known.keys.find(fields->text("key"));
  if (found == known.keys.end()) return nullptr;
  const bool right =
      equal_in_constant_time(signature(found->second.hash, token.substr(0, last)), token.substr(last + 1));
  return right ? &found->second : nullptr;
}

Result<KeyToken> Projects::exchange(std::string_view secret, bool local) const {
  if (local) return KeyToken{token_of("local", default_project, "local"), default_project};
  const auto known = inside_->snapshot.load();
  for (const auto& [id, one] : known->keys) {
    if (!secret.starts_with("pawl_sk_" + id.substr(3))) continue;
    const bool expired = one.key.expires != 0 && one.key.expires <= inside_->clock.now();
    if (!expired && equal_in_constant_time(one.hash, sha256(secret)))
      return KeyToken{token_of(id, one.key.project, one.hash), one.key.project};
  }
  return fail(ErrorKind::denied, "This key is not known here. Make one under Settings, or with `pawl key create`.");
}

}  // namespace pawl::projects
