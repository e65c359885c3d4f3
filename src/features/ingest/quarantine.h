// Records that the warehouse refuses for what they hold: kept with their bytes and the reason, to be sent again.
// How it holds across a kill: docs/decisions/0006-quarantine.md.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "records/traces/traces.h"
#include "store/journal/journal.h"
#include "store/ledger/ledger.h"

namespace pawl::ingest {

using traces::BatchNumber;
using traces::ProjectId;

struct Quarantined {
  std::int64_t id = 0;  // also the journal's key of the request that sends it again
  ProjectId project = 0;
  BatchNumber batch = 0;    // that it was taken out of …
  journal::Position at;     // … its request …
  std::uint64_t index = 0;  // … and which record of the request it is
  otlp::Signal signal = otlp::Signal::traces;
  otlp::Encoding encoding = otlp::Encoding::protobuf;
  Nanos received = 0, kept = 0;
  Id128 trace, span, record;  // `record`: hash of its bytes
  std::string name, reason;
  std::uint32_t tries = 0;  // how often it was sent again before
  std::uint64_t bytes = 0;
  std::string body;  // a request with this record alone
};

// Over the ledger's tables `quarantine` and `ingest_marks` (migrations() of ingest.h). Thread-safe. Errors are the
// ledger's.
class Quarantine {
 public:
  explicit Quarantine(ledger::Ledger& ledger) : ledger_(ledger) {}

  // Keeps what is not kept yet: the same record of the same batch is kept once, however often that is said. Gives those
  // that were new. `sent_as`: where the record came by a request that sent a quarantined one again, its key; else 0.
  struct New {
    Quarantined entry;
    std::int64_t sent_as = 0;
  };
  Result<std::vector<Quarantined>> keep(std::vector<New> entries);

  // What batches must leave out when they are made again from the journal, and the greatest batch here.
  struct Left {
    traces::RecordKey key;
    Id128 trace, span;
  };
  struct State {
    std::unordered_map<BatchNumber, std::vector<Left>> batches;
    std::unordered_map<ProjectId, std::uint64_t> held;
    BatchNumber last_batch = 0;
  };
  Result<State> state();

  // The newest first, without their bodies, those before `before` (0: all); at most `limit`.
  Result<std::vector<Quarantined>> list(ProjectId project, std::int64_t before, std::uint32_t limit);
  Result<std::uint64_t> count(ProjectId project);
  // The oldest first, with their bodies, those after `after`; of `ids` alone where there are any.
  Result<std::vector<Quarantined>> to_send(ProjectId project, const std::vector<std::int64_t>& ids, std::int64_t after,
                                           std::uint32_t limit);
  // Before its request is journalled; then a restart looks for it there.
  Result<> sending(std::int64_t id);
  Result<> not_sent(std::int64_t id);  // the journal refused it
  // Its request is in the journal. True where that was news.
  Result<bool> sent(std::int64_t id, Nanos at, const std::string& by);
  // After recovery: what was about to be sent and is not in the journal is held again. What was sent long ago is
  // forgotten: the journal, which would bring it back, holds minutes.
  Result<> settle_after_recovery(Nanos now);

  // Small facts of ingest that outlive the process.
  Result<std::int64_t> mark(const std::string& name);  // 0 where it was never set
  Result<> set_mark(const std::string& name, std::int64_t value);

 private:
  ledger::Ledger& ledger_;
};

}  // namespace pawl::ingest
