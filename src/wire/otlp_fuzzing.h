// What both fuzzers of the walks demand. For fuzzers only.
#pragma once
#include <simdjson.h>

#include <algorithm>
#include <numeric>

#include "base/text.h"
#include "wire/otlp.h"
#include "wire/otlp_pick.h"

namespace pawl::otlp {

class Inquisitor final : public Visitor {
 public:
  explicit Inquisitor(Encoding encoding) : encoding_(encoding) {}
  std::size_t refusals = 0;

  void span(const Resource& resource, const Scope& scope, const Span& span) override {
    PAWL_CHECK(span.trace_id.size() == 16 && span.span_id.size() == 8);
    PAWL_CHECK(span.parent_id.empty() || span.parent_id.size() == 8);
    PAWL_CHECK(is_utf8(span.name) && is_utf8(span.status_message) && is_utf8(scope.name));
    whole(span.raw);
    attributes(resource.attributes);
    attributes(scope.attributes);
    attributes(span.attributes);
    for (const Event& event : span.events) attributes(event.attributes);
    for (const Link& link : span.links) attributes(link.attributes);
  }
  void log(const Resource&, const Scope&, const LogRecord& log) override {
    PAWL_CHECK(log.trace_id.empty() || log.trace_id.size() == 16);
    PAWL_CHECK(is_utf8(log.event_name));
    whole(log.raw);
    value(log.body);
    attributes(log.attributes);
  }
  void point(const Resource&, const Scope&, const Point& point) override {
    PAWL_CHECK(!point.metric.empty());
    attributes(point.attributes);
  }
  void refused(std::string_view why) override {
    PAWL_CHECK(is_utf8(why));
    ++refusals;
  }

 private:
  static bool is_complete(const Value& value) {
    return !value.cut && std::ranges::all_of(value.items, is_complete) &&
           std::ranges::all_of(value.fields, [](const KeyValue& field) { return is_complete(field.value); });
  }
  void whole(std::string_view raw) {
    // Its strings may hold what only this library's own parser takes for damage: lone surrogates.
    if (encoding_ != Encoding::json) return;
    const simdjson::error_code error = parser_.parse(std::string(raw)).error();
    PAWL_CHECK(error == simdjson::SUCCESS || error == simdjson::STRING_ERROR || error == simdjson::NUMBER_ERROR,
               "{}: {}", simdjson::error_message(error), raw);
  }
  void attributes(Attributes attributes) {
    for (const KeyValue& each : attributes) {
      PAWL_CHECK(is_utf8(each.key));
      std::pmr::monotonic_buffer_resource arena;
      const auto again = parse_key_value(each.raw, arena);
      PAWL_CHECK(again && again->key == each.key, "{}", again ? "" : again.error().what);
      value(each.value);
    }
  }
  void value(const Value& value) {
    std::string json;
    append_json(json, value);
    PAWL_CHECK(parser_.parse(json).error() == simdjson::SUCCESS);
    std::pmr::monotonic_buffer_resource arena;
    const auto again = parse_value(value.raw, arena);
    if (!is_complete(value)) return;
    PAWL_CHECK(again && to_text(*again) == to_text(value));
  }

  Encoding encoding_;
  simdjson::dom::parser parser_;
};

// The bytes of each record, "" where it was refused.
struct RawRecords final : Visitor {
  std::vector<std::string> raw;
  void span(const Resource&, const Scope&, const Span& span) override { raw.emplace_back(span.raw); }
  void log(const Resource&, const Scope&, const LogRecord& log) override { raw.emplace_back(log.raw); }
  void refused(std::string_view) override { raw.emplace_back(); }
};

// What is picked out of a request that a walk takes is the same record.
inline void fuzz_pick(std::string_view body, Signal signal, Encoding encoding, const Limits& limits) {
  const auto walk = signal == Signal::traces ? walk_traces : walk_logs;
  std::pmr::monotonic_buffer_resource arena;
  RawRecords all;
  if (!walk(body, encoding, limits, arena, all)) return;
  std::vector<std::size_t> which(all.raw.size());
  std::iota(which.begin(), which.end(), std::size_t{0});
  const auto picked = pick(body, signal, encoding, which);
  PAWL_CHECK(picked.has_value(), "{}", picked ? "" : picked.error().what);
  for (std::size_t i = 0; i < which.size(); ++i) {
    if (all.raw[i].empty()) continue;
    RawRecords alone;
    PAWL_CHECK(walk((*picked)[i], encoding, limits, arena, alone).has_value());
    PAWL_CHECK(alone.raw.size() == 1 && alone.raw[0] == all.raw[i]);
  }
}

inline void fuzz_walks(const std::uint8_t* data, std::size_t size, Encoding encoding) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const Limits limits{.depth = 8, .records = 20, .values = 50, .attribute_bytes = 40};
  for (const Signal signal : {Signal::traces, Signal::logs, Signal::metrics}) {
    std::pmr::monotonic_buffer_resource arena;
    Inquisitor visitor(encoding);
    const auto walk = signal == Signal::traces ? walk_traces : signal == Signal::logs ? walk_logs : walk_metrics;
    const auto walked = walk(body, encoding, limits, arena, visitor);
    const auto checked = check(body, signal, encoding, limits);
    PAWL_CHECK(walked.has_value() == checked.has_value());
    if (signal != Signal::metrics) fuzz_pick(body, signal, encoding, limits);
    if (!walked) continue;
    PAWL_CHECK(walked->records == checked->records && walked->refused == checked->refused &&
               walked->cut == checked->cut && walked->first_reason == checked->first_reason);
    PAWL_CHECK(visitor.refusals == walked->refused);
  }
  std::pmr::monotonic_buffer_resource arena;
  static_cast<void>(parse_key_value(body, arena));
  static_cast<void>(parse_value(body, arena));
}

}  // namespace pawl::otlp
