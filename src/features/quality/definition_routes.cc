// What a score of a name may be.
#include "base/text.h"
#include "inside.h"
#include "llm/json_scan.h"

namespace pawl::quality {
namespace {

namespace json = llm::json;
using scores::Definition;

void write(JsonWriter& out, const Definition& one) {
  out.object().field("name", one.name).field("id", one.id).field("kind", scores::name_of(one.type));
  out.field("description", one.description).field("least", one.least).field("most", one.most);
  out.key("categories").array();
  for (const auto& [name, number] : one.categories) out.object().field("name", name).field("value", number).end();
  out.end().field("archived", one.archived).field("created", format_time(one.created));
  out.field("changed", format_time(one.changed)).end();
}

Result<net::Response> list(Quality::Inside& inside, const net::Request& request) {
  JsonWriter out;
  out.object().key("definitions").array();
  for (const auto& one : TRY(inside.parts.scores.definitions(access_of(request).project))) write(out, one);
  return net::Response::json(out.end().end().take());
}

Result<std::optional<double>> bound_of(const json::Object& object, std::string_view name) {
  const auto raw = object.member(name);
  if (json::is_null(raw)) return std::nullopt;
  const auto number = json::is_string(raw) ? std::nullopt : json::number(raw);
  if (!number) return fail(ErrorKind::invalid, "{} must be a number.", name);
  return number;
}

Result<Definition> definition_of(std::string_view name, const std::string& body) {
  if (!json::is_valid(json::trimmed(body)) || !json::is_object(json::trimmed(body)))
    return fail(ErrorKind::invalid, "The body must be a JSON object.");
  const json::Object object(json::trimmed(body));
  Definition out{.name = std::string(name), .description = json::text(object.member("description"))};
  if (json::is_null(object.member("description"))) out.description.clear();
  const auto kind = scores::type_from(json::text(object.member("kind")));
  if (!kind) return fail(ErrorKind::invalid, "kind must be numeric, boolean, category or text.");
  out.type = *kind;
  out.least = TRY(bound_of(object, "least")), out.most = TRY(bound_of(object, "most"));
  if (out.least && out.most && *out.least > *out.most) return fail(ErrorKind::invalid, "least is above most.");
  out.archived = object.member("archived") == "true";
  json::Elements categories(object.member("categories"));
  double place = 0;
  while (categories.next()) {
    const json::Object one(categories.value);
    const auto label =
        json::is_string(categories.value) ? json::text(categories.value) : json::text(one.member("name"));
    if (label.empty() || label.find_first_of("\t\n") != std::string::npos)
      return fail(ErrorKind::invalid, "A category is a text without tabs and line ends, or {{name, value}}.");
    out.categories.emplace_back(label, json::number(one.member("value")).value_or(place));
    place += 1;
  }
  if (out.type == scores::Type::category && out.categories.empty())
    return fail(ErrorKind::invalid, "A score of categories needs `categories`.");
  return out;
}

Result<net::Response> put(Quality::Inside& inside, const net::Request& request) {
  auto definition = TRY(definition_of(request.capture("name"), TRY(body_of(request))));
  const auto kept = TRY(inside.parts.scores.define(access_of(request).project, std::move(definition)));
  JsonWriter out;
  write(out, kept);
  return net::Response::json(out.take());
}

}  // namespace

void add_definition_routes(net::Router& router, Quality::Inside& inside) {
  add(router, inside,
      {.method = "GET",
       .pattern = "/api/v1/score-definitions",
       .permission = "read",
       .summary = "What scores may be, by name",
       .answers = "{definitions:[ScoreDefinition]}"},
      list);
  add(router, inside,
      {.method = "PUT",
       .pattern = "/api/v1/score-definitions/{name}",
       .permission = "write",
       .body_bytes = 64U << 10,
       .summary = "Defines a score: what is outside of it is refused from now on; its kind stays",
       .accepts = "{kind, description, least, most, categories:[{name, value}], archived}",
       .answers = "a ScoreDefinition"},
      put);
}

}  // namespace pawl::quality
