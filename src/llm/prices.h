// What a model call costs: price lists (genai-prices, and a project's own in front) and pricing a usage by one.
// The file format is docs/reference/prices.md; the rules were read off genai-prices 0.2.3 and are tested against it.
#pragma once
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/money.h"
#include "base/result.h"
#include "base/time.h"
#include "llm/span.h"

namespace pawl::llm {

namespace prices {
struct Table;
struct Cache;
}  // namespace prices

// An immutable price list; copies share it, any thread may read it.
class PriceList {
 public:
  // `invalid` with the path of the mistake ("providers[3].models[0].prices[0].prices.input_mtok: …").
  static Result<PriceList> parse(std::string_view json);
  // This list with `own_json` consulted first. Units, and whatever a provider of the same id leaves out, come from
  // here.
  Result<PriceList> overlay(std::string_view own_json) const;

  std::string_view source() const;  // "genai-prices 0.2.3 (PyPI), …"
  std::size_t model_count() const;
  bool has_tools() const;
  const prices::Table& table() const { return *table_; }

 private:
  explicit PriceList(std::shared_ptr<const prices::Table> table) : table_(std::move(table)) {}
  std::shared_ptr<const prices::Table> table_;
};

// Tools that charge by call. Which call of a tool is priced: `attribute` gives a value of the span by name, "" for
// none.
struct ToolCall {
  std::string_view tool;
  Nanos at = 0;
  std::function<std::string_view(std::string_view)> attribute;
};
struct ToolRates {
  std::int64_t per_call = 0, per_unit = 0;  // pico-dollars
  std::string_view tool, attribute;         // id in the list; which attribute tells the units
};
struct ToolPriced {
  std::string_view row;              // stable name, "tool:tavily/web_search@2026-01-01#1f2e3d4c"; lives with the list
  std::optional<std::int64_t> pico;  // nullopt: the units are not known
  std::string why;                   // then: why not
  ToolRates rates;
  std::int64_t units_millionths = 0;
};
// nullopt: the list has no price for this tool, which costs nothing then.
std::optional<ToolPriced> tool_price(const PriceList& list, const ToolCall& call);
// The prices of a row by its name; nullopt where the list has it no more.
std::optional<ToolRates> tool_rates(const PriceList& list, std::string_view row);
bool is_tool_row(std::string_view row);
std::string_view tool_of_row(std::string_view row);  // "web_search"; "" where it is none

struct DatedPrices {  // views live as long as the list
  Nanos since = 0;
  std::string_view provider, model;
  bool own = false;
};
// Rows that begin in [from, to), of models that one of these names means.
std::vector<DatedPrices> prices_since(const PriceList& list, Nanos from, Nanos to, std::span<const std::string> models);

// The list inside the program: parsed anew at each call (about 10 ms), so call it once and hand it on.
Result<PriceList> built_in_prices();

// A usage as providers count it, totals inclusive: input_tokens contains cache, audio, image and tool tokens,
// output_tokens contains reasoning and audio. Keys are the units of the list: input_tokens cache_read_tokens
// cache_write_1h_tokens output_audio_tokens web_searches audio_seconds … ; `requests` is always 1.
struct Usage {
  struct Amount {
    std::string_view key;
    std::int64_t millionths;  // seconds may be fractions
  };
  std::vector<Amount> amounts;
  // 0 ≤ count; what does not fit 64 bits of millionths (9 × 10^12) is kept as too large, and pricing refuses it.
  void add(std::string_view key, std::int64_t count);
};

using ContextValue = std::pair<std::string_view, std::string_view>;

// Which call is priced. `context` selects variants, exact and case-sensitive: processing=batch,
// service_tier=flex|priority|fast|default, speed=fast.
struct CallFacts {
  std::string_view provider;  // as sent: "openai", "gcp.gemini", "langgraph"; "" = from the URL, else from the model
  std::string_view model;
  Nanos at = 0;  // start of the call
  std::span<const ContextValue> context = {};
  std::string_view api_url = {};
  // Also price what the list does not name itself, and say so: fine-tunes at the price of their base, models behind
  // a proxy ("anthropic/claude-…" sent to "openai"), crossed details that were not counted.
  bool estimate = false;
};

// One priced part of a usage. No token is in two lines: what is not in a line of its own is in its ancestor's.
struct PriceLine {
  std::string_view type;    // usage key: "input_tokens" here means those that no other line holds
  std::int64_t millionths;  // how much of it
  std::int64_t pico;        // price of `per` of them, in pico-dollars
  std::int64_t per;         // 10^6 for tokens, 10^3 for calls, 3,600 for seconds
  Money cost;               // millionths × pico / (per × 10^6), half to even; see Priced::total
};

// Views live as long as the Pricer that answered.
struct Priced {
  Money total;                // rounded once, half to even; also the sum of the lines: the largest is adjusted
  std::string_view provider;  // ids in the list
  std::string_view model;
  std::string_view row;    // stable name of the prices used, "openai/o3@2025-06-10#1f2e3d4c"; other prices, other name
  std::string_view since;  // the date on which they began; "" where the list says none
  bool own = false;        // from the project's own file
  bool estimated = false;
  bool prices_output = false;  // output tokens cost something in this row
  std::vector<PriceLine> lines;
};

struct Unpriced {
  enum class Why : std::uint8_t {
    no_usage,          // the span tells no tokens
    unknown_provider,  // a provider was named that the list does not know, or none fits the model
    unknown_model,
    no_price,   // the list knows the model and has no price for it
    bad_usage,  // a part exceeds its whole, an unknown key, a count below 0
  };
  Why why = Why::unknown_model;
  std::string what;
};
std::string_view name_of(Unpriced::Why why);

// A span's tokens, which do not overlap, as inclusive totals. Keys of Tokens::others are those of Usage, with or
// without
// "_tokens", or turned round ("audio_input" = input_audio_tokens); what is none of them is left in its total.
Usage usage_of(const Tokens& tokens);

// Prices by one list, with a bounded cache of what names mean. For one thread at a time.
class Pricer {
 public:
  explicit Pricer(PriceList list);
  Pricer(Pricer&&) noexcept;
  Pricer& operator=(Pricer&&) noexcept;
  ~Pricer();
  const PriceList& list() const;

  // Exactly what genai-prices' own calculator says, in pico-dollars half to even, except that names which frameworks
  // put in place of the provider are understood. A model without any price costs nothing here.
  std::expected<Priced, Unpriced> price(const CallFacts& call, const Usage& usage);

  // The same for a span's tokens, with `call.estimate` as if set. A model without any price is `no_price`, except
  // where its name says that it is free; no input known is `no_usage`; no output known where output has a price is an
  // estimate.
  std::expected<Priced, Unpriced> cost_of(const Tokens& tokens, const CallFacts& call);
  // As above for a span as read: the served model, else the requested one; its service tier as context.
  std::expected<Priced, Unpriced> cost_of(const Reading& span, Nanos start, std::string_view api_url = {});

  // The total input tokens beyond which another price of the row holds, rising; none for most rows, and for a name that
  // the list has no more. `row` is what Priced::row said.
  std::vector<std::int64_t> tiers_of(std::string_view row);
  // Many usages that this row priced, added up, priced as one: each had `input` total input tokens, as far as tiers go.
  // `unknown_model` where the list has the row no more.
  std::expected<Priced, Unpriced> price_sum(std::string_view row, std::int64_t input, const Usage& sum);
  // The same by the prices that hold for `call`, as cost_of finds them; their tiers likewise.
  std::expected<Priced, Unpriced> price_sum(const CallFacts& call, std::int64_t input, const Usage& sum);
  std::vector<std::int64_t> tiers_of(const CallFacts& call);

 private:
  std::unique_ptr<prices::Cache> cache_;
};

}  // namespace pawl::llm
