// Traces and sessions as sums over the rows of their spans, exact under corrections: rows.cc and items.cc in C++.
#include "fold.h"

#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "records/traces/traces.h"

namespace pawl::query {
namespace {

enum Column : std::size_t {
  trace_column,
  trace_id_column,
  session_column,
  start_column,
  duration_column,
  minute_column,
  parent_column,
  status_column,
  kind_column,
  name_column,
  user_column,
  agent_column,
  agent_version_column,
  team_column,
  task_column,
  outcome_column,
  customer_column,
  environment_column,
  service_column,
  tags_column,
  findings_column,
  preview_column,
  is_error_column,
  noise_column,
  framework_tool_column,
  counted_column,
  cost_unknown_column,
  tokens_column,  // five
  cost_column = tokens_column + 5,
  cost_reported_column,
  received_column,
  sign_column,
  conditions_column
};
constexpr std::string_view columns =
    "trace, trace_id, session, start, duration, minute, parent, toInt8(status), toInt8(kind), name, user, agent, "
    "agent_version, team, task, outcome, customer, environment, service, tags, findings, preview, is_error, "
    "noise, framework_tool, counted, cost_unknown, tokens_input, tokens_cache_read, tokens_cache_write, tokens_output, "
    "tokens_reasoning, cost, cost_reported, received, sign";

constexpr std::int64_t kind_llm = 2, kind_tool = 3;
enum Status : std::int64_t { ok, error, blocked, unfinished, running };
constexpr std::string_view status_names[] = {"ok", "error", "blocked", "unfinished", "running"};

// Texts of an item: of its root, else of the first span that has one.
constexpr std::pair<std::string_view, Column> picks[] = {
    {"name", name_column},
    {"session", session_column},
    {"user", user_column},
    {"agent", agent_column},
    {"agent_version", agent_version_column},
    {"team", team_column},
    {"task", task_column},
    {"outcome", outcome_column},
    {"customer", customer_column},
    {"service", service_column},
    {"environment", environment_column},
};

void append(std::string& out, std::string_view text) {
  out += std::to_string(text.size());
  out += ':';
  out += text;
}

// The total of an item that a dimension means; nullopt is NULL.
std::optional<Int128> total_of(std::string_view total, const FoldItem& item) {
  const FoldSums& sums = item.sums;
  if (total == "_first") return item.first;
  if (total == "_extent") return item.end - item.start;
  if (total == "_cost") return item.cost();
  if (total == "_tokens") return item.tokens();
  if (total == "_errors") return sums.errors;
  if (total == "_n") return sums.spans;
  if (total == "_llm_calls") return sums.llm_calls;
  if (total == "_tool_calls") return sums.tool_calls;
  constexpr std::string_view kinds[] = {"_tokens_input", "_tokens_cache_read", "_tokens_cache_write", "_tokens_output",
                                        "_tokens_reasoning"};
  const auto* const kind = std::ranges::find(kinds, total);
  PAWL_CHECK(kind != std::end(kinds), "no total {}", total);
  const auto at = static_cast<std::size_t>(kind - kinds);
  if (sums.known[at] == 0) return std::nullopt;
  return sums.tokens[at];
}

bool total_holds(const Leaf& leaf, const FoldItem& item) {
  if (leaf.dimension->type == Type::enumeration) return has_one(leaf.values, item.status) == (leaf.op != Op::ne);
  const auto total = total_of(leaf.dimension->total, item);
  if (leaf.op == Op::eq || leaf.op == Op::ne) {
    const bool any = total && std::ranges::any_of(leaf.real, [&](double value) {
                       return static_cast<long double>(*total) == static_cast<long double>(value);
                     });
    return any == (leaf.op == Op::eq);
  }
  if (!total) return false;
  if (!leaf.whole.empty()) return compare<Int128>(leaf.op, *total, leaf.whole[0]);
  return compare<long double>(leaf.op, static_cast<long double>(*total), static_cast<long double>(leaf.real[0]));
}

bool is_total(const Leaf& leaf) {
  return (leaf.what == Leaf::What::compare && leaf.dimension->holds == Holds::total) ||
         (leaf.what == Leaf::What::flag && leaf.flag->name == "running");
}

bool node_passes(const Node& node, const FoldItem& item, std::size_t& next) {
  if (node.kind == Node::Kind::leaf) {
    const Leaf& leaf = node.leaf;
    if (leaf.what == Leaf::What::flag && leaf.flag->name == "running") return item.status == "running";
    if (is_total(leaf)) return total_holds(leaf, item);
    return (item.sums.any[next++] > 0) == (leaf.op != Op::ne);  // a != b: none of the spans has b
  }
  if (node.kind == Node::Kind::none) return !node_passes(node.children[0], item, next);
  const bool all = node.kind == Node::Kind::all;
  bool result = all;
  for (const Node& child : node.children) {  // every one: `next` counts
    const bool one = node_passes(child, item, next);
    result = all ? result && one : result || one;
  }
  return result;
}

void leaves(const Node& node, std::vector<const Leaf*>& out) {
  for (const Node& child : node.children) leaves(child, out);
  if (node.kind == Node::Kind::leaf && !is_total(node.leaf)) out.push_back(&node.leaf);
}

}  // namespace

std::string folded_columns() {
  return std::string(columns);
}

std::vector<std::string> fold_conditions(Sql& sql, const Node& node, const std::optional<Range>& range,
                                         const Known& known) {
  std::vector<const Leaf*> all;
  leaves(node, all);
  std::vector<std::string> out;
  for (const Leaf* leaf : all) {
    Leaf positive = *leaf;
    if (positive.op == Op::ne) positive.op = Op::eq;
    const auto found = known.find(leaf);
    out.push_back(found != known.end() ? found->second : leaf_condition(sql, positive, range, true));
  }
  return out;
}

std::string identity(std::string_view session, std::string_view trace) {
  return fmt::format("{}{}", session.empty() ? 't' : 's', session.empty() ? trace : session);
}

void FoldSums::add(const FoldSums& other) {
  spans += other.spans, errors += other.errors, llm_calls += other.llm_calls, tool_calls += other.tool_calls;
  cost += other.cost, cost_known += other.cost_known, cost_unknown += other.cost_unknown;
  for (std::size_t i = 0; i < 5; ++i) tokens[i] += other.tokens[i], known[i] += other.known[i];
  any.resize(std::max(any.size(), other.any.size()));
  for (std::size_t i = 0; i < other.any.size(); ++i) any[i] += other.any[i];
}

std::optional<std::int64_t> FoldItem::tokens() const {
  std::int64_t sum = 0, there = 0;
  for (std::size_t i = 0; i < 5; ++i) sum += sums.tokens[i], there += sums.known[i];
  return there == 0 ? std::nullopt : std::optional(sum);
}

std::optional<Int128> FoldItem::cost() const {
  if (sums.cost_known == 0 && sums.cost_unknown > 0) return std::nullopt;
  return sums.cost;
}

Nanos Fold::start_of(std::size_t row) const {
  return rows_.integer(start_column, row);
}
Nanos Fold::end_of(std::size_t row) const {
  return start_of(row) + rows_.integer(duration_column, row);
}
Nanos Fold::position_of(std::size_t row) const {
  const std::int64_t at = rows_.integer(minute_column, row);
  return start_of(row) / minute == at ? start_of(row) : at * minute;
}
bool Fold::is_child(std::size_t row) const {
  return static_cast<bool>(rows_.id(parent_column, row));
}

FoldSums Fold::sums_of(std::size_t row) const {
  FoldSums out;
  const std::int64_t sign = rows_.integer(sign_column, row), kind = rows_.integer(kind_column, row);
  const bool noise = rows_.integer(noise_column, row) != 0, counted = rows_.integer(counted_column, row) != 0;
  out.spans = sign;
  out.errors = rows_.integer(is_error_column, row) != 0 && !noise ? sign : 0;
  out.llm_calls = kind == kind_llm && !noise ? sign : 0;
  out.tool_calls = kind == kind_tool && !noise && rows_.integer(framework_tool_column, row) == 0 ? sign : 0;
  out.cost_unknown = rows_.integer(cost_unknown_column, row) != 0 ? sign : 0;
  if (counted) {
    for (std::size_t i = 0; i < 5; ++i) {
      const auto tokens = rows_.maybe(tokens_column + i, row);
      if (tokens) out.tokens[i] = sign * *tokens, out.known[i] = sign;
    }
    auto cost = rows_.maybe(cost_column, row);
    if (!cost) cost = rows_.maybe(cost_reported_column, row);
    if (cost) out.cost = Int128{sign} * *cost, out.cost_known = sign;
  }
  for (std::size_t c = conditions_column; c < rows_.columns(); ++c)
    out.any.push_back(rows_.integer(c, row) != 0 ? sign : 0);
  return out;
}

// What two rows of a span must agree on to be the same row (a correction's copy is exact).
std::string Fold::said(std::size_t row) const {
  std::string out;
  for (const auto column : {trace_column, parent_column}) append(out, to_hex(rows_.id(column, row)));
  for (const auto column : {start_column, duration_column, minute_column, status_column, kind_column})
    append(out, std::to_string(rows_.integer(column, row)));
  for (const auto& [name, column] : picks) append(out, rows_.text(column, row));
  for (const auto column : {trace_id_column, preview_column}) append(out, rows_.text(column, row));
  for (const auto column : {tags_column, findings_column}) {
    for (const auto text : rows_.texts(column, row)) append(out, text);
    out += '|';
  }
  return out;
}

Fold::Fold(Grain grain, const native::Rows& rows, Nanos now) : grain_(grain), rows_(rows), now_(now) {
  std::unordered_set<Id128> corrected;
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows.integer(sign_column, i) < 0) corrected.insert(rows.id(trace_column, i));
  std::unordered_map<Id128, std::size_t> by_trace;
  std::unordered_map<std::string_view, std::size_t> by_session;
  std::unordered_map<std::string, std::pair<std::size_t, std::size_t>> alike;  // item, group
  const auto item_of = [&](const Id128& trace, std::string_view session) {
    const bool named = grain_ == Grain::session && !session.empty();
    const auto [found, is_new] = named ? [&] {
      const auto [at, fresh] = by_session.try_emplace(session, items_.size());
      return std::pair(at->second, fresh);
    }()
                                       : [&] {
                                           const auto [at, fresh] = by_trace.try_emplace(trace, items_.size());
                                           return std::pair(at->second, fresh);
                                         }();
    if (is_new) items_.push_back({named ? session : std::string_view(), trace, {}});
    return found;
  };
  const Nanos since = (now - traces::still_running) / millisecond;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Id128 trace = rows.id(trace_column, i);
    const std::size_t at = item_of(trace, rows.text(session_column, i));
    auto& groups = items_[at].groups;
    Group one{i, sums_of(i), now != 0 && rows.integer(received_column, i) >= since};
    if (!corrected.contains(trace)) {
      groups.push_back(std::move(one));
      continue;
    }
    const auto [known, is_new] = alike.try_emplace(said(i), at, groups.size());
    if (is_new) {
      groups.push_back(std::move(one));
    } else {
      Group& group = items_[known->second.first].groups[known->second.second];
      group.sums.add(one.sums);
      group.recent |= one.recent;
    }
  }
  for (Item& item : items_) std::erase_if(item.groups, [](const Group& group) { return group.sums.spans <= 0; });
  std::erase_if(items_, [](const Item& item) { return item.groups.empty(); });
}

// status_sql of rows.cc.
std::string_view Fold::status(const std::vector<const Group*>& groups) const {
  std::set<Id128> rooted;
  bool roots[std::size(status_names)] = {};
  const Group* first = nullptr;
  const auto lead = [&](const Group& group) {
    return std::pair(start_of(group.row), start_of(group.row) - end_of(group.row));
  };
  for (const Group* group : groups) {
    if (first == nullptr || lead(*group) < lead(*first)) first = group;
    if (is_child(group->row)) continue;
    rooted.insert(rows_.id(trace_column, group->row));
    roots[rows_.integer(status_column, group->row)] = true;
  }
  for (const Group* group : groups)
    if (group->recent && is_child(group->row) && !rooted.contains(rows_.id(trace_column, group->row)))
      return status_names[running];
  if (rooted.empty()) return status_names[rows_.integer(status_column, first->row)];
  for (const Status one : {running, error, blocked, unfinished})
    if (roots[one]) return status_names[one];
  return status_names[ok];
}

std::optional<FoldItem> Fold::item(std::size_t item, const std::optional<Range>& range) const {
  FoldItem out;
  std::vector<const Group*> groups;
  for (const Group& group : items_[item].groups) {
    const Nanos at = position_of(group.row), start = start_of(group.row), end = end_of(group.row);
    if (range && (at < range->from || at >= range->to)) continue;
    out.sums.add(group.sums);
    const bool none = groups.empty();
    out.first = none ? at : std::min(out.first, at);
    out.start = none ? start : std::min(out.start, start);
    out.end = none ? end : std::max(out.end, end);
    groups.push_back(&group);
  }
  if (groups.empty()) return std::nullopt;
  out.status = status(groups);
  return out;
}

bool Fold::passes(const Node& node, const FoldItem& item) {
  std::size_t next = 0;
  return node_passes(node, item, next);
}

// The text of the first span that has one, roots before others; of two that start together the longer.
std::string_view Fold::picked(const Item& item, std::size_t column) const {
  std::string_view best;
  std::tuple<bool, Nanos, Nanos> rank;
  for (const Group& group : item.groups) {
    const std::string_view text = rows_.text(column, group.row);
    if (text.empty()) continue;
    const bool child = column != preview_column && is_child(group.row);
    const std::tuple mine{child, start_of(group.row), start_of(group.row) - end_of(group.row)};
    if (best.empty() || mine < rank) best = text, rank = mine;
  }
  return best;
}

void Fold::add(std::size_t at, std::string_view order_key, std::string_view key) {
  const auto shapes = row_columns(grain_);
  if (columns_.empty())
    for (const RowColumn& shape : shapes)
      columns_.push_back(&block_.add(std::string(shape.name), std::string(shape.type)));
  const Item& item = items_[at];
  const FoldItem whole = *this->item(at, std::nullopt);
  const Group* lead = nullptr;
  std::map<Id128, std::pair<Nanos, Nanos>> times;  // of each trace: first start, last end
  std::set<std::string_view> tags, findings;
  const auto rank = [&](const Group& group) {
    return std::tuple(is_child(group.row), start_of(group.row), start_of(group.row) - end_of(group.row));
  };
  for (const Group& group : item.groups) {
    if (lead == nullptr || rank(group) < rank(*lead)) lead = &group;
    const Nanos start = start_of(group.row), end = end_of(group.row);
    auto& [first, last] = times.try_emplace(rows_.id(trace_column, group.row), start, end).first->second;
    first = std::min(first, start), last = std::max(last, end);
    for (const auto tag : rows_.texts(tags_column, group.row)) tags.insert(tag);
    for (const auto finding : rows_.texts(findings_column, group.row)) findings.insert(finding);
  }
  Nanos active = 0;
  for (const auto& [trace, time] : times) active += time.second - time.first;
  const Id128 trace = rows_.id(trace_column, lead->row);
  const std::string_view trace_id = rows_.text(trace_id_column, lead->row);
  const auto write = [&](std::string_view name, native::Column& out) {
    for (const auto& [pick, column] : picks)
      if (pick == name) return out.text(picked(item, column));
    if (name == "order_key") return out.text(order_key);
    if (name == "key") return out.text(key);
    if (name == "mine") return out.fixed<std::uint8_t>(1);
    if (name == "trace") return out.id(trace);
    if (name == "trace_id") return out.text(trace_id.empty() ? to_hex(trace) : trace_id);
    if (name == "start") return out.fixed(whole.start);
    if (name == "duration") return out.fixed(whole.end - whole.start);
    if (name == "active") return out.fixed(active);
    if (name == "status") return out.text(whole.status);
    if (name == "errors") return out.fixed(whole.sums.errors);
    if (name == "traces") return out.fixed(static_cast<std::int64_t>(times.size()));
    if (name == "spans") return out.fixed(whole.sums.spans);
    if (name == "llm_calls") return out.fixed(whole.sums.llm_calls);
    if (name == "tool_calls") return out.fixed(whole.sums.tool_calls);
    if (name == "tokens") return out.nullable(whole.tokens());
    if (name == "cost") return out.nullable_wide(whole.cost());
    if (name == "cost_unknown_calls") return out.fixed(whole.sums.cost_unknown);
    if (name == "title") return out.text(picked(item, preview_column));
    PAWL_CHECK(name == "tags" || name == "findings", "no column {}", name);
    for (const auto text : name == "tags" ? tags : findings) out.element_text(text);
    out.end_array();
  };
  for (std::size_t c = 0; c < shapes.size(); ++c) write(shapes[c].name, *columns_[c]);
}

native::Rows Fold::take() {
  auto rows = native::Rows::read(block_.rows() == 0 ? std::string() : block_.write());
  PAWL_CHECK(rows.has_value(), "rows of a list cannot be read back");
  return std::move(*rows);
}

}  // namespace pawl::query
