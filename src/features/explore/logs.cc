// Log records that are no content of a span: those of a run beside it, and all of them page by page.
#include "base/text.h"
#include "inside.h"

namespace pawl::explore {
namespace {

constexpr std::size_t body_bytes = 64U << 10;  // of one record in an answer

void write_log(JsonWriter& json, const traces::LogRow& row) {
  json.object().field("time", format_time(row.at));
  for (const auto& [name, id, digits] : {std::tuple{"trace_id", row.trace, 32U}, {"span_id", row.span, 16U}}) {
    json.key(name);
    id ? json.value(std::string_view(to_hex(id)).substr(32 - digits)) : json.null();
  }
  json.field("severity", traces::severity_name(row.severity)).field("severity_number", row.severity);
  json.field("event", row.event).field("service", row.service);
  const auto body = utf8_prefix(row.body, body_bytes);
  json.field("body", body);
  if (body.size() < row.body.size()) json.field("cut", true);
  json.key("attributes").object();
  for (const auto& [key, value] : row.attributes) json.field(key, value);
  json.end().end();
}

Result<net::Response> list(Explore::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto range = TRY(range_of(request, inside.clock.now()));
  traces::LogSelection wanted{.project = projects::access_of(request).project, .from = range.from, .to = range.to};
  if (const auto trace = request.query.get("trace"); !trace.empty()) wanted.traces = {id_from_text(trace)};
  if (const auto span = request.query.get("span"); !span.empty()) wanted.span = id_from_text(span);
  wanted.service = request.query.get("service"), wanted.event = request.query.get("event");
  wanted.text = request.query.get("text"), wanted.cursor = request.query.get("cursor");
  if (const auto name = request.query.get("severity"); !name.empty()) {
    const auto severity = traces::severity_from(name);
    if (!severity)
      return fail(ErrorKind::invalid, "severity={} must be trace, debug, info, warn, error, fatal or 1 to 24.", name);
    wanted.severity = *severity;
  }
  wanted.limit = TRY(limit_of(request, wanted.limit));
  const auto page = TRY(traces::read_logs(store, wanted));
  JsonWriter json;
  json.object();
  write_logs(json, page.rows);
  json.key("next_cursor");
  page.cursor.empty() ? json.null() : json.value(page.cursor);
  write_stats(json, inside, {page.rows_read, page.elapsed, wanted.project});
  return net::Response::json(json.end().take());
}

}  // namespace

void write_logs(JsonWriter& json, const std::vector<traces::LogRow>& rows) {
  json.key("logs").array();
  for (const auto& row : rows) write_log(json, row);
  json.end();
}

Result<void> write_logs_of(JsonWriter& json, Explore::Inside& inside, warehouse::Warehouse& store, ProjectId project,
                           const std::vector<Id128>& traces, Nanos until) {
  constexpr std::uint32_t most = 2000;
  traces::LogPage page;
  if (TRY(inside.has_logs(store, project))) {
    page = TRY(traces::read_logs(
        store, {.project = project, .traces = traces, .span = {}, .newest_first = false, .limit = most}));
    if (until != 0) std::erase_if(page.rows, [&](const auto& row) { return row.received > until; });
  }
  write_logs(json, page.rows);
  if (!page.cursor.empty()) json.field("logs_cut", true);
  return {};
}

void add_log_routes(net::Router& router, Explore::Inside& inside) {
  router.add({.method = "GET",
              .pattern = "/api/v1/logs",
              .permission = "read",
              .handler =
                  [&inside](net::Request& request) {
                    return inside.answer(request, [&inside, &request](warehouse::Warehouse& store) {
                      return list(inside, store, request);
                    });
                  },
              .summary = "Log records that are no content of a span, newest first",
              .query = {{"trace", "only of this trace; then ranges are ignored"},
                        {"span", "only of this span"},
                        {"service", "only of this service"},
                        {"event", "only with this event name"},
                        {"severity", "at least: trace, debug, info, warn, error, fatal or 1 to 24"},
                        {"text", "stands in the body, in any case"},
                        {"from", "RFC 3339, or a length such as 7d for as long ago; default 24 h before `to`"},
                        {"to", "RFC 3339, exclusive; default now"},
                        {"limit", "1 to 1000, default 100"},
                        {"cursor", "`next_cursor` of the page before"}},
              .answers = "{logs:[Log], next_cursor, stats:Stats}"});
}

}  // namespace pawl::explore
