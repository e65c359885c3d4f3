// `pawl import langfuse|langsmith|phoenix|mlflow PATH…`: history from other platforms, through the running server.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "base/time.h"
#include "commands.h"
#include "features/imports/imports.h"
#include "outcome.h"

namespace pawl::app {
namespace {

struct Words {
  imports::Options options;
  std::string key, state;
  bool json = false, no_state = false;
};

std::string in_words(std::uint64_t bytes) {
  return bytes < (10U << 20) ? fmt::format("{} KB", bytes >> 10U) : fmt::format("{} MB", bytes >> 20U);
}

// A line on standard error: over itself on a terminal, else one every ten seconds.
class Teller {
 public:
  void operator()(const imports::Progress& progress) {
    const Nanos now = clock_.monotonic();
    if (now - told_ < (terminal_ ? second / 4 : 10 * second)) return;
    told_ = now;
    const double seconds = static_cast<double>(now - progress.since) / static_cast<double>(second);
    const double share =
        progress.all_bytes == 0 ? 1 : static_cast<double>(progress.bytes) / static_cast<double>(progress.all_bytes);
    const double left = share > 0.001 ? seconds / share - seconds : 0;
    const std::string line =
        fmt::format("{:3.0f} %  {} records, {:.0f} a second  {} of {}  {:.0f} s left  {}", 100 * share,
                    progress.records, seconds > 0 ? static_cast<double>(progress.records) / seconds : 0,
                    in_words(progress.bytes), in_words(progress.all_bytes), left, progress.file);
    fmt::print(stderr, "{}{}{}", terminal_ ? "\r\x1b[K" : "", line, terminal_ ? "" : "\n");
    std::fflush(stderr);
    open_ = terminal_;
  }
  void end() {
    if (open_) fmt::print(stderr, "\r\x1b[K");
    open_ = false;
  }

 private:
  SystemClock clock_;
  bool terminal_ = ::isatty(2) != 0, open_ = false;
  Nanos told_ = clock_.monotonic();
};

int import(Words& words, imports::Vendor vendor) {
  words.options.vendor = vendor;
  if (const char* key = std::getenv("PAWL_KEY"); words.key.empty() && key != nullptr) words.key = key;
  words.options.key = words.key;
  while (words.options.server.ends_with('/')) words.options.server.pop_back();
  words.options.state =
      words.no_state ? std::string()
      : !words.state.empty()
          ? words.state
          : imports::usual_state(words.options, [](const char* name) -> const char* { return std::getenv(name); });
  Teller teller;
  const auto report = imports::run(words.options, [&](const imports::Progress& progress) { teller(progress); });
  teller.end();
  if (!report) return complain(report.error());
  fmt::print("{}", words.json ? report->json() : report->text());
  return report->not_carried() > 0 ? 1 : 0;
}

}  // namespace

void add_import_command(CLI::App& app, Commands& commands) {
  const auto words = std::make_shared<Words>();
  const char* server = std::getenv("PAWL_SERVER");
  const char* listen = std::getenv("PAWL_LISTEN");
  words->options.server =
      server != nullptr ? server : fmt::format("http://{}", listen == nullptr ? "127.0.0.1:7295" : listen);
  auto* group =
      app.add_subcommand("import", "History from another platform, sent to the running server")->require_subcommand(1);
  const auto add = [&](imports::Vendor vendor, const char* name, const char* about, const char* project) {
    auto* command = group->add_subcommand(name, about);
    command->add_option("paths", words->options.paths, "Files, or folders with them; gzip and zstd are undone")
        ->required();
    command->add_option("--server,--url", words->options.server, "Address of the server");
    command->add_option("--key", words->key, "A key of the project; better in PAWL_KEY");
    command->add_option("--project", words->options.project, project);
    command->add_option("--state", words->state, "Where it is remembered how far it is [below ~/.local/state/pawl]");
    command->add_flag("--no-state", words->no_state, "Remembers nothing");
    command->add_flag("--anew", words->options.anew, "Begins at the begin, whatever is remembered");
    command->add_flag("--dry-run", words->options.dry_run, "Reads and judges everything, sends nothing");
    command->add_flag("--json", words->json, "The report for programs");
    command->callback(
        [&commands, words, vendor] { commands.chosen = [words, vendor] { return import(*words, vendor); }; });
  };
  add(imports::Vendor::langfuse, "langfuse",
      "Exports of tables (JSON, JSONL, CSV), answers of its API, rows of ClickHouse (JSONEachRow, CSV), a plain dump "
      "of PostgreSQL",
      "Only this project of a dump, by its id [the first one]");
  add(imports::Vendor::langsmith, "langsmith", "Runs, feedback, datasets and examples as JSON, JSONL, CSV or Parquet",
      "Only this project, by its name or id [all]");
  add(imports::Vendor::phoenix, "phoenix",
      "Its SQLite store, a plain dump of its PostgreSQL, or spans as JSON, JSONL, CSV or Parquet",
      "Only this project, by its name [all]");
  add(imports::Vendor::mlflow, "mlflow", "Its SQLite store, a plain dump of its PostgreSQL, or traces as JSON",
      "Only this experiment, by its name [all]");
}

}  // namespace pawl::app
