// The books balance, whatever happens to a record.
#include "books.h"

#include <gtest/gtest.h>

namespace pawl::ingest {
namespace {

void expect_balance(const Bookkeeper& keeper, ProjectId project = 1) {
  const Books b = keeper.of(project);
  EXPECT_EQ(b.received, b.refused + b.quarantined + b.journal + b.stored + b.duplicate + b.merged);
}

TEST(Books, ARecordHasOneFateAtEveryMoment) {
  Bookkeeper keeper;
  keeper.accepted(1, 10, 2);
  expect_balance(keeper);
  EXPECT_EQ(keeper.of(1).journal, 10U);
  const auto totals = keeper.cut({{1, {.stored = 7, .duplicate = 2, .merged = 1}}}, {{1, {.units = 10, .refused = 2}}});
  expect_balance(keeper);
  EXPECT_EQ(keeper.of(1).journal, 7U);
  EXPECT_EQ(keeper.of(1).stored, 0U);
  ASSERT_EQ(totals.size(), 1U);
  EXPECT_EQ(totals[0].stored, 7U);
  keeper.quarantined(1, 1);
  expect_balance(keeper);
  keeper.landed();
  expect_balance(keeper);
  EXPECT_EQ(keeper.of(1).stored, 6U);
  keeper.sent_again(1, 1, 1);
  expect_balance(keeper);
  EXPECT_EQ(keeper.of(1).journal, 1U);
  keeper.cut({{1, {.stored = 1}}}, {{1, {.again = 1}}});
  keeper.landed();
  expect_balance(keeper);
  EXPECT_EQ(keeper.of(1).stored, 7U);
  EXPECT_EQ(keeper.of(1).received, 12U);
  keeper.found_repeats(1, 2, 1);
  expect_balance(keeper);
  EXPECT_EQ(keeper.of(1).stored, 4U);
  keeper.refused(1, 3, {});
  expect_balance(keeper);
}

TEST(Books, BalanceAfterARestartWhateverTheQuarantineDidSinceTheLastCut) {
  // 10 were cut; then one of them was quarantined, or one that was quarantined was sent again: no cut says so yet.
  for (const std::uint64_t then : {0U, 1U, 3U}) {
    for (const std::uint64_t now : {0U, 1U, 4U}) {
      for (const std::uint64_t again : {0U, 1U}) {
        Bookkeeper keeper;
        keeper.restore({{.project = 1, .received = 12, .refused = 2, .quarantined = then, .stored = 10 - then}},
                       {{1, now}});
        keeper.sent_again(1, 0, again);
        expect_balance(keeper);
        EXPECT_EQ(keeper.of(1).quarantined, now);
        EXPECT_EQ(keeper.of(1).stored, 10 - now - again);
      }
    }
  }
}

}  // namespace
}  // namespace pawl::ingest
