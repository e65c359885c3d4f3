// Requests, retries, and waiting for the books.
#include "demo/sender.h"

#include <simdjson.h>

#include <algorithm>
#include <thread>

#include "wire/compress.h"

namespace pawl::demo {
namespace {

constexpr int quick = 1;  // level of gzip and zstd: exporters do not wait for the last byte either

void sleep(Nanos time) {
  std::this_thread::sleep_for(std::chrono::nanoseconds(time));
}

std::string compressed(std::string_view how, std::string body) {
  if (how == "gzip") return gzip(body, quick);
  if (how == "zstd") return zstd(body, quick);
  return body;
}

}  // namespace

Result<Sent> Sender::send(const Row& row, const std::vector<Spoken>& spans, Nanos patience) {
  const Dialect& dialect = dialect_of(row);
  AttributesOut resource(dialect.encoding, 1);
  dialect.resource(row, resource);
  std::string body = request_of(dialect.encoding, resource, spans);
  Sent sent{.bytes = body.size()};
  body = compressed(dialect.compression, std::move(body));
  sent.sent_bytes = body.size();
  net::ClientRequest request{.method = "POST", .url = url_ + std::string(dialect.path)};
  const bool json = dialect.encoding == otlp::Encoding::json;
  request.headers.add("content-type", json ? "application/json" : "application/x-protobuf");
  if (!dialect.compression.empty()) request.headers.add("content-encoding", dialect.compression);
  if (!key_.empty()) request.headers.add("authorization", "Bearer " + key_);
  for (const auto& [name, value] : dialect.headers) request.headers.add(name, value);
  request.body = std::move(body);
  const SystemClock clock;
  const Nanos until = clock.monotonic() + patience;
  for (Nanos wait = 100 * millisecond;; wait = std::min(2 * wait, second)) {
    const auto answer = client_.send(request);
    if (answer && answer->status == 200) {
      const bool whole = json ? answer->body.find("rejected") == std::string::npos : answer->body.empty();
      if (whole) return sent;
      return fail(ErrorKind::invalid, "the server refused some of {} spans of {}: {}", spans.size(), row.agent,
                  answer->body);
    }
    if (answer && answer->status != 503)
      return fail(ErrorKind::invalid, "{}{} answered {}: {}", url_, dialect.path, answer->status, answer->body);
    if (!answer && answer.error().kind != ErrorKind::unavailable) return std::unexpected(answer.error());
    if (clock.monotonic() + wait > until)
      return fail(ErrorKind::unavailable, "{} takes no spans: {}", url_,
                  answer ? "it answers 503" : std::string_view(answer.error().what));
    sleep(wait);
  }
}

std::uint64_t Sender::waiting() {
  net::ClientRequest request{.url = url_ + "/api/v1/books"};
  if (!key_.empty()) request.headers.add("authorization", "Bearer " + key_);
  const auto answer = client_.send(std::move(request));
  simdjson::dom::parser parser;
  std::uint64_t journal = 0;
  if (!answer || answer->status != 200 || parser.parse(answer->body)["journal"].get(journal) != simdjson::SUCCESS)
    return 0;
  return journal;
}

Result<> Sender::wait_until_stored(std::uint64_t spans, Nanos from, Nanos patience) {
  const SystemClock clock;
  const Nanos until = clock.monotonic() + patience;
  for (;;) {
    net::ClientRequest request{.method = "POST", .url = url_ + "/api/v1/query"};
    request.headers.add("content-type", "application/json");
    if (!key_.empty()) request.headers.add("authorization", "Bearer " + key_);
    request.body = fmt::format(R"({{"measures":["spans"],"from":"{}","to":"{}"}})", format_time(from),
                               format_time(from + fleet_days + day));
    const auto answer = client_.send(std::move(request));
    simdjson::dom::parser parser;
    double stored = 0;
    if (answer && answer->status == 200 &&
        parser.parse(answer->body)["rows"].at(0).at(0).get(stored) == simdjson::SUCCESS &&
        stored >= static_cast<double>(spans))
      return {};
    if (answer && answer->status != 200 && answer->status != 503)
      return fail(ErrorKind::invalid, "{} answered a query with {}: {}", url_, answer->status, answer->body);
    if (clock.monotonic() > until)
      return fail(ErrorKind::unavailable, "{} has taken the demo, but has not stored all of it yet", url_);
    sleep(100 * millisecond);
  }
}

}  // namespace pawl::demo
