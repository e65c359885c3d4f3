// OpenAPI 3.1 from the table that routes.
#include "openapi.h"

#include <map>

#include "base/json.h"
#include "base/text.h"
#include "shapes.h"

namespace pawl::app {
namespace {

// The body where the notation says what it is; bodies that are no JSON are told in words alone.
void write_content(JsonWriter& json, std::string_view shape) {
  JsonWriter schema;
  if (!write_schema_of_text(schema, shape)) return;
  json.key("content").object().key("application/json").object().key("schema").raw(schema.text()).end().end();
}

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
    json.key("requestBody").object().field("description", route.accepts).field("required", true);
    write_content(json, route.accepts);
    json.end();
  }
  json.key("responses").object().key("200").object();
  json.field("description", route.answers.empty() ? "done" : route.answers);
  write_content(json, route.answers);
  json.end().key("default").object().field("description", "what went wrong, and what to do");
  write_content(json, "Problem");
  json.end().end().end();
}

void write_components(JsonWriter& json) {
  json.key("components").object().key("securitySchemes").object();
  json.key("bearer").object().field("type", "http").field("scheme", "bearer").end();
  json.key("api_key").object().field("type", "apiKey").field("in", "header").field("name", "x-api-key").end();
  json.key("basic").object().field("type", "http").field("scheme", "basic").end().end();
  json.key("schemas").object();
  for (const auto& shape : shapes()) {
    json.key(shape.name);
    write_schema(json, shape);
  }
  json.end().end();
}

}  // namespace

std::string openapi(const net::Router& router, std::string_view version) {
  std::map<std::string, std::vector<const net::Route*>> paths;
  for (const auto& route : router.routes()) {
    if (route->pattern.starts_with("/api/") || route->pattern.starts_with("/v1/") ||
        (route->pattern.starts_with("/langsmith/") && !route->pattern.starts_with("/langsmith/api/")) ||
        route->pattern.ends_with("z") || route->pattern == "/metrics") {
      std::string pattern = route->pattern;
      if (const auto dots = pattern.find("..."); dots != std::string::npos) pattern.erase(dots, 3);
      paths[pattern].push_back(route.get());
    }
  }
  JsonWriter json;
  json.object().field("openapi", "3.1.0").key("info").object().field("title", "Pawl").field("version", version).end();
  write_components(json);
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
