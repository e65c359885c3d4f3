// Quick steps, and tables that are made anew beside the old ones and swapped.
#include "migrations.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "base/time.h"
#include "warehouse.h"

namespace pawl::warehouse {
namespace {

constexpr std::string_view steps_ddl =
    "CREATE TABLE IF NOT EXISTS schema_steps (owner LowCardinality(String), number UInt32, "
    "state Enum8('copied' = 1, 'done' = 2), up_to UInt64, target String, program LowCardinality(String), "
    "at DateTime64(3, 'UTC') DEFAULT now64(3)) ENGINE = MergeTree ORDER BY (owner, number, state, up_to) "
    "SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1";

// A piece of a copy: small blocks, since bodies are large, and any number of partitions.
constexpr std::string_view copy_settings =
    " SETTINGS max_threads = 1, max_insert_threads = 1, max_block_size = 4096, preferred_block_size_bytes = 1000000, "
    "min_insert_block_size_rows = 100000, min_insert_block_size_bytes = 33554432, max_partitions_per_insert_block = 0";

Result<std::int64_t> number_of(Warehouse& warehouse, std::string sql) {
  const auto answer = TRY(warehouse.read({.sql = std::move(sql), .parameters = {}, .deadline = 10 * minute}));
  return answer.rows.size() == 0 ? 0 : answer.rows.integer(0, 0);
}

Result<std::vector<std::string>> texts_of(Warehouse& warehouse, std::string sql) {
  const auto answer = TRY(warehouse.read({.sql = std::move(sql), .parameters = {}, .deadline = minute}));
  std::vector<std::string> out;
  for (std::size_t i = 0; i < answer.rows.size(); ++i) out.emplace_back(answer.rows.text(0, i));
  return out;
}

Result<bool> exists(Warehouse& warehouse, std::string_view table) {
  return TRY(number_of(warehouse,
                       fmt::format("SELECT count() FROM system.tables WHERE database = currentDatabase() AND "
                                   "name = '{}'",
                                   table))) > 0;
}

struct Done {
  std::vector<std::uint32_t> numbers;
  std::string program;  // that did the last one
};

Result<Done> done_steps(Warehouse& warehouse, std::string_view owner) {
  const auto answer = TRY(warehouse.read(
      {.sql =
           "SELECT number, program FROM schema_steps WHERE owner = {owner:String} AND state = 'done' ORDER BY number",
       .parameters = {{"owner", std::string(owner)}},
       .deadline = minute}));
  Done done;
  for (std::size_t i = 0; i < answer.rows.size(); ++i) {
    done.numbers.push_back(static_cast<std::uint32_t>(answer.rows.integer(0, i)));
    done.program = answer.rows.text(1, i);
  }
  return done;
}

std::string done_sql(const Schema& schema, const Step& step, std::string_view program) {
  return fmt::format("INSERT INTO schema_steps (owner, number, state, program) VALUES ('{}', {}, 'done', '{}')",
                     schema.owner, step.number, program);
}

std::string beside(const Step& step) {
  return fmt::format("{}_step{}", step.table, step.number);
}
std::string mark(const Step& step) {
  return fmt::format("as of step {}", step.number);
}

const Table& table_of(const Schema& schema, const Step& step) {
  const auto found = std::ranges::find(schema.tables, step.table, &Table::name);
  PAWL_CHECK(found != schema.tables.end(), "step {} of {} names no table", step.number, schema.owner);
  return *found;
}

// Is there no table of this owner at all? Then all of today's steps are done in its DDL.
Result<bool> is_new(Warehouse& warehouse, const Schema& schema) {
  for (const auto& table : schema.tables)
    if (TRY(exists(warehouse, table.name))) return false;
  return true;
}

Result<bool> needed(Warehouse& warehouse, const Step& step) {
  if (step.only_if.empty()) return true;
  return TRY(number_of(warehouse, std::string(step.only_if))) > 0;
}

Result<> refuse_newer(const Schema& schema, const Done& done, std::string_view program) {
  const auto known = schema.steps.empty() ? 0U : static_cast<std::uint32_t>(schema.steps.back().number);
  if (done.numbers.empty() || done.numbers.back() <= known) return {};
  return fail(ErrorKind::conflict,
              "the warehouse was brought to step {} of {} by Pawl {}; this is Pawl {}, which knows {}. Start that one "
              "again, or restore a back-up from before. Nothing was changed",
              done.numbers.back(), schema.owner, done.program, program, known);
}

// Columns of the old table that the new one has, or that are said how to fill: "a, b" and "a, f(x)".
Result<std::pair<std::string, std::string>> column_lists(Warehouse& warehouse, const Step& step) {
  const auto columns = [&](const std::string& table, std::string_view kinds) {
    return texts_of(warehouse, fmt::format("SELECT name FROM system.columns WHERE database = currentDatabase() AND "
                                           "table = '{}' AND default_kind IN ({}) ORDER BY position",
                                           table, kinds));
  };
  const auto old_ones = TRY(columns(std::string(step.table), "'', 'DEFAULT', 'MATERIALIZED'"));
  std::pair<std::string, std::string> out;
  for (const auto& name : TRY(columns(beside(step), "'', 'DEFAULT'"))) {
    const auto fill = std::ranges::find(step.fill, name, &Fill::column);
    if (fill == step.fill.end() && std::ranges::find(old_ones, name) == old_ones.end()) continue;  // by its default
    const std::string_view comma = out.first.empty() ? "" : ", ";
    out.first += fmt::format("{}{}", comma, name);
    out.second += fmt::format("{}{}", comma, fill == step.fill.end() ? name : fill->expression);
  }
  return out;
}

struct Copy {
  std::string target;       // its UUID: after a restore the table of an unfinished copy is another one
  std::uint64_t up_to = 0;  // batches that are there
};

std::string copied_sql(const Schema& schema, const Step& step, const Copy& copy, std::string_view program) {
  return fmt::format(
      "INSERT INTO schema_steps (owner, number, state, up_to, target, program) VALUES ('{}', {}, 'copied', {}, '{}', "
      "'{}')",
      schema.owner, step.number, copy.up_to, copy.target, program);
}

// How far the copy has come. What a crash cut off in the middle of a piece is taken away.
Result<Copy> begin_copy(Warehouse& warehouse, const Schema& schema, const Step& step) {
  const std::string target = beside(step);
  if (!TRY(exists(warehouse, target))) {
    std::string ddl(table_of(schema, step).ddl);
    const std::string head = fmt::format("CREATE TABLE IF NOT EXISTS {} ", step.table);
    const auto at = ddl.find(head);
    PAWL_CHECK(at != std::string::npos, "the DDL of {} begins in another way", step.table);
    ddl.replace(at, head.size(), fmt::format("CREATE TABLE {} ", target));
    TRY(warehouse.run(fmt::format("{}{} COMMENT '{}'", ddl, schema.settings, mark(step))));
  }
  Copy copy;
  copy.target = TRY(texts_of(warehouse, fmt::format("SELECT toString(uuid) FROM system.tables WHERE database = "
                                                    "currentDatabase() AND name = '{}'",
                                                    target)))
                    .at(0);
  copy.up_to = static_cast<std::uint64_t>(TRY(number_of(
      warehouse, fmt::format("SELECT max(up_to) FROM schema_steps WHERE owner = '{}' AND number = {} AND target = '{}'",
                             schema.owner, step.number, copy.target))));
  const auto rest =
      TRY(number_of(warehouse, fmt::format("SELECT count() FROM {} WHERE batch > {}", target, copy.up_to)));
  if (rest > 0)
    TRY(warehouse.run(
        fmt::format("DELETE FROM {} WHERE batch > {} SETTINGS lightweight_deletes_sync = 2", target, copy.up_to)));
  return copy;
}

Result<> finish(Warehouse& warehouse, const Step& step) {
  return warehouse.run(fmt::format("DROP TABLE IF EXISTS {} SYNC SETTINGS max_table_size_to_drop = 0", beside(step)));
}

// Was it swapped already, by a process that did not live to say so?
Result<bool> is_swapped(Warehouse& warehouse, const Step& step) {
  return TRY(number_of(warehouse,
                       fmt::format("SELECT count() FROM system.tables WHERE database = currentDatabase() AND "
                                   "name = '{}' AND comment = '{}'",
                                   step.table, mark(step)))) > 0;
}

}  // namespace

Result<std::vector<Step>> migrate(Warehouse& warehouse, const Schema& schema, std::string_view program,
                                  const Log& log) {
  std::vector<Step> later;
  Done done;
  if (TRY(exists(warehouse, schema_table))) done = TRY(done_steps(warehouse, schema.owner));
  TRY(refuse_newer(schema, done, program));
  const bool fresh = TRY(is_new(warehouse, schema));
  TRY(warehouse.run(steps_ddl));
  for (const auto& table : schema.tables) TRY(warehouse.run(fmt::format("{}{}", table.ddl, schema.settings)));
  for (const auto& step : schema.steps) {
    const bool is_done = std::ranges::find(done.numbers, static_cast<std::uint32_t>(step.number)) != done.numbers.end();
    if (is_done && step.alter.empty() && TRY(exists(warehouse, beside(step)))) TRY(finish(warehouse, step));
    if (is_done) continue;
    if (!fresh && TRY(needed(warehouse, step))) {
      if (step.alter.empty()) {
        later.push_back(step);
        continue;
      }
      TRY(warehouse.run(fmt::format("ALTER TABLE {} {}", step.table, step.alter)));
      log.info("a table was changed", {{"table", std::string(step.table)}, {"step", fmt::format("{}", step.number)}});
    }
    TRY(warehouse.run(done_sql(schema, step, program)));
  }
  return later;
}

Result<bool> rebuild(Warehouse& warehouse, const Schema& schema, const Step& step, std::string_view program,
                     const Pace& pace, const Log& log) {
  const SystemClock clock;
  const std::string target = beside(step), done = done_sql(schema, step, program);
  if (TRY(is_swapped(warehouse, step))) {
    TRY(warehouse.run(done));
    TRY(finish(warehouse, step));
    return true;
  }
  Copy copy = TRY(begin_copy(warehouse, schema, step));
  const auto [into, from] = TRY(column_lists(warehouse, step));
  const std::string insert =
      fmt::format("INSERT INTO {} ({}) SELECT {} FROM {} WHERE batch > ", target, into, from, step.table);
  const auto bound = [&](std::string_view which) {
    return number_of(warehouse, fmt::format("SELECT {}(batch) FROM {}", which, step.table));
  };
  const auto first = static_cast<std::uint64_t>(TRY(bound("min")));
  copy.up_to = std::max(copy.up_to, first == 0 ? 0 : first - 1);
  log.info("a table is made anew", {{"table", std::string(step.table)}, {"step", fmt::format("{}", step.number)}});
  for (std::uint64_t width = pace.first_batches;;) {
    const auto last = static_cast<std::uint64_t>(TRY(bound("max")));
    // The last batch may still be coming, and is left to the swap, with as much as is quickly done.
    if (last <= copy.up_to + 1 + width / 4) break;
    if (pace.go_on && !pace.go_on(static_cast<double>(copy.up_to - first + 1) / static_cast<double>(last - first + 1)))
      return false;
    const std::uint64_t up_to = std::min(copy.up_to + width, last - 1);
    const Nanos began = clock.monotonic();
    TRY(warehouse.run(fmt::format("{}{} AND batch <= {}{}", insert, copy.up_to, up_to, copy_settings)));
    copy.up_to = up_to;
    TRY(warehouse.run(copied_sql(schema, step, copy, program)));
    const auto took = static_cast<double>(std::max<Nanos>(1, clock.monotonic() - began));
    const double fits = static_cast<double>(width) * static_cast<double>(pace.piece) / took;
    width = std::clamp(static_cast<std::uint64_t>(fits), width / 4 + 1, width * 2);
  }
  TRY(warehouse.together({fmt::format("{}{}{}", insert, copy.up_to, copy_settings),
                          fmt::format("EXCHANGE TABLES {} AND {}", target, step.table), done}));
  TRY(finish(warehouse, step));
  log.info("a table was made anew", {{"table", std::string(step.table)}, {"step", fmt::format("{}", step.number)}});
  return true;
}

}  // namespace pawl::warehouse
