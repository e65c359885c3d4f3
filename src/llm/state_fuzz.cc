// Two deltas of any bytes: what is told and what is kept is JSON, and a delta laid on twice changes nothing.
#include "base/result.h"
#include "llm/json_scan.h"
#include "llm/state.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace pawl;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const auto cut = all.find('\n');
  llm::State state;
  for (const auto delta : {all.substr(0, cut), cut == std::string_view::npos ? all : all.substr(cut + 1)}) {
    for (const auto& change : state.apply(delta)) {
      PAWL_CHECK(change.before != change.after);
      PAWL_CHECK(change.before.empty() || llm::json::is_valid(change.before));
      PAWL_CHECK(change.after.empty() || llm::json::is_valid(change.after));
    }
    PAWL_CHECK(state.apply(delta).empty());
    llm::state_facts(delta);
  }
  PAWL_CHECK(llm::json::is_valid(state.json()));
  return 0;
}
