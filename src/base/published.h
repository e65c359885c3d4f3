// A value that is replaced as a whole while others read it; whoever has read it keeps what it was.
//
// What std::atomic<std::shared_ptr> is for; but load() of libstdc++ 12 gives its lock back with relaxed order, so that
// nothing orders it before the next store: a race by the letter of C++, and the thread sanitizer says so.
#pragma once
#include <memory>
#include <mutex>
#include <utility>

namespace pawl {

template <typename T>
class Published {
 public:
  Published() = default;
  std::shared_ptr<const T> load() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }
  void store(std::shared_ptr<const T> value) {
    {
      const std::lock_guard lock(mutex_);
      value_.swap(value);
    }
  }  // the last one may end here, outside of the lock

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

}  // namespace pawl
