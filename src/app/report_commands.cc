// `pawl report …`: reports of a running server, as HTML, CSV, JSON, and as PDF where Chromium is there.
#include <fmt/format.h>
#include <simdjson.h>

#include "base/json.h"
#include "base/json_fields.h"
#include "base/text.h"
#include "commands.h"
#include "outcome.h"
#include "pdf.h"
#include "remote.h"

namespace pawl::app {
namespace {

namespace sj = simdjson;

struct Wanted : Asked {
  std::string kind = "weekly", period = "week", day, timezone, format = "html", out, id, name, weekday = "monday";
  std::string expires = "30d", label, link_for;
  std::vector<std::string> to;
  int hour = 8;
  bool keep = false;
};

Result<std::string> write_and_say(const std::string& path, const std::string& text) {
  TRY(write_file(path, text));
  return fmt::format("{}: {} bytes", path, text.size());
}

// The report holds all that it needs: a file of ours, no network.
Result<std::string> write_pdf(const std::string& html, const std::string& out) {
  const auto made = TRY(print_pdf(html));
  if (!made)
    return fail(ErrorKind::unavailable,
                "there is no Chromium here to make a PDF with. Take --format html and print it, or install chromium.");
  return write_and_say(out, *made);
}

Result<std::string> deliver(const Wanted& wanted, std::string text) {
  if (wanted.format == "pdf") return write_pdf(text, wanted.out);
  if (wanted.out.empty()) {
    if (text.ends_with('\n')) text.pop_back();
    return text;
  }
  return write_and_say(wanted.out, text);
}

std::string asked_format(const Wanted& wanted) {
  return wanted.format == "pdf" ? "html" : wanted.format;
}

Result<> check(const Wanted& wanted) {
  if (wanted.format == "pdf" && wanted.out.empty())
    return fail(ErrorKind::invalid, "A PDF goes to a file: name it with --out");
  return {};
}

Result<std::string> make(const Wanted& wanted) {
  TRY(check(wanted));
  if (!wanted.keep)
    return deliver(wanted, TRY(call(wanted, "GET",
                                    "/api/v1/reports/preview" + query_text({{"kind", wanted.kind},
                                                                            {"period", wanted.period},
                                                                            {"day", wanted.day},
                                                                            {"timezone", wanted.timezone},
                                                                            {"format", asked_format(wanted)}}))));
  JsonWriter json;
  json.object().field("kind", wanted.kind).field("period", wanted.period).field("day", wanted.day);
  json.field("timezone", wanted.timezone).end();
  const std::string body = TRY(call(wanted, "POST", "/api/v1/reports", json.take()));
  sj::dom::parser parser;
  sj::dom::element made;
  std::string_view id;
  if (parser.parse(body).get(made) != sj::SUCCESS || made["id"].get(id) != sj::SUCCESS)
    return fail(ErrorKind::corrupt, "the server's answer is no report");
  return deliver(
      wanted,
      TRY(call(wanted, "GET", fmt::format("/api/v1/reports/{}", id) + query_text({{"format", asked_format(wanted)}}))));
}

Result<std::string> show(const Wanted& wanted) {
  TRY(check(wanted));
  return deliver(wanted, TRY(call(wanted, "GET",
                                  "/api/v1/reports/" + percent_encode(wanted.id) +
                                      query_text({{"format", asked_format(wanted)}}))));
}

Result<std::string> rows_of(const Wanted& wanted, const std::string& path, std::string_view list,
                            const std::vector<std::string_view>& columns) {
  const std::string body = TRY(call(wanted, "GET", path));
  if (wanted.json) return body;
  return list_table(body, list, columns);
}

Result<std::string> list(const Wanted& wanted) {
  return rows_of(wanted, "/api/v1/reports", "reports",
                 {"id", "kind", "period", "from", "to", "timezone", "made", "schedule"});
}

Result<std::string> schedules(const Wanted& wanted) {
  return rows_of(wanted, "/api/v1/report-schedules", "schedules",
                 {"name", "kind", "period", "weekday", "hour", "timezone", "enabled", "to", "trouble"});
}

Result<std::string> schedule(const Wanted& wanted) {
  JsonWriter json;
  json.object().field("kind", wanted.kind).field("timezone", wanted.timezone).field("weekday", wanted.weekday);
  json.field("period", wanted.period)
      .field("hour", wanted.hour)
      .field("to", join(wanted.to, ","))
      .field("link_for", wanted.link_for)
      .end();
  TRY(call(wanted, "PUT", "/api/v1/report-schedules/" + percent_encode(wanted.name), json.take()));
  return fmt::format("{}: each {} at {}:00", wanted.name, wanted.period == "week" ? wanted.weekday : wanted.period,
                     wanted.hour);
}

Result<std::string> unschedule(const Wanted& wanted) {
  TRY(call(wanted, "DELETE", "/api/v1/report-schedules/" + percent_encode(wanted.name)));
  return fmt::format("{} is removed", wanted.name);
}

Result<std::string> send(const Wanted& wanted) {
  JsonWriter json;
  json.object().field("to", join(wanted.to, ",")).field("link_for", wanted.link_for).end();
  TRY(call(wanted, "POST", fmt::format("/api/v1/reports/{}/send", percent_encode(wanted.id)), json.take()));
  return fmt::format("{} goes to {}; `pawl report list --json` says what came of it", wanted.id, join(wanted.to, ", "));
}

Result<std::string> make_link(const Wanted& wanted) {
  JsonWriter json;
  json.object().field("expires", wanted.expires).field("label", wanted.label).end();
  const std::string body =
      TRY(call(wanted, "POST", fmt::format("/api/v1/reports/{}/links", percent_encode(wanted.id)), json.take()));
  if (wanted.json) return body;
  const auto made = TRY(JsonFields::parse(body));
  return fmt::format("{}\n{} is open until {}; `pawl report revoke {}` takes it back", made.text("url"),
                     made.text("id"), made.text("expires").substr(0, 16), made.text("id"));
}

Result<std::string> links(const Wanted& wanted) {
  return rows_of(wanted, "/api/v1/report-links", "links",
                 {"id", "report", "kind", "from", "label", "author", "expires", "opened", "state"});
}

Result<std::string> revoke(const Wanted& wanted) {
  TRY(call(wanted, "DELETE", "/api/v1/report-links/" + percent_encode(wanted.id)));
  return fmt::format("{} is closed", wanted.id);
}

// Sending and links.
void add_sharing_commands(
    const std::shared_ptr<Wanted>& wanted,
    const std::function<CLI::App*(const char*, const char*, std::function<Result<std::string>()>)>& add) {
  const auto of_report = [&](CLI::App* command) {
    command->add_option("id", wanted->id, "As `pawl report list` names it")->required();
    return command;
  };
  auto* sent = of_report(add("send", "Sends a kept report by mail", [wanted] { return send(*wanted); }));
  sent->add_option("--to", wanted->to, "Addresses, with commas or several times")->required()->delimiter(',');
  sent->add_option("--link-for", wanted->link_for, "A public link in the mail, open so long: 30d [none]");
  auto* link = of_report(
      add("link", "A link that shows a kept report to whoever has it", [wanted] { return make_link(*wanted); }));
  link->add_option("--expires", wanted->expires, "1h to 365d [30d]");
  link->add_option("--label", wanted->label, "What it is for");
  link->add_flag("--json", wanted->json, "The API's own answer");
  add("links", "Links that were made", [wanted] {
    return links(*wanted);
  })->add_flag("--json", wanted->json, "The API's own answer");
  add("revoke", "Takes a link back", [wanted] { return revoke(*wanted); })
      ->add_option("id", wanted->id, "As `pawl report links` names it")
      ->required();
}

}  // namespace

void add_report_commands(CLI::App& app, Commands& commands) {
  const auto wanted = std::make_shared<Wanted>();
  auto* group = app.add_subcommand("report", "Reports of a day, a week or a month")->require_subcommand(1);
  const auto add = [&](const char* name, const char* about, std::function<Result<std::string>()> work) {
    auto* command = group->add_subcommand(name, about);
    add_whereabouts(*command, wanted);
    command->callback([&commands, work] { commands.chosen = [work] { return finish(work()); }; });
    return command;
  };
  const auto add_file = [&](CLI::App* command) {
    command->add_option("--format", wanted->format, "html, csv, json, or pdf where Chromium is there [html]");
    command->add_option("--out", wanted->out, "File to write [standard output]");
  };
  for (const auto& [kind, about] :
       {std::pair{"weekly", "What changed, what it cost, which objectives hold, what fired"},
        {"monthly", "The same of a month"},
        {"daily", "The same of a day"},
        {"cost", "Cost by team, agent and model"},
        {"slo", "Objectives"},
        {"incidents", "Alerts that fired"}}) {
    auto* command = add(kind, about, [wanted, which = std::string(kind)] {
      const bool whole = which == "weekly" || which == "monthly" || which == "daily";
      wanted->kind = whole ? "weekly" : which;
      if (whole) wanted->period = which == "weekly" ? "week" : which == "monthly" ? "month" : "day";
      return make(*wanted);
    });
    if (!std::string_view(kind).ends_with("ly"))
      command->add_option("--period", wanted->period, "day, week or month [week]");
    command->add_option("--day", wanted->day, "Any day of it [the last whole one]");
    command->add_option("--timezone", wanted->timezone, "Whose days; IANA [UTC]");
    command->add_flag("--keep", wanted->keep, "The server keeps it as it is now");
    add_file(command);
  }
  add("list", "Reports that are kept", [wanted] {
    return list(*wanted);
  })->add_flag("--json", wanted->json, "The API's own answer");
  auto* one = add("show", "A report as it was made", [wanted] { return show(*wanted); });
  one->add_option("id", wanted->id, "As `pawl report list` names it")->required();
  add_file(one);
  add("schedules", "When reports are made by themselves", [wanted] {
    return schedules(*wanted);
  })->add_flag("--json", wanted->json, "The API's own answer");
  auto* made = add("schedule", "Makes or changes a schedule: each day, week or month, of the one before",
                   [wanted] { return schedule(*wanted); });
  made->add_option("name", wanted->name, "Its name")->required();
  made->add_option("--kind", wanted->kind, "weekly, cost, slo or incidents [weekly]");
  made->add_option("--period", wanted->period, "day, week or month [week]");
  made->add_option("--weekday", wanted->weekday, "Of those each week: monday, tuesday … [monday]");
  made->add_option("--hour", wanted->hour, "0 to 23 [8]");
  made->add_option("--timezone", wanted->timezone, "Of hour and days; IANA [UTC]");
  made->add_option("--to", wanted->to, "Who gets it by mail; with commas or several times")->delimiter(',');
  made->add_option("--link-for", wanted->link_for, "A public link in each mail, open so long: 30d [none]");
  add_sharing_commands(wanted, add);
  add("unschedule", "Removes a schedule; its reports stay", [wanted] { return unschedule(*wanted); })
      ->add_option("name", wanted->name, "Its name")
      ->required();
}

}  // namespace pawl::app
