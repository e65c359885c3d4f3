// Pricing against genai-prices' own answers, and the rules one by one.
#include "llm/prices.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <fstream>
#include <sstream>

#include "base/rng.h"
#include "llm/price_command.h"

namespace pawl::llm {
namespace {

const PriceList& built_in() {
  static const PriceList list = *built_in_prices();
  return list;
}

Nanos at(std::string_view text) {
  return *parse_time(text);
}

Usage usage(std::initializer_list<std::pair<std::string_view, std::int64_t>> counts) {
  Usage out;
  for (const auto& [key, count] : counts) out.add(key, count);
  return out;
}

// A list with the built-in units and these providers in front.
PriceList with(std::string_view providers) {
  auto list = built_in().overlay(fmt::format(R"({{"providers": {}}})", providers));
  EXPECT_TRUE(list) << list.error().what;
  return list ? *list : built_in();
}

std::int64_t pico(Pricer& pricer, const CallFacts& call, const Usage& used) {
  const auto priced = pricer.price(call, used);
  EXPECT_TRUE(priced) << priced.error().what;
  return priced ? priced->total.pico : -1;
}

// Each case of the file through `pawl price`, compared on total, provider and model, or on there being an error.
void check_vectors(const std::string& path) {
  std::ifstream file(path);
  ASSERT_TRUE(file) << path;
  std::stringstream text;
  text << file.rdbuf();
  simdjson::dom::parser parser;
  const auto document = parser.parse(text.str());
  std::stringstream in, out;
  std::size_t cases = 0;
  for (const auto one : document["cases"].get_array()) in << simdjson::minify(one) << '\n';
  ASSERT_EQ(price_command(in, out, built_in(), ManualClock(0)), 0);
  simdjson::dom::parser answers;
  for (const auto one : document["cases"].get_array()) {
    std::string line;
    ASSERT_TRUE(std::getline(out, line));
    const auto answer = answers.parse(line);
    const std::string shown = fmt::format("{}\n{}", std::string(simdjson::minify(one)), line);
    ++cases;
    if (!one["expect"]["error"].error()) {
      EXPECT_FALSE(answer["error"].error()) << shown;
      continue;
    }
    ASSERT_FALSE(answer["total_pico"].error()) << shown;
    EXPECT_EQ(answer["total_pico"].get_int64().value(), one["expect"]["total_pico"].get_int64().value()) << shown;
    for (const char* key : {"provider", "model"}) {
      EXPECT_EQ(answer[key].get_string().value(), one["expect"][key].get_string().value()) << shown;
    }
  }
  EXPECT_GE(cases, 30U);
}

TEST(Prices, SayWhatTheirMakersCalculatorSays) {
  check_vectors(PAWL_SOURCE_DIR "/tests/prices/vectors.json");
  check_vectors(PAWL_SOURCE_DIR "/tests/prices/random_vectors.json");
}

TEST(Prices, LinesAddUpToTheTotalAndHoldEachTokenOnce) {
  Pricer pricer(built_in());
  SeededRandom rng(7);
  constexpr std::array<std::string_view, 6> models = {"gpt-5", "gpt-4o",         "claude-sonnet-4-5",
                                                      "o3",    "gemini-2.5-pro", "claude-haiku-4-5"};
  for (int i = 0; i < 2000; ++i) {
    const auto input = static_cast<std::int64_t>(rng.below(400'000));
    const auto read = static_cast<std::int64_t>(rng.below(1000)) * input / 2000;
    const auto output = static_cast<std::int64_t>(rng.below(10'000));
    const CallFacts call{.model = models[static_cast<std::size_t>(rng.below(models.size()))],
                         .at = at("2026-11-20T12:00:00Z")};
    const auto priced =
        pricer.price(call, usage({{"input_tokens", input}, {"cache_read_tokens", read}, {"output_tokens", output}}));
    ASSERT_TRUE(priced) << priced.error().what;
    std::int64_t sum = 0, tokens = 0;
    for (const PriceLine& line : priced->lines) {
      sum += line.cost.pico;
      tokens += line.millionths / 1'000'000;
    }
    EXPECT_EQ(sum, priced->total.pico);
    EXPECT_EQ(tokens, input + output);
  }
}

TEST(Prices, MoreTokensNeverCostLess) {
  Pricer pricer(built_in());
  for (const std::string_view model : {"gpt-5", "claude-sonnet-4-5", "gemini-2.5-pro"}) {
    std::int64_t before = 0;
    for (std::int64_t tokens = 0; tokens < 400'000; tokens += 997) {
      const std::int64_t now = pico(pricer, {.model = model, .at = at("2026-11-20")},
                                    usage({{"input_tokens", tokens}, {"output_tokens", tokens / 10}}));
      EXPECT_GE(now, before) << model << " " << tokens;
      before = now;
    }
  }
}

TEST(Prices, ATierIsACliffForEveryToken) {
  Pricer pricer(with(R"([{"id": "acme", "models": [{"id": "m", "prices": [{"prices": {
    "input_mtok": {"base": "1", "tiers": [{"over_input_tokens": 300, "price": "4"}, {"over_input_tokens": 100, "price": "2"}]},
    "output_mtok": {"base": "10", "tiers": [{"over_input_tokens": 100, "price": "20"}]}}}]}]}])"));
  const auto cost = [&](std::int64_t input) {
    return pico(pricer, {.provider = "acme", .model = "m"}, usage({{"input_tokens", input}, {"output_tokens", 1}}));
  };
  EXPECT_EQ(cost(100), 100'000'000 + 10'000'000);
  EXPECT_EQ(cost(101), 202'000'000 + 20'000'000);
  EXPECT_EQ(cost(300), 600'000'000 + 20'000'000);
  EXPECT_EQ(cost(301), 1'204'000'000 + 20'000'000);
}

TEST(Prices, AWindowMayWrapMidnightAndTheLastRowThatHoldsWins) {
  Pricer pricer(with(R"([{"id": "acme", "models": [{"id": "m", "prices": [
    {"prices": {"input_mtok": "1"}},
    {"constraint": {"start_date": "2026-03-01"}, "prices": {"input_mtok": "2"}},
    {"constraint": {"start_time": "22:00:00", "end_time": "02:00:00"}, "prices": {"input_mtok": "3"}}]}]}])"));
  const auto dollars = [&](std::string_view time) {
    return pico(pricer, {.provider = "acme", .model = "m", .at = at(time)}, usage({{"input_tokens", 1}})) / 1'000'000;
  };
  EXPECT_EQ(dollars("2026-02-28T21:59:59.999999999Z"), 1);
  EXPECT_EQ(dollars("2026-02-28T22:00:00Z"), 3);
  EXPECT_EQ(dollars("2026-03-01T01:59:59Z"), 3);
  EXPECT_EQ(dollars("2026-03-01T02:00:00Z"), 2);
  EXPECT_EQ(dollars("2026-03-01T04:00:00+02:00"), 2);
  EXPECT_EQ(dollars("2026-03-01T03:59:59+02:00"), 3);
  EXPECT_EQ(dollars("1969-12-31T23:00:00Z"), 3);
  EXPECT_EQ(dollars("1969-12-31T12:00:00Z"), 1);
}

TEST(Prices, TheFirstVariantThatNamesAPriceWinsAndOthersStayStandard) {
  Pricer pricer(with(R"([{"id": "acme", "models": [{"id": "m",
    "prices": [{"prices": {"input_mtok": "8", "output_mtok": "8", "web_searches_kcount": "1"}}],
    "variants": [{"when": {"processing": "batch"}, "prices": {"input_mtok": "4"}},
                 {"when": {"service_tier": "flex"}, "prices": {"input_mtok": "2", "output_mtok": "2"}}]}]}])"));
  const Usage used = usage({{"input_tokens", 1}, {"output_tokens", 1}, {"web_searches", 1}});
  const auto cost = [&](std::vector<ContextValue> context) {
    return pico(pricer, {.provider = "acme", .model = "m", .context = context}, used) - 1'000'000'000;
  };
  EXPECT_EQ(cost({}), 16'000'000);
  EXPECT_EQ(cost({{"processing", "batch"}}), 12'000'000);
  EXPECT_EQ(cost({{"service_tier", "flex"}}), 4'000'000);
  EXPECT_EQ(cost({{"service_tier", "flex"}, {"processing", "batch"}}), 6'000'000);
  EXPECT_EQ(cost({{"service_tier", "Flex"}}), 16'000'000);
}

TEST(Prices, FractionsOfAPicoDollarAreRoundedHalfToEvenOnceALine) {
  Pricer pricer(with(R"([{"id": "acme", "models": [{"id": "m", "prices": [{"prices": {"input_mtok": "0.000000000001",
    "output_mtok": "0.0000005"}}]}]}])"));
  const auto cost = [&](std::string_view key, std::int64_t count) {
    return pico(pricer, {.provider = "acme", .model = "m"}, usage({{key, count}}));
  };
  EXPECT_EQ(cost("output_tokens", 1), 0);  // 0.5
  EXPECT_EQ(cost("output_tokens", 3), 2);  // 1.5
  EXPECT_EQ(cost("output_tokens", 5), 2);  // 2.5
  EXPECT_EQ(cost("input_tokens", 499'999), 0);
  EXPECT_EQ(cost("input_tokens", 500'001), 1);
}

TEST(Prices, OwnPricesComeFirstAndTheRestStays) {
  const PriceList list = with(R"([
    {"id": "openai", "models": [{"id": "gpt-5", "prices": [{"prices": {"input_mtok": 1, "output_mtok": "2.5"}}]}]},
    {"id": "house", "api_pattern": "https://llm\\.house", "model_match": {"starts_with": "house-"},
     "fallback_model_providers": ["openai"],
     "models": [{"id": "house-1", "prices": [{"prices": {"input_mtok": "0.01", "output_mtok": "0.02"}}]}]}])");
  Pricer pricer(list);
  const Usage used = usage({{"input_tokens", 1'000'000}});
  const auto own = pricer.price({.provider = "openai.responses", .model = "GPT-5"}, used);
  ASSERT_TRUE(own);
  EXPECT_EQ(own->total.pico, pico_per_dollar);
  EXPECT_TRUE(own->own);
  EXPECT_TRUE(own->row.starts_with("own:openai/gpt-5#")) << own->row;
  EXPECT_EQ(pico(pricer, {.provider = "azure", .model = "gpt-5"}, used), pico(pricer, {.model = "gpt-5"}, used));
  const auto listed = pricer.price({.provider = "openai", .model = "gpt-5-2025-08-07"}, used);
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->total.pico, pico_per_dollar * 5 / 4);
  EXPECT_FALSE(listed->own);
  for (const CallFacts& call :
       {CallFacts{.model = "house-1"}, CallFacts{.model = "house-1", .api_url = "https://llm.house/v1"},
        CallFacts{.provider = "house", .model = "house-1"}}) {
    EXPECT_EQ(pico(pricer, call, used), pico_per_dollar / 100);
  }
  EXPECT_EQ(pico(pricer, {.provider = "house", .model = "gpt-5"}, used), pico_per_dollar);
  EXPECT_GT(list.model_count(), built_in().model_count());
}

TEST(Prices, NamesThatFrameworksSendFindTheProvider) {
  struct Case {
    std::string_view provider, model, found;
  };
  constexpr std::array cases = {
      Case{"gcp.gemini", "gemini-2.5-pro", "google"},
      Case{"gemini", "gemini-2.5-flash", "google"},
      Case{"vertex_ai", "gemini-2.5-pro", "google"},
      Case{"gcp.gen_ai", "gemini-2.5-pro", "google"},
      Case{"OpenAI", "gpt-4.1", "openai"},
      Case{"openai.responses", "gpt-5-mini", "openai"},
      Case{"openai.embedding", "text-embedding-3-small", "openai"},
      Case{"azure.ai.openai", "gpt-4o", "azure"},
      Case{"az.ai.openai", "gpt-4o", "azure"},
      Case{"azure.ai.inference", "gpt-4o", "azure"},
      Case{"aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws"},
      Case{"anthropic.messages", "claude-sonnet-4-5", "anthropic"},
      Case{"groq.chat", "llama-3.3-70b-versatile", "groq"},
      Case{"x_ai", "grok-4", "x-ai"},
      Case{"mistral_ai", "mistral-large-latest", "mistral"},
      Case{"strands-agents", "gpt-4.1", "openai"},
      Case{"strands-agents", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws"},
      Case{"autogen", "gpt-4.1-mini", "openai"},
      Case{"langgraph", "claude-sonnet-4-5", "anthropic"},
      Case{"langchain", "gemini-2.5-flash", "google"},
      Case{"crewai", "openai/gpt-4.1", "openai"},
      Case{"microsoft.agent_framework", "gpt-5-mini-2025-08-07", "openai"},
      Case{"litellm", "anthropic/claude-sonnet-4-5", "anthropic"},
      Case{"", "claude-haiku-4-5", "anthropic"},
  };
  Pricer pricer(built_in());
  for (const Case& c : cases) {
    const auto priced =
        pricer.price({.provider = c.provider, .model = c.model, .at = at("2026-11-20")}, usage({{"input_tokens", 10}}));
    ASSERT_TRUE(priced) << c.provider << " " << c.model << ": " << priced.error().what;
    EXPECT_EQ(priced->provider, c.found) << c.provider << " " << c.model;
    EXPECT_GT(priced->total.pico, 0);
  }
}

TEST(Prices, AnUnknownProviderIsNoGuess) {
  Pricer pricer(built_in());
  const Usage used = usage({{"input_tokens", 10}});
  const auto why = [&](const CallFacts& call) {
    const auto priced = pricer.price(call, used);
    return priced ? "priced" : name_of(priced.error().why);
  };
  EXPECT_EQ(why({.provider = "acme", .model = "gpt-5"}), "unknown_provider");
  EXPECT_EQ(why({.provider = "acme", .model = "gpt-5", .estimate = true}), "unknown_provider");
  EXPECT_EQ(why({.provider = "openai", .model = "gpt-99"}), "unknown_model");
  EXPECT_EQ(why({.provider = "openai", .model = "ft:gpt-4o-mini:acme::abc"}), "unknown_model");
  EXPECT_EQ(why({.model = "house-model"}), "unknown_provider");
  EXPECT_EQ(why({.model = "gpt-5", .api_url = "https://llm.example/v1"}), "unknown_provider");
  EXPECT_EQ(why({.provider = "", .model = ""}), "unknown_provider");
}

TEST(Prices, AFineTuneIsEstimatedByItsBaseWhereAskedFor) {
  Pricer pricer(built_in());
  const Usage used = usage({{"input_tokens", 1000}, {"output_tokens", 10}});
  const Nanos when = at("2026-11-20");
  const auto estimate = [&](std::string_view model) {
    return pricer.price({.provider = "openai", .model = model, .at = when, .estimate = true}, used);
  };
  const auto base = estimate("gpt-4.1");
  const auto listed = estimate("ft:gpt-4o-mini-2024-07-18:acme::abc");
  ASSERT_TRUE(base && listed);
  EXPECT_FALSE(base->estimated || listed->estimated);
  const auto tuned = estimate("openai/ft:gpt-4.1:acme::abc");
  ASSERT_TRUE(tuned) << tuned.error().what;
  EXPECT_EQ(tuned->total, base->total);
  EXPECT_TRUE(tuned->estimated);
  const auto undated = estimate("ft:gpt-4o-mini:acme::abc");
  ASSERT_TRUE(undated) << undated.error().what;
  EXPECT_EQ(undated->total, listed->total);
  EXPECT_TRUE(undated->estimated);
  const auto proxied =
      pricer.price({.provider = "openai", .model = "anthropic/claude-sonnet-4-5", .at = when, .estimate = true}, used);
  ASSERT_TRUE(proxied);
  EXPECT_EQ(proxied->provider, "anthropic");
  EXPECT_TRUE(proxied->estimated);
  const auto path =
      pricer.price({.provider = "google", .model = "models/gemini-2.5-pro", .at = when, .estimate = true}, used);
  ASSERT_TRUE(path);
  EXPECT_FALSE(path->estimated);
}

TEST(Prices, WrongUsagesAreRefused) {
  Pricer pricer(built_in());
  const CallFacts call{.provider = "openai", .model = "gpt-5", .at = at("2026-11-20")};
  const auto what = [&](const Usage& used) {
    const auto priced = pricer.price(call, used);
    EXPECT_TRUE(!priced && priced.error().why == Unpriced::Why::bad_usage);
    return priced ? "" : priced.error().what;
  };
  EXPECT_EQ(what(usage({{"input_tokens", 100}, {"cache_read_tokens", 500}})),
            "cache_read_tokens (500) cannot exceed input_tokens (100)");
  EXPECT_EQ(what(usage({{"cache_read_tokens", 5}})), "input_tokens is missing: cache_read_tokens is a part of it");
  EXPECT_EQ(what(usage({{"input_token", 5}})), "the usage has no key \"input_token\"; did you mean \"input_tokens\"?");
  EXPECT_EQ(what(usage({{"input_tokens", -5}})), "input_tokens must not be negative");
  EXPECT_EQ(what(usage({{"input_tokens", std::numeric_limits<std::int64_t>::max()}})), "input_tokens is too large");
  EXPECT_NE(what(usage({{"input_tokens", 9'000'000'000'000}, {"output_tokens", 9'000'000'000'000}})), "");
}

TEST(Prices, AMinimumOfSecondsIsBilled) {
  Pricer pricer(built_in());
  const CallFacts call{.provider = "groq", .model = "whisper-large-v3", .at = at("2026-11-20")};
  const std::int64_t ten = pico(pricer, call, usage({{"audio_seconds", 10}}));
  EXPECT_EQ(pico(pricer, call, usage({{"audio_seconds", 3}})), ten);
  EXPECT_EQ(pico(pricer, call, usage({{"input_audio_seconds", 3}})), ten);
  EXPECT_EQ(pico(pricer, call, usage({{"audio_seconds", 0}})), 0);
  EXPECT_GT(pico(pricer, call, usage({{"audio_seconds", 11}})), ten);
}

TEST(Prices, ARowIsNamedAfterWhenItBeganAndWhatItSays) {
  Pricer pricer(built_in());
  const Usage used = usage({{"input_tokens", 1000}});
  const auto before = pricer.price({.provider = "openai", .model = "o3", .at = at("2025-06-09")}, used);
  const auto after = pricer.price({.provider = "openai", .model = "o3", .at = at("2025-06-10")}, used);
  ASSERT_TRUE(before && after);
  EXPECT_TRUE(before->row.starts_with("openai/o3#"));
  EXPECT_TRUE(after->row.starts_with("openai/o3@2025-06-10#"));
  EXPECT_EQ(after->since, "2025-06-10");
  const std::vector<ContextValue> batch = {{"processing", "batch"}};
  const auto half =
      pricer.price({.provider = "openai", .model = "gpt-5", .at = at("2026-11-20"), .context = batch}, used);
  ASSERT_TRUE(half);
  EXPECT_TRUE(half->row.starts_with("openai/gpt-5+processing=batch@2026-10-")) << half->row;
  Pricer again(built_in());
  EXPECT_EQ(again.price({.provider = "openai", .model = "o3", .at = at("2025-06-10")}, used)->row, after->row);
}

TEST(Prices, ASpansTokensAreAddedUpBeforeTheyArePriced) {
  Pricer pricer(built_in());
  Tokens tokens{.input = 4000, .cache_read = 20'000, .cache_write = 6000, .output = 500, .reasoning = 300};
  tokens.others = {{"cache_write_1h", 1000}, {"accepted_prediction", 3}};
  const CallFacts call{.provider = "anthropic", .model = "claude-sonnet-4-5", .at = at("2026-11-20")};
  const auto priced = pricer.cost_of(tokens, call);
  ASSERT_TRUE(priced) << priced.error().what;
  EXPECT_EQ(priced->total.pico, 54'750'000'000);  // as in vectors.json: 30,000 in, 800 out
  EXPECT_FALSE(priced->estimated);

  EXPECT_EQ(pricer.cost_of(Tokens{.output = 5}, call).error().why, Unpriced::Why::no_usage);
  EXPECT_TRUE(pricer.cost_of(Tokens{.input = 5}, call)->estimated);
  EXPECT_FALSE(pricer.cost_of(Tokens{.input = 5, .output = 0}, call)->estimated);
  const auto embedding = pricer.cost_of(Tokens{.input = 5}, {.provider = "openai", .model = "text-embedding-3-small"});
  ASSERT_TRUE(embedding);
  EXPECT_FALSE(embedding->estimated);
  const auto unpriced = pricer.cost_of(Tokens{.input = 5}, {.provider = "github-copilot", .model = "gpt-4o"});
  ASSERT_FALSE(unpriced);
  EXPECT_EQ(unpriced.error().why, Unpriced::Why::no_price);
  EXPECT_EQ(pricer.cost_of(Tokens{.input = -5}, call).error().why, Unpriced::Why::bad_usage);
  EXPECT_EQ(
      pricer.cost_of(Tokens{.input = std::numeric_limits<std::int64_t>::max(), .cache_read = 1}, call).error().why,
      Unpriced::Why::bad_usage);
}

TEST(Prices, ASpanIsPricedByTheServedModelElseTheRequestedOne) {
  Pricer pricer(built_in());
  Reading span;
  span.provider = "azure.ai.openai";
  span.model_requested = "our-deployment";
  span.model_served = "gpt-4o-2024-08-06";
  span.tokens = {.input = 1000, .output = 10};
  const Nanos when = at("2026-11-20");
  const auto served = pricer.cost_of(span, when);
  ASSERT_TRUE(served) << served.error().what;
  std::swap(span.model_requested, span.model_served);
  EXPECT_EQ(pricer.cost_of(span, when)->total, served->total);
  span.model_requested.clear();
  EXPECT_EQ(pricer.cost_of(span, when).error().why, Unpriced::Why::unknown_model);

  span.provider = "openai";
  span.model_served = "gpt-5";
  const auto standard = pricer.cost_of(span, when)->total;
  span.service_tier = "flex";
  EXPECT_EQ(pricer.cost_of(span, when)->total.pico * 2, standard.pico);
  span.service_tier = "batch";
  EXPECT_EQ(pricer.cost_of(span, when)->total.pico * 2, standard.pico);
  span.service_tier = "default";
  EXPECT_EQ(pricer.cost_of(span, when)->total, standard);
}

TEST(PriceCommand, AnswersEachLineAndNamesMistakes) {
  std::stringstream in(R"({"model": "gpt-5", "usage": {"input_tokens": 1000, "output_tokens": null}}

{"model": "gpt-5", "usage": {"input_tokens": "many"}}
{"model": "gpt-5"}
{"model": "gpt-5", "at": "yesterday", "usage": {}}
not json
{"provider": "openai", "model": "ft:gpt-4o:acme::1", "usage": {"input_tokens": 1}, "estimate": true}
)");
  std::stringstream out;
  EXPECT_EQ(price_command(in, out, built_in(), ManualClock(at("2026-11-20"))), 0);
  std::vector<std::string> lines;
  for (std::string line; std::getline(out, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_TRUE(
      lines[0].starts_with(R"({"total_pico":1250000000,"total_usd":"0.00125","provider":"openai","model":"gpt-5",)"))
      << lines[0];
  EXPECT_TRUE(lines[0].ends_with(
      R"("lines":[{"type":"input_tokens","count":1000,"usd":"1.25","per":1000000,"pico":1250000000}]})"))
      << lines[0];
  EXPECT_EQ(lines[1], R"({"error":{"code":"invalid","message":"\"usage.input_tokens\" must be a number"}})");
  EXPECT_EQ(lines[2], R"({"error":{"code":"invalid","message":"\"usage\" must be an object of counts"}})");
  EXPECT_EQ(lines[3], R"({"error":{"code":"invalid","message":"\"at\" must be a time such as 2026-11-21T13:14:07Z"}})");
  EXPECT_TRUE(lines[4].starts_with(R"({"error":{"code":"invalid","message":"no JSON: )"));
  EXPECT_NE(lines[5].find(R"("estimated":true)"), std::string::npos);
}

}  // namespace
}  // namespace pawl::llm
