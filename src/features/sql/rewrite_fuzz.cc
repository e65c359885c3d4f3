// Any bytes as SQL: refused with words, or rewritten into one SELECT that names its project and no text of the asker.
#include "sql.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const auto out = pawl::sql::rewrite(text, "JSON", 7);
  if (!out) {
    PAWL_CHECK(!out.error().what.empty());
    return 0;
  }
  PAWL_CHECK(out->query.sql.starts_with("SELECT ") && out->query.parameters[0].value == "7");
  PAWL_CHECK(out->query.sql.find(';') == std::string::npos);
  return 0;
}
