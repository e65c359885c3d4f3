// Answers as Prometheus writes them.
#include <cmath>

#include "base/text.h"
#include "inside.h"

namespace pawl::prometheus {
namespace {

using promql::Answer;
using promql::Sample;
using promql::ValueType;

void write_pairs(JsonWriter& json, const promql::Pairs& labels) {
  json.object();
  for (const auto& [name, value] : labels) json.field(name, value);
  json.end();
}

void write_sample(JsonWriter& json, const Sample& sample) {
  json.array();
  write_time(json, sample.at);
  json.value(promql::print_value(sample.value)).end();
}

std::string_view type_of(int status) {
  switch (status) {
    case 400:
    case 405:
    case 413:
    case 415:
      return "bad_data";
    case 401:
    case 403:
      return "unauthorized";
    case 404:
      return "not_found";
    case 503:
    case 504:
      return "unavailable";
    default:
      return "internal";
  }
}

}  // namespace

void write_time(JsonWriter& json, Millis at) {
  const Millis fraction = std::abs(at % 1000);
  std::string text = fmt::format("{}{}", at < 0 && at > -1000 ? "-" : "", at / 1000);
  if (fraction != 0) {
    text += fmt::format(".{:03}", fraction);
    while (text.ends_with('0')) text.pop_back();
  }
  json.raw(text);
}

void write_data(JsonWriter& json, const Answer& answer, Millis at) {
  const bool matrix = answer.type == ValueType::matrix;
  json.object().field("resultType", answer.type == ValueType::scalar   ? "scalar"
                                    : answer.type == ValueType::text   ? "string"
                                    : answer.type == ValueType::vector ? "vector"
                                                                       : "matrix");
  json.key("result").array();
  if (answer.type == ValueType::scalar || answer.type == ValueType::text) {
    write_time(json, at);
    json.value(answer.type == ValueType::text ? answer.text : promql::print_value(answer.scalar)).end();
    return;
  }
  for (const auto& line : answer.lines) {
    json.object().key("metric");
    write_pairs(json, line.labels);
    json.key(matrix ? "values" : "value");
    if (matrix) json.array();
    for (const Sample& sample : line.samples) write_sample(json, sample);
    if (matrix) json.end();
    json.end();
  }
  json.end();
}

net::Response success(const std::string& data) {
  return net::Response::json(fmt::format("{{\"status\":\"success\",\"data\":{}}}", data));
}

net::Response failure(int status, std::string_view type, std::string_view message) {
  JsonWriter json;
  json.object().field("status", "error").field("errorType", type).field("error", message).end();
  return net::Response::json(json.take(), status);
}

net::Response failure_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::unavailable:
      return failure(503, "timeout", error.what);
    case ErrorKind::corrupt:
      return failure(500, "internal", error.what);
    default:
      return failure(422, "execution", error.what);
  }
}

void shape_error(const net::Request&, net::Response& response) {
  const auto ours = failure(response.status, type_of(response.status), response.message);
  response.body = ours.body;
  response.headers.set("content-type", "application/json");
}

std::optional<Millis> parse_prometheus_time(std::string_view text) {
  if (const auto seconds = parse_double(text)) {
    if (!(std::abs(*seconds) < 9e12)) return std::nullopt;
    return static_cast<Millis>(std::llround(*seconds * 1000));
  }
  const auto time = parse_time(text);
  if (!time) return std::nullopt;
  return *time / millisecond;
}

std::optional<Millis> parse_step(std::string_view text) {
  if (const auto seconds = parse_double(text)) {
    if (!(std::abs(*seconds) < 9e9)) return std::nullopt;
    return static_cast<Millis>(std::llround(*seconds * 1000));
  }
  return promql::parse_duration(text);
}

}  // namespace pawl::prometheus
