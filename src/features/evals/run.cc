// Runs trials, several at once, and writes down each before the next.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>

#include "agent.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/text.h"
#include "evals.h"
#include "llm/json_scan.h"

namespace pawl::evals {
namespace {

namespace json = llm::json;
using Trial = std::pair<std::string, std::uint64_t>;  // case, number

Result<std::string> read_file(const std::string& path) {
  const std::ifstream in(path, std::ios::binary);
  if (!in) return fail(ErrorKind::not_found, "the file {} cannot be read", path);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

Result<std::vector<datasets::Item>> read_cases(const Options& options) {
  auto read = TRY(datasets::read_cases(TRY(read_file(options.cases)), "auto"));
  if (read.bad_total > 0)
    return fail(ErrorKind::invalid, "{}:{}: {} ({} rows are wrong: mend them, or import them with --skip-bad)",
                options.cases, read.bad.front().line, read.bad.front().reason, read.bad_total);
  std::vector<datasets::Item> out;
  for (std::size_t i = 0; i < read.cases.size(); ++i) {
    auto& one = read.cases[i];
    if (one.name.empty()) one.name = fmt::format("line-{}", read.lines[i]);
    const bool wanted = options.split.empty() || std::ranges::find(one.splits, options.split) != one.splits.end();
    if (!one.archived && wanted) out.push_back(std::move(one));
  }
  if (out.empty()) return fail(ErrorKind::invalid, "{} has no case to run.", options.cases);
  return out;
}

// What the results hold: trials with an outcome. A line that was cut off by the end of an earlier run is taken away.
Result<std::set<Trial>> trials_there(const std::string& path) {
  std::set<Trial> out;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return out;
  const std::string text = TRY(read_file(path));
  const std::size_t whole = text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1;
  for (const auto line : split(std::string_view(text).substr(0, whole), '\n')) {
    const json::Object row(json::trimmed(line));
    const auto number = json::integer(row.member("trial"));
    if (number && json::text(row.member("status")) == "ok")
      out.emplace(json::text(row.member("case")), static_cast<std::uint64_t>(*number));
  }
  if (whole < text.size()) std::filesystem::resize_file(path, whole, error);
  if (error) return fail(ErrorKind::unavailable, "{}: {}", path, error.message());
  return out;
}

std::string request_of(const datasets::Item& item, std::uint64_t trial, const std::string& id) {
  JsonWriter out;
  out.object().field("pawl", 1).field("case", item.name).field("trial", trial).field("trial_id", id);
  return out.key("input").raw(item.input).end().take() + "\n";
}

std::string row_of(const datasets::Item& item, std::uint64_t trial, const Tried& tried, const std::string& dataset,
                   const std::vector<Evaluator>& evaluators) {
  const Outcome& outcome = tried.outcome;
  JsonWriter out;
  out.object().field("case", item.name).field("trial", trial).field("status", tried.infra_error ? "infra_error" : "ok");
  out.field("dataset", dataset);
  if (!item.cluster.empty()) out.field("cluster", item.cluster);
  if (!item.tags.empty()) out.field("slice", item.tags.front());
  if (!tried.infra_error) {
    std::string comments = outcome.comment;
    out.key("scores").object();
    for (const auto& evaluator : evaluators) {
      const auto given = evaluate(evaluator, item, outcome);
      out.field(evaluator.name, given.score);
      if (given.score && *given.score < 1 && !given.comment.empty() && given.comment != outcome.comment)
        comments += fmt::format("{}{}: {}", comments.empty() ? "" : "; ", evaluator.name, given.comment);
    }
    out.end();
    if (outcome.cost_usd) out.field("cost_usd", fmt::format("{:.12f}", *outcome.cost_usd));
    out.field("latency_ms", outcome.latency_ms);
    if (!comments.empty()) out.field("comment", comments);
    if (!outcome.output.empty()) out.key("output").raw(outcome.output);
    if (!outcome.trajectory.empty()) out.key("trajectory").raw(outcome.trajectory);
  } else {
    out.field("comment", outcome.comment);
  }
  if (!outcome.trace.empty()) out.field("trace", outcome.trace);
  return out.end().take() + "\n";
}

class Runner {
 public:
  Runner(const Options& options, const std::function<void(const Progress&)>& tell) : options_(options), tell_(tell) {}
  ~Runner() {
    if (file_ >= 0) ::close(file_);
  }

  Result<Report> run() {
    const std::string cases = TRY(read_file(options_.cases));
    dataset_ = fmt::format("{}@{}", std::filesystem::path(options_.cases).stem().string(),
                           to_hex(sha256(cases)).substr(0, 12));
    items_ = TRY(read_cases(options_));
    evaluators_ =
        TRY(trials::read_evaluators(TRY(read_file(options_.evaluators)), options_.evaluators.ends_with(".json")));
    there_ = TRY(trials_there(options_.out));
    // Trial by trial over all cases: whatever ends the run early leaves whole passes.
    for (std::uint64_t trial = 0; trial < options_.trials; ++trial)
      for (std::size_t i = 0; i < items_.size(); ++i)
        if (there_.contains({items_[i].name, trial})) {
          ++report_.there;
        } else {
          todo_.emplace_back(i, trial);
        }
    file_ = ::open(options_.out.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file_ < 0) return fail(ErrorKind::unavailable, "{} cannot be written", options_.out);
    std::vector<std::thread> workers;
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(options_.concurrency, todo_.size()); ++i)
      workers.emplace_back([this] { work(); });
    for (auto& one : workers) one.join();
    report_.left = todo_.size() - report_.ran - report_.infra_errors;
    if (!trouble_.empty()) return fail(ErrorKind::unavailable, "{}", trouble_);
    return report_;
  }

 private:
  // The next trial, unless the money is spent: what the dearest trial so far cost is set aside for each that runs.
  bool take(std::pair<std::size_t, std::uint64_t>& next) {
    const std::lock_guard lock(mutex_);
    const double reserved = dearest_ * static_cast<double>(running_ + 1);
    if (options_.spend_cap_usd > 0 && report_.spent_usd + reserved > options_.spend_cap_usd) report_.capped = true;
    if (next_ >= todo_.size() || report_.capped || !trouble_.empty()) return false;
    next = todo_[next_++];
    ++running_;
    return true;
  }

  void work() {
    for (std::pair<std::size_t, std::uint64_t> next; take(next);) {
      const auto& item = items_[next.first];
      const std::string id = to_uuid(hash128(fmt::format("{}\n{}\n{}", dataset_, item.name, next.second)));
      const std::string request = request_of(item, next.second, id);
      Tried tried = try_once(options_.agent, request, id, options_.timeout_s);
      double paid = tried.outcome.cost_usd.value_or(0);
      for (std::uint64_t again = 0; tried.infra_error && again < options_.retries; ++again) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100 << std::min<std::uint64_t>(again, 8)));
        tried = try_once(options_.agent, request, id, options_.timeout_s);
        paid += tried.outcome.cost_usd.value_or(0);
      }
      keep(row_of(item, next.second, tried, dataset_, evaluators_), tried, paid);
    }
  }

  void keep(const std::string& row, const Tried& tried, double paid) {
    const std::lock_guard lock(mutex_);
    --running_;
    if (::write(file_, row.data(), row.size()) != static_cast<ssize_t>(row.size()) || ::fdatasync(file_) != 0)
      trouble_ = fmt::format("{} could not be written: the disk is full?", options_.out);
    report_.spent_usd += paid;
    dearest_ = std::max(dearest_, paid);
    ++(tried.infra_error ? report_.infra_errors : report_.ran);
    if (tried.outcome.failed) ++report_.failed;
    tell_({report_.there + report_.ran, report_.there + todo_.size(), report_.infra_errors, report_.spent_usd});
  }

  const Options& options_;
  const std::function<void(const Progress&)>& tell_;
  std::string dataset_, trouble_;
  std::vector<datasets::Item> items_;
  std::vector<Evaluator> evaluators_;
  std::set<Trial> there_;
  std::vector<std::pair<std::size_t, std::uint64_t>> todo_;
  std::size_t next_ = 0;
  std::uint64_t running_ = 0;
  double dearest_ = 0;
  Report report_;
  std::mutex mutex_;
  int file_ = -1;
};

}  // namespace

Result<Report> run(const Options& options, const std::function<void(const Progress&)>& tell) {
  if (options.trials == 0 || options.trials > 10'000) return fail(ErrorKind::invalid, "--trials must be 1 to 10000.");
  if (options.concurrency == 0 || options.concurrency > 256)
    return fail(ErrorKind::invalid, "--concurrency must be 1 to 256.");
  if (!(options.timeout_s > 0 && options.timeout_s <= 86'400))
    return fail(ErrorKind::invalid, "--timeout must be above 0 and at most a day.");
  if (!(options.spend_cap_usd >= 0)) return fail(ErrorKind::invalid, "--spend-cap must not be below 0.");
  return Runner(options, tell).run();
}

}  // namespace pawl::evals
