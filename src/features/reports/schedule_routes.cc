// When reports are made by themselves, over the API.
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
constexpr std::string_view weekdays[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};

std::string_view weekday_named(std::int64_t day) {
  return weekdays[static_cast<std::size_t>(day) % std::size(weekdays)];
}

Result<net::Response> list_schedules(Inside& inside, warehouse::Warehouse&, const net::Request& request) {
  const auto rows = TRY(inside.ledger.read(
      "SELECT name, kind, timezone, weekday, hour, enabled, trouble, recipients, link_for, period FROM "
      "report_schedules WHERE project = ? ORDER BY name",
      {std::int64_t{projects::access_of(request).project}}));
  JsonWriter json;
  json.object().key("schedules").array();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool enabled = rows.integer(i, 5) != 0;
    json.object().field("name", rows.text(i, 0)).field("kind", rows.text(i, 1)).field("timezone", rows.text(i, 2));
    json.field("period", rows.text(i, 9));
    json.field("weekday", weekday_named(rows.integer(i, 3))).field("hour", rows.integer(i, 4));
    json.field("enabled", enabled).field("trouble", rows.text(i, 6)).key("next");
    const auto zone = Zone::find(rows.text(i, 2));
    if (enabled && zone)
      json.value(format_time(next_due(*zone,
                                      {period_named(rows.text(i, 9)).value_or(Period::week),
                                       static_cast<int>(rows.integer(i, 3)), static_cast<int>(rows.integer(i, 4))},
                                      inside.clock.now())));
    else
      json.null();
    json.key("to").array();
    for (const auto to : split(rows.text(i, 7), ','))
      if (!to.empty()) json.value(to);
    json.end().field("link_for", rows.integer(i, 8) == 0 ? "" : fmt::format("{}h", rows.integer(i, 8) / hour)).end();
  }
  return net::Response::json(json.end().end().take());
}

struct Schedule {
  std::string name, kind, timezone;
  Rhythm rhythm;
  bool enabled = true;
  Recipients mail;
};

Result<Schedule> read_schedule(const Inside& inside, const net::Request& request) {
  const auto fields = TRY(JsonFields::parse(request.body));
  Schedule out{.name = std::string(request.capture("name")), .kind = {}, .timezone = {}, .mail = {}};
  if (out.name.empty() || out.name.size() > 100 || !is_utf8(out.name))
    return fail(ErrorKind::invalid, "A schedule's name has 1 to 100 characters.");
  out.kind = TRY(kind_named(fields.text("kind")));
  out.timezone = fields.text("timezone").empty() ? "UTC" : fields.text("timezone");
  TRY(zone_named(out.timezone));
  out.rhythm.period = TRY(period_of(fields.text("period")));
  out.rhythm.weekday = weekday_of(fields.text("weekday").empty() ? "monday" : to_lower(fields.text("weekday")));
  if (out.rhythm.weekday < 0)
    return fail(ErrorKind::invalid, "weekday={} must be monday, tuesday …", fields.text("weekday"));
  const std::int64_t at_hour = fields.number("hour").value_or(8);
  if (at_hour < 0 || at_hour > 23) return fail(ErrorKind::invalid, "hour={} must be 0 to 23.", at_hour);
  out.rhythm.hour = static_cast<int>(at_hour);
  out.enabled = fields.flag("enabled").value_or(true);
  out.mail = TRY(recipients_of(inside, TRY(fields.texts("to")), fields.text("link_for")));
  return out;
}

std::string_view when(const Rhythm& rhythm) {
  if (rhythm.period == Period::week) return weekday_named(rhythm.weekday);
  return rhythm.period == Period::day ? "each day" : "the first of the month";
}

Result<net::Response> put_schedule(Inside& inside, warehouse::Warehouse&, const net::Request& request) {
  const Schedule one = TRY(read_schedule(inside, request));
  const auto& access = projects::access_of(request);
  const std::string actor = projects::actor_of(access);
  const Nanos now = inside.clock.now();
  TRY(inside.ledger.change([&](ledger::Transaction& t) -> Result<> {
    const auto others = TRY(t.run("SELECT count(*) FROM report_schedules WHERE project = ? AND name <> ?",
                                  {std::int64_t{access.project}, one.name}));
    if (others.integer(0, 0) >= most_schedules)
      return fail(ErrorKind::exhausted, "A project has at most {} schedules.", most_schedules);
    TRY(t.run(
        "INSERT OR REPLACE INTO report_schedules (project, name, kind, timezone, weekday, hour, enabled, done, "
        "trouble, changed, actor, recipients, link_for, period) VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?, ?, ?, ?)",
        {std::int64_t{access.project}, one.name, one.kind, one.timezone, std::int64_t{one.rhythm.weekday},
         std::int64_t{one.rhythm.hour}, std::int64_t{one.enabled}, now, now, actor, join(one.mail.to, ","),
         one.mail.link_for, std::string(name_of(one.rhythm.period))}));
    return audit::append(t, now, access.project, actor, "report.schedule",
                         fmt::format("{}: {} on {} at {}{}{}", one.name, one.kind, when(one.rhythm), one.rhythm.hour,
                                     one.mail.to.empty() ? "" : " to " + join(one.mail.to, ", "),
                                     one.mail.link_for > 0 ? ", with a public link" : ""));
  }));
  JsonWriter json;
  json.object().field("name", one.name).field("kind", one.kind).field("timezone", one.timezone);
  json.field("period", name_of(one.rhythm.period)).field("weekday", weekday_named(one.rhythm.weekday));
  return net::Response::json(json.field("hour", std::int64_t{one.rhythm.hour}).end().take());
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

void add_schedule_routes(net::Router& router, Inside& inside) {
  router.add({.method = "GET",
              .pattern = "/api/v1/report-schedules",
              .permission = "read",
              .handler = reading::handler(inside, list_schedules),
              .summary = "When reports are made by themselves",
              .answers = "{schedules:[ReportSchedule]}"});
  router.add(
      {.method = "PUT",
       .pattern = "/api/v1/report-schedules/{name}",
       .permission = "write",
       .handler = reading::handler(inside, put_schedule),
       .body_bytes = 4096,
       .summary = "Makes or changes a schedule: each day, week or month, of the one before, by mail where `to` says so",
       .accepts = "{kind, timezone, period, weekday, hour:integer, enabled:boolean, to:[string], link_for}",
       .answers = "{name, kind, timezone, period, weekday, hour:integer}"});
  router.add({.method = "DELETE",
              .pattern = "/api/v1/report-schedules/{name}",
              .permission = "write",
              .handler = reading::handler(inside, remove_schedule),
              .summary = "Removes a schedule; its reports stay",
              .answers = "{}"});
}

}  // namespace pawl::reports
