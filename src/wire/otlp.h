// OpenTelemetry's trace and log requests as values: one walk over protobuf or JSON bytes, no copy of any string.
// Source: opentelemetry-proto 1.7, collector/{trace,logs,metrics}/v1; JSON form: OTLP specification "JSON Protobuf
// Encoding" (ids in hex, 64-bit numbers as numbers or strings, enums as numbers or names).
//
// Everything that is handed to a visitor lives until the visit returns: strings are views into the request's bytes
// (protobuf) or into the arena (JSON, repaired UTF-8), nested values lie in the arena.
#pragma once
#include <cstdint>
#include <functional>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pawl::otlp {

struct KeyValue;

// AnyValue. What is nested deeper than `Limits::depth` is left out and marked; so is text beyond `attribute_bytes`.
// Every string of a walk is valid UTF-8 except `text`, which is as received.
struct Value {
  enum class Type : std::uint8_t { empty, string, boolean, integer, real, array, map, bytes };
  Type type = Type::empty;
  bool boolean = false;
  std::int64_t integer = 0;
  double real = 0;
  std::string_view text;             // string and bytes
  std::span<const Value> items;      // array
  std::span<const KeyValue> fields;  // map
  std::string_view raw = {};         // the AnyValue's own bytes as received, never cut; empty where none was sent
  bool cut = false;
};

struct KeyValue {
  std::string_view key;
  Value value;
  std::string_view raw;  // the KeyValue's bytes as received: a protobuf message, or its JSON text
};
using Attributes = std::span<const KeyValue>;

// The value of `key`, the last one where it was sent twice, or nullptr.
const Value* find(Attributes attributes, std::string_view key);
// A value as plain text: strings as they are, numbers in decimal, arrays and maps as JSON.
std::string to_text(const Value& value);
// A value as JSON.
void append_json(std::string& out, const Value& value);

enum class Encoding : std::uint8_t { protobuf, json };

// `index` counts up within one walk: the same index is the same resource (or scope), so that what was found out about
// it can be kept from one visit to the next.
struct Resource {
  Attributes attributes;
  std::uint32_t index = 0;
};
struct Scope {
  std::string_view name, version;
  Attributes attributes;
  std::uint32_t index = 0;
};
struct Event {
  std::uint64_t time_ns = 0;
  std::string_view name;
  Attributes attributes;
  std::string_view raw;
};
struct Link {
  std::string_view trace_id, span_id;  // 16 and 8 raw bytes, or empty where they were no ids
  Attributes attributes;
};
struct Span {
  std::string_view trace_id, span_id, parent_id;  // 16, 8, 8 or 0 raw bytes (JSON hex is decoded)
  std::string_view trace_state, name;
  std::int32_t kind = 0;  // SpanKind
  std::uint64_t start_ns = 0, end_ns = 0;
  Attributes attributes;
  std::span<const Event> events;
  std::span<const Link> links;
  std::int32_t status_code = 0;  // 0 unset, 1 ok, 2 error
  std::string_view status_message;
  std::uint32_t dropped_attributes = 0, dropped_events = 0, dropped_links = 0;
  std::string_view raw;  // the span's own bytes
};
struct LogRecord {
  std::uint64_t time_ns = 0, observed_ns = 0;  // time_ns is observed_ns where the sender left it out
  std::int32_t severity = 0;
  // From the attribute `event.name`, else the field (Codex puts a source line into the field).
  std::string_view severity_text, event_name;
  Value body;  // `body.raw` is its bytes
  Attributes attributes;
  std::string_view trace_id, span_id;  // 16 and 8 raw bytes, or empty where they were no ids
  std::string_view raw;
};

// One data point of a metric; histograms give sum and count. A point that says "no recorded value" is passed over.
struct Point {
  std::string_view metric, unit;
  enum class Type : std::uint8_t { gauge, sum, histogram, exponential_histogram, summary } type = Type::gauge;
  bool monotonic = false, delta = false;
  std::uint64_t start_ns = 0, time_ns = 0;
  double value = 0;         // gauge, sum; the sum of a histogram
  std::uint64_t count = 0;  // histograms and summaries
  Attributes attributes;
};

// What a walk reports. A record that `Limits` or the rules below refuse goes to `refused` with a sentence that names
// the field, as "resourceSpans[0].scopeSpans[0].spans[3].traceId is all zeros"; its neighbours are visited. Rules for
// spans: trace id of 16 bytes not all zero, span id of 8 bytes not all zero (parent: 8 bytes or none; all zero is
// none). Zero-length spans, end before start, any time and empty names are accepted. Points need a metric name. Log
// records are refused for their size or (JSON) a value of the wrong type only. `Encoding` tells what `raw` views hold.
// What a visit was given is overwritten by the next one: keep copies, or views into a protobuf body.
class Visitor {
 public:
  Visitor() = default;
  Visitor(const Visitor&) = delete;
  Visitor& operator=(const Visitor&) = delete;
  virtual ~Visitor() = default;
  virtual void span(const Resource&, const Scope&, const Span&) {}
  virtual void log(const Resource&, const Scope&, const LogRecord&) {}
  virtual void point(const Resource&, const Scope&, const Point&) {}
  virtual void refused(std::string_view why) { (void)why; }
};

// docs/limits.md
struct Limits {
  std::size_t depth = 64;                   // nesting of AnyValue
  std::size_t records = 100'000;            // spans, log records or points a request
  std::size_t values = 400'000;             // attributes, events, links, array and map elements of one record together
  std::size_t attribute_bytes = 32U << 20;  // one string value; the rest is cut at a character and counted
};

struct Counts {
  std::uint64_t records = 0;  // visited
  std::uint64_t refused = 0;
  std::uint64_t cut = 0;     // attribute values that were cut at a limit
  std::string first_reason;  // of the first refusal, and how many others
};

// Walk a whole request body (already decompressed). The error is `invalid` and names the byte offset or the JSON path
// where the bytes stop being OTLP; what came before it has been visited, so walk with `check` first where that matters.
// `arena` lends memory until the walk ends: as much as its largest record needs, for JSON also a copy of the body.
Result<Counts> walk_traces(std::string_view body, Encoding, const Limits&, std::pmr::memory_resource& arena, Visitor&);
Result<Counts> walk_logs(std::string_view body, Encoding, const Limits&, std::pmr::memory_resource& arena, Visitor&);
Result<Counts> walk_metrics(std::string_view body, Encoding, const Limits&, std::pmr::memory_resource& arena, Visitor&);

enum class Signal : std::uint8_t { traces, logs, metrics };
// The same rules without a visitor: what `accept` needs before it journals. Allocates nothing for protobuf, unless it
// refuses.
Result<Counts> check(std::string_view body, Signal, Encoding, const Limits&);

// Response bodies: Export{Trace,Logs,Metrics}ServiceResponse with partial_success where refused > 0; google.rpc.Status.
std::string success_body(Signal, Encoding, std::uint64_t refused, std::string_view why);
std::string status_body(Encoding, int code, std::string_view message);

// Parses one KeyValue, or one AnyValue such as a log record's body, kept as `raw` (a body piece that was stored). Both
// encodings: '{' first is JSON. Views into `raw` (protobuf) or the arena; `corrupt` when it is neither.
Result<KeyValue> parse_key_value(std::string_view raw, std::pmr::memory_resource& arena);
Result<Value> parse_value(std::string_view raw, std::pmr::memory_resource& arena);

}  // namespace pawl::otlp
