// JSON as a small tree whose numbers keep their text: for exports of providers, whose money is never a float. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pawl::costs {

// A small tree whose numbers keep their text: money is never a float.
struct Value {
  enum class Kind { null, text, number, truth, list, object } kind = Kind::null;
  std::string text;  // of text and number
  bool truth = false;
  std::vector<Value> items;  // of a list; of an object the values of its `names`
  std::vector<std::string> names;

  const Value& operator[](std::string_view name) const {
    static const Value none;
    for (std::size_t i = 0; i < names.size(); ++i)
      if (names[i] == name) return items[i];
    return none;
  }
  bool is_null() const { return kind == Kind::null; }
  std::optional<std::int64_t> count() const;  // whole numbers ≥ 0, also as "1000.0"
};
// One whole value, nested at most 16 levels deep; `invalid` otherwise.
Result<Value> parse_value(std::string_view json);

}  // namespace pawl::costs
