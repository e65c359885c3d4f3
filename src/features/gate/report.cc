// The gate's answer, as JSON and as a table for people.
#include "report.h"

#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "base/text.h"

namespace pawl::gate {
namespace {

constexpr std::size_t shown = 10;

void write_bad(JsonWriter& json, const Side& side, std::string_view name) {
  for (const auto& row : side.bad) {
    json.object().field("side", name).field("line", row.line).field("reason", row.reason).end();
  }
}

void write_counts(JsonWriter& json, const Side& a, const Side& b) {
  json.key("bad_rows").array();
  write_bad(json, a, "baseline");
  write_bad(json, b, "candidate");
  json.end().field("bad_rows_total", a.bad_count + b.bad_count);
  json.key("infra_errors").object().field("baseline", a.infra_errors).field("candidate", b.infra_errors).end();
  json.key("retried").object().field("baseline", a.retried).field("candidate", b.retried).end();
  json.key("trials").object().field("baseline", a.outcomes).field("candidate", b.outcomes).end();
}

void write_cases(JsonWriter& json, const Comparison& c) {
  json.key("flaky").array();
  for (const auto& one : c.flaky) {
    json.object().field("case", one.case_name).field("metric", one.metric).field("passed", one.passed);
    json.field("trials", one.trials).key("ci").array().value(one.ci.low).value(one.ci.high).end();
    json.field("before", one.before).field("newly", one.fresh).end();
  }
  json.end().key("changed").array();
  for (const auto& one : c.changed) {
    json.object().field("case", one.case_name).field("metric", one.metric).field("baseline", one.baseline);
    json.field("candidate", one.candidate).field("p", one.p).field("p_adjusted", one.p_adjusted);
    json.field("finding", one.regressed ? "regressed" : "changed").end();
  }
  json.end().key("slices").array();
  for (const auto& one : c.slices) {
    json.object().field("slice", one.slice).field("metric", one.metric);
    trials::write_judgement(json, one.judged);
    json.end();
  }
  json.end();
}

std::string metric_lines(const Metric& metric) {
  const auto& j = metric.judged;
  std::string role(name_of(metric.role));
  if (!metric.gated && metric.role != Role::watched) role += " (watched)";
  std::string out =
      fmt::format("  {:<20} {:<16} {:>10} {:>10} {:>10}  [{}, {}]  {:>6}  {}\n", printable(metric.name), role,
                  number_text(j.baseline), number_text(j.candidate), (j.diff > 0 ? "+" : "") + number_text(j.diff),
                  number_text(j.ci.low), number_text(j.ci.high), p_text(j.p_adjusted), words_of(j.verdict));
  for (const auto& text : {metric.note, more_text(metric)}) {
    if (!text.empty()) out += fmt::format("      {}\n", text);
  }
  for (std::size_t i = 0; i < metric.new_failures.size() && i < shown; ++i)
    out += fmt::format("      newly failing: {}\n", printable(metric.new_failures[i]));
  if (metric.new_failures.size() > shown) out += fmt::format("      and {} more\n", metric.new_failures.size() - shown);
  return out;
}

std::string case_lines(const Comparison& c) {
  std::string out;
  if (!c.changed.empty()) out += fmt::format("\n{} cases fell, worst first:\n", c.changed.size());
  for (std::size_t i = 0; i < c.changed.size() && i < shown; ++i) {
    const auto& one = c.changed[i];
    out += fmt::format("  {:<30} {:<16} {} → {}  {}\n", printable(one.case_name), printable(one.metric),
                       number_text(one.baseline), number_text(one.candidate), one.regressed ? "regressed" : "changed");
  }
  const auto fresh = std::ranges::count_if(c.flaky, &Flaky::fresh);
  if (!c.flaky.empty())
    out += fmt::format("\n{} cases pass only sometimes; {} of them passed every trial before{}\n", c.flaky.size(),
                       fresh, fresh > 0 ? ":" : ".");
  for (std::size_t i = 0; i < static_cast<std::size_t>(fresh) && i < shown; ++i) {
    const auto& one = c.flaky[i];
    out += fmt::format("  {:<30} {:<16} {} of {} [{:.2f}, {:.2f}]\n", printable(one.case_name), printable(one.metric),
                       one.passed, one.trials, one.ci.low, one.ci.high);
  }
  std::string slices;
  for (const auto& one : c.slices) {
    const auto verdict = one.judged.verdict;
    if (verdict == stats::Verdict::worse || verdict == stats::Verdict::better)
      slices +=
          fmt::format("  {:<30} {:<16} {:+.4f}  {} ({} cases, p {})\n", printable(one.slice), printable(one.metric),
                      one.judged.diff, words_of(verdict), one.judged.cases, p_text(one.judged.p_adjusted));
  }
  if (!slices.empty()) out += "\nSlices that stand out (watched, never gated):\n" + slices;
  return out;
}

void append_bad(std::string& out, const std::string& path, const Side& side) {
  for (const auto& row : side.bad) out += fmt::format("{}:{}: {}\n", printable(path), row.line, printable(row.reason));
  if (side.bad_count > side.bad.size())
    out += fmt::format("{}: {} more rows are wrong\n", printable(path), side.bad_count - side.bad.size());
}

}  // namespace

std::string p_text(double p) {
  return p < 0.001 ? "<.001" : fmt::format("{:.3f}", p);
}

std::string number_text(double value) {
  if (std::isinf(value)) return value < 0 ? "-∞" : "∞";
  return fmt::format("{:.4g}", value);
}

std::string words_of(stats::Verdict verdict) {
  std::string words(stats::name_of(verdict));
  std::ranges::replace(words, '_', ' ');
  return words;
}

std::string more_text(const Metric& metric) {
  if (!metric.judged.more) return "";
  const auto& more = *metric.judged.more;
  if (!more.cases) return "the difference seen lies on the border: no number of cases is sure to tell";
  std::string text = fmt::format("about {} cases in all would tell", *more.cases);
  if (more.trials) return text + fmt::format(", or {} trials of each case", *more.trials);
  return text + (metric.judged.all_equal ? "" : "; more trials of the same cases would not");
}

std::string uri_of(const std::string& path) {
  std::string out;
  for (const auto piece : split(path, '/')) out += (out.empty() ? "" : "/") + percent_encode(piece);
  return path.starts_with('/') ? "file:///" + out : out;
}

int exit_code_of(stats::Verdict verdict, const Options& options) {
  switch (verdict) {
    case stats::Verdict::better:
    case stats::Verdict::no_worse:
      return 0;
    case stats::Verdict::worse:
      return 1;
    case stats::Verdict::cannot_tell:
      break;
  }
  return options.on_cannot_tell == "pass" ? 0 : options.on_cannot_tell == "fail" ? 1 : 2;
}

std::string to_json(const Comparison& c, const Side& baseline, const Side& candidate) {
  JsonWriter json;
  json.object().field("verdict", stats::name_of(c.verdict)).key("metrics").array();
  for (const auto& metric : c.metrics) trials::write_metric(json, metric);
  json.end().key("cases").object().field("paired", c.paired).field("only_baseline", c.only_baseline);
  json.field("only_candidate", c.only_candidate).end();
  write_cases(json, c);
  write_counts(json, baseline, candidate);
  json.key("notes").array();
  for (const auto& note : c.notes) json.value(note);
  return json.end().end().take() + "\n";
}

std::string to_json(std::string_view reason, const Side& baseline, const Side& candidate) {
  JsonWriter json;
  json.object().key("verdict").null().field("reason", reason);
  write_counts(json, baseline, candidate);
  return json.end().take() + "\n";
}

std::string to_table(const Comparison& c, const Options& options, const Side& baseline, const Side& candidate) {
  std::string out = fmt::format("Verdict: {}\n{} cases on both sides", words_of(c.verdict), c.paired);
  if (c.only_baseline + c.only_candidate > 0)
    out += fmt::format(" ({} only in the baseline, {} only in the candidate: not compared)", c.only_baseline,
                       c.only_candidate);
  out += fmt::format(", {} and {} trials; lost to infrastructure: {} and {}", baseline.outcomes, candidate.outcomes,
                     baseline.infra_errors, candidate.infra_errors);
  if (baseline.retried + candidate.retried > 0)
    out += fmt::format("; run again: {} and {}", baseline.retried, candidate.retried);
  if (baseline.bad_count + candidate.bad_count > 0)
    out += fmt::format("; rows that are wrong: {} and {}", baseline.bad_count, candidate.bad_count);
  out += fmt::format("\n\n  {:<20} {:<16} {:>10} {:>10} {:>10}  [one-sided {:.4g} % bounds]  p(worse)  verdict\n",
                     "metric", "role", "baseline", "candidate", "change", 100 * (1 - options.alpha));
  for (const auto& metric : c.metrics) out += metric_lines(metric);
  out += case_lines(c);
  for (const auto& note : c.notes) out += "\n" + note + "\n";
  return out;
}

std::string bad_rows_text(const Options& options, const Side& baseline, const Side& candidate) {
  std::string out;
  append_bad(out, options.baseline, baseline);
  append_bad(out, options.candidate, candidate);
  return out;
}

}  // namespace pawl::gate
