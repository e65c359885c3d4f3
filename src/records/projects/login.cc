// Log-in by password, and what is known about those who are logged in.
#include "base/ids.h"
#include "base/text.h"
#include "inside.h"

namespace pawl::projects {
namespace {

constexpr Nanos login_life = 14 * day;
constexpr Nanos known_for = second;  // what another process changed is seen within a second
// An account that does not exist, or has no password, costs the same hash.
constexpr std::string_view nobody =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

std::string id_of_login(std::string_view hash) {
  return std::string(hash.substr(0, 16));
}

}  // namespace

Result<> Projects::Inside::begin_login(ledger::Transaction& t, LoggedIn& who, std::string_view via,
                                       const Visit& visit) {
  who.cookie = random_text(32);
  const Nanos now = clock.now();
  TRY(t.run("DELETE FROM logins WHERE expires < ?", {now}));
  TRY(
      t.run("INSERT INTO logins (hash, user, csrf, created, expires, via, address, agent, seen) VALUES (?, ?, ?, ?, ?, "
            "?, ?, ?, ?)",
            {to_hex(sha256(who.cookie)), who.user.id, random_text(16), now, now + login_life, std::string(via),
             visit.address, repair_utf8(utf8_prefix(visit.agent, 200)), now}));
  return audit(t, 0, fmt::format("user {}", who.user.id), "login",
               fmt::format("{} by {} from {}", who.user.email, via, visit.address));
}

Result<std::optional<KnownLogin>> Projects::Inside::login_of(std::string_view cookie) {
  if (cookie.empty()) return std::optional<KnownLogin>();
  const std::string hash = to_hex(sha256(cookie));
  const Nanos now = clock.now(), tick = clock.monotonic();
  {
    const std::lock_guard lock(mutex);
    const auto found = known_logins.find(hash);
    if (found != known_logins.end() && found->second.expires > now && tick - found->second.checked < known_for)
      return std::optional(found->second);
  }
  const auto rows = TRY(ledger.read(
      "SELECT l.user, l.csrf, l.expires, u.owner, l.seen FROM logins l JOIN users u ON u.id = l.user WHERE l.hash = ? "
      "AND l.expires > ? AND u.disabled = 0",
      {hash, now}));
  if (rows.size() == 0) return std::optional<KnownLogin>();
  KnownLogin login{rows.integer(0, 0), id_of_login(hash), rows.text(0, 1), rows.integer(0, 2), tick, {}};
  const auto roles =
      TRY(rows.integer(0, 3) != 0
              ? ledger.read("SELECT id, 'owner' FROM projects ORDER BY id")
              : ledger.read("SELECT project, role FROM members WHERE user = ? ORDER BY project", {login.user}));
  for (std::size_t i = 0; i < roles.size(); ++i)
    login.roles.emplace_back(static_cast<ProjectId>(roles.integer(i, 0)), roles.text(i, 1));
  if (now - rows.integer(0, 4) >= minute) {
    const auto seen = ledger.change([&](ledger::Transaction& t) -> Result<> {
      TRY(t.run("UPDATE logins SET seen = ? WHERE hash = ?", {now, hash}));
      return {};
    });
    (void)seen;  // only shown to its user
  }
  const std::lock_guard lock(mutex);
  if (known_logins.size() > 10'000) known_logins.clear();
  known_logins[hash] = login;
  return std::optional(std::move(login));
}

Result<LoggedIn> Projects::log_in(std::string_view email, std::string_view password, const Visit& visit) {
  const std::string account = to_lower(trim(email.substr(0, 300)));
  const Nanos now = inside_->clock.now();
  if (inside_->attempts.exhausted(account, visit.address, now))
    return fail(ErrorKind::exhausted, "Too many failed log-ins. Try again in 15 minutes.");
  const auto rows = TRY(inside_->ledger.read(
      fmt::format("SELECT {}, u.password FROM users u WHERE u.email = ? AND u.disabled = 0", user_columns), {account}));
  const bool can = rows.size() > 0 && !rows.text(0, 8).empty();
  const bool right = verify_password(can ? std::string_view(rows.text(0, 8)) : nobody, password);
  if (!can || !right) {
    inside_->attempts.failed(account, visit.address, now);
    TRY(inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
      return inside_->audit(t, 0, "address " + visit.address, "login.failed", repair_utf8(account));
    }));
    return fail(ErrorKind::denied, "E-mail and password do not belong together.");
  }
  inside_->attempts.succeeded(account);
  LoggedIn who{user_of(rows, 0), {}};
  TRY(inside_->ledger.change(
      [&](ledger::Transaction& t) -> Result<> { return inside_->begin_login(t, who, "password", visit); }));
  return who;
}

Result<> Projects::change_password(const Access& access, std::string_view old, std::string_view fresh,
                                   const Visit& visit) {
  const auto rows =
      TRY(inside_->ledger.read("SELECT email, password FROM users WHERE id = ? AND disabled = 0", {access.user}));
  if (rows.size() == 0) return fail(ErrorKind::not_found, "There is no such user.");
  const std::string &account = rows.text(0, 0), &before = rows.text(0, 1);
  const Nanos now = inside_->clock.now();
  if (inside_->attempts.exhausted(account, visit.address, now))
    return fail(ErrorKind::exhausted, "Too many wrong passwords. Try again in 15 minutes.");
  if (!before.empty() && !verify_password(before, old)) {
    inside_->attempts.failed(account, visit.address, now);
    return fail(ErrorKind::denied, "The old password is wrong.");
  }
  const std::string hash = TRY(inside_->hashed(fresh));
  TRY(inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("UPDATE users SET password = ? WHERE id = ?", {hash, access.user}));
    TRY(t.run("DELETE FROM logins WHERE user = ? AND substr(hash, 1, 16) <> ?", {access.user, access.login}));
    return inside_->audit(t, 0, fmt::format("user {}", access.user), "password.set", account);
  }));
  inside_->forget_logins();
  return {};
}

Result<> Projects::reset_password(std::int64_t user, std::string_view fresh, std::string_view actor) {
  const std::string hash = TRY(inside_->hashed(fresh));
  TRY(inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("UPDATE users SET password = ? WHERE id = ?", {hash, user}));
    if (t.changes() == 0) return fail(ErrorKind::not_found, "There is no such user.");
    TRY(t.run("DELETE FROM logins WHERE user = ?", {user}));
    return inside_->audit(t, 0, actor, "password.set", fmt::format("user {}", user));
  }));
  inside_->forget_logins();
  return {};
}

Result<std::vector<Login>> Projects::logins(std::int64_t user) const {
  const auto rows = TRY(inside_->ledger.read(
      "SELECT hash, via, address, agent, created, seen, expires FROM logins WHERE user = ? AND expires > ? ORDER BY "
      "seen DESC",
      {user, inside_->clock.now()}));
  std::vector<Login> out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    out.push_back({id_of_login(rows.text(i, 0)), rows.text(i, 1), rows.text(i, 2), rows.text(i, 3), rows.integer(i, 4),
                   rows.integer(i, 5), rows.integer(i, 6)});
  }
  return out;
}

Result<std::int64_t> Projects::user_behind(const net::Request& request) const {
  const auto login = TRY(inside_->login_of(cookie_of(request)));
  return login ? login->user : 0;
}

Result<> Projects::end_login(std::int64_t user, std::string_view id) {
  TRY(inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("DELETE FROM logins WHERE user = ? AND substr(hash, 1, 16) = ?", {user, std::string(id)}));
    if (t.changes() == 0) return fail(ErrorKind::not_found, "There is no such log-in of yours.");
    return inside_->audit(t, 0, fmt::format("user {}", user), "login.end", id);
  }));
  inside_->forget_logins();
  return {};
}

Result<> Projects::end_other_logins(std::int64_t user, std::string_view kept) {
  TRY(inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("DELETE FROM logins WHERE user = ? AND substr(hash, 1, 16) <> ?", {user, std::string(kept)}));
    return inside_->audit(t, 0, fmt::format("user {}", user), "login.end", fmt::format("{} others", t.changes()));
  }));
  inside_->forget_logins();
  return {};
}

}  // namespace pawl::projects
