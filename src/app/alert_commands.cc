// `pawl alert …`: what fires, who knows, who need not; and when a rule would have fired on a series of a file.
#include <fmt/format.h>
#include <simdjson.h>

#include <fstream>
#include <iostream>
#include <iterator>

#include "base/json.h"
#include "base/text.h"
#include "commands.h"
#include "outcome.h"
#include "remote.h"
#include "stats/backtest.h"

namespace pawl::app {
namespace {

struct Words {
  std::string file, wait, keep, window;
  stats::Rule rule;
  bool json = false;
};

Result<std::string> read_file(const std::string& name) {
  if (name == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::ifstream file(name, std::ios::binary);
  if (!file) return fail(ErrorKind::not_found, "The file {} cannot be read.", name);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Result<std::int64_t> seconds_of(std::string_view flag, const std::string& text, std::int64_t fallback) {
  if (text.empty()) return fallback;
  const auto length = parse_duration(text);
  if (!length || *length < 0)
    return fail(ErrorKind::invalid, "{} {} must be a length of time such as 10m.", flag, text);
  return *length / second;
}

std::string time_text(std::int64_t seconds) {
  return format_time(seconds * second).substr(0, 19) + "Z";
}

Result<std::string> backtest(const Words& words) {
  stats::Rule rule = words.rule;
  rule.wait = TRY(seconds_of("--for", words.wait, 0));
  rule.keep_firing = TRY(seconds_of("--keep-firing-for", words.keep, 0));
  rule.window = TRY(seconds_of("--window", words.window,
                               rule.kind == "prediction" ? 6 * 3600
                               : rule.kind == "psi"      ? 86'400
                                                         : 3600));
  const auto series = TRY(stats::parse_series(TRY(read_file(words.file))));
  const auto firings = TRY(stats::backtest(series, rule));
  JsonWriter json;
  json.object().field("rule", rule.kind).key("firings").array();
  std::string table;
  for (const auto& firing : firings) {
    json.object().field("fired_at", time_text(firing.fired_at)).key("resolved_at");
    firing.resolved_at ? json.value(time_text(*firing.resolved_at)) : json.null();
    json.field("learning", firing.learning).end();
    table += fmt::format("{}  {}{}\n", time_text(firing.fired_at),
                         firing.resolved_at ? time_text(*firing.resolved_at) : "still firing        ",
                         firing.learning ? "  (less than 14 days were known)" : "");
  }
  if (words.json) return json.end().end().take() + "\n";
  return fmt::format("{}{} would have fired {} times.\n", table, rule.kind, firings.size());
}

namespace dom = simdjson::dom;

std::string text_at(dom::element from, std::string_view path) {
  std::string_view text;
  double number = 0;
  if (from.at_pointer(path).get(text) == simdjson::SUCCESS) return std::string(text);
  return from.at_pointer(path).get(number) == simdjson::SUCCESS ? fmt::format("{:.6g}", number) : "";
}

std::string where_text(dom::element alert) {
  std::string out;
  dom::object split;
  if (alert["split"].get(split)) return out;
  for (const auto [name, value] : split) {
    std::string_view text;
    if (!value.get(text)) out += fmt::format("{}{}={}", out.empty() ? "" : " ", name, text);
  }
  return out;
}

struct Spoken {  // of the commands that ask a server
  std::shared_ptr<Asked> asked = std::make_shared<Asked>();
  std::string state, rule, why, length = "2h";
  std::vector<std::string> matchers;
};

Result<dom::element> ask(const Spoken& spoken, dom::parser& parser, std::string& body, const std::string& path) {
  body = TRY(call(*spoken.asked, "GET", path));
  dom::element root;
  if (parser.parse(body).get(root)) return fail(ErrorKind::corrupt, "The server's answer is no JSON.");
  return root;
}

Result<std::string> list_alerts(const Spoken& spoken) {
  dom::parser parser;
  std::string body;
  const auto root = TRY(ask(spoken, parser, body, "/api/v1/alerts" + query_text({{"state", spoken.state}})));
  if (spoken.asked->json) return body + "\n";
  std::vector<std::vector<std::string>> rows = {{"state", "rule", "instance", "since", "value", "acknowledged", "why"}};
  for (const auto one : root["alerts"].get_array().value()) {
    if (spoken.state.empty() && text_at(one, "/state") == "ok") continue;
    rows.push_back({text_at(one, "/state"), text_at(one, "/name"), where_text(one), text_at(one, "/since"),
                    text_at(one, "/value"), text_at(one, "/acknowledged_by"), text_at(one, "/evidence/sentence")});
  }
  return rows.size() == 1 ? "Nothing fires.\n" : table(rows);
}

Result<std::string> show_rule(const Spoken& spoken) {
  dom::parser parser;
  std::string body, history;
  const auto rule = TRY(ask(spoken, parser, body, "/api/v1/alerts/rules/" + percent_encode(spoken.rule)));
  dom::parser second;
  const auto events =
      TRY(ask(spoken, second, history, "/api/v1/alerts/events" + query_text({{"rule", text_at(rule, "/id")}})));
  if (spoken.asked->json) return fmt::format("{{\"rule\":{},\"history\":{}}}\n", body, history);
  std::string out = fmt::format("{} ({}), version {}\n{}\n", text_at(rule, "/name"), text_at(rule, "/id"),
                                text_at(rule, "/version"), simdjson::minify(rule["definition"]));
  if (const auto trouble = text_at(rule, "/trouble"); !trouble.empty()) out += fmt::format("Trouble: {}\n", trouble);
  std::vector<std::vector<std::string>> rows = {{"at", "notice", "instance", "value", "why"}};
  for (const auto one : events["events"].get_array().value())
    rows.push_back({text_at(one, "/at"), text_at(one, "/notice"), where_text(one), text_at(one, "/value"),
                    text_at(one, "/evidence/sentence")});
  return out + (rows.size() == 1 ? "It has not fired.\n" : table(rows));
}

Result<std::string> acknowledge(const Spoken& spoken) {
  JsonWriter json;
  const auto body = TRY(
      call(*spoken.asked, "POST", "/api/v1/alerts/acknowledge", json.object().field("rule", spoken.rule).end().take()));
  return body + "\n";
}

// "agent=refunds", "rule=~cost.*"
Result<std::string> silence(const Spoken& spoken) {
  JsonWriter json;
  json.object().key("matchers").array();
  for (const auto& one : spoken.matchers) {
    const auto at = one.find_first_of("=!");
    std::string_view op;
    for (const std::string_view known : {"=~", "!~", "!=", "="}) {
      if (op.empty() && at != std::string::npos && std::string_view(one).substr(at).starts_with(known)) op = known;
    }
    if (op.empty()) return fail(ErrorKind::invalid, "{} must be such as agent=refunds or rule=~cost.*", one);
    json.object().field("name", one.substr(0, at)).field("op", op).field("value", one.substr(at + op.size())).end();
  }
  json.end().field("for", spoken.length).field("why", spoken.why);
  return TRY(call(*spoken.asked, "POST", "/api/v1/alerts/silences", json.end().take())) + "\n";
}

Result<std::string> test_channel(const Spoken& spoken) {
  dom::parser parser;
  std::string body;
  const auto root = TRY(ask(spoken, parser, body, "/api/v1/alerts/channels"));
  for (const auto one : root["channels"].get_array().value()) {
    const std::string id = text_at(one, "/id");
    if (id != spoken.rule && text_at(one, "/name") != spoken.rule) continue;
    const auto said = TRY(call(*spoken.asked, "POST", "/api/v1/alerts/channels/" + id + "/test"));
    dom::parser second;
    dom::element answer;
    bool taken = false;
    if (second.parse(said).get(answer) || answer["taken"].get(taken))
      return fail(ErrorKind::corrupt, "The server's answer is no JSON.");
    if (!taken) return fail(ErrorKind::unavailable, "{} did not take it: {}", spoken.rule, text_at(answer, "/trouble"));
    return fmt::format("{} took it.\n", spoken.rule);
  }
  return fail(ErrorKind::not_found, "There is no channel {}.", spoken.rule);
}

void add_server_commands(CLI::App& group, Commands& commands) {
  const auto add = [&](const char* name, const char* about, Result<std::string> (*work)(const Spoken&)) {
    auto spoken = std::make_shared<Spoken>();
    auto* command = group.add_subcommand(name, about);
    add_whereabouts(*command, spoken->asked);
    command->callback(
        [&commands, spoken, work] { commands.chosen = [spoken, work] { return finish(work(*spoken)); }; });
    return std::pair(command, spoken);
  };
  const auto [list, listed] = add("list", "What fires or is about to", list_alerts);
  list->add_option("--state", listed->state, "firing, pending, ok or no_data; default all but ok");
  list->add_flag("--json", listed->asked->json, "The server's answer");
  const auto [show, shown] = add("show", "A rule and its history", show_rule);
  show->add_option("rule", shown->rule, "Name or id")->required();
  show->add_flag("--json", shown->asked->json, "{rule, history}");
  const auto [ack, acked] = add("ack", "Stops reminders and escalation of a rule that fires", acknowledge);
  ack->add_option("rule", acked->rule, "Name or id")->required();
  const auto [mute, muted] = add("silence", "Mutes what matches, for a time", silence);
  mute->add_option("matcher", muted->matchers, "agent=refunds rule=~cost.* …; all must hold")->required();
  mute->add_option("--for", muted->length, "How long [2h]");
  mute->add_option("--why", muted->why, "What others should know")->required();
  const auto [test, tested] = add("test", "Sends a test through a channel", test_channel);
  test->add_option("channel", tested->rule, "Name or id")->required();
}

}  // namespace

void add_alert_commands(CLI::App& app, Commands& commands) {
  const auto words = std::make_shared<Words>();
  auto* group = app.add_subcommand("alert", "Alerts")->require_subcommand(1);
  add_server_commands(*group, commands);
  auto* command = group->add_subcommand("backtest", "When a rule would have fired on a series");
  command->add_option("--series", words->file, "JSON {start, step_s, values, counts, …}; - reads it from the input")
      ->required();
  command->add_option("--rule", words->rule.kind,
                      "anomaly, threshold, change, page_hinkley, prediction, burn, silence, stl or psi [anomaly]");
  command->add_option("--above", words->rule.above, "threshold, prediction: more than this is bad");
  command->add_option("--below", words->rule.below, "threshold, prediction: less than this is bad");
  command->add_option("--recover", words->rule.recover, "threshold: it is over at this value, and not before");
  command->add_option("--for", words->wait, "Bad for so long before it fires [0s]");
  command->add_option("--keep-firing-for", words->keep, "Good for so long before it is over [0s]");
  command->add_option("--window", words->window, "change: means over so long [1h]; prediction: so far ahead [6h]");
  command->add_option("--change", words->rule.change, "change: as a share of a week before [0.5]");
  command->add_option("--slo", words->rule.slo, "burn: the share that must be good [0.99]");
  command->add_option("--strictness", words->rule.anomaly.strictness, "anomaly: more is quieter [1.6]");
  command->add_option("--learning-bar", words->rule.learning_bar,
                      "anomaly, silence: so many times its limit while less than 14 days are known [1]");
  command->add_option("--least", words->rule.least, "anomaly: so far from what is expected at least [0]");
  command->add_flag("--json", words->json, "{rule, firings: [{fired_at, resolved_at, learning}]}");
  command->callback([&commands, words] { commands.chosen = [words] { return finish(backtest(*words)); }; });
}

}  // namespace pawl::app
