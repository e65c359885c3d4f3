// A measure query as a request says it; of the rooms that answer POST /query and /queries.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "inside.h"

namespace pawl::explore {

struct Compare {  // with what
  std::string agent_version, period, from, to;
};
struct Asked {
  query::MeasureQuery query;
  std::optional<Compare> compare;
};
// One object of JSON, as text. A mistake in the filter is told with its place.
std::expected<Asked, net::Response> asked_of(const net::Request& request, std::string_view json, Nanos now);
Result<query::Grain> grain_of(std::string_view name);
// What metrics there are, for measures metric.NAME.
Result<std::vector<query::MetricInfo>> metrics_of(warehouse::Warehouse& store, ProjectId project, Read& read);
bool asks_metrics(const query::MeasureQuery& query);

}  // namespace pawl::explore
