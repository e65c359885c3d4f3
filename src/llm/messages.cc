// Stored pieces back to messages and values.
#include "llm/messages.h"

#include <algorithm>
#include <map>
#include <memory_resource>

#include "base/text.h"
#include "llm/json_scan.h"
#include "llm/pieces.h"
#include "llm/python_literal.h"
#include "llm/shapes.h"
#include "wire/otlp.h"

namespace pawl::llm {
namespace {

std::string_view default_role(const Piece& piece) {
  if (const std::string_view role = role_of_word(piece.role); !role.empty()) return role;
  if (piece.slot == Slot::system) return "system";
  return piece.slot == Slot::output || piece.slot == Slot::result ? "assistant" : "user";
}

// ---- flattened keys and events ----

// "contents.3.message_content.text" → 3 and "message_content.text".
bool numbered(std::string_view rest, std::string_view list, std::size_t& index, std::string_view& field) {
  if (!rest.starts_with(list) || rest.size() <= list.size() || rest[list.size()] != '.') return false;
  rest.remove_prefix(list.size() + 1);
  const auto [number, name] = cut(rest, '.');
  const auto parsed = parse_int(number);
  if (!parsed || *parsed < 0 || *parsed > 100'000) return false;
  index = static_cast<std::size_t>(*parsed);
  field = name;
  return true;
}

void set_call(Part& part, std::string_view field, const std::string& text) {
  part.type = Part::Type::tool_call;
  if (field.ends_with("arguments") || field.ends_with("arguments_json")) {
    part.arguments = text;
  } else if (field.ends_with("name")) {
    part.name = text;
  } else if (field.ends_with("id")) {
    part.id = text;
  }
}

void set_content(Part& part, std::string_view field, const std::string& text) {
  if (field.starts_with("tool_call.")) return set_call(part, field, text);
  if (field.ends_with("message_content.type")) {
    if (text == "reasoning" || text == "thinking") part.type = Part::Type::reasoning;
  } else if (field.contains("image") || field.contains("audio") || field.contains("url")) {
    part.type = Part::Type::media;
    if (field.ends_with("url") || field.ends_with("data")) part.uri = text;
    if (field.ends_with("mime_type") || field.ends_with("format")) part.media_type = text;
  } else if (field.ends_with("text") || field.ends_with("content")) {
    part.text = text;
  }
}

// One message of flattened keys while it is put together.
struct FlatMessage {
  std::string role, name, id, finish;
  std::string content;
  std::map<std::size_t, Part> contents, calls;
  Part function;
};

void take(FlatMessage& flat, std::string_view rest, const std::string& text) {
  rest = rest.starts_with("message.") ? rest.substr(8) : rest;
  std::size_t index = 0;
  std::string_view field;
  if (numbered(rest, "contents", index, field)) {
    set_content(flat.contents[index], field, text);
  } else if (numbered(rest, "tool_calls", index, field)) {
    set_call(flat.calls[index], field, text);
  } else if (rest == "role") {
    flat.role = text;
  } else if (rest == "name") {
    flat.name = text;
  } else if (rest == "tool_call_id") {
    flat.id = text;
  } else if (rest == "finish_reason") {
    flat.finish = text;
  } else if (rest.starts_with("function_call")) {
    set_call(flat.function, rest, text);
  } else if (rest == "content" || rest.ends_with(".text") || rest.ends_with("document.content") || rest == "text") {
    flat.content = text;
  }
}

bool is_blocks(std::string_view text) {
  text = json::trimmed(text);
  return json::is_array(text) && json::is_object(json::first(text)) && json::is_whole(text);
}

bool has_call(const Message& message, const Part& call) {
  return std::ranges::any_of(message.parts, [&](const Part& part) {
    return part.type == Part::Type::tool_call && part.name == call.name && (call.id.empty() || part.id == call.id);
  });
}

Message assemble(FlatMessage&& flat, std::string_view role) {
  Message message;
  const std::string_view known = role_of_word(flat.role);
  message.role = !known.empty() ? std::string(known) : flat.role.empty() ? std::string(role) : flat.role;
  message.name = flat.name;
  message.finish_reason = flat.finish;
  const bool result = !flat.id.empty() || message.role == "tool";
  for (auto& [index, part] : flat.contents) {
    if (part.type == Part::Type::text && part.text.empty()) continue;
    message.parts.push_back(std::move(part));
  }
  if (!flat.content.empty()) {
    const bool told = std::ranges::any_of(message.parts, [&](const Part& part) { return part.text == flat.content; });
    if (result) {
      Part part = text_part(flat.content, Part::Type::tool_result);
      message.parts.assign(1, std::move(part));
    } else if (!told && is_blocks(flat.content)) {
      append_content(flat.content, message);
    } else if (!told) {
      message.parts.push_back(text_part(flat.content));
    }
  }
  if (result) {
    for (Part& part : message.parts) {
      if (part.type == Part::Type::text) part.type = Part::Type::tool_result;
      part.id = flat.id.empty() ? part.id : flat.id;
      part.name = part.name.empty() ? flat.name : part.name;
    }
  }
  for (auto& [index, call] : flat.calls) {
    if (!has_call(message, call)) message.parts.push_back(std::move(call));
  }
  if (!flat.function.name.empty()) message.parts.push_back(std::move(flat.function));
  return message;
}

// An event of a span: gen_ai.user.message {content}, gen_ai.choice {message, finish_reason}, …
Message from_event(const std::vector<Attribute>& attributes, std::string_view role) {
  Message message;
  message.role = role;
  std::string id;
  for (const Attribute& attribute : attributes) {
    const std::string& key = attribute.key;
    if (key == "content" || key == "message" || key == "gen_ai.prompt" || key == "gen_ai.completion" ||
        key == "gen_ai.event.content") {
      const std::string_view text = json::trimmed(attribute.text);
      std::vector<Message> whole;
      const bool shaped = (json::is_object(text) || is_blocks(text)) && json::is_whole(text);
      if (shaped && !is_blocks(text)) append_document(text, role, whole);
      if (!whole.empty()) {
        for (Part& part : whole.front().parts) message.parts.push_back(std::move(part));
      } else if (shaped) {
        append_content(text, message);
      } else if (!text.empty()) {
        message.parts.push_back(text_part(attribute.text));
      }
    } else if (key == "tool_calls") {
      append_content(attribute.text, message);
    } else if (key == "finish_reason") {
      message.finish_reason = attribute.text;
    } else if (key == "role") {
      if (const std::string_view known = role_of_word(attribute.text); !known.empty()) message.role = known;
    } else if (key == "id") {
      id = attribute.text;
    }
  }
  for (Part& part : message.parts) {
    if (message.role == "tool" && part.type == Part::Type::text) part.type = Part::Type::tool_result;
    if (part.type == Part::Type::tool_result && part.id.empty()) part.id = id;
  }
  return message;
}

void add_key_values(const Piece& piece, std::vector<Message>& out) {
  const std::vector<Attribute> attributes = unframe(piece.bytes);
  if (is_event(piece.key)) {
    out.push_back(from_event(attributes, default_role(piece)));
    return;
  }
  FlatMessage flat;
  for (const Attribute& attribute : attributes) take(flat, rest_of(attribute.key, piece.key), attribute.text);
  out.push_back(assemble(std::move(flat), piece.key == "message" ? "assistant" : default_role(piece)));
}

// ---- values as received ----

void add_value(const Piece& piece, std::vector<Message>& out) {
  const std::string text = value_json(piece.bytes);
  if (!is_event(piece.key) || !json::is_object(text)) return append_document(text, default_role(piece), out);
  // The body of a log record: {content}, {message, finish_reason}, {tool_calls}
  const std::size_t before = out.size();
  if (!append_message(text, default_role(piece), out)) {
    Message message;
    message.role = default_role(piece);
    const std::string_view content = json::member(text, "content");
    if (message.role == "tool") {
      Part part = text_part(value_text(content), Part::Type::tool_result);
      part.id = json::text(json::member(text, "id"));
      if (!part.text.empty() || !part.id.empty()) message.parts.push_back(std::move(part));
    } else {
      append_content(content, message);
    }
    append_content(json::member(text, "tool_calls"), message);
    if (const auto held = json::member(text, "message"); json::is_object(held)) {
      append_content(json::member(held, "content"), message);
      append_content(json::member(held, "tool_calls"), message);
    }
    out.push_back(std::move(message));
  }
  if (out.size() == before) return;
  if (const auto reason = json::member(text, "finish_reason"); json::is_string(reason)) {
    out.back().finish_reason = json::text(reason);
  }
}

// ---- JSON pieces ----

// `[{…}`, `,{…}` or what follows the list: `],"tools":[…]}`.
std::string_view element_of(const Piece& piece) {
  std::string_view text = json::trimmed(piece.bytes);
  if (text.starts_with('[') || text.starts_with(',')) text.remove_prefix(1);
  while (text.starts_with(']')) text = json::trimmed(text.substr(1));
  return json::trimmed(text);
}

void add_element(const Piece& piece, std::vector<Message>& out) {
  const std::string_view text = element_of(piece);
  if (text.empty() || text.front() == '}' || text.front() == ',') return;
  append_document(text, default_role(piece), out);
}

// The beginning of a whole object whose list follows in pieces of its own: only a system prompt can stand there.
bool add_head(const Piece& piece, std::vector<Message>& out) {
  const std::string_view text = json::trimmed(piece.bytes);
  if (!json::is_object(text) || text.back() != ':') {
    if (!json::is_object(text) || text.back() != '[') return false;
  }
  for (const std::string_view key : {"system", "instructions", "system_instruction"}) {
    const std::string_view system = json::member(text, key);
    if (json::is_null(system)) continue;
    Message message;
    message.role = "system";
    append_content(system, message);
    if (!message.parts.empty()) out.push_back(std::move(message));
  }
  return true;
}

void add_text(std::string_view text, const Piece& piece, std::vector<Message>& out) {
  if (text.empty()) return;
  if (append_printed(text, default_role(piece), out)) return;
  Part part = text_part(repair_utf8(text));
  out.push_back({std::string(default_role(piece)), "", {std::move(part)}, ""});
}

void add_json(const Piece& piece, std::vector<Message>& out) {
  if (add_head(piece, out)) return;
  if (piece.key == "ai.response.object") return add_text(piece.bytes, piece, out);
  const std::string_view inside =
      json::is_object(json::trimmed(piece.bytes)) ? json::trimmed(json::trimmed(piece.bytes).substr(1)) : "\"";
  if (inside.empty() || (inside.front() != '"' && inside.front() != '}')) return add_text(piece.bytes, piece, out);
  const bool whole = json::is_whole(piece.bytes);
  const std::size_t before = out.size();
  if (whole || json::is_object(piece.bytes) || json::is_array(piece.bytes)) {
    append_document(piece.bytes, default_role(piece), out);
  }
  if (out.size() == before && !whole) add_text(piece.bytes, piece, out);
  if (whole) return;
  for (std::size_t i = before; i < out.size(); ++i) {
    if (!out[i].parts.empty()) out[i].parts.back().cut = true;
  }
}

void add_piece(const Piece& piece, std::vector<Message>& out) {
  switch (piece.format) {
    case Format::text:
      return add_text(piece.bytes, piece, out);
    case Format::json:
      return add_json(piece, out);
    case Format::json_element:
      return add_element(piece, out);
    case Format::key_values:
      return add_key_values(piece, out);
    case Format::value:
      return add_value(piece, out);
  }
}

// Vercel gives one answer in several attributes; a list of blocks is one message.
bool continues_answer(const Piece& piece, const Piece* previous) {
  if (previous == nullptr) return false;
  if (piece.key.starts_with("ai.response.") && previous->key.starts_with("ai.response.")) return true;
  return piece.key == previous->key && piece.format == Format::json_element &&
         previous->format == Format::json_element && is_block(element_of(piece)) && is_block(element_of(*previous));
}

// Langfuse's JavaScript handler gives a tool's message the tool's name as its role.
void settle_tool_roles(std::vector<Message>& messages) {
  for (std::size_t i = 0; i < messages.size(); ++i) {
    Message& message = messages[i];
    if (message.parts.empty() || !role_of_word(message.role).empty()) continue;
    const Part* call = nullptr;
    for (std::size_t k = 0; k < i; ++k) {
      for (const Part& part : messages[k].parts) {
        if (part.type == Part::Type::tool_call && part.name == message.role) call = &part;
      }
    }
    if (call == nullptr) continue;
    for (Part& part : message.parts) {
      if (part.type == Part::Type::text) part.type = Part::Type::tool_result;
      if (part.name.empty()) part.name = message.role;
      if (part.id.empty()) part.id = call->id;
    }
    message.role = "tool";
  }
}

}  // namespace

std::vector<Message> parse_messages(const std::vector<Piece>& pieces) {
  std::vector<Message> messages;
  const Piece* previous = nullptr;
  for (const Piece& piece : pieces) {
    const std::size_t before = messages.size();
    add_piece(piece, messages);
    const bool one_more_call = piece.key == "message" && before > 0;  // un-numbered calls belong to the answer before
    const bool continues = continues_answer(piece, previous) || one_more_call;
    if (continues && before > 0 && messages.size() == before + 1 &&
        messages[before].role == messages[before - 1].role) {
      for (Part& part : messages[before].parts) messages[before - 1].parts.push_back(std::move(part));
      messages.resize(before);
    }
    previous = &piece;
  }
  settle_tool_roles(messages);
  std::erase_if(messages,
                [](const Message& message) { return message.parts.empty() && message.finish_reason.empty(); });
  add_media_references(messages);
  return messages;
}

namespace {

// As the model gave them; text that is no JSON stays text.
void write_arguments(JsonWriter& json, const std::string& arguments) {
  if (json::is_valid(arguments)) {
    json.raw(json::trimmed(arguments));
  } else if (const std::string printed = looks_like_python(arguments) ? python_to_json(arguments) : std::string();
             !printed.empty()) {
    json.raw(printed);
  } else {
    json.value(arguments);
  }
}

}  // namespace

void write_messages(JsonWriter& json, const std::vector<Message>& messages) {
  constexpr std::string_view types[] = {"text", "reasoning", "tool_call", "tool_result", "media", "other"};
  json.array();
  for (const Message& message : messages) {
    json.object().field("role", message.role);
    if (!message.name.empty()) json.field("name", message.name);
    json.key("parts").array();
    for (const Part& part : message.parts) {
      json.object().field("type", types[static_cast<std::size_t>(part.type)]);
      if (!part.id.empty()) json.field("id", part.id);
      if (!part.name.empty()) json.field("name", part.name);
      if (part.type == Part::Type::tool_call) {
        json.key("arguments");
        write_arguments(json, part.arguments);
      } else if (part.type == Part::Type::tool_result) {
        json.field("result", part.text);
      } else if (!part.text.empty() || part.type == Part::Type::text) {
        json.field("text", part.text);
      }
      if (!part.media_type.empty()) json.field("media_type", part.media_type);
      if (!part.uri.empty()) json.field("uri", part.uri);
      if (part.cut) json.field("cut", true);
      json.end();
    }
    json.end();
    if (!message.finish_reason.empty()) json.field("finish_reason", message.finish_reason);
    json.end();
  }
  json.end();
}

}  // namespace pawl::llm
