// Every limit of the network layer in one place; docs/limits.md prints this table.
#pragma once
#include <cstddef>

#include "base/time.h"

namespace pawl::net {

struct Limits {
  // What one request may be.
  std::size_t header_bytes = 32U << 10;  // request line and headers together; more is 431
  std::size_t header_count = 100;        // 431
  std::size_t target_bytes = 16U << 10;  // path and query; 414
  std::size_t body_bytes = 64U << 20;    // as received, a route may set less; 413
  std::size_t query_parameters = 200;    // 400
  std::size_t path_segments = 32;        // 404

  // What one peer, and all of them, may hold.
  std::size_t connections = 1'024;               // more are answered 503 and closed
  std::size_t inflight_body_bytes = 256U << 20;  // bodies in memory, all connections; over it 503 + Retry-After: 1
  std::size_t streams = 100;                     // at once in one HTTP/2 connection
  std::size_t stream_window = 512U << 10;        // HTTP/2: what a peer may send ahead on one stream
  std::size_t connection_window = 4U << 20;      // HTTP/2: … on one connection
  std::size_t connection_bytes = 16U << 20;      // HTTP/2: over it only the oldest unfinished request may go on

  // How long anything may take.
  Nanos header_time = 10 * second;       // from its first byte to the end of the headers; 408
  Nanos idle_time = 75 * second;         // between requests; closed without a word
  Nanos idle_time_http2 = 10 * minute;   // the same on HTTP/2, where the end is announced (GOAWAY)
  Nanos body_grace = 10 * second;        // after it a body must have come at `body_rate` or faster on average; 408
  std::size_t body_rate = 1'024;         // bytes a second
  Nanos body_time = 10 * minute;         // the whole body; 408
  Nanos handler_time = 30 * second;      // Request::cancel says so; the handler itself must stop
  Nanos write_time = 30 * second;        // a piece of 256 KB that the peer does not take; closed
  Nanos linger_time = 3 * second;        // what still comes is read and dropped, so that a refusal can be read
  Nanos drain_time = 250 * millisecond;  // of a server that stops: what a peer sends within it is still answered
  Nanos heartbeat = 15 * second;         // in a quiet event stream
};

}  // namespace pawl::net
