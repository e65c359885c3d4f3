// Is a text one whole JSON value (RFC 8259)? Lone surrogates in escapes are let through: JavaScript senders cut strings
// in the middle of a character.
#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

namespace pawl::llm::json {

// Where the text stops being JSON, or nests deeper than `depth`; nullopt where all of it is one value.
std::optional<std::size_t> first_error(std::string_view text, std::size_t depth = 512);

}  // namespace pawl::llm::json
