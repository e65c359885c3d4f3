// Rows of Langfuse's API, of exports from its page and of its tables in PostgreSQL and ClickHouse that are no
// telemetry. Source of the names: Langfuse's public API reference and database migrations.
#include "langfuse_things.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "otlp_span.h"

namespace pawl::imports {
namespace {

// A JSON column: of cells the JSON that is written in one, else the value as it stands.
std::string json_of(const Fields& row, const Names& names, bool cells) {
  const auto raw = row.raw(names);
  if (!cells || !json::is_string(raw)) return std::string(raw);
  const std::string text = json::text(raw);
  const auto inner = json::trimmed(text);
  const bool structured = json::is_object(inner) || json::is_array(inner) || json::is_string(inner);
  return structured && json::is_valid(inner) ? std::string(inner) : std::string(raw);
}

std::string known(const Memory& memory, std::string_view what, const std::string& id) {
  const auto found = memory.find(fmt::format("{} {}", what, id));
  return found == memory.end() ? std::string() : found->second;
}

void read_prompt(const Fields& row, bool cells, Mapped& out) {
  const std::string name = row.text({"name"});
  const auto number = parse_int(row.text({"version"}));
  std::string prompt = json_of(row, {"prompt"}, cells);
  if (name.empty() || !number || prompt.empty())
    return out.bad.push_back("the prompt has no name, no version or no text");
  std::string type = row.text({"type"});
  if (type != "chat" && type != "text") type = json::is_array(prompt) ? "chat" : "text";
  if (type == "chat") prompt = unwrapped(prompt);
  if (type == "chat" ? !json::is_array(prompt) : !json::is_string(prompt))
    return out.bad.push_back(fmt::format("the prompt's text does not fit its type {}", type));
  auto labels = labels_of(list_of(row.raw({"labels"})), out);
  if (labels.empty() && row.is_true({"is_active", "isActive"})) labels.emplace_back("production");
  const std::string config = unwrapped(row.raw({"config"}));
  JsonWriter body;
  body.object().field("name", name).field("version", *number).field("type", type).key("prompt").raw(prompt);
  body.key("config").raw(json::is_object(config) ? config : "{}").key("labels").array();
  for (const auto& label : labels) body.value(label);
  body.end();
  write_raw(body, "tags", list_of(row.raw({"tags"})));
  write_text(body, "commitMessage", row.text({"commitMessage", "commit_message"}));
  add_thing(out, "prompt version", fmt::format("{} {}", name, *number), body.end().take(),
            {.look = fmt::format("/api/public/v2/prompts/{}?version={}", percent_encode(name), *number),
             .path = "/api/public/v2/prompts",
             .same = {"type", "prompt", "config"},
             .beside = "labels",
             .fixed = true});
}

Thing dataset_thing(const std::string& name) {
  return {.look = "/api/public/v2/datasets/" + percent_encode(name), .path = "/api/public/v2/datasets", .same = {}};
}

void read_dataset(const Fields& row, bool cells, Memory& memory, Mapped& out) {
  const std::string name = row.text({"name"}), id = row.text({"id"}), items = row.value({"items"});
  if (name.empty()) return out.bad.push_back("the dataset has no name");
  if (out.is(Pass::items)) {  // the API's answer with all that is in it
    for (json::Elements in(items); in.next();)
      read_langfuse_thing(LangfuseThing::item, Fields(in.value), cells, memory, out);
    return;
  }
  memory["dataset " + id] = name, memory["has dataset " + name] = "1";
  if (json::is_array(items) && items != "[]") out.needed_in(Pass::items);
  JsonWriter body;
  body.object().field("name", name);
  write_text(body, "description", row.text({"description"}));
  write_raw(body, "metadata", json_of(row, {"metadata"}, cells));
  write_raw(body, "inputSchema", json_of(row, {"inputSchema", "input_schema"}, cells));
  write_raw(body, "expectedOutputSchema", json_of(row, {"expectedOutputSchema", "expected_output_schema"}, cells));
  auto thing = dataset_thing(name);
  thing.same = {"description", "metadata", "inputSchema", "expectedOutputSchema"};
  thing.changed = row.moment({"updatedAt", "updated_at"}).value_or(0);
  add_thing(out, "dataset", name, body.end().take(), std::move(thing));
}

void read_item(const Fields& row, bool cells, Memory& memory, Mapped& out) {
  if (row.has({"valid_to", "validTo"})) {
    ++out.skipped;
    return out.notes.push_back("older versions of dataset items");
  }
  const std::string id = row.text({"id"});
  std::string dataset = row.text({"datasetName", "dataset_name"});
  if (dataset.empty()) dataset = known(memory, "dataset", row.text({"datasetId", "dataset_id"}));
  if (id.empty()) return out.bad.push_back("the dataset item has no id");
  if (dataset.empty())
    return out.bad.push_back("the dataset of this item is not in the export: export the table of datasets too");
  if (memory.emplace("has dataset " + dataset, "1").second) {  // the export has its items alone
    JsonWriter body;
    add_thing(out, "dataset", dataset, body.object().field("name", dataset).end().take(), dataset_thing(dataset));
  }
  const std::string status = row.text({"status"});
  JsonWriter body;
  body.object().field("id", id).field("datasetName", dataset);
  write_raw(body, "input", json_of(row, {"input"}, cells));
  write_raw(body, "expectedOutput", json_of(row, {"expectedOutput", "expected_output"}, cells));
  write_raw(body, "metadata", json_of(row, {"metadata"}, cells));
  write_text(body, "sourceTraceId", row.text({"sourceTraceId", "source_trace_id"}));
  write_text(body, "sourceObservationId", row.text({"sourceObservationId", "source_observation_id"}));
  body.field("status", status == "ARCHIVED" ? "ARCHIVED" : "ACTIVE");
  add_thing(
      out, "dataset item", id, body.end().take(),
      {.look = "/api/public/dataset-items/" + percent_encode(id),
       .path = "/api/public/dataset-items",
       .same = {"datasetName", "input", "expectedOutput", "metadata", "sourceTraceId", "sourceObservationId", "status"},
       .changed = row.moment({"updatedAt", "updated_at"}).value_or(0),
       .within = dataset,
       .list = fmt::format("/api/public/dataset-items?datasetName={}&limit=1000&page=", percent_encode(dataset))});
}

// A run is there by its items: what is known of it goes with them.
void read_run(const Fields& row, bool cells, Memory& memory, Mapped& out) {
  const std::string id = row.text({"id"}), name = row.text({"name"}), items = row.value({"datasetRunItems"});
  if (name.empty()) return out.bad.push_back("the dataset run has no name");
  if (out.is(Pass::run_items)) {
    for (json::Elements in(items); in.next();)
      read_langfuse_thing(LangfuseThing::run_item, Fields(in.value), cells, memory, out);
    return;
  }
  JsonWriter about;
  about.object().field("name", name);
  write_text(about, "description", row.text({"description"}));
  write_raw(about, "metadata", json_of(row, {"metadata"}, cells));
  memory["run " + id] = about.end().take();
  if (json::is_array(items) && items != "[]") out.needed_in(Pass::run_items);
}

void read_run_item(const Fields& row, bool cells, const Memory& memory, Mapped& out) {
  const std::string about = known(memory, "run", row.text({"datasetRunId", "dataset_run_id"}));
  const Fields run(about);
  const auto either = [&](const Names& own, const Names& of_run) {
    const std::string text = row.text(own);
    return text.empty() ? run.text(of_run) : text;
  };
  const std::string name = either({"datasetRunName", "dataset_run_name"}, {"name"});
  const std::string item = row.text({"datasetItemId", "dataset_item_id"});
  const std::string trace = row.text({"traceId", "trace_id"});
  const std::string observation = row.text({"observationId", "observation_id"});
  if (name.empty())
    return out.bad.push_back("the run of this run item is not in the export: export the table of dataset runs too");
  if (item.empty() || (trace.empty() && observation.empty()))
    return out.bad.push_back("the run item has no item, or neither a trace nor an observation");
  std::string metadata = json_of(row, {"dataset_run_metadata", "datasetRunMetadata"}, cells);
  if (metadata.empty()) metadata = std::string(run.raw({"metadata"}));
  JsonWriter body;
  body.object().field("runName", name).field("datasetItemId", item);
  write_text(body, "traceId", trace);
  write_text(body, "observationId", observation);
  write_text(body, "runDescription", either({"dataset_run_description", "datasetRunDescription"}, {"description"}));
  write_raw(body, "metadata", metadata);
  add_thing(out, "run item", row.text({"id"}), body.end().take(),
            {.look = "", .path = "/api/public/dataset-run-items", .same = {}});
}

LangfuseThing thing_of_table(std::string_view table) {
  constexpr std::pair<std::string_view, LangfuseThing> tables[] = {{"prompts", LangfuseThing::prompt},
                                                                   {"datasets", LangfuseThing::dataset},
                                                                   {"dataset_items", LangfuseThing::item},
                                                                   {"dataset_runs", LangfuseThing::run},
                                                                   {"dataset_run_items", LangfuseThing::run_item},
                                                                   {"comments", LangfuseThing::comment}};
  const auto dot = table.rfind('.');
  if (dot == std::string_view::npos) return LangfuseThing::none;
  const auto* found =
      std::ranges::find(tables, table.substr(dot + 1), &std::pair<std::string_view, LangfuseThing>::first);
  return found == std::end(tables) ? LangfuseThing::none : found->second;
}

Pass pass_of(LangfuseThing thing) {
  return thing == LangfuseThing::item ? Pass::items : thing == LangfuseThing::run_item ? Pass::run_items : Pass::first;
}

}  // namespace

LangfuseThing langfuse_thing(std::string_view table, const Fields& row) {
  if (table.find('.') != std::string_view::npos) return thing_of_table(table);
  const bool timed = row.has({"startTime", "start_time", "timestamp"});
  if (row.has({"objectType", "object_type"}) && row.has({"objectId", "object_id"})) return LangfuseThing::comment;
  if (timed) return LangfuseThing::none;
  const bool judged = row.has({"value", "stringValue", "string_value", "dataType", "data_type"});
  if (row.has({"datasetItemId", "dataset_item_id"})) return LangfuseThing::run_item;
  if (row.has({"countTraces", "traceCount", "sessionDuration"})) return LangfuseThing::session;
  if (judged || row.has({"body"})) return LangfuseThing::none;
  const bool named = row.has({"name"});
  if (row.has({"datasetId", "dataset_id", "datasetName", "dataset_name"}))
    return named ? LangfuseThing::run : LangfuseThing::item;
  if (named && row.has({"prompt"}) && row.has({"version"})) return LangfuseThing::prompt;
  if (named && row.has({"versions"})) return LangfuseThing::prompt_list;
  if (named && row.has({"id"}) && row.has({"createdAt", "created_at"}) && row.has({"projectId", "project_id"}))
    return LangfuseThing::dataset;
  return LangfuseThing::none;
}

namespace {

// Its author is known by an id alone: names of people are in no export.
void read_comment(const Fields& row, Mapped& out) {
  const std::string type = to_lower(row.text({"objectType", "object_type"})),
                    about = row.text({"objectId", "object_id"});
  const std::string id = row.text({"id"}), text = row.text({"content"});
  if (type == "prompt") {
    ++out.skipped;
    return out.notes.push_back("comments on prompts: Pawl has no place for them");
  }
  if (id.empty() || about.empty() || text.empty()) return out.bad.push_back("the comment has no id, object or content");
  const std::string_view field = type == "session" ? "session_id" : type == "observation" ? "span_id" : "trace_id";
  JsonWriter body;
  body.object().field("source", "langfuse").field("id", id).field(field, about).field("text", text);
  write_text(body, "author_name", row.text({"authorName", "authorUserId", "author_user_id"}));
  write_time(body, "created", row.moment({"createdAt", "created_at"}));
  add_thing(out, "comment", id, body.end().take(), {.look = "", .path = "/api/v1/comments", .same = {}});
}

}  // namespace

void read_langfuse_thing(LangfuseThing thing, const Fields& row, bool cells, Memory& memory, Mapped& out) {
  const bool holds_more = thing == LangfuseThing::dataset || thing == LangfuseThing::run;
  if (const Pass pass = pass_of(thing); !out.is(pass) && !holds_more) {
    if (out.is(Pass::first)) out.needed_in(pass);
    return;
  }
  switch (thing) {
    case LangfuseThing::none:
      return;
    case LangfuseThing::prompt:
      return read_prompt(row, cells, out);
    case LangfuseThing::prompt_list:
      return out.bad.push_back(
          "this list of prompts has no texts: save GET /api/public/v2/prompts/NAME?version=NUMBER of each, or export "
          "the table prompts");
    case LangfuseThing::dataset:
      if (!out.is(Pass::run_items)) read_dataset(row, cells, memory, out);
      return;
    case LangfuseThing::item:
      return read_item(row, cells, memory, out);
    case LangfuseThing::run:
      if (!out.is(Pass::items)) read_run(row, cells, memory, out);
      return;
    case LangfuseThing::run_item:
      return read_run_item(row, cells, memory, out);
    case LangfuseThing::comment:
      return read_comment(row, out);
    case LangfuseThing::session:
      ++out.skipped;
      return out.notes.push_back("sums of sessions: they are made of their traces");
  }
}

namespace {

// Columns of exports that hold lists and are no scores.
bool is_own_list(std::string_view name) {
  constexpr std::array<std::string_view, 17> own = {
      "tags",      "traceTags",  "trace_tags",    "scores",          "observations",    "comments",
      "toolCalls", "tool_calls", "toolCallNames", "tool_call_names", "toolDefinitions", "tool_definitions",
      "input",     "output",     "metadata",      "modelParameters", "labels"};
  return std::ranges::find(own, name) != own.end() || name.ends_with("_names") || name.ends_with("_values") ||
         name.ends_with("Ids") || name.ends_with("_ids");
}

// [1, 0.5] or ["kind"]: all numbers or all texts.
bool is_scores(std::string_view list) {
  bool texts = true, numbers = true, any = false;
  for (json::Elements in(list); in.next(); any = true) {
    texts = texts && json::is_string(in.value);
    numbers = numbers && !json::is_string(in.value) && parse_double(in.value).has_value();
  }
  return any && (texts || numbers);
}

void add_column(const std::string& name, std::string_view list, const ScoreColumns& of, Mapped& out) {
  std::uint64_t number = 0;
  for (json::Elements in(list); in.next(); ++number) {
    const std::string text = json::text(in.value);
    const bool truth = json::is_string(in.value) && (text == "True" || text == "False");
    add_score(out, {.id = fmt::format("langfuse column {} {} {}", of.observation.empty() ? of.trace : of.observation,
                                      name, number),
                    .trace = of.trace,
                    .span = of.observation,
                    .session = {},
                    .name = name,
                    .comment = {},
                    .metadata = {},
                    .source = "API",
                    .number = truth                       ? (text == "True" ? "1" : "0")
                              : json::is_string(in.value) ? ""
                                                          : text,
                    .text = truth || !json::is_string(in.value) ? "" : text,
                    .type = truth                       ? "BOOLEAN"
                            : json::is_string(in.value) ? "CATEGORICAL"
                                                        : "NUMERIC",
                    .at = of.at.value_or(0)});
  }
}

}  // namespace

void read_score_columns(std::string_view object, const ScoreColumns& of, Memory& memory, Mapped& out) {
  const bool of_trace = of.observation.empty();
  const bool whole = memory.contains("scores"), in_traces = !of_trace && memory.contains("score columns of traces");
  const auto column = [&](const std::string& name, std::string_view list) {
    if (out.is(Pass::first)) {
      if (of_trace) memory["score columns of traces"] = "1";
      return out.needed_in(Pass::items);
    }
    if (!whole && !in_traces && of.at) return add_column(name, list, of, out);
    ++out.skipped;
    out.notes.push_back(whole ? "scores in columns: they stand in the table of scores, which is carried"
                              : "scores in columns of observations: they stand in those of traces, too");
  };
  for (json::Members members(object); members.next();) {
    const std::string name = json::text("\"" + std::string(members.key) + "\"");
    const bool may_hold = members.value.starts_with('[') || members.value.starts_with("\"[") || name == "scores";
    if (!may_hold) continue;
    const std::string list = unwrapped(members.value);
    if (name == "scores" && json::is_object(list)) {
      for (json::Members inside(list); inside.next();)
        if (json::is_array(inside.value) && is_scores(inside.value))
          column(json::text("\"" + std::string(inside.key) + "\""), inside.value);
    } else if (!is_own_list(name) && json::is_array(list) && is_scores(list)) {
      column(name, list);
    }
  }
}

}  // namespace pawl::imports
