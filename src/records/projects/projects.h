// Who may do what, in which project: projects, keys, users, roles, log-in (security.md, api.md "Keys").
#pragma once
#include <atomic>
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
#include "people.h"
#include "store/ledger/ledger.h"

namespace pawl::projects {

inline constexpr ProjectId default_project = 1;  // of local mode

struct Scopes {
  bool ingest = false, read = false, write = false, administer = false;
  bool operate = false;  // the whole installation: its metrics, its back-ups; owners and the command line give it
  bool operator==(const Scopes&) const = default;
};
Result<Scopes> parse_scopes(
    std::string_view list);  // "ingest,read,write,admin,operate"; `invalid` names the unknown word
std::string to_text(const Scopes& scopes);
// Does `mine` hold all of `asked`?
bool covers(const Scopes& mine, const Scopes& asked);

// What the gate found out about the asker of a request; Request::who holds it.
struct Access {
  ProjectId project = default_project;  // 0: a log-in without any project, on routes for "self"
  std::string key;                      // id of the key, "" for a log-in or local mode
  std::int64_t user = 0;                // 0 for a key or local mode
  std::string role;                     // "owner" "admin" "member" "viewer", "" for a key
  std::string csrf, login;              // of the log-in: the page's token, its public id
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
  Nanos created = 0, expires = 0, revoked = 0, used = 0;  // 0: never; `used` is a minute late at most
};
struct NewKey {
  Key key;
  std::string secret;  // "pawl_sk_ID_…": shown once, stored as SHA-256
};

struct KeyToken {
  std::string token;  // a JWT; goes where the key would
  ProjectId project = 0;
};

// What is hidden in a project's telemetry before it reaches a disk: names of kinds of secrets (guard/secrets.h), as
// "model_key,token". Each change has a number that never means anything else afterwards.
struct Masking {
  std::uint32_t epoch = 0;           // 0: nobody has changed anything
  std::optional<std::string> kinds;  // nullopt: as Pawl comes
};

// May the ledger be asked? Known keys go on ingesting for 15 minutes without it; nothing else does.
struct LedgerState {
  bool away = false;
  Nanos age = 0;  // of what is known about keys
  std::string why;
};

// What happened that somebody may ask about later; inside the change that it tells of.
using Audit = std::function<Result<>(ledger::Transaction& transaction, ProjectId project, std::string_view actor,
                                     std::string_view action, std::string_view detail)>;

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
  // Permissions of routes: "public"; "ingest" "read" "write" "admin" "operate" (scopes of a key, or what a role holds);
  // for log-ins and local mode alone: "user" (any role in a project), "self" (also without a project), "owner". A key
  // as Authorization: Bearer, Basic (public id : secret, or anything : secret) or x-api-key; else the cookie; in the
  // address it is refused. `local`: nobody is asked for anything. Not theirs and not there are the same 404; no
  // credentials is 401.
  std::optional<net::Response> gate(net::Request& request, std::string_view permission, bool local) const;

  // For what goes on after its answer began, such as the live view: turns false within a second after the key is
  // revoked or expired, the log-in ended, or the role in this project gone.
  std::shared_ptr<const std::atomic<bool>> watch(const Access& access);

  // --- keys -----------------------------------------------------------------------------------------------------
  Result<NewKey> create_key(ProjectId project, std::string_view name, const Scopes& scopes, Nanos expires,
                            std::string_view actor);
  Result<std::vector<Key>> keys(ProjectId project) const;
  // A token that stands for a key, for clients that ask for one first; `denied` where the key is wrong or has expired.
  // It is checked against the keys at every use, and holds as long as its key.
  Result<KeyToken> exchange(std::string_view secret, bool local) const;
  // Stops working at once. `not_found` where the project has no such key.
  Result<> revoke_key(ProjectId project, std::string_view id, std::string_view actor);
  // Reads again what others may have changed in the ledger (the command line): called every half second.
  void refresh();
  LedgerState ledger_state() const;

  // --- projects ---------------------------------------------------------------------------------------------------
  Result<Project> create_project(std::string_view name, std::string_view actor);  // `conflict` where the name is taken
  Result<std::vector<Project>> projects() const;
  Result<std::vector<Project>> projects_of(const Access& access) const;
  Result<Project> find_project(std::string_view name) const;
  Masking masking(ProjectId project) const;  // from memory, for every request
  Result<Masking> set_masking(ProjectId project, std::string_view kinds, std::string_view actor);

  // --- users and their roles --------------------------------------------------------------------------------------
  Result<User> create_user(std::string_view email, std::string_view name, std::string_view password, bool owner,
                           std::string_view actor);
  Result<std::vector<User>> users() const;
  Result<std::optional<User>> user(std::int64_t id) const;
  Result<bool> has_users() const;
  // Of the organisation. `conflict` where no enabled owner would be left. A disabled user is out at once.
  Result<> set_disabled(std::int64_t user, bool disabled, std::string_view actor);
  Result<> set_owner(std::int64_t user, bool owner, std::string_view actor);

  Result<std::vector<Member>> members(ProjectId project) const;  // owners too
  Result<> add_member(std::int64_t user, ProjectId project, std::string_view role, std::string_view actor);
  Result<> set_role(ProjectId project, std::int64_t user, std::string_view role, std::string_view actor);
  Result<> remove_member(ProjectId project, std::int64_t user, std::string_view actor);

  // An invitation holds for 7 days and for one use; its token goes into the fragment of /join. It says nothing about
  // whether there is such a user: whoever has an account accepts it after logging in.
  Result<NewInvitation> invite(ProjectId project, std::string_view email, std::string_view role,
                               std::string_view actor);
  Result<std::vector<Invitation>> invitations(ProjectId project) const;
  Result<> withdraw(ProjectId project, std::string_view id, std::string_view actor);
  Result<Invitation> invitation(std::string_view token) const;  // `denied` where it is used, withdrawn or too old
  // `conflict` where there is an account with that address.
  Result<LoggedIn> join(std::string_view token, std::string_view name, std::string_view password, const Visit& visit);
  Result<> accept(std::string_view token, std::int64_t user);  // `denied` for another's

  // --- log-in -----------------------------------------------------------------------------------------------------
  // A one-time link for the first administrator: 15 minutes, one use. The token goes into the fragment of /setup.
  Result<std::string> create_setup_token();
  Result<LoggedIn> set_up(std::string_view token, std::string_view email, std::string_view name,
                          std::string_view password, const Visit& visit);
  // `denied` for a wrong pair, in the same words and time whether or not the account exists; `exhausted` after 10
  // failures of an account or 30 of an address (IPv6: of a /64) in 15 minutes.
  Result<LoggedIn> log_in(std::string_view email, std::string_view password, const Visit& visit);
  // Somebody whom an identity provider vouches for: known by (issuer, subject), made where new, with the roles that
  // rules give. `conflict` where the address belongs to an account that is not connected, `denied` where no rule and no
  // invitation gives a role, or the user is disabled.
  Result<LoggedIn> enter(const Person& person, const Visit& visit);
  Result<> connect(std::int64_t user, std::string_view issuer, std::string_view subject);
  Result<> disconnect(std::int64_t user);  // `conflict` where there is no password
  Result<bool> is_connected(std::int64_t user) const;
  // Ends all other log-ins of the user. `denied` where `old` is wrong (a user without a password has none).
  Result<> change_password(const Access& access, std::string_view old, std::string_view fresh, const Visit& visit);
  // By the operator, for who has lost it: ends all log-ins of the user.
  Result<> reset_password(std::int64_t user, std::string_view fresh, std::string_view actor);
  Result<std::vector<Login>> logins(std::int64_t user) const;
  // The user whose cookie came with the request, for routes that anybody may ask; 0 where there is none.
  Result<std::int64_t> user_behind(const net::Request& request) const;
  Result<> end_login(std::int64_t user, std::string_view id);
  Result<> end_other_logins(std::int64_t user, std::string_view kept);

 private:
  struct Inside;
  explicit Projects(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

}  // namespace pawl::projects
