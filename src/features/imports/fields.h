// A row's fields under the names that versions of an export give them.
#pragma once
#include <array>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/time.h"
#include "llm/json_scan.h"

namespace pawl::imports {

namespace json = llm::json;

// The names of one field, the first that is there holds.
class Names {
 public:
  constexpr Names(std::initializer_list<std::string_view> names) {
    for (const auto name : names) all_.at(count_++) = name;
  }
  constexpr const std::string_view* begin() const { return all_.data(); }
  constexpr const std::string_view* end() const { return all_.data() + count_; }

 private:
  std::array<std::string_view, 5> all_{};
  std::size_t count_ = 0;
};

class Fields {
 public:
  explicit Fields(std::string_view object) : object_(object) {}  // which it keeps looking into
  explicit Fields(std::string&& object) = delete;
  std::string_view raw(const Names& names) const;  // of the first that is there and not null; "" otherwise
  std::string text(const Names& names) const;      // a string's characters, else as written
  // As JSON: a text that holds an object or an array (cells of CSV, columns of text) is that.
  std::string value(const Names& names) const;
  std::string numbers(
      const Names& names) const;  // an object of numbers; those written as text are unquoted; "" for none
  std::optional<Nanos> moment(const Names& names) const;
  bool has(const Names& names) const { return !raw(names).empty(); }
  bool is_true(const Names& names) const;

 private:
  json::Object object_;
};

// ISO 8601 with 'T' or a space, with any offset or none (UTC), or a number since 1970; raw JSON.
std::optional<Nanos> moment_of(std::string_view raw);
std::string unwrapped(std::string_view raw);  // what Fields::value gives
// {a,"b"} of PostgreSQL, or ["a","b"], as JSON; "" for anything else.
std::string list_of(std::string_view raw);

// key: value, where there is a value.
void write_text(JsonWriter& out, std::string_view key, const std::string& text);
void write_raw(JsonWriter& out, std::string_view key, const std::string& raw);
void write_time(JsonWriter& out, std::string_view key, std::optional<Nanos> at);

}  // namespace pawl::imports
