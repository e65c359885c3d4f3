// Reads a series from JSON.
#include "stats/series.h"

#include <simdjson.h>

#include <cmath>

namespace pawl::stats {
namespace {

namespace dom = simdjson::dom;
constexpr std::size_t most_values = 2'000'000;

Result<std::string> text_of(const dom::object& object, std::string_view key, std::string_view fallback) {
  dom::element element;
  if (object[key].get(element) || element.is_null()) return std::string(fallback);
  std::string_view text;
  if (element.get(text)) return fail(ErrorKind::invalid, "\"{}\" must be a text.", key);
  return std::string(text);
}

Result<std::vector<double>> numbers_of(const dom::element& element, std::string_view key) {
  dom::array array;
  if (element.get(array)) return fail(ErrorKind::invalid, "\"{}\" must be a list of numbers and nulls.", key);
  std::vector<double> numbers;
  for (const auto item : array) {
    double number = nothing;
    if (!item.is_null() && item.get(number))
      return fail(ErrorKind::invalid, "\"{}\"[{}] must be a number or null.", key, numbers.size());
    if (numbers.size() == most_values)
      return fail(ErrorKind::invalid, "\"{}\" has more than {} entries: use a longer step.", key, most_values);
    numbers.push_back(number);
  }
  return numbers;
}

Result<> read_times(const dom::object& object, Series& series) {
  const std::string start = TRY(text_of(object, "start", ""));
  const auto time = parse_time(start);
  if (!time) return fail(ErrorKind::invalid, "\"start\" must be a time such as 2026-11-21T00:00:00Z.");
  series.start = *time / second;
  double step = 0;
  dom::element element;
  if (object["step_s"].get(element) || element.get(step) || step < 1 || step > 86400 || step != std::floor(step))
    return fail(ErrorKind::invalid, "\"step_s\" must be a whole number of seconds, 1 to 86400.");
  series.step = static_cast<std::int64_t>(step);
  if (86400 % series.step != 0)
    return fail(ErrorKind::invalid, "\"step_s\" is {}: it must divide a day (60, 300, 3600 …).", series.step);
  series.zone_name = TRY(text_of(object, "timezone", "UTC"));
  const auto zone = Zone::find(series.zone_name);
  if (!zone)
    return fail(ErrorKind::invalid, "There is no time zone {}: \"timezone\" is an IANA name.", series.zone_name);
  series.zone = *zone;
  return {};
}

Result<> read_counts(const dom::object& object, Series& series) {
  dom::element element;
  if (object["counts"].get(element) || element.is_null()) {
    for (const double value : series.values) series.counts.push_back(std::isnan(value) ? 0 : 1);
    return {};
  }
  series.counts = TRY(numbers_of(element, "counts"));
  if (series.counts.size() != series.values.size())
    return fail(ErrorKind::invalid, "\"counts\" has {} entries and \"values\" {}: one of each a step.",
                series.counts.size(), series.values.size());
  for (std::size_t i = 0; i < series.counts.size(); ++i) {
    if (std::isnan(series.counts[i])) series.counts[i] = 0;
    if (series.counts[i] < 0) return fail(ErrorKind::invalid, "\"counts\"[{}] is less than 0.", i);
  }
  return {};
}

}  // namespace

Sort sort_of(std::string_view measure, std::string_view unit) {
  if (unit == "ratio" || unit == "score" || unit == "share" || measure.ends_with("_rate")) return Sort::ratio;
  if (unit == "ms" || unit == "s" || unit == "ns" || measure.contains("_per_") || measure.ends_with(".mean"))
    return Sort::positive;
  return Sort::sum;
}

Result<Series> parse_series(std::string_view json) {
  dom::parser parser;
  dom::element root;
  if (const auto error = parser.parse(simdjson::padded_string(json)).get(root))
    return fail(ErrorKind::invalid, "The series is no JSON: {}.", simdjson::error_message(error));
  dom::object object;
  if (root.get(object)) return fail(ErrorKind::invalid, "A series must be an object {{start, step_s, values, …}}.");
  Series series;
  series.id = TRY(text_of(object, "id", ""));
  series.measure = TRY(text_of(object, "measure", ""));
  series.unit = TRY(text_of(object, "unit", ""));
  series.sort = sort_of(series.measure, series.unit);
  const std::string direction = TRY(text_of(object, "direction", "both"));
  if (direction != "up" && direction != "down" && direction != "both")
    return fail(ErrorKind::invalid, "\"direction\" is \"{}\": it must be up, down or both.", direction);
  series.direction = direction == "up" ? Direction::up : direction == "down" ? Direction::down : Direction::both;
  TRY(read_times(object, series));
  dom::element values;
  if (object["values"].get(values))
    return fail(ErrorKind::invalid, "\"values\" is missing: a list of numbers and nulls.");
  series.values = TRY(numbers_of(values, "values"));
  TRY(read_counts(object, series));
  return series;
}

}  // namespace pawl::stats
