// Trials of Pawl's own experiments, and files of evaluators by version.
#include "inside.h"

namespace pawl::datasets {
namespace {

constexpr std::size_t most_evaluators = 1U << 20, most_name = 200;
constexpr std::string_view file_columns = "name, text, author, version, changed";

EvaluatorFile file_of(const ledger::Rows& rows, std::size_t i) {
  return {.name = rows.text(i, 0),
          .text = rows.text(i, 1),
          .author = rows.text(i, 2),
          .version = rows.integer(i, 3),
          .changed = rows.integer(i, 4)};
}

// What failed in a run over a dataset, for its cases' "last failed in".
Result<> keep_failure(ledger::Transaction& t, ProjectId project, const std::string& experiment,
                      const std::string& dataset, const Trial& one, Nanos at) {
  TRY(
      t.run("INSERT INTO case_failures (project, dataset, case_name, experiment, trial, trace, at) VALUES (?, ?, ?, ?, "
            "?, ?, ?) ON CONFLICT (project, dataset, case_name) DO UPDATE SET experiment = excluded.experiment, trial "
            "= excluded.trial, trace = excluded.trace, at = excluded.at WHERE excluded.at >= case_failures.at",
            {std::int64_t{project}, dataset, one.case_name, experiment, one.trial, one.trace, at}));
  return {};
}

}  // namespace

Result<std::vector<LastFailed>> Datasets::last_failed(ProjectId project, std::string_view dataset,
                                                      std::string_view case_name) const {
  std::string sql =
      "SELECT f.case_name, f.experiment, e.name, f.trace, f.trial, f.at FROM case_failures f JOIN experiments e ON "
      "e.project = f.project AND e.id = f.experiment WHERE f.project = ? AND f.dataset = ?";
  std::vector<ledger::Value> values = {std::int64_t{project}, std::string(dataset)};
  if (!case_name.empty()) {
    sql += " AND f.case_name = ?";
    values.emplace_back(std::string(case_name));
  }
  const auto rows = TRY(ledger_.read(sql + " ORDER BY f.at DESC, f.case_name", values));
  std::vector<LastFailed> out;
  for (std::size_t i = 0; i < rows.size(); ++i)
    out.push_back(
        {rows.text(i, 0), rows.text(i, 1), rows.text(i, 2), rows.text(i, 3), rows.integer(i, 4), rows.integer(i, 5)});
  return out;
}

Result<Experiment> Datasets::find_experiment(ProjectId project, std::string_view id_or_name) const {
  const auto rows = TRY(
      ledger_.read(fmt::format("SELECT {} FROM experiments WHERE project = ?1 AND (id = ?2 OR name = ?2) ORDER BY id = "
                               "?2 DESC, created DESC LIMIT 1",
                               experiment_columns),
                   {std::int64_t{project}, std::string(id_or_name)}));
  if (rows.size() == 0) return fail(ErrorKind::not_found, "There is no experiment {} in this project.", id_or_name);
  return experiment_of(rows, 0);
}

Result<Datasets::PutTrials> Datasets::put_trials(ProjectId project, std::string_view experiment,
                                                 const std::vector<Trial>& trials) {
  const Nanos now = clock_.now();
  const std::string id(experiment);
  PutTrials out;
  TRY(ledger_.change([&](ledger::Transaction& t) -> Result<> {
    out = {};
    const auto of =
        TRY(t.run("SELECT dataset FROM experiments WHERE project = ? AND id = ?", {std::int64_t{project}, id}));
    const std::string dataset = of.size() > 0 ? of.text(0, 0) : "";
    for (const auto& one : trials) {
      const std::vector<ledger::Value> key = {std::int64_t{project}, id, one.case_name, one.trial};
      const auto there = TRY(t.run(
          "SELECT infra_error FROM trials WHERE project = ? AND experiment = ? AND case_name = ? AND trial = ?", key));
      if (there.size() > 0 && (there.integer(0, 0) == 0 || one.infra_error)) {
        ++out.there;
        continue;
      }
      ++(there.size() > 0 ? out.replaced : out.stored);
      TRY(
          t.run("INSERT INTO trials (project, experiment, case_name, trial, infra_error, row, at) VALUES (?, ?, ?, ?, "
                "?, ?, ?) ON CONFLICT (project, experiment, case_name, trial) DO UPDATE SET infra_error = "
                "excluded.infra_error, row = excluded.row, at = excluded.at",
                {std::int64_t{project}, id, one.case_name, one.trial, std::int64_t{one.infra_error ? 1 : 0}, one.row,
                 one.at == 0 ? now : one.at}));
      if (one.failed && !dataset.empty()) TRY(keep_failure(t, project, id, dataset, one, one.at == 0 ? now : one.at));
    }
    TRY(t.run("UPDATE experiments SET changed = max(changed + 1, ?) WHERE project = ? AND id = ?",
              {now, std::int64_t{project}, id}));
    return {};
  }));
  return out;
}

Result<std::vector<Trial>> Datasets::trials(ProjectId project, std::string_view experiment,
                                            std::string_view case_name) const {
  Where where(project);
  where.add("experiment = ?", std::string(experiment));
  if (!case_name.empty()) where.add("case_name = ?", std::string(case_name));
  const auto rows = TRY(ledger_.read(
      fmt::format("SELECT case_name, trial, infra_error, row, at FROM trials WHERE {} ORDER BY seq", where.sql),
      where.values));
  std::vector<Trial> out;
  out.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    out.push_back({rows.text(i, 0), rows.integer(i, 1), rows.integer(i, 2) != 0, rows.text(i, 3), rows.integer(i, 4)});
  return out;
}

Result<EvaluatorFile> Datasets::put_evaluators(ProjectId project, EvaluatorFile file) {
  if (file.name.empty() || file.name.size() > most_name)
    return fail(ErrorKind::invalid, "A name of evaluators has 1 to {} bytes.", most_name);
  if (file.text.size() > most_evaluators)
    return fail(ErrorKind::exhausted, "A file of evaluators has at most {} bytes.", most_evaluators);
  file.changed = clock_.now();
  TRY(ledger_.change([&](ledger::Transaction& t) -> Result<> {
    const auto there = TRY(t.run(
        "SELECT version, text, removed FROM evaluators WHERE project = ? AND name = ? ORDER BY version DESC LIMIT 1",
        {std::int64_t{project}, file.name}));
    file.version = there.size() > 0 ? there.integer(0, 0) : 0;
    if (there.size() > 0 && there.text(0, 1) == file.text && there.integer(0, 2) == 0) return {};
    ++file.version;
    TRY(
        t.run("INSERT INTO evaluators (project, name, version, text, author, changed, removed) VALUES (?, ?, ?, ?, ?, "
              "?, 0)",
              {std::int64_t{project}, file.name, file.version, file.text, file.author, file.changed}));
    return {};
  }));
  return file;
}

Result<std::vector<EvaluatorFile>> Datasets::evaluators(ProjectId project) const {
  const auto rows = TRY(ledger_.read(
      fmt::format("SELECT {} FROM evaluators e WHERE project = ? AND removed = 0 AND version = (SELECT max(version) "
                  "FROM evaluators o WHERE o.project = e.project AND o.name = e.name) ORDER BY name",
                  file_columns),
      {std::int64_t{project}}));
  std::vector<EvaluatorFile> out;
  for (std::size_t i = 0; i < rows.size(); ++i) out.push_back(file_of(rows, i));
  return out;
}

Result<std::vector<EvaluatorFile>> Datasets::evaluator_versions(ProjectId project, std::string_view name) const {
  const auto rows = TRY(ledger_.read(
      fmt::format("SELECT {}, removed FROM evaluators WHERE project = ? AND name = ? ORDER BY version DESC",
                  file_columns),
      {std::int64_t{project}, std::string(name)}));
  if (rows.size() == 0 || rows.integer(0, 5) != 0)
    return fail(ErrorKind::not_found, "There are no evaluators {} in this project.", name);
  std::vector<EvaluatorFile> out;
  for (std::size_t i = 0; i < rows.size(); ++i) out.push_back(file_of(rows, i));
  return out;
}

Result<> Datasets::remove_evaluators(ProjectId project, std::string_view name) {
  return ledger_.change([&](ledger::Transaction& t) -> Result<> {
    TRY(
        t.run("UPDATE evaluators SET removed = 1 WHERE project = ? AND name = ? AND version = (SELECT max(version) "
              "FROM evaluators o WHERE o.project = evaluators.project AND o.name = evaluators.name) AND removed = 0",
              {std::int64_t{project}, std::string(name)}));
    if (t.changes() == 0) return fail(ErrorKind::not_found, "There are no evaluators {} in this project.", name);
    return {};
  });
}

}  // namespace pawl::datasets
