// Every way to hurt a small journal: cut at each byte, each bit class flipped, heads lost, segments gone, disk full.
#include <gtest/gtest.h>

#include <set>

#include "base/sim_disk.h"
#include "format.h"
#include "journal.h"

namespace pawl::journal {
namespace {

const std::string first_segment = "/data/journal/" + segment_name(1);

class Hurt : public testing::Test {
 protected:
  std::unique_ptr<Journal> open(SimDisk& disk, Options options = {}) {
    options.data = "/data";
    options.thread = false;
    if (options.segment_bytes == Options{}.segment_bytes) options.segment_bytes = 32'768;
    if (options.reserve_bytes == Options{}.reserve_bytes) options.reserve_bytes = 8192;
    return Journal::open(disk, clock_, random_, options).value();
  }
  // Synced with what was appended since the last sync; nullopt where it was refused.
  std::optional<Position> append(Journal& journal, const std::string& body) {
    std::optional<Position> where;
    journal.append({.project = 1, .body = body}, [&](const Result<Position>& at) {
      if (at) where = *at;
      if (!at) last_error_ = at.error();
    });
    while (journal.step()) continue;
    return where;
  }
  bool cut(Journal& journal, std::uint64_t batch, Position up_to) {
    bool kept = false;
    journal.cut({.batch = batch, .up_to = up_to, .totals = {{.project = 1, .received = batch}}},
                [&](const Result<Position>& at) { kept = at.has_value(); });
    while (journal.step()) continue;
    return kept;
  }
  static std::vector<std::string> bodies(Journal& journal) {
    auto reader = journal.read({}, end_of_journal).value();
    std::vector<std::string> all;
    while (const auto entry = reader.next().value()) all.emplace_back(entry->record.body);
    return all;
  }
  // A journal of one segment, as it stands when its process is killed.
  void write_small() {
    const auto journal = open(disk_);
    for (int i = 0; i < 12; ++i) {
      bodies_.push_back(fmt::format("body {} {}", i, std::string(static_cast<std::size_t>(i * 7), 'x')));
      places_.push_back(append(*journal, bodies_.back())->offset);
      if (i == 6) {
        ASSERT_TRUE(cut(*journal, 3, {1, places_.back()}));
        cut_at_ = places_.back() + framed(bodies_.back().size());
      }
    }
    end_ = places_.back() + framed(bodies_.back().size());
    content_ = disk_.content(first_segment);
    disk_.crash(SimDisk::Crash::kill);
  }

  SimDisk disk_{5};
  ManualClock clock_{1'000 * hour};
  SeededRandom random_{11};
  std::vector<std::string> bodies_;
  std::vector<std::uint64_t> places_;
  std::uint64_t cut_at_ = 0, end_ = 0;
  std::string content_;
  Error last_error_;
};

TEST_F(Hurt, ATornTailIsCutAtEveryByte) {
  write_small();
  for (const int tail : {0, 1, 2}) {  // the file ends there; zeros follow; rubbish follows
    for (std::uint64_t torn = first_record; torn <= end_; ++torn) {
      SimDisk disk(torn);
      std::string content = content_.substr(0, torn);
      if (tail == 1) content.resize(content_.size(), '\0');
      if (tail == 2) content += std::string(700, '\xee');
      disk.set_content(first_segment, content);
      const auto journal = open(disk);
      const Recovered recovered = journal->recover().value();
      std::vector<std::string> whole;
      for (std::size_t i = 0; i < bodies_.size(); ++i) {  // the padding may be anything
        const std::uint64_t bytes = tail == 0 ? framed(bodies_[i].size()) : sizeof(Head) + bodies_[i].size();
        if (places_[i] + bytes <= torn) whole.push_back(bodies_[i]);
      }
      ASSERT_EQ(bodies(*journal), whole) << torn << " " << tail;
      const std::uint64_t cut_ends = cut_at_ + framed(24 + 8 + 56);  // in zeros: totals that are 0
      if (tail != 1 || torn < cut_ends - 48 || torn >= cut_ends) {
        ASSERT_EQ(recovered.last_batch, torn >= cut_ends ? 3 : 0) << torn;
      }
      for (const Damage& damage : recovered.damages) ASSERT_EQ(damage.kind, Damage::Kind::torn) << describe(damage);
      if (tail == 0) ASSERT_LE(recovered.damages.size(), 1);
    }
  }
}

TEST_F(Hurt, AFlippedBitCostsItsRecordAloneAndIsNamed) {
  write_small();
  for (std::uint64_t byte = 0; byte < end_; ++byte) {
    SimDisk disk(byte);
    disk.set_content(first_segment, content_);
    disk.flip_bit(first_segment, byte * 8 + byte % 8);
    const auto journal = open(disk);
    const Recovered recovered = journal->recover().value();
    const auto found = bodies(*journal);
    std::vector<std::string> rest = bodies_;
    const auto hit = std::ranges::upper_bound(places_, byte) - places_.begin() - 1;
    const auto index = static_cast<std::size_t>(std::max(hit, std::ptrdiff_t{0}));
    const bool padding = byte >= places_[index] + sizeof(Head) + bodies_[index].size();
    if (byte < first_record || padding) {  // both copies of the segment's head, padding, the cut behind body 6
      ASSERT_EQ(found, bodies_) << byte;
      continue;
    }
    rest.erase(rest.begin() + hit);
    ASSERT_EQ(found, rest) << byte;
    ASSERT_EQ(recovered.damages.size(), 1) << byte;
    const Damage& damage = recovered.damages[0];
    const bool last = index + 1 == bodies_.size();  // nothing later vouches for it
    ASSERT_EQ(damage.kind, last ? Damage::Kind::torn : Damage::Kind::corrupt) << byte;
    ASSERT_EQ(damage.at, (Position{1, places_[index]}));
    if (!last) {
      ASSERT_EQ(damage.bytes, framed(bodies_[index].size()));
      ASSERT_EQ(disk.content(damage.copy).size(), damage.bytes);
      ASSERT_NE(describe(damage).find("0000000000000001.seg"), std::string::npos);
    }
  }
}

TEST_F(Hurt, ABodyThatLooksLikeRecordsIsNeverReadAsOne) {
  const auto journal = open(disk_);
  append(*journal, "true");
  const std::string stolen = disk_.content(first_segment).substr(first_record, 72);  // as a stranger could not
  std::string forged;
  for (int i = 0; i < 20; ++i) forged += stolen;
  const auto at = append(*journal, forged);
  append(*journal, "after");
  disk_.flip_bit(first_segment, (at->offset + 20) * 8);  // the length in its head: the reader must look for the next
  disk_.crash(SimDisk::Crash::kill);
  const auto again = open(disk_);
  const Recovered recovered = again->recover().value();
  EXPECT_EQ(bodies(*again), (std::vector<std::string>{"true", "after"}));
  ASSERT_EQ(recovered.damages.size(), 1);
  EXPECT_EQ(recovered.damages[0].kind, Damage::Kind::corrupt);
}

TEST_F(Hurt, AWholeSegmentLostIsNamedAndTheOthersStay) {
  std::vector<std::string> all;
  {
    const auto journal = open(disk_);
    for (int i = 0; i < 9; ++i) {
      all.push_back(std::string(9000, static_cast<char>('a' + i)));
      append(*journal, all.back());
    }
  }
  SimDisk& disk = disk_;
  const std::string second = "/data/journal/" + segment_name(2);
  const std::string content = disk.content(second);
  const std::vector<std::string> rest = {all[0], all[1], all[2], all[6], all[7], all[8]};

  disk.set_content(second, std::string(first_record, 'z') + content.substr(first_record));
  {
    const auto journal = open(disk);
    const auto damages = journal->recover()->damages;
    ASSERT_EQ(damages.size(), 1);
    EXPECT_EQ(damages[0].kind, Damage::Kind::corrupt);
    EXPECT_EQ(damages[0].at, (Position{2, 0}));
    EXPECT_EQ(disk.content(damages[0].copy).size(), content.size());
    EXPECT_EQ(bodies(*journal), rest);
  }
  {
    const auto journal = open(disk);
    const auto damages = journal->recover()->damages;
    ASSERT_EQ(damages.size(), 1);
    EXPECT_EQ(describe(damages[0]), "segment 0000000000000002.seg is missing");
    EXPECT_EQ(bodies(*journal), rest);
  }
}

TEST_F(Hurt, ASectorThatCannotBeReadCostsWhatLiesOnIt) {
  std::vector<std::uint64_t> places;
  {
    const auto journal = open(disk_);
    for (int i = 0; i < 6; ++i)
      places.push_back(append(*journal, std::string(3000, static_cast<char>('a' + i)))->offset);
  }
  disk_.make_unreadable(first_segment, places[2] + 1500);
  const auto journal = open(disk_);
  const Recovered recovered = journal->recover().value();
  const auto found = bodies(*journal);
  EXPECT_GE(found.size(), 4);
  EXPECT_EQ(std::set<std::string>(found.begin(), found.end()).count(std::string(3000, 'c')), 0);
  EXPECT_FALSE(recovered.damages.empty());
}

TEST_F(Hurt, AFullDiskRefusesRequestsTakesCutsAndGoesOn) {
  const auto journal = open(disk_);
  const std::string body(9000, 'f');
  Position last;
  disk_.set_faults({.capacity = 3 * 32'768});
  int taken = 0;
  while (const auto at = append(*journal, body)) {
    last = *at;
    ++taken;
  }
  EXPECT_EQ(taken, 6);  // two segments beside the reserve
  EXPECT_EQ(last_error_.kind, ErrorKind::unavailable);
  EXPECT_NE(last_error_.what.find("disk is full"), std::string::npos) << last_error_.what;
  EXPECT_TRUE(journal->stats().full);
  ASSERT_TRUE(append(*journal, "small ones still fit"));
  while (append(*journal, "")) continue;
  ASSERT_TRUE(cut(*journal, 1, last)) << "the reserve is for this";
  EXPECT_FALSE(append(*journal, "no"));
  journal->stored(1);
  clock_.advance(journal->stats().full ? 15 * minute : 0);
  const auto due = journal->due();
  ASSERT_EQ(due.size(), 1) << "the second segment has small ones in no batch";
  ASSERT_TRUE(journal->retire(due.back().number)) << "the reserve is for its checkpoint too";
  ASSERT_TRUE(append(*journal, body)) << "there is room again";
  EXPECT_FALSE(journal->stats().full);
  EXPECT_FALSE(disk_.content("/data/journal/reserve").empty());
}

TEST_F(Hurt, AFullDiskAtTheStartStillTakesCuts) {
  Position last;
  {
    const auto journal = open(disk_);
    last = *append(*journal, "one");
  }
  disk_.set_faults({.capacity = 20'000});
  const auto journal = open(disk_);
  EXPECT_TRUE(journal->stats().full);
  EXPECT_FALSE(append(*journal, "two"));
  ASSERT_TRUE(journal->recover());
  EXPECT_TRUE(cut(*journal, 1, last));
  disk_.set_faults({});
  EXPECT_TRUE(append(*journal, "two"));
}

TEST_F(Hurt, AWriteThatFailsHalfWayLeavesNothingBehind) {
  const auto journal = open(disk_);
  append(*journal, "one");
  disk_.set_faults({.write_error = 1});
  EXPECT_FALSE(append(*journal, std::string(5000, 'n')));
  disk_.set_faults({});
  append(*journal, "two");
  disk_.crash(SimDisk::Crash::kill);
  const auto again = open(disk_);
  EXPECT_TRUE(again->recover()->damages.empty());
  EXPECT_EQ(bodies(*again), (std::vector<std::string>{"one", "two"}));
}

TEST_F(Hurt, AFailedSyncEndsTheProcess) {
  const auto journal = open(disk_);
  disk_.set_faults({.sync_error = 1});
  EXPECT_DEATH(append(*journal, "one"), "cannot sync: simulated I/O error: nobody knows what is on the disk");
  disk_.set_faults({});
}

TEST_F(Hurt, ControlBodiesComeBackAndShortOnesAreRefused) {
  const Cut cut{.batch = 8, .up_to = {3, 4096}, .totals = {{.project = 4, .received = 9, .stored = 8, .merged = 1}}};
  const Checkpoint checkpoint{
      .settled = 7, .up_to = {2, 5000}, .first_kept = 2, .stored = 8, .cuts = {cut}, .totals = cut.totals};
  for (const std::string& body : {encode(cut), encode(checkpoint)}) {
    for (std::size_t bytes = 0; bytes < body.size(); ++bytes) {
      EXPECT_FALSE(decode_cut(encode(cut).substr(0, bytes)) && bytes < encode(cut).size());
      EXPECT_FALSE(decode_checkpoint(encode(checkpoint).substr(0, bytes)) && bytes < encode(checkpoint).size());
    }
  }
  EXPECT_EQ(decode_cut(encode(cut))->totals, cut.totals);
  EXPECT_EQ(decode_checkpoint(encode(checkpoint))->cuts[0].up_to, cut.up_to);
  EXPECT_EQ(decode_checkpoint(encode(checkpoint))->stored, 8);
  EXPECT_EQ(segment_number(segment_name(0xabcdef)), 0xabcdef);
  EXPECT_EQ(segment_number("reserve"), std::nullopt);
  EXPECT_EQ(segment_number("000000000000000G.seg"), std::nullopt);
}

}  // namespace
}  // namespace pawl::journal
