// Mistakes in a price file are named with their path (docs/reference/prices.md).
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "llm/prices.h"
#include "llm/prices_table.h"

namespace pawl::llm {
namespace {

std::string mistake_in(std::string_view own) {
  static const PriceList base = *built_in_prices();
  const auto list = base.overlay(own);
  return list ? "" : list.error().what;
}

std::string in_model(std::string_view fields) {
  return mistake_in(fmt::format(R"({{"providers": [{{"id": "acme", "models": [{{"id": "m", {}}}]}}]}})", fields));
}

std::string in_prices(std::string_view prices) {
  return in_model(fmt::format(R"("prices": [{{"prices": {}}}])", prices));
}

TEST(PriceFile, NamesThePathOfAMistake) {
  const std::string path = "providers[0].models[0]";
  EXPECT_EQ(mistake_in("{"), "the price file is no JSON: " + mistake_in("{").substr(27));
  EXPECT_EQ(mistake_in("[]"), "the price file: must be an object");
  EXPECT_EQ(mistake_in("{}"), "the price file: needs \"providers\"");
  EXPECT_EQ(mistake_in(R"({"providers": {}})"), "providers: must be a list");
  EXPECT_EQ(mistake_in(R"({"provider": []})"),
            "the price file: does not know the key \"provider\"; did you mean \"providers\"?");
  EXPECT_EQ(mistake_in(R"({"providers": [{"name": "x"}]})"), "providers[0]: needs \"id\"");
  EXPECT_EQ(mistake_in(R"({"providers": [{"id": "a"}, {"id": "a"}]})"),
            "providers[1]: has the id \"a\" of another provider");
  EXPECT_EQ(mistake_in(R"({"providers": [{"id": "A"}]})"), "providers[0]: needs an \"id\" in lower case");
  EXPECT_EQ(mistake_in(R"({"providers": [{"id": "a", "api_pattern": "("}]})").substr(0, 52),
            "providers[0].api_pattern: is no regular expression (");
  EXPECT_EQ(
      in_prices(R"({"input_mtok": "x"})"),
      path + ".prices[0].prices.input_mtok: must be US dollars as a decimal text such as \"1.25\", below 9 million");
  EXPECT_EQ(in_prices(R"({"input_mtok": "-1"})"), path + ".prices[0].prices.input_mtok: must not be negative");
  EXPECT_EQ(in_prices(R"({"input_mtok": true})"),
            path + ".prices[0].prices.input_mtok: must be US dollars as a decimal text such as \"1.25\"");
  EXPECT_EQ(in_prices(R"({"input_mtoks": "1"})"),
            path + ".prices[0].prices.input_mtoks: no such price key; did you mean \"input_mtok\"?");
  EXPECT_EQ(in_prices(R"({"input_mtok": 1, "input_mtok": 2})"),
            path + ".prices[0].prices: has the key \"input_mtok\" twice");
  EXPECT_EQ(in_prices(R"({"cache_read_mtok": "1"})"),
            path + ".prices[0]: has a price for cache_read_mtok and needs one for input_mtok");
  EXPECT_EQ(in_prices(R"({"input_mtok": {"tiers": []}})"), path + ".prices[0].prices.input_mtok: needs \"base\"");
  EXPECT_EQ(in_prices(R"({"input_mtok": {"base": "1", "tiers": [{"price": "2"}]}})"),
            path + ".prices[0].prices.input_mtok.tiers[0]: needs over_input_tokens and price");
  EXPECT_EQ(in_prices(R"({"input_mtok": {"base": "1", "tiers": [{"over_input_tokens": 1.5, "price": "2"}]}})"),
            path + ".prices[0].prices.input_mtok.tiers[0].over_input_tokens: must be a whole number");
  EXPECT_EQ(in_model(R"("prices": [])"), path + ": needs \"prices\" with at least one row");
  EXPECT_EQ(in_model(R"("prices": [{"constraint": {"start_date": "12.10.2026"}, "prices": {}}])"),
            path + ".prices[0].constraint.start_date: must be a date such as 2026-10-12");
  EXPECT_EQ(in_model(R"("prices": [{"constraint": {"start_time": "12:00:00"}, "prices": {}}])"),
            path + ".prices[0].constraint: needs both start_time and end_time");
  EXPECT_EQ(in_model(R"("prices": [{"constraint": {}, "prices": {}}])"),
            path + ".prices[0].constraint: needs either start_date, or start_time and end_time");
  EXPECT_EQ(in_model(R"("prices": [{"prices": {}}], "variants": [{"when": {}, "prices": {}}])"),
            path + ".variants[0]: needs \"when\" with at least one value");
  EXPECT_EQ(in_model(R"("prices": [{"prices": {}}], "match": {"equal": "x"})"),
            path + ".match: does not know the key \"equal\"; did you mean \"equals\"?");
  EXPECT_EQ(in_model(R"("prices": [{"prices": {}}], "match": {"equals": "x", "contains": "y"})"),
            path + ".match: needs exactly one of equals, starts_with, ends_with, contains, regex, or, and");
  EXPECT_EQ(in_model(R"("prices": [{"prices": {}}], "match": {"or": [{"equals": "x"}, {"equals": 3}]})"),
            path + ".match.or[1].equals: must be a text");
}

TEST(PriceFile, TheUnitsAreThoseOfTheBuiltInList) {
  EXPECT_EQ(mistake_in(R"({"units": {"input_tokens": {"per": 1000, "price_key": "input_mtok", "dimensions": {}},
                                     "output_tokens": {"per": 1}}, "providers": []})"),
            "units: has the unit \"input_tokens\", which is not that of the built-in list");
}

TEST(PriceFile, TheExampleOfTheDocumentationIsTaken) {
  std::ifstream file(PAWL_SOURCE_DIR "/docs/reference/prices.md");
  std::stringstream text;
  text << file.rdbuf();
  const std::string page = text.str();
  const auto from = page.find("```json\n");
  ASSERT_NE(from, std::string::npos);
  const std::string example = page.substr(from + 8, page.find("```", from + 8) - from - 8);
  EXPECT_EQ(mistake_in(example), "");
}

TEST(PriceFile, AnOwnFileMayBeTheWholeBuiltInList) {
  std::ifstream file(PAWL_SOURCE_DIR "/data/prices/genai-prices.json");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(mistake_in(text.str()), "");
}

TEST(PriceRegex, ALookAheadAtTheStartIsASecondPattern) {
  const auto regex = prices::Regex::compile("^(?![^/]+/)(?:labs-)?mistral", false);
  ASSERT_TRUE(regex) << regex.error().what;
  EXPECT_TRUE(regex->matches("mistral-large"));
  EXPECT_TRUE(regex->matches("labs-mistral"));
  EXPECT_FALSE(regex->matches("x/mistral-large"));
  EXPECT_FALSE(regex->matches("my-mistral"));
  EXPECT_TRUE(prices::Regex::compile("^(?!.*-[tT][tT][sS](?:$|-))", false)->matches("gemini-2.5-pro"));
  EXPECT_FALSE(prices::Regex::compile("^(?!.*-[tT][tT][sS](?:$|-))", false)->matches("gemini-2.5-pro-tts"));
  EXPECT_FALSE(prices::Regex::compile("a(?!b)", false));
  EXPECT_FALSE(prices::Regex::compile("^(?!a", false));
  EXPECT_FALSE(prices::Regex::compile("^(?!a)b|c", false));
  EXPECT_TRUE(prices::Regex::compile("^a|b", false)->matches("xb"));
  EXPECT_FALSE(prices::Regex::compile("a|b", true)->matches("xb"));
}

}  // namespace
}  // namespace pawl::llm
