// Trials one by one, as a person looks at them: rows of results with what came out, gathered by case.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace pawl::trials {

struct TrialSeen {
  std::string case_name, trial_id, cluster, slice, trace, comment;
  std::int64_t trial = 0, retries = 0;
  bool infra_error = false, failed = false;
  std::vector<std::pair<std::string, std::optional<double>>> scores;  // in the row's order
  std::optional<double> cost_usd, latency_ms, tokens;
  std::string output, trajectory;  // JSON, or ""

  std::optional<double> score(std::string_view name) const;
  // Mean of these scores that have a value (of all where none is named); nullopt where none has.
  std::optional<double> mean(const std::vector<std::string>& names) const;
};
// One row of results; nullopt where it is no object with a case.
std::optional<TrialSeen> read_trial(std::string_view row);

// "pass" (1), "fail" (0), "part", "null", "infra", "crashed"; by the mean of these scores.
std::string_view state_of(const TrialSeen& trial, const std::vector<std::string>& quality);
void write_strip(JsonWriter& json, const TrialSeen& trial, const std::vector<std::string>& quality);
void write_trial(JsonWriter& json, const TrialSeen& trial);  // whole

struct CaseSeen {
  std::string name, cluster, slice;
  std::vector<const TrialSeen*> trials;  // by number
  std::optional<double> mean;            // of the trials' means: what it is sorted by
  bool infra = false, failing = false, flaky = false;
  const TrialSeen* worst() const;  // null where no trial has an outcome
  const TrialSeen* best() const;
};
// In the order of their first trials.
std::vector<CaseSeen> by_case(const std::vector<TrialSeen>& trials, const std::vector<std::string>& quality);
// {score: mean over the case's trials or null}
void write_means(JsonWriter& json, const CaseSeen& one);
std::optional<double> total_cost(const CaseSeen& one);
std::optional<double> mean_latency(const CaseSeen& one);

}  // namespace pawl::trials
