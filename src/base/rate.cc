// Buckets of permits.
#include "base/rate.h"

#include <algorithm>

namespace pawl {
namespace {

constexpr std::size_t most_names = 20'000;

}  // namespace

double Rate::filled(const Bucket& bucket, Nanos now) const {
  const double passed = static_cast<double>(std::max<Nanos>(0, now - bucket.at)) / static_cast<double>(second);
  return std::min(most_, bucket.left + per_second_ * passed);
}

bool Rate::take(std::string_view name, Nanos now) {
  const std::lock_guard lock(mutex_);
  auto found = buckets_.find(std::string(name));
  if (found == buckets_.end()) {
    if (buckets_.size() >= most_names)
      std::erase_if(buckets_, [&](const auto& one) { return filled(one.second, now) >= most_; });
    if (buckets_.size() >= most_names) return false;
    found = buckets_.emplace(std::string(name), Bucket{most_, now}).first;
  }
  Bucket& bucket = found->second;
  bucket.left = filled(bucket, now);
  bucket.at = now;
  if (bucket.left < 1) return false;
  bucket.left -= 1;
  return true;
}

}  // namespace pawl
