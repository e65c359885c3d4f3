// What an Error means to the other side: one table from ErrorKind to HTTP status, gRPC code and "is a repeat of use?".
// Source: measured behaviour of exporters and SDKs: 503 is the only status that all of them repeat.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pawl::net {

struct ErrorRule {
  ErrorKind kind;
  int http;
  int grpc;               // google.rpc.Code
  bool retry;             // answers carry Retry-After: 1, or RetryInfo on gRPC
  std::string_view code;  // what programs compare: `error.code` in the JSON
};

std::span<const ErrorRule> error_rules();
const ErrorRule& rule_of(ErrorKind kind);

// The gRPC code that means what an HTTP status means (gRPC's http-grpc-status-mapping, with 400 → INVALID_ARGUMENT,
// 413 → INVALID_ARGUMENT, 404 → NOT_FOUND: we know that these came from us and not from a proxy).
int grpc_code_of_http(int status);
// `error.code` for a status that no ErrorKind has: "unauthorized", "method_not_allowed" …
std::string_view code_of_http(int status);
std::string_view reason_phrase(int status);  // "Not Found"

// A request that is turned away before a handler saw it.
struct Refusal {
  int status = 400;
  std::string message;  // what to do
};

// {"error":{"code","message","detail","request_id"}}; `detail` is null where empty.
std::string error_json(std::string_view code, std::string_view message, std::string_view detail,
                       std::string_view request_id);

}  // namespace pawl::net
