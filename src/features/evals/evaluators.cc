// Deterministic evaluators.
#include "evaluators.h"

#include <re2/re2.h>
#include <simdjson.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "base/json.h"
#include "base/text.h"
#include "guard/secrets.h"
#include "llm/json_scan.h"
#include "stats/requests.h"

namespace pawl::evals {
namespace {

namespace json = llm::json;
namespace sj = simdjson;

constexpr std::string_view kinds[] = {"exact",      "contains", "not_contains", "regex",  "json",  "numeric",
                                      "trajectory", "cost",     "latency",      "tokens", "steps", "no_secrets"};
constexpr std::string_view metrics[] = {"exact", "in_order", "any_order", "unordered", "within", "precision", "recall"};

std::string text_of(const std::string& raw) {
  return json::is_string(raw) ? json::text(raw) : raw;
}

// What pawl stats says of two trajectories; the same code, the same words.
std::optional<double> compared(const std::string& actual, const std::string& expected, const std::string& metric,
                               const std::string& arguments) {
  JsonWriter request;
  request.object().field("id", "e").field("fn", "trajectory").key("in").object();
  request.key("actual").raw(actual.empty() ? "[]" : actual).key("expected").raw(expected.empty() ? "[]" : expected);
  if (arguments != "exact") request.field("arguments", arguments);
  const std::string answer = stats::answer(request.end().end().take());
  sj::dom::parser parser;
  sj::dom::element root, value;
  bool truth = false;
  double number = 0;
  if (parser.parse(answer).get(root) || root["out"][metric].get(value)) return std::nullopt;
  if (!value.get(truth)) return truth ? 1 : 0;
  if (!value.get(number)) return number;
  return std::nullopt;
}

// Equal as JSON: objects in any order, 5 is 5.0, "5" is not.
bool same_json(const std::string& a, const std::string& b) {
  const auto call = [](const std::string& raw) {
    return fmt::format("[{{\"name\":\"v\",\"arguments\":{{\"v\":{}}}}}]", raw.empty() ? "null" : raw);
  };
  return compared(call(a), call(b), "exact", "exact") == 1;
}

Given at_most(const std::optional<double>& value, double most, std::string_view unit) {
  if (!value) return {std::nullopt, "not known"};
  return {*value <= most ? 1 : 0, fmt::format("{:.6g} {}, at most {:.6g}", *value, unit, most)};
}

Given contains(const Evaluator& e, const std::string& output, const std::string& wanted, bool should) {
  const bool there = e.ignore_case ? contains_ignoring_case(output, wanted) : output.find(wanted) != std::string::npos;
  return {there == should ? 1 : 0, there ? "is there" : "is not there"};
}

Given numeric(const Evaluator& e, const std::string& output, const std::string& wanted) {
  const auto is = parse_double(trim(output)), should = parse_double(trim(wanted));
  if (!should) return {std::nullopt, "the expected outcome is no number"};
  if (!is) return {0, "the output is no number"};
  const bool near = std::abs(*is - *should) <= std::max(e.absolute, e.relative * std::abs(*should));
  return {near ? 1 : 0, fmt::format("{:.6g}, expected {:.6g}", *is, *should)};
}

Given no_secrets(const Outcome& outcome) {
  static const guard::SecretScanner scanner(guard::certain_secrets);
  const auto found = scanner.find(outcome.output);
  const auto in_calls = scanner.find(outcome.trajectory);
  if (found.empty() && in_calls.empty()) return {1, ""};
  return {0, fmt::format("{} of kind {}", found.size() + in_calls.size(),
                         guard::name_of((found.empty() ? in_calls : found).front().kind))};
}

std::size_t calls_in(const std::string& trajectory) {
  std::size_t count = 0;
  for (json::Elements calls(trajectory); calls.next();) ++count;
  return count;
}

// One table or object of the file.
struct Fields {
  std::vector<std::pair<std::string, std::string>> texts;
  std::string take(std::string_view name) {
    for (auto& [key, value] : texts)
      if (key == name) return std::exchange(value, "");
    return "";
  }
};

Result<Evaluator> evaluator_of(Fields fields, std::size_t place) {
  constexpr std::string_view known[] = {"name",     "kind",     "value",  "ignore_case", "most",
                                        "absolute", "relative", "metric", "arguments"};
  for (const auto& [key, value] : fields.texts)
    if (std::ranges::find(known, key) == std::end(known)) {
      const auto near = nearest(key, {std::begin(known), std::end(known)});
      return fail(ErrorKind::invalid, "Evaluator {}: {} is not known.{}", place, key,
                  near.empty() ? "" : fmt::format(" Did you mean {}?", near));
    }
  Evaluator e{.name = fields.take("name"), .kind = fields.take("kind"), .value = fields.take("value")};
  if (std::ranges::find(kinds, e.kind) == std::end(kinds)) {
    const auto near = nearest(e.kind, {std::begin(kinds), std::end(kinds)});
    return fail(ErrorKind::invalid, "Evaluator {}: there is no kind \"{}\".{} Known: {}.", place, e.kind,
                near.empty() ? "" : fmt::format(" Did you mean {}?", near), known_kinds());
  }
  if (e.name.empty()) e.name = e.kind;
  e.ignore_case = fields.take("ignore_case") == "true";
  for (const auto& [name, into] : {std::pair{"most", &e.most}, {"absolute", &e.absolute}, {"relative", &e.relative}}) {
    const auto given = fields.take(name);
    const auto number = given.empty() ? std::optional<double>(0) : parse_double(given);
    if (!number || *number < 0)
      return fail(ErrorKind::invalid, "Evaluator {}: {} must be a number from 0.", e.name, name);
    *into = *number;
  }
  if (auto metric = fields.take("metric"); !metric.empty()) e.metric = metric;
  if (auto arguments = fields.take("arguments"); !arguments.empty()) e.arguments = arguments;
  if (std::ranges::find(metrics, e.metric) == std::end(metrics))
    return fail(ErrorKind::invalid,
                "Evaluator {}: metric is one of exact, in_order, any_order, unordered, within, precision, recall.",
                e.name);
  if (e.kind == "regex") {
    const RE2 re(e.value, RE2::Quiet);
    if (e.value.empty() || !re.ok())
      return fail(ErrorKind::invalid, "Evaluator {}: value is no regular expression: {}", e.name, re.error());
  }
  return e;
}

Result<std::vector<Fields>> fields_of_json(std::string_view text) {
  if (!json::is_valid(json::trimmed(text))) return fail(ErrorKind::invalid, "The evaluators are no JSON.");
  std::vector<Fields> out;
  for (json::Elements list(json::member(json::trimmed(text), "evaluator")); list.next();) {
    auto& fields = out.emplace_back();
    for (json::Members members(list.value); members.next();)
      fields.texts.emplace_back(members.key, json::text(members.value));
  }
  return out;
}

Result<std::vector<Fields>> fields_of_toml(std::string_view text) {
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error& wrong) {
    return fail(ErrorKind::invalid, "line {}: {}", wrong.source().begin.line, wrong.description());
  }
  std::vector<Fields> out;
  const auto* list = table["evaluator"].as_array();
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    auto& fields = out.emplace_back();
    const auto* one = (*list)[i].as_table();
    if (one == nullptr) continue;
    for (const auto& [key, value] : *one) {
      std::string said = value.value<std::string>().value_or("");
      if (const auto number = value.value<double>(); number && said.empty()) said = fmt::format("{}", *number);
      if (value.is_boolean()) said = value.value_or(false) ? "true" : "false";
      fields.texts.emplace_back(key.str(), said);
    }
  }
  return out;
}

}  // namespace

std::string known_kinds() {
  std::string out;
  for (const auto kind : kinds) out += fmt::format("{}{}", out.empty() ? "" : ", ", kind);
  return out;
}

Result<std::vector<Evaluator>> read_evaluators(std::string_view text, bool is_json) {
  const auto all = TRY(is_json ? fields_of_json(text) : fields_of_toml(text));
  if (all.empty()) return fail(ErrorKind::invalid, "There is no [[evaluator]] in the file.");
  std::vector<Evaluator> out;
  for (const auto& fields : all) {
    auto one = TRY(evaluator_of(fields, out.size() + 1));
    for (const auto& other : out)
      if (other.name == one.name) return fail(ErrorKind::invalid, "Two evaluators are called {}.", one.name);
    out.push_back(std::move(one));
  }
  return out;
}

Given evaluate(const Evaluator& e, const datasets::Item& item, const Outcome& outcome) {
  if (e.kind == "cost") return at_most(outcome.cost_usd, e.most, "USD");
  if (e.kind == "latency") return at_most(outcome.latency_ms, e.most, "ms");
  if (e.kind == "tokens") return at_most(outcome.tokens, e.most, "tokens");
  if (e.kind == "no_secrets") return no_secrets(outcome);
  if (outcome.failed) return {0, outcome.comment};
  if (e.kind == "steps") return at_most(static_cast<double>(calls_in(outcome.trajectory)), e.most, "calls");
  if (e.kind == "trajectory") {
    if (item.trajectory.empty()) return {std::nullopt, "no calls are expected of this case"};
    return {compared(outcome.trajectory, item.trajectory, e.metric, e.arguments), ""};
  }
  const std::string output = text_of(outcome.output);
  if (e.kind == "regex") return {RE2::PartialMatch(output, RE2(e.value, RE2::Quiet)) ? 1 : 0, ""};
  if (e.value.empty() && item.expected.empty()) return {std::nullopt, "nothing is expected of this case"};
  const std::string wanted = e.value.empty() ? text_of(item.expected) : e.value;
  if (e.kind == "contains") return contains(e, output, wanted, true);
  if (e.kind == "not_contains") return contains(e, output, wanted, false);
  if (e.kind == "numeric") return numeric(e, output, wanted);
  if (e.kind == "json") return {same_json(outcome.output, item.expected) ? 1 : 0, ""};
  const bool same = e.ignore_case ? equals_ignoring_case(trim(output), trim(wanted)) : trim(output) == trim(wanted);
  return {same ? 1 : 0, ""};
}

}  // namespace pawl::evals
