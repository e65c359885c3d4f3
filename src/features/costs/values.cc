// Reads trees.
#include "values.h"

#include <simdjson.h>

#include "base/money.h"
#include "base/text.h"

namespace pawl::costs {

std::optional<std::int64_t> Value::count() const {
  if (kind != Kind::number) return std::nullopt;
  if (const auto whole = parse_int(text)) return *whole < 0 ? std::nullopt : whole;
  const auto exact = parse_dollars(text);  // a decimal, exactly
  if (exact && exact->pico >= 0) return exact->pico / pico_per_dollar;
  const auto wide = parse_double(text);
  return wide && *wide >= 0 && *wide < 9e18 ? std::optional(static_cast<std::int64_t>(*wide)) : std::nullopt;
}

namespace {

namespace sj = simdjson;
namespace od = simdjson::ondemand;

// Calls itself: nesting is bounded.
Result<Value> read_value(od::value from, int depth) {
  if (depth > 16) return fail(ErrorKind::invalid, "nested more than 16 levels deep");
  Value out;
  const auto broken = [] { return fail(ErrorKind::invalid, "no JSON"); };
  od::json_type type{};
  if (from.type().get(type) != sj::SUCCESS) return broken();
  if (type == od::json_type::object) {
    out.kind = Value::Kind::object;
    od::object object;
    if (from.get_object().get(object) != sj::SUCCESS) return broken();
    for (auto field : object) {
      std::string_view key;
      od::value child;
      if (field.unescaped_key().get(key) != sj::SUCCESS) return broken();
      std::string name(key);
      if (field.value().get(child) != sj::SUCCESS) return broken();
      out.items.push_back(TRY(read_value(child, depth + 1)));
      out.names.push_back(std::move(name));
    }
  } else if (type == od::json_type::array) {
    out.kind = Value::Kind::list;
    od::array array;
    if (from.get_array().get(array) != sj::SUCCESS) return broken();
    for (auto item : array) {
      od::value child;
      if (item.get(child) != sj::SUCCESS) return broken();
      out.items.push_back(TRY(read_value(child, depth + 1)));
    }
  } else if (type == od::json_type::string) {
    std::string_view text;
    if (from.get_string().get(text) != sj::SUCCESS) return broken();
    out.kind = Value::Kind::text, out.text = text;
  } else if (type == od::json_type::number) {
    out.kind = Value::Kind::number, out.text = trim(from.raw_json_token());
    if (!parse_double(out.text)) return broken();
  } else if (type == od::json_type::boolean) {
    out.kind = Value::Kind::truth;
    if (from.get_bool().get(out.truth) != sj::SUCCESS) return broken();
  } else if (bool null = false; from.is_null().get(null) != sj::SUCCESS || !null) {
    return broken();
  }
  return out;
}

}  // namespace

Result<Value> parse_value(std::string_view text) {
  const sj::padded_string padded(text);
  od::parser parser;
  od::document document;
  od::value root;
  if (parser.iterate(padded).get(document) != sj::SUCCESS || document.get_value().get(root) != sj::SUCCESS)
    return fail(ErrorKind::invalid, "no JSON object");
  auto value = TRY(read_value(root, 0));
  if (document.current_location().error() != sj::OUT_OF_BOUNDS)
    return fail(ErrorKind::invalid, "there is more behind the JSON object");
  return value;
}

}  // namespace pawl::costs
