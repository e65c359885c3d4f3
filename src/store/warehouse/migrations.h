// The history of tables: how a new installation makes them, and how an older one's become like them. The warehouse
// keeps in `schema_steps` what was done. Steps are never edited, only followed by others.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"

namespace pawl::warehouse {

class Warehouse;

struct Table {
  std::string_view name;
  std::string_view
      ddl;  // "CREATE TABLE IF NOT EXISTS name (…) … ORDER BY …", without settings; it has a column `batch`
};

struct Fill {
  std::string_view column, expression;  // over the columns of the old table
};

struct Step {
  int number = 0;  // 1, 2, … for each owner
  std::string_view table;
  // Quick, done before the first query: "ADD COLUMN IF NOT EXISTS x UInt8 AFTER y". It may be done twice after a crash.
  std::string_view alter = {};
  // Without `alter` the table is made anew by its DDL of today, filled from the old one, and swapped for it: after the
  // start, in pieces, while all goes on. So code must be able to read and write both forms. Columns are taken over by
  // name; `fill` says what others are, and what changes.
  std::span<const Fill> fill = {};
  // Only where this query counts something: for steps that were needed by some installations alone.
  std::string_view only_if = {};
};

struct Schema {
  std::string_view owner;  // "traces"
  std::span<const Table> tables;
  std::string_view settings;  // " SETTINGS …" of every table
  std::span<const Step> steps;
};

struct Pace {
  std::uint64_t first_batches = 1;   // of the first piece, any number of rows; each next one is at most twice as many
  std::int64_t piece = 500'000'000;  // ns that a piece is to take: a writer waits no longer
  std::function<bool(double)>
      go_on;  // between pieces, with the share that is done; false: stop, go on at the next start
};

// Makes missing tables and does the quick steps, in order; gives the rebuilds that are left for later. `program` is the
// version that does it. `conflict`, and nothing is touched, where a newer program has done a step that is not known
// here.
Result<std::vector<Step>> migrate(Warehouse& warehouse, const Schema& schema, std::string_view program, const Log& log);

// One rebuild, from where an earlier process left it. Done when it returns true; false: `go_on` said no. Not at the
// same time as another migration; inserts and queries go on.
Result<bool> rebuild(Warehouse& warehouse, const Schema& schema, const Step& step, std::string_view program,
                     const Pace& pace, const Log& log);

// "TABLE schema_steps", for BACKUP beside the tables themselves.
inline constexpr std::string_view schema_table = "schema_steps";

}  // namespace pawl::warehouse
