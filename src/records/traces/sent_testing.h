// For tests of traces: OTLP JSON by hand, and the batch that comes of it.
#pragma once
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/text.h"
#include "traces.h"

namespace pawl::traces::testing {

inline constexpr Nanos received_at = 1'767'600'000 * second;  // 2026-01-05T08:00:00Z

struct Sent {  // a span; ids are numbers, times ms before received_at
  int trace = 1, span = 1, parent = 0;
  std::string name = "step";
  std::vector<std::pair<std::string, std::string>> attributes = {};
  Nanos start = received_at - minute, duration = second;
  std::string error = {};
};

inline std::string json_of(const std::vector<std::pair<std::string, std::string>>& attributes) {
  std::vector<std::string> out;
  for (const auto& [key, value] : attributes) {
    const bool number = parse_int(value).has_value();
    out.push_back(
        fmt::format(R"({{"key":"{}","value":{{"{}":"{}"}}}})", key, number ? "intValue" : "stringValue", value));
  }
  return "[" + join(out, ",") + "]";
}

inline std::string body_of(const std::vector<Sent>& spans,
                           const std::vector<std::pair<std::string, std::string>>& resource = {}) {
  std::vector<std::string> out;
  for (const auto& s : spans) {
    out.push_back(fmt::format(R"({{"traceId":"{:032x}","spanId":"{:016x}","parentSpanId":"{}","name":"{}",)"
                              R"("startTimeUnixNano":"{}","endTimeUnixNano":"{}","attributes":{}{}}})",
                              s.trace, s.span, s.parent == 0 ? "" : fmt::format("{:016x}", s.parent), s.name, s.start,
                              s.start + s.duration, json_of(s.attributes),
                              s.error.empty() ? "" : fmt::format(R"(,"status":{{"code":2,"message":"{}"}})", s.error)));
  }
  return fmt::format(R"({{"resourceSpans":[{{"resource":{{"attributes":{}}},"scopeSpans":[{{"scope":{{"name":"test"}},)"
                     R"("spans":[{}]}}]}}]}})",
                     json_of(resource), join(out, ","));
}

// A log record that is content of a span: an event of the GenAI conventions.
inline std::string log_body_of(int trace, int span, std::string_view event, std::string_view content,
                               std::string_view more = "") {
  return fmt::format(
      R"({{"resourceLogs":[{{"scopeLogs":[{{"scope":{{"name":"opentelemetry.instrumentation.openai_v2"}},"logRecords":[)"
      R"({{"traceId":"{:032x}","spanId":"{:016x}","timeUnixNano":"{}","eventName":"{}",)"
      R"("body":{{"kvlistValue":{{"values":[{{"key":"content","value":{{"stringValue":"{}"}}}}]}}}}{}}}]}}]}}]}})",
      trace, span, received_at - minute, event, content, more);
}

class Making {
 public:
  void spans(const std::vector<Sent>& sent, const std::vector<std::pair<std::string, std::string>>& resource = {}) {
    builder.add(project, received_at, otlp::Signal::traces, otlp::Encoding::json, body_of(sent, resource));
  }
  void log(const std::string& body) {
    builder.add(project, received_at, otlp::Signal::logs, otlp::Encoding::json, body);
  }
  Batch close() { return builder.close(++number); }
  // Closes, and remembers as after an insert.
  Batch stored() {
    Batch batch = close();
    memory.learn_bodies(batch.new_bodies);
    return batch;
  }

  ProjectId project = 1;
  BatchNumber number = 0;
  SystemClock clock;
  Memory memory;
  Builder builder{memory, "key", nullptr, clock};
};

inline std::vector<std::pair<std::string, std::string>> chat(std::string_view prompt, int input = 10) {
  return {{"gen_ai.operation.name", "chat"},
          {"gen_ai.request.model", "acme"},
          {"gen_ai.usage.input_tokens", std::to_string(input)},
          {"gen_ai.input.messages",
           fmt::format(R"([{{\"role\":\"user\",\"parts\":[{{\"type\":\"text\",\"content\":\"{}\"}}]}}])", prompt)}};
}

}  // namespace pawl::traces::testing
