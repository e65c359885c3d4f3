// From JSON to messages.
#include "llm/shapes.h"

#include <algorithm>
#include <utility>

#include "llm/json_scan.h"

namespace pawl::llm {
namespace {

using json::at;
using json::member;

// The first of these members that is there and not null.
std::string_view any_of(std::string_view object, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    const std::string_view value = member(object, key);
    if (!json::is_null(value)) return value;
  }
  return {};
}

std::string any_text(std::string_view object, std::initializer_list<std::string_view> keys) {
  const std::string_view value = any_of(object, keys);
  return value.empty() ? std::string() : json::text(value);
}

// ---- parts ----

void add_call(std::string_view call, Message& message) {
  Part part;
  part.type = Part::Type::tool_call;
  std::string_view function = member(call, "function");
  if (!json::is_object(function)) function = call;
  part.id = any_text(call, {"id", "call_id", "toolCallId", "tool_call_id", "toolUseId", "ref"});
  part.name = any_text(function, {"name", "toolName", "tool_name", "recipient_name"});
  const std::string_view arguments = any_of(function, {"arguments", "args", "input", "toolInput", "parameters"});
  part.arguments = json::is_string(arguments) ? json::text(arguments) : std::string(arguments);
  if (part.id.empty() && &function != &call) part.id = any_text(function, {"id"});
  message.parts.push_back(std::move(part));
}

void add_result(std::string_view result, Message& message, int depth) {
  Part part;
  part.type = Part::Type::tool_result;
  part.id = any_text(result, {"tool_use_id", "tool_call_id", "toolCallId", "toolUseId", "call_id", "id", "ref"});
  part.name = any_text(result, {"name", "toolName", "tool_name"});
  const std::string_view value = any_of(result, {"response", "result", "output", "content", "value"});
  part.text = value_text(value, depth - 1);
  message.parts.push_back(std::move(part));
}

void add_reasoning(std::string_view block, Message& message) {
  std::string_view value = any_of(block, {"text", "thinking", "content", "reasoning", "summary", "reasoningText"});
  if (json::is_object(value)) value = any_of(value, {"text", "reasoningText"});
  if (json::is_object(value)) value = member(value, "text");
  std::string text = value_text(value, 3);
  if (!text.empty()) message.parts.push_back(text_part(std::move(text), Part::Type::reasoning));
}

// "data:image/png;base64,…" and the members that hold media.
void add_media(std::string_view block, Message& message) {
  Part part;
  part.type = Part::Type::media;
  std::string_view source = any_of(block, {"image_url", "source", "inlineData", "inline_data", "fileData", "file_data",
                                           "media", "image", "input_audio", "audio", "file", "video", "document"});
  if (!json::is_object(source)) {
    if (json::is_string(source)) part.uri = json::text(source);
    source = block;
  }
  std::string_view inner = member(source, "source");
  if (json::is_object(inner)) source = inner;
  part.media_type = any_text(source, {"media_type", "mediaType", "mime_type", "mimeType", "contentType", "format"});
  if (part.uri.empty())
    part.uri =
        any_text(source, {"url", "uri", "fileUri", "file_uri", "file_id", "file_data", "data", "bytes", "content"});
  if (part.uri.starts_with("data:") && part.media_type.empty()) {
    part.media_type = part.uri.substr(5, part.uri.find_first_of(";,", 5) - 5);
  }
  part.text = any_text(source, {"filename", "name", "title"});
  message.parts.push_back(std::move(part));
}

enum class Shape : std::uint8_t { none, text, call, result, reasoning, media, skip };

struct TypeWord {
  std::string_view word;
  Shape shape;
};
constexpr TypeWord type_words[] = {
    {"text", Shape::text},
    {"input_text", Shape::text},
    {"output_text", Shape::text},
    {"summary_text", Shape::text},
    {"refusal", Shape::text},
    {"tool_call", Shape::call},
    {"tool-call", Shape::call},
    {"tool_use", Shape::call},
    {"server_tool_use", Shape::call},
    {"mcp_tool_use", Shape::call},
    {"server_tool_call", Shape::call},
    {"function_call", Shape::call},
    {"function", Shape::call},
    {"tool_call_response", Shape::result},
    {"tool-result", Shape::result},
    {"tool_result", Shape::result},
    {"tool_response", Shape::result},
    {"server_tool_call_response", Shape::result},
    {"mcp_tool_result", Shape::result},
    {"web_search_tool_result", Shape::result},
    {"function_call_output", Shape::result},
    {"function_response", Shape::result},
    {"reasoning", Shape::reasoning},
    {"thinking", Shape::reasoning},
    {"redacted_thinking", Shape::skip},
    {"thought", Shape::reasoning},
    {"image_url", Shape::media},
    {"image", Shape::media},
    {"input_image", Shape::media},
    {"audio", Shape::media},
    {"input_audio", Shape::media},
    {"video", Shape::media},
    {"file", Shape::media},
    {"input_file", Shape::media},
    {"document", Shape::media},
    {"media", Shape::media},
    {"blob", Shape::media},
    {"uri", Shape::media},
    {"step-start", Shape::skip},
};

// Blocks that say what they are by the member that holds them.
constexpr TypeWord holders[] = {
    {"toolUse", Shape::call},
    {"functionCall", Shape::call},
    {"function_call", Shape::call},
    {"toolRequest", Shape::call},
    {"toolResult", Shape::result},
    {"functionResponse", Shape::result},
    {"function_response", Shape::result},
    {"toolResponse", Shape::result},
    {"reasoningContent", Shape::reasoning},
};

void add_shape(Shape shape, std::string_view block, Message& message, int depth) {
  switch (shape) {
    case Shape::text: {
      std::string text = any_text(block, {"text", "content", "value", "refusal"});
      if (!text.empty()) message.parts.push_back(text_part(std::move(text)));
      return;
    }
    case Shape::call:
      return add_call(block, message);
    case Shape::result:
      return add_result(block, message, depth);
    case Shape::reasoning:
      return add_reasoning(block, message);
    case Shape::media:
      return add_media(block, message);
    case Shape::skip:
    case Shape::none:
      return;
  }
}

bool add_typed(std::string_view block, Message& message, int depth) {
  const std::string_view type = member(block, "type");
  for (const TypeWord& entry : type_words) {
    if (type.size() == entry.word.size() + 2 && type.substr(1, entry.word.size()) == entry.word) {
      add_shape(entry.shape, block, message, depth);
      return true;
    }
  }
  return false;
}

bool add_held(std::string_view block, Message& message, int depth) {
  for (const TypeWord& holder : holders) {
    const std::string_view inner = member(block, holder.word);
    if (!json::is_object(inner)) continue;
    add_shape(holder.shape, inner, message, depth);
    return true;
  }
  return false;
}

void append_block(std::string_view block, Message& message, int depth) {
  if (add_typed(block, message, depth) || add_held(block, message, depth)) return;
  if (const std::string_view text = member(block, "text"); json::is_string(text)) {
    const bool thought = member(block, "thought") == "true";  // Gemini
    std::string words = json::text(text);
    if (!words.empty())
      message.parts.push_back(text_part(std::move(words), thought ? Part::Type::reasoning : Part::Type::text));
    return;
  }
  for (const std::string_view media :
       {"inlineData", "inline_data", "fileData", "file_data", "media", "image", "document"}) {
    if (json::is_object(member(block, media))) return add_media(block, message);
  }
  if (json::is_string(member(block, "toolName")) || json::is_string(member(block, "toolCallId"))) {
    return json::is_null(any_of(block, {"result", "output"})) ? add_call(block, message)
                                                              : add_result(block, message, depth);
  }
  if (json::is_object(member(block, "cachePoint"))) return;
  if (block == "{}") return;
  message.parts.push_back(text_part(std::string(block), Part::Type::other));
}

// ---- messages ----

std::string_view class_role(std::string_view constructor) {
  json::Elements path(member(constructor, "id"));
  std::string_view last;
  while (path.next()) last = path.value;
  for (const auto& [word, role] : {std::pair<std::string_view, std::string_view>{"Human", "user"},
                                   {"AI", "assistant"},
                                   {"System", "system"},
                                   {"Tool", "tool"},
                                   {"Function", "tool"},
                                   {"Chat", "user"}}) {
    if (last.starts_with("\"") && last.substr(1).starts_with(word)) return role;
  }
  return {};
}

void add_calls(std::string_view calls, Message& message) {
  json::Elements elements(calls);
  while (elements.next()) {
    if (json::is_object(elements.value)) add_call(elements.value, message);
  }
}

// The members of a message besides its role.
void fill_message(std::string_view object, Message& message, int depth) {
  message.name = any_text(object, {"name", "agent_name"});
  message.finish_reason = any_text(object, {"finish_reason", "finishReason", "stop_reason", "stopReason"});
  if (const auto reasoning = any_of(object, {"reasoning_content", "reasoning"}); json::is_string(reasoning)) {
    std::string text = json::text(reasoning);
    if (!text.empty()) message.parts.push_back(text_part(std::move(text), Part::Type::reasoning));
  }
  const std::string id = any_text(object, {"tool_call_id", "toolCallId", "tool_use_id"});
  const std::string_view content = any_of(object, {"content", "parts", "contents", "text"});
  if (!id.empty() || (message.role == "tool" && json::is_string(content))) {
    Part part;
    part.type = Part::Type::tool_result;
    part.id = id.empty() ? any_text(object, {"id"}) : id;
    part.name = message.name;
    part.text = value_text(content, depth - 1);
    message.parts.push_back(std::move(part));
  } else {
    append_content(content, message, depth - 1);
  }
  if (const auto refusal = member(object, "refusal"); json::is_string(refusal)) {
    message.parts.push_back(text_part(json::text(refusal)));
  }
  std::string_view calls = any_of(object, {"tool_calls", "toolCalls"});
  if (!json::is_array(calls) || calls == "[]") calls = at(object, {"additional_kwargs", "tool_calls"});
  const bool told =
      std::ranges::any_of(message.parts, [](const Part& part) { return part.type == Part::Type::tool_call; });
  if (!told) add_calls(calls, message);
  if (const auto call = member(object, "function_call"); !told && json::is_object(call)) add_call(call, message);
}

bool push(Message message, std::vector<Message>& out) {
  out.push_back(std::move(message));
  return true;
}

// Items of the responses API that are no messages: calls, their outputs, reasoning.
bool append_item(std::string_view raw, std::vector<Message>& out, int depth) {
  const std::string_view type = member(raw, "type");
  Message message;
  if (type == "\"function_call\"" || type == "\"custom_tool_call\"" || type == "\"mcp_call\"") {
    message.role = "assistant";
    add_call(raw, message);
  } else if (type == "\"function_call_output\"" || type == "\"function_call_result\"" ||
             type == "\"custom_tool_call_output\"") {
    message.role = "tool";
    add_result(raw, message, depth);
  } else if (type == "\"reasoning\"") {
    message.role = "assistant";
    add_reasoning(raw, message);
    if (message.parts.empty()) return true;
  } else {
    return false;
  }
  return push(std::move(message), out);
}

// A response's or a request's parts that hold messages.
bool append_envelope(std::string_view raw, std::string_view default_role, std::vector<Message>& out, int depth) {
  const std::size_t before = out.size();
  for (const std::string_view key : {"system", "instructions", "system_instruction", "systemInstruction"}) {
    const std::string_view system = member(raw, key);
    if (json::is_null(system) || out.size() > before) continue;
    Message message;
    message.role = "system";
    append_content(json::is_object(system) ? any_of(system, {"parts", "content", "text"}) : system, message, depth - 1);
    if (!message.parts.empty()) out.push_back(std::move(message));
  }
  if (const auto system = at(raw, {"config", "system_instruction"}); json::is_string(system) && out.size() == before) {
    out.push_back({"system", "", {text_part(json::text(system))}, ""});
  }
  struct Member {
    std::string_view key, role;
  };
  constexpr Member lists[] = {
      {"messages", ""},        {"contents", "user"},     {"chat_history", ""},        {"history", ""},
      {"input", "user"},       {"choices", "assistant"}, {"candidates", "assistant"}, {"generations", "assistant"},
      {"output", "assistant"}, {"message", "assistant"}, {"response", "assistant"},   {"inputs", ""},
      {"outputs", ""},         {"update", ""},           {"result", "assistant"},     {"generation", "assistant"},
      {"prompt", "user"},      {"query", "user"}};
  bool found = out.size() > before;
  for (const Member& entry : lists) {
    const std::string_view value = member(raw, entry.key);
    if (json::is_null(value) || (!json::is_string(value) && !json::is_array(value) && !json::is_object(value)))
      continue;
    if (value == "[]" || value == "{}" || value == "\"\"") continue;
    append_document(value, entry.role.empty() ? default_role : entry.role, out, depth - 1);
    found = true;
    // A response repeats its request in other members; the first list is the one.
    if (out.size() > before + 1 || entry.role == "assistant") break;
  }
  return found;
}

// {"text":"…","toolCalls":[…],"object":…}: what Mastra and Vercel give as an answer.
bool append_answer(std::string_view raw, std::string_view role, std::vector<Message>& out, int depth) {
  const std::string_view text = member(raw, "text");
  const std::string_view calls = any_of(raw, {"toolCalls", "tool_calls"});
  if (!json::is_string(text) && !json::is_array(calls)) return false;
  Message message;
  message.role = role.empty() ? "assistant" : std::string(role);
  message.finish_reason = any_text(raw, {"finishReason", "finish_reason"});
  append_content(text, message, depth - 1);
  add_calls(calls, message);
  return push(std::move(message), out);
}

void append_list(std::string_view raw, std::string_view role, std::vector<Message>& out, int depth) {
  json::Elements elements(raw);
  Message blocks;
  blocks.role = role.empty() ? "user" : std::string(role);
  while (elements.next()) {
    const std::string_view item = elements.value;
    if (json::is_array(item)) {
      append_list(item, role, out, depth - 1);
      if (depth <= 1) return;
    } else if (json::is_object(item) && (append_item(item, out, depth) || append_message(item, role, out, depth - 1))) {
      continue;
    } else if (is_block(item) || !json::is_object(item)) {
      append_content(item, blocks, depth - 1);
    } else {
      append_document(item, role, out, depth - 1);
    }
  }
  if (!blocks.parts.empty()) out.push_back(std::move(blocks));
}

}  // namespace

bool is_block(std::string_view raw) {
  if (!json::is_object(raw) || json::is_string(member(raw, "role"))) return false;
  Message probe;
  if (add_typed(raw, probe, 2) || add_held(raw, probe, 2)) return true;
  return json::is_string(member(raw, "text")) || json::is_string(member(raw, "toolName"));
}

Part text_part(std::string text, Part::Type type) {
  Part part;
  part.type = type;
  part.text = std::move(text);
  return part;
}

std::string_view role_of_word(std::string_view word) {
  for (const auto& [name, role] : {std::pair<std::string_view, std::string_view>{"user", "user"},
                                   {"assistant", "assistant"},
                                   {"system", "system"},
                                   {"tool", "tool"},
                                   {"human", "user"},
                                   {"ai", "assistant"},
                                   {"model", "assistant"},
                                   {"developer", "system"},
                                   {"function", "tool"},
                                   {"AIMessageChunk", "assistant"},
                                   {"tool-response", "tool"},
                                   {"tool-call", "assistant"}}) {
    if (word == name) return role;
  }
  return {};
}

std::string value_text(std::string_view raw, int depth) {
  raw = json::trimmed(raw);
  if (json::is_null(raw)) return {};
  if (json::is_string(raw)) return json::text(raw);
  if (depth <= 0) return std::string(raw);
  if (json::is_array(raw)) {  // a list of text blocks is their text
    json::Elements elements(raw);
    std::string joined;
    while (elements.next()) {
      Message block;
      if (json::is_object(elements.value)) append_content(elements.value, block, depth - 1);
      if (block.parts.size() != 1 || block.parts.front().type != Part::Type::text) return std::string(raw);
      joined += (joined.empty() ? "" : "\n") + block.parts.front().text;
    }
    return joined.empty() ? std::string(raw) : joined;
  }
  if (!json::is_object(raw)) return std::string(raw);
  const std::string_view type = member(raw, "type");
  if (type == "\"text\"" || type == "\"json\"") {  // Vercel: {"type":"json","value":…}
    const std::string_view value = any_of(raw, {"value", "text", "content"});
    if (!value.empty()) return value_text(value, depth - 1);
  }
  return std::string(raw);
}

void append_content(std::string_view raw, Message& message, int depth) {
  raw = json::trimmed(raw);
  if (json::is_null(raw) || raw == "\"\"") return;
  if (depth <= 0) {
    message.parts.push_back(text_part(std::string(raw), Part::Type::other));
  } else if (json::is_object(raw)) {
    append_block(raw, message, depth);
  } else if (json::is_array(raw)) {
    json::Elements elements(raw);
    while (elements.next()) append_content(elements.value, message, depth - 1);
  } else {
    message.parts.push_back(text_part(json::text(raw)));
  }
}

bool append_message(std::string_view raw, std::string_view default_role, std::vector<Message>& out, int depth) {
  raw = json::trimmed(raw);
  if (!json::is_object(raw) || depth <= 0) return false;
  Message message;
  const std::string_view role = member(raw, "role"), type = member(raw, "type");
  if (member(raw, "lc") == "1" || type == "\"constructor\"") {  // LangChain, serialised
    const std::string_view kwargs = member(raw, "kwargs");
    const std::string_view word = class_role(raw);
    if (!json::is_object(kwargs) || word.empty()) return false;
    message.role = word;
    fill_message(kwargs, message, depth);
    return push(std::move(message), out);
  }
  if (json::is_string(role)) {
    const std::string word = json::text(role);
    message.role = role_of_word(word).empty() ? word : std::string(role_of_word(word));
    fill_message(raw, message, depth);
    return push(std::move(message), out);
  }
  if (json::is_string(type)) {  // LangChain as a dictionary: {"type":"human","data":{…}} or flat
    const std::string_view word = role_of_word(json::text(type));
    const std::string_view held = json::is_object(member(raw, "data")) ? member(raw, "data") : raw;
    if (!word.empty() && !json::is_null(any_of(held, {"content", "tool_calls"}))) {
      message.role = word;
      fill_message(held, message, depth);
      return push(std::move(message), out);
    }
    if (type == "\"message\"" && json::is_array(member(raw, "content"))) {
      message.role = default_role.empty() ? "user" : std::string(default_role);
      fill_message(raw, message, depth);
      return push(std::move(message), out);
    }
  }
  const std::string_view inner = any_of(raw, {"message", "content"});
  if (json::is_object(inner) &&
      append_message(inner, default_role.empty() ? "assistant" : default_role, out, depth - 1)) {
    // a choice, candidate or generation around a message
    const std::string reason = any_text(raw, {"finish_reason", "finishReason", "stop_reason"});
    if (!reason.empty()) out.back().finish_reason = reason;
    return true;
  }
  if (json::is_array(member(raw, "parts"))) {  // Gemini without a role
    message.role = default_role.empty() ? "user" : std::string(default_role);
    fill_message(raw, message, depth);
    return push(std::move(message), out);
  }
  return false;
}

void append_document(std::string_view raw, std::string_view default_role, std::vector<Message>& out, int depth) {
  raw = json::trimmed(raw);
  if (json::is_null(raw) || raw == "\"\"") return;
  const std::string role(default_role.empty() ? "user" : default_role);
  if (depth <= 0) {
    out.push_back({role, "", {text_part(std::string(raw), Part::Type::other)}, ""});
    return;
  }
  if (json::is_string(raw)) {  // JSON in JSON
    const std::string inner = json::text(raw);
    const std::string_view text = json::trimmed(inner);
    if ((json::is_object(text) || json::is_array(text)) && json::is_whole(text)) {
      return append_document(text, default_role, out, depth - 1);
    }
    out.push_back({role, "", {text_part(inner)}, ""});
    return;
  }
  if (json::is_array(raw)) {
    if (raw != "[]") append_list(raw, default_role, out, depth);
    return;
  }
  if (!json::is_object(raw)) {
    out.push_back({role, "", {text_part(std::string(raw))}, ""});
    return;
  }
  if (append_item(raw, out, depth) || append_message(raw, default_role, out, depth) ||
      append_envelope(raw, default_role, out, depth) || append_answer(raw, default_role, out, depth)) {
    return;
  }
  if (is_block(raw)) {
    Message message;
    message.role = role;
    append_content(raw, message, depth);
    if (!message.parts.empty()) out.push_back(std::move(message));
    return;
  }
  if (raw == "{}" || raw == R"({"args": [], "kwargs": {}})" || raw == R"({"args":[],"kwargs":{}})") return;
  out.push_back({role, "", {text_part(std::string(raw), Part::Type::other)}, ""});
}

}  // namespace pawl::llm
