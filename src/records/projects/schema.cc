// Tables of projects, keys, users, log-ins, invitations, and numbered changes of configuration.
#include "projects.h"

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
)sql"},
                                       // Who comes by an identity provider has no password: ''.
                                       {"projects", 2, R"sql(
ALTER TABLE keys ADD COLUMN last_used INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN owner_by_rule INTEGER NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN by_rule INTEGER NOT NULL DEFAULT 0;
ALTER TABLE logins ADD COLUMN via TEXT NOT NULL DEFAULT 'password';
ALTER TABLE logins ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE logins ADD COLUMN agent TEXT NOT NULL DEFAULT '';
ALTER TABLE logins ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;
CREATE INDEX logins_user ON logins (user);
CREATE TABLE identities (issuer TEXT NOT NULL, subject TEXT NOT NULL, user INTEGER NOT NULL REFERENCES users (id),
  created INTEGER NOT NULL, PRIMARY KEY (issuer, subject)) STRICT;
CREATE TABLE invitations (id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE,
  project INTEGER NOT NULL REFERENCES projects (id), email TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('admin', 'member', 'viewer')), actor TEXT NOT NULL, created INTEGER NOT NULL,
  expires INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE epochs (epoch INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, what TEXT NOT NULL,
  project INTEGER NOT NULL REFERENCES projects (id), value TEXT NOT NULL, actor TEXT NOT NULL) STRICT;
CREATE TRIGGER epochs_no_update BEFORE UPDATE ON epochs BEGIN SELECT RAISE(ABORT, 'epochs are not changed'); END;
CREATE TRIGGER epochs_no_delete BEFORE DELETE ON epochs BEGIN SELECT RAISE(ABORT, 'epochs are not removed'); END;
)sql"}};

}  // namespace

std::span<const ledger::Migration> migrations() {
  return steps;
}

}  // namespace pawl::projects
