// Suites of other tools: what promptfoo, OpenAI and Inspect wrote, read, judged and written again.
#include "suites.h"

#include <gtest/gtest.h>

#include <fstream>

#include "asserts.h"
#include "inspect.h"
#include "promptfoo.h"
#include "rows.h"

namespace pawl::trials {
namespace {

std::string file(const std::string& name) {
  std::ifstream in("tests/fixtures/quality/formats/" + name, std::ios::binary);
  EXPECT_TRUE(in) << "is read from the root of the tree";
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

Outcome said(std::string_view text, double latency = 10) {
  return {.output = json_quote(text), .latency_ms = latency};
}

std::optional<double> score(const Suite& suite, std::size_t place, const std::string& name, const Outcome& outcome) {
  for (const auto& one : read_evaluators(suite.evaluators, false).value())
    if (one.name == name) return evaluate(one, suite.cases.cases.at(place), outcome).score;
  ADD_FAILURE() << "no evaluator " << name << " in " << suite.evaluators;
  return std::nullopt;
}

// The outputs are what promptfoo 0.121.20 itself got from its echo provider: the first three pass, the last fails.
TEST(Suites, Promptfoo) {
  const auto suite = read_suite(file("promptfooconfig.yaml"), "auto").value();
  EXPECT_EQ(suite.cases.format, "promptfoo");
  ASSERT_EQ(suite.cases.cases.size(), 4U);
  const auto& cases = suite.cases.cases;
  EXPECT_EQ(cases[0].name, "greets by name");
  EXPECT_EQ(cases[0].input, R"({"question":"Hello, I am Ada","name":"Ada"})");
  EXPECT_EQ(cases[0].tags, std::vector<std::string>{"greeting"});
  EXPECT_EQ(cases[0].splits, std::vector<std::string>{"dev"});
  EXPECT_EQ(cases[2].name, "test 3");
  EXPECT_EQ(cases[3].expected, "\"no\"");
  EXPECT_EQ(score(suite, 0, "pass", said("Answer the customer: Hello, I am Ada")), 1);
  EXPECT_EQ(score(suite, 0, "politeness", said("hello")), 0);
  EXPECT_EQ(score(suite, 0, "pass", said("Ada, as an AI: As an AI")), 0) << "not-contains";
  EXPECT_EQ(score(suite, 0, "pass", said("Ada", 6000)), 0) << "the default's latency";
  EXPECT_EQ(score(suite, 1, "pass", said("Answer the customer: Order 41?")), 1);
  EXPECT_EQ(score(suite, 1, "pass", said("Order 41")), 1) << "three of four hold, half are wanted";
  EXPECT_EQ(score(suite, 1, "pass", said("nothing")), 0);
  EXPECT_EQ(score(suite, 2, "pass", said(R"({"refund": 12.5})")), 1);
  EXPECT_EQ(score(suite, 2, "pass", said(R"({"refund": "12"})")), 0);
  EXPECT_EQ(score(suite, 2, "pass", said("12.5")), 0);
  EXPECT_EQ(score(suite, 3, "pass", said("Answer the customer: Refund me")), 0);
  EXPECT_EQ(score(suite, 3, "pass", said("no")), 1);
  std::string all;
  for (const auto& one : suite.cases.warnings) all += one + "\n";
  for (const std::string_view named : {"Prompts and providers", "transform", "javascript"})
    EXPECT_NE(all.find(named), std::string::npos) << all;
  EXPECT_NE(cases[2].criteria.find("\"kept\":[{\"type\":\"javascript\""), std::string::npos) << cases[2].criteria;
}

TEST(Suites, PromptfooIsWrittenAndReadAgain) {
  const auto first = read_suite(file("promptfooconfig.yaml"), "auto").value();
  const auto text = write_suite(first.cases.cases, "refunds", "promptfoo").value();
  const auto again = read_suite(text, "auto").value();
  ASSERT_EQ(again.cases.cases.size(), 4U) << text;
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(again.cases.cases[i].name, first.cases.cases[i].name);
    EXPECT_EQ(again.cases.cases[i].input, first.cases.cases[i].input);
    EXPECT_EQ(again.cases.cases[i].criteria, first.cases.cases[i].criteria);
    EXPECT_EQ(again.cases.cases[i].tags, first.cases.cases[i].tags);
  }
}

TEST(Suites, PromptfooInCsv) {
  const auto suite = read_suite(
                         "question,__expected,__expected2,__description,__threshold,__metadata:tags[],__metric\n"
                         "\"Order, 41?\",contains:41,not-icontains: sorry,where,0.5,\"a,b\",clear\n"
                         "Hi,Hello there,,,,,\nX,\"similar(0.8):Y\",levenshtein(2):abc,,,,\n",
                         "auto")
                         .value();
  ASSERT_EQ(suite.cases.cases.size(), 3U);
  EXPECT_EQ(suite.cases.cases[0].input, R"({"question":"Order, 41?"})");
  EXPECT_EQ(suite.cases.cases[0].tags, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(score(suite, 0, "pass", said("Sorry, 41")), 1) << "a half is enough";
  EXPECT_EQ(score(suite, 0, "clear", said("Sorry, 41")), 0.5);
  EXPECT_EQ(score(suite, 1, "pass", said("Hello there")), 1);
  EXPECT_EQ(score(suite, 1, "pass", said("Hello")), 0);
  EXPECT_EQ(score(suite, 2, "pass", said("abXY")), 1);
  EXPECT_EQ(suite.cases.warnings.size(), 1U) << "similar asks a model for vectors";
}

TEST(Suites, WhatPromptfooHasBeyond) {
  const auto suite = read_suite(R"(
prompts: [p]
defaultTest: {vars: {who: Bo}, assert: [{type: llm-rubric, value: 'greets {{who | upper}}'}]}
tests:
  - {description: a, vars: {x: [1, 2]}, assert: [{type: regex, value: '(?<=a)b'}, {type: equals, value: '{{x}}{{who}}'}]}
  - {description: a, assert: [{type: contains, value: '{% if x %}'}, {type: assert-set, threshold: 0.5, assert: [{type: contains, value: k}, {type: contains, value: l}]}]}
  - file://more.yaml
  - 5
)",
                                "promptfoo")
                         .value();
  ASSERT_EQ(suite.cases.cases.size(), 3U);
  EXPECT_EQ(suite.cases.cases[0].name, "a #1");
  EXPECT_EQ(suite.cases.cases[1].input, R"({"who":"Bo","x":2})");
  EXPECT_EQ(score(suite, 1, "pass", said("2Bo")), 1);
  EXPECT_EQ(score(suite, 2, "pass", said("k")), 1);
  EXPECT_EQ(score(suite, 2, "pass", said("m")), 0);
  EXPECT_NE(suite.cases.cases[0].criteria.find("greets BO"), std::string::npos);
  EXPECT_EQ(suite.cases.bad_total, 1U);
  std::string all;
  for (const auto& one : suite.cases.warnings) all += one + "\n";
  for (const std::string_view named : {"llm-rubric", "none of RE2", "{% … %}", "file://more.yaml"})
    EXPECT_NE(all.find(named), std::string::npos) << all;
  EXPECT_FALSE(read_suite("prompts: [p]\n", "promptfoo"));
  EXPECT_FALSE(read_suite("a: [", "promptfoo"));
}

TEST(Suites, GradersOfOpenAi) {
  const auto graders = read_graders(file("openai-graders.json")).value();
  const auto all = read_evaluators(graders.evaluators, false).value();
  ASSERT_EQ(all.size(), 5U);
  const auto data = read_suite(file("openai-eval-data.jsonl"), "auto").value();
  const auto& item = data.cases.cases.at(1);
  EXPECT_EQ(evaluate(all[0], item, said("Done: 12.00 USD.")).score, 1);
  EXPECT_EQ(evaluate(all[0], item, said("Done.")).score, 0);
  EXPECT_EQ(evaluate(all[1], item, said("Done: 12.00 EUR.")).score, 1);
  EXPECT_EQ(evaluate(all[1], item, said("no idea")).score, 0);
  for (std::size_t i = 2; i < 5; ++i) EXPECT_FALSE(evaluate(all[i], item, said("x")).score) << all[i].name;
  EXPECT_EQ(graders.warnings.size(), 3U);
  const auto more =
      read_graders(
          R"([{"type":"string_check","name":"n","operation":"ne","input":"{{ sample.output_text }}","reference":"a\u007f"},
    {"type":"multi","name":"m","calculate_output":"a+b","graders":{"a":{"type":"string_check","name":"a","operation":"ilike","input":"{{sample.output_text}}","reference":"X"}}},
    {"type":"string_check","name":"j","operation":"eq","input":"{{sample.output_json.a}}","reference":"1"}])")
          .value();
  const auto others = read_evaluators(more.evaluators, false).value();
  ASSERT_EQ(others.size(), 4U);
  EXPECT_EQ(others[2].kind, "kept");  // its formula names a part that is not there
  EXPECT_EQ(evaluate(others[0], item, said("b")).score, 1);
  EXPECT_EQ(others[1].name, "m.a");
  EXPECT_EQ(evaluate(others[1], item, said("axb")).score, 1);
  EXPECT_FALSE(read_graders("{}"));
}

TEST(Suites, GradersOfOpenAiAreWrittenAsTheyWereRead) {
  const std::string given =
      R"([{"type":"string_check","name":"same","input":"{{sample.output_text}}","reference":"{{item.answer}}","operation":"ne"},)"
      R"({"type":"text_similarity","name":"near","input":"{{sample.output_text}}","reference":"a \"b\"","evaluation_metric":"fuzzy_match","pass_threshold":0.8},)"
      R"({"type":"python","name":"code","source":"def grade(sample, item):\n    return 1.0"}])";
  const auto read = read_graders(given).value();
  const auto written = write_graders(read_evaluators(read.evaluators, false).value());
  EXPECT_EQ(written.graders, "{\"testing_criteria\":" + given + "}");
  EXPECT_TRUE(written.warnings.empty());
  const auto ours = read_evaluators(R"(
[[evaluator]]
name = "sum"
kind = "formula"
formula = "a / 2"
parts = {a = {kind = "contains", value = "X", ignore_case = true}}
[[evaluator]]
name = "short"
kind = "tokens"
most = 5
[[evaluator]]
name = "right"
kind = "exact"
)",
                                    false);
  ASSERT_TRUE(ours) << ours.error().what;
  const auto out = write_graders(*ours);
  EXPECT_EQ(
      out.graders,
      R"({"testing_criteria":[{"type":"multi","name":"sum","calculate_output":"a / 2","graders":{"a":{"type":)"
      R"("string_check","name":"a","input":"{{sample.output_text}}","reference":"X","operation":"ilike"}}},)"
      R"({"type":"string_check","name":"right","input":"{{sample.output_text}}","reference":"{{item.expected}}","operation":"eq"}]})");
  ASSERT_EQ(out.warnings.size(), 1U);
  EXPECT_NE(out.warnings[0].find("\"short\" is left out"), std::string::npos);
}

TEST(Suites, FormulasOfMultiGraders) {
  const auto multi = [](std::string_view formula, std::string_view more = "") {
    return fmt::format(
        R"({{"type":"multi","name":"m","calculate_output":"{}","graders":{{"a":{{"type":"string_check","name":"x","operation":"ilike","input":"{{{{sample.output_text}}}}","reference":"X"}},
        "near":{{"type":"text_similarity","name":"y","evaluation_metric":"fuzzy_match","input":"{{{{sample.output_text}}}}","reference":"{{{{item.answer}}}}"}}{}}}}})",
        formula, more);
  };
  const auto data = read_suite(file("openai-eval-data.jsonl"), "auto").value();
  const auto& item = data.cases.cases.at(1);
  const auto of = [&](std::string_view formula, const std::string& output) {
    const auto made = read_graders(multi(formula)).value();
    EXPECT_TRUE(made.warnings.empty()) << made.warnings.front();
    const auto all = read_evaluators(made.evaluators, false).value();
    EXPECT_EQ(all.size(), 3U);
    EXPECT_EQ(all.back().name, "m");
    return evaluate(all.back(), item, said(output)).score;
  };
  const std::string right = "Done: 12.00 USD.";
  EXPECT_EQ(of("0.25 * a + 0.75 * near", right), .75);
  EXPECT_EQ(of("max(a, near, 0.5) - min(a, 2)", right), 1);
  EXPECT_EQ(of("2^3 / 4 + abs(-1) + floor(1.5) + ceil(0.2) + log(exp(1)) + sqrt(4)", "x"), 8);
  EXPECT_EQ(of("1 / a", right), std::nullopt);  // no number: it says nothing
  EXPECT_EQ(of("log(a)", right), std::nullopt);
  for (const std::string_view bad :
       {"", "a +", "a + b", "a = 1", "a ? 1 : 2", "a, near", "system(a)", "a; near", "\"a\"", "rnd(1)", "a > near"}) {
    const auto made = read_graders(multi(bad == "\"a\"" ? "\\\"a\\\"" : bad)).value();
    EXPECT_EQ(read_evaluators(made.evaluators, false).value().back().kind, "kept") << bad;
    EXPECT_EQ(made.warnings.size(), 1U) << bad;
  }
  const auto asks = read_graders(multi("a", R"(,"judge":{"type":"score_model","name":"j"})")).value();
  EXPECT_EQ(read_evaluators(asks.evaluators, false).value().back().kind, "kept");
  EXPECT_NE(asks.warnings.back().find("its part judge asks a model"), std::string::npos);
  const auto twice =
      read_graders(
          multi("a",
                R"(,"a":{"type":"string_check","operation":"eq","input":"{{sample.output_text}}","reference":""})"))
          .value();
  EXPECT_EQ(read_evaluators(twice.evaluators, false).value().back().kind, "kept");
  EXPECT_FALSE(read_graders(multi(std::string(3000, '(') + "a" + std::string(3000, ')'))).value().warnings.empty());
}

TEST(Suites, LogsOfInspect) {
  const auto suite = read_suite(file("inspect-log.json"), "auto").value();
  EXPECT_EQ(suite.cases.format, "inspect");
  ASSERT_EQ(suite.cases.cases.size(), 4U);
  EXPECT_EQ(suite.cases.cases[0].name, "1");
  EXPECT_EQ(suite.cases.cases[0].input, "\"q1\"");
  EXPECT_EQ(suite.cases.cases[0].expected, "\"x\"");
  EXPECT_EQ(suite.cases.cases[0].cluster, "b");
  EXPECT_EQ(head_of_inspect(file("inspect-log.json"))->model, "mockllm/model");
  const auto zip = read_suite("PK\x03\x04...", "auto");
  ASSERT_FALSE(zip);
  EXPECT_NE(zip.error().what.find("no zip archive"), std::string::npos) << zip.error().what;
}

// The same log as its maker's tool writes it, with members of zstd.
TEST(Suites, LogsOfInspectAsZips) {
  const auto log = unpacked_log(file("inspect-log.eval"));
  ASSERT_TRUE(log) << log.error().what;
  EXPECT_EQ(head_of_inspect(*log)->model, "mockllm/model");
  EXPECT_EQ(*rows_of_inspect(*log), *rows_of_inspect(file("inspect-log.json")));
  const auto suite = read_suite(file("inspect-log.eval"), "auto").value(),
             plain = read_suite(file("inspect-log.json"), "auto").value();
  ASSERT_EQ(suite.cases.cases.size(), plain.cases.cases.size());
  for (std::size_t i = 0; i < suite.cases.cases.size(); ++i) {
    EXPECT_EQ(suite.cases.cases[i].name, plain.cases.cases[i].name);
    EXPECT_EQ(suite.cases.cases[i].input, plain.cases.cases[i].input);
  }
  Names names;
  EXPECT_EQ(read_rows(file("inspect-log.eval"), names).outcomes, 4U);
  std::string damaged = file("inspect-log.eval");
  damaged[damaged.find("samples/2_epoch_1.json") + 60] ^= 1;
  const auto wrong = unpacked_log(damaged);
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().what.find("samples/2_epoch_1.json is damaged"), std::string::npos) << wrong.error().what;
  EXPECT_EQ(read_rows(damaged, names).bad_count, 1U);
  EXPECT_EQ(unpacked_log("{}").value(), "{}");
}

// Values of rapidfuzz 3 (fuzz.ratio), rouge-score 0.1.2 (F, no stemmer) by their definitions.
TEST(Suites, Likeness) {
  EXPECT_NEAR(likeness("fuzzy", "this is a test", "this is a test!"), 0.9655, 1e-4);
  EXPECT_EQ(likeness("levenshtein", "kitten", "sitting"), 3);
  EXPECT_NEAR(
      likeness("rouge_1", "The quick brown fox jumps over the lazy dog", "The quick brown dog jumps on the log."),
      0.7059, 1e-4);
  EXPECT_NEAR(
      likeness("rouge_l", "The quick brown fox jumps over the lazy dog", "The quick brown dog jumps on the log."),
      0.5882, 1e-4);
  EXPECT_EQ(likeness("rouge_2", "", "a b"), 0);
}

}  // namespace
}  // namespace pawl::trials
