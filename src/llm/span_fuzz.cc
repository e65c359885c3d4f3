// Any OTLP body: every span and log record can be read, and the trace recounted.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory_resource>

#include "llm/coding_agents.h"
#include "llm/log_calls.h"
#include "llm/recount.h"
#include "llm/span.h"

namespace {

class Reading final : public pawl::otlp::Visitor {
 public:
  void span(const pawl::otlp::Resource& resource, const pawl::otlp::Scope& scope,
            const pawl::otlp::Span& span) override {
    pawl::llm::read_span(resource, scope, span, reading_);
    for (const auto& piece : reading_.content) bytes += piece.bytes.size() + piece.key.size();
    for (const auto& tokens : {reading_.tokens.input, reading_.tokens.output}) {
      if (tokens && *tokens < 0) std::abort();
    }
    pawl::llm::Fact fact;
    fact.span = pawl::id_from_bytes(span.span_id);
    fact.parent = pawl::id_from_bytes(span.parent_id);
    fact.kind = reading_.kind;
    fact.status = reading_.status;
    fact.tokens = reading_.tokens;
    facts.push_back(fact);
  }
  void log(const pawl::otlp::Resource& resource, const pawl::otlp::Scope& scope,
           const pawl::otlp::LogRecord& record) override {
    const bool of_call = pawl::llm::read_log(resource, scope, record, reading_);
    for (const auto& piece : reading_.content) bytes += piece.bytes.size();
    pawl::llm::CallIds ids;
    pawl::llm::LogCall call;
    if (of_call && pawl::llm::read_call_ids(record, ids) &&
        pawl::llm::read_log_call(resource, scope, record, ids, reading_, 1, "", call))
      make(pawl::llm::fragment_of(call, 1));
    pawl::llm::CodingEvent event;
    pawl::llm::read_coding_event(resource, scope, record, event);
    for (const auto& step : event.steps) make(pawl::llm::fragment_of(step, event.at, event.at));
  }
  std::vector<pawl::llm::Fact> facts;
  std::size_t bytes = 0;

 private:
  void make(const pawl::llm::Fragment& fragment) {
    pawl::llm::Run run(fragment);
    run.fold(fragment);
    pawl::llm::RunSpan span;
    pawl::llm::read_run(run, span);
    pawl::llm::read_span(span.resource, span.scope, span.span, reading_);
    if (!pawl::llm::Run::read(run.write())) std::abort();
  }
  pawl::llm::Reading reading_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto encoding = size > 0 && data[0] == '{' ? pawl::otlp::Encoding::json : pawl::otlp::Encoding::protobuf;
  std::pmr::monotonic_buffer_resource arena;
  Reading reading;
  (void)pawl::otlp::walk_traces(body, encoding, {}, arena, reading);
  (void)pawl::otlp::walk_logs(body, encoding, {}, arena, reading);
  if (pawl::llm::recount(reading.facts).size() != reading.facts.size()) std::abort();
  return 0;
}
