// Rules as they are written, instances fed with buckets, signatures, the outbox against an endpoint that misbehaves.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "inside.h"
#include "records/audit/audit.h"

namespace pawl::alerts {
namespace {

std::string mistake(std::string_view json) {
  const auto definition = parse_definition(json);
  return definition ? "none" : definition.error().what;
}

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
  EXPECT_EQ(told[0].notice, stats::Notice::firing);
  EXPECT_EQ(told[0].at, 180) << "bad since the end of the first minute, for two minutes";
  EXPECT_EQ(told[1].notice, stats::Notice::resolved);
  EXPECT_EQ(live.streams.size(), 2u);
  // A minute without spans is a sum of 0: over, not unknown.
  EXPECT_TRUE(feed(live, {}, 600, 660, true)->empty());
  EXPECT_EQ(live.streams.at("{\"agent\":\"a\"}").value, 0);
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

class Outbox : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("pawl-alerts-" + std::to_string(::getpid()) +
                                                        testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    ledger_ = *ledger::open_sqlite((folder_ / "ledger.db").string());
    std::vector<ledger::Migration> steps;
    for (const auto owner : {projects::migrations(), audit::migrations(), migrations()})
      steps.insert(steps.end(), owner.begin(), owner.end());
    ASSERT_TRUE(ledger_->migrate(steps));
    projects_ = *projects::Projects::open(*ledger_, random_, clock_,
                                          [](ledger::Transaction&, std::uint32_t, std::string_view, std::string_view,
                                             std::string_view) -> Result<> { return {}; });
    inside_.reset(
        new Inside{.pool = pool_,
                   .ledger = *ledger_,
                   .projects = *projects_,
                   .random = random_,
                   .clock = clock_,
                   .log = log_,
                   .options = {.send = [this](net::ClientRequest request) { return answer(std::move(request)); },
                               .public_url = {},
                               .progress = {}}});
    ASSERT_TRUE(ledger_->change([](ledger::Transaction& change) -> Result<> {
      TRY(
          change.run("INSERT INTO alert_channels VALUES (1, 'ch', 'c', 'https://example.com/x', "
                     "'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 1, '')"));
      TRY(change.run("INSERT INTO alert_outbox VALUES ('msg_1', 1, 'evt_1', 'ch', '{}', 'waiting', 0, 0, '', 0)"));
      return {};
    }));
  }
  void TearDown() override {
    inside_.reset(), projects_.reset(), ledger_.reset();
    std::filesystem::remove_all(folder_);
  }
  Result<net::ClientResponse> answer(net::ClientRequest request) {
    ids_.emplace_back(request.headers.get("webhook-id"));
    if (status_ == 0) return fail(ErrorKind::unavailable, "the endpoint does not answer");
    return net::ClientResponse{.status = status_, .headers = {}, .body = {}};
  }
  std::string state() {
    const auto rows = *ledger_->read("SELECT state, attempts FROM alert_outbox");
    return rows.text(0, 0) + " " + std::to_string(rows.integer(0, 1));
  }

  std::filesystem::path folder_;
  SeededRandom random_{7};
  ManualClock clock_{1'795'000'000 * second};
  Log log_{Log::Format::text, Level::error};
  net::Pool pool_{1, 8};
  std::unique_ptr<ledger::Ledger> ledger_;
  std::unique_ptr<projects::Projects> projects_;
  std::unique_ptr<Inside> inside_;
  int status_ = 200;
  std::vector<std::string> ids_;
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

TEST_F(Outbox, AnEndpointThatIsGoneSwitchesItsChannelOff) {
  status_ = 410;
  deliver_all(*inside_);
  EXPECT_EQ(state(), "failed 1");
  EXPECT_EQ(ledger_->read("SELECT enabled FROM alert_channels")->integer(0, 0), 0);
}

TEST_F(Outbox, ARedirectIsNotFollowedAndCountsAsFailed) {
  status_ = 302;
  deliver_all(*inside_);
  EXPECT_EQ(state(), "waiting 1");
}

}  // namespace
}  // namespace pawl::alerts
