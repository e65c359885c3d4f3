// A seed a night: power cuts, kills, full disks, torn and reordered writes; what was acknowledged is there, once, in
// order, in its batch.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>

#include "base/sim_disk.h"
#include "journal.h"

namespace pawl::journal {
namespace {

struct Sent {
  std::optional<Position> at;  // acknowledged there
  bool may_be_gone = false;    // its segment retired
};

// One seed: several lives of a process on one disk, with a model of what it was promised.
class Night {
 public:
  explicit Night(std::uint64_t seed) : random_(seed), disk_(seed * 31 + 7), honest_(seed % 4 != 0) {
    options_.data = "/data";
    static constexpr std::uint64_t sizes[] = {12'000, 20'000, 70'000};
    options_.segment_bytes = sizes[random_.below(3)];
    options_.reserve_bytes = 8192;
    options_.max_group_bytes = 1000 + random_.below(20'000);
    options_.thread = false;
    options_.on_sync_failure = [this](const Error&) { ended_ = true; };
  }

  void run() {
    for (int life = 0; life < 5 && !testing::Test::HasFailure(); ++life) {
      ended_ = false;
      set_faults();
      live();
      journal_.reset();
      disk_.crash(random_.below(3) == 0 ? SimDisk::Crash::kill : SimDisk::Crash::power);
    }
    disk_.set_faults({});
    ended_ = false;
    ASSERT_TRUE(open());
    check();
  }
  std::uint64_t acknowledged() const { return acknowledged_; }

 private:
  void set_faults() {
    SimDisk::Faults faults;
    if (random_.below(2) == 0) faults.short_write = 0.2;
    if (random_.below(4) == 0) faults.write_error = 0.05;
    if (!honest_) faults.sync_error = 0.01;
    if (random_.below(4) == 0) faults.capacity = 100'000 + random_.below(300'000);
    if (random_.below(5) != 0)
      faults.power_off = disk_.operations() + 1 + random_.below(random_.below(2) == 0 ? 20 : 400);
    disk_.set_faults(faults);
  }

  bool open() {
    auto journal = Journal::open(disk_, clock_, random_, options_);
    if (!journal) return false;
    journal_ = *std::move(journal);
    auto recovered = journal_->recover();
    if (!recovered) return false;
    recovered_ = *std::move(recovered);
    return !ended_;
  }

  void live() {
    if (!open()) return;
    check();
    const std::uint64_t deeds = random_.below(120);
    for (std::uint64_t i = 0; i < deeds && !ended_ && !testing::Test::HasFailure(); ++i) {
      switch (random_.below(12)) {
        case 0:
          cut();
          break;
        case 1:
          if (!cuts_.empty()) store(1 + random_.below(cuts_.rbegin()->first));
          break;
        case 2:
          clock_.advance(static_cast<Nanos>(random_.below(static_cast<std::uint64_t>(20 * minute))));
          retire();
          break;
        case 3:
        case 4:
        case 5:
          journal_->step();
          break;
        default:
          append(1 + random_.below(4));
      }
    }
    if (random_.below(4) == 0) journal_->close();
  }

  void append(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t id = next_id_++;
      auto body = std::make_shared<std::string>(fmt::format("{}:", id));
      const std::uint64_t kind = random_.below(10);
      if (kind == 0) *body += std::string(random_.below(30'000), '\0');
      if (kind > 3) *body += random_.bytes(random_.below(kind > 8 ? 6000 : 300));
      sent_[id];
      bodies_[id] = body;
      const Record record{.project = static_cast<std::uint32_t>(id % 3), .key = id, .body = *body};
      journal_->append(record, [this, id, body](const Result<Position>& at) {
        if (!at) return;
        EXPECT_FALSE(sent_[id].at) << "answered twice";
        EXPECT_GT(*at, last_at_) << "positions rise";
        sent_[id].at = last_at_ = *at;
        ++acknowledged_;
      });
    }
  }

  void cut() {
    Cut cut{.batch = (known_batch_ += 1 + random_.below(3))};
    std::vector<Position> open;  // acknowledged, after the last cut
    for (const auto& [id, sent] : sent_) {
      if (sent.at && *sent.at > last_up_to_) open.push_back(*sent.at);
    }
    if (open.empty()) return;
    std::ranges::sort(open);
    cut.up_to = open[random_.below(open.size())];
    for (std::uint32_t project = 0; project < 3; ++project) {
      if (random_.below(2) == 0) cut.totals.push_back({.project = project, .received = cut.batch, .stored = cut.batch});
    }
    tried_[cut.batch] = cut;
    bool kept = false;
    journal_->cut(cut, [&](const Result<Position>& at) { kept = at.has_value(); });
    while (journal_->step()) continue;
    if (kept) keep(cut);
  }

  void keep(const Cut& cut) {
    cuts_[cut.batch] = cut;
    last_up_to_ = cut.up_to;
    for (const Totals& of : cut.totals) totals_[of.project] = of;
  }

  void store(std::uint64_t batch) { journal_->stored(batch); }

  void retire() {
    const auto due = journal_->due();
    if (due.empty()) return;
    const Segment last = due[random_.below(due.size())];
    if (random_.below(3) == 0) copy_forward(last);
    for (auto& [id, sent] : sent_) {  // even where it fails half-way
      if (sent.at && sent.at->segment <= last.number) {
        EXPECT_LE(*sent.at, last_up_to_) << "nothing retires that is in no batch";
        sent.may_be_gone = true;
      }
    }
    static_cast<void>(journal_->retire(last.number));
  }

  void copy_forward(const Segment& segment) {
    auto reader = journal_->read(segment.first, segment.end);
    ASSERT_TRUE(reader);
    auto entry = reader->next();
    if (!entry || !*entry) return;
    const std::uint64_t id = next_id_++;
    auto body = std::make_shared<std::string>(fmt::format("{}:", id));
    sent_[id];
    bodies_[id] = body;
    Record record = (*entry)->record;
    record.copied = true;
    record.key = id;
    record.body = *body;
    journal_->append(record, [this, id, body](const Result<Position>& at) {
      if (at) sent_[id].at = last_at_ = *at;
    });
    while (journal_->step()) continue;
  }

  std::uint64_t batch_at(Position at) const {
    for (const auto& [batch, cut] : cuts_) {
      if (cut.up_to >= at) return batch;
    }
    return 0;
  }

  void check() {
    for (const Damage& damage : recovered_.damages) {
      EXPECT_EQ(damage.kind, Damage::Kind::torn) << describe(damage);
    }
    for (const Cut& cut : recovered_.cuts) {  // also those whose answer was lost with the power
      ASSERT_TRUE(tried_.contains(cut.batch)) << cut.batch;
      EXPECT_EQ(tried_[cut.batch].up_to, cut.up_to);
      if (!cuts_.contains(cut.batch)) keep(tried_[cut.batch]);
    }
    std::set<std::uint64_t> found;
    for (const Cut& cut : recovered_.cuts) found.insert(cut.batch);
    for (const auto& [batch, cut] : cuts_) {
      if (batch > recovered_.settled_batch) EXPECT_TRUE(found.contains(batch)) << "cut " << batch << " is gone";
    }
    known_batch_ = std::max(known_batch_, recovered_.last_batch);
    if (!cuts_.empty()) EXPECT_EQ(recovered_.last_batch, cuts_.rbegin()->first);
    std::map<std::uint32_t, Totals> totals;
    for (const Totals& of : recovered_.totals) totals[of.project] = of;
    EXPECT_EQ(totals, totals_);
    check_requests();
  }

  void check_requests() {
    auto reader = journal_->read({}, end_of_journal);
    ASSERT_TRUE(reader);
    std::set<std::uint64_t> seen;
    Position last;
    while (true) {
      auto entry = reader->next();
      ASSERT_TRUE(entry) << entry.error().what;
      if (!*entry) break;
      const std::uint64_t id = (*entry)->record.key;
      ASSERT_TRUE(bodies_.contains(id));
      EXPECT_EQ((*entry)->record.body, *bodies_[id]);
      EXPECT_TRUE(seen.insert(id).second) << "twice: " << id;
      EXPECT_GT((*entry)->at, last);
      last = (*entry)->at;
      if (sent_[id].at) EXPECT_EQ(*sent_[id].at, last);
      if ((*entry)->batch > recovered_.settled_batch || batch_at(last) > recovered_.settled_batch) {
        EXPECT_EQ((*entry)->batch, batch_at(last));
      }
      if (honest_) sent_[id].at = last;  // recovered, so synced: from now on it must stay
    }
    last_at_ = std::max(last_at_, last);
    for (const auto& [id, sent] : sent_) {
      if (sent.at && !sent.may_be_gone) EXPECT_TRUE(seen.contains(id)) << "acknowledged and lost: " << id;
    }
  }

  SeededRandom random_;
  SimDisk disk_;
  bool honest_;  // the disk tells no error of a sync
  ManualClock clock_{1'000 * hour};
  Options options_;
  std::unique_ptr<Journal> journal_;
  Recovered recovered_;
  bool ended_ = false;
  std::map<std::uint64_t, Sent> sent_;
  std::map<std::uint64_t, std::shared_ptr<std::string>> bodies_;
  std::map<std::uint64_t, Cut> cuts_, tried_;
  std::map<std::uint32_t, Totals> totals_;
  Position last_at_, last_up_to_;
  std::uint64_t next_id_ = 1, known_batch_ = 0, acknowledged_ = 0;
};

TEST(Simulation, WhatWasAcknowledgedIsThereOnceInOrderInItsBatch) {
  const char* from = std::getenv("PAWL_SEED");  // one night again
  const std::uint64_t first = from != nullptr ? std::strtoull(from, nullptr, 10) : 1;
  const char* how_many = std::getenv("PAWL_SEEDS");
  const std::uint64_t count = how_many != nullptr ? std::strtoull(how_many, nullptr, 10) : from != nullptr ? 1 : 600;
  std::uint64_t acknowledged = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE(fmt::format("PAWL_SEED={}", seed));
    Night night(seed);
    night.run();
    acknowledged += night.acknowledged();
    if (HasFailure()) return;
  }
  if (count > 100) EXPECT_GT(acknowledged, 20 * count);  // the nights did something
  RecordProperty("acknowledged", static_cast<int>(acknowledged));
}

}  // namespace
}  // namespace pawl::journal
