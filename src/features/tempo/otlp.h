// Stored spans as OpenTelemetry's own trace data, in protobuf and in the JSON that Tempo answers with. Pure.
#pragma once
#include <span>
#include <string>

#include "records/traces/traces.h"

namespace pawl::tempo {

// Which message holds the resource spans: of /api/traces a Trace, of /api/v2/traces a TraceByIDResponse around it.
enum class Around { trace, response };

// `spans` are of one trace. Attributes that Pawl has made columns are told by their usual names; `url` is where the
// trace is shown, "" for none. Events are in it, bodies of messages are not.
std::string as_protobuf(std::span<const traces::SpanRow> spans, const std::string& url, Around around);
std::string as_json(std::span<const traces::SpanRow> spans, const std::string& url, Around around);

// 8 bytes of a span's key, as every client can hold them.
std::string span_bytes(const Id128& id);

}  // namespace pawl::tempo
