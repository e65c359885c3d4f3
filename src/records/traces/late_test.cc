// Pieces of runs that come when the run is forgotten are put to what is stored of it.
#include "late.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "base/text.h"
#include "engine_testing.h"
#include "runs.h"

namespace pawl::traces::testing {
namespace {

constexpr Nanos noon = 1'767'603'600'000'000'000;

BatchNumber& numbers() {
  static BatchNumber number = 5'000;
  return number;
}

// The writer's steps by hand, in a project of its own.
class Desk {
 public:
  Desk() : project(next()++) { fresh_process(); }

  void fresh_process() {
    memory_ = std::make_unique<Memory>();
    runs = std::make_unique<Runs>();
    builder_ = std::make_unique<Builder>(*memory_, "key", nullptr, clock_);
    due_ = std::make_unique<Builder>(*memory_, "key", nullptr, clock_);
    builder_->use(*runs, true), due_->use(*runs, false);
  }
  // Fragments come, what they ended is written, then what the clock calls for; then the corrections.
  void come(Nanos at, const std::vector<std::string>& bodies, llm::RunForm form = llm::RunForm::langsmith) {
    for (const auto& body : bodies) builder_->add_runs(project, at, form, body, 1);
    write(builder_->close(++numbers()));
    later(at + 3 * second);
  }
  void later(Nanos at) {
    due_->add_due_runs(at);
    for (const auto& [of, span] : runs->take_homeless()) {
      const auto found = traces_of_spans(engine(), of, {span});
      ASSERT_TRUE(found) << found.error().what;
      for (const auto& [id, trace] : *found) runs->house(of, id, trace);
    }
    due_->add_due_runs(at);
    write(due_->close(++numbers()));
  }
  void forget(Nanos at) {
    later(at);
    ASSERT_EQ(runs->sizes().runs, 0U);
  }
  std::string shown(std::string_view trace, std::string_view span) {
    auto out = load(engine(), {.project = project, .traces = {id_from_text(trace)}, .span = id_from_text(span)},
                    With::content);
    if (!out || out->spans.size() != 1) return "not there";
    const SpanRow& row = out->spans[0];
    std::string text =
        fmt::format("{} {} {} {} {}+{} user={} tags={} in={} error={}", row.name, llm::name_of(row.kind),
                    llm::name_of(row.status), row.model, (row.start - noon) / second, row.duration / second, row.user,
                    join(row.tags, ","), row.tokens_input.value_or(-1), row.error_message);
    for (const auto& piece : out->content[content_key(row.trace, row.span)])
      if (piece.ref.slot <= llm::Slot::result)
        text += fmt::format(" {}:{}", llm::name_of(piece.ref.slot), piece.missing ? "missing" : piece.bytes);
    for (const auto& [name, value] : row.attributes)
      if (name.contains("tenant")) text += fmt::format(" {}={}", name, value);
    return text;
  }
  std::int64_t rows() {
    const auto answer = engine().read(
        {.sql = fmt::format("SELECT toInt64(sum(sign)) FROM spans WHERE project = {}", project), .parameters = {}});
    return answer ? answer->rows.integer(0, 0) : -1;
  }

  const ProjectId project;
  std::unique_ptr<Runs> runs;
  std::uint64_t merged = 0, stored = 0;

 private:
  static ProjectId& next() {
    static ProjectId number = 700'000;
    return number;
  }
  void write(Batch batch) {
    ASSERT_TRUE(insert(engine(), batch));
    stored += batch.fates[project].stored;
    std::vector<Id128> dirty;
    for (const auto& [of, trace] : batch.dirty) dirty.push_back(trace);
    if (dirty.empty()) return;
    auto corrected = corrections(engine(), project, dirty, {}, ++numbers());
    ASSERT_TRUE(corrected) << corrected.error().what;
    merged += corrected->changed + corrected->same;
    Batch pairs;
    pairs.number = numbers();
    pairs.spans = std::move(corrected->pairs);
    pairs.contents = std::move(corrected->contents);
    ASSERT_TRUE(insert(engine(), pairs));
  }
  ManualClock clock_{noon};
  std::unique_ptr<Memory> memory_;
  std::unique_ptr<Builder> builder_, due_;
};

const std::string post =
    R"({"post":[{"id":"r","trace_id":"r","name":"support","run_type":"llm","start_time":"2026-01-05T09:00:00Z","inputs":{"q":1},"outputs":{},"extra":{"metadata":{"user_id":"u","tenant":"acme","ls_model_name":"acme-large"}}}]})";
const std::string patch =
    R"({"patch":[{"id":"r","trace_id":"r","end_time":"2026-01-05T09:00:09Z","outputs":{"a":1,"usage_metadata":{"input_tokens":10,"output_tokens":2}}}]})";
const std::string whole =
    R"(support llm ok acme-large 0+9 user=u tags= in=10 error= input:{"q":1} output:{"a":1,"usage_metadata":{"input_tokens":10,"output_tokens":2}} langsmith.metadata.tenant=acme)";

TEST(Late, APatchAfterAnHourKeepsWhatIsStored) {
  Desk desk;
  desk.come(noon, {post, patch});
  EXPECT_EQ(desk.shown("r", "r"), whole);
  desk.forget(noon + 2 * hour);
  desk.come(noon + 2 * hour,
            {R"({"patch":[{"id":"r","trace_id":"r","name":null,"inputs":{},"outputs":{},"tags":["late"]}]})"});
  std::string wanted = whole;
  wanted.replace(wanted.find("tags="), 5, "tags=late");
  EXPECT_EQ(desk.shown("r", "r"), wanted);
  desk.later(noon + 4 * hour);  // silent for an hour, and forgotten
  EXPECT_EQ(desk.shown("r", "r"), wanted);
  desk.come(noon + 6 * hour, {R"({"patch":[{"id":"r","trace_id":"r","error":"boom","outputs":null}]})"});
  EXPECT_EQ(
      desk.shown("r", "r"),
      R"(support llm error acme-large 0+9 user=u tags=late in=10 error=boom input:{"q":1} langsmith.metadata.tenant=acme)");
  EXPECT_EQ(desk.rows(), 1);
  EXPECT_EQ(desk.stored - desk.merged, 1U);  // of the books
}

TEST(Late, ANullOfMetadataErasesAndAnErrorIsTakenBack) {
  Desk desk;
  desk.come(noon, {post, patch, R"({"patch":[{"id":"r","trace_id":"r","error":"boom"}]})"});
  desk.forget(noon + 2 * hour);
  desk.come(noon + 2 * hour,
            {R"({"patch":[{"id":"r","trace_id":"r","error":null,"extra":{"metadata":{"tenant":null}}}]})"});
  EXPECT_EQ(desk.shown("r", "r"), whole.substr(0, whole.find(" langsmith.metadata.tenant")));
}

TEST(Late, APostAfterItsPatchFillsWhatIsMissing) {
  Desk desk;
  desk.come(noon, {patch});
  desk.forget(noon + 3 * hour);
  desk.come(noon + 3 * hour, {post});
  EXPECT_EQ(desk.shown("r", "r"), whole);
  desk.later(noon + 6 * hour);
  EXPECT_EQ(desk.shown("r", "r"), whole);
  EXPECT_EQ(desk.rows(), 1);
}

TEST(Late, APatchThatDoesNotSayItsTraceFindsIt) {
  Desk desk;
  desk.come(
      noon,
      {post, patch,
       R"({"post":[{"id":"c","trace_id":"r","parent_run_id":"r","name":"child","run_type":"tool","start_time":"2026-01-05T09:00:01Z","end_time":"2026-01-05T09:00:02Z","inputs":{"x":1}}]})"});
  desk.forget(noon + 2 * hour);
  desk.come(noon + 2 * hour, {R"({"patch":[{"id":"c","outputs":{"y":2}}]})", R"({"patch":[{"id":"r","tags":["t"]}]})"});
  EXPECT_EQ(desk.shown("r", "c"), R"(child tool ok  1+1 user=u tags= in=-1 error= arguments:{"x":1} output:{"y":2})");
  EXPECT_TRUE(desk.shown("r", "r").contains("tags=t"));
  EXPECT_EQ(desk.rows(), 2);
}

TEST(Late, LangfuseUpdatesItsTraceAndItsSpans) {
  Desk desk;
  const auto batch = [](std::string_view events) { return fmt::format("{{\"batch\":[{}]}}", events); };
  desk.come(
      noon,
      {batch(
          R"({"id":"1","type":"trace-create","timestamp":"2026-01-05T09:00:00Z","body":{"id":"t","timestamp":"2026-01-05T09:00:00Z","name":"chat","userId":"u","input":"hi","tags":["a"]}},
                      {"id":"2","type":"span-create","timestamp":"2026-01-05T09:00:00Z","body":{"id":"p","traceId":"t","name":"outer","startTime":"2026-01-05T09:00:00Z","endTime":"2026-01-05T09:00:08Z"}},
                      {"id":"3","type":"generation-create","timestamp":"2026-01-05T09:00:00Z","body":{"id":"g","traceId":"t","parentObservationId":"p","name":"call","model":"acme-large","startTime":"2026-01-05T09:00:01Z","input":"hi","endTime":"2026-01-05T09:00:03Z","output":"yo","usageDetails":{"input":3,"output":1}}})")},
      llm::RunForm::langfuse);
  desk.forget(noon + 2 * hour);
  desk.come(
      noon + 2 * hour,
      {batch(
          R"({"id":"4","type":"trace-create","timestamp":"2026-01-05T11:00:00Z","body":{"id":"t","output":"bye","tags":["b"]}},
                      {"id":"5","type":"generation-update","timestamp":"2026-01-05T11:00:00Z","body":{"id":"g","traceId":"t","usageDetails":{"input":7,"output":1},"metadata":{"tenant":"x"}}})")},
      llm::RunForm::langfuse);
  EXPECT_EQ(desk.shown("t", "trace:t"), "chat workflow ok  0+8 user=u tags=a,b in=-1 error= input:hi output:bye");
  EXPECT_EQ(desk.shown("t", "g"),
            "call llm ok acme-large 1+2 user=u tags= in=7 error= input:hi output:yo "
            "langfuse.observation.metadata.tenant=x");
  const auto out = load(engine(), {.project = desk.project, .traces = {id_from_text("t")}, .span = {}}, With::spans);
  for (const auto& row : out->spans)
    if (row.name == "call") EXPECT_EQ(row.parent, id_from_text("p"));
}

// Wherever silence cuts them apart, and however a restart makes the late ones anew: the same in the end.
TEST(Late, AnyOrderInTwoWavesIsAsIfAllHadComeAtOnce) {
  const std::vector<std::string> pieces = {
      post, patch, R"({"patch":[{"id":"r","trace_id":"r","tags":["x"],"outputs":{}}]})",
      R"({"patch":[{"id":"r","trace_id":"r","extra":{"metadata":{"plan":"b"}},"inputs":{}}]})"};
  std::string wanted = whole;
  wanted.replace(wanted.find("tags="), 5, "tags=x");
  SeededRandom random(11);
  for (int round = 0; round < 12; ++round) {
    auto order = pieces;
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    const auto cut = static_cast<std::ptrdiff_t>(1 + random.below(order.size() - 1));
    const std::vector<std::string> first(order.begin(), order.begin() + cut),
        second_wave(order.begin() + cut, order.end());
    Desk desk;
    desk.come(noon, first);
    desk.forget(noon + 4 * hour);
    desk.come(noon + 4 * hour, second_wave);
    EXPECT_EQ(desk.shown("r", "r"), wanted) << join(order, "\n") << cut;
    desk.fresh_process();
    desk.runs->rebuilding(true);
    desk.come(noon + 4 * hour, second_wave);
    desk.runs->rebuilding(false);
    desk.stored -= desk.runs->sizes().runs;  // of no cut: the books knew them
    EXPECT_EQ(desk.shown("r", "r"), wanted) << join(order, "\n") << cut;
    EXPECT_EQ(desk.rows(), 1);
    EXPECT_EQ(desk.stored - desk.merged, 1U);
  }
}

}  // namespace
}  // namespace pawl::traces::testing
