// Reading keys and checking signatures, by OpenSSL.
#include "jwt.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <array>

#include "base/json_fields.h"
#include "base/text.h"

namespace pawl::accounts {
namespace {

constexpr std::size_t most_token = 64U << 10, most_keys = 64;
constexpr int least_rsa_bits = 2048;

template <typename T, void (*release)(T*)>
struct Release {
  void operator()(T* pointer) const { release(pointer); }
};
template <typename T, void (*release)(T*)>
using Owned = std::unique_ptr<T, Release<T, release>>;
using PublicKey = Owned<EVP_PKEY, EVP_PKEY_free>;
using BigNumber = Owned<BIGNUM, BN_free>;
using Builder = Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Parameters = Owned<OSSL_PARAM, OSSL_PARAM_free>;
using KeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using DigestContext = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using EcSignature = Owned<ECDSA_SIG, ECDSA_SIG_free>;

enum class Padding { pkcs1, pss, raw_pair, none };
// RFC 7518 §3.1, RFC 8037 §3.1.
struct Algorithm {
  std::string_view name, key_type, curve;
  const char* digest;  // null: the signature has its own
  Padding padding;
  std::size_t half;  // bytes of r and of s
};
constexpr std::array algorithms = {
    Algorithm{"RS256", "RSA", "", "SHA256", Padding::pkcs1, 0},
    Algorithm{"RS384", "RSA", "", "SHA384", Padding::pkcs1, 0},
    Algorithm{"RS512", "RSA", "", "SHA512", Padding::pkcs1, 0},
    Algorithm{"PS256", "RSA", "", "SHA256", Padding::pss, 0},
    Algorithm{"PS384", "RSA", "", "SHA384", Padding::pss, 0},
    Algorithm{"PS512", "RSA", "", "SHA512", Padding::pss, 0},
    Algorithm{"ES256", "EC", "P-256", "SHA256", Padding::raw_pair, 32},
    Algorithm{"ES384", "EC", "P-384", "SHA384", Padding::raw_pair, 48},
    Algorithm{"ES512", "EC", "P-521", "SHA512", Padding::raw_pair, 66},
    Algorithm{"EdDSA", "OKP", "Ed25519", nullptr, Padding::none, 0},
};

const Algorithm* algorithm_of(std::string_view name) {
  const auto found = std::ranges::find(algorithms, name, &Algorithm::name);
  return found == algorithms.end() ? nullptr : &*found;
}

BigNumber number_of(std::string_view bytes) {
  return BigNumber(
      BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), nullptr));
}

PublicKey from_parameters(const char* type, OSSL_PARAM_BLD* builder) {
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) <= 0 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) <= 0) {
    return nullptr;
  }
  return PublicKey(key);
}

PublicKey rsa_key(const JsonFields& jwk) {
  const auto n = from_base64(jwk.text("n")), e = from_base64(jwk.text("e"));
  if (!n || !e || n->empty() || e->empty() || n->size() > 1024 || e->size() > 8) return nullptr;
  const BigNumber modulus = number_of(*n), exponent = number_of(*e);
  const Builder builder(OSSL_PARAM_BLD_new());
  if (!builder || !OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) ||
      !OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get())) {
    return nullptr;
  }
  PublicKey key = from_parameters("RSA", builder.get());
  return key && EVP_PKEY_get_bits(key.get()) >= least_rsa_bits ? std::move(key) : nullptr;
}

PublicKey ec_key(const JsonFields& jwk) {
  const auto found = std::ranges::find(algorithms, jwk.text("crv"), &Algorithm::curve);
  const auto x = from_base64(jwk.text("x")), y = from_base64(jwk.text("y"));
  if (found == algorithms.end() || found->key_type != "EC" || !x || !y || x->size() != found->half ||
      y->size() != found->half) {
    return nullptr;
  }
  const std::string point = "\x04" + *x + *y;  // uncompressed; OpenSSL checks that it is on the curve
  const Builder builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      !OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, found->curve.data(),
                                       found->curve.size()) ||
      !OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size())) {
    return nullptr;
  }
  return from_parameters("EC", builder.get());
}

PublicKey edwards_key(const JsonFields& jwk) {
  const auto x = from_base64(jwk.text("x"));
  if (jwk.text("crv") != "Ed25519" || !x || x->size() != 32) return nullptr;
  return PublicKey(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr,
                                               reinterpret_cast<const unsigned char*>(x->data()), x->size()));
}

// r and s next to each other (RFC 7518 §3.4) as the DER that OpenSSL wants.
std::string der_of(std::string_view pair, std::size_t half) {
  if (pair.size() != 2 * half) return {};
  const EcSignature signature(ECDSA_SIG_new());
  BigNumber r = number_of(pair.substr(0, half)), s = number_of(pair.substr(half));
  if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) return {};
  (void)r.release();
  (void)s.release();
  unsigned char* bytes = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &bytes);
  if (size <= 0) return {};
  std::string out(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return out;
}

bool holds(EVP_PKEY* key, const Algorithm& algorithm, std::string_view signed_text, std::string_view signature) {
  std::string der;
  if (algorithm.padding == Padding::raw_pair) {
    der = der_of(signature, algorithm.half);
    if (der.empty()) return false;
    signature = der;
  }
  const DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* details = nullptr;
  if (!context ||
      EVP_DigestVerifyInit_ex(context.get(), &details, algorithm.digest, nullptr, nullptr, key, nullptr) != 1)
    return false;
  if (algorithm.padding == Padding::pss && (EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING) <= 0 ||
                                            EVP_PKEY_CTX_set_rsa_pss_saltlen(details, RSA_PSS_SALTLEN_DIGEST) <= 0))
    return false;
  return EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                          reinterpret_cast<const unsigned char*>(signed_text.data()), signed_text.size()) == 1;
}

struct Parts {
  std::string_view signed_text;  // header.payload, as sent
  std::string algorithm, key_id, payload, signature;
};

Result<Parts> split_token(std::string_view token) {
  const auto wrong = [](std::string_view why) { return fail(ErrorKind::invalid, "The token is no JWT: {}.", why); };
  if (token.size() > most_token) return wrong("it is too long");
  const auto pieces = split(token, '.');
  if (pieces.size() != 3) return wrong("it has no three parts");
  const auto header = from_base64(pieces[0]), payload = from_base64(pieces[1]), signature = from_base64(pieces[2]);
  if (!header || !payload || !signature) return wrong("a part is no base64url");
  const auto fields = JsonFields::parse(*header);
  if (!fields) return wrong("its header is no JSON object");
  if (fields->has("crit")) return wrong("it asks for extensions that are not understood");
  return Parts{token.substr(0, pieces[0].size() + 1 + pieces[1].size()), fields->text("alg"), fields->text("kid"),
               *payload, *signature};
}

}  // namespace

struct KeySet::Key {
  std::string id, type, curve, algorithm;  // `algorithm` "": any that fits the type
  PublicKey key;

  bool fits(const Algorithm& asked) const {
    return type == asked.key_type && (asked.curve.empty() || curve == asked.curve) &&
           (algorithm.empty() || algorithm == asked.name);
  }
};

KeySet::KeySet() = default;
KeySet::KeySet(KeySet&&) noexcept = default;
KeySet& KeySet::operator=(KeySet&&) noexcept = default;
KeySet::~KeySet() = default;

Result<KeySet> KeySet::parse(std::string_view json) {
  const auto document = JsonFields::parse(json);
  if (!document) return fail(ErrorKind::invalid, "The provider's keys are no JSON object.");
  KeySet out;
  for (const auto& jwk : document->objects("keys")) {
    if (out.keys_.size() == most_keys) break;
    if (jwk.has("use") && jwk.text("use") != "sig") continue;
    Key one{jwk.text("kid"), jwk.text("kty"), jwk.text("crv"), jwk.text("alg"), nullptr};
    one.key = one.type == "RSA"   ? rsa_key(jwk)
              : one.type == "EC"  ? ec_key(jwk)
              : one.type == "OKP" ? edwards_key(jwk)
                                  : nullptr;
    if (one.key) out.keys_.push_back(std::move(one));
  }
  if (out.keys_.empty())
    return fail(ErrorKind::invalid, "The provider has no key that signatures could be checked with.");
  return out;
}

bool KeySet::knows(std::string_view key_id) const {
  return key_id.empty() || std::ranges::any_of(keys_, [&](const Key& one) { return one.id == key_id; });
}

Result<std::string> KeySet::open(std::string_view token) const {
  Parts parts = TRY(split_token(token));
  const Algorithm* algorithm = algorithm_of(parts.algorithm);
  if (algorithm == nullptr)
    return fail(ErrorKind::denied, "The token is signed by {}, which is not accepted.",
                repair_utf8(utf8_prefix(parts.algorithm, 40)));
  if (!knows(parts.key_id))
    return fail(ErrorKind::not_found, "The provider has no key {}.", repair_utf8(utf8_prefix(parts.key_id, 100)));
  for (const Key& one : keys_) {
    if (!parts.key_id.empty() && one.id != parts.key_id) continue;
    if (one.fits(*algorithm) && holds(one.key.get(), *algorithm, parts.signed_text, parts.signature))
      return std::move(parts.payload);
  }
  return fail(ErrorKind::denied, "The token's signature does not hold.");
}

std::string key_id_of(std::string_view token) {
  auto parts = split_token(token);
  return parts ? std::move(parts->key_id) : std::string();
}

}  // namespace pawl::accounts
