// Tables of scores.
#include "scores.h"

namespace pawl::scores {
namespace {

constexpr ledger::Migration steps[] = {{"scores", 1, R"sql(
CREATE TABLE scores (seq INTEGER PRIMARY KEY AUTOINCREMENT, project INTEGER NOT NULL REFERENCES projects (id),
  id TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL, value REAL, text TEXT NOT NULL,
  trace TEXT NOT NULL, span TEXT NOT NULL, -- 128-bit keys in hex, '' where it is not about one
  trace_id TEXT NOT NULL, span_id TEXT NOT NULL, session TEXT NOT NULL, experiment TEXT NOT NULL, item TEXT NOT NULL,
  author TEXT NOT NULL, source TEXT NOT NULL, evaluator TEXT NOT NULL, comment TEXT NOT NULL,
  correction TEXT NOT NULL, metadata TEXT NOT NULL, config TEXT NOT NULL, environment TEXT NOT NULL,
  probability REAL, at INTEGER NOT NULL, changed INTEGER NOT NULL,
  stands INTEGER NOT NULL, -- 0: the same author has a later word about the same thing
  UNIQUE (project, id)) STRICT;
CREATE INDEX scores_trace ON scores (project, trace, name);
CREATE INDEX scores_span ON scores (project, span) WHERE span <> '';
CREATE INDEX scores_session ON scores (project, session) WHERE session <> '';
CREATE INDEX scores_experiment ON scores (project, experiment) WHERE experiment <> '';
CREATE INDEX scores_at ON scores (project, at);
CREATE INDEX scores_name ON scores (project, name, at);
CREATE TABLE score_history (seq INTEGER PRIMARY KEY AUTOINCREMENT, project INTEGER NOT NULL, id TEXT NOT NULL,
  value REAL, text TEXT NOT NULL, comment TEXT NOT NULL, author TEXT NOT NULL, at INTEGER NOT NULL,
  replaced INTEGER NOT NULL) STRICT;
CREATE INDEX score_history_id ON score_history (project, id);
CREATE TABLE score_definitions (project INTEGER NOT NULL REFERENCES projects (id), id TEXT NOT NULL,
  name TEXT NOT NULL, type TEXT NOT NULL, description TEXT NOT NULL, least REAL, most REAL,
  categories TEXT NOT NULL, -- name, tab, number; a line each
  archived INTEGER NOT NULL, created INTEGER NOT NULL, changed INTEGER NOT NULL,
  PRIMARY KEY (project, id), UNIQUE (project, name)) STRICT;
CREATE TABLE score_books (project INTEGER PRIMARY KEY REFERENCES projects (id), received INTEGER NOT NULL,
  refused INTEGER NOT NULL, duplicate INTEGER NOT NULL, merged INTEGER NOT NULL) STRICT;
)sql"},
                                       // What the warehouse has still to be told: what is written, removed or no
                                       // longer stands leaves a line, in the same change. It is read by feed.cc.
                                       {"scores", 2, R"sql(
CREATE TABLE score_news (seq INTEGER PRIMARY KEY AUTOINCREMENT, project INTEGER NOT NULL, id TEXT NOT NULL,
  name TEXT NOT NULL) STRICT;
CREATE TRIGGER scores_written AFTER INSERT ON scores BEGIN
  INSERT INTO score_news (project, id, name) VALUES (new.project, new.id, new.name); END;
CREATE TRIGGER scores_removed AFTER DELETE ON scores BEGIN
  INSERT INTO score_news (project, id, name) VALUES (old.project, old.id, old.name); END;
CREATE TRIGGER scores_settled AFTER UPDATE OF stands ON scores WHEN old.stands <> new.stands BEGIN
  INSERT INTO score_news (project, id, name) VALUES (new.project, new.id, new.name); END;
INSERT INTO score_news (project, id, name) SELECT project, id, name FROM scores ORDER BY seq;
)sql"}};

}  // namespace

std::span<const ledger::Migration> migrations() {
  return steps;
}

}  // namespace pawl::scores
