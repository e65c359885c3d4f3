// Statements for each version of a store's schema; the first that the store understands is asked.
// Source of the names: the migrations of Phoenix and of MLflow.
#include "store_asks.h"

#include <algorithm>
#include <iterator>

namespace pawl::imports {

namespace {

std::vector<Ask> phoenix_telemetry() {
  return {
      {"spans",
       {"SELECT s.id AS row_id, s.span_id, s.parent_id, t.trace_id, p.name AS project, s.name, s.span_kind, "
        "s.start_time, "
        "s.end_time, s.attributes, s.events, s.status_code, s.status_message FROM spans s JOIN traces t ON t.id = "
        "s.trace_rowid JOIN projects p ON p.id = t.project_rowid ORDER BY s.trace_rowid, s.id"},
       true},
      {"span_annotations",
       {"SELECT a.id, a.identifier, a.name, a.label, a.score, a.explanation, a.metadata, a.annotator_kind, "
        "a.created_at, "
        "s.span_id, t.trace_id, p.name AS project FROM span_annotations a JOIN spans s ON s.id = a.span_rowid JOIN "
        "traces t "
        "ON t.id = s.trace_rowid JOIN projects p ON p.id = t.project_rowid ORDER BY a.id",
        "SELECT a.id, a.name, a.label, a.score, a.explanation, a.metadata, a.annotator_kind, a.created_at, "
        "s.span_id, t.trace_id, p.name AS project FROM span_annotations a JOIN spans s ON s.id = a.span_rowid JOIN "
        "traces t "
        "ON t.id = s.trace_rowid JOIN projects p ON p.id = t.project_rowid ORDER BY a.id"}},
      {"trace_annotations",
       {"SELECT a.id, a.identifier, a.name, a.label, a.score, a.explanation, a.metadata, a.annotator_kind, "
        "a.created_at, "
        "t.trace_id, p.name AS project FROM trace_annotations a JOIN traces t ON t.id = a.trace_rowid JOIN projects p "
        "ON "
        "p.id = t.project_rowid ORDER BY a.id",
        "SELECT a.id, a.name, a.label, a.score, a.explanation, a.metadata, a.annotator_kind, a.created_at, "
        "t.trace_id, p.name AS project FROM trace_annotations a JOIN traces t ON t.id = a.trace_rowid JOIN projects p "
        "ON "
        "p.id = t.project_rowid ORDER BY a.id"}},
      {"document_annotations",
       {"SELECT a.id, a.name, a.label, a.score, a.explanation, a.metadata, a.annotator_kind, a.created_at, "
        "a.document_position, s.span_id, t.trace_id, p.name AS project FROM document_annotations a JOIN spans s ON "
        "s.id = "
        "a.span_rowid JOIN traces t ON t.id = s.trace_rowid JOIN projects p ON p.id = t.project_rowid ORDER BY a.id"}},
      {"session_annotations",
       {"SELECT a.id, a.name, a.label, a.score, a.explanation, a.metadata, a.annotator_kind, a.created_at, "
        "ps.session_id, "
        "p.name AS project FROM project_session_annotations a JOIN project_sessions ps ON ps.id = a.project_session_id "
        "JOIN projects p ON p.id = ps.project_id ORDER BY a.id"}},
  };
}

// What is no telemetry comes in the words of Langfuse's tables (langfuse_things.h).
std::vector<Ask> phoenix_things() {
  return {
      {"prompts",
       {"SELECT p.name, (SELECT count(*) FROM prompt_versions o WHERE o.prompt_id = v.prompt_id AND o.id <= v.id) AS "
        "version, v.template_type, v.template_format, v.template, v.invocation_parameters, v.tools, v.response_format, "
        "v.model_provider, v.model_name, v.description AS commitMessage, (SELECT json_group_array(t.name) FROM "
        "prompt_version_tags t WHERE t.prompt_version_id = v.id) AS labels FROM prompt_versions v JOIN prompts p ON "
        "p.id = "
        "v.prompt_id ORDER BY v.prompt_id, v.id"}},
      {"datasets",
       {"SELECT d.id, d.name, d.description, d.metadata, d.updated_at AS updatedAt FROM datasets d ORDER BY d.id"}},
      {"dataset_items",
       {"SELECT 'phoenix ' || d.name || ' ' || e.id AS id, d.name AS datasetName, r.input, r.output AS expectedOutput, "
        "r.metadata, r.revision_kind, v.created_at AS updatedAt, t.trace_id AS sourceTraceId, s.span_id AS "
        "sourceObservationId FROM dataset_examples e JOIN datasets d ON d.id = e.dataset_id JOIN "
        "dataset_example_revisions r ON r.dataset_example_id = e.id AND r.id = (SELECT max(x.id) FROM "
        "dataset_example_revisions x WHERE x.dataset_example_id = e.id) LEFT JOIN dataset_versions v ON v.id = "
        "r.dataset_version_id LEFT JOIN spans s ON s.id = e.span_rowid LEFT JOIN traces t ON t.id = s.trace_rowid "
        "ORDER BY "
        "e.id"}},
      {"dataset_run_items",
       {"SELECT 'phoenix ' || r.id AS id, e.name || CASE WHEN (SELECT count(*) FROM experiments o WHERE o.dataset_id = "
        "e.dataset_id AND o.name = e.name) > 1 THEN ' ' || e.id ELSE '' END AS datasetRunName, e.description AS "
        "dataset_run_description, e.metadata AS dataset_run_metadata, 'phoenix ' || d.name || ' ' || "
        "r.dataset_example_id "
        "AS datasetItemId, r.trace_id AS traceId FROM experiment_runs r JOIN experiments e ON e.id = r.experiment_id "
        "JOIN "
        "datasets d ON d.id = e.dataset_id ORDER BY r.id"}},
      {"experiment_run_annotations",
       {"SELECT a.id, 'run ' || r.id AS identifier, a.name, a.label, a.score, a.explanation, a.metadata, "
        "a.annotator_kind, a.end_time AS created_at, r.trace_id FROM experiment_run_annotations a JOIN experiment_runs "
        "r "
        "ON r.id = a.experiment_run_id ORDER BY a.id"}}};
}

}  // namespace

const std::vector<Ask>& phoenix_asks() {
  static const std::vector<Ask> asks = [] {
    auto all = phoenix_telemetry();
    std::ranges::copy(phoenix_things(), std::back_inserter(all));
    return all;
  }();
  return asks;
}

const std::vector<Ask>& mlflow_asks() {
  static const std::vector<Ask> asks = {
      {"spans",
       {"SELECT s.trace_id, s.span_id, s.parent_span_id, s.content, e.name AS experiment, "
        "(SELECT t.session_id FROM trace_info t WHERE t.request_id = s.trace_id) AS session_id, "
        "CASE WHEN s.parent_span_id IS NULL THEN (SELECT json_group_object(m.key, m.value) FROM trace_request_metadata "
        "m "
        "WHERE m.request_id = s.trace_id) END AS metadata, "
        "CASE WHEN s.parent_span_id IS NULL THEN (SELECT json_group_object(g.key, g.value) FROM trace_tags g "
        "WHERE g.request_id = s.trace_id) END AS tags "
        "FROM spans s JOIN experiments e ON e.experiment_id = s.experiment_id "
        "ORDER BY s.trace_id, s.start_time_unix_nano, s.span_id",
        "SELECT s.trace_id, s.span_id, s.parent_span_id, s.content, e.name AS experiment, "
        "CASE WHEN s.parent_span_id IS NULL THEN (SELECT json_group_object(m.key, m.value) FROM trace_request_metadata "
        "m "
        "WHERE m.request_id = s.trace_id) END AS metadata, "
        "CASE WHEN s.parent_span_id IS NULL THEN (SELECT json_group_object(g.key, g.value) FROM trace_tags g "
        "WHERE g.request_id = s.trace_id) END AS tags "
        "FROM spans s JOIN experiments e ON e.experiment_id = s.experiment_id "
        "ORDER BY s.trace_id, s.start_time_unix_nano, s.span_id"}},
      {"assessments",
       {"SELECT a.assessment_id, a.trace_id, a.span_id, a.name, a.assessment_type, a.value, a.error, "
        "a.created_timestamp, "
        "a.source_type, a.source_id, a.rationale, a.valid, a.assessment_metadata, e.name AS experiment FROM "
        "assessments a "
        "JOIN trace_info t ON t.request_id = a.trace_id JOIN experiments e ON e.experiment_id = t.experiment_id ORDER "
        "BY "
        "a.assessment_id"}},
      {"lost_traces",
       {"SELECT t.request_id AS trace_id, e.name AS experiment, g.value AS location FROM trace_info t JOIN experiments "
        "e "
        "ON e.experiment_id = t.experiment_id LEFT JOIN trace_tags g ON g.request_id = t.request_id AND g.key = "
        "'mlflow.artifactLocation' WHERE NOT EXISTS (SELECT 1 FROM spans s WHERE s.trace_id = t.request_id) ORDER BY "
        "t.request_id",
        "SELECT t.request_id AS trace_id, e.name AS experiment, g.value AS location FROM trace_info t JOIN experiments "
        "e "
        "ON e.experiment_id = t.experiment_id LEFT JOIN trace_tags g ON g.request_id = t.request_id AND g.key = "
        "'mlflow.artifactLocation' ORDER BY t.request_id"},
       true},
      {"prompts",
       {"SELECT v.name, v.version, v.description AS commitMessage, t.value AS text, (SELECT m.value FROM "
        "model_version_tags m WHERE m.name = v.name AND m.version = v.version AND m.key = '_mlflow_prompt_type') AS "
        "type, "
        "(SELECT m.value FROM model_version_tags m WHERE m.name = v.name AND m.version = v.version AND m.key = "
        "'_mlflow_prompt_response_format') AS response_format, (SELECT m.value FROM model_version_tags m WHERE m.name "
        "= "
        "v.name AND m.version = v.version AND m.key = '_mlflow_prompt_model_config') AS model_config, (SELECT "
        "json_group_array(a.alias) FROM registered_model_aliases a WHERE a.name = v.name AND a.version = v.version) AS "
        "labels FROM model_versions v JOIN model_version_tags t ON t.name = v.name AND t.version = v.version AND t.key "
        "= "
        "'mlflow.prompt.text' ORDER BY v.name, v.version"}},
      {"datasets",
       {"SELECT d.dataset_id AS id, d.name, d.last_update_time AS updatedAt FROM evaluation_datasets d ORDER BY "
        "d.dataset_id"}},
      {"dataset_items",
       {"SELECT r.dataset_record_id AS id, d.name AS datasetName, r.inputs AS input, r.expectations AS expectedOutput, "
        "r.outputs, r.tags, r.source_id, r.source_type, r.last_update_time AS updatedAt FROM "
        "evaluation_dataset_records r "
        "JOIN evaluation_datasets d ON d.dataset_id = r.dataset_id ORDER BY r.dataset_record_id",
        "SELECT r.dataset_record_id AS id, d.name AS datasetName, r.inputs AS input, r.expectations AS expectedOutput, "
        "r.tags, r.source_id, r.source_type, r.last_update_time AS updatedAt FROM evaluation_dataset_records r JOIN "
        "evaluation_datasets d ON d.dataset_id = r.dataset_id ORDER BY r.dataset_record_id"}}};
  return asks;
}

}  // namespace pawl::imports
