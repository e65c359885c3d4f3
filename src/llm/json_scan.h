// Reading JSON text in place: no tree, no copy, and what was cut off in the middle still gives what came before
// (conventions.md trap 14). Every function takes any bytes.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pawl::llm::json {

std::size_t skip_space(std::string_view text, std::size_t at);
// The end of the value that begins at `at`; text.size() where it is cut off.
std::size_t skip_value(std::string_view text, std::size_t at);
std::string_view trimmed(std::string_view text);  // without JSON white space at both ends

inline bool is_object(std::string_view raw) {
  return !raw.empty() && raw.front() == '{';
}
inline bool is_array(std::string_view raw) {
  return !raw.empty() && raw.front() == '[';
}
inline bool is_string(std::string_view raw) {
  return !raw.empty() && raw.front() == '"';
}
inline bool is_null(std::string_view raw) {
  return raw.empty() || raw == "null";
}
// `raw` is one whole value and nothing else, by its brackets and quotes; what stands inside may be no JSON.
bool is_whole(std::string_view raw);
// `raw` is one JSON value and nothing else (json_check.h) in UTF-8: it may be written out as it is.
bool is_valid(std::string_view raw);

// The members of an object in order: `while (members.next()) use(members.key, members.value)`. Key without quotes, as
// written; value raw, without white space around it.
class Members {
 public:
  explicit Members(std::string_view object);
  bool next();
  std::string_view key, value;

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

// The elements of an array; begin and end are their offsets in the text.
class Elements {
 public:
  explicit Elements(std::string_view array);
  bool next();
  std::string_view value;
  std::size_t begin = 0, end = 0;

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

// An object's members found in one walk, for whoever asks for many of them; views into the text.
class Object {
 public:
  explicit Object(std::string_view object);
  std::string_view member(std::string_view key) const;  // "" where it is not there; of two with one name the first

 private:
  std::vector<std::pair<std::string_view, std::string_view>> members_;
};

// The raw value of a member, of a path of members, of an array's first element; "" where it is not there.
std::string_view member(std::string_view object, std::string_view key);
inline std::string_view member(const Object& object, std::string_view key) {
  return object.member(key);
}
std::string_view at(std::string_view object, std::initializer_list<std::string_view> path);
std::string_view first(std::string_view array);

// A string's characters; anything else as written. A string that is cut off gives what is there.
std::string text(std::string_view raw);
std::optional<std::int64_t> integer(std::string_view raw);  // also of a string that holds a number
std::optional<double> number(std::string_view raw);

}  // namespace pawl::llm::json
