// YAML as people write configuration in it, read as JSON: collections, texts, comments, anchors, aliases, merge keys
// (<<). Plain words mean what the core schema of YAML 1.2 (section 10.3.2) says: true, 12, 1.5, null and ~ are values,
// yes and dates are text. Tags are passed over; keys that are no text and several documents are refused.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace pawl {

// One JSON value in UTF-8. `invalid` names the line; `exhausted` where aliases grow beyond 64 MB or it is nested deeper
// than 100.
Result<std::string> yaml_to_json(std::string_view text);

}  // namespace pawl
