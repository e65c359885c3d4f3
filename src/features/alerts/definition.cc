// Reads and checks rules.
#include "definition.h"

#include "records/incidents/incidents.h"
#include "records/slos/slos.h"
#include "stats/why.h"

#include <fmt/ranges.h>
#include <simdjson.h>

#include <algorithm>

namespace pawl::alerts {
namespace {

namespace dom = simdjson::dom;

class Reader {
 public:
  explicit Reader(dom::object object) : object_(object) {}

  Result<std::string> text(std::string_view key, std::string_view fallback = "") {
    dom::element element;
    std::string_view value;
    if (object_[key].get(element) || element.is_null()) return std::string(fallback);
    if (element.get(value)) return fail(ErrorKind::invalid, "\"{}\" must be a text.", key);
    return std::string(value);
  }
  Result<std::optional<double>> number(std::string_view key) {
    dom::element element;
    double value = 0;
    if (object_[key].get(element) || element.is_null()) return std::optional<double>();
    if (element.get(value)) return fail(ErrorKind::invalid, "\"{}\" must be a number.", key);
    return std::optional<double>(value);
  }
  Result<bool> flag(std::string_view key, bool fallback) {
    dom::element element;
    bool value = fallback;
    if (object_[key].get(element) || element.is_null()) return fallback;
    if (element.get(value)) return fail(ErrorKind::invalid, "\"{}\" must be true or false.", key);
    return value;
  }
  Result<std::vector<std::string>> texts(std::string_view key) {
    dom::element element;
    dom::array array;
    std::vector<std::string> out;
    if (object_[key].get(element) || element.is_null()) return out;
    if (element.get(array)) return fail(ErrorKind::invalid, "\"{}\" must be a list of texts.", key);
    for (const auto item : array) {
      std::string_view value;
      if (item.get(value)) return fail(ErrorKind::invalid, "\"{}\" must be a list of texts.", key);
      out.emplace_back(value);
    }
    return out;
  }
  Result<std::int64_t> seconds(std::string_view key, std::int64_t fallback) {
    const std::string value = TRY(text(key));
    if (value.empty()) return fallback;
    const auto length = parse_duration(value);
    if (!length || *length < 0 || *length > 366 * day)
      return fail(ErrorKind::invalid, "\"{}\" must be a length of time such as \"10m\".", key);
    return *length / second;
  }
  // true, or the severity of what a firing opens: by that of the alert where it is true.
  Result<std::string> incident(std::string_view key, std::string_view severity) {
    dom::element element;
    if (object_[key].get(element) || element.is_null()) return std::string();
    if (bool wanted = false; !element.get(wanted)) {
      if (!wanted) return std::string();
      return std::string(severity == "page" ? "critical" : severity == "ticket" ? "major" : "minor");
    }
    std::string_view word;
    if (!element.get(word) && std::ranges::find(incidents::severities(), word) != incidents::severities().end())
      return std::string(word);
    return fail(ErrorKind::invalid, "\"{}\" must be true or one of {}.", key, fmt::join(incidents::severities(), ", "));
  }
  // [{after: "15m", channel: "ch_…"}]
  Result<std::vector<Escalation>> escalations(std::string_view key) {
    dom::element element;
    dom::array array;
    std::vector<Escalation> out;
    if (object_[key].get(element) || element.is_null()) return out;
    if (element.get(array) || array.size() > 5)
      return fail(ErrorKind::invalid, "\"{}\" must be a list of at most 5 of {{after, channel}}.", key);
    for (const auto item : array) {
      dom::object one;
      if (item.get(one)) return fail(ErrorKind::invalid, "\"{}\" must be a list of {{after, channel}}.", key);
      Reader from(one);
      out.push_back({.after = TRY(from.seconds("after", 0)), .channel = TRY(from.text("channel"))});
      if (out.back().after < 60 || out.back().channel.empty())
        return fail(ErrorKind::invalid, "\"{}\" needs \"after\" of at least 1m and \"channel\".", key);
    }
    return out;
  }
  Result<> only(std::initializer_list<std::string_view> known) {
    for (const auto field : object_) {
      if (std::ranges::find(known, field.key) == known.end())
        return fail(ErrorKind::invalid, "{} is no key of a rule. Known: {}.", field.key, fmt::join(known, ", "));
    }
    return {};
  }

 private:
  dom::object object_;
};

Result<> read_limits(Reader& from, Definition& out) {
  out.rule.kind = TRY(from.text("kind", "anomaly"));
  out.rule.above = TRY(from.number("above"));
  out.rule.below = TRY(from.number("below"));
  out.rule.recover = TRY(from.number("recover"));
  out.rule.change = TRY(from.number("change")).value_or(out.rule.change);
  out.slo = from.text("slo").value_or("");  // a name, or the share itself
  if (out.slo.empty()) out.rule.slo = TRY(from.number("slo")).value_or(out.rule.slo);
  if (!out.slo.empty() && out.rule.kind != "burn")
    return fail(ErrorKind::invalid, "\"slo\" names an objective: that is for rules of the kind burn.");
  out.distribution = TRY(from.text("distribution"));
  if (!out.distribution.empty() && out.rule.kind != "psi")
    return fail(ErrorKind::invalid, "\"distribution\" is for rules of the kind psi.");
  out.rule.anomaly.strictness = TRY(from.number("strictness")).value_or(out.rule.anomaly.strictness);
  if (out.rule.anomaly.strictness < .5 || out.rule.anomaly.strictness > 10)
    return fail(ErrorKind::invalid, "\"strictness\" must lie between 0.5 and 10; 1.6 is usual.");
  out.rule.learning_bar = TRY(from.number("learning_bar")).value_or(out.rule.learning_bar);
  out.rule.least = TRY(from.number("least")).value_or(out.rule.least);
  out.rule.window = TRY(from.seconds("window", out.rule.kind == "prediction" ? 6 * 3600
                                               : out.rule.kind == "psi"      ? 86'400
                                                                             : 3600));
  out.states.wait = TRY(from.seconds("for", 0));
  out.states.keep_firing = TRY(from.seconds("keep_firing_for", 0));
  out.states.renotify = TRY(from.seconds("renotify", 4 * 3600));
  const std::string no_data = TRY(from.text("no_data", "keep"));
  const auto mode = stats::no_data_from(no_data);
  if (!mode) return fail(ErrorKind::invalid, "\"no_data\" must be keep, ok, alert or no_data.");
  out.states.no_data = *mode;
  return {};
}

Result<> read_shape(Reader& from, Definition& out) {
  const std::string direction = TRY(from.text("direction", "both"));
  if (direction != "up" && direction != "down" && direction != "both")
    return fail(ErrorKind::invalid, "\"direction\" must be up, down or both.");
  out.shape.direction = direction == "up"     ? stats::Direction::up
                        : direction == "down" ? stats::Direction::down
                                              : stats::Direction::both;
  out.shape.step = TRY(from.seconds("step", 300));
  if (out.shape.step != 60 && out.shape.step != 300 && out.shape.step != 900 && out.shape.step != 3600)
    return fail(ErrorKind::invalid, "\"step\" must be 1m, 5m, 15m or 1h.");
  out.shape.zone_name = TRY(from.text("timezone", "UTC"));
  const auto zone = Zone::find(out.shape.zone_name);
  if (!zone) return fail(ErrorKind::invalid, "There is no time zone {}.", out.shape.zone_name);
  out.shape.zone = *zone;
  return {};
}

Result<> read_groups(Reader& from, Definition& out) {
  out.group_by = TRY(from.texts("group_by"));
  for (const auto& one : out.group_by) {
    if (one == "rule" || one == "folder" || one == "severity" || std::ranges::find(out.split, one) != out.split.end())
      continue;
    return fail(ErrorKind::invalid, "\"group_by\" is of rule, folder, severity and what the rule is split by, not {}.",
                one);
  }
  out.group_wait = TRY(from.seconds("group_wait", out.group_wait));
  out.group_interval = TRY(from.seconds("group_interval", out.group_interval));
  if (out.group_wait > 3600 || out.group_interval > 86'400)
    return fail(ErrorKind::invalid, "\"group_wait\" is at most 1h, \"group_interval\" at most 1d.");
  return {};
}

// A distribution is counted by the hour, by something that can be split by.
Result<> check_distribution(const Definition& out) {
  if (out.distribution.empty()) return {};
  if (out.shape.step != 3600) return fail(ErrorKind::invalid, "A rule on a distribution has the step 1h.");
  if (out.rule.window < 3600 || out.rule.window > 7 * 86'400)
    return fail(ErrorKind::invalid, "\"window\" of a distribution lies between 1h and 7d; 1d is usual.");
  const auto& measures = query::measures();
  const auto found = std::ranges::find(measures, out.measure, &query::MeasureInfo::name);
  if (found == measures.end() || !found->adds_up || found->type != query::Type::number)
    return fail(ErrorKind::invalid, "A distribution is of counts, such as llm_calls or traces, not of {}.",
                out.measure);
  if (out.has_bins()) return {};
  auto dimensions = out.split;
  dimensions.push_back(out.distribution);
  const query::MeasureQuery question{.measures = {out.measure}, .dimensions = dimensions, .range = {0, day}};
  if (const auto done = query::compile(1, question); !done)
    return fail(ErrorKind::invalid, "\"distribution\" is a dimension, latency or ttft: {}", done.error().what);
  return {};
}

// What is looked through for a cause can be split by.
Result<> check_explain(const Definition& out) {
  for (const auto& one : out.explain) {
    const query::MeasureQuery question{.measures = {"spans"}, .dimensions = {one}, .range = {0, day}};
    if (const auto done = query::compile(1, question); !done)
      return fail(ErrorKind::invalid, "\"explain\": {}", done.error().what);
  }
  return {};
}

// The measure, its split and filter, as the catalogue knows them.
Result<> check_question(Definition& out) {
  auto filter = query::Filter::parse(out.filter_text);
  if (!filter)
    return fail(ErrorKind::invalid, "\"filter\", at {}: {}", filter.error().position, filter.error().message);
  out.filter = std::move(*filter);
  const query::MeasureQuery question{.measures = {out.measure},
                                     .dimensions = out.split,
                                     .filter = out.filter,
                                     .range = {0, day},
                                     .step = out.step_text(),
                                     .grain = out.grain};
  const auto statement = TRY(query::compile(1, question));
  const auto& column = statement.columns.back();
  out.money = column.type == query::Type::money;
  const std::string unit(column.unit);
  out.unit = unit;
  out.shape.measure = out.measure;
  out.shape.sort = out.measure.starts_with("score.") ? stats::Sort::ratio : stats::sort_of(out.measure, unit);
  const bool amount = out.money || unit == "tokens" || out.shape.sort != stats::Sort::sum;
  out.shape.unit = out.shape.sort == stats::Sort::ratio ? "ratio" : amount ? unit : "count";
  return {};
}

}  // namespace

std::string Definition::step_text() const {
  return shape.step == 3600 ? "1h" : fmt::format("{}m", shape.step / 60);
}

std::string Definition::counted() const {
  if (!measure.starts_with("score.")) return grain == query::Grain::trace ? "traces" : "spans";
  for (const std::string_view figure : {".mean", ".pass_rate", ".count", ".sum", ".min", ".max"}) {
    if (measure.ends_with(figure)) return measure.substr(0, measure.size() - figure.size()) + ".count";
  }
  return measure + ".count";
}

Result<Definition> parse_definition(std::string_view json) {
  dom::parser parser;
  dom::object object;
  if (parser.parse(simdjson::padded_string(json)).get(object))
    return fail(ErrorKind::invalid, "A rule must be a JSON object {{name, measure, kind, …}}.");
  Reader from(object);
  TRY(from.only({"name",           "measure",      "kind",       "filter",          "split",          "grain",
                 "above",          "below",        "recover",    "window",          "change",         "slo",
                 "direction",      "for",          "no_data",    "renotify",        "severity",       "channels",
                 "runbook",        "step",         "timezone",   "enabled",         "escalate",       "explain",
                 "learning_bar",   "least",        "folder",     "incident",        "group_by",       "group_wait",
                 "group_interval", "distribution", "strictness", "keep_firing_for", "incident_window"}));
  Definition out;
  out.name = TRY(from.text("name"));
  if (out.name.empty() || out.name.size() > 200)
    return fail(ErrorKind::invalid, "\"name\" must have 1 to 200 characters.");
  out.measure = TRY(from.text("measure"));
  const bool of_slo = !from.text("slo").value_or("").empty();
  if (of_slo && !out.measure.empty())
    return fail(ErrorKind::invalid, "A rule on an objective has no \"measure\": the objective says what is bad.");
  if (of_slo) out.measure = "error_rate";  // what its share of bad runs is called
  if (out.measure.empty()) return fail(ErrorKind::invalid, "\"measure\" is missing, such as cost or error_rate.");
  out.filter_text = TRY(from.text("filter"));
  out.split = TRY(from.texts("split"));
  if (out.split.size() > 3) return fail(ErrorKind::invalid, "\"split\" has at most three dimensions.");
  const auto grain = query::grain_from(TRY(from.text("grain", "span")));
  if (!grain) return fail(ErrorKind::invalid, "\"grain\" must be span, trace or session.");
  out.grain = of_slo ? query::Grain::trace : *grain;
  out.severity = TRY(from.text("severity", "page"));
  if (out.severity != "page" && out.severity != "ticket" && out.severity != "info")
    return fail(ErrorKind::invalid, "\"severity\" must be page, ticket or info.");
  out.runbook = TRY(from.text("runbook"));
  out.folder = TRY(from.text("folder"));
  if (out.folder.size() > 100) return fail(ErrorKind::invalid, "\"folder\" has at most 100 characters.");
  TRY(read_groups(from, out));
  out.incident = TRY(from.incident("incident", out.severity));
  out.incident_window = TRY(from.seconds("incident_window", out.incident_window));
  out.channels = TRY(from.texts("channels"));
  out.escalate = TRY(from.escalations("escalate"));
  out.explain = TRY(from.texts("explain"));
  if (out.explain.size() > stats::most_dimensions)
    return fail(ErrorKind::invalid, "\"explain\" has at most {} dimensions.", stats::most_dimensions);
  out.enabled = TRY(from.flag("enabled", true));
  TRY(read_limits(from, out));
  TRY(read_shape(from, out));
  TRY(check_question(out));
  TRY(check_explain(out));
  TRY(check_distribution(out));
  TRY(stats::make_judge(out.shape, out.rule));
  return out;
}

Result<> resolve(ledger::Ledger& ledger, ProjectId project, Definition& definition) {
  if (definition.slo.empty()) return {};
  const auto found = slos::find(ledger, project, definition.slo);
  if (!found) return fail(ErrorKind::invalid, "\"slo\": {} `pawl slo list` shows them.", found.error().what);
  const auto with = [&](const std::string& text) {
    return definition.filter_text.empty() ? text : fmt::format("{} ({})", text, definition.filter_text);
  };
  definition.valid_filter = with(slos::valid_filter(*found)), definition.bad_filter = with(slos::bad_filter(*found));
  auto filter = query::Filter::parse(definition.valid_filter);
  if (!filter) return fail(ErrorKind::invalid, "The objective {} has a filter with a mistake.", definition.slo);
  definition.filter = std::move(*filter);
  definition.rule.slo = found->target, definition.slo_changed = found->changed;
  return {};
}

}  // namespace pawl::alerts
