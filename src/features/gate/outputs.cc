// JUnit, SARIF, GitLab's code quality and GitHub's annotations.
#include "outputs.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/ids.h"
#include "base/json.h"
#include "base/text.h"
#include "report.h"

namespace pawl::gate {
namespace {

constexpr std::size_t most_results = 5000, most_annotations = 10, most_bytes = 1000;
constexpr std::string_view levels[] = {"error", "warning", "note"};

std::string cut_text(std::string_view text) {
  const std::string sound = repair_utf8(text);
  const auto kept = utf8_prefix(sound, most_bytes);
  return kept.size() == sound.size() ? sound : std::string(kept) + " …";
}

// ---- JUnit

struct Suite {
  std::string tests;
  std::uint64_t count = 0, failures = 0, errors = 0, skipped = 0;

  void test(std::string_view kind, std::string_view name, const std::optional<double>& seconds,
            std::string_view inside) {
    ++count;
    tests += fmt::format("    <testcase classname=\"{}\" name=\"{}\"", xml_text(kind), xml_text(name));
    if (seconds) tests += fmt::format(" time=\"{:.3f}\"", *seconds);
    tests += inside.empty() ? "/>\n" : fmt::format(">{}</testcase>\n", inside);
  }
  std::string numbers() const {
    return fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"", count, failures, errors, skipped);
  }
};

Suite verdict_suite(const Told& told) {
  Suite suite;
  for (const auto& metric : told.comparison->metrics) {
    if (!metric.gated) continue;
    const auto verdict = metric.judged.verdict;
    const std::string text = xml_text(fmt::format("{}: {}", words_of(verdict), change_text(metric)));
    std::string inside;
    if (verdict == stats::Verdict::worse) {
      inside = fmt::format("<failure type=\"worse\" message=\"{}\">{}</failure>", text, xml_text(metric.note));
      ++suite.failures;
    } else if (verdict == stats::Verdict::cannot_tell && told.exit_code == 1) {
      inside = fmt::format("<failure type=\"cannot_tell\" message=\"{}\">{}</failure>", text, xml_text(metric.note));
      ++suite.failures;
    } else if (verdict == stats::Verdict::cannot_tell) {
      inside = fmt::format("<skipped message=\"{}\"/>", text);
      ++suite.skipped;
    }
    suite.test("verdict", fmt::format("{} ({})", metric.name, name_of(metric.role)), {}, inside);
  }
  return suite;
}

// One test a case of one score.
Suite score_suite(const Told& told, const Metric& metric) {
  std::set<std::string_view> flaky, fell;
  for (const auto& one : told.comparison->flaky)
    if (one.metric == metric.name) flaky.insert(one.case_name);
  for (const auto& one : told.comparison->changed)
    if (one.metric == metric.name) fell.insert(one.case_name);
  const std::set<std::string_view> newly(metric.new_failures.begin(), metric.new_failures.end());
  const bool worse = metric.judged.verdict == stats::Verdict::worse;
  Suite suite;
  for (std::size_t i = 0; i < told.candidate.cases.size(); ++i) {
    const auto& one = told.candidate.cases[i];
    const std::string& name = told.names.cases[i];
    const auto message = [&] { return xml_text(case_text(told, name, metric.name)); };
    std::string inside;
    if (one.trials == 0) {
      if (one.lost == 0) continue;
      inside = fmt::format("<error type=\"infra_error\" message=\"all {} trials were lost; left out\"/>", one.lost);
      ++suite.errors;
    } else if (newly.contains(name) || (metric.role == Role::quality && worse && fell.contains(name))) {
      std::string body = one.comment;
      if (!one.trace.empty())
        body += fmt::format("{}trace: {}", body.empty() ? "" : "\n",
                            told.options.url.empty() ? "/traces/" + one.trace : trace_url(told, one.trace));
      inside = fmt::format("<failure type=\"worse\" message=\"{}\">{}</failure>", message(), xml_text(body));
      ++suite.failures;
    } else if (flaky.contains(name)) {
      inside = fmt::format("<skipped message=\"flaky: {}; not counted as a failure of this change\"/>", message());
      ++suite.skipped;
    } else if (fell.contains(name)) {
      inside = fmt::format("<system-out>fell, and the verdict on all cases is not worse: {}</system-out>", message());
    }
    const std::optional<double> seconds =
        one.latency.trials > 0 ? std::optional(one.latency.mean() / 1000) : std::nullopt;
    suite.test("gate." + metric.name, name, seconds, inside);
  }
  return suite;
}

// ---- GitHub

std::string command_text(std::string_view text) {
  std::string out;
  for (const char c : cut_text(text)) {
    if (c == '%') out += "%25";
    if (c == '\r') out += "%0D";
    if (c == '\n') out += "%0A";
    if (c != '%' && c != '\r' && c != '\n') out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  }
  return out;
}

std::string command_property(std::string_view text) {
  std::string out;
  for (const char c : command_text(text)) {
    if (c == ':') out += "%3A";
    if (c == ',') out += "%2C";
    if (c != ':' && c != ',') out += c;
  }
  return out;
}

std::string annotation(std::string_view level, const Finding& one, std::string_view text) {
  std::string out = fmt::format("::{} ", level);
  if (one.line > 0) out += fmt::format("file={},line={},", command_property(one.file), one.line);
  return out +
         fmt::format("title={}::{}\n", command_property(fmt::format("pawl gate: {}", one.rule)), command_text(text));
}

// ---- JSON

std::string fingerprint(const Told& told, const Finding& one) {
  const std::string dataset = told.candidate.datasets.empty() ? "" : *told.candidate.datasets.begin();
  return to_hex(sha256(fmt::format("{}\n{}\n{}", cut(dataset, '@').first, one.rule, one.case_name))).substr(0, 32);
}

void write_result(JsonWriter& json, const Told& told, const Finding& one, std::size_t rule) {
  json.object().field("ruleId", one.rule).field("ruleIndex", std::uint64_t{rule});
  json.field("level", levels[static_cast<std::size_t>(one.level)]);
  json.key("message").object().field("text", cut_text(one.text)).end();
  json.key("locations").array().object().key("physicalLocation").object();
  json.key("artifactLocation").object().field("uri", uri_of(one.file)).end();
  if (one.line > 0) json.key("region").object().field("startLine", one.line).end();
  json.end().end().end();
  json.key("partialFingerprints").object().field("pawlCase/v1", fingerprint(told, one)).end();
  if (const auto url = trace_url(told, one.trace); !url.empty()) json.field("hostedViewerUri", url);
  json.end();
}

void write_rules(JsonWriter& json, const std::vector<std::string>& rules) {
  json.key("rules").array();
  for (const auto& rule : rules) {
    const bool whole = rule.find('/') != std::string::npos;
    json.object().field("id", rule).key("shortDescription").object();
    json.field("text", rule == "flaky"            ? "Some trials of a case pass, some fail."
                       : rule == "infrastructure" ? "Trials were lost, or no comparison was possible."
                                                  : fmt::format("{} against the baseline.", rule));
    json.end().key("defaultConfiguration").object().field("level", whole ? "error" : "note").end().end();
  }
  json.end();
}

}  // namespace

std::string xml_text(std::string_view text) {
  std::string out;
  const std::string sound = repair_utf8(text);
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const char c = sound[i];
    const std::string_view rest = std::string_view(sound).substr(i);
    if (c == '&' || c == '<' || c == '>' || c == '"' || c == '\'' || c == '\n' || c == '\t' || c == '\r') {
      out += fmt::format("&#{};", static_cast<int>(c));
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += "\uFFFD";
    } else if (rest.starts_with("\xEF\xBF\xBE") || rest.starts_with("\xEF\xBF\xBF")) {  // no characters of XML
      out += "\uFFFD";
      i += 2;
    } else {
      out += c;
    }
  }
  return out;
}

std::string to_junit(const Told& told) {
  std::vector<std::pair<std::string, Suite>> suites;
  if (told.comparison == nullptr) {
    Suite suite;
    suite.errors = 1;
    suite.test("verdict", "comparison", {},
               fmt::format("<error type=\"no_comparison\" message=\"{}\"/>", xml_text(told.reason)));
    suites.emplace_back("verdict", std::move(suite));
  } else {
    suites.emplace_back("verdict", verdict_suite(told));
    for (const auto& metric : told.comparison->metrics) {
      if (metric.role == Role::quality || metric.role == Role::safety)
        suites.emplace_back(fmt::format("{} ({})", metric.name, name_of(metric.role)), score_suite(told, metric));
    }
  }
  Suite all;
  for (const auto& [name, one] : suites)
    all.count += one.count, all.failures += one.failures, all.errors += one.errors, all.skipped += one.skipped;
  std::string out =
      fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"pawl gate\" {}>\n", all.numbers());
  for (const auto& [name, one] : suites) {
    out += fmt::format("  <testsuite name=\"{}\" {}>\n    <properties><property name=\"pawl.verdict\" value=\"{}\"/>",
                       xml_text(name), one.numbers(),
                       told.comparison == nullptr ? "none" : stats::name_of(told.comparison->verdict));
    for (const auto& dataset : told.candidate.datasets)
      out += fmt::format("<property name=\"pawl.dataset\" value=\"{}\"/>", xml_text(dataset));
    out += "</properties>\n" + one.tests + "  </testsuite>\n";
  }
  return out + "</testsuites>\n";
}

std::string to_sarif(const Told& told, std::span<const Finding> found) {
  std::vector<std::string> rules;
  std::vector<std::size_t> of_finding;
  for (const auto& one : found.first(std::min(found.size(), most_results))) {
    const auto at = std::ranges::find(rules, one.rule);
    of_finding.push_back(static_cast<std::size_t>(at - rules.begin()));
    if (at == rules.end()) rules.push_back(one.rule);
  }
  JsonWriter json;
  json.object().field("$schema", "https://json.schemastore.org/sarif-2.1.0.json").field("version", "2.1.0");
  json.key("runs").array().object().key("tool").object().key("driver").object().field("name", "pawl gate");
  write_rules(json, rules);
  json.end().end();
  json.key("invocations").array().object().field("executionSuccessful", told.comparison != nullptr);
  json.field("exitCode", told.exit_code).end().end();
  json.key("results").array();
  for (std::size_t i = 0; i < of_finding.size(); ++i) write_result(json, told, found[i], of_finding[i]);
  json.end().key("properties").object().field("verdict", heading(told)).field("findings", std::uint64_t{found.size()});
  return json.end().end().end().end().take() + "\n";
}

std::string to_gitlab(const Told& told, std::span<const Finding> found) {
  constexpr std::array<std::string_view, 3> severities = {"major", "minor", "info"};
  JsonWriter json;
  json.array();
  std::set<std::string> seen;
  for (const auto& one : found.first(std::min(found.size(), most_results))) {
    const std::string mark = fingerprint(told, one);
    if (!seen.insert(mark).second) continue;
    json.object().field("description", cut_text(one.text)).field("check_name", "pawl/" + one.rule);
    json.field("fingerprint", mark).field("severity", severities[static_cast<std::size_t>(one.level)]);
    json.key("location").object().field("path", one.file).key("lines").object();
    json.field("begin", std::max(std::uint64_t{1}, one.line)).end().end().end();
  }
  return json.end().take() + "\n";
}

std::string to_annotations(const Told& told, std::span<const Finding> found) {
  constexpr std::string_view names[] = {"error", "warning", "notice"};
  std::string out;
  for (std::size_t level = 0; level < 3; ++level) {
    std::vector<const Finding*> mine;
    for (const auto& one : found)
      if (static_cast<std::size_t>(one.level) == level) mine.push_back(&one);
    const std::size_t room = most_annotations - (level == 2 ? 1 : 0);  // one notice is the verdict
    const std::size_t shown = mine.size() <= room ? mine.size() : room - 1;
    for (std::size_t i = 0; i < shown; ++i) out += annotation(names[level], *mine[i], mine[i]->text);
    if (mine.size() > shown) {
      std::string rest = fmt::format("and {} more:", mine.size() - shown);
      for (std::size_t i = shown; i < mine.size() && i < shown + 20; ++i)
        rest += "\n" + std::string(cut(mine[i]->text, '\n').first.substr(0, 200));
      out += annotation(names[level], {.rule = "the rest", .line = 0}, rest);
    }
  }
  return out +
         annotation("notice", {.rule = "verdict", .line = 0}, told.comparison == nullptr ? told.reason : heading(told));
}

}  // namespace pawl::gate
