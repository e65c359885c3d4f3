// Rows as `client.list_datasets()`, `list_examples()` and `list_projects()` give them, or the API they ask.
// Source of the names: LangSmith's API reference (DatasetSchema, ExampleSchema, TracerSessionSchema).
#include "langsmith_things.h"

#include <limits>

#include "base/text.h"

namespace pawl::imports {
namespace {

Thing dataset_thing(const std::string& name) {
  return {.look = "/api/public/v2/datasets/" + percent_encode(name),
          .path = "/langsmith/datasets",
          .same = {"description"}};
}

void read_dataset(const Fields& row, Memory& memory, Mapped& out) {
  const std::string id = row.text({"id"}), name = row.text({"name"});
  if (id.empty() || name.empty()) return out.bad.push_back("the dataset has no id or no name");
  memory["dataset " + id] = name;
  JsonWriter body;
  body.object().field("id", id).field("name", name);
  write_text(body, "description", row.text({"description"}));
  write_text(body, "data_type", row.text({"data_type"}));
  write_raw(body, "inputs_schema_definition", row.value({"inputs_schema_definition", "inputs_schema"}));
  write_raw(body, "outputs_schema_definition", row.value({"outputs_schema_definition", "outputs_schema"}));
  for (const std::string_view field : {"transformations", "metadata", "extra"})
    write_raw(body, field, row.value({field}));
  add_thing(out, "dataset", name, body.end().take(), dataset_thing(name));
}

// Its metadata with the names of its splits in them, as LangSmith writes it.
std::string metadata_of(const Fields& row) {
  const std::string metadata = row.value({"metadata"});
  JsonWriter out;
  out.object();
  std::string splits;
  for (json::Members members(metadata); members.next();) {
    const std::string name = json::text("\"" + std::string(members.key) + "\"");
    if (name == "dataset_split")
      splits = std::string(members.value);
    else
      out.key(name).raw(members.value);
  }
  if (row.has({"split"})) splits = row.value({"split"});
  if (json::is_string(splits)) splits = fmt::format("[{}]", splits);
  if (!json::is_array(splits) || splits == "[]") splits = R"(["base"])";
  return out.key("dataset_split").raw(splits).end().take();
}

void read_example(const Fields& row, Memory& memory, Mapped& out) {
  const std::string id = row.text({"id"}), dataset = row.text({"dataset_id"}), inputs = row.value({"inputs"});
  if (id.empty() || dataset.empty())
    return out.bad.push_back("the example has no id or no dataset_id: export client.list_examples() as it is");
  if (!json::is_object(inputs)) return out.bad.push_back("the example's inputs are no JSON object");
  auto found = memory.find("dataset " + dataset);
  if (found == memory.end()) {  // the export has its examples alone
    out.notes.push_back("names of datasets, which are called by their ids now: export client.list_datasets() too");
    found = memory.emplace("dataset " + dataset, dataset).first;
    JsonWriter body;
    auto thing = dataset_thing(dataset);
    thing.same = {};
    add_thing(out, "dataset", dataset, body.object().field("id", dataset).field("name", dataset).end().take(), thing);
  }
  JsonWriter body;
  body.object().field("id", id).field("dataset_name", found->second).key("inputs").raw(inputs);
  write_raw(body, "outputs", row.value({"outputs"}));
  write_raw(body, "metadata", metadata_of(row));
  write_text(body, "source_run_id", row.text({"source_run_id"}));
  add_thing(out, "example", id, body.end().take(),
            {.look = "/langsmith/examples/" + percent_encode(id),
             .path = "/langsmith/examples",
             .same = {"inputs", "outputs", "metadata", "source_run_id"},
             .changed = row.moment({"modified_at"}).value_or(0),
             .within = found->second,
             .list = fmt::format("/langsmith/examples?dataset={}&limit=1000&offset=", percent_encode(found->second))});
  for (const std::string_view field : {"attachments", "attachment_urls"})
    if (const std::string files = row.value({field}); json::is_object(files) && files != "{}")
      return out.notes.push_back("attachments of examples");
}

// An experiment: its runs bring the examples that were tried.
void read_experiment(const Fields& row, Mapped& out) {
  const std::string id = row.text({"id"}), name = row.text({"name"});
  if (id.empty() || name.empty()) return out.bad.push_back("the project has no id or no name");
  JsonWriter body;
  body.object().field("id", id).field("name", name);
  body.field("reference_dataset_id", row.text({"reference_dataset_id"}));
  write_text(body, "description", row.text({"description"}));
  write_time(body, "start_time", row.moment({"start_time"}));
  const std::string extra = row.value({"extra"});
  if (json::is_object(extra)) body.key("extra").raw(extra);
  add_thing(out, "experiment", name, body.end().take(),
            {.look = "/langsmith/sessions/" + percent_encode(id),
             .path = "/langsmith/sessions?upsert=true",
             .same = {"name", "reference_dataset_id", "description"},
             .changed = std::numeric_limits<Nanos>::max()});
}

}  // namespace

void read_langsmith_thing(const Fields& row, Memory& memory, Mapped& out) {
  const bool example = row.has({"dataset_id"}) && row.has({"inputs"});
  const bool experiment = !example && row.has({"name"}) && row.has({"reference_dataset_id"});
  if (example || experiment) {
    if (out.is(Pass::first)) return out.needed_in(Pass::items);
    if (out.is(Pass::items)) example ? read_example(row, memory, out) : read_experiment(row, out);
    return;
  }
  if (!out.is(Pass::first)) return;
  if (row.has({"name"}) && row.has({"data_type", "example_count", "session_count"}))
    return read_dataset(row, memory, out);
  if (row.has({"name"}) && row.has({"tenant_id"}) && row.has({"start_time"})) {
    ++out.skipped;
    return out.notes.push_back("projects of runs: they are made of their runs");
  }
  out.bad.push_back(
      "the record is no run, feedback, dataset or example of LangSmith: run_type, key and run_id, data_type, or "
      "dataset_id are missing");
}

}  // namespace pawl::imports
