// An upgrade without a refused connection: a running server starts its program anew and gives it the listening sockets.
//
//   the old one                        the new one
//   starts it, with the sockets   →    reads its settings
//                                 ←    "r": would take over
//   answers what has come by now, stops its server, closes the journal
//   "j"                           →    opens the journal, accepts, acknowledges
//   closes its engine, ends       →    opens the engine, recovers, answers queries
//
// Connections that come meanwhile wait in the sockets' queues. Until the "r" any fault leaves the old one as it was.
#pragma once
#include <sys/types.h>

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "config.h"
#include "process.h"

namespace pawl::app {

struct Inherited {
  int descriptor = -1;  // listens, TCP
  std::string name;     // "main", "otlp-http", "otlp-grpc", or what systemd calls it
  Address address;      // where it is bound
};

// From an older Pawl or from systemd (LISTEN_FDS, LISTEN_FDNAMES); the variables are cleared. Not for later processes.
// What is no listening TCP socket is an error.
Result<std::vector<Inherited>> inherited_sockets();

// In the new process: the one that started it, where one did.
class Predecessor {
 public:
  Predecessor();
  ~Predecessor();
  Predecessor(const Predecessor&) = delete;
  Predecessor& operator=(const Predecessor&) = delete;
  // Says that this process would take over, and waits until the journal is free. Nothing where there is none.
  Result<> take_over(Nanos most);
  // False where it has not ended by then.
  bool wait_for_end(Nanos most) const;

 private:
  int socket_ = -1;
};

// In the old process: the one that it started.
class Successor {
 public:
  static Result<Successor> start(const Command& command, std::span<const Inherited> sockets);
  Successor(Successor&& from) noexcept;
  Successor& operator=(Successor&&) = delete;
  ~Successor();  // where it has not taken over it is ended
  // `unavailable` where it ended (its own words are on standard error) or said nothing in time.
  Result<> wait_until_ready(Nanos most);
  void journal_is_free();
  pid_t process() const { return process_; }

 private:
  Successor(int socket, pid_t process) : socket_(socket), process_(process) {}
  int socket_ = -1;  // open until this process ends: that is how the other one learns of it
  pid_t process_ = -1;
  bool took_over_ = false;
};

}  // namespace pawl::app
