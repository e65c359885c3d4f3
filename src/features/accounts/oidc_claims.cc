// The pure parts of log-in by a provider: the cookie of a try, and what an ID token must say.
#include "base/ids.h"
#include "base/json_fields.h"
#include "base/text.h"
#include "oidc.h"

namespace pawl::accounts {
namespace {

constexpr Nanos attempt_life = 10 * minute, clock_difference = minute;

// A path of our own: no other host, and nothing that a browser reads as one.
bool is_own_path(std::string_view path) {
  return path.starts_with('/') && !path.starts_with("//") && path.size() <= 1000 &&
         std::ranges::none_of(path, [](char c) { return c == '\\' || static_cast<unsigned char>(c) <= ' '; });
}

// A claim by its name, or by a path into objects: "realm_access.roles".
std::vector<std::string> texts_at(const JsonFields& claims, std::string_view path) {
  if (claims.has(path)) {
    if (std::string one = claims.text(path); !one.empty()) return {one};
    return claims.texts(path).value_or(std::vector<std::string>());
  }
  const auto [first, rest] = cut(path, '.');
  const auto inner = rest.empty() ? std::nullopt : claims.object(first);
  return inner ? texts_at(*inner, rest) : std::vector<std::string>();
}

bool is_for(const JsonFields& claims, std::string_view client_id) {
  if (claims.text("aud") == client_id) return true;
  const auto all = claims.texts("aud").value_or(std::vector<std::string>());
  if (std::ranges::find(all, client_id) == all.end()) return false;
  return all.size() == 1 || claims.text("azp") == client_id;
}

Nanos seconds_of(const JsonFields& claims, std::string_view name) {
  const auto whole = claims.number(name).value_or(0);
  return whole > 0 && whole < 100'000'000'000 ? whole * second : 0;
}

}  // namespace

Attempt Attempt::begin(Purpose purpose, std::int64_t user, std::string_view next, Random& random, Nanos now) {
  Attempt made;
  made.purpose_ = purpose;
  made.user_ = user;
  made.next_ = is_own_path(next) ? std::string(next) : "/";
  made.text_ = fmt::format("{}.{}.{}.{}", now / second, user, to_hex(random.bytes(32)), to_base64url(made.next_));
  return made;
}

Result<Attempt> Attempt::read(std::string_view cookie, Nanos now) {
  const auto stale = [] {
    return fail(ErrorKind::denied, "This try to log in is too old, or began in another browser.");
  };
  const auto pieces = split(cookie, '.');
  if (pieces.size() != 4 || pieces[2].size() != 64) return stale();
  const auto begun = parse_int(pieces[0]), user = parse_int(pieces[1]);
  const auto next = from_base64(pieces[3]);
  if (!begun || !user || !next || *begun > now / second + 60 || *begun < (now - attempt_life) / second) return stale();
  Attempt out;
  out.text_ = cookie;
  out.user_ = *user;
  out.purpose_ = *user == 0 ? Purpose::log_in : Purpose::connect;
  out.next_ = is_own_path(*next) ? *next : "/";
  return out;
}

std::string Attempt::derive(std::string_view what) const {
  return to_base64url(sha256(fmt::format("{}\n{}", what, text_)));
}

std::string Attempt::challenge() const {
  return to_base64url(sha256(verifier()));
}

Claims read_facts(const JsonFields& claims, const OidcOptions& options) {
  Claims out{claims.text("sub"), claims.text("email"), claims.text("name"), options.trust_email,
             texts_at(claims, options.groups_claim)};
  if (claims.flag("email_verified").value_or(false) || claims.text("email_verified") == "true")
    out.email_is_verified = true;
  if (out.name.empty()) out.name = claims.text("preferred_username");
  return out;
}

Result<Claims> read_claims(std::string_view payload, const Expected& expected, const OidcOptions& options) {
  const auto parsed = JsonFields::parse(payload);
  if (!parsed) return fail(ErrorKind::denied, "The ID token holds no JSON object.");
  const JsonFields& claims = *parsed;
  const auto wrong = [](std::string_view why) {
    return fail(ErrorKind::denied, "The ID token is not accepted: {}.", why);
  };
  if (claims.text("iss") != expected.issuer) return wrong("iss is another provider");
  if (!is_for(claims, expected.client_id)) return wrong("aud is another client");
  if (!expected.service && claims.has("azp") && claims.text("azp") != expected.client_id)
    return wrong("azp is another client");
  if (claims.text("nonce") != expected.nonce) return wrong("nonce is of another try");
  if (seconds_of(claims, "exp") + clock_difference <= expected.now) return wrong("exp is past");
  if (seconds_of(claims, "iat") > expected.now + clock_difference)
    return wrong("iat is in the future; compare the clocks");
  if (claims.has("nbf") && seconds_of(claims, "nbf") > expected.now + clock_difference)
    return wrong("nbf is in the future; compare the clocks");
  if (claims.text("sub").empty() || claims.text("sub").size() > 255) return wrong("sub is missing");
  return read_facts(claims, options);
}

}  // namespace pawl::accounts
