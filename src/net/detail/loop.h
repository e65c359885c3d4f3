// One io thread: its event loop, and the sweep that looks after everything on it four times a second.
#pragma once
#include <boost/asio.hpp>
#include <thread>
#include <unordered_set>
#include <vector>

#include "net/tasks.h"

namespace pawl::net::detail {

namespace asio = boost::asio;
inline constexpr auto as_value = asio::as_tuple(asio::use_awaitable);  // errors as values: 69 ns, not 5 µs

// Looked at by the sweep, on its loop's thread: deadlines need no timer of their own.
class Swept {
 public:
  Swept() = default;
  Swept(const Swept&) = delete;
  Swept& operator=(const Swept&) = delete;
  virtual ~Swept() = default;
  virtual void sweep(Nanos now) = 0;
};

class Loop {
 public:
  static constexpr auto tick = std::chrono::milliseconds(250);
  Loop() : context_(1), work_(asio::make_work_guard(context_)), timer_(context_) {}
  asio::io_context& context() { return context_; }
  void start() {
    thread_ = std::thread([this] {
      ::pthread_setname_np(::pthread_self(), "pawl-io");
      context_.run();
    });
  }
  void stop() {
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }
  void run_rest() {  // after stop()
    context_.restart();
    context_.poll();
  }
  // On this loop's thread only.
  void watch(Swept& one) {
    watched_.insert(&one);
    if (!ticking_) next_tick();
  }
  void forget(Swept& one) { watched_.erase(&one); }

 private:
  void next_tick();
  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  asio::steady_timer timer_;
  std::unordered_set<Swept*> watched_;
  bool ticking_ = false, skipped_ = false;
  std::thread thread_;
};

}  // namespace pawl::net::detail

namespace pawl::net {

struct Io::Impl {
  std::vector<std::unique_ptr<detail::Loop>> loops;
  std::atomic<std::size_t> turn{0};
  bool abandon = false;  // threads end, but the loops keep their memory: something still refers to it
  detail::Loop& next() { return *loops[turn.fetch_add(1, std::memory_order_relaxed) % loops.size()]; }
};

}  // namespace pawl::net
