// Log-in by an identity provider: who it is here, and which roles the operator's rules give.
#include "base/text.h"
#include "inside.h"

namespace pawl::projects {
namespace {

constexpr std::string_view via = "single sign-on";

// The user behind (issuer, subject); id 0 where there is none.
Result<User> known_user(ledger::Transaction& t, const Person& person) {
  const auto rows = TRY(t.run(fmt::format("SELECT {} FROM identities i JOIN users u ON u.id = i.user WHERE i.issuer = "
                                          "? AND i.subject = ?",
                                          user_columns),
                              {person.issuer, person.subject}));
  return rows.size() == 0 ? User{} : user_of(rows, 0);
}

// Gives and takes what rules gave before; what somebody gave by hand stays.
Result<> apply_rules(ledger::Transaction& t, const Person& person, std::int64_t user) {
  if (person.owner) {
    TRY(t.run("UPDATE users SET owner_by_rule = 1, owner = 1 WHERE id = ? AND owner = 0", {user}));
  } else {  // the last owner stays one
    TRY(
        t.run("UPDATE users SET owner_by_rule = 0, owner = 0 WHERE id = ? AND owner_by_rule = 1 AND EXISTS (SELECT 1 "
              "FROM users o WHERE o.owner = 1 AND o.disabled = 0 AND o.id <> ?)",
              {user, user}));
  }
  TRY(t.run("DELETE FROM members WHERE user = ? AND by_rule = 1", {user}));
  for (const auto& [project, role] : person.roles) {
    TRY(
        t.run("INSERT INTO members (user, project, role, by_rule) SELECT ?, id, ?, 1 FROM projects WHERE name = ? ON "
              "CONFLICT (user, project) DO NOTHING",
              {user, role, project}));
  }
  return {};
}

// Open invitations for an address that the provider has verified are accepted.
Result<> apply_invitations(ledger::Transaction& t, const Person& person, std::int64_t user, Nanos now) {
  if (!person.email_is_verified) return {};
  const std::string email = to_lower(person.email);
  TRY(
      t.run("INSERT INTO members (user, project, role) SELECT ?, project, role FROM invitations WHERE email = ? AND "
            "used = 0 AND expires > ? ON CONFLICT (user, project) DO UPDATE SET role = excluded.role, by_rule = 0",
            {user, email, now}));
  TRY(t.run("UPDATE invitations SET used = ? WHERE email = ? AND used = 0 AND expires > ?", {now, email, now}));
  return {};
}

Result<std::string> roles_of(ledger::Transaction& t, std::int64_t user) {
  const auto rows = TRY(
      t.run("SELECT 'owner' FROM users WHERE id = ? AND owner = 1 UNION ALL SELECT project || '/' || role || CASE WHEN "
            "by_rule THEN ' by rule' ELSE '' END FROM members WHERE user = ?",
            {user, user}));
  std::vector<std::string> words;
  for (std::size_t i = 0; i < rows.size(); ++i) words.push_back(rows.text(i, 0));
  return join(words, ", ");
}

}  // namespace

Result<LoggedIn> Projects::enter(const Person& person, const Visit& visit) {
  LoggedIn who;
  bool has_role = false;
  const auto done = inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    who.user = TRY(known_user(t, person));
    if (who.user.disabled) return fail(ErrorKind::denied, "This user is disabled.");
    const bool is_new = who.user.id == 0;
    std::string before;
    if (is_new) {
      const std::string email = TRY(checked_email(person.email));
      const std::string name(utf8_prefix(person.name.empty() ? email : person.name, 100));
      TRY(check_name(name, "user's name"));
      who.user = TRY(inside_->insert_user(t, {.email = email, .name = name}, "", std::string(via)));
      TRY(t.run("INSERT INTO identities (issuer, subject, user, created) VALUES (?, ?, ?, ?)",
                {person.issuer, person.subject, who.user.id, inside_->clock.now()}));
    } else {
      before = TRY(roles_of(t, who.user.id));
    }
    TRY(apply_rules(t, person, who.user.id));
    TRY(apply_invitations(t, person, who.user.id, inside_->clock.now()));
    const std::string roles = TRY(roles_of(t, who.user.id));
    if (roles != before)
      TRY(inside_->audit(t, 0, std::string(via), "roles.set", fmt::format("user {}: {}", who.user.id, roles)));
    has_role = !roles.empty();
    if (!has_role && is_new) return fail(ErrorKind::denied, "No rule gives {} a role here.", person.email);
    return has_role ? inside_->begin_login(t, who, via, visit) : Result<>();
  });
  inside_->forget_logins();
  if (!done && done.error().kind == ErrorKind::conflict)
    return fail(ErrorKind::conflict,
                "{} has an account here that is not connected. Log in with its password and connect it in Settings.",
                person.email);
  TRY(done);
  if (!has_role) return fail(ErrorKind::denied, "No rule gives {} a role here any more.", person.email);
  return who;
}

Result<> Projects::connect(std::int64_t user, std::string_view issuer, std::string_view subject) {
  const auto done = inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("INSERT INTO identities (issuer, subject, user, created) VALUES (?, ?, ?, ?)",
              {std::string(issuer), std::string(subject), user, inside_->clock.now()}));
    return inside_->audit(t, 0, fmt::format("user {}", user), "identity.connect", issuer);
  });
  if (!done && done.error().kind == ErrorKind::conflict)
    return fail(ErrorKind::conflict, "This identity belongs to a user already.");
  return done;
}

Result<> Projects::disconnect(std::int64_t user) {
  const auto who = TRY(this->user(user));
  if (who && !who->has_password)
    return fail(ErrorKind::conflict, "Set a password first, or nobody could log in as this user.");
  return inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("DELETE FROM identities WHERE user = ?", {user}));
    return inside_->audit(t, 0, fmt::format("user {}", user), "identity.disconnect", "");
  });
}

Result<bool> Projects::is_connected(std::int64_t user) const {
  return TRY(inside_->ledger.read("SELECT 1 FROM identities WHERE user = ? LIMIT 1", {user})).size() > 0;
}

}  // namespace pawl::projects
