// The table of errors, statuses and codes.
#include "net/errors.h"

#include <array>

#include "base/json.h"

namespace pawl::net {
namespace {

// `exhausted` is a limit of ours that a repeat cannot pass, so it must not read as "try again" anywhere: 413, and on
// gRPC not RESOURCE_EXHAUSTED (8), which Python's exporter repeats.
constexpr std::array rules{
    ErrorRule{ErrorKind::invalid, 400, 3, false, "invalid"},
    ErrorRule{ErrorKind::denied, 403, 7, false, "denied"},
    ErrorRule{ErrorKind::not_found, 404, 5, false, "not_found"},
    ErrorRule{ErrorKind::conflict, 409, 9, false, "conflict"},
    ErrorRule{ErrorKind::exhausted, 413, 3, false, "exhausted"},
    ErrorRule{ErrorKind::unavailable, 503, 14, true, "unavailable"},
    ErrorRule{ErrorKind::corrupt, 500, 13, false, "corrupt"},
};

struct StatusRow {
  int status, grpc;
  std::string_view code, phrase;
};

constexpr std::array statuses{
    StatusRow{100, 0, "", "Continue"},
    StatusRow{200, 0, "", "OK"},
    StatusRow{201, 0, "", "Created"},
    StatusRow{202, 0, "", "Accepted"},
    StatusRow{204, 0, "", "No Content"},
    StatusRow{206, 0, "", "Partial Content"},
    StatusRow{207, 0, "", "Multi-Status"},
    StatusRow{301, 2, "", "Moved Permanently"},
    StatusRow{302, 2, "", "Found"},
    StatusRow{303, 2, "", "See Other"},
    StatusRow{304, 2, "", "Not Modified"},
    StatusRow{307, 2, "", "Temporary Redirect"},
    StatusRow{308, 2, "", "Permanent Redirect"},
    StatusRow{400, 3, "invalid", "Bad Request"},
    StatusRow{401, 16, "unauthenticated", "Unauthorized"},
    StatusRow{403, 7, "denied", "Forbidden"},
    StatusRow{404, 5, "not_found", "Not Found"},
    StatusRow{405, 12, "method_not_allowed", "Method Not Allowed"},
    StatusRow{408, 4, "timeout", "Request Timeout"},
    StatusRow{409, 9, "conflict", "Conflict"},
    StatusRow{410, 5, "gone", "Gone"},
    StatusRow{411, 3, "length_required", "Length Required"},
    StatusRow{412, 9, "precondition_failed", "Precondition Failed"},
    StatusRow{413, 3, "too_large", "Content Too Large"},
    StatusRow{414, 3, "target_too_long", "URI Too Long"},
    StatusRow{415, 3, "unsupported_type", "Unsupported Media Type"},
    StatusRow{417, 3, "expectation_failed", "Expectation Failed"},
    StatusRow{421, 3, "misdirected", "Misdirected Request"},
    StatusRow{422, 3, "invalid", "Unprocessable Content"},
    StatusRow{429, 8, "quota", "Too Many Requests"},
    StatusRow{431, 3, "headers_too_large", "Request Header Fields Too Large"},
    StatusRow{499, 1, "cancelled", "Client Closed Request"},
    StatusRow{500, 13, "internal", "Internal Server Error"},
    StatusRow{501, 12, "not_implemented", "Not Implemented"},
    StatusRow{502, 14, "bad_gateway", "Bad Gateway"},
    StatusRow{503, 14, "unavailable", "Service Unavailable"},
    StatusRow{504, 14, "upstream_timeout", "Gateway Timeout"},
    StatusRow{505, 12, "version_not_supported", "HTTP Version Not Supported"},
    StatusRow{507, 14, "storage_full", "Insufficient Storage"},
};

const StatusRow* row_of(int status) {
  for (const StatusRow& row : statuses)
    if (row.status == status) return &row;
  return nullptr;
}

}  // namespace

std::span<const ErrorRule> error_rules() {
  return rules;
}

const ErrorRule& rule_of(ErrorKind kind) {
  for (const ErrorRule& rule : rules)
    if (rule.kind == kind) return rule;
  PAWL_CHECK(false, "an ErrorKind without a rule");
}

int grpc_code_of_http(int status) {
  if (status >= 200 && status < 300) return 0;
  const StatusRow* row = row_of(status);
  if (row) return row->grpc;
  return status >= 500 ? 13 : 2;
}

std::string_view code_of_http(int status) {
  const StatusRow* row = row_of(status);
  if (row && !row->code.empty()) return row->code;
  return status >= 500 ? "internal" : "invalid";
}

std::string_view reason_phrase(int status) {
  const StatusRow* row = row_of(status);
  return row ? row->phrase : std::string_view("Unknown");
}

std::string error_json(std::string_view code, std::string_view message, std::string_view detail,
                       std::string_view request_id) {
  JsonWriter json;
  json.object().key("error").object().field("code", code).field("message", message).key("detail");
  detail.empty() ? json.null() : json.value(detail);
  json.field("request_id", request_id).end().end();
  return json.take();
}

}  // namespace pawl::net
