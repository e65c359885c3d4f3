// What the gate has found, one by one.
#include "findings.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/text.h"
#include "report.h"

namespace pawl::gate {
namespace {

namespace dom = simdjson::dom;

class Finder {
 public:
  explicit Finder(const Told& told) : told_(told) {
    if (!told.options.cases.empty()) {
      if (auto lines = lines_of_cases(told.options.cases)) lines_ = std::move(*lines);
    }
  }

  std::vector<Finding> run() {
    if (told_.comparison == nullptr) {
      add(Level::error, "infrastructure", "", "no comparison: " + told_.reason);
      return joined();
    }
    for (const auto& metric : told_.comparison->metrics) {
      if (metric.gated) whole(metric);
    }
    for (const auto& metric : told_.comparison->metrics) failures(metric);
    fallen();
    flaky();
    lost();
    return joined();
  }

 private:
  std::vector<Finding> joined() {
    std::vector<Finding> all;
    for (auto& level : out_) std::ranges::move(level, std::back_inserter(all));
    return all;
  }

  static std::string rule_of(const Metric& metric) { return fmt::format("{}/{}", name_of(metric.role), metric.name); }

  void add(Level level, std::string rule, const std::string& case_name, std::string text) {
    Finding one{.level = level, .rule = std::move(rule), .case_name = case_name, .text = std::move(text)};
    one.file = told_.options.cases.empty() ? told_.options.candidate : told_.options.cases;
    if (!case_name.empty()) place(one);
    out_[static_cast<std::size_t>(level)].push_back(std::move(one));
  }

  void place(Finding& one) const {
    const auto found = told_.names.case_places.find(one.case_name);
    const auto* now = found == told_.names.case_places.end() ? nullptr : told_.candidate.find(found->second);
    if (!told_.options.cases.empty()) {
      if (const auto line = lines_.find(one.case_name); line != lines_.end()) one.line = line->second;
    } else if (now != nullptr) {
      one.line = now->line;
    }
    if (now == nullptr) return;
    one.trace = now->trace;
    if (!now->comment.empty()) one.text += "\n" + now->comment;
  }

  void whole(const Metric& metric) {
    const auto verdict = metric.judged.verdict;
    if (verdict == stats::Verdict::worse && metric.role != Role::safety)
      add(Level::error, rule_of(metric), "", fmt::format("{} is worse: {}", metric.name, change_text(metric)));
    if (verdict == stats::Verdict::cannot_tell)
      add(told_.exit_code == 1 ? Level::warning : Level::note, rule_of(metric), "",
          fmt::format("cannot tell about {}: {}", metric.name, why_not(metric)));
  }

  static std::string why_not(const Metric& metric) {
    const std::string more = more_text(metric);
    return metric.note.empty() ? more.empty() ? "too few cases" : more
           : more.empty()      ? metric.note
                               : metric.note + "; " + more;
  }

  void failures(const Metric& metric) {
    for (const auto& name : metric.new_failures)
      add(Level::error, rule_of(metric), name,
          fmt::format("{}: newly fails {}: {}", name, metric.name, case_text(told_, name, metric.name)));
  }

  void fallen() {
    for (const auto& one : told_.comparison->changed) {
      const Metric* metric = of(one.metric);
      if (metric == nullptr || metric->role != Role::quality) continue;
      const Level level = metric->judged.verdict == stats::Verdict::worse ? Level::error
                          : one.regressed                                 ? Level::warning
                                                                          : Level::note;
      add(level, rule_of(*metric), one.case_name,
          fmt::format("{}: {} {}: {}", one.case_name, one.metric, one.regressed ? "regressed" : "fell",
                      case_text(told_, one.case_name, one.metric)));
    }
  }

  const Metric* of(const std::string& name) const {
    for (const auto& metric : told_.comparison->metrics) {
      if (metric.name == name) return &metric;
    }
    return nullptr;
  }

  void flaky() {
    for (const auto& one : told_.comparison->flaky)
      add(one.fresh ? Level::warning : Level::note, "flaky", one.case_name,
          fmt::format("{}: {} is flaky: {}/{} trials pass; {}", one.case_name, one.metric, one.passed, one.trials,
                      one.fresh ? "it passed every trial before" : fmt::format("before: {}", one.before)));
  }

  void lost() {
    for (std::size_t i = 0; i < told_.candidate.cases.size(); ++i) {
      const auto& one = told_.candidate.cases[i];
      if (one.trials == 0 && one.lost > 0)
        add(Level::note, "infrastructure", told_.names.cases[i],
            fmt::format("{}: all {} trials were lost to infrastructure; left out of the verdict", told_.names.cases[i],
                        one.lost));
    }
  }

  const Told& told_;
  std::unordered_map<std::string, std::uint64_t> lines_;
  std::array<std::vector<Finding>, 3> out_;  // by level
};

std::string trials_text(const Cell& cell) {
  if (cell.binary) return fmt::format("{}/{}", static_cast<std::uint64_t>(cell.sum), cell.trials);
  return fmt::format("{:.4g}", cell.mean());
}

const Cell* cell_of(const Told& told, const Side& side, std::string_view case_name, const std::string& metric) {
  const auto place = told.names.case_places.find(std::string(case_name));
  const auto score = told.names.score_places.find(metric);
  if (place == told.names.case_places.end() || score == told.names.score_places.end()) return nullptr;
  const auto* one = side.find(place->second);
  return one == nullptr || score->second >= one->scores.size() || one->scores[score->second].trials == 0
             ? nullptr
             : &one->scores[score->second];
}

}  // namespace

Result<std::unordered_map<std::string, std::uint64_t>> lines_of_cases(const std::string& path) {
  std::string text = TRY(trials::read_file(path));
  const std::size_t size = text.size();
  text.append(simdjson::SIMDJSON_PADDING, ' ');
  std::unordered_map<std::string, std::uint64_t> out;
  dom::parser parser;
  std::size_t start = 0;
  for (std::uint64_t line = 1; start < size; ++line) {
    const std::size_t end = std::min(text.find('\n', start), size);
    dom::object row;
    if (!parser.parse(text.data() + start, end - start, false).get(row)) {
      for (const char* key : {"id", "case"}) {
        std::string_view name;
        std::int64_t number = 0;
        if (!row[key].get(name)) out.try_emplace(std::string(name), line);
        if (!row[key].get(number)) out.try_emplace(fmt::format("{}", number), line);
      }
    }
    start = end + 1;
  }
  return out;
}

std::vector<Finding> findings(const Told& told) {
  return Finder(told).run();
}

std::string heading(const Told& told) {
  return told.comparison == nullptr ? "pawl gate: no comparison"
                                    : fmt::format("pawl gate: {}", words_of(told.comparison->verdict));
}

std::string change_text(const Metric& metric) {
  const auto& j = metric.judged;
  return fmt::format("{} → {} ({}{}, bounds [{}, {}], p {})", number_text(j.baseline), number_text(j.candidate),
                     j.diff > 0 ? "+" : "", number_text(j.diff), number_text(j.ci.low), number_text(j.ci.high),
                     p_text(j.p_adjusted));
}

std::string case_text(const Told& told, std::string_view case_name, const std::string& metric) {
  const Cell* before = cell_of(told, told.baseline, case_name, metric);
  const Cell* now = cell_of(told, told.candidate, case_name, metric);
  if (before == nullptr || now == nullptr) return "no value on one side";
  return fmt::format("{}{}, baseline {}", trials_text(*now), now->binary ? " trials pass" : "", trials_text(*before));
}

std::string trace_url(const Told& told, std::string_view trace) {
  if (trace.empty() || told.options.url.empty()) return "";
  std::string_view base = told.options.url;
  while (base.ends_with('/')) base.remove_suffix(1);
  return fmt::format("{}/traces/{}", base, percent_encode(trace));
}

}  // namespace pawl::gate
