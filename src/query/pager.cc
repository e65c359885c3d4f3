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
  std::string_view direction() const { return descending ? "DESC" : "ASC"; }
};

Range around(const Range& range, Nanos by) {
  return {range.from - by, range.to + by};
}

// The keys of the page: arrays of keys, order values, and what finds their spans by an index.
std::string item_page(Sql& sql, const Page& page) {
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
    }
  }
  return fmt::format(
      "SELECT (groupArray(_item), groupArray(toString({0})), groupArray({1}), groupArray({2})) FROM (SELECT * FROM "
      "({3}) "
      "ORDER BY {0} {4}, _item {4} LIMIT {5})",
      page.order.total, sessions ? "_session" : "''", sessions ? "if(_session = '', _trace, toUInt128(0))" : "_trace",
      items_sql(sql, items), page.direction(), page.rows);
}

std::string items_statement(Sql& sql, const Page& page) {
  const bool sessions = page.query.grain == Grain::session;
  const Nanos reach = sessions ? session_reach : trace_reach;
  Whole whole{.grain = page.query.grain, .range = around(page.by_start ? page.window : page.query.range, reach)};
  whole.with = fmt::format("WITH ({}) AS _page ", item_page(sql, page));
  whole.rows = sessions
                   ? " AND ((session != '' AND session IN (SELECT arrayJoin(_page.3))) OR (session = '' AND trace IN "
                     "(SELECT arrayJoin(_page.4))))"
                   : " AND trace IN (SELECT arrayJoin(_page.1))";
  whole.order_key = "_page.2[indexOf(_page.1, _item)]";
  if (page.by_start && page.window.from > page.query.range.from) {  // did it begin in an earlier window?
    whole.inside = page.query.range;
    whole.mine = fmt::format("_first >= {}", page.window.from);
  }
  whole.order_by = "indexOf(_page.1, _at_item)";
  whole.limit = page.rows;
  return whole_rows_sql(whole);
}

std::string spans_statement(Sql& sql, const Page& page) {
  const std::string value = page.by_start ? std::string(position_sql) : std::string(page.order.row);
  std::string having = keyset(sql, Grain::span, page.order, "_value", "_trace, _span", page.after_value, page.after_key,
                              page.descending);
  if (!having.empty()) having = " AND " + having;
  SpanRows spans{.range = page.by_start ? page.window : page.query.range};
  spans.with = fmt::format(
      "WITH (SELECT (groupArray((_trace, _span)), groupArray(toString(_value)), groupArray(minute)) FROM (SELECT trace "
      "AS "
      "_trace, span AS _span, {} AS _value, minute {}{} GROUP BY _trace, _span, _value, minute HAVING sum(sign) > 0{} "
      "ORDER BY _value {}, _trace {}, _span {} LIMIT {})) AS _page ",
      value, Sql::spans(spans.range), selected(sql, Grain::span, page.query.filter, *spans.range), having,
      page.direction(), page.direction(), page.direction(), page.rows);
  spans.rows = " AND minute IN (SELECT arrayJoin(_page.3)) AND (trace, span) IN (SELECT arrayJoin(_page.1))";
  spans.order_key = "_page.2[indexOf(_page.1, (_c_trace, _c_span))]";
  spans.order_by = "indexOf(_page.1, (_c_trace, _c_span))";
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
    } else {
      window_.from = window_.to;
      window_.to = std::min(query_.range.to, whole_minute(window_.from + width_));
    }
    if (width_ < widest) width_ *= growth;
  }
  asked_ = seen_ = 0;
}

std::optional<Statement> Pager::next() {
  settle();
  if (done_) return std::nullopt;
  asked_ = query_.limit - taken_ + 1 + (query_.grain == Grain::span ? 0 : spare);
  seen_ = 0;
  return page_statement(asked_);
}

Statement Pager::page_statement(std::uint32_t rows) const {
  Sql sql(project_);
  const Page page{query_, order_called(by_), by_ == "start", descending_, window_, after_value_, after_key_, rows};
  Statement statement;
  statement.sql = query_.grain == Grain::span ? spans_statement(sql, page) : items_statement(sql, page);
  statement.parameters = sql.take();
  return statement;
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
