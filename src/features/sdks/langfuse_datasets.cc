// Langfuse: datasets and their items.
#include "base/text.h"
#include "inside.h"

namespace pawl::sdks {
namespace {

using datasets::Dataset;
using datasets::Item;

void write_dataset(JsonWriter& json, const Dataset& dataset, ProjectId project) {
  json.object().field("id", dataset.id).field("name", dataset.name);
  write_maybe(json, "description", dataset.description);
  write_raw(json, "metadata", dataset.metadata);
  write_raw(json, "inputSchema", dataset.input_schema);
  write_raw(json, "expectedOutputSchema", dataset.output_schema);
  json.field("projectId", project_text(project));
  write_iso(json, "createdAt", dataset.created), write_iso(json, "updatedAt", dataset.changed);
}

void write_item(JsonWriter& json, const Item& item, std::string_view dataset_name, ProjectId project) {
  json.object().field("id", item.id).field("status", item.archived ? "ARCHIVED" : "ACTIVE");
  write_raw(json, "input", item.input), write_raw(json, "expectedOutput", item.expected);
  write_raw(json, "metadata", item.metadata);
  write_maybe(json, "sourceTraceId", item.source_trace), write_maybe(json, "sourceObservationId", item.source_span);
  json.field("datasetId", item.dataset).field("datasetName", dataset_name).field("projectId", project_text(project));
  write_iso(json, "createdAt", item.created), write_iso(json, "updatedAt", item.changed);
  write_iso(json, "version", item.changed);
  json.key("mediaReferences").array().end().end();
}

Result<net::Response> put_dataset(Sdks::Inside& inside, const net::Request& request) {
  const auto doc = TRY(Doc::of(request));
  const auto project = access_of(request).project;
  JsonWriter json;
  write_dataset(json,
                TRY(inside.parts.datasets.put(project,
                                              {.name = doc.text("name"),
                                               .description = doc.text("description"),
                                               .metadata = doc.part("metadata"),
                                               .input_schema = doc.part("inputSchema"),
                                               .output_schema = doc.part("expectedOutputSchema")},
                                              true)),
                project);
  return net::Response::json(json.key("items").array().end().key("runs").array().end().end().take());
}

Result<net::Response> list_datasets(Sdks::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto paging = TRY(paging_of(request));
  const auto found = TRY(inside.parts.datasets.list(project, "", {paging.offset(), paging.limit}));
  JsonWriter json;
  json.object().key("data").array();
  for (const auto& dataset : found.rows) {
    write_dataset(json, dataset, project);
    json.end();
  }
  json.end();
  write_meta(json, paging, found.total);
  return net::Response::json(json.end().take());
}

Result<net::Response> get_dataset(Sdks::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  JsonWriter json;
  write_dataset(json, TRY(inside.parts.datasets.find(project, request.capture("dataset_name"))), project);
  return net::Response::json(json.end().take());
}

// The older call, which brings items and run names along.
Result<net::Response> get_dataset_whole(Sdks::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto dataset = TRY(inside.parts.datasets.find(project, request.capture("dataset_name")));
  const auto items =
      TRY(inside.parts.datasets.items(project, {.dataset = dataset.id, .version = {}, .page = {0, 10'000}}));
  const auto runs =
      TRY(inside.parts.datasets.experiments(project, {.dataset = dataset.id, .of_datasets = {}, .page = {0, 10'000}}));
  JsonWriter json;
  write_dataset(json, dataset, project);
  json.key("items").array();
  for (const auto& item : items.rows) write_item(json, item, dataset.name, project);
  json.end().key("runs").array();
  for (const auto& run : runs.rows) json.value(run.name);
  return net::Response::json(json.end().end().take());
}

Result<net::Response> put_item(Sdks::Inside& inside, const net::Request& request) {
  const auto doc = TRY(Doc::of(request));
  const auto project = access_of(request).project;
  const auto name = doc.text("datasetName").empty() ? doc.text("datasetId") : doc.text("datasetName");
  if (name.empty()) return fail(ErrorKind::invalid, "datasetName is missing.");
  const auto dataset = TRY(inside.parts.datasets.find(project, name));
  Item item{.id = doc.text("id"),
            .archived = equals_ignoring_case(doc.text("status"), "archived"),
            .input = doc.part("input"),
            .expected = doc.part("expectedOutput"),
            .metadata = doc.part("metadata"),
            .source_trace = doc.text("sourceTraceId"),
            .source_span = doc.text("sourceObservationId"),
            .splits = {}};
  // What is not given stays as it is.
  if (const auto old = item.id.empty() ? std::unexpected(Error{}) : inside.parts.datasets.item(project, item.id)) {
    const auto keep = [&](std::string_view field, std::string& into, const std::string& before) {
      if (doc.raw(field).empty()) into = before;
    };
    keep("input", item.input, old->input), keep("expectedOutput", item.expected, old->expected);
    keep("metadata", item.metadata, old->metadata), keep("sourceTraceId", item.source_trace, old->source_trace);
    keep("sourceObservationId", item.source_span, old->source_span);
    if (!doc.has("status")) item.archived = old->archived;
    item.splits = old->splits;
  }
  std::vector<Item> items{std::move(item)};
  const auto put = TRY(inside.parts.datasets.put_items(project, dataset.id, std::move(items)));
  JsonWriter json;
  write_item(json, put.front(), dataset.name, project);
  return net::Response::json(json.take());
}

Result<net::Response> list_items(Sdks::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto paging = TRY(paging_of(request));
  datasets::ItemsWanted wanted{.dataset = {},
                               .source_trace = std::string(request.query.get("sourceTraceId")),
                               .source_span = std::string(request.query.get("sourceObservationId")),
                               .ids = {},
                               .splits = {},
                               .version = {},
                               .as_of = TRY(moment_of(request, "version")),
                               .archived = false,
                               .page = {paging.offset(), paging.limit}};
  if (wanted.as_of != 0) wanted.as_of += microsecond - 1;  // ours are told in microseconds
  if (const auto name = request.query.get("datasetName"); !name.empty())
    wanted.dataset = TRY(inside.parts.datasets.find(project, name)).id;
  const auto found = TRY(inside.parts.datasets.items(project, wanted));
  std::unordered_map<std::string, std::string> names;
  JsonWriter json;
  json.object().key("data").array();
  for (const auto& item : found.rows) {
    auto& name = names[item.dataset];
    if (name.empty()) name = TRY(inside.parts.datasets.find(project, item.dataset)).name;
    write_item(json, item, name, project);
  }
  json.end();
  write_meta(json, paging, found.total);
  return net::Response::json(json.end().take());
}

Result<net::Response> get_item(Sdks::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto item = TRY(inside.parts.datasets.item(project, request.capture("item_id")));
  JsonWriter json;
  write_item(json, item, TRY(inside.parts.datasets.find(project, item.dataset)).name, project);
  return net::Response::json(json.take());
}

Result<net::Response> remove_item(Sdks::Inside& inside, const net::Request& request) {
  TRY(inside.parts.datasets.archive_item(access_of(request).project, request.capture("item_id")));
  return net::Response::json("{\"message\":\"Dataset item archived: its versions are kept\"}");
}

}  // namespace

void add_langfuse_datasets(Sdks::Inside& inside) {
  const auto to = [&](Spec spec) { add(inside, Dialect::langfuse, std::move(spec)); };
  for (const char* pattern : {"/api/public/v2/datasets", "/api/public/datasets"}) {
    to({.method = "POST",
        .pattern = pattern,
        .permission = "write",
        .work = put_dataset,
        .summary = "Langfuse: makes a dataset, or changes the one of this name",
        .accepts = "a dataset of Langfuse",
        .answers = "the dataset as Langfuse writes it"});
    to({.method = "GET",
        .pattern = pattern,
        .permission = "read",
        .work = list_datasets,
        .summary = "Langfuse: the datasets, by page"});
  }
  to({.method = "GET",
      .pattern = "/api/public/v2/datasets/{dataset_name}",
      .permission = "read",
      .work = get_dataset,
      .summary = "Langfuse: a dataset by name"});
  to({.method = "GET",
      .pattern = "/api/public/datasets/{dataset_name}",
      .permission = "read",
      .work = get_dataset_whole,
      .summary = "Langfuse: a dataset by name, with its items and the names of its runs"});
  to({.method = "POST",
      .pattern = "/api/public/dataset-items",
      .permission = "write",
      .work = put_item,
      .summary = "Langfuse: makes an item, or a new version of the one with this id",
      .accepts = "a dataset item of Langfuse",
      .answers = "the item as Langfuse writes it",
      .body_bytes = 16U << 20});
  to({.method = "GET",
      .pattern = "/api/public/dataset-items",
      .permission = "read",
      .work = list_items,
      .summary = "Langfuse: items that are not archived, by page",
      .query = {{"datasetName", "of this dataset"},
                {"version", "as they were then (RFC 3339)"},
                {"sourceTraceId", "made from this trace"},
                {"sourceObservationId", "made from this span"}}});
  to({.method = "GET",
      .pattern = "/api/public/dataset-items/{item_id}",
      .permission = "read",
      .work = get_item,
      .summary = "Langfuse: one item"});
  to({.method = "DELETE",
      .pattern = "/api/public/dataset-items/{item_id}",
      .permission = "write",
      .work = remove_item,
      .summary = "Langfuse: archives an item; its versions are kept"});
}

}  // namespace pawl::sdks
