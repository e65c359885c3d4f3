// Entries of Google Cloud Logging, as a push subscription of Pub/Sub delivers them, as log records of OTLP.
//
// Pub/Sub: https://cloud.google.com/pubsub/docs/push (the envelope; `data` is base64; with payload unwrapping the body
// is the entry itself). LogEntry: https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace pawl {

// An attribute of every such record, "pubsub": whoever sends this way sends no spans.
inline constexpr std::string_view google_push_attribute = "pawl.pushed_by";

// An OTLP/JSON ExportLogsServiceRequest with one record, of a push of one entry. The same entry gives the same bytes at
// every delivery: what names the delivery (messageId, publishTime) is left out.
//   labels              attributes, as they are (all are strings)
//   labels["event.name"], else a last part of logName that begins with "gen_ai."   eventName
//   trace, spanId       traceId, spanId, where they are hex of the right length; else attributes gcp.trace, gcp.span_id
//   jsonPayload, textPayload, protoPayload   body
//   resource            resource attributes gcp.resource_type and gcp.NAME of its labels; service.name from what says
//   so insertId, logName   attributes log.record.uid, gcp.log_name anything else       attribute gcp.NAME, as JSON text
// `invalid` names what is wrong: no JSON, no envelope and no entry, data that is no base64.
Result<std::string> otlp_of_google_push(std::string_view body);

}  // namespace pawl
