// The provider's side: discovery, keys, the exchange of the code. Asked by the outbound client alone.
#include "oidc.h"

#include "base/json_fields.h"
#include "base/text.h"

namespace pawl::accounts {
namespace {

constexpr Nanos provider_life = hour, keys_life = hour, keys_hold = 24 * hour, keys_pause = 2 * second;

std::string percent_pair(std::string_view name, std::string_view value) {
  return fmt::format("{}={}", name, percent_encode(value));
}

// The object that a call answered with; `what` was asked for.
Result<JsonFields> json_answer(const net::ClientResponse& answer, std::string_view what) {
  if (answer.status != 200)
    return fail(ErrorKind::unavailable, "The provider answers {} with {}: {}", what, answer.status,
                repair_utf8(utf8_prefix(answer.body, 300)));
  auto fields = JsonFields::parse(answer.body);
  if (!fields) return fail(ErrorKind::unavailable, "The provider's {} is no JSON object.", what);
  return fields;
}

net::ClientRequest get(std::string url) {
  net::ClientRequest request{.url = std::move(url), .time = 10 * second};
  request.headers.set("accept", "application/json");
  return request;
}

}  // namespace

struct Oidc::Provider {
  std::string authorization, token, keys, user_facts;  // addresses; user_facts may be ""
  bool basic = true;          // the client's secret goes into Authorization, else into the body
  bool names_itself = false;  // its answers carry `iss` (RFC 9207)
};

struct Oidc::Tokens {
  std::string id, access;
};

Oidc::Oidc(OidcOptions options, net::Outbound& outbound, const Clock& clock, const Log& log)
    : options_(std::move(options)), outbound_(outbound), clock_(clock), log_(log) {}
Oidc::~Oidc() = default;

Task<Result<Oidc::ProviderPtr>> Oidc::provider() {
  ProviderPtr known;
  {
    const std::lock_guard lock(mutex_);
    known = provider_;
    if (known && clock_.monotonic() - provider_read_ < provider_life) co_return known;
  }
  std::string base = options_.issuer;
  while (base.ends_with('/')) base.pop_back();
  auto answer = co_await outbound_.fetch(get(base + "/.well-known/openid-configuration"));
  auto fields = answer ? json_answer(*answer, "configuration") : std::unexpected(answer.error());
  if (!fields) {
    if (known) co_return known;  // it was fine an hour ago
    co_return std::unexpected(fields.error());
  }
  if (fields->text("issuer") != options_.issuer)
    co_return fail(ErrorKind::unavailable, "oidc_issuer is {}, but the provider there calls itself {}.",
                   options_.issuer, repair_utf8(fields->text("issuer")));
  Provider made{fields->text("authorization_endpoint"), fields->text("token_endpoint"), fields->text("jwks_uri"),
                fields->text("userinfo_endpoint")};
  for (const auto* address : {&made.authorization, &made.token, &made.keys, &made.user_facts}) {
    if (address == &made.user_facts && address->empty()) continue;
    const auto url = net::parse_url(*address);
    if (!url || (options_.issuer.starts_with("https://") && !url->tls))
      co_return fail(ErrorKind::unavailable, "The provider's configuration names no usable address: '{}'.",
                     repair_utf8(*address));
  }
  const auto methods = fields->texts("token_endpoint_auth_methods_supported").value_or(std::vector<std::string>());
  made.basic = methods.empty() || std::ranges::find(methods, "client_secret_basic") != methods.end();
  made.names_itself = fields->flag("authorization_response_iss_parameter_supported").value_or(false);
  const auto fresh = std::make_shared<const Provider>(std::move(made));
  const std::lock_guard lock(mutex_);
  provider_ = fresh;
  provider_read_ = clock_.monotonic();
  co_return fresh;
}

// The keys, read again after an hour, or when one is asked for that they do not hold (a provider changes its keys).
Task<Result<Oidc::KeysPtr>> Oidc::keys(ProviderPtr provider, std::string key_id) {
  KeysPtr known;
  const Nanos now = clock_.monotonic();
  {
    const std::lock_guard lock(mutex_);
    known = keys_;
    const bool fits = known && known->knows(key_id);
    if (fits && now - keys_read_ < keys_life) co_return known;
    if (known && !fits) {  // nobody makes us ask more often by inventing names of keys
      if (keys_missed_ != 0 && now - keys_missed_ < keys_pause) co_return known;
      keys_missed_ = now;
    }
  }
  const auto answer = co_await outbound_.fetch(get(provider->keys));
  auto fresh = answer && answer->status == 200
                   ? KeySet::parse(answer->body)
                   : Result<KeySet>(std::unexpected(
                         answer ? Error{ErrorKind::unavailable,
                                        fmt::format("The provider answers keys with {}.", answer->status)}
                                : answer.error()));
  const std::lock_guard lock(mutex_);
  if (!fresh) {
    if (known && now - keys_read_ < keys_hold) co_return known;
    co_return std::unexpected(fresh.error());
  }
  keys_ = std::make_shared<const KeySet>(std::move(*fresh));
  keys_read_ = now;
  co_return keys_;
}

Task<Result<std::string>> Oidc::authorization_url(std::string redirect_uri, Attempt attempt) {
  const auto to = CO_TRY(co_await provider());
  const char joint = to->authorization.find('?') == std::string::npos ? '?' : '&';
  const std::vector<std::string> pairs = {"response_type=code",
                                          percent_pair("client_id", options_.client_id),
                                          percent_pair("redirect_uri", redirect_uri),
                                          percent_pair("scope", options_.scopes),
                                          percent_pair("state", attempt.state()),
                                          percent_pair("nonce", attempt.nonce()),
                                          percent_pair("code_challenge", attempt.challenge()),
                                          "code_challenge_method=S256"};
  co_return fmt::format("{}{}{}", to->authorization, joint, join(pairs, "&"));
}

Task<Result<Oidc::Tokens>> Oidc::exchange(ProviderPtr provider, std::string code, std::string redirect_uri,
                                          Attempt attempt) {
  std::vector<std::string> form = {"grant_type=authorization_code", percent_pair("code", code),
                                   percent_pair("redirect_uri", redirect_uri),
                                   percent_pair("code_verifier", attempt.verifier())};
  net::ClientRequest request{.method = "POST", .url = provider->token, .time = 10 * second};
  request.headers.set("content-type", "application/x-www-form-urlencoded");
  request.headers.set("accept", "application/json");
  if (!options_.client_secret.empty() && provider->basic) {
    const std::string pair =
        fmt::format("{}:{}", percent_encode(options_.client_id), percent_encode(options_.client_secret));
    request.headers.set("authorization", "Basic " + to_base64(pair));
  } else {
    form.push_back(percent_pair("client_id", options_.client_id));
    if (!options_.client_secret.empty()) form.push_back(percent_pair("client_secret", options_.client_secret));
  }
  request.body = join(form, "&");
  const auto answer = CO_TRY(co_await outbound_.fetch(std::move(request)));
  const auto fields = CO_TRY(json_answer(answer, "the code"));
  Tokens tokens{fields.text("id_token"), fields.text("access_token")};
  if (tokens.id.empty()) co_return fail(ErrorKind::unavailable, "The provider's answer to the code holds no ID token.");
  co_return tokens;
}

// What the ID token leaves out, from the provider's user facts; theirs only where they are of the same person.
Task<Result<>> Oidc::ask_more(ProviderPtr provider, Tokens tokens, Claims& claims) {
  if (provider->user_facts.empty() || tokens.access.empty() || (!claims.email.empty() && !claims.groups.empty()))
    co_return Result<>();
  net::ClientRequest request = get(provider->user_facts);
  request.headers.set("authorization", "Bearer " + tokens.access);
  const auto answer = CO_TRY(co_await outbound_.fetch(std::move(request)));
  const auto more = read_facts(CO_TRY(json_answer(answer, "user facts")), options_);
  if (more.subject != claims.subject)
    co_return fail(ErrorKind::denied, "The provider's user facts are of somebody else.");
  if (claims.email.empty()) {
    claims.email = more.email;
    claims.email_is_verified = more.email_is_verified;
  }
  if (claims.name.empty()) claims.name = more.name;
  if (claims.groups.empty()) claims.groups = more.groups;
  co_return Result<>();
}

Task<Result<Claims>> Oidc::finish(std::string code, std::string issuer, std::string redirect_uri, Attempt attempt) {
  const auto from = CO_TRY(co_await provider());
  if ((from->names_itself || !issuer.empty()) && issuer != options_.issuer)
    co_return fail(ErrorKind::denied, "The answer comes from another provider.");
  const auto tokens = CO_TRY(co_await exchange(from, std::move(code), std::move(redirect_uri), attempt));
  const auto known = CO_TRY(co_await keys(from, key_id_of(tokens.id)));
  const std::string payload = CO_TRY(known->open(tokens.id)), nonce = attempt.nonce();
  Claims claims = CO_TRY(read_claims(
      payload, {.issuer = options_.issuer, .client_id = options_.client_id, .nonce = nonce, .now = clock_.now()},
      options_));
  if (const auto more = co_await ask_more(from, tokens, claims); !more)
    log_.warn("the identity provider's user facts cannot be used", {{"why", more.error().what}});
  co_return claims;
}

Task<Result<Claims>> Oidc::check_service(std::string token) {
  const auto from = CO_TRY(co_await provider());
  const auto known = CO_TRY(co_await keys(from, key_id_of(token)));
  const std::string payload = CO_TRY(known->open(token));
  co_return read_claims(
      payload,
      {.issuer = options_.issuer, .client_id = options_.client_id, .nonce = {}, .now = clock_.now(), .service = true},
      options_);
}

}  // namespace pawl::accounts
