// Staging: rows in batches of one service each, the newest first, over several connections.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "demo/demo.h"
#include "demo/sender.h"

namespace pawl::demo {
namespace {

constexpr std::size_t batch_spans = 200, batch_bytes = 900U << 10;
// The server is not pushed further ahead of its warehouse: it would refuse, and what it refuses is counted and shown.
constexpr std::uint64_t most_waiting = 6'000;  // spans; some of the crew's are 30 KB
constexpr unsigned jobs_a_look = 8;
constexpr Nanos show_after = 2 * second;

struct Job {  // of one dialect and version
  std::vector<const Row*> rows;
  Nanos newest = 0;
};

// About how much a session is on the wire: its tokens are a quarter of its characters.
std::size_t bytes_of(const Row& row) {
  return static_cast<std::size_t>(row.input_tokens + row.output_tokens) * 4 + row.llm_calls * 4'000 + 2'000;
}
std::size_t spans_of(const Row& row) {
  return row.llm_calls * 2 + 3;
}

std::vector<Job> jobs_of(const Fleet& fleet) {
  struct Open {
    Job job;
    std::size_t bytes = 0, spans = 0;
  };
  std::map<std::pair<const Dialect*, std::string>, Open> open;
  std::vector<Job> jobs;
  for (auto row = fleet.rows.rbegin(); row != fleet.rows.rend(); ++row) {
    Open& into = open[{&dialect_of(*row), row->version}];
    if (!into.job.rows.empty() &&
        (into.bytes + bytes_of(*row) > batch_bytes || into.spans + spans_of(*row) > batch_spans)) {
      jobs.push_back(std::move(into.job));
      into = {};
    }
    if (into.job.rows.empty()) into.job.newest = row->at;
    into.job.rows.push_back(&*row);
    into.bytes += bytes_of(*row);
    into.spans += spans_of(*row);
  }
  for (auto& [key, left] : open) {
    if (!left.job.rows.empty()) jobs.push_back(std::move(left.job));
  }
  std::ranges::sort(jobs, std::greater(), &Job::newest);
  return jobs;
}

class Stage {
 public:
  Stage(const Fleet& fleet, const std::string& url, const StageOptions& options, Nanos now)
      : fleet_(fleet), url_(url), options_(options), now_(now), day0_((now - fleet_days) / hour * hour) {
    for (const Row& row : fleet.rows) {
      auto& made = fragments_[row.trajectory];
      if (!made) made = std::make_unique<Fragments>(*row.trajectory, dialect_of(row).shape);
    }
  }

  Result<Staged> run() {
    const Nanos began = clock_.monotonic();
    jobs_ = jobs_of(fleet_);
    {
      std::vector<std::jthread> threads;
      for (unsigned i = 0; i < std::max(1U, options_.connections); ++i) threads.emplace_back([this] { work(); });
      do show(began);
      while (working_ > 0);
    }
    if (shown_) std::fputc('\n', stderr);
    if (error_) return std::unexpected(*error_);
    TRY(Sender(url_, options_.key).wait_until_stored(total_.spans, day0_, options_.patience));
    total_.time = clock_.monotonic() - began;
    return total_;
  }

 private:
  void work() {
    Sender sender(url_, options_.key);
    for (;;) {
      const std::size_t at = next_++;
      if (at >= jobs_.size()) break;
      keep_pace(sender, at);
      const auto done = send(sender, jobs_[at]);
      const std::lock_guard lock(mutex_);
      if (!done && !error_) error_ = done.error();
      if (error_) break;
    }
    --working_;
  }

  void keep_pace(Sender& sender, std::size_t job) {
    const std::lock_guard lock(pace_);  // who waits here lets the others wait too
    if (job % jobs_a_look != 0) return;
    const Nanos until = clock_.monotonic() + options_.patience;
    while (sender.waiting() > most_waiting && clock_.monotonic() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(25));
    }
  }

  Result<> send(Sender& sender, const Job& job) {
    std::vector<Spoken> spans;
    std::size_t bytes = 0;
    Staged sum;
    const auto flush = [&]() -> Result<> {
      if (spans.empty()) return {};
      const Sent sent = TRY(sender.send(*job.rows.front(), spans, options_.patience));
      sum.spans += spans.size(), sum.bytes += sent.bytes, sum.sent_bytes += sent.sent_bytes, ++sum.requests;
      spans.clear();
      bytes = 0;
      return {};
    };
    for (const Row* row : job.rows) {
      const Session session = stage_session(*row, {.seed = options_.seed, .start = day0_ + row->at, .latest = now_});
      const Dialect& dialect = dialect_of(*row);
      ++sum.sessions;
      for (const Turn& turn : session.turns) {
        const std::size_t first = spans.size();
        dialect.turn({dialect, session, turn, *fragments_.at(row->trajectory), spans});
        ++sum.traces;
        for (std::size_t i = first; i < spans.size(); ++i) bytes += spans[i].bytes.size();
      }
      if (bytes > batch_bytes) TRY(split(spans, flush));
    }
    TRY(flush());
    const std::lock_guard lock(mutex_);
    total_.sessions += sum.sessions, total_.traces += sum.traces, total_.spans += sum.spans;
    total_.requests += sum.requests, total_.bytes += sum.bytes, total_.sent_bytes += sum.sent_bytes;
    return {};
  }

  // A session of many megabytes goes in several requests, as an exporter's queue would send it.
  template <typename F>
  static Result<> split(std::vector<Spoken>& spans, F&& flush) {
    std::vector<Spoken> all = std::move(spans);
    spans.clear();
    std::size_t bytes = 0;
    for (Spoken& span : all) {
      if (bytes + span.bytes.size() > batch_bytes) {
        TRY(flush());
        bytes = 0;
      }
      bytes += span.bytes.size();
      spans.push_back(std::move(span));
    }
    return flush();
  }

  // A line that is written over on a terminal; elsewhere one at the end.
  void show(Nanos began) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const Nanos passed = clock_.monotonic() - began;
    const bool terminal = isatty(STDERR_FILENO) == 1, last = working_ == 0;
    if (!options_.progress || passed < show_after || (!terminal && !last)) return;
    if (!last && passed < shown_at_ + second / 4) return;
    const std::lock_guard lock(mutex_);
    shown_ = true;
    shown_at_ = passed;
    const std::string line = fmt::format("{}demo: {} of {} sessions, {} spans, {:.1f} s", terminal ? "\r" : "",
                                         total_.sessions, fleet_.rows.size(), total_.spans, seconds(passed));
    std::fputs(line.c_str(), stderr);
  }

  const Fleet& fleet_;
  const std::string& url_;
  const StageOptions& options_;
  Nanos now_, day0_;
  SystemClock clock_;
  std::map<const Trajectory*, std::unique_ptr<const Fragments>> fragments_;
  std::vector<Job> jobs_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<int> working_{static_cast<int>(std::max(1U, options_.connections))};
  std::mutex mutex_, pace_;
  Staged total_;
  std::optional<Error> error_;
  bool shown_ = false;
  Nanos shown_at_ = 0;
};

}  // namespace

Result<Staged> stage(const std::string& url, const StageOptions& options) {
  const Fleet fleet = TRY(load_fleet());
  return Stage(fleet, url, options, options.now != 0 ? options.now : SystemClock().now()).run();
}

}  // namespace pawl::demo
