// Roll-ups: which there are, how they are made of rows of `spans`, and which filters they can answer.
#include "base/text.h"
#include "measures.h"

namespace pawl::query {
namespace {

constexpr std::string_view kinds =
    "Enum8('other' = 0, 'agent' = 1, 'llm' = 2, 'tool' = 3, 'retriever' = 4, 'embedding' = 5, 'reranker' = 6, "
    "'guardrail' = 7, 'evaluator' = 8, 'handoff' = 9, 'workflow' = 10)";
constexpr std::string_view statuses = "Enum8('ok' = 0, 'error' = 1, 'blocked' = 2, 'unfinished' = 3, 'running' = 4)";

std::string_view type_of(std::string_view key) {  // as in `spans`
  return key == "kind" ? kinds : key == "status" ? statuses : key == "is_error" ? "UInt8" : "LowCardinality(String)";
}

std::string list_of(const std::vector<std::string_view>& keys) {
  std::string out;
  for (const std::string_view key : keys) out += fmt::format(", {}", key);
  return out;
}

void add_sums(const Rollup& rollup, const auto& add) {
  for (const Partial& partial : partial_table()) {
    if (partial.branch != Branch::rows) continue;
    const bool wide = partial.sql.find("toInt128") != std::string_view::npos;
    add(fmt::format("sum{}", partial.name), fmt::format("SimpleAggregateFunction(sum, {})", wide ? "Int128" : "Int64"),
        fmt::format("sum({})", row_value(partial)));
  }
  for (const Branch branch : {Branch::latency, Branch::ttft}) {
    if (!rollup.quantiles) continue;
    add(times_column(branch), "SimpleAggregateFunction(sumMap, Map(Int16, Int64))",
        fmt::format("sumMapIf(map({}, {}), {})", bucket_sql(time_of(branch)), weight_sql, timed_rows(branch)));
  }
}

RollupInfo info_of(const Rollup& rollup) {
  RollupInfo info{.name = std::string(rollup.name), .dimensions = {}, .quantiles = rollup.quantiles};
  const std::string keys = list_of(rollup.keys);
  std::string columns, sums, declared;
  const auto add = [&](std::string_view name, std::string_view type, std::string_view sql) {
    columns += fmt::format(", {}", name);
    sums += fmt::format(", {}", sql);
    declared += fmt::format("  {} {},\n", name, type);
  };
  for (const std::string_view key : rollup.keys) declared += fmt::format("  {} {},\n", key, type_of(key));
  std::string order = keys, group = keys;
  if (rollup.items) {
    const std::string item(item_of(*rollup.items));
    declared = fmt::format("  part UInt8,\n{}  item UInt64,\n", declared);
    add("sum_n", "SimpleAggregateFunction(sum, Int64)", "sum(sign)");
    add("sum_w", "SimpleAggregateFunction(sum, Int64)", fmt::format("sum({})", weight_sql));
    order = fmt::format(", part, hour{}, item", keys), group = keys + ", _item";
    columns = ", part, item" + columns, sums = fmt::format(", {}, {} AS _item{}", part_of(item), item, sums);
  } else {
    add_sums(rollup, add);
    order = ", hour" + keys;
  }
  info.ddl = fmt::format(
      "CREATE TABLE IF NOT EXISTS {} (\n  project UInt32,\n"
      "  hour UInt32,                        -- of the start, clamped like `minute` of spans, since 1970 UTC\n{}"
      "  batch SimpleAggregateFunction(max, UInt64)  -- all up to the greatest of the table are in it\n"
      ") ENGINE = AggregatingMergeTree\nORDER BY (project{})",
      info.name, declared, order);
  info.insert = fmt::format(
      "INSERT INTO {} (project, hour{}{}, batch) SELECT project, intDiv(minute, 60) AS _hour{}{}, max(batch) "
      "FROM spans WHERE ",
      info.name, keys, columns, keys, sums);
  info.group = fmt::format(" GROUP BY project, _hour{}", group);
  for (const Dimension& dimension : dimension_table())
    if (dimension.groups && has_one(rollup.keys, dimension.sql)) info.dimensions.push_back(dimension.name);
  return info;
}

// The column that a flag looks at.
std::string_view column_of(const Flag& flag) {
  return flag.sql.substr(0, flag.sql.find(' '));
}

bool leaf_looks_at_only(const Leaf& leaf, const std::vector<std::string_view>& keys) {
  switch (leaf.what) {
    case Leaf::What::words:
      return false;
    case Leaf::What::flag:
      return has_one(keys, column_of(*leaf.flag));
    case Leaf::What::has:
    case Leaf::What::compare:
      break;
  }
  return leaf.dimension != nullptr && leaf.presence == nullptr && leaf.attribute.empty() && !leaf.searches() &&
         !leaf.dimension->list && has_one(keys, leaf.dimension->sql);
}

}  // namespace

const std::vector<Rollup>& rollup_table() {
  static const std::vector<Rollup> table = {
      {.name = "rollup_agents",
       .keys = {"kind", "status", "is_error", "provider", "model", "environment", "team", "agent"},
       .quantiles = true},
      {.name = "rollup_tools",
       .keys = {"kind", "status", "is_error", "environment", "agent", "error_type", "tool"},
       .quantiles = true},
      {.name = "rollup_customers",
       .keys = {"kind", "status", "provider", "model", "environment", "team", "agent", "task", "outcome", "customer"}},
      {.name = "rollup_versions",
       .keys = {"kind", "status", "is_error", "provider", "model", "model_requested", "environment", "agent",
                "agent_version", "service", "prompt", "prompt_version"}},
      {.name = "rollup_traces",
       .keys = {"environment", "team", "agent", "agent_version", "customer"},
       .items = Branch::traces},
      {.name = "rollup_sessions",
       .keys = {"environment", "team", "agent", "agent_version", "customer"},
       .items = Branch::sessions},
  };
  return table;
}

const std::vector<RollupInfo>& rollups() {
  static const std::vector<RollupInfo> infos = [] {
    std::vector<RollupInfo> out;
    for (const Rollup& rollup : rollup_table()) out.push_back(info_of(rollup));
    return out;
  }();
  return infos;
}

std::string with_weight(std::string_view sql) {
  std::string out(sql);
  for (std::size_t at = out.find("(_w"); at != std::string::npos; at = out.find("(_w", at + 1))
    if (at + 3 < out.size() && (out[at + 3] == ' ' || out[at + 3] == ')')) out.replace(at + 1, 2, weight_sql);
  return out;
}

std::string row_value(const Partial& partial) {
  PAWL_CHECK(partial.branch == Branch::rows && partial.sql.starts_with("sum(") && partial.sql.ends_with(")"),
             "{} is no sum over rows", partial.name);
  return with_weight("(" + std::string(partial.sql.substr(4)));
}

bool serves(const Rollup& rollup, Branch branch) {
  if (rollup.items || branch == Branch::traces || branch == Branch::sessions) return rollup.items == branch;
  return branch == Branch::rows || (rollup.quantiles && (branch == Branch::latency || branch == Branch::ttft));
}

std::string_view item_of(Branch branch) {
  return branch == Branch::traces ? "cityHash64(trace)" : session_key_sql;
}

std::string part_of(std::string_view item) {
  return fmt::format("toUInt8({} % 16)", item);
}

std::string_view times_column(Branch branch) {
  return branch == Branch::latency ? "latency_buckets" : "ttft_buckets";
}

std::string_view timed_rows(Branch branch) {
  return branch == Branch::latency ? "NOT noise AND status NOT IN ('running', 'unfinished')"
                                   : "NOT noise AND ttft IS NOT NULL";
}

std::string_view time_of(Branch branch) {
  return branch == Branch::latency ? "duration" : "assumeNotNull(ttft)";
}

bool looks_at_only(const Node& node, const std::vector<std::string_view>& keys) {
  if (node.kind == Node::Kind::leaf) return leaf_looks_at_only(node.leaf, keys);
  return std::ranges::all_of(node.children, [&](const Node& child) { return looks_at_only(child, keys); });
}

}  // namespace pawl::query
