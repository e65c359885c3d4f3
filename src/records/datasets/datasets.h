// Datasets, their items by version, and experiments (runs) over them, in the ledger.
// An item is never changed: each write of it is a version, numbered within its dataset; it is archived, never removed.
#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "formats.h"
#include "item.h"
#include "store/ledger/ledger.h"

namespace pawl::datasets {

using ProjectId = std::uint32_t;

// Texts called JSON hold one JSON value, or "" where there is none.
struct Dataset {
  std::string id, name, description;
  std::string metadata, input_schema, output_schema;  // JSON
  std::string extra;                                  // JSON: what another protocol keeps with it
  std::int64_t version = 0;                           // of its items: rises with each write
  std::int64_t items = 0, experiments = 0;            // not archived; on reading
  Nanos created = 0, changed = 0;
};

// A run of something over a dataset, or (without a dataset) a project of another protocol that runs are sent to.
struct Experiment {
  std::string id, dataset, name, description;
  std::string metadata;  // JSON
  std::string extra;     // JSON
  Nanos created = 0, changed = 0, ended = 0;
  std::string about = {};   // JSON, of those that Pawl runs: agent, evaluators, what is planned
  std::string branch = {};  // of the code that was run
  std::string state = {};   // running, done, stopped; "": not Pawl's own
};

// A case tried once, as `row` says: JSON as the gate reads it, with output and calls.
struct Trial {
  std::string case_name;
  std::int64_t trial = 0;
  bool infra_error = false;  // no outcome: another try may come
  std::string row;
  Nanos at = 0;
  bool failed = false;     // an outcome that is not good: kept as the case's last failure
  std::string trace = {};  // of it
};

struct LastFailed {  // of a case
  std::string case_name, experiment, experiment_name, trace;
  std::int64_t trial = 0;
  Nanos at = 0;
};

// A file of evaluators by its name; each write that says something else is a version.
struct EvaluatorFile {
  std::string name, text, author;
  std::int64_t version = 0;
  Nanos changed = 0;
};

struct RunItem {  // one item tried once
  std::string id, experiment, item, trace_id, span_id;
  Nanos created = 0, changed = 0;
};

struct Page {
  std::uint64_t offset = 0, limit = 50;
};
template <typename T>
struct Listed {
  std::vector<T> rows;
  std::uint64_t total = 0;
};

struct ItemsWanted {
  std::string dataset;  // id; "": of all
  std::string source_trace, source_span;
  std::vector<std::string> ids, splits;
  std::optional<std::int64_t> version;  // as it was in this version of the dataset; needs `dataset`
  Nanos as_of = 0;                      // as it was then; 0: as it is
  bool archived = false;                // those too
  Page page;
};
struct ExperimentsWanted {
  std::string dataset, name, name_part;
  std::string branch = {};
  std::vector<std::string> ids;
  std::optional<bool> of_datasets;  // true: only those with a dataset; false: only those without
  Nanos from = 0;                   // created at or after
  Page page;
};

std::span<const ledger::Migration> migrations();

// Source: the SDK computes it likewise: the first 16 hex digits of SHA-256 of the compact JSON array
// ["langfuse-experiment-v1", project, dataset, name].
std::string experiment_id(std::string_view project, std::string_view dataset, std::string_view name);

// Thread-safe; every call blocks on the ledger.
class Datasets {
 public:
  Datasets(ledger::Ledger& ledger, const Clock& clock) : ledger_(ledger), clock_(clock) {}

  // Makes it, or changes what is given of the one with this name (`replace`; else `conflict`).
  Result<Dataset> put(ProjectId project, Dataset dataset, bool replace);
  Result<Dataset> find(ProjectId project, std::string_view id_or_name) const;
  Result<Listed<Dataset>> list(ProjectId project, std::string_view name_part, const Page& page) const;
  Result<Dataset> rename(ProjectId project, std::string_view id, const std::optional<std::string>& name,
                         const std::optional<std::string>& description);
  Result<> remove(ProjectId project, std::string_view id);  // not_found; with its items and experiments

  // A new version of the dataset with these items in it: those with a known id in their place. Gives them.
  // `seen`: the version in which the caller looked for them; those without a time of creation were not there then, and
  // are not looked for again while it is still that version.
  Result<std::vector<Item>> put_items(ProjectId project, std::string_view dataset, std::vector<Item> items,
                                      std::optional<std::int64_t> seen = {});
  Result<Item> item(ProjectId project, std::string_view id) const;
  Result<Listed<Item>> items(ProjectId project, const ItemsWanted& wanted) const;
  // Cases by their ids within the dataset, as its next version: all or nothing. What says the same as before is left as
  // it is; where all does, there is no new version.
  struct PutCases {
    std::int64_t version = 0;
    std::uint64_t added = 0, changed = 0, same = 0;
    std::vector<std::string> ids;  // of the cases, in their order
  };
  Result<PutCases> put_cases(ProjectId project, std::string_view dataset, std::vector<Item> cases);
  Result<Item> find_case(ProjectId project, std::string_view dataset, std::string_view case_id) const;  // its id, too
  // The versions of a case, the newest first.
  Result<std::vector<Item>> versions_of(ProjectId project, std::string_view item) const;
  Result<> archive_item(ProjectId project, std::string_view id);

  // Makes it where the project has none of that id (or, with a dataset, of that name in it), else changes what is
  // given.
  Result<Experiment> put_experiment(ProjectId project, Experiment experiment);
  Result<Experiment> experiment(ProjectId project, std::string_view id) const;
  Result<Listed<Experiment>> experiments(ProjectId project, const ExperimentsWanted& wanted) const;
  Result<> remove_experiment(ProjectId project, std::string_view id);
  Result<Experiment> find_experiment(ProjectId project, std::string_view id_or_name) const;  // of one name the newest
  // What is stored stays, but a trial lost to infrastructure gives way to its outcome. Marks the experiment as changed.
  struct PutTrials {
    std::uint64_t stored = 0, there = 0, replaced = 0;
  };
  Result<PutTrials> put_trials(ProjectId project, std::string_view experiment, const std::vector<Trial>& trials);
  // Of a dataset's cases those that failed, each with the trial that did so last, the newest first; of one case only,
  // where it is named.
  Result<std::vector<LastFailed>> last_failed(ProjectId project, std::string_view dataset,
                                              std::string_view case_name = {}) const;
  // In the order in which they were stored; of one case only, where it is named.
  Result<std::vector<Trial>> trials(ProjectId project, std::string_view experiment,
                                    std::string_view case_name = {}) const;

  Result<EvaluatorFile> put_evaluators(ProjectId project, EvaluatorFile file);
  Result<std::vector<EvaluatorFile>> evaluators(ProjectId project) const;  // the newest of each, by name
  // Its versions, the newest first; not_found.
  Result<std::vector<EvaluatorFile>> evaluator_versions(ProjectId project, std::string_view name) const;
  Result<> remove_evaluators(ProjectId project, std::string_view name);  // its versions stay

  // The same item, trace and span again is the same run item.
  Result<RunItem> put_run_item(ProjectId project, RunItem item);
  Result<> put_run_items(ProjectId project, std::vector<RunItem> items);  // in one change
  Result<Listed<RunItem>> run_items(ProjectId project, std::string_view experiment, const Page& page) const;
  Result<std::optional<RunItem>> run_item_of_trace(ProjectId project, std::string_view trace_id) const;

 private:
  ledger::Ledger& ledger_;
  const Clock& clock_;
};

}  // namespace pawl::datasets
