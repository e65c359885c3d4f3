// Model calls that only log records tell of are rebuilt, and give way to their spans: in any order, over restarts,
// once.
#include "told.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"
#include "base/text.h"
#include "engine_testing.h"
#include "late.h"
#include "sent_testing.h"

namespace pawl::traces::testing {
namespace {

constexpr Nanos noon = received_at;

BatchNumber& numbers() {
  static BatchNumber number = 900'000;
  return number;
}

// One request; `signal` as it came.
struct Request {
  otlp::Signal signal;
  std::string body;
};

std::string record_json(Nanos at, std::string_view event, std::string_view attributes, std::string_view body) {
  return fmt::format(
      R"({{"traceId":"{:032x}","spanId":"{:016x}","timeUnixNano":"{}","eventName":"{}","attributes":[{}])"
      R"({}}})",
      7, 8, at, event, attributes, body);
}
Request log_of(const std::string& record) {
  return {otlp::Signal::logs,
          R"({"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"support"}}]},)"
          R"("scopeLogs":[{"scope":{"name":"opentelemetry.instrumentation.openai_v2"},"logRecords":[)" +
              record + "]}]}]}"};
}
std::string text_body(std::string_view role, std::string_view text) {
  return fmt::format(R"(,"body":{{"kvlistValue":{{"values":[{{"key":"role","value":{{"stringValue":"{}"}}}},)"
                     R"({{"key":"content","value":{{"stringValue":"{}"}}}}]}}}})",
                     role, text);
}

// A question, an answer, and the event that says whose they were and what they took.
const Request question = log_of(record_json(noon - 9 * second, "gen_ai.user.message", "", text_body("user", "Where?")));
const Request reply = log_of(record_json(noon - 5 * second, "gen_ai.choice", "", text_body("assistant", "There.")));
const Request details = log_of(record_json(noon - 5 * second, "gen_ai.client.inference.operation.details",
                                           R"({"key":"gen_ai.usage.input_tokens","value":{"intValue":"30"}},)"
                                           R"({"key":"gen_ai.usage.output_tokens","value":{"intValue":"4"}},)"
                                           R"({"key":"gen_ai.request.model","value":{"stringValue":"acme"}},)"
                                           R"({"key":"user.id","value":{"stringValue":"u"}},)"
                                           R"({"key":"gen_ai.conversation.id","value":{"stringValue":"s"}})",
                                           ""));
// Its span knows more of the same, and not whose it is.
const Request its_span = {otlp::Signal::traces, body_of({{.trace = 7,
                                                          .span = 8,
                                                          .parent = 9,
                                                          .name = "generate",
                                                          .attributes = {{"gen_ai.operation.name", "chat"},
                                                                         {"gen_ai.request.model", "acme"},
                                                                         {"gen_ai.usage.input_tokens", "30"},
                                                                         {"gen_ai.usage.output_tokens", "5"}},
                                                          .start = noon - 10 * second,
                                                          .duration = 6 * second}})};

// The writer's steps by hand, in a project of its own.
class Desk {
 public:
  Desk() : project(next()++) { forget(); }

  // As if the journal had retired long ago.
  void forget() {
    memory_ = std::make_unique<Memory>();
    runs = std::make_unique<Runs>();
    builder_ = std::make_unique<Builder>(*memory_, "key", nullptr, clock_);
    due_ = std::make_unique<Builder>(*memory_, "key", nullptr, clock_);
    builder_->use(*runs, true), due_->use(*runs, false);
    waiting_.clear();
  }
  // The journal is read back: its batches are stored already.
  void restart() {
    forget();
    runs->rebuilding(true);
    for (const auto& [at, request] : journal_) {
      add(at, request);
      (void)builder_->close(1);
    }
    runs->rebuilding(false);
  }
  void come(Nanos at, const Request& request) {
    journal_.emplace_back(at, request);
    add(at, request);
    write(builder_->close(++numbers()));
  }
  void later(Nanos at) {
    Nanos first = 0, last = 0;
    const auto due = runs->told_due(at, first, last);
    if (!due.empty()) {
      const auto standing = standing_of(engine(), due, first, last);
      ASSERT_TRUE(standing) << standing.error().what;
      for (const auto& row : *standing) due_->meet_standing(row);
    }
    due_->add_due_runs(at);
    if (due_->rows() > 0 || due_->has_patches()) write(due_->close(++numbers()));
  }
  // As the hourly check does.
  void check() {
    const auto found = find_repeats(engine(), checked_, 1'000'000);
    ASSERT_TRUE(found) << found.error().what;
    checked_ = found->through;
    std::vector<Id128> traces;
    for (const auto& [of, trace] : found->traces)
      if (of == project) traces.push_back(trace);
    correct(traces);
  }
  std::string shown() {
    auto out = load(engine(), {.project = project, .traces = {{0, 7}}, .span = std::nullopt}, With::content);
    if (!out || out->spans.size() != 1) return fmt::format("{} spans", out ? out->spans.size() : 0);
    const SpanRow& row = out->spans[0];
    std::string text = fmt::format("{} {} {} {}+{} {} in={} out={} user={} session={} service={} '{}'", row.name,
                                   llm::name_of(row.kind), llm::name_of(row.status), (row.start - noon) / second,
                                   row.duration / second, row.model, row.tokens_input.value_or(-1),
                                   row.tokens_output.value_or(-1), row.user, row.session, row.service, row.preview);
    for (const auto& piece : out->content[content_key(row.trace, row.span)])
      if (piece.ref.slot <= llm::Slot::result) text += fmt::format(" {}", llm::name_of(piece.ref.slot));
    return text;
  }
  // Rows that stand, their tokens, and how many spans they are of.
  std::string sums() {
    const auto answer = engine().read(
        {.sql = fmt::format("SELECT toInt64(sum(sign)), toInt64(sum(sign * counted * (tokens_input + tokens_output))), "
                            "toInt64(uniqExact(span)) FROM spans WHERE project = {}",
                            project),
         .parameters = {}});
    if (!answer) return answer.error().what;
    return fmt::format("{} {} {}", answer->rows.integer(0, 0), answer->rows.integer(1, 0), answer->rows.integer(2, 0));
  }

  const ProjectId project;
  std::unique_ptr<Runs> runs;
  std::uint64_t found_again = 0;  // what the corrections tell the books

 private:
  static ProjectId& next() {
    static ProjectId number = 710'000;
    return number;
  }
  void add(Nanos at, const Request& request) {
    builder_->add(project, at, request.signal, otlp::Encoding::json, request.body, 1);
  }
  void write(Batch batch) {
    ASSERT_TRUE(insert(engine(), batch));
    memory_->learn_bodies(batch.new_bodies);
    std::vector<Id128> dirty;
    for (const auto& [of, trace] : batch.dirty) dirty.push_back(trace);
    for (auto& patch : batch.patches) waiting_.push_back(std::move(patch));
    correct(dirty);
  }
  void correct(std::vector<Id128> traces) {
    for (const auto& patch : waiting_) traces.push_back(patch.trace);
    std::ranges::sort(traces);
    traces.erase(std::ranges::unique(traces).begin(), traces.end());
    if (traces.empty()) return;
    auto corrected = corrections(engine(), project, traces, waiting_, ++numbers());
    ASSERT_TRUE(corrected) << corrected.error().what;
    found_again += corrected->changed + corrected->same;
    std::vector<Patch> left;
    for (std::size_t i = 0; i < waiting_.size(); ++i)
      if (!corrected->found[i]) left.push_back(std::move(waiting_[i]));
    waiting_ = std::move(left);
    Batch pairs;
    pairs.number = numbers();
    pairs.spans = std::move(corrected->pairs);
    pairs.contents = std::move(corrected->contents);
    ASSERT_TRUE(insert(engine(), pairs));
  }
  ManualClock clock_{noon};
  std::unique_ptr<Memory> memory_;
  std::unique_ptr<Builder> builder_, due_;
  std::vector<Patch> waiting_;
  std::vector<std::pair<Nanos, Request>> journal_;
  BatchNumber checked_ = numbers();
};

constexpr std::string_view rebuilt =
    "chat acme llm ok -9+4 acme in=30 out=4 user=u session=s service=support 'Where?' input output";
constexpr std::string_view real =
    "generate llm ok -10+6 acme in=30 out=5 user=u session=s service= 'Where?' input output";

TEST(Told, ACallWithoutItsSpanIsRebuiltAfterAWhile) {
  Desk desk;
  for (const auto& one : {reply, question, details, question}) desk.come(noon, one);
  desk.later(noon + 29 * second);
  EXPECT_EQ(desk.sums(), "0 0 0");
  desk.later(noon + 30 * second);
  EXPECT_EQ(desk.shown(), rebuilt);
  EXPECT_EQ(desk.sums(), "1 34 1");
  desk.restart();
  desk.later(noon + hour);
  EXPECT_EQ(desk.shown(), rebuilt);
  EXPECT_EQ(desk.sums(), "1 34 1");
  desk.later(noon + 3 * hour);
  EXPECT_EQ(desk.runs->sizes().runs, 0U);
}

TEST(Told, ItsSpanTakesItsPlaceAndKnowsWhatItsRecordsKnew) {
  for (const bool shown : {false, true}) {
    for (const int restart : {0, 1, 2}) {  // 2: and the journal has retired
      Desk desk;
      for (const auto& one : {details, reply, question}) desk.come(noon, one);
      if (shown) desk.later(noon + minute);
      if (restart == 1) desk.restart();
      if (restart == 2 && !shown) continue;
      if (restart == 2) desk.forget();
      desk.come(noon + 2 * minute, its_span);
      desk.check();
      EXPECT_EQ(desk.shown(), real) << shown << restart;
      EXPECT_EQ(desk.sums(), "1 35 1") << shown << restart;
      desk.later(noon + hour);
      EXPECT_EQ(desk.sums(), "1 35 1") << shown << restart;
      EXPECT_EQ(desk.found_again, 0U) << "a rebuilt row is nobody's record";
    }
  }
}

TEST(Told, RecordsOfASpanThatIsForgottenAreItsOwn) {
  Desk desk;
  desk.come(noon, its_span);
  desk.forget();
  for (const auto& one : {details, reply, question}) desk.come(noon + minute, one);
  desk.later(noon + 2 * minute);
  EXPECT_EQ(desk.sums(), "1 35 1");
  EXPECT_EQ(desk.shown(), "generate llm ok -10+6 acme in=30 out=5 user=u session=s service= '' input output");
}

// Whatever the order, the repetition, the pauses and the restarts: the span stands once, with all that is known.
TEST(Told, AnyOrderGivesTheSame) {
  SeededRandom random(23);
  for (int round = 0; round < 40; ++round) {
    const bool with_span = round % 4 != 0;
    std::vector<Request> order = {question, reply, details};
    if (with_span) order.push_back(its_span);
    order.push_back(order[random.below(order.size())]);
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    Desk desk;
    Nanos now = noon;
    std::string story;
    for (const auto& one : order) {
      desk.come(now, one);
      story += one.signal == otlp::Signal::traces ? " span" : " log";
      if (random.below(3) == 0) desk.later(now += minute), story += " later";
      if (random.below(4) == 0) desk.restart(), story += " restart";
      if (random.below(6) == 0) {
        desk.later(now += minute);
        desk.forget(), story += " forget";
      }
      now += second;
    }
    desk.later(now + hour);
    desk.check();
    const std::string got = desk.shown();
    if (with_span) {
      EXPECT_TRUE(got.starts_with("generate llm ok -10+6 acme in=30 out=5 user=u session=s service= '"))
          << got << story;
      EXPECT_EQ(desk.sums(), "1 35 1") << story;
    } else {
      EXPECT_TRUE(got.starts_with("chat acme llm ok -9+4 acme in=30 out=4 user=u session=s service=support"))
          << got << story;
      EXPECT_EQ(desk.sums(), "1 34 1") << story;
    }
    EXPECT_TRUE(got.ends_with(" input output")) << got << story;
  }
}

TEST(Told, ARebuiltRowNeverWins) {
  SpanRow came, told;
  came.trace = told.trace = {0, 1}, came.span = told.span = {0, 2};
  came.record = {0, 5}, told.record = marked({.told = true}, {0, 6});
  for (const bool told_last : {false, true}) {
    came.batch = told_last ? 1 : 2, told.batch = told_last ? 2 : 1;
    std::vector<SpanRow> rows = {came, told};
    const auto stale = settle(rows);
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].record, came.record);
    ASSERT_EQ(stale.size(), 1U);
    EXPECT_EQ(stale[0].record, told.record);
  }
  std::vector<SpanRow> alone = {told};
  EXPECT_TRUE(settle(alone).empty());
  EXPECT_EQ(alone.size(), 1U);
}

TEST(Told, AnEvaluationOfACallIsNoCall) {
  Desk desk;
  desk.come(noon, log_of(record_json(noon, "gen_ai.evaluation.result",
                                     R"({"key":"gen_ai.evaluation.name","value":{"stringValue":"tone"}})", "")));
  desk.later(noon + hour);
  EXPECT_EQ(desk.sums(), "0 0 0");
}

// Nobody traces: the event itself is the call, and ADK says which invocation it was in.
TEST(Told, AWholeCallWithoutIdsStandsForItself) {
  const auto call = [](int number, std::string_view invocation) {
    return log_of(
        fmt::format(R"({{"timeUnixNano":"{}","eventName":"gen_ai.client.inference.operation.details","attributes":[)"
                    R"({{"key":"gcp.vertex.agent.invocation_id","value":{{"stringValue":"{}"}}}},)"
                    R"({{"key":"gen_ai.usage.input_tokens","value":{{"intValue":"10"}}}},)"
                    R"({{"key":"gen_ai.usage.output_tokens","value":{{"intValue":"1"}}}}]}})",
                    noon - number * second, invocation));
  };
  Desk desk;
  for (const auto& one : {call(1, "e-1"), call(2, "e-1"), call(3, "e-2"), call(1, "e-1")}) desk.come(noon, one);
  desk.later(noon + minute);
  EXPECT_EQ(desk.sums(), "3 33 3");
  const auto traces =
      engine().read({.sql = fmt::format("SELECT toInt64(uniqExact(trace)) FROM spans WHERE project = {}", desk.project),
                     .parameters = {}});
  ASSERT_TRUE(traces);
  EXPECT_EQ(traces->rows.integer(0, 0), 2);
}

}  // namespace
}  // namespace pawl::traces::testing
