// The journal on a real disk: durable on answer, bounds kept over a restart, retirement, the lock.
#include "journal.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>

namespace pawl::journal {
namespace {

struct Folder {
  std::string path = testing::TempDir() + "/pawl_journal_" + std::to_string(SystemRandom().next());
  ~Folder() { std::filesystem::remove_all(path); }
};

Record request(std::uint32_t project, std::string_view body) {
  return {.project = project,
          .signal = 3,
          .content = 1,
          .copied = false,
          .epoch = 9,
          .received = 1'700'000'000'123'456'789,
          .key = 77,
          .units = 4,
          .refused = 2,
          .body = body};
}

class OnDisk : public testing::Test {
 protected:
  std::unique_ptr<Journal> open(Options options = {}) {
    options.data = folder_.path;
    options.keep = keep_;
    auto journal = Journal::open(files_, clock_, random_, options);
    EXPECT_TRUE(journal) << journal.error().what;
    return std::move(*journal);
  }
  static Position append(Journal& journal, std::uint32_t project, std::string_view body) {
    std::promise<Result<Position>> done;
    journal.append(request(project, body), [&](Result<Position> at) { done.set_value(std::move(at)); });
    return done.get_future().get().value();
  }
  static void cut(Journal& journal, const Cut& cut) {
    std::promise<Result<Position>> done;
    journal.cut(cut, [&](Result<Position> at) { done.set_value(std::move(at)); });
    EXPECT_TRUE(done.get_future().get());
  }
  static std::vector<std::pair<std::string, std::uint64_t>> all(Journal& journal) {
    auto reader = journal.read({}, end_of_journal).value();
    std::vector<std::pair<std::string, std::uint64_t>> found;
    while (const auto entry = reader.next().value()) found.emplace_back(entry->record.body, entry->batch);
    return found;
  }

  Folder folder_;
  SystemFiles files_;
  ManualClock clock_{1'000 * hour};
  SystemRandom random_;
  Nanos keep_ = 15 * minute;
};
using Bodies = std::vector<std::pair<std::string, std::uint64_t>>;

TEST_F(OnDisk, WhatWasAnsweredIsThereAfterARestartWithItsBatches) {
  Position second;
  {
    const auto journal = open();
    append(*journal, 1, "one");
    second = append(*journal, 2, "two");
    cut(*journal, {.batch = 5, .up_to = second, .totals = {{.project = 1, .received = 4, .stored = 4}}});
    append(*journal, 1, "three");
  }
  const auto journal = open();
  append(*journal, 1, "four");
  const Recovered recovered = journal->recover().value();
  EXPECT_EQ(recovered.records, 3);
  EXPECT_EQ(recovered.last_batch, 5);
  ASSERT_EQ(recovered.cuts.size(), 1);
  EXPECT_EQ(recovered.cuts[0].up_to, second);
  ASSERT_EQ(recovered.totals.size(), 1);
  EXPECT_EQ(recovered.totals[0].stored, 4);
  EXPECT_TRUE(recovered.damages.empty());
  EXPECT_EQ(all(*journal), (Bodies{{"one", 5}, {"two", 5}, {"three", 0}, {"four", 0}}));

  auto reader = journal->read({}, end_of_journal).value();
  const auto entry = reader.next().value();
  EXPECT_EQ(entry->record.project, 1);
  EXPECT_EQ(entry->record.signal, 3);
  EXPECT_EQ(entry->record.content, 1);
  EXPECT_EQ(entry->record.epoch, 9);
  EXPECT_EQ(entry->record.received, 1'700'000'000'123'456'789);
  EXPECT_EQ(entry->record.key, 77);
  EXPECT_EQ(entry->record.units, 4);
  EXPECT_EQ(entry->record.refused, 2);
  EXPECT_FALSE(entry->record.copied);
}

TEST_F(OnDisk, SegmentsFollowOneAnotherAndLongBodiesFit) {
  const std::string large(3'000'000, 'x');
  {
    const auto journal = open({.segment_bytes = 1U << 20U});
    for (int i = 0; i < 100; ++i) append(*journal, 1, large.substr(0, 50'000));
    append(*journal, 1, large);
    EXPECT_GT(journal->segments().size(), 5);
  }
  const auto journal = open();
  EXPECT_EQ(journal->recover()->records, 101);
  const auto bodies = all(*journal);
  ASSERT_EQ(bodies.size(), 101);
  EXPECT_EQ(bodies.back().first, large);
}

TEST_F(OnDisk, ASegmentGoesFifteenMinutesAfterItsLastBatchWasStored) {
  const auto journal = open({.segment_bytes = 64U << 10U});
  const std::string body(20'000, 'b');
  Position last;
  for (int i = 0; i < 9; ++i) last = append(*journal, 1, body);
  cut(*journal, {.batch = 1, .up_to = last, .totals = {{.project = 1, .received = 36, .stored = 36}}});
  for (int i = 0; i < 3; ++i) append(*journal, 1, body);  // into the next, not stored
  EXPECT_TRUE(journal->due().empty());
  journal->stored(1);
  EXPECT_TRUE(journal->due().empty());
  clock_.advance(15 * minute);
  auto due = journal->due();
  ASSERT_EQ(due.size(), 3);
  EXPECT_EQ(journal->retire(due.back().number + 1).error().kind, ErrorKind::invalid);
  ASSERT_TRUE(journal->retire(due.back().number));
  EXPECT_TRUE(journal->due().empty());
  EXPECT_EQ(all(*journal).size(), 3);
}

TEST_F(OnDisk, WhatWasStoredBeforeARestartRetiresAfterIt) {
  {
    const auto journal = open();
    cut(*journal, {.batch = 1, .up_to = append(*journal, 1, "one"), .totals = {}});
    cut(*journal, {.batch = 2, .up_to = append(*journal, 1, "two"), .totals = {}});
    journal->stored(1);
    journal->stored(2);
  }
  {
    const auto journal = open();
    EXPECT_EQ(journal->recover()->stored_batch, 2);
    EXPECT_TRUE(journal->due().empty());
  }
  const auto journal = open();
  EXPECT_EQ(journal->recover()->stored_batch, 2) << "the checkpoint says it too";
  clock_.advance(15 * minute);
  const auto due = journal->due();
  ASSERT_EQ(due.size(), 2);
  ASSERT_TRUE(journal->retire(due.back().number));
  EXPECT_TRUE(all(*journal).empty());
}

TEST_F(OnDisk, ASecondProcessIsToldWhoHoldsTheDirectory) {
  const auto journal = open();
  Options options{.data = folder_.path};
  const auto second = Journal::open(files_, clock_, random_, options);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::conflict);
  EXPECT_NE(second.error().what.find(fmt::format("process {}", ::getpid())), std::string::npos) << second.error().what;
  EXPECT_NE(second.error().what.find("since 1970-02-11"), std::string::npos) << second.error().what;
}

TEST_F(OnDisk, AFullQueueRefusesAndAClosedJournalToo) {
  auto journal = open({.max_queued_bytes = 1000, .thread = false});
  const std::string body(600, 'q');
  int accepted = 0;
  std::vector<Error> refused;
  const auto note = [&](const Result<Position>& at) {
    if (at) {
      ++accepted;
    } else {
      refused.push_back(at.error());
    }
  };
  journal->append(request(1, body), note);
  journal->append(request(1, body), note);
  ASSERT_EQ(refused.size(), 1);
  EXPECT_EQ(refused[0].kind, ErrorKind::unavailable);
  EXPECT_NE(refused[0].what.find("queue is full"), std::string::npos);
  EXPECT_EQ(accepted, 0);
  EXPECT_TRUE(journal->step());
  EXPECT_EQ(accepted, 1);
  journal->close();
  journal->append(request(1, body), note);
  EXPECT_EQ(refused.size(), 2);
  EXPECT_EQ(journal->stats().refused, 2);
}

TEST_F(OnDisk, RequestsAreTakenWhileOlderOnesAreRecoveredAndJoinTheNextBatches) {
  {
    const auto journal = open({.segment_bytes = 256U << 10U});
    for (int i = 0; i < 200; ++i) append(*journal, 1, "older" + std::string(5'000, 'o'));
  }
  const auto journal = open({.segment_bytes = 256U << 10U});
  std::thread client([&] {
    for (int i = 0; i < 100; ++i) append(*journal, 1, "newer");
  });
  const Recovered recovered = journal->recover().value();
  client.join();
  EXPECT_EQ(recovered.records, 200);
  Position last;
  auto reader = journal->read({}, end_of_journal).value();
  for (int i = 0; i < 250; ++i) last = reader.next().value()->at;
  cut(*journal, {.batch = recovered.last_batch + 1, .up_to = last, .totals = {}});
  const auto bodies = all(*journal);
  ASSERT_EQ(bodies.size(), 300);
  EXPECT_EQ(bodies[199].first.substr(0, 5), "older");
  EXPECT_EQ(bodies[249], (Bodies::value_type{"newer", 1}));
  EXPECT_EQ(bodies[250], (Bodies::value_type{"newer", 0}));
}

TEST_F(OnDisk, AnOpenFragmentIsCopiedForwardBeforeItsSegmentGoes) {
  {
    const auto journal = open({.segment_bytes = 64U << 10U});
    append(*journal, 1, "open fragment");
    Position last;
    for (int i = 0; i < 6; ++i) last = append(*journal, 1, std::string(20'000, 'b'));
    cut(*journal, {.batch = 1, .up_to = last, .totals = {{.project = 1, .received = 28, .stored = 27}}});
    journal->stored(1);
    clock_.advance(15 * minute);
    const auto due = journal->due();
    ASSERT_FALSE(due.empty());
    auto reader = journal->read(due.front().first, due.front().end).value();
    Record record = reader.next().value()->record;
    record.copied = true;
    std::promise<void> copied;
    journal->append(record, [&](const Result<Position>& at) {
      EXPECT_TRUE(at);
      copied.set_value();
    });
    copied.get_future().wait();
    ASSERT_TRUE(journal->retire(due.front().number));
  }
  const auto journal = open();
  const Recovered recovered = journal->recover().value();
  EXPECT_EQ(recovered.settled_batch, 1);
  EXPECT_EQ(recovered.totals.at(0).stored, 27);
  auto reader = journal->read({}, end_of_journal).value();
  int fragments = 0;
  while (const auto entry = reader.next().value()) {
    if (entry->record.body != "open fragment") continue;
    ++fragments;
    EXPECT_TRUE(entry->record.copied);
    EXPECT_EQ(entry->batch, 0);
    EXPECT_EQ(entry->record.received, 1'700'000'000'123'456'789);
  }
  EXPECT_EQ(fragments, 1);
}

TEST_F(OnDisk, ManyThreadsAppendAndNothingIsLost) {
  std::atomic<int> answered = 0;
  {
    const auto journal = open({.segment_bytes = 256U << 10U});
    std::vector<std::thread> threads;
    for (std::uint32_t t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 500; ++i) {
          auto body = std::make_shared<std::string>(fmt::format("{}/{}", t, i));
          journal->append(request(t, *body), [&, body](const Result<Position>& at) { answered += at ? 1 : 0; });
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(answered, 2000);
  const auto journal = open();
  EXPECT_EQ(journal->recover()->records, 2000);
  std::array<int, 4> next{};
  for (const auto& [body, batch] : all(*journal)) {
    const auto t = static_cast<std::size_t>(body[0] - '0');
    EXPECT_EQ(body, fmt::format("{}/{}", t, next[t]++));
  }
}

}  // namespace
}  // namespace pawl::journal
