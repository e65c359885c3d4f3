// Time as nanoseconds since 1970 UTC, its text (RFC 3339), and the clock as an argument.
#pragma once
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pawl {

using Nanos = std::int64_t;  // since 1970-01-01T00:00:00Z, or a length of time

inline constexpr Nanos microsecond = 1'000;
inline constexpr Nanos millisecond = 1'000'000;
inline constexpr Nanos second = 1'000'000'000;
inline constexpr Nanos minute = 60 * second;
inline constexpr Nanos hour = 60 * minute;
inline constexpr Nanos day = 24 * hour;

// RFC 3339 with nine digits of fraction, UTC: "2026-11-21T13:14:07.123456789Z".
std::string format_time(Nanos time);
// RFC 3339 with any offset and 0 to 9+ digits; also a date alone ("2026-11-21" = its midnight UTC).
std::optional<Nanos> parse_time(std::string_view text);
// A length: "250ms" "10s" "5m" "2h" "7d" "1w", decimals allowed; nullopt otherwise.
std::optional<Nanos> parse_duration(std::string_view text);

// Where "now" comes from; tests and simulations give their own.
class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;
  virtual Nanos now() const = 0;        // wall time
  virtual Nanos monotonic() const = 0;  // never goes back; only differences mean something
};

class SystemClock final : public Clock {
 public:
  Nanos now() const override;
  Nanos monotonic() const override;
};

class ManualClock final : public Clock {  // may be moved while other threads read it
 public:
  explicit ManualClock(Nanos start) : now_(start) {}
  Nanos now() const override { return now_; }
  Nanos monotonic() const override { return now_; }
  void advance(Nanos by) { now_ += by; }

 private:
  std::atomic<Nanos> now_;
};

}  // namespace pawl
