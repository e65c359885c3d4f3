// What the rooms of projects share.
#pragma once
#include <atomic>
#include <mutex>
#include <unordered_map>

#include "attempts.h"
#include "base/published.h"
#include "projects.h"

namespace pawl::projects {

// A key as the gate sees it.
struct KnownKey {
  std::string hash;  // SHA-256 of the whole secret
  Key key;
  std::shared_ptr<std::atomic<Nanos>> used;  // goes from one snapshot to the next
};

// All that a request needs to know, swapped whole.
struct Snapshot {
  std::unordered_map<std::string, KnownKey> keys;
  std::unordered_map<ProjectId, std::string> masking;
  std::uint32_t epoch = 0;
};

// The key that a token stands for (token.cc), or null.
const KnownKey* key_behind_token(const Snapshot& known, std::string_view token);

// A log-in as the gate sees it; asked again after a second.
struct KnownLogin {
  std::int64_t user = 0;
  std::string id, csrf;
  Nanos expires = 0, checked = 0;
  std::vector<std::pair<ProjectId, std::string>> roles;
};

// Something that goes on as long as its asker may.
struct Watched {
  Access access;
  std::shared_ptr<std::atomic<bool>> holds;
};

struct Projects::Inside {
  ledger::Ledger& ledger;
  Random& random;
  const Clock& clock;
  Audit audit;
  Published<Snapshot> snapshot;
  std::atomic<Nanos> confirmed = 0;  // monotonic: when the snapshot was what the ledger held
  std::atomic<bool> away = false;
  mutable std::mutex mutex;
  mutable std::mutex chance;                                 // of `random`
  std::unordered_map<std::string, KnownLogin> known_logins;  // by hash of the cookie
  std::vector<Watched> watched;
  std::string fault;  // why the ledger is away
  Nanos flushed = 0;  // when `last_used` of keys was written
  Attempts attempts;

  Inside(ledger::Ledger& l, Random& r, const Clock& c, Audit a) : ledger(l), random(r), clock(c), audit(std::move(a)) {}
  std::string random_text(std::size_t bytes);
  Result<std::string> hashed(std::string_view password);
  Result<> load();
  void write_last_used();
  void forget_logins();  // roles are read again
  void check_watched();
  Result<std::optional<KnownLogin>> login_of(std::string_view cookie);
  std::optional<net::Response> pass_key(net::Request& request, std::string_view secret,
                                        std::string_view permission) const;
  std::optional<net::Response> pass_login(net::Request& request, const KnownLogin& login,
                                          std::string_view permission) const;
  Result<> begin_login(ledger::Transaction& t, LoggedIn& who, std::string_view via, const Visit& visit);
  Result<User> insert_user(ledger::Transaction& t, User user, std::string_view password_hash, std::string_view actor);
  Result<> check_owner_left(ledger::Transaction& t);
};

// Argon2id with OWASP's parameters (m = 19 MiB, t = 2, p = 1), encoded (PHC string).
Result<std::string> hash_password(std::string_view password, Random& random);
bool verify_password(std::string_view encoded, std::string_view password);

bool equal_in_constant_time(std::string_view a, std::string_view b);
std::string cookie_of(const net::Request& request);  // value of __Host-pawl, or ""

Result<> check_name(std::string_view name, std::string_view what);  // 1 to 100 characters of UTF-8, no control ones
Result<std::string> checked_email(std::string_view email);          // in lower case
Result<> check_role(std::string_view role);
inline constexpr std::string_view user_columns =
    "u.id, u.email, u.name, u.owner, u.disabled, u.password <> '', u.created, "
    "(SELECT max(seen) FROM logins WHERE user = u.id)";
User user_of(const ledger::Rows& rows, std::size_t i);

}  // namespace pawl::projects
