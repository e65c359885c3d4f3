// Trajectories side by side, by examples.
#include "align.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace pawl::trials {
namespace {

std::string told(std::string_view a, std::string_view b) {
  std::vector<std::string> out;
  const auto steps = align(calls_of(a), calls_of(b));
  for (const auto& step : steps) out.push_back(fmt::format("{}{}", name_of(step.state), step.pointer));
  const auto parted = divergence(steps);
  return join(out, " ") + (parted ? fmt::format(" @{}", *parted) : "");
}

TEST(Align, SaysWhereTheyPart) {
  constexpr std::string_view look = R"({"name":"look","arguments":{"id":5}})";
  const std::string a =
      fmt::format(R"([{},{{"name":"refund","arguments":{{"order":{{"id":1}},"amount":[4,2]}}}}])", look);
  EXPECT_EQ(told(a, a), "same same");
  EXPECT_EQ(
      told(
          a,
          R"([{"name":"look","arguments":{"id":5.0}},{"name":"refund","arguments":{"amount":[4,3],"order":{"id":1}}}])"),
      "same arguments/amount/1 @1");
  EXPECT_EQ(told(a, R"([{"name":"refund","arguments":{"order":{"id":1},"amount":[4,2]}}])"), "removed same @0");
  EXPECT_EQ(told(a, fmt::format(R"([{0},{0},{{"name":"ask"}}])", look)), "same removed added added @1");
  EXPECT_EQ(told("", ""), "");
  EXPECT_EQ(told("[]", R"([{"name":"a/b"},{"no":1},7])"), "added @0");
}

TEST(Align, NamesTheFirstDifference) {
  EXPECT_EQ(first_difference(R"({"a":[1,{"b/c":"x"}]})", R"({"a":[1.0,{"b/c":"y"}]})"), "/a/1/b~1c");
  EXPECT_EQ(first_difference(R"({"a":1})", R"({"a":1,"b":null})"), "/b");
  EXPECT_EQ(first_difference("5", "\"5\""), "");
  EXPECT_EQ(first_difference("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1.0}"), std::nullopt);
  EXPECT_EQ(first_difference("[1,2]", "[1]"), "/1");
}

}  // namespace
}  // namespace pawl::trials
