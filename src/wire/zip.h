// Members of a zip archive (PKWARE's APPNOTE): stored, deflated, bzip2 or zstd (method 93), with a bound on what they
// may grow to together (a bomb is an error, never memory).
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pawl {

struct ZipMember {
  std::string name, bytes;
};

bool is_zip(std::string_view bytes);  // by its first bytes

// The members whose names are wanted, in the archive's order; checksums are held against what came out. `invalid` where
// the bytes are no archive, or a wanted member is damaged, encrypted or packed in another way; `exhausted` where more
// than `limit` bytes come out.
Result<std::vector<ZipMember>> unzip(std::string_view bytes, std::size_t limit,
                                     const std::function<bool(std::string_view)>& wanted);

}  // namespace pawl
