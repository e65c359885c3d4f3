// Writing OTLP trace requests, protobuf or JSON, a span at a time.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "wire/otlp.h"

namespace pawl::demo {

// Attributes of a span, a resource or an event, in the encoding of what they will stand in.
class AttributesOut {
 public:
  // `field`: the number of the message's field `attributes`; 9 of a span, 1 of a resource, 3 of an event.
  AttributesOut(otlp::Encoding encoding, std::uint32_t field) : encoding_(encoding), field_(field) {}
  // The value may come in three pieces.
  void text(std::string_view key, std::string_view a, std::string_view b = {}, std::string_view c = {});
  void number(std::string_view key, std::int64_t value);
  void real(std::string_view key, double value);
  void flag(std::string_view key, bool value);
  void texts(std::string_view key, std::initializer_list<std::string_view> values);
  // Fields that another AttributesOut of this encoding and field has written.
  void raw(std::string_view bytes) { bytes_ += bytes; }
  const std::string& bytes() const { return bytes_; }  // protobuf fields, or JSON objects with a comma between

 private:
  void open_json(std::string_view key, std::string_view type);
  otlp::Encoding encoding_;
  std::uint32_t field_;
  std::string bytes_;
};

enum class SpanKind : std::uint8_t { internal = 1, client = 3 };

struct SpanHead {
  Id128 trace;
  std::uint64_t span = 0, parent = 0;  // parent 0: none
  std::string_view name;
  SpanKind kind = SpanKind::internal;
  Nanos start = 0, end = 0;
};

class SpanOut {
 public:
  SpanOut(otlp::Encoding encoding, const SpanHead& head) : encoding_(encoding), head_(head), attributes(encoding, 9) {}
  void exception(Nanos at, std::string_view type, std::string_view message);  // an event
  void ok() { status_ = 1; }
  void fail(std::string_view message) { status_ = 2, status_message_ = message; }
  std::string finish() const;  // the bytes of a Span

 private:
  std::string finish_protobuf() const;
  std::string finish_json() const;
  otlp::Encoding encoding_;
  SpanHead head_;
  std::string events_;
  int status_ = 0;
  std::string_view status_message_;

 public:
  AttributesOut attributes;
};

struct Scope {
  std::string_view name, version;
};

// A finished span on its way out.
struct Spoken {
  const Scope* scope = nullptr;
  Nanos end = 0;
  std::string bytes;
};

// An ExportTraceServiceRequest of one resource; spans of a scope stand together, in their order.
std::string request_of(otlp::Encoding encoding, const AttributesOut& resource, const std::vector<Spoken>& spans);

}  // namespace pawl::demo
