// One-time links: for the first administrator, and for those who are invited to a project.
#include "base/ids.h"
#include "base/text.h"
#include "inside.h"

namespace pawl::projects {
namespace {

constexpr Nanos setup_life = 15 * minute, invitation_life = 7 * day;
constexpr std::string_view columns =
    "i.id, i.project, p.name, i.email, i.role, i.actor, i.created, i.expires FROM invitations i JOIN projects p ON "
    "p.id = i.project";

Invitation invitation_of(const ledger::Rows& rows, std::size_t i) {
  return {rows.text(i, 0),    static_cast<ProjectId>(rows.integer(i, 1)),
          rows.text(i, 2),    rows.text(i, 3),
          rows.text(i, 4),    rows.text(i, 5),
          rows.integer(i, 6), rows.integer(i, 7)};
}

std::unexpected<Error> dead_link() {
  return fail(ErrorKind::denied, "This invitation is used, withdrawn or older than 7 days. Ask for a new one.");
}

std::unexpected<Error> dead_setup() {
  return fail(ErrorKind::denied,
              "This link is used or older than 15 minutes. Start Pawl again for a new one, or use `pawl user create`.");
}

// Uses it up; false where somebody was faster.
Result<bool> claim(ledger::Transaction& t, std::string_view id, Nanos now) {
  TRY(t.run("UPDATE invitations SET used = ? WHERE id = ? AND used = 0 AND expires > ?", {now, std::string(id), now}));
  return t.changes() == 1;
}

Result<> let_in(ledger::Transaction& t, const Invitation& invitation, std::int64_t user) {
  TRY(
      t.run("INSERT INTO members (user, project, role) VALUES (?, ?, ?) ON CONFLICT (user, project) DO UPDATE SET "
            "role = excluded.role, by_rule = 0",
            {user, std::int64_t{invitation.project}, invitation.role}));
  return {};
}

}  // namespace

Result<std::string> Projects::create_setup_token() {
  const std::string token = inside_->random_text(32);
  TRY(inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("INSERT INTO setup_links (hash, expires) VALUES (?, ?)",
              {to_hex(sha256(token)), inside_->clock.now() + setup_life}));
    return {};
  }));
  return token;
}

Result<LoggedIn> Projects::set_up(std::string_view token, std::string_view email, std::string_view name,
                                  std::string_view password, const Visit& visit) {
  const std::string hash = to_hex(sha256(token));
  const auto valid = TRY(inside_->ledger.read("SELECT 1 FROM setup_links WHERE hash = ? AND used = 0 AND expires > ?",
                                              {hash, inside_->clock.now()}));
  if (valid.size() == 0) return dead_setup();
  LoggedIn made{{.email = TRY(checked_email(email)), .name = std::string(name), .owner = true}, {}};
  TRY(check_name(name, "user's name"));
  const std::string password_hash = TRY(inside_->hashed(password));
  TRY(inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(
        t.run("UPDATE setup_links SET used = 1 WHERE hash = ? AND used = 0 AND expires > ? AND NOT EXISTS (SELECT 1 "
              "FROM users)",
              {hash, inside_->clock.now()}));
    if (t.changes() != 1) return dead_setup();
    made.user = TRY(inside_->insert_user(t, made.user, password_hash, "set-up link"));
    return inside_->begin_login(t, made, "link", visit);
  }));
  return made;
}

Result<NewInvitation> Projects::invite(ProjectId project, std::string_view email, std::string_view role,
                                       std::string_view actor) {
  TRY(check_role(role));
  NewInvitation made{{.id = "inv_" + inside_->random_text(6),
                      .project = project,
                      .email = TRY(checked_email(email)),
                      .role = std::string(role),
                      .actor = std::string(actor),
                      .created = inside_->clock.now(),
                      .expires = inside_->clock.now() + invitation_life},
                     inside_->random_text(32)};
  const Invitation& one = made.invitation;
  TRY(inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("DELETE FROM invitations WHERE used = 0 AND (expires < ? OR (project = ? AND email = ?))",
              {one.created, std::int64_t{project}, one.email}));  // a new one takes the place of the old
    TRY(
        t.run("INSERT INTO invitations (id, hash, project, email, role, actor, created, expires) VALUES (?, ?, ?, ?, "
              "?, ?, ?, ?)",
              {one.id, to_hex(sha256(made.token)), std::int64_t{project}, one.email, one.role, one.actor, one.created,
               one.expires}));
    return inside_->audit(t, project, actor, "member.invite", fmt::format("{} {} {}", one.id, one.email, role));
  }));
  return made;
}

Result<std::vector<Invitation>> Projects::invitations(ProjectId project) const {
  const auto rows = TRY(inside_->ledger.read(
      fmt::format("SELECT {} WHERE i.project = ? AND i.used = 0 AND i.expires > ? ORDER BY i.created", columns),
      {std::int64_t{project}, inside_->clock.now()}));
  std::vector<Invitation> out;
  for (std::size_t i = 0; i < rows.size(); ++i) out.push_back(invitation_of(rows, i));
  return out;
}

Result<> Projects::withdraw(ProjectId project, std::string_view id, std::string_view actor) {
  return inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("DELETE FROM invitations WHERE id = ? AND project = ? AND used = 0",
              {std::string(id), std::int64_t{project}}));
    if (t.changes() == 0) return fail(ErrorKind::not_found, "There is no open invitation {} in this project.", id);
    return inside_->audit(t, project, actor, "member.uninvite", id);
  });
}

Result<Invitation> Projects::invitation(std::string_view token) const {
  const auto rows =
      TRY(inside_->ledger.read(fmt::format("SELECT {} WHERE i.hash = ? AND i.used = 0 AND i.expires > ?", columns),
                               {to_hex(sha256(token)), inside_->clock.now()}));
  if (rows.size() == 0) return dead_link();
  return invitation_of(rows, 0);
}

Result<LoggedIn> Projects::join(std::string_view token, std::string_view name, std::string_view password,
                                const Visit& visit) {
  const Invitation found = TRY(invitation(token));
  TRY(check_name(name, "user's name"));
  const std::string hash = TRY(inside_->hashed(password));
  LoggedIn made{{.email = found.email, .name = std::string(name)}, {}};
  const auto done = inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    if (!TRY(claim(t, found.id, inside_->clock.now()))) return dead_link();
    made.user = TRY(inside_->insert_user(t, made.user, hash, "invitation " + found.id));
    TRY(let_in(t, found, made.user.id));
    TRY(inside_->audit(t, found.project, fmt::format("user {}", made.user.id), "member.join",
                       fmt::format("{} {}", found.id, found.role)));
    return inside_->begin_login(t, made, "link", visit);
  });
  if (!done && done.error().kind == ErrorKind::conflict)
    return fail(ErrorKind::conflict, "{} has an account here. Log in, then open this link again.", found.email);
  TRY(done);
  return made;
}

Result<> Projects::accept(std::string_view token, std::int64_t user) {
  const Invitation found = TRY(invitation(token));
  const auto who = TRY(this->user(user));
  if (!who || who->email != found.email)
    return fail(ErrorKind::denied, "This invitation is for {}. Log in as that user to accept it.", found.email);
  TRY(inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    if (!TRY(claim(t, found.id, inside_->clock.now()))) return dead_link();
    TRY(let_in(t, found, user));
    return inside_->audit(t, found.project, fmt::format("user {}", user), "member.join",
                          fmt::format("{} {}", found.id, found.role));
  }));
  inside_->forget_logins();
  return {};
}

}  // namespace pawl::projects
