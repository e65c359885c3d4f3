// What changed in a session's state.
#include "llm/state.h"

#include <gtest/gtest.h>

namespace pawl::llm {
namespace {

std::string told(const std::vector<StateChange>& changes) {
  std::string out;
  for (const auto& change : changes) {
    if (!out.empty()) out += "; ";
    out += std::string(name_of(change.op)) + " " + change.path + " " + change.before + ">" + change.after;
  }
  return out;
}

TEST(State, DeltasAreLaidOverWhatIsThere) {
  State state;
  EXPECT_EQ(told(state.apply(R"({"cart":{"total":10,"items":["a"]},"user:name":"Anna"})")),
            R"(added cart >{"total":10,"items":["a"]}; added user:name >"Anna")");
  EXPECT_EQ(told(state.apply(R"({"cart":{"total":12,"items":["a","b"]}})")),
            R"(added cart.items[1] >"b"; changed cart.total 10>12)");
  EXPECT_EQ(told(state.apply(R"({"user:name":null})")), R"(removed user:name "Anna">)");
  EXPECT_EQ(state.json(), R"({"cart":{"total":12,"items":["a","b"]}})");
}

TEST(State, TheSameDeltaTwiceIsNoChange) {
  State state;
  state.apply(R"({"a":1})");
  EXPECT_EQ(told(state.apply(R"({"a":1})")), "");
}

TEST(State, OddKeysStandInQuotes) {
  State state;
  EXPECT_EQ(told(state.apply(R"({"a.b":{"c d":1}})")), R"(added "a.b" >{"c d":1})");
  EXPECT_EQ(told(state.apply(R"({"a.b":{"c d":2}})")), R"(changed "a.b"."c d" 1>2)");
}

TEST(State, WhatIsNoObjectOrIsCutOffDoesNoHarm) {
  State state;
  EXPECT_TRUE(state.apply("").empty());
  EXPECT_TRUE(state.apply("[1,2]").empty());
  EXPECT_TRUE(state.apply("null").empty());
  EXPECT_EQ(told(state.apply(R"({"a":1,"b":{"c)")), R"(added a >1; added b >"{\"c")");
  EXPECT_EQ(state.json(), R"({"a":1,"b":"{\"c"})");
}

TEST(State, ManyChangesAreCut) {
  std::string delta = "{";
  for (int i = 0; i < 500; ++i) delta += (i > 0 ? ",\"k" : "\"k") + std::to_string(i) + "\":" + std::to_string(i);
  State state;
  EXPECT_EQ(state.apply(delta + "}").size(), most_state_changes);
  EXPECT_NE(state.json().find("\"k499\":499"), std::string::npos);
}

TEST(State, FactsAreThePlainMembers) {
  const auto facts = state_facts(R"({"plan":"gold","seats":3,"vip":true,"cart":{"a":1},"none":null,"list":[1]})");
  ASSERT_EQ(facts.size(), 3U);
  EXPECT_EQ(facts[0], (std::pair<std::string, std::string>("plan", "gold")));
  EXPECT_EQ(facts[1], (std::pair<std::string, std::string>("seats", "3")));
  EXPECT_EQ(facts[2], (std::pair<std::string, std::string>("vip", "true")));
}

}  // namespace
}  // namespace pawl::llm
