// From rows of both sides to a verdict on each metric.
#include "compare.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.h"
#include "cases.h"

namespace pawl::trials {
namespace {

constexpr double most_nulls = 0.05, watched_rate = 0.1;

class Comparing {
 public:
  Comparing(const Terms& terms, const Names& names, const Side& a, const Side& b)
      : terms_(terms), names_(names), a_(a), b_(b) {}

  Result<Comparison> run() {
    TRY(pair());
    TRY(choose());
    for (auto& metric : out_.metrics) TRY(test(metric));
    settle();
    slices();
    find_flaky(names_, a_, b_, places_, tested_scores(), out_.flaky);
    find_changed(names_, a_, b_, places_, tested_scores(), out_.changed);
    conclude();
    return std::move(out_);
  }

 private:
  static bool has(const SideCase* one) { return one != nullptr && one->trials > 0; }

  Result<> pair() {  // in the order of the baseline, which nobody's speed has decided
    for (const auto place : a_.order) {
      if (has(b_.find(place))) {
        places_.push_back(place);
      } else {
        ++out_.only_baseline;
      }
    }
    for (const auto place : b_.order) out_.only_candidate += has(a_.find(place)) ? 0 : 1;
    out_.paired = places_.size();
    if (!places_.empty()) return {};
    return fail(ErrorKind::not_found,
                "No case is on both sides: the baseline has {}, the candidate {}. Cases are matched by \"case\"; run "
                "both on the same dataset.",
                out_.only_baseline, out_.only_candidate);
  }

  std::string known_scores() const {
    std::vector<std::string> known = names_.scores;
    std::ranges::sort(known);
    if (known.size() > 20) known.resize(20);
    return known.empty() ? "none" : join(known, ", ");
  }

  Result<> add(const std::string& name, Role role) {
    if (!names_.score_places.contains(name))
      return fail(ErrorKind::invalid, "No row has a score \"{}\". Scores that occur: {}.", name, known_scores());
    for (const auto& metric : out_.metrics) {
      if (metric.name == name) return fail(ErrorKind::invalid, "The score \"{}\" is named twice.", name);
    }
    out_.metrics.push_back({.name = name, .role = role, .gated = true, .margin = terms_.margin});
    return {};
  }

  Result<> choose() {
    for (const auto& name : terms_.quality) TRY(add(name, Role::quality));
    for (const auto& name : terms_.safety) TRY(add(name, Role::safety));
    if (out_.metrics.empty()) {
      for (const auto& name : names_.scores) TRY(add(name, Role::quality));
      if (!names_.scores.empty())
        out_.notes.push_back("No --quality or --safety was named: every score counts as quality, more is better.");
    }
    if (out_.metrics.empty()) return fail(ErrorKind::invalid, "No row has a score: there is nothing to compare.");
    const bool latency_gated = terms_.latency_margin > 0;
    if (any(&SideCase::cost))
      out_.metrics.push_back(
          {.name = "cost_usd", .role = Role::cost, .gated = !terms_.sequential, .margin = terms_.cost_margin});
    if (any(&SideCase::latency))
      out_.metrics.push_back({.name = "latency_ms",
                              .role = latency_gated ? Role::latency : Role::watched,
                              .gated = latency_gated && !terms_.sequential,
                              .margin = latency_gated ? terms_.latency_margin : terms_.cost_margin});
    const std::size_t named = out_.metrics.size();
    for (const auto& name : names_.scores) {
      const auto is_named = [&](const Metric& metric) { return metric.name == name; };
      if (std::none_of(out_.metrics.begin(), out_.metrics.begin() + static_cast<std::ptrdiff_t>(named), is_named))
        out_.metrics.push_back({.name = name, .margin = terms_.margin});
    }
    return {};
  }

  bool any(Cell SideCase::* cell) const {  // known on both sides of some case
    return std::ranges::any_of(places_, [&](std::uint32_t place) {
      return (a_.cases[place].*cell).trials > 0 && (b_.cases[place].*cell).trials > 0;
    });
  }

  bool of_score(const Metric& metric) const { return metric.name != "cost_usd" && metric.name != "latency_ms"; }

  const Cell* cell(const Metric& metric, const SideCase& one) const {
    if (metric.name == "cost_usd") return &one.cost;
    if (metric.name == "latency_ms") return &one.latency;
    const auto place = names_.score_places.at(metric.name);
    return place < one.scores.size() ? &one.scores[place] : nullptr;
  }

  // The metric on the paired cases; `only` a slice, or all. Fills what is missing into `metric` where it is given.
  stats::Compared gather(const Metric& of, Metric* missing, std::string_view only = {}) const {
    stats::Compared out;
    std::map<std::string_view, std::uint32_t> families;
    bool in_families = false;
    double within[2] = {0, 0}, several[2] = {0, 0}, trials[2] = {0, 0};
    for (const auto place : places_) {
      if (!only.empty() && names_.slices[place] != only) continue;
      const SideCase* sides[] = {&a_.cases[place], &b_.cases[place]};
      const Cell* cells[] = {cell(of, *sides[0]), cell(of, *sides[1])};
      bool whole = true;
      for (std::size_t i = 0; i < 2; ++i) {
        const std::uint32_t known = cells[i] == nullptr ? 0 : cells[i]->trials;
        if (missing != nullptr) missing->outcomes += sides[i]->trials, missing->nulls += sides[i]->trials - known;
        // An unknown cost may be the dear one: the case is out. A score that is null is no outcome of that score.
        whole &= of_score(of) ? known > 0 : known == sides[i]->trials;
      }
      if (!whole) {
        if (missing != nullptr) ++missing->cases_left_out;
        continue;
      }
      out.a.push_back(cells[0]->mean());
      out.b.push_back(cells[1]->mean());
      const std::string& family = names_.families[place];
      in_families |= !family.empty();
      const std::string_view key = family.empty() ? std::string_view(names_.cases[place]) : std::string_view(family);
      out.families.push_back(families.emplace(key, static_cast<std::uint32_t>(families.size())).first->second);
      for (std::size_t i = 0; i < 2; ++i) {
        trials[i] += cells[i]->trials;
        if (cells[i]->trials > 1) within[i] += cells[i]->variance(), several[i] += 1;
      }
    }
    if (!in_families) out.families.clear();
    if (out.a.empty()) return out;
    const double n = static_cast<double>(out.a.size());
    out.trials_a = trials[0] / n;
    out.trials_b = trials[1] / n;
    if (several[0] > 0) out.within_a = within[0] / several[0];
    if (several[1] > 0) out.within_b = within[1] / several[1];
    return out;
  }

  Result<> test(Metric& metric) {
    const auto compared = gather(metric, &metric);
    metric.judged = stats::judge(compared, of_score(metric) ? stats::Scale::points : stats::Scale::ratio, metric.margin,
                                 terms_.alpha);
    if (metric.role == Role::safety) look_for_failures(metric);
    if (metric.role == Role::quality && terms_.sequential) return bet(metric, compared);
    return {};
  }

  // Never an average: each case that was clean in every trial and is not any more.
  void look_for_failures(Metric& metric) const {
    for (const auto place : places_) {
      const auto* before = cell(metric, a_.cases[place]);
      const auto* now = cell(metric, b_.cases[place]);
      if (before == nullptr || now == nullptr || before->trials == 0 || now->trials == 0 || before->least < 1) continue;
      ++metric.clean_before;
      if (now->least < 1) metric.new_failures.push_back(names_.cases[place]);
    }
  }

  Result<> bet(Metric& metric, const stats::Compared& compared) {
    if (!compared.families.empty())
      return fail(ErrorKind::invalid,
                  "--sequential takes cases one by one, and these come in families (\"cluster\"): gate without it.");
    std::vector<std::pair<double, double>> pairs;
    for (std::size_t i = 0; i < compared.a.size(); ++i) pairs.emplace_back(compared.a[i], compared.b[i]);
    const auto metrics = static_cast<double>(
        std::ranges::count_if(out_.metrics, [](const Metric& one) { return one.role == Role::quality; }));
    auto decided = stats::sequential_verdict(pairs, metric.margin, terms_.alpha / metrics);
    if (!decided)
      return fail(ErrorKind::invalid, "--sequential needs scores from 0 to 1; \"{}\": {}", metric.name,
                  decided.error().what);
    metric.sequential = *decided;
    return {};
  }

  bool too_many_nulls(const Metric& metric) const {
    return of_score(metric) && metric.outcomes > 0 &&
           static_cast<double>(metric.nulls) > most_nulls * static_cast<double>(metric.outcomes);
  }

  void settle() {
    std::vector<stats::Judgement*> gated, watched;
    for (auto& metric : out_.metrics) {
      if (metric.gated && metric.role != Role::safety && !metric.sequential) gated.push_back(&metric.judged);
      if (!metric.gated) watched.push_back(&metric.judged);
    }
    stats::settle(gated, terms_.alpha);
    stats::settle_watched(watched, watched_rate);
    for (auto& metric : out_.metrics) {
      if (metric.role == Role::safety) settle_safety(metric);
      if (metric.sequential) settle_sequential(metric);
      if (too_many_nulls(metric) && metric.new_failures.empty()) {
        metric.judged.verdict = stats::Verdict::cannot_tell;
        metric.judged.more.reset();
      }
      explain(metric);
    }
  }

  static void settle_safety(Metric& metric) {
    metric.judged.more.reset();
    metric.judged.verdict = !metric.new_failures.empty() ? stats::Verdict::worse
                            : metric.clean_before > 0    ? stats::Verdict::no_worse
                                                         : stats::Verdict::cannot_tell;
  }

  static void settle_sequential(Metric& metric) {
    metric.judged.more.reset();
    metric.judged.p = metric.judged.p_adjusted = std::min(1.0, std::exp(-metric.sequential->log_e_worse));
    using From = stats::SequentialVerdict;
    const auto verdict = metric.sequential->verdict;
    metric.judged.verdict = verdict == From::worse      ? stats::Verdict::worse
                            : verdict == From::better   ? stats::Verdict::better
                            : verdict == From::no_worse ? stats::Verdict::no_worse
                                                        : stats::Verdict::cannot_tell;
  }

  void explain(Metric& metric) const;

  std::vector<std::string> tested_scores() const {
    std::vector<std::string> out;
    for (const auto& metric : out_.metrics) {
      if (metric.role == Role::quality || metric.role == Role::safety) out.push_back(metric.name);
    }
    return out;
  }

  void slices() {
    const std::set<std::string> all(names_.slices.begin(), names_.slices.end());
    if (all.size() > 1000) {
      out_.notes.push_back(fmt::format("{} slices are too many to compare one by one: none was.", all.size()));
      return;
    }
    for (const auto& metric : out_.metrics) {
      if (metric.role != Role::quality) continue;
      for (const auto& slice : all) {
        if (slice.empty()) continue;
        auto judged = stats::judge(gather(metric, nullptr, slice), stats::Scale::points, metric.margin, terms_.alpha);
        if (judged.cases > 0) out_.slices.push_back({slice, metric.name, judged});
      }
    }
    std::vector<stats::Judgement*> judged;
    for (auto& one : out_.slices) judged.push_back(&one.judged);
    stats::settle_watched(judged, watched_rate);
  }

  void conclude() {
    std::vector<stats::Verdict> gated;
    bool better = false;
    for (const auto& metric : out_.metrics) {
      if (!metric.gated) continue;
      gated.push_back(metric.judged.verdict);
      better |= metric.role == Role::quality && metric.judged.verdict == stats::Verdict::better;
    }
    out_.verdict = stats::overall(gated, better);
    if (terms_.sequential)
      out_.notes.push_back(
          "--sequential: quality is decided by e-processes over the cases in the baseline's order, which must not "
          "depend on the results; cost and latency are only watched.");
  }

  const Terms& terms_;
  const Names& names_;
  const Side& a_;
  const Side& b_;
  std::vector<std::uint32_t> places_;  // paired cases
  Comparison out_;
};

void Comparing::explain(Metric& metric) const {
  std::vector<std::string> words;
  const auto& j = metric.judged;
  if (too_many_nulls(metric))
    words.push_back(fmt::format("{} of {} outcomes have no value: more than 5 % cannot be left out", metric.nulls,
                                metric.outcomes));
  if (metric.role == Role::safety && metric.clean_before == 0)
    words.push_back("no case was clean on the baseline: nothing could newly fail");
  if (metric.role == Role::safety && metric.new_failures.empty() && metric.clean_before > 0)
    words.push_back(fmt::format("no new failure in {} clean cases proves only a rate below {:.2g} %",
                                metric.clean_before,
                                100 * (1 - std::pow(0.05, 1 / static_cast<double>(metric.clean_before)))));
  if (metric.role != Role::safety && j.groups < 2 && !metric.sequential)
    words.push_back("fewer than two cases: no interval can be given");
  if (metric.gated && j.passes && j.p_adjusted <= terms_.alpha && metric.role != Role::safety && !metric.sequential)
    words.push_back(fmt::format("worse by {:.4g}, within the margin", std::abs(j.diff)));
  if (j.all_equal && j.groups >= 2 && j.diff == 0 && metric.role != Role::safety)
    words.push_back(fmt::format("{} cases show no difference at all", j.groups));
  if (j.groups >= 2 && j.groups < j.cases && j.groups < 20)
    words.push_back(fmt::format("only {} families of cases: t with {} degrees of freedom", j.groups, j.groups - 1));
  if (!of_score(metric) && metric.cases_left_out > 0)
    words.push_back(fmt::format("{} cases are left out: a trial's value is unknown", metric.cases_left_out));
  if (of_score(metric) && metric.cases_left_out > 0)
    words.push_back(fmt::format("{} cases are left out: no value on one side", metric.cases_left_out));
  if (metric.sequential && metric.sequential->decided_at)
    words.push_back(fmt::format("decided after {} cases", *metric.sequential->decided_at));
  metric.note = join(words, "; ");
}

}  // namespace

std::string_view name_of(Role role) {
  constexpr std::string_view names[] = {"quality", "safety", "cost", "latency", "watched"};
  return names[static_cast<std::size_t>(role)];
}

Result<Comparison> compare(const Terms& terms, const Names& names, const Side& baseline, const Side& candidate) {
  return Comparing(terms, names, baseline, candidate).run();
}

}  // namespace pawl::trials
