// When runs that come in pieces are shown, and that the same rows come out whatever the order.
#include "runs.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"
#include "base/text.h"
#include "batch.h"

namespace pawl::traces {
namespace {

constexpr Nanos noon = 1'767'603'600'000'000'000;

class Desk {
 public:
  explicit Desk(RunLimits limits = {}) : runs_(limits) {}

  void post(std::string_view body, Nanos at = noon) {
    const auto walked = llm::walk_langsmith(body, at, [&](llm::RunEvent& event) {
      ASSERT_EQ(event.what, llm::RunEvent::What::fragment) << event.why;
      runs_.fold(1, event.fragment, 1);
    });
    ASSERT_TRUE(walked) << walked.error().what;
  }
  std::vector<std::string> ended() {
    out_.clear();
    runs_.show_ended([this](const ShownRun& run) { note(run); });
    return out_;
  }
  void step(bool root, std::string id, std::string_view object, Nanos at = noon, std::uint64_t segment = 1) {
    const llm::CodingStep told{root, std::move(id), std::string(object)};
    runs_.fold_step(1, "s", llm::fragment_of(told, at, at), segment);
  }
  std::vector<std::string> due(Nanos now) {
    out_.clear();
    runs_.show_due(now, [this](const ShownRun& run) { note(run); });
    return out_;
  }
  Runs& runs() { return runs_; }

 private:
  void note(const ShownRun& run) {
    out_.push_back(fmt::format("{} {} {}{}", run.span.trace_id, run.span.span_id,
                               run.gone ? "gone" : llm::name_of(run.state), run.replaces ? " again" : ""));
  }
  Runs runs_;
  std::vector<std::string> out_;
};
using Lines = std::vector<std::string>;

constexpr std::string_view turn = R"({"session":"s","name":"codex"})";
constexpr std::string_view call = R"({"session":"s","trace_id":"t","kind":"llm","ended_at":1767603600000000000})";

TEST(Runs, ACodingAgentsStepsAreTakenBackWhenItsSpansCome) {
  Desk desk;
  desk.step(true, "t", turn);
  desk.step(false, "c", call);
  EXPECT_EQ(desk.ended(), (Lines{"t trace:t ok", "t c ok"}));
  desk.step(false, "c", call);  // a repeat
  EXPECT_EQ(desk.ended(), Lines{});
  desk.runs().traced(1, "s", true, noon, 2);
  EXPECT_EQ(desk.ended(), (Lines{"t trace:t gone", "t c gone"}));
  desk.step(false, "d", call);
  EXPECT_EQ(desk.ended(), Lines{});
  EXPECT_EQ(desk.due(noon + minute), Lines{});
}

TEST(Runs, ACodingAgentsStepsWaitWhereItsSpansMayCome) {
  Desk desk;
  desk.step(false, "c", call);
  desk.runs().traced(1, "s", false, noon, 1);
  desk.step(true, "t", turn);
  EXPECT_EQ(desk.ended(), Lines{});
  EXPECT_EQ(desk.due(noon + 29 * second), Lines{});
  Lines shown = desk.due(noon + 30 * second);
  std::ranges::sort(shown);
  EXPECT_EQ(shown, (Lines{"t c ok", "t trace:t ok"}));
}

TEST(Runs, ThatASessionHasSpansIsCarriedForward) {
  Desk before, after, other;
  before.runs().traced(1, "s", true, noon, 3);
  EXPECT_TRUE(before.runs().carry(2).empty());
  const auto kept = before.runs().carry(3);
  ASSERT_EQ(kept.size(), 1U);
  ASSERT_TRUE(after.runs().fold_kept(1, kept.front().body, 9));
  after.step(false, "c", call);
  EXPECT_EQ(after.ended(), Lines{});
  ASSERT_TRUE(other.runs().fold_kept(2, kept.front().body, 9));  // of another project
  other.step(true, "t", turn);
  EXPECT_EQ(other.ended().size(), 1U);
}

TEST(Runs, ARunIsShownWhenItEndsAndWhileItRuns) {
  Desk desk;
  desk.post(R"({"post":[{"id":"r","start_time":"2026-01-05T09:00:00Z","inputs":{"a":1}}]})");
  EXPECT_EQ(desk.ended(), Lines{});
  EXPECT_EQ(desk.due(noon), Lines{});
  EXPECT_EQ(desk.due(noon + second), Lines{"r r running"});
  EXPECT_EQ(desk.due(noon + minute), Lines{});
  desk.post(R"({"patch":[{"id":"r","end_time":"2026-01-05T09:00:09Z","outputs":{"b":1}}]})", noon + 10 * second);
  EXPECT_EQ(desk.ended(), Lines{"r r ok again"});
  desk.post(R"({"patch":[{"id":"r","end_time":"2026-01-05T09:00:09Z","outputs":{"b":1}}]})", noon + 11 * second);
  EXPECT_EQ(desk.ended(), Lines{});  // nothing that can be seen has changed
  desk.post(R"({"patch":[{"id":"r","outputs":{"b":2}}]})", noon + 12 * second);
  EXPECT_EQ(desk.ended(), Lines{"r r ok again"});
  EXPECT_EQ(desk.due(noon + 2 * hour), Lines{});
  EXPECT_EQ(desk.runs().sizes().runs, 0U);
}

TEST(Runs, SilenceEndsARunAndMoreOpensItAgain) {
  Desk desk;
  desk.post(R"({"post":[{"id":"r","start_time":"2026-01-05T09:00:00Z"}]})");
  EXPECT_EQ(desk.due(noon + second), Lines{"r r running"});
  EXPECT_EQ(desk.due(noon + hour), Lines{"r r unfinished again"});
  desk.post(R"({"patch":[{"id":"r","end_time":"2026-01-05T10:30:00Z"}]})", noon + 90 * minute);
  EXPECT_EQ(desk.ended(), Lines{"r r ok again"});
}

TEST(Runs, APatchWaitsForItsPost) {
  Desk desk;
  desk.post(R"({"patch":[{"id":"r","trace_id":"r","end_time":"2026-01-05T09:00:09Z","outputs":{"b":1}}]})");
  EXPECT_EQ(desk.ended(), Lines{});
  desk.post(R"({"post":[{"id":"r","trace_id":"r","start_time":"2026-01-05T09:00:00Z"}]})", noon + second);
  EXPECT_EQ(desk.ended(), Lines{"r r ok"});
  desk.post(R"({"patch":[{"id":"q","trace_id":"q","end_time":"2026-01-05T09:00:09Z"}]})");
  EXPECT_EQ(desk.ended(), Lines{});
  EXPECT_EQ(desk.due(noon + 2 * second), Lines{"q q ok"});
  desk.post(R"({"patch":[{"id":"child","end_time":"2026-01-05T09:00:09Z"}]})");
  EXPECT_EQ(desk.due(noon + minute), Lines{});  // of whose trace nothing is known: no row could be its own
  desk.post(R"({"post":[{"id":"child","trace_id":"q","start_time":"2026-01-05T09:00:00Z"}]})", noon + minute);
  EXPECT_EQ(desk.ended(), Lines{"q child ok"});
  desk.post(R"({"patch":[{"id":"lost","end_time":"2026-01-05T09:00:09Z"}]})");
  EXPECT_EQ(desk.due(noon + hour), Lines{"lost lost ok"});
}

TEST(Runs, AChildFindsItsTraceByItsParent) {
  Desk desk;
  desk.post(R"({"post":[{"id":"c","parent_run_id":"p","start_time":1767603600000,"end_time":1767603601000}]})");
  EXPECT_EQ(desk.ended(), Lines{});
  desk.post(R"({"post":[{"id":"p","start_time":1767603600000,"end_time":1767603601000},
                        {"id":"d","parent_run_id":"c","start_time":1767603600000,"end_time":1767603601000}]})");
  EXPECT_EQ(desk.ended(), (Lines{"p p ok", "p d ok"}));
  EXPECT_EQ(desk.due(noon + 2 * second), Lines{"p c ok"});
}

TEST(Runs, TheTraceOfLangfuseRunsAsLongAsWhatIsInIt) {
  Desk desk;
  auto post = [&](std::string_view event, Nanos at) {
    const std::string body = fmt::format("{{\"batch\":[{}]}}", event);
    ASSERT_TRUE(llm::walk_langfuse(body, at, [&](llm::RunEvent& one) { desk.runs().fold(1, one.fragment, 1); }));
  };
  post(R"({"id":"1","type":"trace-create","timestamp":"2026-01-05T09:00:00Z","body":{"id":"t","name":"chat"}})", noon);
  EXPECT_EQ(desk.ended(), Lines{"t trace:t ok"});
  post(R"({"id":"2","type":"span-create","timestamp":"2026-01-05T09:00:00Z","body":{"id":"s","traceId":"t"}})", noon);
  EXPECT_EQ(desk.ended(), Lines{});
  EXPECT_EQ(desk.due(noon + second), (Lines{"t trace:t running again", "t s running"}));
  post(
      R"({"id":"3","type":"span-update","timestamp":"2026-01-05T09:00:05Z","body":{"id":"s","endTime":"2026-01-05T09:00:05Z"}})",
      noon + minute);
  EXPECT_EQ(desk.ended().size(), 2U);
}

TEST(Runs, KeptRunsGoOnAsTheyWere) {
  Desk before, after;
  before.post(R"({"post":[{"id":"r","start_time":"2026-01-05T09:00:00Z","inputs":{"a":1}}]})");
  EXPECT_TRUE(before.runs().carry(0).empty());
  const auto kept = before.runs().carry(1);
  ASSERT_EQ(kept.size(), 1U);
  after.runs().rebuilding(true);
  ASSERT_TRUE(after.runs().fold_kept(1, kept[0].body, 7));
  after.runs().rebuilding(false);
  EXPECT_TRUE(after.runs().carry(6).empty());
  after.post(R"({"patch":[{"id":"r","end_time":"2026-01-05T09:00:09Z"}]})", noon + 10 * second);
  EXPECT_EQ(after.ended(), Lines{"r r ok again"});
}

TEST(Runs, AProjectOverItsLimitsLosesTheLongestSilent) {
  Desk desk({.runs = 10});
  for (int i = 0; i < 12; ++i)
    desk.post(fmt::format(R"({{"post":[{{"id":"r{:02}","start_time":"2026-01-05T09:00:00Z"}}]}})", i), noon + i);
  desk.ended();
  EXPECT_EQ(desk.due(noon + millisecond), (Lines{"r00 r00 unfinished", "r01 r01 unfinished", "r02 r02 unfinished"}));
  EXPECT_EQ(desk.runs().sizes().runs, 9U);
}

// Requests in any order, some of them twice, give the same rows.
TEST(Runs, AnyOrderAndRepetitionGiveTheSameRows) {
  const std::vector<std::string> requests = {
      R"({"post":[{"id":"a","trace_id":"a","name":"root","run_type":"chain","start_time":"2026-01-05T09:00:00Z","inputs":{"q":1},"outputs":{}}]})",
      R"({"patch":[{"id":"a","end_time":"2026-01-05T09:00:09Z","outputs":{"answer":1},"tags":["x"]}]})",
      R"({"post":[{"id":"b","trace_id":"a","parent_run_id":"a","name":"call","run_type":"llm","start_time":"2026-01-05T09:00:01Z","extra":{"metadata":{"ls_model_name":"acme-large"}}}]})",
      R"({"patch":[{"id":"b","trace_id":"a","end_time":"2026-01-05T09:00:02Z","outputs":{"usage_metadata":{"input_tokens":10,"output_tokens":2,"input_token_details":{"cache_read":4}}}}]})",
      R"({"patch":[{"id":"b","extra":{"metadata":{"user_id":"u"}}}]})"};
  SeededRandom random(7);
  std::string wanted;
  for (int round = 0; round < 300; ++round) {
    auto order = requests;
    order.push_back(requests[random.below(requests.size())]);
    for (std::size_t i = order.size(); i > 1 && round > 0; --i) std::swap(order[i - 1], order[random.below(i)]);
    const ManualClock clock(noon);
    Memory memory;
    Runs runs;
    Builder builder(memory, "key", nullptr, clock);
    builder.use(runs, true);
    for (const auto& body : order) builder.add_runs(1, noon, llm::RunForm::langsmith, body, 1);
    const auto batch = builder.close(1);
    ASSERT_EQ(batch.spans.size(), 2U);
    const auto& fates = batch.fates.at(1);
    EXPECT_EQ(fates.duplicate, 1U);
    EXPECT_EQ(fates.merged, 3U);
    std::vector<std::string> rows;
    for (const auto& row : batch.spans) {
      rows.push_back(fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {}", row.trace_id, row.span_id, row.parent_id,
                                 row.name, llm::name_of(row.kind), row.start, row.duration, row.model,
                                 row.tokens_input.value_or(-1), row.tokens_cache_read.value_or(-1), row.user,
                                 join(row.tags, ","), to_hex(row.record)));
    }
    std::ranges::sort(rows);
    const std::string got = join(rows, "\n");
    if (round == 0) wanted = got;
    ASSERT_EQ(got, wanted);
  }
  EXPECT_TRUE(wanted.contains(" acme-large 6 4 u ")) << wanted;
}

}  // namespace
}  // namespace pawl::traces
