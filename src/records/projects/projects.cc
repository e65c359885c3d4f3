// Projects, keys, users and log-ins in the ledger.
#include "projects.h"

#include <argon2.h>

#include "base/ids.h"
#include "base/text.h"
#include "inside.h"

namespace pawl::projects {
namespace {

constexpr ledger::Migration steps[] = {{"projects", 1, R"sql(
CREATE TABLE projects (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, created INTEGER NOT NULL) STRICT;
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, password TEXT NOT NULL,
  owner INTEGER NOT NULL DEFAULT 0, disabled INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL) STRICT;
CREATE TABLE members (user INTEGER NOT NULL REFERENCES users (id), project INTEGER NOT NULL REFERENCES projects (id),
  role TEXT NOT NULL CHECK (role IN ('admin', 'member', 'viewer')), PRIMARY KEY (user, project)) STRICT;
CREATE TABLE keys (id TEXT PRIMARY KEY, project INTEGER NOT NULL REFERENCES projects (id), name TEXT NOT NULL,
  scopes TEXT NOT NULL, hash TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL DEFAULT 0,
  revoked INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE logins (hash TEXT PRIMARY KEY, user INTEGER NOT NULL REFERENCES users (id), csrf TEXT NOT NULL,
  created INTEGER NOT NULL, expires INTEGER NOT NULL) STRICT;
CREATE TABLE setup_links (hash TEXT PRIMARY KEY, expires INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0) STRICT;
)sql"}};

constexpr Nanos setup_life = 15 * minute;
constexpr std::size_t least_password = 10;

Key key_of(const ledger::Rows& rows, std::size_t i) {
  return {rows.text(i, 0),    static_cast<ProjectId>(rows.integer(i, 1)),
          rows.text(i, 2),    parse_scopes(rows.text(i, 3)).value_or(Scopes{}),
          rows.integer(i, 4), rows.integer(i, 5),
          rows.integer(i, 6)};
}
constexpr std::string_view key_columns = "id, project, name, scopes, created, expires, revoked";

User user_of(const ledger::Rows& rows, std::size_t i) {
  return {rows.integer(i, 0), rows.text(i, 1), rows.text(i, 2), rows.integer(i, 3) != 0};
}

Result<> check_name(std::string_view name, std::string_view what) {
  if (name.empty() || name.size() > 100 || !is_utf8(name))
    return fail(ErrorKind::invalid, "A {} has 1 to 100 characters.", what);
  return {};
}

Result<std::string> checked_email(std::string_view email) {
  const std::string plain = to_lower(trim(email));
  const auto at = plain.find('@');
  if (at == std::string::npos || at == 0 || at + 1 >= plain.size() || plain.size() > 254 ||
      plain.find_first_of(" \t\r\n") != std::string::npos) {
    return fail(ErrorKind::invalid, "{} is no e-mail address.", email);
  }
  return plain;
}

}  // namespace

std::span<const ledger::Migration> migrations() {
  return steps;
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

std::string Projects::Inside::random_text(std::size_t bytes) {
  const std::lock_guard lock(chance);
  return to_hex(random.bytes(bytes));
}

Result<> Projects::Inside::load_keys() {
  const auto rows = TRY(ledger.read(fmt::format("SELECT {}, hash FROM keys WHERE revoked = 0", key_columns)));
  auto fresh = std::make_shared<Snapshot>();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    (*fresh)[rows.text(i, 0)] = {from_hex(rows.text(i, 7)).value_or(""), key_of(rows, i)};
  }
  snapshot = std::move(fresh);
  return {};
}

Projects::Projects(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
Projects::~Projects() = default;

Result<std::unique_ptr<Projects>> Projects::open(ledger::Ledger& ledger, Random& random, const Clock& clock,
                                                 Audit audit) {
  auto inside = std::make_unique<Inside>(ledger, random, clock, std::move(audit));
  TRY(ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("INSERT OR IGNORE INTO projects (id, name, created) VALUES (?, 'default', ?)",
              {std::int64_t{default_project}, clock.now()}));
    return {};
  }));
  TRY(inside->load_keys());
  return std::unique_ptr<Projects>(new Projects(std::move(inside)));
}

Result<NewKey> Projects::create_key(ProjectId project, std::string_view name, const Scopes& scopes, Nanos expires,
                                    std::string_view actor) {
  if (scopes == Scopes{})
    return fail(ErrorKind::invalid, "A key needs at least one scope of ingest, read, write, admin.");
  if (name.size() > 100) return fail(ErrorKind::invalid, "A key's name has at most 100 characters.");
  const std::string id = inside_->random_text(6);
  NewKey made{{"pk_" + id, project, std::string(name), scopes, inside_->clock.now(), expires, 0},
              fmt::format("pawl_sk_{}_{}", id, inside_->random_text(32))};
  TRY(inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("INSERT INTO keys (id, project, name, scopes, hash, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?)",
              {made.key.id, std::int64_t{project}, made.key.name, to_text(scopes), to_hex(sha256(made.secret)),
               made.key.created, expires}));
    return {};
  }));
  TRY(inside_->load_keys());
  inside_->audit(project, actor, "key.create", fmt::format("{} {}", made.key.id, to_text(scopes)));
  return made;
}

Result<std::vector<Key>> Projects::keys(ProjectId project) const {
  const auto rows = TRY(inside_->ledger.read(
      fmt::format("SELECT {} FROM keys WHERE project = ? ORDER BY created", key_columns), {std::int64_t{project}}));
  std::vector<Key> out;
  for (std::size_t i = 0; i < rows.size(); ++i) out.push_back(key_of(rows, i));
  return out;
}

Result<> Projects::revoke_key(ProjectId project, std::string_view id, std::string_view actor) {
  std::int64_t changed = 0;
  TRY(inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("UPDATE keys SET revoked = ? WHERE id = ? AND project = ? AND revoked = 0",
              {inside_->clock.now(), std::string(id), std::int64_t{project}}));
    changed = t.changes();
    return {};
  }));
  if (changed == 0) return fail(ErrorKind::not_found, "There is no key {} in this project.", id);
  TRY(inside_->load_keys());
  inside_->audit(project, actor, "key.revoke", id);
  return {};
}

void Projects::refresh() {
  (void)inside_->load_keys();
}

Result<Project> Projects::create_project(std::string_view name, std::string_view actor) {
  TRY(check_name(name, "project's name"));
  std::int64_t id = 0;
  const auto made = inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    const auto rows = TRY(t.run("INSERT INTO projects (name, created) VALUES (?, ?) RETURNING id",
                                {std::string(name), inside_->clock.now()}));
    id = rows.integer(0, 0);
    return {};
  });
  if (!made) {
    if (made.error().kind == ErrorKind::conflict)
      return fail(ErrorKind::conflict, "There is a project {} already.", name);
    return std::unexpected(made.error());
  }
  {
    const std::lock_guard lock(inside_->mutex);
    inside_->logins.clear();  // an owner's roles are read again
  }
  inside_->audit(static_cast<ProjectId>(id), actor, "project.create", name);
  return Project{static_cast<ProjectId>(id), std::string(name), {}};
}

Result<std::vector<Project>> Projects::projects() const {
  const auto rows = TRY(inside_->ledger.read("SELECT id, name FROM projects ORDER BY id"));
  std::vector<Project> out;
  for (std::size_t i = 0; i < rows.size(); ++i)
    out.push_back({static_cast<ProjectId>(rows.integer(i, 0)), rows.text(i, 1), {}});
  return out;
}

Result<std::vector<Project>> Projects::projects_of(const Access& access) const {
  auto all = TRY(projects());
  if (access.local) {
    for (auto& project : all) project.role = "owner";
    std::erase_if(all, [](const Project& project) { return project.id != default_project; });
    return all;
  }
  if (!access.key.empty()) {
    std::erase_if(all, [&](const Project& project) { return project.id != access.project; });
    return all;
  }
  const auto rows =
      TRY(inside_->ledger.read("SELECT p.id, CASE WHEN u.owner THEN 'owner' ELSE m.role END FROM projects p JOIN users "
                               "u ON u.id = ? LEFT JOIN members m "
                               "ON m.project = p.id AND m.user = u.id WHERE u.owner OR m.role IS NOT NULL",
                               {access.user}));
  std::unordered_map<ProjectId, std::string> roles;
  for (std::size_t i = 0; i < rows.size(); ++i) roles[static_cast<ProjectId>(rows.integer(i, 0))] = rows.text(i, 1);
  std::erase_if(all, [&](const Project& project) { return !roles.contains(project.id); });
  for (auto& project : all) project.role = roles[project.id];
  return all;
}

Result<Project> Projects::find_project(std::string_view name) const {
  for (auto& project : TRY(projects())) {
    if (project.name == name || fmt::format("{}", project.id) == name) return project;
  }
  return fail(ErrorKind::not_found, "There is no project {}.", name);
}

Result<User> Projects::create_user(std::string_view email, std::string_view name, std::string_view password, bool owner,
                                   std::string_view actor) {
  const std::string address = TRY(checked_email(email));
  TRY(check_name(name, "user's name"));
  std::string hash;
  {
    const std::lock_guard lock(inside_->chance);
    hash = TRY(hash_password(password, inside_->random));
  }
  User made{0, address, std::string(name), owner};
  const auto done = inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    const auto rows =
        TRY(t.run("INSERT INTO users (email, name, password, owner, created) VALUES (?, ?, ?, ?, ?) RETURNING id",
                  {address, made.name, hash, std::int64_t{owner ? 1 : 0}, inside_->clock.now()}));
    made.id = rows.integer(0, 0);
    return {};
  });
  if (!done) {
    if (done.error().kind == ErrorKind::conflict)
      return fail(ErrorKind::conflict, "There is a user {} already.", address);
    return std::unexpected(done.error());
  }
  inside_->audit(0, actor, "user.create", address);
  return made;
}

Result<> Projects::add_member(std::int64_t user, ProjectId project, std::string_view role, std::string_view actor) {
  if (role != "admin" && role != "member" && role != "viewer")
    return fail(ErrorKind::invalid, "No role is called {}. Known: admin, member, viewer.", role);
  TRY(inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(
        t.run("INSERT INTO members (user, project, role) VALUES (?, ?, ?) ON CONFLICT (user, project) DO UPDATE SET "
              "role = excluded.role",
              {user, std::int64_t{project}, std::string(role)}));
    return {};
  }));
  {
    const std::lock_guard lock(inside_->mutex);
    inside_->logins.clear();  // roles are read again
  }
  inside_->audit(project, actor, "member.set", fmt::format("user {} {}", user, role));
  return {};
}

Result<std::optional<User>> Projects::user(std::int64_t id) const {
  const auto rows = TRY(inside_->ledger.read("SELECT id, email, name, owner FROM users WHERE id = ?", {id}));
  if (rows.size() == 0) return std::optional<User>();
  return std::optional(user_of(rows, 0));
}

Result<bool> Projects::has_users() const {
  return TRY(inside_->ledger.read("SELECT 1 FROM users LIMIT 1")).size() > 0;
}

Result<std::string> Projects::create_setup_token() {
  const std::string token = inside_->random_text(32);
  TRY(inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("INSERT INTO setup_links (hash, expires) VALUES (?, ?)",
              {to_hex(sha256(token)), inside_->clock.now() + setup_life}));
    return {};
  }));
  return token;
}

Result<Projects::LoggedIn> Projects::set_up(std::string_view token, std::string_view email, std::string_view name,
                                            std::string_view password) {
  const std::string hash = to_hex(sha256(token));
  const auto valid = TRY(inside_->ledger.read("SELECT 1 FROM setup_links WHERE hash = ? AND used = 0 AND expires > ?",
                                              {hash, inside_->clock.now()}));
  if (valid.size() == 0)
    return fail(
        ErrorKind::denied,
        "This link is used or older than 15 minutes. Start Pawl again for a new one, or use `pawl user create`.");
  const User made = TRY(create_user(email, name, password, true, "set-up link"));
  TRY(inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("UPDATE setup_links SET used = 1 WHERE hash = ?", {hash}));
    return {};
  }));
  return inside_->begin_login(made);
}

}  // namespace pawl::projects
