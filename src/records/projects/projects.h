// Who may do what, in which project: projects, keys, users, roles, log-in (security.md, api.md "Keys").
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "base/time.h"
#include "net/http.h"
#include "store/ledger/ledger.h"

namespace pawl::projects {

using ProjectId = std::uint32_t;
inline constexpr ProjectId default_project = 1;  // of local mode

struct Scopes {
  bool ingest = false, read = false, write = false, administer = false;
  bool operator==(const Scopes&) const = default;
};
Result<Scopes> parse_scopes(std::string_view list);  // "ingest,read,write,admin"; `invalid` names the unknown word
std::string to_text(const Scopes& scopes);

// What the gate found out about the asker of a request; Request::who holds it.
struct Access {
  ProjectId project = default_project;
  std::string key;        // id of the key, "" for a log-in or local mode
  std::int64_t user = 0;  // 0 for a key or local mode
  std::string role;       // "owner" "admin" "member" "viewer", "" for a key
  std::string csrf;       // of the log-in
  bool local = false;
  Scopes may;
};

// Of a request that has passed the gate.
const Access& access_of(const net::Request& request);
// For the audit table and logs: "key pk_…", "user 3", "local".
std::string actor_of(const Access& access);

struct Project {
  ProjectId id = 0;
  std::string name;
  std::string role;  // of the user who asked; "" elsewhere
};
struct Key {
  std::string id;  // public prefix: "pk_" and 12 characters
  ProjectId project = 0;
  std::string name;
  Scopes scopes;
  Nanos created = 0, expires = 0, revoked = 0;  // 0: never
};
struct NewKey {
  Key key;
  std::string secret;  // "pawl_sk_ID_…": shown once, stored as SHA-256
};
struct User {
  std::int64_t id = 0;
  std::string email, name;
  bool owner = false;  // of the organisation: everything, in every project
};

// What happened that somebody may ask about later.
using Audit =
    std::function<void(ProjectId project, std::string_view actor, std::string_view action, std::string_view detail)>;

std::span<const ledger::Migration> migrations();

class Projects {
 public:
  // The ledger is migrated. Reads the snapshot of keys; `default` is made where it is missing.
  static Result<std::unique_ptr<Projects>> open(ledger::Ledger& ledger, Random& random, const Clock& clock,
                                                Audit audit);
  ~Projects();
  Projects(const Projects&) = delete;
  Projects& operator=(const Projects&) = delete;

  // --- the gate -------------------------------------------------------------------------------------------------
  // Permissions of routes: "public" "ingest" "read" "write" "admin"; "user" (log-in or local, any role).
  // A key as Authorization: Bearer, Basic (public id : secret, or anything : secret) or x-api-key; else the cookie.
  // `local`: nobody is asked for anything. Not theirs and not there are the same 404; no credentials is 401.
  std::optional<net::Response> gate(net::Request& request, std::string_view permission, bool local) const;

  // --- keys -----------------------------------------------------------------------------------------------------
  Result<NewKey> create_key(ProjectId project, std::string_view name, const Scopes& scopes, Nanos expires,
                            std::string_view actor);
  Result<std::vector<Key>> keys(ProjectId project) const;
  // Stops working at once. `not_found` where the project has no such key.
  Result<> revoke_key(ProjectId project, std::string_view id, std::string_view actor);
  // Keys that others revoked in the ledger (the command line): called every half second.
  void refresh();

  // --- projects and users ---------------------------------------------------------------------------------------
  Result<Project> create_project(std::string_view name, std::string_view actor);  // `conflict` where the name is taken
  Result<std::vector<Project>> projects() const;
  Result<std::vector<Project>> projects_of(const Access& access) const;
  Result<Project> find_project(std::string_view name) const;
  Result<User> create_user(std::string_view email, std::string_view name, std::string_view password, bool owner,
                           std::string_view actor);
  Result<> add_member(std::int64_t user, ProjectId project, std::string_view role, std::string_view actor);
  Result<std::optional<User>> user(std::int64_t id) const;
  Result<bool> has_users() const;

  // --- log-in -----------------------------------------------------------------------------------------------------
  // A one-time link for the first administrator: 15 minutes, one use. The token goes into the fragment of /setup.
  Result<std::string> create_setup_token();
  struct LoggedIn {
    User user;
    std::string cookie;  // value of __Host-pawl
  };
  Result<LoggedIn> set_up(std::string_view token, std::string_view email, std::string_view name,
                          std::string_view password);
  // `denied` for a wrong pair, in the same words and time whether or not the account exists; `exhausted` after 10
  // failures of an account or 30 of an address in 15 minutes.
  Result<LoggedIn> log_in(std::string_view email, std::string_view password, std::string_view address);
  Result<> log_out(const net::Request& request);

 private:
  struct Inside;
  explicit Projects(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

}  // namespace pawl::projects
