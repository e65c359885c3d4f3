// Langfuse: scores and their definitions ("score configs").
#include "base/text.h"
#include "inside.h"

namespace pawl::sdks {
namespace {

using scores::Score;
using scores::Type;

std::string_view langfuse_name(Type type) {
  switch (type) {
    case Type::numeric:
      return "NUMERIC";
    case Type::boolean:
      return "BOOLEAN";
    case Type::category:
      return "CATEGORICAL";
    case Type::text:
      return "TEXT";
    case Type::correction:
      return "CORRECTION";
  }
  return "TEXT";
}

std::string langfuse_source(std::string_view source) {
  if (source == "annotation") return "ANNOTATION";
  return source == "eval" ? "EVAL" : "API";
}

void write_subject(JsonWriter& json, const Score& score) {
  json.key("subject").object();
  if (!score.span_id.empty())
    write_maybe(json.field("kind", "observation").field("id", score.span_id), "traceId", score.trace_id);
  else if (!score.trace_id.empty())
    json.field("kind", "trace").field("id", score.trace_id);
  else if (!score.session_id.empty())
    json.field("kind", "session").field("id", score.session_id);
  else
    json.field("kind", "experiment").field("id", score.experiment);
  json.end();
}

// v2: numbers in `value`, words in `stringValue`; v3: the value itself.
void write_value(JsonWriter& json, const Score& score, bool v3) {
  json.key("value");
  if (v3) {
    scores::write_value(json, score);
    return;
  }
  const bool is_number = score.type == Type::numeric || score.type == Type::boolean;
  score.value || is_number ? json.value(score.value.value_or(0)) : json.value(0.0);
  if (score.type == Type::numeric) return;
  json.field("stringValue", score.type == Type::boolean ? (score.value.value_or(0) != 0 ? "True" : "False")
                                                        : std::string_view(score.text));
}

// One score of the body, or why it is none.
Result<Score> read(const net::Request& request, std::string_view text) {
  if (!json::is_object(text)) return fail(ErrorKind::invalid, "A score must be a JSON object.");
  auto score = TRY(scores::from_langfuse(text));
  if (score.author.empty()) score.author = actor_of(access_of(request));
  return score;
}

Result<net::Response> put_many(Sdks::Inside& inside, const net::Request& request, std::string_view body) {
  std::vector<Score> good;
  std::vector<std::string> refused;
  json::Elements elements(body);
  while (elements.next()) {
    auto score = read(request, elements.value);
    score ? good.push_back(std::move(*score)) : refused.push_back(score.error().what);
  }
  const auto bad = refused.size();
  for (const auto& outcome : TRY(inside.parts.scores.put(access_of(request).project, std::move(good), bad)))
    if (!outcome.refused.empty()) refused.push_back(outcome.refused);
  std::size_t all = 0;
  for (json::Elements again(body); again.next();) ++all;
  JsonWriter json;
  json.object().field("accepted", static_cast<std::uint64_t>(all - refused.size()));
  if (refused.empty()) return net::Response::json(json.end().take());
  json.field("rejected", static_cast<std::uint64_t>(refused.size())).key("errors").array();
  for (const auto& why : refused) json.object().field("message", why).end();
  return net::Response::json(json.end().end().take(), 207);
}

Result<net::Response> put(Sdks::Inside& inside, const net::Request& request) {
  const std::string body = TRY(json_body(request));
  if (json::is_array(body)) return put_many(inside, request, body);
  auto score = read(request, body);
  const auto project = access_of(request).project;
  if (!score) {
    TRY(inside.parts.scores.put(project, {}, 1));
    return std::unexpected(score.error());
  }
  const auto outcomes = TRY(inside.parts.scores.put(project, {std::move(*score)}));
  if (!outcomes.front().refused.empty()) return fail(ErrorKind::invalid, "{}", outcomes.front().refused);
  JsonWriter json;
  return net::Response::json(json.object().field("id", outcomes.front().id).end().take());
}

Result<scores::Wanted> wanted_of(const net::Request& request) {
  const auto text = [&](std::string_view name) { return std::string(request.query.get(name)); };
  scores::Wanted wanted{.ids = all_of(request, "scoreIds"),
                        .trace_id = text("traceId"),
                        .span_id = {},
                        .session_id = text("sessionId"),
                        .experiment = text("datasetRunId"),
                        .name = text("name"),
                        .source = to_lower(text("source")),
                        .config = text("configId"),
                        .environment = text("environment"),
                        .span_ids = all_of(request, "observationId"),
                        .type = {},
                        .from = TRY(moment_of(request, "fromTimestamp")),
                        .to = TRY(moment_of(request, "toTimestamp")),
                        .compare = text("operator"),
                        .value = parse_double(text("value")).value_or(0)};
  for (auto& id : all_of(request, "id")) wanted.ids.push_back(std::move(id));
  if (const auto id = text("experimentId"); !id.empty()) wanted.experiment = id;
  if (const auto type = text("dataType"); !type.empty()) {
    wanted.type = scores::type_from(type);
    if (!wanted.type) return fail(ErrorKind::invalid, "dataType={} is not known.", type);
  }
  for (const std::string_view name : {"userId", "traceTags", "queueId", "authorUserId", "filter"})
    if (request.query.find(name)) return fail(ErrorKind::invalid, "Pawl does not filter scores by {} here.", name);
  return wanted;
}

Result<net::Response> list_v2(Sdks::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  auto wanted = TRY(wanted_of(request));
  const auto paging = TRY(paging_of(request));
  wanted.offset = paging.offset(), wanted.limit = paging.limit;
  const auto found = TRY(inside.parts.scores.find(project, wanted));
  JsonWriter json;
  json.object().key("data").array();
  for (const auto& score : found.scores) write_langfuse_score(json, score, project, false);
  json.end();
  write_meta(json, paging, found.total);
  return net::Response::json(json.end().take());
}

// The cursor is how many came before.
Result<net::Response> list_v3(Sdks::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  auto wanted = TRY(wanted_of(request));
  wanted.limit = TRY(paging_of(request, 50, 100)).limit;
  if (const auto cursor = request.query.get("cursor"); !cursor.empty()) {
    const auto number = parse_int(cursor);
    if (!number || *number < 0) return fail(ErrorKind::invalid, "cursor={} is none of ours.", cursor);
    wanted.offset = static_cast<std::uint64_t>(*number);
  }
  const auto found = TRY(inside.parts.scores.find(project, wanted));
  JsonWriter json;
  json.object().key("data").array();
  for (const auto& score : found.scores) write_langfuse_score(json, score, project, true);
  json.end().key("meta").object().field("limit", wanted.limit).key("cursor");
  const auto next = wanted.offset + found.scores.size();
  next < found.total ? json.value(fmt::format("{}", next)) : json.null();
  return net::Response::json(json.end().end().take());
}

Result<net::Response> get(Sdks::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  JsonWriter json;
  write_langfuse_score(json, TRY(inside.parts.scores.get(project, request.capture("score_id"))), project, false);
  return net::Response::json(json.take());
}

Result<net::Response> remove(Sdks::Inside& inside, const net::Request& request) {
  TRY(inside.parts.scores.remove(access_of(request).project, request.capture("score_id")));
  return net::Response::json("{\"message\":\"Score deleted\"}", 202);
}

void write_definition(JsonWriter& json, const scores::Definition& one, ProjectId project) {
  json.object().field("id", one.id).field("name", one.name).field("dataType", langfuse_name(one.type));
  json.field("isArchived", one.archived).field("minValue", one.least).field("maxValue", one.most);
  json.key("categories");
  if (one.categories.empty()) {
    json.null();
  } else {
    json.array();
    for (const auto& [name, number] : one.categories) json.object().field("label", name).field("value", number).end();
    json.end();
  }
  write_maybe(json, "description", one.description);
  write_iso(json, "createdAt", one.created), write_iso(json, "updatedAt", one.changed);
  json.field("projectId", project_text(project)).end();
}

Result<net::Response> define(Sdks::Inside& inside, const net::Request& request) {
  const auto doc = TRY(Doc::of(request));
  const auto type = scores::type_from(doc.text("dataType"));
  if (!type) return fail(ErrorKind::invalid, "dataType must be NUMERIC, BOOLEAN, CATEGORICAL or TEXT.");
  scores::Definition definition{.name = doc.text("name"),
                                .description = doc.text("description"),
                                .type = *type,
                                .least = doc.has("minValue") ? json::number(doc.raw("minValue")) : std::nullopt,
                                .most = doc.has("maxValue") ? json::number(doc.raw("maxValue")) : std::nullopt,
                                .categories = {}};
  json::Elements categories(doc.raw("categories"));
  while (doc.has("categories") && categories.next())
    definition.categories.emplace_back(json::text(json::member(categories.value, "label")),
                                       json::number(json::member(categories.value, "value")).value_or(0));
  const auto project = access_of(request).project;
  JsonWriter json;
  write_definition(json, TRY(inside.parts.scores.define(project, std::move(definition))), project);
  return net::Response::json(json.take());
}

Result<net::Response> definitions(Sdks::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto paging = TRY(paging_of(request));
  const auto all = TRY(inside.parts.scores.definitions(project));
  JsonWriter json;
  json.object().key("data").array();
  for (std::size_t i = paging.offset(); i < all.size() && i < paging.offset() + paging.limit; ++i)
    write_definition(json, all[i], project);
  json.end();
  write_meta(json, paging, all.size());
  return net::Response::json(json.end().take());
}

Result<net::Response> definition(Sdks::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  for (const auto& one : TRY(inside.parts.scores.definitions(project))) {
    if (one.id != request.capture("config_id")) continue;
    JsonWriter json;
    write_definition(json, one, project);
    return net::Response::json(json.take());
  }
  return fail(ErrorKind::not_found, "There is no score config {} in this project.", request.capture("config_id"));
}

}  // namespace

void write_langfuse_score(JsonWriter& json, const Score& score, ProjectId project, bool v3) {
  json.object().field("id", score.id).field("projectId", project_text(project)).field("name", score.name);
  json.field("dataType", langfuse_name(score.type)).field("source", langfuse_source(score.source));
  write_value(json, score, v3);
  json.field("environment", score.environment.empty() ? "default" : std::string_view(score.environment));
  write_maybe(json, "traceId", score.trace_id), write_maybe(json, "observationId", score.span_id);
  write_maybe(json, "sessionId", score.session_id), write_maybe(json, "datasetRunId", score.experiment);
  write_iso(json, "timestamp", score.at), write_iso(json, "createdAt", score.at);
  write_iso(json, "updatedAt", score.changed);
  write_maybe(json, "comment", score.comment), write_maybe(json, "configId", score.config);
  write_raw(json, "metadata", json::is_object(score.metadata) ? score.metadata : "");
  json.key("authorUserId").null().key("queueId").null();
  if (v3) write_subject(json, score);
  json.end();
}

void add_langfuse_scores(Sdks::Inside& inside) {
  const auto to = [&](Spec spec) { add(inside, Dialect::langfuse, std::move(spec)); };
  to({.method = "POST",
      .pattern = "/api/public/scores",
      .permission = "ingest",
      .work = put,
      .summary = "Langfuse: one score, or an array of them; the same id replaces",
      .accepts = "a score of Langfuse, or an array of them",
      .answers = "the id; for an array how many were accepted, 207 with the reasons where some were not"});
  for (const char* pattern : {"/api/public/scores", "/api/public/v2/scores"})
    to({.method = "GET",
        .pattern = pattern,
        .permission = "read",
        .work = list_v2,
        .summary = "Langfuse: scores, newest first, by page",
        .answers = "scores as Langfuse lists them"});
  to({.method = "GET",
      .pattern = "/api/public/v3/scores",
      .permission = "read",
      .work = list_v3,
      .summary = "Langfuse: scores, newest first, by cursor",
      .answers = "scores as Langfuse lists them"});
  for (const char* pattern : {"/api/public/scores/{score_id}", "/api/public/v2/scores/{score_id}"})
    to({.method = "GET",
        .pattern = pattern,
        .permission = "read",
        .work = get,
        .summary = "Langfuse: one score",
        .answers = "a score as Langfuse writes it"});
  to({.method = "DELETE",
      .pattern = "/api/public/scores/{score_id}",
      .permission = "write",
      .work = remove,
      .summary = "Langfuse: removes a score and its history"});
  to({.method = "POST",
      .pattern = "/api/public/score-configs",
      .permission = "write",
      .work = define,
      .summary = "Langfuse: what scores of a name may be",
      .accepts = "a score config of Langfuse"});
  to({.method = "GET",
      .pattern = "/api/public/score-configs",
      .permission = "read",
      .work = definitions,
      .summary = "Langfuse: what scores may be"});
  to({.method = "GET",
      .pattern = "/api/public/score-configs/{config_id}",
      .permission = "read",
      .work = definition,
      .summary = "Langfuse: what scores of a name may be"});
}

}  // namespace pawl::sdks
