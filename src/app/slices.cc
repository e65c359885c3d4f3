// The list of slices; tables as their owners define them.
#include "slices.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "features/ingest/ingest.h"
#include "ledger.h"
#include "query/query.h"
#include "records/audit/audit.h"
#include "records/projects/projects.h"
#include "records/traces/traces.h"

namespace pawl::app {
namespace {

constexpr Job journal_jobs[] = {
    {"commit", "at once; what arrives during a sync goes into the next",
     "writes and syncs what was accepted, then it is acknowledged"},
    {"retire segments", "every 10 s",
     "removes journal segments 15 minutes after the warehouse has synced their last batch"}};
constexpr Job ingest_jobs[] = {
    {"recover", "at the start", "handles again what the warehouse does not hold yet, with the same batch bounds"},
    {"write", "60,000 rows, 32 MB or 300 ms", "reads records, prices them and inserts a batch"},
    {"correct", "after 2 s of quiet, at the latest 30 s",
     "counts a trace again that got news, and writes the differences as pairs"},
    {"roll up", "every minute, or after 100,000 spans",
     "adds what was stored since then to the roll-ups; fills them where they are missing"}};
constexpr Job projects_jobs[] = {
    {"refresh", "every 400 ms",
     "reads keys, roles and log-ins that others have changed; ends live views that may go on no longer"}};
constexpr Job operation_jobs[] = {
    {"certificates", "every 2 s", "reads a certificate again when its file has changed; SIGHUP does so at once"},
    {"tables", "after an upgrade, once queries are answered",
     "makes tables of an older Pawl anew beside the work, in pieces of half a second"}};
constexpr std::string_view explore_taps[] = {"committed batch: the live view"};
constexpr Job sdks_jobs[] = {
    {"experiments", "every 400 ms", "writes down which items were tried in which experiment, as spans said it"},
    {"deletions", "30 s after they were asked for", "takes the spans of a trace back, its scores too"}};
constexpr std::string_view sdks_taps[] = {"committed batch: items of experiments"};
constexpr std::string_view serve_commands[] = {"serve",  "upgrade", "version", "describe",
                                               "doctor", "backup",  "restore"};
constexpr std::string_view accounts_commands[] = {"project", "key", "user"};
constexpr std::string_view explore_commands[] = {"traces", "sessions", "query", "search", "diff", "tail", "view"};
constexpr std::string_view privacy_commands[] = {"reveal"};
constexpr std::string_view costs_commands[] = {"cost"};
constexpr Job alerts_jobs[] = {
    {"judge", "every 2 s, a minute behind",
     "feeds finished steps of each rule's measure to its judges, in the order of time"},
    {"deliver", "every second", "sends what the outbox holds, and writes down what came of it"}};
constexpr std::string_view alerts_commands[] = {"alert"};
constexpr std::string_view incidents_commands[] = {"incident"};
constexpr std::string_view reports_commands[] = {"report"};
constexpr Job reports_jobs[] = {
    {"schedules", "every 2 s", "makes the weekly reports that are due, of the week before; tried again for a day"},
    {"mails", "every 2 s", "sends reports to who is to have them; tried again for a day"}};
constexpr std::string_view objectives_commands[] = {"slo"};
constexpr std::string_view dashboards_commands[] = {"apply"};
constexpr std::string_view prices_commands[] = {"price"};
constexpr std::string_view ingest_commands[] = {"quarantine", "connect", "run"};
constexpr std::string_view imports_commands[] = {"import"};
constexpr std::string_view demo_commands[] = {"demo"};
constexpr Job quality_jobs[] = {
    {"copy of scores", "every 250 ms", "carries scores to the warehouse, for filters and measures"}};
constexpr std::string_view quality_commands[] = {"stats", "gate", "dataset", "eval"};

struct Known {
  std::string_view name, about;
  std::span<const Job> jobs;
  std::span<const std::string_view> taps, commands;
};
constexpr Known known[] = {
    {"journal",
     "what was acknowledged, until the warehouse has it (docs/reference/journal-format.md)",
     journal_jobs,
     {},
     {}},
    {"projects", "projects, keys, users and who may do what", projects_jobs, {}, {}},
    {"audit", "what people and commands have changed", {}, {}, {}},
    {"traces", "spans, their content, log records and metric points in the warehouse", {}, {}, {}},
    {"ingest",
     "receives what SDKs send, keeps the books, holds what the warehouse refuses",
     ingest_jobs,
     {},
     ingest_commands},
    {"explore", "lists, whole runs, measures, completion, live view", {}, explore_taps, explore_commands},
    {"privacy", "what is hidden before it is stored, and revealing what was sealed", {}, {}, privacy_commands},
    {"comments", "what people say about runs, and whom they mention", {}, {}, {}},
    {"share", "links that show a run to whoever has them", {}, {}, {}},
    {"sealed", "originals of what was hidden, encrypted", {}, {}, {}},
    {"scores", "judgements of sessions, traces, spans and experiments", {}, {}, {}},
    {"prompts", "prompts by name, their versions and labels", {}, {}, {}},
    {"datasets", "datasets, their items by version, experiments", {}, {}, {}},
    {"sdks", "what clients of Langfuse and LangSmith ask beside sending telemetry", sdks_jobs, sdks_taps, {}},
    {"costs", "exports, tables that add up, what-if, and budgets", {}, {}, costs_commands},
    {"alerts", "rules on measures, what fires, who is told", alerts_jobs, {}, alerts_commands},
    {"incidents", "alerts in groups, what was done about them, what came of it", {}, {}, incidents_commands},
    {"slos", "objectives of agents, as they were declared", {}, {}, {}},
    {"objectives", "compliance with objectives, error budgets, burn rates", {}, {}, objectives_commands},
    {"reports", "weekly reports, made on demand or by schedule, and kept", reports_jobs, {}, reports_commands},
    {"prometheus", "measures in PromQL, as a Prometheus data source", {}, {}, {}},
    {"tempo", "traces in TraceQL, as a Tempo data source", {}, {}, {}},
    {"imports", "history from Langfuse, LangSmith, Phoenix and MLflow", {}, {}, imports_commands},
    {"sql", "reading by SQL, as ClickHouse's HTTP interface", {}, {}, {}},
    {"views", "saved views of lists", {}, {}, {}},
    {"dashboards", "dashboards that users made, by version", {}, {}, dashboards_commands},
    {"accounts", "log-in, members, keys, settings of a project", {}, {}, accounts_commands},
    {"prices", "what calls cost, and what has no price", {}, {}, prices_commands},
    {"quality",
     "scores and datasets over the API, feedback of end users; the gate and the statistics behind evals",
     quality_jobs,
     {},
     quality_commands},
    {"sample", "one session to look at in an empty project", {}, {}, demo_commands},
    {"page", "the page's files", {}, {}, {}},
    {"operation", "Pawl itself: health, metrics, back-up", operation_jobs, {}, serve_commands},
};

std::string without_comment(std::string_view line, std::string& comment) {
  const auto dashes = line.find("--");
  if (dashes != std::string_view::npos) comment = trim(line.substr(dashes + 2));
  return std::string(trim(line.substr(0, dashes)));
}

// The pieces between commas that stand outside parentheses and quotes.
std::vector<std::string> pieces_of(std::string_view text) {
  std::vector<std::string> out(1);
  int depth = 0;
  bool quoted = false;
  for (const char c : text) {
    if (c == '\'') quoted = !quoted;
    if (!quoted && c == '(') ++depth;
    if (!quoted && c == ')') --depth;
    if (c == ',' && depth == 0 && !quoted)
      out.emplace_back();
    else
      out.back() += c;
  }
  std::erase_if(out, [](const std::string& piece) { return trim(piece).empty(); });
  return out;
}

bool is_clause(std::string_view word) {
  for (const std::string_view clause : {"INDEX", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "CONSTRAINT"})
    if (word == clause) return true;
  return false;
}

// Columns of a CREATE TABLE of ours; a comment at a line's end is about the last column of that line.
DescribedTable table_of(std::string_view ddl, std::string_view store) {
  DescribedTable table{.name = {}, .store = std::string(store), .about = {}, .columns = {}};
  const auto open = ddl.find('(');
  std::vector<std::string_view> words;
  for (const auto word : split(trim(ddl.substr(0, open)), ' '))
    if (!trim(word).empty()) words.push_back(trim(word));
  table.name = words.empty() ? "" : std::string(words.back());
  std::string pending, about;  // a piece may reach over several lines
  int depth = 1;
  for (const auto line : split(ddl.substr(open + 1), '\n')) {
    const std::string code = without_comment(line, about);
    if (!pending.empty()) pending += ' ';
    for (const char c : code) {
      depth += c == '(' ? 1 : c == ')' ? -1 : 0;
      if (depth == 0) break;
      pending += c;
    }
    if (depth > 1 || (depth == 1 && !pending.ends_with(','))) continue;
    for (const auto& piece : pieces_of(pending)) {
      const auto [name, type] = cut(trim(piece), ' ');
      if (!is_clause(name)) table.columns.push_back({std::string(name), std::string(trim(type)), {}});
    }
    if (!about.empty() && !table.columns.empty()) table.columns.back().about = about;
    pending.clear(), about.clear();
    if (depth == 0) break;
  }
  return table;
}

// Which slice made a table of the ledger: it stands in its migrations.
std::string_view owner_of(std::string_view table) {
  for (const auto& step : ledger_migrations()) {
    for (const std::string_view before : {"CREATE TABLE ", "CREATE TABLE IF NOT EXISTS "}) {
      const auto at = step.sql.find(std::string(before) + std::string(table));
      if (at == std::string_view::npos) continue;
      const char next = step.sql[at + before.size() + table.size()];
      if (next == ' ' || next == '(') return step.owner;
    }
  }
  return "operation";
}

Slice& slice_called(std::vector<Slice>& all, std::string_view name) {
  const auto found = std::ranges::find(all, name, &Slice::name);
  PAWL_CHECK(found != all.end(), "no slice is called {}", name);
  return *found;
}

}  // namespace

Result<std::vector<Slice>> slices(const net::Router& router, const std::vector<Added>& added, ledger::Ledger& ledger) {
  std::vector<Slice> all;
  for (const auto& one : known)
    all.push_back({.name = one.name,
                   .about = one.about,
                   .jobs = one.jobs,
                   .taps = one.taps,
                   .commands = one.commands,
                   .routes = {},
                   .methods = {},
                   .tables = {}});
  for (const auto& mark : added) {
    Slice& slice = slice_called(all, mark.slice);
    for (std::size_t i = mark.route_from; i < mark.route_to; ++i) slice.routes.push_back(router.routes()[i].get());
    for (std::size_t i = mark.method_from; i < mark.method_to; ++i)
      slice.methods.push_back(router.grpc_methods()[i].get());
  }
  for (const auto& table : traces::described_tables())
    slice_called(all, "traces").tables.push_back(table_of(table.ddl, "warehouse"));
  for (const auto& rollup : query::rollups())
    slice_called(all, "traces").tables.push_back(table_of(rollup.ddl, "warehouse"));
  const auto rows = TRY(ledger.read(
      "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"));
  for (std::size_t i = 0; i < rows.size(); ++i)
    slice_called(all, owner_of(rows.text(i, 0))).tables.push_back(table_of(rows.text(i, 1), "ledger"));
  return all;
}

}  // namespace pawl::app
