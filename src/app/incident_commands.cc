// `pawl incident …`: what is open, what was done about it, what comes of it.
#include <fmt/format.h>
#include <simdjson.h>

#include "base/json.h"
#include "base/text.h"
#include "commands.h"
#include "outcome.h"
#include "remote.h"

namespace pawl::app {
namespace {

namespace sj = simdjson;

struct Wanted : Asked {
  std::string id, status, title, severity, agent, owner, runbook, note, why, file, trace, dataset;
  std::vector<std::string> alerts, traces;
};

std::string text(sj::dom::element of, const char* key) {
  sj::dom::element value;
  std::string_view said;
  if (of[key].get(value) != sj::SUCCESS || value.is_null()) return "–";
  return value.get(said) == sj::SUCCESS ? std::string(said) : sj::to_string(value);
}

std::string path_of(const Wanted& wanted, std::string_view more = "") {
  return fmt::format("/api/v1/incidents/{}{}", percent_encode(wanted.id), more);
}

Result<sj::dom::element> parsed(sj::dom::parser& parser, const std::string& body) {
  sj::dom::element root;
  if (parser.parse(body).get(root) != sj::SUCCESS) return fail(ErrorKind::corrupt, "The server's answer is no JSON.");
  return root;
}

std::string first_line(const std::string& body) {
  const auto line = split(body, '\n').front();
  return std::string(utf8_prefix(line, 120)) + (line.size() > 120 || line.size() < body.size() ? " …" : "");
}

Result<std::string> list(const Wanted& wanted) {
  const auto body =
      TRY(call(wanted, "GET", "/api/v1/incidents" + query_text({{"status", wanted.status}, {"agent", wanted.agent}})));
  if (wanted.json) return body;
  sj::dom::parser parser;
  const auto root = TRY(parsed(parser, body));
  std::vector<std::vector<std::string>> rows = {
      {"incident", "status", "severity", "title", "agent", "owner", "began", "alerts", "firing"}};
  for (const auto one : root["incidents"].get_array().value())
    rows.push_back({text(one, "name"), text(one, "status"), text(one, "severity"), text(one, "title"),
                    text(one, "agent"), text(one, "owner"), text(one, "began"), text(one, "alerts"),
                    text(one, "firing")});
  return rows.size() == 1 ? "There is no such incident." : table(rows);
}

std::string shown(sj::dom::element one) {
  std::string out = fmt::format("{}: {}\n{}, {}; owner {}; began {}; {} alerts, {} firing; runbook {}\nwhere {}\n",
                                text(one, "name"), text(one, "title"), text(one, "status"), text(one, "severity"),
                                text(one, "owner"), text(one, "began"), text(one, "alerts"), text(one, "firing"),
                                text(one, "runbook"), text(one, "where"));
  std::vector<std::vector<std::string>> rows = {{"at", "who", "what", "text"}};
  for (const auto entry : one["timeline"].get_array().value())
    rows.push_back({text(entry, "at"), text(entry, "actor"), text(entry, "kind"), first_line(text(entry, "text"))});
  return out + table(rows);
}

Result<std::string> answer(const Wanted& wanted, const std::string& body) {
  if (wanted.json) return body;
  sj::dom::parser parser;
  return shown(TRY(parsed(parser, body)));
}

Result<std::string> show(const Wanted& wanted) {
  return answer(wanted, TRY(call(wanted, "GET", path_of(wanted))));
}

void list_field(JsonWriter& json, std::string_view name, const std::vector<std::string>& all) {
  json.key(name).array();
  for (const auto& one : all) json.value(one);
  json.end();
}

Result<std::string> open_one(const Wanted& wanted) {
  JsonWriter json;
  json.object();
  for (const auto& [key, value] : {std::pair("title", &wanted.title),
                                   {"severity", &wanted.severity},
                                   {"agent", &wanted.agent},
                                   {"owner", &wanted.owner},
                                   {"runbook", &wanted.runbook},
                                   {"filter", &wanted.filter},
                                   {"began", &wanted.from},
                                   {"note", &wanted.note}})
    if (!value->empty()) json.field(key, *value);
  list_field(json, "alerts", wanted.alerts);
  list_field(json, "traces", wanted.traces);
  return answer(wanted, TRY(call(wanted, "POST", "/api/v1/incidents", json.end().take())));
}

Result<std::string> note(const Wanted& wanted) {
  JsonWriter json;
  TRY(call(wanted, "POST", path_of(wanted, "/notes"), json.object().field("text", wanted.note).end().take()));
  return std::string("noted");
}

Result<std::string> set_status(const Wanted& wanted, std::string_view status) {
  JsonWriter json;
  json.object().field("status", status);
  if (!wanted.why.empty()) json.field("why", wanted.why);
  if (!wanted.owner.empty()) json.field("owner", wanted.owner);
  return answer(wanted, TRY(call(wanted, "PATCH", path_of(wanted), json.end().take())));
}
Result<std::string> mitigate(const Wanted& wanted) {
  return set_status(wanted, "mitigated");
}
Result<std::string> resolve(const Wanted& wanted) {
  return set_status(wanted, "resolved");
}

Result<std::string> own(const Wanted& wanted) {
  JsonWriter json;
  return answer(wanted,
                TRY(call(wanted, "PATCH", path_of(wanted), json.object().field("owner", wanted.owner).end().take())));
}

Result<std::string> link(const Wanted& wanted) {
  JsonWriter json;
  json.object().field("kind", "trace").field("id", wanted.trace);
  if (!wanted.note.empty()) json.field("note", wanted.note);
  return answer(wanted, TRY(call(wanted, "POST", path_of(wanted, "/links"), json.end().take())));
}

// A case of the dataset from the trace, and the incident says that it gave it.
Result<std::string> make_case(const Wanted& wanted) {
  JsonWriter from, named;
  const auto made =
      TRY(call(wanted, "POST", fmt::format("/api/v1/datasets/{}/from-trace", percent_encode(wanted.dataset)),
               from.object().field("trace_id", wanted.trace).end().take()));
  sj::dom::parser parser;
  std::string_view id;
  if (TRY(parsed(parser, made)).at_pointer("/case/id").get(id) != sj::SUCCESS)
    return fail(ErrorKind::corrupt, "The server's answer names no case.");
  named.object().field("dataset", wanted.dataset).field("id", id).field("trace_id", wanted.trace).end();
  TRY(call(wanted, "POST", path_of(wanted, "/cases"), named.take()));
  return fmt::format("{} in {}", id, wanted.dataset);
}

Result<std::string> export_one(const Wanted& wanted) {
  const auto text = TRY(call(wanted, "GET", path_of(wanted, "/post-mortem")));
  if (wanted.file.empty()) return text;
  TRY(write_file(wanted.file, text));
  return fmt::format("{} is written", wanted.file);
}

}  // namespace

void add_incident_commands(CLI::App& app, Commands& commands) {
  auto* group = app.add_subcommand("incident", "Incidents: alerts in groups, and what was done about them")
                    ->require_subcommand(1);
  const auto add = [&](const char* name, const char* about, Result<std::string> (*work)(const Wanted&)) {
    auto wanted = std::make_shared<Wanted>();
    auto* command = group->add_subcommand(name, about);
    add_whereabouts(*command, wanted);
    command->add_flag("--json", wanted->json, "The API's own answer");
    command->callback(
        [&commands, work, wanted] { commands.chosen = [work, wanted] { return finish(work(*wanted)); }; });
    return std::pair(command, wanted);
  };
  const auto of_one = [&](const char* name, const char* about, Result<std::string> (*work)(const Wanted&)) {
    auto made = add(name, about, work);
    made.first->add_option("incident", made.second->id, "INC-7, 7 or its id")->required();
    return made;
  };
  const auto [all, listed] = add("list", "Lists incidents, the newest first", list);
  all->add_option("--status", listed->status, "open, mitigated, resolved, or active: not resolved");
  all->add_option("--agent", listed->agent, "Of this agent alone");
  of_one("show", "An incident and its timeline", show);
  const auto [open, opened] = add("open", "Opens an incident", open_one);
  open->add_option("title", opened->title, "What happened, in a few words")->required();
  open->add_option("--severity", opened->severity, "critical, major or minor [major]");
  open->add_option("--agent", opened->agent, "Whose");
  open->add_option("--where", opened->filter, "Further terms of what it is about");
  open->add_option("--owner", opened->owner, "Who looks after it");
  open->add_option("--runbook", opened->runbook,
                   "prompt_injection, data_leak, runaway_cost, tool_outage, model_degradation or bad_release");
  open->add_option("--began", opened->from, "When it began, such as 2026-11-21T13:00:00Z");
  open->add_option("--alert", opened->alerts, "A firing (evt_…); can be given several times");
  open->add_option("--trace", opened->traces, "A trace; can be given several times");
  open->add_option("--note", opened->note, "A first note");
  const auto [write, written] = of_one("note", "Adds a note to the timeline", note);
  write->add_option("text", written->note, "Markdown")->required();
  const auto [calm, calmed] = of_one("mitigate", "It does no more harm", mitigate);
  calm->add_option("--why", calmed->why, "What helped");
  const auto [close, closed] = of_one("resolve", "It is over", resolve);
  close->add_option("--why", closed->why, "What it was");
  const auto [give, given] = of_one("own", "Says who looks after it", own);
  give->add_option("owner", given->owner, "An address or a name")->required();
  const auto [tie, tied] = of_one("link", "Links a trace", link);
  tie->add_option("--trace", tied->trace, "Its id")->required();
  tie->add_option("--note", tied->note, "What is to be seen in it");
  const auto [keep, kept] = of_one("case", "Makes a case of a dataset from a trace", make_case);
  keep->add_option("--dataset", kept->dataset, "Name")->required();
  keep->add_option("--trace", kept->trace, "Its id")->required();
  const auto [out, printed] = of_one("export", "The post-mortem as Markdown", export_one);
  out->add_option("-o,--output", printed->file, "A file instead of standard output");
}

}  // namespace pawl::app
