// `pawl slo …`: objectives of agents, as the server judges them.
#include <fmt/format.h>
#include <simdjson.h>

#include "base/text.h"
#include "commands.h"
#include "outcome.h"
#include "remote.h"

namespace pawl::app {
namespace {

namespace sj = simdjson;

struct Wanted : Asked {
  std::string name;
};

std::string percent(sj::dom::element of, const char* key) {
  double value = 0;
  return of[key].get(value) == sj::SUCCESS ? fmt::format("{:.2f} %", value * 100) : "–";
}

Result<std::string> list(const Wanted& wanted) {
  const std::string body = TRY(call(wanted, "GET", "/api/v1/slos"));
  if (wanted.json) return body;
  sj::dom::parser parser;
  sj::dom::element document;
  sj::dom::array slos;
  if (parser.parse(body).get(document) != sj::SUCCESS || document["slos"].get(slos) != sj::SUCCESS)
    return fail(ErrorKind::corrupt, "the server's answer has no slos");
  if (slos.size() == 0) return "There are no objectives yet: write one to a file and `pawl apply -f FILE`.";
  std::vector<std::vector<std::string>> rows = {
      {"name", "agent", "kind", "threshold", "target", "window", "runs", "now", "budget left", "state"}};
  for (const auto slo : slos)
    rows.push_back({cell_of(slo, "name"), cell_of(slo, "agent"), cell_of(slo, "kind"), cell_of(slo, "threshold"),
                    percent(slo, "target"), cell_of(slo, "window"), cell_of(slo, "valid"), percent(slo, "sli"),
                    percent(slo, "budget_left"), cell_of(slo, "state")});
  return table(rows);
}

Result<std::string> show(const Wanted& wanted) {
  const std::string body = TRY(call(wanted, "GET", "/api/v1/slos/" + percent_encode(wanted.name)));
  if (wanted.json) return body;
  sj::dom::parser parser;
  sj::dom::element slo;
  if (parser.parse(body).get(slo) != sj::SUCCESS)
    return fail(ErrorKind::corrupt, "the server's answer is no objective");
  std::string out = fmt::format("{}: {} of {}, {} of {} runs good over {}; budget left {}; {}\n", cell_of(slo, "name"),
                                cell_of(slo, "kind"), cell_of(slo, "agent"), percent(slo, "sli"), cell_of(slo, "valid"),
                                cell_of(slo, "window"), percent(slo, "budget_left"), cell_of(slo, "state"));
  std::vector<std::vector<std::string>> burns = {{"severity", "windows", "burns", "over", "firing"}};
  for (const auto one : slo["burn"].get_array().value())
    burns.push_back({cell_of(one, "severity"), cell_of(one, "long") + " & " + cell_of(one, "short"),
                     cell_of(one, "long_burn") + " & " + cell_of(one, "short_burn"), cell_of(one, "factor"),
                     cell_of(one, "firing")});
  std::vector<std::vector<std::string>> days = {{"day", "runs", "bad", "good", "budget left"}};
  for (const auto one : slo["history"].get_array().value())
    days.push_back({cell_of(one, "day"), cell_of(one, "valid"), cell_of(one, "bad"), percent(one, "sli"),
                    percent(one, "budget_left")});
  return out + table(burns) + "\n" + table(days);
}

Result<std::string> remove(const Wanted& wanted) {
  TRY(call(wanted, "DELETE", "/api/v1/slos/" + percent_encode(wanted.name)));
  return fmt::format("{} is removed", wanted.name);
}

}  // namespace

void add_slo_commands(CLI::App& app, Commands& commands) {
  const auto wanted = std::make_shared<Wanted>();
  auto* group =
      app.add_subcommand("slo", "Objectives of agents: compliance, error budget, burn rates; made by `pawl apply`")
          ->require_subcommand(1);
  const auto add = [&](const char* name, const char* about, Result<std::string> (*work)(const Wanted&)) {
    auto* command = group->add_subcommand(name, about);
    add_whereabouts(*command, wanted);
    command->add_flag("--json", wanted->json, "The API's own answer");
    command->callback(
        [&commands, work, wanted] { commands.chosen = [work, wanted] { return finish(work(*wanted)); }; });
    return command;
  };
  add("list", "Lists objectives with what is left of their budgets", list);
  add("show", "An objective, its burn rates and its days", show)
      ->add_option("name", wanted->name, "Its name")
      ->required();
  add("remove", "Removes an objective", remove)->add_option("name", wanted->name, "Its name")->required();
}

}  // namespace pawl::app
