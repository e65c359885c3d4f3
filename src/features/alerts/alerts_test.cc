// Rules as they are written, instances fed with buckets, signatures, the outbox against an endpoint that misbehaves.
#include <simdjson.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "desk_testing.h"

namespace pawl::alerts {
namespace {

TEST(Definition, SaysWhatIsWrong) {
  EXPECT_EQ(mistake(R"({"name":"a","measure":"cost","kind":"anomaly","direction":"up","split":["agent"]})"), "none");
  EXPECT_EQ(mistake(R"({"name":"a","measure":"error_rate","kind":"threshold","above":0.2,"step":"1m","for":"5m"})"),
            "none");
  EXPECT_NE(mistake("[]").find("object"), std::string::npos);
  EXPECT_NE(mistake(R"({"measure":"cost"})").find("name"), std::string::npos);
  EXPECT_NE(mistake(R"({"name":"a","measure":"cost","threshhold":1})").find("threshhold"), std::string::npos);
  EXPECT_NE(mistake(R"({"name":"a","measure":"costt"})").find("costt"), std::string::npos);
  EXPECT_NE(mistake(R"({"name":"a","measure":"cost","filter":"agnt=x"})").find("filter"), std::string::npos);
  EXPECT_NE(mistake(R"({"name":"a","measure":"cost","split":["nonsense"]})").find("nonsense"), std::string::npos);
  EXPECT_NE(mistake(R"({"name":"a","measure":"cost","kind":"threshold"})").find("above"), std::string::npos);
  EXPECT_NE(mistake(R"({"name":"a","measure":"cost","kind":"burn"})").find("ratio"), std::string::npos);
  EXPECT_NE(mistake(R"({"name":"a","measure":"cost","for":"soon"})").find("for"), std::string::npos);
  EXPECT_NE(mistake(R"({"name":"a","measure":"cost","step":"7m"})").find("step"), std::string::npos);
  EXPECT_NE(mistake(R"({"name":"a","measure":"cost","timezone":"Mars/Base"})").find("Mars"), std::string::npos);
}

TEST(Definition, AScoreRestsOnItsOwnCount) {
  const auto counted = [](std::string measure) {
    return parse_definition(R"({"name":"a","kind":"anomaly","measure":")" + measure + "\"}")->counted();
  };
  EXPECT_EQ(counted("score.goal"), "score.goal.count");
  EXPECT_EQ(counted("score.goal.pass_rate"), "score.goal.count");
  EXPECT_EQ(counted("cost"), "spans");
}

TEST(Feed, EachInstanceHasAStateOfItsOwn) {
  Live live{
      .version = 1,
      .definition = *parse_definition(
          R"({"name":"a","measure":"spans","kind":"threshold","above":10,"step":"1m","for":"2m","split":["agent"]})"),
      .streams = {}};
  std::vector<Bucket> given;
  for (std::int64_t m = 0; m < 10; ++m) {
    given.push_back({.split = "{\"agent\":\"a\"}", .at = m * 60, .value = m < 6 ? 20. : 3., .count = 20});
    given.push_back({.split = "{\"agent\":\"b\"}", .at = m * 60, .value = 5, .count = 5});
  }
  const auto told = *feed(live, given, 0, 600, true);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].split, "{\"agent\":\"a\"}");
  EXPECT_EQ(told[0].notice, "firing");
  EXPECT_EQ(told[0].at, 180) << "bad since the end of the first minute, for two minutes";
  EXPECT_EQ(told[1].notice, "resolved");
  EXPECT_EQ(live.streams.size(), 2u);
  // A minute without spans is a sum of 0: over, not unknown.
  EXPECT_TRUE(feed(live, {}, 600, 660, true)->empty());
  EXPECT_EQ(live.streams.at("{\"agent\":\"a\"}").value, 0);
}

TEST(Feed, WhatComesLateMakesAThresholdFireOnce) {
  Live live{.version = 1,
            .definition = *parse_definition(
                R"({"name":"a","measure":"spans","kind":"threshold","above":10,"step":"1m","split":["agent"]})"),
            .streams = {}};
  const std::string a = R"({"agent":"a"})", b = R"({"agent":"b"})";
  std::vector<Bucket> given = {{.split = a, .at = 0, .value = 20, .count = 20},
                               {.split = a, .at = 60, .value = 3, .count = 3}};
  ASSERT_EQ(feed(live, given, 0, 120, true)->size(), 2u) << "fires and is over";
  // The first minute is as it was, the second became bad, and b was not there at all.
  given[1].value = 30;
  given.push_back({.split = b, .at = 60, .value = 11, .count = 11});
  ASSERT_TRUE(hear_late(live, given, 0, 120));
  const auto told = *feed(live, {}, 120, 180, true);
  ASSERT_EQ(told.size(), 2u);
  for (const auto& one : told) EXPECT_EQ(one.notice + " " + one.reason, "firing late");
  ASSERT_TRUE(hear_late(live, given, 0, 180));
  for (const auto& one : *feed(live, {}, 180, 240, true)) EXPECT_EQ(one.notice, "resolved") << "it is heard once";
}

TEST(Feed, WhatComesLateOfADistributionCountsInTheNextHour) {
  constexpr std::int64_t hours = 96, last = (hours - 2) * 3600, end = hours * 3600;
  const auto value_of = [&](double in_time, double late) {
    Live live{.version = 1,
              .definition = *parse_definition(
                  R"({"name":"a","measure":"llm_calls","kind":"psi","distribution":"model","step":"1h"})"),
              .streams = {}};
    std::vector<Bucket> given;
    for (std::int64_t at = 0; at < end; at += 3600) {
      for (const std::string model : {"a", "b"})
        given.push_back({.split = "{}", .at = at, .value = 100, .count = 100, .category = model});
      if (at == last && in_time > 0)
        given.push_back({.split = "{}", .at = at, .value = in_time, .count = in_time, .category = "c"});
    }
    EXPECT_TRUE(feed(live, given, 0, last + 3600, true));
    if (late > 0) given.push_back({.split = "{}", .at = last, .value = late, .count = late, .category = "c"});
    std::ranges::sort(given, {}, &Bucket::at);
    EXPECT_EQ(asked_from(live.definition, last + 3600), last);
    EXPECT_TRUE(hear_late(live, given, last, last + 3600));
    EXPECT_TRUE(feed(live, given, last + 3600, end, true));
    return live.streams.at("{}").value;
  };
  const double in_time = value_of(900, 0);
  EXPECT_GT(in_time, value_of(0, 0) + .01);
  EXPECT_DOUBLE_EQ(value_of(0, 900), in_time);
  EXPECT_DOUBLE_EQ(value_of(400, 900), in_time) << "what was there is not counted again";
}

TEST(Feed, AQuantileKnowsSinceWhenSomethingCameLate) {
  Live live{.version = 1,
            .definition = *parse_definition(
                R"({"name":"a","measure":"latency.p95","kind":"anomaly","step":"1m","split":["agent"]})"),
            .streams = {}};
  std::vector<Bucket> given;
  for (std::int64_t at = 0; at < 300; at += 60) given.push_back({.split = "a", .at = at, .value = 5, .count = 9});
  ASSERT_TRUE(feed(live, given, 0, 240, true));
  EXPECT_TRUE(late_quantiles(live, given, 0, 240).empty());
  given[1].count = 12, given[3].count = 10;
  EXPECT_EQ(late_quantiles(live, given, 0, 240), (std::map<std::string, std::int64_t>{{"a", 60}}));
  EXPECT_TRUE(late_quantiles(live, given, 0, 240).empty()) << "it is heard once";
}

TEST(Passed, WhatStillFiresIsToldHoweverLate) {
  std::vector<Told> told = {{.split = "a", .notice = "firing", .at = 100, .reason = {}, .evidence = {}},
                            {.split = "b", .notice = "firing", .at = 100, .reason = {}, .evidence = {}},
                            {.split = "a", .notice = "resolved", .at = 200, .reason = {}, .evidence = {}},
                            {.split = "c", .notice = "resolved", .at = 200, .reason = {}, .evidence = {}},
                            {.split = "b", .notice = "reminder", .at = 300, .reason = {}, .evidence = {}}};
  mark_passed(told, 10'000);
  EXPECT_TRUE(told[0].passed) << "fired and over while nobody looked";
  EXPECT_FALSE(told[1].passed) << "fires still";
  EXPECT_TRUE(told[2].passed);
  EXPECT_FALSE(told[3].passed) << "its firing was told before";
  EXPECT_TRUE(told[4].passed);
}

TEST(Feed, AnInstanceThatIsGoneIsResolvedAndSaysSo) {
  Live live{
      .version = 1,
      .definition = *parse_definition(
          R"({"name":"a","measure":"error_rate","kind":"threshold","above":0.1,"step":"1m","window":"10m","split":["agent"]})"),
      .streams = {}};
  const std::vector<Bucket> given = {{.split = "{}", .at = 60, .value = .5, .count = 9}};
  const auto told = *feed(live, given, 60, 3600, true);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[1].notice + " " + told[1].reason, "resolved gone");
  EXPECT_EQ(told[1].at, 1320) << "after twice its window";
}

TEST(Feed, TooManyInstancesAreRefused) {
  Live live{.version = 1,
            .definition = *parse_definition(
                R"({"name":"a","measure":"spans","kind":"threshold","above":10,"step":"1m","split":["user"]})"),
            .streams = {}};
  std::vector<Bucket> given;
  for (std::size_t i = 0; i <= most_instances; ++i)
    given.push_back({.split = std::to_string(i), .value = 1, .count = 1});
  const auto told = feed(live, given, 0, 60, true);
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().kind, ErrorKind::exhausted);
}

TEST(Webhook, IsSignedAsTheStandardSays) {
  std::ifstream file("tests/fixtures/alerts/standard_webhooks.json");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  simdjson::dom::parser parser;
  std::size_t seen = 0;
  const auto root = parser.parse(text).value();
  for (const auto one : root["cases"].get_array()) {
    const auto get = [&](std::string_view key) { return std::string(one[key].get_string().value()); };
    EXPECT_EQ(signature(get("secret"), get("webhook-id"), std::stoll(get("webhook-timestamp")), get("body")),
              get("webhook-signature"));
    ++seen;
  }
  EXPECT_GE(seen, 2u);
  EXPECT_EQ(signature("plain", "id", 1, "{}"), "");
}

constexpr std::string_view notice_body =
    R"({"type":"alert.firing","timestamp":"2026-11-21T11:45:35Z","data":{"id":"evt_1","project":"default","rule":{"id":)"
    R"("rule_1","name":"cost spike","version":1,"severity":"page","kind":"anomaly"},"measure":"cost","unit":"USD",)"
    R"("filter":"","split":{"agent":"refunds"},"value":12.5,"value_text":"$12.50","usual":"$2.90 to $4.10","since":)"
    R"("2026-11-21T11:40:00Z","reason":"","learning":false,"runbook":"https://wiki.example/cost","key":)"
    R"("pawl/default/rule_1/abc","url":"https://pawl.example/alerts/rule_1","evidence":{"sentence":)"
    R"("94 % of the rise comes from model=gpt-5 tool=search."}}})";

class Outbox : public Desk {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("pawl-alerts-" + std::to_string(::getpid()) +
                                                        testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    open((folder_ / "ledger.db").string(), {.send =
                                                [this](std::vector<net::ClientRequest> all) {
                                                  std::vector<Result<net::ClientResponse>> out;
                                                  at_once_ = all.size();
                                                  for (auto& one : all) out.push_back(answer(std::move(one)));
                                                  return out;
                                                },
                                            .mail = {},
                                            .public_url = {},
                                            .progress = {}});
    ASSERT_TRUE(ledger_->change([](ledger::Transaction& change) -> Result<> {
      TRY(change.run(
          "INSERT INTO alert_outbox (id, project, event, channel, body, state, attempts, due, error, changed) "
          "VALUES ('msg_1', 1, 'evt_1', 'ch', ?, 'waiting', 0, 0, '', 0)",
          {std::string(notice_body)}));
      return {};
    }));
  }
  void TearDown() override {
    inside_.reset(), projects_.reset(), ledger_.reset();
    std::filesystem::remove_all(folder_);
  }
  Result<net::ClientResponse> answer(net::ClientRequest request) {
    ids_.emplace_back(request.headers.get("webhook-id"));
    bodies_.push_back(request.body);
    if (status_ == 0 || request.url == failing_) return fail(ErrorKind::unavailable, "the endpoint does not answer");
    return net::ClientResponse{.status = status_, .headers = {}, .body = {}};
  }
  std::string state() {
    const auto rows = *ledger_->read("SELECT state, attempts FROM alert_outbox");
    return rows.text(0, 0) + " " + std::to_string(rows.integer(0, 1));
  }

  std::filesystem::path folder_;
  int status_ = 200;
  std::vector<std::string> ids_, bodies_;
  std::string failing_;
  std::size_t at_once_ = 0;
};

TEST_F(Outbox, IsSentOnceWhenItIsTaken) {
  deliver_all(*inside_);
  deliver_all(*inside_);
  EXPECT_EQ(state(), "sent 1");
  EXPECT_EQ(ids_.size(), 1u);
}

TEST_F(Outbox, IsTriedAgainWithTheSameIdAndGivenUpAtLast) {
  status_ = 0;
  deliver_all(*inside_);
  EXPECT_EQ(state(), "waiting 1");
  deliver_all(*inside_);
  EXPECT_EQ(ids_.size(), 1u) << "not before its time";
  for (int i = 0; i < 12; ++i) clock_.advance(2 * day), deliver_all(*inside_);
  EXPECT_EQ(state(), "failed 10");
  for (const auto& id : ids_) EXPECT_EQ(id, "msg_1");
}

TEST_F(Outbox, WhatWaitsForATimeThatIsFarAheadIsSentWhenTheClockIsSetBack) {
  status_ = 0, clock_.advance(1000 * day);
  deliver_all(*inside_);
  EXPECT_EQ(state(), "waiting 1");
  status_ = 200, clock_.advance(-1000 * day);
  deliver_all(*inside_);
  EXPECT_EQ(state(), "waiting 1") << "after its pause";
  clock_.advance(minute);
  deliver_all(*inside_);
  EXPECT_EQ(state(), "sent 2");
}

TEST_F(Outbox, AnEndpointThatIsGoneSwitchesItsChannelOff) {
  status_ = 410;
  deliver_all(*inside_);
  EXPECT_EQ(state(), "failed 1");
  EXPECT_EQ(ledger_->read("SELECT enabled FROM alert_channels")->integer(0, 0), 0);
}

TEST_F(Outbox, WhatIsSilencedIsMutedAndSaysByWhom) {
  ASSERT_TRUE(ledger_->change([](ledger::Transaction& change) -> Result<> {
    TRY(change.run(
        "INSERT INTO alert_silences (project, id, matchers, begins, ends, weekly, author, why, created) VALUES "
        "(1, 'sil_1', ?, 0, 2000000000, '', 'ann', 'we know', 0)",
        {std::string(R"([{"name":"agent","op":"=~","value":"ref.*"}])")}));
    return {};
  }));
  deliver_all(*inside_);
  EXPECT_EQ(state(), "muted 0");
  EXPECT_TRUE(ids_.empty());
  EXPECT_EQ(ledger_->read("SELECT error FROM alert_outbox")->text(0, 0), "Muted by sil_1 of ann: we know");
}

TEST_F(Outbox, AnEscalationIsDroppedWhereNobodyNeedsItAnyMore) {
  ASSERT_TRUE(ledger_->change([](ledger::Transaction& change) -> Result<> {
    TRY(change.run("UPDATE alert_outbox SET unless_known = 1"));
    TRY(change.run(
        "INSERT INTO alert_instances (project, rule, split, state, since, notified, acknowledged, event) VALUES "
        "(1, 'rule_1', '{}', 'firing', 0, 0, 'ann', 'evt_1')"));
    return {};
  }));
  deliver_all(*inside_);
  EXPECT_EQ(state(), "dropped 0");
  ASSERT_TRUE(ledger_->change([](ledger::Transaction& change) -> Result<> {
    TRY(change.run("UPDATE alert_outbox SET state = 'waiting', lead = ''"));
    TRY(change.run("UPDATE alert_instances SET acknowledged = ''"));
    return {};
  }));
  deliver_all(*inside_);
  EXPECT_EQ(state(), "sent 1") << "it fires, and nobody has said that they know";
}

TEST_F(Outbox, InstancesOfARuleShareAMessageAndItsIdThroughRetries) {
  ASSERT_TRUE(ledger_->change([](ledger::Transaction& change) -> Result<> {
    TRY(
        change.run("INSERT INTO alert_outbox (id, project, event, channel, body, state, attempts, due, error, changed) "
                   "VALUES ('msg_2', 1, 'evt_2', 'ch', ?, 'waiting', 0, 0, '', 0)",
                   {std::string(notice_body)}));
    return {};
  }));
  status_ = 0;
  deliver_all(*inside_);
  status_ = 200, clock_.advance(minute);
  deliver_all(*inside_);
  ASSERT_EQ(ids_.size(), 2u);
  EXPECT_EQ(ids_[0], ids_[1]);
  EXPECT_EQ(ledger_->read("SELECT count(*) FROM alert_outbox WHERE state = 'sent' AND attempts = 2")->integer(0, 0), 2);
  simdjson::dom::parser parser;
  const auto body = parser.parse(simdjson::padded_string(bodies_.back())).value();
  EXPECT_EQ(body["data"]["count"].get_int64().value(), 2);
  EXPECT_EQ(body["data"]["alerts"].get_array().value().size(), 2u);
}

TEST_F(Outbox, AChannelThatHangsKeepsNoOtherWaiting) {
  ASSERT_TRUE(ledger_->change([](ledger::Transaction& change) -> Result<> {
    TRY(change.run(
        "INSERT INTO alert_channels (project, id, name, url, secret, enabled, trouble, kind) VALUES (1, 'sl', "
        "'s', 'https://example.com/slack', '', 1, '', 'slack')"));
    TRY(
        change.run("INSERT INTO alert_outbox (id, project, event, channel, body, state, attempts, due, error, changed) "
                   "VALUES ('msg_2', 1, 'evt_1', 'sl', ?, 'waiting', 0, 0, '', 0)",
                   {std::string(notice_body)}));
    return {};
  }));
  failing_ = "https://example.com/x";
  deliver_all(*inside_);
  EXPECT_EQ(at_once_, 2u) << "both were asked together";
  EXPECT_EQ(ledger_->read("SELECT state FROM alert_outbox WHERE channel = 'sl'")->text(0, 0), "sent");
  EXPECT_EQ(ledger_->read("SELECT state FROM alert_outbox WHERE channel = 'ch'")->text(0, 0), "waiting");
}

TEST_F(Outbox, ARedirectIsNotFollowedAndCountsAsFailed) {
  status_ = 302;
  deliver_all(*inside_);
  EXPECT_EQ(state(), "waiting 1");
}

}  // namespace
}  // namespace pawl::alerts
