// Tables of sdks: media and deletions.
#include "sdks.h"

namespace pawl::sdks {
namespace {

constexpr ledger::Migration steps[] = {{"sdks", 1, R"sql(
CREATE TABLE media (project INTEGER NOT NULL REFERENCES projects (id),
  id TEXT NOT NULL, -- the first 22 characters of the SHA-256 in base64url
  digest TEXT NOT NULL, -- SHA-256 in hex: the blob
  type TEXT NOT NULL, bytes INTEGER NOT NULL, announced INTEGER NOT NULL,
  uploaded INTEGER NOT NULL, -- 0: the bytes have not come
  status INTEGER NOT NULL, error TEXT NOT NULL, -- as the client said after its upload
  PRIMARY KEY (project, id)) STRICT;
CREATE INDEX media_digest ON media (digest);
CREATE TABLE media_places (project INTEGER NOT NULL, media TEXT NOT NULL, trace_id TEXT NOT NULL, span_id TEXT NOT NULL,
  dataset TEXT NOT NULL, item TEXT NOT NULL, field TEXT NOT NULL,
  PRIMARY KEY (project, media, trace_id, span_id, dataset, item, field),
  FOREIGN KEY (project, media) REFERENCES media (project, id) ON DELETE CASCADE) STRICT;
CREATE TABLE feedback_tokens (hash TEXT PRIMARY KEY, project INTEGER NOT NULL REFERENCES projects (id),
  run TEXT NOT NULL, name TEXT NOT NULL, expires INTEGER NOT NULL, created INTEGER NOT NULL) STRICT;
CREATE TABLE deletions (project INTEGER NOT NULL REFERENCES projects (id), trace_id TEXT NOT NULL,
  due INTEGER NOT NULL, actor TEXT NOT NULL, PRIMARY KEY (project, trace_id)) STRICT;
)sql"}};

}  // namespace

std::span<const ledger::Migration> migrations() {
  return steps;
}

}  // namespace pawl::sdks
