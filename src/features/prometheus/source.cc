// Selectors → measure queries → samples.
//
// A counter is the sum of what happened: increase and rate ask for exactly the times they look at, everything else sees
// its total since the first span. A gauge at t is the measure over the time that the point stands for: the step of the
// query, five minutes at one moment.
#include <algorithm>
#include <array>
#include <map>
#include <numeric>

#include "base/text.h"
#include "inside.h"

namespace pawl::prometheus {
namespace {

using promql::Matcher;
using promql::Pairs;
using promql::Series;
using promql::Wanted;

constexpr std::uint32_t most_rows = 1'000'000;
constexpr Millis most_steps = 200'000;  // of a grid
constexpr Millis minute_ms = 60'000;

Nanos nanos(Millis at) {
  return at * millisecond;
}

Millis floor_to(Millis at, Millis width, Millis phase) {
  const Millis past = ((at - phase) % width + width) % width;
  return at - past;
}

// What is asked of the warehouse for one selector and one sort of metric.
struct Plan {
  std::vector<const Metric*> metrics;  // of the same labels and sort
  std::vector<std::string> dimensions;
  std::vector<std::string> labels;  // of those, in order
  std::vector<std::string> kept;    // labels that the series have; others were for matchers alone
  query::Filter filter;
  Millis from = 0, to = 0;  // half open
  Millis grid = 0;          // 0: one sample, at `to`
  bool totals = false;      // of a counter: what was there before `from` too
};

void add_once(std::vector<std::string>& to, std::string_view one) {
  if (std::ranges::find(to, one) == to.end()) to.emplace_back(one);
}

// What a filter can say of the matchers: those with one value. The rest is looked at afterwards.
query::Filter filter_of(const std::vector<Matcher>& matchers) {
  std::string text;
  for (const Matcher& one : matchers) {
    const std::string dimension = dimension_of(one.name);
    if (one.op != Matcher::Op::equal || one.value.empty() || dimension.empty()) continue;
    std::string term = fmt::format("{}={}", dimension, query::quoted(one.value));
    if (query::Filter::parse(term)) text += (text.empty() ? "" : " ") + term;
  }
  auto filter = query::Filter::parse(text);
  return filter ? std::move(*filter) : query::Filter();
}

bool adds_up(const Wanted& wanted) {
  return wanted.range != 0 && (wanted.function == "rate" || wanted.function == "increase");
}

void set_labels(Plan& plan, const Wanted& wanted, const Metric& metric) {
  const bool exact = wanted.summed && metric.counter;
  std::vector<std::string> names;
  if (!exact)
    for (const auto name : metric.dimensions) names.push_back(label_of(name));
  if (!exact && !metric.histogram.empty()) names.emplace_back("le");
  for (const std::string& name : wanted.named) add_once(names, name);
  if (exact)
    for (const std::string& name : wanted.grouping) add_once(names, name);
  plan.kept = names;
  for (const Matcher& one : wanted.selector->matchers) add_once(names, one.name);
  for (const std::string& name : names) {
    const std::string dimension = dimension_of(name);
    if (dimension.empty()) continue;
    plan.dimensions.push_back(dimension);
    plan.labels.push_back(name);
    if (!exact) add_once(plan.kept, name);
  }
}

// The grid on which the moments of a query lie, and the range that they need.
Result<> set_times(Plan& plan, const Wanted& wanted, const Metric& metric) {
  const bool once = wanted.step == 0 || wanted.first == wanted.last;
  const bool exact = metric.counter && adds_up(wanted);
  plan.to = wanted.last;
  if (metric.counter && !exact) plan.totals = true;
  if (once && wanted.range == 0) {
    plan.from = metric.counter ? wanted.last : wanted.last - 5 * minute_ms;
    return {};
  }
  if (once && exact) {
    plan.from = wanted.last - wanted.range;
    return {};
  }
  if (exact) {
    plan.grid = std::gcd(wanted.step, wanted.range);
  } else if (wanted.range != 0) {
    plan.grid = once || wanted.step % minute_ms == 0 ? minute_ms : std::gcd(wanted.step, minute_ms);
    if (wanted.range < 2 * minute_ms) plan.grid = std::gcd(plan.grid, std::max<Millis>(wanted.range / 4, 1000));
  } else {
    plan.grid = metric.counter || wanted.step >= minute_ms ? wanted.step
                                                           : (minute_ms + wanted.step - 1) / wanted.step * wanted.step;
  }
  plan.grid = std::max<Millis>(plan.grid, 1000);
  const Millis back = wanted.range != 0 ? wanted.range : metric.counter ? 0 : std::max(plan.grid, 5 * minute_ms);
  plan.from = floor_to(wanted.first - back, plan.grid, wanted.last);
  if ((plan.to - plan.from) / plan.grid > most_steps)
    return fail(ErrorKind::exhausted,
                "{} would need {} steps of {}: let the range in [] be a multiple of the step, or ask for less",
                metric.name, (plan.to - plan.from) / plan.grid, promql::print_duration(plan.grid));
  return {};
}

using Added = std::map<Pairs, std::map<Millis, double>>;  // by labels without the name, by the end of the step

double value_of(const query::Column& column, const native::Rows& rows, std::size_t c, std::size_t r) {
  if (column.type != query::Type::money) return rows.real(c, r);
  return static_cast<double>(rows.wide(c, r)) / 1e12;
}

// The labels of a row that the series keep; nullopt where a matcher says no.
std::optional<Pairs> labels_of(const Plan& plan, const std::vector<Matcher>& matchers, const native::Rows& rows,
                               std::size_t first, std::size_t r, std::string_view le = {}) {
  Pairs kept;
  const auto value = [&](std::string_view name) -> std::string_view {
    for (std::size_t i = 0; i < plan.labels.size(); ++i)
      if (plan.labels[i] == name) return rows.text(first + i, r);
    return name == "le" ? le : std::string_view();
  };
  for (const Matcher& one : matchers)
    if (one.name != promql::metric_name && !one.holds(value(one.name))) return std::nullopt;
  for (const std::string& name : plan.kept)
    if (const auto text = value(name); !text.empty()) kept.emplace_back(name, repair_utf8(text));
  std::ranges::sort(kept);
  return kept;
}

// The bounds of the histograms, in seconds; the last is without end.
constexpr std::array bounds = {.01, .025, .05, .1,  .25, .5,  .75, 1.,   1.5,  2.,   3.,    5.,
                               7.5, 10.,  15., 20., 30., 45., 60., 120., 300., 600., 1800., 3600.};

// A bucket of the catalogue's histogram counts under every bound that it ends below.
void add_bucket(Added& to, const Plan& plan, const std::vector<Matcher>& matchers, const native::Rows& rows,
                std::size_t first, std::size_t r, Millis at) {
  const std::size_t c = first + plan.dimensions.size();
  const double end = query::bucket_end_seconds(rows.integer(c, r)), count = rows.real(c + 1, r);
  for (std::size_t i = 0; i <= bounds.size(); ++i) {
    if (i < bounds.size() && end > bounds[i] * (1 + 1e-9)) continue;
    const std::string le = i < bounds.size() ? promql::print_value(bounds[i]) : "+Inf";
    if (const auto labels = labels_of(plan, matchers, rows, first, r, le)) to[*labels][at] += count;
  }
}

// One statement: what was added in each step of the plan, for each of its metrics; at `to` where `grid` is 0.
Result<std::vector<Added>> ask(Asker& asker, const Plan& plan, const std::vector<Matcher>& matchers, Millis from,
                               Millis to, Millis grid) {
  std::vector<Added> out(plan.metrics.size());
  if (from >= to) return out;
  const std::string_view histogram = plan.metrics[0]->histogram;
  query::MeasureQuery query{.dimensions = plan.dimensions, .filter = plan.filter, .range = {nanos(from), nanos(to)}};
  if (histogram.empty())
    for (const Metric* metric : plan.metrics) query.measures.push_back(metric->measure);
  query.grid = nanos(grid), query.phase = nanos(from);
  query.wide = true, query.limit = most_rows;
  query.now = asker.inside.clock.now();
  std::optional<traces::Rollups::Reading> still;  // what the roll-ups hold, until the answer is there
  if (asker.inside.options.rollups != nullptr) query.rolled_up = still.emplace(*asker.inside.options.rollups).through();
  const auto statement = TRY(histogram.empty() ? query::compile(asker.project, query)
                                               : query::compile_histogram(asker.project, query, histogram));
  const auto answer = TRY(asker.store.read(query::question(statement)));
  still.reset();
  asker.spent += answer.elapsed;
  const auto& rows = answer.rows;
  if (rows.size() >= query.limit)
    return fail(ErrorKind::exhausted, "{} has too many series here: ask for fewer labels, or a longer step",
                plan.metrics[0]->name);
  const std::size_t first = grid == 0 ? 0 : 1;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const Millis at = grid == 0 ? to : rows.integer(0, r) / millisecond + grid;
    if (!histogram.empty()) {
      add_bucket(out[0], plan, matchers, rows, first, r, at);
      continue;
    }
    const auto labels = labels_of(plan, matchers, rows, first, r);
    if (!labels) continue;
    for (std::size_t m = 0; m < plan.metrics.size(); ++m) {
      const std::size_t c = first + plan.dimensions.size() + m;
      if (!rows.is_null(c, r))
        out[m][*labels][at] += value_of(statement.columns[c], rows, c, r) * plan.metrics[m]->scale;
    }
  }
  return out;
}

Pairs with_name(const Pairs& labels, const std::string& name) {
  Pairs out = labels;
  out.emplace_back(promql::metric_name, name);
  return out;
}

// What was added, and what was there before, as samples.
std::vector<Series> counted(const Plan& plan, const Metric& metric, const Wanted& wanted, Added added, Added before) {
  std::vector<Series> out;
  for (const auto& [labels, total] : before) added.try_emplace(labels);
  for (const auto& [labels, steps] : added) {
    Series series{.labels = with_name(labels, metric.name), .resolution = plan.grid == 0 ? minute_ms : plan.grid};
    const auto base = before.find(labels);
    double total = base == before.end() ? 0 : base->second.begin()->second;
    const bool nothing = std::ranges::all_of(steps, [](const auto& step) { return step.second == 0; });
    if (metric.sparse && !wanted.summed && total == 0 && nothing) continue;
    if (base != before.end()) {
      series.samples.push_back({plan.from, total});
      series.added.push_back(0);
    }
    for (const auto& [at, value] : steps) {
      total += value;
      series.samples.push_back({at, total});
      series.added.push_back(value);
    }
    out.push_back(std::move(series));
  }
  return out;
}

std::vector<Series> gauged(const Metric& metric, const Added& added) {
  std::vector<Series> out;
  for (const auto& [labels, steps] : added) {
    Series series{.labels = with_name(labels, metric.name)};
    for (const auto& [at, value] : steps) series.samples.push_back({at, value});
    out.push_back(std::move(series));
  }
  return out;
}

Result<> run(Asker& asker, const Plan& plan, const Wanted& wanted, std::vector<Series>& into) {
  const auto& matchers = wanted.selector->matchers;
  auto added = TRY(ask(asker, plan, matchers, plan.from, plan.to, plan.grid));
  std::vector<Added> before(plan.metrics.size());
  if (plan.totals) before = TRY(ask(asker, plan, matchers, 0, plan.from, 0));
  for (std::size_t m = 0; m < plan.metrics.size(); ++m) {
    const Metric& metric = *plan.metrics[m];
    auto series = metric.counter ? counted(plan, metric, wanted, std::move(added[m]), std::move(before[m]))
                                 : gauged(metric, added[m]);
    std::ranges::move(series, std::back_inserter(into));
  }
  return {};
}

bool shares_statement(const Metric& a, const Metric& b) {
  return a.histogram.empty() && b.histogram.empty();
}

}  // namespace

Result<std::vector<std::vector<Series>>> series_of(Asker& asker, const std::vector<Wanted>& wanted) {
  std::vector<std::vector<Series>> out(wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const Wanted& one = wanted[i];
    std::vector<Plan> plans;  // metrics of the same labels and sort share a statement, twenty at most
    for (const Metric* metric : metrics_named(one.selector->matchers)) {
      Plan plan{.metrics = {metric}, .filter = filter_of(one.selector->matchers)};
      set_labels(plan, one, *metric);
      TRY(set_times(plan, one, *metric));
      const auto same = std::ranges::find_if(plans, [&](const Plan& other) {
        return other.metrics.size() < 20 && other.dimensions == plan.dimensions && other.kept == plan.kept &&
               other.metrics[0]->counter == metric->counter && shares_statement(*other.metrics[0], *metric);
      });
      if (same == plans.end())
        plans.push_back(std::move(plan));
      else
        same->metrics.push_back(metric);
    }
    for (const Plan& plan : plans) TRY(run(asker, plan, one, out[i]));
    const bool up = std::ranges::all_of(one.selector->matchers, [](const Matcher& matcher) {
      return matcher.holds(matcher.name == promql::metric_name ? "up" : matcher.name == "job" ? "pawl" : "");
    });
    if (!up) continue;
    Series series{.labels = {{std::string(promql::metric_name), "up"}, {"job", "pawl"}}};
    const Millis step = std::max<Millis>(minute_ms, (one.to - one.from) / most_steps);
    for (Millis at = one.to - (one.to - one.from) / step * step; at <= one.to; at += step)
      series.samples.push_back({at, 1});
    out[i].push_back(std::move(series));
  }
  return out;
}

Result<std::vector<Pairs>> label_sets(Asker& asker, const std::vector<Matcher>& matchers, Millis from, Millis to) {
  promql::Expr selector{.kind = promql::Kind::selector, .type = promql::ValueType::vector, .matchers = matchers};
  Wanted wanted{.selector = &selector,
                .from = from,
                .to = to,
                .first = to,
                .last = to,
                .range = std::max<Millis>(to - from, 1),
                .function = "increase"};
  std::vector<Pairs> out;
  std::vector<Plan> plans;
  for (const Metric* metric : metrics_named(matchers)) {
    Plan plan{.metrics = {metric}, .filter = filter_of(matchers), .from = from, .to = to};
    set_labels(plan, wanted, *metric);
    const auto same = std::ranges::find_if(plans, [&](const Plan& other) {
      return other.metrics.size() < 20 && other.dimensions == plan.dimensions &&
             other.metrics[0]->counter == metric->counter && shares_statement(*other.metrics[0], *metric);
    });
    if (same == plans.end())
      plans.push_back(std::move(plan));
    else
      same->metrics.push_back(metric);
  }
  for (const Plan& plan : plans) {
    std::vector<Series> series;
    TRY(run(asker, plan, wanted, series));
    for (Series& one : series) out.push_back(std::move(one.labels));
  }
  return out;
}

}  // namespace pawl::prometheus
