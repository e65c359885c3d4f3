// A span of a store as OTLP/JSON, for stores whose spans came by OpenTelemetry.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/time.h"
#include "items.h"

namespace pawl::imports {

// "0x…", hex or base64 of `bytes` bytes as lower-case hex; "" for anything else.
std::string hex_id(std::string_view text, std::size_t bytes);

// {"key":…, "value":…} of a JSON value: lists and objects of anything as they are in OTLP.
void write_attribute(JsonWriter& out, std::string_view key, std::string_view raw);
// Members of nested objects by dotted names, elements of lists of objects by their number (OpenInference's flattening).
void write_flattened(JsonWriter& out, const std::string& prefix, std::string_view object);

struct OtlpSpan {
  std::string trace, span, parent, name;  // ids in hex
  Nanos start = 0, end = 0;
  int status = 0;  // 0 unset, 1 ok, 2 error
  std::string message;
  std::string attributes, events;  // whole JSON lists
};
std::string otlp_json(const OtlpSpan& span);
// What Item::resource holds.
std::string otlp_resource(std::string_view service, std::string_view scope);
// [{name, timestamp or time_unix_nano, attributes}] in the words of OTLP.
std::string otlp_events(std::string_view list);

// A judgement as an event of Langfuse's ingestion: what scores of other stores become.
struct Judgement {
  std::string id, trace, span, session, name, comment, metadata, source;
  std::string number, text, type;  // a number, or a text; type: NUMERIC, BOOLEAN, CATEGORICAL, TEXT
  Nanos at = 0;
};
// `own`, an object's members as they are, begin its metadata, which the caller goes on with and ends.
void begin_metadata(JsonWriter& out, const std::string& own);
void add_score(Mapped& out, const Judgement& judgement);

}  // namespace pawl::imports
