// One judge a kind of rule, one state machine for all.
#include "stats/backtest.h"

#include <cmath>
#include <deque>
#include <functional>
#include <memory>

#include "stats/burn.h"
#include "stats/drift.h"
#include "stats/forecast.h"
#include "stats/mix.h"
#include "stats/stl.h"

namespace pawl::stats {
namespace {

Result<Judge> anomaly(const Series& series, const Rule& rule) {
  auto detector = std::make_shared<Anomaly>(series.sort, series.direction, series.zone, series.step, rule.anomaly,
                                            series.unit == "count");
  if (rule.learning_bar < 1 || rule.least < 0)
    return fail(ErrorKind::invalid, "learning_bar is 1 or more, and least is not below 0.");
  auto told = std::make_shared<bool>(false);  // this episode was beyond what a rule that learns, or a least, asks for
  return Judge([=, bar = rule.learning_bar, least = rule.least](std::int64_t at, double value, double count) {
    const auto judged = detector->push(at, value, count);
    const double bound = value > judged.high ? judged.high : judged.low;
    const double from = std::isnan(judged.expected) ? bound : judged.expected;
    const bool far = least <= 0 || std::abs(value - from) >= least;
    // Of the first week there is no profile: half as far beyond the largest that was seen.
    const double wanted = !judged.learning ? 0 : std::isnan(judged.expected) ? (1 + bar) / 2 : bar;
    *told = judged.firing && (*told || (far && judged.score >= wanted));
    return Verdict{.seen = *told ? Seen::bad : Seen::good,
                   .learning = judged.learning,
                   .score = judged.score,
                   .expected = judged.expected,
                   .low = judged.low,
                   .high = judged.high};
  });
}

Result<Judge> threshold(const Series&, const Rule& rule) {
  if (rule.above.has_value() == rule.below.has_value())
    return fail(ErrorKind::invalid, "The rule threshold needs one of --above and --below.");
  const bool above = rule.above.has_value();
  const double limit = above ? *rule.above : *rule.below;
  if (rule.recover && (above ? *rule.recover > limit : *rule.recover < limit))
    return fail(ErrorKind::invalid, "--recover must lie on the good side of the limit.");
  return Judge([=, recover = rule.recover](std::int64_t, double value, double) {
    return Verdict{.seen = judge(value, above, limit, recover)};
  });
}

// Sums of the last buckets of a length, and of those a week of local days before.
Result<Judge> change(const Series& series, const Rule& rule) {
  if (rule.window < series.step || rule.window > 86400)
    return fail(ErrorKind::invalid, "--window must lie between the step of {} s and a day.", series.step);
  if (rule.change <= 0) return fail(ErrorKind::invalid, "--change must be more than 0 (0.5 = half as much again).");
  struct Kept {
    double value, count;
  };
  auto kept = std::make_shared<std::deque<Kept>>();
  const auto length = static_cast<std::size_t>(rule.window / series.step);
  const auto week = static_cast<std::size_t>(7 * 86400 / series.step);
  const auto turn = static_cast<std::size_t>(7200 / std::min<std::int64_t>(series.step, 7200));
  return Judge([=, zone = series.zone, step = series.step, sort = series.sort, share = rule.change,
                direction = series.direction](std::int64_t at, double value, double count) {
    kept->push_back({value, count});
    if (kept->size() > week + length + turn) kept->pop_front();
    const std::int64_t moved = (zone.offset(at) - zone.offset(at - 7 * 86400)) / step;  // the clocks were changed
    const auto back = static_cast<std::size_t>(static_cast<std::int64_t>(week) + moved);
    if (kept->size() < back + length) return Verdict{.learning = true};
    struct Mean {
      double mean = 0, error = 0, events = 0, n = 0;
    };
    const auto mean_of = [&](std::size_t ago) {
      Mean m;
      double sum = 0, squares = 0;
      for (std::size_t k = 0; k < length; ++k) {
        const Kept& one = (*kept)[kept->size() - 1 - ago - k];
        if (std::isnan(one.value)) continue;
        sum += one.value, squares += one.value * one.value, m.events += one.count, ++m.n;
      }
      if (m.n < 2) return m;
      m.mean = sum / m.n;
      m.error = std::sqrt(std::max(0.0, squares / m.n - m.mean * m.mean) / (m.n - 1));
      return m;
    };
    const Mean now = mean_of(0), then = mean_of(back);
    if (now.n < 2 || then.n < 2) return Verdict{.seen = Seen::nothing};
    const double difference = now.mean - then.mean, noise = std::hypot(now.error, then.error);
    const bool known = then.events >= 30 && (now.events >= 30 || sort == Sort::sum);
    const bool large = known && std::abs(difference) > share * std::abs(then.mean) && std::abs(difference) > 4 * noise;
    const bool wrong_way =
        (direction == Direction::up && difference < 0) || (direction == Direction::down && difference > 0);
    return Verdict{.seen = large && !wrong_way ? Seen::bad : Seen::good, .expected = then.mean};
  });
}

Result<Judge> page_hinkley(const Series& series, const Rule& rule) {
  struct Inside {
    Anomaly detector;
    PageHinkley watch;
  };
  auto quiet = rule.anomaly;
  quiet.strictness = 1e9;  // the profile alone: what is usual, and how much it varies
  for (auto& floor : quiet.floors) floor = 1e9;
  auto inside = std::make_shared<Inside>(
      Inside{Anomaly(series.sort, series.direction, series.zone, series.step, quiet), PageHinkley(rule.delta)});
  return Judge([=, lambda = rule.lambda, delta = rule.delta, direction = series.direction](std::int64_t at,
                                                                                           double value, double count) {
    const auto judged = inside->detector.push(at, value, count);
    if (std::isnan(judged.z))
      return Verdict{.seen = std::isnan(value) ? Seen::nothing : Seen::good, .learning = judged.learning};
    inside->watch.push(judged.z);
    const bool bad = (direction != Direction::down && inside->watch.up() > lambda) ||
                     (direction != Direction::up && inside->watch.down() > lambda);
    if (bad) inside->watch = PageHinkley(delta);  // a change is told once
    return Verdict{.seen = bad ? Seen::bad : Seen::good, .learning = judged.learning, .expected = judged.expected};
  });
}

// Nothing for so long that nine events were expected, by the same profile that the anomaly rule has, and half as much
// again as any silence swallowed that ended before anybody was told.
Result<Judge> silence(const Series& series, const Rule& rule) {
  auto detector = std::make_shared<Anomaly>(Sort::sum, Direction::both, series.zone, series.step, rule.anomaly, true);
  struct Inside {
    double missing = 0, usual = 0;
  };
  auto in = std::make_shared<Inside>();
  return Judge([=, bar = rule.learning_bar](std::int64_t at, double, double count) {
    const auto judged = detector->push(at, count, count);
    const double limit = std::max(9., 1.5 * in->usual) * (judged.learning ? bar : 1);
    if (count > 0) {
      if (in->missing < limit) in->usual = std::max(in->usual, in->missing);
      in->missing = 0;
    } else if (!std::isnan(judged.expected)) {
      in->missing += judged.expected;
    }
    return Verdict{.seen = in->missing >= limit ? Seen::bad : Seen::good,
                   .learning = judged.learning,
                   .score = in->missing / limit,
                   .expected = judged.expected};
  });
}

Result<Judge> burn(const Series& series, const Rule& rule) {
  if (series.sort != Sort::ratio)
    return fail(ErrorKind::invalid,
                "The rule burn needs a ratio of bad to all (unit \"ratio\"); this one is in \"{}\".", series.unit);
  if (rule.slo <= 0 || rule.slo >= 1) return fail(ErrorKind::invalid, "--slo must lie between 0 and 1, such as 0.999.");
  if (series.step < 60 || series.step > 300)
    return fail(ErrorKind::invalid, "The rule burn needs a step of 1 to 5 minutes; its short window has 5.");
  auto budget = std::make_shared<Burn>(rule.slo);
  return Judge([=, minutes = series.step / 60, good = series.direction == Direction::down](std::int64_t, double value,
                                                                                           double count) {
    const double bad = std::isnan(value) ? 0 : (good ? 1 - value : value) * count;
    for (std::int64_t i = 0; i < minutes; ++i)
      budget->push(bad / static_cast<double>(minutes), count / static_cast<double>(minutes));
    for (const auto& one : burn_rules) {
      if (budget->fires(one)) return Verdict{.seen = Seen::bad};
    }
    return Verdict{.seen = Seen::good};
  });
}

// Several Holt–Winters side by side; the one with the least one-step errors so far speaks.
class Forecasts {
 public:
  bool begin(const std::vector<double>& hours) {
    for (const double phi : {.95, .98, 1.0}) {
      for (const double alpha : {.15, .3, .6}) {
        for (const double beta : {.02, .1}) {
          if (auto model = HoltWinters::from(hours, 24, {alpha, beta, .15, phi})) models_.push_back(std::move(*model));
        }
      }
    }
    for (const double y : hours) push(y);
    return !models_.empty();
  }
  void push(double y) {
    for (auto& model : models_) model.push(y);
  }
  const HoltWinters* best() const {
    const auto least = std::ranges::min_element(models_, {}, &HoltWinters::sigma2);
    return least == models_.end() ? nullptr : &*least;
  }

 private:
  std::vector<HoltWinters> models_;
};

// Hourly, with the season of a day; fires when the bound nearer to the good side crosses within the window.
Result<Judge> prediction(const Series& series, const Rule& rule) {
  if (rule.above.has_value() == rule.below.has_value())
    return fail(ErrorKind::invalid, "The rule prediction needs one of --above and --below.");
  if (series.step > 3600) return fail(ErrorKind::invalid, "The rule prediction needs a step of at most an hour.");
  struct Inside {
    std::vector<double> hours;
    double sum = 0, n = 0;
    std::int64_t hour = 0;
    bool bad = false;
    Forecasts models;
    bool begun = false;
  };
  auto in = std::make_shared<Inside>();
  const auto ahead = static_cast<std::size_t>(std::clamp<std::int64_t>(rule.window / 3600, 1, 48));
  return Judge([=, above = rule.above, below = rule.below](std::int64_t at, double value, double) {
    const std::int64_t hour = at / 3600;
    if (in->hour != 0 && hour != in->hour) {
      in->hours.push_back(in->n > 0 ? in->sum / in->n : nothing);
      in->sum = in->n = 0;
      if (in->begun) in->models.push(in->hours.back());
      if (!in->begun && in->hours.size() >= 48) {
        in->begun = in->models.begin(in->hours);
        if (!in->begun) in->hours.erase(in->hours.begin(), in->hours.begin() + 24);  // nothing yet: a day later again
      }
      in->bad = false;
      const HoltWinters* model = in->hours.size() >= 72 ? in->models.best() : nullptr;
      for (std::size_t h = 1; model != nullptr && h <= ahead; ++h) {
        const double half = 1.2816 * std::sqrt(model->variance(h)), middle = model->ahead(h);  // 80 %
        in->bad |= (above && middle - half > *above) || (below && middle + half < *below);
      }
    }
    in->hour = hour;
    if (!std::isnan(value)) in->sum += value, ++in->n;
    return Verdict{.seen = in->bad ? Seen::bad : Seen::good, .learning = in->hours.size() < 72};
  });
}

// Hours against trend and season of the last 14 days, found anew every day and carried on for the next one.
struct StlPicture {
  static constexpr std::size_t kept = 14 * 24;
  std::deque<double> hours;
  std::vector<double> season;  // of the next 24 hours
  double trend = 0, spread = 0;
  std::size_t since = 0;  // hours since the last fit
  double expected() const { return season.empty() ? nothing : trend + season[since % 24]; }

  void push(double value) {  // of an hour, after it was judged
    if (std::isnan(value)) value = season.empty() ? (hours.empty() ? 0 : hours.back()) : expected();
    hours.push_back(value);
    ++since;
    if (hours.size() > kept) hours.pop_front();
    if (hours.size() < kept || (!season.empty() && since < 24)) return;
    const auto found = decompose(std::vector<double>(hours.begin(), hours.end()));
    if (found.trend.empty()) return;
    season.assign(found.season.end() - 24, found.season.end());
    trend = found.trend.back() + found.middle, spread = found.spread, since = 0;
  }
};

Result<Judge> stl(const Series& series, const Rule& rule) {
  if (series.step > 3600) return fail(ErrorKind::invalid, "The rule stl needs a step of at most an hour.");
  struct Inside {
    StlPicture picture;
    std::int64_t hour = 0, parts = 0;
    double sum = 0, n = 0;
    Verdict last{.learning = true};
  };
  auto in = std::make_shared<Inside>();
  const double limit = 6 * rule.anomaly.strictness / AnomalySettings().strictness;
  return Judge([=, direction = series.direction, whole = 3600 / series.step](std::int64_t at, double value, double) {
    if (at / 3600 != in->hour) in->hour = at / 3600, in->parts = 0, in->sum = in->n = 0;
    if (!std::isnan(value)) in->sum += value, ++in->n;
    if (++in->parts < whole) return in->last;
    const double mean = in->n > 0 ? in->sum / in->n : nothing, expected = in->picture.expected();
    const double away = mean - expected, most = limit * std::max(in->picture.spread, 1e-6 * std::abs(expected) + 1e-9);
    const bool bad = (direction != Direction::down && away > most) || (direction != Direction::up && away < -most);
    in->last = {.seen = std::isnan(mean) ? Seen::nothing
                        : bad            ? Seen::bad
                                         : Seen::good,
                .learning = std::isnan(expected),
                .score = std::isnan(away) ? 0 : std::abs(away) / most,
                .expected = expected,
                .low = expected - most,
                .high = expected + most};
    in->picture.push(mean);
    return in->last;
  });
}

// How the values themselves are distributed, once an hour: those of the window against those of 14 days before.
Result<Judge> drifted(const Series& series, const Rule& rule) {
  if (rule.window < 3600 || rule.window > 7 * 86'400)
    return fail(ErrorKind::invalid, "The rule psi needs a window of 1 hour to 7 days; a day is usual.");
  struct Inside {
    std::deque<std::pair<std::int64_t, double>> values;
    Verdict last{.learning = true};
  };
  auto in = std::make_shared<Inside>();
  return Judge([=, window = rule.window, step = series.step](std::int64_t at, double value, double) {
    if (!std::isnan(value)) in->values.emplace_back(at, value);
    while (!in->values.empty() && in->values.front().first <= at - window - 14 * 86'400) in->values.pop_front();
    if ((at + step) % 3600 != 0) return in->last;
    std::vector<double> before, now;
    for (const auto& [when, one] : in->values) (when <= at - window ? before : now).push_back(one);
    const std::int64_t known = before.empty() ? 0 : at - window - in->values.front().first;
    in->last = {.learning = known < 13 * 86'400};
    if (known < 2 * 86'400 || before.size() < 200 || now.size() < 20) return in->last;
    const auto edges = quantile_edges(before);
    const auto found = psi(counts_in(edges, before), counts_in(edges, now));
    in->last.score = found.value / found.limit(), in->last.high = found.limit();
    in->last.seen = found.value > found.limit() ? Seen::bad : Seen::good;
    return in->last;
  });
}

struct Kind {
  std::string_view name;
  Result<Judge> (*make)(const Series&, const Rule&);
};
constexpr std::array<Kind, 9> kinds = {{{"anomaly", anomaly},
                                        {"threshold", threshold},
                                        {"change", change},
                                        {"page_hinkley", page_hinkley},
                                        {"prediction", prediction},
                                        {"burn", burn},
                                        {"silence", silence},
                                        {"stl", stl},
                                        {"psi", drifted}}};

}  // namespace

std::vector<std::string_view> rule_kinds() {
  std::vector<std::string_view> names;
  for (const auto& kind : kinds) names.push_back(kind.name);
  return names;
}

Result<Judge> make_judge(const Series& shape, const Rule& rule) {
  const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const Kind& one) { return one.name == rule.kind; });
  if (kind == kinds.end())
    return fail(ErrorKind::invalid, "There is no rule {}: it is one of {}.", rule.kind, fmt::join(rule_kinds(), ", "));
  if (rule.wait < 0 || rule.keep_firing < 0) return fail(ErrorKind::invalid, "A length of time cannot be less than 0.");
  return kind->make(shape, rule);
}

Result<std::vector<Firing>> backtest(const Series& series, const Rule& rule) {
  const Judge judge_bucket = TRY(make_judge(series, rule));
  const StateRule states{.wait = rule.wait, .keep_firing = rule.keep_firing};
  Instance instance;
  std::vector<Firing> firings;
  for (std::size_t i = 0; i < series.values.size(); ++i) {
    const auto verdict = judge_bucket(series.at(i), series.values[i], series.counts[i]);
    for (const auto notice : advance(instance, states, verdict.seen, series.at(i)).notices) {
      if (notice == Notice::firing) firings.push_back({.fired_at = series.at(i), .learning = verdict.learning});
      if (notice == Notice::resolved) firings.back().resolved_at = series.at(i);
    }
  }
  return firings;
}

}  // namespace pawl::stats
