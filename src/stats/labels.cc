// Reads labels, counts hits.
#include "stats/labels.h"

#include <simdjson.h>

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace pawl::stats {
namespace {

namespace dom = simdjson::dom;

Result<std::vector<Labelled::Span>> spans_of(const dom::element& labels, std::string_view key) {
  std::vector<Labelled::Span> spans;
  dom::array array;
  if (labels[key].get(array)) return fail(ErrorKind::invalid, "\"labels.{}\" must be a list.", key);
  for (const auto item : array) {
    Labelled::Span span;
    std::string_view kind;
    if (item["start_index"].get(span.from) || item["end_index"].get(span.to))
      return fail(ErrorKind::invalid, "\"labels.{}\" needs start_index and end_index.", key);
    if (!item["kind"].get(kind)) span.kind = kind;
    spans.push_back(std::move(span));
  }
  return spans;
}

}  // namespace

Result<std::vector<Labelled>> parse_labelled(std::string_view lines) {
  std::vector<Labelled> all;
  dom::parser parser;
  for (const auto line : split(lines, '\n')) {
    if (trim(line).empty()) continue;
    Labelled one{.series = TRY(parse_series(line)), .incidents = {}, .ignored = {}};
    dom::element root, labels;
    if (parser.parse(simdjson::padded_string(line)).get(root) || root["labels"].get(labels))
      return fail(ErrorKind::invalid, "A labelled series needs \"labels\".");
    one.incidents = TRY(spans_of(labels, "incidents"));
    one.ignored = TRY(spans_of(labels, "ignore"));
    all.push_back(std::move(one));
  }
  return all;
}

void Marks::add(const Labelled& labelled, const std::vector<Firing>& firings) {
  const Series& series = labelled.series;
  const auto n = static_cast<std::int64_t>(series.values.size());
  const std::int64_t warm = 14 * 86400 / series.step, an_hour = 3600 / series.step;
  std::vector<bool> hit(labelled.incidents.size(), false);
  incidents += labelled.incidents.size();
  weeks += (static_cast<double>(n * series.step) / 86400 - 14) / 7;
  for (const auto& firing : firings) {
    const std::int64_t a = (firing.fired_at - series.start) / series.step;
    if (a < warm || a >= n) continue;
    bool counted = false;
    for (std::size_t j = 0; j < labelled.incidents.size() && !counted; ++j) {
      const auto& incident = labelled.incidents[j];
      const bool inside = a >= incident.from - 1 && a < incident.to + 3;
      counted = inside || (a >= incident.to && a < incident.to + an_hour);
      if (!inside) continue;
      if (hit[j]) {
        ++repeats;
        continue;
      }
      hit[j] = true, ++detected;
      delays.push_back(static_cast<double>(std::max<std::int64_t>(0, a - incident.from) * series.step) / 60);
    }
    for (const auto& skip : labelled.ignored) counted |= a >= skip.from - 6 && a < skip.to + 6;
    if (!counted) ++wrong;
  }
}

double Marks::precision() const {
  return static_cast<double>(detected) / static_cast<double>(std::max<std::size_t>(1, detected + wrong));
}
double Marks::recall() const {
  return static_cast<double>(detected) / static_cast<double>(std::max<std::size_t>(1, incidents));
}
double Marks::f1() const {
  const double p = precision(), r = recall();
  return p + r > 0 ? 2 * p * r / (p + r) : 0;
}
double Marks::median_delay() const {
  if (delays.empty()) return 0;
  auto sorted = delays;
  std::sort(sorted.begin(), sorted.end());
  const auto middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

}  // namespace pawl::stats
