// Log-in by an OpenID Connect provider: authorization code with PKCE (OpenID Connect Core 1.0, RFC 7636, RFC 9207).
// Nothing is kept between leaving for the provider and coming back but a cookie: what must match is derived from it.
#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fields.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/time.h"
#include "jwt.h"
#include "net/outbound.h"
#include "role_rules.h"

namespace pawl::accounts {

struct OidcOptions {
  std::string issuer;                    // "https://id.example.com/realms/x", exactly as the provider calls itself
  std::string client_id, client_secret;  // no secret: a public client
  std::string name = "single sign-on";   // on the button
  std::string scopes = "openid email profile";
  std::string groups_claim = "groups";  // a list of texts, or one text; "realm_access.roles" looks inside
  bool trust_email = false;             // addresses count as verified although the provider does not say so
  std::vector<RoleRule> rules;
};

// One try to log in, as its cookie holds it.
class Attempt {
 public:
  enum class Purpose { log_in, connect };
  // `next` is where the browser goes afterwards: a path of our own, or "/" instead.
  static Attempt begin(Purpose purpose, std::int64_t user, std::string_view next, Random& random, Nanos now);
  // `denied` where the text is none, or is older than 10 minutes.
  static Result<Attempt> read(std::string_view cookie, Nanos now);

  const std::string& cookie() const { return text_; }
  Purpose purpose() const { return purpose_; }
  std::int64_t user() const { return user_; }  // who connects; 0 for a log-in
  const std::string& next() const { return next_; }
  std::string state() const { return derive("state"); }
  std::string nonce() const { return derive("nonce"); }
  std::string verifier() const { return derive("verifier"); }  // PKCE: 43 characters
  std::string challenge() const;                               // its S256

 private:
  std::string derive(std::string_view what) const;
  std::string text_, next_;
  Purpose purpose_ = Purpose::log_in;
  std::int64_t user_ = 0;
};

// What the provider vouches for.
struct Claims {
  std::string subject, email, name;
  bool email_is_verified = false;
  std::vector<std::string> groups;
};

// The payload of an ID token, checked (OpenID Connect Core §3.1.3.7); a minute of difference between clocks is allowed.
// `denied` says which claim is wrong.
struct Expected {
  std::string_view issuer, client_id, nonce;  // nonce "": none was asked for
  Nanos now = 0;
  bool service = false;  // a service's token for itself: whom it was made by (azp) is the service, not the client
};
Claims read_facts(const JsonFields& claims, const OidcOptions& options);  // without any check
Result<Claims> read_claims(std::string_view payload, const Expected& expected, const OidcOptions& options);

class Oidc {
 public:
  Oidc(OidcOptions options, net::Outbound& outbound, const Clock& clock, const Log& log);
  ~Oidc();
  const OidcOptions& options() const { return options_; }

  // Where the browser is sent. Errors: `unavailable` and what calls give.
  Task<Result<std::string>> authorization_url(std::string redirect_uri, Attempt attempt);
  // From the code to who it is. `issuer` is the answer's own, "" where it has none.
  Task<Result<Claims>> finish(std::string code, std::string issuer, std::string redirect_uri, Attempt attempt);
  // Who a token is of that a service of the provider sent along; its audience is the client.
  Task<Result<Claims>> check_service(std::string token);

 private:
  struct Provider;
  struct Tokens;
  using ProviderPtr = std::shared_ptr<const Provider>;
  using KeysPtr = std::shared_ptr<const KeySet>;
  Task<Result<ProviderPtr>> provider();
  Task<Result<KeysPtr>> keys(ProviderPtr provider, std::string key_id);
  Task<Result<Tokens>> exchange(ProviderPtr provider, std::string code, std::string redirect_uri, Attempt attempt);
  Task<Result<>> ask_more(ProviderPtr provider, Tokens tokens, Claims& claims);

  const OidcOptions options_;
  net::Outbound& outbound_;
  const Clock& clock_;
  const Log& log_;
  std::mutex mutex_;
  ProviderPtr provider_;
  KeysPtr keys_;
  Nanos provider_read_ = 0, keys_read_ = 0, keys_missed_ = 0;  // monotonic
};

}  // namespace pawl::accounts
