// Tables of alerts.
#include "alerts.h"

namespace pawl::alerts {
namespace {

constexpr ledger::Migration steps[] = {{"alerts", 1, R"sql(
CREATE TABLE alert_rules (project INTEGER NOT NULL REFERENCES projects (id), id TEXT NOT NULL, name TEXT NOT NULL,
  version INTEGER NOT NULL, definition TEXT NOT NULL, -- JSON, as it was sent
  enabled INTEGER NOT NULL, created INTEGER NOT NULL, changed INTEGER NOT NULL, actor TEXT NOT NULL,
  evaluated INTEGER NOT NULL, -- up to which time of events it was judged; 0: not yet
  trouble TEXT NOT NULL, -- why the last evaluation failed
  PRIMARY KEY (project, id), UNIQUE (project, name)) STRICT;
CREATE TABLE alert_versions (project INTEGER NOT NULL, rule TEXT NOT NULL, version INTEGER NOT NULL,
  definition TEXT NOT NULL, changed INTEGER NOT NULL, actor TEXT NOT NULL, PRIMARY KEY (project, rule, version)) STRICT;
CREATE TABLE alert_instances (project INTEGER NOT NULL, rule TEXT NOT NULL,
  split TEXT NOT NULL, -- the values it is about, as JSON
  state TEXT NOT NULL, since INTEGER NOT NULL, -- seconds
  good INTEGER, notified INTEGER NOT NULL,
  acknowledged TEXT NOT NULL, -- by whom
  value REAL, PRIMARY KEY (project, rule, split)) STRICT;
CREATE TABLE alert_events (id TEXT PRIMARY KEY, -- of rule, version, instance, time and notice: the same event comes once
  project INTEGER NOT NULL, rule TEXT NOT NULL, version INTEGER NOT NULL, split TEXT NOT NULL,
  at INTEGER NOT NULL, notice TEXT NOT NULL, value REAL,
  passed INTEGER NOT NULL) STRICT; -- 1: it was over 10 minutes ago when it was seen, and was not told
CREATE INDEX alert_events_at ON alert_events (project, at);
CREATE TABLE alert_channels (project INTEGER NOT NULL REFERENCES projects (id), id TEXT NOT NULL, name TEXT NOT NULL,
  url TEXT NOT NULL, secret TEXT NOT NULL, -- whsec_…
  enabled INTEGER NOT NULL, trouble TEXT NOT NULL, PRIMARY KEY (project, id), UNIQUE (project, name)) STRICT;
CREATE TABLE alert_outbox (id TEXT PRIMARY KEY, -- the webhook-id, the same at each try
  project INTEGER NOT NULL, event TEXT NOT NULL, channel TEXT NOT NULL, body TEXT NOT NULL,
  state TEXT NOT NULL, -- waiting sent failed
  attempts INTEGER NOT NULL, due INTEGER NOT NULL, error TEXT NOT NULL, changed INTEGER NOT NULL) STRICT;
CREATE INDEX alert_outbox_due ON alert_outbox (state, due);
)sql"}};

}  // namespace

std::span<const ledger::Migration> migrations() {
  return steps;
}

}  // namespace pawl::alerts
