// What the warehouse refuses is set aside, and nothing else; it can be sent again.
#include "base/text.h"
#include "world_testing.h"

namespace pawl::ingest::testing {
namespace {

using otlp::Signal;

class QuarantineTest : public ::testing::Test {
 protected:
  QuarantineTest() : store(engine()), home(fresh_folder("quarantine")), world(home, store) { project = ++projects_; }
  ~QuarantineTest() override {
    world.close();
    std::filesystem::remove_all(home);
  }
  // How often each of these is there: "spans 2, logs 1 …"; content may be there twice, it is read once.
  std::string stored() {
    std::string out;
    for (const char* table : {"spans", "logs", "points"}) {
      const auto rows = world.number(fmt::format("SELECT {} FROM {} WHERE project = {}",
                                                 std::string_view(table) == "spans" ? "sum(sign)" : "toInt64(count())",
                                                 table, project));
      if (rows != 0) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", table, rows);
    }
    return out;
  }
  std::vector<Quarantined> held() { return *world.quarantine->list(project, 0, 100); }

  Doubtful store;
  std::filesystem::path home;
  World world;
  ProjectId project;
  static inline ProjectId projects_ = 0;
};

TEST_F(QuarantineTest, ABadSpanIsAloneInItAndItsNeighboursAreStored) {
  store.marker = "poison";
  world.start();
  world.send(project, Signal::traces,
             spans_body({span_json(1, 1, "good"), span_json(1, 2, "poison", 1), span_json(1, 3, "good too", 1)}));
  world.send(project, Signal::logs,
             logs_body({log_json(1, 1, "a log"), log_json(1, 1, "poison"), log_json(1, 1, "b")}));
  world.drain();
  EXPECT_EQ(stored(), "spans 2, logs 2");
  EXPECT_EQ(world.all_books(project), "quarantined 2, stored 4");
  const auto entries = held();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].signal, Signal::logs);
  EXPECT_EQ(entries[1].name, "poison");
  EXPECT_EQ(entries[1].trace, (Id128{0, 1}));
  EXPECT_EQ(entries[1].span, (Id128{0, 2}));
  EXPECT_NE(entries[1].reason.find("Incorrect data"), std::string::npos);

  EXPECT_EQ(*world.ingest->retry_quarantined(project, {entries[1].id}, "test"), 1U);  // still refused
  world.drain();
  EXPECT_EQ(stored(), "spans 2, logs 2");
  EXPECT_EQ(world.all_books(project), "quarantined 2, stored 4");
  ASSERT_EQ(held().size(), 2U);
  EXPECT_EQ(held()[0].tries, 1U);
  EXPECT_EQ(held()[0].received, entries[1].received);

  store.marker = "";
  EXPECT_EQ(*world.ingest->retry_quarantined(project, {}, "test"), 2U);
  world.drain();
  EXPECT_EQ(stored(), "spans 3, logs 3");
  EXPECT_EQ(world.all_books(project), "stored 6");
  EXPECT_TRUE(held().empty());
  const auto audited = audit::read(*world.ledger, project, false, 1'000'000, 10);
  ASSERT_TRUE(audited && audited->size() == 2);
  EXPECT_EQ(audited->at(0).action, "quarantine.retry");
  EXPECT_EQ(audited->at(0).detail, "2 records");

  world.restart();
  EXPECT_EQ(stored(), "spans 3, logs 3");
  EXPECT_EQ(world.all_books(project), "stored 6");
}

TEST_F(QuarantineTest, WhatIsHeldIsHeldOverARestartAndStoredOnceWhenItComesAgain) {
  store.marker = "poison";
  world.start();
  const std::string body = spans_body({span_json(2, 1, "good"), span_json(2, 2, "poison", 1)});
  world.send(project, Signal::traces, body);
  world.drain();
  world.restart();
  EXPECT_EQ(stored(), "spans 1");
  EXPECT_EQ(world.all_books(project), "quarantined 1, stored 1");
  store.marker = "";
  world.send(project, Signal::traces, body);  // the client sends all of it once more: what is held is news
  world.drain();
  EXPECT_EQ(stored(), "spans 2");
  EXPECT_EQ(world.all_books(project), "quarantined 1, stored 2, duplicate 1");
  EXPECT_EQ(*world.ingest->retry_quarantined(project, {}, "test"), 1U);
  world.drain();
  EXPECT_EQ(stored(), "spans 2");
  EXPECT_EQ(world.all_books(project), "stored 2, duplicate 2");
}

TEST_F(QuarantineTest, WhatWasBeingSentIsSettledByTheNextStart) {
  store.marker = "poison";
  world.start();
  world.send(project, Signal::traces, spans_body({span_json(6, 1, "good"), span_json(6, 2, "poison", 1)}));
  world.drain();
  const std::int64_t id = held().at(0).id;
  ASSERT_TRUE(world.quarantine->sending(id));  // … and it ended before the journal had it
  EXPECT_TRUE(held().empty());
  world.restart();
  EXPECT_EQ(held().size(), 1U);
  EXPECT_EQ(world.all_books(project), "quarantined 1, stored 1");
  store.marker = "";
  EXPECT_EQ(*world.ingest->retry_quarantined(project, {id}, "test"), 1U);
  world.drain();
  ASSERT_TRUE(
      world.ledger->change([&](ledger::Transaction& t) -> Result<> {  // … or after that, and before it was marked
        TRY(t.run("UPDATE quarantine SET state = 'sending' WHERE id = ?", {id}));
        return {};
      }));
  world.restart();
  EXPECT_TRUE(held().empty());
  EXPECT_EQ(stored(), "spans 2");
  EXPECT_EQ(world.all_books(project), "stored 2");
}

TEST_F(QuarantineTest, ABodyThatIsRefusedHoldsEveryRecordThatUsesIt) {
  store.marker = "poison";
  world.start();
  const std::string chat = R"("attributes":[)" + text_attribute("gen_ai.operation.name", "chat") + "," +
                           text_attribute("gen_ai.prompt", "poison in a long text") + "]";
  const std::string fine = R"("attributes":[)" + text_attribute("gen_ai.operation.name", "chat") + "," +
                           text_attribute("gen_ai.prompt", "harmless") + "]";
  world.send(project, Signal::traces,
             spans_body({span_json(3, 1, "one", 0, chat), span_json(3, 2, "two", 1, chat),
                         span_json(3, 3, "three", 1, fine)}));
  world.drain();
  EXPECT_EQ(stored(), "spans 1");
  EXPECT_EQ(world.all_books(project), "quarantined 2, stored 1");
  store.marker = "";
  EXPECT_EQ(*world.ingest->retry_quarantined(project, {}, "test"), 2U);
  world.drain();
  EXPECT_EQ(stored(), "spans 3");
  EXPECT_EQ(world.number(fmt::format("SELECT toInt64(count()) FROM bodies WHERE project = {}", project)), 2);
}

TEST_F(QuarantineTest, AWarehouseThatTakesNothingIsWaitedFor) {
  world.start();
  store.ill = true;
  world.send(project, Signal::traces, spans_body({span_json(4, 1, "good"), span_json(4, 2, "good", 1)}));
  std::this_thread::sleep_for(std::chrono::seconds(2));
  EXPECT_EQ(world.all_books(project), "journal 2");
  store.ill = false;
  world.drain();
  EXPECT_EQ(stored(), "spans 2");
  EXPECT_EQ(world.all_books(project), "stored 2");
}

TEST_F(QuarantineTest, AnInsertThatFailsInTheMiddleIsCompletedNotRepeated) {
  store.full_table = "spans";
  store.full = 2;
  world.start();
  world.send(project, Signal::logs, logs_body({log_json(5, 1, "a log")}));
  world.send(project, Signal::metrics, gauge_body({"queue.length"}));
  world.send(project, Signal::traces, spans_body({span_json(5, 1, "good")}));
  world.drain();
  EXPECT_EQ(stored(), "spans 1, logs 1, points 1");
  EXPECT_EQ(world.all_books(project), "stored 2");
  EXPECT_TRUE(held().empty());
}

TEST_F(QuarantineTest, ARefusedPointIsNotedAndItsNeighboursAreStored) {
  store.marker = "poison";
  world.start();
  world.send(project, Signal::metrics, gauge_body({"a", "poison", "b"}));
  world.drain();
  EXPECT_EQ(stored(), "points 2");
  EXPECT_EQ(world.all_books(project), "");
}

TEST_F(QuarantineTest, EqualLogRecordsAreEachKept) {
  store.marker = "poison";
  world.start();
  const std::string record = R"({"body":{"stringValue":"poison"}})";  // no time: nothing says that they are one
  world.send(project, Signal::logs, logs_body({record, record}));
  world.drain();
  EXPECT_EQ(world.all_books(project), "quarantined 2");
  EXPECT_EQ(held().size(), 2U);
  store.marker = "";
  EXPECT_EQ(*world.ingest->retry_quarantined(project, {}, "test"), 2U);
  world.drain();
  EXPECT_EQ(stored(), "logs 2");
  EXPECT_EQ(world.all_books(project), "stored 2");
}

}  // namespace
}  // namespace pawl::ingest::testing
