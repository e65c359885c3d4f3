// One event from any thread that one coroutine waits for: how a coroutine learns of the journal's sync.
#pragma once
#include <memory>

#include "net/task.h"

namespace pawl::net {

class Latch {
 public:
  Latch();
  // Any thread, once. The waiting coroutine goes on on its own loop.
  void open() const;
  // Returns at once where it is open already. One coroutine only. Whoever opens must be sure to come: there is no
  // deadline here (the journal answers every append, if need be with an error).
  Task<void> wait() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace pawl::net
