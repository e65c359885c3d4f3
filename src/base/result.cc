// Names of error kinds, and the end of a process whose invariant broke.
#include "base/result.h"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace pawl {

std::string_view name_of(ErrorKind kind) {
  static constexpr std::array<std::string_view, 7> names = {"invalid",   "denied",      "not_found", "conflict",
                                                            "exhausted", "unavailable", "corrupt"};
  return names[static_cast<std::size_t>(kind)];
}

void check_failed(const char* expression, const char* file, int line, std::string_view detail) {
  std::fprintf(stderr, "pawl: broken invariant %s at %s:%d %.*s\n", expression, file, line,
               static_cast<int>(detail.size()), detail.data());
  std::abort();
}

}  // namespace pawl
