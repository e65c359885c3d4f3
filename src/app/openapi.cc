// OpenAPI 3.1 from the table that routes.
#include "openapi.h"

#include <map>

#include "base/json.h"
#include "base/text.h"

namespace pawl::app {
namespace {

void write_operation(JsonWriter& json, const net::Route& route) {
  json.key(to_lower(route.method)).object().field("summary", route.summary).field("x-permission", route.permission);
  if (route.permission == "public") json.key("security").array().end();
  json.key("parameters").array();
  std::string_view rest = route.pattern;
  while (rest.find('{') != std::string_view::npos) {
    rest.remove_prefix(rest.find('{') + 1);
    const auto name = rest.substr(0, rest.find_first_of("}."));
    json.object().field("name", name).field("in", "path").field("required", true);
    json.key("schema").object().field("type", "string").end().end();
  }
  for (const auto& parameter : route.query) {
    json.object().field("name", parameter.name).field("in", "query").field("required", parameter.required);
    json.field("description", parameter.about).key("schema").object().field("type", "string").end().end();
  }
  json.end();
  if (!route.accepts.empty()) {
    json.key("requestBody")
        .object()
        .field("description", route.accepts)
        .key("content")
        .object()
        .key("application/json")
        .object()
        .end()
        .end()
        .end();
  }
  json.key("responses")
      .object()
      .key("200")
      .object()
      .field("description", route.answers.empty() ? "done" : route.answers)
      .end();
  json.key("default").object().field("description", "{error: {code, message, detail, request_id}}").end().end().end();
}

}  // namespace

std::string openapi(const net::Router& router, std::string_view version) {
  std::map<std::string, std::vector<const net::Route*>> paths;
  for (const auto& route : router.routes()) {
    if (route->pattern.starts_with("/api/") || route->pattern.starts_with("/v1/") || route->pattern.ends_with("z") ||
        route->pattern == "/metrics") {
      std::string pattern = route->pattern;
      if (const auto dots = pattern.find("..."); dots != std::string::npos) pattern.erase(dots, 3);
      paths[pattern].push_back(route.get());
    }
  }
  JsonWriter json;
  json.object().field("openapi", "3.1.0").key("info").object().field("title", "Pawl").field("version", version).end();
  json.key("components").object().key("securitySchemes").object();
  json.key("bearer").object().field("type", "http").field("scheme", "bearer").end();
  json.key("api_key").object().field("type", "apiKey").field("in", "header").field("name", "x-api-key").end();
  json.key("basic").object().field("type", "http").field("scheme", "basic").end().end().end();
  json.key("security").array();
  for (const char* scheme : {"bearer", "api_key", "basic"}) json.object().key(scheme).array().end().end();
  json.end().key("paths").object();
  for (const auto& [pattern, routes] : paths) {
    json.key(pattern).object();
    for (const auto* route : routes) write_operation(json, *route);
    json.end();
  }
  return json.end().end().take();
}

}  // namespace pawl::app
