// `pawl eval run`: an agent on the cases of a file.
#include <fmt/format.h>
#include <unistd.h>

#include "base/time.h"
#include "commands.h"
#include "features/evals/evals.h"
#include "outcome.h"

namespace pawl::app {
namespace {

int run(const evals::Options& options) {
  const SystemClock clock;
  const bool terminal = ::isatty(2) != 0;
  Nanos told = clock.monotonic();
  const auto report = evals::run(options, [&](const evals::Progress& progress) {
    const Nanos now = clock.monotonic();
    if (now - told < (terminal ? second / 4 : 10 * second) && progress.done < progress.all) return;
    told = now;
    fmt::print(stderr, "{}{} of {} trials, {} lost to infrastructure, ${:.4f}{}", terminal ? "\r\x1b[K" : "",
               progress.done, progress.all, progress.infra_errors, progress.spent_usd, terminal ? "" : "\n");
  });
  if (terminal) fmt::print(stderr, "\r\x1b[K");
  if (!report) return complain(report.error());
  fmt::print("{} trials ran ({} of them failed), {} were there, {} lost to infrastructure, {} left; ${:.4f}\n",
             report->ran, report->failed, report->there, report->infra_errors, report->left, report->spent_usd);
  if (report->capped) fmt::print(stderr, "The spend cap ended it: the same command goes on where it stopped.\n");
  return report->left > 0 || report->infra_errors > 0 ? 1 : 0;
}

}  // namespace

void add_eval_commands(CLI::App& app, Commands& commands) {
  auto* command = app.add_subcommand("eval", "Experiments: an agent on cases");
  command->require_subcommand(1);
  auto* one = command->add_subcommand("run", "Runs an agent on cases; results are JSON lines as the gate reads them");
  const auto o = std::make_shared<evals::Options>();
  one->add_option("--cases", o->cases, "The cases: any file that pawl dataset import reads")->required();
  one->add_option("--agent", o->agent, "A line of the shell: the case on its standard input, the answer on its output")
      ->required();
  one->add_option("--evaluators", o->evaluators, "What judges: TOML, or JSON where the name ends so")->required();
  one->add_option("--out", o->out, "The results; what they hold already is not run again")->required();
  one->add_option("--split", o->split, "Cases of this split only");
  one->add_option("--trials", o->trials, "How often each case is tried [1]");
  one->add_option("--concurrency", o->concurrency, "How many run at once [4]");
  one->add_option("--retries", o->retries, "How often a trial is run again that infrastructure failed [3]");
  one->add_option("--timeout", o->timeout_s, "Seconds of one trial; then it has failed [120]");
  one->add_option("--spend-cap", o->spend_cap_usd, "US dollars that this call may spend; 0: no cap");
  one->callback([&commands, o] { commands.chosen = [o] { return run(*o); }; });
}

}  // namespace pawl::app
