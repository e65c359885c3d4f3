// Takes out of an answer of the API what people or programs wrote.
#include <simdjson.h>

#include <algorithm>
#include <array>

#include "inside.h"

namespace pawl::share {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

// By name, wherever they stand: texts become null or go, what is left is times, counts, names of steps and money.
constexpr std::array<std::string_view, 27> texts = {
    "input",   "output",      "attributes",       "events",       "links",
    "raw",     "title",       "preview",          "conversation", "logs",
    "scores",  "state",       "tool_definitions", "arguments",    "result",
    "message", "user_id",     "customer",         "tags",         "comment",
    "text",    "body",        "metadata",         "correction",   "prompt",
    "outcome", "handoff_text"};

void copy(JsonWriter& json, element value);

void copy_object(JsonWriter& json, simdjson::dom::object object) {
  json.object();
  for (const auto& [name, value] : object) {
    json.key(name);
    if (std::ranges::find(texts, name) == texts.end())
      copy(json, value);
    else if (value.is_array())
      json.array().end();
    else if (value.is_object())
      json.object().end();
    else
      json.null();
  }
  json.end();
}

void copy(JsonWriter& json, element value) {
  switch (value.type()) {
    case element_type::OBJECT:
      copy_object(json, value);
      break;
    case element_type::ARRAY:
      json.array();
      for (const element one : simdjson::dom::array(value)) copy(json, one);
      json.end();
      break;
    default:
      json.raw(simdjson::minify(value));
  }
}

}  // namespace

std::string without_bodies(std::string_view json) {
  simdjson::dom::parser parser;
  element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) return "{}";
  JsonWriter out;
  copy(out, root);
  return out.take();
}

}  // namespace pawl::share
