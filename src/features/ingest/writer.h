// What was acknowledged goes into the warehouse: batches, cuts, recovery, corrections, taps. One thread.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "books.h"
#include "quarantine.h"
#include "records/traces/traces.h"
#include "store/journal/journal.h"
#include "store/warehouse/warehouse.h"

namespace pawl::ingest {

// One acknowledged request.
struct Item {
  journal::Position at;
  ProjectId project = 0;
  Nanos received = 0;
  otlp::Signal signal = otlp::Signal::traces;
  otlp::Encoding encoding = otlp::Encoding::protobuf;
  llm::RunForm form = llm::RunForm::none;  // a vendor's own protocol: then `signal` says nothing
  std::uint32_t units = 0, refused = 0;
  std::uint32_t epoch = 0;  // of what was masked in it
  std::uint64_t key = 0;    // of the quarantined record that this sends again; 0: a client sent it
  std::shared_ptr<const std::string> body;
};

// The byte that says in the journal and the quarantine what a body is: an OTLP signal, or a form of runs behind them.
inline constexpr std::uint8_t first_form = 16, last_form = 16 + static_cast<std::uint8_t>(llm::RunForm::kept);
std::uint8_t kind_of(const Item& item);
void set_kind(std::uint8_t kind, Item& item);

using Tap = std::function<void(const traces::Batch&)>;

struct WriterOptions {
  std::string body_key;
  traces::Pricer pricer;
  std::size_t most_queued_bytes = 96U << 20;  // acknowledged, not yet stored; over it new requests are refused
  std::size_t most_rows = 60'000, most_bytes = 16U << 20;
  Nanos linger = 300 * millisecond;  // a batch is cut at the latest then
  Nanos quiet = 2 * second;          // a trace with news is recounted after it, …
  Nanos longest = 30 * second;       // … at the latest after this
  std::vector<Tap> taps;
  traces::RunLimits runs;
};

struct WriterStats {
  std::uint64_t batches = 0, spans = 0, bodies = 0, corrections = 0, failures = 0;
  std::uint64_t queued_bytes = 0, queued_items = 0;
  Nanos oldest = 0;  // receipt of the oldest that is not stored; 0: nothing waits
  traces::Runs::Sizes runs;
};

class Writer {
 public:
  Writer(journal::Journal& journal, Bookkeeper& books, Quarantine& quarantine, const Clock& clock, const Log& log,
         WriterOptions options);
  ~Writer();  // stop()
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // From the journal's thread, in order of position.
  void push(Item item);
  bool has_room(std::size_t bytes) const;

  // Starts the thread: recovers what the journal holds, then writes. Returns at once.
  void start(warehouse::Warehouse& warehouse);
  bool recovered() const { return recovered_; }
  std::string progress() const;  // of recovery, a sentence
  // This batch and all before it are stored as far as they ever will be; 0 until recovery is done, and at the end.
  BatchNumber settled() const { return recovered_ && !unfinished_ ? settled_.load() : 0; }
  // Writes what is queued and ends; false where that took longer than `grace`.
  bool stop(Nanos grace);
  // Ends after the batch that is being written: what is in the journal alone is left to the next process.
  void leave();
  WriterStats stats() const;
  // Records that hold every run of which something stands in this segment of the journal or before, to be appended as
  // copied before it retires. Blocks; nullopt where the writer stops first.
  std::optional<std::vector<traces::Runs::Kept>> carry(std::uint64_t through_segment);
  // Blocks until everything pushed so far is stored; for tests, back-up and the demo.
  bool drain(Nanos most);
  // Recomputes rows of these traces (a new price): next tick, by correction pairs.
  void revise(ProjectId project, std::vector<Id128> traces, std::function<bool(traces::SpanRow&)> change);

 private:
  struct Dirty {
    Nanos first = 0, due = 0;
    std::vector<traces::Patch> patches;
  };
  struct Bounds {  // of the requests of a batch in the journal, both inclusive
    journal::Position from, up_to;
  };
  struct Revision {
    ProjectId project;
    std::vector<Id128> traces;
    std::function<bool(traces::SpanRow&)> change;
  };
  struct Recovery;  // recover.cc

  void run();
  void build(const Item& item);
  void write(const Item& item);
  void show_due_runs();
  void house_runs();
  void meet_told_runs();
  void answer_carry();
  void flush();
  void commit(traces::Batch batch, traces::Held held, const Bounds& bounds);
  bool insert(traces::Batch& batch, traces::Held held, const Bounds* bounds);
  void after(traces::Batch& batch);
  bool cut_and_wait(const journal::Cut& cut);
  bool pause(Nanos wait);
  void note_failure(const traces::Batch& batch, const Error& error, Nanos wait);
  // set_aside.cc: what the warehouse refuses for what it holds is kept in the quarantine, and taken out of the batch.
  Result<> set_aside(traces::Batch& batch, const Bounds& bounds);
  Result<std::vector<Quarantine::New>> find_in_journal(const traces::Batch& batch, const Bounds& bounds,
                                                       const traces::Refusals& refusals);
  // corrections.cc
  void correct(bool all);
  void correct(Revision round, std::vector<traces::Patch> patches);
  // recover.cc
  void recover();
  Result<> ask_warehouse(Recovery& recovery);
  Result<> read_back(Recovery& recovery);
  void close_recovered(Recovery& recovery);

  journal::Journal& journal_;
  Bookkeeper& books_;
  Quarantine& quarantine_;
  const Clock& clock_;
  const Log& log_;
  WriterOptions options_;
  warehouse::Warehouse* warehouse_ = nullptr;
  traces::Memory memory_;
  traces::Runs runs_;  // of the thread alone, like the builders
  traces::Builder builder_, due_builder_;

  mutable std::mutex mutex_;
  std::condition_variable news_, idle_;
  std::deque<Item> queue_;
  std::size_t queued_bytes_ = 0;
  bool stopping_ = false, busy_ = false;
  std::deque<Revision> revisions_;
  struct Carry {
    std::uint64_t through = 0;
    std::promise<std::vector<traces::Runs::Kept>> done;
  };
  std::deque<Carry> carries_;
  WriterStats stats_;
  std::string progress_ = "waiting for the warehouse";

  // Of the thread alone.
  Bounds open_bounds_;                          // of the open batch
  Nanos opened_ = 0;                            // when it got its first record; 0: there is none
  std::unordered_map<ProjectId, Taken> taken_;  // of the open batch
  std::uint64_t last_batch_ = 0;
  std::size_t open_bytes_ = 0;
  bool fat_ = false;  // memory of a batch may be held by the allocator
  std::unordered_map<Id128, std::pair<ProjectId, Id128>> dirty_names_;
  std::unordered_map<Id128, Dirty> dirty_;
  std::unordered_map<Id128, Dirty> waiting_;  // patches whose span has not come
  std::atomic<bool> recovered_ = false, leaving_ = false;
  std::atomic<BatchNumber> settled_ = 0;
  std::atomic<bool> unfinished_ = false;  // a batch is left to the next start
  std::thread thread_;
};

}  // namespace pawl::ingest
