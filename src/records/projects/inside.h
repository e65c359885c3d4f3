// What the rooms of projects share.
#pragma once
#include <atomic>
#include <mutex>
#include <unordered_map>

#include "projects.h"

namespace pawl::projects {

// A key as the gate sees it.
struct KnownKey {
  std::string hash;  // SHA-256 of the whole secret
  Key key;
};
using Snapshot = std::unordered_map<std::string, KnownKey>;

struct Login {
  std::int64_t user = 0;
  std::string csrf;
  Nanos expires = 0;
  bool owner = false;
  std::vector<std::pair<ProjectId, std::string>> roles;
};

struct Projects::Inside {
  ledger::Ledger& ledger;
  Random& random;
  const Clock& clock;
  Audit audit;
  std::atomic<std::shared_ptr<const Snapshot>> snapshot;
  mutable std::mutex mutex;
  mutable std::mutex chance;                                     // of `random`
  std::unordered_map<std::string, Login> logins;                 // by hash of the cookie
  std::unordered_map<std::string, std::vector<Nanos>> failures;  // by "account …", "address …"

  Inside(ledger::Ledger& l, Random& r, const Clock& c, Audit a) : ledger(l), random(r), clock(c), audit(std::move(a)) {}
  std::string random_text(std::size_t bytes);
  Result<> load_keys();
  Result<std::optional<Login>> login_of(std::string_view cookie);
  Result<LoggedIn> begin_login(const User& user);
};

// Argon2id with OWASP's parameters (m = 19 MiB, t = 2, p = 1), encoded (PHC string).
Result<std::string> hash_password(std::string_view password, Random& random);
bool verify_password(std::string_view encoded, std::string_view password);

bool equal_in_constant_time(std::string_view a, std::string_view b);
std::string cookie_of(const net::Request& request);  // value of __Host-pawl, or ""

}  // namespace pawl::projects
