// Files of other tools are anybody's bytes: what is read has evaluators that can be read back, cases that can be judged
// and written again.
#include "suites.h"

#include <cstdint>

#include "evaluators.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl::trials;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const std::string_view format : {"auto", "promptfoo", "inspect"}) {
    const auto suite = read_suite(text, format);
    if (!suite) continue;
    const auto all = suite->evaluators.empty() ? pawl::Result<std::vector<Evaluator>>(std::vector<Evaluator>())
                                               : read_evaluators(suite->evaluators, false);
    PAWL_CHECK(all.has_value(), "{}", suite->evaluators);
    for (const auto& item : suite->cases.cases)
      for (const auto& evaluator : *all) evaluate(evaluator, item, {.output = "\"x\"", .trajectory = "[]"});
    const auto written = write_suite(suite->cases.cases, "fuzz", "promptfoo");
    PAWL_CHECK(written.has_value(), "a suite of {}", format);
    (void)read_suite(*written, "promptfoo");  // deeper than YAML may be nested, or a key twice: refused
  }
  if (const auto graders = read_graders(text))
    PAWL_CHECK(read_evaluators(graders->evaluators, false).has_value(), "{}", graders->evaluators);
  return 0;
}
