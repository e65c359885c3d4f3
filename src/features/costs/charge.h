// Calls added up → lines of one kind of token each, which add up to what was charged, to the pico-dollar. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "base/time.h"
#include "llm/prices.h"

namespace pawl::costs {

// What calls of one price row and tier have in common (a row of query::compile_charges).
struct Sum {
  Nanos period = 0;               // its start
  std::vector<std::string> keys;  // values of the dimensions asked for
  std::string row;                // Priced::row, "" for none
  std::string source;             // "priced" "reported" "unknown"
  std::int64_t tier = 0;          // tiers of the row that each call passed
  llm::Tokens tokens;
  std::int64_t calls = 0;
  Int128 cost = 0;  // pico-dollars
};

struct Unit {
  std::string_view consumed, priced;  // "Tokens", "1000000 Tokens"
};

struct Line {
  std::string type;              // "input" "cache_read" "output" "web_searches" …; "all": not told apart
  std::int64_t millionths = 0;   // how much of it
  std::optional<Int128> pico;    // price of `per` of it; nullopt: no single price made this cost
  std::int64_t per = 1'000'000;  // units that the price is of
  Int128 cost = 0;               // pico-dollars
  bool tokens() const;
};

// The kind of token of a usage key: "input_tokens" → "input", "output_reasoning_tokens" → "reasoning".
std::string type_of(std::string_view usage_key);
std::string_view meter_of(std::string_view type);  // FOCUS SkuMeter: "Cache Read Tokens"
Unit unit_of(const Line& line);

// Largest remainder (Hamilton 1792): `total` in integer parts in proportion to `weights`, which are ≥ 0; parts add up
// to `total`. All weights 0: equal parts.
std::vector<Int128> shares_of(Int128 total, const std::vector<Int128>& weights);

// One line a kind of token, by the prices of the sum's row. Every call was rounded by itself; what lies between goes to
// the largest line. Where the list has the row no more, or its prices do not explain the cost: one line "all".
std::vector<Line> lines_of(llm::Pricer& pricer, const Sum& sum);

// "standard", or what the price row says: "batch", "flex", "priority", "fast".
std::string service_tier_of(std::string_view price_row);

// Decimal text with at least one digit after the point: "1234567.0".
std::string decimal(Int128 pico);
// numerator / denominator, twelve digits, half to even.
Int128 divided(Int128 numerator, Int128 denominator);

}  // namespace pawl::costs
