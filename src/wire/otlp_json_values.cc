// Attributes, values and scalars as JSON.
#include <algorithm>
#include <limits>

#include "base/text.h"
#include "wire/json_walk.h"

namespace pawl::otlp {

Attributes JsonWalk::attributes(JsonValue& json) {
  const std::size_t first = attributes_.size();
  elements(json, [&](JsonValue& item) {
    if (spend(item)) attributes_.push_back(key_value(item, 1));
  });
  return take(attributes_, first);
}

KeyValue JsonWalk::key_value(JsonValue& json, std::size_t depth) {
  KeyValue read;
  read.raw = fields(json, [&](std::uint64_t field, JsonValue& part) {
    if (field == "key"_field) {
      read.key = text(part);
    } else if (field == "value"_field) {
      read.value = value(part, depth);
    } else {
      json_.skip(part);
    }
  });
  return read;
}

// AnyValue, a choice: the last of its fields counts.
Value JsonWalk::value(JsonValue& json, std::size_t depth) {
  Value read;
  if (json_.kind(json) == JsonKind::null) return read;
  if (json_.kind(json) != JsonKind::object) {
    wrong(json, "is not an object such as {\"stringValue\":\"…\"}");
    return read;
  }
  const std::string_view raw =
      fields(json, [&](std::uint64_t field, JsonValue& part) { choice(read, field, part, depth); });
  read.raw = raw;
  return read;
}

void JsonWalk::choice(Value& into, std::uint64_t field, JsonValue& json, std::size_t depth) {
  const auto choose = [&into](Value::Type type) { into = Value{.type = type}; };
  switch (field) {
    case "stringValue"_field:
      choose(Value::Type::string);
      into.text = text(json);
      break;
    case "bytesValue"_field:
      choose(Value::Type::bytes);
      into.text = base64(json);
      break;
    case "boolValue"_field:
      choose(Value::Type::boolean);
      into.boolean = boolean(json);
      break;
    case "intValue"_field:
      choose(Value::Type::integer);
      into.integer = integer(json);
      break;
    case "doubleValue"_field:
      choose(Value::Type::real);
      into.real = real(json);
      break;
    case "arrayValue"_field:
      choose(Value::Type::array);
      nested(into, json, depth);
      break;
    case "kvlistValue"_field:
      choose(Value::Type::map);
      nested(into, json, depth);
      break;
    default:
      return json_.skip(json);
  }
  if (cut_text(into, limits_)) tally_.cut();
}

// ArrayValue and KeyValueList: both hold `values`.
void JsonWalk::nested(Value& into, JsonValue& json, std::size_t depth) {
  const std::size_t first_item = values_.size(), first_field = attributes_.size();
  fields(json, [&](std::uint64_t field, JsonValue& part) {
    if (field != "values"_field) return json_.skip(part);
    if (depth >= limits_.depth) {
      into.cut = true;
      tally_.cut();
      return json_.skip(part);
    }
    elements(part, [&](JsonValue& item) {
      if (!spend(item)) return;
      if (into.type == Value::Type::array) {
        values_.push_back(value(item, depth + 1));
      } else {
        attributes_.push_back(key_value(item, depth + 1));
      }
    });
  });
  into.items = take(values_, first_item);
  into.fields = take(attributes_, first_field);
}

std::string_view JsonWalk::text(JsonValue& json) {
  if (json_.kind(json) == JsonKind::string) return json_.string(json);
  wrong(json, "holds something else where a string belongs");
  return {};
}

std::int64_t JsonWalk::integer(JsonValue& json) {
  const JsonKind kind = json_.kind(json);
  if (kind == JsonKind::number || kind == JsonKind::string) {
    const std::string_view number = kind == JsonKind::string ? json_.string(json) : JsonBody::token(json);
    if (const auto value = to_integer(number)) return *value;
  }
  wrong(json, "holds something else where a 64-bit integer belongs");
  return 0;
}

std::uint64_t JsonWalk::nanos(JsonValue& json) {
  const JsonKind kind = json_.kind(json);
  if (kind == JsonKind::number || kind == JsonKind::string) {
    const std::string_view number = kind == JsonKind::string ? json_.string(json) : JsonBody::token(json);
    if (number.empty()) return 0;
    if (const auto value = to_unsigned(number)) return *value;
  }
  wrong(json, "holds something else where a time or count belongs");
  return 0;
}

std::uint32_t JsonWalk::small(JsonValue& json) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(nanos(json), UINT32_MAX));
}

double JsonWalk::real(JsonValue& json) {
  const JsonKind kind = json_.kind(json);
  if (kind == JsonKind::number || kind == JsonKind::string) {
    const std::string_view number = kind == JsonKind::string ? json_.string(json) : JsonBody::token(json);
    if (number == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (number == "Infinity") return std::numeric_limits<double>::infinity();
    if (number == "-Infinity") return -std::numeric_limits<double>::infinity();
    if (const auto value = to_real(number)) return *value;
  }
  wrong(json, "holds something else where a number belongs");
  return 0;
}

bool JsonWalk::boolean(JsonValue& json) {
  const std::string_view token = JsonBody::token(json);
  if (token == "true" || token == "false") return token == "true";
  wrong(json, "holds something else where true or false belongs");
  return false;
}

// A number, or a name with or without the prefix; a name that we do not know is 0 (unspecified).
std::int32_t JsonWalk::enumeration(JsonValue& json, std::string_view prefix, std::span<const std::string_view> names) {
  const JsonKind kind = json_.kind(json);
  if (kind == JsonKind::number || kind == JsonKind::string) {
    std::string_view name = kind == JsonKind::string ? json_.string(json) : JsonBody::token(json);
    if (const auto value = to_integer(name); value && std::in_range<std::int32_t>(*value)) {
      return static_cast<std::int32_t>(*value);
    }
    if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
    const auto found = std::ranges::find(names, name);
    if (kind == JsonKind::string) {
      return found == names.end() ? 0 : static_cast<std::int32_t>(found - names.begin());
    }
  }
  wrong(json, "holds something else where an enum's number or name belongs");
  return 0;
}

// Hex of any case, or base64 as protobuf's own JSON has it. What is neither is one byte long, which no rule accepts.
std::string_view JsonWalk::id(JsonValue& json, std::size_t size) {
  if (json_.kind(json) != JsonKind::string) {
    wrong(json, "holds something else where an id belongs");
    return {};
  }
  const std::string_view given = json_.string(json);
  if (given.empty()) return {};
  std::optional<std::string> bytes = given.size() == size * 2 ? from_hex(given) : std::nullopt;
  if (!bytes) bytes = from_base64(given);
  if (!bytes || bytes->size() != size) return "?";
  return scratch_.copy(*bytes);
}

std::string_view JsonWalk::base64(JsonValue& json) {
  if (json_.kind(json) == JsonKind::string) {
    if (const auto bytes = from_base64(json_.string(json))) return scratch_.copy(*bytes);
  }
  wrong(json, "holds something else where base64 belongs");
  return {};
}

}  // namespace pawl::otlp
