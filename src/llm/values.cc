// A tool's arguments or result as the value itself, out of whatever it was wrapped in (conventions.md traps 12, 13).
#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "llm/json_scan.h"
#include "llm/messages.h"
#include "llm/pieces.h"
#include "llm/python_literal.h"
#include "llm/shapes.h"

namespace pawl::llm {
namespace {

bool is_wrapper_key(std::string_view key) {
  constexpr std::string_view known[] = {
      "args",   "kwargs",    "sanitize_inputs_outputs", "input_str", "inputs", "tags", "metadata", "run_name", "run_id",
      "config", "bound_args"};
  return std::ranges::find(known, key) != std::end(known);
}

// What a wrapper holds, raw; "" where `object` is none.
std::string_view unwrapped(std::string_view object) {
  bool only = true, any = false;
  json::Members members(object);
  while (members.next()) {
    only = only && is_wrapper_key(members.key);
    any = true;
  }
  const std::string_view inputs = json::member(object, "inputs");
  if (only && any && !json::is_null(inputs)) return inputs;
  const std::string_view kwargs = json::member(object, "kwargs"), args = json::member(object, "args");
  if (!only || (kwargs.empty() && args.empty())) return {};
  if (json::is_object(kwargs) && json::trimmed(kwargs) != "{}") return kwargs;
  if (!json::is_array(args) || args == "[]") return kwargs.empty() ? args : kwargs;
  json::Elements elements(args);
  std::string_view single;
  std::size_t count = 0;
  while (elements.next() && ++count < 3) single = elements.value;
  const bool one_object = json::is_object(single) || (json::is_string(single) && json::is_object(json::text(single)));
  return count == 1 && one_object ? single : args;
}

// LangChain's tool message in its forms, a provider's {"id","name","response"}; "" where it is none.
std::string_view message_content(std::string_view object) {
  const std::string_view lc = json::member(object, "kwargs");
  if (json::is_object(lc) && !json::member(object, "lc").empty()) return json::member(lc, "content");
  const std::string_view type = json::member(object, "type");
  if (type == "\"tool\"") {
    const std::string_view data = json::member(object, "data");
    return json::member(json::is_object(data) ? data : object, "content");
  }
  if (!json::member(object, "tool_call_id").empty()) return json::member(object, "content");
  if (!json::member(object, "response").empty() && !json::member(object, "name").empty()) {
    const std::string_view response = json::member(object, "response");
    json::Members members(response);  // ADK: {"result": what the function returned}
    const bool only = members.next() && members.key == "result";
    const std::string_view result = members.value;
    return only && !members.next() ? result : response;
  }
  if (!json::member(object, "callId").empty() && !json::member(object, "args").empty()) {  // Gemini CLI
    return json::member(object, "args");
  }
  const std::string_view parts = json::at(object, {"response", "responseParts"});
  if (!parts.empty()) return json::at(json::first(parts), {"functionResponse", "response"});
  if (!json::member(object, "raw_output").empty()) return json::member(object, "blocks");  // llama-index
  if (!json::member(object, "tool_kwargs").empty()) return json::at(object, {"tool_output", "blocks"});
  return {};
}

std::string plain_value(std::string_view raw, int depth);

// A message that holds one call or one result and nothing else (Strands): the arguments, or what came back.
bool single_part(std::string_view raw, std::string& value) {
  std::vector<Message> messages;
  const std::string_view first = json::is_array(raw) ? json::first(raw) : raw;
  if (json::member(first, "role").empty()) return false;
  append_document(raw, "tool", messages, 6);
  if (messages.size() != 1 || messages.front().parts.size() != 1) return false;
  const Part& part = messages.front().parts.front();
  if (part.type == Part::Type::tool_call) {
    value = part.arguments;
  } else if (part.type == Part::Type::tool_result) {
    value = json::is_whole(part.text) ? part.text : json_quote(part.text);
  } else {
    return false;
  }
  return true;
}

std::string plain_object(std::string_view raw, int depth) {
  if (const std::string_view inner = unwrapped(raw); !inner.empty()) return plain_value(inner, depth - 1);
  if (const std::string_view inner = message_content(raw); !inner.empty()) return plain_value(inner, depth - 1);
  const std::string_view result = json::member(raw, "result");  // {"result":…} and nothing but whether it failed
  bool only_result = !result.empty();
  json::Members members(raw);
  while (members.next()) {
    only_result = only_result && (members.key == "result" || members.key == "is_error" || members.key == "isError");
  }
  if (only_result) return plain_value(result, depth - 1);
  if (const std::string_view inner = json::member(raw, "arguments");  // MCP: {"tool_name":…,"arguments":{…}}
      json::is_object(inner) && json::is_string(json::member(raw, "tool_name"))) {
    return plain_value(inner, depth - 1);
  }
  const std::string_view output = json::member(raw, "output");  // {"output": ToolMessage, …}
  if (json::is_object(output) && !message_content(output).empty()) return plain_value(output, depth - 1);
  return std::string(raw);
}

std::string plain_value(std::string_view raw, int depth) {
  raw = json::trimmed(raw);
  if (depth <= 0 || raw.empty()) return std::string(raw);
  if (json::is_string(raw)) {
    const std::string text = json::text(raw);
    const std::string_view inner = json::trimmed(text);
    const bool nested = (json::is_object(inner) || json::is_array(inner)) && json::is_whole(inner);
    return nested ? plain_value(inner, depth - 1) : json_quote(text);
  }
  if (std::string value; single_part(raw, value)) return plain_value(value, depth - 1);
  if (json::is_object(raw)) return plain_object(raw, depth);
  if (json::is_array(raw)) {  // text blocks are their text
    const std::string text = value_text(raw);
    if (text != raw) return plain_value(json_quote(text), depth - 1);
  }
  return std::string(raw);
}

std::string value_of(const std::vector<Piece>& pieces) {
  constexpr int depth = 8;
  if (pieces.empty()) return "null";
  const Format format = pieces.front().format;
  if (format == Format::key_values) {
    const bool event = is_event(pieces.front().key);
    JsonWriter list;
    list.array();
    for (const Piece& piece : pieces) {
      const std::vector<Attribute> attributes = unframe(piece.bytes);
      JsonWriter object;
      object.object();
      for (const Attribute& attribute : attributes) {
        if (event && (attribute.key == "content" || attribute.key == "message")) {
          const bool whole = json::is_whole(attribute.text);
          return plain_value(whole ? attribute.text : json_quote(attribute.text), depth);
        }
        const std::string_view rest = rest_of(attribute.key, piece.key);
        if (rest == "tool.json_schema" && pieces.size() > 0 && json::is_whole(attribute.text)) {
          object.key("json_schema").raw(attribute.text);
        } else {
          object.field(rest, attribute.text);
        }
      }
      list.raw(object.end().take());
    }
    return list.end().take();
  }
  if (format == Format::value) {
    if (pieces.size() == 1) return plain_value(value_json(pieces.front().bytes), depth);
    JsonWriter list;
    list.array();
    for (const Piece& piece : pieces) list.raw(value_json(piece.bytes));
    return list.end().take();
  }
  std::string text;
  for (const Piece& piece : pieces) {
    if (piece.key == pieces.front().key) text += piece.bytes;
  }
  if (format == Format::text || !json::is_whole(text)) {
    const bool given = pieces.front().slot == Slot::arguments;  // a result is what the tool gave back, as it stands
    if (given && looks_like_python(text)) {
      if (const std::string json = python_to_json(text); !json.empty()) return plain_value(json, depth);
    }
    if (!json::is_whole(text)) return json_quote(text);
  }
  return plain_value(text, depth);
}

}  // namespace

std::string parse_value_json(const std::vector<Piece>& pieces) {
  std::string value = value_of(pieces);
  if (json::is_valid(value)) return value;
  const bool given = !pieces.empty() && pieces.front().slot == Slot::arguments;
  if (std::string printed = given && looks_like_python(value) ? python_to_json(value) : std::string(); !printed.empty())
    return printed;
  return json_quote(value);
}

}  // namespace pawl::llm
