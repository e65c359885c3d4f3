// Pages of lists: keyset cursors over growing windows of time, so that the newest page reads little.
#include "base/text.h"
#include "rows.h"

namespace pawl::query {
namespace {

constexpr Nanos first_width = hour;
constexpr int growth = 8;
constexpr Nanos widest = 4000 * day;
constexpr std::uint32_t max_limit = 1000, spare = 16;           // rows more than asked, for those of another window
constexpr Nanos trace_around = 2 * hour, session_around = day;  // where a filter looks for an item's other spans

struct Order {
  std::string_view name, type;  // ClickHouse type of the value
  std::string_view total;       // of an item
  std::string_view row;         // of a span
};
constexpr Order orders[] = {
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

const Order& order_called(std::string_view name) {
  for (const Order& order : orders)
    if (order.name == name) return order;
  PAWL_CHECK(false, "no order {}", name);
  return orders[0];
}

Nanos whole_minute(Nanos at) {
  return at / minute * minute;
}

struct Cursor {
  std::string value, key;
};

std::string encode(const ListQuery& query, const std::string& value, const std::string& key) {
  return to_base64url(fmt::format("1|{}|{}|{}|{}", name_of(query.grain), query.order, key, value));
}

bool is_key(Grain grain, std::string_view key) {
  const bool digits = !key.empty() && std::ranges::all_of(key, [](char c) { return c >= '0' && c <= '9'; });
  if (grain == Grain::session) return digits && key.size() <= 20;
  const auto is_id = [](std::string_view id) { return id.size() == 32 && from_hex(id).has_value(); };
  if (grain == Grain::trace) return is_id(key);
  return key.size() == 65 && key[32] == '-' && is_id(key.substr(0, 32)) && is_id(key.substr(33));
}

Result<Cursor> decode(const ListQuery& query) {
  const auto refuse = [] {
    return fail(ErrorKind::invalid, "`cursor` is none that this list gave: leave it out to begin anew.");
  };
  const auto text = from_base64(query.cursor);
  if (!text) return refuse();
  std::string_view rest = *text;
  std::vector<std::string_view> fields;
  for (int i = 0; i < 4; ++i) {
    const auto [before, after] = cut(rest, '|');
    fields.push_back(before);
    rest = after;
  }
  if (fields[0] != "1" || fields[1] != name_of(query.grain) || fields[2] != query.order ||
      !is_key(query.grain, fields[3]))
    return refuse();
  const std::string_view by = query.order.starts_with('-') ? std::string_view(query.order).substr(1) : query.order;
  if (order_called(by).type != "String") {
    const std::string_view digits = rest.starts_with('-') ? rest.substr(1) : rest;
    const bool number = !digits.empty() && digits.size() <= 38 &&
                        std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
    if (!number || (by == "start" && !parse_int(rest))) return refuse();
  }
  return Cursor{std::string(rest), std::string(fields[3])};
}

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

struct Page {
  const ListQuery& query;
  const Order& order;
  bool by_start, descending;
  Range window;
  const std::string &after_value, &after_key;
  std::uint32_t rows;
  const Leaf* first;  // of `necessary`, or null
  std::string_view direction() const { return descending ? "DESC" : "ASC"; }
};

Range around(const Range& range, Nanos by) {
  return {range.from - by, range.to + by};
}

// Conditions on one span that every item must meet with some span of its own: words of the filter that are joined by
// AND. The one that looks most selective is first.
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
  const auto rank = [](const Leaf& leaf) {
    if (leaf.what == Leaf::What::words) return 0;
    if (leaf.what == Leaf::What::compare && leaf.dimension->id) return 0;
    return leaf.what == Leaf::What::flag ? 1 : leaf.op == Op::eq ? 2 : 3;
  };
  for (std::size_t i = 1; i < found.size(); ++i)
    if (rank(*found[i]) < rank(*found[0])) std::swap(found[0], found[i]);
  if (found.size() > 4) found.resize(4);
  return found;
}

// The keys of the page, best first, with their order values and what finds their spans by an index.
std::string item_keys(Sql& sql, const Page& page) {
  const Grain grain = page.query.grain;
  const bool sessions = grain == Grain::session;
  Items items{.grain = grain, .range = page.window, .filter = nullptr, .rows = "", .having = "", .totals = {}};
  items.totals = names_in(page.order.total);
  items.totals.insert({"_session", "_trace"});
  const std::string beyond =
      keyset(sql, grain, page.order, page.order.total, "_item", page.after_value, page.after_key, page.descending);
  items.having = beyond;
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
      value, Sql::spans(range), selected(sql, Grain::span, page.query.filter, range), having, page.direction(),
      page.direction(), page.direction(), page.rows);
}

std::string items_statement(Sql& sql, const Page& page, const PageKeys& keys) {
  const bool sessions = page.query.grain == Grain::session;
  const Nanos reach = sessions ? session_reach : trace_reach;
  Whole whole{.grain = page.query.grain, .range = around(page.by_start ? page.window : page.query.range, reach)};
  const std::string items = sql.bind(fmt::format("Array({})", key_type_of(page.query.grain)), array_value(keys.items));
  const std::string values = sql.bind("Array(String)", text_array_value(keys.values));
  if (sessions) {
    std::vector<std::string> named, alone;
    for (std::size_t i = 0; i < keys.items.size(); ++i)
      keys.sessions[i].empty() ? alone.push_back(keys.found[i]) : named.push_back(keys.sessions[i]);
    const std::string by_name = fmt::format("session IN {}", sql.bind("Array(String)", text_array_value(named)));
    const std::string by_trace =
        fmt::format("(session = '' AND trace IN {})", sql.bind("Array(UInt128)", array_value(alone)));
    whole.rows = " AND " + (alone.empty()   ? by_name
                            : named.empty() ? by_trace
                                            : fmt::format("({} OR {})", by_name, by_trace));
  } else {
    whole.rows = fmt::format(" AND trace IN {}", items);
  }
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
  SpanRows spans{.range = page.by_start ? page.window : page.query.range};
  const std::string items = sql.bind("Array(Tuple(UInt128, UInt128))", array_value(keys.items));
  const std::string values = sql.bind("Array(String)", text_array_value(keys.values));
  spans.rows = fmt::format(" AND minute IN {} AND (trace, span) IN {}",
                           sql.bind("Array(UInt32)", array_value(keys.found)), items);
  spans.order_key = fmt::format("{}[indexOf({}, (_c_trace, _c_span))]", values, items);
  spans.order_by = fmt::format("indexOf({}, (_c_trace, _c_span))", items);
  spans.limit = page.rows;
  return span_rows_sql(spans);
}

}  // namespace

Result<Pager> Pager::create(std::uint32_t project, ListQuery query) {
  Pager pager;
  if (query.range.from >= query.range.to) return fail(ErrorKind::invalid, "`from` must be before `to`.");
  if (query.limit == 0 || query.limit > max_limit) return fail(ErrorKind::invalid, "`limit` is 1 to 1000.");
  pager.descending_ = query.order.starts_with('-');
  pager.by_ = query.order.substr(pager.descending_ ? 1 : 0);
  if (std::ranges::none_of(orders, [&](const Order& order) { return order.name == pager.by_; }))
    return fail(ErrorKind::invalid,
                "`order` is one of start cost duration tokens errors name, with a - to begin at the "
                "largest; not {}.",
                query.order);
  if (!query.cursor.empty()) {
    Cursor cursor = TRY(decode(query));
    pager.after_value_ = std::move(cursor.value);
    pager.after_key_ = std::move(cursor.key);
  }
  pager.project_ = project;
  pager.query_ = std::move(query);
  Range& window = pager.window_ = pager.query_.range;
  if (pager.by_ == "start") {
    const Nanos value = pager.after_key_.empty() ? 0 : parse_int(pager.after_value_).value_or(0);
    const Range& range = pager.query_.range;
    if (pager.descending_) {
      if (!pager.after_key_.empty()) window.to = std::clamp(whole_minute(value) + minute, range.from + 1, range.to);
      const bool later = pager.query_.now > range.from && pager.query_.now < window.to;
      window.from = std::max(range.from, whole_minute((later ? pager.query_.now : window.to) - first_width));
    } else {
      if (!pager.after_key_.empty()) window.from = std::clamp(whole_minute(value), range.from, range.to - 1);
      window.to = std::min(range.to, whole_minute(window.from + first_width) + minute);
    }
    pager.width_ = first_width * growth;
  }
  return pager;
}

bool Pager::beyond() const {  // no window is left
  if (by_ != "start") return true;
  return descending_ ? window_.from <= query_.range.from : window_.to >= query_.range.to;
}

void Pager::settle() {
  if (asked_ == 0 || done_) return;
  if (more_) {
    done_ = true;
  } else if (seen_ < asked_) {  // the window is used up
    if (beyond()) {
      done_ = true;
    } else if (descending_) {
      window_.to = window_.from;
      window_.from = std::max(query_.range.from, whole_minute(window_.to - width_));
      ++windows_;
      narrow();
    } else {
      window_.from = window_.to;
      window_.to = std::min(query_.range.to, whole_minute(window_.from + width_));
    }
    if (width_ < widest) width_ *= growth;
  }
  asked_ = seen_ = 0;
}

std::optional<Statement> Pager::next() {
  if (phase_ == Phase::page) settle();
  if (done_) return std::nullopt;
  Sql sql(project_, query_.now);
  Statement statement;
  const auto musts = necessary(query_.filter);
  if (phase_ != Phase::keys_known && probe_due() && !musts.empty()) {
    phase_ = Phase::probe;
    const Range rest{query_.range.from, window_.to};
    const bool items = query_.grain != Grain::span;
    std::string counts;
    std::vector<std::string> any;
    for (const Leaf* leaf : musts) {
      const std::string condition =
          items ? leaf_condition(sql, *leaf, rest, true) : row_condition(sql, *query_.filter.root(), rest);
      counts += fmt::format(", toInt64(uniqIf({}, {}))", items ? key_of(query_.grain) : "span", condition);
      any.push_back(condition);
      if (!items || leaf->what == Leaf::What::words) break;  // that is all; nothing is rarer, and it has an index
    }
    statement.sql = fmt::format(
        "SELECT toInt64(intDiv(minute, 60)) AS _hour{} {} AND ({}) GROUP BY _hour ORDER BY _hour DESC LIMIT 100000",
        counts, Sql::spans(rest), join(any, " OR "));
    statement.parameters = sql.take();
    return statement;
  }
  const bool spans = query_.grain == Grain::span;
  if (phase_ != Phase::keys_known) {
    asked_ = query_.limit - taken_ + 1 + (spans ? 0 : spare);
    seen_ = 0;
  }
  const Page page{query_,
                  order_called(by_),
                  by_ == "start",
                  descending_,
                  window_,
                  after_value_,
                  after_key_,
                  asked_,
                  musts.empty() ? nullptr : musts[std::min(best_, musts.size() - 1)]};
  if (phase_ == Phase::keys_known) {
    phase_ = Phase::page;
    statement.sql = spans ? spans_statement(sql, page, keys_) : items_statement(sql, page, keys_);
  } else {
    phase_ = Phase::keys;
    statement.sql = spans ? span_keys(sql, page) : item_keys(sql, page);
  }
  statement.parameters = sql.take();
  return statement;
}

// The first windows were not enough: where is what every item must have?
bool Pager::probe_due() const {
  return (windows_ == 2 || (windows_ == 1 && taken_ == 0)) && !probed_ && by_ == "start" && descending_;
}

// Puts the next window where the probe saw something: from the newest such hour as far back as the page needs.
void Pager::narrow() {
  if (!probed_ || done_) return;
  const Nanos reach = query_.grain == Grain::span ? 0 : query_.grain == Grain::session ? session_reach : trace_reach;
  // an item begins at most `reach` before the span that was seen
  while (!hours_.empty() && hours_.front().first * hour - reach >= window_.to) hours_.erase(hours_.begin());
  if (hours_.empty()) {
    done_ = true;
    return;
  }
  // of what must hold, other words of the filter may leave little: further every time
  const std::int64_t wanted = static_cast<std::int64_t>(query_.limit - taken_ + spare)
                              << std::min(1 + 2 * looks_++, 30);
  std::int64_t sum = 0, lowest = hours_.front().first;
  for (const auto& [at, items] : hours_) {
    if (sum >= wanted) break;
    sum += items;
    lowest = at;
  }
  window_.to = std::min(window_.to, (hours_.front().first + 1) * hour);
  window_.from = std::max(query_.range.from, std::min(lowest * hour - reach, window_.to - 1));
  std::erase_if(hours_, [&](const auto& one) { return one.first * hour - reach >= window_.from; });
}

// Of the probe's columns the one with the fewest items.
void Pager::choose(const native::Rows& rows) {
  best_ = 0;
  std::int64_t fewest = std::numeric_limits<std::int64_t>::max();
  for (std::size_t c = 1; rows.size() > 0 && c < rows.columns(); ++c) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) sum += rows.integer(c, i);
    if (sum >= fewest) continue;
    fewest = sum;
    best_ = c - 1;
  }
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (const auto items = rows.integer(best_ + 1, i); items > 0) hours_.emplace_back(rows.integer(0, i), items);
}

std::vector<std::size_t> Pager::read(const native::Rows& rows) {
  std::vector<std::size_t> mine;
  switch (phase_) {
    case Phase::probe:
      probed_ = true;
      hours_.clear();
      choose(rows);
      phase_ = Phase::fresh;
      narrow();
      break;
    case Phase::keys:
      keys_ = {};
      for (std::size_t i = 0; i < rows.size(); ++i) {
        keys_.items.emplace_back(rows.text(0, i));
        keys_.values.emplace_back(rows.text(1, i));
        keys_.sessions.emplace_back(rows.text(2, i));
        keys_.found.emplace_back(rows.text(3, i));
      }
      phase_ = rows.size() == 0 ? Phase::page : Phase::keys_known;
      break;
    case Phase::page:
      for (std::size_t i = 0; i < rows.size(); ++i)
        if (take(rows.text(0, i), rows.text(1, i), rows.integer(2, i) != 0)) mine.push_back(i);
      break;
    case Phase::fresh:
    case Phase::keys_known:
      PAWL_CHECK(false, "Pager::read without a statement");
  }
  return mine;
}

bool Pager::take(std::string_view order_key, std::string_view key, bool mine) {
  ++seen_;
  after_value_ = order_key;
  after_key_ = key;
  if (!mine || more_) return false;
  if (taken_ == query_.limit) {
    more_ = true;
    return false;
  }
  ++taken_;
  last_value_ = order_key;
  last_key_ = key;
  return true;
}

std::string Pager::cursor() const {
  return more_ ? encode(query_, last_value_, last_key_) : std::string();
}

}  // namespace pawl::query
