// What the rooms of comments share.
#pragma once
#include "base/json.h"
#include "base/json_fields.h"
#include "comments.h"

namespace pawl::comments {

struct Comments {
  net::Pool& pool;
  projects::Projects& projects;
  ledger::Ledger& ledger;
  const Clock& clock;
  const Log& log;
  Options options;
};

struct Comment {
  std::string id, session, trace, span, author, author_name, text, parent, source;
  Nanos created = 0, edited = 0;
  bool deleted = false;
};

inline constexpr std::string_view comment_columns =
    "id, session_id, trace_id, span_id, author, author_name, text, parent, source, created, edited, deleted";
Comment comment_of(const ledger::Rows& rows, std::size_t row);

// Who can be mentioned in a project.
struct Handle {
  std::int64_t user = 0;
  std::string handle, name, email;
};
Result<std::vector<Handle>> handles_of(Comments& all, ProjectId project);

// {id, session_id, …, mentions, mine}; `handles` of the project.
void write(JsonWriter& json, const Comment& comment, const std::vector<Handle>& handles, const projects::Access& asker);

// In the change that writes the comment: who is mentioned finds it. Gives those that had not been told of it.
Result<std::vector<Handle>> note_mentions(ledger::Transaction& t, const Comments& all, ProjectId project,
                                          const Comment& comment, const std::vector<Handle>& handles);
void send_mails(const Comments& all, const Comment& comment, const std::vector<Handle>& told);

using Work = Result<net::Response> (*)(Comments& all, const net::Request& request);
void add(net::Router& router, const std::shared_ptr<Comments>& all, net::Route route, Work work);
void add_mention_routes(net::Router& router, const std::shared_ptr<Comments>& all);

}  // namespace pawl::comments
