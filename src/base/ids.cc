// Keys from bytes, text and hashes.
#include "base/ids.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>

#include "base/result.h"
#include "base/text.h"

namespace pawl {

Id128 id_from_bytes(std::string_view bytes) {
  if (bytes.size() > 16) bytes = bytes.substr(bytes.size() - 16);
  Id128 id;
  for (const char c : bytes) {
    id.high = (id.high << 8U) | (id.low >> 56U);
    id.low = (id.low << 8U) | static_cast<unsigned char>(c);
  }
  return id;
}

std::string to_hex(const Id128& id) {
  return fmt::format("{:016x}{:016x}", id.high, id.low);
}

std::string to_uuid(const Id128& id) {
  const auto hex = to_hex(id);
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4),
                     hex.substr(20));
}

std::string to_decimal(const Id128& id) {
  return fmt::format("{}", (static_cast<unsigned __int128>(id.high) << 64U) | id.low);
}

bool is_uuid(std::string_view text) {
  return text.size() == 36 && text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-';
}

Id128 id_from_text(std::string_view text) {
  std::string_view rest = text;
  for (const std::string_view prefix : {"trace_", "span_"}) {
    if (rest.starts_with(prefix)) rest.remove_prefix(prefix.size());
  }
  std::string plain(rest);
  if (is_uuid(plain)) std::erase(plain, '-');
  if (plain.size() == 32 || plain.size() == 24 || plain.size() == 16) {
    if (const auto bytes = from_hex(plain)) return id_from_bytes(*bytes);
  }
  return hash128(text);
}

Id128 body_hash(std::string_view key, std::string_view bytes) {
  SHA256_CTX context;
  std::array<unsigned char, 32> digest{};
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"  // the one-shot EVP call allocates a context a body
  SHA256_Init(&context);
  SHA256_Update(&context, key.data(), key.size());
  SHA256_Update(&context, bytes.data(), bytes.size());
  SHA256_Final(digest.data(), &context);
#pragma clang diagnostic pop
  return id_from_bytes({reinterpret_cast<const char*>(digest.data()), 16});
}

std::string sha256(std::string_view bytes) {
  std::string digest(32, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

std::uint64_t hash64(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

Id128 hash128(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.high64, hash.low64};
}

}  // namespace pawl
