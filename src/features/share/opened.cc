// What a link shows: without a log-in, exactly its objects, redacted, and never more than existed when it was made.
#include "base/json_fields.h"
#include "base/text.h"
#include "inside.h"
#include "records/audit/audit.h"

namespace pawl::share {
namespace {

constexpr Nanos cookie_life = 12 * hour, window = minute, wrong_window = 15 * minute;
constexpr int most_requests = 600, most_wrong = 20;
constexpr std::size_t most_addresses = 50'000;
constexpr std::string_view nothing = "This link shows nothing: it is wrong, has expired, or was revoked.";

// The same words for every reason: a link says nothing about what once was.
Result<Link> find(Share& all, const net::Request& request, std::string_view token) {
  const Nanos now = all.clock.now();
  const auto rows = TRY(
      all.ledger.read(fmt::format("SELECT {} FROM shares WHERE hash = ? AND revoked = 0 AND expires > ?", link_columns),
                      {digest_of(token), now}));
  if (rows.size() == 1) return link_of(rows, 0);
  all.pace.wrong(request.client, now);
  return fail(ErrorKind::not_found, "{}", nothing);
}

std::string cookie_name(std::string_view id) {
  return fmt::format("__Host-pawl-share-{}", id);
}

// The token of a request about link `id`: by header, or by the cookie that open() set.
std::string token_of(const net::Request& request, std::string_view id) {
  if (const auto header = request.headers.get("x-pawl-share"); !header.empty()) return std::string(header);
  const auto wanted = cookie_name(id);
  for (const auto pair : split(request.headers.get("cookie"), ';')) {
    const auto [name, value] = cut(trim(pair), '=');
    if (name == wanted) return std::string(value);
  }
  return {};
}

Result<Link> link_in(Share& all, const net::Request& request) {
  TRY(all.pace.check(request.client, all.clock.now()));
  const auto id = request.capture("id");
  auto link = TRY(find(all, request, token_of(request, id)));
  if (link.id != id) return fail(ErrorKind::not_found, "{}", nothing);
  return link;
}

std::string shown(const Link& link) {
  JsonWriter json;
  json.object().key("share").object().field("id", link.id);
  json.field("kind", link.objects.size() > 1 ? "compare" : std::string_view(link.objects[0].kind));
  json.key("objects").array();
  for (const auto& one : link.objects) json.object().field("kind", one.kind).field("id", one.id).end();
  json.end().field("redaction", link.redaction).field("note", link.note);
  json.field("created", format_time(link.created)).field("expires", format_time(link.expires));
  return json.end().end().take();
}

net::Response answer(std::string json) {
  auto response = net::Response::json(std::move(json));
  response.headers.set("cache-control", "no-store");
  response.headers.set("referrer-policy", "no-referrer");
  response.headers.set("x-robots-tag", "noindex, nofollow");
  return response;
}

Result<net::Response> open(Share& all, const net::Request& request) {
  const Nanos now = all.clock.now();
  TRY(all.pace.check(request.client, now));
  if (request.content_type != "application/json")
    return fail(ErrorKind::invalid, "Send the body with Content-Type: application/json.");
  const auto token = TRY(JsonFields::parse(request.body)).text("token");
  const auto link = TRY(find(all, request, token));
  TRY(all.ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("UPDATE shares SET openings = openings + 1, last_opened = ? WHERE id = ?", {now, link.id}));
    return audit::append(t, now, link.project, "share " + link.id, "share.open",
                         fmt::format("from {}", request.client));
  }));
  auto response = answer(shown(link));
  response.headers.add("set-cookie",
                       fmt::format("{}={}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={}", cookie_name(link.id),
                                   token, std::min(cookie_life, link.expires - now) / second));
  return response;
}

Result<net::Response> show(Share& all, const net::Request& request) {
  return answer(shown(TRY(link_in(all, request))));
}

Result<net::Response> show_object(Share& all, const net::Request& request) {
  const auto link = TRY(link_in(all, request));
  const auto number = parse_int(request.capture("n"));
  if (!number || *number < 0 || *number >= std::ssize(link.objects)) return fail(ErrorKind::not_found, "{}", nothing);
  const Object& object = link.objects[static_cast<std::size_t>(*number)];
  const bool bare = link.redaction == "no_bodies";
  // What is about nothing but this link's object: the project, the id and the time are the link's, not the asker's.
  auto json = TRY(all.options.show({.project = link.project,
                                    .kind = object.kind,
                                    .id = object.id,
                                    .trace = std::string(request.capture("trace_id")),
                                    .span = std::string(request.capture("span_id")),
                                    .bodies = bare ? "none" : std::string(request.query.get("bodies")),
                                    .until = link.created}));
  if (bare) json = without_bodies(json);
  if (link.redaction != "full") json = guard::redact(std::move(json), all.options.patterns(link.project));
  return answer(std::move(json));
}

}  // namespace

Result<> Pace::check(std::string_view address, Nanos now) {
  const std::lock_guard lock(mutex_);
  if (seen_.size() > most_addresses)
    std::erase_if(seen_, [&](const auto& one) { return one.second.wrong_since + wrong_window < now; });
  Seen& seen = seen_[std::string(address)];
  if (now - seen.since > window) seen.since = now, seen.requests = 0;
  if (now - seen.wrong_since > wrong_window) seen.wrong_since = now, seen.wrong = 0;
  if (seen.wrong >= most_wrong || ++seen.requests > most_requests)
    return fail(ErrorKind::exhausted, "Too many requests about share links from this address. Wait a few minutes.");
  return {};
}

void Pace::wrong(std::string_view address, Nanos now) {
  const std::lock_guard lock(mutex_);
  Seen& seen = seen_[std::string(address)];
  if (now - seen.wrong_since > wrong_window) seen.wrong_since = now, seen.wrong = 0;
  ++seen.wrong;
}

void add_public_routes(net::Router& router, const std::shared_ptr<Share>& all) {
  const std::string one = "/api/v1/share/{id}",
                    about = "{share:{id, kind, objects, redaction, note, created, expires}}";
  add(router, all,
      {.method = "POST",
       .pattern = "/api/v1/share/open",
       .permission = "public",  // the token is what lets in
       .summary = "Opens a share link: says what it shows, and sets the cookie for reading it; each opening is audited",
       .accepts = "{token}",
       .answers = about},
      open);
  add(router, all,
      {.method = "GET",
       .pattern = one,
       .permission = "public",
       .summary = "What a share link shows; by its cookie, or the token as x-pawl-share",
       .answers = about},
      show);
  add(router, all,
      {.method = "GET",
       .pattern = one + "/objects/{n}",
       .permission = "public",
       .summary = "An object of a share link, redacted: the answer of /api/v1/traces/{trace_id} or of "
                  "/api/v1/sessions/{session_id}",
       .query = {{"bodies", "none, new or full"}},
       .answers = "as for a trace or a session"},
      show_object);
  add(router, all,
      {.method = "GET",
       .pattern = one + "/objects/{n}/traces/{trace_id}/spans/{span_id}",
       .permission = "public",
       .summary = "One span of a share link's object with whole bodies, redacted",
       .answers = "a Span"},
      show_object);
}

}  // namespace pawl::share
