// Profile, noise, windows, limits.
#include "stats/profile.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace pawl::stats {
namespace {

template <typename T>
double median(std::vector<T>& values) {  // reorders; NaN where there is none
  if (values.empty()) return nothing;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  const double high = static_cast<double>(*middle);
  if (values.size() % 2 == 1) return high;
  return (high + static_cast<double>(*std::max_element(values.begin(), middle))) / 2;
}

double quantile(std::vector<double>& values, double q) {  // linear between neighbours; reorders
  if (values.empty()) return nothing;
  const double place = q * static_cast<double>(values.size() - 1);
  const auto low = static_cast<std::ptrdiff_t>(place);
  std::nth_element(values.begin(), values.begin() + low, values.end());
  const double a = values[static_cast<std::size_t>(low)];
  if (static_cast<std::size_t>(low) + 1 >= values.size()) return a;
  const double b = *std::min_element(values.begin() + low + 1, values.end());
  return a + (b - a) * (place - static_cast<double>(low));
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

bool is_weekend(std::int64_t day_number) {  // 1970-01-01 was a Thursday
  const auto weekday = (day_number % 7 + 7 + 4) % 7;
  return weekday == 0 || weekday == 6;
}

}  // namespace

Profile::Profile(Sort sort, Direction direction, Zone zone, std::int64_t step, const AnomalySettings& settings)
    : sort_(sort), direction_(direction), zone_(zone), step_(step), settings_(settings) {
  slots_ = static_cast<std::size_t>(86400 / step);
  for (std::size_t w = 0; w < windows_.size(); ++w)
    windows_[w] = static_cast<std::size_t>(std::max<std::int64_t>(w == 0 ? 1 : 2, settings.windows[w] / step));
}

double Profile::to_scale(double value) const {
  if (std::isnan(value)) return nothing;
  if (sort_ == Sort::sum) return value < 0 ? -std::sqrt(-value) : std::sqrt(value);
  return sort_ == Sort::positive ? std::log(std::max(value, 1e-9)) : value;
}

double Profile::from_scale(double y) const {
  if (sort_ == Sort::sum) return y < 0 ? 0 : y * y;
  return sort_ == Sort::positive ? std::exp(y) : y;
}

double Profile::sided(double score) const {
  return direction_ == Direction::up ? score : direction_ == Direction::down ? -score : std::abs(score);
}

// Never less than what the sort of number cannot fall under: a hundredth of a sum's root, two per cent, half an event.
double Profile::sigma(double base, double p) const {
  double s = noise_usual_;
  if (!noise_at_.empty()) {
    const auto above = std::lower_bound(noise_at_.begin(), noise_at_.end(), base);
    if (above == noise_at_.begin()) {
      s = noise_.front();
    } else if (above == noise_at_.end()) {
      s = noise_.back();
    } else {
      const auto i = static_cast<std::size_t>(above - noise_at_.begin());
      const double share = (base - noise_at_[i - 1]) / (noise_at_[i] - noise_at_[i - 1]);
      s = noise_[i - 1] + share * (noise_[i] - noise_[i - 1]);
    }
  }
  const double floor = sort_ == Sort::sum ? .01 * std::abs(p) : sort_ == Sort::positive ? .02 : .5 / (base + 1);
  return std::max({s, .2 * noise_usual_, floor, 1e-12});
}

void Profile::open_day(std::int64_t number) {
  days_.push_back({.number = number,
                   .weekend = is_weekend(number),
                   .y = std::vector<float>(slots_, std::numeric_limits<float>::quiet_NaN()),
                   .n = std::vector<float>(slots_, 0),
                   .left_out = std::vector<char>(slots_, 0)});
  while (days_.size() > static_cast<std::size_t>(settings_.keep_days) + 1) days_.pop_front();
}

// The median over days of a class but `except` and today (the last), and where the class has none, over all of them.
void Profile::profile(bool weekend, std::size_t except, bool counts, std::vector<float>& out) const {
  std::vector<const Day*> of_class, all;
  for (std::size_t d = 0; d + 1 < days_.size(); ++d) {
    if (d == except) continue;
    all.push_back(&days_[d]);
    if (days_[d].weekend == weekend) of_class.push_back(&days_[d]);
  }
  const auto& from = of_class.empty() ? all : of_class;
  std::vector<float> near, whole;
  out.assign(slots_, std::numeric_limits<float>::quiet_NaN());
  const int all_slots = static_cast<int>(slots_), wanted = sort_ == Sort::ratio ? settings_.near_ratio : settings_.near;
  const int half = std::min(wanted, (all_slots - 1) / 2);
  for (std::size_t slot = 0; slot < slots_; ++slot) {
    near.clear();
    for (const Day* day : from) {
      double sum = 0, weight = 0;
      for (int k = -half; k <= half; ++k) {
        const auto at = static_cast<std::size_t>((static_cast<int>(slot) + k + all_slots) % all_slots);
        if (day->left_out[at] || std::isnan(day->y[at])) continue;
        const double e = counts || sort_ != Sort::ratio ? 1 : std::max(static_cast<double>(day->n[at]), 1e-3);
        sum += e * static_cast<double>(counts ? day->n[at] : day->y[at]), weight += e;
      }
      if (weight > 0) near.push_back(static_cast<float>(sum / weight)), whole.push_back(near.back());
    }
    if (!near.empty()) out[slot] = static_cast<float>(median(near));
  }
  const auto usual = static_cast<float>(whole.empty() ? 0.0 : median(whole));
  for (auto& value : out) {
    if (std::isnan(value)) value = usual;
  }
}

Profile::Residuals Profile::residuals() const {
  Residuals seen;
  std::vector<float> p, e;
  double level = 0;
  for (std::size_t d = 0; d + 1 < days_.size(); ++d) {
    profile(days_[d].weekend, d, false, p);
    if (sort_ == Sort::sum) profile(days_[d].weekend, d, true, e);
    for (std::size_t slot = 0; slot < slots_; ++slot) {
      const double y = static_cast<double>(days_[d].y[slot]);
      const bool out = days_[d].touched || days_[d].left_out[slot] || std::isnan(y);
      const double rest = y - static_cast<double>(p[slot]);
      seen.r.push_back(out ? nothing : rest - level);
      seen.base.push_back(static_cast<double>(sort_ == Sort::sum ? e[slot] : days_[d].n[slot]));
      seen.p.push_back(static_cast<double>(p[slot]));
      if (!out) level += follow() * (cap_ > 0 ? std::clamp(rest - level, -cap_, cap_) : rest - level);
    }
  }
  return seen;
}

void Profile::fit_noise(const Residuals& seen) {
  std::vector<std::pair<double, double>> pairs;  // what it rests on, residual
  for (std::size_t i = 0; i < seen.r.size(); ++i) {
    if (!std::isnan(seen.r[i])) pairs.emplace_back(seen.base[i], seen.r[i]);
  }
  noise_at_.clear(), noise_.clear();
  noise_usual_ = 1;
  if (pairs.empty()) return;
  std::sort(pairs.begin(), pairs.end());
  constexpr std::size_t bins = 8;
  std::vector<double> r;
  for (std::size_t b = 0, from = 0; b < bins; ++b) {
    std::size_t to = b + 1 == bins ? pairs.size() : pairs.size() * (b + 1) / bins;
    while (to < pairs.size() && to > 0 && pairs[to].first == pairs[to - 1].first) ++to;  // equal counts stay together
    if (to < from + 20) continue;
    r.clear();
    double sum = 0, squares = 0;
    for (std::size_t i = from; i < to; ++i) r.push_back(pairs[i].second), sum += pairs[i].second;
    const double mean = sum / static_cast<double>(r.size());
    for (const double x : r) squares += (x - mean) * (x - mean);
    const double spread = std::sqrt(squares / static_cast<double>(r.size())), middle = median(r);
    for (double& x : r) x = std::abs(x - middle);
    noise_at_.push_back(pairs[from + (to - from) / 2].first);
    noise_.push_back(std::max(1.4826 * median(r), .6 * spread));
    from = to;
  }
  if (noise_.empty()) return;
  auto sorted = noise_;
  noise_usual_ = std::max(median(sorted), 1e-12);
}

double Profile::window_sum(std::size_t length) const {
  double sum = 0, present = 0;
  for (std::size_t k = 0; k < std::min(length, tail_.size()); ++k) {
    const double z = tail_[tail_.size() - 1 - k].z;
    if (!std::isnan(z)) sum += z, ++present;
  }
  return present < static_cast<double>(std::max<std::size_t>(1, length / 2)) ? 0 : sum / std::sqrt(present);
}

double Profile::rests_on(std::size_t length) const {
  double sum = 0;
  for (std::size_t k = 0; k < std::min(length, tail_.size()); ++k) sum += tail_[tail_.size() - 1 - k].n;
  return sum;
}

void Profile::fit_limits(const Residuals& seen) {
  const auto kept = std::move(tail_);
  tail_.clear();
  std::array<std::vector<double>, 4> sums;
  double silent = 0;
  silence_limit_ = 0;
  for (std::size_t i = 0; i < seen.r.size(); ++i) {
    tail_.push_back({seen.r[i] / sigma(seen.base[i], seen.p[i]), seen.base[i]});
    if (tail_.size() > windows_.back()) tail_.pop_front();
    if (std::isnan(seen.r[i])) continue;
    for (std::size_t w = 0; w < windows_.size(); ++w) sums[w].push_back(sided(window_sum(windows_[w])));
    silent = days_[i / slots_].y[i % slots_] == 0 ? silent + seen.base[i] : 0;
    silence_limit_ = std::max(silence_limit_, silent);
  }
  silence_limit_ = std::max(settings_.silence_expected, settings_.silence_factor * silence_limit_);
  tail_ = kept;
  limits_.clear();
  for (std::size_t w = 0; w < windows_.size(); ++w)
    limits_.push_back(sums[w].empty() ? settings_.floors[w]
                                      : std::max(settings_.floors[w], settings_.strictness * quantile(sums[w], .9995)));
}

int Profile::clean_days() const {
  return static_cast<int>(std::count_if(days_.begin(), days_.end(), [](const Day& d) { return !d.touched; })) - 1;
}

// Noise and limits of the days that are known; the last of them is today and does not count.
void Profile::learn() {
  cap_ = 0;
  auto seen = residuals();
  std::vector<double> sizes;
  for (const double r : seen.r) {
    if (!std::isnan(r)) sizes.push_back(std::abs(r));
  }
  cap_ = sizes.empty() ? 1e-12 : 4 * 1.4826 * median(sizes) + 1e-12;
  fit_noise(seen);
  fit_limits(seen);
  if (!learned_) {
    level_ = 0;
    std::vector<float> p;
    for (std::size_t d = 0; d + 1 < days_.size(); ++d) {
      profile(days_[d].weekend, d, false, p);
      for (std::size_t slot = 0; slot < slots_; ++slot) {
        const double rest = static_cast<double>(days_[d].y[slot]) - static_cast<double>(p[slot]) - level_;
        if (!std::isnan(rest)) level_ += follow() * std::clamp(rest, -cap_, cap_);
      }
    }
  }
  learned_ = true;
}

Judged Profile::judge_early(double value) {
  Judged judged{.learning = true};
  if (std::isnan(value)) return judged;
  const std::size_t a_day = slots_;
  if (early_.size() >= a_day) {
    if (early_.size() >= early_fitted_ + std::max<std::size_t>(1, slots_ / 24) || early_fitted_ == 0) {
      auto sorted = early_;
      early_high_ = quantile(sorted, .999), early_low_ = quantile(sorted, .001);
      early_fitted_ = early_.size();
    }
    const bool high = direction_ != Direction::down && value > early_high_;
    const bool low = direction_ != Direction::up && value < early_low_;
    early_run_ = high || low ? early_run_ + 1 : 0;
    judged.hot = early_run_ >= 2;
    judged.low = early_low_, judged.high = early_high_;
    const double limit = high ? value / early_high_ : early_low_ / value;  // how many times; 1 where that says nothing
    judged.score = !judged.hot ? 0 : limit > 1 && std::isfinite(limit) ? limit : 1;
  }
  early_.push_back(value);
  return judged;
}

double Profile::least() const {
  return sort_ == Sort::ratio ? settings_.least_ratio : sort_ == Sort::positive ? settings_.least_positive : 0;
}

void Profile::judge_windows(Judged& judged) const {
  for (std::size_t w = 0; w < windows_.size(); ++w) {
    if (rests_on(windows_[w]) < least()) continue;
    const double sum = window_sum(windows_[w]), late = window_sum(std::max<std::size_t>(1, windows_[w] / 4));
    if (windows_[w] > 3 && (sum > 0 ? late : -late) < 1) continue;
    const double score = sided(sum) / limits_[w];
    if (score > judged.score) judged.score = score, judged.window = static_cast<std::int64_t>(windows_[w]) * step_;
  }
}

Judged Profile::judge_profile(std::size_t slot, double value, double count) {
  Judged judged{.learning = !complete_};
  const double p = static_cast<double>(p_[slot]), base = sort_ == Sort::sum ? static_cast<double>(e_[slot]) : count;
  const double s = sigma(base, p), centre = p + level_, y = to_scale(value), band = limits_.front() * s;
  judged.expected = from_scale(centre);
  judged.low = from_scale(centre - band), judged.high = from_scale(centre + band);
  tail_.push_back({(y - centre) / s, count});
  if (tail_.size() > windows_.back()) tail_.pop_front();
  if (std::isnan(y)) return judged;
  judged.z = (y - centre) / s;
  judge_windows(judged);
  if (sort_ == Sort::sum) {
    silent_run_ = value == 0 ? silent_run_ + 1 : 0;
    silent_mass_ = value == 0 ? silent_mass_ + base : 0;
    if (silent_run_ >= 2 && silent_mass_ / silence_limit_ > judged.score) {
      judged.score = silent_mass_ / silence_limit_;
      judged.window = silent_run_ * step_;
    }
  }
  judged.hot = judged.score > 1;
  return judged;
}

void Profile::settle(Judged& judged, std::size_t slot, double q) {
  if (judged.hot) {
    on_ = true, clean_ = 0;
  } else if (on_ && ++clean_ >= settings_.clear) {
    on_ = false, on_for_ = 0;
    tail_.clear();
  }
  if (on_) ++on_for_, days_.back().touched = true;
  judged.firing = on_;
  if (on_ && on_for_ < settings_.freeze_days * static_cast<std::int64_t>(slots_)) {
    days_.back().left_out[slot] = 1;
  } else if (learned_ && !std::isnan(q)) {
    level_ += follow() * std::clamp(q - level_, -cap_, cap_);
  }
}

void Profile::mark_gap(std::int64_t at) {  // what was left out: as if it were nothing
  if (tail_.empty()) return;
  const std::int64_t left_out =
      std::min<std::int64_t>((at - last_) / step_ - 1, static_cast<std::int64_t>(windows_.back()));
  for (std::int64_t i = 0; i < left_out; ++i) {
    tail_.push_back({nothing, 0});
    if (tail_.size() > windows_.back()) tail_.pop_front();
  }
}

Judged Profile::push(std::int64_t at, double value, double count) {
  const std::int64_t local = zone_.local(at), number = floor_div(local, 86400);
  const auto slot = static_cast<std::size_t>((local - number * 86400) / step_);
  if (!begun_) first_ = at, begun_ = true;
  mark_gap(at);
  last_ = at;
  const bool new_day = days_.empty() || number > days_.back().number;
  if (new_day) open_day(number);
  const std::int64_t known = (at - first_) / 86400;
  const bool ripe = known >= settings_.provisional_days, whole = known >= settings_.learn_days;
  if (ripe && (!learned_ || (whole && !complete_) || (new_day && clean_days() >= settings_.learn_days))) learn();
  if (ripe && (new_day || p_.empty() || (whole && !complete_))) {
    profile(days_.back().weekend, days_.size(), false, p_);
    if (sort_ == Sort::sum) profile(days_.back().weekend, days_.size(), true, e_);
  }
  complete_ = whole;
  Judged judged = learned_ ? judge_profile(slot, value, count) : judge_early(value);
  const double y = to_scale(value);
  days_.back().y[slot] = static_cast<float>(y);
  days_.back().n[slot] = static_cast<float>(count);
  settle(judged, slot, learned_ ? y - static_cast<double>(p_[slot]) : nothing);
  return judged;
}

}  // namespace pawl::stats
