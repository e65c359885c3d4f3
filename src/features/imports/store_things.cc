// Rows of those stores become rows of Langfuse's tables, which Pawl's routes are in the words of.
// Source of the names: Phoenix' prompt templates (messages of parts), MLflow's prompt registry and evaluation datasets.
#include "store_things.h"

#include "base/text.h"
#include "langfuse_things.h"
#include "otlp_span.h"

namespace pawl::imports {
namespace {

void read_as(LangfuseThing thing, const Fields& row, Memory& memory, Mapped& out) {
  const Pass before = out.pass;  // a store comes in order: what is needed has come
  out.pass = thing == LangfuseThing::item       ? Pass::items
             : thing == LangfuseThing::run_item ? Pass::run_items
                                                : Pass::first;
  read_langfuse_thing(thing, row, true, memory, out);
  out.pass = before;
}

// The text of a message that has nothing but text; else its parts as they are.
std::string content_of(std::string_view content) {
  if (!json::is_array(content)) return std::string(content);
  std::string text;
  for (json::Elements parts(content); parts.next();) {
    const auto piece = json::member(parts.value, "text");
    if (json::text(json::member(parts.value, "type")) != "text" || !json::is_string(piece)) return std::string(content);
    text += json::text(piece);
  }
  return json_quote(text);
}

std::string messages_of(std::string_view list) {
  JsonWriter out;
  out.array();
  for (json::Elements in(list); in.next();) {
    const std::string said = to_lower(json::text(json::member(in.value, "role")));
    const auto content = json::member(in.value, "content");
    out.object().field("role", said == "ai" || said == "model" ? "assistant" : said);
    out.key("content").raw(content.empty() ? "\"\"" : content_of(content)).end();
  }
  return out.end().take();
}

void begin_prompt(JsonWriter& out, const Fields& row) {
  out.object();
  for (const std::string_view name : {"name", "version", "commitMessage", "labels"})
    write_raw(out, name, std::string(row.raw({name})));
}

void read_phoenix_prompt(const Fields& row, Memory& memory, Mapped& out) {
  const std::string whole = row.value({"template"});
  const auto messages = json::member(whole, "messages"), text = json::member(whole, "template");
  JsonWriter prompt;
  begin_prompt(prompt, row);
  if (json::is_array(messages))
    prompt.field("type", "chat").key("prompt").raw(messages_of(messages));
  else
    prompt.field("type", "text")
        .key("prompt")
        .raw(json::is_string(text) ? json_quote(json_quote(json::text(text))) : "null");
  prompt.key("config").object();
  write_text(prompt, "model", row.text({"model_name"}));
  write_text(prompt, "provider", row.text({"model_provider"}));
  write_text(prompt, "template_format", row.text({"template_format"}));
  for (const std::string_view name : {"invocation_parameters", "tools", "response_format"}) {
    const std::string value = row.value({name});
    if (value != "\"null\"" && value != "{}") write_raw(prompt, name, value);
  }
  const std::string made = prompt.end().end().take();
  read_as(LangfuseThing::prompt, Fields(made), memory, out);
}

void read_mlflow_prompt(const Fields& row, Memory& memory, Mapped& out) {
  const std::string text = row.text({"text"});
  const bool chat = row.text({"type"}) == "chat" && json::is_array(json::trimmed(text)) && json::is_valid(text);
  JsonWriter prompt;
  begin_prompt(prompt, row);
  prompt.field("type", chat ? "chat" : "text").field("prompt", chat ? text : json_quote(text)).key("config").object();
  for (const std::string_view name : {"response_format", "model_config"}) write_raw(prompt, name, row.value({name}));
  const std::string made = prompt.end().end().take();
  read_as(LangfuseThing::prompt, Fields(made), memory, out);
}

void read_mlflow_item(const Fields& row, Memory& memory, Mapped& out) {
  JsonWriter item;
  item.object();
  for (const std::string_view name : {"id", "datasetName", "input", "updatedAt"})
    write_raw(item, name, std::string(row.raw({name})));
  if (const std::string expected = row.value({"expectedOutput"}); expected != "{}" && expected != "\"null\"")
    write_raw(item, "expectedOutput", expected);
  JsonWriter metadata;
  metadata.object();
  const std::string tags = row.value({"tags"}), outputs = row.value({"outputs"});
  for (json::Members in(tags); in.next();) metadata.key(json::text("\"" + std::string(in.key) + "\"")).raw(in.value);
  if (outputs != "\"null\"") write_raw(metadata, "outputs", outputs);
  if (const std::string whole = metadata.end().take(); whole != "{}") item.key("metadata").raw(whole);
  const std::string source = row.text({"source_id"});
  if (source.starts_with("tr-")) write_text(item, "sourceTraceId", hex_id(source.substr(3), 16));
  const std::string made = item.end().take();
  read_as(LangfuseThing::item, Fields(made), memory, out);
}

LangfuseThing thing_of(std::string_view table) {
  return table == "datasets"        ? LangfuseThing::dataset
         : table == "dataset_items" ? LangfuseThing::item
                                    : LangfuseThing::run_item;
}

}  // namespace

void read_phoenix_thing(std::string_view table, const Fields& row, Memory& memory, Mapped& out) {
  if (table == "prompts") return read_phoenix_prompt(row, memory, out);
  if (row.text({"revision_kind"}) == "DELETE") {
    ++out.skipped;
    return out.notes.push_back("deleted at the source");
  }
  read_as(thing_of(table), row, memory, out);
}

void read_mlflow_thing(std::string_view table, const Fields& row, Memory& memory, Mapped& out) {
  if (table == "prompts") return read_mlflow_prompt(row, memory, out);
  if (table == "dataset_items") return read_mlflow_item(row, memory, out);
  read_as(thing_of(table), row, memory, out);
}

}  // namespace pawl::imports
