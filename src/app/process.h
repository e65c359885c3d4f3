// The process around a server: its descriptors, the signals that it waits for, its supervisor, what it costs.
#pragma once
#include <csignal>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::app {

// Before any thread: as many descriptors as the system allows, no death by a closed pipe, few arenas of memory.
void prepare_process();

// TERM and INT end, HUP reads again, USR2 hands over. Blocked in the thread that makes this and in all that it starts.
class Signals {
 public:
  Signals();
  int wait() const;  // which one came

 private:
  sigset_t set_;
};

// The program and its words, as this process was started; taken early, before an upgrade replaces the file.
struct Command {
  std::string program;
  std::vector<std::string> words;  // the first is the program's name
  static Command of_this_process();
};

// "READY=1", "MAINPID=4711" to systemd where it started us and listens (sd_notify(3)); else nothing.
void notify_supervisor(std::string_view state);

void write_process_metrics(std::string& out);

}  // namespace pawl::app
