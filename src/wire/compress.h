// Content encodings of requests and answers: identity, gzip (RFC 1952), deflate (RFC 1950), zstd (RFC 8878), with a
// bound on what a body may grow to (a bomb is an error, never memory).
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace pawl {

// `encoding` is the header's value, also a list ("gzip, zstd" is undone from the right). `invalid` when the bytes are
// not that, `exhausted` when more than `limit` bytes come out, `invalid` naming the known ones for an unknown encoding.
Result<std::string> decompress(std::string_view encoding, std::string_view bytes, std::size_t limit);
std::string gzip(std::string_view bytes, int level = 6);
std::string zstd(std::string_view bytes, int level = 3);

}  // namespace pawl
