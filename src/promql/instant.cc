// Functions of instant vectors.
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <map>
#include <numbers>

#include "base/text.h"
#include "promql/inside.h"

namespace pawl::promql {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct Mapped {
  std::string_view name;
  double (*function)(double);
};
constexpr auto mathematics = std::to_array<Mapped>({
    {"abs", [](double x) { return std::abs(x); }},
    {"acos", [](double x) { return std::acos(x); }},
    {"acosh", [](double x) { return std::acosh(x); }},
    {"asin", [](double x) { return std::asin(x); }},
    {"asinh", [](double x) { return std::asinh(x); }},
    {"atan", [](double x) { return std::atan(x); }},
    {"atanh", [](double x) { return std::atanh(x); }},
    {"ceil", [](double x) { return std::ceil(x); }},
    {"cos", [](double x) { return std::cos(x); }},
    {"cosh", [](double x) { return std::cosh(x); }},
    {"deg", [](double x) { return x * 180 / std::numbers::pi; }},
    {"exp", [](double x) { return std::exp(x); }},
    {"floor", [](double x) { return std::floor(x); }},
    {"ln", [](double x) { return std::log(x); }},
    {"log10", [](double x) { return std::log10(x); }},
    {"log2", [](double x) { return std::log2(x); }},
    {"rad", [](double x) { return x * std::numbers::pi / 180; }},
    {"sgn", [](double x) { return x < 0   ? -1.0
                                  : x > 0 ? 1.0
                                          : x; }},
    {"sin", [](double x) { return std::sin(x); }},
    {"sinh", [](double x) { return std::sinh(x); }},
    {"sqrt", [](double x) { return std::sqrt(x); }},
    {"tan", [](double x) { return std::tan(x); }},
    {"tanh", [](double x) { return std::tanh(x); }},
});

// A part of a date in UTC, of seconds since 1970.
double date_part(std::string_view part, double at) {
  if (!(std::abs(at) < 1e11)) return nan;
  using namespace std::chrono;
  const sys_seconds time{seconds(static_cast<std::int64_t>(std::floor(at)))};
  const sys_days midnight = floor<days>(time);
  const year_month_day date{midnight};
  const hh_mm_ss clock{time - midnight};
  if (part == "minute") return static_cast<double>(clock.minutes().count());
  if (part == "hour") return static_cast<double>(clock.hours().count());
  if (part == "day_of_week") return weekday(midnight).c_encoding();
  if (part == "day_of_month") return static_cast<unsigned>(date.day());
  if (part == "day_of_year") return static_cast<double>((midnight - sys_days(date.year() / January / 1)).count() + 1);
  if (part == "days_in_month") return static_cast<unsigned>((date.year() / date.month() / last).day());
  if (part == "month") return static_cast<unsigned>(date.month());
  return static_cast<int>(date.year());
}
bool is_date_part(std::string_view name) {
  for (const std::string_view part :
       {"minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year"})
    if (name == part) return true;
  return false;
}

struct Bucket {
  double upper, count;
};

// Prometheus' bucketQuantile (promql/quantile.go): linear inside of a bucket.
double bucket_quantile(double q, std::vector<Bucket> all) {
  if (std::isnan(q)) return nan;
  if (q < 0) return -infinity;
  if (q > 1) return infinity;
  std::ranges::sort(all, {}, &Bucket::upper);
  if (all.back().upper != infinity) return nan;
  std::vector<Bucket> buckets;
  for (const Bucket& bucket : all) {
    if (!buckets.empty() && buckets.back().upper == bucket.upper)
      buckets.back().count += bucket.count;
    else
      buckets.push_back(bucket);
  }
  for (std::size_t i = 1; i < buckets.size(); ++i) buckets[i].count = std::max(buckets[i].count, buckets[i - 1].count);
  if (buckets.size() < 2 || buckets.back().count == 0 || std::isnan(buckets.back().count)) return nan;
  double rank = q * buckets.back().count;
  std::size_t at = 0;
  while (at + 1 < buckets.size() && buckets[at].count < rank) ++at;
  if (at == buckets.size() - 1) return buckets[at - 1].upper;
  if (at == 0 && buckets[0].upper <= 0) return buckets[0].upper;
  const double start = at == 0 ? 0 : buckets[at - 1].upper, before = at == 0 ? 0 : buckets[at - 1].count;
  return start + (buckets[at].upper - start) * ((rank - before) / (buckets[at].count - before));
}

Value histogram_quantile(Evaluator& run, double q, const std::vector<Point>& vector) {
  std::map<Labels, std::vector<Bucket>> groups;
  std::vector<Labels> order;
  for (const Point& point : vector) {
    const std::string_view le = point.labels->get("le");
    const auto upper =
        equals_ignoring_case(le, "+inf") || equals_ignoring_case(le, "inf") ? infinity : parse_double(le);
    if (!upper) continue;
    auto& group = groups[run.labels().without(point.labels, {"le"}, true)];
    group.push_back({*upper, point.value});
  }
  Value out{.type = ValueType::vector};
  for (auto& [labels, buckets] : groups) out.vector.push_back({labels, bucket_quantile(q, std::move(buckets))});
  return out;
}

bool is_label(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::ranges::all_of(name, [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

// "$1", "${name}" of a match, as Go's Regexp.Expand reads them.
std::string expanded(std::string_view form, const re2::RE2& pattern, const std::vector<re2::StringPiece>& groups) {
  std::string out;
  for (std::size_t i = 0; i < form.size(); ++i) {
    if (form[i] != '$' || i + 1 == form.size()) {
      out += form[i];
      continue;
    }
    if (form[i + 1] == '$') {
      out += '$', ++i;
      continue;
    }
    const bool braced = form[i + 1] == '{';
    std::size_t begin = i + 1 + static_cast<std::size_t>(braced), end = begin;
    while (end < form.size() && (std::isalnum(static_cast<unsigned char>(form[end])) != 0 || form[end] == '_')) ++end;
    if (end == begin || (braced && (end == form.size() || form[end] != '}'))) {
      out += '$';
      continue;
    }
    const std::string name(form.substr(begin, end - begin));
    const auto number = parse_int(name);
    const auto named = pattern.NamedCapturingGroups().find(name);
    const auto index = number                                          ? static_cast<std::size_t>(*number)
                       : named != pattern.NamedCapturingGroups().end() ? static_cast<std::size_t>(named->second)
                                                                       : groups.size();
    if (index < groups.size()) out.append(groups[index].data() == nullptr ? "" : groups[index].as_string());
    i = braced ? end : end - 1;
  }
  return out;
}

Result<Value> label_replace(Evaluator& run, const std::vector<Value>& args) {
  const auto pattern = TRY(whole_pattern(args[4].text));
  const std::string& label = args[1].text;
  if (!is_label(label)) return fail(ErrorKind::invalid, "invalid destination label name in label_replace(): {}", label);
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(pattern->NumberOfCapturingGroups()) + 1);
  Value out{.type = ValueType::vector};
  for (const Point& point : args[0].vector) {
    const std::string_view source = point.labels->get(args[3].text);
    const re2::StringPiece piece(source.data() == nullptr ? "" : source.data(), source.size());
    if (!pattern->Match(piece, 0, piece.size(), re2::RE2::ANCHOR_BOTH, groups.data(), static_cast<int>(groups.size())))
      out.vector.push_back(point);
    else
      out.vector.push_back(
          {run.labels().with(point.labels, label, expanded(args[2].text, *pattern, groups)), point.value});
  }
  return out;
}

Result<Value> label_join(Evaluator& run, const std::vector<Value>& args) {
  if (!is_label(args[1].text))
    return fail(ErrorKind::invalid, "invalid destination label name in label_join(): {}", args[1].text);
  Value out{.type = ValueType::vector};
  for (const Point& point : args[0].vector) {
    std::vector<std::string> parts;
    for (std::size_t i = 3; i < args.size(); ++i) parts.emplace_back(point.labels->get(args[i].text));
    out.vector.push_back({run.labels().with(point.labels, args[1].text, join(parts, args[2].text)), point.value});
  }
  return out;
}

Value sorted(std::vector<Point> vector, bool descending) {
  std::ranges::sort(vector, [&](const Point& a, const Point& b) {  // NaN last
    if (std::isnan(a.value) || std::isnan(b.value)) {
      if (std::isnan(a.value) != std::isnan(b.value)) return std::isnan(b.value);
    } else if (a.value != b.value) {
      return descending ? a.value > b.value : a.value < b.value;
    }
    return sorts_before(a.labels, b.labels);
  });
  return {.type = ValueType::vector, .vector = std::move(vector)};
}

template <typename F>
Value mapped(Evaluator& run, const std::vector<Point>& vector, F function) {
  Value out{.type = ValueType::vector};
  for (const Point& point : vector) out.vector.push_back({run.labels().nameless(point.labels), function(point.value)});
  return out;
}

Value clamped(Evaluator& run, std::string_view name, const std::vector<Value>& args) {
  const double least = name == "clamp_max" ? -infinity : args[1].scalar;
  const double most = name == "clamp_min" ? infinity : args[name == "clamp" ? 2 : 1].scalar;
  if (most < least) return {.type = ValueType::vector};
  if (std::isnan(least) || std::isnan(most)) return mapped(run, args[0].vector, [](double) { return nan; });
  return mapped(run, args[0].vector, [&](double x) { return std::isnan(x) ? x : std::max(least, std::min(most, x)); });
}

}  // namespace

Result<Value> instant_call(Evaluator& run, const Expr& expr, std::vector<Value> args, const Moment& now) {
  const std::string_view name = expr.name;
  const double seconds = static_cast<double>(now.at) / 1000;
  if (name == "time") return Value{.scalar = seconds};
  if (name == "pi") return Value{.scalar = std::numbers::pi};
  if (name == "vector") return Value{.type = ValueType::vector, .vector = {{run.labels().intern({}), args[0].scalar}}};
  if (name == "scalar") return Value{.scalar = args[0].vector.size() == 1 ? args[0].vector[0].value : nan};
  if (name == "sort" || name == "sort_desc") return sorted(std::move(args[0].vector), name == "sort_desc");
  if (name == "timestamp") return mapped(run, args[0].vector, [&](double) { return seconds; });
  if (name == "histogram_quantile") return histogram_quantile(run, args[0].scalar, args[1].vector);
  if (name == "label_replace") return label_replace(run, args);
  if (name == "label_join") return label_join(run, args);
  if (name.starts_with("clamp")) return clamped(run, name, args);
  if (is_date_part(name)) {
    if (args.empty())
      return Value{.type = ValueType::vector, .vector = {{run.labels().intern({}), date_part(name, seconds)}}};
    return mapped(run, args[0].vector, [&](double x) { return date_part(name, x); });
  }
  if (name == "round") {
    const double inverse = 1 / (args.size() > 1 ? args[1].scalar : 1);
    return mapped(run, args[0].vector, [&](double x) { return std::floor(x * inverse + .5) / inverse; });
  }
  const auto found = std::ranges::find(mathematics, name, &Mapped::name);
  if (found == mathematics.end()) return fail(ErrorKind::invalid, "{}() is not supported here", name);
  return mapped(run, args[0].vector, found->function);
}

}  // namespace pawl::promql
