// The writer's thread.
#include "writer.h"

#include <malloc.h>

namespace pawl::ingest {
namespace {

constexpr Nanos first_wait = 100 * millisecond, longest_wait = 5 * second;  // between two tries
constexpr int most_refusals = 5;                                            // of a correction

}  // namespace

Writer::Writer(journal::Journal& journal, Bookkeeper& books, Quarantine& quarantine, const Clock& clock, const Log& log,
               WriterOptions options)
    : journal_(journal),
      books_(books),
      quarantine_(quarantine),
      clock_(clock),
      log_(log),
      options_(std::move(options)),
      runs_(options_.runs),
      builder_(memory_, options_.body_key, options_.pricer, clock),
      due_builder_(memory_, options_.body_key, options_.pricer, clock) {
  builder_.use(runs_, true);
  due_builder_.use(runs_, false);
}

std::uint8_t kind_of(const Item& item) {
  return item.form == llm::RunForm::none ? static_cast<std::uint8_t>(item.signal)
                                         : static_cast<std::uint8_t>(first_form + static_cast<std::uint8_t>(item.form));
}

void set_kind(std::uint8_t kind, Item& item) {
  item.signal = kind < first_form ? static_cast<otlp::Signal>(kind) : otlp::Signal::traces;
  item.form = kind < first_form ? llm::RunForm::none : static_cast<llm::RunForm>(kind - first_form);
}

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
  const std::lock_guard lock(mutex_);
  carries_.clear();  // whoever waits is told that it ends
  return drained;
}

void Writer::leave() {
  leaving_ = true;
  stop(0);
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
  if (!recovered_) return;  // without it no batch has a number: what comes stays in the journal
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
                     [&] { return !queue_.empty() || stopping_ || !revisions_.empty() || !carries_.empty(); });
      if (stopping_ && (queue_.empty() || leaving_)) break;
      busy_ = true;
      items.swap(queue_);
    }
    for (const auto& item : items) {
      if (leaving_) return;
      write(item);
      if (builder_.rows() >= options_.most_rows || builder_.bytes() >= options_.most_bytes) flush();
    }
    if (opened_ != 0 && clock_.monotonic() - opened_ >= options_.linger) flush();
    correct(false);
    show_due_runs();
    answer_carry();
  }
  if (leaving_) return;
  flush();
  correct(true);
}

void Writer::build(const Item& item) {
  if (item.form == llm::RunForm::none) {
    builder_.add(item.project, item.received, item.signal, item.encoding, *item.body, item.at.segment);
  } else {
    builder_.add_runs(item.project, item.received, item.form, *item.body, item.at.segment);
  }
}

// Late patches that do not say their trace: the warehouse may know the run.
void Writer::house_runs() {
  std::unordered_map<ProjectId, std::vector<Id128>> sought;
  for (const auto& [project, span] : runs_.take_homeless()) sought[project].push_back(span);
  for (const auto& [project, spans] : sought) {
    const auto found = traces::traces_of_spans(*warehouse_, project, spans);
    if (!found)
      log_.warn("late pieces of runs wait for their trace an hour",
                {{"runs", fmt::format("{}", spans.size())}, {"why", found.error().what}});
    else
      for (const auto& [span, trace] : *found) runs_.house(project, span, trace);
  }
}

// Model calls that only log records told of, before they become rows: their spans may have come when nobody here
// remembers.
void Writer::meet_told_runs() {
  Nanos first = 0, last = 0;
  const auto due = runs_.told_due(clock_.now(), first, last);
  if (due.empty()) return;
  const auto standing = traces::standing_of(*warehouse_, due, first, last);
  if (!standing)  // the hourly check for repeats finds what stands twice
    return log_.warn("model calls of log records are shown without looking for their spans",
                     {{"calls", fmt::format("{}", due.size())}, {"why", standing.error().what}});
  for (const auto& row : *standing) due_builder_.meet_standing(row);
}

// Rows that the clock alone calls for: they are in no cut, a restart makes them again.
void Writer::show_due_runs() {
  meet_told_runs();
  due_builder_.add_due_runs(clock_.now());
  house_runs();
  {
    const std::lock_guard lock(mutex_);
    stats_.runs = runs_.sizes();
  }
  if (due_builder_.rows() == 0 && !due_builder_.has_patches()) return;
  traces::Batch batch = due_builder_.close(++last_batch_);
  if (!insert(batch, {}, nullptr)) return;
  memory_.learn_bodies(batch.new_bodies);
  after(batch);
  for (const auto& tap : options_.taps) tap(batch);
}

std::optional<std::vector<traces::Runs::Kept>> Writer::carry(std::uint64_t through_segment) {
  std::future<std::vector<traces::Runs::Kept>> answer;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || !thread_.joinable()) return std::nullopt;
    carries_.push_back({through_segment, {}});
    answer = carries_.back().done.get_future();
  }
  news_.notify_one();
  try {
    return answer.get();
  } catch (const std::future_error&) {  // the writer has ended
    return std::nullopt;
  }
}

void Writer::answer_carry() {
  std::deque<Carry> carries;
  {
    const std::lock_guard lock(mutex_);
    carries.swap(carries_);
  }
  for (auto& one : carries) one.done.set_value(runs_.carry(one.through));
}

void Writer::write(const Item& item) {
  if (opened_ == 0) {
    opened_ = clock_.monotonic();
    open_bounds_.from = item.at;
  }
  build(item);
  Taken& taken = taken_[item.project];
  (item.key == 0 ? taken.units : taken.again) += item.units;
  taken.refused += item.refused;
  open_bounds_.up_to = item.at;
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
  for (Nanos wait = first_wait; !cut_and_wait({batch.number, open_bounds_.up_to, totals});
       wait = std::min(2 * wait, longest_wait)) {
    if (leaving_) return;
    std::this_thread::sleep_for(std::chrono::nanoseconds(wait));  // the disk is full: the batch is not lost, it waits
  }
  commit(std::move(batch), {}, open_bounds_);
  books_.landed();
  fat_ = true;
  const std::lock_guard lock(mutex_);
  queued_bytes_ -= std::min(queued_bytes_, open_bytes_);
  open_bytes_ = 0;
}

void Writer::commit(traces::Batch batch, traces::Held held, const Bounds& bounds) {
  if (!insert(batch, std::move(held), &bounds)) return;
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

// False when the writer stops: the batch is in the journal, and the next start goes on with it.
bool Writer::pause(Nanos wait) {
  std::unique_lock lock(mutex_);
  return !news_.wait_for(lock, std::chrono::nanoseconds(wait), [&] { return stopping_; });
}

// What cannot be taken now is no fault: it waits in the journal. What is refused for what it holds is.
void Writer::note_failure(const traces::Batch& batch, const Error& error, Nanos wait) {
  {
    const std::lock_guard lock(mutex_);
    ++stats_.failures;
  }
  const Fields said{{"batch", fmt::format("{}", batch.number)},
                    {"spans", fmt::format("{}", batch.spans.size())},
                    {"why", error.what},
                    {"again_ms", fmt::format("{}", wait / millisecond)}};
  if (error.kind == ErrorKind::unavailable)
    log_.warn("the warehouse cannot take a batch now; the tables that miss it get it in the next try", said);
  else
    log_.error("the warehouse refused a batch; what it refuses is looked for and set aside", said);
}

// Inserts a batch, whatever that takes: waits while the warehouse cannot take it, and sets aside what it will not take.
// An insert may fail in the middle: before each new try the tables are asked what they hold of it. A correction has no
// bounds, and is given up where it is refused: what is stored stays as it was. False: given up, or the writer stops.
bool Writer::insert(traces::Batch& batch, traces::Held held, const Bounds* bounds) {
  Nanos wait = first_wait;
  for (int refusals = 0;;) {
    const auto inserted = traces::insert(*warehouse_, batch, held);
    if (inserted) {
      settled_ = std::max(settled_.load(), batch.number);
      return true;
    }
    note_failure(batch, inserted.error(), wait);
    if (inserted.error().kind != ErrorKind::unavailable) {
      if (bounds == nullptr && ++refusals == most_refusals) return false;
      if (bounds != nullptr) {
        const auto aside = set_aside(batch, *bounds);
        if (aside)
          wait = 0;
        else
          note_failure(batch, aside.error(), wait);
      }
    }
    for (bool asked = false; !asked;) {
      if (!pause(wait)) {
        unfinished_ = true;
        return false;
      }
      wait = std::clamp(2 * wait, first_wait, longest_wait);
      auto now_held = traces::held_of(*warehouse_, batch.number);
      asked = now_held.has_value();
      if (asked) held = std::move(*now_held);
    }
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

}  // namespace pawl::ingest
