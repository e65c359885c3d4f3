// Rebuilding tables beside the work.
#include "table_care.h"

namespace pawl::app {

Result<> TableCare::begin(warehouse::Warehouse& warehouse) {
  later_ = TRY(warehouse::migrate(warehouse, schema_, program_, log_));
  left_ = later_.size();
  return {};
}

void TableCare::go_on(warehouse::Warehouse& warehouse, std::function<bool()> ready) {
  if (later_.empty()) return;
  say(fmt::format("{} is made anew: waiting", later_.front().table));
  thread_ = std::thread([this, &warehouse, ready = std::move(ready)] { run(warehouse, ready); });
}

void TableCare::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

std::string TableCare::progress() const {
  const std::lock_guard lock(mutex_);
  return progress_;
}

void TableCare::say(std::string what) {
  const std::lock_guard lock(mutex_);
  progress_ = std::move(what);
}

bool TableCare::wait(Nanos time) const {
  for (const Nanos step = 50 * millisecond; time > 0 && !stopping_; time -= step)
    std::this_thread::sleep_for(std::chrono::nanoseconds(step));
  return !stopping_;
}

void TableCare::run(warehouse::Warehouse& warehouse, const std::function<bool()>& ready) {
  while (!ready())
    if (!wait(200 * millisecond)) return;
  for (const auto& step : later_) {
    const warehouse::Pace pace{.go_on = [&](double share) {
      say(fmt::format("{} is made anew: {:.0f} %", step.table, share * 100));
      return wait(250 * millisecond);  // the writer and the readers come first
    }};
    for (Nanos pause = 10 * second;; pause = std::min(2 * pause, 10 * minute)) {
      const auto done = warehouse::rebuild(warehouse, schema_, step, program_, pace, log_);
      if (done && *done) break;
      if (done) return;
      say(fmt::format("{} is not made anew: {}", step.table, done.error().what));
      log_.warn("a table is not made anew; trying again",
                {{"table", std::string(step.table)}, {"why", done.error().what}});
      if (!wait(pause)) return;
    }
    --left_;
  }
  say("");
}

}  // namespace pawl::app
