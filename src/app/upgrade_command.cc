// `pawl upgrade`: a running server starts its program's file anew and hands its sockets over, without a refused
// request.
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>

#include "base/text.h"
#include "base/time.h"
#include "commands.h"
#include "outcome.h"

namespace pawl::app {
namespace {

struct Holder {
  pid_t process = 0;
  std::string text;  // "process 4711 on host7 since …"
};

std::string this_host() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "?";
}

// Who holds the data directory, by its own word in DATA/LOCK.
Result<Holder> holder_of(const std::string& data) {
  std::ifstream in(data + "/LOCK");
  Holder holder{0, std::string((std::istreambuf_iterator<char>(in)), {})};
  const auto words = split(trim(holder.text), ' ');
  const auto number = words.size() > 3 && words[0] == "process" ? parse_int(words[1]) : std::nullopt;
  if (!number) return fail(ErrorKind::not_found, "no server has {}; start one with `pawl serve --data {}`", data, data);
  if (words[3] != this_host()) return fail(ErrorKind::denied, "{} is held by {}: upgrade it there", data, holder.text);
  holder.process = static_cast<pid_t>(*number);
  return holder;
}

Result<std::string> upgrade(const std::string& data, const Clock& clock) {
  const auto before = TRY(holder_of(data));
  if (::kill(before.process, 0) != 0 && errno == ESRCH)
    return fail(ErrorKind::not_found, "the server of {} has ended; start one with `pawl serve --data {}`", data, data);
  if (::kill(before.process, SIGUSR2) != 0)
    return fail(ErrorKind::denied, "process {} cannot be told: {}", before.process, std::strerror(errno));
  const Nanos began = clock.monotonic();
  while (clock.monotonic() - began < 2 * minute) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const auto now = holder_of(data);
    if (!now || now->process == before.process) continue;
    return fmt::format("Process {} took over from process {} after {} ms.\n", now->process, before.process,
                       (clock.monotonic() - began) / millisecond);
  }
  return fail(ErrorKind::unavailable, "process {} did not hand over; its log says why", before.process);
}

}  // namespace

void add_upgrade_command(CLI::App& app, Commands& commands) {
  const auto data = std::make_shared<std::string>("pawl-data");
  auto* command = app.add_subcommand(
      "upgrade", "Replaces a running server by its program's file as it is now, without a refused request");
  command->add_option("--data", *data, "Data directory of the server [pawl-data]");
  command->callback([&commands, data] { commands.chosen = [data] { return finish(upgrade(*data, SystemClock())); }; });
}

}  // namespace pawl::app
