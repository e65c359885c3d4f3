// The table of routes: what is served, by whom, to whom, and the text from which OpenAPI is printed.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"

namespace pawl::net {

// The request lives until the answer is written. An error becomes the answer of its kind (errors.h).
using Handler = std::function<Task<Result<Response>>(Request&)>;

struct QueryParameter {
  std::string name, about;
  bool required = false;
};

// Patterns: "/api/v1/traces/{trace_id}", one {name} a segment, decoded after the path is cut at '/', so a captured id
// may hold an encoded slash; the last segment may be {name...} and takes the rest (at least one segment, slashes
// inside, not decoded). A literal segment wins over {name}, {name} over {name...}.
//
// How errors look to the clients of a route that do not speak our JSON (OTLP: google.rpc.Status in the encoding of the
// request; SDK-compatible paths). Given every answer made by Response::error for this route, also those before its
// handler ran (401, 413, 503 …): `response.message` is the sentence. It replaces body and content-type, no more.
using ErrorShape = std::function<void(const Request&, Response&)>;

// Asked when the gate has let a request pass and before its body is read: an answer refuses it, and `body_bytes` may be
// lowered to what the body may be. On an io thread, so it is quick and never blocks.
using HeadCheck = std::function<std::optional<Response>(const Request&, std::size_t& body_bytes)>;

struct Route {
  std::string method;  // "GET" serves HEAD too
  std::string pattern;
  std::string permission;  // tag for the gate: "public", "read", "ingest" …; meaning is not ours
  Handler handler;
  std::size_t body_bytes = 0;  // 0: Limits::body_bytes
  Nanos handler_time = 0;      // 0: Limits::handler_time
  ErrorShape shape_error;      // none: the JSON of errors.h
  HeadCheck check_head;        // none: everything passes
  // For the printed reference.
  std::string summary;
  std::vector<QueryParameter> query;
  std::string accepts;  // the request body: text of its shape
  std::string answers;  // the answer
};

// A unary gRPC method: `path` is "/package.Service/Method". The request holds one message: `body` is its bytes as sent,
// `content_encoding` how they are compressed ("gzip" or ""), so that the handler of OTLP/HTTP serves it too. The result
// is the answering message, sent uncompressed; an error becomes the status of its kind, `unavailable` with RetryInfo.
using GrpcHandler = std::function<Task<Result<std::string>>(Request&)>;
struct GrpcMethod {
  std::string path;
  std::string permission;
  GrpcHandler handler;
  std::size_t body_bytes = 0;
  std::string summary;
  // Told of calls that are answered with an error before the handler saw them: `status` is the HTTP equivalent.
  std::function<void(const Request&, const Response&)> turned_away;
};

class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  // A pattern that is malformed or taken twice is our own fault: PAWL_CHECK.
  void add(Route route);
  void add(GrpcMethod method);
  const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }
  const std::vector<std::unique_ptr<GrpcMethod>>& grpc_methods() const { return grpc_; }

  struct Match {
    const Route* route = nullptr;  // null: see `status`
    Parameters captures;
    int status = 200;   // 404, 405, 400 (bad percent-encoding), 204 (OPTIONS: answer with Allow alone)
    std::string allow;  // of that path, "GET, HEAD, OPTIONS"; for 405 and OPTIONS
  };
  Match match(std::string_view method, std::string_view path) const;
  const GrpcMethod* grpc(std::string_view path) const;

 private:
  struct Node;
  std::vector<std::unique_ptr<Route>> routes_;
  std::vector<std::unique_ptr<GrpcMethod>> grpc_;
  std::unique_ptr<Node> root_;
};

}  // namespace pawl::net
