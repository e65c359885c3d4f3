// Links that show one kept report to whoever has them: made, listed, taken back, opened.
#include "base/ids.h"
#include "base/json_fields.h"
#include "base/text.h"
#include "inside.h"
#include "records/audit/audit.h"

namespace pawl::reports {
namespace {

using Inside = Reports::Inside;

constexpr std::int64_t most_links = 1000;  // of a project, those that are open

std::string stored(std::string_view token) {
  return to_hex(sha256(token));
}

Result<net::Response> make(Inside& inside, warehouse::Warehouse&, const net::Request& request) {
  const auto fields = TRY(JsonFields::parse(request.body));
  const auto& access = projects::access_of(request);
  const std::string label = repair_utf8(fields.text("label"));
  if (label.size() > 200) return fail(ErrorKind::invalid, "\"label\" has at most 200 characters.");
  const Nanos time = fields.text("expires").empty() ? 30 * day : TRY(link_time(fields.text("expires")));
  Link link;
  TRY(inside.ledger.change([&](ledger::Transaction& t) -> Result<> {
    link = TRY(write_link(t, inside, access.project, std::string(request.capture("id")), time, label,
                          projects::actor_of(access)));
    return {};
  }));
  JsonWriter json;
  json.object().field("id", link.id).field("url", link.url).field("expires", format_time(link.expires));
  return net::Response::json(json.end().take(), 201);
}

Result<net::Response> list(Inside& inside, warehouse::Warehouse&, const net::Request& request) {
  const auto rows = TRY(inside.ledger.read(
      "SELECT l.id, l.report, r.kind, r.began, l.label, l.author, l.made, l.expires, l.revoked, "
      "l.opened, l.last_opened FROM report_links l JOIN reports r ON r.project = l.project AND r.id = "
      "l.report WHERE l.project = ? ORDER BY l.made DESC, l.id LIMIT 5000",
      {std::int64_t{projects::access_of(request).project}}));
  JsonWriter json;
  json.object().key("links").array();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    json.object().field("id", rows.text(i, 0)).field("report", rows.text(i, 1)).field("kind", rows.text(i, 2));
    json.field("from", format_time(rows.integer(i, 3))).field("label", rows.text(i, 4));
    json.field("author", rows.text(i, 5)).field("made", format_time(rows.integer(i, 6)));
    json.field("expires", format_time(rows.integer(i, 7))).field("opened", rows.integer(i, 9)).key("last_opened");
    rows.integer(i, 10) == 0 ? json.null() : json.value(format_time(rows.integer(i, 10)));
    json.field("state", rows.integer(i, 8) != 0                    ? "revoked"
                        : rows.integer(i, 7) <= inside.clock.now() ? "expired"
                                                                   : "active");
    json.end();
  }
  return net::Response::json(json.end().end().take());
}

Result<net::Response> revoke(Inside& inside, warehouse::Warehouse&, const net::Request& request) {
  const auto& access = projects::access_of(request);
  const std::string id(request.capture("id"));
  TRY(inside.ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("UPDATE report_links SET revoked = ? WHERE project = ? AND id = ? AND revoked = 0",
              {inside.clock.now(), std::int64_t{access.project}, id}));
    if (t.changes() == 0) return fail(ErrorKind::not_found, "There is no link {} that is open.", id);
    return audit::append(t, inside.clock.now(), access.project, projects::actor_of(access), "report.link.revoke", id);
  }));
  return net::Response::json("{}");
}

// Each opening is counted; the audit table has the first of an hour, so that nobody can fill it.
Result<> note_opening(Inside& inside, std::int64_t project, const std::string& id, Nanos last,
                      std::string_view client) {
  const Nanos now = inside.clock.now();
  return inside.ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("UPDATE report_links SET opened = opened + 1, last_opened = ? WHERE project = ? AND id = ?",
              {now, project, id}));
    if (now - last < hour) return {};
    return audit::append(t, now, static_cast<ProjectId>(project), fmt::format("link {}", id), "report.link.open",
                         fmt::format("from {}", client));
  });
}

// What was never there, what has expired and what was taken back are the same 404.
Result<net::Response> open_link(Inside& inside, const net::Request& request) {
  const auto rows = TRY(inside.ledger.read(
      "SELECT r.html, r.csv, r.json, l.project, l.id, l.last_opened FROM report_links l JOIN reports "
      "r ON r.project = l.project AND r.id = l.report WHERE l.token = ? AND l.revoked = 0 AND "
      "l.expires > ?",
      {stored(request.capture("token")), inside.clock.now()}));
  if (rows.size() == 0)
    return fail(ErrorKind::not_found, "This link is not open (any more). Ask whoever gave it to you for another.");
  auto response = TRY(in_format(request, rows, 0));
  TRY(note_opening(inside, rows.integer(0, 3), rows.text(0, 4), rows.integer(0, 5), request.client));
  response.headers.set("cache-control", "no-store");
  response.headers.set("referrer-policy", "no-referrer");
  response.headers.set("x-robots-tag", "noindex, nofollow");
  return response;
}

Task<Result<net::Response>> opened(Inside& inside, net::Request& request) {
  if (!inside.by_address.take(request.client, inside.clock.monotonic())) {
    auto response = net::Response::error(request, 429, "Too many requests; try again in a minute.");
    response.headers.set("retry-after", "60");
    co_return response;
  }
  co_return co_await net::on_pool(inside.pool, request.cancel, [&] { return open_link(inside, request); });
}

}  // namespace

std::string page_url(const Inside& inside) {
  std::string url = inside.options.public_url();
  while (url.ends_with('/')) url.pop_back();
  return url;
}

Result<Link> write_link(ledger::Transaction& change, Inside& inside, ProjectId project, const std::string& report,
                        Nanos time, const std::string& label, const std::string& actor) {
  const Nanos now = inside.clock.now();
  const auto there =
      TRY(change.run("SELECT 1 FROM reports WHERE project = ? AND id = ?", {std::int64_t{project}, report}));
  if (there.size() == 0) return fail(ErrorKind::not_found, "There is no report {}.", report);
  const auto open =
      TRY(change.run("SELECT count(*) FROM report_links WHERE project = ? AND revoked = 0 AND expires > ?",
                     {std::int64_t{project}, now}));
  if (open.integer(0, 0) >= most_links)
    return fail(ErrorKind::exhausted, "A project has at most {} open links; revoke some.", most_links);
  const std::string token = to_base64url(SystemRandom().bytes(24));
  Link link{.id = fmt::format("rl_{:016x}", inside.random.next()),
            .url = fmt::format("{}/shared/reports/{}", page_url(inside), token),
            .expires = now + time};
  TRY(
      change.run("INSERT INTO report_links (project, id, report, token, label, author, made, expires, revoked, opened, "
                 "last_opened) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0)",
                 {std::int64_t{project}, link.id, report, stored(token), label, actor, now, link.expires}));
  TRY(audit::append(change, now, project, actor, "report.link",
                    fmt::format("{} of {} until {}", link.id, report, format_time(link.expires).substr(0, 16))));
  return link;
}

void add_link_routes(net::Router& router, Inside& inside) {
  router.add({.method = "POST",
              .pattern = "/api/v1/reports/{id}/links",
              .permission = "write",
              .handler = reading::handler(inside, make),
              .body_bytes = 4096,
              .summary = "Makes a link that shows this report to whoever has it; its address is told only now",
              .accepts = "{expires, label}",
              .answers = "{id, url, expires:time}"});
  router.add({.method = "GET",
              .pattern = "/api/v1/report-links",
              .permission = "read",
              .handler = reading::handler(inside, list),
              .summary = "Links to reports, the newest first",
              .answers = "{links:[ReportLink]}"});
  router.add({.method = "DELETE",
              .pattern = "/api/v1/report-links/{id}",
              .permission = "write",
              .handler = reading::handler(inside, revoke),
              .summary = "Takes a link back, at once",
              .answers = "{}"});
  router.add({.method = "GET",
              .pattern = "/shared/reports/{token}",
              .permission = "public",
              .handler = [&inside](net::Request& request) { return opened(inside, request); },
              .summary = "A report, for whoever has the link; at most 60 requests a minute from an address",
              .query = {{"format", "html, csv or json [html]"}},
              .answers = "the report"});
}

}  // namespace pawl::reports
