// The thread that asks whether anybody still waits.
#include "cancellations.h"

#include <fmt/format.h>

#include <chrono>
#include <vector>

namespace pawl::warehouse {

Cancellations::Cancellations(std::function<void(const std::string&)> kill)
    : kill_(std::move(kill)), thread_([this] { run(); }) {}

Cancellations::~Cancellations() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  news_.notify_one();
  thread_.join();
}

Cancellations::Watched::Watched(Cancellations& all, const std::function<bool()>& gone) : all_(all) {
  if (!gone) return;
  {
    const std::lock_guard lock(all_.mutex_);
    tag_ = fmt::format("pawl-{}-{}", static_cast<const void*>(&all_), ++all_.next_);
    all_.watched_.emplace(tag_, &gone);
  }
  all_.news_.notify_one();
}

Cancellations::Watched::~Watched() {
  if (tag_.empty()) return;
  const std::lock_guard lock(all_.mutex_);
  all_.watched_.erase(tag_);
}

std::string Cancellations::kill_sql(const std::string& tag) {
  return fmt::format("KILL QUERY WHERE Settings['log_comment'] = '{}' ASYNC", tag);
}

void Cancellations::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    news_.wait(lock, [&] { return stopping_ || !watched_.empty(); });
    news_.wait_for(lock, std::chrono::milliseconds(100), [&] { return stopping_; });
    std::vector<std::string> gone;
    for (const auto& [tag, asked] : watched_)
      if ((*asked)()) gone.push_back(tag);
    for (const auto& tag : gone) watched_.erase(tag);
    if (gone.empty()) continue;
    lock.unlock();
    for (const auto& tag : gone) kill_(tag);
    lock.lock();
  }
}

}  // namespace pawl::warehouse
