// The bytes of a file of an export as they come: plain, gzip or zstd, told by its first bytes; bounded memory.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace pawl::imports {

class Bytes {
 public:
  Bytes() = default;
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;
  virtual ~Bytes() = default;
  // Appends some of what comes next to `into`; false at the end. `corrupt`: the compressed bytes are damaged or cut
  // off.
  virtual Result<bool> more(std::string& into) = 0;
  virtual std::uint64_t consumed() const = 0;  // of the file on disk
};

// Errors as those of the system: not_found, denied …
Result<std::unique_ptr<Bytes>> open_bytes(const std::string& path);
// The same over a text; for tests and fuzzers.
std::unique_ptr<Bytes> text_bytes(std::string text, std::size_t piece = 4096);

}  // namespace pawl::imports
