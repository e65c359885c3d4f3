// Reading a price file's JSON: a value knows its path, so that every mistake can be named with it.
#pragma once
#include <simdjson.h>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/money.h"
#include "base/result.h"
#include "base/text.h"

namespace pawl::llm::prices {

namespace dom = simdjson::dom;

// A value and how it was reached; lives on the stack of whoever reads the value above it.
struct Spot {
  dom::element value;
  const Spot* up = nullptr;
  std::string_view key;   // in an object
  std::size_t index = 0;  // in an array, where key is empty

  Spot at(std::string_view name, dom::element child) const { return {child, this, name, 0}; }
  Spot at(std::size_t position, dom::element child) const { return {child, this, {}, position}; }
};

inline std::string path_of(const Spot& spot) {
  if (!spot.up) return "";
  const std::string above = path_of(*spot.up);
  if (spot.key.empty()) return fmt::format("{}[{}]", above, spot.index);
  return above.empty() ? std::string(spot.key) : fmt::format("{}.{}", above, spot.key);
}

template <typename... Args>
std::unexpected<Error> wrong(const Spot& spot, fmt::format_string<Args...> format, Args&&... args) {
  const std::string path = path_of(spot);
  return fail(ErrorKind::invalid, "{}: {}", path.empty() ? "the price file" : path,
              fmt::format(format, std::forward<Args>(args)...));
}

inline Result<dom::object> object_at(const Spot& spot) {
  dom::object object;
  if (spot.value.get(object)) return wrong(spot, "must be an object");
  return object;
}

inline Result<dom::array> array_at(const Spot& spot) {
  dom::array array;
  if (spot.value.get(array)) return wrong(spot, "must be a list");
  return array;
}

inline Result<std::string> text_at(const Spot& spot) {
  std::string_view text;
  if (spot.value.get(text)) return wrong(spot, "must be a text");
  if (text.empty()) return wrong(spot, "must not be empty");
  return std::string(text);
}

inline Result<std::int64_t> count_at(const Spot& spot, std::int64_t most) {
  std::int64_t number = 0;
  if (spot.value.get(number)) return wrong(spot, "must be a whole number");
  if (number < 0 || number > most) return wrong(spot, "must be between 0 and {}", most);
  return number;
}

// Calls `read(name, spot)` for each field; one that is not in `known` is a mistake, so that a slip does not go unseen.
template <typename Read>
Result<> each_field(const Spot& spot, std::initializer_list<std::string_view> known, Read read) {
  std::set<std::string_view> seen;
  for (const auto field : TRY(object_at(spot))) {
    if (known.size() != 0 && std::find(known.begin(), known.end(), field.key) == known.end()) {
      const std::string_view near = nearest(field.key, known);
      if (near.empty()) return wrong(spot, "does not know the key \"{}\"", field.key);
      return wrong(spot, "does not know the key \"{}\"; did you mean \"{}\"?", field.key, near);
    }
    if (!seen.insert(field.key).second) return wrong(spot, "has the key \"{}\" twice", field.key);
    TRY(read(field.key, spot.at(field.key, field.value)));
  }
  return {};
}

template <typename Read>
Result<> each_element(const Spot& spot, Read read) {
  std::size_t index = 0;
  for (const auto element : TRY(array_at(spot))) TRY(read(spot.at(index++, element)));
  return {};
}

// US dollars as a decimal text or a number, at least 0, rounded half to even at the pico-dollar.
inline Result<std::int64_t> pico_at(const Spot& spot) {
  std::string_view text;
  double number = 0;
  std::optional<Money> money;
  if (!spot.value.get(text)) {
    money = parse_dollars(text);
  } else if (!spot.value.get(number)) {
    money = money_from_double(number);
  } else {
    return wrong(spot, "must be US dollars as a decimal text such as \"1.25\"");
  }
  if (!money) return wrong(spot, "must be US dollars as a decimal text such as \"1.25\", below 9 million");
  if (money->pico < 0) return wrong(spot, "must not be negative");
  return money->pico;
}

}  // namespace pawl::llm::prices
