// Reports over the API: looked at, made, kept.
#include <algorithm>

#include "base/json.h"
#include "base/json_fields.h"
#include "base/text.h"
#include "inside.h"
#include "records/audit/audit.h"

namespace pawl::reports {
namespace {

using Inside = Reports::Inside;

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

// The period that a day is in; "": the last whole one.
Result<Wish> wish_of(std::string kind, std::string timezone, std::string period, std::string_view day, Nanos now) {
  Wish wish{.kind = TRY(kind_named(std::move(kind))),
            .timezone = timezone.empty() ? "UTC" : std::move(timezone),
            .period = TRY(period_of(period)),
            .range = {}};
  const Zone zone = TRY(zone_named(wish.timezone));
  if (day.empty()) {
    wish.range = period_before(zone, wish.period, period_at(zone, wish.period, now));
    return wish;
  }
  const auto at = parse_time(day);
  if (!at) return fail(ErrorKind::invalid, "day={} is no day. Write any day of it, like 2026-11-16.", day);
  const std::int64_t local = *at / second;  // that day by the local clock
  wish.range = period_at(zone, wish.period, zone.utc(local) * second);
  if (wish.range.from > now)
    return fail(ErrorKind::invalid, "The {} of {} has not begun yet.", name_of(wish.period), day);
  return wish;
}

Result<net::Response> preview(Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const std::string format = TRY(format_of(request));
  const Wish wish =
      TRY(wish_of(std::string(request.query.get("kind")), std::string(request.query.get("timezone")),
                  std::string(request.query.get("period")), request.query.get("day"), inside.clock.now()));
  const Report report = TRY(gather(inside, store, projects::access_of(request).project, wish));
  if (format == "csv") return file(as_csv(report));
  return format == "json" ? net::Response::json(as_json(report)) : page(as_html(report));
}

Result<net::Response> make(Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto fields = TRY(JsonFields::parse(request.body));
  const auto& access = projects::access_of(request);
  const Wish wish = TRY(wish_of(fields.text("kind"), fields.text("timezone"), fields.text("period"), fields.text("day"),
                                inside.clock.now()));
  const Made made = TRY(keep(inside, store, access.project, wish, {}));
  TRY(audit::append(inside.ledger, inside.clock.now(), access.project, projects::actor_of(access), "report.make",
                    made.id));
  JsonWriter json;
  json.object().field("id", made.id).field("kind", wish.kind).field("period", name_of(wish.period));
  json.field("from", format_time(wish.range.from));
  return net::Response::json(json.field("to", format_time(wish.range.to)).end().take(), 201);
}

Result<net::Response> list(Inside& inside, warehouse::Warehouse&, const net::Request& request) {
  const ProjectId project = projects::access_of(request).project;
  const auto rows = TRY(
      inside.ledger.read("SELECT r.id, r.kind, r.began, r.ended, r.timezone, r.made, r.schedule, r.late, (SELECT "
                         "count(*) FROM report_links l WHERE l.project = r.project AND l.report = r.id AND l.revoked = "
                         "0 AND l.expires > ?), r.period FROM reports r WHERE r.project = ? ORDER BY r.made DESC, r.id",
                         {inside.clock.now(), std::int64_t{project}}));
  const auto mails = TRY(mails_of(inside, project, ""));
  JsonWriter json;
  json.object().key("reports").array();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    json.object()
        .field("id", rows.text(i, 0))
        .field("kind", rows.text(i, 1))
        .field("period", rows.text(i, 9))
        .field("from", format_time(rows.integer(i, 2)));
    json.field("to", format_time(rows.integer(i, 3))).field("timezone", rows.text(i, 4));
    json.field("made", format_time(rows.integer(i, 5)))
        .field("schedule", rows.text(i, 6))
        .field("late", rows.integer(i, 7) != 0)
        .field("links", rows.integer(i, 8))
        .key("mails")
        .array();
    for (const auto& mail : mails)
      if (mail.report == rows.text(i, 0)) write_mail(json, mail);
    json.end().end();
  }
  return net::Response::json(json.end().end().take());
}

Result<net::Response> as_pdf(Inside& inside, const net::Request& request, const std::string& html) {
  if (inside.printing.exchange(true))
    return fail(ErrorKind::unavailable, "Another PDF is being made; try again in some seconds.");
  const auto made = inside.options.pdf ? inside.options.pdf(html) : Result<std::optional<std::string>>(std::nullopt);
  inside.printing = false;
  if (!made) return std::unexpected(made.error());
  if (!*made)
    return net::Response::error(
        request, 501, "There is no Chromium on the server to make a PDF with: take format=html and print it.");
  auto response = net::Response::bytes("application/pdf", **made);
  response.headers.set("content-disposition", "attachment; filename=\"pawl-report.pdf\"");
  return response;
}

Result<net::Response> show(Inside& inside, warehouse::Warehouse&, const net::Request& request) {
  const std::string id(request.capture("id"));
  const auto rows = TRY(inside.ledger.read("SELECT html, csv, json FROM reports WHERE project = ? AND id = ?",
                                           {std::int64_t{projects::access_of(request).project}, id}));
  if (rows.size() == 0) return fail(ErrorKind::not_found, "There is no report {}.", id);
  if (request.query.get("format") == "pdf") return as_pdf(inside, request, rows.text(0, 0));
  return in_format(request, rows, 0);
}

}  // namespace

Result<std::string> kind_named(std::string kind) {
  if (kind.empty()) kind = "weekly";
  if (std::ranges::find(kinds, kind) == std::end(kinds))
    return fail(ErrorKind::invalid, "kind={} must be weekly, cost, slo or incidents.", kind);
  return kind;
}

Result<Period> period_of(std::string_view name) {
  const auto period = period_named(name.empty() ? "week" : name);
  if (!period) return fail(ErrorKind::invalid, "period={} must be day, week or month.", name);
  return *period;
}

Result<net::Response> in_format(const net::Request& request, const ledger::Rows& rows, std::size_t row) {
  const std::string format = TRY(format_of(request));
  if (format == "csv") return file(rows.text(row, 1));
  return format == "json" ? net::Response::json(rows.text(row, 2)) : page(rows.text(row, 0));
}

void add_report_routes(net::Router& router, Inside& inside) {
  router.add({.method = "GET",
              .pattern = "/api/v1/reports/preview",
              .permission = "read",
              .handler = reading::handler(inside, preview),
              .handler_time = 2 * minute,
              .summary = "A report, made now and not kept",
              .query = {{"kind", "weekly, cost, slo or incidents [weekly]"},
                        {"period", "day, week or month [week]"},
                        {"day", "any day of it; the last whole one"},
                        {"timezone", "whose days; IANA [UTC]"},
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
              .summary = "Makes a report and keeps it as it is now",
              .accepts = "{kind, period, day, timezone}",
              .answers = "{id, kind, period, from, to}"});
  router.add({.method = "GET",
              .pattern = "/api/v1/reports/{id}",
              .permission = "read",
              .handler = reading::handler(inside, show),
              .handler_time = 2 * minute,
              .summary = "A report as it was made; a PDF is made by Chromium, 501 where the server has none",
              .query = {{"format", "html, csv, json or pdf [html]"}},
              .answers = "the report"});
}

}  // namespace pawl::reports
