// For tests: spans as an SDK would send them, written in a few words, as an OTLP/JSON body.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "llm/recording_testing.h"

namespace pawl::llm {

// An attribute's value: text, a number, a truth, or a list of texts.
struct Sent {
  Sent(const char* text) : json(R"({"stringValue":)" + json_quote(text) + "}") {}
  Sent(const std::string& text) : json(R"({"stringValue":)" + json_quote(text) + "}") {}
  Sent(int number) : json(fmt::format(R"({{"intValue":"{}"}})", number)) {}
  Sent(double number) : json(fmt::format(R"({{"doubleValue":{}}})", number)) {}
  Sent(bool truth) : json(fmt::format(R"({{"boolValue":{}}})", truth)) {}
  Sent(std::vector<std::string> list) {
    for (const std::string& text : list) json += (json.empty() ? "" : ",") + Sent(text).json;
    json = R"({"arrayValue":{"values":[)" + json + "]}}";
  }
  std::string json;
};
using Attributes = std::vector<std::pair<std::string, Sent>>;

struct SentEvent {
  std::string name;
  Attributes attributes = {};
};

struct SentSpan {
  std::string scope, name;
  Attributes attributes = {};
  int parent = 0;  // number of the span above, from 1; 0 for a root
  int status = 0;
  std::string message = {};
  std::vector<SentEvent> events = {};
  int kind = 1;
  int start_ms = -1, end_ms = -1;  // by default one after another inside their parent
  std::string trace_state = {};
};

inline std::string attributes_json(const Attributes& attributes) {
  std::string out;
  for (const auto& [key, value] : attributes) {
    out += fmt::format(R"({}{{"key":{},"value":{}}})", out.empty() ? "" : ",", json_quote(key), value.json);
  }
  return "[" + out + "]";
}

inline std::string body_of(const std::vector<SentSpan>& spans, const Attributes& resource = {}) {
  std::string scopes;
  int number = 0;
  for (const SentSpan& span : spans) {
    ++number;
    const long long base = 1'790'000'000'000;
    const long long start = base + (span.start_ms >= 0 ? span.start_ms : number * 10);
    const long long end = base + (span.end_ms >= 0     ? span.end_ms
                                  : span.start_ms >= 0 ? span.start_ms + 5
                                                       : number * 10 + 5);
    std::string events;
    for (const SentEvent& event : span.events) {
      events += fmt::format(R"({}{{"name":{},"timeUnixNano":"{}000000","attributes":{}}})", events.empty() ? "" : ",",
                            json_quote(event.name), start + 1, attributes_json(event.attributes));
    }
    scopes += fmt::format(
        R"({}{{"scope":{{"name":{}}},"spans":[{{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"{:016x}",)"
        R"("parentSpanId":"{}","name":{},"kind":{},"startTimeUnixNano":"{}000000","endTimeUnixNano":"{}000000",)"
        R"("attributes":{},"events":[{}],"status":{{"code":{},"message":{}}},"traceState":{}}}]}})",
        number == 1 ? "" : ",", json_quote(span.scope), number,
        span.parent == 0 ? "" : fmt::format("{:016x}", span.parent), json_quote(span.name), span.kind, start, end,
        attributes_json(span.attributes), events, span.status, json_quote(span.message), json_quote(span.trace_state));
  }
  return fmt::format(R"({{"resourceSpans":[{{"resource":{{"attributes":{}}},"scopeSpans":[{}]}}]}})",
                     attributes_json(resource), scopes);
}

inline Recording sent(const std::vector<SentSpan>& spans, const Attributes& resource = {}) {
  return read_json(body_of(spans, resource));
}

// What the trace says of its kinds, in the order sent: "agent llm tool …".
inline std::string kinds_of(const Recording& recording) {
  std::string out;
  for (const auto& span : recording.spans) {
    out += (out.empty() ? "" : " ") + std::string(name_of(span->verdict.kind)) + (span->verdict.noise ? "~" : "");
  }
  return out;
}

// input/cache_read/cache_write/output/reasoning, "-" where unknown.
inline std::string tokens_of(const Tokens& tokens) {
  const auto show = [](const std::optional<std::int64_t>& count) { return count ? fmt::format("{}", *count) : "-"; };
  return fmt::format("{}/{}/{}/{}/{}", show(tokens.input), show(tokens.cache_read), show(tokens.cache_write),
                     show(tokens.output), show(tokens.reasoning));
}

inline std::string messages_json(const KeptSpan& span, Slot slot) {
  JsonWriter json;
  write_messages(json, parse_messages(pieces_of(span, slot)));
  return json.take();
}

inline std::int64_t counted_input(const Recording& recording) {
  std::int64_t sum = 0;
  for (const auto& span : recording.spans) {
    const Tokens& tokens = span->reading.tokens;
    if (span->verdict.why != NotCounted::counted) continue;
    sum += tokens.input.value_or(0) + tokens.cache_read.value_or(0) + tokens.cache_write.value_or(0);
  }
  return sum;
}

}  // namespace pawl::llm
