// Small pure functions on text and bytes: hex, base64, percent-encoding, UTF-8, splitting.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl {

std::string to_hex(std::string_view bytes);                     // lower case
std::optional<std::string> from_hex(std::string_view hex);      // nullopt on odd length or a foreign character
std::string to_base64(std::string_view bytes);                  // RFC 4648 §4, padded
std::string to_base64url(std::string_view bytes);               // RFC 4648 §5, not padded
std::optional<std::string> from_base64(std::string_view text);  // both alphabets, padding optional
std::string percent_encode(std::string_view text);              // RFC 3986: all but unreserved
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

std::string_view trim(std::string_view text);  // ASCII white space at both ends
std::string to_lower(std::string_view text);   // ASCII only
bool equals_ignoring_case(std::string_view a, std::string_view b);
bool contains_ignoring_case(std::string_view text, std::string_view part);
std::vector<std::string_view> split(std::string_view text, char separator);  // keeps empty pieces; "" is one piece
std::string join(const std::vector<std::string>& pieces, std::string_view separator);
// Cuts at `separator`: {before, after}; {text, ""} where it does not occur.
std::pair<std::string_view, std::string_view> cut(std::string_view text, char separator);

bool is_utf8(std::string_view text);
// Each byte that is no UTF-8 becomes U+FFFD. Returns `text` unchanged where it is valid.
std::string repair_utf8(std::string_view text);
// The longest prefix of at most `bytes` bytes that does not cut a character.
std::string_view utf8_prefix(std::string_view text, std::size_t bytes);

// Whole-string decimal numbers; nullopt on anything else or on overflow.
std::optional<std::int64_t> parse_int(std::string_view text);
std::optional<double> parse_double(std::string_view text);

// How many single-character edits turn a into b (Levenshtein 1966); for "did you mean".
std::size_t edit_distance(std::string_view a, std::string_view b);
// The candidate nearest to `word`, or "" where none is near enough to be a slip.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace pawl
