// How alike two runs are.
#include <gtest/gtest.h>

#include "similar.h"

namespace pawl::explore {
namespace {

Path path(std::string key, std::vector<std::string> tools, std::string_view said) {
  return {.key = std::move(key), .session = {}, .trace = {}, .tools = std::move(tools), .words = words_said(said)};
}

TEST(Likeness, TheSameWayComesFirstThenAShareOfIt) {
  const auto self = path("self", {"find", "refund", "mail"}, "refund my blue kettle");
  const std::vector<Path> all = {path("other", {"weather"}, "will it rain"),
                                 path("half", {"find", "mail"}, "where is my parcel"),
                                 path("back", {"mail", "refund", "find"}, "refund my blue kettle"),
                                 path("same", {"find", "refund", "mail"}, "refund my blue kettle")};
  const auto found = most_like(self, all, 10);
  ASSERT_EQ(found.size(), 3U);  // nothing in common is left out
  EXPECT_EQ(all[found[0].of].key, "same");
  EXPECT_DOUBLE_EQ(found[0].similarity, 1);
  EXPECT_EQ(all[found[1].of].key, "back");
  EXPECT_EQ(all[found[2].of].key, "half");
  EXPECT_EQ(found[2].same_tools, (std::vector<std::string>{"find", "mail"}));
  EXPECT_EQ(most_like(self, all, 1).size(), 1U);
}

TEST(Likeness, RareWordsWeighMore) {
  const auto self = path("self", {}, "please refund the kettle");
  std::vector<Path> all = {path("common", {}, "please the invoice"), path("rare", {}, "lost kettle invoice")};
  for (int i = 0; i < 50; ++i) all.push_back(path("filler", {}, "please the"));
  const auto found = most_like(self, all, 1);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(all[found[0].of].key, "rare");
  EXPECT_EQ(found[0].same_words, std::vector<std::string>{"kettle"});
}

TEST(Likeness, OfNothingThereIsNothing) {
  EXPECT_TRUE(most_like(path("self", {}, ""), {path("a", {}, ""), path("b", {"x"}, "y")}, 5).empty());
}

}  // namespace
}  // namespace pawl::explore
