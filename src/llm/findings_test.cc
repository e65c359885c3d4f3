// What the rules find in small runs, and what they leave alone.
#include "llm/findings.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "base/text.h"

namespace pawl::llm {
namespace {

// A run told in a line: each word is a step of a second. `a`, `b`, … tools (`a1`: with arguments 1; a capital fails),
// `.` a model call that is asked for the next step (`.7`: with that answer), `!` one that fails, `>NAME` a handoff.
struct Told {
  std::vector<std::string> names;
  std::vector<Seen> spans;
  explicit Told(std::string_view line) {
    const auto words = split(line, ' ');
    names.reserve(words.size() + 1);
    spans.push_back({.root = true, .kind = Kind::agent, .label = "root", .end = hour});
    for (const auto word : words) {
      Seen one;
      one.start = static_cast<Nanos>(spans.size()) * second, one.end = one.start + second;
      if (word[0] == '.' || word == "!") {
        one.kind = Kind::llm, one.label = "gpt", one.counted = true;
        one.status = word == "!" ? Status::error : Status::ok;
        one.told = word.size() > 1 ? static_cast<std::uint32_t>(word[1]) : 0, one.tokens_out = 100;
      } else if (word.starts_with(">")) {
        one.kind = Kind::handoff, one.handoff_to = names.emplace_back(word.substr(1));
      } else {
        one.kind = Kind::tool, one.label = names.emplace_back(to_lower(word.substr(0, 1)));
        one.status = word[0] >= 'A' && word[0] <= 'Z' ? Status::error : Status::ok;
        one.told = word.size() > 1 ? static_cast<std::uint32_t>(word[1] - '0') : 0;
      }
      spans.push_back(one);
    }
  }
  std::string found() const {
    std::string out;
    for (const auto& finding : find(spans)) {
      out += fmt::format("{}{}x{}@{}", out.empty() ? "" : " ", name_of(finding.rule), finding.times,
                         finding.spans.front());
      if (!finding.wasted.empty()) out += fmt::format("${}", fmt::join(finding.wasted, ","));
    }
    return out;
  }
};

TEST(Findings, EachRuleSpeaksFromItsBoundOn) {
  const std::pair<std::string_view, std::string_view> runs[] = {
      {". a1 . a2 . a3", ""},
      {". a1 . a1", ""},
      {". a1 . a1 . a1", "repeated_callx3@2$3,5"},
      {". a . a . a", ""},  // arguments were not sent: nobody knows
      {". A1 . A2", ""},
      {". A1 . A2 . A3", "failure_streakx3@2$3,5"},
      {". A1 . A2 . a3 . A4", ""},
      {". A1 . b1 . A2 . A3", "failure_streakx3@2$3,5,7"},
      {". a1 . b1 . a1 . b1", ""},
      {". a1 . b1 . a1 . b1 . a1 . b1", "loopx3@2$5,7,9,11"},
      {". a1 . b1 . c1 . a1 . b1 . c1 . a1 . b1 . c1 . d1", "loopx3@2$7,9,11,13,15,17"},
      {". a1 . b1 . a2 . b2 . a3 . b3", ""},
      {"! !", ""},
      {"! ! !", "retry_stormx3@1$1,2,3"},
      {"! ! . !", ""},
      {">x >y >x >y >x", ""},
      {">x >y >x >y >x >y", "ping_pongx3@1"},
      {">x >y >z >x >y >z >x >y >z", ""},
      {">x .1 >y .2 >x .3 >y .4 >x .5 >y .6", ""},  // they say something new each time
      {">x a1 >y . >x a2 >y . >x a3 >y .", ""},     // they work
      {">x .1 >y .2 >x .1 >y .2 >x .1 >y .2", "ping_pongx3@1$6,8,10,12 loopx3@2$6,8,10,12"},
      {".1 .1", ""},
      {".1 .1 .1", "loopx3@1$2,3"},
      {".1 .2 .3 .4 .5 .1 .2 .3 .4 .5 .1 .2 .3 .4 .5", "loopx3@1$6,7,8,9,10,11,12,13,14,15"},
      {".1 .2 .1 .3 .1 .4", ""},
  };
  for (const auto& [line, wanted] : runs) EXPECT_EQ(Told(line).found(), wanted) << line;
}

TEST(Findings, StormsNeedOneModelAndLessThanAMinuteBetween) {
  Told slow("! ! !");
  slow.spans[3].start += 2 * minute;
  EXPECT_EQ(slow.found(), "");
  Told other("! ! !");
  other.spans[2].label = "claude";
  EXPECT_EQ(other.found(), "");
}

TEST(Findings, SingleSpansSpeakForThemselves) {
  Told run(". a1 . A2 .");
  run.spans[4].error_type = "ToolError", run.spans[4].error_message = "1 validation error for Order: id Field required";
  run.spans[5].truncated = true;
  EXPECT_EQ(run.found(), "invalid_argumentsx1@4$3 truncatedx1@5$5");
  run.spans[0].status = Status::unfinished;
  EXPECT_EQ(run.found(), "abandonedx1@0$1,3,5 invalid_argumentsx1@4$3 truncatedx1@5$5");
  const auto waste = waste_of(find(run.spans), run.spans.size());
  EXPECT_EQ(waste[1], Rule::abandoned);
  EXPECT_EQ(waste[3], Rule::invalid_arguments);  // claimed once
  EXPECT_EQ(waste[5], Rule::truncated);
  EXPECT_FALSE(waste[2]);
}

TEST(Findings, AContextGrowsOfOneAgent) {
  Told run(". . . . . .");
  for (std::size_t i = 1; i < run.spans.size(); ++i) run.spans[i].tokens_in = static_cast<std::int64_t>(i) * 1500;
  EXPECT_EQ(run.found(), "");
  run.spans[6].tokens_in = 12'000;
  EXPECT_EQ(run.found(), "context_growthx8@1");
  run.spans[1].agent = "another";  // its first call is no longer the first of the one that grew
  EXPECT_EQ(run.found(), "");
}

TEST(Findings, WordsOfProvidersAndValidators) {
  for (const auto reason : {"length", "MAX_TOKENS", "max_output_tokens"}) EXPECT_TRUE(is_truncated(reason)) << reason;
  for (const auto reason : {"stop", "end_turn", "tool_calls", ""}) EXPECT_FALSE(is_truncated(reason)) << reason;
  EXPECT_TRUE(is_invalid_arguments("TypeError", "refund() got an unexpected keyword argument 'id'"));
  EXPECT_TRUE(is_invalid_arguments("pydantic_core.ValidationError", ""));
  EXPECT_FALSE(is_invalid_arguments("TimeoutError", "the service did not answer"));
  EXPECT_FALSE(is_invalid_arguments("", ""));
}

// Noise and plumbing change nothing; a run ten times as long takes no more than a pass.
TEST(Findings, PlumbingIsNotSeenAndNothingIsFoundOutside) {
  Told run(". a1 . a1 . a1");
  for (auto& one : run.spans) one.noise = true;
  EXPECT_EQ(run.found(), "");
  SeededRandom random(7);
  for (int round = 0; round < 300; ++round) {
    std::string line = ".";
    for (std::size_t i = random.below(40); i > 0; --i)
      line += std::array{" .", " !", " a1", " a2", " b1", " B1", " >x", " >y", " A3"}[random.below(9)];
    const Told any(line);
    const auto findings = find(any.spans);
    for (const auto& finding : findings) {
      ASSERT_FALSE(finding.spans.empty()) << line;
      EXPECT_TRUE(std::ranges::is_sorted(finding.spans)) << line;
      for (const std::size_t i : finding.wasted) {
        ASSERT_LT(i, any.spans.size());
        EXPECT_TRUE(any.spans[i].counted && any.spans[i].kind == Kind::llm) << line;
      }
    }
  }
}

TEST(Findings, NamesAreFoundAgain) {
  for (std::size_t i = 0; i < rule_count; ++i) {
    const auto rule = static_cast<Rule>(i);
    EXPECT_EQ(rule_from(name_of(rule)), rule);
    EXPECT_FALSE(words_of(rule).empty());
  }
  EXPECT_FALSE(rule_from("cost"));
}

}  // namespace
}  // namespace pawl::llm
