// `pawl stats` and `pawl gate`: evals without a server.
#include <simdjson.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>

#include "base/text.h"
#include "commands.h"
#include "features/gate/gate.h"
#include "outcome.h"
#include "process.h"
#include "remote.h"
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

// The words of this call, as a shell reads them.
std::string call_text() {
  std::string out;
  for (const auto& word : Command::of_this_process().words) {
    const bool plain =
        word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:@%+,") ==
            std::string::npos &&
        !word.empty();
    std::string quoted = "'";
    for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    out += (out.empty() ? "" : " ") + (out.empty() ? "pawl" : plain ? word : quoted + "'");
  }
  return out;
}

// Runs the command of --extend-with: a line of the shell, told by its environment what is wanted.
Result<> run_extension(const std::string& command, const gate::Extension& wanted) {
  for (const auto& [name, value] :
       {std::pair<const char*, std::string>{"PAWL_GATE_ROUND", fmt::format("{}", wanted.round)},
        {"PAWL_GATE_PAIRED", fmt::format("{}", wanted.paired)},
        {"PAWL_GATE_WANTED", fmt::format("{}", wanted.wanted)},
        {"PAWL_GATE_BASELINE", wanted.baseline},
        {"PAWL_GATE_CANDIDATE", wanted.candidate}})
    ::setenv(name, value.c_str(), 1);
  std::fflush(nullptr);
  const int status = std::system(("(" + command + "\n) 1>&2").c_str());  // the answer alone is on standard output
  if (status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return fail(ErrorKind::unavailable, "\"{}\" ended with {}", command,
              status == -1        ? std::string("an error of the system")
              : WIFEXITED(status) ? fmt::format("exit code {}", WEXITSTATUS(status))
                                  : fmt::format("signal {}", WTERMSIG(status)));
}

// experiment:ID, or experiment:NAME, or branch:NAME (the newest experiment of that branch): its rows, in a file of
// their own; any other name is a file already.
Result<> fetch(const Asked& asked, std::string& side, const std::string& folder, std::string_view name) {
  constexpr std::string_view one = "experiment:", branch = "branch:";
  if (!side.starts_with(one) && !side.starts_with(branch)) return {};
  std::string id = side.substr(side.find(':') + 1);
  if (side.starts_with(branch)) {
    const auto body = TRY(call(asked, "GET", "/api/v1/experiments" + query_text({{"branch", id}, {"limit", "1"}})));
    simdjson::dom::parser parser;
    simdjson::dom::element answer;
    std::string_view found;
    if (parser.parse(body).get(answer) || answer["experiments"].at(0)["id"].get(found))
      return fail(ErrorKind::not_found, "the server has no experiment of branch {}", id);
    id = found;
  }
  const auto rows = TRY(call(asked, "GET", fmt::format("/api/v1/experiments/{}/rows", percent_encode(id))));
  side = fmt::format("{}/{}.jsonl", folder, name);
  return write_file(side, rows);
}

struct Fetched {  // a folder that goes when the gate has spoken
  std::string path;
  ~Fetched() {
    std::error_code error;
    if (!path.empty()) std::filesystem::remove_all(path, error);
  }
};

Result<> fetch_sides(const Asked& asked, gate::Options& options, Fetched& folder) {
  if (!options.baseline.contains(':') && !options.candidate.contains(':')) return {};
  std::string path = (std::filesystem::temp_directory_path() / "pawl-gate-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) return fail(ErrorKind::unavailable, "no folder can be made at {}", path);
  folder.path = path;
  TRY(fetch(asked, options.baseline, path, "baseline"));
  return fetch(asked, options.candidate, path, "candidate");
}

int gate(const Asked& asked, gate::Options options, const std::string& extend_with) {
  options.again = call_text();
  Fetched folder;
  if (const auto fetched = fetch_sides(asked, options, folder); !fetched) {
    fmt::print(stderr, "{}\n", fetched.error().what);
    return 3;
  }
  if (!extend_with.empty())
    options.extend = [extend_with](const gate::Extension& wanted) { return run_extension(extend_with, wanted); };
  if (const char* summary = std::getenv("GITHUB_STEP_SUMMARY"); summary != nullptr) options.github_summary = summary;
  const auto outcome = gate::run(options);
  fmt::print(stderr, "{}", outcome.trouble);
  fmt::print("{}", outcome.output);
  return outcome.exit_code;
}

void add_gate_outputs(CLI::App& command, gate::Options& o) {
  command.add_option("--junit", o.junit, "Writes the answer there as JUnit XML (GitLab, Jenkins, most CI)");
  command.add_option("--sarif", o.sarif, "Writes the findings there as SARIF 2.1.0 (GitHub code scanning)");
  command.add_option("--gitlab", o.gitlab, "Writes the findings there as GitLab's code quality report");
  command.add_option("--markdown", o.markdown, "Writes a comment for the pull request there");
  command.add_flag("--github", o.github, "Prints annotations, and appends to the step's summary");
  command.add_option("--cases", o.cases, "The dataset's JSON lines: findings point at the lines of its cases");
  command.add_option("--url", o.url, "The address of the Pawl that has the traces, for links");
}

void add_gate_policy(CLI::App& command, gate::Options& o, std::string& extend_with) {
  command.add_option("--on-cannot-tell", o.on_cannot_tell,
                     "pass or fail, instead of exit code 2; or extend, which has further cases run");
  command.add_option("--extend-with", extend_with,
                     "A line of the shell that adds results of $PAWL_GATE_WANTED further cases to both files");
  command.add_option("--extend-cases", o.extend_cases, "Cases in all up to which it is extended [1000]");
  command.add_option("--extend-step", o.extend_step, "Cases asked for at once [50]");
  command.add_option("--baselines", o.baselines, "Folder with the results that branches keep [.pawl/baselines]");
  command
      .add_option("--baseline-branch", o.baseline_branches,
                  "Instead of --baseline: what this branch keeps; may be repeated, the first that keeps some is taken")
      ->allow_extra_args(false);
  command.add_option("--keep-as", o.keep_as, "Keeps the candidate as this branch's baseline where it passes");
}

void add_gate_command(CLI::App& app, Commands& commands) {
  auto* command =
      app.add_subcommand("gate", "Compares the results of two versions: better, no worse, worse, cannot tell");
  const auto o = std::make_shared<gate::Options>();
  const auto extend_with = std::make_shared<std::string>();
  const auto asked = std::make_shared<Asked>();
  command->add_option("--baseline", o->baseline,
                      "Results of the version in use: JSON lines; - is standard input; experiment:NAME, or branch:NAME "
                      "for its newest experiment, are asked of the server");
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
  add_gate_policy(*command, *o, *extend_with);
  command->add_flag("--json", o->json, "JSON instead of a table");
  add_gate_outputs(*command, *o);
  add_whereabouts(*command, asked);
  command->callback([&commands, asked, o, extend_with] {
    commands.chosen = [asked, o, extend_with] { return gate(*asked, *o, *extend_with); };
  });
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
