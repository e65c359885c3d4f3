// The ends of commands.
#include "outcome.h"

#include <fstream>

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

Result<> write_file(const std::string& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) return fail(ErrorKind::unavailable, "{} cannot be written", path);
  return {};
}

}  // namespace pawl::app
