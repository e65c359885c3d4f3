// Stored pieces back to keys and values: what content.cc framed, unframed.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace pawl::llm {

struct Attribute {
  std::string key;
  std::string text;  // a string's characters; anything else as JSON
  bool string = false;
};

// KeyValues as content.cc framed them: a KeyValueList in protobuf, objects with commas in JSON.
std::vector<Attribute> unframe(std::string_view bytes);
// What stands behind "PREFIX.N." of a flattened key.
std::string_view rest_of(std::string_view key, std::string_view prefix);
// The key of a piece names an event (gen_ai.choice) and not a family of flattened keys.
bool is_event(std::string_view key);
// An AnyValue as received, as JSON; bytes that are none become a JSON string.
std::string value_json(std::string_view bytes);

}  // namespace pawl::llm
