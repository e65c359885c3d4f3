// `pawl stats` and `pawl gate`: evals without a server.
#include <iostream>
#include <string>

#include "commands.h"
#include "features/gate/gate.h"
#include "outcome.h"
#include "stats/requests.h"

namespace pawl::app {
namespace {

int stats() {
  std::string line;
  while (std::getline(std::cin, line)) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    std::cout << stats::answer(line) << '\n';
    if (std::cin.rdbuf()->in_avail() <= 0) std::cout.flush();  // whoever asks line by line is answered at once
  }
  std::cout.flush();
  if (std::cin.bad() || !std::cout) return complain({ErrorKind::unavailable, "Reading or writing ended early."});
  return 0;
}

int gate(const gate::Options& options) {
  const auto outcome = gate::run(options);
  fmt::print(stderr, "{}", outcome.trouble);
  fmt::print("{}", outcome.output);
  return outcome.exit_code;
}

void add_gate_command(CLI::App& app, Commands& commands) {
  auto* command =
      app.add_subcommand("gate", "Compares the results of two versions: better, no worse, worse, cannot tell");
  const auto o = std::make_shared<gate::Options>();
  command->add_option("--baseline", o->baseline, "Results of the version in use: JSON lines; - is standard input")
      ->required();
  command->add_option("--candidate", o->candidate, "Results of the version that would replace it")->required();
  command
      ->add_option("--quality", o->quality, "A score that must get no worse by more than the margin; may be repeated")
      ->allow_extra_args(false);
  command->add_option("--safety", o->safety, "A score of which no case that was clean may fail; may be repeated")
      ->allow_extra_args(false);
  command->add_option("--margin", o->margin, "How much worse quality may be, in points [0.05]");
  command->add_option("--cost-margin", o->cost_margin, "How much dearer it may be, as a share [0.1]");
  command->add_option("--latency-margin", o->latency_margin, "How much slower it may be; not given: only watched");
  command->add_option("--alpha", o->alpha, "The chance of a wrong verdict, on each side [0.05]");
  command->add_option("--infra-max", o->infra_max, "Share of trials that may be lost to infrastructure [0.05]");
  command->add_flag("--sequential", o->sequential, "Decides by e-processes: may be asked again as cases are added");
  command->add_option("--on-cannot-tell", o->on_cannot_tell, "pass or fail, instead of exit code 2");
  command->add_flag("--json", o->json, "JSON instead of a table");
  command->callback([&commands, o] { commands.chosen = [o] { return gate(*o); }; });
}

}  // namespace

void add_quality_commands(CLI::App& app, Commands& commands) {
  add_gate_command(app, commands);
  auto* command = app.add_subcommand("stats", "Statistics of evals: one JSON request a line in, one answer a line out");
  const auto lines = std::make_shared<bool>(false);
  command->add_flag("--json", *lines, "JSON lines (the only format)");
  command->callback([&commands, lines] { commands.chosen = [] { return stats(); }; });
}

}  // namespace pawl::app
