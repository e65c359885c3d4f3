// `pawl run -- COMMAND`: the command as it is, in an environment in which Python and Node trace themselves by Pawl's
// SDKs.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "commands.h"
#include "config.h"
#include "net/client.h"
#include "outcome.h"

namespace pawl::app {
namespace {

namespace fs = std::filesystem;

// Python imports it at every start; the one that was there comes first.
constexpr std::string_view sitecustomize =
    R"py("""Put in front by `pawl run`: traces this program, after the sitecustomize that was there."""
import importlib.machinery
import importlib.util
import os
import sys

_first = "PAWL_RUN_TOLD" not in os.environ
os.environ["PAWL_RUN_TOLD"] = "1"


def _say(words):
    if _first:
        sys.stderr.write("pawl run: " + words + "\n")


def _next():
    here = os.path.dirname(os.path.abspath(__file__))
    found = importlib.machinery.PathFinder.find_spec("sitecustomize", [one for one in sys.path if os.path.abspath(one or ".") != here])
    if found and found.loader:
        found.loader.exec_module(importlib.util.module_from_spec(found))


def _trace():
    try:
        import pawl
    except ImportError as error:
        _say(f"{sys.executable} has no pawl-sdk ({error}), so this program is not traced. Build and install it: "
             "python -m pip wheel --no-deps sdk/python, then pip install the wheel (docs/guides/connect/python.md)")
        return
    if not hasattr(pawl, "init") or not hasattr(pawl, "frameworks"):
        _say(f"{sys.executable} has another package called pawl ({getattr(pawl, '__file__', '?')}): install pawl-sdk instead of it")
        return
    pawl.init()
    _say("tracing to " + os.environ["PAWL_URL"])


try:
    _next()
finally:
    try:
        _trace()
    except Exception as error:
        _say(f"not traced: {type(error).__name__}: {error}")
)py";

// Node imports it before the program's first line.
constexpr std::string_view register_module = R"js(// Put in front by `pawl run`: traces this program.
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const say = (words) => process.env.PAWL_RUN_TOLD || process.stderr.write(`pawl run: ${words}\n`);
const places = [process.argv[1] && path.dirname(path.resolve(process.argv[1])), process.cwd()].filter(Boolean);
let found;
for (const place of places) {
  try {
    found ??= createRequire(path.join(place, "x.js")).resolve("pawl-sdk/register");
  } catch {
    // not there
  }
}
try {
  if (found) {
    await import(new URL("register.mjs", pathToFileURL(found)));
    say(`tracing to ${process.env.PAWL_URL}`);
  } else {
    say(`no pawl-sdk beside ${places.join(" or ")}, so this program is not traced. Build and install it: npm pack in sdk/typescript, then npm install the tarball (docs/guides/connect/typescript.md)`);
  }
} catch (error) {
  say(`not traced: ${error}`);
}
process.env.PAWL_RUN_TOLD = "1";
)js";

// A folder of this user's alone: what stands in it is run by every program.
Result<fs::path> own_folder() {
  fs::path base = environment("XDG_CACHE_HOME");
  if (base.empty() && !environment("HOME").empty()) base = fs::path(environment("HOME")) / ".cache";
  if (base.empty()) base = fs::temp_directory_path() / fmt::format("pawl-{}", getuid());
  const auto folder = base / "pawl" / ("run-" PAWL_VERSION);
  std::error_code error;
  fs::create_directories(folder, error);
  struct stat found{};
  if (stat(folder.c_str(), &found) != 0 || !S_ISDIR(found.st_mode))
    return fail(ErrorKind::unavailable, "{} cannot be made: {}. Set XDG_CACHE_HOME to a folder of yours.",
                folder.string(), error ? error.message() : std::strerror(errno));
  if (found.st_uid != geteuid())
    return fail(ErrorKind::denied, "{} belongs to another user. Set XDG_CACHE_HOME to a folder of yours.",
                folder.string());
  chmod(folder.c_str(), 0700);
  return folder;
}

// Whole or not at all: another `pawl run` may be reading it.
Result<> put(const fs::path& path, std::string_view text) {
  std::ifstream old(path);
  if (old && std::string(std::istreambuf_iterator<char>(old), {}) == text) return {};
  const auto beside = fmt::format("{}.{}", path.string(), getpid());
  std::ofstream(beside) << text;
  std::error_code error;
  fs::rename(beside, path, error);
  if (error) return fail(ErrorKind::unavailable, "{} cannot be written: {}.", path.string(), error.message());
  return {};
}

// In front of what is there already.
void set_front(const char* name, const std::string& value, std::string_view separator) {
  const auto old = environment(name);
  setenv(name, (old.empty() ? value : value + std::string(separator) + old).c_str(), 1);
}

struct RunWords {
  std::string server, key;
  std::vector<std::string> command;
};

// Returns only where the command could not be started.
Result<int> run(RunWords words) {
  auto& command = words.command;
  if (command.empty())
    return fail(ErrorKind::invalid, "Say what to run: pawl run -- python agent.py, pawl run -- node agent.mjs");
  for (const char* name : {"PAWL_SERVER", "PAWL_URL"})
    if (words.server.empty()) words.server = environment(name);
  if (words.server.empty()) words.server = "http://127.0.0.1:7295";
  while (words.server.ends_with('/')) words.server.pop_back();
  if (const auto url = net::parse_url(words.server); !url)
    return fail(ErrorKind::invalid, "--server: {}", url.error().what);
  const auto folder = TRY(own_folder());
  TRY(put(folder / "sitecustomize.py", sitecustomize));
  TRY(put(folder / "register.mjs", register_module));
  setenv("PAWL_URL", words.server.c_str(), 1);
  if (!words.key.empty()) setenv("PAWL_API_KEY", words.key.c_str(), 1);
  unsetenv("PAWL_RUN_TOLD");
  set_front("PYTHONPATH", folder.string(), ":");
  std::string module = "--import=file://";
  for (const char c : (folder / "register.mjs").string())
    module += c == '/' ? std::string(1, c) : percent_encode(std::string_view(&c, 1));
  set_front("NODE_OPTIONS", module, " ");
  std::vector<char*> arguments;
  for (auto& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());  // signals and the exit code are the command's own
  return fail(errno == ENOENT ? ErrorKind::not_found : ErrorKind::unavailable, "{} cannot be run: {}.", command.front(),
              std::strerror(errno));
}

}  // namespace

void add_run_command(CLI::App& app, Commands& commands) {
  const auto words = std::make_shared<RunWords>();
  auto* command = app.add_subcommand(
      "run", "Runs a Python or Node program so that it is traced, with no change to its code: pawl run -- COMMAND");
  command->add_option("--server", words->server, "http://HOST:PORT of a running Pawl [PAWL_URL, or 127.0.0.1:7295]");
  command->add_option("--key", words->key, "A key with the scope ingest [PAWL_API_KEY]");
  command->add_option("command", words->command, "The program and its arguments, behind --");
  command->callback([&commands, words] {
    commands.chosen = [words] {
      const auto ended = run(*words);
      return ended ? *ended : complain(ended.error());
    };
  });
}

}  // namespace pawl::app
