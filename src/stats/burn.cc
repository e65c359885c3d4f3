// Burn rates from running sums.
#include "stats/burn.h"

#include <algorithm>

namespace pawl::stats {
namespace {

double last_of(const std::vector<double>& sums, std::int64_t minutes) {
  const auto back = static_cast<std::size_t>(std::max<std::int64_t>(0, minutes));
  return sums.back() - sums[sums.size() - 1 - std::min(back, sums.size() - 1)];
}

}  // namespace

void Burn::push(double bad, double total) {
  bad_.push_back(bad_.back() + bad);
  total_.push_back(total_.back() + total);
}

double Burn::bad_in(std::int64_t minutes) const {
  return last_of(bad_, minutes);
}
double Burn::total_in(std::int64_t minutes) const {
  return last_of(total_, minutes);
}

double Burn::burn(std::int64_t minutes) const {
  const double total = total_in(minutes);
  return total <= 0 || slo_ >= 1 ? 0 : bad_in(minutes) / total / (1 - slo_);
}

double Burn::remaining() const {
  const double budget = (1 - slo_) * total_.back();
  return budget <= 0 ? 1 : 1 - bad_.back() / budget;
}

bool Burn::fires(const BurnRule& rule) const {
  return over(rule) && minutes() * 2 >= rule.long_minutes && bad_in(rule.long_minutes) >= 10;
}

}  // namespace pawl::stats
