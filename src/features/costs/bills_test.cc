// Exports of providers, as their makers describe them; money to the pico-dollar.
#include "bills.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace pawl::costs {
namespace {

Bills read(const std::string& name) {
  std::ifstream file(PAWL_SOURCE_DIR "/tests/costs/providers/" + name);
  EXPECT_TRUE(file) << name;
  std::stringstream text;
  text << file.rdbuf();
  auto bills = read_bills(text.str());
  EXPECT_TRUE(bills) << bills.error().what;
  return bills ? std::move(*bills) : Bills();
}

std::string line(const Bill& bill) {
  return fmt::format("{} {} {} {} {}", bill.model, bill.type, bill.tier,
                     bill.quantity ? fmt::format("{}", *bill.quantity) : "-",
                     bill.pico ? fmt::format("{}", *bill.pico) : "-");
}
std::vector<std::string> lines(const Bills& bills) {
  std::vector<std::string> out;
  for (const Bill& bill : bills.records) out.push_back(line(bill));
  return out;
}

TEST(Bills, OpenAiUsage) {
  const auto bills = read("openai_usage_completions.json");
  EXPECT_EQ(bills.source, "openai.usage");
  EXPECT_TRUE(bills.more);
  EXPECT_EQ(lines(bills),
            (std::vector<std::string>{
                "gpt-5-2025-08-07 input standard 600000 -", "gpt-5-2025-08-07 cache_read standard 900000 -",
                "gpt-5-2025-08-07 cache_write standard 0 -", "gpt-5-2025-08-07 output standard 210000 -",
                "gpt-5-2025-08-07 input batch 40000 -", "gpt-5-2025-08-07 cache_read batch 0 -",
                "gpt-5-2025-08-07 cache_write batch 0 -", "gpt-5-2025-08-07 output batch 9000 -"}));
  EXPECT_EQ(bills.records[0].requests, 412);
  EXPECT_FALSE(bills.records[1].requests);  // said once
}

TEST(Bills, OpenAiCosts) {
  const auto bills = read("openai_costs.json");
  EXPECT_EQ(bills.source, "openai.costs");
  EXPECT_EQ(lines(bills), (std::vector<std::string>{"gpt-5-2025-08-07 input standard 600000 750000000000",
                                                    "gpt-5-2025-08-07 cache_read standard 900000 112500000000",
                                                    "gpt-5-2025-08-07 output standard 210000 2100000000000",
                                                    " tools standard - 60000000000"}));
}

TEST(Bills, AnthropicTellsCents) {
  const auto bills = read("anthropic_cost_report.json");
  EXPECT_EQ(bills.source, "anthropic.costs");
  EXPECT_EQ(lines(bills), (std::vector<std::string>{"claude-sonnet-4-5-20250929 input standard - 360000000000",
                                                    "claude-sonnet-4-5-20250929 output standard - 120000000000",
                                                    "claude-sonnet-4-5-20250929 cache_read standard - 6000000000",
                                                    " tools standard - 30000000000"}));
  const auto used = read("anthropic_usage_messages.json");
  EXPECT_EQ(used.source, "anthropic.usage");
  ASSERT_EQ(used.records.size(), 6U);
  EXPECT_EQ(used.records[3].quantity, 1000);  // one hour
  EXPECT_EQ(used.records[5].type, "tools");
}

TEST(Bills, GoogleAndAws) {
  const auto google = read("google_billing_export.jsonl");
  EXPECT_EQ(google.source, "google");
  EXPECT_EQ(lines(google),
            (std::vector<std::string>{
                "Gemini 2.5 Pro input standard 1000000 1250000000000", "Gemini 2.5 Pro credit standard - -125000000000",
                "Gemini 2.5 Pro output standard 50000 500000000000", " tax standard 0 330000000000"}));
  const auto aws = read("aws_cur2_bedrock.csv");
  EXPECT_EQ(aws.source, "aws");
  EXPECT_EQ(lines(aws), (std::vector<std::string>{"AnthropicClaudeSonnet4.5 input standard 120000 360000000000",
                                                  "AnthropicClaudeSonnet4.5 output standard 8000 120000000000",
                                                  " tax standard - 40000000000"}));
}

TEST(Bills, GoogleAsCsvAndOfOtherServices) {
  const auto bills = read_bills(
      "service.id,service.description,sku.id,sku.description,usage_start_time,usage_end_time,project.id,cost,currency,"
      "usage.amount,usage.unit,credits,cost_type\n"
      "C7,Gemini API,S1,Gemini 2.5 Pro GA Text Input - Predictions,2026-11-20 00:00:00 UTC,2026-11-20T01:00:00Z,p,1.25,"
      "USD,1000000,count,"
      "\"[{\"\"name\"\":\"\"promo\"\",\"\"amount\"\":-0.25}]\",regular\n"
      "C7,Gemini API,S1,Gemini 2.5 Pro Text Input,noon,2026-11-20T01:00:00Z,p,1.25,USD,1000000,count,,regular\n"
      "6F,Compute Engine,S2,N2 core,2026-11-20T00:00:00Z,2026-11-20T01:00:00Z,p,9,USD,1,hour,,regular\n");
  ASSERT_TRUE(bills) << bills.error().what;
  EXPECT_EQ(bills->source, "google");
  EXPECT_EQ(bills->others, 1U);
  EXPECT_EQ(bills->problems.size(), 1U);  // a time that is none
  EXPECT_EQ(lines(*bills), (std::vector<std::string>{"Gemini 2.5 Pro input standard 1000000 1250000000000",
                                                     "Gemini 2.5 Pro credit standard - -250000000000"}));
}

TEST(Bills, OneGroupIsOneRecord) {
  const auto with = [&](std::string_view cost) {
    return fmt::format(
        R"({{"service":{{"description":"Gemini API"}},"sku":{{"id":"S","description":"Gemini 2.5 Pro Text Output"}},)"
        R"("usage_start_time":"2026-11-20T00:00:00Z","usage_end_time":"2026-11-20T01:00:00Z","cost":{},)"
        R"("currency":"USD","usage":{{"amount":10}},"cost_type":"regular"}})"
        "\n",
        cost);
  };
  const auto bills = read_bills(with("2.5") + with("-0.5"));
  ASSERT_TRUE(bills) << bills.error().what;
  EXPECT_EQ(lines(*bills), (std::vector<std::string>{"Gemini 2.5 Pro output standard 20 2000000000000"}));
}

TEST(Bills, ModelsAreComparable) {
  EXPECT_EQ(comparable("AnthropicClaudeSonnet4.5"), comparable("claude-sonnet-4-5-20250929"));
  EXPECT_EQ(comparable("Gemini 2.5 Pro"), comparable("gemini-2.5-pro"));
  EXPECT_EQ(comparable("gpt-5-2025-08-07"), comparable("openai/gpt-5"));
  EXPECT_NE(comparable("gpt-5"), comparable("gpt-5-mini"));
}

TEST(Bills, WhatIsWrongIsSaidAndTheRestKept) {
  EXPECT_FALSE(read_bills(""));
  EXPECT_FALSE(read_bills("{\"data\": 7}"));
  EXPECT_FALSE(read_bills("{\"a\": 1}"));
  EXPECT_FALSE(read_bills("a,b\n1,2\n"));
  const auto some = read_bills(
      R"({"data":[{"start_time":1795132800,"end_time":1795219200,"results":[{"amount":{"value":1e-7,"currency":"usd"},"line_item":"x, input"},
      {"amount":{"value":1,"currency":"eur"},"line_item":"y, input"}]},{"start_time":9,"end_time":3,"results":[]}]})");
  ASSERT_TRUE(some);
  ASSERT_EQ(some->records.size(), 1U);
  EXPECT_EQ(some->records[0].pico, 100'000);
  EXPECT_EQ(some->problems.size(), 2U);
}

}  // namespace
}  // namespace pawl::costs
