// Each token once, whatever a provider puts where.
#include "llm/usage.h"

#include <gtest/gtest.h>

#include "llm/sent_testing.h"

namespace pawl::llm {
namespace {

std::string of_json(std::string_view json, Cached habit = Cached::inside) {
  RawUsage raw;
  read_usage_json(json, raw);
  return tokens_of(resolve(raw, habit));
}

TEST(Usage, Shapes) {
  EXPECT_EQ(
      of_json(
          R"({"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"prompt_tokens_details":{"cached_tokens":64},"completion_tokens_details":{"reasoning_tokens":8}})"),
      "36/64/-/12/8");
  EXPECT_EQ(
      of_json(
          R"({"input_tokens":100,"output_tokens":20,"input_token_details":{"cache_read":64,"cache_creation":10},"output_token_details":{"reasoning":8}})"),
      "26/64/10/12/8");
  EXPECT_EQ(
      of_json(
          R"({"input_tokens":26,"cache_read_input_tokens":64,"cache_creation_input_tokens":10,"output_tokens":20})"),
      "26/64/10/20/-")
      << "cached do not fit inside";
  EXPECT_EQ(of_json(R"({"input":210,"output":64,"cache_read_input_tokens":128,"total":402})"), "210/128/-/64/-");
  EXPECT_EQ(of_json(R"({"input":210,"output":64,"cache_read_input_tokens":128,"total":274})"), "82/128/-/64/-");
  EXPECT_EQ(
      of_json(
          R"({"promptTokenCount":100,"candidatesTokenCount":20,"thoughtsTokenCount":8,"totalTokenCount":128,"cachedContentTokenCount":64})"),
      "36/64/-/20/8")
      << "Gemini's own: thoughts beside";
  EXPECT_EQ(of_json(R"({"input":76,"input_cached_tokens":64,"output":20})", Cached::outside_unless_total),
            "76/64/-/20/-");
}

TEST(Usage, UnknownIsNotZero) {
  EXPECT_EQ(of_json("{}"), "-/-/-/-/-");
  EXPECT_EQ(of_json(R"({"input_tokens":"x","output_tokens":-5})"), "-/-/-/-/-");
  EXPECT_EQ(of_json(R"({"input_tokens":"12"})"), "12/-/-/-/-");
}

TEST(Usage, NeverNegativeNeverMore) {
  for (std::int64_t input = 0; input < 6; ++input) {
    for (std::int64_t cached = 0; cached < 6; ++cached) {
      for (std::int64_t reasoning = 0; reasoning < 6; ++reasoning) {
        for (const Cached habit : {Cached::inside, Cached::outside, Cached::outside_unless_total}) {
          RawUsage raw;
          raw.input = input, raw.output = 3, raw.cache_read = cached, raw.reasoning = reasoning;
          const Tokens tokens = resolve(raw, habit);
          EXPECT_GE(tokens.input.value_or(0), 0);
          EXPECT_GE(tokens.output.value_or(0), 0);
          EXPECT_LE(tokens.total(), input + cached + 3 + reasoning);
          EXPECT_GE(tokens.total(), std::max(input, cached));
        }
      }
    }
  }
}

TEST(Usage, VendorOfManyNames) {
  EXPECT_EQ(vendor_of("gcp.gemini", ""), "google");
  EXPECT_EQ(vendor_of("OpenAI", ""), "openai");
  EXPECT_EQ(vendor_of("openai.responses", ""), "openai");
  EXPECT_EQ(vendor_of("strands-agents", "claude-sonnet-4-5"), "anthropic");
  EXPECT_EQ(vendor_of("langgraph", "gpt-5-mini"), "openai");
  EXPECT_EQ(vendor_of("microsoft.agent_framework", ""), "");
  EXPECT_EQ(vendor_of("acme-cloud", "own-model"), "acme-cloud");
  std::string_view vendor;
  EXPECT_EQ(bare_model("openai/gpt-4.1", vendor), "gpt-4.1");
  EXPECT_EQ(vendor, "openai");
  EXPECT_EQ(bare_model("openrouter/anthropic/claude-x", vendor), "claude-x");
  EXPECT_EQ(bare_model("meta-llama/Llama-3", vendor), "meta-llama/Llama-3");
}

TEST(Usage, NamesOfTools) {
  for (const char* name : {"transfer_to_refund_agent", "handoff_to_agent", "handoff to Refunds", "delegate_to_analyst",
                           "Delegate work to coworker"}) {
    EXPECT_EQ(role_of_tool(name), ToolRole::handoff) << name;
  }
  for (const char* name : {"final_answer", "finish", "final_result"})
    EXPECT_EQ(role_of_tool(name), ToolRole::framework) << name;
  for (const char* name : {"issue_refund", "finish_order", "transfer_money"})
    EXPECT_EQ(role_of_tool(name), ToolRole::own) << name;
}

}  // namespace
}  // namespace pawl::llm
