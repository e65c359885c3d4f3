// The demo's dataset and experiments: what the airline's agent was asked to do, and how two of its versions did it.
#include <map>

#include "base/ids.h"
#include "base/json.h"
#include "base/text.h"
#include "demo/asker.h"
#include "demo/demo.h"
#include "demo/fleet.h"
#include "demo/script.h"
#include "llm/prices.h"
#include "trials/evaluators.h"

namespace pawl::demo {
namespace {

constexpr std::string_view agent = "skyline-support", dataset = "skyline-support tasks";
constexpr std::size_t most_trials = 40;  // of a case

// "airline-gpt-4o-048-t0" is a run of task 048.
std::string task_of(const Row& row) {
  const std::string& id = row.trajectory->id;
  const auto end = id.rfind("-t");
  const auto begin = end == std::string::npos ? end : id.rfind('-', end - 1);
  return begin == std::string::npos ? id : "task-" + id.substr(begin + 1, end - begin - 1);
}

std::string_view first_of(const Trajectory& trajectory, Role role) {
  for (const auto& message : trajectory.messages)
    if (message.role == role && !message.asks()) return message.text;
  return "";
}

std::string_view last_answer(const Trajectory& trajectory) {
  std::string_view out;
  for (const auto& message : trajectory.messages)
    if (message.role == Role::assistant && !message.asks()) out = message.text;
  return out;
}

// What changes a booking; looking things up is the agent's own affair.
bool is_write(std::string_view tool) {
  return tool.starts_with("book_") || tool.starts_with("cancel_") || tool.starts_with("update_") ||
         tool.starts_with("send_") || tool.starts_with("transfer_");
}

std::string calls_of(const Trajectory& trajectory, bool writes_only) {
  JsonWriter out;
  out.array();
  for (const auto& message : trajectory.messages) {
    if (!message.asks() || (writes_only && !is_write(message.tool))) continue;
    out.object().field("name", message.tool).key("arguments");
    out.raw(message.arguments.empty() ? "{}" : message.arguments).end();
  }
  return out.end().take();
}

class Experiments {
 public:
  Experiments(const Fleet& fleet, const std::string& url, const StageOptions& options, llm::PriceList prices,
              std::vector<trials::Evaluator> writes)
      : fleet_(fleet),
        api_(url, options.key, options.patience),
        options_(options),
        pricer_(std::move(prices)),
        writes_(std::move(writes)) {
    const Nanos now = options.now != 0 ? options.now : SystemClock().now();
    day0_ = now / hour * hour - fleet_days, now_ = now;
  }

  Result<> run() {
    TRY(post("/api/v1/datasets/" + percent_encode(dataset) + "/import?format=jsonl&near=0", cases()));
    for (const std::string_view version : {"v12", "v13"}) TRY(experiment(version));
    return {};
  }

 private:
  Result<> post(const std::string& path, std::string body) {
    TRY(api_.call("POST", path, std::move(body)));
    return {};
  }

  // The calls of the first session that solved it are what is expected: those that change something.
  std::string cases() {
    std::map<std::string, const Row*> solved, any;
    for (const auto& row : fleet_.rows) {
      if (row.agent != agent || row.blocked) continue;
      any.emplace(task_of(row), &row);
      if (row.done.value_or(false)) solved.emplace(task_of(row), &row);
    }
    std::string out;
    for (const auto& [task, row] : any) {
      const auto good = solved.find(task);
      const Trajectory& trajectory = *(good == solved.end() ? row : good->second)->trajectory;
      JsonWriter one;
      one.object().field("id", task).field("input", first_of(trajectory, Role::user));
      if (good != solved.end()) one.key("expected_trajectory").raw(expected_[task] = calls_of(trajectory, true));
      one.field("criteria", "The booking ends as the passenger's wishes and the airline's policy have it.");
      one.key("tags").array().value(trajectory.domain).end().field("owner", row->team);
      out += one.end().take() + "\n";
    }
    return out;
  }

  Result<> experiment(std::string_view version) {
    std::map<std::string, std::uint64_t> tried;
    std::string rows;
    std::uint64_t count = 0;
    for (const auto& row : fleet_.rows) {
      if (row.agent != agent || row.version != version || !row.done || row.blocked) continue;
      const std::string task = task_of(row);
      if (tried[task] >= most_trials) continue;
      rows += trial(row, task, tried[task]++);
      ++count;
    }
    const std::string name = fmt::format("{} {}", agent, version);
    JsonWriter about;
    about.object().field("name", name).field("dataset", dataset).field("dataset_version", "1");
    about.field("description", fmt::format("The sessions of {} on these tasks, each as a trial.", version));
    about.field("manifest", version).field("branch", version == "v12" ? "main" : "release/v13").field("planned", count);
    about.key("agent").object().field("kind", "command").field("target", agent).field("model", "gpt-4o").end();
    about.key("evaluators").array().object().field("name", "solved").field("kind", "outcome").end();
    about.object().field("name", writes_.front().name).field("kind", writes_.front().kind).end().end();
    about.field("evaluators_version", "demo").key("quality").array().value("solved").end();
    const std::string path = "/api/v1/experiments";
    TRY(post(path, about.end().take()));
    TRY(post(fmt::format("{}/{}/trials", path, percent_encode(name)), std::move(rows)));
    return post(fmt::format("{}/{}/end", path, percent_encode(name)), R"({"state":"done"})");
  }

  std::string trial(const Row& row, const std::string& task, std::uint64_t number) {
    const Session session = stage_session(row, {.seed = options_.seed, .start = day0_ + row.at, .latest = now_});
    datasets::Item item;
    item.trajectory = expected_[task];
    const trials::Outcome did{.output = json_quote(last_answer(*row.trajectory)),
                              .trajectory = calls_of(*row.trajectory, false)};
    JsonWriter out;
    out.object().field("case", task).field("trial", number).field("trial_id", session.id);
    out.key("scores").object().field("solved", row.done.value_or(false) ? 1 : 0);
    out.field(writes_.front().name, trials::evaluate(writes_.front(), item, did).score).end();
    out.field("slice", item.trajectory.empty() || item.trajectory == "[]" ? "answers only" : "changes a booking");
    if (const auto cost = cost_of(row)) out.field("cost_usd", *cost);
    out.field("latency_ms", static_cast<double>(row.duration) / 1e6);
    out.field("tokens", row.input_tokens + row.output_tokens).field("trace", to_hex(session.turns.back().trace));
    return out.key("output").raw(did.output).key("trajectory").raw(did.trajectory).end().take() + "\n";
  }

  std::optional<std::string> cost_of(const Row& row) {
    llm::Usage usage;
    usage.add("input_tokens", row.input_tokens);
    usage.add("cache_read_tokens", row.cached_tokens);
    usage.add("output_tokens", row.output_tokens);
    const auto priced = pricer_.price({.provider = "openai", .model = row.model, .at = day0_ + row.at}, usage);
    if (!priced) return std::nullopt;
    return format_dollars(priced->total.pico);
  }

  const Fleet& fleet_;
  Asker api_;
  const StageOptions& options_;
  Nanos day0_ = 0, now_ = 0;
  llm::Pricer pricer_;
  std::vector<trials::Evaluator> writes_;
  std::map<std::string, std::string> expected_;  // calls, by task
};

}  // namespace

Result<> stage_experiments(const std::string& url, const StageOptions& options) {
  const Fleet fleet = TRY(load_fleet());
  auto writes = TRY(trials::read_evaluators(
      "[[evaluator]]\nname = 'writes'\nkind = 'trajectory'\nmetric = 'any_order'\narguments = 'ignore'\n", false));
  return Experiments(fleet, url, options, TRY(llm::built_in_prices()), std::move(writes)).run();
}

}  // namespace pawl::demo
