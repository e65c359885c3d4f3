// Random numbers of the system and from a seed.
#include "base/rng.h"

#include <sys/random.h>

#include "base/ids.h"
#include "base/result.h"

namespace pawl {

std::uint64_t Random::below(std::uint64_t bound) {
  return static_cast<std::uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64U);
}

double Random::unit() {
  return static_cast<double>(next() >> 11U) * 0x1.0p-53;
}

std::string Random::bytes(std::size_t count) {
  std::string out;
  while (out.size() < count) {
    const std::uint64_t value = next();
    out.append(reinterpret_cast<const char*>(&value), std::min(sizeof value, count - out.size()));
  }
  return out;
}

std::uint64_t SystemRandom::next() {
  std::uint64_t value = 0;
  PAWL_CHECK(getrandom(&value, sizeof value, 0) == sizeof value);
  return value;
}

std::uint64_t SeededRandom::next() {
  std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31U);
}

std::string random_uuid() {
  thread_local SystemRandom random;
  std::string bytes = random.bytes(16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);
  return to_uuid(id_from_bytes(bytes));
}

}  // namespace pawl
