// The agent's process.
#include "agent.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "base/json.h"
#include "base/money.h"
#include "base/text.h"
#include "base/time.h"
#include "llm/json_scan.h"

extern char** environ;

namespace pawl::evals {
namespace {

namespace json = llm::json;

constexpr int temporary_failure = 75;  // EX_TEMPFAIL of sysexits.h

struct Pipe {
  int ends[2] = {-1, -1};
  bool open() { return ::pipe2(ends, O_CLOEXEC) == 0; }
  void shut(int end) {
    if (ends[end] >= 0) ::close(ends[end]);
    ends[end] = -1;
  }
  ~Pipe() { shut(0), shut(1); }
};

pid_t start(const std::string& agent, const Asked& asked, Pipe& in, Pipe& out) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, in.ends[0], 0);
  posix_spawn_file_actions_adddup2(&files, out.ends[1], 1);
  posix_spawnattr_t how;
  posix_spawnattr_init(&how);
  posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&how, 0);
  std::string shell = "sh", flag = "-c", line = agent, id = "PAWL_TRIAL_ID=" + asked.trial_id,
              parent = "TRACEPARENT=" + asked.parent;
  char* words[] = {shell.data(), flag.data(), line.data(), nullptr};
  std::vector<char*> variables;
  for (char** one = environ; *one != nullptr; ++one)
    if (!std::string_view(*one).starts_with("TRACEPARENT=")) variables.push_back(*one);
  variables.push_back(id.data());
  if (!asked.parent.empty()) variables.push_back(parent.data());
  variables.push_back(nullptr);
  pid_t child = -1;
  if (::posix_spawn(&child, "/bin/sh", &files, &how, words, variables.data()) != 0) child = -1;
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&how);
  in.shut(0), out.shut(1);
  return child;
}

// Writes the request and reads the answer until both ends are shut; "" or why it was ended.
std::string talk(Pipe& in, Pipe& out, std::string_view request, std::string& answer, double timeout_s) {
  const SystemClock clock;
  const Nanos end = clock.monotonic() + static_cast<Nanos>(timeout_s * 1e9);
  ::fcntl(in.ends[1], F_SETFL, O_NONBLOCK);
  while (out.ends[0] >= 0) {
    const Nanos left = end - clock.monotonic();
    if (left <= 0) return fmt::format("out of time after {:.6g} s", timeout_s);
    pollfd both[] = {{out.ends[0], POLLIN, 0}, {in.ends[1], POLLOUT, 0}};
    if (::poll(both, in.ends[1] >= 0 ? 2 : 1, static_cast<int>(std::min<Nanos>(left / 1'000'000 + 1, 1000))) < 0)
      continue;
    if (in.ends[1] >= 0 && both[1].revents != 0) {
      const auto wrote = ::write(in.ends[1], request.data(), request.size());
      if (wrote > 0) request.remove_prefix(static_cast<std::size_t>(wrote));
      if (request.empty() || (wrote < 0 && errno != EAGAIN)) in.shut(1);  // it need not read what it is told
    }
    if (both[0].revents == 0) continue;
    char buffer[65536];
    const auto got = ::read(out.ends[0], buffer, sizeof buffer);
    if (got <= 0) {
      out.shut(0);
    } else {
      answer.append(buffer, static_cast<std::size_t>(got));
    }
    if (answer.size() > most_output) return fmt::format("more than {} MB of output", most_output >> 20U);
  }
  return "";
}

std::optional<double> number_of(const json::Object& said, std::string_view name) {
  const auto raw = said.member(name);
  if (json::is_null(raw)) return std::nullopt;
  const auto number = json::is_string(raw) ? parse_double(json::text(raw)) : json::number(raw);
  return number && *number >= 0 ? number : std::nullopt;
}

}  // namespace

void read_answer(const std::string& answer, Outcome& outcome) {
  const auto raw = json::trimmed(answer);
  if (!json::is_object(raw) || !json::is_valid(raw) || json::member(raw, "output").empty()) {
    outcome.output = json_quote(trim(answer));
    return;
  }
  const json::Object said(raw);
  outcome.output = said.member("output");
  if (json::is_array(said.member("trajectory"))) outcome.trajectory = said.member("trajectory");
  outcome.cost_usd = number_of(said, "cost_usd"), outcome.tokens = number_of(said, "tokens");
  if (json::is_string(said.member("trace"))) outcome.trace = json::text(said.member("trace"));
  if (json::is_array(said.member("tools"))) outcome.tools = said.member("tools");
}

Tried run_command(const std::string& agent, const Asked& asked) {
  Tried tried;
  Pipe in, out;
  if (!in.open() || !out.open()) return {.outcome = {.comment = "no more descriptors"}, .infra_error = true};
  const SystemClock clock;
  const Nanos began = clock.monotonic();
  const pid_t child = start(agent, asked, in, out);
  if (child < 0) return {.outcome = {.comment = "the agent could not be started"}, .infra_error = true};
  std::string answer;
  const std::string ended = talk(in, out, asked.request, answer, asked.timeout_s);
  if (!ended.empty()) ::kill(-child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  ::kill(-child, SIGKILL);  // what it left behind
  Outcome& outcome = tried.outcome;
  outcome.latency_ms = static_cast<double>(clock.monotonic() - began) / 1e6;
  read_answer(answer, outcome);
  if (!ended.empty()) {
    outcome.failed = true, outcome.comment = ended;
  } else if (WIFEXITED(status) && WEXITSTATUS(status) == temporary_failure) {
    tried.infra_error = true, outcome.comment = "the agent ended with 75: try again";
  } else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    outcome.failed = true;
    outcome.comment = WIFEXITED(status) ? fmt::format("the agent ended with {}", WEXITSTATUS(status))
                                        : fmt::format("the agent was ended by signal {}", WTERMSIG(status));
  }
  return tried;
}

}  // namespace pawl::evals
