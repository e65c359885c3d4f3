// Three look-ups of both halves of a byte tell for 32 positions whether a group of beginnings goes on there.
#include "guard/fingerprints.h"

#include <immintrin.h>

#include <algorithm>

namespace pawl::guard {
namespace {

std::size_t pair_of(std::string_view text, std::size_t at) {
  return static_cast<std::size_t>(static_cast<unsigned char>(text[at])) << 8U |
         static_cast<unsigned char>(text[at + 1]);
}

constexpr std::size_t step = 32, reach = step + 2;

__attribute__((target("avx2"))) __m256i groups_at(const char* bytes, __m256i low, __m256i high) {
  const __m256i half = _mm256_set1_epi8(0x0F);
  const __m256i text = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
  const __m256i below = _mm256_shuffle_epi8(low, _mm256_and_si256(text, half));
  const __m256i above = _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(text, 4), half));
  return _mm256_and_si256(below, above);
}

__attribute__((target("avx2"))) __m256i both_halves(const std::array<std::uint8_t, 16>& table) {
  return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table.data())));
}

// As Fingerprints::next, up to the last position that has `reach` bytes; there it stops with `ended`.
__attribute__((target("avx2"))) std::size_t next_wide(std::string_view text, std::size_t from,
                                                      const std::array<std::array<std::uint8_t, 16>, 3>& low,
                                                      const std::array<std::array<std::uint8_t, 16>, 3>& high,
                                                      bool& ended) {
  const __m256i low0 = both_halves(low[0]), low1 = both_halves(low[1]), low2 = both_halves(low[2]);
  const __m256i high0 = both_halves(high[0]), high1 = both_halves(high[1]), high2 = both_halves(high[2]);
  std::size_t at = from;
  for (; at + reach <= text.size(); at += step) {
    const char* bytes = text.data() + at;
    const __m256i all =
        _mm256_and_si256(groups_at(bytes, low0, high0),
                         _mm256_and_si256(groups_at(bytes + 1, low1, high1), groups_at(bytes + 2, low2, high2)));
    const auto none = static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(all, _mm256_setzero_si256())));
    if (none != 0xFFFFFFFFU) return at + static_cast<std::size_t>(__builtin_ctz(~none));
  }
  ended = true;
  return at;
}

}  // namespace

Fingerprints::Fingerprints(std::vector<std::string_view> beginnings) : wide_(__builtin_cpu_supports("avx2") != 0) {
  std::sort(beginnings.begin(), beginnings.end());
  std::size_t kinds = 0;  // neighbours in the alphabet share a group: their upper halves are mostly the same
  for (std::size_t i = 0; i < beginnings.size(); ++i) kinds += i == 0 || beginnings[i][0] != beginnings[i - 1][0];
  std::size_t kind = 0;
  for (std::size_t i = 0; i < beginnings.size(); ++i) {
    if (i > 0 && beginnings[i][0] != beginnings[i - 1][0]) ++kind;
    const auto group = static_cast<std::uint8_t>(1U << (kinds <= 8 ? kind : kind * 8 / kinds));
    for (std::size_t place = 0; place < 3; ++place) {
      const auto byte = static_cast<unsigned char>(beginnings[i][place]);
      low_[place][byte & 0x0FU] |= group;
      high_[place][byte >> 4U] |= group;
    }
    pairs_.set(pair_of(beginnings[i], 0));
  }
}

std::size_t Fingerprints::next_plain(std::string_view text, std::size_t from) const {
  for (std::size_t at = from; at + 3 <= text.size(); ++at) {
    if (pairs_[pair_of(text, at)]) return at;
  }
  return text.size();
}

std::size_t Fingerprints::next(std::string_view text, std::size_t from) const {
  if (!wide_) return next_plain(text, from);
  bool ended = false;
  const std::size_t at = next_wide(text, from, low_, high_, ended);
  return ended ? next_plain(text, at) : at;
}

}  // namespace pawl::guard
