// Reading log records.
#include "logs.h"

#include <array>

#include "base/text.h"

namespace pawl::traces {
namespace {

constexpr std::array<std::string_view, 6> severities = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"};
// The table is ordered by receipt: a record is received after its time, but for a clock that is up to a day ahead.
constexpr Nanos ahead = day;

struct Place {  // where a page ended
  Nanos at = 0;
  Id128 record;
};

Result<Place> place_of(std::string_view cursor) {
  const auto text = from_base64(cursor);
  const auto [at, record] = cut(text ? std::string_view(*text) : std::string_view(), '|');
  const auto time = parse_int(at);
  const auto id = from_hex(record);
  if (!time || !id || id->size() != 16)
    return fail(ErrorKind::invalid, "`cursor` is none that this list gave: leave it out to begin anew.");
  return Place{*time, id_from_bytes(*id)};
}

class Conditions {
 public:
  void add(std::string_view condition, std::string_view type = "", std::string value = "") {
    const std::string name = fmt::format("p{}", query.parameters.size());
    sql += " AND ";
    for (const char c : condition) sql += c == '?' ? fmt::format("{{{}:{}}}", name, type) : std::string(1, c);
    if (!type.empty()) query.parameters.push_back({name, std::move(value)});
  }
  warehouse::Query query;
  std::string sql;
};

LogRow row_of(const native::Rows& rows, std::size_t i, ProjectId project) {
  LogRow row{.project = project,
             .at = rows.integer(0, i),
             .received = rows.integer(1, i) * millisecond,
             .trace = rows.id(2, i),
             .span = rows.id(3, i),
             .record = rows.id(4, i),
             .severity = static_cast<int>(rows.integer(5, i)),
             .event = std::string(rows.text(6, i)),
             .service = std::string(rows.text(7, i)),
             .body = std::string(rows.text(8, i)),
             .attributes = {}};
  for (const auto& [key, value] : rows.map(9, i)) row.attributes.emplace_back(key, value);
  return row;
}

}  // namespace

std::string_view severity_name(int number) {
  return number < 1 || number > 24 ? std::string_view() : severities[static_cast<std::size_t>(number - 1) / 4];
}

std::optional<int> severity_from(std::string_view text) {
  for (std::size_t i = 0; i < severities.size(); ++i)
    if (equals_ignoring_case(severities[i], text)) return static_cast<int>(i) * 4 + 1;
  const auto number = parse_int(text);
  return number && *number >= 1 && *number <= 24 ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

Result<LogPage> read_logs(warehouse::Warehouse& warehouse, const LogSelection& selection) {
  Conditions where;
  where.query.parameters.push_back({"project", fmt::format("{}", selection.project)});
  if (!selection.traces.empty()) {
    std::string ids;
    for (const auto& id : selection.traces) ids += (ids.empty() ? "[" : ",") + to_decimal(id);
    where.add("trace IN ?", "Array(UInt128)", ids + "]");
  } else {
    where.add("received >= fromUnixTimestamp64Nano(?)", "Int64", fmt::format("{}", selection.from - ahead));
    where.add("at >= fromUnixTimestamp64Nano(?)", "Int64", fmt::format("{}", selection.from));
    where.add("at < fromUnixTimestamp64Nano(?)", "Int64", fmt::format("{}", selection.to));
  }
  if (selection.span) where.add("span = ?", "UInt128", to_decimal(*selection.span));
  if (!selection.service.empty()) where.add("service = ?", "String", selection.service);
  if (!selection.event.empty()) where.add("event = ?", "String", selection.event);
  if (!selection.text.empty()) where.add("positionCaseInsensitiveUTF8(body, ?) > 0", "String", selection.text);
  if (selection.severity > 0) where.add("severity >= ?", "Int32", fmt::format("{}", selection.severity));
  if (!selection.cursor.empty()) {
    const auto place = TRY(place_of(selection.cursor));
    where.add("at <= fromUnixTimestamp64Nano(?)", "Int64", fmt::format("{}", place.at));
    where.add(fmt::format("(at < fromUnixTimestamp64Nano(toInt64({})) OR record < ?)", place.at), "UInt128",
              to_decimal(place.record));
  }
  const std::string_view direction = selection.newest_first ? "DESC" : "ASC";
  where.query.sql = fmt::format(
      "SELECT at, received, trace, span, record, severity, event, service, body, attrs FROM logs WHERE project = "
      "{{project:UInt32}}{} ORDER BY at {}, record {} LIMIT 1 BY at, record LIMIT {}",
      where.sql, direction, direction, selection.limit + 1);
  const auto answer = TRY(warehouse.read(where.query));
  LogPage page{.rows = {}, .cursor = {}, .rows_read = answer.rows_read, .elapsed = answer.elapsed};
  for (std::size_t i = 0; i < answer.rows.size(); ++i) {
    if (i == selection.limit) {
      page.cursor = to_base64url(fmt::format("{}|{}", page.rows.back().at, to_hex(page.rows.back().record)));
      break;
    }
    page.rows.push_back(row_of(answer.rows, i, selection.project));
  }
  return page;
}

Result<bool> any_logs(warehouse::Warehouse& warehouse, ProjectId project) {
  const auto answer = TRY(warehouse.read({.sql = "SELECT 1 FROM logs WHERE project = {project:UInt32} LIMIT 1",
                                          .parameters = {{"project", fmt::format("{}", project)}}}));
  return answer.rows.size() > 0;
}

}  // namespace pawl::traces
