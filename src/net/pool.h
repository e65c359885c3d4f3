// Threads for work that blocks or computes, behind one bounded queue.
#pragma once
#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/result.h"
#include "net/cancel.h"
#include "net/task.h"

namespace pawl::net {

class Pool {
 public:
  Pool(int threads, std::size_t most_queued);
  ~Pool();  // stop()
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Waits until `work` has run on a pool thread. `unavailable` without having run it: the queue is full, the cancel
  // flag was raised or its deadline passed before its turn, or the pool stops. Once begun it is always waited for, so
  // it may refer to what the awaiting coroutine owns; long work polls the flag that on_pool hands to it.
  Task<Result<>> run(std::function<void()> work, Cancel cancel);
  void stop();  // refuses the queue, waits for what runs
  std::size_t queued() const;
  std::size_t running() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

namespace detail {
template <typename T>
struct AsResult {
  using type = Result<T>;
};
template <typename T>
struct AsResult<Result<T>> {
  using type = Result<T>;
};
}  // namespace detail

// `co_await on_pool(pool, request.cancel, [&](const Cancel& stop) -> Result<Rows> { … })`; `work` may also take
// nothing, and return a plain value. Library exceptions must be caught inside `work`; one that escapes is `corrupt`.
template <typename F>
auto on_pool(Pool& pool, Cancel cancel, F work) {
  constexpr bool wants_flag = std::is_invocable_v<F&, const Cancel&>;
  using Given =
      typename std::conditional_t<wants_flag, std::invoke_result<F&, const Cancel&>, std::invoke_result<F&>>::type;
  using Answer = typename detail::AsResult<Given>::type;
  return [](Pool& pool_, Cancel cancel_, F work_) -> Task<Answer> {
    auto call = [&]() -> Given {
      if constexpr (wants_flag)
        return work_(std::as_const(cancel_));
      else
        return work_();
    };
    if constexpr (std::is_void_v<Given>) {
      co_return co_await pool_.run([&] { call(); }, cancel_);
    } else {
      std::optional<Answer> out;
      Result<> ran = co_await pool_.run([&] { out.emplace(call()); }, cancel_);
      if (!ran) co_return std::unexpected(std::move(ran.error()));
      co_return std::move(*out);
    }
  }(pool, std::move(cancel), std::move(work));
}

}  // namespace pawl::net
