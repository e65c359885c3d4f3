// The io threads, and groups of coroutines that are joined: nothing runs detached.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "net/cancel.h"
#include "net/task.h"

namespace pawl::net {

// Owns `threads` threads, each with one event loop of its own: what starts on a loop stays on its thread, so state of
// one connection or one task needs no lock. Outlives everything that runs on it.
class Io {
 public:
  explicit Io(int threads = 2);
  ~Io();  // stops the loops and joins the threads
  Io(const Io&) = delete;
  Io& operator=(const Io&) = delete;
  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// Inside a coroutine: waits. False when the group is being cancelled meanwhile.
Task<bool> sleep(Nanos duration);

// Coroutines started together and ended together. A task that throws is logged by its name and ends alone.
class Tasks {
 public:
  Tasks(Io& io, const Log& log);
  ~Tasks();  // cancel() and join()
  Tasks(const Tasks&) = delete;
  Tasks& operator=(const Tasks&) = delete;

  // Any thread. The task gets the group's flag; sleep() and socket operations inside it return early once it is raised.
  void spawn(std::string name, std::function<Task<void>(Cancel)> task);
  void cancel();  // any thread
  void join();    // blocks; not from an io thread
  std::size_t running() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Runs one coroutine on an event loop of this thread, to its end; for commands and tests.
void run_here(std::function<Task<void>()> task);

}  // namespace pawl::net
