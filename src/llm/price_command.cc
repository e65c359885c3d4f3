// Reads usages, writes costs, a JSON object a line.
#include "llm/price_command.h"

#include <simdjson.h>

#include <cmath>
#include <istream>
#include <ostream>

#include "base/json.h"

namespace pawl::llm {
namespace {

namespace dom = simdjson::dom;

// Views into the parser's document.
struct Request {
  CallFacts call;
  Usage usage;
  std::vector<ContextValue> context;
};

Result<std::string_view> text_in(const dom::object& object, std::string_view key) {
  dom::element element;
  if (object[key].get(element) || element.is_null()) return std::string_view();
  std::string_view text;
  if (element.get(text)) return fail(ErrorKind::invalid, "\"{}\" must be a text", key);
  return text;
}

// Seconds may be fractions; what is finer than a millionth is rounded.
std::optional<std::int64_t> millionths_of(double number) {
  if (!std::isfinite(number) || std::abs(number) >= 9e12) return std::nullopt;
  const double whole = std::floor(number);
  return static_cast<std::int64_t>(whole) * 1'000'000 +
         static_cast<std::int64_t>(std::nearbyint((number - whole) * 1e6));
}

Result<> read_usage(const dom::object& object, Usage& usage) {
  dom::object counts;
  if (object["usage"].get(counts)) return fail(ErrorKind::invalid, "\"usage\" must be an object of counts");
  for (const auto field : counts) {
    std::int64_t whole = 0;
    double number = 0;
    if (field.value.is_null()) continue;
    if (!field.value.get(whole)) {
      usage.add(field.key, whole);
      continue;
    }
    if (field.value.get(number)) return fail(ErrorKind::invalid, "\"usage.{}\" must be a number", field.key);
    const auto millionths = millionths_of(number);
    if (!millionths) return fail(ErrorKind::invalid, "\"usage.{}\" is too large", field.key);
    usage.amounts.push_back({field.key, *millionths});
  }
  return {};
}

Result<Request> read_request(const dom::element& line, const Clock& clock) {
  dom::object object;
  if (line.get(object)) return fail(ErrorKind::invalid, "a line must be an object {{provider, model, at, usage}}");
  Request request;
  request.call.provider = TRY(text_in(object, "provider"));
  request.call.model = TRY(text_in(object, "model"));
  request.call.api_url = TRY(text_in(object, "api_url"));
  if (request.call.model.empty()) return fail(ErrorKind::invalid, "\"model\" is missing");
  const std::string_view at = TRY(text_in(object, "at"));
  const auto time = at.empty() ? clock.now() : parse_time(at);
  if (!time) return fail(ErrorKind::invalid, "\"at\" must be a time such as 2026-11-21T13:14:07Z");
  request.call.at = *time;
  bool estimate = false;
  if (!object["estimate"].get(estimate)) request.call.estimate = estimate;
  TRY(read_usage(object, request.usage));
  dom::element context;
  if (object["context"].get(context) || context.is_null()) return request;
  dom::object values;
  if (context.get(values)) return fail(ErrorKind::invalid, "\"context\" must be an object of texts");
  for (const auto field : values) {
    std::string_view value;
    if (field.value.get(value)) return fail(ErrorKind::invalid, "\"context.{}\" must be a text", field.key);
    request.context.emplace_back(field.key, value);
  }
  return request;
}

void write_error(JsonWriter& json, std::string_view code, std::string_view message) {
  json.object().key("error").object().field("code", code).field("message", message).end().end();
}

void write_priced(JsonWriter& json, const Priced& priced) {
  json.object().field("total_pico", priced.total.pico).field("total_usd", format_dollars(priced.total.pico));
  json.field("provider", priced.provider).field("model", priced.model).field("row", priced.row);
  if (!priced.since.empty()) json.field("since", priced.since);
  if (priced.own) json.field("own", true);
  if (priced.estimated) json.field("estimated", true);
  json.key("lines").array();
  for (const PriceLine& line : priced.lines) {
    json.object().field("type", line.type);
    json.key("count").raw(format_dollars(Int128{line.millionths} * 1'000'000));
    json.field("usd", format_dollars(line.pico)).field("per", line.per).field("pico", line.cost.pico).end();
  }
  json.end().end();
}

std::string answer(dom::parser& parser, std::string_view text, Pricer& pricer, const Clock& clock) {
  JsonWriter json;
  dom::element line;
  const simdjson::padded_string padded(text);
  if (const auto error = parser.parse(padded).get(line)) {
    write_error(json, "invalid", fmt::format("no JSON: {}", simdjson::error_message(error)));
    return json.take();
  }
  auto request = read_request(line, clock);
  if (!request) {
    write_error(json, "invalid", request.error().what);
    return json.take();
  }
  request->call.context = request->context;
  const auto priced = pricer.price(request->call, request->usage);
  if (priced) {
    write_priced(json, *priced);
  } else {
    write_error(json, name_of(priced.error().why), priced.error().what);
  }
  return json.take();
}

}  // namespace

int price_command(std::istream& in, std::ostream& out, const PriceList& list, const Clock& clock) {
  Pricer pricer(list);
  dom::parser parser;
  std::string line;
  while (std::getline(in, line)) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    out << answer(parser, line, pricer, clock) << '\n';
  }
  out.flush();
  return in.bad() ? 3 : 0;
}

}  // namespace pawl::llm
