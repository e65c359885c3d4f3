// The fold of fragments: any order and any repetition give the same run; and what holds when two say different things.
#include "llm/run.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"
#include "llm/json_check.h"
#include "llm/run_values.h"

namespace pawl::llm {
namespace {

using OneRun = llm::Run;  // a test has a member of that name
constexpr Nanos now = 1'767'603'600'000'000'000;

// Fragments with their bytes.
struct Piece {
  std::string json;
  Moment when;
  RunForm form = RunForm::langfuse;
  bool root = false;
};

Fragment fragment_of(const Piece& piece) {
  Fragment out;
  out.form = piece.form, out.root = piece.root, out.id = "r", out.when = piece.when, out.object = piece.json;
  return out;
}

OneRun folded(const std::vector<Piece>& pieces) {
  OneRun run(fragment_of(pieces.front()));
  for (const auto& piece : pieces) run.fold(fragment_of(piece));
  return run;
}

// A random object of few fields and few values, so that they meet often.
std::string random_json(Random& random, int depth) {
  static constexpr const char* scalars[] = {"1", "\"a\"", "null", "{}", "[]", "[1]", "\"\"", "true"};
  std::string out = "{";
  for (const char* key : {"input", "output", "metadata", "tags", "name", "startTime", "extra", "outputs", "error"}) {
    if (random.below(3) != 0) continue;
    if (out.size() > 1) out += ",";
    out += fmt::format("\"{}\":", key);
    if (std::string_view(key) == "tags" && random.below(2) == 0) {
      out += fmt::format("[\"t{}\",\"t{}\"]", random.below(3), random.below(3));
    } else if (depth > 0 && random.below(2) == 0) {
      out += random_json(random, depth - 1);
    } else {
      out += scalars[random.below(std::size(scalars))];
    }
  }
  return out + "}";
}

TEST(OpenRun, AnyOrderAndRepetitionGiveTheSameRun) {
  SeededRandom random(5);
  for (int round = 0; round < 2000; ++round) {
    const auto form = random.below(2) == 0 ? RunForm::langfuse : RunForm::langsmith;
    const bool root = form == RunForm::langfuse && random.below(2) == 0;
    std::vector<Piece> pieces;
    for (std::uint64_t i = 0, n = 1 + random.below(5); i < n; ++i) {
      const Moment when{static_cast<std::uint8_t>(random.below(2)), static_cast<Nanos>(now + random.below(3)),
                        static_cast<Nanos>(now + random.below(2))};
      pieces.push_back({random_json(random, 3), when, form, root});
    }
    const OneRun once = folded(pieces);
    auto again = pieces;
    again.insert(again.end(), pieces.begin(), pieces.end());
    for (std::size_t i = again.size(); i > 1; --i) std::swap(again[i - 1], again[random.below(i)]);
    const OneRun shuffled = folded(again);
    ASSERT_EQ(once.write(), shuffled.write()) << "round " << round;
    ASSERT_EQ(once.record(), shuffled.record());

    // Kept and read again, and merged from two halves.
    const auto kept = OneRun::read(once.write());
    ASSERT_TRUE(kept) << kept.error().what;
    ASSERT_EQ(kept->write(), once.write());
    const auto half = static_cast<std::ptrdiff_t>(pieces.size() / 2);
    OneRun joined = folded({pieces.begin() + half, pieces.end()});
    if (half > 0) joined.merge(folded({pieces.begin(), pieces.begin() + half}));
    ASSERT_EQ(joined.write(), once.write());
    for (const auto& field : once.fields()) {
      if (const auto value = once.value(field); !value.empty())
        ASSERT_EQ(json::first_error(value), std::nullopt) << value;
    }
    RunSpan span;
    read_run(once, span);
  }
}

TEST(OpenRun, LangfusePerFieldTheLastWriteHolds) {
  const OneRun run = folded(
      {{R"({"id":"r","input":"early","output":"x","metadata":{"a":1,"deep":{"b":2,"c":3}},"model":"m"})", {0, 1, 0}},
       {R"({"output":"late","input":{},"metadata":{"deep":{"b":null,"d":4}},"model":null})", {1, 9, 0}},
       {R"({"output":"middle"})", {1, 5, 0}},
       {R"({"output":"created later, but created"})", {0, 99, 0}}});
  EXPECT_EQ(run.text("output"), "late");
  EXPECT_EQ(run.text("input"), "early");
  EXPECT_EQ(run.value("model"), "");
  EXPECT_EQ(run.value("metadata"), R"({"a":1,"deep":{"c":3,"d":4}})");
}

TEST(OpenRun, LangfuseTracesUniteTagsAndKeepTheirEnvironment) {
  const OneRun run =
      folded({{R"({"id":"r","tags":["b","a"],"environment":"prod"})", {0, 1, 0}, RunForm::langfuse, true},
              {R"({"id":"r","tags":["late","a"],"environment":"other"})", {0, 9, 0}, RunForm::langfuse, true}});
  EXPECT_EQ(run.united("tags"), (std::vector<std::string>{"\"a\"", "\"b\"", "\"late\""}));
  EXPECT_EQ(run.text("environment"), "prod");
}

TEST(OpenRun, LangSmithNullsOfAPatchTakeBackOnlyWhatTheRunBrought) {
  const OneRun run =
      folded({{R"({"id":"r","name":"n","run_type":"llm","inputs":{"a":1},"error":"bad","session_name":"p"})",
               {0, 1, 0},
               RunForm::langsmith},
              {R"({"id":"r","name":null,"run_type":null,"session_name":null,"error":null,"outputs":{}})",
               {1, 9, 0},
               RunForm::langsmith}});
  EXPECT_EQ(run.text("name"), "n");
  EXPECT_EQ(run.text("session_name"), "p");
  EXPECT_EQ(run.value("error"), "");
  EXPECT_EQ(run.value("inputs"), R"({"a":1})");
  EXPECT_EQ(run.trace(), "r");
}

TEST(OpenRun, LangSmithFindsTraceAndParentInDottedOrder) {
  const OneRun run = folded(
      {{R"({"id":"r","dotted_order":"20260105T090000000000Zroot.20260105T090001000000Zup.20260105T090002000000Zr"})",
        {0, 1, 0},
        RunForm::langsmith}});
  EXPECT_EQ(run.trace(), "root");
  EXPECT_EQ(run.parent(), "up");
  const OneRun orphan = folded({{R"({"id":"r","parent_run_id":"up"})", {0, 1, 0}, RunForm::langsmith}});
  EXPECT_EQ(orphan.trace(), "");
}

std::vector<std::string> walked(RunForm form, std::string_view body) {
  std::vector<std::string> out;
  const auto done = walk_runs(form, body, now, [&](RunEvent& event) {
    static constexpr const char* whats[] = {"fragment", "other", "log", "refused"};
    out.push_back(fmt::format("{} {} {}", whats[static_cast<int>(event.what)], event.id, event.why));
  });
  if (!done) out.push_back("error " + done.error().what);
  return out;
}
using Lines = std::vector<std::string>;

TEST(OpenRun, ABadEventIsRefusedAlone) {
  EXPECT_EQ(walked(RunForm::langfuse,
                   R"({"batch":[{"id":"1","type":"span-create","timestamp":"2026-01-05T09:00:00Z","body":{"id":"r"}},
                       {"id":"2","type":"no-such","body":{}}, 7, {"id":"4","type":"trace-create","timestamp":"soon","body":{"id":"t"}},
                       {"id":"5","type":"score-create","body":{}}, {"id":"6","type":"sdk-log","body":{}},
                       {"id":"7","type":"span-create","body":{"id":"r","endTime":"never"}}, {"id":"8","type":"observation-create","body":{"id":"r","type":"X"}}]})"),
            (Lines{"fragment 1 ", "refused 2 'no-such' is no type of event that Pawl knows.",
                   "refused  An event must be an object.", "refused 4 timestamp \"soon\" is no time; send ISO 8601.",
                   "other 5 ", "log 6 ", "refused 7 body.endTime \"never\" is no time; send ISO 8601.",
                   "refused 8 body.type 'x' is no type of observation."}));
  EXPECT_EQ(walked(RunForm::langfuse, "[]"), Lines{"error The body must be {\"batch\": [event, …]}."});
  EXPECT_TRUE(walked(RunForm::langfuse, "{\"batch\":[").front().starts_with("error The body stops being JSON"));
  EXPECT_EQ(walked(RunForm::langsmith, R"({"post":[{"id":"r"},{}],"patch":[{"id":"r","end_time":true}]})"),
            (Lines{"fragment r ", "refused  A run needs an id: a text that is not empty.",
                   "refused r end_time true is no time; send ISO 8601 or milliseconds."}));
  EXPECT_EQ(walked(RunForm::openai_agents, R"({"data":[{"object":"trace","id":"trace_1"},{"object":"x","id":"y"}]})"),
            (Lines{"fragment trace_1 ", "refused y 'x' is neither trace nor trace.span."}));
}

TEST(OpenRun, MultipartPartsOfARunAreOneFragment) {
  const std::string body =
      "--b\r\nContent-Disposition: form-data; name=\"post.r.outputs\"\r\n\r\n{}\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"post.r\"\r\n\r\n{\"id\":\"r\",\"name\":\"n\"}\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"patch.r\"\r\n\r\n{\"id\":\"r\"}\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"patch.r.outputs\"\r\n\r\n{\"a\":1}\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"patch.r.error\"\r\n\r\nno JSON\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"post.q.inputs\"\r\n\r\n{}\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"attachment.r.photo.png\"\r\nContent-Type: image/png\r\n\r\nPNG\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"feedback.f\"\r\n\r\n{\"key\":\"k\"}\r\n--b--";
  EXPECT_EQ(walked(RunForm::langsmith, body),
            (Lines{"fragment r ", "fragment r ", "refused q The part post.q is missing.", "other r ", "other f "}));
  OneRun run;
  ASSERT_TRUE(walk_langsmith(body, now, [&](RunEvent& event) {
    if (event.what != RunEvent::What::fragment) return;
    if (run.id().empty()) run = OneRun(event.fragment);
    run.fold(event.fragment);
  }));
  EXPECT_EQ(run.value("outputs"), "{\"a\":1}");
  EXPECT_EQ(run.text("error"), "no JSON");
  EXPECT_EQ(run.text("name"), "n");
}

TEST(RunValues, ATimeOfAnyUnitUpToWhereNanosecondsEnd) {
  EXPECT_EQ(time_of("1767603600"), now);
  EXPECT_EQ(time_of("1767603600000"), now);
  EXPECT_EQ(time_of("1767603600000000"), now);
  EXPECT_EQ(time_of("1767603600000000000"), now);
  for (const std::string_view never : {"17950305262956", "99999999999", "0", "-1", "1e300", "null"})
    EXPECT_FALSE(time_of(never)) << never;
}

}  // namespace
}  // namespace pawl::llm
