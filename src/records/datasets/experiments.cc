// Experiments and what was tried in them.
#include "base/ids.h"
#include "base/json.h"
#include "base/rng.h"
#include "base/text.h"
#include "inside.h"

namespace pawl::datasets {
namespace {

Result<std::optional<Experiment>> there(ledger::Transaction& t, ProjectId project, const Experiment& experiment) {
  const auto rows = TRY(
      t.run(fmt::format(
                "SELECT {} FROM experiments WHERE project = ?1 AND (id = ?2 OR (dataset = ?3 AND name = ?4)) ORDER BY "
                "id = ?2 DESC",
                experiment_columns),
            {std::int64_t{project}, experiment.id, experiment.dataset, experiment.name}));
  if (rows.size() == 0) return std::nullopt;
  return experiment_of(rows, 0);
}

}  // namespace

std::string experiment_id(std::string_view project, std::string_view dataset, std::string_view name) {
  const std::string text =
      fmt::format("[\"langfuse-experiment-v1\",{},{},{}]", json_quote(project), json_quote(dataset), json_quote(name));
  return to_hex(std::string_view(sha256(text))).substr(0, 16);
}

Experiment experiment_of(const ledger::Rows& rows, std::size_t i) {
  return {.id = rows.text(i, 0),
          .dataset = rows.text(i, 1),
          .name = rows.text(i, 2),
          .description = rows.text(i, 3),
          .metadata = rows.text(i, 4),
          .extra = rows.text(i, 5),
          .created = rows.integer(i, 6),
          .changed = rows.integer(i, 7),
          .ended = rows.integer(i, 8),
          .about = rows.text(i, 9),
          .branch = rows.text(i, 10),
          .state = rows.text(i, 11)};
}

RunItem run_item_of(const ledger::Rows& rows, std::size_t i) {
  return {.id = rows.text(i, 0),
          .experiment = rows.text(i, 1),
          .item = rows.text(i, 2),
          .trace_id = rows.text(i, 3),
          .span_id = rows.text(i, 4),
          .created = rows.integer(i, 5),
          .changed = rows.integer(i, 6)};
}

Result<Experiment> Datasets::put_experiment(ProjectId project, Experiment experiment) {
  if (experiment.id.empty()) experiment.id = random_uuid();
  if (experiment.name.empty()) experiment.name = experiment.id;
  const Nanos now = clock_.now();
  TRY(ledger_.change([&](ledger::Transaction& t) -> Result<> {
    if (auto old = TRY(there(t, project, experiment))) {
      const auto keep = [](std::string& into, std::string& fresh) {
        if (!fresh.empty()) into = std::move(fresh);
      };
      keep(old->name, experiment.name), keep(old->description, experiment.description);
      keep(old->metadata, experiment.metadata), keep(old->extra, experiment.extra);
      keep(old->about, experiment.about), keep(old->branch, experiment.branch), keep(old->state, experiment.state);
      if (experiment.ended != 0) old->ended = experiment.ended;
      old->changed = now;
      TRY(
          t.run("UPDATE experiments SET name = ?, description = ?, metadata = ?, extra = ?, ended = ?, changed = ?, "
                "about = ?, branch = ?, state = ? WHERE project = ? AND id = ?",
                {old->name, old->description, old->metadata, old->extra, old->ended, now, old->about, old->branch,
                 old->state, std::int64_t{project}, old->id}));
      experiment = std::move(*old);
      return {};
    }
    if (experiment.created == 0) experiment.created = now;
    experiment.changed = now;
    TRY(t.run(fmt::format("INSERT INTO experiments (project, {}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                          experiment_columns),
              {std::int64_t{project}, experiment.id, experiment.dataset, experiment.name, experiment.description,
               experiment.metadata, experiment.extra, experiment.created, experiment.changed, experiment.ended,
               experiment.about, experiment.branch, experiment.state}));
    return {};
  }));
  return experiment;
}

Result<Experiment> Datasets::experiment(ProjectId project, std::string_view id) const {
  const auto rows =
      TRY(ledger_.read(fmt::format("SELECT {} FROM experiments WHERE project = ? AND id = ?", experiment_columns),
                       {std::int64_t{project}, std::string(id)}));
  if (rows.size() == 0) return fail(ErrorKind::not_found, "There is no experiment {} in this project.", id);
  return experiment_of(rows, 0);
}

Result<Listed<Experiment>> Datasets::experiments(ProjectId project, const ExperimentsWanted& wanted) const {
  Where where(project);
  if (!wanted.dataset.empty()) where.add("dataset = ?", wanted.dataset);
  if (!wanted.name.empty()) where.add("name = ?", wanted.name);
  if (!wanted.name_part.empty()) where.add("instr(lower(name), ?) > 0", to_lower(wanted.name_part));
  if (!wanted.branch.empty()) where.add("branch = ?", wanted.branch);
  if (wanted.from != 0) where.add("created >= ?", wanted.from);
  where.any_of("id", wanted.ids);
  if (wanted.of_datasets) where.sql += *wanted.of_datasets ? " AND dataset <> ''" : " AND dataset = ''";
  Listed<Experiment> out;
  const auto count = TRY(ledger_.read("SELECT count(*) FROM experiments WHERE " + where.sql, where.values));
  out.total = static_cast<std::uint64_t>(count.integer(0, 0));
  where.values.emplace_back(static_cast<std::int64_t>(wanted.page.limit));
  where.values.emplace_back(static_cast<std::int64_t>(wanted.page.offset));
  const auto rows =
      TRY(ledger_.read(fmt::format("SELECT {} FROM experiments WHERE {} ORDER BY created DESC, id LIMIT ? OFFSET ?",
                                   experiment_columns, where.sql),
                       where.values));
  for (std::size_t i = 0; i < rows.size(); ++i) out.rows.push_back(experiment_of(rows, i));
  return out;
}

Result<> Datasets::remove_experiment(ProjectId project, std::string_view id) {
  return ledger_.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("DELETE FROM experiments WHERE project = ? AND id = ?", {std::int64_t{project}, std::string(id)}));
    if (t.changes() == 0) return fail(ErrorKind::not_found, "There is no experiment {} in this project.", id);
    return {};
  });
}

Result<> Datasets::put_run_items(ProjectId project, std::vector<RunItem> items) {
  const Nanos now = clock_.now();
  return ledger_.change([&](ledger::Transaction& t) -> Result<> {
    for (auto& item : items) {
      if (item.id.empty()) item.id = random_uuid();
      TRY(t.run(fmt::format("INSERT INTO experiment_items (project, {}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT "
                            "(project, experiment, item, trace_id, span_id) DO UPDATE SET changed = excluded.changed",
                            run_item_columns),
                {std::int64_t{project}, item.id, item.experiment, item.item, item.trace_id, item.span_id, now, now}));
    }
    return {};
  });
}

Result<RunItem> Datasets::put_run_item(ProjectId project, RunItem item) {
  TRY(put_run_items(project, {item}));
  const auto rows = TRY(
      ledger_.read(fmt::format("SELECT {} FROM experiment_items WHERE project = ? AND experiment = ? AND item = ? AND "
                               "trace_id = ? AND span_id = ?",
                               run_item_columns),
                   {std::int64_t{project}, item.experiment, item.item, item.trace_id, item.span_id}));
  if (rows.size() > 0) item = run_item_of(rows, 0);
  return item;
}

Result<Listed<RunItem>> Datasets::run_items(ProjectId project, std::string_view experiment, const Page& page) const {
  Where where(project);
  where.add("experiment = ?", std::string(experiment));
  Listed<RunItem> out;
  const auto count = TRY(ledger_.read("SELECT count(*) FROM experiment_items WHERE " + where.sql, where.values));
  out.total = static_cast<std::uint64_t>(count.integer(0, 0));
  where.values.emplace_back(static_cast<std::int64_t>(page.limit));
  where.values.emplace_back(static_cast<std::int64_t>(page.offset));
  const auto rows =
      TRY(ledger_.read(fmt::format("SELECT {} FROM experiment_items WHERE {} ORDER BY seq LIMIT ? OFFSET ?",
                                   run_item_columns, where.sql),
                       where.values));
  for (std::size_t i = 0; i < rows.size(); ++i) out.rows.push_back(run_item_of(rows, i));
  return out;
}

Result<std::optional<RunItem>> Datasets::run_item_of_trace(ProjectId project, std::string_view trace_id) const {
  const auto rows = TRY(ledger_.read(
      fmt::format("SELECT {} FROM experiment_items WHERE project = ? AND trace_id = ? LIMIT 1", run_item_columns),
      {std::int64_t{project}, std::string(trace_id)}));
  if (rows.size() == 0) return std::nullopt;
  return run_item_of(rows, 0);
}

}  // namespace pawl::datasets
