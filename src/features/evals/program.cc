// Evaluators that are programs.
#include "program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "llm/json_scan.h"

namespace pawl::evals {
namespace {

namespace json = llm::json;

constexpr std::size_t most_line = 1U << 20, most_said = 64U << 10;
constexpr rlim_t most_files = 64, most_processes = 4096;

void close_both(int (&ends)[2]) {
  for (int& end : ends)
    if (end >= 0) ::close(std::exchange(end, -1));
}

// In the child, between fork and exec: only calls that are safe there.
[[noreturn]] void become(const Evaluator& e, const int* ends, const char* folder, char* const* words,
                         char* const* environment) {
  ::setsid();
  for (int i = 0; i < 3; ++i) ::dup2(ends[i], i);
  ::close_range(3, ~0U, 0);
  const auto memory = static_cast<rlim_t>(e.memory_mb * 1048576.0);
  const rlimit limits[] = {{memory, memory}, {most_files, most_files}, {most_processes, most_processes}};
  ::setrlimit(RLIMIT_AS, &limits[0]);
  ::setrlimit(RLIMIT_NOFILE, &limits[1]);
  ::setrlimit(RLIMIT_NPROC, &limits[2]);
  if (::chdir(folder) == 0) ::execve("/bin/sh", words, environment);
  ::_exit(127);
}

trials::Given given_of(std::string_view value, std::string comment) {
  if (value == "true" || value == "false") return {value == "true" ? 1.0 : 0.0, std::move(comment)};
  if (json::is_null(value)) return {std::nullopt, std::move(comment)};
  const auto number = json::is_string(value) ? std::nullopt : json::number(value);
  return {number, number ? std::move(comment) : "its value is no number, true, false or null"};
}

}  // namespace

Answered read_program_line(std::string_view line, std::string_view id, const std::string& name) {
  const auto raw = json::trimmed(line);
  Answered out;
  if (!json::is_valid(raw)) {
    out.mine = true, out.trouble = fmt::format("its answer is no JSON: {}", utf8_prefix(repair_utf8(line), 200));
    return out;
  }
  if (!json::is_object(raw)) {  // one request is under way at a time: a bare value is its answer
    out.mine = true;
    out.scores.emplace_back(name, given_of(raw, ""));
    return out;
  }
  const json::Object said(raw);
  if (json::text(said.member("id")) != id) return out;
  out.mine = true;
  if (!json::is_null(said.member("error"))) out.trouble = json::text(said.member("error"));
  for (json::Elements list(said.member("scores")); list.next();) {
    const auto named = json::member(list.value, "name"), comment = json::member(list.value, "comment");
    out.scores.emplace_back(
        json::is_string(named) ? json::text(named) : name,
        given_of(json::member(list.value, "value"), json::is_string(comment) ? json::text(comment) : ""));
  }
  if (out.scores.empty() && out.trouble.empty()) out.trouble = "its answer has neither scores nor an error";
  return out;
}

struct Program::Inside {
  const Evaluator& evaluator;
  std::string folder, waiting, said;  // read and not a whole line yet; of its standard error
  int in = -1, out = -1, errors = -1;
  pid_t child = -1;
  std::uint64_t asked = 0;

  explicit Inside(const Evaluator& e) : evaluator(e) {}
  ~Inside() {
    end();
    std::error_code error;
    if (!folder.empty()) std::filesystem::remove_all(folder, error);
  }

  void end() {
    for (int* one : {&in, &out, &errors})
      if (*one >= 0) ::close(std::exchange(*one, -1));
    if (child > 0) {
      ::kill(-child, SIGKILL);
      ::kill(child, SIGKILL);
      while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
    child = -1;
    waiting.clear();
  }

  bool start() {
    if (folder.empty()) {
      std::string path = (std::filesystem::temp_directory_path() / "pawl-evaluator-XXXXXX").string();
      if (::mkdtemp(path.data()) == nullptr) return false;
      folder = path;
    }
    int pipes[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
    for (auto& one : pipes)
      if (::pipe2(one, O_CLOEXEC) != 0) {
        for (auto& other : pipes) close_both(other);
        return false;
      }
    const auto variable = [](const char* name) {
      const char* value = std::getenv(name);
      return value == nullptr ? std::string() : fmt::format("{}={}", name, value);
    };
    std::error_code error;
    std::string words[] = {"sh", "-c", evaluator.command};
    std::string named[] = {variable("PATH"), variable("LANG"),
                           "PAWL_DIR=" + std::filesystem::current_path(error).string()};
    char* const argv[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
    std::vector<char*> environment;
    for (auto& one : named)
      if (!one.empty()) environment.push_back(one.data());
    environment.push_back(nullptr);
    const int ends[] = {pipes[0][0], pipes[1][1], pipes[2][1]};
    child = ::fork();
    if (child == 0) become(evaluator, ends, folder.c_str(), argv, environment.data());
    for (const int end : ends) ::close(end);
    in = pipes[0][1], out = pipes[1][0], errors = pipes[2][0];
    for (const int one : {in, out, errors}) ::fcntl(one, F_SETFL, O_NONBLOCK);
    if (child < 0) end();
    return child > 0;
  }

  // A part of what it says; false where that end is shut.
  static bool take(int& from, std::string& into) {
    char buffer[65536];
    const auto got = ::read(from, buffer, sizeof buffer);
    if (got > 0) into.append(buffer, static_cast<std::size_t>(got));
    if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) return true;
    ::close(std::exchange(from, -1));
    return false;
  }

  // The answer to one request; `trouble` says why there is none.
  Answered talk(std::string request, const std::string& id) {
    const SystemClock clock;
    const Nanos end = clock.monotonic() + static_cast<Nanos>(evaluator.timeout_s * 1e9);
    std::string_view left = request;
    for (;;) {
      if (const auto line = waiting.find('\n'); line != std::string::npos) {
        const std::string one = waiting.substr(0, line);
        waiting.erase(0, line + 1);
        auto answered = read_program_line(one, id, evaluator.name);
        if (answered.mine) return answered;
        continue;
      }
      if (waiting.size() > most_line) return {true, {}, "it printed 1 MB without the end of a line"};
      if (out < 0)
        return {true,
                {},
                waiting.empty()
                    ? "it has ended"
                    : fmt::format("it died in the middle of its answer: {}", utf8_prefix(repair_utf8(waiting), 200))};
      const Nanos time = end - clock.monotonic();
      if (time <= 0) return {true, {}, fmt::format("it was out of time after {:.6g} s", evaluator.timeout_s)};
      pollfd all[] = {{out, POLLIN, 0}, {errors, POLLIN, 0}, {left.empty() ? -1 : in, POLLOUT, 0}};
      if (::poll(all, 3, static_cast<int>(std::min<Nanos>(time / 1'000'000 + 1, 1000))) < 0) continue;
      if (all[2].revents != 0 && in >= 0) {
        const auto wrote = ::write(in, left.data(), left.size());
        if (wrote > 0) left.remove_prefix(static_cast<std::size_t>(wrote));
        if (wrote < 0 && errno != EAGAIN) left = {};  // it need not read what it is told
      }
      if (all[1].revents != 0) take(errors, said);
      if (said.size() > most_said) said.erase(0, said.size() - most_said);
      if (all[0].revents != 0) take(out, waiting);
    }
  }
};

Program::Program(const Evaluator& evaluator) : inside_(std::make_unique<Inside>(evaluator)) {}
Program::~Program() = default;
Program::Program(Program&&) noexcept = default;

const std::string& Program::name() const {
  return inside_->evaluator.name;
}

std::vector<std::pair<std::string, trials::Given>> Program::ask(const datasets::Item& item, const Outcome& outcome) {
  const std::string id = fmt::format("{}", ++inside_->asked);
  JsonWriter request;
  request.object().field("pawl", 1).field("id", id).key("case");
  datasets::write_case(request, item);
  request.key("output").raw(outcome.output.empty() ? "null" : outcome.output);
  request.key("trajectory").raw(outcome.trajectory.empty() ? "[]" : outcome.trajectory).key("trace_id");
  outcome.trace.empty() ? request.null() : request.value(outcome.trace);
  const std::string line = request.end().take() + "\n";
  std::string trouble = "it could not be started";
  for (int again = 0; again < 2; ++again) {
    if (inside_->child < 0 && !inside_->start()) continue;
    auto answered = inside_->talk(line, id);
    if (answered.trouble.empty()) return std::move(answered.scores);
    trouble = answered.trouble;
    if (!inside_->said.empty()) trouble += fmt::format(" ({})", trim(utf8_prefix(repair_utf8(inside_->said), 300)));
    inside_->said.clear();
    inside_->end();
  }
  return {{inside_->evaluator.name, {std::nullopt, "evaluator: " + trouble}}};
}

}  // namespace pawl::evals
