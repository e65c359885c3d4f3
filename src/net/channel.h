// A bounded queue of text from any thread to one event stream; a slow reader loses items, never memory.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/time.h"
#include "net/task.h"

namespace pawl::net {

class Channel {
 public:
  explicit Channel(std::size_t most_items = 1'024, std::size_t most_bytes = 4U << 20);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Any thread, never waits. False when it was dropped: the queue is full, or the other end has gone.
  bool push(std::string item);
  void close();         // either end; what is queued is still delivered
  bool closed() const;  // a publisher drops its handle then
  std::uint64_t dropped() const;

  enum class Got { item, quiet, closed };
  // The reader's end: joins what is queued into `into`; quiet when nothing came for `wait`.
  Task<Got> pop(std::string& into, Nanos wait);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace pawl::net
