// The writer's start: what the journal holds is handled again, by the same bounds, and only what is missing is
// inserted.
#include "writer.h"

namespace pawl::ingest {
namespace {

constexpr Nanos recent = minute;  // corrections of news that came so shortly before the end may be missing

Item item_of(const journal::Reader::Entry& entry) {
  const auto& record = entry.record;
  Item item{.at = entry.at,
            .project = record.project,
            .received = record.received,
            .encoding = static_cast<otlp::Encoding>(record.content),
            .units = record.units,
            .refused = record.refused,
            .key = record.key,
            .body = std::make_shared<const std::string>(record.body)};
  set_kind(record.signal, item);
  return item;
}

}  // namespace

struct Writer::Recovery {
  journal::Recovered found;
  traces::Held held;
  Quarantine::State quarantine;
  BatchNumber batch = 0;  // that is being made again; 0: requests that no cut has named
  Bounds bounds;
  Nanos received = 0;  // of its last request
  bool any = false;
  std::uint64_t records = 0;
  // Of batches that are stored already: corrections and patches that the end may have cut off.
  std::deque<std::pair<Nanos, traces::Batch>> news;
};

// A batch by its old bounds is whole again.
void Writer::close_recovered(Recovery& r) {
  if (!r.any || r.batch == 0) return;
  r.any = false;
  traces::Batch batch = builder_.close(r.batch);
  if (const auto left = r.quarantine.batches.find(r.batch); left != r.quarantine.batches.end()) {
    std::set<traces::RecordKey> records;
    for (const auto& one : left->second) {
      records.insert(one.key);
      memory_.forget(one.key.project, one.trace, one.span, one.key.record);
    }
    traces::leave_out(batch, records);
  }
  if (r.batch > r.found.stored_batch) {
    log_.info("a batch is completed from the journal", {{"batch", fmt::format("{}", r.batch)}});
    commit(std::move(batch), r.held, r.bounds);
    return;
  }
  memory_.learn_bodies(batch.new_bodies);
  traces::Batch left;
  left.dirty = std::move(batch.dirty);
  left.patches = std::move(batch.patches);
  r.news.emplace_back(r.received, std::move(left));
  while (r.news.front().first < r.received - recent) r.news.pop_front();
}

Result<> Writer::read_back(Recovery& r) {
  auto reader = TRY(journal_.read({}, r.found.end));
  for (;;) {
    const auto entry = TRY(reader.next());
    if (!entry) break;
    if (leaving_) return fail(ErrorKind::unavailable, "left to the next process");
    const Item item = item_of(*entry);
    if (entry->batch != r.batch) close_recovered(r);
    if (!r.any) r.bounds.from = item.at;
    r.batch = entry->batch;
    r.bounds.up_to = item.at;
    r.received = item.received;
    r.any = true;
    ++r.records;
    const bool open = r.batch == 0;
    if (item.key != 0) {
      const auto news = quarantine_.sent(static_cast<std::int64_t>(item.key), clock_.now(), "found in the journal");
      if (!news) log_.error("a record stays marked as quarantined", {{"why", news.error().what}});
      books_.sent_again(item.project, news.value_or(false) ? item.units : 0, open ? item.units : 0);
    } else if (open) {
      books_.accepted(item.project, item.units, item.refused);
    }
    if (open) {
      write(item);
      if (builder_.rows() >= options_.most_rows || builder_.bytes() >= options_.most_bytes) flush();
    } else {
      build(item);
    }
    if (r.records % 1000 == 0) {
      const std::lock_guard lock(mutex_);
      progress_ = fmt::format("{} of {} requests of the journal are back", r.records, r.found.records);
    }
  }
  close_recovered(r);
  flush();
  for (auto& [received, batch] : r.news) {
    if (received >= r.received - recent) after(batch);
  }
  return quarantine_.settle_after_recovery(clock_.now());
}

// What the warehouse has already. It may be away for a while.
Result<> Writer::ask_warehouse(Recovery& r) {
  const BatchNumber stored = TRY(traces::last_batch(*warehouse_));
  last_batch_ = std::max({r.found.last_batch, stored, r.quarantine.last_batch});
  r.held = TRY(traces::held_above(*warehouse_, r.found.settled_batch));
  return {};
}

void Writer::recover() {
  auto say = [&](std::string what) {
    const std::lock_guard lock(mutex_);
    progress_ = std::move(what);
  };
  say("reading the journal");
  Recovery recovery;
  runs_.rebuilding(true);
  const auto recovered = [&]() -> Result<> {
    recovery.found = TRY(journal_.recover());
    for (const auto& damage : recovery.found.damages)
      log_.error("the journal is damaged", {{"what", journal::describe(damage)}});
    recovery.quarantine = TRY(quarantine_.state());
    books_.restore(recovery.found.totals, recovery.quarantine.held);
    for (Nanos wait = 100 * millisecond;; wait = std::min(2 * wait, 5 * second)) {
      const auto asked = ask_warehouse(recovery);
      if (asked) break;
      if (asked.error().kind != ErrorKind::unavailable) return asked;
      say(asked.error().what);
      if (!pause(wait)) return fail(ErrorKind::unavailable, "stopped before the warehouse answered");
    }
    return read_back(recovery);
  }();
  if (!recovered && !leaving_) log_.error("recovery failed", {{"why", recovered.error().what}});
  if (!recovered) {
    say(recovered.error().what);
    return;
  }
  say("");
  runs_.rebuilding(false);
  settled_ = last_batch_;
  recovered_ = true;
  log_.info("recovered",
            {{"requests", fmt::format("{}", recovery.records)}, {"batch", fmt::format("{}", last_batch_)}});
}

}  // namespace pawl::ingest
