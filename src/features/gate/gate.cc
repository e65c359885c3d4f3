// The gate: reads both files, sees whether they can be compared, and says the verdict.
#include "gate.h"

#include <algorithm>
#include <fstream>

#include "kept.h"
#include "outputs.h"
#include "report.h"

namespace pawl::gate {
namespace {

std::string limits(const Options& o) {
  const trials::Terms& terms = o;
  if (auto wrong = trials::limits(terms); !wrong.empty()) return wrong;
  const std::string& then = o.on_cannot_tell;
  if (!then.empty() && then != "pass" && then != "fail" && then != "extend")
    return "--on-cannot-tell must be pass, fail or extend.";
  if (then == "extend" && !o.extend)
    return "--on-cannot-tell extend needs --extend-with COMMAND: what adds results of further cases to both files.";
  if (then == "extend" && o.margin >= 1) return "--on-cannot-tell extend needs a --margin below 1.";
  if (o.extend_step == 0 || o.extend_cases == 0) return "--extend-step and --extend-cases must be above 0.";
  if (o.baseline.empty() == o.baseline_branches.empty())
    return "Name either --baseline FILE or --baseline-branch BRANCH.";
  return "";
}

// One look at both files.
struct Look {
  Names names;
  Side baseline, candidate;
  std::optional<Comparison> comparison;
  std::string reason;  // why there is none
  bool wrong_usage = false;
};

Look look(const Options& options) {
  Look out;
  auto baseline = trials::read_file(options.baseline);
  if (!baseline) {
    out.reason = fmt::format("There is no baseline: {}. Run the version that is in use, and keep its results.",
                             printable(baseline.error().what));
    return out;
  }
  auto candidate = trials::read_file(options.candidate);
  if (!candidate) {
    out.reason = fmt::format("There is no candidate: {}.", printable(candidate.error().what));
    return out;
  }
  out.baseline = read_rows(std::move(*baseline), out.names);
  out.candidate = read_rows(std::move(*candidate), out.names);
  out.reason = obstacle(options, out.baseline, out.candidate, options.baseline, options.candidate);
  if (!out.reason.empty()) return out;
  auto compared = compare(options, out.names, out.baseline, out.candidate);
  if (!compared) {
    out.wrong_usage = compared.error().kind != ErrorKind::not_found;
    out.reason = printable(compared.error().what);
  } else {
    out.comparison = std::move(*compared);
  }
  return out;
}

// Asks for further cases as long as it cannot tell, they come, and the budget lasts. The e-process may be looked at as
// often as one likes; a case that was seen is not new, so only further cases count.
Look extend(const Options& options, Look seen, std::string& trouble) {
  for (std::uint64_t round = 1; seen.comparison && seen.comparison->verdict == stats::Verdict::cannot_tell; ++round) {
    const std::uint64_t before = seen.comparison->paired;
    if (before >= options.extend_cases) {
      seen.comparison->notes.push_back(fmt::format("Extended to {} cases, all that --extend-cases allows.", before));
      return seen;
    }
    const std::uint64_t wanted = std::min(options.extend_step, options.extend_cases - before);
    if (const auto more = options.extend({round, before, wanted, options.baseline, options.candidate}); !more) {
      trouble += fmt::format("--extend-with: {}\n", printable(more.error().what));
      seen.comparison->notes.push_back("The command of --extend-with failed: the verdict is of the cases before it.");
      return seen;
    }
    Look again = look(options);
    if (again.comparison && again.comparison->paired <= before) {
      again.comparison->notes.push_back("The command of --extend-with added no further case: the dataset has ended.");
      return again;
    }
    seen = std::move(again);
  }
  return seen;
}

void write_file(const std::string& path, std::string_view text, bool append, Outcome& outcome) {
  if (path.empty()) return;
  std::ofstream file(path, std::ios::binary | (append ? std::ios::app : std::ios::trunc));
  file << text;
  if (file.flush()) return;
  outcome.trouble += fmt::format("{} could not be written.\n", printable(path));
  if (outcome.exit_code == 0) outcome.exit_code = 3;  // whoever reads it would believe an old one
}

void write_outputs(const Told& told, Outcome& outcome) {
  const Options& o = told.options;
  const bool any_finding = !o.sarif.empty() || !o.gitlab.empty() || o.github;
  const auto found = any_finding ? findings(told) : std::vector<Finding>();
  if (!o.junit.empty()) write_file(o.junit, to_junit(told), false, outcome);
  if (!o.sarif.empty()) write_file(o.sarif, to_sarif(told, found), false, outcome);
  if (!o.gitlab.empty()) write_file(o.gitlab, to_gitlab(told, found), false, outcome);
  if (!o.markdown.empty()) write_file(o.markdown, to_markdown(told), false, outcome);
  if (!o.github) return;
  write_file(o.github_summary, to_markdown(told), true, outcome);
  (o.json ? outcome.trouble : outcome.output) += to_annotations(told, found);
}

Outcome answer(const Options& options, const Look& seen, std::string trouble) {
  Outcome outcome;
  outcome.trouble = std::move(trouble) + bad_rows_text(options, seen.baseline, seen.candidate);
  outcome.compared = seen.comparison.has_value();
  if (!seen.comparison) outcome.trouble += seen.reason + "\n";
  if (seen.wrong_usage) {
    outcome.exit_code = 64;
    return outcome;
  }
  if (seen.comparison) {
    outcome.exit_code = exit_code_of(seen.comparison->verdict, options);
    outcome.output = options.json ? to_json(*seen.comparison, seen.baseline, seen.candidate)
                                  : to_table(*seen.comparison, options, seen.baseline, seen.candidate);
  } else {
    outcome.exit_code = 3;
    if (options.json) outcome.output = to_json(seen.reason, seen.baseline, seen.candidate);
  }
  write_outputs({options, seen.names, seen.baseline, seen.candidate, seen.comparison ? &*seen.comparison : nullptr,
                 seen.reason, outcome.exit_code},
                outcome);
  return outcome;
}

// The first results of a branch have nothing to be compared with: they are kept, and that is the answer.
Outcome first_of_branch(const Options& options) {
  auto text = trials::read_file(options.candidate);
  if (!text) return {3, "", fmt::format("There is no candidate: {}.\n", printable(text.error().what)), false};
  Names names;
  const Side side = read_rows(std::move(*text), names);
  if (side.outcomes == 0)
    return {3, "", fmt::format("{} has no trial with an outcome: nothing is kept.\n", printable(options.candidate)),
            false};
  return {0, "",
          fmt::format("There was no baseline yet: the {} trials of {} cases are kept as the first one of {}.\n",
                      side.outcomes, side.order.size(), printable(options.keep_as)),
          false};
}

}  // namespace

Outcome run(const Options& asked) {
  if (const std::string wrong = limits(asked); !wrong.empty()) return {64, "", wrong + "\n", false};
  Options options = asked;
  options.sequential |= options.on_cannot_tell == "extend";  // never a test that is repeated
  Outcome outcome;
  bool first = false;
  if (!options.baseline_branches.empty()) {
    auto kept = kept_baseline(options.baselines, options.baseline_branches);
    first = !kept && !options.keep_as.empty();
    options.baseline = kept ? *kept : fmt::format("{}/{}", options.baselines, options.baseline_branches.front());
  }
  if (first) {
    outcome = first_of_branch(options);
  } else {
    std::string trouble;
    Look seen = look(options);
    if (options.on_cannot_tell == "extend") seen = extend(options, std::move(seen), trouble);
    outcome = answer(options, seen, std::move(trouble));
  }
  const bool passes = outcome.exit_code == 0 && (outcome.compared || first);
  if (passes && !options.keep_as.empty()) {
    if (const auto kept = keep_baseline(options.baselines, options.keep_as, options.candidate); !kept)
      outcome.exit_code = 3, outcome.trouble += kept.error().what + "\n";
  }
  return outcome;
}

}  // namespace pawl::gate
