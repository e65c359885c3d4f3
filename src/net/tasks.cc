// Event loops on threads, and groups of coroutines.
#include "net/tasks.h"

#include <condition_variable>
#include <mutex>

#include "net/detail/loop.h"

namespace pawl::net {

namespace asio = boost::asio;
using detail::as_value;

void detail::Loop::next_tick() {
  ticking_ = true;
  timer_.expires_after(tick);
  timer_.async_wait([this](boost::system::error_code) {
    ticking_ = false;
    if (watched_.empty()) return;
    // A loop that was itself late judges nobody in this turn: what came meanwhile is still to be read.
    const bool late = std::chrono::steady_clock::now() > timer_.expiry() + tick / 2;
    if (late && !std::exchange(skipped_, true)) return next_tick();
    skipped_ = false;
    const std::vector<Swept*> now_watched(watched_.begin(), watched_.end());
    for (Swept* one : now_watched)
      if (watched_.contains(one)) one->sweep(monotonic_now());
    if (!watched_.empty() && !ticking_) next_tick();
  });
}

Io::Io(int threads) : impl_(std::make_unique<Impl>()) {
  for (int i = 0; i < std::max(1, threads); ++i) impl_->loops.push_back(std::make_unique<detail::Loop>());
  for (auto& loop : impl_->loops) loop->start();
}

Io::~Io() {
  for (auto& loop : impl_->loops) loop->stop();
  // What was still queued may own things that live on another loop: it runs while all loops are there.
  for (auto& loop : impl_->loops) loop->run_rest();
  if (impl_->abandon) static_cast<void>(impl_.release());
}

Task<bool> sleep(Nanos duration) {
  const auto before = co_await asio::this_coro::cancellation_state;
  if (before.cancelled() != asio::cancellation_type::none) co_return false;
  asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::nanoseconds(duration));
  auto [error] = co_await timer.async_wait(as_value);
  co_return !error;
}

struct Tasks::State : std::enable_shared_from_this<State> {
  State(Io& io_, const Log& log_) : io(io_), log(log_), cancel(Cancel::create()) {}
  struct One {
    asio::any_io_executor executor;
    asio::cancellation_signal signal;
  };
  Io& io;
  const Log& log;
  Cancel cancel;
  std::mutex lock;
  std::condition_variable ended;
  std::vector<std::shared_ptr<One>> all;

  void remove(const std::shared_ptr<One>& one) {
    std::lock_guard hold(lock);
    std::erase(all, one);
    ended.notify_all();
  }
};

namespace {
Task<void> interruptible(std::function<Task<void>(Cancel)> task, Cancel cancel) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await task(cancel);
}
}  // namespace

Tasks::Tasks(Io& io, const Log& log) : state_(std::make_shared<State>(io, log)) {}

Tasks::~Tasks() {
  cancel();
  join();
}

void Tasks::spawn(std::string name, std::function<Task<void>(Cancel)> task) {
  auto one = std::make_shared<State::One>();
  one->executor = state_->io.impl().next().context().get_executor();
  {
    std::lock_guard hold(state_->lock);
    if (state_->cancel.raised()) return;
    state_->all.push_back(one);
  }
  asio::post(one->executor, [state = state_, one, name = std::move(name), task = std::move(task)]() mutable {
    auto slot = one->signal.slot();
    auto ended = [state, one, name = std::move(name)](std::exception_ptr thrown) {
      if (thrown) {
        try {
          std::rethrow_exception(thrown);
        } catch (const std::exception& fault) {
          state->log.error("task ended by an exception", {{"task", name}, {"what", fault.what()}});
        }
      }
      state->remove(one);
    };
    asio::co_spawn(one->executor, interruptible(std::move(task), state->cancel),
                   asio::bind_cancellation_slot(slot, std::move(ended)));
  });
}

void Tasks::cancel() {
  state_->cancel.request();
  std::lock_guard hold(state_->lock);
  for (const auto& one : state_->all)
    asio::post(one->executor, [one] { one->signal.emit(asio::cancellation_type::terminal); });
}

void Tasks::join() {
  std::unique_lock hold(state_->lock);
  state_->ended.wait(hold, [&] { return state_->all.empty(); });
}

std::size_t Tasks::running() const {
  std::lock_guard hold(state_->lock);
  return state_->all.size();
}

void run_here(std::function<Task<void>()> task) {
  asio::io_context context(1);
  std::exception_ptr thrown;
  asio::co_spawn(context, task, [&](std::exception_ptr fault) { thrown = fault; });
  context.run();
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace pawl::net
