// Experiments as several routes need them: what is said of one, its rows, its trials.
#pragma once
#include "inside.h"
#include "trials/compare.h"
#include "trials/seen.h"

namespace pawl::quality {

// What Pawl's own experiments say of themselves, kept as JSON with the experiment.
struct About {
  std::string agent;                                       // JSON {kind, target, model}, or ""
  std::string manifest, commit, dataset, dataset_version;  // `dataset`: a file's name where it is none of the server
  std::string evaluators, evaluators_version;              // JSON [{name, kind}], or ""
  std::vector<std::string> quality, safety;                // roles of scores; none of either: all are quality
  std::int64_t planned = 0;
  Nanos started = 0;
  std::optional<double> spend_cap_usd;
  bool capped = false;
};
About read_about(std::string_view json);
std::string about_text(const About& about);

struct Results {
  datasets::Experiment experiment;
  About about;
  std::vector<trials::TrialSeen> trials;
  std::string rows;  // JSON lines, as the gate reads them
};
// By id or name; `of_case` alone where it is named.
Result<Results> results_of(Quality::Inside& inside, ProjectId project, std::string_view id,
                           std::string_view of_case = {});
// The scores that count as quality in it.
std::vector<std::string> quality_of(const Results& results, const trials::Terms& terms);

Result<std::string> experiment_json(Quality::Inside& inside, ProjectId project, const datasets::Experiment& one);

// The case as it was in the version that the experiment ran; nullopt where the server has none.
std::optional<datasets::Item> case_of(Quality::Inside& inside, ProjectId project, const Results& results,
                                      std::string_view name);

// q=, slice= of a list of cases.
struct CaseFilter {
  std::string part, slice;
  bool takes(const trials::CaseSeen& one) const;
};
CaseFilter case_filter_of(const net::Request& request);
void write_text(JsonWriter& out, std::string_view key, const std::string& text);               // null where empty
void write_money(JsonWriter& out, std::string_view key, const std::optional<double>& amount);  // null where unknown
void write_case_or_null(JsonWriter& out, const std::optional<datasets::Item>& item);
std::string beginning_of(const std::string& output);  // of an output as text, 300 characters

}  // namespace pawl::quality
