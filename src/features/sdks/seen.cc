// Experiments that only spans tell of: the tap, and what is written down of it. Deletions that are due.
#include <algorithm>
#include <map>

#include "base/text.h"
#include "langsmith.h"

namespace pawl::sdks {
namespace {

constexpr std::size_t most_sessions = 100'000;
constexpr std::size_t most_seen = 100'000;  // items that wait for the ledger

// Attributes of a span that say which item of which experiment it tried.
struct Said {
  std::string experiment, name, description, metadata, dataset, item, root;
};

std::optional<Said> said_by(const traces::SpanRow& row) {
  constexpr std::string_view prefix = "langfuse.experiment.";
  Said said;
  for (const auto& [key, value] : row.attributes) {
    if (!key.starts_with(prefix)) continue;
    const auto name = std::string_view(key).substr(prefix.size());
    if (name == "id") said.experiment = value;
    if (name == "name") said.name = value;
    if (name == "description") said.description = value;
    if (name == "metadata") said.metadata = value;
    if (name == "dataset.id") said.dataset = value;
    if (name == "item.id") said.item = value;
    if (name == "item.root_observation_id") said.root = value;
  }
  if (said.experiment.empty() || said.item.empty()) return std::nullopt;
  return said;
}

// LangSmith: the root of a run over an example, in the project that is the experiment.
std::optional<Said> said_by_run(const traces::SpanRow& row) {
  if (row.parent) return std::nullopt;
  Said said;
  for (const auto& [key, value] : row.attributes) {
    if (key == "langsmith.reference_example_id") said.item = value;
    if (key == "langsmith.trace.session_name") said.name = value;
    if (key == "langsmith.session_id") said.experiment = value;
  }
  if (said.item.empty() || (said.name.empty() && said.experiment.empty())) return std::nullopt;
  return said;
}

// A project of runs, known by its name, that nobody made.
Result<> write_down_session(Sdks::Inside& inside, ProjectId project, datasets::Experiment session) {
  auto& all = inside.parts.datasets;
  const auto found = TRY(all.experiments(project, {.name = session.name, .of_datasets = {}, .page = {0, 1}}));
  if (found.rows.empty()) TRY(all.put_experiment(project, std::move(session)));
  return {};
}

Result<> write_down(Sdks::Inside& inside, SeenItem seen) {
  auto& all = inside.parts.datasets;
  auto& experiment = seen.experiment;
  if (seen.item.item.empty()) return write_down_session(inside, seen.project, std::move(experiment));
  if (experiment.id.empty()) {  // by name alone: LangSmith made it before
    const auto found =
        TRY(all.experiments(seen.project, {.name = experiment.name, .of_datasets = true, .page = {0, 1}}));
    if (found.rows.empty()) return {};
    experiment.id = found.rows.front().id;
  } else if (const auto known = all.experiment(seen.project, experiment.id); !known) {
    experiment = TRY(all.put_experiment(seen.project, std::move(experiment)));
  }
  seen.item.experiment = experiment.id;
  TRY(all.put_run_item(seen.project, std::move(seen.item)));
  return {};
}

// A deletion is done when nothing of the trace stands any more; until then it is asked for again, after a kill too.
constexpr Nanos deletion_again = 5 * second;

Result<> delete_due(Sdks::Inside& inside, ProjectId project, const std::vector<std::string>& names,
                    const std::vector<Id128>& going) {
  std::vector<Id128> traces;
  for (const auto& name : names) traces.push_back(id_from_text(name));
  const auto gone = TRY(inside.options.erase(project, traces, going));
  for (const auto& name : names) TRY(inside.parts.scores.remove_of_trace(project, name));
  return inside.parts.ledger.change([&](ledger::Transaction& t) -> Result<> {
    for (std::size_t i = 0; i < names.size(); ++i) {
      const bool done = std::ranges::find(gone, traces[i]) != gone.end();
      if (done)
        TRY(t.run("DELETE FROM deletions WHERE project = ? AND trace_id = ?", {std::int64_t{project}, names[i]}));
      else
        TRY(t.run("UPDATE deletions SET due = ? WHERE project = ? AND trace_id = ?",
                  {inside.clock.now() + deletion_again, std::int64_t{project}, names[i]}));
    }
    return {};
  });
}

Result<> delete_due(Sdks::Inside& inside) {
  const Nanos now = inside.clock.now();
  auto& ledger = inside.parts.ledger;
  const auto due =
      TRY(ledger.read("SELECT project, trace_id FROM deletions WHERE due <= ? ORDER BY project LIMIT 100", {now}));
  std::map<ProjectId, std::vector<std::string>> by_project;
  for (std::size_t i = 0; i < due.size(); ++i)
    by_project[static_cast<ProjectId>(due.integer(i, 0))].push_back(due.text(i, 1));
  for (const auto& [project, names] : by_project) {
    const auto others = TRY(ledger.read("SELECT trace_id FROM deletions WHERE project = ? AND due <= ?",
                                        {std::int64_t{project}, now + deletion_again}));
    std::vector<Id128> going;
    for (std::size_t i = 0; i < others.size(); ++i) going.push_back(id_from_text(others.text(i, 0)));
    TRY(delete_due(inside, project, names, going));
  }
  return {};
}

}  // namespace

// The project of runs that a row names, where this process has not seen it yet.
std::optional<SeenItem> Sdks::Inside::new_session(const traces::SpanRow& row) {
  if (row.dialect != "langsmith") return std::nullopt;
  const std::string name(attribute(row, "langsmith.trace.session_name"));
  if (name.empty() || sessions.size() >= most_sessions) return std::nullopt;
  if (!sessions.insert(fmt::format("{} {}", row.project, name)).second) return std::nullopt;
  return SeenItem{
      .project = row.project,
      .experiment = {.id = session_id_of(row.project, name), .name = name, .extra = {}, .created = row.start},
      .item = {}};
}

namespace {

// What a stored span says of experiments.
std::optional<SeenItem> seen_in(const traces::SpanRow& row) {
  if (row.sign < 0 || (row.dialect != "langfuse" && row.dialect != "langsmith")) return std::nullopt;
  const auto said = row.dialect == "langfuse" ? said_by(row) : said_by_run(row);
  if (!said || (!said->root.empty() && said->root != row.shown_span_id())) return std::nullopt;
  return SeenItem{.project = row.project,
                  .experiment = {.id = said->experiment,
                                 .dataset = said->dataset,
                                 .name = said->name,
                                 .description = said->description,
                                 .metadata = json::is_object(said->metadata) ? said->metadata : "",
                                 .extra = {},
                                 .created = row.start},
                  .item = {.id = {},
                           .experiment = {},
                           .item = said->item,
                           .trace_id = row.shown_trace_id(),
                           .span_id = row.shown_span_id()}};
}

// What the process before this one had seen and not written down: of the spans of the last day.
Result<> catch_up(Sdks::Inside& inside, warehouse::Warehouse& store) {
  const auto answer = TRY(
      store.read({.sql = fmt::format(
                      "SELECT {} FROM spans WHERE minute >= {{from:UInt32}} AND sign > 0 AND dialect IN ('langfuse', "
                      "'langsmith') AND (attrs['langfuse.experiment.id'] != '' OR "
                      "attrs['langsmith.reference_example_id'] != '') LIMIT {}",
                      traces::span_columns(), most_seen / 2),
                  .parameters = {{"from", fmt::format("{}", (inside.clock.now() - day) / minute)}},
                  .deadline = minute}));
  for (std::size_t i = 0; i < answer.rows.size(); ++i) {
    auto item = seen_in(traces::read_span_row(answer.rows, i));
    if (!item) continue;
    const std::lock_guard lock(inside.mutex);
    inside.seen.push_back(std::move(*item));
  }
  return {};
}

}  // namespace

void Sdks::committed(const traces::Batch& batch) {
  std::vector<SeenItem> found;
  for (const auto& row : batch.spans) {
    if (auto session = inside_->new_session(row)) found.push_back(std::move(*session));
    if (auto item = seen_in(row)) found.push_back(std::move(*item));
  }
  if (found.empty()) return;
  const std::lock_guard lock(inside_->mutex);
  if (inside_->seen.size() + found.size() > most_seen) return;  // found again at the next start
  for (auto& one : found) inside_->seen.push_back(std::move(one));
}

void Sdks::Inside::write_down_seen() {
  for (;;) {
    SeenItem one;
    {
      const std::lock_guard lock(mutex);
      if (seen.empty() || stopping) return;
      one = std::move(seen.front());
      seen.pop_front();
    }
    if (const auto done = write_down(*this, std::move(one)); !done)
      log.warn("an experiment's item was not written down", {{"why", done.error().what}});
  }
}

void Sdks::Inside::run(warehouse::Warehouse& store) {
  if (const auto done = catch_up(*this, store); !done)
    log.warn("experiments of the last day were not looked for", {{"why", done.error().what}});
  for (;;) {
    write_down_seen();
    if (const auto done = delete_due(*this); !done) log.warn("a deletion waits", {{"why", done.error().what}});
    std::unique_lock lock(mutex);
    if (stop.wait_for(lock, std::chrono::milliseconds(400), [this] { return stopping; })) return;
  }
}

}  // namespace pawl::sdks
