// The catalogue of measures as metrics: names, units, labels.
#include <algorithm>

#include "base/text.h"
#include "inside.h"

namespace pawl::prometheus {
namespace {

using Names = std::vector<std::string_view>;

// Labels that one roll-up holds, so that nobody has to think of which.
const Names of_steps = {"agent", "environment", "kind", "status", "team"};
const Names of_models = {"agent", "environment", "model", "provider", "team"};
const Names of_tools = {"agent", "environment", "tool"};
const Names of_agents = {"agent", "environment"};

bool is_of_tools(std::string_view measure) {
  return measure.starts_with("tool_");
}
bool is_of_models(std::string_view measure) {
  return measure == "llm_calls" || measure.starts_with("tokens") || measure.starts_with("cost") ||
         measure.starts_with("ttft") || measure == "cache_hit_rate";
}

std::string named(const query::MeasureInfo& measure, double& scale) {
  std::string name = "pawl_";
  for (const char c : measure.name) name += c == '.' ? '_' : c;
  std::string unit = std::string(to_lower(measure.unit));
  if (unit == "ms") unit = "seconds", scale = 1e-3;
  if (measure.type != query::Type::duration && unit != "usd" && unit != "ratio") unit.clear();  // says it by its name
  for (const std::string_view sort : {"sum", "count"}) {  // pawl_latency_seconds_sum, as of a histogram
    if (!measure.name.ends_with(fmt::format(".{}", sort))) continue;
    name.resize(name.size() - sort.size() - 1);
    return fmt::format("{}_seconds_{}", name, sort);
  }
  if (!unit.empty() && !name.ends_with("_" + unit)) name += "_" + unit;
  return measure.adds_up ? name + "_total" : name;
}

Metric metric_of(const query::MeasureInfo& measure) {
  Metric out{.name = {}, .type = measure.adds_up ? "counter" : "gauge", .measure = std::string(measure.name)};
  out.name = named(measure, out.scale);
  out.counter = measure.adds_up;
  out.sparse = is_of_models(measure.name) || is_of_tools(measure.name) || measure.name == "guardrail_triggers";
  out.help = measure.definition;
  if (!measure.adds_up)
    out.dimensions = is_of_tools(measure.name) ? of_tools : of_agents;
  else
    out.dimensions = is_of_tools(measure.name) ? of_tools : is_of_models(measure.name) ? of_models : of_steps;
  return out;
}

}  // namespace

const std::vector<Metric>& metrics() {
  static const std::vector<Metric> all = [] {
    std::vector<Metric> out;
    for (const auto& measure : query::measures()) out.push_back(metric_of(measure));
    for (const std::string_view of : {"latency", "ttft"}) {
      const std::string family = fmt::format("pawl_{}_seconds", of);
      Metric buckets{.name = family + "_bucket", .type = "histogram", .measure = std::string(of), .counter = true};
      buckets.histogram = of;
      buckets.help = fmt::format("The times of {}.mean, by how many took at most le seconds.", of);
      buckets.dimensions = of == "ttft" ? of_models : of_steps;
      buckets.sparse = is_of_models(of);
      out.push_back(std::move(buckets));
      for (Metric& metric : out)
        if (metric.name.starts_with(family + "_")) metric.family = family, metric.type = "histogram";
    }
    std::ranges::sort(out, {}, &Metric::name);
    return out;
  }();
  return all;
}

std::string dimension_of(std::string_view label) {
  if (label.starts_with("attr_") && label.size() > 5) {
    std::string out = "attr.";
    for (std::size_t i = 5; i < label.size(); ++i) {
      const bool dot = label.substr(i).starts_with("__");
      out += dot ? '.' : label[i];
      i += static_cast<std::size_t>(dot);
    }
    return out;
  }
  for (const auto& dimension : query::dimensions())
    if (dimension.name == label && dimension.groups) return std::string(label);
  return {};
}

std::string label_of(std::string_view dimension) {
  if (!dimension.starts_with("attr.")) return std::string(dimension);
  std::string out = "attr_";
  for (const char c : dimension.substr(5)) out += c == '.' ? "__" : std::string(1, c);
  return out;
}

std::vector<const Metric*> metrics_named(const std::vector<promql::Matcher>& matchers) {
  std::vector<const Metric*> out;
  for (const Metric& metric : metrics()) {
    const bool fits = std::ranges::all_of(matchers, [&](const promql::Matcher& one) {
      return one.name != promql::metric_name || one.holds(metric.name);
    });
    if (fits) out.push_back(&metric);
  }
  return out;
}

}  // namespace pawl::prometheus
