// For tests of the walks: what was visited as lines of text, and bodies written by hand.
#pragma once
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/text.h"
#include "wire/otlp.h"
#include "wire/protobuf.h"

namespace pawl::otlp::testing {

inline std::string line_of(Attributes attributes) {
  std::string out;
  for (const KeyValue& each : attributes) {
    if (!out.empty()) out += ' ';
    out += fmt::format("{}={}{}", each.key, to_text(each.value), each.value.cut ? "…" : "");
  }
  return "{" + out + "}";
}

struct Lines final : Visitor {
  std::vector<std::string> visited, reasons;

  void span(const Resource& resource, const Scope& scope, const Span& span) override {
    std::string line =
        fmt::format("{} {} {} '{}' kind={} {}..{} status={}:{} {} scope={}/{}{} resource={}", to_hex(span.trace_id),
                    to_hex(span.span_id), to_hex(span.parent_id), span.name, span.kind, span.start_ns, span.end_ns,
                    span.status_code, span.status_message, line_of(span.attributes), scope.name, scope.version,
                    line_of(scope.attributes), line_of(resource.attributes));
    for (const Event& event : span.events) {
      line += fmt::format(" event={}@{}{}", event.name, event.time_ns, line_of(event.attributes));
    }
    for (const Link& link : span.links) {
      line += fmt::format(" link={}/{}{}", to_hex(link.trace_id), to_hex(link.span_id), line_of(link.attributes));
    }
    visited.push_back(line);
  }
  void log(const Resource&, const Scope& scope, const LogRecord& log) override {
    visited.push_back(fmt::format("{}/{} severity={}:{} event={} body={} {} trace={} span={} scope={}", log.time_ns,
                                  log.observed_ns, log.severity, log.severity_text, log.event_name, to_text(log.body),
                                  line_of(log.attributes), to_hex(log.trace_id), to_hex(log.span_id), scope.name));
  }
  void point(const Resource&, const Scope&, const Point& point) override {
    visited.push_back(fmt::format("{} [{}] type={} monotonic={} delta={} {}..{} value={} count={} {}", point.metric,
                                  point.unit, static_cast<int>(point.type), point.monotonic, point.delta,
                                  point.start_ns, point.time_ns, point.value, point.count, line_of(point.attributes)));
  }
  void refused(std::string_view why) override { reasons.emplace_back(why); }
};

// Walks a body and checks it: both must say the same.
inline Result<Counts> walk(std::string_view body, Signal signal, Encoding encoding, Visitor& visitor,
                           const Limits& limits = {}) {
  std::pmr::monotonic_buffer_resource arena;
  const auto walk = signal == Signal::traces ? walk_traces : signal == Signal::logs ? walk_logs : walk_metrics;
  Result<Counts> walked = walk(body, encoding, limits, arena, visitor);
  const Result<Counts> checked = check(body, signal, encoding, limits);
  EXPECT_EQ(walked.has_value(), checked.has_value());
  if (walked && checked) {
    EXPECT_EQ(walked->records, checked->records);
    EXPECT_EQ(walked->refused, checked->refused);
    EXPECT_EQ(walked->cut, checked->cut);
    EXPECT_EQ(walked->first_reason, checked->first_reason);
  } else if (!walked && !checked) {
    EXPECT_EQ(walked.error().what, checked.error().what);
  }
  return walked;
}

// A protobuf message written field by field: Message().text(1, "a").number(2, 5).bytes().
class Message {
 public:
  Message& text(std::uint32_t field, std::string_view value) {
    writer_.add_bytes(field, value.data(), value.size());
    return *this;
  }
  Message& message(std::uint32_t field, const Message& value) { return text(field, value.bytes_); }
  Message& number(std::uint32_t field, std::uint64_t value) {
    writer_.add_uint64(field, value);
    return *this;
  }
  Message& fixed(std::uint32_t field, std::uint64_t value) {
    writer_.add_fixed64(field, value);
    return *this;
  }
  Message& real(std::uint32_t field, double value) {
    writer_.add_double(field, value);
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

  Message() = default;
  Message(const Message& other) : bytes_(other.bytes_) {}
  Message& operator=(const Message& other) {
    bytes_ = other.bytes_;
    return *this;
  }
  ~Message() = default;

 private:
  std::string bytes_;
  protobuf::Writer writer_{bytes_};
};

inline Message text_value(std::string_view text) {
  return Message().text(1, text);
}
inline Message attribute(std::string_view key, const Message& value) {
  return Message().text(1, key).message(2, value);
}
inline Message attribute(std::string_view key, std::string_view text) {
  return attribute(key, text_value(text));
}

inline const std::string trace_id = "0123456789abcdef";
inline const std::string span_id = "ABCDEFGH";

inline Message plain_span(std::string_view name = "chat") {
  return Message().text(1, trace_id).text(2, span_id).text(5, name).fixed(7, 100).fixed(8, 200);
}
// A request around one record (or metric).
inline Message request_of(const Message& record) {
  return Message().message(1, Message().message(2, Message().message(2, record)));
}

}  // namespace pawl::otlp::testing
