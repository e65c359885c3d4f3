// Lines of a charge add up to it; columns say what FOCUS wants.
#include "charge.h"

#include <gtest/gtest.h>

#include "focus.h"

namespace pawl::costs {
namespace {

llm::Pricer& pricer() {
  static llm::Pricer one(*llm::built_in_prices());
  return one;
}

Int128 total(const std::vector<Line>& lines) {
  Int128 out = 0;
  for (const Line& line : lines) out += line.cost;
  return out;
}

// Calls as the writer prices them, one by one, and their sum.
Sum priced(std::string_view provider, std::string_view model, const std::vector<llm::Tokens>& calls,
           std::string_view at = "2026-11-03") {
  Sum sum{.source = "priced", .cost = 0};
  sum.tokens.input = 0;
  for (const auto& tokens : calls) {
    const auto one = pricer().cost_of(tokens, {.provider = provider, .model = model, .at = *parse_time(at)});
    EXPECT_TRUE(one) << one.error().what;
    sum.row = one->row, sum.cost += one->total.pico, ++sum.calls;
    const auto add = [](std::optional<std::int64_t>& into, const std::optional<std::int64_t>& more) {
      if (more) into = into.value_or(0) + *more;
    };
    add(sum.tokens.input, tokens.input), add(sum.tokens.cache_read, tokens.cache_read);
    add(sum.tokens.cache_write, tokens.cache_write), add(sum.tokens.output, tokens.output);
    add(sum.tokens.reasoning, tokens.reasoning);
  }
  return sum;
}

TEST(Lines, AddUpToWhatTheCallsCost) {
  const Sum sum =
      priced("openai", "gpt-4o", {{1234, 1000, {}, 77, {}, {}}, {1, {}, {}, 3, 5, {}}, {99, 7, {}, 0, 9, {}}});
  const auto lines = lines_of(pricer(), sum);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(total(lines), sum.cost);
  std::map<std::string, std::int64_t> by;
  for (const Line& line : lines) by[line.type] = line.millionths / 1'000'000;
  EXPECT_EQ(by, (std::map<std::string, std::int64_t>{{"input", 1334}, {"cache_read", 1007}, {"output", 94}}));
}

TEST(Lines, AreOfTheTierThatTheCallsPassed) {
  Sum low =
      priced("anthropic", "claude-sonnet-4-5-20250929", {{150'000, {}, {}, 10, {}, {}}, {199'000, {}, {}, 10, {}, {}}});
  Sum high = priced("anthropic", "claude-sonnet-4-5-20250929", {{200'001, {}, {}, 10, {}, {}}});
  EXPECT_EQ(low.row, high.row);
  EXPECT_EQ(lines_of(pricer(), low).size(), 2U);  // together far beyond the tier, each below
  const auto wrong = lines_of(pricer(), high);
  ASSERT_EQ(wrong.size(), 1U);  // the price of tier 0 does not explain it: told as a whole
  EXPECT_EQ(wrong[0].type, "all");
  EXPECT_EQ(wrong[0].cost, high.cost);
  high.tier = 1;
  EXPECT_EQ(lines_of(pricer(), high).size(), 2U);
  EXPECT_EQ(total(lines_of(pricer(), high)), high.cost);
}

TEST(Lines, RoundingOfEachCallGoesToTheLargest) {
  auto own = llm::built_in_prices()->overlay(R"({"providers": [{"id": "openai", "name": "OpenAI", "api_pattern": "x",
    "models": [{"id": "odd", "match": {"equals": "odd"}, "prices": [{"prices": {"input_mtok": "0.0000005", "output_mtok": "1"}}]}]}]})");
  ASSERT_TRUE(own) << own.error().what;
  llm::Pricer odd(*own);
  Sum sum{.source = "priced"};
  sum.tokens.input = 0, sum.tokens.output = 0;
  for (int i = 0; i < 5; ++i) {
    const llm::Tokens tokens{1, {}, {}, 1, {}, {}};
    const auto one = odd.cost_of(tokens, {.provider = "openai", .model = "odd", .at = 0});
    ASSERT_TRUE(one) << one.error().what;
    sum.row = one->row, sum.cost += one->total.pico, ++sum.calls;
    *sum.tokens.input += 1, *sum.tokens.output += 1;
  }
  const auto lines = lines_of(odd, sum);
  EXPECT_EQ(lines.size(), 2U);
  EXPECT_EQ(total(lines), sum.cost);
}

TEST(Lines, OfAPriceThatIsGoneAreOne) {
  Sum sum{.row = "openai/gpt-none#00000000", .source = "priced", .cost = 123};
  sum.tokens.input = 9;
  const auto lines = lines_of(pricer(), sum);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].cost, 123);
  EXPECT_FALSE(lines[0].pico);
}

TEST(Shares, AddUpWhateverTheWeights) {
  const Int128 total = Int128{7} * 1'000'000'000'000 * 1'000'000 + 1;
  for (const auto& weights : std::vector<std::vector<Int128>>{
           {1, 1, 1}, {0, 0}, {5, 0, 3}, {Int128{1} << 90, 1, 2}, {1}, {0, Int128{3} << 70, Int128{1} << 71}}) {
    Int128 sum = 0;
    for (const Int128 part : shares_of(total, weights)) sum += part;
    EXPECT_EQ(sum, total);
  }
  EXPECT_EQ(shares_of(10, {1, 1, 1}), (std::vector<Int128>{4, 3, 3}));
  EXPECT_EQ(shares_of(-10, {1, 1, 1}), (std::vector<Int128>{-4, -3, -3}));
  EXPECT_EQ(shares_of(10, {0, 3, 0}), (std::vector<Int128>{0, 10, 0}));
  EXPECT_TRUE(shares_of(10, {}).empty());
}

TEST(Words, OfVendorsAndTiers) {
  EXPECT_EQ(vendor_of("aws.bedrock", "anthropic.claude-sonnet-4-5", "").provider, "AWS");
  EXPECT_EQ(vendor_of("aws.bedrock", "anthropic.claude-sonnet-4-5", "").publisher, "Anthropic");
  EXPECT_EQ(vendor_of("azure.ai.openai", "gpt-5", "").service, "Azure OpenAI");
  EXPECT_EQ(vendor_of("", "gpt-5", "openai/gpt-5@2025-08-07#1f2e3d4c").service, "OpenAI API");
  EXPECT_EQ(vendor_of("", "", "").provider, "Unknown");
  EXPECT_EQ(service_tier_of("openai/o3@2025-06-10+service_tier=flex@2026-10-12#1f2e3d4c"), "flex");
  EXPECT_EQ(service_tier_of("anthropic/x+processing=batch#1"), "batch");
  EXPECT_EQ(service_tier_of("openai/o3#1f2e3d4c"), "standard");
  EXPECT_EQ(decimal(Int128{1'234'567} * 1'000'000'000'000), "1234567.0");
  EXPECT_EQ(divided(1, 2), 0);
  EXPECT_EQ(divided(3, 2), 2);
  EXPECT_EQ(divided(-3, 2), -2);
}

TEST(Charge, ToolsByCallAndByUnit) {
  const auto list = llm::built_in_prices()->overlay(R"json({"tools": [{"id": "ocr", "provider": "acme", "prices": [
    {"per_call": "0.001", "per_unit": {"attribute": "pages", "price": "0.0015"}}]}]})json");
  ASSERT_TRUE(list) << list.error().what;
  llm::Pricer pricer(*list);
  const auto priced = llm::tool_price(*list, {.tool = "OCR", .at = 0, .attribute = [](auto) { return "3"; }});
  ASSERT_TRUE(priced && priced->pico);
  Sum sum{.row = std::string(priced->row), .source = "priced", .calls = 2, .cost = 2 * *priced->pico};
  auto lines = lines_of(pricer, sum);
  ASSERT_EQ(lines.size(), 2);
  EXPECT_EQ(lines[0].type, "tool_calls");
  EXPECT_EQ(lines[0].cost, 2 * pico_per_dollar / 1000);
  EXPECT_EQ(lines[1].type, "tool_units");
  EXPECT_EQ(lines[1].millionths, 6'000'000);
  EXPECT_EQ(lines[0].cost + lines[1].cost, sum.cost);
  EXPECT_FALSE(lines[1].tokens());
  sum.row = "tool:acme/gone#00000000";  // the list has it no more: nothing is lost
  lines = lines_of(pricer, sum);
  ASSERT_EQ(lines.size(), 1);
  EXPECT_EQ(lines[0].cost, sum.cost);
  EXPECT_FALSE(lines[0].pico);
  EXPECT_EQ(vendor_of("openai", "", priced->row).provider, "acme");
}

}  // namespace
}  // namespace pawl::costs
