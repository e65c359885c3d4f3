// Traces and sessions as sums over the rows of their spans, exact under corrections.
//
// Sums are linear in sign. What is not (first, last, whose name) must look at live rows only: in traces that have a
// correction, rows are first grouped by what they say (`_g`), and groups whose signs sum to 0 are left out; in all
// others every row is live and `_g` is 0. Measured on 10 M spans: 1.0 s, against 6.4 s for grouping every row.
#include "base/text.h"
#include "records/traces/traces.h"
#include "sql.h"

namespace pawl::query {
namespace {

struct Inner {  // over the rows of (_item, _g)
  std::string_view name, sql;
  std::string_view says = "";  // columns beyond trace, start, duration that two rows must agree on to be one
};
constexpr Inner inners[] = {
    {"_i_n", "sum(sign)"},
    {"_i_w", "sum(sign * toInt64(round(weight * 1000000)))"},
    {"_i_errors", "sum(sign * (is_error AND NOT noise))"},
    {"_i_llm", "sum(sign * (kind = 'llm' AND NOT noise))"},
    {"_i_tools", "sum(sign * (kind = 'tool' AND NOT noise AND NOT framework_tool))"},
    {"_i_in", "sum(sign * counted * ifNull(tokens_input, 0))"},
    {"_i_in_known", "sum(sign * counted * isNotNull(tokens_input))"},
    {"_i_read", "sum(sign * counted * ifNull(tokens_cache_read, 0))"},
    {"_i_read_known", "sum(sign * counted * isNotNull(tokens_cache_read))"},
    {"_i_write", "sum(sign * counted * ifNull(tokens_cache_write, 0))"},
    {"_i_write_known", "sum(sign * counted * isNotNull(tokens_cache_write))"},
    {"_i_out", "sum(sign * counted * ifNull(tokens_output, 0))"},
    {"_i_out_known", "sum(sign * counted * isNotNull(tokens_output))"},
    {"_i_think", "sum(sign * counted * ifNull(tokens_reasoning, 0))"},
    {"_i_think_known", "sum(sign * counted * isNotNull(tokens_reasoning))"},
    {"_i_cost", "sum(toInt128(sign * counted * ifNull(coalesce(cost, cost_reported), 0)))"},
    {"_i_cost_known", "sum(sign * counted * isNotNull(coalesce(cost, cost_reported)))"},
    {"_i_cost_unknown", "sum(sign * cost_unknown)"},
    {"_i_roots", "sum(sign * (parent = 0))"},
    {"_i_root_running", "sum(sign * (parent = 0 AND status = 'running'))"},
    {"_i_root_error", "sum(sign * (parent = 0 AND status = 'error'))"},
    {"_i_root_blocked", "sum(sign * (parent = 0 AND status = 'blocked'))"},
    {"_i_root_unfinished", "sum(sign * (parent = 0 AND status = 'unfinished'))"},
    {"_i_first", "min(POS)", "minute"},
    {"_i_start", "min(START)"},
    {"_i_end", "max(START + duration)"},
    {"_i_status", "argMin(toInt8(status), FIRST)", "status"},
    {"_i_status_at", "min(FIRST)"},
    {"_i_name", "argMin(CAST(name, 'String'), LEAD)", "name, parent"},
    {"_i_name_at", "min(LEAD)", "parent"},
    {"_i_work",
     "intervalLengthSumStateIf(START, START + duration, NOT noise AND kind IN ('llm', 'tool') AND duration > 0)",
     "kind, noise"},
    {"_i_rooted", "groupUniqArrayIf(trace, parent = 0 AND LATELY)", "parent"},
    {"_i_recent", "groupUniqArrayIf(trace, parent != 0 AND RECENTLY)", "parent"},
    {"_i_session", "any(session)"},
    {"_i_trace", "any(trace)"},
};

// The words above, each in terms of the next. As one integer, "the earliest, of those the longest" is compared 5 times
// faster than as a tuple.
constexpr std::pair<std::string_view, std::string_view> words[] = {
    {"LEAD",
     "toInt128(parent != 0) * toInt128('85070591730234615865843651857942052864') + FIRST"},  // roots before others
    {"FIRST", "toInt128(START) * toInt128('18446744073709551616') - duration"},
    {"START", start_sql},
    {"POS", position_sql},
};

struct Total {  // over the groups of an item; sum(…) and anyLast(…) of one group are that group
  std::string_view name, sql;
};
constexpr std::string_view all_tokens =
    "if(sum(_i_in_known) + sum(_i_read_known) + sum(_i_write_known) + sum(_i_out_known) + sum(_i_think_known) = 0, "
    "NULL, "
    "sum(_i_in) + sum(_i_read) + sum(_i_write) + sum(_i_out) + sum(_i_think))";
constexpr Total totals[] = {
    {"_n", "sum(_i_n)"},
    {"_weight", "intDiv(sum(_i_w), greatest(sum(_i_n), 1))"},
    {"_errors", "sum(_i_errors)"},
    {"_spans", "sum(_i_n)"},
    {"_llm_calls", "sum(_i_llm)"},
    {"_tool_calls", "sum(_i_tools)"},
    {"_tokens", all_tokens},
    {"_tokens_input", "if(sum(_i_in_known) = 0, NULL, sum(_i_in))"},
    {"_tokens_cache_read", "if(sum(_i_read_known) = 0, NULL, sum(_i_read))"},
    {"_tokens_cache_write", "if(sum(_i_write_known) = 0, NULL, sum(_i_write))"},
    {"_tokens_output", "if(sum(_i_out_known) = 0, NULL, sum(_i_out))"},
    {"_tokens_reasoning", "if(sum(_i_think_known) = 0, NULL, sum(_i_think))"},
    {"_cost", "if(sum(_i_cost_known) = 0 AND sum(_i_cost_unknown) > 0, NULL, sum(_i_cost))"},
    {"_first", "minIf(_i_first, _alive)"},
    {"_extent", "maxIf(_i_end, _alive) - minIf(_i_start, _alive)"},
    {"_status",
     "multiIf(NOT hasAll(groupUniqArrayArrayIf(_i_rooted, _alive), groupUniqArrayArrayIf(_i_recent, _alive)), "
     "'running', sum(_i_roots) <= 0, ['ok', 'error', 'blocked', 'unfinished', 'running'][argMinIf(_i_status, "
     "_i_status_at, "
     "_alive) + 1], sum(_i_root_running) > 0, 'running', sum(_i_root_error) > 0, 'error', sum(_i_root_blocked) > 0, "
     "'blocked', sum(_i_root_unfinished) > 0, 'unfinished', 'ok')"},
    {"_open",
     "(sum(_i_root_running) + sum(_i_root_unfinished) > 0 OR NOT hasAll(groupUniqArrayArrayIf(_i_rooted, _alive), "
     "groupUniqArrayArrayIf(_i_recent, _alive)))"},
    {"_name", "argMinIf(_i_name, _i_name_at, _alive)"},
    {"_overhead",
     "maxIf(_i_end, _alive) - minIf(_i_start, _alive) - toInt64(intervalLengthSumMergeIf(_i_work, _alive))"},
    {"_session", "anyLast(_i_session)"},
    {"_trace", "anyLast(_i_trace)"},
};

std::string_view total_sql(std::string_view name) {
  for (const Total& total : totals)
    if (total.name == name) return total.sql;
  PAWL_CHECK(false, "no total {}", name);
  return "";
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

// The filter on items; `any` collects conditions on rows, of which one row must hold ("_any0" …).
std::string item_condition(Sql& sql, const Node& node, const Items& items, std::vector<std::string>& any,
                           std::set<std::string>& wanted) {
  if (node.kind == Node::Kind::leaf) {
    const Leaf& leaf = node.leaf;
    if (leaf.what == Leaf::What::compare && leaf.dimension->holds == Holds::total) {
      wanted.emplace(leaf.dimension->total);
      return '(' + compare_total(sql, leaf) + ')';
    }
    if (leaf.what == Leaf::What::flag && leaf.flag->name == "running") {  // also what no span says of itself
      wanted.emplace("_status");
      return "(_status = 'running')";
    }
    Leaf positive = leaf;  // a != b: none of the spans has b
    if (leaf.op == Op::ne) positive.op = Op::eq;
    any.push_back(leaf_condition(sql, positive, items.range, true));
    return fmt::format("(sum(_any{}) {} 0)", any.size() - 1, leaf.op == Op::ne ? "<=" : ">");
  }
  if (node.kind == Node::Kind::none) return "NOT " + item_condition(sql, node.children[0], items, any, wanted);
  std::vector<std::string> parts;
  for (const Node& child : node.children) parts.push_back(item_condition(sql, child, items, any, wanted));
  return '(' + join(parts, node.kind == Node::Kind::any ? " OR " : " AND ") + ')';
}

// An aggregate over the groups of an item that has one group: that group.
std::string single(std::string sql) {
  for (const std::string_view aggregate : {"sum(", "anyLast("}) sql = replaced(std::move(sql), aggregate, "(");
  return sql;
}

struct Shape {
  std::string inner, outer;  // lists of select expressions, each with a comma before it
  std::set<std::string> says = {"trace", "start", "duration"};
  bool alive = false;  // looks at live rows only
};

Shape shape_of(const std::set<std::string>& wanted, const std::vector<std::string>& any, std::string_view recently,
               std::string_view lately) {
  Shape shape;
  std::set<std::string> needed = {"_i_n"};
  for (const std::string& name : wanted) {
    const std::string_view sql = total_sql(name);
    shape.outer += fmt::format(", {} AS {}", sql, name);
    shape.alive |= sql.find("_alive") != std::string_view::npos;
    needed.merge(names_in(sql));
  }
  for (const Inner& inner : inners) {
    if (!needed.contains(std::string(inner.name))) continue;
    std::string sql(inner.sql);
    for (const auto& [word, meaning] : words) sql = replaced(std::move(sql), word, meaning);
    sql = replaced(replaced(std::move(sql), "RECENTLY", recently), "LATELY", lately);
    shape.inner += fmt::format(", {} AS {}", sql, inner.name);
    for (const std::string_view column : split(inner.says, ','))
      if (!trim(column).empty()) shape.says.emplace(trim(column));
  }
  for (std::size_t i = 0; i < any.size(); ++i) shape.inner += fmt::format(", sum(sign * ({})) AS _any{}", any[i], i);
  return shape;
}

}  // namespace

std::set<std::string> names_in(std::string_view expression) {
  std::set<std::string> names;
  const auto is_word = [](char c) { return is_name_start(c) || (c >= '0' && c <= '9'); };
  for (std::size_t i = 0; i < expression.size(); ++i) {
    if (!is_word(expression[i])) continue;
    const std::size_t start = i;
    while (i < expression.size() && is_word(expression[i])) ++i;
    if (expression[start] == '_') names.emplace(expression.substr(start, i - start));
  }
  return names;
}

std::string_view key_of(Grain grain) {
  return grain == Grain::session ? session_key_sql : "trace";
}
std::string_view key_type_of(Grain grain) {
  return grain == Grain::session ? "UInt64" : "UInt128";
}

std::string items_sql(Sql& sql, const Items& items) {
  std::set<std::string> wanted = items.totals;
  wanted.emplace("_n");
  std::vector<std::string> any;
  std::string having = "_n > 0";
  if (items.filter != nullptr) having += " AND " + item_condition(sql, *items.filter, items, any, wanted);
  if (!items.having.empty()) having += " AND " + items.having;
  const Shape shape = shape_of(wanted, any, received_within(traces::still_running, sql.now(), items.range),
                               received_within(day, sql.now(), items.range));
  const std::string rows = Sql::spans(items.range) + items.rows;
  if (!shape.alive)
    return fmt::format("SELECT _item{} FROM (SELECT {} AS _item{} {} GROUP BY _item) WHERE {}", single(shape.outer),
                       key_of(items.grain), shape.inner, rows, single(having));
  const std::string says = join(std::vector<std::string>(shape.says.begin(), shape.says.end()), ", ");
  return fmt::format(
      "SELECT _item{} FROM (SELECT {} AS _item, if(trace IN (SELECT trace {} AND sign < 0), cityHash64({}), 0) AS _g, "
      "_g = "
      "0 OR _i_n > 0 AS _alive{} {} GROUP BY _item, _g) GROUP BY _item HAVING {}",
      shape.outer, key_of(items.grain), Sql::spans(items.range), says, shape.inner, rows, having);
}

std::string item_status_sql(Sql& sql, Grain grain, const Range& range) {
  const std::string all = items_sql(
      sql, {.grain = grain, .range = range, .filter = nullptr, .rows = "", .having = "", .totals = {"_status"}});
  std::string out = "multiIf(";
  for (const std::string_view status : {"running", "error", "blocked", "unfinished"})  // the same set: it is made once
    out += fmt::format("({}, '{}') IN (SELECT _item, _status FROM ({})), '{}', ", key_of(grain), status, all, status);
  return out + "'ok')";
}

std::string selected(Sql& sql, Grain grain, const Filter& filter, const Range& range) {
  if (filter.empty()) return "";
  if (grain == Grain::span) return " AND " + row_condition(sql, *filter.root(), range);
  const Items items{.grain = grain, .range = range, .filter = filter.root(), .rows = "", .having = "", .totals = {}};
  return fmt::format(" AND {} IN (SELECT _item FROM ({}))", key_of(grain), items_sql(sql, items));
}

}  // namespace pawl::query
