// What is taken out of an answer, and how fast somebody may guess.
#include <gtest/gtest.h>

#include "inside.h"

namespace pawl::share {
namespace {

TEST(WithoutBodies, TextsGoAndFiguresStay) {
  EXPECT_EQ(without_bodies(R"({"trace":{"trace_id":"t","title":"my card","tokens":7,"cost_usd":"0.10","user_id":"bob"},
      "spans":[{"name":"chat","input":[{"role":"user"}],"tool":{"name":"pay","arguments":{"a":1},"result":"x"},
      "error":{"type":"E","message":"no bob"},"attributes":{"k":"v"}}],"logs":[{"body":"b"}]})"),
            R"({"trace":{"trace_id":"t","title":null,"tokens":7,"cost_usd":"0.10","user_id":null},)"
            R"("spans":[{"name":"chat","input":[],"tool":{"name":"pay","arguments":{},"result":null},)"
            R"("error":{"type":"E","message":null},"attributes":{}}],"logs":[]})");
  EXPECT_EQ(without_bodies("no JSON"), "{}");
}

TEST(Pace, WrongTokensStopAnAddressAloneAndForAWhile) {
  Pace pace;
  Nanos now = day;
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(pace.check("a", now)) << i;
    pace.wrong("a", now);
  }
  const auto stopped = pace.check("a", now);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().kind, ErrorKind::exhausted);
  EXPECT_TRUE(pace.check("b", now));
  now += 16 * minute;
  EXPECT_TRUE(pace.check("a", now));
}

TEST(Pace, ManyRequestsStopAnAddressForAMinute) {
  Pace pace;
  int passed = 0;
  for (int i = 0; i < 700; ++i) passed += pace.check("a", day) ? 1 : 0;
  EXPECT_EQ(passed, 600);
  EXPECT_TRUE(pace.check("a", day + 2 * minute));
}

}  // namespace
}  // namespace pawl::share
