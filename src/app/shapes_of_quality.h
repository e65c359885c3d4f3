// Shapes of datasets and of what scores may be; inside of shapes.cc only.
#pragma once
#include "shapes.h"

namespace pawl::app {

inline constexpr ShapeField definition_fields[] = {{"name", "string"},
                                                   {"id", "string"},
                                                   {"kind", "string", "numeric boolean category text"},
                                                   {"description", "string"},
                                                   {"least", "number?"},
                                                   {"most", "number?"},
                                                   {"categories", "[any]", "{name, value}"},
                                                   {"archived", "boolean"},
                                                   {"created", "time"},
                                                   {"changed", "time"}};

inline constexpr ShapeField dataset_fields[] = {{"name", "string"},
                                                {"id", "string"},
                                                {"description", "string"},
                                                {"version", "integer", "rises with each write"},
                                                {"cases", "integer", "that are not retired"},
                                                {"experiments", "integer"},
                                                {"metadata", "object?"},
                                                {"created", "time"},
                                                {"changed", "time"}};

inline constexpr ShapeField case_fields[] = {{"id", "string", "within its dataset"},
                                             {"input", "any"},
                                             {"expected", "any"},
                                             {"expected_trajectory", "any", "null, or a list of {name, arguments}"},
                                             {"criteria", "any", "what a good outcome is"},
                                             {"tags", "[string]"},
                                             {"split", "[string]"},
                                             {"cluster", "string", "its family: the unit of the gate"},
                                             {"owner", "string"},
                                             {"metadata", "any"},
                                             {"source_trace", "string"},
                                             {"source_span", "string"},
                                             {"retired", "boolean"},
                                             {"version", "integer", "of the dataset, that brought it"},
                                             {"created", "time"},
                                             {"changed", "time"}};

inline constexpr ShapeField feedback_key_fields[] = {{"key", "string", "public: it may stand in a web page"},
                                                     {"names", "[string]", "scores that it may give"},
                                                     {"created", "time"},
                                                     {"author", "string"},
                                                     {"revoked", "time?"},
                                                     {"snippet", "string", "two lines for a web page"}};

inline constexpr ShapeField experiment_fields[] = {
    {"id", "string"},
    {"name", "string"},
    {"description", "string"},
    {"dataset", "string", "its name; a file's name where the server has none"},
    {"dataset_version", "string"},
    {"agent", "any", "{kind: command http openai, target, model}"},
    {"manifest", "string", "the version of the agent"},
    {"branch", "string"},
    {"commit", "string"},
    {"evaluators", "[any]", "{name, kind}"},
    {"evaluators_version", "string", "changes with what they do"},
    {"state", "string", "running done stopped; \"\": not Pawl's own"},
    {"created", "time"},
    {"changed", "time"},
    {"ended", "time?"},
    {"planned", "integer", "trials"},
    {"infra_max", "number", "share of trials that may be lost to infrastructure"},
    {"trials", "integer", "with an outcome"},
    {"cases", "integer"},
    {"failed", "integer", "outcomes of an agent that crashed or ran out of time"},
    {"infra_errors", "integer", "lost to infrastructure: no outcome"},
    {"cost_usd", "money?"},
    {"cost_unknown", "integer", "trials that did not say what they cost"},
    {"latency_ms", "any", "{mean, p95}, or null"},
    {"metrics", "[any]", "{name, role, mean, ci, cases, nulls, passed, pass_hat_k, pass_at_k}"},
    {"seconds_left", "number?", "while it runs"},
    {"spend_cap_usd", "number?"},
    {"capped", "boolean", "the spend cap ended it"},
    {"metadata", "any"}};

inline constexpr ShapeField experiment_case_fields[] = {
    {"case", "string"},
    {"slice", "string"},
    {"cluster", "string"},
    {"mean", "any", "by score, over its trials"},
    {"trials", "[any]", "{trial, state: pass fail part null infra crashed, value, trace}"},
    {"cost_usd", "money?"},
    {"latency_ms", "number?"},
    {"comment", "string", "of the worst trial"},
    {"trace", "string?", "of the worst trial"}};

inline constexpr ShapeField experiment_trial_fields[] = {{"trial", "integer"},
                                                         {"trial_id", "string"},
                                                         {"status", "string", "ok infra_error"},
                                                         {"failed", "boolean", "crashed, or out of time"},
                                                         {"scores", "any", "by name; null: says nothing"},
                                                         {"comment", "string"},
                                                         {"cost_usd", "money?"},
                                                         {"tokens", "number?"},
                                                         {"latency_ms", "number?"},
                                                         {"retries", "integer"},
                                                         {"output", "any"},
                                                         {"trajectory", "any", "null, or [{name, arguments}]"},
                                                         {"trace", "string?"}};

inline constexpr ShapeField compared_case_fields[] = {
    {"case", "string"},
    {"slice", "string"},
    {"cluster", "string"},
    {"finding", "string", "regressed fell rose same only_baseline only_candidate"},
    {"flaky", "boolean"},
    {"newly_flaky", "boolean", "passed every trial before"},
    {"new_failure", "[string]", "safety scores that it was clean of"},
    {"diff", "number?"},
    {"baseline", "any", "{mean, trials, output, cost_usd, latency_ms, comment, trace}, or null"},
    {"candidates", "[any]", "the same of each"}};

inline constexpr ShapeField evaluator_file_fields[] = {{"name", "string"},
                                                       {"version", "integer"},
                                                       {"changed", "time"},
                                                       {"author", "string"},
                                                       {"text", "string", "TOML or JSON"},
                                                       {"evaluators", "[any]", "{name, kind}"},
                                                       {"versions", "[any]", "of one alone: the newest first", true}};

}  // namespace pawl::app
