// 128-bit keys: of traces, spans, bodies. The client's own string is kept beside them and shown.
#pragma once
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace pawl {

struct Id128 {
  std::uint64_t high = 0, low = 0;
  auto operator<=>(const Id128&) const = default;
  explicit operator bool() const { return high != 0 || low != 0; }
};

// Big-endian bytes, at most 16, right-aligned: an 8-byte span id has high == 0.
Id128 id_from_bytes(std::string_view bytes);
std::string to_hex(const Id128& id);      // 32 digits, lower case
std::string to_uuid(const Id128& id);     // the same with dashes: 8-4-4-4-12
std::string to_decimal(const Id128& id);  // as one number: what a UInt128 of the warehouse is bound as
bool is_uuid(std::string_view text);      // has the dashes of one; its digits are not looked at

// The key of a client's id: 8- or 16-byte hex (also as a UUID, also behind "trace_" / "span_") is read as its bits,
// anything else is hashed (XXH3-128). Case of hex does not matter.
Id128 id_from_text(std::string_view text);

// First 128 bits of SHA-256 over key then bytes. `key` is the installation's secret, so that nobody who chooses
// message text can make two bodies collide (data.md "Bodies, once").
Id128 body_hash(std::string_view key, std::string_view bytes);
std::string sha256(std::string_view bytes);    // 32 raw bytes
std::uint64_t hash64(std::string_view bytes);  // XXH3, not for adversaries
Id128 hash128(std::string_view bytes);         // XXH3-128, not for adversaries

}  // namespace pawl

template <>
struct std::hash<pawl::Id128> {
  std::size_t operator()(const pawl::Id128& id) const noexcept {
    return static_cast<std::size_t>(id.low ^ (id.high * 0x9E3779B97F4A7C15ULL));
  }
};
