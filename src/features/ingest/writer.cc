// The writer's thread.
#include "writer.h"

#include <malloc.h>

#include <future>

namespace pawl::ingest {
namespace {

constexpr Nanos patch_life = 10 * minute;  // a log record's facts wait so long for their span
constexpr std::size_t traces_a_round = 500;

}  // namespace

Writer::Writer(journal::Journal& journal, Ledger& books, const Clock& clock, const Log& log, WriterOptions options)
    : journal_(journal),
      books_(books),
      clock_(clock),
      log_(log),
      options_(std::move(options)),
      builder_(memory_, options_.body_key, options_.pricer, clock) {}

Writer::~Writer() {
  stop(10 * second);
}

void Writer::push(Item item) {
  {
    const std::lock_guard lock(mutex_);
    queued_bytes_ += item.body->size();
    queue_.push_back(std::move(item));
  }
  news_.notify_one();
}

bool Writer::has_room(std::size_t bytes) const {
  const std::lock_guard lock(mutex_);
  return queued_bytes_ + bytes <= options_.most_queued_bytes;
}

void Writer::start(warehouse::Warehouse& warehouse) {
  warehouse_ = &warehouse;
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "pawl-writer");
    run();
  });
}

std::string Writer::progress() const {
  const std::lock_guard lock(mutex_);
  return progress_;
}

bool Writer::stop(Nanos grace) {
  if (!thread_.joinable()) return true;
  const bool drained = drain(grace);
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  news_.notify_one();
  thread_.join();
  return drained;
}

WriterStats Writer::stats() const {
  const std::lock_guard lock(mutex_);
  WriterStats stats = stats_;
  stats.queued_bytes = queued_bytes_;
  stats.queued_items = queue_.size();
  if (!queue_.empty()) stats.oldest = queue_.front().received;
  return stats;
}

bool Writer::drain(Nanos most) {
  std::unique_lock lock(mutex_);
  if (warehouse_ == nullptr) return queue_.empty();
  return idle_.wait_for(lock, std::chrono::nanoseconds(most), [&] { return queue_.empty() && !busy_ && recovered_; });
}

void Writer::revise(ProjectId project, std::vector<Id128> traces, std::function<bool(traces::SpanRow&)> change) {
  {
    const std::lock_guard lock(mutex_);
    revisions_.push_back({project, std::move(traces), std::move(change)});
  }
  news_.notify_one();
}

void Writer::run() {
  recover();
  for (;;) {
    std::deque<Item> items;
    {
      std::unique_lock lock(mutex_);
      const bool open = opened_ != 0;
      if (!open && queue_.empty()) {
        busy_ = false;
        idle_.notify_all();
        if (fat_) malloc_trim(0);  // batches are large and short-lived: give their memory back when nothing waits
        fat_ = false;
      }
      const Nanos wait = open ? std::max<Nanos>(0, opened_ + options_.linger - clock_.monotonic()) : 250 * millisecond;
      news_.wait_for(lock, std::chrono::nanoseconds(wait),
                     [&] { return !queue_.empty() || stopping_ || !revisions_.empty(); });
      if (stopping_ && queue_.empty()) break;
      busy_ = true;
      items.swap(queue_);
    }
    for (const auto& item : items) {
      write(item);
      if (builder_.rows() >= options_.most_rows || builder_.bytes() >= options_.most_bytes) flush();
    }
    if (opened_ != 0 && clock_.monotonic() - opened_ >= options_.linger) flush();
    correct(false);
  }
  flush();
  correct(true);
}

void Writer::write(const Item& item) {
  if (opened_ == 0) opened_ = clock_.monotonic();
  builder_.add(item.project, item.received, item.signal, item.encoding, *item.body);
  auto& [units, refused] = taken_[item.project];
  units += item.units;
  refused += item.refused;
  up_to_ = item.at;
  open_bytes_ += item.body->size();
}

bool Writer::cut_and_wait(const journal::Cut& cut) {
  std::promise<Result<journal::Position>> done;
  auto future = done.get_future();
  journal_.cut(cut, [&](Result<journal::Position> result) { done.set_value(std::move(result)); });
  const auto result = future.get();
  if (!result)
    log_.error("a batch could not be cut", {{"batch", fmt::format("{}", cut.batch)}, {"why", result.error().what}});
  return result.has_value();
}

void Writer::flush() {
  if (opened_ == 0) return;
  traces::Batch batch = builder_.close(++last_batch_);
  const auto totals = books_.cut(batch.fates, taken_);
  taken_.clear();
  opened_ = 0;
  for (Nanos wait = 100 * millisecond; !cut_and_wait({batch.number, up_to_, totals});
       wait = std::min(2 * wait, 5 * second)) {
    std::this_thread::sleep_for(std::chrono::nanoseconds(wait));  // the disk is full: the batch is not lost, it waits
  }
  commit(std::move(batch), {});
  books_.landed();
  fat_ = true;
  const std::lock_guard lock(mutex_);
  queued_bytes_ -= std::min(queued_bytes_, open_bytes_);
  open_bytes_ = 0;
}

void Writer::commit(traces::Batch batch, const traces::Held& held) {
  if (!insert_or_quarantine(batch, held)) return;
  memory_.learn_bodies(batch.new_bodies);
  journal_.stored(batch.number);
  {
    const std::lock_guard lock(mutex_);
    ++stats_.batches;
    stats_.spans += batch.spans.size();
    stats_.bodies += batch.bodies.size();
  }
  after(batch);
  for (const auto& tap : options_.taps) tap(batch);
}

// The engine refuses a whole block for one bad row: after some tries the spans are halved until the bad one is alone.
bool Writer::insert_or_quarantine(traces::Batch& batch, const traces::Held& held) {
  for (Nanos wait = 100 * millisecond;; wait = std::min(2 * wait, 5 * second)) {
    const auto inserted = traces::insert(*warehouse_, batch, held);
    if (inserted) return true;
    {
      const std::lock_guard lock(mutex_);
      ++stats_.failures;
    }
    log_.error("the warehouse refused a batch; trying again",
               {{"batch", fmt::format("{}", batch.number)}, {"why", inserted.error().what}});
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return false;  // it is in the journal; the next start inserts it
    }
    std::this_thread::sleep_for(std::chrono::nanoseconds(wait));
  }
}

void Writer::after(traces::Batch& batch) {
  const Nanos now = clock_.monotonic();
  auto name = [](ProjectId project, const Id128& trace) { return traces::Memory::key(project, trace); };
  for (const auto& [project, trace] : batch.dirty) {
    const Id128 key = name(project, trace);
    dirty_names_[key] = {project, trace};
    auto& dirty = dirty_[key];
    if (dirty.first == 0) dirty.first = now;
    dirty.due = std::min(now + options_.quiet, dirty.first + options_.longest);
  }
  if (!waiting_.empty()) {
    for (const auto& row : batch.spans) {
      const auto found = waiting_.find(name(row.project, row.trace));
      if (found == waiting_.end()) continue;
      for (auto& patch : found->second.patches) batch.patches.push_back(std::move(patch));
      waiting_.erase(found);
      if (waiting_.empty()) break;
    }
  }
  for (auto& patch : batch.patches) {
    const Id128 key = name(patch.project, patch.trace);
    dirty_names_[key] = {patch.project, patch.trace};
    auto& dirty = dirty_[key];
    dirty.first = dirty.due = now;
    dirty.patches.push_back(std::move(patch));
  }
}

void Writer::correct(bool all) {
  const Nanos now = clock_.monotonic();
  std::unordered_map<ProjectId, Revision> rounds;
  std::unordered_map<ProjectId, std::vector<traces::Patch>> patches;
  std::vector<Id128> taken;
  for (const auto& [key, dirty] : dirty_) {
    if (!all && dirty.due > now) continue;
    const auto& [project, trace] = dirty_names_[key];
    if (rounds[project].traces.size() >= traces_a_round) continue;
    rounds[project].traces.push_back(trace);
    for (const auto& patch : dirty.patches) patches[project].push_back(patch);
    taken.push_back(key);
  }
  for (const auto& key : taken) {
    dirty_.erase(key);
    dirty_names_.erase(key);
  }
  std::vector<Revision> work;
  for (auto& [project, round] : rounds) work.push_back({project, std::move(round.traces), nullptr});
  {
    const std::lock_guard lock(mutex_);
    for (auto& revision : revisions_) work.push_back(std::move(revision));
    revisions_.clear();
  }
  for (const auto& round : work) {
    auto pairs = traces::corrections(*warehouse_, round.project, round.traces, patches[round.project], last_batch_ + 1,
                                     round.change);
    if (!pairs) {
      log_.warn("a recount failed; it runs again with the next news", {{"why", pairs.error().what}});
      continue;
    }
    std::unordered_map<Id128, bool> there;
    traces::Batch batch;
    batch.number = last_batch_ + 1;
    batch.spans = std::move(*pairs);
    for (const auto& row : batch.spans) there[row.span] = true;
    for (auto& patch : patches[round.project]) {  // no row changed: its span may still come
      if (there.contains(patch.span)) continue;
      auto& waits = waiting_[traces::Memory::key(patch.project, patch.trace)];
      if (waits.first == 0) waits.first = now;
      if (now - waits.first < patch_life && waits.patches.size() < 1000) waits.patches.push_back(std::move(patch));
    }
    patches[round.project].clear();
    if (batch.spans.empty()) continue;
    ++last_batch_;
    if (!insert_or_quarantine(batch, {})) return;
    const std::lock_guard lock(mutex_);
    stats_.corrections += batch.spans.size();
  }
}

void Writer::recover() {
  auto say = [&](std::string what) {
    const std::lock_guard lock(mutex_);
    progress_ = std::move(what);
  };
  say("reading the journal");
  const auto found = journal_.recover();
  if (!found) {
    log_.error("the journal could not be read", {{"why", found.error().what}});
    say(found.error().what);
    return;
  }
  for (const auto& damage : found->damages) log_.error("the journal is damaged", {{"what", journal::describe(damage)}});
  books_.restore(found->totals);
  const auto last = traces::last_batch(*warehouse_);
  last_batch_ = std::max(found->last_batch, last.value_or(0));
  const auto held = traces::held_above(*warehouse_, found->settled_batch);
  auto reader = journal_.read({}, found->end);
  if (!held || !reader) {
    say(held ? reader.error().what : held.error().what);
    log_.error("recovery failed", {{"why", held ? reader.error().what : held.error().what}});
    return;
  }
  std::uint64_t open_batch = 0, records = 0;
  bool any = false;
  auto close_open = [&] {
    if (!any || open_batch == 0) return;
    traces::Batch batch = builder_.close(open_batch);
    if (open_batch > found->stored_batch) {
      log_.info("a batch is completed from the journal", {{"batch", fmt::format("{}", open_batch)}});
      commit(std::move(batch), *held);
    } else {
      memory_.learn_bodies(batch.new_bodies);
    }
    any = false;
  };
  for (;;) {
    auto entry = reader->next();
    if (!entry || !*entry) {
      if (!entry) log_.error("recovery stopped early", {{"why", entry.error().what}});
      break;
    }
    const auto& record = (*entry)->record;
    if ((*entry)->batch != open_batch) close_open();
    open_batch = (*entry)->batch;
    any = true;
    ++records;
    const Item item{(*entry)->at,
                    record.project,
                    record.received,
                    static_cast<otlp::Signal>(record.signal),
                    static_cast<otlp::Encoding>(record.content),
                    record.units,
                    record.refused,
                    std::make_shared<const std::string>(record.body)};
    if (open_batch == 0) {
      books_.accepted(item.project, item.units, item.refused);
      write(item);
      if (builder_.rows() >= options_.most_rows || builder_.bytes() >= options_.most_bytes) flush();
    } else {
      builder_.add(item.project, item.received, item.signal, item.encoding, *item.body);
    }
    if (records % 1000 == 0) say(fmt::format("{} of {} requests of the journal are back", records, found->records));
  }
  close_open();
  flush();
  say("");
  recovered_ = true;
  log_.info("recovered", {{"requests", fmt::format("{}", records)}, {"batch", fmt::format("{}", last_batch_)}});
}

}  // namespace pawl::ingest
