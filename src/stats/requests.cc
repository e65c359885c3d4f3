// From a line to its answer.
#include "stats/requests.h"

#include "stats/request_fields.h"

namespace pawl::stats {
namespace {

namespace dom = simdjson::dom;

Result<Answering> find_function(std::string_view name) {
  for (const auto functions : {functions_of_cases(), functions_of_judges()}) {
    for (const auto& one : functions) {
      if (one.name == name) return one.answering;
    }
  }
  return fail(ErrorKind::not_found, "there is no function \"{}\"", name);
}

void write_error(JsonWriter& json, const Error& error) {
  json.key("error").object();
  json.field("code", error.kind == ErrorKind::not_found ? "unknown_fn" : "invalid").field("message", error.what);
  json.end();
}

Result<std::string> compute(dom::object request) {
  std::string_view fn;
  if (request["fn"].get(fn)) return fail(ErrorKind::invalid, "\"fn\" must name a function");
  const auto answering = TRY(find_function(fn));
  dom::object in;
  if (request["in"].get(in)) return fail(ErrorKind::invalid, "\"in\" must be an object");
  JsonWriter out;
  out.object();
  TRY(answering(RequestFields(in), out));
  return out.end().take();
}

}  // namespace

std::string answer(std::string_view line) {
  dom::parser parser;
  const simdjson::padded_string padded(line);
  dom::element root;
  JsonWriter json;
  json.object().key("id");
  if (const auto error = parser.parse(padded).get(root)) {
    json.null();
    write_error(json, Error{ErrorKind::invalid, fmt::format("no JSON: {}", simdjson::error_message(error))});
    return json.end().take();
  }
  dom::object request;
  if (root.get(request)) {
    json.null();
    write_error(json, Error{ErrorKind::invalid, "a line must be an object {id, fn, in}"});
    return json.end().take();
  }
  dom::element id;
  if (request["id"].get(id)) {
    json.null();
  } else {
    json.raw(std::string(simdjson::minify(id)));
  }
  const auto out = compute(request);
  if (out) {
    json.key("out").raw(*out);
  } else {
    write_error(json, out.error());
  }
  return json.end().take();
}

std::vector<std::string_view> function_names() {
  std::vector<std::string_view> names;
  for (const auto functions : {functions_of_cases(), functions_of_judges()}) {
    for (const auto& one : functions) names.push_back(one.name);
  }
  return names;
}

}  // namespace pawl::stats
