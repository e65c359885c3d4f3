// The gate's answer as Markdown: a comment on a pull request, or a step's summary.
#include <algorithm>

#include "base/text.h"
#include "outputs.h"
#include "report.h"

namespace pawl::gate {
namespace {

constexpr std::size_t most_markdown = 60'000, most_name = 120, worst_shown = 3, most_listed = 20;

std::string code(std::string_view text) {
  const std::string sound = repair_utf8(text);
  const auto kept = utf8_prefix(sound, most_name);
  return fmt::format("<code>{}{}</code>", markdown_text(kept), kept.size() == sound.size() ? "" : "…");
}

std::string value_text(const Metric& metric, double value) {
  return metric.role == Role::cost ? fmt::format("${:.4g}", value) : number_text(value);
}

std::string row(const Metric& metric) {
  const auto& j = metric.judged;
  std::string about = fmt::format("{} ({}", code(metric.name), metric.gated ? name_of(metric.role) : "watched");
  if (metric.gated && metric.role != Role::safety) about += fmt::format(", margin {}", number_text(metric.margin));
  std::string verdict = words_of(j.verdict);
  if (j.verdict == stats::Verdict::worse) verdict = fmt::format("**{}**", verdict);
  return fmt::format(
      "| {}) | {} | {} | {} | {} |\n", about, value_text(metric, j.baseline), value_text(metric, j.candidate),
      metric.role == Role::safety ? fmt::format("{} new failures", metric.new_failures.size())
                                  : fmt::format("{}{} [{}, {}]", j.diff > 0 ? "+" : "", number_text(j.diff),
                                                number_text(j.ci.low), number_text(j.ci.high)),
      metric.role == Role::safety ? verdict : fmt::format("{} (p {})", verdict, p_text(j.p_adjusted)));
}

// The cases that a person looks at first: new failures of safety, then what fell most.
std::vector<std::pair<std::string, std::string>> worst_cases(const Comparison& comparison) {
  std::vector<std::pair<std::string, std::string>> out;
  const auto add = [&](const std::string& name, const std::string& metric) {
    const bool there = std::ranges::any_of(out, [&](const auto& one) { return one.first == name; });
    if (!there && out.size() < worst_shown) out.emplace_back(name, metric);
  };
  for (const auto& metric : comparison.metrics)
    for (const auto& name : metric.new_failures) add(name, metric.name);
  for (const auto& one : comparison.changed) add(one.case_name, one.metric);
  return out;
}

std::string worst_text(const Told& told) {
  const auto worst = worst_cases(*told.comparison);
  if (worst.empty()) return "";
  std::string out = "\n**Look here first**\n\n";
  for (const auto& [name, metric] : worst) {
    out += fmt::format("- {} {}: {}", code(name), markdown_text(metric), case_text(told, name, metric));
    const auto place = told.names.case_places.find(name);
    const auto* one = place == told.names.case_places.end() ? nullptr : told.candidate.find(place->second);
    if (one != nullptr) {
      if (const auto url = trace_url(told, one->trace); !url.empty()) out += fmt::format(" ([trace]({}))", url);
      if (!one->comment.empty()) out += fmt::format(": {}", markdown_text(one->comment));
    }
    out += "\n";
  }
  return out;
}

double spent(const Side& side) {
  double sum = 0;
  for (const auto& one : side.cases) sum += one.cost.sum;
  return sum;
}

std::string counts_text(const Told& told) {
  const auto& c = *told.comparison;
  const auto fresh = std::ranges::count_if(c.flaky, &Flaky::fresh);
  std::string out = fmt::format(
      "\n{} cases, {} and {} trials, paired by case; {} cases flaky ({} newly), {} and {} trials lost to "
      "infrastructure, {} cases on one side only",
      c.paired, told.baseline.outcomes, told.candidate.outcomes, c.flaky.size(), fresh, told.baseline.infra_errors,
      told.candidate.infra_errors, c.only_baseline + c.only_candidate);
  const auto bad = told.baseline.bad_count + told.candidate.bad_count;
  if (bad > 0) out += fmt::format(", {} rows wrong", bad);
  if (const double cost = spent(told.candidate); cost > 0) out += fmt::format("; this run cost ${:.4g}", cost);
  return out + ".\n";
}

std::string details(const Told& told) {
  std::string out;
  for (const auto& metric : told.comparison->metrics) {
    if (!metric.note.empty()) out += fmt::format("- {}: {}\n", code(metric.name), markdown_text(metric.note));
    if (const auto more = more_text(metric); metric.gated && !more.empty())
      out += fmt::format("- {}: {}\n", code(metric.name), markdown_text(more));
  }
  const auto& changed = told.comparison->changed;
  for (std::size_t i = 0; i < changed.size() && i < most_listed; ++i)
    out += fmt::format("- {} {} {}: {}\n", code(changed[i].case_name), markdown_text(changed[i].metric),
                       changed[i].regressed ? "regressed" : "fell",
                       case_text(told, changed[i].case_name, changed[i].metric));
  if (changed.size() > most_listed) out += fmt::format("- and {} more cases fell\n", changed.size() - most_listed);
  return out.empty() ? "" : "\n<details><summary>Details</summary>\n\n" + out + "\n</details>\n";
}

}  // namespace

std::string markdown_text(std::string_view text) {
  constexpr std::string_view meaning = "\\`*_[]<>#|~@&:$";
  std::string out;
  for (const char c : printable(text)) {
    const bool link = c == '.' && out.ends_with("www");
    out += link || meaning.find(c) != std::string_view::npos ? fmt::format("&#{};", static_cast<int>(c))
                                                             : std::string(1, c);
  }
  return out;
}

std::string to_markdown(const Told& told) {
  std::string out = "<!-- pawl gate -->\n";  // whoever posts it finds the earlier one by this
  const auto* c = told.comparison;
  const std::string_view sign = c == nullptr                                ? "⚠️"
                                : c->verdict == stats::Verdict::worse       ? "❌"
                                : c->verdict == stats::Verdict::cannot_tell ? "❔"
                                                                            : "✅";
  out += fmt::format("## {} {}\n", sign, heading(told));
  if (c == nullptr) {
    out += "\n" + markdown_text(told.reason) + "\n";
  } else {
    out += fmt::format(
        "\n| measure | baseline | candidate | difference [{:.4g} %, one side] | verdict |\n| --- | --: | --: | --- | "
        "--- "
        "|\n",
        100 * (1 - told.options.alpha));
    for (const auto& metric : c->metrics) {
      if (metric.gated || metric.role != Role::watched) out += row(metric);
    }
    out += worst_text(told) + counts_text(told);
    for (const auto& note : c->notes) out += "\n" + markdown_text(note) + "\n";
  }
  std::string end;
  if (!told.options.again.empty()) {
    std::string command = printable(told.options.again);
    std::string fence = "```";
    while (command.find(fence) != std::string::npos) fence += '`';
    end = fmt::format("\nRun it again:\n{}\n{}\n{}\n", fence, command, fence);
  }
  const std::string more = c == nullptr ? "" : details(told);
  if (out.size() + more.size() + end.size() <= most_markdown) out += more;
  return out + end;
}

}  // namespace pawl::gate
