// Looking for repeats, a step at a time.
#include "repeats.h"

namespace pawl::ingest {
namespace {

constexpr std::size_t traces_a_round = 500;
constexpr std::chrono::minutes after_start{1}, between{60};
const std::string mark = "repeats looked for through batch";

}  // namespace

void RepeatCheck::start(warehouse::Warehouse& warehouse) {
  thread_ = std::thread([this, &warehouse] { run(warehouse); });
}

void RepeatCheck::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ends_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void RepeatCheck::run(warehouse::Warehouse& warehouse) {
  for (auto wait = after_start;; wait = between) {
    {
      std::unique_lock lock(mutex_);
      if (ends_.wait_for(lock, wait, [&] { return stopping_; })) return;
    }
    if (!writer_.recovered()) continue;
    if (const auto looked = look(warehouse); !looked)
      log_.warn("the check for repeated spans failed; it goes on in an hour", {{"why", looked.error().what}});
  }
}

Result<std::uint64_t> RepeatCheck::look(warehouse::Warehouse& warehouse) {
  const std::lock_guard one(one_look_);
  std::uint64_t traces = 0;
  for (auto above = static_cast<BatchNumber>(TRY(marks_.mark(mark)));;) {
    const auto found = TRY(traces::find_repeats(warehouse, above));
    if (found.through == above) return traces;
    std::unordered_map<ProjectId, std::vector<Id128>> by_project;
    for (const auto& [project, trace] : found.traces) by_project[project].push_back(trace);
    for (auto& [project, ids] : by_project) {
      log_.info("spans stand more than once: sent again long after they were stored",
                {{"project", fmt::format("{}", project)}, {"traces", fmt::format("{}", ids.size())}});
      for (std::size_t from = 0; from < ids.size(); from += traces_a_round) {
        const auto to = std::min(from + traces_a_round, ids.size());
        writer_.revise(project,
                       {ids.begin() + static_cast<std::ptrdiff_t>(from), ids.begin() + static_cast<std::ptrdiff_t>(to)},
                       nullptr);
      }
    }
    traces += found.traces.size();
    above = found.through;
    TRY(marks_.set_mark(mark, static_cast<std::int64_t>(above)));
    const std::lock_guard lock(mutex_);
    if (stopping_) return traces;
  }
}

}  // namespace pawl::ingest
