// The journal: a request is acknowledged when it is here and synced. Group commit, batch bounds, recovery, retirement.
// Bytes on disk: docs/reference/journal-format.md. Why: data.md "Acknowledged means durable".
#pragma once
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/result.h"
#include "base/rng.h"
#include "base/time.h"

namespace pawl::journal {

// Where a record begins. Later records have greater positions, over restarts too; {} is before all.
struct Position {
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;  // bytes
  auto operator<=>(const Position&) const = default;
};
inline constexpr Position end_of_journal{~0ULL, ~0ULL};

// One request. The numbers behind signal, content, epoch and key are the caller's.
struct Record {
  std::uint32_t project = 0;
  std::uint8_t signal = 0;    // the path that it came by
  std::uint8_t content = 0;   // its content type
  bool copied = false;        // carried forward from a segment that retires: the books counted it before
  std::uint32_t epoch = 0;    // of prices and masking rules
  Nanos received = 0;         // the first receipt
  std::uint64_t key = 0;      // batch key
  std::uint32_t units = 0;    // records in the body as the books count, after `refused`
  std::uint32_t refused = 0;  // units refused before this was written
  std::string_view body;      // decoded and masked
};

// The books of one project when a batch was cut: absolute sums since the installation began, in units. What is not
// here is in the journal (data.md "The books").
struct Totals {
  std::uint32_t project = 0;
  std::uint64_t received = 0, refused = 0, quarantined = 0, stored = 0, duplicate = 0, merged = 0;
  bool operator==(const Totals&) const = default;
};

// A batch: the requests after the `up_to` of the cut before, through this `up_to` (inclusive).
struct Cut {
  std::uint64_t batch = 0;  // greater than that of every cut before
  Position up_to;
  std::vector<Totals> totals;  // of the projects whose books this batch changed
};

struct Damage {
  enum class Kind : std::uint8_t { torn, corrupt, missing };  // see the format's "Reading after a crash"
  Kind kind = Kind::torn;
  Position at;              // missing: offset 0
  std::uint64_t bytes = 0;  // missing: 0
  std::string copy;         // path of the quarantined bytes, "" where there is none
};
std::string describe(const Damage& damage);

// What recovery found. All cuts that are still there, in order; the latest totals of each project.
struct Recovered {
  std::vector<Cut> cuts;            // their own totals are left out (see `totals`)
  std::vector<Totals> totals;       // by project
  std::uint64_t last_batch = 0;     // greatest number ever cut
  std::uint64_t settled_batch = 0;  // these and all before were stored for good; requests of theirs may be gone
  std::uint64_t stored_batch = 0;   // of these and all before `stored` was said: their 15 minutes begin again
  std::uint64_t records = 0;        // requests
  std::uint64_t bytes = 0;          // of records, as framed
  Position end;                     // after the last of them
  std::vector<Damage> damages;
};

// Requests in order, one at a time; a damaged one is skipped. Memory: one megabyte or the longest record. Not
// thread-safe. Segments that it has yet to read must not be retired meanwhile (not_found).
class Reader {
 public:
  struct Entry {
    Position at;
    Record record;            // its body is valid until the next call
    std::uint64_t batch = 0;  // that this belongs to by the cuts known when the reader was made; 0: not cut yet
  };
  Result<std::optional<Entry>> next();  // nullopt at the end; errors: unavailable (disk), not_found
  std::uint64_t skipped() const;        // damaged ranges met

  struct Inside;
  explicit Reader(std::unique_ptr<Inside> inside);
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;
  ~Reader();

 private:
  std::unique_ptr<Inside> inside_;
};

struct Segment {
  std::uint64_t number = 0;
  Position first, end;  // read(first, end) hands out its requests
  std::uint64_t bytes = 0;
  std::uint64_t records = 0;  // requests
};

struct Options {
  std::string data;                                   // the data directory: data/LOCK, data/journal/
  std::uint64_t segment_bytes = 64ULL << 20U;         // at most 1 GB
  std::uint64_t reserve_bytes = 4ULL << 20U;          // for cuts when the disk is full; 0: none
  std::uint64_t max_queued_bytes = 256ULL << 20U;     // of bodies not yet synced
  std::uint64_t max_body_bytes = 64ULL << 20U;        // at most 1 GB
  std::uint64_t max_group_bytes = 16ULL << 20U;       // about one sync's share, so that nobody waits behind much more
  Nanos keep = 15 * minute;                           // from stored() until the segment may go
  bool thread = true;                                 // false: the caller drives step(), for simulations
  std::function<void(const Error&)> on_sync_failure;  // empty: ends the process; for simulations
};

struct Stats {
  std::uint64_t queued_bytes = 0, queued_records = 0;
  std::uint64_t written_records = 0, written_bytes = 0, syncs = 0;  // since open
  std::uint64_t refused = 0;                                        // appends answered with an error
  std::uint64_t segments = 0, segment_bytes = 0;                    // on disk, the current one included
  Nanos sync_time = 0;                                              // spent in write and sync
  bool full = false;                                                // the disk has no room: requests are refused
};

// Told once, on the writer's thread (inside append() where nothing was queued): keep it cheap, and call nothing of the
// journal that waits. Errors: unavailable (queue or disk full, closed), exhausted (body above the limit).
using Done = std::function<void(Result<Position>)>;

// Every call is thread-safe. The order of positions is the order in which append() and cut() were called.
class Journal {
 public:
  // Takes the lock (conflict: says who holds it) and a fresh segment, and accepts; older segments are left to
  // recover(). The references must outlive the journal.
  static Result<std::unique_ptr<Journal>> open(Files& files, const Clock& clock, Random& random, Options options);
  ~Journal();  // close()
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Queues the request; `done` is told its position after the sync. `body` must stay until then: it is not copied.
  void append(const Record& record, Done done);
  // Fixes the bounds of a batch; insert nothing of it before `done`. Numbers and bounds must rise; only after
  // recover().
  void cut(const Cut& cut, Done done);
  // The warehouse has synced this batch; after recover() said again of those that it turns out to hold. Retirement
  // waits for every batch before it too.
  void stored(std::uint64_t batch);

  // Reads what was there at open: once, before the first cut; appends go on meanwhile. Half a second a gigabyte. Then
  // read({}, end_of_journal) hands out all requests with their batches: those with a batch above `settled_batch` are
  // inserted again by the same bounds where the warehouse lacks them, those with batch 0 join the next batches.
  Result<Recovered> recover();
  // Requests with from <= position < to that were synced when this is called. Of older segments only after recover().
  Result<Reader> read(Position from, Position to);

  // The oldest segments that may go now. Copy forward what is still open (append with `copied`, wait for its done),
  // then retire() them. Retire waits for a sync and removes files: call it from the pool.
  std::vector<Segment> due() const;
  Result<> retire(std::uint64_t through_segment);

  bool step();   // without a thread: commits one group; false where nothing was queued
  void close();  // writes what is queued, then refuses
  Stats stats() const;
  std::vector<Segment> segments() const;  // oldest first, the current one included

 private:
  struct Inside;
  explicit Journal(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

// The lock alone, for commands that work on a data directory without a journal.
Result<std::unique_ptr<FileLock>> lock_data(Files& files, const std::string& data, Nanos now);

}  // namespace pawl::journal
