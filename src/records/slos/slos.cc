// Objectives in the ledger, and as filters.
#include "slos.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/money.h"
#include "base/text.h"

namespace pawl::slos {
namespace {

namespace sj = simdjson;

constexpr ledger::Migration steps[] = {{"slos", 1, R"sql(
CREATE TABLE slos (project INTEGER NOT NULL REFERENCES projects (id), name TEXT NOT NULL,
  agent TEXT NOT NULL, kind TEXT NOT NULL, -- availability latency quality cost
  target REAL NOT NULL, -- share of good runs
  threshold TEXT NOT NULL, -- beyond it a run is bad
  score TEXT NOT NULL, -- of quality: its name
  span TEXT NOT NULL, -- length of the rolling window
  filter TEXT NOT NULL, -- further terms
  description TEXT NOT NULL, changed INTEGER NOT NULL, actor TEXT NOT NULL, PRIMARY KEY (project, name)) STRICT;
)sql"}};
constexpr std::string_view columns =
    "name, agent, kind, target, threshold, score, span, filter, description, changed, actor";
constexpr std::int64_t most = 500;
constexpr std::array<std::string_view, 4> kinds = {"availability", "latency", "quality", "cost"};
constexpr std::array<std::string_view, 9> keys = {"name",  "agent",  "kind",   "target",     "threshold",
                                                  "score", "window", "filter", "description"};

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) out += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out + "\"";
}

std::string base(const Slo& slo) {
  return fmt::format("agent={}{}", in_quotes(slo.agent), slo.filter.empty() ? "" : " (" + slo.filter + ")");
}

std::string score_of(const Slo& slo) {
  return "score." +
         (std::ranges::all_of(slo.score, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; })
              ? slo.score
              : in_quotes(slo.score));
}

Slo slo_at(const ledger::Rows& rows, std::size_t i) {
  const auto* target = std::get_if<double>(&rows.cells[i][3]);
  return {.name = rows.text(i, 0),
          .agent = rows.text(i, 1),
          .kind = rows.text(i, 2),
          .target = target != nullptr ? *target : 0.99,
          .threshold = rows.text(i, 4),
          .score = rows.text(i, 5),
          .window = rows.text(i, 6),
          .filter = rows.text(i, 7),
          .description = rows.text(i, 8),
          .changed = rows.integer(i, 9),
          .actor = rows.text(i, 10)};
}

// A text, or a number as it is written.
Result<std::string> text_in(sj::dom::object object, std::string_view key) {
  sj::dom::element value;
  if (object[key].get(value) != sj::SUCCESS || value.is_null()) return std::string();
  if (std::string_view text; value.get(text) == sj::SUCCESS) return std::string(trim(text));
  if (value.is_number()) return sj::to_string(value);
  return fail(ErrorKind::invalid, "\"{}\" must be a text.", key);
}

Result<> check_threshold(const Slo& slo) {
  if (slo.kind == "availability") {
    if (!slo.threshold.empty()) return fail(ErrorKind::invalid, "Availability has no threshold: a run fails or not.");
    return {};
  }
  if (slo.kind == "latency" && parse_duration(slo.threshold).value_or(0) <= 0)
    return fail(ErrorKind::invalid, "\"threshold\" of latency is a length of time such as \"10s\".");
  if (slo.kind == "cost" && (!parse_dollars(slo.threshold) || parse_dollars(slo.threshold)->pico <= 0))
    return fail(ErrorKind::invalid, "\"threshold\" of cost is US dollars above 0, such as \"0.05\".");
  if (slo.kind == "quality" && !parse_double(slo.threshold))
    return fail(ErrorKind::invalid, "\"threshold\" of quality is the least good score, such as \"0.7\".");
  if (slo.kind == "quality" && slo.score.empty())
    return fail(ErrorKind::invalid, "\"score\" must name the score that quality is measured by.");
  return {};
}

}  // namespace

Nanos Slo::length() const {
  return parse_duration(window).value_or(30 * day);
}

std::span<const ledger::Migration> migrations() {
  return steps;
}

std::string valid_filter(const Slo& slo) {
  const std::string runs = base(slo);
  if (slo.kind == "cost") return runs + " cost>=0";  // a cost that is known
  if (slo.kind == "quality") return fmt::format("{0} ({1}<{2} or {1}>={2})", runs, score_of(slo), slo.threshold);
  return runs;
}

std::string bad_filter(const Slo& slo) {
  const std::string runs = base(slo);
  if (slo.kind == "latency") return fmt::format("{} duration>{}", runs, slo.threshold);
  if (slo.kind == "cost") return fmt::format("{} cost>{}", runs, slo.threshold);
  if (slo.kind == "quality") return fmt::format("{} {}<{}", runs, score_of(slo), slo.threshold);
  return runs + " status=error";
}

Result<Slo> read_slo(std::string_view json, std::string_view name) {
  sj::dom::parser parser;
  sj::dom::object object;
  if (parser.parse(sj::padded_string(json)).get(object) != sj::SUCCESS)
    return fail(ErrorKind::invalid,
                "An objective is a JSON object: {{\"agent\": \"refunds\", \"kind\": \"latency\", "
                "\"threshold\": \"10s\", \"target\": 0.95}}.");
  for (const auto field : object) {
    if (std::ranges::find(keys, field.key) != keys.end()) continue;
    const auto near = nearest(field.key, {keys.begin(), keys.end()});
    return fail(ErrorKind::invalid, "{} is no key of an objective.{}", field.key,
                near.empty() ? "" : fmt::format(" Did you mean {}?", near));
  }
  Slo slo;
  for (const auto& [key, into] : {std::pair{"name", &slo.name},
                                  {"agent", &slo.agent},
                                  {"kind", &slo.kind},
                                  {"threshold", &slo.threshold},
                                  {"score", &slo.score},
                                  {"window", &slo.window},
                                  {"filter", &slo.filter},
                                  {"description", &slo.description}})
    *into = TRY(text_in(object, key));
  if (!name.empty()) slo.name = name;
  if (slo.name.empty() || slo.name.size() > 100 || !is_utf8(slo.name))
    return fail(ErrorKind::invalid, "An objective's name has 1 to 100 characters.");
  if (slo.agent.empty()) return fail(ErrorKind::invalid, "\"agent\" must name the agent whose objective it is.");
  if (std::ranges::find(kinds, slo.kind) == kinds.end())
    return fail(ErrorKind::invalid, "\"kind\" must be availability, latency, quality or cost.");
  const auto target = parse_double(TRY(text_in(object, "target")));
  if (!target || !(*target >= 0.5 && *target <= 0.99999))
    return fail(ErrorKind::invalid, "\"target\" is the share of runs that must be good, between 0.5 and 0.99999.");
  slo.target = *target;
  if (slo.window.empty()) slo.window = "30d";
  const Nanos length = parse_duration(slo.window).value_or(0);
  if (length < day || length > 90 * day || length % day != 0)
    return fail(ErrorKind::invalid, "\"window\" is a number of whole days, 1d to 90d.");
  TRY(check_threshold(slo));
  return slo;
}

Result<std::vector<Slo>> all(ledger::Ledger& ledger, ProjectId project) {
  const auto rows = TRY(ledger.read(fmt::format("SELECT {} FROM slos WHERE project = ? ORDER BY name", columns),
                                    {std::int64_t{project}}));
  std::vector<Slo> out;
  for (std::size_t i = 0; i < rows.size(); ++i) out.push_back(slo_at(rows, i));
  return out;
}

Result<Slo> find(ledger::Ledger& ledger, ProjectId project, const std::string& name) {
  const auto rows = TRY(ledger.read(fmt::format("SELECT {} FROM slos WHERE project = ? AND name = ?", columns),
                                    {std::int64_t{project}, name}));
  if (rows.size() == 0) return fail(ErrorKind::not_found, "There is no objective {}.", name);
  return slo_at(rows, 0);
}

Result<> put(ledger::Transaction& change, ProjectId project, const Slo& slo) {
  const auto others =
      TRY(change.run("SELECT count(*) FROM slos WHERE project = ? AND name <> ?", {std::int64_t{project}, slo.name}));
  if (others.integer(0, 0) >= most) return fail(ErrorKind::exhausted, "A project has at most {} objectives.", most);
  TRY(change.run(
      fmt::format("INSERT OR REPLACE INTO slos (project, {}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", columns),
      {std::int64_t{project}, slo.name, slo.agent, slo.kind, slo.target, slo.threshold, slo.score, slo.window,
       slo.filter, slo.description, slo.changed, slo.actor}));
  return {};
}

Result<> remove(ledger::Transaction& change, ProjectId project, const std::string& name) {
  TRY(change.run("DELETE FROM slos WHERE project = ? AND name = ?", {std::int64_t{project}, name}));
  if (change.changes() == 0) return fail(ErrorKind::not_found, "There is no objective {}.", name);
  return {};
}

}  // namespace pawl::slos
