// Where one of a few three-byte beginnings may stand in a text: 32 positions at a time, by looking up half bytes.
// For secrets*.cc only. Source of the method: Hyperscan's "Teddy" matcher (Intel, BSD).
#pragma once
#include <array>
#include <bitset>
#include <cstdint>
#include <string_view>
#include <vector>

namespace pawl::guard {

class Fingerprints {
 public:
  // Beginnings of three bytes or more; only the first three are looked at. None: nothing is ever found.
  explicit Fingerprints(std::vector<std::string_view> beginnings);

  // The first position from `from` on where a beginning may stand; text.size() where there is none. May be wrong about
  // a position, never about passing one over.
  std::size_t next(std::string_view text, std::size_t from) const;
  std::size_t next_plain(std::string_view text, std::size_t from) const;  // the same, byte by byte

 private:
  using Table = std::array<std::uint8_t, 16>;  // by half a byte: which of eight groups go on
  std::array<Table, 3> low_{}, high_{};
  std::bitset<65'536> pairs_;  // the first two bytes
  bool wide_ = false;          // this processor can look at 32 bytes at once
};

}  // namespace pawl::guard
