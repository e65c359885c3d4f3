// Live traffic: sessions of ordinary days, told step by step as time passes.
#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>

#include "demo/demo.h"
#include "demo/sender.h"

namespace pawl::demo {
namespace {

constexpr Nanos longest = 60 * second;  // sessions that take longer are not drawn
constexpr Nanos give_up = 60 * second;  // with a step that the server does not take
constexpr double impatience = 0.2;      // users' pauses, against those of the staged days

struct Due {
  const Row* row = nullptr;
  Spoken span;
};

// The newest version of each agent, on days without an incident.
std::vector<const Row*> ordinary(const Fleet& fleet) {
  std::map<std::string_view, std::string_view> newest;
  for (const Row& row : fleet.rows) newest[row.agent] = row.version;
  std::vector<const Row*> rows;
  for (const Row& row : fleet.rows) {
    const bool fits = row.incidents.empty() && !row.blocked && row.duration <= longest;
    if (fits && row.version == newest[row.agent]) rows.push_back(&row);
  }
  return rows;
}

class Live {
 public:
  Live(const Fleet& fleet, const std::string& url, const StageOptions& options)
      : rows_(ordinary(fleet)), sender_(url, options.key) {}

  void run(std::stop_token stop) {
    Nanos next = clock_.now() + second;
    for (unsigned drawn = 0; !stop.stop_requested();) {
      const Nanos now = clock_.now();
      if (next <= now) {
        draw(now);
        // The first ones come quicker, so that there is something to see at once.
        const Nanos least = drawn < 2 ? 4 : 20, most = drawn < 2 ? 10 : 60;
        next = now + (least + static_cast<Nanos>(random_.below(static_cast<std::uint64_t>(most - least)))) * second;
        ++drawn;
      }
      send_due(now);
      wait_until(due_.empty() ? next : std::min(next, due_.begin()->first), stop);
    }
  }

 private:
  void draw(Nanos now) {
    const Row& row = *rows_[random_.below(rows_.size())];
    const Dialect& dialect = dialect_of(row);
    const Session session = stage_session(row, {.seed = random_.next(),
                                                .start = now,
                                                .latest = now + 10 * minute,
                                                .pauses = impatience,
                                                .id = fmt::format("live-{:012x}", random_.next() >> 16U)});
    const Fragments fragments(*row.trajectory, dialect.shape);
    std::vector<Spoken> spans;
    for (const Turn& turn : session.turns) dialect.turn({dialect, session, turn, fragments, spans});
    for (Spoken& span : spans) {
      const Nanos end = span.end;
      due_.emplace(end, Due{&row, std::move(span)});
    }
  }

  void send_due(Nanos now) {
    while (!due_.empty() && due_.begin()->first <= now) {
      auto node = due_.extract(due_.begin());
      const Nanos first = node.mapped().span.end;
      std::vector<Spoken> one;
      one.push_back(node.mapped().span);
      if (sender_.send(*node.mapped().row, one, 0) || now - first > give_up) continue;
      node.key() = now + second;
      due_.insert(std::move(node));
    }
  }

  void wait_until(Nanos time, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const Nanos left = std::max<Nanos>(time - clock_.now(), 10 * millisecond);
    wake_.wait_for(lock, stop, std::chrono::nanoseconds(left), [] { return false; });
  }

  std::vector<const Row*> rows_;
  Sender sender_;
  SystemClock clock_;
  SystemRandom random_;
  std::multimap<Nanos, Due> due_;  // by the end of the step, or when to try again
  std::mutex mutex_;
  std::condition_variable_any wake_;
};

}  // namespace

Result<> run_live(const std::string& url, const StageOptions& options, std::stop_token stop) {
  const Fleet fleet = TRY(load_fleet());
  Live(fleet, url, options).run(std::move(stop));
  return {};
}

}  // namespace pawl::demo
