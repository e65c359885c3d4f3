// A server under measurement.
#include "bench.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "base/text.h"
#include "net/client.h"

namespace pawl::bench {
namespace {

// One that nobody listens on, just now.
std::uint16_t free_port() {
  const int probe = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  bind(probe, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size);
  close(probe);
  return ntohs(address.sin_port);
}

}  // namespace

Cpu cpu_seconds(pid_t process) {
  Cpu cpu;
  std::error_code error;
  for (const auto& task : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", process), error)) {
    std::ifstream in(task.path() / "stat");
    std::string line;
    std::getline(in, line);
    const auto close = line.rfind(')');
    if (close == std::string::npos) continue;
    const auto fields = split(std::string_view(line).substr(close + 2), ' ');
    const double seconds = static_cast<double>(parse_int(fields[11]).value_or(0) + parse_int(fields[12]).value_or(0)) /
                           static_cast<double>(sysconf(_SC_CLK_TCK));
    const std::string name = line.substr(line.find('(') + 1, close - line.find('(') - 1);
    const bool ours = name.starts_with("pawl") && name != "pawl-rollups";  // those wait for the engine, and work in it
    (name == "pawl-writer" ? cpu.write : ours ? cpu.accept : cpu.engine) += seconds;
  }
  return cpu;
}

std::uint64_t resident_mb(pid_t process) {
  std::ifstream in(fmt::format("/proc/{}/statm", process));
  std::uint64_t total = 0, resident = 0;
  in >> total >> resident;
  return resident * 4096 >> 20U;
}

double active_bytes(const std::string& data) {
  namespace fs = std::filesystem;
  struct Part {
    std::string place;  // table and partition
    std::int64_t first, last, level;
    double bytes;
  };
  std::vector<Part> parts;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(data + "/warehouse/store", error)) {
    if (!entry.is_directory(error)) continue;
    const std::string name = entry.path().filename();
    const auto fields = split(name, '_');
    if (fields.size() != 4) continue;
    const auto first = parse_int(fields[1]), last = parse_int(fields[2]), level = parse_int(fields[3]);
    if (!first || !last || !level) continue;
    double bytes = 0;
    for (const auto& file : fs::directory_iterator(entry.path(), error))
      bytes += static_cast<double>(file.file_size(error));
    parts.push_back({entry.path().parent_path().string() + "/" + std::string(fields[0]), *first, *last, *level, bytes});
  }
  double total = 0;
  for (const auto& part : parts) {
    const bool covered = std::ranges::any_of(parts, [&](const Part& other) {
      return other.place == part.place && other.level > part.level && other.first <= part.first &&
             other.last >= part.last;
    });
    if (!covered) total += part.bytes;
  }
  return total;
}

std::optional<Server> start(const std::string& program, const std::string& data) {
  std::filesystem::create_directories(data);
  const auto port = free_port();
  const std::string address = fmt::format("127.0.0.1:{}", port);
  Server server{data, "http://" + address};
  server.process = fork();
  if (server.process == 0) {
    execl(program.c_str(), program.c_str(), "serve", "--data", data.c_str(), "--listen", address.c_str(), "--log-level",
          "warn", nullptr);
    _exit(127);
  }
  net::Client client({.connect_time = second});
  for (int i = 0; i < 3000; ++i) {
    const auto ready = client.send({.url = server.url + "/readyz"});
    if (ready && ready->status == 200) return server;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  stop(server);
  return std::nullopt;
}

void stop(const Server& server) {
  kill(server.process, SIGTERM);
  waitpid(server.process, nullptr, 0);
}

}  // namespace pawl::bench
