// Feedback of end users: a key that stands in a web page, and can do nothing but give the scores that it names.
#include "base/ids.h"
#include "base/rng.h"
#include "base/text.h"
#include "inside.h"
#include "llm/json_scan.h"
#include "records/audit/audit.h"

namespace pawl::quality {
namespace {

namespace json = llm::json;

constexpr std::size_t most_comment = 4000, most_user = 200, most_value = 200;

std::string snippet(const std::string& url, const std::string& key, const std::string& name) {
  return fmt::format(
      "<script>const thumbs = (trace, value) => navigator.sendBeacon('{}/api/v1/feedback', JSON.stringify({{key: '{}', "
      "name: {}, trace_id: trace, value}}));</script>\n<button onclick=\"thumbs(TRACE_ID, true)\">👍</button><button "
      "onclick=\"thumbs(TRACE_ID, false)\">👎</button>\n",
      url, key, "'" + name + "'");
}

void write_key(JsonWriter& out, Quality::Inside& inside, const ledger::Rows& rows, std::size_t i) {
  const auto names = split(rows.text(i, 1), '\n');
  out.object().field("key", rows.text(i, 0)).key("names").array();
  for (const auto name : names) out.value(name);
  out.end().field("created", format_time(rows.integer(i, 2))).field("author", rows.text(i, 3)).key("revoked");
  rows.integer(i, 4) == 0 ? out.null() : out.value(format_time(rows.integer(i, 4)));
  out.field("snippet", snippet(inside.options.public_url(), rows.text(i, 0), std::string(names.front()))).end();
}

constexpr std::string_view key_columns = "key, names, created, author, revoked";

Result<net::Response> list_keys(Quality::Inside& inside, const net::Request& request) {
  const auto rows = TRY(inside.parts.ledger.read(
      fmt::format("SELECT {} FROM feedback_keys WHERE project = ? ORDER BY created DESC", key_columns),
      {std::int64_t{access_of(request).project}}));
  JsonWriter out;
  out.object().key("keys").array();
  for (std::size_t i = 0; i < rows.size(); ++i) write_key(out, inside, rows, i);
  return net::Response::json(out.end().end().take());
}

// A name that may stand in the snippet's quotes.
bool is_plain(std::string_view name) {
  return !name.empty() && name.size() <= 100 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
             std::string_view::npos;
}

Result<net::Response> make_key(Quality::Inside& inside, const net::Request& request) {
  const std::string body = TRY(body_of(request));
  if (!json::is_valid(json::trimmed(body))) return fail(ErrorKind::invalid, "The body is no JSON.");
  std::vector<std::string> names;
  json::Elements given(json::member(json::trimmed(body), "names"));
  while (given.next()) names.push_back(json::text(given.value));
  if (names.empty() || names.size() > 20 || !std::ranges::all_of(names, is_plain))
    return fail(ErrorKind::invalid, "names must be 1 to 20 names of scores, each of letters, digits, . - and _.");
  const auto& access = access_of(request);
  const std::string key = "pawl_fk_" + to_hex(sha256(random_uuid() + random_uuid())).substr(0, 32);
  ledger::Rows rows;
  TRY(inside.parts.ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("INSERT INTO feedback_keys (key, project, names, created, author, revoked) VALUES (?, ?, ?, ?, ?, 0)",
              {key, std::int64_t{access.project}, join(names, "\n"), inside.clock.now(), actor_of(access)}));
    TRY(audit::append(t, inside.clock.now(), access.project, actor_of(access), "feedback-key.create",
                      join(names, ", ")));
    rows = TRY(t.run(fmt::format("SELECT {} FROM feedback_keys WHERE key = ?", key_columns), {key}));
    return {};
  }));
  JsonWriter out;
  write_key(out, inside, rows, 0);
  return net::Response::json(out.take());
}

Result<net::Response> revoke_key(Quality::Inside& inside, const net::Request& request) {
  const auto& access = access_of(request);
  const std::string key(request.capture("key"));
  TRY(inside.parts.ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("UPDATE feedback_keys SET revoked = ? WHERE key = ? AND project = ? AND revoked = 0",
              {inside.clock.now(), key, std::int64_t{access.project}}));
    if (t.changes() == 0) return fail(ErrorKind::not_found, "There is no such feedback key.");
    return audit::append(t, inside.clock.now(), access.project, actor_of(access), "feedback-key.revoke",
                         key.substr(0, 14));
  }));
  return net::Response::json("{}");
}

// Who says it: the user that the page names, else whoever has this address.
std::string author_of(const json::Object& said, const net::Request& request, const std::string& key) {
  const std::string user = json::is_string(said.member("user")) ? json::text(said.member("user")) : "";
  if (!user.empty()) return fmt::format("end user {}", utf8_prefix(repair_utf8(user), most_user));
  return fmt::format("end user #{}", to_hex(sha256(key + "\n" + request.client)).substr(0, 12));
}

Result<scores::Score> score_of(const json::Object& said, const net::Request& request, const std::string& key) {
  JsonWriter out;
  out.object();
  for (const std::string_view name : {"name", "value", "trace_id", "span_id", "session_id", "comment"})
    if (!json::is_null(said.member(name))) out.key(name).raw(said.member(name));
  auto score = TRY(scores::from_pawl(out.end().take()));
  score.author = author_of(said, request, key), score.source = "feedback";
  score.typed = score.type != scores::Type::numeric;
  if (score.text.size() > most_value || score.comment.size() > most_comment)
    return fail(ErrorKind::invalid, "value has at most {} bytes, comment at most {}.", most_value, most_comment);
  return score;
}

net::Response too_much(const net::Request& request) {
  auto response = net::Response::error(request, 429, "Too much feedback; try again in some seconds.");
  response.headers.set("retry-after", "10");
  return response;
}

bool may_give(std::string_view names, std::string_view name) {
  for (const auto one : split(names, '\n'))
    if (one == name) return true;
  return false;
}

Result<net::Response> take(Quality::Inside& inside, const net::Request& request) {
  const std::string_view body = json::trimmed(request.body);
  if (!json::is_valid(body) || !json::is_object(body))
    return fail(ErrorKind::invalid, "The body must be a JSON object.");
  const json::Object said(body);
  const std::string key = json::text(said.member("key"));
  const Nanos now = inside.clock.now();
  // Also of keys that are not there: guessing is as slow as giving.
  if (!inside.by_address.take(request.client, now)) return too_much(request);
  const auto rows =
      TRY(inside.parts.ledger.read("SELECT project, names FROM feedback_keys WHERE key = ? AND revoked = 0", {key}));
  if (rows.size() == 0) return fail(ErrorKind::denied, "This feedback key is not known, or was revoked.");
  if (!inside.by_key.take(key, now)) return too_much(request);
  const auto project = static_cast<ProjectId>(rows.integer(0, 0));
  auto score = score_of(said, request, key);
  if (score && !may_give(rows.text(0, 1), score->name))
    score = fail(ErrorKind::denied, "This key may not give the score {}.", score->name);
  if (!score) {
    TRY(inside.parts.scores.put(project, {}, 1));
    return std::unexpected(score.error());
  }
  const auto outcomes = TRY(inside.parts.scores.put(project, {std::move(*score)}));
  if (!outcomes.front().refused.empty()) return fail(ErrorKind::invalid, "{}", outcomes.front().refused);
  auto response = net::Response::json("{\"ok\":true}");
  response.headers.set("access-control-allow-origin", "*");  // a page that asks by fetch may read that it arrived
  return response;
}

}  // namespace

void add_feedback_routes(net::Router& router, Quality::Inside& inside) {
  add(router, inside,
      {.method = "GET",
       .pattern = "/api/v1/feedback-keys",
       .permission = "read",
       .summary = "Public keys for feedback of end users, with the lines for a web page",
       .answers = "{keys:[FeedbackKey]}"},
      list_keys);
  add(router, inside,
      {.method = "POST",
       .pattern = "/api/v1/feedback-keys",
       .permission = "write",
       .body_bytes = 16U << 10,
       .summary = "Makes a public key that can only give the scores that it names",
       .accepts = "{names:[…]}",
       .answers = "a FeedbackKey"},
      make_key);
  add(router, inside,
      {.method = "DELETE",
       .pattern = "/api/v1/feedback-keys/{key}",
       .permission = "write",
       .summary = "Revokes a key; what it gave stays",
       .answers = "{}"},
      revoke_key);
  add(router, inside,
      {.method = "POST",
       .pattern = "/api/v1/feedback",
       .permission = "public",
       .body_bytes = 16U << 10,
       .summary = "A score by an end user; of one user about one thing the last word holds. Limited by key and address",
       .accepts = "{key, name, value, trace_id or session_id or span_id, comment, user}",
       .answers = "{ok}"},
      take);
}

}  // namespace pawl::quality
