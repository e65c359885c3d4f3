// What the journal's calls share: the queue, the segments on disk, the batches that are not settled.
#pragma once
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "batches.h"
#include "cursor.h"
#include "journal.h"
#include "writer.h"

namespace pawl::journal {

struct SegmentState {
  std::uint64_t number = 0;
  std::uint64_t end = first_record;  // all below is synced
  std::uint64_t requests = 0;
  Position last_request;  // {}: none
};

struct Journal::Inside {
  Files& files;
  const Clock& clock;
  Options options;
  std::string folder;
  std::unique_ptr<FileLock> lock;
  std::vector<std::uint64_t> older;  // segments that were there at open, ascending
  std::unique_ptr<Writer> writer;    // of the writer's thread

  mutable std::mutex mutex;  // over all below
  std::condition_variable work;
  std::vector<Pending> queue;
  std::vector<Pending> marks;  // stored marks: go with the next group, and wake nobody
  bool idle = false;           // the writer's thread waits
  bool closed = false;
  bool recovered = false;
  std::deque<SegmentState> segments;
  Batches batches;
  Stats stats;

  std::mutex retiring;  // one retire() at a time
  std::thread thread;

  Inside(Files& of, const Clock& at, Options with)
      : files(of), clock(at), options(std::move(with)), folder(options.data + "/journal") {}
  std::string path_of(std::uint64_t number) const { return folder + "/" + segment_name(number); }

  void enqueue(Pending item, bool limited);
  std::optional<Error> why_not(std::uint64_t bytes, bool limited) const;  // under the mutex: refuse it?
  Result<Position> write(Kind kind, std::string payload);                 // and waits until it is synced
  bool step();
  void run();
  void finish(std::span<Pending> run, const Error* error);
  void account(const Pending& item);  // under the mutex, once it is synced
  std::size_t settleable() const;     // likewise: how many batches were stored long enough ago
  std::size_t due_count() const;      // likewise: how many of `segments` may go
};

// Reads one older segment after another; shared by recover() and its tests.
struct OlderSegment {
  std::uint64_t number = 0;
  std::uint64_t file_bytes = 0;
  std::optional<Scan> scan;  // nullopt: no readable head
  std::vector<Damage> damages;
};
Result<std::vector<OlderSegment>> scan_older(Files& files, const std::string& folder, const Options& options,
                                             const std::vector<std::uint64_t>& numbers);

}  // namespace pawl::journal
