// Rules on distributions and on objectives, what comes late, groups across rules, and incidents from firings.
#include "desk_testing.h"

namespace pawl::alerts {
namespace {

TEST(Definition, SaysWhatIsWrongWithDistributionsObjectivesAndGroups) {
  const auto wrong = [](std::string_view json, std::string_view word) {
    EXPECT_NE(mistake(json).find(word), std::string::npos) << json << " says " << mistake(json);
  };
  EXPECT_EQ(mistake(R"({"name":"a","measure":"llm_calls","kind":"psi","distribution":"model","step":"1h"})"), "none");
  EXPECT_EQ(mistake(R"({"name":"a","measure":"llm_calls","kind":"psi","distribution":"latency","step":"1h"})"), "none");
  wrong(R"({"name":"a","measure":"llm_calls","kind":"psi","distribution":"model"})", "1h");
  wrong(R"({"name":"a","measure":"llm_calls","kind":"psi","distribution":"modell","step":"1h"})", "modell");
  wrong(R"({"name":"a","measure":"error_rate","kind":"psi","distribution":"model","step":"1h"})", "counts");
  wrong(R"({"name":"a","measure":"cost","kind":"anomaly","distribution":"model"})", "psi");
  EXPECT_EQ(mistake(R"({"name":"a","kind":"burn","slo":"fast"})"), "none");
  wrong(R"({"name":"a","kind":"burn","slo":"fast","measure":"cost"})", "measure");
  wrong(R"({"name":"a","kind":"anomaly","slo":"fast"})", "burn");
  EXPECT_EQ(mistake(R"({"name":"a","measure":"cost","split":["agent"],"group_by":["folder","agent"]})"), "none");
  wrong(R"({"name":"a","measure":"cost","group_by":["agent"]})", "agent");
  wrong(R"({"name":"a","measure":"cost","incident":"awful"})", "critical");
  EXPECT_EQ(parse_definition(R"({"name":"a","measure":"cost","severity":"ticket","incident":true})")->incident,
            "major");
}

TEST(Feed, ADistributionFiresWhenItChanges) {
  Live live{.version = 1,
            .definition = *parse_definition(R"({"name":"a","measure":"llm_calls","kind":"psi","distribution":"model",
                                               "step":"1h","split":["agent"],"renotify":"0s"})"),
            .streams = {}};
  std::vector<Bucket> given;
  const auto hours = [&](std::int64_t from, std::int64_t to, double a, double b) {
    for (std::int64_t h = from; h < to; ++h)
      for (const auto& [model, count] : {std::pair("a", a), {"b", b}})
        given.push_back({.split = "{}", .at = h * 3600, .value = count, .count = count, .category = model});
  };
  hours(0, 16 * 24, 30, 20), hours(16 * 24, 18 * 24, 5, 45);
  const auto told = *feed(live, given, 0, 18 * 86'400, true);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].notice, "firing");
  EXPECT_GT(told[0].at, 16 * 86'400);
  EXPECT_LT(told[0].at, 17 * 86'400);
  EXPECT_GT(told[0].value, told[0].high);
}

TEST(Feed, WhatComesLateCountsInTheNextStep) {
  Live live{
      .version = 1,
      .definition = *parse_definition(R"({"name":"a","measure":"error_rate","kind":"burn","slo":0.9,"step":"1m"})"),
      .streams = {}};
  std::vector<Bucket> given = {{.split = "{}", .at = 0, .value = 0, .count = 10},
                               {.split = "{}", .at = 60, .value = .5, .count = 10}};
  ASSERT_TRUE(feed(live, given, 0, 120, true));
  given[0] = {.split = "{}", .at = 0, .value = .5, .count = 20};  // ten failures came late
  ASSERT_TRUE(hear_late(live, given, 0, 120));
  ASSERT_TRUE(hear_late(live, given, 0, 120));  // heard once
  ASSERT_TRUE(feed(live, {{.split = "{}", .at = 120, .value = 0, .count = 10}}, 120, 180, true));
  EXPECT_DOUBLE_EQ(live.streams.at("{}").value, .5) << "10 of 20";
  ASSERT_TRUE(feed(live, {{.split = "{}", .at = 180, .value = 0, .count = 10}}, 180, 240, true));
  EXPECT_DOUBLE_EQ(live.streams.at("{}").value, 0);
}

class Written : public Desk {
 protected:
  void SetUp() override {
    open(":memory:", {.send = [this](std::vector<net::ClientRequest> all) { return taken(all); },
                      .mail = {},
                      .public_url = [] { return std::string("http://p"); },
                      .progress = {}});
  }
  std::vector<Result<net::ClientResponse>> taken(const std::vector<net::ClientRequest>& all) {
    std::vector<Result<net::ClientResponse>> out;
    for (const auto& one : all) {
      bodies_.push_back(one.body);
      out.emplace_back(net::ClientResponse{.status = 200, .headers = {}, .body = {}});
    }
    return out;
  }
  void tell(std::string name, const std::string& more, std::string notice = "firing") {
    const StoredRule rule{.project = 1, .id = "rule_" + name, .name = name, .json = {}, .version = 1};
    const auto definition =
        *parse_definition(R"({"name":")" + name + R"(","measure":"cost","kind":"threshold","above":1,)" +
                          R"("split":["agent"],"channels":["ch"])" + more + "}");
    Told told;
    told.split = R"({"agent":"refunds"})", told.notice = std::move(notice), told.at = clock_.now() / second;
    told.value = 2;
    ASSERT_TRUE(ledger_->change(
        [&](ledger::Transaction& change) -> Result<> { return write_told(change, *inside_, rule, definition, told); }));
  }

  std::vector<std::string> bodies_;
};

TEST_F(Written, RulesOfAGroupShareAMessage) {
  const std::string group = R"(,"folder":"checkout","group_by":["folder","agent"],"group_wait":"2m")";
  tell("one", group), tell("two", group), tell("other", "");
  clock_.advance(40 * second);
  deliver_all(*inside_);
  ASSERT_EQ(bodies_.size(), 1U) << "one that has no group waits for half a minute";
  clock_.advance(90 * second);
  deliver_all(*inside_);
  ASSERT_EQ(bodies_.size(), 2U);
  EXPECT_NE(bodies_[1].find(R"("count":2)"), std::string::npos) << bodies_[1];
  tell("three", group);
  clock_.advance(2 * minute);
  deliver_all(*inside_);
  EXPECT_EQ(bodies_.size(), 2U) << "who joins waits for the interval";
  clock_.advance(4 * minute);
  deliver_all(*inside_);
  EXPECT_EQ(bodies_.size(), 3U);
}

TEST_F(Written, AFiringOpensAnIncidentAndItsEndMitigatesIt) {
  tell("quiet", "");
  EXPECT_EQ(incidents::list(*ledger_, 1, {})->total, 0);
  tell("loud", R"(,"incident":"minor")"), tell("second", "");
  const auto open = incidents::list(*ledger_, 1, {})->rows;
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0].title, "loud of refunds");
  EXPECT_EQ(open[0].alerts, 2);
  EXPECT_EQ(open[0].began, clock_.now() - 300 * second) << "the first bad step";
  clock_.advance(minute);
  tell("loud", "", "resolved"), tell("second", "", "resolved");
  EXPECT_EQ(incidents::find(*ledger_, 1, "1")->status, "mitigated");
}

TEST_F(Written, AnObjectiveIsPutInItsPlace) {
  auto rule = *parse_definition(R"({"name":"a","kind":"burn","slo":"fast"})");
  ASSERT_FALSE(resolve(*ledger_, 1, rule));
  const auto slo = *slos::read_slo(R"({"agent":"refunds","kind":"latency","threshold":"10s","target":0.95})", "fast");
  ASSERT_TRUE(ledger_->change([&](ledger::Transaction& change) { return slos::put(change, 1, slo); }));
  ASSERT_TRUE(resolve(*ledger_, 1, rule));
  EXPECT_EQ(rule.rule.slo, .95);
  EXPECT_NE(rule.bad_filter.find("duration>10s"), std::string::npos);
  EXPECT_FALSE(resolve(*ledger_, 2, rule)) << "another project's is none";
}

}  // namespace
}  // namespace pawl::alerts
