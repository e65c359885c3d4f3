// The evaluator: a tree at one moment, and the moments of a range.
#include "promql/eval.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "promql/inside.h"

namespace pawl::promql {
namespace {

std::unexpected<Error> same_labels() {
  return fail(ErrorKind::invalid, "vector cannot contain metrics with the same labelset");
}

Result<> check_unique(const std::vector<Point>& vector) {
  if (vector.size() < 2) return {};
  std::unordered_set<Labels> seen;
  for (const Point& point : vector)
    if (!seen.insert(point.labels).second) return same_labels();
  return {};
}

// The samples of a series with from ≤ at ≤ to; of an exact counter from < at.
std::pair<std::size_t, std::size_t> places(const Series& series, Millis from, Millis to) {
  const auto& samples = series.samples;
  const bool exact = !series.added.empty();
  const auto first = std::ranges::lower_bound(samples, exact ? from + 1 : from, {}, &Sample::at);
  const auto last = std::ranges::upper_bound(samples, to, {}, &Sample::at);
  const auto begin = static_cast<std::size_t>(first - samples.begin());
  return {begin, std::max(begin, static_cast<std::size_t>(last - samples.begin()))};
}

std::optional<Sample> newest(const Series& series, Millis at, Millis lookback) {
  const auto& samples = series.samples;
  const auto after = std::ranges::upper_bound(samples, at, {}, &Sample::at);
  if (after == samples.begin()) return std::nullopt;
  const Sample& sample = *(after - 1);
  if (series.added.empty() && sample.at < at - lookback) return std::nullopt;
  return sample;
}

// What somebody who looks every `resolution` would have seen of an exact counter.
std::vector<Sample> as_scraped(const Series& series, Millis from, Millis to) {
  std::vector<Sample> out;
  const Millis width = std::max<Millis>(series.resolution, (to - from) / 10'000 + 1);
  for (Millis at = to - (to - from - 1) / width * width; at <= to; at += width)
    if (const auto sample = newest(series, at, 0)) out.push_back({at, sample->value});
  return out;
}

// What labels `absent` gives: those that the selector asks for with = and once.
Labels labels_of(Interner& interner, const Expr& expr) {
  const Expr* at = &expr;
  while (at->kind == Kind::paren || at->kind == Kind::window) at = &at->args[0];
  Pairs pairs;
  if (at->kind != Kind::selector) return interner.intern({});
  for (const Matcher& one : at->matchers) {
    const auto same = std::ranges::count(at->matchers, one.name, &Matcher::name);
    if (one.op == Matcher::Op::equal && one.name != metric_name && same == 1) pairs.emplace_back(one.name, one.value);
  }
  return interner.intern(std::move(pairs));
}

const Expr* bare(const Expr& expr) {
  const Expr* at = &expr;
  while (at->kind == Kind::paren) at = &at->args[0];
  return at;
}

}  // namespace

Millis looked_at(const Expr& modified, const Moment& now) {
  switch (modified.anchor) {
    case Anchor::none:
      return now.at - modified.offset;
    case Anchor::time:
      return modified.at - modified.offset;
    case Anchor::start:
      return now.start - modified.offset;
    case Anchor::end:
      return now.end - modified.offset;
  }
  return now.at;
}

Result<> Evaluator::spend(std::uint64_t points) {
  spent_ += points;
  if (spent_ > limits_.points)
    return fail(
        ErrorKind::exhausted,
        "query processing would look at too many samples ({} at most): ask for a shorter time, a longer step or "
        "fewer series",
        limits_.points);
  return {};
}

Result<> Evaluator::load(const Expr& root, Millis first, Millis last, Millis step, const Source& source) {
  const auto wanted = demand(root, first, last, step, limits_);
  if (wanted.empty()) return {};
  auto found = TRY(source(wanted));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    auto& loaded = loaded_[wanted[i].selector];
    for (Series& series : found[i]) {
      const Labels labels = labels_.intern(series.labels);
      loaded.push_back({.labels = labels, .series = std::move(series)});
    }
  }
  return {};
}

Result<Value> Evaluator::selector(const Expr& expr, const Moment& now) {
  Value out{.type = ValueType::vector};
  const Millis at = looked_at(expr, now);
  for (const Loaded& loaded : loaded_[&expr])
    if (const auto sample = newest(loaded.series, at, limits_.lookback))
      out.vector.push_back({loaded.labels, sample->value});
  TRY(spend(out.vector.size()));
  return out;
}

Result<std::vector<Window>> Evaluator::window(const Expr& expr, const Moment& now, Spell& spell) {
  if (expr.kind == Kind::subquery) return subquery(expr, now, spell);
  const Expr& inner = expr.args[0];
  const Millis at = looked_at(inner, now);
  spell = {at - expr.range, at, static_cast<double>(expr.range) / 1000};
  std::vector<Window> out;
  for (const Loaded& loaded : loaded_[&inner]) {
    const auto [begin, end] = places(loaded.series, spell.from, spell.to);
    if (begin == end && loaded.series.added.empty()) continue;
    Window window{.labels = loaded.labels, .samples = {loaded.series.samples.data() + begin, end - begin}};
    if (!loaded.series.added.empty()) window.added = {loaded.series.added.data() + begin, end - begin};
    TRY(spend(end - begin));
    out.push_back(std::move(window));
  }
  return out;
}

Result<std::vector<Window>> Evaluator::subquery(const Expr& expr, const Moment& now, Spell& spell) {
  const Millis step = expr.step == 0 ? limits_.usual_step : expr.step;
  const Millis at = looked_at(expr, now);
  spell = {at - expr.range, at, static_cast<double>(expr.range) / 1000};
  Millis first = spell.from - ((spell.from % step) + step) % step;
  if (first < spell.from) first += step;
  if (static_cast<std::uint64_t>((spell.to - first) / step) > limits_.points)
    return fail(ErrorKind::exhausted, "the subquery has too many steps");
  std::vector<Window> out;
  std::unordered_map<Labels, std::size_t> lines;
  for (Millis moment = first; moment <= spell.to; moment += step) {
    if (limits_.stop && limits_.stop()) return fail(ErrorKind::unavailable, "query timed out in expression evaluation");
    TRY(spend(1));
    auto value = TRY(this->value(expr.args[0], {moment, now.start, now.end}));
    if (value.type == ValueType::scalar) value.vector = {{labels_.intern({}), value.scalar}};
    for (const Point& point : value.vector) {
      const auto [line, fresh] = lines.try_emplace(point.labels, out.size());
      if (fresh) out.push_back({.labels = point.labels});
      out[line->second].own.push_back({moment, point.value});
    }
  }
  for (Window& line : out) line.samples = line.own;
  return out;
}

Result<Value> Evaluator::range_call(const Expr& expr, const Moment& now) {
  const RangeFunction function = find_range_function(expr.name);
  std::vector<double> parameters;
  const Expr* range = nullptr;
  for (const Expr& argument : expr.args) {
    if (argument.type == ValueType::matrix)
      range = bare(argument);
    else
      parameters.push_back(TRY(value(argument, now)).scalar);
  }
  if (expr.name == "holt_winters")
    for (const double factor : parameters)
      if (!(factor > 0 && factor < 1))
        return fail(ErrorKind::invalid, "invalid smoothing or trend factor: {} must be between 0 and 1", factor);
  Spell spell;
  auto windows = TRY(window(*range, now, spell));
  Value out{.type = ValueType::vector};
  const bool adds_up = expr.name == "rate" || expr.name == "increase";
  const Millis lookback = limits_.lookback;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    Window& window = windows[i];
    const bool exact = window.added.data() != nullptr;
    if (exact && !adds_up) {
      const auto& loaded = loaded_[&range->args[0]];
      const auto of = std::ranges::find(loaded, window.labels, &Loaded::labels);
      window.own = as_scraped(of->series, spell.from, spell.to);
      window.samples = window.own, window.added = {};
      TRY(spend(window.own.size() + static_cast<std::size_t>(lookback > 0)));
    }
    if (window.samples.empty()) continue;
    const Labels labels = drops_name(expr.name) ? labels_.nameless(window.labels) : window.labels;
    if (const auto result = function(window, spell, parameters)) out.vector.push_back({labels, *result});
  }
  TRY(check_unique(out.vector));
  return out;
}

Result<Value> Evaluator::call(const Expr& expr, const Moment& now) {
  if (find_range_function(expr.name) != nullptr) return range_call(expr, now);
  Value out{.type = ValueType::vector};
  if (expr.name == "absent_over_time") {
    Spell spell;
    auto windows = TRY(window(*bare(expr.args[0]), now, spell));
    std::erase_if(windows, [](const Window& one) { return one.samples.empty(); });
    if (windows.empty()) out.vector.push_back({labels_of(labels_, expr.args[0]), 1});
    return out;
  }
  if (expr.name == "timestamp" && bare(expr.args[0])->kind == Kind::selector) {
    const Expr& of = *bare(expr.args[0]);
    for (const Loaded& loaded : loaded_[&of])
      if (const auto sample = newest(loaded.series, looked_at(of, now), limits_.lookback))
        out.vector.push_back({labels_.nameless(loaded.labels), static_cast<double>(sample->at) / 1000});
    TRY(check_unique(out.vector));
    return out;
  }
  std::vector<Value> args;
  for (const Expr& argument : expr.args) args.push_back(TRY(value(argument, now)));
  if (expr.name == "absent") {
    if (args[0].vector.empty()) out.vector.push_back({labels_of(labels_, expr.args[0]), 1});
    return out;
  }
  out = TRY(instant_call(*this, expr, std::move(args), now));
  TRY(check_unique(out.vector));
  return out;
}

Result<Value> Evaluator::binary(const Expr& expr, const Moment& now) {
  Value left = TRY(value(expr.args[0], now)), right = TRY(value(expr.args[1], now));
  if (left.type == ValueType::vector && right.type == ValueType::vector)
    return joined(*this, expr, std::move(left.vector), std::move(right.vector));
  bool holds = true;
  if (left.type == ValueType::scalar && right.type == ValueType::scalar) {
    Value out{.scalar = arithmetic(expr.name, left.scalar, right.scalar, holds)};
    if (is_comparison(expr.name)) out.scalar = holds ? 1 : 0;
    return out;
  }
  const bool flipped = left.type == ValueType::scalar;
  Value out{.type = ValueType::vector};
  const bool compares = is_comparison(expr.name);
  for (const Point& point : flipped ? right.vector : left.vector) {
    double result = flipped ? arithmetic(expr.name, left.scalar, point.value, holds)
                            : arithmetic(expr.name, point.value, right.scalar, holds);
    if (compares && expr.keeps_bool) result = holds ? 1 : 0;
    if (compares && !expr.keeps_bool) {
      if (!holds) continue;
      out.vector.push_back(point);
      continue;
    }
    out.vector.push_back({labels_.nameless(point.labels), result});
  }
  TRY(check_unique(out.vector));
  return out;
}

Result<Value> Evaluator::value(const Expr& expr, const Moment& now) {
  switch (expr.kind) {
    case Kind::number:
      return Value{.scalar = expr.number};
    case Kind::text:
      return Value{.type = ValueType::text, .text = expr.text};
    case Kind::selector:
      return selector(expr, now);
    case Kind::window:
    case Kind::subquery: {
      Spell spell;
      Value out{.type = ValueType::matrix, .matrix = TRY(window(expr, now, spell))};
      for (Window& window : out.matrix)
        if (window.own.empty()) window.own.assign(window.samples.begin(), window.samples.end());
      return out;
    }
    case Kind::call:
      return call(expr, now);
    case Kind::aggregate: {
      Value parameter;
      if (expr.args.size() > 1) parameter = TRY(value(expr.args[0], now));
      auto of = TRY(value(expr.args.back(), now));
      return aggregated(*this, expr, parameter, std::move(of.vector));
    }
    case Kind::binary:
      return binary(expr, now);
    case Kind::unary: {
      Value out = TRY(value(expr.args[0], now));
      if (expr.name == "+") return out;
      out.scalar = -out.scalar;
      for (Point& point : out.vector) point = {labels_.nameless(point.labels), -point.value};
      TRY(check_unique(out.vector));
      return out;
    }
    case Kind::paren:
      return value(expr.args[0], now);
  }
  return Value{};
}

namespace {

bool keeps_order(const Expr& expr) {
  const Expr* at = bare(expr);
  for (const std::string_view name : {"sort", "sort_desc", "topk", "bottomk"})
    if ((at->kind == Kind::call || at->kind == Kind::aggregate) && at->name == name) return true;
  return false;
}

}  // namespace

Result<Answer> evaluate(const Expr& expr, Millis at, const Source& source, const Limits& limits) {
  Evaluator run(limits);
  TRY(run.load(expr, at, at, 0, source));
  Value value = TRY(run.value(expr, {at, at, at}));
  Answer out{.type = value.type, .scalar = value.scalar, .text = std::move(value.text)};
  if (!keeps_order(expr)) std::ranges::sort(value.vector, sorts_before, &Point::labels);
  for (const Point& point : value.vector) out.lines.push_back({point.labels->pairs(), {{at, point.value}}});
  std::ranges::sort(value.matrix, sorts_before, &Window::labels);
  for (Window& window : value.matrix)
    if (!window.own.empty()) out.lines.push_back({window.labels->pairs(), std::move(window.own)});
  out.points = run.spent();
  return out;
}

Result<Answer> evaluate(const Expr& expr, Millis start, Millis end, Millis step, const Source& source,
                        const Limits& limits) {
  PAWL_CHECK(end >= start && step > 0);
  if (expr.type != ValueType::scalar && expr.type != ValueType::vector)
    return fail(ErrorKind::invalid, "invalid expression type \"{}\" for range query, must be Scalar or instant Vector",
                name_of(expr.type));
  Evaluator run(limits);
  const Millis last = start + (end - start) / step * step;
  TRY(run.load(expr, start, last, step, source));
  std::unordered_map<Labels, std::vector<Sample>> lines;
  for (Millis at = start; at <= last; at += step) {
    if (limits.stop && limits.stop()) return fail(ErrorKind::unavailable, "query timed out in expression evaluation");
    Value value = TRY(run.value(expr, {at, start, last}));
    if (value.type == ValueType::scalar) value.vector = {{run.labels().intern({}), value.scalar}};
    TRY(run.spend(1 + value.vector.size()));
    for (const Point& point : value.vector) lines[point.labels].push_back({at, point.value});
  }
  std::vector<Labels> order;
  for (const auto& [labels, samples] : lines) order.push_back(labels);
  std::ranges::sort(order, sorts_before);
  Answer out{.type = ValueType::matrix};
  for (const Labels labels : order) out.lines.push_back({labels->pairs(), std::move(lines[labels])});
  out.points = run.spent();
  return out;
}

}  // namespace pawl::promql
