// Who is mentioned, who is told, and the list of what mentions somebody.
#include <algorithm>
#include <map>

#include "base/ids.h"
#include "base/markup.h"
#include "base/text.h"
#include "inside.h"
#include "net/mail_text.h"

namespace pawl::comments {
namespace {

using projects::access_of;

bool is_of_handle(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-' || c == '+' || c == '@' || c == '%';
}

Result<net::Response> people(Comments& all, const net::Request& request) {
  JsonWriter json;
  json.object().key("people").array();
  for (const auto& one : TRY(handles_of(all, access_of(request).project)))
    json.object().field("id", one.user).field("handle", one.handle).field("name", one.name).end();
  return net::Response::json(json.end().end().take());
}

Result<std::int64_t> unseen_of(Comments& all, const projects::Access& access) {
  const auto rows = TRY(all.ledger.read("SELECT count(*) FROM mentions WHERE user = ? AND project = ? AND seen = 0",
                                        {access.user, std::int64_t{access.project}}));
  return rows.integer(0, 0);
}

Result<net::Response> mentions(Comments& all, const net::Request& request) {
  const auto& access = access_of(request);
  const auto rows = TRY(all.ledger.read(
      fmt::format("SELECT {}, m.seen, m.at FROM mentions AS m JOIN comments AS c ON c.project = m.project AND c.id = "
                  "m.comment WHERE m.user = ? AND m.project = ? ORDER BY m.at DESC LIMIT 200",
                  comment_columns),
      {access.user, std::int64_t{access.project}}));
  const auto handles = TRY(handles_of(all, access.project));
  JsonWriter json;
  json.object().field("unseen", TRY(unseen_of(all, access))).key("mentions").array();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    json.object().key("comment");
    write(json, comment_of(rows, i), handles, access);
    json.field("seen", rows.integer(i, 12) != 0).field("at", format_time(rows.integer(i, 13))).end();
  }
  return net::Response::json(json.end().end().take());
}

Result<net::Response> seen(Comments& all, const net::Request& request) {
  if (request.content_type != "application/json")
    return fail(ErrorKind::invalid, "Send the body with Content-Type: application/json.");
  const auto& access = access_of(request);
  const auto ids = TRY(TRY(JsonFields::parse(request.body)).texts("ids"));
  TRY(all.ledger.change([&](ledger::Transaction& t) -> Result<> {
    if (ids.empty())
      TRY(t.run("UPDATE mentions SET seen = 1 WHERE user = ? AND project = ?",
                {access.user, std::int64_t{access.project}}));
    for (const auto& id : ids)
      TRY(t.run("UPDATE mentions SET seen = 1 WHERE user = ? AND project = ? AND comment = ?",
                {access.user, std::int64_t{access.project}, id}));
    return {};
  }));
  JsonWriter json;
  return net::Response::json(json.object().field("unseen", TRY(unseen_of(all, access))).end().take());
}

}  // namespace

std::vector<std::string> mentions_in(std::string_view text) {
  std::vector<std::string> out;
  bool code = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '`') code = !code;
    if (text[at] != '@' || code || (at > 0 && is_of_handle(text[at - 1]))) continue;
    std::size_t end = at + 1;
    while (end < text.size() && is_of_handle(text[end])) ++end;
    auto word = text.substr(at + 1, end - at - 1);
    while (!word.empty() && std::string_view(".-@+%").find(word.back()) != std::string_view::npos)
      word.remove_suffix(1);
    if (!word.empty() && std::ranges::find(out, to_lower(word)) == out.end()) out.push_back(to_lower(word));
    at = end - 1;
  }
  return out;
}

Result<std::vector<Handle>> handles_of(Comments& all, ProjectId project) {
  std::vector<Handle> out;
  std::map<std::string, int> times;
  for (const auto& member : TRY(all.projects.members(project))) {
    if (member.user.disabled) continue;
    const auto email = to_lower(member.user.email);
    out.push_back({member.user.id, std::string(cut(email, '@').first),
                   member.user.name.empty() ? member.user.email : member.user.name, email});
    ++times[out.back().handle];
  }
  for (auto& one : out)
    if (times[one.handle] > 1) one.handle = one.email;  // two of them: each by the whole address
  return out;
}

Result<std::vector<Handle>> note_mentions(ledger::Transaction& t, const Comments& all, ProjectId project,
                                          const Comment& comment, const std::vector<Handle>& handles) {
  std::vector<Handle> told;
  for (const auto& word : mentions_in(comment.text)) {
    for (const auto& one : handles) {
      if ((one.handle != word && one.email != word) || comment.author == fmt::format("user {}", one.user)) continue;
      TRY(t.run("INSERT OR IGNORE INTO mentions (project, comment, user, at) VALUES (?, ?, ?, ?)",
                {std::int64_t{project}, comment.id, one.user, all.clock.now()}));
      if (t.changes() > 0) told.push_back(one);
    }
  }
  return told;
}

void send_mails(const Comments& all, const Comment& comment, const std::vector<Handle>& told) {
  if (!all.options.mail) return;
  for (const auto& one : told) {
    const std::string where =
        !comment.trace.empty()
            ? fmt::format("{}/traces/{}", all.options.public_url(), percent_encode(comment.trace))
            : fmt::format("{}/sessions/{}", all.options.public_url(), percent_encode(comment.session));
    const std::string subject = fmt::format("{} mentioned you", comment.author_name);
    const std::string text = fmt::format("{}\r\n\r\n{}\r\n", comment.text, where);
    const std::string page =
        fmt::format("<html><body><p style=\"white-space:pre-wrap\">{}</p><p><a href=\"{}\">{}</a></p></body></html>",
                    escape_markup(comment.text), escape_markup(where), escape_markup(where));
    const auto sent = all.options.mail(one.email, [&](std::string_view from) {
      return net::mail_text({.from = from,
                             .to = one.email,
                             .id = fmt::format("mention{}{}", to_hex(hash128(comment.id)), one.user),
                             .thread = to_hex(hash128(comment.trace + comment.session)),
                             .list = "mentions",
                             .subject = subject,
                             .text = text,
                             .html = page,
                             .files = {}},
                            all.clock.now());
    });
    if (!sent) all.log.warn("a mention could not be mailed; it stands in the page", {{"why", sent.error().what}});
  }
}

void add_mention_routes(net::Router& router, const std::shared_ptr<Comments>& all) {
  add(router, all,
      {.method = "GET",
       .pattern = "/api/v1/comments/people",
       .permission = "read",
       .summary = "Who can be mentioned",
       .answers = "{people:[{id, handle, name}]}"},
      people);
  add(router, all,
      {.method = "GET",
       .pattern = "/api/v1/mentions",
       .permission = "user",
       .summary = "Comments that mention the asker, the newest first",
       .answers = "{unseen, mentions:[{comment:Comment, seen, at}]}"},
      mentions);
  add(router, all,
      {.method = "POST",
       .pattern = "/api/v1/mentions/seen",
       .permission = "user",
       .summary = "Marks mentions as seen: those that are named, or all",
       .accepts = "{ids}",
       .answers = "{unseen}"},
      seen);
}

}  // namespace pawl::comments
