// The grammar, its errors with their places, and what Pawl adds: exact counters.
#include <gtest/gtest.h>

#include "promql/eval.h"

namespace pawl::promql {
namespace {

std::string mistake(std::string_view text) {
  const auto expr = parse(text);
  return expr ? "parsed: " + print(*expr) : expr.error().what;
}
std::string printed(std::string_view text) {
  const auto expr = parse(text);
  return expr ? print(*expr) : expr.error().what;
}

TEST(Grammar, SaysWhereAndWhatIsWrong) {
  EXPECT_EQ(mistake(""), "1:1: parse error: no expression found in input");
  EXPECT_EQ(mistake("sum("), "1:5: parse error: unclosed left parenthesis");
  EXPECT_EQ(mistake("a{b=\"c\""), "1:8: parse error: unclosed left brace");
  EXPECT_EQ(mistake("1 +"), "1:4: parse error: unexpected end of input");
  EXPECT_EQ(mistake("1\n+ )"), "2:3: parse error: unexpected \")\"");
  EXPECT_EQ(mistake("a)"), "1:2: parse error: unexpected right parenthesis ')'");
  EXPECT_EQ(mistake("rat(a[5m])"), "1:1: parse error: unknown function with name \"rat\"");
  EXPECT_EQ(mistake("rate(a)"),
            "1:6: parse error: expected type range vector in call to function \"rate\", got instant vector");
  EXPECT_EQ(mistake("rate(a[5m], 1)"), "1:1: parse error: expected 1 argument(s) in call to \"rate\", got 2");
  EXPECT_EQ(mistake("a{}b"), "1:4: parse error: unexpected identifier \"b\"");
  EXPECT_EQ(mistake("{a=\"\"}"), "1:1: parse error: vector selector must contain at least one non-empty matcher");
  EXPECT_EQ(mistake("{a=~\"(\"}"), "1:5: parse error: error parsing regexp: missing ): (");
  EXPECT_EQ(mistake("a[5x]"), "1:3: parse error: bad number or duration syntax: \"5x\"");
  EXPECT_EQ(mistake("a[0s]"), "1:2: parse error: duration must be greater than 0");
  EXPECT_EQ(mistake("sum(a)[5m]"), "1:7: parse error: ranges only allowed for vector selectors");
  EXPECT_EQ(mistake("1 > 2"), "1:1: parse error: comparisons between scalars must use BOOL modifier");
  EXPECT_EQ(mistake("a + bool b"), "1:1: parse error: bool modifier can only be used on comparison operators");
  EXPECT_EQ(mistake("1 and a"), "1:1: parse error: set operator \"and\" not allowed in binary scalar expression");
  EXPECT_EQ(mistake("a + on(b) group_left(b) c"),
            "1:1: parse error: label \"b\" must not occur in ON and GROUP clause at once");
  EXPECT_EQ(mistake("topk(a)"),
            "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1");
  EXPECT_EQ(mistake("a offset 5m offset 5m"), "1:13: parse error: offset may not be set multiple times");
  EXPECT_EQ(mistake("1 offset 5m"),
            "1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector "
            "or a subquery");
  EXPECT_EQ(mistake("\"a"), "1:1: parse error: unterminated quoted string");
  EXPECT_EQ(mistake("a $"), "1:3: parse error: unexpected character: \"$\"");
  EXPECT_NE(mistake(std::string(5000, '(')).find("nested too deeply"), std::string::npos);
  std::string powers = "1";
  for (int i = 0; i < 5000; ++i) powers += "^1";
  EXPECT_NE(mistake(powers).find("nested too deeply"), std::string::npos);
  EXPECT_NE(mistake(std::string(70'000, ' ')).find("longer than 64 KB"), std::string::npos);
}

TEST(Grammar, PrintsAsPromtoolDoes) {
  EXPECT_EQ(printed("sum(rate(x[5m]))by(a)"), "sum by (a) (rate(x[5m]))");
  EXPECT_EQ(printed("-1^2"), "-1 ^ 2");
  EXPECT_EQ(printed("a{ b=~'c' , d!~`e\\d` }  OFFSET  90s"), "a{b=~\"c\", d!~\"e\\\\d\"} offset 1m30s");
  EXPECT_EQ(printed("max_over_time(rate(a[5m])[1h:])"), "max_over_time(rate(a[5m])[1h:])");
  EXPECT_EQ(printed("a @ 1.5 offset -1d"), "a @ 1.500 offset -1d");
  EXPECT_EQ(printed("a @ end()"), "a @ end()");
  EXPECT_EQ(printed("a * on(b,c) group_left(d) e"), "a * on (b, c) group_left (d) e");
  EXPECT_EQ(printed("a == bool 1 # why"), "a == bool 1");
  EXPECT_EQ(printed("0x1F + 1e3 + .5 + Inf + NaN"), "31 + 1000 + 0.5 + +Inf + NaN");
  EXPECT_EQ(printed("{__name__=~\"a:b.*\"}"), "{__name__=~\"a:b.*\"}");
  EXPECT_EQ(printed("inf{}"), "inf{}");
  EXPECT_EQ(printed("a:b"), "a:b");
}

TEST(Grammar, OperatorsBindAsPrometheusSays) {
  const auto scalar = [](std::string_view text) {
    const auto expr = parse(text);
    return evaluate(*expr, 4000, nullptr, Limits{})->scalar;
  };
  EXPECT_EQ(scalar("1+1"), 2);
  EXPECT_EQ(scalar("-2^2"), -4);
  EXPECT_EQ(scalar("2^3^2"), 512);
  EXPECT_EQ(scalar("2*3+4%3-1/2"), 6.5);
  EXPECT_EQ(scalar("1 + 2 == bool 3"), 1);
  EXPECT_EQ(scalar("time()"), 4);
  EXPECT_EQ(scalar("(1)"), 1);
}

TEST(Grammar, DurationsAndValues) {
  EXPECT_EQ(parse_duration("1h30m"), 5'400'000);
  EXPECT_EQ(parse_duration("1y2w3d4h5m6s7ms"), 31'536'000'000 + 1'209'600'000 + 259'200'000 + 14'706'007);
  EXPECT_EQ(parse_duration("30m1h"), std::nullopt);
  EXPECT_EQ(parse_duration("5"), std::nullopt);
  EXPECT_EQ(parse_duration("99999999999y"), std::nullopt);
  EXPECT_EQ(print_value(0.012345), "0.012345");
  EXPECT_EQ(print_value(1e16), "10000000000000000");
  EXPECT_EQ(print_value(0.00001), "0.00001");
  EXPECT_EQ(print_value(1e-7), "1e-07");
  EXPECT_EQ(print_value(1e21), "1e+21");
  EXPECT_EQ(print_value(2), "2");
  EXPECT_EQ(print_value(-std::numeric_limits<double>::infinity()), "-Inf");
}

Source one_counter() {  // 0.1 dollars each minute for ten minutes, then nothing
  return [](const std::vector<Wanted>& wanted) -> Result<std::vector<std::vector<Series>>> {
    Series series{.labels = {{"__name__", "cost"}, {"agent", "a"}}};
    for (int minute = 1; minute <= 10; ++minute) {
      series.samples.push_back({minute * 60'000, 0.1 * minute});
      series.added.push_back(0.1);
    }
    return std::vector<std::vector<Series>>(wanted.size(), {series});
  };
}

double at(std::string_view text, Millis when) {
  const auto expr = parse(text);
  const auto answer = evaluate(*expr, when, one_counter(), Limits{});
  return answer && answer->lines.size() == 1 ? answer->lines[0].samples[0].value : -1;
}

TEST(ExactCounters, GrowByWhatWasAdded) {
  EXPECT_EQ(at("increase(cost[5m])", 600'000), 0.5);
  EXPECT_EQ(at("increase(cost[10m])", 600'000), 1.0);  // to the last bit: no drift of sums
  EXPECT_EQ(at("rate(cost[10m])", 600'000), 1.0 / 600);
  EXPECT_EQ(at("increase(cost[1m])", 60'000), 0.1);    // one sample is enough
  EXPECT_EQ(at("increase(cost[5m])", 840'000), 0.1);   // (9, 14]: the tenth minute alone
  EXPECT_EQ(at("increase(cost[5m])", 1'200'000), -1);  // nothing happened: no point
  EXPECT_EQ(at("cost", 86'400'000), 1.0);              // its total holds
  EXPECT_EQ(at("resets(cost[10m])", 600'000), 0);
  EXPECT_EQ(at("count_over_time(cost[5m])", 840'000), 5);  // as if it were scraped each minute
}

TEST(Evaluation, AsksForWhatIsEnough) {
  std::vector<Wanted> seen;
  const Source source = [&](const std::vector<Wanted>& wanted) -> Result<std::vector<std::vector<Series>>> {
    seen = wanted;
    return std::vector<std::vector<Series>>(wanted.size());
  };
  const auto expr = parse("sum by (agent) (rate(a{b=\"c\"}[10m] offset 1h)) / max(d) + e @ 5");
  ASSERT_TRUE(evaluate(*expr, 7'200'000, 10'800'000, 60'000, source, Limits{}));
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_TRUE(seen[0].summed);
  EXPECT_EQ(seen[0].grouping, std::vector<std::string>{"agent"});
  EXPECT_EQ(seen[0].function, "rate");
  EXPECT_EQ(seen[0].range, 600'000);
  EXPECT_EQ(seen[0].from, 3'000'000);
  EXPECT_EQ(seen[0].to, 7'200'000);
  EXPECT_FALSE(seen[1].summed);
  EXPECT_EQ(seen[1].from, 6'900'000);
  EXPECT_EQ(seen[2].first, 5000);
  EXPECT_EQ(seen[2].last, 5000);
  EXPECT_TRUE(seen[2].named.empty());
  ASSERT_TRUE(evaluate(*parse("max by (tool) (a * on(agent) b) + topk by (team) (2, c)"), 0, source, Limits{}));
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].named, (std::vector<std::string>{"tool", "agent"}));
  EXPECT_EQ(seen[2].named, std::vector<std::string>{"team"});
}

TEST(Evaluation, IsBounded) {
  const auto expr = parse("max_over_time(cost[100d:1ms])");
  const auto answer = evaluate(*expr, 600'000, one_counter(), Limits{});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::exhausted);
  const auto other = parse("sum_over_time(cost[1d:1m])");
  const auto stopped = evaluate(*other, 600'000, one_counter(), Limits{.stop = [] { return true; }});
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().kind, ErrorKind::unavailable);
}

TEST(Evaluation, RefusesManyToMany) {
  const Source source = [](const std::vector<Wanted>& wanted) -> Result<std::vector<std::vector<Series>>> {
    std::vector<std::vector<Series>> out(wanted.size());
    for (std::size_t i = 0; i < out.size(); ++i)
      for (const char* model : {"m1", "m2"})
        out[i].push_back({.labels = {{"__name__", wanted[i].selector->name}, {"agent", "a"}, {"model", model}},
                          .samples = {{1000, 1}}});
    return out;
  };
  const auto refused = evaluate(*parse("x + on(agent) y"), 1000, source, Limits{});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what,
            "found duplicate series for the match group {agent=\"a\"} on the right hand-side of the operation: "
            "[{__name__=\"y\", agent=\"a\", model=\"m2\"}, {__name__=\"y\", agent=\"a\", model=\"m1\"}];many-to-many "
            "matching not allowed: matching labels must be unique on one side");
  EXPECT_TRUE(evaluate(*parse("x + on(agent, model) y"), 1000, source, Limits{}));
}

}  // namespace
}  // namespace pawl::promql
