// Scores as other protocols write them, and as ours shows them.
#include "base/text.h"
#include "llm/json_scan.h"
#include "scores.h"

namespace pawl::scores {
namespace {

namespace json = llm::json;

std::string text_of(const json::Object& object, std::string_view name) {
  const auto raw = object.member(name);
  return json::is_string(raw) ? json::text(raw) : std::string();
}

std::string raw_of(const json::Object& object, std::string_view name) {
  const auto raw = object.member(name);
  return json::is_null(raw) ? std::string() : std::string(raw);
}

bool is_truth(std::string_view raw) {
  return raw == "true" || raw == "false";
}

// The moment of a member; 0 where there is none.
Result<Nanos> moment_of(const json::Object& object, std::string_view name) {
  const auto raw = object.member(name);
  if (json::is_null(raw)) return 0;
  const auto parsed = parse_time(json::text(raw));
  if (!parsed) return fail(ErrorKind::invalid, "{} is no time: {}", name, raw);
  return *parsed;
}

// A number, true or false, or text: the type that the value itself suggests.
Result<> read_value(Score& score, std::string_view raw) {
  if (is_truth(raw)) {
    score.type = Type::boolean;
    score.value = raw == "true" ? 1 : 0;
  } else if (json::is_string(raw)) {
    score.type = Type::category;
    score.text = json::text(raw);
  } else {
    score.value = json::number(raw);
    if (!score.value) return fail(ErrorKind::invalid, "Score {}: value must be a number or a text.", score.name);
  }
  return {};
}

// The type that the client names.
Result<> read_type(Score& score, std::string_view name) {
  const auto type = type_from(name);
  if (!type) return fail(ErrorKind::invalid, "Score {}: dataType {} is not known.", score.name, name);
  const bool is_text = score.type == Type::category;
  if (is_text && (*type == Type::numeric || *type == Type::boolean))
    return fail(ErrorKind::invalid, "Score {}: dataType {} needs a number; value is a text.", score.name, name);
  if (!is_text && (*type == Type::text || *type == Type::correction))
    return fail(ErrorKind::invalid, "Score {}: dataType {} needs a text.", score.name, name);
  if (*type == Type::category && !is_text && score.value) score.text = fmt::format("{}", *score.value);
  score.type = *type;
  return {};
}

}  // namespace

Result<Score> from_langfuse(std::string_view text) {
  const json::Object object(text);
  Score score{.id = text_of(object, "id"),
              .name = text_of(object, "name"),
              .trace_id = text_of(object, "traceId"),
              .span_id = text_of(object, "observationId"),
              .session_id = text_of(object, "sessionId"),
              .experiment = text_of(object, "datasetRunId"),
              .source = to_lower(text_of(object, "source")),
              .comment = text_of(object, "comment"),
              .metadata = raw_of(object, "metadata"),
              .config = text_of(object, "configId"),
              .environment = text_of(object, "environment"),
              .at = TRY(moment_of(object, "timestamp"))};
  if (score.name.empty()) return fail(ErrorKind::invalid, "A score needs a name.");
  if (score.source.empty()) score.source = "api";
  const auto value = object.member("value");
  if (json::is_null(value)) return fail(ErrorKind::invalid, "Score {} needs a value.", score.name);
  TRY(read_value(score, value));
  const auto type = text_of(object, "dataType");
  score.typed = !type.empty();
  if (score.typed) TRY(read_type(score, type));
  return score;
}

Result<Score> from_langsmith(std::string_view text) {
  const json::Object object(text);
  const json::Object source(object.member("feedback_source"));
  Score score{.id = text_of(object, "id"),
              .name = text_of(object, "key"),
              .trace_id = text_of(object, "trace_id"),
              .span_id = text_of(object, "run_id"),
              .experiment = text_of(object, "session_id"),
              .author = text_of(source, "user_id"),
              .source = "feedback",
              .comment = text_of(object, "comment"),
              .correction = raw_of(object, "correction"),
              .metadata = std::string(text),
              .at = TRY(moment_of(object, "created_at"))};
  if (score.name.empty()) return fail(ErrorKind::invalid, "A feedback needs a key.");
  if (text_of(source, "type") == "model") score.evaluator = score.name;
  const auto number = object.member("score"), value = object.member("value");
  if (!json::is_null(number)) {
    TRY(read_value(score, number));
    if (json::is_string(value)) score.text = json::text(value);
  } else if (json::is_null(value)) {
    score.type = Type::text;
    score.text = score.comment;
  } else if (json::is_object(value) || json::is_array(value)) {
    score.type = Type::text;
    score.text = value;
  } else {
    TRY(read_value(score, value));
  }
  return score;
}

Result<Score> from_pawl(std::string_view text) {
  const json::Object object(text);
  const auto either = [&](std::string_view a, std::string_view b) {
    std::string one = text_of(object, a);
    return one.empty() ? text_of(object, b) : one;
  };
  Score score{.id = text_of(object, "id"),
              .name = text_of(object, "name"),
              .trace_id = text_of(object, "trace_id"),
              .span_id = text_of(object, "span_id"),
              .session_id = text_of(object, "session_id"),
              .experiment = text_of(object, "experiment"),
              .item = either("item", "case"),
              .author = text_of(object, "author"),
              .source = text_of(object, "source"),
              .evaluator = text_of(object, "evaluator"),
              .comment = text_of(object, "comment"),
              .correction = raw_of(object, "correction"),
              .metadata = raw_of(object, "metadata"),
              .at = TRY(moment_of(object, "at"))};
  if (score.name.empty()) return fail(ErrorKind::invalid, "A score needs a name.");
  if (score.source.empty()) score.source = "api";
  if (const auto given = object.member("probability"); !json::is_null(given)) {
    score.probability = json::number(given);
    if (!score.probability || !(*score.probability > 0 && *score.probability <= 1))
      return fail(ErrorKind::invalid, "Score {}: probability must lie above 0 and be at most 1.", score.name);
  }
  const auto value = object.member("value");
  if (json::is_null(value)) return fail(ErrorKind::invalid, "Score {} needs a value.", score.name);
  TRY(read_value(score, value));
  const auto type = either("kind", "type");
  score.typed = !type.empty();
  if (score.typed) TRY(read_type(score, type));
  return score;
}

void write_value(JsonWriter& json, const Score& score) {
  if (score.type == Type::boolean)
    json.value(score.value.value_or(0) != 0);
  else if (score.type == Type::numeric && score.value)
    json.value(*score.value);
  else
    json.value(score.text);
}

void write_score(JsonWriter& json, const Score& score) {
  const auto maybe = [&](std::string_view name, const std::string& text) {
    json.key(name);
    text.empty() ? json.null() : json.value(text);
  };
  json.object().field("id", score.id).field("name", score.name).key("value");
  write_value(json, score);
  json.field("kind", name_of(score.type)).field("author", score.author).field("comment", score.comment);
  maybe("span_id", score.span_id), maybe("trace_id", score.trace_id), maybe("session_id", score.session_id);
  maybe("experiment", score.experiment), maybe("evaluator", score.evaluator);
  json.field("source", score.source).field("at", format_time(score.at)).key("correction");
  score.correction.empty() ? json.null() : json.raw(score.correction);
  maybe("item", score.item);
  json.field("probability", score.probability).field("stands", score.stands).key("metadata");
  score.metadata.empty() ? json.null() : json.raw(score.metadata);
  json.end();
}

}  // namespace pawl::scores
