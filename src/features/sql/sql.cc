// ClickHouse's HTTP interface (ClickHouse documentation "HTTP Interface"), as far as its clients ask.
#include "sql.h"

#include <atomic>

#include "base/text.h"
#include "reading/reading.h"
#include "tree.h"
#include "wire/compress.h"

namespace pawl::sql {

struct Sql::Inside {
  net::Pool& pool;
  Options options;
  std::atomic<warehouse::Warehouse*> warehouse = nullptr;
};

namespace {

constexpr std::size_t most_query = 64U << 10;

struct Code {
  ErrorKind kind;
  int code, status;
  std::string_view name;
};
constexpr Code codes[] = {{ErrorKind::invalid, 62, 400, "SYNTAX_ERROR"},
                          {ErrorKind::not_found, 60, 404, "UNKNOWN_TABLE"},
                          {ErrorKind::exhausted, 396, 400, "TOO_MANY_ROWS_OR_BYTES"},
                          {ErrorKind::unavailable, 159, 503, "TIMEOUT_EXCEEDED"},
                          {ErrorKind::denied, 497, 403, "ACCESS_DENIED"}};

net::Response failed(int status, int code, std::string_view name, std::string_view message) {
  auto response = net::Response::bytes(
      "text/plain; charset=UTF-8",
      fmt::format("Code: {}. DB::Exception: {}. ({}) (version 26.7.3.1 (Pawl))\n", code, message, name), status);
  response.headers.set("x-clickhouse-exception-code", fmt::format("{}", code));
  return response;
}

// The engine's own words stay inside: they tell of tables behind the views, and may hold values. Only the name that it
// did not find is the asker's.
net::Response failed_inside(std::string_view words) {
  const auto at = words.find("Code: ");
  const auto code = at == std::string_view::npos ? std::nullopt : parse_int(cut(words.substr(at + 6), '.').first);
  switch (code.value_or(0)) {
    case 47:
      return failed(404, 47, "UNKNOWN_IDENTIFIER",
                    "A column is not there, or not under GROUP BY; DESCRIBE TABLE shows which there are");
    case 43:
    case 53:
    case 386:
      return failed(400, 43, "ILLEGAL_TYPE_OF_ARGUMENT", "A function or operator does not take what it was given");
    case 42:
      return failed(400, 42, "NUMBER_OF_ARGUMENTS_DOESNT_MATCH", "A function has too few or too many arguments");
    case 215:
      return failed(400, 215, "NOT_AN_AGGREGATE", "A column is neither in an aggregate function nor under GROUP BY");
    case 184:
      return failed(400, 184, "ILLEGAL_AGGREGATION", "An aggregate function stands where none may");
    case 207:
      return failed(400, 207, "AMBIGUOUS_IDENTIFIER", "A column is in several tables: name one");
    default:
      return failed(400, static_cast<int>(code.value_or(1000)), "QUERY_FAILED",
                    "The query cannot be computed; a value or a type in it does not fit");
  }
}

net::Response failure_of(const Error& error) {
  if (error.kind == ErrorKind::exhausted)
    return failed(400, 396, "TOO_MANY_ROWS_OR_BYTES",
                  "The query reads or returns more than it may: 300 million rows and 300 MB of memory inside, 200,000 "
                  "rows and 64 MB out. Bound `start` in WHERE, or add up more");
  if (error.kind == ErrorKind::corrupt) return failed_inside(error.what);
  for (const Code& one : codes)
    if (one.kind == error.kind) return failed(one.status, one.code, one.name, error.what);
  return failed(500, 1001, "STD_EXCEPTION", error.what);
}

void shape_error(const net::Request&, net::Response& response) {
  const int status = response.status;
  const bool denied = status == 401 || status == 403;
  const auto ours = failed(status,
                           denied          ? 516
                           : status == 503 ? 159
                                           : 1001,
                           denied ? "AUTHENTICATION_FAILED" : "REFUSED", response.message);
  response.body = ours.body;
  response.headers.set("content-type", "text/plain; charset=UTF-8");
  response.headers.set("x-clickhouse-exception-code", ours.headers.get("x-clickhouse-exception-code"));
}

std::string_view content_type(std::string_view format) {
  if (format.starts_with("JSON") && format.find("EachRow") == std::string_view::npos)
    return "application/json; charset=UTF-8";
  if (format.starts_with("JSON")) return "application/x-ndjson; charset=UTF-8";
  if (format.starts_with("CSV")) return "text/csv; charset=UTF-8; header=present";
  if (format.starts_with("T")) return "text/tab-separated-values; charset=UTF-8";
  if (format == "Native" || format.starts_with("Row") || format.starts_with("Arrow") || format == "Parquet")
    return "application/octet-stream";
  return "text/plain; charset=UTF-8";
}

void add_headers(const net::Request& request, net::Response& response) {
  const auto asked = request.query.get("query_id");
  const bool plain = !asked.empty() && asked.size() <= 100 &&
                     asked.find_first_not_of("0123456789abcdefABCDEF-_") == std::string_view::npos;
  response.headers.set("x-clickhouse-query-id", plain ? std::string(asked) : request.request_id());
  response.headers.set("x-clickhouse-server-display-name", "pawl");
  response.headers.set("x-clickhouse-timezone", "UTC");
}

// ?query= and the body, one after another, as ClickHouse does.
Result<std::string> query_of(const net::Request& request) {
  std::string text(request.query.get("query"));
  if (request.query.get("decompress") == "1")
    return fail(ErrorKind::invalid, "decompress=1 is not offered: send the query as text");
  if (request.query.get("compress") == "1")
    return fail(ErrorKind::invalid, "compress=1 is not offered: switch the client's own compression off (compress=0)");
  if (!request.body.empty()) {
    if (!text.empty()) text += "\n";
    text += request.content_encoding.empty() ? request.body
                                             : TRY(decompress(request.content_encoding, request.body, most_query));
  }
  return text;
}

// param_name=value, for {name:Type} of the query.
std::map<std::string, std::string, std::less<>> bound_of(const net::Request& request) {
  std::map<std::string, std::string, std::less<>> out;
  for (const auto& [name, value] : request.query.all())
    if (name.starts_with("param_")) out.emplace(name.substr(6), value);
  return out;
}

Result<net::Response> answered(warehouse::Warehouse& store, const net::Request& request, const Options& options) {
  auto rewritten = TRY(rewrite(
      TRY(query_of(request)), request.query.find("default_format").value_or(request.headers.get("x-clickhouse-format")),
      projects::access_of(request).project, bound_of(request)));
  rewritten.query.deadline = options.time;
  auto answer = TRY(store.read(rewritten.query));
  const std::string_view format = rewritten.query.format;
  auto response = net::Response::bytes(content_type(format), std::move(answer.raw));
  response.headers.set("x-clickhouse-format", format);
  return response;
}

net::Handler handler(Sql::Inside& inside) {
  return [&inside](net::Request& request) {
    return reading::answer(
        inside.pool, inside.warehouse.load(), inside.options.progress, request,
        [&inside, &request](warehouse::Warehouse& mine, const net::Cancel&) -> Result<net::Response> {
          auto answer = answered(mine, request, inside.options);
          net::Response response = answer ? std::move(*answer) : failure_of(answer.error());
          add_headers(request, response);
          return response;
        });
  };
}

}  // namespace

Sql::Sql(net::Pool& pool, Options options) : inside_(std::make_unique<Inside>(pool, std::move(options))) {}
Sql::~Sql() = default;

void Sql::open(warehouse::Warehouse& warehouse) {
  inside_->warehouse = &warehouse;
}
void Sql::close() {
  inside_->warehouse = nullptr;
}

void Sql::add_routes(net::Router& router) {
  const auto add = [&](std::string_view method, std::string_view pattern, std::string_view summary) {
    router.add({.method = std::string(method),
                .pattern = std::string(pattern),
                .permission = "read",
                .handler = handler(*inside_),
                .body_bytes = most_query,
                .handler_time = minute,
                .shape_error = shape_error,
                .summary = std::string(summary),
                .query = {{"query", "a SELECT, SHOW TABLES, DESCRIBE TABLE; the body follows it"},
                          {"default_format", "where the query names no FORMAT"}},
                .answers = "as the format says"});
  };
  add("GET", "/sql", "SQL over this project's tables, as ClickHouse's HTTP interface");
  add("POST", "/sql", "The same, with the query in the body");
  add("POST", "/", "The same, for clients that know no path");
  for (const std::string_view pattern : {"/ping", "/sql/ping"})
    router.add({.method = "GET",
                .pattern = std::string(pattern),
                .permission = "public",
                .handler = [](net::Request&) -> Task<Result<net::Response>> {
                  co_return net::Response::bytes("text/html; charset=UTF-8", "Ok.\n");
                },
                .summary = "Is somebody there, as ClickHouse says it",
                .answers = "Ok."});
}

}  // namespace pawl::sql
