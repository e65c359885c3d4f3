// Stored content as the messages of a conversation, whatever carried it (api.md `Message`).
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "llm/span.h"

namespace pawl::llm {

struct Part {
  enum class Type : std::uint8_t { text, reasoning, tool_call, tool_result, media, other };
  Type type = Type::text;
  std::string text;       // text, reasoning, tool_result as text; other: its JSON
  std::string id, name;   // tool call and result
  std::string arguments;  // tool_call: JSON text of the arguments, as the model gave them
  std::string media_type, uri;
  bool cut = false;
};
struct Message {
  std::string role;  // system user assistant tool
  std::string name;
  std::vector<Part> parts;
  std::string finish_reason;
};

// One stored piece (a Content whose bytes were read back).
struct Piece {
  Slot slot;
  Format format;
  std::string_view key, role, bytes;
};

// The messages of the pieces of one slot, in order. Bytes that cannot be parsed become a text part with those bytes.
std::vector<Message> parse_messages(const std::vector<Piece>& pieces);
// A tool's arguments or result as the value itself: wrappers such as {"args":[],"kwargs":{…}}, LangChain's constructor
// objects and JSON in JSON are undone (conventions.md traps 12, 13). JSON text where it is JSON, else a JSON string.
std::string parse_value_json(const std::vector<Piece>& pieces);
// Puts a media part beside each text that refers to media which a client has uploaded (Langfuse). parse_messages does
// it.
void add_media_references(std::vector<Message>& messages);
void write_messages(JsonWriter& json, const std::vector<Message>& messages);

}  // namespace pawl::llm
