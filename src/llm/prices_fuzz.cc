// Fuzzes the price file parser, and pricing by whatever it takes. The first line, if short, is the model asked for.
#include <cstdint>
#include <cstdlib>

#include "base/text.h"
#include "llm/prices.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace pawl;
  using namespace pawl::llm;
  static const PriceList base = PriceList::parse(
                                    R"({"units": {
           "input_tokens": {"per": 1000000, "price_key": "input_mtok", "dimensions": {"family": "tokens", "direction": "input"}},
           "output_tokens": {"per": 1000000, "price_key": "output_mtok", "dimensions": {"family": "tokens", "direction": "output"}},
           "cache_read_tokens": {"per": 1000000, "price_key": "cache_read_mtok",
             "dimensions": {"family": "tokens", "direction": "input", "token_type": "cache_read"}}},
         "providers": [{"id": "openai", "provider_match": {"contains": "openai"}, "model_match": {"starts_with": "gpt-"},
           "models": [{"id": "gpt-5", "prices": [{"prices": {"input_mtok": "1", "output_mtok": "2"}}]}]}]})")
                                    .value();
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto [model, json] = cut(text, '\n');
  (void)PriceList::parse(json);
  const auto list = base.overlay(json);
  if (!list) return 0;
  Pricer pricer(*list);
  Usage usage;
  usage.add("input_tokens", static_cast<std::int64_t>(size) * 1000);
  usage.add("cache_read_tokens", static_cast<std::int64_t>(size));
  usage.add("output_tokens", 17);
  for (const bool estimate : {false, true}) {
    for (const std::string_view provider : {"", "openai", "acme"}) {
      const auto priced = pricer.price({.provider = provider, .model = model, .estimate = estimate}, usage);
      if (!priced) continue;
      std::int64_t sum = 0;
      for (const PriceLine& line : priced->lines) sum += line.cost.pico;
      if (sum != priced->total.pico) std::abort();
    }
  }
  return 0;
}
