// Any bytes as a request of each vendor: events or an error, runs that fold and are shown, kept and read again.
#include <cstdint>

#include "llm/run.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  for (const auto form : {llm::RunForm::langfuse, llm::RunForm::langsmith, llm::RunForm::openai_agents}) {
    static_cast<void>(llm::walk_runs(form, body, 1, [](llm::RunEvent& event) {
      if (event.what != llm::RunEvent::What::fragment) return;
      llm::Run run(event.fragment);
      run.fold(event.fragment);
      llm::RunSpan span;
      llm::read_run(run, span);
      const auto kept = llm::Run::read(run.write());
      PAWL_CHECK(kept && kept->record() == run.record());
    }));
  }
  static_cast<void>(llm::read_kept_runs(body));
  return 0;
}
