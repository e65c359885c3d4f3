// Answers of programs and of chat completions, as they come and as they should not.
#include <gtest/gtest.h>

#include <csignal>

#include "program.h"

namespace pawl::evals {
namespace {

TEST(Programs, AnswerInLines) {
  const auto good = read_program_line(
      R"({"id":"7","scores":[{"name":"ok","value":true,"comment":"c"},{"value":0.5},{"name":"n","value":null}]})", "7",
      "mine");
  ASSERT_EQ(good.scores.size(), 3U);
  EXPECT_EQ(good.scores[0].first, "ok");
  EXPECT_EQ(good.scores[0].second.score, 1);
  EXPECT_EQ(good.scores[0].second.comment, "c");
  EXPECT_EQ(good.scores[1].first, "mine");
  EXPECT_EQ(good.scores[1].second.score, 0.5);
  EXPECT_EQ(good.scores[2].second.score, std::nullopt);
  EXPECT_EQ(read_program_line("0.7", "7", "mine").scores[0].second.score, 0.7);
  EXPECT_EQ(read_program_line("false", "7", "mine").scores[0].second.score, 0);
  EXPECT_FALSE(read_program_line(R"({"id":"6","scores":[]})", "7", "mine").mine) << "of another request";
  EXPECT_EQ(read_program_line(R"({"id":"7","error":"no model"})", "7", "mine").trouble, "no model");
  EXPECT_NE(read_program_line(R"({"id":"7"})", "7", "mine").trouble, "");
  EXPECT_NE(read_program_line("{\"id\":\"7\"", "7", "mine").trouble.find("no JSON"), std::string::npos);
  EXPECT_EQ(
      read_program_line(R"({"id":"7","scores":[{"name":"a","value":"good"}]})", "7", "mine").scores[0].second.score,
      std::nullopt);
}

trials::Evaluator program(const std::string& command, double timeout_s = 60) {
  trials::Evaluator e;
  e.name = "p", e.kind = "program", e.command = command, e.timeout_s = timeout_s;
  return e;
}

trials::Given first(const trials::Evaluator& e) {
  Program one(e);
  auto scores = one.ask({}, {.output = "\"x\""});
  return scores.empty() ? trials::Given{std::nullopt, "none"} : scores.front().second;
}

TEST(Programs, AreStartedAskedAndEnded) {
  std::signal(SIGPIPE, SIG_IGN);  // as app/process.cc does: what ends before it was told everything is no signal
  const auto echo = program("while read -r line; do echo true; done");
  Program one(echo);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(one.ask({}, {.output = "1"}).front().second.score, 1);
  EXPECT_EQ(
      first(program("pwd | grep -q pawl-evaluator && test -z \"$HOME\" && test -n \"$PAWL_DIR\" && echo 0.25; cat"))
          .score,
      0.25)
      << "an empty folder and environment";
  for (const auto& [command, timeout_s, why] : {std::tuple{"sleep 1000", 0.2, "out of time"},
                                                {"exit 3", 60.0, "has ended"},
                                                {"printf '{\"id\"'", 60.0, "in the middle"},
                                                {"yes | tr -d '\\n'", 60.0, "1 MB"},
                                                {"echo nonsense; cat >/dev/null", 60.0, "no JSON"},
                                                {"echo boom >&2; exit 1", 60.0, "boom"}}) {
    const auto given = first(program(command, timeout_s));
    EXPECT_EQ(given.score, std::nullopt) << command;
    EXPECT_NE(given.comment.find(why), std::string::npos) << command << ": " << given.comment;
  }
}

TEST(Completions, AreOutcomes) {
  const AgentOptions priced{.model = "m", .input_price = 2, .output_price = 10};
  const auto said =
      read_completion(R"({"choices":[{"message":{"role":"assistant","content":"Hi","tool_calls":[{"function":
    {"name":"look","arguments":"{\"id\": 5}"}},{"function":{"name":"bad","arguments":"{"}}]}}],
    "usage":{"prompt_tokens":1000,"completion_tokens":100}})",
                      priced);
  ASSERT_TRUE(said) << said.error().what;
  EXPECT_EQ(said->output, "\"Hi\"");
  EXPECT_EQ(said->trajectory, R"([{"name":"look","arguments":{"id": 5}},{"name":"bad","arguments":"{"}])");
  EXPECT_EQ(said->tokens, 1100);
  EXPECT_DOUBLE_EQ(said->cost_usd.value_or(0), 0.003);
  for (const std::string_view wrong : {"", "{}", "[1]", R"({"choices":[]})", R"({"choices":[{"message":5}]})"})
    EXPECT_FALSE(read_completion(std::string(wrong), priced)) << wrong;
  datasets::Item item;
  item.input = "\"hello\"";
  EXPECT_EQ(completion_request(priced, item), R"({"model":"m","messages":[{"role":"user","content":"hello"}]})");
  item.input =
      R"({"messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"t"}]}]})";
  EXPECT_EQ(
      completion_request(priced, item),
      R"({"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"t"}]}]})");
}

}  // namespace
}  // namespace pawl::evals
