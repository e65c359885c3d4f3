// What is usual for a series at this local time of the day and sort of day, how much that varies for so many events,
// and whether the last minutes to hours stand out of it. The detector of the rule `anomaly` (stats/anomaly.h) has one
// or two.
//
//   scale    y = √v for sums, ln v for positive numbers, v for ratios (Sort)
//   profile  P[slot] = median over the days of the same class (Mon–Fri, Sat–Sun; the last 21) of each day's mean of y
//   in
//            slots ±1 (ratios: ±12, weighted by their counts), without what was firing; slots are local time.
//            A level ℓ follows y − P slowly, and stands still while something fires
//   noise    σ(n) from the residuals of quiet days, each against the profile of the others, in eight bins of what the
//            number rests on (its own count for ratios and means, the expected one for sums)
//   windows  S_w = Σ z / √m over the last w buckets, z = (y − P − ℓ)/σ(n), m of them present (at least w/2)
//   limit    max(floor_w, K · the .9995 quantile of S_w on the quiet days): autocorrelation is paid for. The last
//            quarter of the window must still point the same way. Ratios and means need 30 and 10 events in the window
//   silence  sums only: nothing at all for two buckets, where 9 and 1.5 times more were expected than any silence of
//            the quiet days swallowed
//   over     six clean buckets; what lies before is forgotten, so that it cannot fire again for the same reason
//
// Noise and limits are found anew every midnight while 14 of the days kept are quiet; what fires longer than two days
// is the new normal. Causal: a judgement depends on earlier buckets only. For the first 7 days there is no profile; the
// largest of what was seen is the limit (from the second day); up to 14 days it is called learning.
// How the constants were chosen and what the method reaches: docs/reference/alerts.md.
#pragma once
#include <array>
#include <deque>

#include "stats/series.h"

namespace pawl::stats {

struct AnomalySettings {
  double strictness = 1.6;  // K: more is quieter
  int clear = 6;            // clean buckets until it is over
  int learn_days = 14, provisional_days = 7, keep_days = 21, freeze_days = 2;
  std::array<std::int64_t, 4> windows = {600, 1800, 7200, 28800};  // seconds
  std::array<double, 4> floors = {4.5, 5, 6, 7};
  double level_days = 6;  // how fast the level follows
  int near = 1, near_ratio = 12;
  double least_ratio = 30, least_positive = 10;  // events in a window
  double silence_expected = 9, silence_factor = 1.5;
};

struct Judged {
  bool hot = false;                                          // this bucket is out of what is usual
  bool firing = false;                                       // with the clean buckets that it takes to be over
  bool learning = false;                                     // less than 14 days are known
  double expected = nothing, low = nothing, high = nothing;  // in the unit of the series; the band of one bucket
  double score = 0;                                          // the largest S_w ÷ its limit; more than 1 is hot
  double z = nothing;                                        // of this bucket alone
  std::int64_t window = 0;                                   // seconds of that window; 0: none
};

class Profile {
 public:
  Profile(Sort sort, Direction direction, Zone zone, std::int64_t step, const AnomalySettings& settings);
  // Buckets in order of time; what is left out counts as nothing. `value` may be `nothing`.
  Judged push(std::int64_t at, double value, double count);

 private:
  struct Day {
    std::int64_t number = 0;
    bool weekend = false, touched = false;  // touched: something fired
    std::vector<float> y, n;                // by slot; y is NaN where there is nothing
    std::vector<char> left_out;             // was firing: no part of what is usual
  };
  struct Residuals {
    std::vector<double> r, base, p;  // by bucket of the days before today, in order; r is NaN where it does not count
  };
  struct Tail {
    double z, n;
  };
  double to_scale(double value) const;
  double from_scale(double y) const;
  double sided(double score) const;
  double sigma(double base, double p) const;
  void open_day(std::int64_t number);
  void profile(bool weekend, std::size_t except, bool counts, std::vector<float>& out) const;
  Residuals residuals() const;
  int clean_days() const;
  void learn();
  void fit_noise(const Residuals& seen);
  void fit_limits(const Residuals& seen);
  Judged judge_profile(std::size_t slot, double value, double count);
  void judge_windows(Judged& judged) const;
  Judged judge_early(double value);
  void mark_gap(std::int64_t at);
  double follow() const { return static_cast<double>(step_) / (settings_.level_days * 86400); }
  void settle(Judged& judged, std::size_t slot, double q);
  double rests_on(std::size_t length) const;
  double window_sum(std::size_t length) const;
  double least() const;

  Sort sort_;
  Direction direction_;
  Zone zone_;
  std::int64_t step_;
  AnomalySettings settings_;
  std::size_t slots_;
  std::array<std::size_t, 4> windows_;
  std::deque<Day> days_;
  std::int64_t first_ = 0, last_ = 0;
  bool begun_ = false, learned_ = false, complete_ = false;
  std::vector<float> p_, e_;  // profile of today, and of the counts
  double level_ = 0, cap_ = 0;
  std::vector<double> noise_at_, noise_;  // σ by what the number rests on
  double noise_usual_ = 1;
  std::vector<double> limits_;
  double silence_limit_ = 0, silent_mass_ = 0;
  int silent_run_ = 0;
  std::deque<Tail> tail_;  // the newest last; z is NaN where there is nothing
  std::vector<double> early_;
  double early_high_ = 0, early_low_ = 0;
  std::size_t early_fitted_ = 0;
  int early_run_ = 0;
  bool on_ = false;
  int clean_ = 0;
  std::int64_t on_for_ = 0;
};

}  // namespace pawl::stats
