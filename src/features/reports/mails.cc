// The outbox of reports: a mail to each recipient, tried again for a day, and kept with what came of it.
#include "net/mail_text.h"

#include <array>

#include "base/json_fields.h"
#include "base/text.h"
#include "inside.h"
#include "records/audit/audit.h"

namespace pawl::reports {
namespace {

using Inside = Reports::Inside;

constexpr std::array<Nanos, 6> pauses = {minute, 5 * minute, 30 * minute, 2 * hour, 6 * hour, 14 * hour};
constexpr int most_at_once = 20;

struct Due {
  std::int64_t project = 0, attempts = 0;
  std::string id, report, to, link;
};

// Who gets it opens the kept report; with a link, also without an account.
std::string with_link(std::string html_text, const std::string& url) {
  const auto at = html_text.find("</header>");
  if (at != std::string::npos)
    html_text.insert(at, fmt::format("<p><a href=\"{}\">Open this report</a></p>", html(url)));
  return html_text;
}

std::string plain_text(const std::string& title, const std::string& json, const std::string& url) {
  std::string out = fmt::format("{}\r\n\r\n", title);
  if (const auto fields = JsonFields::parse(json)) {
    for (const auto& one : fields->objects("sentences"))
      out += fmt::format("- {}\r\n  {}\r\n", one.text("text"), one.text("link"));
  }
  return out + fmt::format("\r\nAll of it: {}\r\n", url);
}

Result<> send_one(Inside& inside, const Due& due) {
  const auto rows =
      TRY(inside.ledger.read("SELECT html, csv, json, kind, began, period FROM reports WHERE project = ? AND id = ?",
                             {due.project, due.report}));
  if (rows.size() == 0) return fail(ErrorKind::invalid, "The report is not kept any more.");
  const std::string url =
      due.link.empty() ? fmt::format("{}/api/v1/reports/{}", page_url(inside), due.report) : due.link;
  const auto fields = TRY(JsonFields::parse(rows.text(0, 2)));
  const Period period = period_named(rows.text(0, 5)).value_or(Period::week);
  const std::string title = fmt::format("{} of {}, {} of {}", title_of(rows.text(0, 3), period), fields.text("project"),
                                        name_of(period), format_time(rows.integer(0, 4) + day / 2).substr(0, 10));
  return inside.options.mail(due.to, [&](std::string_view from) {
    const std::string text = plain_text(title, rows.text(0, 2), url), page = with_link(rows.text(0, 0), url);
    return net::mail_text({.from = from,
                           .to = due.to,
                           .id = due.id,
                           .thread = {},
                           .list = "reports",
                           .subject = title,
                           .text = text,
                           .html = page,
                           .files = {{"pawl-report.csv", "text/csv", rows.text(0, 1)}}},
                          inside.clock.now());
  });
}

Result<> write_outcome(Inside& inside, const Due& due, const Result<>& sent) {
  const Nanos now = inside.clock.now();
  const bool hopeless = !sent && (sent.error().kind == ErrorKind::invalid || sent.error().kind == ErrorKind::denied ||
                                  static_cast<std::size_t>(due.attempts) >= pauses.size());
  const std::string state = sent ? "sent" : hopeless ? "failed" : "waiting";
  const Nanos next = state == "waiting" ? now + pauses[static_cast<std::size_t>(due.attempts)] : now;
  return inside.ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run(
        "UPDATE report_mails SET state = ?, attempts = ?, due = ?, error = ?, changed = ?, link = CASE WHEN ? THEN "
        "link ELSE '' END WHERE project = ? AND id = ?",
        {state, due.attempts + 1, next, sent ? std::string() : sent.error().what, now, std::int64_t{state == "waiting"},
         due.project, due.id}));
    return {};
  });
}

Result<net::Response> send(Inside& inside, warehouse::Warehouse&, const net::Request& request) {
  const auto fields = TRY(JsonFields::parse(request.body));
  const auto& access = projects::access_of(request);
  const std::string id(request.capture("id"));
  const auto recipients = TRY(recipients_of(inside, TRY(fields.texts("to")), fields.text("link_for")));
  if (recipients.to.empty()) return fail(ErrorKind::invalid, "\"to\" must be 1 to {} addresses.", most_recipients);
  TRY(inside.ledger.change([&](ledger::Transaction& t) -> Result<> {
    const auto there =
        TRY(t.run("SELECT 1 FROM reports WHERE project = ? AND id = ?", {std::int64_t{access.project}, id}));
    if (there.size() == 0) return fail(ErrorKind::not_found, "There is no report {}.", id);
    TRY(write_mails(t, inside, access.project, id, recipients, projects::actor_of(access)));
    return audit::append(t, inside.clock.now(), access.project, projects::actor_of(access), "report.send",
                         fmt::format("{} to {}", id, join(recipients.to, ", ")));
  }));
  JsonWriter json;
  return net::Response::json(
      json.object().field("queued", static_cast<std::int64_t>(recipients.to.size())).end().take(), 202);
}

Result<net::Response> list(Inside& inside, warehouse::Warehouse&, const net::Request& request) {
  const auto project = projects::access_of(request).project;
  const std::string id(request.capture("id"));
  const auto there =
      TRY(inside.ledger.read("SELECT 1 FROM reports WHERE project = ? AND id = ?", {std::int64_t{project}, id}));
  if (there.size() == 0) return fail(ErrorKind::not_found, "There is no report {}.", id);
  const auto mails = TRY(mails_of(inside, project, id));
  JsonWriter json;
  json.object().key("mails").array();
  for (const auto& one : mails) write_mail(json, one);
  return net::Response::json(json.end().end().take());
}

}  // namespace

Result<Nanos> link_time(std::string_view text) {
  const auto time = parse_duration(text);
  if (!time || *time < shortest_link || *time > longest_link)
    return fail(ErrorKind::invalid, "{} is no time for a link: it is open for 1h to 365d, such as 30d.",
                text.empty() ? "\"\"" : text);
  return *time;
}

Result<Recipients> recipients_of(const Inside& inside, const std::vector<std::string>& to, std::string_view link_for) {
  Recipients out;
  for (const auto& one : to) {
    const std::string address(trim(one));
    if (!net::is_mail_address(address)) return fail(ErrorKind::invalid, "\"to\": {} is no address.", address);
    if (std::ranges::find(out.to, address) == out.to.end()) out.to.push_back(address);
  }
  if (out.to.size() > most_recipients)
    return fail(ErrorKind::invalid, "\"to\" has at most {} addresses.", most_recipients);
  if (!out.to.empty() && !inside.options.mail)
    return fail(ErrorKind::invalid, "This server sends no mail: set smtp and smtp_from (docs/operate.md).");
  if (link_for.empty()) return out;
  if (out.to.empty()) return fail(ErrorKind::invalid, "\"link_for\" is of mails: name who gets one in \"to\".");
  out.link_for = TRY(link_time(link_for));
  return out;
}

Result<> write_mails(ledger::Transaction& change, Inside& inside, ProjectId project, const std::string& report,
                     const Recipients& recipients, const std::string& actor) {
  const Nanos now = inside.clock.now();
  for (const auto& to : recipients.to) {
    std::string url;
    if (recipients.link_for > 0)
      url = TRY(write_link(change, inside, project, report, recipients.link_for, "mail to " + to, actor)).url;
    TRY(
        change.run("INSERT INTO report_mails (project, id, report, recipient, link, state, attempts, due, error, "
                   "changed) VALUES (?, ?, ?, ?, ?, 'waiting', 0, ?, '', ?)",
                   {std::int64_t{project}, fmt::format("rm{:016x}", inside.random.next()), report, to, url, now, now}));
  }
  return {};
}

void send_mails(Inside& inside) {
  if (!inside.options.mail) return;
  const auto rows = inside.ledger.read(
      "SELECT project, id, report, recipient, link, attempts FROM report_mails WHERE state = 'waiting' AND due <= ? "
      "ORDER BY due LIMIT ?",
      {inside.clock.now(), std::int64_t{most_at_once}});
  for (std::size_t i = 0; rows && i < rows->size(); ++i) {
    const Due due{.project = rows->integer(i, 0),
                  .attempts = rows->integer(i, 5),
                  .id = rows->text(i, 1),
                  .report = rows->text(i, 2),
                  .to = rows->text(i, 3),
                  .link = rows->text(i, 4)};
    const auto sent = send_one(inside, due);
    if (const auto done = write_outcome(inside, due, sent); !done)
      inside.log.warn("a mail could not be written down; it will be sent again under the same id",
                      {{"id", due.id}, {"why", done.error().what}});
    if (!sent && sent.error().kind == ErrorKind::unavailable) return;  // the others would only wait for it too
  }
}

Result<std::vector<Mailed>> mails_of(Inside& inside, ProjectId project, const std::string& report) {
  const auto rows = TRY(inside.ledger.read(
      "SELECT report, recipient, state, error, attempts, changed FROM report_mails WHERE project = ? "
      "AND (? = '' OR report = ?) ORDER BY changed DESC, id LIMIT 5000",
      {std::int64_t{project}, report, report}));
  std::vector<Mailed> out;
  for (std::size_t i = 0; i < rows.size(); ++i)
    out.push_back(
        {rows.text(i, 0), rows.text(i, 1), rows.text(i, 2), rows.text(i, 3), rows.integer(i, 4), rows.integer(i, 5)});
  return out;
}

void write_mail(JsonWriter& json, const Mailed& mail) {
  json.object().field("to", mail.to).field("state", mail.state).field("attempts", mail.attempts);
  json.field("error", mail.error).field("changed", format_time(mail.changed)).end();
}

void add_mail_routes(net::Router& router, Inside& inside) {
  router.add({.method = "POST",
              .pattern = "/api/v1/reports/{id}/send",
              .permission = "write",
              .handler = reading::handler(inside, send),
              .body_bytes = 16'384,
              .summary = "Sends a kept report by mail, to each by itself; tried again for a day",
              .accepts = "{to:[string], link_for}",
              .answers = "{queued:integer}"});
  router.add({.method = "GET",
              .pattern = "/api/v1/reports/{id}/mails",
              .permission = "read",
              .handler = reading::handler(inside, list),
              .summary = "Who was sent the report, and what came of it",
              .answers = "{mails:[ReportMail]}"});
}

}  // namespace pawl::reports
