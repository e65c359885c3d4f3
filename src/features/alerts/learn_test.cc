// What rules learn before they are judged: who shares a statement, and whose trouble stays their own.
#include "desk_testing.h"

namespace pawl::alerts {
namespace {

// Answers every statement with the rows that it is told, in as many number columns as anybody asks for.
class Answering final : public warehouse::Warehouse {
 public:
  std::vector<std::string> asked;
  std::string failing = "\n";  // statements with these words fail
  std::function<std::size_t(const std::string& sql)> instances = [](const auto&) { return 2; };

  Result<warehouse::Answer> read(const warehouse::Query& query) override {
    asked.push_back(query.sql);
    if (query.sql.find(failing) != std::string::npos) return fail(ErrorKind::invalid, "this cannot be asked");
    native::Block block;
    auto& time = block.add("time", "Int64");
    auto& split = block.add("split", "String");
    std::vector<native::Column*> numbers;
    for (int i = 0; i < 14; ++i) numbers.push_back(&block.add("m" + std::to_string(i), "Nullable(Int64)"));
    for (std::size_t i = 0; i < instances(query.sql); ++i) {
      time.fixed(std::int64_t{1'794'999'600} * second);
      split.text("a" + std::to_string(i));
      for (auto* const one : numbers) one->nullable(5);
    }
    return warehouse::Answer{.rows = TRY(native::Rows::read(block.write())), .raw = {}};
  }
  Result<void> run(std::string_view) override { return {}; }
  Result<void> insert(std::string_view, const native::Block&) override { return {}; }
  std::string version() const override { return "none"; }
};

class Learning : public Desk {
 protected:
  void SetUp() override {
    open(":memory:", {.send = {}, .mail = {}, .public_url = [] { return std::string(); }, .progress = {}});
  }
  void rule(const std::string& id, const std::string& json) {
    rules_.push_back(
        {.project = 1, .id = id, .name = id, .json = R"({"name":"a",)" + json + "}", .version = 1, .trouble = {}});
  }
  bool live(const std::string& id) { return inside_->live.contains({1, id}); }

  Answering store_;
  std::vector<StoredRule> rules_;
};

TEST_F(Learning, RulesThatAskTheSameRowsShareAStatement) {
  for (const std::string measure : {"spans", "errors", "llm_calls"})
    for (const std::string limit : {"1", "2"})
      rule(measure + limit, R"("measure":")" + measure + R"(","kind":"threshold","above":)" + limit +
                                R"(,"step":"1m","split":["agent"])");
  rule("other", R"("measure":"spans","kind":"threshold","above":1,"step":"1m","split":["agent"],"filter":"agent=x")");
  learn(*inside_, store_, rules_);
  EXPECT_TRUE(inside_->lessons.empty());
  EXPECT_EQ(inside_->live.size(), 7U);
  EXPECT_EQ(inside_->live.at({1, "errors2"}).streams.size(), 2U);
  const std::set<std::string> different(store_.asked.begin(), store_.asked.end());
  EXPECT_EQ(different.size(), 2U) << "one for the six, one for the other filter";
  const auto before = store_.asked.size();
  learn(*inside_, store_, rules_);
  EXPECT_EQ(store_.asked.size(), before) << "who is live learns no more";
  rules_[0].version = 2;
  learn(*inside_, store_, rules_);
  EXPECT_GT(store_.asked.size(), before) << "but a new version does";
}

TEST_F(Learning, AMeasureThatCannotBeAskedStopsNoOther) {
  rule("good", R"("measure":"spans","kind":"threshold","above":1,"step":"1m","split":["agent"])");
  rule("bad", R"("measure":"tool_calls","kind":"threshold","above":1,"step":"1m","split":["agent"])");
  store_.failing = "_tools";
  learn(*inside_, store_, rules_);
  EXPECT_TRUE(live("good"));
  EXPECT_FALSE(live("bad"));
  const auto before = store_.asked.size();
  learn(*inside_, store_, rules_);
  EXPECT_EQ(store_.asked.size(), before) << "it rests";
  store_.failing = "\n", clock_.advance(minute);
  learn(*inside_, store_, rules_);
  EXPECT_TRUE(live("bad"));
}

TEST_F(Learning, TooManyInstancesAreTheTroubleOfTheirRuleAlone) {
  rule("good", R"("measure":"spans","kind":"threshold","above":1,"step":"1m","split":["agent"])");
  rule("bad", R"("measure":"spans","kind":"threshold","above":1,"step":"1m","split":["user"])");
  store_.instances = [](const std::string& sql) {
    return sql.find("user") != std::string::npos ? most_instances + 1 : std::size_t{2};
  };
  learn(*inside_, store_, rules_);
  EXPECT_TRUE(live("good"));
  EXPECT_FALSE(live("bad"));
}

TEST_F(Learning, ALargeAnswerIsAskedForInSmallerPieces) {
  const auto definition =
      *parse_definition(R"({"name":"a","measure":"spans","kind":"anomaly","step":"1m","split":["user"]})");
  store_.instances = [&](const auto&) { return store_.asked.size() <= 2 ? std::size_t{30'000} : std::size_t{5000}; };
  Pieces pieces(definition, 0, history);
  const std::int64_t whole = pieces.length;
  ASSERT_TRUE(pieces.next(store_, nullptr, 1, definition, {"spans"}, clock_.now()));
  EXPECT_EQ(store_.asked.size(), 3U);
  EXPECT_EQ(pieces.at, whole / 16);
  store_.instances = [](const auto&) { return std::size_t{1}; };
  while (!pieces.done()) ASSERT_TRUE(pieces.next(store_, nullptr, 1, definition, {"spans"}, clock_.now()));
  EXPECT_LT(store_.asked.size(), 15U) << "pieces grow where there is little";
  store_.instances = [](const auto&) { return std::size_t{30'000}; };
  Pieces full(definition, 0, history);
  const auto refused = full.next(store_, nullptr, 1, definition, {"spans"}, clock_.now());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::exhausted);
}

TEST_F(Learning, AClockThatWasAheadIsNotWaitedFor) {
  ASSERT_TRUE(ledger_->change([&](ledger::Transaction& change) -> Result<> {
    TRY(change.run(
        "INSERT INTO alert_rules (project, id, name, definition, version, evaluated, enabled, created, "
        "changed, actor, trouble) "
        "VALUES (1, 'r', 'r', ?, 1, ?, 1, 0, 0, '', '')",
        {std::string(R"({"name":"r","measure":"spans","kind":"threshold","above":1,"step":"1m","split":["agent"]})"),
         clock_.now() / second + 3600}));
    TRY(
        change.run("INSERT INTO alert_instances (project, rule, split, state, since, good, notified, acknowledged, "
                   "event, seen) VALUES "
                   "(1, 'r', '', 'firing', 5, ?1, ?1, '', 'evt', ?1)",
                   {clock_.now() / second + 3600}));
    return {};
  }));
  store_.instances = [](const auto&) { return 0; };
  judge_all(*inside_, store_);
  const std::int64_t now = clock_.now() / second;
  const auto evaluated = [&] { return ledger_->read("SELECT evaluated FROM alert_rules")->integer(0, 0); };
  EXPECT_LE(evaluated(), now);
  const auto stands = *ledger_->read("SELECT state, since, good, notified, seen FROM alert_instances");
  EXPECT_EQ(stands.text(0, 0), "firing") << "it stands as it stood";
  EXPECT_EQ(stands.integer(0, 1), 5);
  for (const std::size_t time : {2U, 3U, 4U}) EXPECT_LE(stands.integer(0, time), now);
  clock_.advance(5 * minute);
  judge_all(*inside_, store_);
  EXPECT_GT(evaluated(), now) << "and it goes on";
  const auto before = evaluated();
  clock_.advance(-5 * minute);
  judge_all(*inside_, store_);
  EXPECT_EQ(evaluated(), before) << "what was judged stays where a clock goes back a little";
}

TEST(LookBack, IsWhatTheKindNeeds) {
  const auto days = [](const std::string& more) {
    const auto definition = *parse_definition(R"({"name":"a","measure":"error_rate",)" + more + "}");
    return static_cast<double>(look_back(definition)) / 86'400;
  };
  EXPECT_EQ(days(R"("kind":"threshold","above":1)"), 1);
  EXPECT_EQ(days(R"("kind":"threshold","above":1,"no_data":"alert")"), 30) << "it has to know whom it may miss";
  EXPECT_GT(days(R"("kind":"change","window":"1h")"), 7);
  EXPECT_LT(days(R"("kind":"change","window":"1d")"), 9);
  EXPECT_EQ(days(R"("kind":"burn","slo":0.99)"), 4);
  EXPECT_EQ(days(R"("kind":"anomaly")"), 30);
}

}  // namespace
}  // namespace pawl::alerts
