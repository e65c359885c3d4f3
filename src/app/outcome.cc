// The ends of commands.
#include "outcome.h"

namespace pawl::app {

int complain(const Error& error) {
  fmt::print(stderr, "pawl: {}\n", error.what);
  return error.kind == ErrorKind::invalid ? 64 : 3;
}

int finish(const Result<std::string>& text) {
  if (!text) return complain(text.error());
  fmt::print("{}{}", *text, text->empty() || text->ends_with('\n') ? "" : "\n");
  return 0;
}

}  // namespace pawl::app
