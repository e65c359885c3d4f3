// Fuzzes the requests of `pawl stats`: each line is answered by one line of JSON, whatever it is.
#include <simdjson.h>

#include <cstdlib>
#include <string_view>

#include "stats/requests.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string answered = pawl::stats::answer({reinterpret_cast<const char*>(bytes), size});
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(answered).get(object)) std::abort();
  const bool out = !object["out"].error(), error = !object["error"].error();
  if (out == error || answered.find('\n') != std::string::npos) std::abort();
  return 0;
}
