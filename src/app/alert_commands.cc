// `pawl alert …`: when would a rule have fired on a series of a file.
#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <iterator>

#include "base/json.h"
#include "commands.h"
#include "outcome.h"
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
  rule.window = TRY(seconds_of("--window", words.window, rule.kind == "prediction" ? 6 * 3600 : 3600));
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

}  // namespace

void add_alert_commands(CLI::App& app, Commands& commands) {
  const auto words = std::make_shared<Words>();
  auto* group = app.add_subcommand("alert", "Alerts")->require_subcommand(1);
  auto* command = group->add_subcommand("backtest", "When a rule would have fired on a series");
  command->add_option("--series", words->file, "JSON {start, step_s, values, counts, …}; - reads it from the input")
      ->required();
  command->add_option("--rule", words->rule.kind,
                      "anomaly, threshold, change, page_hinkley, prediction, burn or silence [anomaly]");
  command->add_option("--above", words->rule.above, "threshold, prediction: more than this is bad");
  command->add_option("--below", words->rule.below, "threshold, prediction: less than this is bad");
  command->add_option("--recover", words->rule.recover, "threshold: it is over at this value, and not before");
  command->add_option("--for", words->wait, "Bad for so long before it fires [0s]");
  command->add_option("--keep-firing-for", words->keep, "Good for so long before it is over [0s]");
  command->add_option("--window", words->window, "change: means over so long [1h]; prediction: so far ahead [6h]");
  command->add_option("--change", words->rule.change, "change: as a share of a week before [0.5]");
  command->add_option("--slo", words->rule.slo, "burn: the share that must be good [0.99]");
  command->add_option("--strictness", words->rule.anomaly.strictness, "anomaly: more is quieter [1.6]");
  command->add_flag("--json", words->json, "{rule, firings: [{fired_at, resolved_at, learning}]}");
  command->callback([&commands, words] { commands.chosen = [words] { return finish(backtest(*words)); }; });
}

}  // namespace pawl::app
