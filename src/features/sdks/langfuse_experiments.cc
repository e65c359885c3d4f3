// Langfuse: runs over datasets ("dataset runs", from SDK v5 on "experiments") and their items.
#include "base/text.h"
#include "inside.h"

namespace pawl::sdks {
namespace {

using datasets::Experiment;
using datasets::RunItem;

void write_run(JsonWriter& json, const Experiment& run, std::string_view dataset_name) {
  json.object().field("id", run.id).field("name", run.name);
  write_maybe(json, "description", run.description);
  write_raw(json, "metadata", run.metadata);
  json.field("datasetId", run.dataset).field("datasetName", dataset_name);
  write_iso(json, "createdAt", run.created), write_iso(json, "updatedAt", run.changed);
}

void write_run_item(JsonWriter& json, const RunItem& item, std::string_view run_name) {
  json.object().field("id", item.id).field("datasetRunId", item.experiment).field("datasetRunName", run_name);
  json.field("datasetItemId", item.item).field("traceId", item.trace_id);
  write_maybe(json, "observationId", item.span_id);
  write_iso(json, "createdAt", item.created), write_iso(json, "updatedAt", item.changed);
  json.end();
}

Result<net::Response> put_run_item(Sdks::Inside& inside, const net::Request& request) {
  const auto put = TRY(put_langfuse_run_item(inside, access_of(request).project, TRY(Doc::of(request))));
  JsonWriter json;
  write_run_item(json, put.item, put.run_name);
  return net::Response::json(json.take());
}

// A run by its name in a dataset, or by its id.
Result<Experiment> run_of(Sdks::Inside& inside, ProjectId project, const std::string& dataset, std::string_view name) {
  const auto found = TRY(inside.parts.datasets.experiments(
      project, {.dataset = dataset, .name = std::string(name), .of_datasets = {}, .page = {0, 1}}));
  if (!found.rows.empty()) return found.rows.front();
  auto run = inside.parts.datasets.experiment(project, name);
  if (!run || run->dataset != dataset) return fail(ErrorKind::not_found, "There is no run {} of this dataset.", name);
  return run;
}

Result<net::Response> list_run_items(Sdks::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto paging = TRY(paging_of(request));
  const auto dataset = TRY(inside.parts.datasets.find(project, request.query.get("datasetId")));
  const auto run = TRY(run_of(inside, project, dataset.id, request.query.get("runName")));
  const auto found = TRY(inside.parts.datasets.run_items(project, run.id, {paging.offset(), paging.limit}));
  JsonWriter json;
  json.object().key("data").array();
  for (const auto& item : found.rows) write_run_item(json, item, run.name);
  json.end();
  write_meta(json, paging, found.total);
  return net::Response::json(json.end().take());
}

Result<net::Response> list_runs(Sdks::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto paging = TRY(paging_of(request));
  const auto dataset = TRY(inside.parts.datasets.find(project, request.capture("dataset_name")));
  const auto found = TRY(inside.parts.datasets.experiments(
      project, {.dataset = dataset.id, .of_datasets = {}, .page = {paging.offset(), paging.limit}}));
  JsonWriter json;
  json.object().key("data").array();
  for (const auto& run : found.rows) {
    write_run(json, run, dataset.name);
    json.end();
  }
  json.end();
  write_meta(json, paging, found.total);
  return net::Response::json(json.end().take());
}

Result<net::Response> get_run(Sdks::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto dataset = TRY(inside.parts.datasets.find(project, request.capture("dataset_name")));
  const auto run = TRY(run_of(inside, project, dataset.id, request.capture("run_name")));
  const auto items = TRY(inside.parts.datasets.run_items(project, run.id, {0, 100'000}));
  JsonWriter json;
  write_run(json, run, dataset.name);
  json.key("datasetRunItems").array();
  for (const auto& item : items.rows) write_run_item(json, item, run.name);
  return net::Response::json(json.end().end().take());
}

Result<net::Response> remove_run(Sdks::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto dataset = TRY(inside.parts.datasets.find(project, request.capture("dataset_name")));
  const auto run = TRY(run_of(inside, project, dataset.id, request.capture("run_name")));
  TRY(inside.parts.datasets.remove_experiment(project, run.id));
  return net::Response::json("{\"message\":\"Dataset run deleted\"}");
}

// limit= and a cursor that is how many came before.
Result<datasets::Page> cursor_page(const net::Request& request) {
  datasets::Page page{.offset = 0, .limit = TRY(paging_of(request, 50, 100)).limit};
  if (const auto cursor = request.query.get("cursor"); !cursor.empty()) {
    const auto number = parse_int(cursor);
    if (!number || *number < 0) return fail(ErrorKind::invalid, "cursor={} is none of ours.", cursor);
    page.offset = static_cast<std::uint64_t>(*number);
  }
  return page;
}

void write_cursor(JsonWriter& json, const datasets::Page& page, std::size_t shown, std::uint64_t total) {
  json.key("meta").object().field("limit", page.limit).key("cursor");
  const auto next = page.offset + shown;
  next < total ? json.value(fmt::format("{}", next)) : json.null();
  json.end();
}

Result<> write_scores(JsonWriter& json, Sdks::Inside& inside, ProjectId project, scores::Wanted wanted,
                      bool experiments_alone) {
  wanted.limit = 1000;
  json.key("scores").array();
  for (const auto& score : TRY(inside.parts.scores.find(project, wanted)).scores)
    if (!experiments_alone || score.trace_id.empty()) write_langfuse_score(json, score, project, true);
  json.end();
  return {};
}

Result<net::Response> experiments(Sdks::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto page = TRY(cursor_page(request));
  const auto found =
      TRY(inside.parts.datasets.experiments(project, {.dataset = std::string(request.query.get("datasetId")),
                                                      .name = std::string(request.query.get("name")),
                                                      .name_part = {},
                                                      .ids = all_of(request, "id"),
                                                      .of_datasets = {},
                                                      .from = TRY(moment_of(request, "fromStartTime")),
                                                      .page = page}));
  JsonWriter json;
  json.object().key("data").array();
  for (const auto& run : found.rows) {
    const auto items = TRY(inside.parts.datasets.run_items(project, run.id, {0, 0}));
    json.object().field("id", run.id).field("name", run.name);
    write_maybe(json, "description", run.description);
    write_iso(json, "startTime", run.created);
    write_iso(json, "endTime", run.ended != 0 ? run.ended : run.changed);
    json.field("itemCount", items.total);
    write_maybe(json, "datasetId", run.dataset);
    write_raw(json, "metadata", json::is_object(run.metadata) ? run.metadata : "");
    TRY(write_scores(json, inside, project, {.experiment = run.id}, true));
    json.end();
  }
  json.end();
  write_cursor(json, page, found.rows.size(), found.total);
  return net::Response::json(json.end().take());
}

// What its spans say of one item that was tried.
void write_span_facts(JsonWriter& json, const traces::Loaded& loaded, const RunItem& item) {
  const traces::SpanRow* row = nullptr;
  for (const auto& span : loaded.spans)
    if (row == nullptr || span.span == id_from_text(item.span_id)) row = &span;
  write_iso(json, "startTime", row == nullptr ? item.created : row->start);
  write_iso(json, "endTime", row == nullptr ? 0 : row->start + row->duration);
  json.field("level", row != nullptr && row->status == llm::Status::error ? "ERROR" : "DEFAULT");
  json.field("environment",
             row == nullptr || row->environment.empty() ? "default" : std::string_view(row->environment));
}

Result<> write_experiment_item(JsonWriter& json, Sdks::Inside& inside, warehouse::Warehouse& store, ProjectId project,
                               const Experiment& run, const RunItem& item) {
  const auto loaded = TRY(traces::load(
      store, {.project = project, .traces = {id_from_text(item.trace_id)}, .span = std::nullopt}, traces::With::spans));
  json.object().field("id", item.span_id.empty() ? item.id : item.span_id).field("traceId", item.trace_id);
  write_span_facts(json, loaded, item);
  json.field("experimentId", run.id).field("experimentName", run.name).field("experimentItemId", item.item);
  write_maybe(json, "experimentDatasetId", run.dataset);
  write_maybe(json, "experimentDescription", run.description);
  write_raw(json, "experimentMetadata", json::is_object(run.metadata) ? run.metadata : "");
  if (const auto tried = inside.parts.datasets.item(project, item.item)) {
    write_raw(json, "input", tried->input), write_raw(json, "expectedOutput", tried->expected);
    write_raw(json, "experimentItemMetadata", json::is_object(tried->metadata) ? tried->metadata : "");
    write_iso(json, "experimentItemVersion", tried->changed);
  }
  TRY(write_scores(json, inside, project, {.trace_id = item.trace_id}, false));
  json.end();
  return {};
}

Result<net::Response> experiment_items(Sdks::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto page = TRY(cursor_page(request));
  std::string id(request.query.get("experimentId"));
  if (const auto name = request.query.get("experimentName"); id.empty() && !name.empty()) {
    const auto named =
        TRY(inside.parts.datasets.experiments(project, {.name = std::string(name), .of_datasets = {}, .page = {0, 1}}));
    if (!named.rows.empty()) id = named.rows.front().id;
  }
  if (id.empty()) return fail(ErrorKind::invalid, "experimentId is needed.");
  const auto run = TRY(inside.parts.datasets.experiment(project, id));
  const auto found = TRY(inside.parts.datasets.run_items(project, run.id, page));
  JsonWriter json;
  json.object().key("data").array();
  for (const auto& item : found.rows) TRY(write_experiment_item(json, inside, store, project, run, item));
  json.end();
  write_cursor(json, page, found.rows.size(), found.total);
  return net::Response::json(json.end().take());
}

}  // namespace

Result<PutRunItem> put_langfuse_run_item(Sdks::Inside& inside, ProjectId project, const Doc& doc) {
  auto& all = inside.parts.datasets;
  const auto name = doc.text("runName"), item_id = doc.text("datasetItemId");
  if (name.empty() || item_id.empty()) return fail(ErrorKind::invalid, "runName and datasetItemId are needed.");
  const auto item = TRY(all.item(project, item_id));
  auto trace = doc.text("traceId");
  if (trace.empty() && doc.text("observationId").empty())
    return fail(ErrorKind::invalid, "traceId or observationId is needed.");
  const auto run =
      TRY(all.put_experiment(project, {.id = datasets::experiment_id(project_text(project), item.dataset, name),
                                       .dataset = item.dataset,
                                       .name = name,
                                       .description = doc.text("runDescription"),
                                       .metadata = doc.part("metadata"),
                                       .extra = {}}));
  auto put = TRY(all.put_run_item(project, {.id = {},
                                            .experiment = run.id,
                                            .item = item.id,
                                            .trace_id = std::move(trace),
                                            .span_id = doc.text("observationId")}));
  return PutRunItem{std::move(put), run.name};
}

void add_langfuse_experiments(Sdks::Inside& inside) {
  const auto to = [&](Spec spec) { add(inside, Dialect::langfuse, std::move(spec)); };
  to({.method = "POST",
      .pattern = "/api/public/dataset-run-items",
      .permission = "write",
      .work = put_run_item,
      .summary = "Langfuse: an item was tried in a run; makes the run where it is missing",
      .accepts = "a dataset run item of Langfuse",
      .answers = "the run item as Langfuse writes it"});
  to({.method = "GET",
      .pattern = "/api/public/dataset-run-items",
      .permission = "read",
      .work = list_run_items,
      .summary = "Langfuse: the items of a run, by page",
      .query = {{"datasetId", "of the dataset", true}, {"runName", "of the run", true}}});
  to({.method = "GET",
      .pattern = "/api/public/datasets/{dataset_name}/runs",
      .permission = "read",
      .work = list_runs,
      .summary = "Langfuse: the runs over a dataset, by page"});
  to({.method = "GET",
      .pattern = "/api/public/datasets/{dataset_name}/runs/{run_name}",
      .permission = "read",
      .work = get_run,
      .summary = "Langfuse: a run with its items"});
  to({.method = "DELETE",
      .pattern = "/api/public/datasets/{dataset_name}/runs/{run_name}",
      .permission = "write",
      .work = remove_run,
      .summary = "Langfuse: removes a run"});
  to({.method = "GET",
      .pattern = "/api/public/experiments",
      .permission = "read",
      .work = experiments,
      .summary = "Langfuse: experiments, newest first, by cursor"});
  to({.method = "GET",
      .pattern = "/api/public/experiment-items",
      .permission = "read",
      .look = experiment_items,
      .summary = "Langfuse: what was tried in an experiment, by cursor",
      .query = {{"experimentId", "of which"}, {"experimentName", "or its name"}}});
}

}  // namespace pawl::sdks
