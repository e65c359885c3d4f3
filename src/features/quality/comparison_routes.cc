// Two or more experiments side by side, by the code of the gate: verdicts, what fell case by case, and where two runs
// of a case part.
#include <algorithm>

#include "base/text.h"
#include "experiments.h"
#include "llm/json_scan.h"
#include "trace_outcome.h"
#include "trials/align.h"
#include "trials/write.h"

namespace pawl::quality {
namespace {

using trials::CaseSeen;
using trials::Comparison;
using trials::Terms;
using trials::TrialSeen;

constexpr std::size_t most_candidates = 8;
constexpr std::string_view kinds[] = {"all",   "regressed",    "fell",  "rose",          "same",
                                      "flaky", "new_failures", "infra", "only_baseline", "only_candidate"};

Result<std::vector<std::string>> experiments_asked(const net::Request& request) {
  std::vector<std::string> out;
  for (const std::string_view key : {"baseline", "candidate"}) {
    const std::string said(request.query.get(key));
    if (said.empty()) return fail(ErrorKind::invalid, "{}= is needed: an experiment's id or name.", key);
    if (key == "baseline") {
      out.push_back(said);
      continue;
    }
    for (const auto one : split(said, ','))
      if (!trim(one).empty()) out.emplace_back(trim(one));
  }
  if (out.size() < 2 || out.size() > most_candidates + 1)
    return fail(ErrorKind::invalid, "candidate= names 1 to {} experiments.", most_candidates);
  return out;
}

Result<Terms> terms_of(const net::Request& request, const About& about) {
  Terms terms;
  for (const auto& [key, into] : {std::pair{"quality", &terms.quality}, {"safety", &terms.safety}})
    for (const auto one : split(request.query.get(key), ','))
      if (!trim(one).empty()) into->emplace_back(trim(one));
  if (terms.quality.empty() && terms.safety.empty()) terms.quality = about.quality, terms.safety = about.safety;
  for (const auto& [key, into] : {std::pair{"margin", &terms.margin},
                                  {"cost_margin", &terms.cost_margin},
                                  {"latency_margin", &terms.latency_margin},
                                  {"alpha", &terms.alpha},
                                  {"infra_max", &terms.infra_max}}) {
    const auto said = request.query.find(key);
    if (!said || said->empty()) continue;
    const auto number = parse_double(*said);
    if (!number) return fail(ErrorKind::invalid, "{}={} must be a number.", key, *said);
    *into = *number;
  }
  if (auto wrong = trials::limits(terms); !wrong.empty()) {
    if (wrong.starts_with("--")) wrong = wrong.substr(2);
    return fail(ErrorKind::invalid, "{}", wrong);
  }
  return terms;
}

// One candidate against the baseline.
struct Pair {
  std::optional<Comparison> comparison;
  std::string reason;  // why there is none
  std::uint64_t bad_rows = 0, infra[2] = {0, 0};
};

Result<Pair> compare_pair(const Terms& terms, const Results& a, const Results& b) {
  trials::Names names;
  const auto baseline = trials::read_rows(a.rows, names), candidate = trials::read_rows(b.rows, names);
  Pair out{.bad_rows = baseline.bad_count + candidate.bad_count,
           .infra = {baseline.infra_errors, candidate.infra_errors}};
  out.reason = trials::obstacle(terms, baseline, candidate, a.experiment.name, b.experiment.name);
  const auto &of_a = a.about.dataset_version, &of_b = b.about.dataset_version;
  if (out.reason.empty() && (a.experiment.dataset != b.experiment.dataset || of_a != of_b))
    out.reason = fmt::format(
        "They were run on different datasets or versions (\"{}\" and \"{}\"): run both on the same.", of_a, of_b);
  const auto &by_a = a.about.evaluators_version, &by_b = b.about.evaluators_version;
  if (out.reason.empty() && !by_a.empty() && !by_b.empty() && by_a != by_b)
    out.reason = fmt::format("They were judged by different evaluators (\"{}\" and \"{}\"): judge both by the same.",
                             by_a, by_b);
  if (!out.reason.empty()) return out;
  auto compared = trials::compare(terms, names, baseline, candidate);
  if (compared) {
    out.comparison = std::move(*compared);
  } else if (compared.error().kind == ErrorKind::not_found) {
    out.reason = compared.error().what;
  } else {
    return std::unexpected(compared.error());
  }
  return out;
}

// ---- cases

struct Compared {
  std::string_view name;
  const CaseSeen* baseline = nullptr;
  std::vector<const CaseSeen*> candidates;
  std::string_view finding = "same";
  std::optional<double> diff;
  bool flaky = false, newly_flaky = false;
  std::vector<std::string> new_failures;

  const CaseSeen& any() const {
    if (baseline != nullptr) return *baseline;
    return **std::ranges::find_if(candidates, [](const CaseSeen* one) { return one != nullptr; });
  }
  bool infra() const {
    return (baseline != nullptr && baseline->infra) || (candidates.front() != nullptr && candidates.front()->infra);
  }
};

struct Table {
  std::vector<std::vector<CaseSeen>> sides;
  std::vector<Compared> rows;
};

void judge(Compared& one, const Comparison* comparison) {
  const auto* now = one.candidates.front();
  if (one.baseline == nullptr || now == nullptr) {
    one.finding = one.baseline == nullptr ? "only_candidate" : "only_baseline";
    return;
  }
  if (one.baseline->mean && now->mean) one.diff = *now->mean - *one.baseline->mean;
  if (one.diff && *one.diff > 1e-12) one.finding = "rose";
  if (one.diff && *one.diff < -1e-12) one.finding = "fell";
  if (comparison == nullptr) return;
  for (const auto& flaky : comparison->flaky)
    if (flaky.case_name == one.name) one.flaky = true, one.newly_flaky |= flaky.fresh;
  for (const auto& changed : comparison->changed) {
    if (changed.case_name != one.name) continue;
    if (changed.regressed) one.finding = "regressed";
    if (one.finding == "same") one.finding = "fell";
  }
  for (const auto& metric : comparison->metrics)
    if (std::ranges::find(metric.new_failures, one.name) != metric.new_failures.end())
      one.new_failures.push_back(metric.name);
}

int rank_of(const Compared& one) {
  if (!one.new_failures.empty()) return 0;
  constexpr std::string_view order[] = {"regressed", "fell", "rose", "same", "only_baseline", "only_candidate"};
  return 1 + static_cast<int>(std::ranges::find(order, one.finding) - std::begin(order));
}

Table table_of(const std::vector<Results>& all, const Terms& terms, const Comparison* comparison) {
  Table out;
  std::unordered_map<std::string_view, std::size_t> places;
  for (const auto& one : all) out.sides.push_back(trials::by_case(one.trials, quality_of(one, terms)));
  for (std::size_t side = 0; side < out.sides.size(); ++side) {
    for (const auto& one : out.sides[side]) {
      const auto [found, fresh] = places.emplace(one.name, out.rows.size());
      if (fresh) out.rows.push_back({.name = one.name, .candidates = {}, .new_failures = {}});
      auto& row = out.rows[found->second];
      row.candidates.resize(all.size() - 1);
      (side == 0 ? row.baseline : row.candidates[side - 1]) = &one;
    }
  }
  for (auto& row : out.rows) judge(row, comparison);
  std::ranges::sort(out.rows, [](const Compared& a, const Compared& b) {
    const int of_a = rank_of(a), of_b = rank_of(b);
    if (of_a != of_b) return of_a < of_b;
    const double fall_a = a.diff.value_or(0), fall_b = b.diff.value_or(0);
    return fall_a != fall_b ? fall_a < fall_b : a.name < b.name;
  });
  return out;
}

bool shown(const Compared& one, std::string_view show) {
  if (show == "all") return true;
  if (show == "flaky") return one.flaky;
  if (show == "new_failures") return !one.new_failures.empty();
  if (show == "infra") return one.infra();
  return one.finding == show;
}

void write_counts(JsonWriter& out, const Table& table) {
  out.key("counts").object();
  const auto count = [&](std::string_view name, auto holds) {
    out.field(name, std::uint64_t(static_cast<std::size_t>(std::ranges::count_if(table.rows, holds))));
  };
  count("paired", [](const Compared& one) { return one.baseline != nullptr && one.candidates.front() != nullptr; });
  for (const auto kind : kinds)
    if (kind != "all") count(kind, [&](const Compared& one) { return shown(one, kind); });
  count("newly_flaky", [](const Compared& one) { return one.newly_flaky; });
  out.end();
}

std::string command_of(const net::Request& request, const Results& a, const Results& b, const Terms& terms) {
  std::string out =
      fmt::format("pawl gate --baseline experiment:{} --candidate experiment:{}", a.experiment.id, b.experiment.id);
  for (const auto& one : terms.quality) out += fmt::format(" --quality '{}'", one);
  for (const auto& one : terms.safety) out += fmt::format(" --safety '{}'", one);
  if (const auto margin = request.query.find("margin")) out += fmt::format(" --margin {}", terms.margin);
  return out;
}

void write_pair(JsonWriter& out, const Pair& pair) {
  out.key("verdict");
  pair.comparison ? out.value(stats::name_of(pair.comparison->verdict)) : out.null();
  const int exit_code = !pair.comparison                                          ? 3
                        : pair.comparison->verdict == stats::Verdict::worse       ? 1
                        : pair.comparison->verdict == stats::Verdict::cannot_tell ? 2
                                                                                  : 0;
  out.field("reason", pair.reason).field("exit_code", exit_code).key("metrics").array();
  if (pair.comparison)
    for (const auto& metric : pair.comparison->metrics) trials::write_metric(out, metric);
  out.end().key("slices").array();
  if (pair.comparison)
    for (const auto& one : pair.comparison->slices) {
      out.object().field("slice", one.slice).field("metric", one.metric);
      trials::write_judgement(out, one.judged);
      out.end();
    }
  out.end().key("infra_errors").object().field("baseline", pair.infra[0]).field("candidate", pair.infra[1]).end();
  out.field("bad_rows", pair.bad_rows).key("notes").array();
  if (pair.comparison)
    for (const auto& note : pair.comparison->notes) out.value(note);
  out.end();
}

Result<std::vector<Results>> all_asked(Quality::Inside& inside, const net::Request& request,
                                       std::string_view of_case = {}) {
  std::vector<Results> out;
  for (const auto& id : TRY(experiments_asked(request)))
    out.push_back(TRY(results_of(inside, access_of(request).project, id, of_case)));
  return out;
}

Result<net::Response> compare(Quality::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto all = TRY(all_asked(inside, request));
  const auto terms = TRY(terms_of(request, all.front().about));
  JsonWriter out;
  out.object().key("baseline").raw(TRY(experiment_json(inside, project, all.front().experiment)));
  out.key("candidates").array();
  for (std::size_t i = 1; i < all.size(); ++i) {
    const auto pair = TRY(compare_pair(terms, all.front(), all[i]));
    out.object().key("experiment").raw(TRY(experiment_json(inside, project, all[i].experiment)));
    write_pair(out, pair);
    std::vector<Results> two(2);
    two[0].trials = all.front().trials, two[0].about = all.front().about;
    two[1].trials = all[i].trials, two[1].about = all[i].about;
    write_counts(out, table_of(two, terms, pair.comparison ? &*pair.comparison : nullptr));
    out.field("command", command_of(request, all.front(), all[i], terms)).end();
  }
  return net::Response::json(out.end().end().take());
}

void write_side(JsonWriter& out, const CaseSeen* one, const std::vector<std::string>& quality, bool best) {
  if (one == nullptr) {
    out.null();
    return;
  }
  out.object().key("mean");
  trials::write_means(out, *one);
  out.key("trials").array();
  for (const auto* trial : one->trials) trials::write_strip(out, *trial, quality);
  const auto* shown = best ? one->best() : one->worst();
  out.end().field("output", shown != nullptr ? beginning_of(shown->output) : "");
  write_money(out, "cost_usd", trials::total_cost(*one));
  out.field("latency_ms", trials::mean_latency(*one)).field("comment", shown != nullptr ? shown->comment : "");
  write_text(out, "trace", shown != nullptr ? shown->trace : "");
  out.end();
}

void write_row(JsonWriter& out, const Compared& one, const std::vector<Results>& all, const Terms& terms) {
  const auto& any = one.any();
  out.object().field("case", one.name).field("slice", any.slice).field("cluster", any.cluster);
  out.field("finding", one.finding).field("flaky", one.flaky).field("newly_flaky", one.newly_flaky);
  out.key("new_failure").array();
  for (const auto& metric : one.new_failures) out.value(metric);
  out.end().field("diff", one.diff).key("baseline");
  write_side(out, one.baseline, quality_of(all.front(), terms), true);
  out.key("candidates").array();
  for (std::size_t i = 0; i < one.candidates.size(); ++i)
    write_side(out, one.candidates[i], quality_of(all[i + 1], terms), false);
  out.end().end();
}

Result<net::Response> compare_cases(Quality::Inside& inside, const net::Request& request) {
  const auto window = TRY(window_of(request, 100));
  const std::string show(request.query.find("show").value_or("all"));
  if (std::ranges::find(kinds, show) == std::end(kinds))
    return fail(ErrorKind::invalid, "show is one of {}.", fmt::join(kinds, ", "));
  const auto all = TRY(all_asked(inside, request));
  auto terms = TRY(terms_of(request, all.front().about));
  const auto pair = TRY(compare_pair(terms, all[0], all[1]));
  if (const auto metric = request.query.find("metric"); metric && !metric->empty())
    terms.quality = {std::string(*metric)};
  const auto table = table_of(all, terms, pair.comparison ? &*pair.comparison : nullptr);
  const auto filter = case_filter_of(request);
  std::uint64_t total = 0;
  JsonWriter out;
  out.object().key("cases").array();
  for (const auto& row : table.rows) {
    if (!shown(row, show) ||
        !(filter.takes(row.any()) || (row.candidates.front() != nullptr && filter.takes(*row.candidates.front()))))
      continue;
    if (total >= window.offset && total < window.offset + window.limit) write_row(out, row, all, terms);
    ++total;
  }
  return net::Response::json(out.end().field("total", total).end().take());
}

// ---- one case

std::optional<std::size_t> place_of(const CaseSeen& one, const TrialSeen* trial) {
  const auto found = std::ranges::find(one.trials, trial);
  if (trial == nullptr || found == one.trials.end()) return std::nullopt;
  return static_cast<std::size_t>(found - one.trials.begin());
}

struct Told {  // the calls of a trial, and where they are known from
  std::string trajectory;
  std::string_view from = "agent";
};
Told calls_of(warehouse::Warehouse* store, ProjectId project, const TrialSeen& trial) {
  if (!trial.trajectory.empty() || trial.trace.empty() || store == nullptr) return {trial.trajectory, "agent"};
  const auto seen = outcome_of_trace(*store, project, trial.trace);
  if (!seen) return {"", "agent"};
  return {seen->outcome.trajectory, "trace"};
}

void write_call(JsonWriter& out, std::string_view key, const std::vector<trials::CallSeen>& calls,
                const std::optional<std::size_t>& place) {
  out.key(key);
  if (!place) {
    out.null();
    return;
  }
  out.object().field("name", calls[*place].name).key("arguments");
  calls[*place].arguments.empty() ? out.null() : out.raw(calls[*place].arguments);
  out.end();
}

// The span of the candidate's trace that made the first different call; where a call is missing, the one before which
// it would have stood.
void write_deciding(JsonWriter& out, warehouse::Warehouse* store, ProjectId project, const TrialSeen& trial,
                    const std::vector<trials::Step>& steps, std::size_t parted,
                    const std::vector<trials::CallSeen>& calls) {
  out.key("deciding");
  const auto& step = steps[parted];
  std::size_t place = 0;
  for (std::size_t i = 0; i < parted; ++i) place += steps[i].b ? 1 : 0;
  const auto found = store == nullptr || trial.trace.empty()
                         ? std::optional<SpanSeen>()
                         : span_of_call(*store, project, trial.trace, calls, step.b ? *step.b : place);
  if (!found) {
    out.null();
    return;
  }
  const std::string why =
      step.state == trials::Step::State::arguments
          ? fmt::format("the same call with another {}", step.pointer.empty() ? "value" : step.pointer)
      : step.state == trials::Step::State::added ? "a call that the baseline did not make"
                                                 : "a call of the baseline is missing before it";
  out.object().field("trace", found->trace).field("span_id", found->span_id).field("name", found->name);
  out.field("why", why).end();
}

void write_alignment(JsonWriter& out, warehouse::Warehouse* store, ProjectId project, const TrialSeen* before,
                     const TrialSeen* now) {
  out.key("alignment");
  if (before == nullptr || now == nullptr) {
    out.null();
    return;
  }
  const Told told[] = {calls_of(store, project, *before), calls_of(store, project, *now)};
  if (told[0].trajectory.empty() && told[1].trajectory.empty()) {
    out.null();
    return;
  }
  const auto a = trials::calls_of(told[0].trajectory), b = trials::calls_of(told[1].trajectory);
  const auto steps = trials::align(a, b);
  out.object().key("from").object().field("baseline", told[0].from).field("candidate", told[1].from).end();
  out.key("steps").array();
  for (const auto& step : steps) {
    out.object().field("state", trials::name_of(step.state));
    write_call(out, "baseline", a, step.a);
    write_call(out, "candidate", b, step.b);
    out.field("pointer", step.pointer).end();
  }
  const auto parted = trials::divergence(steps);
  out.end().field("divergence", parted ? std::optional<std::uint64_t>(*parted) : std::nullopt);
  if (parted) {
    write_deciding(out, store, project, *now, steps, *parted, b);
  } else {
    out.key("deciding").null();
  }
  out.end();
}

void write_trials(JsonWriter& out, const CaseSeen* one, const TrialSeen* shown) {
  out.key("trials").array();
  if (one != nullptr)
    for (const auto* trial : one->trials) trials::write_trial(out, *trial);
  const auto place = one == nullptr ? std::nullopt : place_of(*one, shown);
  out.end().field("shown", place ? std::optional<std::uint64_t>(*place) : std::nullopt);
}

Result<net::Response> compare_case(Quality::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  const std::string name(request.capture("case"));
  const auto all = TRY(all_asked(inside, request, name));
  std::vector<std::vector<CaseSeen>> sides;
  for (const auto& one : all) sides.push_back(trials::by_case(one.trials, {}));
  if (std::ranges::all_of(sides, [](const auto& one) { return one.empty(); }))
    return fail(ErrorKind::not_found, "None of these experiments has tried a case {}.", name);
  const auto first = [&](std::size_t side) { return sides[side].empty() ? nullptr : &sides[side].front(); };
  const auto* before = first(0) == nullptr ? nullptr : first(0)->best();
  JsonWriter out;
  out.object();
  write_case_or_null(out, case_of(inside, project, all.front(), name));
  out.key("baseline").object();
  write_trials(out, first(0), before);
  out.end().key("candidates").array();
  for (std::size_t i = 1; i < all.size(); ++i) {
    const auto* now = first(i) == nullptr ? nullptr : first(i)->worst();
    out.object();
    write_trials(out, first(i), now);
    write_alignment(out, inside.warehouse.load(), project, before, now);
    out.end();
  }
  return net::Response::json(out.end().end().take());
}

}  // namespace

void add_comparison_routes(net::Router& router, Quality::Inside& inside) {
  const std::string all = "/api/v1/comparison";
  const auto to = [&](net::Route route, Work work) { add(router, inside, std::move(route), work); };
  const std::vector<net::QueryParameter> terms = {
      {"baseline", "an experiment's id or name", true},
      {"candidate", "ids or names, comma between", true},
      {"quality", "scores that must get no worse; what the baseline says where neither is given"},
      {"safety", "scores of which no clean case may fail"},
      {"margin", "how much worse quality may be, in points [0.05]"},
      {"cost_margin", "how much dearer, as a share [0.1]"},
      {"latency_margin", "how much slower; 0: only watched"},
      {"alpha", "the chance of a wrong verdict [0.05]"},
      {"infra_max", "share of trials that may be lost [0.05]"}};
  to({.method = "GET",
      .pattern = all,
      .permission = "read",
      .summary = "Experiments against a baseline, with the verdict of pawl gate",
      .query = terms,
      .answers = "{baseline:Experiment, candidates:[{experiment:Experiment, verdict, reason, exit_code, metrics, "
                 "slices, infra_errors, bad_rows, notes, counts, command}]}"},
     compare);
  auto with_filter = terms;
  for (const auto& one : std::initializer_list<net::QueryParameter>{{"show", fmt::format("{}", fmt::join(kinds, ", "))},
                                                                    {"metric", "judged by this score alone"},
                                                                    {"slice", "of this slice"},
                                                                    {"q", "part of the name, comment or output"},
                                                                    {"limit", "1 to 10000"},
                                                                    {"offset", "how many are left out"}})
    with_filter.push_back(one);
  to({.method = "GET",
      .pattern = all + "/cases",
      .permission = "read",
      .summary = "Case by case, what regressed first",
      .query = with_filter,
      .answers = "{cases:[ComparedCase], total}"},
     compare_cases);
  to({.method = "GET",
      .pattern = all + "/cases/{case}",
      .permission = "read",
      .summary = "A case in all of them: trials, outputs, calls side by side, where they part, the span that decides",
      .query = {terms[0], terms[1]},
      .answers = "{case:Case, baseline:{trials, shown}, candidates:[{trials, shown, alignment}]}"},
     compare_case);
}

}  // namespace pawl::quality
