// What the rooms of datasets share: rows of the ledger as values.
#pragma once
#include "datasets.h"

namespace pawl::datasets {

Dataset dataset_of(const ledger::Rows& rows, std::size_t i);
Item item_of(const ledger::Rows& rows, std::size_t i);
Experiment experiment_of(const ledger::Rows& rows, std::size_t i);
RunItem run_item_of(const ledger::Rows& rows, std::size_t i);

inline constexpr std::string_view dataset_columns =
    "d.id, d.name, d.description, d.metadata, d.input_schema, d.output_schema, d.extra, d.version, d.created, "
    "d.changed, (SELECT count(*) FROM dataset_items i WHERE i.project = d.project AND i.dataset = d.id AND i.newest = "
    "1 AND i.archived = 0), (SELECT count(*) FROM experiments e WHERE e.project = d.project AND e.dataset = d.id)";
inline constexpr std::string_view item_columns =
    "id, dataset, archived, input, expected, metadata, source_trace, source_span, splits, version, created, changed, "
    "name, "
    "trajectory, criteria, tags, cluster, owner";
inline constexpr std::string_view experiment_columns =
    "id, dataset, name, description, metadata, extra, created, changed, ended, about, branch, state";
inline constexpr std::string_view run_item_columns = "id, experiment, item, trace_id, span_id, created, changed";

// Conditions of a statement with their values, in order.
struct Where {
  std::string sql = "project = ?";
  std::vector<ledger::Value> values;
  explicit Where(ProjectId project) { values.emplace_back(std::int64_t{project}); }
  void add(std::string_view condition, ledger::Value value);
  void any_of(std::string_view column, const std::vector<std::string>& names);  // all pass where it is empty
};

}  // namespace pawl::datasets
