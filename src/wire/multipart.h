// multipart/form-data (RFC 7578, RFC 2046 §5.1) as SDKs send it: parts with a name, a content type and their bytes.
#pragma once
#include <functional>
#include <string_view>

#include "base/result.h"

namespace pawl {

// Views into the body.
struct Part {
  std::string_view name;          // of Content-Disposition; "" where it says none
  std::string_view file_name;     // likewise
  std::string_view content_type;  // whole value: "application/json; length=12"
  std::string_view encoding;      // Content-Encoding of the part, "" for none
  std::string_view bytes;
};

// The boundary that a Content-Type names, or the one that the body begins with; "" where neither says.
std::string_view multipart_boundary(std::string_view content_type);
std::string_view multipart_boundary_of_body(std::string_view body);

// Calls `each` for every part in order, and gives how many there were. A part ends at the next boundary; where it says
// a length (Content-Length, or `length=` in its type) and a boundary follows there, its bytes may hold the boundary.
// `invalid` where the body does not begin with the boundary or is cut off; parts before that were handed out, so walk
// twice where that matters.
Result<std::size_t> walk_multipart(std::string_view body, std::string_view boundary,
                                   const std::function<void(const Part&)>& each);

}  // namespace pawl
