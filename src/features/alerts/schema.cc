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
)sql"},
                                       {"alerts", 2, R"sql(
ALTER TABLE alert_channels ADD COLUMN kind TEXT NOT NULL DEFAULT 'webhook'; -- channel_kinds()
ALTER TABLE alert_channels ADD COLUMN recipients TEXT NOT NULL DEFAULT ''; -- of e-mail, comma-separated
ALTER TABLE alert_rules ADD COLUMN starter INTEGER NOT NULL DEFAULT 0; -- 1: Pawl made it on the project's first day
ALTER TABLE alert_instances ADD COLUMN event TEXT NOT NULL DEFAULT ''; -- the newest firing
ALTER TABLE alert_instances ADD COLUMN seen INTEGER NOT NULL DEFAULT 0; -- newest step that had a value, seconds
ALTER TABLE alert_events ADD COLUMN reason TEXT NOT NULL DEFAULT ''; -- gone: nothing is heard of the instance any more
ALTER TABLE alert_events ADD COLUMN learning INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alert_events ADD COLUMN evidence TEXT NOT NULL DEFAULT ''; -- JSON: what explains the change
ALTER TABLE alert_outbox ADD COLUMN lead TEXT NOT NULL DEFAULT ''; -- the row under whose id it goes out; '': not yet
ALTER TABLE alert_outbox ADD COLUMN unless_known INTEGER NOT NULL DEFAULT 0; -- 1: only if nobody has acknowledged
CREATE INDEX alert_outbox_lead ON alert_outbox (lead);
CREATE INDEX alert_outbox_event ON alert_outbox (event);
CREATE TABLE alert_silences (project INTEGER NOT NULL REFERENCES projects (id), id TEXT NOT NULL,
  matchers TEXT NOT NULL, -- JSON [{name, op, value}], all must hold
  begins INTEGER NOT NULL, -- seconds
  ends INTEGER NOT NULL, -- 0: never, of a weekly one
  weekly TEXT NOT NULL, -- JSON {days, from, to, timezone}; '': all the time in between
  author TEXT NOT NULL, why TEXT NOT NULL, created INTEGER NOT NULL, PRIMARY KEY (project, id)) STRICT;
CREATE TABLE alert_starters (project INTEGER PRIMARY KEY REFERENCES projects (id), -- who has got the starter rules
  version INTEGER NOT NULL) STRICT;
)sql"},
                                       {"alerts", 3, R"sql(
ALTER TABLE alert_outbox ADD COLUMN grouped TEXT NOT NULL DEFAULT ''; -- whose message it shares
CREATE INDEX alert_outbox_grouped ON alert_outbox (project, grouped, channel);
)sql"}};

}  // namespace

std::span<const ledger::Migration> migrations() {
  return steps;
}

}  // namespace pawl::alerts
