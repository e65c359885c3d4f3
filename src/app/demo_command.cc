// `pawl demo`: a server on a fresh data directory, staged with the fleet, with slow live traffic afterwards.
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/files.h"
#include "commands.h"
#include "demo/demo.h"
#include "outcome.h"
#include "serve.h"
#include "store/journal/journal.h"

namespace pawl::app {
namespace {

struct DemoWords {
  std::string data = "pawl-data/demo", listen = "127.0.0.1:7295";
  bool keep = false, once = false;
};

// All but the lock, which is held until the directory is empty: another process would else take a new one meanwhile.
Result<> empty_out(const std::string& data) {
  SystemFiles files;
  const auto lock = TRY(journal::lock_data(files, data, SystemClock().now()));
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(data, error))
    if (entry.path().filename() != "LOCK") std::filesystem::remove_all(entry.path(), error);
  if (error) return fail(ErrorKind::unavailable, "{} could not be emptied: {}", data, error.message());
  return {};
}

int run_demo(const DemoWords& words) {
  const bool there = std::filesystem::exists(words.data), kept = words.keep && there;
  if (there && !kept) {
    if (const auto emptied = empty_out(words.data); !emptied) {
      fmt::print(stderr, "pawl demo: {}\n", emptied.error().what);
      return 3;
    }
  }
  const std::map<std::string, std::string> flags = {
      {"data", words.data}, {"listen", words.listen}, {"log_level", "warn"}};
  const auto config = Config::load(flags, "", [](const char* name) -> const char* { return std::getenv(name); });
  if (!config) return complain(config.error());
  const Log log(Log::Format::text, Level::warn);
  return serve(*config, log, [&, kept](Installation& installation, const std::atomic<bool>& stop) {
    if (!installation.wait_ready(minute)) return;
    const Nanos now = SystemClock().now();  // one for both: ids follow from it
    const auto staged = kept ? Result<demo::Staged>() : demo::stage(installation.url(), {.now = now});
    if (!staged) fmt::print(stderr, "pawl demo: the fleet could not be staged: {}\n", staged.error().what);
    const auto tried = kept || !staged ? Result<>() : demo::stage_experiments(installation.url(), {.now = now});
    if (!tried) fmt::print(stderr, "pawl demo: the experiments could not be staged: {}\n", tried.error().what);
    const auto watched = kept || !staged ? Result<>() : demo::stage_operations(installation.url(), {.now = now});
    if (!watched)
      fmt::print(stderr, "pawl demo: budgets, objectives and rules could not be staged: {}\n", watched.error().what);
    if (!installation.drain(minute)) fmt::print(stderr, "pawl demo: not everything is stored yet\n");
    fmt::print(
        "\n  Pawl is at {}\n  Five agents of five teams, 14 days, five planted incidents; new sessions keep coming. "
        "Ctrl-C ends it.\n\n",
        installation.url());
    std::fflush(stdout);
    std::stop_source ends;
    const std::jthread watch([&] {
      while (!stop) std::this_thread::sleep_for(std::chrono::milliseconds(100));
      ends.request_stop();
    });
    const std::jthread tending([&, skip = kept || !staged] {  // beside the live traffic
      const demo::StageOptions how{.now = now, .patience = 10 * minute};
      const auto tended = skip ? Result<>() : demo::tend_incidents(installation.url(), how, ends.get_token());
      if (!tended) fmt::print(stderr, "pawl demo: the incidents could not be staged: {}\n", tended.error().what);
    });
    if (words.once) return;
    (void)demo::run_live(installation.url(), {}, ends.get_token());
  });
}

}  // namespace

void add_demo_command(CLI::App& app, Commands& commands) {
  const auto words = std::make_shared<DemoWords>();
  auto* demo = app.add_subcommand("demo", "Serves a demo fleet: 14 days of five agents, then slow live traffic");
  demo->add_option("--data", words->data, "Data directory, emptied first [pawl-data/demo]");
  demo->add_option("--listen", words->listen, "HOST:PORT [127.0.0.1:7295]");
  demo->add_flag("--keep", words->keep, "Do not empty the data directory");
  demo->add_flag("--no-live", words->once, "No live traffic after the staging");
  demo->callback([&commands, words] { commands.chosen = [words] { return run_demo(*words); }; });
}

}  // namespace pawl::app
