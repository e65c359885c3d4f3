// The shapes of what the API takes and gives: those with a name, and the short notation in which routes write theirs.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "base/json.h"

namespace pawl::app {

// `type`: string integer number boolean time money any object, the name of a shape, [type] for a list; "?" behind it:
// null where nobody said. Money is a decimal text in US dollars, time is RFC 3339 with nanoseconds in UTC.
struct ShapeField {
  std::string_view name, type, about = {};
  bool sometimes = false;  // left out where there is nothing to say
};
struct Shape {
  std::string_view name, about;
  std::span<const ShapeField> fields;
};
std::span<const Shape> shapes();

// JSON Schema of a named shape, and of a type as above.
void write_schema(JsonWriter& json, const Shape& shape);
void write_schema(JsonWriter& json, std::string_view type);

// The notation of routes: "{sessions:[Session], next_cursor, stats:Stats}: and words", "a Span", "{}". Writes the
// schema that stands at its beginning; false, and nothing written, where there is none.
bool write_schema_of_text(JsonWriter& json, std::string_view text);

}  // namespace pawl::app
