// Serving: the one list of everything that a running Pawl is made of, in start order.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "config.h"
#include "process.h"
#include "slices.h"

namespace pawl::app {

// A running server. Destroyed: stopped in order, nothing acknowledged is lost.
class Installation {
 public:
  // Takes the data directory, listens, accepts; then opens the engine and recovers in the calling thread. Ends with an
  // error where it cannot start: `conflict` names who holds the directory or the port.
  static Result<std::unique_ptr<Installation>> start(const Config& config, const Log& log);
  // The same over a data directory that no server holds, without listening: for commands.
  static Result<std::unique_ptr<Installation>> open(const Config& config, const Log& log);
  // With every route and an empty ledger, on the data directory of `config`, and nothing running: to describe.
  static Result<std::unique_ptr<Installation>> hollow(const Config& config, const Log& log);
  ~Installation();
  Installation(const Installation&) = delete;
  Installation& operator=(const Installation&) = delete;

  // What a server would answer to this request for a project, by its name. Whoever can read the directory may do all.
  struct Answer {
    int status = 0;
    std::string body;
  };
  Result<Answer> ask(std::string method, std::string target, std::string body, std::string_view project);
  Result<std::vector<Slice>> slices() const;
  const net::Router& router() const;

  std::string url() const;            // http://127.0.0.1:7295
  bool wait_ready(Nanos most) const;  // until queries see everything acknowledged
  bool drain(Nanos most) const;       // until everything acknowledged is stored
  // Into DATA/backups/NAME: ledger, warehouse, keys; all that was acknowledged before the call. Gives a JSON report.
  // `conflict` where that name exists. Blocks for as long as the copy takes.
  Result<std::string> backup(const std::string& name) const;
  // Reads the certificate again.
  void reload();
  // Starts the program anew on this one's sockets and steps aside for it (handover.h). Done: what is left is to end. An
  // error: nothing has changed.
  Result<> hand_over(const Command& command);

 private:
  struct Parts;
  explicit Installation(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// `pawl serve`: until SIGTERM or SIGINT, or until SIGUSR2 has handed it over; SIGHUP reads certificates. The result is
// the exit code. `meanwhile`, where given, runs on a thread of its own once the server is ready, and should end when
// the flag is raised.
int serve(const Config& config, const Log& log,
          std::function<void(Installation&, const std::atomic<bool>& stop)> meanwhile = nullptr);

}  // namespace pawl::app
