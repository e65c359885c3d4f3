// Telemetry in: OTLP over HTTP and gRPC is checked, journalled, acknowledged, and written to the warehouse.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "llm/run.h"
#include "net/pool.h"
#include "net/router.h"
#include "records/traces/traces.h"
#include "store/journal/journal.h"
#include "store/ledger/ledger.h"
#include "store/warehouse/warehouse.h"

namespace pawl::ingest {

using Tap = std::function<void(const traces::Batch&)>;

// What was hidden in a body before it is journalled, and the number of the rules that said so.
struct Masked {
  std::uint32_t epoch = 0;
  std::size_t secrets = 0;
};
enum class BodyForm : std::uint8_t { text, json, otlp, multipart };

// What a vendor's batch holds beside runs: "score-create", "feedback", "attachment", "dataset-run-item-create".
struct Other {
  std::string_view type, id, json;      // json: its object; of an attachment its bytes
  std::string_view name, content_type;  // of an attachment, `id` is its run
  Nanos at = 0;
};
// Keeps them, durably: for each "" or why it is refused. An error: nothing could be kept now, the client sends all of
// it again. Blocks; on a pool thread.
using KeepOthers =
    std::function<Result<std::vector<std::string>>(const net::Request&, llm::RunForm, const std::vector<Other>&)>;

// What the books hold of records that others keep (scores): `stored` is what is left of what came.
struct BooksBeside {
  std::uint64_t received = 0, refused = 0, duplicate = 0, merged = 0;
};

struct Options {
  std::string body_key;  // the installation's secret for hashes of bodies
  traces::Pricer pricer;
  // Changes a decoded, checked body in place, never its length; on a pool or I/O thread. None: nothing is hidden. An
  // error: the body is not taken.
  std::function<Result<Masked>(traces::ProjectId, otlp::Signal, BodyForm, std::string& body)> mask;
  std::function<bool(traces::ProjectId)> mask_blocks;  // then it is called on the pool only
  std::vector<Tap> taps;  // see every committed batch, on the writer's thread: quick, and never throwing
  std::size_t most_queued_bytes = 96U << 20;
  std::function<Result<BooksBeside>(traces::ProjectId)> books_beside;  // added where books are shown; blocks
  // The project that a push of Cloud Logging's entries belongs to; an error: it is not let in. None: there is no such
  // path.
  std::function<Task<Result<traces::ProjectId>>(const net::Request&)> push_project;
  KeepOthers keep_others;  // none: each of them is refused, with a sentence that says so
  traces::RunLimits runs;
  traces::Rollups* rollups = nullptr;  // kept up with what is stored; none: nobody reads any
};

struct Stats {
  std::uint64_t requests = 0, batches = 0, spans = 0, bodies = 0, corrections = 0, insert_failures = 0;
  std::uint64_t queued_bytes = 0, queued_items = 0;
  Nanos oldest_received = 0;                                         // of what is not stored yet; 0: nothing waits
  std::uint64_t open_runs = 0, known_runs = 0, known_run_bytes = 0;  // that come in pieces
};

// The ledger's tables of ingest.
std::span<const ledger::Migration> migrations();
// Records that are quarantined, of all projects; for `pawl doctor`. 0 where the ledger has no such table yet.
Result<std::uint64_t> count_quarantined(ledger::Ledger& ledger);

class Ingest {
 public:
  // The ledger is migrated.
  Ingest(journal::Journal& journal, ledger::Ledger& ledger, net::Pool& pool, const Clock& clock, const Log& log,
         Options options);
  ~Ingest();
  Ingest(const Ingest&) = delete;
  Ingest& operator=(const Ingest&) = delete;

  // POST /v1/{traces,logs,metrics} and their aliases, gRPC Export, the vendors' own protocols (Langfuse's ingestion,
  // LangSmith's runs, the traces of OpenAI Agents), GET /api/v1/books, the quarantine.
  void add_routes(net::Router& router);
  // The engine is up: recover what the journal holds, then write. Returns at once.
  void start(warehouse::Warehouse& warehouse);
  bool ready() const;            // recovery is done: queries see everything that was acknowledged before the start
  std::string progress() const;  // of recovery, for /readyz
  bool drain(Nanos most);        // until everything acknowledged is stored
  bool stop(Nanos grace);        // drains and ends
  void leave();                  // ends at once: what is in the journal alone is left to the next process
  Stats stats() const;
  // Prometheus text of the books of all projects and of the writer.
  void write_metrics(std::string& out) const;
  // Telemetry that Pawl makes itself (the sample): checked, journalled and written like any other. Blocks.
  Result<> put(traces::ProjectId project, otlp::Signal signal, otlp::Encoding encoding, std::string body);
  // Removes segments of the journal whose batches are in the warehouse for good. Blocks; now and then.
  void retire_segments();
  // Sends quarantined records again, those named or all; gives how many. Blocks. `actor` is for the audit table.
  Result<std::uint64_t> retry_quarantined(traces::ProjectId project, const std::vector<std::int64_t>& ids,
                                          const std::string& actor);
  // Spans that stand more than once are corrected: what the check does every hour. Gives how many traces. Blocks.
  Result<std::uint64_t> check_repeats(warehouse::Warehouse& warehouse);
  // New prices: rows of these traces are computed again and corrected; a row whose sign is set to 0 is taken back.
  void revise(traces::ProjectId project, std::vector<Id128> traces, std::function<bool(traces::SpanRow&)> change);

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace pawl::ingest
