// Tables of incidents; a timeline can be added to and nothing else.
#include "incidents.h"

namespace pawl::incidents {
namespace {

constexpr ledger::Migration steps[] = {{"incidents", 1, R"sql(
CREATE TABLE incidents (project INTEGER NOT NULL REFERENCES projects (id), id TEXT NOT NULL,
  number INTEGER NOT NULL, -- 1, 2, … within the project
  title TEXT NOT NULL,
  severity TEXT NOT NULL, -- critical major minor
  status TEXT NOT NULL, -- open mitigated resolved
  owner TEXT NOT NULL, agent TEXT NOT NULL, filter TEXT NOT NULL,
  runbook TEXT NOT NULL, -- name of a template
  grouped TEXT NOT NULL, -- whose firings join it: agent:NAME, folder:NAME, rule:ID
  opened_by TEXT NOT NULL, began INTEGER NOT NULL, opened INTEGER NOT NULL, mitigated INTEGER NOT NULL,
  resolved INTEGER NOT NULL,
  heard INTEGER NOT NULL, -- its newest firing
  PRIMARY KEY (project, id), UNIQUE (project, number)) STRICT;
CREATE INDEX incidents_group ON incidents (project, grouped, status);
CREATE TABLE incident_entries (project INTEGER NOT NULL, incident TEXT NOT NULL, number INTEGER NOT NULL,
  at INTEGER NOT NULL, -- when it happened
  written INTEGER NOT NULL, actor TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL,
  data TEXT NOT NULL, -- JSON
  PRIMARY KEY (project, incident, number)) STRICT;
CREATE TRIGGER incident_entries_stay BEFORE UPDATE ON incident_entries BEGIN
  SELECT RAISE(ABORT, 'a timeline is only ever added to'); END;
CREATE TRIGGER incident_entries_last BEFORE DELETE ON incident_entries BEGIN
  SELECT RAISE(ABORT, 'a timeline is only ever added to'); END;
CREATE TABLE incident_alerts (project INTEGER NOT NULL, incident TEXT NOT NULL,
  event TEXT NOT NULL, -- of alert_events: a firing
  rule TEXT NOT NULL, name TEXT NOT NULL, split TEXT NOT NULL, severity TEXT NOT NULL, sentence TEXT NOT NULL,
  evidence TEXT NOT NULL, -- JSON, or empty
  fired INTEGER NOT NULL, resolved INTEGER NOT NULL, PRIMARY KEY (project, incident, event)) STRICT;
CREATE INDEX incident_alerts_instance ON incident_alerts (project, rule, split, resolved);
CREATE TABLE incident_links (project INTEGER NOT NULL, incident TEXT NOT NULL,
  kind TEXT NOT NULL, -- trace session
  target TEXT NOT NULL, note TEXT NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL,
  PRIMARY KEY (project, incident, kind, target)) STRICT;
CREATE TABLE incident_cases (project INTEGER NOT NULL, incident TEXT NOT NULL, dataset TEXT NOT NULL,
  target TEXT NOT NULL, -- the case's id in it
  trace TEXT NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL,
  PRIMARY KEY (project, incident, dataset, target)) STRICT;
)sql"}};

}  // namespace

std::span<const ledger::Migration> migrations() {
  return steps;
}

}  // namespace pawl::incidents
