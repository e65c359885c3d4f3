// The statements of a page: keys, rows, candidates.
#include "pages.h"

#include "base/text.h"
#include "fold.h"

namespace pawl::query {
namespace {

constexpr Order all_orders[] = {
    {"start", "Int64", "_first", ""},
    {"cost", "Int128", "ifNull(_cost, -1)", "toInt128(if(counted = 1, ifNull(coalesce(cost, cost_reported), -1), -1))"},
    {"duration", "Int64", "_extent", "duration"},
    {"tokens", "Int64", "ifNull(_tokens, -1)",
     "if(counted = 1 AND coalesce(tokens_input, tokens_cache_read, tokens_cache_write, tokens_output, "
     "tokens_reasoning) "
     "IS NOT NULL, ifNull(tokens_input, 0) + ifNull(tokens_cache_read, 0) + ifNull(tokens_cache_write, 0) + "
     "ifNull(tokens_output, 0) + ifNull(tokens_reasoning, 0), -1)"},
    {"errors", "Int64", "_errors", "toInt64(is_error AND NOT noise)"},
    {"name", "String", "_name", "CAST(name, 'String')"},
};

Id128 id_of_hex(std::string_view hex) {
  return id_from_bytes(from_hex(hex).value_or(""));
}

// " AND (value, key) beyond the cursor".
std::string keyset(Sql& sql, Grain grain, const Order& order, std::string_view value_sql, std::string_view key_sql,
                   const std::string& value, const std::string& key, bool descending) {
  if (key.empty()) return "";
  std::string bound;
  if (grain == Grain::session) bound = sql.bind("UInt64", key);
  if (grain == Grain::trace) bound = sql.id(id_of_hex(key));
  if (grain == Grain::span)
    bound = fmt::format("{}, {}", sql.id(id_of_hex(std::string_view(key).substr(0, 32))),
                        sql.id(id_of_hex(std::string_view(key).substr(33))));
  return fmt::format("({}, {}) {} ({}, {})", value_sql, key_sql, descending ? "<" : ">", sql.bind(order.type, value),
                     bound);
}

// The spans of these items.
std::string rows_of(Sql& sql, Grain grain, const PageKeys& keys) {
  if (grain == Grain::trace) return " AND " + in_traces(sql, keys.items);
  std::vector<std::string> named, alone;
  for (std::size_t i = 0; i < keys.items.size(); ++i)
    keys.sessions[i].empty() ? alone.push_back(keys.found[i]) : named.push_back(keys.sessions[i]);
  const std::string by_name = fmt::format("session IN {}", sql.bind("Array(String)", text_array_value(named)));
  const std::string by_trace = fmt::format("(session = '' AND {})", in_traces(sql, alone));
  return " AND " + (alone.empty() ? by_name : named.empty() ? by_trace : fmt::format("({} OR {})", by_name, by_trace));
}

constexpr Nanos few = 9 * hour;  // of so little every row may be grouped, instead of those of corrected items alone

// What item_keys gives where nothing is filtered, as a smaller statement.
std::string newest_keys(const Page& page, const std::string& beyond) {
  const bool sessions = page.query.grain == Grain::session;
  return fmt::format(
      "SELECT CAST(toString(_item), 'String'), CAST(toString(_first), 'String'), {}, CAST(toString(_trace), 'String') "
      "FROM (SELECT _item, min(_pos) AS _first, any(_t) AS _trace, any(_s) AS _session FROM (SELECT {} AS _item, {} AS "
      "_pos, any(trace) AS _t, {} AS _s {} GROUP BY _item, _pos HAVING sum(sign) > 0) GROUP BY _item{}) ORDER BY "
      "_first {}, _item {} LIMIT {}",
      sessions ? "_session" : "''", key_of(page.query.grain), position_sql, sessions ? "any(session)" : "''",
      Sql::spans(page.window), beyond.empty() ? "" : " HAVING " + beyond, page.direction(), page.direction(),
      page.rows);
}

}  // namespace

std::span<const Order> orders() {
  return all_orders;
}

const Order& order_called(std::string_view name) {
  for (const Order& order : all_orders)
    if (order.name == name) return order;
  PAWL_CHECK(false, "no order {}", name);
  return all_orders[0];
}

Range around(const Range& range, Nanos by) {
  return {range.from - by, range.to + by};
}

std::vector<const Leaf*> necessary(const Filter& filter) {
  std::vector<const Leaf*> found;
  if (filter.empty()) return found;
  const auto is_row = [](const Leaf& leaf) {
    if (leaf.op == Op::ne) return false;
    if (leaf.what == Leaf::What::flag) return leaf.flag->name != "running";
    if (leaf.what != Leaf::What::compare || leaf.dimension->holds == Holds::any_span) return true;
    // an item has the status of one of its spans; but what runs may have no span that says so
    return leaf.dimension->total == "_status" && leaf.op == Op::eq && !has_one(leaf.values, "running") &&
           !has_one(leaf.values, "ok");
  };
  const auto collect = [&](const auto& self, const Node& node) -> void {
    if (node.kind == Node::Kind::leaf && is_row(node.leaf)) found.push_back(&node.leaf);
    if (node.kind == Node::Kind::all)
      for (const Node& child : node.children) self(self, child);
  };
  collect(collect, *filter.root());
  const auto rank = [](const Leaf* leaf) {
    if (leaf->what == Leaf::What::compare && leaf->dimension->id) return 0;
    if (leaf->what == Leaf::What::words) return 1;
    return leaf->what == Leaf::What::flag ? 2 : leaf->op == Op::eq ? 3 : 4;
  };
  std::vector<const Leaf*> ranked;
  for (int i = 0; i <= 4; ++i)
    std::ranges::copy_if(found, std::back_inserter(ranked), [&](auto* leaf) { return rank(leaf) == i; });
  found = std::move(ranked);
  if (const std::size_t most = std::max<std::size_t>(4, words_among(found).size()); found.size() > most)
    found.resize(most);
  return found;
}

std::vector<const Leaf*> words_among(const std::vector<const Leaf*>& musts) {
  std::vector<const Leaf*> out;
  for (const Leaf* leaf : musts) {
    if (leaf->what != Leaf::What::words || out.size() == most_words) break;
    out.push_back(leaf);
  }
  return out;
}

std::string item_keys(Sql& sql, const Page& page) {
  const Grain grain = page.query.grain;
  const bool sessions = grain == Grain::session;
  Items items{.grain = grain, .range = page.window, .filter = nullptr, .rows = "", .having = "", .totals = {}};
  items.totals = names_in(page.order.total);
  items.totals.insert({"_session", "_trace"});
  const std::string beyond =
      keyset(sql, grain, page.order, page.order.total, "_item", page.after_value, page.after_key, page.descending);
  items.having = beyond;
  const Nanos to = page.query.now > 0 ? std::min(page.window.to, page.query.now) : page.window.to;
  if (page.query.filter.empty() && page.by_start && to - page.window.from <= few) return newest_keys(page, beyond);
  if (!page.query.filter.empty()) {
    items.filter = page.query.filter.root();
    const Nanos reach = sessions ? session_around : trace_around;
    if (page.by_start) {
      const Range wide = around(page.window, reach);
      items.range = Range{std::max(wide.from, page.query.range.from), std::min(wide.to, page.query.range.to)};
      std::vector<std::string> where = {beyond.empty() ? "1" : beyond};
      if (page.window.from > page.query.range.from) where.push_back(fmt::format("_first >= {}", page.window.from));
      if (page.window.to < page.query.range.to) where.push_back(fmt::format("_first < {}", page.window.to));
      items.having = join(where, " AND ");
      if (page.window.to - page.window.from <= reach)
        items.rows = fmt::format(" AND {} IN (SELECT {} AS _key {} GROUP BY _key HAVING sum(sign) > 0)", key_of(grain),
                                 key_of(grain), Sql::spans(page.window));
      if (page.first != nullptr)
        items.rows += fmt::format(" AND {} IN (SELECT {} {} AND {})", key_of(grain), key_of(grain),
                                  Sql::spans(items.range), leaf_condition(sql, *page.first, items.range, true));
    }
  }
  return fmt::format(
      "SELECT CAST(toString(_item), 'String'), CAST(toString({0}), 'String'), CAST({1}, 'String'), "
      "CAST(toString(_trace), 'String') FROM ({2}) ORDER BY {0} {3}, _item {3} LIMIT {4}",
      page.order.total, sessions ? "_session" : "''", items_sql(sql, items), page.direction(), page.rows);
}

// " AND …": what the filter asks of a span; of several words that it must hold, all in one walk over the bodies.
std::string span_filter(Sql& sql, const Filter& filter, const Range& range) {
  if (filter.empty()) return "";
  std::vector<const Leaf*> words;
  for (const Leaf* leaf : necessary(filter))
    if (leaf->what == Leaf::What::words && words.size() < most_words) words.push_back(leaf);
  Known known;
  std::string all;
  for (const Leaf* leaf : words) known[leaf] = "1";
  if (!words.empty()) all = " AND " + all_words_condition(sql, words, range, false);
  return fmt::format("{} AND {}", all, row_condition(sql, *filter.root(), range, known));
}

std::string span_keys(Sql& sql, const Page& page) {
  const std::string value = page.by_start ? std::string(position_sql) : std::string(page.order.row);
  std::string having = keyset(sql, Grain::span, page.order, "_value", "_trace, _span", page.after_value, page.after_key,
                              page.descending);
  if (!having.empty()) having = " AND " + having;
  const Range& range = page.by_start ? page.window : page.query.range;
  return fmt::format(
      "SELECT CAST(concat('(', toString(_trace), ',', toString(_span), ')'), 'String'), CAST(toString(_value), "
      "'String'), '', CAST(toString(minute), 'String') FROM (SELECT trace AS _trace, span AS _span, {} AS _value, "
      "minute {}{} GROUP BY _trace, _span, _value, minute HAVING sum(sign) > 0{}) ORDER BY _value {}, _trace {}, _span "
      "{} LIMIT {}",
      value, Sql::spans(range), span_filter(sql, page.query.filter, range), having, page.direction(), page.direction(),
      page.direction(), page.rows);
}

std::string items_statement(Sql& sql, const Page& page, const PageKeys& keys) {
  const Nanos reach = page.query.grain == Grain::session ? session_reach : trace_reach;
  Whole whole{.grain = page.query.grain, .range = around(page.by_start ? page.window : page.query.range, reach)};
  const std::string items = sql.bind(fmt::format("Array({})", key_type_of(page.query.grain)), array_value(keys.items));
  const std::string values = sql.bind("Array(String)", text_array_value(keys.values));
  whole.rows = rows_of(sql, page.query.grain, keys);
  whole.now = page.query.now;
  whole.order_key = fmt::format("{}[indexOf({}, _item)]", values, items);
  if (page.by_start && page.window.from > page.query.range.from) {  // did it begin in an earlier window?
    whole.inside = page.query.range;
    whole.mine = fmt::format("_first >= {}", page.window.from);
  }
  whole.order_by = fmt::format("indexOf({}, _at_item)", items);
  whole.limit = page.rows;
  whole.now = page.query.now;
  return whole_rows_sql(whole);
}

std::string spans_statement(Sql& sql, const Page& page, const PageKeys& keys) {
  const std::string items = sql.bind("Array(Tuple(UInt128, UInt128))", array_value(keys.items));
  const std::string rows = fmt::format(" AND minute IN {} AND (trace, span) IN {}",
                                       sql.bind("Array(UInt32)", array_value(keys.found)), items);
  return span_rows_sql(page.query.range, rows, most_folded);
}

std::string in_traces(Sql& sql, const std::vector<std::string>& traces) {
  return fmt::format("trace IN {}", sql.bind("Array(UInt128)", array_value(traces)));
}

std::string folded_rows(Sql& sql, Grain grain, const Range& range, const PageKeys& keys,
                        const std::vector<std::string>& conditions) {
  std::string more;
  for (const auto& condition : conditions) more += fmt::format(", CAST({}, 'UInt8')", condition);
  return fmt::format("SELECT {}{} {}{} LIMIT {}", folded_columns(), more, Sql::minutes(range),
                     rows_of(sql, grain, keys), most_folded + 1);
}

std::string traces_of(Sql& sql, Grain grain, const Range& range, const PageKeys& keys) {
  return fmt::format("SELECT trace {}{}", Sql::minutes(range), rows_of(sql, grain, keys));
}

// Candidates of full text: all words of the filter in one walk over the bodies.
std::string candidates_of_words(Sql& sql, Grain grain, const Range& range, const std::vector<const Leaf*>& words) {
  const bool several = grain == Grain::session && words.size() > 1;  // the words may stand in different traces of it
  std::string hits = several ? "" : ", groupUniqArray(trace)", having;
  if (several) {
    for (std::size_t i = 0; i < words.size(); ++i)
      hits += fmt::format(", groupUniqArrayIf(trace, bitTest(_words, {}))", i);
    having = fmt::format(" HAVING groupBitOr(_words) = {}", (1U << words.size()) - 1);
  }
  const std::string of = fmt::format("SELECT trace, session, minute {}{}", Sql::minutes(range),
                                     several ? "" : " AND " + all_words_condition(sql, words, range, true));
  const std::string joined =
      several ? fmt::format(" INNER JOIN ({}) AS _found USING (trace)", searched_sql(sql, words, range, true)) : "";
  return fmt::format(
      "SELECT {} AS _item, toInt64(max(minute)) AS _newest, {}, any(trace){} FROM ({}) AS _rows{} GROUP BY _item{} "
      "ORDER BY _newest DESC LIMIT {}",
      key_of(grain), grain == Grain::session ? "any(session)" : "''", hits, of, joined, having, most_candidates + 1);
}

std::string candidates(Sql& sql, Grain grain, const Range& range, const std::vector<const Leaf*>& musts) {
  if (const auto words = words_among(musts); !words.empty()) return candidates_of_words(sql, grain, range, words);
  std::vector<std::string> any, all;
  std::string columns;
  for (const Leaf* must : musts) {
    any.push_back(leaf_condition(sql, *must, range, true));
    if (must->what == Leaf::What::compare && must->dimension->id) break;  // nothing is rarer, and it has an index
  }
  for (std::size_t i = 0; any.size() > 1 && i < any.size(); ++i) {
    columns += fmt::format(", max({}) AS _meets{}", any[i], i);
    all.push_back(fmt::format("_meets{}", i));
  }
  return fmt::format(
      "SELECT {} AS _item, toInt64(max(minute)) AS _newest, {}, any(trace){} {} AND ({}) GROUP BY _item{} ORDER BY "
      "_newest DESC LIMIT {}",
      key_of(grain), grain == Grain::session ? "any(session)" : "''", columns, Sql::minutes(range), join(any, " OR "),
      all.empty() ? "" : " HAVING " + join(all, " AND "), most_candidates + 1);
}

}  // namespace pawl::query
