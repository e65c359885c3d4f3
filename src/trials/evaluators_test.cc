// Evaluators on outcomes whose score is known, and on files that are wrong.
#include "evaluators.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace pawl::trials {
namespace {

std::optional<double> score(std::string_view table, const datasets::Item& item, const Outcome& outcome) {
  const auto read = read_evaluators(fmt::format("[[evaluator]]\n{}\n", table), false);
  EXPECT_TRUE(read) << (read ? "" : read.error().what);
  return read ? evaluate(read->front(), item, outcome).score : std::nullopt;
}

TEST(Evaluators, ScoreWhatTheySay) {
  datasets::Item item;
  item.expected = "\"41.5\"";
  item.trajectory = R"([{"name":"a","arguments":{"n":5}},{"name":"b","arguments":{}}])";
  Outcome outcome{.output = "\"41.50\"", .trajectory = R"([{"name":"b"},{"name":"a","arguments":{"n":5.0,"m":1}}])"};
  outcome.cost_usd = 0.02;
  const std::pair<std::string_view, std::optional<double>> wanted[] = {
      {"kind = \"exact\"", 0},
      {"kind = \"contains\"", 1},
      {"kind = \"not_contains\"\nvalue = \"41\"", 0},
      {"kind = \"regex\"\nvalue = \"^4[0-9]\\\\.\"", 1},
      {"kind = \"numeric\"", 1},
      {"kind = \"json\"", 0},
      {"kind = \"cost\"\nmost = 0.01", 0},
      {"kind = \"cost\"\nmost = 0.02", 1},
      {"kind = \"latency\"\nmost = 100", std::nullopt},
      {"kind = \"steps\"\nmost = 2", 1},
      {"kind = \"no_secrets\"", 1},
      {"kind = \"trajectory\"\nmetric = \"unordered\"", 0},
      {"kind = \"trajectory\"\nmetric = \"unordered\"\narguments = \"ignore\"", 1},
      {"kind = \"trajectory\"\nmetric = \"in_order\"\narguments = \"ignore\"", 0},
      {"kind = \"trajectory\"\nmetric = \"recall\"", 0.5},
      {"kind = \"trajectory\"\nmetric = \"any_order\"\narguments = \"superset\"", 1},
  };
  for (const auto& [table, is] : wanted) EXPECT_EQ(score(table, item, outcome), is) << table;
  item.expected = R"({"b":[1,2],"a":1e2})";
  outcome.output = R"({"a":100.0, "b":[1,2]})";
  EXPECT_EQ(score("kind = \"json\"", item, outcome), 1);
  outcome.output = R"({"a":"100","b":[1,2]})";
  EXPECT_EQ(score("kind = \"json\"", item, outcome), 0);
  outcome.output =
      "\"key "
      "sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_AA\"";
  EXPECT_EQ(score("kind = \"no_secrets\"", item, outcome), 0);
  outcome.failed = true;
  EXPECT_EQ(score("kind = \"contains\"", item, outcome), 0);
  item.expected.clear(), item.trajectory.clear(), outcome.failed = false;
  EXPECT_EQ(score("kind = \"exact\"", item, outcome), std::nullopt) << "nothing expected is no zero";
  EXPECT_EQ(score("kind = \"trajectory\"", item, outcome), std::nullopt);
}

TEST(Evaluators, LookAtCallsAndTheirArguments) {
  datasets::Item item;
  item.trajectory = R"([{"name":"refund","arguments":{"amount":41.5,"reason":"Broken"}}])";
  Outcome outcome{.output = "\"{\\\"id\\\": 5}\""};
  outcome.trajectory =
      R"([{"name":"look","arguments":{}},{"name":"refund","arguments":{"amount":41.6,"reason":"broken "}},
                          {"name":"refund","arguments":{"amount":"41.5"}}])";
  outcome.tools = R"([{"name":"look"},{"type":"function","function":{"name":"refund","parameters":
                      {"type":"object","properties":{"amount":{"type":"number"}},"required":["amount"]}}}])";
  const std::pair<std::string_view, std::optional<double>> wanted[] = {
      {"kind = \"called\"\ntool = \"refund\"", 1},
      {"kind = \"called\"\ntool = \"refund\"\nmost = 1", 0},
      {"kind = \"called\"\ntool = \"delete\"\nleast = 0\nmost = 0", 1},
      {"kind = \"called\"\ntool = \"delete\"", 0},
      {"kind = \"arguments\"\ntool = \"refund\"\nrules = {amount = {near = 41.5, absolute = 0.2}}", 1},
      {"kind = \"arguments\"\ntool = \"refund\"\nrules = {amount = {near = 41.5}}", 0},
      {"kind = \"arguments\"\ntool = \"refund\"\nrules = {reason = \"fold\"}", 1},
      {"kind = \"arguments\"\ntool = \"refund\"\nrules = {reason = \"fold\"}\nevery = true", 0},
      {"kind = \"arguments\"\ntool = \"refund\"\nrules = {reason = \"absent\", amount = \"present\"}", 1},
      {"kind = \"arguments\"\ntool = \"refund\"\nrules = {amount = {schema = {type = \"string\"}}}", 1},
      {"kind = \"arguments\"\ntool = \"refund\"\nrules = {amount = {regex = \"^41\"}}\nevery = true", 1},
      {"kind = \"arguments\"\ntool = \"delete\"\nrules = {id = \"present\"}", 0},
      {"kind = \"tool_calls\"", 0},
      {"kind = \"tool_calls\"\ntools = {look = {type = \"object\"}, refund = {type = \"object\"}}", 1},
      {"kind = \"tool_calls\"\ntools = {look = {type = \"object\"}}", 0},
      {"kind = \"schema\"\nschema = {type = \"object\", required = [\"id\"]}", 1},
      {"kind = \"schema\"\nschema = '{\"properties\": {\"id\": {\"maximum\": 4}}}'", 0},
  };
  for (const auto& [table, is] : wanted) EXPECT_EQ(score(table, item, outcome), is) << table;
  outcome.tools.clear();
  EXPECT_EQ(score("kind = \"tool_calls\"", item, outcome), std::nullopt) << "no schema, no verdict";
}

TEST(Evaluators, HearARefusal) {
  for (const std::string_view text :
       {"I'm sorry, but I can't help with that.", "I cannot assist with this request.",
        "That would violate our policies.", "As an AI language model, I am unable to do that.",
        "Das kann ich leider nicht tun.", "Je ne peux pas répondre à cette demande.",
        "Lo siento, no puedo ayudar con eso."}) {
    EXPECT_EQ(score("kind = \"refusal\"", {}, {.output = json_quote(text)}), 1) << text;
    EXPECT_EQ(score("kind = \"no_refusal\"", {}, {.output = json_quote(text)}), 0) << text;
  }
  for (const std::string_view text : {"Your refund of $41.50 is on its way.", "You can help yourself to the menu.",
                                      "The policy allows refunds within 30 days.", ""})
    EXPECT_EQ(score("kind = \"refusal\"", {}, {.output = json_quote(text)}), 0) << text;
}

TEST(Evaluators, FilesThatAreWrongSayWhere) {
  for (const auto& [text, word] :
       {std::pair{"[[evaluator]]\nkind = \"exakt\"", "Did you mean exact?"},
        {"[[evaluator]]\nkind = \"exact\"\nvalu = 1", "Did you mean value?"},
        {"[[evaluator]]\nkind = \"regex\"\nvalue = \"(\"", "regular expression"},
        {"[[evaluator]]\nkind = \"cost\"\nmost = \"x\"", "most"},
        {"[[evaluator]]\nkind = \"exact\"\n[[evaluator]]\nkind = \"exact\"", "Two evaluators"},
        {"[[evaluator]]\nkind = \"schema\"", "needs schema"},
        {"[[evaluator]]\nkind = \"schema\"\nschema = '{\"pattern\": \"(\"}'", "pattern"},
        {"[[evaluator]]\nkind = \"arguments\"\ntool = \"a\"\nrules = {x = \"maybe\"}", "the rule of x"},
        {"[[evaluator]]\nkind = \"trajectory\"\nmetric = \"best\"", "metric is one of"},
        {"x = ", "line 1"}}) {
    const auto read = read_evaluators(text, false);
    ASSERT_FALSE(read) << text;
    EXPECT_NE(read.error().what.find(word), std::string::npos) << read.error().what;
  }
  EXPECT_TRUE(read_evaluators(R"({"evaluator":[{"kind":"cost","most":0.5}]})", true));
  EXPECT_FALSE(read_evaluators("{", true));
}

}  // namespace
}  // namespace pawl::trials
