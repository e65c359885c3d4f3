// The table behind the measures, and the time of a step as SQL; inside of the module only.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "sql.h"

namespace pawl::query {

// Which scan a partial sum comes from. Each branch gives (keys, its partials); the branches are added up by key.
enum class Branch : std::uint8_t {
  rows,          // one row a span
  traces,        // distinct traces
  sessions,      // distinct sessions
  tasks,         // distinct (session, task)
  done_tasks,    // of which a span says that it was done
  latency,       // quantiles of the time of spans
  ttft,          // quantiles of the time to the first token
  items,         // traces or sessions as a whole
  item_latency,  // quantiles of their time
  overhead,      // of whole traces
};

struct Partial {
  std::string_view name;
  Branch branch;
  std::string_view sql;   // of rows, items, overhead: an aggregate
  double quantile = 0;    // of latency, ttft, item_latency
  bool presence = false;  // above 0 where the group is there
};
const std::vector<Partial>& partial_table();

struct Measure {
  std::string_view name, unit;
  Type type = Type::number;
  std::string_view definition;
  std::string_view sql;       // over partials
  std::string_view item_sql;  // where the grain is trace or session; "" = the same
};
const std::vector<Measure>& measure_table();

// Weight of a row in millionths, with its sign: an integer, so that a correction cancels to the last bit.
inline constexpr std::string_view weight_sql = "sign * toInt64(round(weight * 1000000))";

// Log buckets with relative error ≤ 1 %: bucket k holds (γ^(k-1), γ^k] ns with γ = 1.01 / 0.99, and stands for
// 2 γ^k / (γ + 1) (Masson, Rim, Lee: DDSketch, VLDB 2019); -1 holds 0 and less.
std::string bucket_sql(std::string_view nanoseconds);
std::string bucket_value_ms_sql(std::string_view bucket);

// The start of the step, in seconds since 1970, of a minute since 1970; in the time zone's own days and hours.
// `invalid` on an unknown step or time zone.
Result<std::string> step_sql(Sql& sql, std::string_view step, std::string_view timezone, std::string_view minute);

// Whether every border of such steps is a whole hour of UTC.
bool steps_by_hours(std::string_view step, std::string_view timezone);

// A table of sums by hour: a column "sum_x" for each partial _x of rows, `times` for the log buckets. Or, for a branch
// that counts distinct items, their keys: `item`, with `sum_n` the sum of `sign` of its rows and `sum_w` that of their
// weights.
struct Rollup {
  std::string_view name;
  std::vector<std::string_view> keys;  // columns of `spans`, each a dimension or what a flag looks at
  bool quantiles = false;
  std::optional<Branch> items = {};
};
// Whether it holds what the branch adds up.
bool serves(const Rollup& rollup, Branch branch);
// The key of the items that a branch counts, on a row of `spans`: UInt64; and the part of them that it stands in, since
// many small sets of keys are counted much quicker than a large one.
std::string_view item_of(Branch branch);
std::string part_of(std::string_view item);
const std::vector<Rollup>& rollup_table();      // the smallest first
std::string_view times_column(Branch branch);   // of latency, ttft: Map(bucket, weight)
std::string with_weight(std::string_view sql);  // for `_w`, a row's weight
// What goes into the sum of a partial of rows: of one row of `spans`.
std::string row_value(const Partial& partial);
// The condition on the rows that a time's log buckets count, and the time itself.
std::string_view timed_rows(Branch branch), time_of(Branch branch);
// Whether the filter looks at these columns only.
bool looks_at_only(const Node& node, const std::vector<std::string_view>& keys);

// What rows are grouped by: its name in the answer, and the expression on a row of `spans` and of a roll-up.
struct Key {
  enum class Kind : std::uint8_t { column, time, part };
  std::string name, sql, rolled;
  Kind kind = Kind::column;
};
// The step or grid first, where one is asked for.
Result<std::vector<Key>> keys_of(Sql& sql, const MeasureQuery& query);
// The start of the step of a grid in nanoseconds; of a roll-up where its hours are whole steps.
std::string grid_step(const MeasureQuery& query, std::string_view nanoseconds);

// A measure query without its order and limit; its columns are called c0, c1, …: what it is split by, then measures.
struct Unordered {
  std::string sql;
  std::vector<Column> columns;
};

std::string_view type_of(const Column& measure);
Result<Unordered> unordered_spans(Sql& sql, const MeasureQuery& query);

// score.NAME, alone or beside measures of spans: scored.cc.
bool is_score_measure(std::string_view name);
Result<Unordered> unordered_scores(Sql& sql, const MeasureQuery& query);
Result<Unordered> unordered_both(Sql& sql, const MeasureQuery& query);

// metric.NAME, of the table `points` alone: points.cc.
bool asks_points(const MeasureQuery& query);
Result<Unordered> unordered_points(Sql& sql, const MeasureQuery& query);

}  // namespace pawl::query
