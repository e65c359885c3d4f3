// What the rooms share: metrics by name, the samples behind a selector, answers in Prometheus' own JSON.
#pragma once
#include <atomic>
#include <span>

#include "base/json.h"
#include "prometheus.h"
#include "promql/eval.h"
#include "query/query.h"

namespace pawl::prometheus {

using promql::Millis;
using traces::ProjectId;

// A measure under its Prometheus name: pawl_<measure>_<unit>, and _total where it adds up.
struct Metric {
  std::string name;
  std::string_view type;            // "counter" "gauge"
  std::string measure;              // of the catalogue
  double scale = 1;                 // of the measure's own unit: ms → seconds
  bool counter = false;             // a sum of what happened: increase and rate are exact
  std::string_view histogram = {};  // "latency" "ttft": its buckets
  std::string family = {};          // of what a histogram is made of: pawl_latency_seconds
  bool sparse = false;              // most spans add nothing to it: groups of nothing are no series
  std::string help;
  std::vector<std::string_view> dimensions;  // its labels where the query names none
};
const std::vector<Metric>& metrics();

// The dimension behind a label, "" where there is none: "agent", "attr.user.tier" of "attr_user__tier".
std::string dimension_of(std::string_view label);
std::string label_of(std::string_view dimension);

struct Prometheus::Inside {
  net::Pool& pool;
  const Clock& clock;
  Options options;
  std::atomic<warehouse::Warehouse*> warehouse = nullptr;
};

// One asker's view of one project.
struct Asker {
  Prometheus::Inside& inside;
  warehouse::Warehouse& store;
  ProjectId project = 0;
  Nanos spent = 0;  // in the warehouse
};

// source.cc: the series that selectors name.
Result<std::vector<std::vector<promql::Series>>> series_of(Asker& asker, const std::vector<promql::Wanted>& wanted);
// Label sets of what was there in the range: for /series, /labels and /label/…/values.
Result<std::vector<promql::Pairs>> label_sets(Asker& asker, const std::vector<promql::Matcher>& matchers, Millis from,
                                              Millis to);
std::vector<const Metric*> metrics_named(const std::vector<promql::Matcher>& matchers);

// answer.cc
void write_time(JsonWriter& json, Millis at);
void write_data(JsonWriter& json, const promql::Answer& answer, Millis at);  // {"resultType","result"}, left open
net::Response success(const std::string& data);
// {"status":"error","errorType","error"}: bad_data 400, execution 422, timeout 503, internal 500.
net::Response failure(int status, std::string_view type, std::string_view message);
net::Response failure_of(const Error& error);  // of an evaluation
void shape_error(const net::Request& request, net::Response& response);
std::optional<Millis> parse_prometheus_time(std::string_view text);  // float seconds or RFC 3339
std::optional<Millis> parse_step(std::string_view text);             // float seconds or a duration

}  // namespace pawl::prometheus
