// The latch.
#include "net/latch.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <mutex>

namespace pawl::net {

namespace asio = boost::asio;

struct Latch::State {
  std::mutex mutex;
  bool is_open = false;
  std::move_only_function<void()> resume;
};

Latch::Latch() : state_(std::make_shared<State>()) {}

void Latch::open() const {
  std::move_only_function<void()> resume;
  {
    const std::lock_guard lock(state_->mutex);
    state_->is_open = true;
    resume = std::move(state_->resume);
  }
  if (resume) resume();
}

Task<void> Latch::wait() const {
  const auto state = state_;
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      [state](auto handler) {
        auto executor = asio::get_associated_executor(handler);
        std::move_only_function<void()> resume = [executor, handler = std::move(handler)]() mutable {
          asio::post(executor, std::move(handler));
        };
        {
          const std::lock_guard lock(state->mutex);
          if (!state->is_open) {
            state->resume = std::move(resume);
            return;
          }
        }
        resume();
      },
      asio::use_awaitable);
}

}  // namespace pawl::net
