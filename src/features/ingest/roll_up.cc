// The thread of the roll-ups.
#include "roll_up.h"

namespace pawl::ingest {
namespace {

constexpr std::uint64_t many_rows = 100'000;  // a query adds them up itself in some ten milliseconds
constexpr std::chrono::milliseconds tick{1000}, between_pieces{50}, longest{60'000};

}  // namespace

void RollUp::start(warehouse::Warehouse& warehouse) {
  if (rollups_ == nullptr) return;
  thread_ = std::thread([this, &warehouse] {
    ::pthread_setname_np(::pthread_self(), "pawl-rollups");
    run(warehouse);
  });
}

void RollUp::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ends_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool RollUp::wait(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return !ends_.wait_for(lock, time, [&] { return stopping_; });
}

BatchNumber RollUp::behind() const {
  const BatchNumber settled = writer_.settled(), done = done_;
  return rollups_ == nullptr || settled <= done ? 0 : settled - done;
}

void RollUp::run(warehouse::Warehouse& warehouse) {
  std::uint64_t rows = 0;  // that the writer had stored when it was last done
  std::chrono::milliseconds waited = longest;
  for (bool more = false; wait(more ? between_pieces : tick); waited += tick) {
    const BatchNumber settled = writer_.settled();
    const auto stats = writer_.stats();
    const std::uint64_t now = stats.spans + stats.corrections;
    if (settled <= done_ || (!more && waited < longest && now - rows < many_rows)) continue;
    const auto advanced = rollups_->advance(warehouse, settled);
    if (!advanced) log_.warn("the roll-ups fall behind; trying again", {{"why", advanced.error().what}});
    more = advanced.value_or(false);
    if (more) continue;
    waited = std::chrono::milliseconds(0), rows = now;
    if (advanced) done_ = settled;
  }
}

}  // namespace pawl::ingest
