// A request and its answer as values, the same for HTTP/1.1, HTTP/2 and gRPC.
#pragma once
#include <any>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "net/cancel.h"
#include "net/task.h"

namespace pawl::net {

class Channel;

// Header fields in the order of arrival, all in one string. Names are kept in lower case; look-ups want lower case.
class Headers {
 public:
  void add(std::string_view name, std::string_view value);
  void set(std::string_view name, std::string_view value);            // replaces all of that name
  std::string_view get(std::string_view name) const;                  // the first, "" where there is none
  std::optional<std::string_view> find(std::string_view name) const;  // the first
  std::size_t count(std::string_view name) const;
  std::size_t size() const { return at_.size(); }
  std::pair<std::string_view, std::string_view> operator[](std::size_t index) const;  // name, value

 private:
  struct Place {
    std::uint32_t begin, name, value;  // offset and two lengths in text_
  };
  std::string text_;
  std::vector<Place> at_;
};

// Query parameters or path parameters, percent-decoded, in order.
class Parameters {
 public:
  void add(std::string name, std::string value) { all_.emplace_back(std::move(name), std::move(value)); }
  std::optional<std::string_view> find(std::string_view name) const;  // the first
  std::string_view get(std::string_view name) const;                  // the first, "" where there is none
  const std::vector<std::pair<std::string, std::string>>& all() const { return all_; }
  void clear() { all_.clear(); }

 private:
  std::vector<std::pair<std::string, std::string>> all_;
};

// "a=1&b=%20" with '+' as space. `invalid` on a bad escape or more than `most` parameters.
Result<Parameters> parse_query(std::string_view text, std::size_t most);

struct Request {
  std::string method;   // upper case as sent: "GET"; "POST" for gRPC
  std::string target;   // as sent: "/api/v1/traces/a%2Fb?x=1"
  std::string path;     // the part before '?', still encoded
  Parameters query;     // decoded
  Parameters captures;  // what the route's {names} matched, decoded: may hold '/'
  Headers headers;      // HTTP/2's :authority stands here as "host"
  std::string body;     // as received: undo `content_encoding` with wire/compress.h (on the pool where it is big)
  std::string content_encoding;  // lower case, "" for identity; on gRPC that of the message
  std::string content_type;      // the media type alone, lower case: "application/json"
  std::string peer;              // address of the socket's other end, without port
  std::string client;            // of who asks: behind a trusted proxy another one (client_address.h)
  std::string_view listener;     // ListenOptions::name
  std::uint16_t listener_port = 0;
  std::uint64_t number = 0;  // see request_id()
  Nanos received = 0;        // wall time
  Cancel cancel;             // raised when the client goes away or the server stops; holds the handler's deadline
  std::any who;              // what the gate found out about the asker
  int version = 11;          // 10, 11, 20
  bool is_tls = false;
  bool is_secure = false;  // is_tls, or TLS up to a trusted proxy
  bool is_grpc = false;

  std::string request_id() const;  // 16 hex digits; in every error answer and in the log
  std::string_view capture(std::string_view name) const { return captures.get(name); }
};

// Bytes that somebody else owns; no owner means that they live as long as the program.
struct SharedBytes {
  std::shared_ptr<const void> owner;
  std::string_view bytes;
};

// A body made piece by piece: called until it gives nullopt. An error ends the connection, so that the client sees a
// broken body and not a short one. request.cancel.raised() tells that the client has gone.
using Source = std::function<Task<Result<std::optional<std::string>>>()>;

// An event stream (SSE): what is pushed into the channel goes out as it is (format with sse_event()), a quiet one
// carries heartbeats, a closed one ends it. When the client leaves, the server closes the channel.
struct Events {
  std::shared_ptr<Channel> channel;
};

struct Response {
  int status = 200;
  Headers headers;  // content-type and what is special; length, date and connection are the server's
  std::variant<std::string, SharedBytes, Source, Events> body;
  std::string message;  // of an error: the sentence inside the body, for peers that read no body (gRPC)

  static Response json(std::string text, int status = 200);
  static Response text(std::string text, int status = 200);
  static Response bytes(std::string_view content_type, std::string body, int status = 200);
  static Response events(std::shared_ptr<Channel> channel);
  // The JSON error; with Retry-After where the rule says that a repeat is of use.
  static Response error(const Request& request, const Error& error);
  static Response error(const Request& request, int status, std::string_view message, std::string_view detail = {});
};

// "event: NAME\ndata: …\n\n"; each line of `data` gets its own "data:"; name and id may be empty.
std::string sse_event(std::string_view name, std::string_view data, std::string_view id = {});

}  // namespace pawl::net
