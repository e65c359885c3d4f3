// Look-ups: values that complete a filter, any id, and the rows of one trace, session or span.
#include <set>

#include "base/text.h"
#include "measures.h"
#include "records/traces/traces.h"
#include "rows.h"

namespace pawl::query {
namespace {

constexpr std::uint32_t max_values = 1000;

Statement finish(Sql& sql, std::string text) {
  return {std::move(text), sql.take(), {}};
}

std::string in_session(Sql& sql, std::string_view session) {
  return fmt::format(" AND session = {} AND session != ''", sql.text(session));
}

Statement whole_where(Sql& sql, Grain grain, std::string rows, std::uint32_t limit) {
  Whole whole;
  whole.grain = grain;
  whole.rows = std::move(rows);
  whole.order_by = "_r_start, _r_key";
  whole.limit = limit;
  return finish(sql, whole_rows_sql(whole));
}

}  // namespace

Statement compile_traces_of(std::uint32_t project, std::string_view session, std::uint32_t limit) {
  Sql sql(project);
  return whole_where(sql, Grain::trace, in_session(sql, session), limit);
}

Statement compile_trace(std::uint32_t project, const Id128& trace) {
  Sql sql(project);
  return whole_where(sql, Grain::trace, " AND trace = " + sql.id(trace), 1);
}

Statement compile_session(std::uint32_t project, std::string_view session) {
  Sql sql(project);
  return whole_where(sql, Grain::session, in_session(sql, session), 1);
}

Result<Statement> compile_values(std::uint32_t project, const ValuesQuery& query) {
  if (query.range.from >= query.range.to) return fail(ErrorKind::invalid, "`from` must be before `to`.");
  if (query.limit == 0 || query.limit > max_values) return fail(ErrorKind::invalid, "`limit` is 1 to 1000.");
  Sql sql(project, query.now);
  std::string value;
  const std::string name = to_lower(query.dimension);
  if (name == "attr." || name == "attr.name") {
    value =
        fmt::format("arrayJoin(arrayFilter(x -> NOT startsWith(x, '{}'), mapKeys(attrs)))", traces::state_attribute);
  } else if (name == "state." || name == "state.name") {
    value = fmt::format(
        "arrayJoin(arrayMap(x -> substring(x, {1}), arrayFilter(x -> startsWith(x, '{0}'), mapKeys(attrs))))",
        traces::state_attribute, traces::state_attribute.size() + 1);
  } else if (const auto attribute = attribute_of(query.dimension)) {
    value = fmt::format("attrs[{}]", sql.text(*attribute));
  } else {
    const Dimension* dimension = find_dimension(name);
    if (dimension == nullptr) {
      std::vector<std::string_view> names;
      for (const Dimension& other : dimension_table()) names.push_back(other.name);
      const std::string_view near = nearest(name, names);
      return fail(ErrorKind::invalid, "No dimension is called {}.{}", query.dimension,
                  near.empty() ? "" : fmt::format(" Did you mean {}?", near));
    }
    if (!dimension->groups)
      return fail(ErrorKind::invalid, "{} has no values to choose from; compare it instead.", dimension->name);
    value = dimension->list ? fmt::format("arrayJoin({})", dimension->sql) : std::string(dimension->sql);
    if (query.grain != Grain::span && dimension->total == "_status")
      value = item_status_sql(sql, query.grain, query.range);
  }
  const std::string at = fmt::format("positionCaseInsensitiveUTF8(_value, {})", sql.text(query.prefix));
  const std::string prefix = query.prefix.empty() ? "" : fmt::format(" AND {} > 0", at);
  const std::string first = query.prefix.empty() ? "" : fmt::format("{} = 1 DESC, ", at);
  const std::string rows = Sql::spans(query.range) + selected(sql, query.grain, query.filter, query.range);
  // An item counts once under each value that one of its spans has, as the measures `traces` and `sessions` do.
  const std::string counted =
      query.grain == Grain::span
          ? fmt::format("SELECT {} AS _found, sum({}) AS _count {} GROUP BY _found HAVING sum(sign) > 0", value,
                        weight_sql, rows)
          : fmt::format(
                "SELECT _found, sum(_item_w) AS _count FROM (SELECT {} AS _found, {} AS _item, "
                "intDiv(sum({}), sum(sign)) AS _item_w {} GROUP BY _found, _item HAVING sum(sign) > 0) GROUP "
                "BY _found",
                value, key_of(query.grain), weight_sql, rows);
  Statement statement;
  statement.sql = fmt::format(
      "SELECT CAST(_value, 'String') AS c0, CAST(_count / 1e6, 'Nullable(Float64)') AS c1 FROM (SELECT CAST(_found, "
      "'String') AS _value, _count FROM ({})) WHERE _value != ''{} ORDER BY {}_count DESC, _value LIMIT {}",
      counted, prefix, first, query.limit);
  statement.parameters = sql.take();
  const std::string_view unit = query.grain == Grain::session ? "sessions"
                                : query.grain == Grain::trace ? "traces"
                                                              : "spans";
  statement.columns = {{"value", Type::text, ""}, {"count", Type::number, unit}};
  return statement;
}

Statement compile_find(std::uint32_t project, std::string_view text) {
  Sql sql(project);
  const std::string_view wanted = trim(text);
  const std::string id = sql.id(id_from_text(wanted));
  constexpr std::string_view lead = "(parent != 0, start, -duration)";
  const auto label =
      fmt::format("argMin(CAST(name, 'String'), {}) AS _label, min(toUnixTimestamp64Nano(start)) AS _at", lead);
  const std::string trace_text = fmt::format("if(any(trace_id) = '', {}, any(trace_id))", hex_sql("_trace", 32));
  const std::string span_text = fmt::format("if(any(span_id) = '', {}, any(span_id))", hex_sql("_span", 16));
  const std::string traces = fmt::format(
      "SELECT 'trace' AS _kind, {} AS _id, trace AS _trace, toUInt128(0) AS _span, {} AS _trace_id, {}, 1 AS "
      "_rank {} AND trace = {} GROUP BY trace HAVING sum(sign) > 0",
      trace_text, trace_text, label, Sql::from("spans"), id);
  const std::string spans = fmt::format(
      "SELECT 'span' AS _kind, {} AS _id, trace AS _trace, span AS _span, {} AS _trace_id, {}, 2 AS _rank {} "
      "AND span = {} GROUP BY trace, span HAVING sum(sign) > 0",
      span_text, trace_text, label, Sql::from("spans"), id);
  const std::string sessions = fmt::format(
      "SELECT 'session' AS _kind, session AS _id, argMin(trace, {}) AS _trace, toUInt128(0) AS _span, '' AS _trace_id, "
      "{}, 0 AS _rank {}{} GROUP BY session HAVING sum(sign) > 0",
      lead, label, Sql::from("spans"), in_session(sql, wanted));
  return finish(sql,
                fmt::format("SELECT CAST(_kind, 'String') AS kind, CAST(_id, 'String') AS id, _trace AS trace, "
                            "_span AS span, CAST(_trace_id, 'String') AS trace_id, _label AS label, _at AS at FROM "
                            "({} UNION ALL {} UNION ALL {}) ORDER BY _rank, _at DESC LIMIT 10",
                            sessions, traces, spans));
}

Statement compile_held(std::uint32_t project, const std::vector<SpanKey>& spans, const Range& range) {
  Sql sql(project);
  std::set<std::string> traces, keys;
  for (const auto& key : spans) traces.insert(to_decimal(key.trace)), keys.insert(to_decimal(key.span));
  const auto list = [&](const std::set<std::string>& ids) {
    return sql.bind("Array(UInt128)", array_value({ids.begin(), ids.end()}));
  };
  const std::string rows = Sql::minutes(range);
  return finish(sql, fmt::format("SELECT trace, span {} AND trace IN {} AND span IN {} GROUP BY trace, span HAVING "
                                 "sum(sign) > 0 LIMIT 100000",
                                 rows, list(traces), list(keys)));
}

}  // namespace pawl::query
