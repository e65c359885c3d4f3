// Writing files of cases.
#include "base/text.h"
#include "formats.h"
#include "llm/json_scan.h"
#include "wire/csv.h"

namespace pawl::datasets {
namespace {

namespace json = llm::json;

void raw_or_null(JsonWriter& out, std::string_view name, std::string_view raw) {
  out.key(name);
  raw.empty() ? out.null() : out.raw(raw);
}

void write_list(JsonWriter& out, std::string_view name, const std::vector<std::string>& list) {
  out.key(name).array();
  for (const auto& one : list) out.value(one);
  out.end();
}

void write_langfuse(JsonWriter& out, const Item& item) {
  out.object().field("id", item.case_id()).field("status", item.archived ? "ARCHIVED" : "ACTIVE");
  raw_or_null(out, "input", item.input), raw_or_null(out, "expectedOutput", item.expected);
  raw_or_null(out, "metadata", item.metadata);
  for (const auto& [name, text] :
       {std::pair{"sourceTraceId", &item.source_trace}, {"sourceObservationId", &item.source_span}}) {
    out.key(name);
    text->empty() ? out.null() : out.value(*text);
  }
  out.field("datasetId", item.dataset).field("createdAt", format_time(item.created));
  out.field("updatedAt", format_time(item.changed)).end();
}

// LangSmith's inputs and outputs are objects.
std::string as_object(std::string_view raw, std::string_view name) {
  return json::is_object(raw) ? std::string(raw) : fmt::format("{{\"{}\":{}}}", name, raw);
}

void write_langsmith(JsonWriter& out, const Item& item) {
  out.object().field("id", item.case_id()).key("inputs").raw(as_object(item.input, "input")).key("outputs");
  item.expected.empty() ? out.null() : out.raw(as_object(item.expected, "output"));
  out.key("metadata").object();
  json::Members members(item.metadata);
  while (members.next())
    if (members.key != "dataset_split") out.key(json::text(fmt::format("\"{}\"", members.key))).raw(members.value);
  if (!item.splits.empty()) write_list(out, "dataset_split", item.splits);
  out.end().field("created_at", format_time(item.created)).key("source_run_id");
  item.source_trace.empty() ? out.null() : out.value(item.source_trace);
  out.end();
}

void write_openai(JsonWriter& out, const Item& item) {
  out.object().key("item");
  if (json::is_object(item.input)) {
    out.raw(item.input);
  } else {
    out.object().key("input").raw(item.input);
    if (!item.expected.empty()) out.key("expected").raw(item.expected);
    out.end();
  }
  out.end();
}

std::string cell_text(std::string_view raw) {
  return json::is_string(raw) ? json::text(raw) : std::string(raw);
}

void write_adk_content(JsonWriter& out, std::string_view name, std::string_view raw, std::string_view role) {
  out.key(name).object().key("parts").array().object().field("text", cell_text(raw)).end().end();
  out.field("role", role).end();
}

// What is expected stands at the last turn, where `read_adk` finds it.
void write_adk_turn(JsonWriter& out, std::string_view said, const Item& item, std::size_t number, bool last) {
  out.object().field("invocation_id", fmt::format("{}", number));
  write_adk_content(out, "user_content", said, "user");
  if (last && !item.expected.empty()) write_adk_content(out, "final_response", item.expected, "model");
  const auto responses = json::member(item.metadata, "tool_responses");
  if (last && (!item.trajectory.empty() || !responses.empty())) {
    out.key("intermediate_data").object().key("tool_uses").array();
    json::Elements calls(item.trajectory);
    while (calls.next()) {
      const auto name = json::member(calls.value, "name"), arguments = json::member(calls.value, "arguments");
      out.object().key("name").raw(json::is_string(name) ? name : "\"\"");
      out.key("args").raw(json::is_object(arguments) ? arguments : "{}").end();
    }
    out.end().key("tool_responses").raw(json::is_array(responses) ? responses : "[]").end();
  }
  out.field("creation_timestamp", 0).end();
}

void write_adk(JsonWriter& out, const Item& item) {
  out.object().field("eval_id", item.case_id());
  const auto scenario = json::member(item.metadata, "conversation_scenario");
  const auto turns = json::member(item.input, "turns");
  if (scenario.empty()) {
    out.key("conversation").array();
    if (json::is_array(turns)) {
      std::vector<std::string_view> all;
      json::Elements each(turns);
      while (each.next()) all.push_back(each.value);
      for (std::size_t i = 0; i < all.size(); ++i) write_adk_turn(out, all[i], item, i + 1, i + 1 == all.size());
    } else {
      write_adk_turn(out, item.input, item, 1, true);
    }
    out.end();
  } else {
    out.key("conversation_scenario").raw(scenario);
  }
  if (const auto input = json::member(item.metadata, "session_input"); !input.empty())
    out.key("session_input").raw(input);
  out.field("creation_timestamp", 0).end();
}

std::string to_csv(std::span<const Item> items) {
  std::string out =
      "id,input,expected,expected_trajectory,criteria,tags,split,cluster,owner,source_trace,retired,metadata\r\n";
  for (const auto& item : items) {
    const std::string cells[] = {item.case_id(),
                                 cell_text(item.input),
                                 cell_text(item.expected),
                                 item.trajectory,
                                 cell_text(item.criteria),
                                 join(item.tags, ","),
                                 join(item.splits, ","),
                                 item.cluster,
                                 item.owner,
                                 item.source_trace,
                                 item.archived ? "true" : "",
                                 item.metadata};
    for (std::size_t i = 0; i < std::size(cells); ++i) {
      if (i > 0) out += ',';
      csv::append_cell(out, cells[i]);
    }
    out += "\r\n";
  }
  return out;
}

}  // namespace

void write_case(JsonWriter& out, const Item& item) {
  out.object().field("id", item.case_id());
  raw_or_null(out, "input", item.input), raw_or_null(out, "expected", item.expected);
  raw_or_null(out, "expected_trajectory", item.trajectory), raw_or_null(out, "criteria", item.criteria);
  write_list(out, "tags", item.tags), write_list(out, "split", item.splits);
  out.field("cluster", item.cluster).field("owner", item.owner);
  raw_or_null(out, "metadata", item.metadata);
  out.field("source_trace", item.source_trace).field("source_span", item.source_span);
  out.field("retired", item.archived).field("version", item.version).field("created", format_time(item.created));
  out.field("changed", format_time(item.changed)).end();
}

Result<std::string> write_cases(std::span<const Item> items, std::string_view format) {
  if (format == "csv") return to_csv(items);
  const auto write = format == "jsonl"       ? write_case
                     : format == "langfuse"  ? write_langfuse
                     : format == "langsmith" ? write_langsmith
                     : format == "openai"    ? write_openai
                     : format == "adk"       ? write_adk
                                             : nullptr;
  if (write == nullptr)
    return fail(ErrorKind::invalid, "{} is no format to export. Known: jsonl, csv, langfuse, langsmith, openai, adk.",
                format);
  if (format == "langfuse") {
    JsonWriter out;
    out.object().key("data").array();
    for (const auto& item : items) write(out, item);
    out.end().key("meta").object().field("page", 1).field("limit", std::uint64_t{items.size()});
    return out.field("totalItems", std::uint64_t{items.size()}).field("totalPages", 1).end().end().take() + "\n";
  }
  if (format == "adk") {
    JsonWriter out;
    out.object().field("eval_set_id", items.empty() ? "cases" : items.front().dataset).key("eval_cases").array();
    for (const auto& item : items) write(out, item);
    return out.end().field("creation_timestamp", 0).end().take() + "\n";
  }
  std::string out;
  for (const auto& item : items) {
    JsonWriter one;
    write(one, item);
    out += one.take() + "\n";
  }
  return out;
}

}  // namespace pawl::datasets
