// Texts of YAML: quotes, escapes, folding, blocks, and what plain words stand for. Inside of wire only.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace pawl::yaml {

// Behind the quote that closes the one at `at`; nullopt where none does.
std::optional<std::size_t> quoted_end(std::string_view text, std::size_t at);
// With both quotes; lines are folded.
Result<std::string> unquoted(std::string_view quoted);

struct BlockText {
  std::string text;
  std::size_t end = 0;  // of the last line that belongs to it, before its line end
};
// From | or > at `at`; `indent` is that of what it belongs to.
Result<BlockText> block_text(std::string_view text, std::size_t at, int indent);

// JSON of a plain word by the core schema.
std::string resolved(std::string_view plain);
// The text of a key that was read as JSON; the same quoted.
std::string key_of(const std::string& json);
std::string as_key(const std::string& json);
// Members of a map, or of a list of maps, in JSON; nullopt where it is neither.
std::optional<std::vector<std::pair<std::string, std::string>>> members_of(std::string_view json);

}  // namespace pawl::yaml
