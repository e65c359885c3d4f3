// The queue behind an event stream.
#include "net/channel.h"

#include <boost/asio.hpp>
#include <deque>
#include <mutex>

#include "net/cancel.h"

namespace pawl::net {

namespace asio = boost::asio;

struct Channel::State {
  std::mutex lock;
  std::deque<std::string> queue;
  std::size_t most_items = 0, most_bytes = 0, bytes = 0;
  std::uint64_t dropped = 0;
  bool closed = false;
  std::shared_ptr<asio::steady_timer> waiting;  // the reader's; touched on its loop only, but for the pointer

  // Under the lock. The timer is cancelled on its own thread.
  void wake() {
    if (auto timer = std::exchange(waiting, nullptr)) asio::post(timer->get_executor(), [timer] { timer->cancel(); });
  }
};

Channel::Channel(std::size_t most_items, std::size_t most_bytes) : state_(std::make_shared<State>()) {
  state_->most_items = most_items;
  state_->most_bytes = most_bytes;
}

Channel::~Channel() {
  close();
}

bool Channel::push(std::string item) {
  std::lock_guard hold(state_->lock);
  if (state_->closed) return false;
  if (state_->queue.size() >= state_->most_items || state_->bytes + item.size() > state_->most_bytes) {
    ++state_->dropped;
    return false;
  }
  state_->bytes += item.size();
  state_->queue.push_back(std::move(item));
  state_->wake();
  return true;
}

void Channel::close() {
  std::lock_guard hold(state_->lock);
  state_->closed = true;
  state_->wake();
}

bool Channel::closed() const {
  std::lock_guard hold(state_->lock);
  return state_->closed;
}

std::uint64_t Channel::dropped() const {
  std::lock_guard hold(state_->lock);
  return state_->dropped;
}

Task<Channel::Got> Channel::pop(std::string& into, Nanos wait) {
  std::shared_ptr<State> state = state_;
  auto timer = std::make_shared<asio::steady_timer>(co_await asio::this_coro::executor, std::chrono::nanoseconds(wait));
  for (int look = 0; look < 2; ++look) {
    {
      std::lock_guard hold(state->lock);
      state->waiting = nullptr;
      if (!state->queue.empty()) {
        for (const std::string& item : state->queue) into += item;
        state->queue.clear();
        state->bytes = 0;
        co_return Got::item;
      }
      if (state->closed) co_return Got::closed;
      if (look == 1) co_return Got::quiet;
      state->waiting = timer;
    }
    co_await timer->async_wait(asio::as_tuple(asio::use_awaitable));
  }
  co_return Got::quiet;
}

}  // namespace pawl::net
