// Chance as an argument: the system's random bytes, or a seed that replays a bad night.
#pragma once
#include <cstdint>
#include <string>

namespace pawl {

class Random {
 public:
  Random() = default;
  Random(const Random&) = delete;
  Random& operator=(const Random&) = delete;
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;
  std::uint64_t below(std::uint64_t bound);  // uniform in [0, bound), bound > 0
  double unit();                             // uniform in [0, 1)
  std::string bytes(std::size_t count);
};

class SystemRandom final : public Random {  // the kernel's, fit for keys
 public:
  std::uint64_t next() override;
};

class SeededRandom final : public Random {  // SplitMix64 (Steele, Lea, Flood 2014); for tests and the demo only
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override;

 private:
  std::uint64_t state_;
};

std::string random_uuid();  // version 4 (RFC 9562, 5.4), of the kernel's bytes

}  // namespace pawl
