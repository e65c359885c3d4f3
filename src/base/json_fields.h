// The fields of a small JSON object, such as the body of a call of the API: read by name, absent is empty.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pawl {

// Holds the parsed document; not for documents that are worth streaming.
class JsonFields {
 public:
  // `invalid` where the text is no JSON object.
  static Result<JsonFields> parse(std::string_view json);
  JsonFields(JsonFields&&) noexcept;
  JsonFields& operator=(JsonFields&&) noexcept;
  ~JsonFields();

  // `invalid` where there is another key than these; `what` says whose keys they are: "an incident".
  Result<> only(std::initializer_list<std::string_view> known, std::string_view what) const;
  bool has(std::string_view name) const;                                // null counts as absent
  std::string text(std::string_view name) const;                        // "" where it is absent or no string
  std::optional<bool> flag(std::string_view name) const;                // nullopt where it is absent or no boolean
  std::optional<std::int64_t> number(std::string_view name) const;      // nullopt where it is absent or no whole number
  Result<std::vector<std::string>> texts(std::string_view name) const;  // a list of strings, or "a,b"; absent: none
  std::optional<JsonFields> object(std::string_view name) const;        // nullopt where it is absent or no object
  std::vector<JsonFields> objects(std::string_view name) const;         // the objects of a list; others are left out

 private:
  struct Parsed;
  explicit JsonFields(std::unique_ptr<Parsed> parsed);
  std::unique_ptr<Parsed> parsed_;
};

}  // namespace pawl
