// Tables of datasets and experiments.
#include "datasets.h"

namespace pawl::datasets {
namespace {

constexpr ledger::Migration steps[] = {{"datasets", 1, R"sql(
CREATE TABLE datasets (project INTEGER NOT NULL REFERENCES projects (id), id TEXT NOT NULL, name TEXT NOT NULL,
  description TEXT NOT NULL, metadata TEXT NOT NULL, input_schema TEXT NOT NULL, output_schema TEXT NOT NULL,
  extra TEXT NOT NULL, version INTEGER NOT NULL, created INTEGER NOT NULL, changed INTEGER NOT NULL,
  PRIMARY KEY (project, id), UNIQUE (project, name)) STRICT;
CREATE TABLE dataset_items (seq INTEGER PRIMARY KEY AUTOINCREMENT, project INTEGER NOT NULL, id TEXT NOT NULL,
  dataset TEXT NOT NULL, version INTEGER NOT NULL, -- of the dataset, that brought it
  newest INTEGER NOT NULL, -- 1: no later version of this item
  archived INTEGER NOT NULL, input TEXT NOT NULL, expected TEXT NOT NULL, metadata TEXT NOT NULL,
  source_trace TEXT NOT NULL, source_span TEXT NOT NULL, splits TEXT NOT NULL, -- a line each
  created INTEGER NOT NULL, changed INTEGER NOT NULL, UNIQUE (project, id, version),
  FOREIGN KEY (project, dataset) REFERENCES datasets (project, id) ON DELETE CASCADE) STRICT;
CREATE INDEX dataset_items_dataset ON dataset_items (project, dataset, newest, created);
CREATE TABLE experiments (project INTEGER NOT NULL REFERENCES projects (id), id TEXT NOT NULL,
  dataset TEXT NOT NULL, -- '' where it is over none
  name TEXT NOT NULL, description TEXT NOT NULL, metadata TEXT NOT NULL, extra TEXT NOT NULL,
  created INTEGER NOT NULL, changed INTEGER NOT NULL, ended INTEGER NOT NULL, PRIMARY KEY (project, id)) STRICT;
CREATE UNIQUE INDEX experiments_name ON experiments (project, dataset, name);
CREATE INDEX experiments_created ON experiments (project, created);
CREATE TABLE experiment_items (seq INTEGER PRIMARY KEY AUTOINCREMENT, project INTEGER NOT NULL, id TEXT NOT NULL,
  experiment TEXT NOT NULL, item TEXT NOT NULL, trace_id TEXT NOT NULL, span_id TEXT NOT NULL,
  created INTEGER NOT NULL, changed INTEGER NOT NULL, UNIQUE (project, experiment, item, trace_id, span_id),
  FOREIGN KEY (project, experiment) REFERENCES experiments (project, id) ON DELETE CASCADE) STRICT;
CREATE INDEX experiment_items_trace ON experiment_items (project, trace_id);
)sql"},
                                       // What cases have beside what other makers' items have.
                                       {"datasets", 2, R"sql(
ALTER TABLE dataset_items ADD COLUMN name TEXT NOT NULL DEFAULT ''; -- the case's id; '': id is
ALTER TABLE dataset_items ADD COLUMN trajectory TEXT NOT NULL DEFAULT '';
ALTER TABLE dataset_items ADD COLUMN criteria TEXT NOT NULL DEFAULT '';
ALTER TABLE dataset_items ADD COLUMN tags TEXT NOT NULL DEFAULT ''; -- a line each
ALTER TABLE dataset_items ADD COLUMN cluster TEXT NOT NULL DEFAULT '';
ALTER TABLE dataset_items ADD COLUMN owner TEXT NOT NULL DEFAULT '';
CREATE INDEX dataset_items_name ON dataset_items (project, dataset, name) WHERE newest = 1;
)sql"},
                                       // Experiments that Pawl runs, trial by trial; evaluators by name and version.
                                       {"datasets", 3, R"sql(
ALTER TABLE experiments ADD COLUMN about TEXT NOT NULL DEFAULT ''; -- JSON: agent, evaluators, what is planned
ALTER TABLE experiments ADD COLUMN branch TEXT NOT NULL DEFAULT '';
ALTER TABLE experiments ADD COLUMN state TEXT NOT NULL DEFAULT ''; -- running, done, stopped; '': not Pawl's own
CREATE INDEX experiments_branch ON experiments (project, branch, created) WHERE branch <> '';
CREATE TABLE trials (seq INTEGER PRIMARY KEY AUTOINCREMENT, project INTEGER NOT NULL, experiment TEXT NOT NULL,
  case_name TEXT NOT NULL, trial INTEGER NOT NULL, infra_error INTEGER NOT NULL,
  row TEXT NOT NULL, -- JSON, as the gate reads it, with output and calls
  at INTEGER NOT NULL, UNIQUE (project, experiment, case_name, trial),
  FOREIGN KEY (project, experiment) REFERENCES experiments (project, id) ON DELETE CASCADE) STRICT;
CREATE TABLE evaluators (project INTEGER NOT NULL REFERENCES projects (id), name TEXT NOT NULL,
  version INTEGER NOT NULL, text TEXT NOT NULL, -- of the file
  author TEXT NOT NULL, changed INTEGER NOT NULL, removed INTEGER NOT NULL,
  PRIMARY KEY (project, name, version)) STRICT;
)sql"},
                                       // Where a case failed last.
                                       {"datasets", 4, R"sql(
CREATE TABLE case_failures (project INTEGER NOT NULL, dataset TEXT NOT NULL, case_name TEXT NOT NULL,
  experiment TEXT NOT NULL, trial INTEGER NOT NULL, trace TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (project, dataset, case_name),
  FOREIGN KEY (project, experiment) REFERENCES experiments (project, id) ON DELETE CASCADE) STRICT, WITHOUT ROWID;
CREATE INDEX case_failures_experiment ON case_failures (project, experiment);
)sql"}};

}  // namespace

std::span<const ledger::Migration> migrations() {
  return steps;
}

}  // namespace pawl::datasets
