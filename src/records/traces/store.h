// Traces in the warehouse: tables, batches in, whole traces out, corrections.
#pragma once
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "batch.h"
#include "row.h"
#include "store/warehouse/warehouse.h"

namespace pawl::traces {

using warehouse::Warehouse;

// Creates what is missing, and brings older tables up to date (history.h), however long that takes; every table,
// those that carry `batch` in the order in which a batch is written.
Result<void> create_tables(Warehouse& warehouse);
struct TableInfo {
  std::string_view name, ddl;  // ddl: CREATE TABLE … with its comments
};
std::span<const TableInfo> described_tables();

// "TABLE spans, TABLE bodies, …" for BACKUP and RESTORE.
std::string backup_tables();

// What of the batches above `checkpoint` the tables hold already: "table/batch/partition".
using Held = std::set<std::string>;
Result<Held> held_above(Warehouse& warehouse, BatchNumber checkpoint);
Result<Held> held_of(Warehouse& warehouse, BatchNumber batch);
// The greatest batch number in any table, 0 where they are empty.
Result<BatchNumber> last_batch(Warehouse& warehouse);

// Bodies first, spans last; on return all of it is on disk. Rows whose (table, batch, partition) is in `held` are left
// out, so that a recovered batch is completed and never doubled.
Result<void> insert(Warehouse& warehouse, const Batch& batch, const Held& held = {});

// Copies of the tables that rows are tried in (refusals.h). Making one fails as `unavailable` where it does not even
// take a row of defaults: then no refusal says anything about the rows.
Result<void> make_trial_table(Warehouse& warehouse, std::string_view table);
Result<void> insert_on_trial(Warehouse& warehouse, const Batch& batch);
Result<void> drop_trial_table(Warehouse& warehouse, std::string_view table);

// A span's content with its bytes.
struct Piece {
  PieceRef ref;
  std::string_view bytes;  // into Trace::bodies; empty where the body is gone, then `missing`
  bool missing = false;
  bool repeated = false;  // a log record says again what the span itself said: kept, not shown twice
};
struct Loaded {
  std::vector<SpanRow> spans;                             // settled and recounted, in order of start
  std::unordered_map<Id128, std::vector<Piece>> content;  // by trace ^ span: content_key()
  std::vector<std::unique_ptr<std::string>> bodies;
  std::uint64_t rows_read = 0;
};
Id128 content_key(const Id128& trace, const Id128& span);

enum class With { spans, references, content };  // references: which pieces there are, without their bytes
// The spans of one trace, of all traces of a session, or one span; empty where there are none (or not in this project).
struct Selection {
  ProjectId project = 0;
  std::vector<Id128> traces;
  std::optional<Id128> span;  // of the one trace
  std::uint32_t limit = 100'000;
  std::optional<llm::Slot> slot = {};  // of content: only this
};
Result<Loaded> load(Warehouse& warehouse, const Selection& selection, With with);
// A part of a stored body; `total` is its length in bytes. `not_found` where it is gone.
struct BodyPart {
  std::string bytes;
  std::uint64_t total = 0;
};
Result<BodyPart> read_body(Warehouse& warehouse, ProjectId project, const PieceRef& piece, std::uint64_t from,
                           std::uint64_t bytes);
// Keys of a session's traces, the earliest first.
Result<std::vector<Id128>> traces_of_session(Warehouse& warehouse, ProjectId project, const std::string& session);

// The client's ids of the traces in which these spans stand; reads one column of the whole project.
Result<std::vector<std::pair<Id128, std::string>>> traces_of_spans(Warehouse& warehouse, ProjectId project,
                                                                   const std::vector<Id128>& spans);

// Reads whole traces, applies patches, runs recount and gives the correction pairs (sign -1 and +1, numbered).
// `change`, where given, may alter a row further (a new price); it returns whether it did; a row
// whose sign it sets to 0 is taken back and not written again. `pricer` prices what late pieces of a run were put to.
struct Corrections {
  std::vector<SpanRow> pairs;
  std::vector<ContentRow> contents;     // that patches and late pieces of runs brought
  std::vector<bool> found;              // which patches had a row
  std::uint64_t same = 0, changed = 0;  // repeats of spans that are taken back: of the same bytes, of others
};
Result<Corrections> corrections(Warehouse& warehouse, ProjectId project, const std::vector<Id128>& traces,
                                const std::vector<Patch>& patches, BatchNumber number,
                                const std::function<bool(SpanRow&)>& change = nullptr, const Pricer& pricer = nullptr);

// Traces of which a span stands more than once, as far as batches above `above` brought rows of it: the same span has
// the same start, so that only its minute is looked at. Looks at batches of about `most_rows` rows; `through` is the
// last of them, `above` itself where there are none.
struct Repeats {
  BatchNumber through = 0;
  std::vector<std::pair<ProjectId, Id128>> traces;
};
Result<Repeats> find_repeats(Warehouse& warehouse, BatchNumber above, std::uint64_t most_rows = 100'000);

// Runs recount over the rows of one trace and applies the verdicts; gives the indexes of the rows that changed.
std::vector<std::size_t> recount_rows(std::span<SpanRow* const> rows);
std::vector<std::size_t> recount_rows(std::vector<SpanRow>& rows);

}  // namespace pawl::traces
