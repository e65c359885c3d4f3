// What an objective may say, and which runs it means.
#include "slos.h"

#include <gtest/gtest.h>

namespace pawl::slos {
namespace {

TEST(Slos, AreReadAndMeanFilters) {
  const auto fast =
      read_slo(R"({"agent":"re\"funds","kind":"latency","threshold":"10s","target":0.95,"window":"7d"})", "fast");
  ASSERT_TRUE(fast) << fast.error().what;
  EXPECT_EQ(fast->length(), 7 * day);
  EXPECT_EQ(valid_filter(*fast), R"(agent="re\"funds")");
  EXPECT_EQ(bad_filter(*fast), R"(agent="re\"funds" duration>10s)");
  const auto cheap =
      read_slo(R"({"agent":"a","kind":"cost","threshold":0.05,"target":"0.9","filter":"team=x or team=y"})", "cheap");
  ASSERT_TRUE(cheap) << cheap.error().what;
  EXPECT_EQ(cheap->window, "30d");
  EXPECT_EQ(valid_filter(*cheap), R"(agent="a" (team=x or team=y) cost>=0)");
  EXPECT_EQ(bad_filter(*cheap), R"(agent="a" (team=x or team=y) cost>0.05)");
  const auto good =
      read_slo(R"({"agent":"a","kind":"quality","score":"helpful","threshold":"0.7","target":0.8})", "good");
  ASSERT_TRUE(good) << good.error().what;
  EXPECT_EQ(valid_filter(*good), R"(agent="a" (score.helpful<0.7 or score.helpful>=0.7))");
}

TEST(Slos, EveryMistakeIsNamed) {
  const auto why = [](std::string_view json, std::string_view name = "x") {
    const auto slo = read_slo(json, name);
    return slo ? std::string("taken") : slo.error().what;
  };
  EXPECT_NE(why("7").find("JSON object"), std::string::npos);
  EXPECT_NE(why(R"({"agentt":"a"})").find("Did you mean agent?"), std::string::npos);
  EXPECT_NE(why(R"({"kind":"latency"})").find("\"agent\""), std::string::npos);
  EXPECT_NE(why(R"({"agent":"a","kind":"speed"})").find("availability, latency"), std::string::npos);
  EXPECT_NE(why(R"({"agent":"a","kind":"availability","target":1})").find("0.99999"), std::string::npos);
  EXPECT_NE(why(R"({"agent":"a","kind":"latency","target":0.9,"threshold":"soon"})").find("10s"), std::string::npos);
  EXPECT_NE(why(R"({"agent":"a","kind":"quality","target":0.9,"threshold":"0.7"})").find("\"score\""),
            std::string::npos);
  EXPECT_NE(why(R"({"agent":"a","kind":"availability","target":0.9,"window":"12h"})").find("1d to 90d"),
            std::string::npos);
  EXPECT_NE(why(R"({"agent":"a","kind":"availability","target":0.9,"threshold":"1"})").find("no threshold"),
            std::string::npos);
  EXPECT_NE(why(R"({"agent":["a"]})").find("\"agent\" must be a text"), std::string::npos);
  EXPECT_NE(why(R"({"agent":"a","kind":"availability","target":0.9})", "").find("name"), std::string::npos);
}

}  // namespace
}  // namespace pawl::slos
