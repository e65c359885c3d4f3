// The routes of comments, and their tables.
#include "base/ids.h"
#include "base/text.h"
#include "inside.h"
#include "records/audit/audit.h"

namespace pawl::comments {
namespace {

using projects::access_of;
using projects::actor_of;

constexpr std::size_t most_text = 20'000, most_shown = 2'000;

constexpr ledger::Migration steps[] = {{"comments", 1, R"sql(
CREATE TABLE comments (project INTEGER NOT NULL REFERENCES projects (id), id TEXT NOT NULL,
  session_id TEXT NOT NULL, trace_id TEXT NOT NULL, span_id TEXT NOT NULL, -- the client's ids; '' where not
  author TEXT NOT NULL, -- as in the audit table
  author_name TEXT NOT NULL, text TEXT NOT NULL, -- Markdown
  parent TEXT NOT NULL, source TEXT NOT NULL, -- of what was imported: 'langfuse' …
  created INTEGER NOT NULL, edited INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (project, id)) STRICT;
CREATE INDEX comments_trace ON comments (project, trace_id);
CREATE INDEX comments_session ON comments (project, session_id);
CREATE TABLE mentions (project INTEGER NOT NULL, comment TEXT NOT NULL, user INTEGER NOT NULL REFERENCES users (id),
  at INTEGER NOT NULL, seen INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (user, project, comment)) STRICT;
)sql"}};

Result<JsonFields> body_of(const net::Request& request) {
  if (request.content_type != "application/json")
    return fail(ErrorKind::invalid, "Send the body with Content-Type: application/json.");
  return JsonFields::parse(request.body);
}

Result<std::string> text_in(Comments& all, ProjectId project, const JsonFields& fields) {
  std::string text = fields.text("text");
  if (trim(text).empty()) return fail(ErrorKind::invalid, "A comment needs a text.");
  if (text.size() > most_text)
    return fail(ErrorKind::invalid, "The text has {} bytes; a comment can have {}.", text.size(), most_text);
  if (all.options.mask) TRY(all.options.mask(project, text));
  return text;
}

Result<Comment> get(ledger::Transaction& t, ProjectId project, const std::string& id) {
  const auto rows = TRY(t.run(fmt::format("SELECT {} FROM comments WHERE project = ? AND id = ?", comment_columns),
                              {std::int64_t{project}, id}));
  if (rows.size() == 0 || comment_of(rows, 0).deleted)
    return fail(ErrorKind::not_found, "There is no comment {} in this project.", id);
  return comment_of(rows, 0);
}

Result<std::string> name_of(Comments& all, const projects::Access& access) {
  const auto user = access.user == 0 ? std::nullopt : TRY(all.projects.user(access.user));
  if (!user) return actor_of(access);
  return user->name.empty() ? user->email : user->name;
}

net::Response answer(const Comment& comment, const std::vector<Handle>& handles, const projects::Access& access,
                     int status = 200) {
  JsonWriter json;
  write(json, comment, handles, access);
  return net::Response::json(json.take(), status);
}

Result<net::Response> list(Comments& all, const net::Request& request) {
  const auto& access = access_of(request);
  const std::string session(request.query.get("session_id")), trace(request.query.get("trace_id")),
      span(request.query.get("span_id"));
  if (session.empty() && trace.empty() && span.empty())
    return fail(ErrorKind::invalid, "Say whose comments: session_id, trace_id or span_id.");
  const auto rows = TRY(all.ledger.read(
      fmt::format("SELECT {} FROM comments AS c WHERE project = ? AND ((? <> '' AND session_id = ?) OR (? <> '' AND "
                  "trace_id = ?) OR (? = '' AND ? = '')) AND (? = '' OR span_id = ?) AND (deleted = 0 OR EXISTS "
                  "(SELECT 1 FROM comments WHERE project = c.project AND parent = c.id AND deleted = 0)) ORDER BY "
                  "created, id LIMIT {}",
                  comment_columns, most_shown),
      {std::int64_t{access.project}, session, session, trace, trace, session, trace, span, span}));
  const auto handles = TRY(handles_of(all, access.project));
  JsonWriter json;
  json.object().key("comments").array();
  for (std::size_t i = 0; i < rows.size(); ++i) write(json, comment_of(rows, i), handles, access);
  return net::Response::json(json.end().end().take());
}

Result<> insert(ledger::Transaction& t, ProjectId project, const Comment& c) {
  TRY(
      t.run("INSERT INTO comments (project, id, session_id, trace_id, span_id, author, author_name, text, parent, "
            "source, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            {std::int64_t{project}, c.id, c.session, c.trace, c.span, c.author, c.author_name, c.text, c.parent,
             c.source, c.created}));
  return {};
}

// What was imported keeps its author's name, its time and its id: sent again it is the same one.
Result<> take_over(Comment& comment, const JsonFields& fields) {
  comment.source = fields.text("source");
  if (comment.source.empty()) return {};
  const auto id = fields.text("id");
  if (comment.source.size() > 40 || id.empty() || id.size() > 200)
    return fail(ErrorKind::invalid, "A comment of another source needs that source's id.");
  comment.id = fmt::format("{}:{}", comment.source, id);
  if (fields.has("author_name")) comment.author_name = fields.text("author_name");
  if (fields.has("parent")) comment.parent = fmt::format("{}:{}", comment.source, fields.text("parent"));
  if (const auto at = parse_time(fields.text("created"))) comment.created = *at;
  return {};
}

Result<net::Response> create(Comments& all, const net::Request& request) {
  const auto fields = TRY(body_of(request));
  const auto& access = access_of(request);
  Comment comment{.id = random_uuid(),
                  .session = fields.text("session_id"),
                  .trace = fields.text("trace_id"),
                  .span = fields.text("span_id"),
                  .author = actor_of(access),
                  .author_name = TRY(name_of(all, access)),
                  .text = TRY(text_in(all, access.project, fields)),
                  .parent = fields.text("parent"),
                  .source = {},
                  .created = all.clock.now()};
  TRY(take_over(comment, fields));
  if (comment.session.empty() && comment.trace.empty() && comment.span.empty())
    return fail(ErrorKind::invalid, "Say what it is about: session_id, trace_id or span_id.");
  const auto handles = TRY(handles_of(all, access.project));
  std::vector<Handle> told;
  bool there = false;
  TRY(all.ledger.change([&](ledger::Transaction& t) -> Result<> {
    if (!comment.source.empty()) {
      there =
          TRY(t.run("SELECT 1 FROM comments WHERE project = ? AND id = ?", {std::int64_t{access.project}, comment.id}))
              .size() > 0;
      if (there) return {};
      return insert(t, access.project, comment);
    }
    if (!comment.parent.empty()) TRY(get(t, access.project, comment.parent));
    TRY(insert(t, access.project, comment));
    told = TRY(note_mentions(t, all, access.project, comment, handles));
    return audit::append(t, comment.created, access.project, comment.author, "comment.create", comment.id);
  }));
  send_mails(all, comment, told);
  return answer(comment, handles, access, there ? 200 : 201);
}

Result<net::Response> edit(Comments& all, const net::Request& request) {
  const auto fields = TRY(body_of(request));
  const auto& access = access_of(request);
  const auto text = TRY(text_in(all, access.project, fields));
  const auto handles = TRY(handles_of(all, access.project));
  Comment comment;
  std::vector<Handle> told;
  TRY(all.ledger.change([&](ledger::Transaction& t) -> Result<> {
    comment = TRY(get(t, access.project, std::string(request.capture("id"))));
    if (comment.author != actor_of(access))
      return fail(ErrorKind::denied, "This comment is {}'s; only they change it.", comment.author_name);
    comment.text = text, comment.edited = all.clock.now();
    TRY(t.run("UPDATE comments SET text = ?, edited = ? WHERE project = ? AND id = ?",
              {comment.text, comment.edited, std::int64_t{access.project}, comment.id}));
    told = TRY(note_mentions(t, all, access.project, comment, handles));
    return audit::append(t, comment.edited, access.project, comment.author, "comment.edit", comment.id);
  }));
  send_mails(all, comment, told);
  return answer(comment, handles, access);
}

// The text goes for good; that there was one stays where somebody answered it.
Result<net::Response> remove(Comments& all, const net::Request& request) {
  const auto& access = access_of(request);
  TRY(all.ledger.change([&](ledger::Transaction& t) -> Result<> {
    const auto comment = TRY(get(t, access.project, std::string(request.capture("id"))));
    if (comment.author != actor_of(access) && !access.may.administer)
      return fail(ErrorKind::denied, "This comment is {}'s; only they, or an administrator, delete it.",
                  comment.author_name);
    TRY(t.run("UPDATE comments SET text = '', deleted = 1 WHERE project = ? AND id = ?",
              {std::int64_t{access.project}, comment.id}));
    TRY(t.run("DELETE FROM mentions WHERE project = ? AND comment = ?", {std::int64_t{access.project}, comment.id}));
    return audit::append(t, all.clock.now(), access.project, actor_of(access), "comment.delete", comment.id);
  }));
  return net::Response::json("{}");
}

}  // namespace

std::span<const ledger::Migration> migrations() {
  return steps;
}

Comment comment_of(const ledger::Rows& rows, std::size_t row) {
  return {.id = rows.text(row, 0),
          .session = rows.text(row, 1),
          .trace = rows.text(row, 2),
          .span = rows.text(row, 3),
          .author = rows.text(row, 4),
          .author_name = rows.text(row, 5),
          .text = rows.text(row, 6),
          .parent = rows.text(row, 7),
          .source = rows.text(row, 8),
          .created = rows.integer(row, 9),
          .edited = rows.integer(row, 10),
          .deleted = rows.integer(row, 11) != 0};
}

void write(JsonWriter& json, const Comment& comment, const std::vector<Handle>& handles,
           const projects::Access& asker) {
  const auto text_or_null = [&](std::string_view name, const std::string& text) {
    json.key(name);
    text.empty() ? json.null() : json.value(text);
  };
  json.object().field("id", comment.id);
  text_or_null("session_id", comment.session);
  text_or_null("trace_id", comment.trace);
  text_or_null("span_id", comment.span);
  json.key("author").object().field("id", comment.author).field("name", comment.author_name).end();
  json.field("text", comment.text).key("mentions").array();
  for (const auto& word : mentions_in(comment.text)) {
    for (const auto& one : handles)
      if (one.handle == word || one.email == word)
        json.object().field("id", one.user).field("handle", one.handle).field("name", one.name).end();
  }
  json.end();
  text_or_null("parent", comment.parent);
  json.field("created", format_time(comment.created)).key("edited");
  comment.edited == 0 ? json.null() : json.value(format_time(comment.edited));
  json.field("deleted", comment.deleted);
  json.field("mine", comment.source.empty() && comment.author == actor_of(asker)).field("source", comment.source).end();
}

void add(net::Router& router, const std::shared_ptr<Comments>& all, net::Route route, Work work) {
  route.handler = [all, work](net::Request& request) -> Task<Result<net::Response>> {
    co_return co_await net::on_pool(all->pool, request.cancel, [all, work, &request] { return work(*all, request); });
  };
  route.body_bytes = 128U << 10;
  router.add(std::move(route));
}

void add_routes(net::Router& router, net::Pool& pool, projects::Projects& projects, ledger::Ledger& ledger,
                const Clock& clock, const Log& log, Options options) {
  const auto all = std::make_shared<Comments>(pool, projects, ledger, clock, log, std::move(options));
  add(router, all,
      {.method = "GET",
       .pattern = "/api/v1/comments",
       .permission = "read",
       .summary = "Comments about a session (its traces too), a trace or a span, the oldest first",
       .query = {{"session_id", "of a session"}, {"trace_id", "of a trace"}, {"span_id", "of a span alone"}},
       .answers = "{comments:[Comment]}"},
      list);
  add(router, all,
      {.method = "POST",
       .pattern = "/api/v1/comments",
       .permission = "write",
       .summary = "Says something about a session, a trace or a span; Markdown, @handle mentions a member",
       .accepts = "{session_id, trace_id, span_id, text, parent}; of an import also {source, id, author_name, created}",
       .answers = "a Comment"},
      create);
  add(router, all,
      {.method = "PUT",
       .pattern = "/api/v1/comments/{id}",
       .permission = "write",
       .summary = "Changes one's own comment",
       .accepts = "{text}",
       .answers = "a Comment"},
      edit);
  add(router, all,
      {.method = "DELETE",
       .pattern = "/api/v1/comments/{id}",
       .permission = "write",
       .summary = "Deletes one's own comment, or as an administrator any",
       .answers = "{}"},
      remove);
  add_mention_routes(router, all);
}

}  // namespace pawl::comments
