// The shapes, by name.
#include "shapes.h"

#include <algorithm>
#include <array>

#include "shapes_of_incidents.h"
#include "shapes_of_looking.h"
#include "shapes_of_privacy.h"
#include "shapes_of_quality.h"

namespace pawl::app {
namespace {

constexpr ShapeField stats_fields[] = {
    {"rows_read", "integer"},
    {"elapsed_ms", "number"},
    {"newest_ms_ago", "number?", "age of the newest record that came; null before one"}};
constexpr ShapeField run_totals[] = {
    {"status", "string", "ok error blocked unfinished running"},
    {"error_count", "integer", "the deepest spans that failed"},
    {"span_count", "integer"},
    {"llm_calls", "integer"},
    {"tool_calls", "integer"},
    {"tokens", "integer?", "of all five kinds; null: nothing was reported"},
    {"cost_usd", "money?", "priced, else as reported; null: calls, and no price is known"},
    {"cost_unknown_calls", "integer", "calls with usage that no price is known for"},
    {"tags", "[string]"},
    {"findings", "[string]", "rules that found something in it"}};
constexpr ShapeField finding_fields[] = {
    {"rule", "string",
     "loop repeated_call ping_pong failure_streak retry_storm context_growth abandoned truncated invalid_arguments"},
    {"times", "integer", "rounds, calls or failures; of context_growth the factor"},
    {"why", "string", "when the rule speaks"},
    {"trace_id", "string"},
    {"span_ids", "[string]", "the steps that it is made of, the first one first"},
    {"wasted_span_ids", "[string]", "the model calls that were paid for nothing"},
    {"wasted_usd", "money?", "what those cost; null: there are none, or no price is known"}};
constexpr ShapeField trace_head[] = {{"trace_id", "string", "as the client wrote it"},
                                     {"name", "string", "of its root"},
                                     {"title", "string", "the user's first words in it"},
                                     {"session_id", "string?"},
                                     {"user_id", "string?"},
                                     {"agent", "string?"},
                                     {"agent_version", "string?"},
                                     {"team", "string?"},
                                     {"task", "string?"},
                                     {"outcome", "string?"},
                                     {"customer", "string?"},
                                     {"environment", "string?"},
                                     {"service", "string?"},
                                     {"start", "time"},
                                     {"duration_ms", "number", "from the first start to the last end"},
                                     {"overhead_ms", "number", "no model and no tool at work; not in lists", true},
                                     {"overhead", "[any]", "when: [from_ms, length_ms], the 200 longest", true}};
constexpr ShapeField session_head[] = {
    {"session_id", "string", "\"\" for a trace without a session: then trace_id"},
    {"trace_id", "string?", "its first trace"},
    {"title", "string", "the user's first words, else the name of its first trace"},
    {"user_id", "string?"},
    {"agent", "string?"},
    {"agent_version", "string?"},
    {"team", "string?"},
    {"task", "string?"},
    {"outcome", "string?"},
    {"customer", "string?"},
    {"environment", "string?"},
    {"service", "string?"},
    {"start", "time"},
    {"duration_ms", "number", "from the first start to the last end, pauses too"},
    {"active_ms", "number", "sum of the times of its traces"},
    {"overhead_ms", "number", "of its traces; not in lists", true},
    {"trace_count", "integer"},
    {"scores", "object", "of the session itself, by name: the newest of several words"},
    {"trace_scores", "object",
     "of names that it has no score of itself: {count, mean} of its traces' and "
     "their spans'; in lists that ask for scores",
     true}};
constexpr ShapeField dashboard_fields[] = {
    {"name", "string"},
    {"version", "integer", "1, 2, … within the name"},
    {"author", "string", "who saved it"},
    {"saved", "time"},
    {"layout", "object?", "{title, about, figures, panels}; null: removed by this version"}};
constexpr ShapeField error_fields[] = {{"type", "string"}, {"message", "string"}};
constexpr ShapeField model_fields[] = {{"provider", "string?"}, {"requested", "string?"}, {"served", "string?"}};
constexpr ShapeField tokens_fields[] = {{"input", "integer?", "from no cache"},
                                        {"cache_read", "integer?"},
                                        {"cache_write", "integer?"},
                                        {"output", "integer?", "without reasoning"},
                                        {"reasoning", "integer?"}};
constexpr ShapeField tool_fields[] = {
    {"name", "string"}, {"call_id", "string?"}, {"arguments", "any", {}, true}, {"result", "any", {}, true}};
constexpr ShapeField handoff_fields[] = {{"from", "string"}, {"to", "string"}};
constexpr ShapeField prompt_fields[] = {{"name", "string"}, {"version", "string"}};
constexpr ShapeField rolled_fields[] = {
    {"cost_usd", "money?"}, {"tokens", "integer?"}, {"spans", "integer"}, {"errors", "integer"}};
constexpr ShapeField line_fields[] = {{"type", "string"},
                                      {"tokens", "integer?", "null: a tool that charges by call"},
                                      {"price_usd_per_mtok", "money?"},
                                      {"units", "number", "calls of the tool, or what it charges by", true},
                                      {"price_usd", "money", "of one of them", true},
                                      {"cost_usd", "money"}};
constexpr ShapeField cost_fields[] = {{"formula", "[CostLine]"},
                                      {"price_row", "string?"},
                                      {"price_date", "string?", "in force since"},
                                      {"reported_usd", "money?"},
                                      {"unknown_because", "string", "why there is no price; \"\" where there is one"}};
constexpr ShapeField part_fields[] = {{"type", "string", "text reasoning tool_call tool_result media other"},
                                      {"text", "string", {}, true},
                                      {"cut", "boolean", "the answer had no room for all of it", true}};
constexpr ShapeField message_fields[] = {{"role", "string"}, {"parts", "[Part]"}, {"name", "string", {}, true}};
constexpr ShapeField piece_fields[] = {
    {"slot", "string"},           {"key", "string"},
    {"format", "integer"},        {"role", "string"},
    {"missing", "boolean"},       {"hash", "string"},
    {"text", "string", {}, true}, {"base64", "string", "bytes that are no UTF-8", true}};
constexpr ShapeField span_fields[] = {
    {"trace_id", "string"},
    {"span_id", "string"},
    {"parent_id", "string?"},
    {"kind", "string", "agent llm tool retriever embedding reranker guardrail evaluator handoff workflow other"},
    {"name", "string"},
    {"session_id", "string?"},
    {"user_id", "string?"},
    {"agent", "string?"},
    {"agent_version", "string?"},
    {"team", "string?"},
    {"environment", "string?"},
    {"service", "string?"},
    {"start", "time"},
    {"duration_ms", "number"},
    {"status", "string", "ok error blocked unfinished running"},
    {"is_error", "boolean", "the deepest span that failed"},
    {"error", "Failure?"},
    {"model", "Model?"},
    {"tokens", "Tokens?", "null: not reported"},
    {"counted", "boolean", "its tokens and cost are in the sums"},
    {"not_counted_because", "string?"},
    {"cost_usd", "money?"},
    {"cost_source", "string?", "priced reported unknown"},
    {"ttft_ms", "number?", "time to the first token"},
    {"finish_reasons", "[string]"},
    {"findings", "[string]", "rules whose finding begins here"},
    {"waste", "string?", "the rule by which the money of this call was wasted"},
    {"noise", "boolean", "plumbing: in no count of steps"},
    {"dialect", "string"},
    {"handoff", "Handoff", {}, true},
    {"prompt", "Prompt", {}, true},
    {"tool", "Tool?"},
    {"rolled_up", "RolledUp", "sums over it and what is below; of whole runs", true},
    {"cost", "Cost", "how its cost was made", true},
    {"input", "[Message]", "what went in; with bodies=new only what no earlier span had", true},
    {"input_repeated", "integer", "messages of the history that were left out", true},
    {"output", "[Message]", {}, true},
    {"tool_definitions", "any", {}, true},
    {"state", "any", "what it changed of the session's state", true},
    {"attributes", "object", {}, true},
    {"events", "[any]", {}, true},
    {"links", "[any]", {}, true},
    {"raw_available", "boolean", {}, true},
    {"raw", "[Piece]", "with raw=1: the pieces exactly as received", true}};
constexpr ShapeField score_fields[] = {{"id", "string"},
                                       {"name", "string"},
                                       {"value", "any", "a number, true or false, or a text"},
                                       {"kind", "string", "numeric boolean category text correction"},
                                       {"author", "string"},
                                       {"comment", "string"},
                                       {"span_id", "string?"},
                                       {"trace_id", "string?"},
                                       {"session_id", "string?"},
                                       {"experiment", "string?"},
                                       {"evaluator", "string?"},
                                       {"source", "string", "api annotation eval feedback"},
                                       {"at", "time"},
                                       {"correction", "any"},
                                       {"item", "string?", "of the experiment"},
                                       {"probability", "number?", "of having been selected"},
                                       {"stands", "boolean", "no later word of the same author about the same thing"},
                                       {"metadata", "any"}};
constexpr ShapeField log_fields[] = {{"time", "time"},
                                     {"trace_id", "string?"},
                                     {"span_id", "string?"},
                                     {"severity", "string", "TRACE DEBUG INFO WARN ERROR FATAL or \"\""},
                                     {"severity_number", "integer"},
                                     {"event", "string"},
                                     {"service", "string"},
                                     {"body", "string"},
                                     {"cut", "boolean", "longer than 64 KB", true},
                                     {"attributes", "object"}};
constexpr ShapeField said_fields[] = {
    {"trace_id", "string"}, {"span_id", "string"}, {"at", "time"}, {"role", "string"}, {"message", "Message"}};
constexpr ShapeField found_fields[] = {{"kind", "string", "session trace span"},
                                       {"id", "string"},
                                       {"trace_id", "string"},
                                       {"label", "string"},
                                       {"at", "time"}};
constexpr ShapeField cost_row_fields[] = {
    {"key", "[string]", "values of the dimensions; of total, other and unattributed none"},
    {"cost_usd", "money?", "null: calls, but no cost is known"},
    {"shared_usd", "money", "its part of the shared cost; below 0 of who gives it"},
    {"total_usd", "money", "both"},
    {"calls", "integer"},
    {"unknown_calls", "integer", "whose price is not known"},
    {"tokens", "integer"}};
constexpr ShapeField import_fields[] = {
    {"source", "string", "openai.usage openai.costs anthropic.usage anthropic.costs google aws"},
    {"from", "time"},
    {"to", "time"},
    {"records", "integer"},
    {"billed_usd", "money"},
    {"imported", "time"}};
constexpr ShapeField reconciled_fields[] = {
    {"day", "string"},
    {"provider", "string"},
    {"model", "string"},
    {"type", "string", "input cache_read cache_write output all tools tax credit adjustment"},
    {"billed_usd", "money?", "null: they do not tell"},
    {"seen_usd", "money?", "null: Pawl saw none"},
    {"difference_usd", "money", "billed less seen"},
    {"billed_quantity", "integer?", "tokens, or calls of tools"},
    {"seen_quantity", "integer?"},
    {"agrees", "boolean", "within a cent or 0.5 %"},
    {"reason", "string", "the name of a Reason; \"\" where it agrees"}};
constexpr ShapeField reconciled_total_fields[] = {{"billed_usd", "money"},
                                                  {"seen_usd", "money"},
                                                  {"difference_usd", "money"},
                                                  {"rows", "integer", "without those of which no bill was imported"},
                                                  {"agreeing", "integer"}};
constexpr ShapeField reason_fields[] = {
    {"name", "string"}, {"sentence", "string"}, {"rows", "integer"}, {"difference_usd", "money"}};
constexpr ShapeField what_if_fields[] = {{"provider", "string"},
                                         {"model", "string"},
                                         {"to", "string", "by which it was priced"},
                                         {"calls", "integer"},
                                         {"tokens", "integer"},
                                         {"actual_usd", "money"},
                                         {"repriced_usd", "money"},
                                         {"kept_because", "string", "why some of it kept its cost; \"\" else"}};
constexpr ShapeField budget_fields[] = {{"name", "string"},
                                        {"scope", "string", "organisation project team agent user task customer"},
                                        {"value", "string", "which of them"},
                                        {"period", "string", "day week month"},
                                        {"timezone", "string", "whose days, weeks and months"},
                                        {"limit_usd", "money"},
                                        {"spent_usd", "money", "in this period"},
                                        {"left_usd", "money", "below 0 where it is exceeded"},
                                        {"used", "number", "1 is all of it"},
                                        {"daily_usd", "money", "mean of the last seven days"},
                                        {"forecast_usd", "money", "at the period's end, if it goes on so"},
                                        {"period_start", "time"},
                                        {"period_end", "time"},
                                        {"runs_out", "time?", "within the period"},
                                        {"runs_out_p10", "time?", "one in ten runs out before"},
                                        {"runs_out_p50", "time?"},
                                        {"runs_out_p90", "time?", "one in ten runs out later, or not in this period"},
                                        {"forecast_p10_usd", "money"},
                                        {"forecast_p50_usd", "money"},
                                        {"forecast_p90_usd", "money"},
                                        {"method", "string", "holt_winters mean"},
                                        {"state", "string", "ok at_risk exceeded"},
                                        {"unknown_calls", "integer", "whose price is not known: not in it"}};
constexpr ShapeField burn_fields[] = {{"severity", "string", "page ticket"},
                                      {"factor", "number", "both windows must burn faster"},
                                      {"long", "string"},
                                      {"short", "string"},
                                      {"long_burn", "number", "1: the budget lasts as long as its window"},
                                      {"short_burn", "number"},
                                      {"firing", "boolean"}};
constexpr ShapeField slo_day_fields[] = {{"day", "string"},
                                         {"valid", "number"},
                                         {"bad", "number"},
                                         {"sli", "number?"},
                                         {"budget_left", "number?", "of the window up to that day"}};
constexpr ShapeField slo_fields[] = {
    {"name", "string"},
    {"agent", "string"},
    {"kind", "string", "availability latency quality cost"},
    {"target", "number", "share of runs that must be good"},
    {"threshold", "string", "beyond it a run is bad: 10s, 0.05 (dollars), 0.7 (a score)"},
    {"score", "string", "of quality: its name"},
    {"window", "string", "30d: rolling"},
    {"filter", "string"},
    {"description", "string"},
    {"valid", "number", "runs in the window"},
    {"bad", "number"},
    {"sli", "number?", "share of good runs"},
    {"interval", "[number]", "of it, Wilson 95 %"},
    {"budget_left", "number", "1 is all of it; below 0: overspent"},
    {"state", "string", "met at_risk broken too_few"},
    {"exhausted_at", "time?", "if it goes on as in the last 24 hours"},
    {"burn", "[Burn]"},
    {"valid_filter", "string", "which traces are counted"},
    {"bad_filter", "string"},
    {"changed", "time"},
    {"history", "[SloDay]", {}, true}};
constexpr ShapeField report_fields[] = {{"id", "string"},
                                        {"kind", "string", "weekly cost slo incidents"},
                                        {"period", "string", "day week month"},
                                        {"from", "time"},
                                        {"to", "time"},
                                        {"timezone", "string"},
                                        {"made", "time"},
                                        {"schedule", "string", "which one asked for it, or \"\""},
                                        {"late", "boolean", "more than an hour after it was due"},
                                        {"links", "integer", "that are open"},
                                        {"mails", "[ReportMail]"}};
constexpr ShapeField annotation_fields[] = {{"id", "string", "of a note; else \"\""},
                                            {"kind", "string", "release price incident note"},
                                            {"at", "time"},
                                            {"until", "time?", "null: an instant"},
                                            {"title", "string"},
                                            {"detail", "string"},
                                            {"agent", "string"},
                                            {"version", "string", "of a release"},
                                            {"severity", "string", "of an incident"},
                                            {"link", "string", "a place of the page"},
                                            {"author", "string"}};
constexpr ShapeField report_mail_fields[] = {{"to", "string"},
                                             {"state", "string", "waiting sent failed"},
                                             {"attempts", "integer"},
                                             {"error", "string", "why the last one failed"},
                                             {"changed", "time"}};
constexpr ShapeField report_link_fields[] = {{"id", "string"},
                                             {"report", "string"},
                                             {"kind", "string", "weekly cost slo incidents"},
                                             {"from", "time", "of the report's period"},
                                             {"label", "string"},
                                             {"author", "string"},
                                             {"made", "time"},
                                             {"expires", "time"},
                                             {"opened", "integer", "how often"},
                                             {"last_opened", "time?"},
                                             {"state", "string", "active expired revoked"}};
constexpr ShapeField schedule_fields[] = {
    {"name", "string"},
    {"kind", "string", "weekly cost slo incidents"},
    {"timezone", "string"},
    {"period", "string", "day week month"},
    {"weekday", "string", "of those each week: monday …"},
    {"hour", "integer"},
    {"enabled", "boolean"},
    {"trouble", "string", "why the last one could not be made"},
    {"next", "time?"},
    {"to", "[string]", "who gets it by mail"},
    {"link_for", "string", "how long a public link in the mail is open; \"\": none"}};
constexpr ShapeField refused_fields[] = {
    {"code", "string", "invalid not_found denied conflict exhausted unavailable …"},
    {"message", "string", "what to do"},
    {"detail", "any", "of a filter: position, length, expected, nearest"},
    {"request_id", "string", "stands in the server's log"}};
constexpr ShapeField problem_fields[] = {{"error", "Refusal"}};

// The heads with the totals behind them.
template <std::size_t A, std::size_t B>
constexpr auto joined(const ShapeField (&head)[A], const ShapeField (&tail)[B]) {
  std::array<ShapeField, A + B> out{};
  std::ranges::copy(head, out.begin());
  std::ranges::copy(tail, out.begin() + A);
  return out;
}
constexpr auto trace_fields = joined(trace_head, run_totals);
constexpr auto session_fields = joined(session_head, run_totals);

constexpr Shape table[] = {
    {"Session", "A conversation or job of an agent with one user.", session_fields},
    {"Trace", "One run: a tree of spans.", trace_fields},
    {"Span", "One step. Lists and the live view leave out what needs its content.", span_fields},
    {"Message", "One entry of a conversation.", message_fields},
    {"Part", "Of a message; further members depend on the type.", part_fields},
    {"Tokens", "Each token stands in one kind; further kinds by their own names.", tokens_fields},
    {"Cost", "How the cost of a call was made.", cost_fields},
    {"CostLine", "Tokens of one kind, or calls of a tool, times their price.", line_fields},
    {"RolledUp", "Sums over a span and all below it.", rolled_fields},
    {"Model", "Who answered.", model_fields},
    {"Tool", "A tool and what went in and out.", tool_fields},
    {"Failure", "What went wrong in a span.", error_fields},
    {"Handoff", "From which agent to which.", handoff_fields},
    {"Prompt", "A named prompt.", prompt_fields},
    {"Piece", "A piece of content as received.", piece_fields},
    {"Finding", "What a rule found in a run.", finding_fields},
    {"View", "A saved view of a list.", view_fields},
    {"StateStep", "What a step changed in the session's state.", state_step_fields},
    {"StateChange", "A value of the state before and after a step.", state_change_fields},
    {"Hit", "A step whose content holds what was searched for.", hit_fields},
    {"Snippet", "The text around a hit.", snippet_fields},
    {"Similar", "A run that went a like way.", similar_fields},
    {"Score", "A judgement.", score_fields},
    {"ScoreDefinition", "What a score of a name may be.", definition_fields},
    {"Dataset", "Cases under a name, by version.", dataset_fields},
    {"Case", "A case of a dataset.", case_fields},
    {"Experiment", "An agent on the cases of a dataset.", experiment_fields},
    {"ExperimentCase", "A case and its trials in an experiment.", experiment_case_fields},
    {"ExperimentTrial", "A trial, whole.", experiment_trial_fields},
    {"ComparedCase", "A case in a baseline and in candidates.", compared_case_fields},
    {"EvaluatorFile", "Evaluators under a name, by version.", evaluator_file_fields},
    {"FeedbackKey", "A public key for feedback of end users.", feedback_key_fields},
    {"Share", "A link that shows a run to whoever has it.", share_fields},
    {"Shared", "What a link shows.", shared_fields},
    {"Comment", "What somebody said about a run.", comment_fields},
    {"Author", "Who said it.", author_fields},
    {"Mentioned", "A member whom a comment mentions.", mentioned_fields},
    {"Log", "A log record that is no content of a span.", log_fields},
    {"Said", "A message of the conversation, in order.", said_fields},
    {"Dashboard", "A dashboard that a user made, in one version.", dashboard_fields},
    {"Annotation", "Something that happened, on the time of charts.", annotation_fields},
    {"Found", "What has an id.", found_fields},
    {"Stats", "What answering read.", stats_fields},
    {"CostRow", "A row of a cost table.", cost_row_fields},
    {"Import", "What there is of a source of bills.", import_fields},
    {"Reconciled", "A kind of token of a model on a day: what is billed, what was seen.", reconciled_fields},
    {"ReconciledTotal", "Sums of a reconciliation.", reconciled_total_fields},
    {"Reason", "Why bills and what was seen differ.", reason_fields},
    {"WhatIf", "A model at other prices.", what_if_fields},
    {"Budget", "What may be spent, and how far it has come.", budget_fields},
    {"Burn", "How fast an error budget burns, over two windows.", burn_fields},
    {"SloDay", "A day of an objective.", slo_day_fields},
    {"Slo", "An objective of an agent, and how it stands.", slo_fields},
    {"Incident", "Alerts in a group, and who looks after it.", incident_fields},
    {"IncidentEntry", "Of an incident's timeline.", incident_entry_fields},
    {"Report", "A report that is kept.", report_fields},
    {"ReportMail", "A mail with a report.", report_mail_fields},
    {"ReportLink", "A link that shows a report to whoever has it.", report_link_fields},
    {"ReportSchedule", "When reports are made by themselves.", schedule_fields},
    {"Refusal", "Why it could not be done.", refused_fields},
    {"Problem", "The body of every error.", problem_fields},
};

}  // namespace

std::span<const Shape> shapes() {
  return table;
}

}  // namespace pawl::app
