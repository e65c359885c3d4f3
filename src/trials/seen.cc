// Trials one by one.
#include "seen.h"

#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "llm/json_scan.h"

namespace pawl::trials {
namespace {

namespace json = llm::json;

const std::vector<std::string> all_scores;

template <typename Value>
std::optional<double> mean_of(const CaseSeen& one, Value value) {
  double sum = 0, count = 0;
  for (const auto* trial : one.trials)
    if (const std::optional<double> known = trial->infra_error ? std::nullopt : value(*trial)) sum += *known, ++count;
  if (count == 0) return std::nullopt;
  return sum / count;
}

// The outcome with the least, or with the greatest mean; of equal ones the first.
const TrialSeen* extreme(const CaseSeen& one, double sign) {
  const TrialSeen* found = nullptr;
  double of_found = 0;
  for (const auto* trial : one.trials) {
    if (trial->infra_error) continue;
    const double mean = sign * trial->mean(all_scores).value_or(0);
    if (found == nullptr || mean < of_found) found = trial, of_found = mean;
  }
  return found;
}

}  // namespace

std::optional<double> TrialSeen::score(std::string_view name) const {
  for (const auto& [known, value] : scores)
    if (known == name) return value;
  return std::nullopt;
}

std::optional<double> TrialSeen::mean(const std::vector<std::string>& names) const {
  double sum = 0, count = 0;
  for (const auto& [name, value] : scores)
    if (value && (names.empty() || std::ranges::find(names, name) != names.end())) sum += *value, ++count;
  if (count == 0) return std::nullopt;
  return sum / count;
}

std::optional<TrialSeen> read_trial(std::string_view row) {
  const auto raw = json::trimmed(row);
  if (!json::is_object(raw) || !json::is_valid(raw)) return std::nullopt;
  const json::Object object(raw);
  TrialSeen out;
  const auto text = [&](std::string_view key) {
    const auto value = object.member(key);
    return json::is_null(value) ? std::string() : json::text(value);
  };
  out.case_name = text("case");
  if (out.case_name.empty()) return std::nullopt;
  out.trial_id = text("trial_id"), out.cluster = text("cluster"), out.slice = text("slice");
  out.trace = text("trace"), out.comment = text("comment");
  out.trial = json::integer(object.member("trial")).value_or(0);
  out.retries = json::integer(object.member("retries")).value_or(0);
  out.infra_error = text("status") == "infra_error";
  out.failed = object.member("failed") == "true";
  for (json::Members scores(object.member("scores")); scores.next();) {
    const bool truth = scores.value == "true" || scores.value == "false";
    out.scores.emplace_back(json::text("\"" + std::string(scores.key) + "\""),
                            truth ? std::optional<double>(scores.value == "true" ? 1 : 0) : json::number(scores.value));
  }
  const auto money = object.member("cost_usd");
  out.cost_usd = json::is_string(money) ? parse_double(json::text(money)) : json::number(money);
  out.latency_ms = json::number(object.member("latency_ms")), out.tokens = json::number(object.member("tokens"));
  if (!json::is_null(object.member("output"))) out.output = object.member("output");
  if (json::is_array(object.member("trajectory"))) out.trajectory = object.member("trajectory");
  return out;
}

std::string_view state_of(const TrialSeen& trial, const std::vector<std::string>& quality) {
  if (trial.infra_error) return "infra";
  if (trial.failed) return "crashed";
  const auto mean = trial.mean(quality);
  return !mean ? "null" : *mean >= 1 ? "pass" : *mean <= 0 ? "fail" : "part";
}

void write_strip(JsonWriter& out, const TrialSeen& trial, const std::vector<std::string>& quality) {
  out.object().field("trial", trial.trial).field("state", state_of(trial, quality)).field("value", trial.mean(quality));
  out.key("trace");
  trial.trace.empty() ? out.null() : out.value(trial.trace);
  out.end();
}

void write_trial(JsonWriter& out, const TrialSeen& trial) {
  out.object().field("trial", trial.trial).field("trial_id", trial.trial_id);
  out.field("status", trial.infra_error ? "infra_error" : "ok").field("failed", trial.failed).key("scores").object();
  for (const auto& [name, value] : trial.scores) out.field(name, value);
  out.end().field("comment", trial.comment).key("cost_usd");
  trial.cost_usd ? out.value(fmt::format("{:.6f}", *trial.cost_usd)) : out.null();
  out.field("tokens", trial.tokens).field("latency_ms", trial.latency_ms).field("retries", trial.retries);
  for (const auto& [name, raw] : {std::pair{"output", &trial.output}, {"trajectory", &trial.trajectory}}) {
    out.key(name);
    raw->empty() ? out.null() : out.raw(*raw);
  }
  out.key("trace");
  trial.trace.empty() ? out.null() : out.value(trial.trace);
  out.end();
}

const TrialSeen* CaseSeen::worst() const {
  return extreme(*this, 1);
}

const TrialSeen* CaseSeen::best() const {
  return extreme(*this, -1);
}

std::vector<CaseSeen> by_case(const std::vector<TrialSeen>& trials, const std::vector<std::string>& quality) {
  std::vector<CaseSeen> out;
  std::unordered_map<std::string_view, std::size_t> places;
  for (const auto& trial : trials) {
    const auto [found, fresh] = places.emplace(trial.case_name, out.size());
    if (fresh) out.push_back({.name = trial.case_name, .cluster = trial.cluster, .slice = trial.slice, .trials = {}});
    out[found->second].trials.push_back(&trial);
  }
  for (auto& one : out) {
    std::ranges::sort(one.trials, {}, &TrialSeen::trial);
    one.mean = mean_of(one, [&](const TrialSeen& trial) { return trial.mean(quality); });
    std::size_t passed = 0, outcomes = 0;
    for (const auto* trial : one.trials) {
      const auto state = state_of(*trial, quality);
      one.infra |= state == "infra";
      passed += state == "pass" ? 1 : 0;
      outcomes += state == "infra" || state == "null" ? 0 : 1;
    }
    one.failing = passed < outcomes;
    one.flaky = passed > 0 && passed < outcomes;
  }
  return out;
}

void write_means(JsonWriter& out, const CaseSeen& one) {
  std::vector<std::string> names;
  for (const auto* trial : one.trials)
    for (const auto& [name, value] : trial->scores)
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  out.object();
  for (const auto& name : names)
    out.field(name, mean_of(one, [&](const TrialSeen& trial) { return trial.score(name); }));
  out.end();
}

std::optional<double> total_cost(const CaseSeen& one) {
  double sum = 0;
  bool known = false;
  for (const auto* trial : one.trials)
    if (trial->cost_usd) sum += *trial->cost_usd, known = true;
  if (!known) return std::nullopt;
  return sum;
}

std::optional<double> mean_latency(const CaseSeen& one) {
  return mean_of(one, [](const TrialSeen& trial) { return trial.latency_ms; });
}

}  // namespace pawl::trials
