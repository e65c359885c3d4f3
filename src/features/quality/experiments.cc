// What is said of an experiment: counts, means with intervals, pass^k, money, time left.
#include "experiments.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "llm/json_scan.h"
#include "stats/means.h"
#include "stats/pass_k.h"

namespace pawl::quality {
namespace {

namespace json = llm::json;
using trials::TrialSeen;

constexpr std::size_t most_kept = 1000, most_k = 10;

struct Totals {
  std::uint64_t outcomes = 0, failed = 0, infra = 0, cost_unknown = 0;
  double cost = 0, latency_sum = 0;
  bool cost_known = false;
  std::vector<double> latencies;
};

Totals totals_of(const std::vector<TrialSeen>& all) {
  Totals out;
  for (const auto& one : all) {
    if (one.infra_error) {
      ++out.infra;
      continue;
    }
    ++out.outcomes;
    out.failed += one.failed ? 1 : 0;
    out.cost_unknown += one.cost_usd ? 0 : 1;
    if (one.cost_usd) out.cost += *one.cost_usd, out.cost_known = true;
    if (one.latency_ms) out.latencies.push_back(*one.latency_ms), out.latency_sum += *one.latency_ms;
  }
  return out;
}

void write_latency(JsonWriter& out, Totals& totals) {
  out.key("latency_ms");
  if (totals.latencies.empty()) {
    out.null();
    return;
  }
  std::ranges::sort(totals.latencies);
  const std::size_t count = totals.latencies.size();
  out.object().field("mean", totals.latency_sum / static_cast<double>(count));
  out.field("p95", totals.latencies[std::min(count - 1, count * 95 / 100)]).end();
}

// pass^k and pass@k for k = 1 … as far as every case has trials.
void write_pass(JsonWriter& out, const std::vector<stats::Trials>& cases, bool binary) {
  std::int64_t k = cases.empty() || !binary ? 0 : most_k;
  for (const auto& one : cases) k = std::min(k, one.trials);
  using Function = Result<double> (*)(std::span<const stats::Trials>, std::int64_t);
  for (const auto& [name, function] :
       {std::pair<std::string_view, Function>{"pass_hat_k", stats::pass_hat_k}, {"pass_at_k", stats::pass_at_k}}) {
    out.key(name);
    if (k == 0) {
      out.null();
      continue;
    }
    out.array();
    for (std::int64_t i = 1; i <= k; ++i) {
      const auto value = function(cases, i);
      value ? out.value(*value) : out.null();
    }
    out.end();
  }
}

struct Limits {
  std::optional<double> least, most;
};

// What the score cannot leave: as it is defined; 0 and 1 where it is yes or no, or given by one of our own evaluators.
Limits limits_of(const std::string& name, const About& about, bool binary,
                 const std::vector<scores::Definition>& definitions) {
  for (const auto& one : definitions)
    if (one.name == name && (one.least || one.most)) return {one.least, one.most};
  for (json::Elements list(about.evaluators); list.next();) {
    const auto kind = json::member(list.value, "kind");
    if (json::text(json::member(list.value, "name")) == name && json::is_string(kind) && json::text(kind) != "program")
      return {0, 1};
  }
  return binary ? Limits{0, 1} : Limits{};
}

void write_interval(JsonWriter& out, const std::vector<stats::Values>& grouped, const Limits& limits) {
  out.key("ci");
  const auto error = stats::mean_se(grouped);
  if (!error) {
    out.null();
    return;
  }
  const auto inside = [&](double value) {
    if (limits.least) value = std::max(value, *limits.least);
    return limits.most ? std::min(value, *limits.most) : value;
  };
  out.array().value(inside(error->ci.low)).value(inside(error->ci.high)).end();
}

void write_metric(JsonWriter& out, const std::string& name, const About& about, const std::vector<TrialSeen>& all,
                  const std::vector<scores::Definition>& definitions) {
  std::map<std::string, std::map<std::string, stats::Values>, std::less<>> families;  // then cases
  std::map<std::string, stats::Trials, std::less<>> cases;
  std::uint64_t nulls = 0, passed = 0, known = 0;
  bool binary = true;
  for (const auto& one : all) {
    if (one.infra_error) continue;
    const auto value = one.score(name);
    if (!value) {
      ++nulls;
      continue;
    }
    ++known;
    binary &= *value == 0 || *value == 1;
    passed += *value == 1 ? 1 : 0;
    families[one.cluster.empty() ? "case " + one.case_name : "family " + one.cluster][one.case_name].push_back(*value);
    auto& of_case = cases[one.case_name];
    ++of_case.trials, of_case.passed += *value == 1 ? 1 : 0;
  }
  // The unit is the case, as in a comparison: one that was tried more often weighs no more.
  std::vector<stats::Values> grouped;
  double sum = 0;
  for (const auto& [family, of_cases] : families) {
    auto& means = grouped.emplace_back();
    for (const auto& [name_of_case, values] : of_cases) means.push_back(stats::mean_of(values));
    for (const double mean : means) sum += mean;
  }
  std::vector<stats::Trials> by_case;
  for (const auto& [key, one] : cases) by_case.push_back(one);
  const auto among = [&](const std::vector<std::string>& names) {
    return std::ranges::find(names, name) != names.end();
  };
  const bool named = !about.quality.empty() || !about.safety.empty();
  const std::string_view role = among(about.safety) ? "safety" : named && !among(about.quality) ? "watched" : "quality";
  out.object().field("name", name).field("role", role);
  out.field("mean", known == 0 ? std::nullopt : std::optional<double>(sum / static_cast<double>(by_case.size())));
  write_interval(out, grouped, limits_of(name, about, binary, definitions));
  out.field("cases", std::uint64_t{by_case.size()}).field("nulls", nulls);
  out.field("passed", binary && known > 0 ? std::optional<std::uint64_t>(passed) : std::nullopt);
  write_pass(out, by_case, binary);
  out.end();
}

std::vector<std::string> score_names(const std::vector<TrialSeen>& all) {
  std::vector<std::string> out;
  for (const auto& one : all)
    for (const auto& [name, value] : one.scores)
      if (std::ranges::find(out, name) == out.end()) out.push_back(name);
  return out;
}

// Everything that follows from the trials; the slow part, so it is kept until they change.
std::string measured(const Results& results, const std::vector<scores::Definition>& definitions) {
  auto totals = totals_of(results.trials);
  std::vector<std::string_view> cases;
  for (const auto& one : results.trials) cases.push_back(one.case_name);
  std::ranges::sort(cases);
  cases.erase(std::ranges::unique(cases).begin(), cases.end());
  JsonWriter out;
  out.object().field("trials", totals.outcomes).field("cases", std::uint64_t{cases.size()});
  out.field("failed", totals.failed).field("infra_errors", totals.infra);
  write_money(out, "cost_usd", totals.cost_known ? std::optional<double>(totals.cost) : std::nullopt);
  out.field("cost_unknown", totals.cost_unknown);
  write_latency(out, totals);
  out.key("metrics").array();
  for (const auto& name : score_names(results.trials))
    write_metric(out, name, results.about, results.trials, definitions);
  return out.end().end().take();
}

std::optional<double> seconds_left(const datasets::Experiment& one, const About& about, std::uint64_t done, Nanos now) {
  const auto planned = static_cast<double>(about.planned), had = static_cast<double>(done);
  if (one.state != "running" || done == 0 || about.started == 0 || had > planned) return std::nullopt;
  return static_cast<double>(now - about.started) / 1e9 / had * (planned - had);
}

std::string raw_or(const std::string& raw, std::string_view otherwise) {
  return raw.empty() ? std::string(otherwise) : raw;
}

std::vector<std::string> names_in(std::string_view list) {
  std::vector<std::string> out;
  for (json::Elements names(list); names.next();)
    if (json::is_string(names.value)) out.push_back(json::text(names.value));
  return out;
}

}  // namespace

About read_about(std::string_view text) {
  const json::Object object(text.empty() ? "{}" : text);
  const auto words = [&](std::string_view key) {
    return json::is_string(object.member(key)) ? json::text(object.member(key)) : std::string();
  };
  About out{.manifest = words("manifest"),
            .commit = words("commit"),
            .dataset = words("dataset"),
            .dataset_version = words("dataset_version"),
            .evaluators_version = words("evaluators_version"),
            .quality = names_in(object.member("quality")),
            .safety = names_in(object.member("safety")),
            .planned = json::integer(object.member("planned")).value_or(0),
            .started = json::integer(object.member("started")).value_or(0),
            .spend_cap_usd = json::number(object.member("spend_cap_usd")),
            .capped = object.member("capped") == "true"};
  if (json::is_object(object.member("agent"))) out.agent = object.member("agent");
  if (json::is_array(object.member("evaluators"))) out.evaluators = object.member("evaluators");
  return out;
}

std::string about_text(const About& about) {
  JsonWriter out;
  out.object().key("agent").raw(raw_or(about.agent, "null")).field("manifest", about.manifest);
  out.field("commit", about.commit).field("dataset", about.dataset).field("dataset_version", about.dataset_version);
  out.key("evaluators").raw(raw_or(about.evaluators, "[]")).field("evaluators_version", about.evaluators_version);
  for (const auto& [name, list] : {std::pair{"quality", &about.quality}, {"safety", &about.safety}}) {
    out.key(name).array();
    for (const auto& one : *list) out.value(one);
    out.end();
  }
  out.field("planned", about.planned).field("started", about.started).field("spend_cap_usd", about.spend_cap_usd);
  return out.field("capped", about.capped).end().take();
}

void write_text(JsonWriter& out, std::string_view key, const std::string& text) {
  out.key(key);
  text.empty() ? out.null() : out.value(text);
}

void write_money(JsonWriter& out, std::string_view key, const std::optional<double>& amount) {
  out.key(key);
  amount ? out.value(fmt::format("{:.6f}", *amount)) : out.null();
}

void write_case_or_null(JsonWriter& out, const std::optional<datasets::Item>& item) {
  out.key("case");
  item ? datasets::write_case(out, *item) : static_cast<void>(out.null());
}

std::string beginning_of(const std::string& output) {
  const std::string text = json::is_string(output) ? json::text(output) : output;
  const auto part = utf8_prefix(text, 300);
  return part.size() < text.size() ? std::string(part) + "…" : text;
}

CaseFilter case_filter_of(const net::Request& request) {
  return {to_lower(request.query.get("q")), std::string(request.query.get("slice"))};
}

bool CaseFilter::takes(const trials::CaseSeen& one) const {
  if (!slice.empty() && one.slice != slice) return false;
  if (part.empty() || contains_ignoring_case(one.name, part)) return true;
  return std::ranges::any_of(one.trials, [&](const TrialSeen* trial) {
    return contains_ignoring_case(trial->comment, part) || contains_ignoring_case(trial->output, part);
  });
}

Result<Results> results_of(Quality::Inside& inside, ProjectId project, std::string_view id, std::string_view of_case) {
  Results out;
  out.experiment = TRY(inside.parts.datasets.find_experiment(project, id));
  out.about = read_about(out.experiment.about);
  for (auto& one : TRY(inside.parts.datasets.trials(project, out.experiment.id, of_case))) {
    if (auto seen = trials::read_trial(one.row)) out.trials.push_back(std::move(*seen));
    out.rows += one.row;
    out.rows += '\n';
  }
  return out;
}

std::vector<std::string> quality_of(const Results& results, const trials::Terms& terms) {
  if (!terms.quality.empty() || !terms.safety.empty()) return terms.quality;
  return results.about.quality;
}

Result<std::string> experiment_json(Quality::Inside& inside, ProjectId project, const datasets::Experiment& one) {
  const auto about = read_about(one.about);
  const auto key = std::pair(project, one.id);
  const auto definitions = TRY(inside.parts.scores.definitions(project));
  Nanos stamp = one.changed;
  for (const auto& definition : definitions) stamp = std::max(stamp, definition.changed);
  std::string numbers;
  {
    const std::lock_guard lock(inside.mutex);
    const auto found = inside.measured.find(key);
    if (found != inside.measured.end() && found->second.first == stamp) numbers = found->second.second;
  }
  if (numbers.empty()) {
    numbers = measured(TRY(results_of(inside, project, one.id)), definitions);
    const std::lock_guard lock(inside.mutex);
    if (inside.measured.size() > most_kept) inside.measured.clear();
    inside.measured[key] = {stamp, numbers};
  }
  std::string dataset = about.dataset;
  if (!one.dataset.empty())
    if (const auto found = inside.parts.datasets.find(project, one.dataset)) dataset = found->name;
  JsonWriter out;
  out.object().field("id", one.id).field("name", one.name).field("description", one.description);
  out.field("dataset", dataset).field("dataset_version", about.dataset_version).key("agent");
  out.raw(raw_or(about.agent, R"({"kind":"","target":"","model":""})")).field("manifest", about.manifest);
  out.field("branch", one.branch).field("commit", about.commit).key("evaluators").raw(raw_or(about.evaluators, "[]"));
  out.field("evaluators_version", about.evaluators_version).field("state", one.state);
  out.field("created", format_time(one.created)).field("changed", format_time(one.changed)).key("ended");
  one.ended == 0 ? out.null() : out.value(format_time(one.ended));
  out.field("planned", about.planned).field("infra_max", trials::Terms().infra_max);
  for (json::Members members(numbers); members.next();) out.key(members.key).raw(members.value);
  const auto done = static_cast<std::uint64_t>(json::integer(json::member(numbers, "trials")).value_or(0));
  out.field("seconds_left", seconds_left(one, about, done, inside.clock.now()));
  out.field("spend_cap_usd", about.spend_cap_usd).field("capped", about.capped).key("metadata");
  out.raw(raw_or(one.metadata, "null"));
  return out.end().take();
}

std::optional<datasets::Item> case_of(Quality::Inside& inside, ProjectId project, const Results& results,
                                      std::string_view name) {
  if (results.experiment.dataset.empty()) return std::nullopt;
  const auto newest = inside.parts.datasets.find_case(project, results.experiment.dataset, name);
  if (!newest) return std::nullopt;
  const auto version = parse_int(results.about.dataset_version);
  if (!version) return *newest;
  const auto all = inside.parts.datasets.versions_of(project, newest->id);
  for (const auto& one : all.value_or(std::vector<datasets::Item>()))
    if (one.version <= *version) return one;
  return *newest;
}

}  // namespace pawl::quality
