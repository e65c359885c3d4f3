// Users, who owns the organisation, and roles in projects.
#include <argon2.h>

#include "base/text.h"
#include "inside.h"

namespace pawl::projects {
namespace {

constexpr std::size_t least_password = 10;

}  // namespace

User user_of(const ledger::Rows& rows, std::size_t i) {
  return {rows.integer(i, 0),      rows.text(i, 1),         rows.text(i, 2),    rows.integer(i, 3) != 0,
          rows.integer(i, 4) != 0, rows.integer(i, 5) != 0, rows.integer(i, 6), rows.integer(i, 7)};
}

Result<> check_name(std::string_view name, std::string_view what) {
  const bool has_control = std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) < ' '; });
  if (trim(name).empty() || name.size() > 100 || has_control || !is_utf8(name))
    return fail(ErrorKind::invalid, "A {} has 1 to 100 characters.", what);
  return {};
}

Result<std::string> checked_email(std::string_view email) {
  const std::string plain = to_lower(trim(email));
  const auto at = plain.find('@');
  const bool has_space = std::ranges::any_of(plain, [](char c) { return static_cast<unsigned char>(c) <= ' '; });
  if (at == std::string::npos || at == 0 || at + 1 >= plain.size() || plain.size() > 254 || has_space ||
      !is_utf8(plain)) {
    return fail(ErrorKind::invalid, "{} is no e-mail address.", repair_utf8(utf8_prefix(email, 254)));
  }
  return plain;
}

Result<> check_role(std::string_view role) {
  if (role != "admin" && role != "member" && role != "viewer")
    return fail(ErrorKind::invalid, "No role is called {}. Known: admin, member, viewer.", role);
  return {};
}

Result<std::string> hash_password(std::string_view password, Random& random) {
  if (password.size() < least_password)
    return fail(ErrorKind::invalid, "A password has at least {} characters.", least_password);
  if (password.size() > 1000) return fail(ErrorKind::invalid, "A password has at most 1000 characters.");
  const std::string salt = random.bytes(16);
  std::array<char, 256> encoded{};
  const int done = argon2id_hash_encoded(2, 19 * 1024, 1, password.data(), password.size(), salt.data(), salt.size(),
                                         32, encoded.data(), encoded.size());
  if (done != ARGON2_OK)
    return fail(ErrorKind::unavailable, "the password could not be hashed: {}", argon2_error_message(done));
  return std::string(encoded.data());
}

bool verify_password(std::string_view encoded, std::string_view password) {
  return argon2id_verify(std::string(encoded).c_str(), password.data(), password.size()) == ARGON2_OK;
}

Result<std::string> Projects::Inside::hashed(std::string_view password) {
  const std::lock_guard lock(chance);
  return hash_password(password, random);
}

Result<User> Projects::Inside::insert_user(ledger::Transaction& t, User user, std::string_view password_hash,
                                           std::string_view actor) {
  user.created = clock.now();
  user.has_password = !password_hash.empty();
  const auto rows =
      t.run("INSERT INTO users (email, name, password, owner, created) VALUES (?, ?, ?, ?, ?) RETURNING id",
            {user.email, user.name, std::string(password_hash), std::int64_t{user.owner ? 1 : 0}, user.created});
  if (!rows && rows.error().kind == ErrorKind::conflict)
    return fail(ErrorKind::conflict, "There is a user {} already.", user.email);
  user.id = TRY(rows).integer(0, 0);
  TRY(audit(t, 0, actor, "user.create", user.email + (user.owner ? " owner" : "")));
  return user;
}

Result<User> Projects::create_user(std::string_view email, std::string_view name, std::string_view password, bool owner,
                                   std::string_view actor) {
  User made{.email = TRY(checked_email(email)), .name = std::string(name), .owner = owner};
  TRY(check_name(name, "user's name"));
  const std::string hash = TRY(inside_->hashed(password));
  TRY(inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    made = TRY(inside_->insert_user(t, made, hash, actor));
    return {};
  }));
  return made;
}

Result<std::vector<User>> Projects::users() const {
  const auto rows = TRY(inside_->ledger.read(fmt::format("SELECT {} FROM users u ORDER BY u.email", user_columns)));
  std::vector<User> out;
  for (std::size_t i = 0; i < rows.size(); ++i) out.push_back(user_of(rows, i));
  return out;
}

Result<std::optional<User>> Projects::user(std::int64_t id) const {
  const auto rows = TRY(inside_->ledger.read(fmt::format("SELECT {} FROM users u WHERE u.id = ?", user_columns), {id}));
  if (rows.size() == 0) return std::optional<User>();
  return std::optional(user_of(rows, 0));
}

Result<bool> Projects::has_users() const {
  return TRY(inside_->ledger.read("SELECT 1 FROM users LIMIT 1")).size() > 0;
}

Result<> Projects::Inside::check_owner_left(ledger::Transaction& t) {
  if (TRY(t.run("SELECT 1 FROM users WHERE owner = 1 AND disabled = 0 LIMIT 1")).size() > 0) return {};
  return fail(ErrorKind::conflict, "The organisation needs an owner who can log in. Make somebody else one first.");
}

Result<> Projects::set_disabled(std::int64_t user, bool disabled, std::string_view actor) {
  TRY(inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("UPDATE users SET disabled = ? WHERE id = ?", {std::int64_t{disabled ? 1 : 0}, user}));
    if (t.changes() == 0) return fail(ErrorKind::not_found, "There is no such user.");
    if (disabled) TRY(t.run("DELETE FROM logins WHERE user = ?", {user}));
    TRY(inside_->check_owner_left(t));
    return inside_->audit(t, 0, actor, disabled ? "user.disable" : "user.enable", fmt::format("user {}", user));
  }));
  inside_->forget_logins();
  return {};
}

Result<> Projects::set_owner(std::int64_t user, bool owner, std::string_view actor) {
  TRY(inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("UPDATE users SET owner = ?, owner_by_rule = 0 WHERE id = ?", {std::int64_t{owner ? 1 : 0}, user}));
    if (t.changes() == 0) return fail(ErrorKind::not_found, "There is no such user.");
    TRY(inside_->check_owner_left(t));
    return inside_->audit(t, 0, actor, "user.owner", fmt::format("user {} {}", user, owner ? "is one" : "is none"));
  }));
  inside_->forget_logins();
  return {};
}

Result<std::vector<Member>> Projects::members(ProjectId project) const {
  const auto rows = TRY(inside_->ledger.read(
      fmt::format("SELECT {}, CASE WHEN u.owner THEN 'owner' ELSE m.role END, CASE WHEN u.owner THEN u.owner_by_rule "
                  "ELSE m.by_rule END FROM users u LEFT JOIN members m ON m.user = u.id AND m.project = ? "
                  "WHERE u.owner OR m.role IS NOT NULL ORDER BY u.email",
                  user_columns),
      {std::int64_t{project}}));
  std::vector<Member> out;
  for (std::size_t i = 0; i < rows.size(); ++i)
    out.push_back({user_of(rows, i), rows.text(i, 8), rows.integer(i, 9) != 0});
  return out;
}

Result<> Projects::add_member(std::int64_t user, ProjectId project, std::string_view role, std::string_view actor) {
  TRY(check_role(role));
  TRY(inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(
        t.run("INSERT INTO members (user, project, role) VALUES (?, ?, ?) ON CONFLICT (user, project) DO UPDATE SET "
              "role = excluded.role, by_rule = 0",
              {user, std::int64_t{project}, std::string(role)}));
    return inside_->audit(t, project, actor, "member.set", fmt::format("user {} {}", user, role));
  }));
  inside_->forget_logins();
  return {};
}

Result<> Projects::set_role(ProjectId project, std::int64_t user, std::string_view role, std::string_view actor) {
  TRY(check_role(role));
  TRY(inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("UPDATE members SET role = ?, by_rule = 0 WHERE user = ? AND project = ?",
              {std::string(role), user, std::int64_t{project}}));
    if (t.changes() == 0) return fail(ErrorKind::not_found, "There is no such member of this project.");
    return inside_->audit(t, project, actor, "member.set", fmt::format("user {} {}", user, role));
  }));
  inside_->forget_logins();
  return {};
}

Result<> Projects::remove_member(ProjectId project, std::int64_t user, std::string_view actor) {
  TRY(inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("DELETE FROM members WHERE user = ? AND project = ?", {user, std::int64_t{project}}));
    if (t.changes() == 0) return fail(ErrorKind::not_found, "There is no such member of this project.");
    return inside_->audit(t, project, actor, "member.remove", fmt::format("user {}", user));
  }));
  inside_->forget_logins();
  return {};
}

}  // namespace pawl::projects
