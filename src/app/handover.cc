// Starting the successor; taking over from the predecessor.
#include "handover.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

#include "base/text.h"
#include "net/server.h"

namespace pawl::app {
namespace {

constexpr int first_descriptor = 3;  // SD_LISTEN_FDS_START
constexpr int out_of_the_way = 200;  // copies wait there until the child has the numbers from 3 on free
constexpr const char* socket_variable = "PAWL_HANDOVER";

Result<Address> bound_to(int descriptor) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  int listens = 0;
  socklen_t listens_size = sizeof listens;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound), &size) != 0 ||
      ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_size) != 0 || listens == 0 ||
      (bound.ss_family != AF_INET && bound.ss_family != AF_INET6))
    return fail(ErrorKind::invalid, "Descriptor {} was handed over, but it is no listening TCP socket.", descriptor);
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (bound.ss_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, &bound, sizeof four);
    ::inet_ntop(AF_INET, &four.sin_addr, text.data(), text.size());
    return Address{text.data(), ntohs(four.sin_port)};
  }
  sockaddr_in6 six{};
  std::memcpy(&six, &bound, sizeof six);
  ::inet_ntop(AF_INET6, &six.sin6_addr, text.data(), text.size());
  return Address{text.data(), ntohs(six.sin6_port)};
}

// One byte, or 0: the other end has gone, or the time is over (then `late`).
char receive(int socket, Nanos most, bool& late) {
  const SystemClock clock;
  const Nanos until = clock.monotonic() + most;
  late = false;
  for (;;) {
    pollfd asked{socket, POLLIN, 0};
    const Nanos left = std::max<Nanos>(0, until - clock.monotonic());
    const int ready = ::poll(&asked, 1, static_cast<int>(left / millisecond));
    if (ready < 0 && errno == EINTR) continue;
    late = ready == 0;
    char byte = 0;
    return ready > 0 && ::recv(socket, &byte, 1, 0) == 1 ? byte : '\0';
  }
}

void send(int socket, char byte) {
  [[maybe_unused]] const auto sent = ::send(socket, &byte, 1, MSG_NOSIGNAL);
}

std::vector<std::string> environment_for(std::span<const Inherited> sockets) {
  std::vector<std::string> out, names;
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string_view text(*one);
    if (!text.starts_with("LISTEN_") && !text.starts_with(socket_variable)) out.emplace_back(text);
  }
  for (const auto& one : sockets) names.push_back(one.name);
  out.push_back(fmt::format("LISTEN_FDS={}", sockets.size()));
  out.push_back("LISTEN_FDNAMES=" + join(names, ":"));
  out.push_back(fmt::format("{}={}", socket_variable, first_descriptor + static_cast<int>(sockets.size())));
  out.push_back("LISTEN_PID=0000000000");  // the child writes its own number; last
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// In the child, between fork and exec: system calls alone.
[[noreturn]] void become(const char* program, char** words, char** environment, char* number,
                         std::span<const int> descriptors) {
  const pid_t self = ::getpid();
  for (int i = 9, rest = self; i >= 0; --i, rest /= 10) number[i] = static_cast<char>('0' + rest % 10);
  for (std::size_t i = 0; i < descriptors.size(); ++i)
    if (::dup2(descriptors[i], first_descriptor + static_cast<int>(i)) < 0) ::_exit(127);
  const unsigned after = static_cast<unsigned>(first_descriptor) + static_cast<unsigned>(descriptors.size());
  if (::close_range(after, ~0U, 0) != 0)  // locks, connections, the engine's files: none of them is the child's
    for (unsigned one = after; one < 65'536; ++one) ::close(static_cast<int>(one));
  ::execve(program, words, environment);
  ::_exit(127);
}

}  // namespace

Result<std::vector<Inherited>> inherited_sockets() {
  const char* given = std::getenv("LISTEN_FDNAMES");
  const std::string names = given != nullptr ? given : "";
  ::unsetenv("LISTEN_FDNAMES");
  std::vector<Inherited> out;
  const auto called = split(names, ':');
  for (const int descriptor : net::inherited_descriptors()) {
    ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    const std::size_t i = out.size();
    out.push_back({descriptor, i < called.size() ? std::string(called[i]) : "", TRY(bound_to(descriptor))});
  }
  return out;
}

Predecessor::Predecessor() {
  const char* text = std::getenv(socket_variable);
  const auto number = text != nullptr ? parse_int(text) : std::nullopt;
  ::unsetenv(socket_variable);
  if (!number || *number < first_descriptor || *number > 65'535) return;
  int type = 0;
  socklen_t size = sizeof type;
  const int socket = static_cast<int>(*number);
  if (::getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return;
  socket_ = socket;
  ::fcntl(socket_, F_SETFD, FD_CLOEXEC);
}

Predecessor::~Predecessor() {
  if (socket_ >= 0) ::close(socket_);
}

Result<> Predecessor::take_over(Nanos most) {
  if (socket_ < 0) return {};
  send(socket_, 'r');
  bool late = false;
  if (receive(socket_, most, late) == 'j') return {};
  // Where it has ended without a word its locks are free too.
  if (late) return fail(ErrorKind::unavailable, "the server that was to hand over does not let go of the journal");
  return {};
}

bool Predecessor::wait_for_end(Nanos most) const {
  bool late = false;
  if (socket_ >= 0) receive(socket_, most, late);
  return !late;
}

Result<Successor> Successor::start(const Command& command, std::span<const Inherited> sockets) {
  if (::getpid() == 1)
    return fail(ErrorKind::invalid, "the first process of a container ends it: replace the container instead");
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return fail(ErrorKind::unavailable, "a pair of sockets: {}", std::strerror(errno));
  std::vector<int> descriptors;
  for (const auto& one : sockets) descriptors.push_back(::fcntl(one.descriptor, F_DUPFD_CLOEXEC, out_of_the_way));
  descriptors.push_back(::fcntl(ends[1], F_DUPFD_CLOEXEC, out_of_the_way));
  ::close(ends[1]);
  std::vector<std::string> words = command.words, environment = environment_for(sockets);
  const auto argv = pointers(words), envp = pointers(environment);
  char* number = environment.back().data() + std::strlen("LISTEN_PID=");
  const pid_t child = ::_Fork();
  if (child == 0)
    become(command.program.c_str(), const_cast<char**>(argv.data()), const_cast<char**>(envp.data()), number,
           descriptors);
  const int why = errno;
  for (const int one : descriptors) ::close(one);
  if (child < 0) {
    ::close(ends[0]);
    return fail(ErrorKind::unavailable, "no process can be started: {}", std::strerror(why));
  }
  return Successor(ends[0], child);
}

Successor::Successor(Successor&& from) noexcept
    : socket_(std::exchange(from.socket_, -1)),
      process_(std::exchange(from.process_, -1)),
      took_over_(from.took_over_) {}

Successor::~Successor() {
  if (took_over_ || process_ < 0) return;  // the socket stays open for as long as this process lives
  ::close(socket_);
  for (int i = 0; i < 200; ++i) {  // it may still be saying why
    if (::waitpid(process_, nullptr, WNOHANG) != 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

Result<> Successor::wait_until_ready(Nanos most) {
  bool late = false;
  if (receive(socket_, most, late) == 'r') return {};
  if (late) return fail(ErrorKind::unavailable, "the new process said nothing for {} s", most / second);
  return fail(ErrorKind::unavailable, "the new process ended before it took over; its own words are in the log");
}

void Successor::journal_is_free() {
  took_over_ = true;
  send(socket_, 'j');
}

}  // namespace pawl::app
