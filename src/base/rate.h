// How often somebody may: a bucket of permits for each name, which fills again with time.
#pragma once
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"

namespace pawl {

// Thread-safe; memory is bounded: with 20,000 names those that are full again are forgotten, and if none is, nobody new
// may.
class Rate {
 public:
  Rate(double per_second, double most) : per_second_(per_second), most_(most) {}
  bool take(std::string_view name, Nanos now);

 private:
  struct Bucket {
    double left = 0;
    Nanos at = 0;
  };
  double filled(const Bucket& bucket, Nanos now) const;
  double per_second_, most_;
  std::mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace pawl
