// LangSmith: feedback, and tokens by which somebody without a key may give one.
#include <algorithm>

#include "base/ids.h"
#include "base/text.h"
#include "langsmith.h"

namespace pawl::sdks {
namespace {

using scores::Score;

constexpr Nanos usual_life = 3 * hour;

// What was sent, completed: its own fields win over what can be told of the score.
void write_feedback(JsonWriter& json, const Score& score) {
  const json::Object sent(or_empty(score.source == "feedback" ? std::string_view(score.metadata) : ""));
  const auto own = [&](std::string_view name, std::string_view otherwise) {
    const auto raw = sent.member(name);
    json.key(name).raw(json::is_null(raw) ? otherwise : raw);
  };
  const auto maybe_id = [](const std::string& id) { return id.empty() ? "null" : json_quote(uuid_of(id)); };
  const bool is_number = score.value.has_value();
  json.object().field("id", uuid_of(score.id)).field("key", score.name);
  json.key("run_id").raw(maybe_id(score.span_id.empty() ? score.trace_id : score.span_id));
  json.key("trace_id").raw(maybe_id(score.trace_id)).key("session_id").raw(maybe_id(score.experiment));
  own("score", is_number ? (score.type == scores::Type::boolean ? (*score.value != 0 ? "true" : "false")
                                                                : std::string_view(fmt::format("{}", *score.value)))
                         : "null");
  own("value", score.text.empty() || score.source == "feedback" ? "null" : json_quote(score.text));
  write_maybe(json, "comment", score.comment);
  write_raw(json, "correction", score.correction);
  own("feedback_source", R"({"type":"api","metadata":{}})");
  for (const std::string_view name : {"extra", "feedback_group_id", "comparative_experiment_id", "feedback_config"})
    own(name, "null");
  write_iso(json, "created_at", score.at), write_iso(json, "modified_at", score.changed);
  json.end();
}

net::Response feedback_json(const Score& score) {
  JsonWriter json;
  write_feedback(json, score);
  return net::Response::json(json.take());
}

Result<net::Response> put_and_show(Sdks::Inside& inside, ProjectId project, Score score) {
  const auto outcomes = TRY(inside.parts.scores.put(project, {std::move(score)}));
  if (!outcomes.front().refused.empty()) return fail(ErrorKind::invalid, "{}", outcomes.front().refused);
  return feedback_json(TRY(inside.parts.scores.get(project, outcomes.front().id)));
}

Result<net::Response> create(Sdks::Inside& inside, const net::Request& request) {
  const auto doc = TRY(Doc::of(request));
  const auto& access = access_of(request);
  auto score = scores::from_langsmith(doc.whole());
  if (!score) {
    TRY(inside.parts.scores.put(access.project, {}, 1));
    return std::unexpected(score.error());
  }
  if (score->author.empty()) score->author = actor_of(access);
  return put_and_show(inside, access.project, std::move(*score));
}

Result<net::Response> list(Sdks::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto window = TRY(window_of(request));
  scores::Wanted wanted{.span_ids = all_of(request, "run"), .type = {}, .offset = window.offset, .limit = window.limit};
  const auto keys = all_of(request, "key"), sources = all_of(request, "source");
  if (keys.size() == 1) wanted.name = keys.front();
  if (const auto sessions = all_of(request, "session"); sessions.size() == 1) wanted.experiment = sessions.front();
  if (keys.size() > 1) return fail(ErrorKind::invalid, "Ask for one key at a time.");
  const auto found = TRY(inside.parts.scores.find(project, wanted));
  JsonWriter json;
  json.array();
  for (const auto& score : found.scores) write_feedback(json, score);
  return net::Response::json(json.end().take());
}

Result<net::Response> get(Sdks::Inside& inside, const net::Request& request) {
  return feedback_json(TRY(inside.parts.scores.get(access_of(request).project, request.capture("feedback_id"))));
}

// The object with these members in place of its own.
std::string merged(std::string_view object, const Doc& over) {
  JsonWriter out;
  out.object();
  json::Members old(or_empty(object));
  while (old.next())
    if (over.raw(old.key).empty()) out.key(old.key).raw(old.value);
  json::Members fresh(over.whole());
  while (fresh.next()) out.key(fresh.key).raw(fresh.value);
  return out.end().take();
}

Result<net::Response> change(Sdks::Inside& inside, const net::Request& request) {
  const auto doc = TRY(Doc::of(request));
  const auto project = access_of(request).project;
  const auto old = TRY(inside.parts.scores.get(project, request.capture("feedback_id")));
  auto score = TRY(scores::from_langsmith(merged(old.metadata, doc)));
  score.id = old.id, score.name = old.name, score.author = old.author;
  return put_and_show(inside, project, std::move(score));
}

Result<net::Response> remove(Sdks::Inside& inside, const net::Request& request) {
  TRY(inside.parts.scores.remove(access_of(request).project, request.capture("feedback_id")));
  return net::Response::json("{\"message\":\"Feedback deleted\"}");
}

// --- tokens -------------------------------------------------------------------------------------------------------

std::string hash_of(std::string_view token) {
  return to_hex(std::string_view(sha256(token)));
}

Result<Nanos> expiry(const Doc& doc, Nanos now) {
  if (const Nanos at = TRY(doc.moment("expires_at")); at != 0) return at;
  if (!doc.has("expires_in")) return now + usual_life;
  const auto part = [&](std::string_view name) {
    return json::integer(json::member(doc.raw("expires_in"), name)).value_or(0);
  };
  const Nanos life = part("days") * day + part("hours") * hour + part("minutes") * minute;
  if (life <= 0 || life > 366 * day) return fail(ErrorKind::invalid, "expires_in must be a minute to a year.");
  return now + life;
}

Result<std::string> make_token(Sdks::Inside& inside, const net::Request& request, const Doc& doc) {
  const auto& access = access_of(request);
  const auto run = doc.text("run_id"), key = doc.text("feedback_key");
  if (run.empty() || key.empty()) return fail(ErrorKind::invalid, "run_id and feedback_key are needed.");
  const Nanos now = inside.clock.now(), expires = TRY(expiry(doc, now));
  const std::string id = random_uuid();
  TRY(inside.parts.ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("DELETE FROM feedback_tokens WHERE expires < ?", {now}));
    TRY(t.run("INSERT INTO feedback_tokens (hash, project, run, name, expires, created) VALUES (?, ?, ?, ?, ?, ?)",
              {hash_of(id), std::int64_t{access.project}, run, key, expires, now}));
    return {};
  }));
  JsonWriter json;
  json.object().field("id", id).field("url",
                                      fmt::format("{}/langsmith/feedback/tokens/{}", inside.options.public_url(), id));
  write_iso(json, "expires_at", expires);
  return json.field("feedback_key", key).end().take();
}

Result<net::Response> make_tokens(Sdks::Inside& inside, const net::Request& request) {
  const std::string body = TRY(json_body(request));
  if (!json::is_array(body)) return net::Response::json(TRY(make_token(inside, request, TRY(Doc::of(body)))));
  JsonWriter json;
  json.array();
  json::Elements elements(body);
  while (elements.next()) json.raw(TRY(make_token(inside, request, TRY(Doc::of(std::string(elements.value))))));
  return net::Response::json(json.end().take());
}

// By whoever holds the token: one score about that run, which a later one replaces.
Result<net::Response> put_by_token(Sdks::Inside& inside, const net::Request& request, std::string given) {
  const std::string hash = hash_of(request.capture("token"));
  const auto rows = TRY(inside.parts.ledger.read(
      "SELECT project, run, name FROM feedback_tokens WHERE hash = ? AND expires > ?", {hash, inside.clock.now()}));
  if (rows.size() == 0) return fail(ErrorKind::not_found, "This feedback token is not known, or has expired.");
  const auto over = TRY(Doc::of(std::move(given)));
  JsonWriter base;
  base.object().field("id", to_uuid(hash128(hash))).field("key", rows.text(0, 2));
  base.field("run_id", rows.text(0, 1)).key("feedback_source").object().field("type", "api").end();
  for (const std::string_view name : {"score", "value", "comment", "correction"})
    if (over.has(name)) base.key(name).raw(over.raw(name));
  auto score = TRY(scores::from_langsmith(base.end().take()));
  score.author = "token " + hash.substr(0, 12);
  const auto project = static_cast<ProjectId>(rows.integer(0, 0));
  const auto outcomes = TRY(inside.parts.scores.put(project, {std::move(score)}));
  if (!outcomes.front().refused.empty()) return fail(ErrorKind::invalid, "{}", outcomes.front().refused);
  return net::Response::json("{\"message\":\"Thank you\"}");
}

Result<net::Response> post_by_token(Sdks::Inside& inside, const net::Request& request) {
  return put_by_token(inside, request, TRY(json_body(request)));
}

Result<net::Response> get_by_token(Sdks::Inside& inside, const net::Request& request) {
  JsonWriter json;
  json.object();
  for (const std::string_view name : {"score", "value", "comment"}) {
    const auto given = request.query.find(name);
    if (!given) continue;
    const bool plain = name == "score" && (parse_double(*given) || *given == "true" || *given == "false");
    json.key(name);
    plain&& check_json(*given) ? json.raw(*given) : json.value(*given);
  }
  return put_by_token(inside, request, json.end().take());
}

}  // namespace

void add_langsmith_feedback(Sdks::Inside& inside) {
  const auto to = [&](std::string method, std::string pattern, std::string permission, Work work, std::string summary) {
    add_langsmith(inside, {.method = std::move(method),
                           .pattern = std::move(pattern),
                           .permission = std::move(permission),
                           .work = work,
                           .summary = "LangSmith: " + std::move(summary),
                           .body_bytes = 4U << 20});
  };
  to("POST", "/feedback", "ingest", create, "a feedback: a score of a run, or of an experiment");
  to("GET", "/feedback", "read", list, "feedback of runs (run=, repeated), newest first");
  to("GET", "/feedback/{feedback_id}", "read", get, "one feedback");
  to("PATCH", "/feedback/{feedback_id}", "write", change, "changes a feedback; what it was is kept");
  to("DELETE", "/feedback/{feedback_id}", "write", remove, "removes a feedback");
  to("POST", "/feedback/tokens", "write", make_tokens, "an address where somebody without a key can give a feedback");
  to("POST", "/feedback/tokens/{token}", "public", post_by_token, "a feedback by somebody without a key");
  to("GET", "/feedback/tokens/{token}", "public", get_by_token, "the same, as a link");
}

}  // namespace pawl::sdks
