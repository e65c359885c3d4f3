// The rules of what counts, and that neither order nor repetition nor broken trees change the answer.
#include "llm/recount.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <numeric>

#include "base/rng.h"
#include "llm/recording_testing.h"

namespace pawl::llm {
namespace {

Fact span(std::uint64_t id, std::uint64_t parent, Kind kind, std::int64_t input = 0) {
  Fact fact;
  fact.span = {0, id};
  fact.parent = {0, parent};
  fact.kind = kind;
  fact.start = static_cast<Nanos>(id) * 10;
  fact.end = fact.start + 5;
  if (input > 0) fact.tokens.input = input;
  return fact;
}

Fact failed(Fact fact, std::string_view message) {
  fact.status = Status::error;
  fact.error_message = message;
  return fact;
}

std::string why(const std::vector<Verdict>& verdicts) {
  std::string text;
  for (const Verdict& verdict : verdicts) {
    text += (text.empty() ? "" : " ") + std::string(name_of(verdict.why)) + (verdict.fallback ? "*" : "");
  }
  return text;
}

TEST(Recount, LeavesCountAndAgentsDoNot) {
  EXPECT_EQ(why(recount({span(1, 0, Kind::agent, 30), span(2, 1, Kind::llm, 10), span(3, 1, Kind::llm, 20),
                         span(4, 1, Kind::tool), span(5, 0, Kind::embedding, 7)})),
            "wrapper counted counted no_usage counted");
}

TEST(Recount, WithoutModelCallsTheLowestUsageCounts) {
  EXPECT_EQ(why(recount({span(1, 0, Kind::workflow, 30), span(2, 1, Kind::agent, 30), span(3, 2, Kind::llm),
                         span(4, 1, Kind::agent, 5)})),
            "wrapper counted* no_usage counted*");
}

TEST(Recount, ACallAroundACallIsAWrapperUnlessAToolStandsBetween) {
  auto verdicts = recount({span(1, 0, Kind::llm), span(2, 1, Kind::workflow), span(3, 2, Kind::llm, 9)});
  EXPECT_EQ(why(verdicts), "wrapper no_usage counted");
  EXPECT_EQ(verdicts[0].kind, Kind::workflow);
  verdicts = recount({span(1, 0, Kind::llm, 4), span(2, 1, Kind::tool), span(3, 2, Kind::llm, 9)});
  EXPECT_EQ(why(verdicts), "counted no_usage counted");
  verdicts = recount({span(1, 0, Kind::llm, 13), span(2, 1, Kind::llm, 4), span(3, 1, Kind::llm, 9)});
  EXPECT_EQ(why(verdicts), "wrapper counted counted");
}

TEST(Recount, OfTwoReportsTheRicherCounts) {
  Fact outer = span(1, 0, Kind::llm, 9), inner = span(2, 1, Kind::llm, 9);
  outer.content_pieces = 3;
  EXPECT_EQ(why(recount({outer, inner})), "counted duplicate");
  outer.content_pieces = 0;
  EXPECT_EQ(why(recount({outer, inner})), "duplicate counted");
}

TEST(Recount, SiblingsWithOneResponseAreOneCall) {
  Fact a = span(2, 1, Kind::llm, 9), b = span(3, 1, Kind::llm, 9);
  b.start = a.start + 1;
  a.response_id = b.response_id = "msg_1";
  a.scope = "x", b.scope = "y";
  b.content_pieces = 2;
  EXPECT_EQ(why(recount({span(1, 0, Kind::agent), a, b})), "no_usage duplicate counted");
  b.start = a.end + 100, b.end = b.start + 5;  // a cached answer given again later is a call of its own
  EXPECT_EQ(why(recount({span(1, 0, Kind::agent), a, b})), "no_usage counted counted");
}

TEST(Recount, EqualUsageAtOneTimeIsOneCallOnlyFromTwoInstrumentations) {
  Fact a = span(2, 1, Kind::llm, 9), b = span(3, 1, Kind::llm, 9);
  b.start = a.start + 1;
  a.scope = "x", b.scope = "y";
  EXPECT_EQ(why(recount({span(1, 0, Kind::agent), a, b})), "no_usage counted duplicate");
  b.scope = "x";  // two of a parallel fan-out
  EXPECT_EQ(why(recount({span(1, 0, Kind::agent), a, b})), "no_usage counted counted");
}

TEST(Recount, OneFailureIsTheDeepest) {
  const auto verdicts =
      recount({failed(span(1, 0, Kind::agent), "429"), failed(span(2, 1, Kind::workflow), "wrapped: 429"),
               failed(span(3, 2, Kind::llm), "429")});
  EXPECT_FALSE(verdicts[0].is_error);
  EXPECT_FALSE(verdicts[1].is_error);
  EXPECT_TRUE(verdicts[2].is_error);
}

TEST(Recount, AToolThatTheRunSurvivedDoesNotExplainTheRunsOwnFailure) {
  const auto verdicts =
      recount({failed(span(1, 0, Kind::agent), "too many turns"), failed(span(2, 1, Kind::tool), "timeout")});
  EXPECT_TRUE(verdicts[0].is_error);
  EXPECT_TRUE(verdicts[1].is_error);
}

TEST(Recount, WhoseCostItIsComesFromAboveOrFromTheOnlyOne) {
  Fact root = span(1, 0, Kind::agent), call = span(2, 1, Kind::llm), inner = span(3, 1, Kind::agent);
  Fact deep = span(4, 3, Kind::llm), stray = span(5, 99, Kind::llm);
  root.whose.task = "refund", root.whose.customer = "acme";
  call.whose.team = "support";
  auto verdicts = recount({stray, deep, inner, call, root});
  for (const auto& verdict : verdicts) {
    EXPECT_EQ(verdict.whose.task, "refund");
    EXPECT_EQ(verdict.whose.customer, "acme");
    EXPECT_EQ(verdict.whose.team, "support");
    EXPECT_EQ(verdict.whose.outcome, "");
  }
  inner.whose.task = "ship";  // two tasks: each goes down, neither goes elsewhere
  verdicts = recount({root, call, inner, deep, stray});
  EXPECT_EQ(verdicts[1].whose.task, "refund");
  EXPECT_EQ(verdicts[3].whose.task, "ship");
  EXPECT_EQ(verdicts[4].whose.task, "");
}

TEST(Recount, SessionsSpreadWhereThereIsExactlyOne) {
  Fact root = span(1, 0, Kind::agent), child = span(2, 1, Kind::llm), other = span(3, 0, Kind::agent);
  child.session = "s", child.user = "u";
  auto verdicts = recount({root, child, other});
  EXPECT_EQ(verdicts[0].session, "s");
  EXPECT_EQ(verdicts[2].user, "u");
  other.session = "t";
  verdicts = recount({root, child, other});
  EXPECT_EQ(verdicts[0].session, "");
  other.parent = child.span, other.session_weak = true;  // a nested agent's own conversation
  verdicts = recount({root, child, other});
  EXPECT_EQ(verdicts[2].session, "s");
  EXPECT_EQ(verdicts[0].session, "s");
}

TEST(Recount, CyclesOrphansAndTwinsAreHarmless) {
  EXPECT_EQ(why(recount({span(1, 2, Kind::llm, 3), span(2, 1, Kind::llm, 4), span(3, 3, Kind::llm, 5),
                         span(4, 9, Kind::llm, 6)}))
                    .size() > 0,
            true);
  EXPECT_TRUE(recount({}).empty());
  Fact twin = span(5, 0, Kind::llm, 1);
  EXPECT_EQ(recount({twin, twin, span(6, 5, Kind::tool)}).size(), 3U);
}

std::vector<Fact> random_trace(SeededRandom& rng, std::size_t size) {
  constexpr Kind kinds[] = {Kind::agent,    Kind::llm,   Kind::llm,       Kind::tool,
                            Kind::workflow, Kind::other, Kind::embedding, Kind::handoff};
  static constexpr std::string_view words[] = {"", "a", "b", "c", "boom", "x failed: boom"};
  std::vector<Fact> facts;
  const auto word = [&] { return words[rng.below(std::size(words))]; };
  for (std::uint64_t i = 1; i <= size; ++i) {
    Fact fact = span(i, rng.below(i + 2), kinds[rng.below(std::size(kinds))]);
    fact.end = fact.start + static_cast<Nanos>(rng.below(200));
    if (rng.below(2) == 0) fact.tokens.input = static_cast<std::int64_t>(rng.below(3));
    if (rng.below(5) == 0) fact.status = Status::error;
    fact.session_weak = rng.below(4) == 0;
    fact.scope = word(), fact.response_id = word(), fact.session = word(), fact.agent = word(), fact.tool_name = word();
    fact.error_message = word(), fact.model = word();
    fact.content_pieces = static_cast<std::uint32_t>(rng.below(3));
    facts.push_back(fact);
  }
  return facts;
}

bool same(const Verdict& a, const Verdict& b) {
  return a.why == b.why && a.fallback == b.fallback && a.is_error == b.is_error && a.kind == b.kind &&
         a.noise == b.noise && a.session == b.session && a.user == b.user && a.agent == b.agent &&
         a.handoff_to == b.handoff_to;
}

TEST(Recount, OrderDoesNotMatter) {
  SeededRandom rng(7);
  for (int round = 0; round < 300; ++round) {
    const std::vector<Fact> facts = random_trace(rng, 1 + rng.below(40));
    const std::vector<Verdict> verdicts = recount(facts);
    std::vector<std::size_t> order(facts.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[rng.below(i)]);
    std::vector<Fact> shuffled;
    for (const std::size_t i : order) shuffled.push_back(facts[i]);
    const std::vector<Verdict> again = recount(shuffled);
    for (std::size_t i = 0; i < order.size(); ++i) {
      ASSERT_TRUE(same(again[i], verdicts[order[i]])) << "round " << round << " span " << order[i] + 1;
    }
  }
}

TEST(Recount, OfEveryTraceEachTokenCountsAtMostOnceDownAnyPath) {
  SeededRandom rng(11);
  for (int round = 0; round < 300; ++round) {
    const std::vector<Fact> facts = random_trace(rng, 1 + rng.below(40));
    const std::vector<Verdict> verdicts = recount(facts);
    bool any = false, models = false;
    for (std::size_t i = 0; i < facts.size(); ++i) {
      any = any || (verdicts[i].why == NotCounted::counted && !verdicts[i].fallback);
      models = models || verdicts[i].fallback;
      if (verdicts[i].why == NotCounted::counted) {
        ASSERT_TRUE(facts[i].tokens.any());
      }
    }
    ASSERT_FALSE(any && models) << "either model calls count or the fallback";
  }
}

TEST(Recount, TenThousandSpans) {
  SeededRandom rng(3);
  std::vector<Fact> deep;
  for (std::uint64_t i = 1; i <= 10'000; ++i) {
    Fact fact = span(i, i - 1, i % 3 == 0 ? Kind::llm : Kind::workflow, static_cast<std::int64_t>(i % 5));
    fact.session_weak = true;
    fact.session = "s";
    deep.push_back(fact);
  }
  std::vector<Fact> flat;
  for (std::uint64_t i = 1; i <= 10'000; ++i) {
    Fact fact = span(i, i == 1 ? 0 : 1, Kind::llm, 9);
    fact.start = 0, fact.end = 1'000'000;
    fact.scope = i % 2 == 0 ? "x" : "y";
    fact.model = i % 4 < 2 ? "m" : "n";
    flat.push_back(fact);
  }
  for (const auto& facts : {deep, flat, random_trace(rng, 10'000)}) {
    const std::clock_t start = std::clock();
    EXPECT_EQ(recount(facts).size(), facts.size());
    const double ms = 1000.0 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    fmt::print("recount: {:.1f} ms for {} spans\n", ms, facts.size());
    EXPECT_LT(ms, 1000);
  }
}

}  // namespace
}  // namespace pawl::llm
