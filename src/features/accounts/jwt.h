// Signed tokens of identity providers: JSON Web Keys (RFC 7517, 7518) and the compact JWS of a JWT (RFC 7515, 7519).
// Only what OpenID Connect needs: RS, PS, ES and EdDSA signatures; no secrets shared with the provider, no "none".
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pawl::accounts {

// The public keys that a provider signs with.
class KeySet {
 public:
  KeySet();
  // A JWK set. Keys of other kinds or for other uses are passed over; `invalid` where the text is none, or holds no
  // key that could be used.
  static Result<KeySet> parse(std::string_view json);
  KeySet(KeySet&&) noexcept;
  KeySet& operator=(KeySet&&) noexcept;
  ~KeySet();
  bool knows(std::string_view key_id) const;

  // The payload of a compact JWS whose signature one of these keys made, by the algorithm that the key is for.
  // `invalid`: the text is no such token; `denied`: the signature does not hold; `not_found`: no key has its id.
  Result<std::string> open(std::string_view token) const;

 private:
  struct Key;
  std::vector<Key> keys_;
};

// The id of the key that a token says it was signed with; "" where it says nothing or is no token.
std::string key_id_of(std::string_view token);

}  // namespace pawl::accounts
