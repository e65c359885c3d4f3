// Runs trials, several at once, and writes down each before the next.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>

#include "agent.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/rng.h"
#include "base/text.h"
#include "evals.h"
#include "llm/json_scan.h"
#include "program.h"
#include "trials/suites.h"

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

Result<std::vector<datasets::Item>> read_cases(const Options& options, const std::string& text) {
  auto read = TRY(trials::read_suite(text, "auto")).cases;
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

// One trial as it ended.
struct Ended {
  const datasets::Item& item;
  std::uint64_t trial = 0, retries = 0;
  std::string id;
  Tried tried;
};
using Scores = std::vector<std::pair<std::string, trials::Given>>;

std::string row_of(const Ended& ended, const std::string& dataset, const Scores& scores) {
  const auto& item = ended.item;
  const Tried& tried = ended.tried;
  const Outcome& outcome = tried.outcome;
  JsonWriter out;
  out.object().field("case", item.name).field("trial", ended.trial);
  out.field("status", tried.infra_error ? "infra_error" : "ok").field("dataset", dataset).field("trial_id", ended.id);
  if (ended.retries > 0) out.field("retries", ended.retries);
  if (outcome.failed) out.field("failed", true);
  if (!item.cluster.empty()) out.field("cluster", item.cluster);
  if (!item.tags.empty()) out.field("slice", item.tags.front());
  if (!tried.infra_error) {
    std::string comments = outcome.comment;
    out.key("scores").object();
    for (const auto& [name, given] : scores) {
      out.field(name, given.score);
      if ((!given.score || *given.score < 1) && !given.comment.empty() && given.comment != outcome.comment)
        comments += fmt::format("{}{}: {}", comments.empty() ? "" : "; ", name, given.comment);
    }
    out.end();
    if (outcome.cost_usd) out.field("cost_usd", fmt::format("{:.12f}", *outcome.cost_usd));
    out.field("latency_ms", outcome.latency_ms);
    if (outcome.tokens) out.field("tokens", *outcome.tokens);
    if (!comments.empty()) out.field("comment", comments);
    if (!outcome.output.empty()) out.key("output").raw(outcome.output);
    if (!outcome.trajectory.empty()) out.key("trajectory").raw(outcome.trajectory);
  } else {
    out.field("comment", outcome.comment);
  }
  if (!outcome.trace.empty()) out.field("trace", outcome.trace);
  return out.end().take() + "\n";
}

struct Files {
  std::string dataset, evaluators_text;
  std::vector<datasets::Item> items;
  std::vector<Evaluator> evaluators;
};

Result<Files> read_files(const Options& options) {
  const std::string text = options.cases_text.empty() ? TRY(read_file(options.cases)) : options.cases_text;
  Files out;
  out.dataset = options.dataset.empty() ? fmt::format("{}@{}", std::filesystem::path(options.cases).stem().string(),
                                                      trials::version_of(text))
                                        : options.dataset;
  out.items = TRY(read_cases(options, text));
  out.evaluators_text = TRY(read_file(options.evaluators));
  out.evaluators = TRY(trials::read_evaluators(out.evaluators_text, options.evaluators.ends_with(".json")));
  return out;
}

// Rows on their way to whoever takes them, off the trials' path; what could not be put is tried once more at the end.
class Uploads {
 public:
  explicit Uploads(const Options& options) : options_(options) {
    if (options.put) thread_ = std::thread([this] { work(); });
  }
  ~Uploads() { finish(); }

  void add(std::string_view row) {
    if (!options_.put) return;
    const std::lock_guard lock(mutex_);
    rows_ += row;
    changed_.notify_one();
  }

  std::string finish() {  // "" or why rows were left
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
      changed_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
    return trouble_;
  }

 private:
  void work() {
    for (std::unique_lock lock(mutex_); !ending_ || !rows_.empty();) {
      const bool last = ending_;
      changed_.wait_for(lock, std::chrono::seconds(1),
                        [&] { return ending_ || (trouble_.empty() && rows_.size() > most_waiting); });
      // A portion of whole lines: the server takes 64 MB at once.
      const auto cut = rows_.size() <= most_portion ? rows_.size() : rows_.rfind('\n', most_portion) + 1;
      std::string rows = rows_.substr(0, cut == 0 ? rows_.size() : cut);
      rows_.erase(0, rows.size());
      lock.unlock();
      const auto put = rows.empty() ? Result<>() : options_.put(rows);
      lock.lock();
      trouble_ = put ? "" : put.error().what;
      if (!put && last) return;
      if (!put) rows_.insert(0, rows);
    }
  }

  static constexpr std::size_t most_waiting = 256U << 10, most_portion = 8U << 20;
  const Options& options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string rows_, trouble_;
  bool ending_ = false;
  std::thread thread_;
};

class Runner {
 public:
  Runner(const Options& options, const std::function<void(const Progress&)>& tell)
      : options_(options), tell_(tell), uploads_(options) {}
  ~Runner() {
    if (file_ >= 0) ::close(file_);
  }

  Result<Report> run() {
    files_ = TRY(read_files(options_));
    there_ = TRY(trials_there(options_.out));
    // Trial by trial over all cases: whatever ends the run early leaves whole passes.
    for (std::uint64_t trial = 0; trial < options_.trials; ++trial)
      for (std::size_t i = 0; i < files_.items.size(); ++i)
        if (there_.contains({files_.items[i].name, trial})) {
          ++report_.there;
        } else {
          todo_.emplace_back(i, trial);
        }
    if (report_.there > 0) uploads_.add(TRY(read_file(options_.out)));
    file_ = ::open(options_.out.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file_ < 0) return fail(ErrorKind::unavailable, "{} cannot be written", options_.out);
    std::vector<std::thread> workers;
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(options_.concurrency, todo_.size()); ++i)
      workers.emplace_back([this] { work(); });
    for (auto& one : workers) one.join();
    report_.left = todo_.size() - report_.ran - report_.infra_errors;
    report_.not_sent = uploads_.finish();
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
    Agent agent(options_.agent);
    std::vector<Program> programs;
    for (const auto& one : files_.evaluators)
      if (one.is_program()) programs.emplace_back(one);
    for (std::pair<std::size_t, std::uint64_t> next; take(next);) {
      Ended ended{.item = files_.items[next.first], .trial = next.second};
      ended.id = to_uuid(hash128(fmt::format("{}\n{}\n{}", files_.dataset, ended.item.name, next.second)));
      const double paid = attempt(agent, ended);
      keep(row_of(ended, files_.dataset, judge(ended, programs)), ended.tried, paid);
    }
  }

  // Until there is an outcome or no more patience; what all tries cost. Each try begins a trace of its own.
  double attempt(Agent& agent, Ended& ended) {
    double paid = 0;
    for (;; ++ended.retries) {
      const std::string trace = to_hex(hash128(random_uuid()));
      ended.tried = agent.ask({.item = ended.item,
                               .request = request_of(ended.item, ended.trial, ended.id),
                               .trial_id = ended.id,
                               .parent = fmt::format("00-{}-{}-01", trace, trace.substr(8, 16)),
                               .timeout_s = options_.timeout_s});
      paid += ended.tried.outcome.cost_usd.value_or(0);
      if (options_.link_traces && ended.tried.outcome.trace.empty()) ended.tried.outcome.trace = trace;
      if (!ended.tried.infra_error || ended.retries >= options_.retries) return paid;
      std::this_thread::sleep_for(std::chrono::milliseconds(100 << std::min<std::uint64_t>(ended.retries, 8)));
    }
  }

  Scores judge(const Ended& ended, std::vector<Program>& programs) const {
    Scores out;
    if (ended.tried.infra_error) return out;
    const Outcome& outcome = ended.tried.outcome;
    for (const auto& evaluator : files_.evaluators)
      if (!evaluator.is_program()) out.emplace_back(evaluator.name, trials::evaluate(evaluator, ended.item, outcome));
    for (auto& program : programs) {
      if (outcome.failed) {
        out.emplace_back(program.name(), trials::Given{0, outcome.comment});
        continue;
      }
      for (auto& one : program.ask(ended.item, outcome))
        if (std::ranges::find(out, one.first, &Scores::value_type::first) == out.end()) out.push_back(std::move(one));
    }
    return out;
  }

  void keep(const std::string& row, const Tried& tried, double paid) {
    const std::lock_guard lock(mutex_);
    --running_;
    if (::write(file_, row.data(), row.size()) != static_cast<ssize_t>(row.size()) || ::fdatasync(file_) != 0)
      trouble_ = fmt::format("{} could not be written: the disk is full?", options_.out);
    uploads_.add(row);
    report_.spent_usd += paid;
    dearest_ = std::max(dearest_, paid);
    ++(tried.infra_error ? report_.infra_errors : report_.ran);
    if (tried.outcome.failed) ++report_.failed;
    tell_({report_.there + report_.ran, report_.there + todo_.size(), report_.infra_errors, report_.spent_usd});
  }

  const Options& options_;
  const std::function<void(const Progress&)>& tell_;
  Uploads uploads_;
  Files files_;
  std::string trouble_;
  std::set<Trial> there_;
  std::vector<std::pair<std::size_t, std::uint64_t>> todo_;
  std::size_t next_ = 0;
  std::uint64_t running_ = 0;
  double dearest_ = 0;
  Report report_;
  std::mutex mutex_;
  int file_ = -1;
};

Result<> check(const Options& options) {
  const auto& agent = options.agent;
  if (int{!agent.command.empty()} + int{!agent.url.empty()} + int{!agent.openai.empty()} != 1)
    return fail(ErrorKind::invalid, "Name one agent: --agent COMMAND, --agent-url URL or --agent-openai URL.");
  if (!agent.openai.empty() && agent.model.empty()) return fail(ErrorKind::invalid, "--agent-openai needs --model.");
  for (const auto& url : {agent.url, agent.openai})
    if (!url.empty() && !url.starts_with("http://") && !url.starts_with("https://"))
      return fail(ErrorKind::invalid, "{} is no address: it begins with http:// or https://.", url);
  if (options.trials == 0 || options.trials > 10'000) return fail(ErrorKind::invalid, "--trials must be 1 to 10000.");
  if (options.concurrency == 0 || options.concurrency > 256)
    return fail(ErrorKind::invalid, "--concurrency must be 1 to 256.");
  if (!(options.timeout_s > 0 && options.timeout_s <= 86'400))
    return fail(ErrorKind::invalid, "--timeout must be above 0 and at most a day.");
  if (!(options.spend_cap_usd >= 0)) return fail(ErrorKind::invalid, "--spend-cap must not be below 0.");
  return {};
}

}  // namespace

Result<Plan> plan(const Options& options) {
  TRY(check(options));
  const auto files = TRY(read_files(options));
  JsonWriter names;
  names.array();
  for (const auto& one : files.evaluators) names.object().field("name", one.name).field("kind", one.kind).end();
  return Plan{.cases = files.items.size(),
              .trials = files.items.size() * options.trials,
              .dataset = files.dataset,
              .evaluators_version = trials::version_of(files.evaluators_text),
              .evaluators = names.end().take()};
}

Result<Report> run(const Options& options, const std::function<void(const Progress&)>& tell) {
  TRY(check(options));
  return Runner(options, tell).run();
}

}  // namespace pawl::evals
