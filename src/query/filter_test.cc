// The filter language: what parses, what it becomes, and how a mistake is told.
#include <gtest/gtest.h>

#include "world.h"

namespace pawl::query {
namespace {

std::string normal(std::string_view text) {
  const auto filter = Filter::parse(text);
  return filter ? filter->text() : "error: " + filter.error().message;
}

FilterError mistake(std::string_view text) {
  const auto filter = Filter::parse(text);
  EXPECT_FALSE(filter) << text;
  return filter ? FilterError{} : filter.error();
}

TEST(Filter, ReadsEveryKindOfTerm) {
  EXPECT_EQ(normal("agent=refunds model~gpt status=error cost>0.05 duration>=10s tool=issue_refund attr.tenant=acme "
                   "-tag=test \"card declined\""),
            "agent=refunds model~gpt status=error cost>0.05 duration>=10s tool=issue_refund attr.tenant=acme -tag=test "
            "\"card declined\"");
  EXPECT_EQ(normal("model:a,b  or ( is:error has:tool )"), "model=a,b or is:error has:tool");
  EXPECT_EQ(normal("a b or c d"), "a b or c d");
  EXPECT_EQ(normal("a (b or c) d"), "a (b or c) d");
  EXPECT_EQ(normal("-(a b)"), "-(a b)");
  EXPECT_EQ(normal("-(-a)"), "a");
  EXPECT_EQ(normal("a AND b OR c"), "a b or c");
  EXPECT_EQ(normal("Agent=X VERSION=2 trace_id=abc"), "agent=X agent_version=2 trace=abc");
  EXPECT_EQ(normal("agent=\"\""), "agent=\"\"");
  EXPECT_EQ(normal("agent=\"a, \\\"b\\\"\",c"), "agent=\"a, \\\"b\\\"\",c");
  EXPECT_EQ(normal("attr.\"odd name\"=1"), "attr.\"odd name\"=1");
  EXPECT_EQ(normal("attr.a.b/c>3"), "attr.a.b/c>3");
  EXPECT_EQ(normal("\"or\" \"status=error\" 3>2"), "\"or\" \"status=error\" 3>2");
  EXPECT_EQ(normal("status=ERROR is:Error"), "status=error is:error");
  EXPECT_EQ(normal("url=x"), "error: No dimension is called url.");
  EXPECT_EQ(normal(" \t "), "");
}

TEST(Filter, SaysWhereAMistakeIs) {
  const auto unknown = mistake("agent=a durration>10s");
  EXPECT_EQ(unknown.message, "No dimension is called durration. Did you mean duration?");
  EXPECT_EQ(unknown.position, 8U);
  EXPECT_EQ(unknown.length, 9U);
  EXPECT_EQ(unknown.nearest, "duration");
  EXPECT_EQ(unknown.expected.at(0), "duration");

  EXPECT_EQ(mistake("cost>lots").message, "lots is no amount of dollars.");
  EXPECT_EQ(mistake("cost>lots").position, 5U);
  EXPECT_EQ(mistake("duration>10").message, "10 is no duration.");
  EXPECT_EQ(mistake("status=eror").message, "eror is no status. Did you mean error?");
  EXPECT_EQ(mistake("status=ok,eror").position, 10U);
  EXPECT_EQ(mistake("is:lop").position, 3U);
  EXPECT_EQ(mistake("is:eror").nearest, "error");
  EXPECT_EQ(mistake("has:score").message, "No dimension is called score.");
  EXPECT_EQ(mistake("agent>3").expected, (std::vector<std::string>{"=", "!=", "~"}));
  EXPECT_EQ(mistake("agent>3").position, 5U);
  EXPECT_EQ(mistake("cost=1").expected.size(), 4U);
  EXPECT_EQ(mistake("agent=").position, 6U);
  EXPECT_EQ(mistake("agent=a,").position, 8U);
  EXPECT_EQ(mistake("(agent=a").position, 0U);
  EXPECT_EQ(mistake("agent=a)").position, 7U);
  EXPECT_EQ(mistake("agent=a or").position, 10U);
  EXPECT_EQ(mistake("or agent=a").position, 0U);
  EXPECT_EQ(mistake("\"open").position, 0U);
  EXPECT_EQ(mistake("=x").position, 0U);
  EXPECT_EQ(mistake("a - b").position, 2U);
  EXPECT_EQ(mistake("()").position, 1U);
  EXPECT_EQ(mistake("tool=f(x)").position, 6U);
  EXPECT_EQ(mistake("attr.=3").position, 0U);
  EXPECT_EQ(mistake("\xff").message, "A filter must be UTF-8 text.");
}

TEST(Filter, HasLimits) {
  EXPECT_EQ(mistake(std::string(8193, 'a')).message, "A filter is at most 8 KB long.");
  std::string many;
  for (int i = 0; i < 201; ++i) many += "a ";
  EXPECT_EQ(mistake(many).position, 400U);
  EXPECT_EQ(mistake(std::string(33, '(') + "a" + std::string(33, ')')).position, 32U);
  EXPECT_EQ(normal(std::string(32, '(') + "a" + std::string(32, ')')), "a");
}

TEST(Filter, ListsItsTerms) {
  const auto filter = Filter::parse("model=a,\"b c\" -(is:error or -word) \"a phrase\" attr.x>=2");
  ASSERT_TRUE(filter);
  const auto& terms = filter->terms();
  ASSERT_EQ(terms.size(), 5U);
  EXPECT_EQ(terms[0].text, "model=a,\"b c\"");
  EXPECT_EQ(terms[0].end, 13U);
  EXPECT_EQ(terms[0].values, (std::vector<std::string>{"a", "b c"}));
  EXPECT_EQ(terms[1].kind, "is");
  EXPECT_EQ(terms[1].dimension, "error");
  EXPECT_TRUE(terms[1].negated);
  EXPECT_EQ(terms[2].text, "-word");
  EXPECT_FALSE(terms[2].negated);
  EXPECT_EQ(terms[3].kind, "phrase");
  EXPECT_EQ(terms[4].dimension, "attr.x");
  EXPECT_EQ(terms[4].op, ">=");
  EXPECT_TRUE(filter->searches_bodies());
  EXPECT_FALSE(Filter::parse("prompt=a")->searches_bodies());
  EXPECT_TRUE(Filter::parse("-prompt~a")->searches_bodies());
}

// What prints parses to the same tree; whatever is typed is answered or refused.
TEST(Filter, PrintsWhatItParses) {
  SeededRandom random(7);
  const std::string pieces = "agent=\"x y\",b or -( ) is:error has:tool attr.a>1 \\ \" , : ~ word \xc3\xa9 and cost<1";
  for (int i = 0; i < 20'000; ++i) {
    std::string text = testing::random_filter(random);
    if (i % 2 == 0) {
      for (std::uint64_t n = random.below(4); n > 0; --n) {
        const std::size_t at = random.below(text.size() + 1), from = random.below(pieces.size());
        text.insert(at, pieces.substr(from, 1 + random.below(9)));
      }
    }
    const auto filter = Filter::parse(text);
    if (!filter) {
      EXPECT_LE(filter.error().position, text.size()) << text;
      EXPECT_FALSE(filter.error().message.empty());
      continue;
    }
    const auto again = Filter::parse(filter->text());
    ASSERT_TRUE(again) << text << " => " << filter->text() << ": " << again.error().message;
    EXPECT_EQ(again->text(), filter->text()) << text;
    for (const Term& term : filter->terms()) EXPECT_EQ(term.text, text.substr(term.start, term.end - term.start));
  }
}

TEST(Catalogue, IsWhole) {
  for (const DimensionInfo& dimension : dimensions()) {
    EXPECT_FALSE(dimension.definition.empty()) << dimension.name;
    EXPECT_FALSE(dimension.operators.empty()) << dimension.name;
  }
  for (const MeasureInfo& measure : measures()) {
    EXPECT_FALSE(measure.definition.empty()) << measure.name;
    EXPECT_FALSE(measure.unit.empty()) << measure.name;
  }
  EXPECT_EQ(grain_from("trace"), Grain::trace);
  EXPECT_FALSE(grain_from("traces"));
  EXPECT_TRUE(std::ranges::is_sorted(time_zones()));
}

TEST(Filter, OneValueInPlaceOfWhatItSays) {
  const auto with = [](std::string_view text) { return with_value(*Filter::parse(text), "agent_version", "1.4"); };
  EXPECT_EQ(with(""), "agent_version=\"1.4\"");
  EXPECT_EQ(with("agent=a version=1.5 cost>1"), "agent=a cost>1 agent_version=\"1.4\"");
  EXPECT_EQ(with("-agent_version=1.5"), "agent_version=\"1.4\"");
  EXPECT_EQ(with("agent=a or agent=b"), "(agent=a or agent=b) agent_version=\"1.4\"");
  EXPECT_EQ(with("has:agent_version (tool=x or version=2)"), "(tool=x or agent_version=2) agent_version=\"1.4\"");
  EXPECT_TRUE(Filter::parse(with("agent=a or \"two words\"")));
}

}  // namespace
}  // namespace pawl::query
