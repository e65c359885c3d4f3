// Runs side by side and walked through, from answers as the API gives them.
#include "terminal.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace pawl::terminal {
namespace {

std::string call(std::string_view id, std::string_view tool, std::string_view arguments, bool failed = false,
                 std::string_view parent = "a") {
  return fmt::format(
      R"({{"trace_id":"t","span_id":"{}","parent_id":"{}","kind":"tool","name":"execute_tool","start":"2026-01-05T08:00:0{}Z",)"
      R"("duration_ms":100,"status":"{}","is_error":{},"tool":{{"name":"{}","call_id":"c{}","arguments":{},"result":"ok"}}}})",
      id, parent, id, failed ? "error" : "ok", failed, tool, id, arguments);
}

std::string model(std::string_view id, std::string_view ask, std::string_view answer, std::string_view cost) {
  const auto said = [](std::string_view role, std::string_view text) {
    return text.empty()
               ? std::string("[]")
               : fmt::format(R"([{{"role":"{}","parts":[{{"type":"text","text":{}}}]}}])", role, json_quote(text));
  };
  return fmt::format(
      R"({{"trace_id":"t","span_id":"{}","parent_id":"a","kind":"llm","name":"chat","start":"2026-01-05T08:00:0{}Z",)"
      R"("duration_ms":1000,"status":"ok","counted":true,"cost_usd":"{}","tokens":{{"input":10,"output":5}},)"
      R"("model":{{"served":"gpt"}},"input":{},"output":{}}})",
      id, id, cost, said("user", ask), said("assistant", answer));
}

std::string run(const std::vector<std::string>& steps) {
  std::string out =
      R"({"trace":{"trace_id":"t","title":"a run","agent":"refunds","status":"ok","duration_ms":5000},"spans":[)"
      R"({"trace_id":"t","span_id":"a","parent_id":null,"kind":"agent","name":"invoke","start":"2026-01-05T08:00:00Z"})";
  for (const auto& step : steps) out += "," + step;
  return out + "]}";
}

std::string fates(std::string_view left, std::string_view right) {
  const auto difference = diff(left, right, true);
  EXPECT_TRUE(difference) << difference.error().what;
  std::string out;
  for (std::size_t at = 0; (at = difference->json.find("\"fate\":\"", at)) != std::string::npos;) {
    at += 8;
    out += (out.empty() ? "" : " ") + difference->json.substr(at, difference->json.find('"', at) - at);
  }
  return out;
}

const std::string plain = run(
    {model("1", "refund my order", "", "0.01"), call("2", "lookup", R"({"id":7})"), model("3", "", "done", "0.02")});

TEST(Diff, ARunIsLikeItself) {
  const auto same = diff(plain, plain, false);
  ASSERT_TRUE(same);
  EXPECT_TRUE(same->same);
  EXPECT_EQ(fates(plain, plain), "same same same");
}

TEST(Diff, NamesWhatIsOtherwise) {
  EXPECT_EQ(fates(plain, run({model("1", "refund my order", "", "0.01"), call("2", "lookup", R"({"id":8})"),
                              model("3", "", "done", "0.02")})),
            "same changed same");
  EXPECT_EQ(fates(plain, run({model("1", "give me my money", "", "0.01"), call("2", "lookup", R"({"id":7})"),
                              call("4", "refund", "{}"), model("5", "", "done", "0.02")})),
            "reworded same right same");
  EXPECT_EQ(fates(plain, run({model("1", "refund my order", "", "0.01"), call("2", "lookup", R"({"id":7})", true),
                              model("3", "", "sorry, not today", "0.02")})),
            "same changed changed");
}

TEST(Diff, FiguresAddUpToTheDifferenceOfTheRuns) {
  const auto difference = diff(plain,
                               run({model("1", "refund my order", "", "0.01"), call("2", "lookup", R"({"id":7})"),
                                    call("4", "refund", "{}"), model("5", "", "done", "0.05")}),
                               false);
  ASSERT_TRUE(difference);
  EXPECT_TRUE(difference->json.ends_with(R"("delta":{"cost_usd":"0.03","tokens":0,"ms":100}})")) << difference->json;
}

TEST(Diff, LongRunsAlignToo) {
  std::vector<std::string> left, right;
  for (int i = 0; i < 700; ++i) {
    const std::string one = call(fmt::format("{}", i), "step", fmt::format("{{\"n\":{}}}", i));
    left.push_back(one);
    if (i != 350) right.push_back(one);
  }
  const auto difference = diff(run(left), run(right), false);
  ASSERT_TRUE(difference);
  EXPECT_NE(difference->text.find("… 350 the same"), std::string::npos) << difference->text;
  EXPECT_NE(difference->text.find("* first divergence\n< step {\"n\":350}"), std::string::npos)
      << difference->text.substr(0, 400);
}

TEST(Diff, WhatOnlyTheAgentsSpanHeardIsSaidFirstAndOnce) {
  const auto asked = [](std::string text, std::string_view words) {
    const std::string_view at = R"("start":"2026-01-05T08:00:00Z"})";
    text.replace(
        text.find(at), at.size(),
        fmt::format(
            R"("start":"2026-01-05T08:00:00Z","input":[{{"role":"user","parts":[{{"type":"text","text":"{}"}}]}}]}})",
            words));
    return text;
  };
  const std::string told = asked(run({model("1", "", "done", "0.01")}), "hello there");
  EXPECT_EQ(fates(told, told), "same same");
  EXPECT_EQ(fates(told, asked(run({model("1", "hello there", "done", "0.01")}), "hello there")), "same same");
  const auto other = diff(told, asked(run({model("1", "", "no", "0.01")}), "hello there"), true);
  ASSERT_TRUE(other);
  EXPECT_LT(other->text.find("user: hello there"), other->text.find("* first divergence")) << other->text;
  EXPECT_NE(other->text.find("  1 step  "), std::string::npos) << other->text;
}

TEST(Diff, RefusesWhatIsNoRun) {
  EXPECT_FALSE(diff("{}", plain, false));
  EXPECT_FALSE(diff(plain, "no JSON", false));
}

TEST(Viewer, JumpsToWhatMatters) {
  auto viewer = Viewer::create(run({model("1", "hello there", "", "0.01"), call("2", "lookup", R"({"id":7})", true),
                                    model("3", "", "done", "0.02")}));
  ASSERT_TRUE(viewer);
  const auto foot = [&] {
    const auto drawn = viewer->draw(100, 20, false);
    const std::string last = drawn.substr(drawn.rfind('\n') + 1);
    return last.substr(0, last.find(' '));
  };
  EXPECT_EQ(foot(), "1/4");
  viewer->press("e");
  EXPECT_EQ(foot(), "3/4");
  viewer->press("x");
  EXPECT_EQ(foot(), "4/4");
  viewer->press("k"), viewer->press("k");
  EXPECT_EQ(foot(), "2/4");
  viewer->press("home"), viewer->press("left"), viewer->press("j");
  EXPECT_EQ(foot(), "1/4");  // everything is folded into the agent
  for (const std::string_view key : {"/", "h", "e", "l", "l", "o", "enter"}) viewer->press(key);
  EXPECT_EQ(foot(), "2/4");
  viewer->press("t");
  EXPECT_NE(viewer->draw(100, 20, false).find("User: hello there"), std::string::npos);
  viewer->press("q");
  EXPECT_TRUE(viewer->done());
}

TEST(Viewer, StoredTextDoesNotSteerTheTerminal) {
  auto viewer = Viewer::create(run({call("2", "look\\u001b[2Jup", R"("\u009b2J \u0007")", true)}));
  ASSERT_TRUE(viewer);
  for (const auto& shown : {viewer->draw(100, 20, false), viewer->print(100), viewer->transcript()}) {
    EXPECT_EQ(shown.find('\x1b'), std::string::npos);
    EXPECT_EQ(shown.find('\x07'), std::string::npos);
    EXPECT_EQ(shown.find("\xC2\x9B"), std::string::npos);
  }
}

}  // namespace
}  // namespace pawl::terminal
