// A queue, threads, and the way back to the coroutine that waits.
#include "net/pool.h"

#include <boost/asio.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace pawl::net {

namespace asio = boost::asio;

namespace {
struct Job {
  std::function<void()> work;
  Cancel cancel;
  std::move_only_function<void(Result<>)> done;  // any thread: posts to the waiting coroutine's loop
};

Result<> perform(Job& job) {
  if (job.cancel.requested()) return fail(ErrorKind::unavailable, "The request ended before its work could begin.");
  try {
    job.work();
    return {};
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& fault) {
    return fail(ErrorKind::corrupt, "Work on the pool failed: {}", fault.what());
  }
}
}  // namespace

struct Pool::State {
  std::mutex lock;
  std::condition_variable wake;
  std::deque<Job> queue;
  std::size_t most_queued = 0, running = 0;
  bool stopping = false;
  std::vector<std::thread> threads;

  void work() {
    std::unique_lock hold(lock);
    for (;;) {
      wake.wait(hold, [&] { return stopping || !queue.empty(); });
      if (queue.empty()) return;
      Job job = std::move(queue.front());
      queue.pop_front();
      ++running;
      hold.unlock();
      Result<> ended = perform(job);
      job.work = nullptr;
      job.done(std::move(ended));
      job.done = nullptr;
      hold.lock();
      --running;
    }
  }

  Result<> push(Job& job) {
    std::lock_guard hold(lock);
    if (stopping) return fail(ErrorKind::unavailable, "The server is stopping; try again.");
    if (queue.size() >= most_queued)
      return fail(ErrorKind::unavailable, "The server is busy ({} requests wait); try again.", queue.size());
    queue.push_back(std::move(job));
    wake.notify_one();
    return {};
  }
};

Pool::Pool(int threads, std::size_t most_queued) : state_(std::make_shared<State>()) {
  state_->most_queued = most_queued;
  for (int i = 0; i < std::max(1, threads); ++i) {
    state_->threads.emplace_back([state = state_] {
      ::pthread_setname_np(::pthread_self(), "pawl-pool");
      state->work();
    });
  }
}

Pool::~Pool() {
  stop();
}

Task<Result<>> Pool::run(std::function<void()> work, Cancel cancel) {
  auto begin = [state = state_, &work, &cancel](auto handler) {
    auto executor = asio::get_associated_executor(handler);
    auto done = [executor, handler = std::move(handler)](Result<> ended) mutable {
      asio::post(executor, [handler = std::move(handler), ended = std::move(ended)]() mutable {
        std::move(handler)(std::move(ended));
      });
    };
    Job job{std::move(work), cancel, std::move(done)};
    if (Result<> queued = state->push(job); !queued) job.done(std::move(queued));
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(Result<>)>(begin, asio::use_awaitable);
}

void Pool::stop() {
  std::deque<Job> refused;
  std::vector<std::thread> threads;
  {
    std::lock_guard hold(state_->lock);
    state_->stopping = true;
    refused.swap(state_->queue);
    threads.swap(state_->threads);
    state_->wake.notify_all();
  }
  for (Job& job : refused) job.done(fail(ErrorKind::unavailable, "The server is stopping; try again."));
  for (std::thread& thread : threads) thread.join();
}

std::size_t Pool::queued() const {
  std::lock_guard hold(state_->lock);
  return state_->queue.size();
}

std::size_t Pool::running() const {
  std::lock_guard hold(state_->lock);
  return state_->running;
}

}  // namespace pawl::net
