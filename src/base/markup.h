// Text that is shown by others as HTML or the like.
#pragma once
#include <string>
#include <string_view>

namespace pawl {

// Those of &<>"' that are in `which` as entities; the rest as it is.
std::string escape_markup(std::string_view text, std::string_view which = "&<>\"'");

}  // namespace pawl
