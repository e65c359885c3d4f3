// LangSmith: datasets and examples.
#include <algorithm>
#include <map>

#include "base/text.h"
#include "langsmith.h"
#include "wire/multipart.h"

namespace pawl::sdks {
namespace {

using datasets::Dataset;
using datasets::Item;

// A dataset's `extra` keeps what it was sent as: data_type, transformations, extra.
void write_dataset(JsonWriter& json, const Dataset& dataset, ProjectId project) {
  const json::Object sent(or_empty(dataset.extra));
  const auto own = [&](std::string_view name, std::string_view otherwise) {
    const auto raw = sent.member(name);
    json.key(name).raw(json::is_null(raw) ? otherwise : raw);
  };
  json.object().field("id", dataset.id).field("name", dataset.name).field("tenant_id", tenant_of(project));
  write_maybe(json, "description", dataset.description);
  write_iso(json, "created_at", dataset.created), write_iso(json, "modified_at", dataset.changed);
  own("data_type", "\"kv\""), own("transformations", "null"), own("extra", "null");
  json.field("example_count", dataset.items).field("session_count", dataset.experiments);
  json.key("last_session_start_time").null();
  write_raw(json, "inputs_schema_definition", dataset.input_schema);
  write_raw(json, "outputs_schema_definition", dataset.output_schema);
  write_raw(json, "metadata", dataset.metadata);
  json.field("externally_managed", false).end();
}

void write_metadata(JsonWriter& json, const Item& item) {
  json.key("metadata").object();
  json::Members members(or_empty(item.metadata));
  while (members.next())
    if (members.key != "dataset_split") json.key(members.key).raw(members.value);
  json.key("dataset_split").array();
  if (item.splits.empty()) json.value("base");
  for (const auto& name : item.splits) json.value(name);
  json.end().end();
}

void write_example(JsonWriter& json, const Item& item) {
  json.object().field("id", item.id).field("dataset_id", item.dataset);
  write_raw(json, "inputs", item.input, "{}"), write_raw(json, "outputs", item.expected);
  write_metadata(json, item);
  write_iso(json, "created_at", item.created), write_iso(json, "modified_at", item.changed);
  write_maybe(json, "source_run_id", item.source_span);
  json.key("attachment_urls").null().field("name", fmt::format("#{}", item.id.substr(0, 4))).end();
}

Result<net::Response> create_dataset(Sdks::Inside& inside, const net::Request& request) {
  const auto doc = TRY(Doc::of(request));
  const auto project = access_of(request).project;
  JsonWriter extra;
  extra.object();
  for (const std::string_view name : {"data_type", "transformations", "extra"})
    if (doc.has(name)) extra.key(name).raw(doc.raw(name));
  JsonWriter json;
  write_dataset(json,
                TRY(inside.parts.datasets.put(project,
                                              {.id = doc.text("id"),
                                               .name = doc.text("name"),
                                               .description = doc.text("description"),
                                               .metadata = doc.part("metadata"),
                                               .input_schema = doc.part("inputs_schema_definition"),
                                               .output_schema = doc.part("outputs_schema_definition"),
                                               .extra = extra.end().take()},
                                              false)),
                project);
  return net::Response::json(json.take());
}

Result<net::Response> list_datasets(Sdks::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto window = TRY(window_of(request));
  std::vector<Dataset> found;
  const auto ids = all_of(request, "id");
  const std::string name(request.query.get("name"));
  if (!ids.empty() || !name.empty()) {
    for (const auto& one : ids.empty() ? std::vector<std::string>{name} : ids) {
      auto dataset = inside.parts.datasets.find(project, one);
      if (!dataset && dataset.error().kind != ErrorKind::not_found) return std::unexpected(dataset.error());
      if (dataset && (name.empty() || dataset->name == name)) found.push_back(std::move(*dataset));
    }
    if (window.offset > 0) found.clear();
  } else {
    found = TRY(inside.parts.datasets.list(project, request.query.get("name_contains"), {window.offset, window.limit}))
                .rows;
  }
  JsonWriter json;
  json.array();
  for (const auto& dataset : found) write_dataset(json, dataset, project);
  return net::Response::json(json.end().take());
}

Result<net::Response> get_dataset(Sdks::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  JsonWriter json;
  write_dataset(json, TRY(inside.parts.datasets.find(project, request.capture("dataset_id"))), project);
  return net::Response::json(json.take());
}

Result<net::Response> change_dataset(Sdks::Inside& inside, const net::Request& request) {
  const auto doc = TRY(Doc::of(request));
  const auto project = access_of(request).project;
  JsonWriter json;
  write_dataset(json,
                TRY(inside.parts.datasets.rename(project, request.capture("dataset_id"), doc.maybe("name"),
                                                 doc.maybe("description"))),
                project);
  return net::Response::json(json.take());
}

Result<net::Response> remove_dataset(Sdks::Inside& inside, const net::Request& request) {
  TRY(inside.parts.datasets.remove(access_of(request).project, request.capture("dataset_id")));
  return net::Response::json("{\"message\":\"Dataset deleted\"}");
}

// --- examples -----------------------------------------------------------------------------------------------------

// "a" or ["a","b"].
std::vector<std::string> splits_of(std::string_view raw) {
  std::vector<std::string> out;
  if (json::is_string(raw)) out.push_back(json::text(raw));
  if (!json::is_array(raw)) return out;
  json::Elements elements(raw);
  while (elements.next())
    if (json::is_string(elements.value)) out.push_back(json::text(elements.value));
  return out;
}

// What is given of an example, over what it was.
Item read_example(const json::Object& given, Item item) {
  const auto put = [&](std::string_view name, std::string& into) {
    if (const auto raw = given.member(name); !raw.empty()) into = json::is_null(raw) ? "" : std::string(raw);
  };
  put("inputs", item.input), put("outputs", item.expected), put("metadata", item.metadata);
  if (const auto id = given.member("id"); json::is_string(id)) item.id = json::text(id);
  if (const auto run = given.member("source_run_id"); json::is_string(run)) item.source_span = json::text(run);
  auto splits = splits_of(given.member("split"));
  if (splits.empty()) splits = splits_of(json::member(given.member("metadata"), "dataset_split"));
  if (!splits.empty()) item.splits = std::move(splits);
  return item;
}

Result<std::string> dataset_named(Sdks::Inside& inside, ProjectId project, const Doc& doc) {
  const auto id = doc.text("dataset_id").empty() ? doc.text("dataset_name") : doc.text("dataset_id");
  if (id.empty()) return fail(ErrorKind::invalid, "dataset_id is missing.");
  return TRY(inside.parts.datasets.find(project, id)).id;
}

Result<net::Response> create_example(Sdks::Inside& inside, const net::Request& request) {
  const auto doc = TRY(Doc::of(request));
  const auto project = access_of(request).project;
  std::vector<Item> items{read_example(json::Object(doc.whole()), {})};
  const auto put =
      TRY(inside.parts.datasets.put_items(project, TRY(dataset_named(inside, project, doc)), std::move(items)));
  JsonWriter json;
  write_example(json, put.front());
  return net::Response::json(json.take());
}

Result<net::Response> create_examples(Sdks::Inside& inside, const net::Request& request) {
  const std::string body = TRY(json_body(request));
  if (!json::is_array(body)) return fail(ErrorKind::invalid, "The body must be a list of examples.");
  const auto project = access_of(request).project;
  std::map<std::string, std::vector<Item>> by_dataset;
  json::Elements elements(body);
  while (elements.next()) {
    const auto doc = TRY(Doc::of(std::string(elements.value)));
    by_dataset[TRY(dataset_named(inside, project, doc))].push_back(read_example(json::Object(doc.whole()), {}));
  }
  JsonWriter json;
  json.array();
  for (auto& [dataset, items] : by_dataset)
    for (const auto& item : TRY(inside.parts.datasets.put_items(project, dataset, std::move(items))))
      write_example(json, item);
  return net::Response::json(json.end().take());
}

Result<net::Response> list_examples(Sdks::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto window = TRY(window_of(request));
  datasets::ItemsWanted wanted{.dataset = {},
                               .source_trace = {},
                               .source_span = {},
                               .ids = all_of(request, "id"),
                               .splits = all_of(request, "splits"),
                               .version = {},
                               .as_of = 0,
                               .archived = false,
                               .page = {window.offset, window.limit}};
  if (const auto as_of = request.query.get("as_of"); !as_of.empty() && as_of != "latest")
    wanted.as_of = TRY(moment_of(request, "as_of")) + microsecond - 1;
  if (const auto dataset = request.query.get("dataset"); !dataset.empty())
    wanted.dataset = TRY(inside.parts.datasets.find(project, dataset)).id;
  for (const std::string_view name : {"filter", "metadata", "full_text_contains"})
    if (!request.query.get(name).empty())
      return fail(ErrorKind::invalid, "Pawl does not filter examples by {} here.", name);
  const auto found = TRY(inside.parts.datasets.items(project, wanted));
  JsonWriter json;
  json.array();
  for (const auto& item : found.rows) write_example(json, item);
  return net::Response::json(json.end().take());
}

Result<net::Response> get_example(Sdks::Inside& inside, const net::Request& request) {
  JsonWriter json;
  write_example(json, TRY(inside.parts.datasets.item(access_of(request).project, request.capture("example_id"))));
  return net::Response::json(json.take());
}

Result<net::Response> change_example(Sdks::Inside& inside, const net::Request& request) {
  const auto doc = TRY(Doc::of(request));
  const auto project = access_of(request).project;
  const auto old = TRY(inside.parts.datasets.item(project, request.capture("example_id")));
  auto item = read_example(json::Object(doc.whole()), old);
  item.id = old.id;
  std::vector<Item> items{std::move(item)};
  const auto put = TRY(inside.parts.datasets.put_items(project, old.dataset, std::move(items)));
  JsonWriter json;
  write_example(json, put.front());
  return net::Response::json(json.take());
}

Result<net::Response> remove_example(Sdks::Inside& inside, const net::Request& request) {
  TRY(inside.parts.datasets.archive_item(access_of(request).project, request.capture("example_id")));
  return net::Response::json("{\"message\":\"Example archived: its versions are kept\"}");
}

// Parts are named ID, ID.inputs, ID.outputs: an example in pieces, in any order.
struct Gathered {
  std::vector<std::string> order;
  std::map<std::string, std::map<std::string, std::string>> parts;  // by id: field → JSON, "" the example itself
  std::string problem;

  void add(const Part& part) {
    const auto [id, field] = cut(part.name, '.');
    if (id.empty() || !problem.empty()) return;
    if (field.starts_with("attachment") || field.starts_with("attachments_operations")) {
      problem = fmt::format("Example {}: attachments of examples are not kept yet; send it without.", id);
      return;
    }
    if (!check_json(part.bytes)) problem = fmt::format("Part {} is no JSON.", part.name);
    const std::string key(id);
    if (!parts.contains(key)) order.push_back(key);
    parts[key][std::string(field)] = part.bytes;
  }

  Item item(const std::string& id, Item before) const {
    const auto& fields = parts.at(id);
    const auto get = [&](const std::string& name) -> std::string {
      const auto found = fields.find(name);
      return found == fields.end() ? "" : found->second;
    };
    Item out = read_example(json::Object(get("")), std::move(before));
    out.id = id;
    if (const auto inputs = get("inputs"); !inputs.empty()) out.input = inputs;
    if (const auto outputs = get("outputs"); !outputs.empty()) out.expected = outputs;
    if (const auto metadata = get("metadata"); !metadata.empty()) out.metadata = metadata;
    return out;
  }
};

Result<net::Response> put_examples(Sdks::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto dataset = TRY(inside.parts.datasets.find(project, request.capture("dataset_id")));
  auto boundary = multipart_boundary(request.headers.get("content-type"));
  if (boundary.empty()) boundary = multipart_boundary_of_body(request.body);
  if (boundary.empty()) return fail(ErrorKind::invalid, "Send multipart/form-data with a boundary.");
  Gathered gathered;
  TRY(walk_multipart(request.body, boundary, [&](const Part& part) { gathered.add(part); }));
  if (!gathered.problem.empty()) return fail(ErrorKind::invalid, "{}", gathered.problem);
  std::vector<Item> items;
  for (const auto& id : gathered.order) {
    Item before;
    if (auto old = inside.parts.datasets.item(project, id))
      before = std::move(*old);
    else if (request.method == "PATCH")
      return std::unexpected(old.error());
    items.push_back(gathered.item(id, std::move(before)));
  }
  if (items.empty()) return fail(ErrorKind::invalid, "There is no example in the body.");
  const auto put = TRY(inside.parts.datasets.put_items(project, dataset.id, std::move(items)));
  JsonWriter json;
  json.object().field("count", static_cast<std::uint64_t>(put.size())).key("example_ids").array();
  for (const auto& item : put) json.value(item.id);
  json.end();
  write_iso(json, "as_of", put.front().changed);
  return net::Response::json(json.end().take());
}

}  // namespace

void add_langsmith_datasets(Sdks::Inside& inside) {
  const auto to = [&](std::string method, std::string pattern, Work work, std::string summary) {
    const std::string permission = method == "GET" ? "read" : "write";
    add_langsmith(inside, {.method = std::move(method),
                           .pattern = std::move(pattern),
                           .permission = permission,
                           .work = work,
                           .summary = "LangSmith: " + std::move(summary)});
  };
  to("POST", "/datasets", create_dataset, "makes a dataset");
  to("GET", "/datasets", list_datasets, "datasets, newest first");
  to("GET", "/datasets/{dataset_id}", get_dataset, "one dataset");
  to("PATCH", "/datasets/{dataset_id}", change_dataset, "name and description of a dataset");
  to("DELETE", "/datasets/{dataset_id}", remove_dataset, "removes a dataset");
  to("POST", "/examples", create_example, "makes an example");
  to("POST", "/examples/bulk", create_examples, "makes examples");
  to("GET", "/examples", list_examples, "examples that are not archived, oldest first");
  to("GET", "/examples/{example_id}", get_example, "one example");
  to("PATCH", "/examples/{example_id}", change_example, "a new version of an example");
  to("DELETE", "/examples/{example_id}", remove_example, "archives an example; its versions are kept");
  for (const char* prefix : {"/v1/platform", "/platform"}) {
    const std::string pattern = std::string(prefix) + "/datasets/{dataset_id}/examples";
    to("POST", pattern, put_examples, "makes examples, in parts");
    to("PATCH", pattern, put_examples, "new versions of examples, in parts");
  }
}

}  // namespace pawl::sdks
