// Many patterns looked for at once, by Vectorscan: which of them ends where. For guard/*.cc only.
#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct hs_database;
struct hs_scratch;

namespace pawl::guard {

class Patterns {
 public:
  struct Pattern {
    std::string text;  // as Vectorscan reads it: bytes, no captures
    bool any_case = false;
    bool roughly = false;  // what it cannot do exactly may match too often (HS_FLAG_PREFILTER)
  };
  struct Hit {
    std::uint32_t pattern = 0;
    std::uint32_t end = 0;  // behind the last byte
  };

  // `invalid` where one of them cannot be compiled.
  static Result<std::unique_ptr<const Patterns>> compile(const std::vector<Pattern>& patterns);
  ~Patterns();
  Patterns(const Patterns&) = delete;
  Patterns& operator=(const Patterns&) = delete;

  // Every end of every match. Any thread.
  std::vector<Hit> hits(std::string_view bytes) const;
  bool any(std::string_view bytes) const;

 private:
  Patterns() = default;
  template <typename F>
  void scan(std::string_view bytes, F& each) const;
  hs_scratch* take() const;

  hs_database* database_ = nullptr;  // none: nothing is looked for
  mutable std::mutex mutex_;
  mutable std::vector<hs_scratch*> free_;  // what a scan works in; one a thread at a time
};

}  // namespace pawl::guard
