// What a row of the tables of secrets says. For guard/*.cc only.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "guard/secrets.h"

namespace pawl::guard {

// Sets of characters, as bits of `class_of`.
namespace chars {
using Set = std::uint8_t;
inline constexpr Set upper = 1, lower = 2, digit = 4, dash = 8, underscore = 16, dot = 32, base64 = 64, hex = 128;
inline constexpr Set alnum = upper | lower | digit;
inline constexpr Set word = alnum | underscore;
inline constexpr Set url = word | dash;

// hex is a–f and 0–9; base64 is + / =.
constexpr Set class_of(char c) {
  Set set = 0;
  if (c >= 'A' && c <= 'Z') set |= upper;
  if (c >= 'a' && c <= 'z') set |= lower;
  if (c >= '0' && c <= '9') set |= digit | hex;
  if (c >= 'a' && c <= 'f') set |= hex;
  if (c == '-') set |= dash;
  if (c == '_') set |= underscore;
  if (c == '.' || c == '~') set |= dot;
  if (c == '+' || c == '/' || c == '=') set |= base64;
  return set;
}
inline constexpr std::array<Set, 256> classes = [] {
  std::array<Set, 256> out{};
  for (int i = 0; i < 256; ++i) out[static_cast<std::size_t>(i)] = class_of(static_cast<char>(i));
  return out;
}();
inline bool in(Set set, char c) {
  return (classes[static_cast<unsigned char>(c)] & set) != 0;
}
}  // namespace chars

// A prefix, then `least` to `most` characters of `body`; one more of them, and it is something else.
struct SecretRule {
  SecretKind kind;
  std::string_view name, prefix;
  chars::Set body;
  std::uint16_t least, most;
  bool mixed = false;     // the body needs a digit and a letter: a weak prefix
  bool anywhere = false;  // the prefix stands in the midst of a key: what is before it says nothing
};

}  // namespace pawl::guard
