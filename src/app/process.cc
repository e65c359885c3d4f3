// Signals, limits and /proc.
#include "process.h"

#include <fmt/format.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace pawl::app {
namespace {

double seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
}

std::size_t open_descriptors() {
  std::error_code error;
  std::size_t count = 0;
  for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end; at.increment(error))
    ++count;
  return count;
}

// The 22nd field of /proc/self/stat (start, in ticks since boot) and the time of boot.
double started_at() {
  std::ifstream stat("/proc/self/stat"), all("/proc/stat");
  std::string text((std::istreambuf_iterator<char>(stat)), {}), word;
  const auto behind = text.rfind(')');  // the name before it may hold anything
  if (behind == std::string::npos) return 0;
  std::istringstream fields(text.substr(behind + 1));
  for (int i = 3; i <= 22; ++i) fields >> word;
  double boot = 0;
  for (std::string name; all >> name;) {
    if (name == "btime") {
      all >> boot;
      break;
    }
  }
  return boot + std::strtod(word.c_str(), nullptr) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

void prepare_process() {
  std::signal(SIGPIPE, SIG_IGN);
  mallopt(M_ARENA_MAX, 4);
  // The engine's allocator (jemalloc, loaded later) keeps freed pages five seconds by default: in a flood that is over
  // 100 MB of nothing. Its profiler is on by default and of no use here. What the operator has set wins.
  ::setenv("JE_MALLOC_CONF", "dirty_decay_ms:500,prof:false", 0);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;  // connections, segments, and the many files of the engine's parts
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
}

Signals::Signals() : set_{} {
  sigemptyset(&set_);
  for (const int one : {SIGTERM, SIGINT, SIGHUP, SIGUSR2}) sigaddset(&set_, one);
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
}

int Signals::wait() const {
  int one = 0;
  while (sigwait(&set_, &one) != 0) {
  }
  return one;
}

Command Command::of_this_process() {
  Command command;
  std::error_code error;
  command.program = std::filesystem::read_symlink("/proc/self/exe", error).string();
  std::ifstream in("/proc/self/cmdline", std::ios::binary);
  for (std::string word; std::getline(in, word, '\0');) command.words.push_back(word);
  return command;
}

void notify_supervisor(std::string_view state) {
  const char* place = std::getenv("NOTIFY_SOCKET");
  if (place == nullptr || (place[0] != '/' && place[0] != '@')) return;
  sockaddr_un to{};
  const std::size_t size = std::strlen(place);
  if (size >= sizeof to.sun_path) return;
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, place, size);
  if (place[0] == '@') to.sun_path[0] = '\0';  // an abstract name
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
  [[maybe_unused]] const auto sent =
      ::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to), length);
  ::close(socket);
}

void write_process_metrics(std::string& out) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0, resident = 0;
  statm >> total >> resident;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const auto add = [&](std::string_view name, std::string_view type, std::string_view help, auto value) {
    out += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n{0} {3}\n", name, help, type, value);
  };
  add("process_cpu_seconds_total", "counter", "Processor time.", seconds(usage.ru_utime) + seconds(usage.ru_stime));
  add("process_resident_memory_bytes", "gauge", "Memory.",
      resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
  add("process_open_fds", "gauge", "Descriptors in use.", open_descriptors());
  add("process_max_fds", "gauge", "Descriptors that the system allows.", files.rlim_cur);
  add("process_start_time_seconds", "gauge", "When it started, since 1970.", started_at());
}

}  // namespace pawl::app
