// The queue before the writer, batch bounds, retirement.
#include "journal.h"

#include <algorithm>
#include <future>

#include "inside.h"

namespace pawl::journal {

Result<std::unique_ptr<FileLock>> lock_data(Files& files, const std::string& data, Nanos now) {
  TRY(files.make_folders(data));
  return files.lock(data + "/LOCK", describe_process(now));
}

Result<std::unique_ptr<Journal>> Journal::open(Files& files, const Clock& clock, Random& random, Options options) {
  PAWL_CHECK(options.segment_bytes <= max_segment_bytes / 2 && options.max_body_bytes <= max_segment_bytes / 2);
  auto inside = std::make_unique<Inside>(files, clock, std::move(options));
  inside->lock = TRY(lock_data(files, inside->options.data, clock.now()));
  TRY(files.make_folders(inside->folder));
  for (const FileEntry& entry : TRY(files.list(inside->folder))) {
    if (const auto number = segment_number(entry.name)) inside->older.push_back(*number);
  }
  inside->recovered = inside->older.empty();
  const std::uint64_t last = inside->older.empty() ? 0 : inside->older.back();
  inside->writer = TRY(Writer::open(files, clock, random, inside->options, inside->folder, last));
  inside->stats.full = inside->writer->full();
  if (inside->options.thread) {
    inside->thread = std::thread([state = inside.get()] {
      ::pthread_setname_np(::pthread_self(), "pawl-journal");
      state->run();
    });
  }
  return std::unique_ptr<Journal>(new Journal(std::move(inside)));
}

Journal::Journal(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}

Journal::~Journal() {
  close();
}

void Journal::close() {
  {
    const std::scoped_lock guard(inside_->mutex);
    if (inside_->closed) return;
    inside_->closed = true;
    inside_->work.notify_one();
  }
  if (inside_->thread.joinable()) inside_->thread.join();
  while (inside_->step()) continue;
  std::vector<Pending> last = std::move(inside_->marks);
  last.push_back({.head = control_head(Kind::end, ""), .body = {}, .payload = "", .done = nullptr, .at = {}});
  inside_->writer->commit(last, [](auto, auto) {});
  inside_->lock.reset();
}

void Journal::append(const Record& record, Done done) {
  PAWL_CHECK(done, "nobody would know whether the request is durable");
  if (record.body.size() > inside_->options.max_body_bytes) {
    return done(fail(ErrorKind::exhausted, "the request has {} bytes; at most {} are taken", record.body.size(),
                     inside_->options.max_body_bytes));
  }
  inside_->enqueue({.head = head_of(record), .body = record.body, .payload = "", .done = std::move(done), .at = {}},
                   true);
}

void Journal::cut(const Cut& cut, Done done) {
  {
    const std::scoped_lock guard(inside_->mutex);
    PAWL_CHECK(inside_->recovered, "cut before recovery");
    const Batches& batches = inside_->batches;
    PAWL_CHECK(cut.batch > batches.last_batch() && cut.up_to >= batches.last_up_to(), "cuts must rise: {} after {}",
               cut.batch, batches.last_batch());
    const auto& segments = inside_->segments;
    PAWL_CHECK(cut.up_to == Position{} ||
                   (!segments.empty() && cut.up_to < Position{segments.back().number, segments.back().end}),
               "a batch ends behind what is acknowledged");
  }
  std::string payload = encode(cut);
  const Head head = control_head(Kind::cut, payload);
  inside_->enqueue({.head = head, .body = {}, .payload = std::move(payload), .done = std::move(done), .at = {}}, false);
}

void Journal::stored(std::uint64_t batch) {
  const std::scoped_lock guard(inside_->mutex);
  const auto news = inside_->batches.stored(batch, inside_->clock.monotonic());
  if (!news) return;
  std::string payload = encode_stored(*news);
  const Head head = control_head(Kind::stored, payload);
  inside_->marks.push_back({.head = head, .body = {}, .payload = std::move(payload), .done = nullptr, .at = {}});
}

bool Journal::step() {
  return inside_->step();
}

Stats Journal::stats() const {
  const std::scoped_lock guard(inside_->mutex);
  Stats stats = inside_->stats;
  stats.segments = inside_->segments.size();
  for (const SegmentState& segment : inside_->segments) stats.segment_bytes += segment.end;
  return stats;
}

std::optional<Error> Journal::Inside::why_not(std::uint64_t bytes, bool limited) const {
  if (closed) return Error{ErrorKind::unavailable, "the journal is closed"};
  if (!limited || stats.queued_bytes == 0 || stats.queued_bytes + bytes <= options.max_queued_bytes)
    return std::nullopt;
  return Error{ErrorKind::unavailable, "the journal queue is full: send again"};
}

void Journal::Inside::enqueue(Pending item, bool limited) {
  std::optional<Error> refused;
  Done told;
  bool wake = false;
  {
    const std::scoped_lock guard(mutex);
    refused = why_not(item.frame(), limited);
    if (refused) {
      ++stats.refused;
      told = std::move(item.done);
    } else {
      stats.queued_bytes += item.frame();
      ++stats.queued_records;
      queue.push_back(std::move(item));
      wake = std::exchange(idle, false);
    }
  }
  if (wake) work.notify_one();
  if (told) told(std::unexpected(*std::move(refused)));
}

Result<Position> Journal::Inside::write(Kind kind, std::string payload) {
  const Head head = control_head(kind, payload);
  std::promise<Result<Position>> written;
  auto at = written.get_future();
  const auto done = [&](Result<Position> result) { written.set_value(std::move(result)); };
  enqueue({.head = head, .body = {}, .payload = std::move(payload), .done = done, .at = {}}, false);
  if (!options.thread) step();
  return at.get();
}

void Journal::Inside::run() {
  while (true) {
    {
      std::unique_lock guard(mutex);
      idle = true;
      work.wait(guard, [&] { return closed || !queue.empty(); });
      idle = false;
      if (queue.empty()) return;
    }
    step();
  }
}

bool Journal::Inside::step() {
  std::vector<Pending> group;
  {
    const std::scoped_lock guard(mutex);
    if (queue.empty()) return false;
    group.swap(marks);
    group.insert(group.end(), std::make_move_iterator(queue.begin()), std::make_move_iterator(queue.end()));
    queue.clear();
    for (const Pending& item : group) {
      if (item.head.kind != static_cast<std::uint8_t>(Kind::stored)) continue;
      stats.queued_bytes += item.frame();  // what finish() takes off again
      ++stats.queued_records;
    }
  }
  const Nanos begun = clock.monotonic();
  writer->commit(group, [&](std::span<Pending> run, const Error* error) { finish(run, error); });
  const std::scoped_lock guard(mutex);
  stats.sync_time += clock.monotonic() - begun;
  stats.syncs = writer->syncs();
  stats.full = writer->full();
  return true;
}

void Journal::Inside::finish(std::span<Pending> run, const Error* error) {
  {
    const std::scoped_lock guard(mutex);
    for (const Pending& item : run) {
      stats.queued_bytes -= item.frame();
      --stats.queued_records;
      if (error == nullptr) {
        account(item);
      } else {
        ++stats.refused;
      }
    }
  }
  for (Pending& item : run) {
    if (!item.done) continue;
    if (error == nullptr) {
      item.done(item.at);
    } else {
      item.done(std::unexpected(*error));
    }
  }
}

void Journal::Inside::account(const Pending& item) {
  if (segments.empty() || segments.back().number != item.at.segment) segments.push_back({.number = item.at.segment});
  SegmentState& segment = segments.back();
  segment.end = item.at.offset + item.frame();
  ++stats.written_records;
  stats.written_bytes += item.frame();
  if (!item.control()) {
    ++segment.requests;
    segment.last_request = item.at;
  } else if (item.head.kind == static_cast<std::uint8_t>(Kind::cut)) {
    const auto cut = decode_cut(item.payload);
    PAWL_CHECK(cut, "{}", cut.error().what);
    batches.add(*cut);
  }
}

std::size_t Journal::Inside::settleable() const {
  return batches.stored_before(clock.monotonic() - options.keep);
}

std::size_t Journal::Inside::due_count() const {
  if (!recovered) return 0;
  const Position end = batches.end_of(settleable());
  std::size_t count = 0;
  while (count + 1 < segments.size() && segments[count].last_request <= end) ++count;  // never the current one
  return count;
}

std::vector<Segment> Journal::segments() const {
  const std::scoped_lock guard(inside_->mutex);
  std::vector<Segment> all;
  for (const SegmentState& of : inside_->segments) {
    all.push_back({.number = of.number,
                   .first = {of.number, first_record},
                   .end = {of.number, of.end},
                   .bytes = of.end,
                   .records = of.requests});
  }
  return all;
}

std::vector<Segment> Journal::due() const {
  auto all = segments();
  const std::scoped_lock guard(inside_->mutex);
  all.resize(std::min(all.size(), inside_->due_count()));
  return all;
}

Result<> Journal::retire(std::uint64_t through_segment) {
  const std::scoped_lock one(inside_->retiring);
  Checkpoint checkpoint;
  std::vector<std::uint64_t> leaving;
  {
    const std::scoped_lock guard(inside_->mutex);
    const std::size_t count = inside_->due_count();
    for (std::size_t i = 0; i < count && inside_->segments[i].number <= through_segment; ++i) {
      leaving.push_back(inside_->segments[i].number);
    }
    if (leaving.empty() || leaving.back() != through_segment) {
      return fail(ErrorKind::invalid, "segment {} of the journal is not due", through_segment);
    }
    checkpoint = inside_->batches.checkpoint(inside_->settleable(), through_segment + 1);
  }
  TRY(inside_->write(Kind::checkpoint, encode(checkpoint)));
  {
    const std::scoped_lock guard(inside_->mutex);
    inside_->batches.settle(checkpoint.settled);
    while (inside_->segments.front().number <= through_segment) inside_->segments.pop_front();
  }
  for (const std::uint64_t number : leaving) TRY(inside_->files.remove(inside_->path_of(number)));
  return inside_->files.sync_folder(inside_->folder);
}

}  // namespace pawl::journal
