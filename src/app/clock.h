// The server's clock: the system's, or one that starts at a given time and runs on, so that a case can say when it was.
#pragma once
#include "base/time.h"

namespace pawl::app {

class ShiftedClock final : public Clock {
 public:
  explicit ShiftedClock(Nanos start) : by_(start == 0 ? 0 : start - system_.now()) {}  // 0: the system's own time
  Nanos now() const override { return system_.now() + by_; }
  Nanos monotonic() const override { return system_.monotonic(); }

 private:
  SystemClock system_;
  Nanos by_;
};

}  // namespace pawl::app
