// What tools that charge by call cost: dates, units, what is not known, and mistakes in the file.
#include <gtest/gtest.h>

#include "llm/prices.h"

namespace pawl::llm {
namespace {

constexpr std::string_view file = R"json({"tools": [
  {"id": "web_search", "provider": "tavily", "match": {"or": [{"equals": "web_search"}, {"starts_with": "tavily"}]},
   "prices": [{"per_call": "0.008"}, {"constraint": {"start_date": "2027-01-01"}, "per_call": "0.005"}]},
  {"id": "ocr", "prices": [{"per_call": "0.001", "per_unit": {"attribute": "ocr.pages", "price": "0.0000000000015"}}]}
]})json";

std::optional<ToolPriced> price(const PriceList& list, std::string_view tool, std::string_view at,
                                std::string_view pages) {
  return tool_price(list, {.tool = tool, .at = parse_time(at).value(), .attribute = [pages](std::string_view name) {
                             return name == "ocr.pages" ? pages : std::string_view();
                           }});
}

TEST(ToolPrices, ByNameAndDate) {
  const auto list = built_in_prices()->overlay(file);
  ASSERT_TRUE(list) << list.error().what;
  const auto before = price(*list, "Tavily_Extract", "2026-12-31T23:59:59Z", "");
  ASSERT_TRUE(before && before->pico);
  EXPECT_EQ(*before->pico, 8'000'000'000);
  EXPECT_TRUE(before->row.starts_with("tool:tavily/web_search#"));
  EXPECT_EQ(tool_of_row(before->row), "web_search");
  const auto after = price(*list, "web_search", "2027-01-01T00:00:00Z", "");
  EXPECT_EQ(*after->pico, 5'000'000'000);
  EXPECT_TRUE(after->row.starts_with("tool:tavily/web_search@2027-01-01#"));
  EXPECT_EQ(tool_rates(*list, after->row)->per_call, 5'000'000'000);
  EXPECT_FALSE(tool_rates(*list, "tool:tavily/web_search#0"));
  EXPECT_FALSE(price(*list, "calculator", "2027-01-01T00:00:00Z", ""));
  EXPECT_FALSE(tool_price(*built_in_prices(), {.tool = "web_search", .at = 0, .attribute = {}}));
}

TEST(ToolPrices, ByUnit) {
  const auto list = *built_in_prices()->overlay(file);
  EXPECT_EQ(price(list, "ocr", "2026-01-01", "2")->pico,
            1'000'000'000 + 4);  // 2 × 2 (1.5 is half: to even), rounded as a price
  EXPECT_EQ(price(list, "ocr", "2026-01-01", " 0.25 ")->pico, 1'000'000'000);  // half a pico-dollar: to even
  EXPECT_EQ(price(list, "ocr", "2026-01-01", "0")->pico, 1'000'000'000);
  for (const char* none : {"", "many", "-1", "1e99", "nan"}) {
    const auto unknown = price(list, "ocr", "2026-01-01", none);
    ASSERT_TRUE(unknown) << none;
    EXPECT_FALSE(unknown->pico) << none;
    EXPECT_NE(unknown->why.find("ocr.pages"), std::string::npos) << unknown->why;
  }
}

TEST(ToolPrices, MistakesAreNamed) {
  const auto list = *built_in_prices();
  for (const auto& [json, words] :
       {std::pair(R"({"tools":[{"prices":[{"per_call":"1"}]}]})", "tools[0]: needs \"id\""),
        {R"({"tools":[{"id":"a"}]})", "at least one row"},
        {R"({"tools":[{"id":"a","prices":[{}]}]})", "tools[0].prices[0]: needs \"per_call\""},
        {R"({"tools":[{"id":"a","prices":[{"percall":"1"}]}]})", "did you mean \"per_call\""},
        {R"({"tools":[{"id":"a","prices":[{"per_call":"-1"}]}]})", "must not be negative"},
        {R"({"tools":[{"id":"a","prices":[{"per_unit":{"price":"1"}}]}]})", "needs \"attribute\""},
        {R"({"tools":[{"id":"a/b","prices":[{"per_call":"1"}]}]})", "without / @ #"},
        {R"({"tool":[]})", "did you mean \"tools\""}}) {
    const auto wrong = list.overlay(json);
    ASSERT_FALSE(wrong) << json;
    EXPECT_NE(wrong.error().what.find(words), std::string::npos) << wrong.error().what;
  }
}

}  // namespace
}  // namespace pawl::llm
