// Blocks to parts.
#include "llm/blocks.h"

#include <utility>

#include "llm/json_scan.h"

namespace pawl::llm {

using json::member;

std::string_view any_of(const json::Object& object, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    const std::string_view value = object.member(key);
    if (!json::is_null(value)) return value;
  }
  return {};
}

std::string_view any_of(std::string_view object, std::initializer_list<std::string_view> keys) {
  return any_of(json::Object(object), keys);
}

std::string any_text(const json::Object& object, std::initializer_list<std::string_view> keys) {
  const std::string_view value = any_of(object, keys);
  return value.empty() ? std::string() : json::text(value);
}

std::string any_text(std::string_view object, std::initializer_list<std::string_view> keys) {
  return any_text(json::Object(object), keys);
}

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
  if (const std::string_view origin = member(result, "origin"); json::is_object(origin)) {  // Haystack: of which call
    part.id = any_text(origin, {"id"});
    part.name = any_text(origin, {"tool_name"});
  }
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

namespace {

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
  if (type.size() < 2) return false;
  for (const TypeWord& entry : type_words) {
    if (type.size() == entry.word.size() + 2 && type.substr(1, entry.word.size()) == entry.word) {
      add_shape(entry.shape, block, message, depth);
      return true;
    }
  }
  return false;
}

bool add_held(std::string_view block, Message& message, int depth) {
  const json::Object members(block);
  for (const TypeWord& holder : holders) {
    const std::string_view inner = members.member(holder.word);
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
  if (is_tool_block(block)) {
    return json::is_null(any_of(block, {"result", "output"})) ? add_call(block, message)
                                                              : add_result(block, message, depth);
  }
  if (json::is_object(member(block, "cachePoint"))) return;
  if (block == "{}") return;
  message.parts.push_back(text_part(std::string(block), Part::Type::other));
}

}  // namespace

// A call or a result without a type: by its members.
bool is_tool_block(std::string_view block) {
  const bool named = json::is_string(member(block, "toolName")) || json::is_string(member(block, "tool_name"));
  const bool result = json::is_string(member(block, "toolCallId")) || !json::is_null(member(block, "origin"));
  return result || named || (json::is_string(member(block, "name")) && !json::is_null(member(block, "arguments")));
}

bool is_block(std::string_view raw) {
  if (!json::is_object(raw) || json::is_string(member(raw, "role"))) return false;
  Message probe;
  if (add_typed(raw, probe, 2) || add_held(raw, probe, 2)) return true;
  return json::is_string(member(raw, "text")) || is_tool_block(raw);
}

Part text_part(std::string text, Part::Type type) {
  Part part;
  part.type = type;
  part.text = std::move(text);
  return part;
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

}  // namespace pawl::llm
