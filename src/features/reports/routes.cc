// Reports over the API: looked at, made, kept; and their schedules.
#include <algorithm>

#include "base/json.h"
#include "base/json_fields.h"
#include "base/text.h"
#include "inside.h"
#include "records/audit/audit.h"

namespace pawl::reports {
namespace {

using Inside = Reports::Inside;
constexpr std::int64_t most_schedules = 50;

// Nothing in a report is fetched or run.
net::Response page(std::string text) {
  auto response = net::Response::bytes("text/html; charset=utf-8", std::move(text));
  response.headers.set(
      "content-security-policy",
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  response.headers.set("referrer-policy", "no-referrer");
  return response;
}

net::Response file(std::string text) {
  auto response = net::Response::bytes("text/csv; charset=utf-8", std::move(text));
  response.headers.set("content-disposition", "attachment; filename=\"pawl-report.csv\"");
  return response;
}

Result<std::string> format_of(const net::Request& request) {
  const std::string format(request.query.find("format").value_or("html"));
  if (format != "html" && format != "csv" && format != "json")
    return fail(ErrorKind::invalid, "format={} must be html, csv or json.", format);
  return format;
}

Result<std::string> kind_named(std::string kind) {
  if (kind.empty()) kind = "weekly";
  if (std::ranges::find(kinds, kind) == std::end(kinds))
    return fail(ErrorKind::invalid, "kind={} must be weekly, cost, slo or incidents.", kind);
  return kind;
}

// The week that a day is in; "": the last whole one.
Result<Wish> wish_of(std::string kind, std::string timezone, std::string_view week, Nanos now) {
  Wish wish{
      .kind = TRY(kind_named(std::move(kind))), .timezone = timezone.empty() ? "UTC" : std::move(timezone), .week = {}};
  const Zone zone = TRY(zone_named(wish.timezone));
  if (week.empty()) {
    wish.week = week_before(zone, week_at(zone, now));
    return wish;
  }
  const auto at = parse_time(week);
  if (!at) return fail(ErrorKind::invalid, "week={} is no day. Write any day of the week, like 2026-11-16.", week);
  const std::int64_t local = *at / second;  // that day by the local clock
  wish.week = week_at(zone, zone.utc(local) * second);
  if (wish.week.from > now) return fail(ErrorKind::invalid, "The week of {} has not begun yet.", week);
  return wish;
}

Result<net::Response> preview(Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const std::string format = TRY(format_of(request));
  const Wish wish = TRY(wish_of(std::string(request.query.get("kind")), std::string(request.query.get("timezone")),
                                request.query.get("week"), inside.clock.now()));
  const Weekly report = TRY(gather(inside, store, projects::access_of(request).project, wish));
  if (format == "csv") return file(as_csv(report));
  return format == "json" ? net::Response::json(as_json(report)) : page(as_html(report));
}

Result<net::Response> make(Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto fields = TRY(JsonFields::parse(request.body));
  const auto& access = projects::access_of(request);
  const Wish wish = TRY(wish_of(fields.text("kind"), fields.text("timezone"), fields.text("week"), inside.clock.now()));
  const Made made = TRY(keep(inside, store, access.project, wish, "", false));
  TRY(audit::append(inside.ledger, inside.clock.now(), access.project, projects::actor_of(access), "report.make",
                    made.id));
  JsonWriter json;
  json.object().field("id", made.id).field("kind", wish.kind).field("from", format_time(wish.week.from));
  return net::Response::json(json.field("to", format_time(wish.week.to)).end().take(), 201);
}

Result<net::Response> list(Inside& inside, warehouse::Warehouse&, const net::Request& request) {
  const auto rows =
      TRY(inside.ledger.read("SELECT id, kind, began, ended, timezone, made, schedule, late FROM reports WHERE project "
                             "= ? ORDER BY made DESC, id",
                             {std::int64_t{projects::access_of(request).project}}));
  JsonWriter json;
  json.object().key("reports").array();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    json.object()
        .field("id", rows.text(i, 0))
        .field("kind", rows.text(i, 1))
        .field("from", format_time(rows.integer(i, 2)));
    json.field("to", format_time(rows.integer(i, 3))).field("timezone", rows.text(i, 4));
    json.field("made", format_time(rows.integer(i, 5)))
        .field("schedule", rows.text(i, 6))
        .field("late", rows.integer(i, 7) != 0)
        .end();
  }
  return net::Response::json(json.end().end().take());
}

Result<net::Response> show(Inside& inside, warehouse::Warehouse&, const net::Request& request) {
  const std::string format = TRY(format_of(request)), id(request.capture("id"));
  const auto rows = TRY(inside.ledger.read("SELECT html, csv, json FROM reports WHERE project = ? AND id = ?",
                                           {std::int64_t{projects::access_of(request).project}, id}));
  if (rows.size() == 0) return fail(ErrorKind::not_found, "There is no report {}.", id);
  if (format == "csv") return file(rows.text(0, 1));
  return format == "json" ? net::Response::json(rows.text(0, 2)) : page(rows.text(0, 0));
}

// ---- schedules -------------------------------------------------------------------------------------------------
constexpr std::string_view weekdays[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};

Result<net::Response> list_schedules(Inside& inside, warehouse::Warehouse&, const net::Request& request) {
  const auto rows =
      TRY(inside.ledger.read("SELECT name, kind, timezone, weekday, hour, enabled, trouble FROM report_schedules WHERE "
                             "project = ? ORDER BY name",
                             {std::int64_t{projects::access_of(request).project}}));
  JsonWriter json;
  json.object().key("schedules").array();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto weekday = static_cast<std::size_t>(rows.integer(i, 3)) % std::size(weekdays);
    json.object().field("name", rows.text(i, 0)).field("kind", rows.text(i, 1)).field("timezone", rows.text(i, 2));
    json.field("weekday", weekdays[weekday])
        .field("hour", rows.integer(i, 4))
        .field("enabled", rows.integer(i, 5) != 0);
    json.field("trouble", rows.text(i, 6)).end();
  }
  return net::Response::json(json.end().end().take());
}

Result<net::Response> put_schedule(Inside& inside, warehouse::Warehouse&, const net::Request& request) {
  const auto fields = TRY(JsonFields::parse(request.body));
  const auto& access = projects::access_of(request);
  const std::string name(request.capture("name")), actor = projects::actor_of(access);
  if (name.empty() || name.size() > 100 || !is_utf8(name))
    return fail(ErrorKind::invalid, "A schedule's name has 1 to 100 characters.");
  const std::string kind = TRY(kind_named(fields.text("kind")));
  const std::string timezone = fields.text("timezone").empty() ? "UTC" : fields.text("timezone");
  TRY(zone_named(timezone));
  const int weekday = weekday_of(fields.text("weekday").empty() ? "monday" : to_lower(fields.text("weekday")));
  if (weekday < 0) return fail(ErrorKind::invalid, "weekday={} must be monday, tuesday …", fields.text("weekday"));
  const auto hour = fields.number("hour").value_or(8);
  if (hour < 0 || hour > 23) return fail(ErrorKind::invalid, "hour={} must be 0 to 23.", hour);
  const Nanos now = inside.clock.now();
  TRY(inside.ledger.change([&](ledger::Transaction& t) -> Result<> {
    const auto others = TRY(t.run("SELECT count(*) FROM report_schedules WHERE project = ? AND name <> ?",
                                  {std::int64_t{access.project}, name}));
    if (others.integer(0, 0) >= most_schedules)
      return fail(ErrorKind::exhausted, "A project has at most {} schedules.", most_schedules);
    TRY(
        t.run("INSERT OR REPLACE INTO report_schedules (project, name, kind, timezone, weekday, hour, enabled, done, "
              "trouble, changed, actor) "
              "VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?)",
              {std::int64_t{access.project}, name, kind, timezone, std::int64_t{weekday}, hour,
               std::int64_t{fields.flag("enabled").value_or(true)}, now, now, actor}));
    return audit::append(
        t, now, access.project, actor, "report.schedule",
        fmt::format("{}: {} on {} at {}", name, kind, weekdays[static_cast<std::size_t>(weekday)], hour));
  }));
  JsonWriter json;
  json.object().field("name", name).field("kind", kind).field("timezone", timezone);
  return net::Response::json(
      json.field("weekday", weekdays[static_cast<std::size_t>(weekday)]).field("hour", hour).end().take());
}

Result<net::Response> remove_schedule(Inside& inside, warehouse::Warehouse&, const net::Request& request) {
  const auto& access = projects::access_of(request);
  const std::string name(request.capture("name"));
  TRY(inside.ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("DELETE FROM report_schedules WHERE project = ? AND name = ?", {std::int64_t{access.project}, name}));
    if (t.changes() == 0) return fail(ErrorKind::not_found, "There is no schedule {}.", name);
    return audit::append(t, inside.clock.now(), access.project, projects::actor_of(access), "report.unschedule", name);
  }));
  return net::Response::json("{}");
}

}  // namespace

void add_report_routes(net::Router& router, Inside& inside) {
  router.add({.method = "GET",
              .pattern = "/api/v1/reports/preview",
              .permission = "read",
              .handler = reading::handler(inside, preview),
              .handler_time = 2 * minute,
              .summary = "A weekly report, made now and not kept",
              .query = {{"kind", "weekly, cost, slo or incidents [weekly]"},
                        {"week", "any day of it; the last whole week"},
                        {"timezone", "whose week; IANA [UTC]"},
                        {"format", "html, csv or json [html]"}},
              .answers = "the report"});
  router.add({.method = "GET",
              .pattern = "/api/v1/reports",
              .permission = "read",
              .handler = reading::handler(inside, list),
              .summary = "Reports that are kept, the newest first",
              .answers = "{reports:[Report]}"});
  router.add({.method = "POST",
              .pattern = "/api/v1/reports",
              .permission = "write",
              .handler = reading::handler(inside, make),
              .body_bytes = 4096,
              .handler_time = 2 * minute,
              .summary = "Makes a weekly report and keeps it as it is now",
              .accepts = "{kind, week, timezone}",
              .answers = "{id, kind, from, to}"});
  router.add({.method = "GET",
              .pattern = "/api/v1/reports/{id}",
              .permission = "read",
              .handler = reading::handler(inside, show),
              .summary = "A report as it was made",
              .query = {{"format", "html, csv or json [html]"}},
              .answers = "the report"});
}

void add_schedule_routes(net::Router& router, Inside& inside) {
  router.add({.method = "GET",
              .pattern = "/api/v1/report-schedules",
              .permission = "read",
              .handler = reading::handler(inside, list_schedules),
              .summary = "When reports are made by themselves",
              .answers = "{schedules:[ReportSchedule]}"});
  router.add({.method = "PUT",
              .pattern = "/api/v1/report-schedules/{name}",
              .permission = "write",
              .handler = reading::handler(inside, put_schedule),
              .body_bytes = 4096,
              .summary = "Makes or changes a schedule: each week, of the week before",
              .accepts = "{kind, timezone, weekday, hour:integer, enabled:boolean}",
              .answers = "{name, kind, timezone, weekday, hour:integer}"});
  router.add({.method = "DELETE",
              .pattern = "/api/v1/report-schedules/{name}",
              .permission = "write",
              .handler = reading::handler(inside, remove_schedule),
              .summary = "Removes a schedule; its reports stay",
              .answers = "{}"});
}

}  // namespace pawl::reports
