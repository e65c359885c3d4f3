// Tokens open only with the right key, by the right algorithm, untouched; ID tokens say what they must.
#include "jwt.h"

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/json.h"
#include "base/text.h"
#include "oidc.h"

namespace pawl::accounts {
namespace {

// A key pair that signs; made anew in each test program.
struct Signer {
  std::string id, alg;
  EVP_PKEY* key = nullptr;

  Signer(std::string key_id, std::string algorithm) : id(std::move(key_id)), alg(std::move(algorithm)) {
    if (alg.starts_with("RS") || alg.starts_with("PS")) key = EVP_RSA_gen(2048);
    if (alg == "ES256") key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
    if (alg == "ES384") key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384");
    if (alg == "EdDSA") key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  }
  ~Signer() { EVP_PKEY_free(key); }
  Signer(const Signer&) = delete;
  Signer& operator=(const Signer&) = delete;

  std::string number(const char* name, int size = 0) const {
    BIGNUM* value = nullptr;
    EXPECT_EQ(EVP_PKEY_get_bn_param(key, name, &value), 1);
    std::string out(static_cast<std::size_t>(size > 0 ? size : BN_num_bytes(value)), '\0');
    BN_bn2binpad(value, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
    BN_free(value);
    return to_base64url(out);
  }
  std::string jwk(std::string_view more = "") const {
    std::string out = fmt::format(R"({{"kid":"{}"{})", id, more);
    if (alg == "EdDSA") {
      std::string raw(32, '\0');
      std::size_t size = raw.size();
      EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(raw.data()), &size);
      return out + fmt::format(R"(,"kty":"OKP","crv":"Ed25519","x":"{}"}})", to_base64url(raw));
    }
    if (alg.starts_with("ES")) {
      const int half = alg == "ES256" ? 32 : 48;
      return out + fmt::format(R"(,"kty":"EC","crv":"{}","x":"{}","y":"{}"}})", half == 32 ? "P-256" : "P-384",
                               number(OSSL_PKEY_PARAM_EC_PUB_X, half), number(OSSL_PKEY_PARAM_EC_PUB_Y, half));
    }
    return out + fmt::format(R"(,"kty":"RSA","n":"{}","e":"{}"}})", number(OSSL_PKEY_PARAM_RSA_N),
                             number(OSSL_PKEY_PARAM_RSA_E));
  }
  std::string sign(std::string_view text) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_PKEY_CTX* details = nullptr;
    const char* digest = alg == "EdDSA" ? nullptr : alg.ends_with("384") ? "SHA384" : "SHA256";
    EXPECT_EQ(EVP_DigestSignInit_ex(context, &details, digest, nullptr, nullptr, key, nullptr), 1);
    if (alg.starts_with("PS")) {
      EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING);
      EVP_PKEY_CTX_set_rsa_pss_saltlen(details, RSA_PSS_SALTLEN_DIGEST);
    }
    std::size_t size = 0;
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    EVP_DigestSign(context, nullptr, &size, bytes, text.size());
    std::string out(size, '\0');
    EXPECT_EQ(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(out.data()), &size, bytes, text.size()), 1);
    out.resize(size);
    EVP_MD_CTX_free(context);
    return alg.starts_with("ES") ? pair_of(out, alg == "ES256" ? 32 : 48) : out;
  }
  static std::string pair_of(const std::string& der, int half) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
    std::string out(static_cast<std::size_t>(2 * half), '\0');
    BN_bn2binpad(ECDSA_SIG_get0_r(signature), reinterpret_cast<unsigned char*>(out.data()), half);
    BN_bn2binpad(ECDSA_SIG_get0_s(signature), reinterpret_cast<unsigned char*>(out.data()) + half, half);
    ECDSA_SIG_free(signature);
    return out;
  }
  std::string token(std::string_view payload, std::string header = "") const {
    if (header.empty()) header = fmt::format(R"({{"alg":"{}","kid":"{}"}})", alg, id);
    const std::string text = to_base64url(header) + "." + to_base64url(payload);
    return text + "." + to_base64url(sign(text));
  }
};

KeySet set_of(const std::vector<std::string>& keys) {
  auto parsed = KeySet::parse("{\"keys\":[" + join(keys, ",") + "]}");
  EXPECT_TRUE(parsed) << parsed.error().what;
  return parsed ? std::move(*parsed) : KeySet();
}

TEST(Jwt, EachAlgorithmOpensItsTokens) {
  for (const char* alg : {"RS256", "RS384", "PS256", "ES256", "ES384", "EdDSA"}) {
    const Signer signer("k1", alg), stranger("k1", alg);
    const KeySet keys = set_of({signer.jwk()});
    const auto opened = keys.open(signer.token(R"({"sub":"x"})"));
    ASSERT_TRUE(opened) << alg << " " << opened.error().what;
    EXPECT_EQ(*opened, R"({"sub":"x"})");
    EXPECT_EQ(keys.open(stranger.token(R"({"sub":"x"})")).error().kind, ErrorKind::denied) << alg;
    std::string forged = signer.token(R"({"sub":"x"})");
    forged.replace(forged.find('.') + 1, to_base64url(R"({"sub":"x"})").size(), to_base64url(R"({"sub":"y"})"));
    EXPECT_EQ(keys.open(forged).error().kind, ErrorKind::denied) << alg;
  }
}

TEST(Jwt, AnotherAlgorithmThanTheKeysIsNoWayIn) {
  const Signer rsa("k1", "RS256");
  const KeySet keys = set_of({rsa.jwk()});
  for (const char* header :
       {R"({"alg":"none","kid":"k1"})", R"({"alg":"HS256","kid":"k1"})", R"({"alg":"ES256","kid":"k1"})",
        R"({"alg":"PS256","kid":"k1"})", R"({"kid":"k1"})", R"({"alg":"RS256","kid":"k1","crit":["x"]})"}) {
    EXPECT_FALSE(keys.open(rsa.token("{}", header))) << header;
  }
  EXPECT_FALSE(keys.open(to_base64url(R"({"alg":"none"})") + "." + to_base64url("{}") + "."));
  const KeySet only_ps = set_of({rsa.jwk(R"(,"alg":"PS256")")});
  EXPECT_EQ(only_ps.open(rsa.token("{}")).error().kind, ErrorKind::denied) << "the key says what it is for";
  EXPECT_EQ(keys.open(rsa.token("{}", R"({"alg":"RS256","kid":"k2"})")).error().kind, ErrorKind::not_found);
  EXPECT_TRUE(keys.open(rsa.token("{}", R"({"alg":"RS256"})"))) << "without an id every key is tried";
}

TEST(Jwt, WhatIsNoTokenIsRefused) {
  const Signer rsa("k1", "RS256");
  const KeySet keys = set_of({rsa.jwk()});
  const std::string good = rsa.token("{}");
  for (const std::string& text : {std::string(), std::string("."), std::string(".."), std::string("a.b"), good + ".x",
                                  "%." + good, good.substr(0, good.size() - 4), std::string(70'000, 'a'),
                                  to_base64url("[]") + ".e30.e30", to_base64url("no json") + ".e30.e30"}) {
    EXPECT_FALSE(keys.open(text)) << text.substr(0, 40);
  }
}

TEST(Jwt, KeysThatCannotBeUsedArePassedOver) {
  const Signer rsa("k1", "RS256"), ec("k2", "ES256");
  EXPECT_FALSE(KeySet::parse("[]"));
  EXPECT_FALSE(KeySet::parse(R"({"keys":[]})"));
  EXPECT_FALSE(KeySet::parse(R"({"keys":[{"kty":"oct","k":"AAAA"}]})")) << "a shared secret is no public key";
  EXPECT_FALSE(KeySet::parse(R"({"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]})")) << "too short";
  EXPECT_FALSE(KeySet::parse(R"({"keys":[{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}]})"));
  const std::string zeros = to_base64url(std::string(32, '\1'));
  EXPECT_FALSE(KeySet::parse(R"({"keys":[{"kty":"EC","crv":"P-256","x":")" + zeros + R"(","y":")" + zeros + R"("}]})"))
      << "not on the curve";
  EXPECT_FALSE(KeySet::parse("{\"keys\":[" + rsa.jwk(R"(,"use":"enc")") + "]}"));
  EXPECT_TRUE(
      set_of({R"({"kty":"oct","k":"AAAA"})", R"("odd")", ec.jwk(), rsa.jwk(R"(,"use":"sig")")}).open(rsa.token("{}")));
}

// ---- claims ----

constexpr Nanos now = 1'800'000'000 * second;
const OidcOptions options{.issuer = "https://id", .client_id = "pawl"};

std::string payload(std::string_view change = "", std::string_view value = "") {
  std::string out = R"({"iss":"https://id","aud":"pawl","nonce":"n","exp":1800000300,"iat":1800000000,"sub":"s1")";
  if (!change.empty()) {
    const auto at = out.find(fmt::format("\"{}\":", change));
    if (at != std::string::npos) {
      const auto end = std::min(out.find(",\"", at), out.size());
      out.erase(at, end - at + (end < out.size() ? 1 : 0));
      if (out.ends_with(',')) out.pop_back();
    }
    if (!value.empty()) out += fmt::format(",\"{}\":{}", change, value);
  }
  return out + "}";
}

Result<Claims> read(std::string_view text) {
  return read_claims(text, {.issuer = "https://id", .client_id = "pawl", .nonce = "n", .now = now}, options);
}

TEST(Claims, WhatATokenMustSay) {
  ASSERT_TRUE(read(payload())) << read(payload()).error().what << payload();
  EXPECT_EQ(read(payload())->subject, "s1");
  for (const auto& [claim, value] :
       std::vector<std::pair<std::string, std::string>>{{"iss", "\"https://evil\""},
                                                        {"iss", ""},
                                                        {"aud", "\"other\""},
                                                        {"aud", ""},
                                                        {"aud", R"(["other"])"},
                                                        {"aud", R"(["pawl","other"])"},
                                                        {"azp", "\"other\""},
                                                        {"nonce", "\"m\""},
                                                        {"nonce", ""},
                                                        {"exp", "1799999930"},
                                                        {"exp", ""},
                                                        {"exp", "\"1800000300\""},
                                                        {"iat", "1800000070"},
                                                        {"nbf", "1800000070"},
                                                        {"sub", ""},
                                                        {"sub", "7"},
                                                        {"sub", "\"" + std::string(300, 'x') + "\""}}) {
    const auto refused = read(payload(claim, value));
    ASSERT_FALSE(refused) << claim << "=" << value;
    EXPECT_EQ(refused.error().kind, ErrorKind::denied);
    EXPECT_NE(refused.error().what.find(claim == "azp" ? "azp" : claim), std::string::npos) << refused.error().what;
  }
  EXPECT_TRUE(read(payload("aud", R"(["pawl"])")));
  EXPECT_TRUE(read(payload("exp", "1799999950"))) << "clocks may differ by a minute";
  std::string two = payload("aud", R"(["pawl","other"])");
  two.insert(two.size() - 1, R"(,"azp":"pawl")");
  EXPECT_TRUE(read(two));
  EXPECT_FALSE(read("[]"));
}

TEST(Claims, WhoItIs) {
  const std::string base = payload().substr(0, payload().size() - 1);
  auto with = [&](std::string_view more, const OidcOptions& by = options) {
    return read_claims(base + std::string(more) + "}",
                       {.issuer = "https://id", .client_id = "pawl", .nonce = "n", .now = now}, by)
        .value();
  };
  EXPECT_FALSE(with(R"(,"email":"a@b")").email_is_verified);
  EXPECT_FALSE(with(R"(,"email":"a@b","email_verified":false)").email_is_verified);
  EXPECT_TRUE(with(R"(,"email":"a@b","email_verified":true)").email_is_verified);
  EXPECT_TRUE(with(R"(,"email_verified":"true")").email_is_verified);
  OidcOptions trusting = options;
  trusting.trust_email = true;
  EXPECT_TRUE(with(R"(,"email":"a@b")", trusting).email_is_verified);
  EXPECT_EQ(with(R"(,"groups":["a","b, c"])").groups, (std::vector<std::string>{"a", "b, c"}));
  EXPECT_EQ(with(R"(,"groups":"CN=a,OU=b")").groups, (std::vector<std::string>{"CN=a,OU=b"}));
  OidcOptions nested = options;
  nested.groups_claim = "realm_access.roles";
  EXPECT_EQ(with(R"(,"realm_access":{"roles":["x"]})", nested).groups, (std::vector<std::string>{"x"}));
  EXPECT_EQ(with(R"(,"preferred_username":"ines")").name, "ines");
}

// ---- the cookie of a try ----

TEST(Attempt, WhatMustMatchIsDerivedFromTheCookie) {
  SeededRandom random(3);
  const Attempt made = Attempt::begin(Attempt::Purpose::log_in, 0, "/sessions?filter=a", random, now);
  const auto back = Attempt::read(made.cookie(), now + minute);
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(back->state(), made.state());
  EXPECT_EQ(back->nonce(), made.nonce());
  EXPECT_EQ(back->verifier(), made.verifier());
  EXPECT_EQ(back->next(), "/sessions?filter=a");
  EXPECT_EQ(made.verifier().size(), 43U);
  EXPECT_NE(made.state(), made.nonce());
  EXPECT_NE(made.state(), Attempt::begin(Attempt::Purpose::log_in, 0, "/", random, now).state());
  EXPECT_FALSE(Attempt::read(made.cookie(), now + 10 * minute + second));
  EXPECT_FALSE(Attempt::read(made.cookie(), now - 2 * minute)) << "from the future";
  for (const char* text : {"", "...", "1.2.3.4", "x"}) EXPECT_FALSE(Attempt::read(text, now)) << text;
  const Attempt connect = Attempt::begin(Attempt::Purpose::connect, 7, "/", random, now);
  EXPECT_EQ(Attempt::read(connect.cookie(), now)->user(), 7);
  EXPECT_EQ(Attempt::read(connect.cookie(), now)->purpose(), Attempt::Purpose::connect);
}

TEST(Attempt, LeadsNowhereElse) {
  SeededRandom random(3);
  for (const char* next :
       {"", "//evil.example", "/\\evil.example", "https://evil.example", "sessions", "/a b", "/a\nb"})
    EXPECT_EQ(Attempt::begin(Attempt::Purpose::log_in, 0, next, random, now).next(), "/") << next;
}

// ---- rules ----

TEST(RoleRules, GiveTheHighestRoleThatFits) {
  const auto rules = parse_role_rules(
      "group:platform -> owner; group:CN=refunds,OU=teams -> refunds/member\n email:*@Example.com -> default/viewer;"
      "email:ines@example.com -> default/admin; everyone -> sandbox/viewer;");
  ASSERT_TRUE(rules) << rules.error().what;
  EXPECT_TRUE(roles_by(*rules, {"platform"}, "x@other", true).owner);
  const Roles ines = roles_by(*rules, {"CN=refunds,OU=teams"}, "Ines@example.com", true);
  EXPECT_FALSE(ines.owner);
  EXPECT_EQ(ines.projects, (std::vector<std::pair<std::string, std::string>>{
                               {"refunds", "member"}, {"default", "admin"}, {"sandbox", "viewer"}}));
  EXPECT_EQ(roles_by(*rules, {}, "ines@example.com", false).projects.size(), 1U) << "an address that nobody verified";
  EXPECT_EQ(roles_by(*rules, {}, "x@evil-example.com", true).projects.size(), 1U);
  EXPECT_EQ(roles_by(*rules, {}, "@example.com", true).projects.size(), 1U) << "nobody before the @";
  EXPECT_EQ(roles_by({}, {"platform"}, "ines@example.com", true).projects.size(), 0U);
}

TEST(RoleRules, AWrongOneIsNamed) {
  for (const char* text :
       {"group:a", "group: -> owner", "who:a -> owner", "email:a -> owner", "email:*@ -> owner", "email:*a@b -> owner",
        "group:a -> king", "group:a -> /viewer", "group:a -> x/king", "email:a*@b -> owner"}) {
    const auto rules = parse_role_rules(text);
    ASSERT_FALSE(rules) << text;
    EXPECT_NE(rules.error().what.find(text), std::string::npos);
  }
  EXPECT_TRUE(parse_role_rules("")->empty());
}

}  // namespace
}  // namespace pawl::accounts
