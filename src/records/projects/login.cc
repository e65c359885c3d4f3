// Log-in: passwords, cookies, how often one may try.
#include "base/ids.h"
#include "base/text.h"
#include "inside.h"

namespace pawl::projects {
namespace {

constexpr Nanos login_life = 14 * day;
constexpr Nanos failure_window = 15 * minute;
constexpr std::size_t account_failures = 10, address_failures = 30;

// Forgets what is older than the window; true where there are too many left.
bool too_many(std::vector<Nanos>& failures, Nanos now, std::size_t most) {
  std::erase_if(failures, [&](Nanos at) { return at < now - failure_window; });
  return failures.size() >= most;
}

}  // namespace

Result<Projects::LoggedIn> Projects::Inside::begin_login(const User& user) {
  LoggedIn logged_in{user, random_text(32)};
  TRY(ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("DELETE FROM logins WHERE expires < ?", {clock.now()}));
    TRY(t.run("INSERT INTO logins (hash, user, csrf, created, expires) VALUES (?, ?, ?, ?, ?)",
              {to_hex(sha256(logged_in.cookie)), user.id, random_text(16), clock.now(), clock.now() + login_life}));
    return {};
  }));
  audit(0, fmt::format("user {}", user.id), "login", user.email);
  return logged_in;
}

Result<std::optional<Login>> Projects::Inside::login_of(std::string_view cookie) {
  if (cookie.empty()) return std::optional<Login>();
  const std::string hash = to_hex(sha256(cookie));
  {
    const std::lock_guard lock(mutex);
    const auto found = logins.find(hash);
    if (found != logins.end() && found->second.expires > clock.now()) return std::optional(found->second);
  }
  const auto rows = TRY(ledger.read(
      "SELECT l.user, l.csrf, l.expires, u.owner FROM logins l JOIN users u ON u.id = l.user WHERE l.hash = ? AND "
      "l.expires > ? AND u.disabled = 0",
      {hash, clock.now()}));
  if (rows.size() == 0) return std::optional<Login>();
  Login login{rows.integer(0, 0), rows.text(0, 1), rows.integer(0, 2), rows.integer(0, 3) != 0, {}};
  const auto roles =
      TRY(login.owner ? ledger.read("SELECT id, 'owner' FROM projects ORDER BY id")
                      : ledger.read("SELECT project, role FROM members WHERE user = ? ORDER BY project", {login.user}));
  for (std::size_t i = 0; i < roles.size(); ++i)
    login.roles.emplace_back(static_cast<ProjectId>(roles.integer(i, 0)), roles.text(i, 1));
  const std::lock_guard lock(mutex);
  if (logins.size() > 10'000) logins.clear();
  logins[hash] = login;
  return std::optional(std::move(login));
}

Result<Projects::LoggedIn> Projects::log_in(std::string_view email, std::string_view password,
                                            std::string_view address) {
  const std::string account = "account " + to_lower(trim(email)), peer = fmt::format("address {}", address);
  const Nanos now = inside_->clock.now();
  {
    const std::lock_guard lock(inside_->mutex);
    if (inside_->failures.size() > 100'000) inside_->failures.clear();
    if (too_many(inside_->failures[account], now, account_failures) ||
        too_many(inside_->failures[peer], now, address_failures)) {
      return fail(ErrorKind::exhausted, "Too many failed log-ins. Try again in 15 minutes.");
    }
  }
  const auto rows = TRY(inside_->ledger.read(
      "SELECT id, email, name, owner, password FROM users WHERE email = ? AND disabled = 0", {to_lower(trim(email))}));
  // An account that does not exist costs the same hash.
  static const std::string nobody =
      "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  const bool right = verify_password(rows.size() == 0 ? nobody : rows.text(0, 4), password);
  if (rows.size() == 0 || !right) {
    const std::lock_guard lock(inside_->mutex);
    inside_->failures[account].push_back(now);
    inside_->failures[peer].push_back(now);
    inside_->audit(0, peer, "login.failed", to_lower(trim(email)));
    return fail(ErrorKind::denied, "E-mail and password do not belong together.");
  }
  return inside_->begin_login({rows.integer(0, 0), rows.text(0, 1), rows.text(0, 2), rows.integer(0, 3) != 0});
}

Result<> Projects::log_out(const net::Request& request) {
  const std::string hash = to_hex(sha256(cookie_of(request)));
  {
    const std::lock_guard lock(inside_->mutex);
    inside_->logins.erase(hash);
  }
  return inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("DELETE FROM logins WHERE hash = ?", {hash}));
    return {};
  });
}

}  // namespace pawl::projects
