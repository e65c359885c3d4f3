// "Stop, nobody waits for this any more": a flag that any thread may raise, together with a deadline.
#pragma once
#include <atomic>
#include <limits>
#include <memory>

#include "base/time.h"

namespace pawl::net {

Nanos monotonic_now();  // only differences mean something; the time base of every deadline in net

// A copyable handle. A default one is never raised and has no deadline. Polling costs some 20 ns.
class Cancel {
 public:
  Cancel() = default;
  static Cancel create(Nanos deadline = never);
  bool requested() const { return raised() || (deadline_ != never && monotonic_now() >= deadline_); }
  bool raised() const { return flag_ && flag_->load(std::memory_order_relaxed); }
  void request() const {
    if (flag_) flag_->store(true, std::memory_order_relaxed);
  }
  Nanos deadline() const { return deadline_; }  // on monotonic_now()'s scale
  // The same flag with a deadline that is not later than `deadline`.
  Cancel until(Nanos deadline) const;

  static constexpr Nanos never = std::numeric_limits<Nanos>::max();

 private:
  std::shared_ptr<std::atomic<bool>> flag_;
  Nanos deadline_ = never;
};

}  // namespace pawl::net
