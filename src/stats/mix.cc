// The counts that slide through a window, and their bins.
#include "stats/mix.h"

#include <algorithm>
#include <vector>

#include "stats/drift.h"

namespace pawl::stats {
namespace {

constexpr std::size_t bins = 10;
constexpr double least = 200;
constexpr std::int64_t least_reference = 2 * 86'400;

struct Binned {
  std::vector<double> expected, actual;
};

double total(const std::map<std::string, double>& counts) {
  double sum = 0;
  for (const auto& [category, count] : counts) sum += count;
  return sum;
}

double of(const std::map<std::string, double>& counts, const std::string& category) {
  const auto found = counts.find(category);
  return found == counts.end() ? 0 : found->second;
}

// Ten bins with about as much of the reference in each; what lies between two belongs to the upper one.
Binned by_deciles(const std::map<std::string, double>& before, const std::map<std::string, double>& now) {
  Binned out{.expected = {0}, .actual = {0}};
  std::map<std::string, std::pair<double, double>> all;
  for (const auto& [category, count] : before) all[category].first = count;
  for (const auto& [category, count] : now) all[category].second = count;
  const double whole = total(before);
  double seen = 0;
  for (const auto& [category, counts] : all) {
    const bool full = out.expected.size() < bins &&
                      seen >= whole * static_cast<double>(out.expected.size()) / static_cast<double>(bins);
    if (full) out.expected.push_back(0), out.actual.push_back(0);
    out.expected.back() += counts.first, out.actual.back() += counts.second;
    seen += counts.first;
  }
  return out;
}

Binned by_frequency(const std::map<std::string, double>& before, const std::map<std::string, double>& now) {
  std::vector<std::pair<double, std::string>> most;
  for (const auto& [category, count] : before) most.emplace_back(-count, category);
  std::sort(most.begin(), most.end());
  if (most.size() > bins - 1) most.resize(bins - 1);
  Binned out;
  double rest_before = total(before), rest_now = total(now);
  for (const auto& [count, category] : most) {
    out.expected.push_back(-count), out.actual.push_back(of(now, category));
    rest_before += count, rest_now -= out.actual.back();
  }
  out.expected.push_back(std::max(0., rest_before)), out.actual.push_back(std::max(0., rest_now));
  return out;
}

}  // namespace

void Mix::put(Counts& into, const Counts& counts, double sign) {
  for (const auto& [category, count] : counts) {
    double& sum = into[category];
    sum += sign * count;
    if (sum <= 1e-9) into.erase(category);
  }
}

void Mix::add(const std::string& category, double count) {
  if (count > 0) open_[category] += count;
}

MixVerdict Mix::close(std::int64_t at) {
  put(recent_, open_, 1);
  steps_.push_back({at, std::move(open_)});
  open_.clear();
  while (first_recent_ < steps_.size() && steps_[first_recent_].at <= at - settings_.window) {
    put(recent_, steps_[first_recent_].counts, -1);
    put(before_, steps_[first_recent_].counts, 1);
    ++first_recent_;
  }
  while (first_recent_ > 0 && steps_.front().at <= at - settings_.window - settings_.reference) {
    put(before_, steps_.front().counts, -1);
    steps_.pop_front();
    --first_recent_;
  }
  MixVerdict out;
  const std::int64_t known = first_recent_ == 0 ? 0 : at - settings_.window - steps_.front().at;
  out.learning = known < settings_.reference - 86'400;
  if (known < std::min(least_reference, settings_.reference) || total(before_) < least || total(recent_) < least)
    return out;
  const auto binned = settings_.ordered ? by_deciles(before_, recent_) : by_frequency(before_, recent_);
  const auto found = psi(binned.expected, binned.actual);
  out.value = found.value, out.limit = found.limit();
  return out;
}

}  // namespace pawl::stats
