// Incidents: who joins which, what their end does, and a timeline that nobody can change.
#include "incidents.h"

#include <gtest/gtest.h>

namespace pawl::incidents {
namespace {

constexpr ledger::Migration some_projects[] = {
    {"projects", 1, "CREATE TABLE projects (id INTEGER PRIMARY KEY); INSERT INTO projects VALUES (1), (2)"}};

struct IncidentsTest : ::testing::Test {
  std::unique_ptr<ledger::Ledger> ledger;

  void SetUp() override {
    auto opened = ledger::open_sqlite(":memory:");
    ASSERT_TRUE(opened);
    ledger = std::move(*opened);
    std::vector<ledger::Migration> steps(std::begin(some_projects), std::end(some_projects));
    steps.insert(steps.end(), migrations().begin(), migrations().end());
    ASSERT_TRUE(ledger->migrate(steps));
  }
  static Heard heard(std::string event, Nanos at, std::string agent = "refunds", std::string opens = "major") {
    Heard out;
    out.alert = {.event = event,
                 .rule = "rule_1",
                 .name = "Errors",
                 .split = "{\"agent\":\"" + agent + "\"}",
                 .severity = "page",
                 .sentence = "it is the tool",
                 .evidence = {},
                 .fired = at};
    out.agent = std::move(agent), out.measure = "error_rate", out.opens = std::move(opens), out.since = at - minute;
    return out;
  }
  void fire(const Heard& one, ProjectId project = 1) {
    ASSERT_TRUE(ledger->change([&](ledger::Transaction& t) { return hear_firing(t, project, one, one.alert.fired); }));
  }
  void end(std::string_view split, Nanos at) {
    ASSERT_TRUE(ledger->change([&](ledger::Transaction& t) { return hear_resolved(t, 1, "rule_1", split, at, at); }));
  }
  std::vector<Incident> all(ProjectId project = 1) { return list(*ledger, project, {})->rows; }
};

TEST_F(IncidentsTest, FiringsOfOneAgentAreOneIncidentWhileTheyAreNear) {
  fire(heard("evt_1", 100 * hour));
  fire(heard("evt_2", 103 * hour, "refunds", ""));
  fire(heard("evt_3", 103 * hour, "research"));
  fire(heard("evt_4", 100 * hour, "writer", ""));  // a rule that opens none
  fire(heard("evt_5", 100 * hour), 2);
  ASSERT_EQ(all().size(), 2U);
  EXPECT_EQ(all()[1].title, "Errors of refunds");
  EXPECT_EQ(all()[1].called(), "INC-1");
  EXPECT_EQ(all()[1].alerts, 2);
  EXPECT_EQ(all()[1].began, 100 * hour - minute);
  EXPECT_EQ(all()[1].runbook, "tool_outage");
  EXPECT_EQ(all(2).size(), 1U);
  EXPECT_EQ(find(*ledger, 2, "INC-1")->number, 1);
  EXPECT_FALSE(find(*ledger, 2, "INC-2"));
}

TEST_F(IncidentsTest, WhatHadPassedStandsAtItsOwnTime) {
  auto late = heard("evt_1", 100 * hour);
  late.passed = true;
  ASSERT_TRUE(ledger->change([&](ledger::Transaction& t) { return hear_firing(t, 1, late, 200 * hour); }));
  end("{\"agent\":\"refunds\"}", 101 * hour);
  auto before = heard("evt_2", 60 * hour);  // told after it, of a time before it
  before.passed = true;
  ASSERT_TRUE(ledger->change([&](ledger::Transaction& t) { return hear_firing(t, 1, before, 200 * hour); }));
  ASSERT_EQ(all().size(), 2U);
  EXPECT_EQ(all()[0].opened, 100 * hour);
  EXPECT_EQ(all()[0].mitigated, 101 * hour);
  EXPECT_EQ(all()[1].began, 60 * hour - minute) << "the newest first, whichever was told first";
  EXPECT_EQ(entries(*ledger, 1, all()[0].id)->front().written, 200 * hour);
}

TEST_F(IncidentsTest, WhatIsOverIsMitigatedAndANewFiringOpensItAgain) {
  fire(heard("evt_1", 100 * hour));
  fire(heard("evt_1", 100 * hour));  // told twice after a crash
  end("{\"agent\":\"refunds\"}", 101 * hour);
  EXPECT_EQ(all()[0].status, "mitigated");
  EXPECT_EQ(all()[0].mitigated, 101 * hour);
  EXPECT_EQ(all()[0].end(200 * hour), 101 * hour);
  fire(heard("evt_2", 102 * hour));
  EXPECT_EQ(all()[0].status, "open");
  EXPECT_EQ(all()[0].firing, 1);
  end("{\"agent\":\"refunds\"}", 103 * hour);
  fire(heard("evt_3", 120 * hour));  // long after: another one
  ASSERT_EQ(all().size(), 2U);
  EXPECT_EQ(all()[1].status, "mitigated");
  std::string kinds;
  for (const auto& one : *entries(*ledger, 1, all()[1].id)) kinds += one.kind + " ";
  EXPECT_EQ(kinds, "opened firing resolved status status firing resolved status ");
  EXPECT_EQ(between(*ledger, 1, 0, 110 * hour)->size(), 1U);
  EXPECT_EQ(between(*ledger, 1, 0, 130 * hour)->size(), 2U);
}

TEST_F(IncidentsTest, EachChangeIsAnEntryAndNoneIsEverChanged) {
  fire(heard("evt_1", 100 * hour));
  const auto before = all()[0];
  const auto set = [&](const Change& wanted) {
    const auto now = *find(*ledger, 1, before.id);
    return ledger->change([&](ledger::Transaction& t) { return change(t, 1, now, wanted, "ann", 105 * hour); });
  };
  ASSERT_TRUE(set({.owner = "bob", .why = {}}));
  ASSERT_TRUE(set({.owner = "bob", .why = {}})) << "the same again says nothing";
  ASSERT_TRUE(set({.status = "resolved", .why = "rolled back"}));
  EXPECT_FALSE(set({.status = "done", .why = {}}));
  EXPECT_FALSE(set({.severity = "bad", .why = {}}));
  const auto after = *entries(*ledger, 1, before.id);
  ASSERT_EQ(after.size(), 4U);
  EXPECT_EQ(after[2].kind, "owner");
  EXPECT_EQ(after[3].text, "open → resolved: rolled back");
  EXPECT_EQ(after[3].actor, "ann");
  EXPECT_EQ(find(*ledger, 1, "1")->resolved, 105 * hour);
  for (const std::string_view sql : {"UPDATE incident_entries SET text = ''", "DELETE FROM incident_entries"})
    EXPECT_FALSE(ledger->change([&](ledger::Transaction& t) -> Result<> {
      TRY(t.run(sql));
      return {};
    })) << sql;
  fire(heard("evt_2", 104 * hour));
  EXPECT_EQ(all().size(), 2U) << "what is resolved stays so: a new firing is a new incident";
}

}  // namespace
}  // namespace pawl::incidents
