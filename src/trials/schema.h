// JSON Schema, as tools and evaluators use it: drafts 7 to 2020-12 without remote references and formats.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pawl::trials {

// Source: json-schema.org, draft 2020-12 validation (RFC 6901 for pointers). Known: type (also a list), enum, const,
// properties, required, additionalProperties, patternProperties, propertyNames, minProperties, maxProperties,
// dependentRequired, items, prefixItems (and items as a list), contains, minItems, maxItems, uniqueItems, minimum,
// maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, minLength, maxLength (code points), pattern (RE2), allOf,
// anyOf, oneOf, not, if/then/else, $ref within the document (#, #/…, and nullable of OpenAPI). Other keywords say
// nothing, as the standard wants it.
class Schema {
 public:
  // `invalid` says what is wrong with the schema and where.
  static Result<Schema> read(std::string_view json);
  Schema(Schema&&) noexcept;
  Schema& operator=(Schema&&) noexcept;
  ~Schema();

  // nullopt where the value (JSON text) is valid; else the first thing that is wrong: "/amount: must be a number".
  std::optional<std::string> wrong_with(std::string_view value) const;

 private:
  struct Document;
  explicit Schema(std::unique_ptr<Document> document);
  std::unique_ptr<Document> document_;
};

}  // namespace pawl::trials
