// A price list in memory, as prices_parse.cc builds it, prices_match.cc searches it and prices.cc prices by it.
#pragma once
#include <re2/re2.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace pawl::llm::prices {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
template <typename T>
using ByText = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

// At most 64 units, so that a set of them is one word.
using UnitSet = std::uint64_t;
using UnitIndex = std::uint8_t;
inline constexpr std::size_t max_units = 64;
inline constexpr UnitIndex no_unit = 255;

// One thing that can be counted. It descends from every unit whose dimensions it has all of.
struct Unit {
  std::string usage_key, price_key;
  std::int64_t per = 1;
  std::map<std::string, std::string> dimensions;
  UnitSet ancestors = 0, descendants = 0;  // without itself
};

struct Units {
  std::vector<Unit> all;
  ByText<UnitIndex> by_usage_key, by_price_key;
  std::vector<UnitIndex> joins;  // [a × size + b]: the unit with the dimensions of both; no_unit where there is none
  std::vector<bool> compatible;  // [a × size + b]: no dimension of one contradicts the other
  std::int64_t common_per = 1;   // least common multiple of every Unit::per, at most 10^12
  UnitIndex input_tokens = no_unit, output_tokens = no_unit, requests = no_unit;
  UnitIndex audio_seconds = no_unit, input_audio_seconds = no_unit;
};

struct Tier {
  std::int64_t over_input_tokens = 0;  // strictly more
  std::int64_t pico = 0;
};
struct Price {
  UnitIndex unit = no_unit;
  std::int64_t pico = 0;    // of Unit::per units
  std::vector<Tier> tiers;  // rising; a cliff: the last one passed holds for every unit
};

// When a row holds: always, from a UTC date on, or in a daily window of UTC [from, to) that may wrap midnight.
struct Constraint {
  enum class Kind : std::uint8_t { always, since, daily };
  Kind kind = Kind::always;
  std::int64_t first_day = 0;  // days since 1970
  Nanos from = 0, to = 0;      // of the day
  std::string text;            // "2026-10-12", "01:00:00-04:00:00", ""
};

struct Row {
  Constraint constraint;
  std::vector<std::pair<std::string, std::string>> when;  // of a variant; a row has none
  std::vector<Price> prices;
  UnitSet priced = 0;
};

// RE2 has no look-ahead; the list uses it at the start of a pattern only, which is a second pattern that must not
// match.
class Regex {
 public:
  // `anchored`: must match from the first character on; else anywhere.
  static Result<Regex> compile(std::string_view pattern, bool anchored);
  bool matches(std::string_view text) const;

 private:
  struct Part {
    std::unique_ptr<RE2> regex;
    bool wanted;
  };
  std::vector<Part> parts_;
};

struct Clause {
  enum class Kind : std::uint8_t { equals, starts_with, ends_with, contains, regex, any_of, all_of };
  Kind kind = Kind::equals;
  std::string text;  // lower case
  std::vector<Clause> of;
  std::shared_ptr<const Regex> regex;
  bool matches(std::string_view lower_case) const;
};

struct Model {
  std::string id;
  std::string home;  // the provider in whose list it stands
  bool own = false;
  Clause match;
  std::int64_t minimum_audio_seconds = 0;
  std::vector<Row> rows;
  std::vector<Row> variants;
};

struct Provider {
  std::string id;
  std::shared_ptr<const Regex> api_pattern;
  std::optional<Clause> model_match, provider_match;
  std::vector<std::string> fallbacks;
  std::vector<std::shared_ptr<const Model>> models;
};

// What a tool charges by call from a date on.
struct ToolRow {
  Constraint constraint;
  std::int64_t per_call = 0, per_unit = 0;  // pico-dollars
  std::string attribute;                    // of the span: how many units
  std::string name;                         // "tool:PROVIDER/ID@since#1f2e3d4c"
};
struct Tool {
  std::string id, provider;
  Clause match;  // on the tool's name
  std::vector<ToolRow> rows;
};

struct Table {
  std::string source;
  std::vector<Tool> tools;
  std::shared_ptr<const Units> units;
  std::vector<Provider> providers;
  ByText<std::size_t> by_id;
};

// prices_parse.cc
struct Spot;
Result<Clause> read_clause(const Spot& spot, int depth);
Result<Constraint> read_constraint(const Spot& spot);
// prices_tools.cc
Result<Tool> read_tool(const Spot& spot);

// prices_match.cc
struct Match {
  const Provider* provider = nullptr;  // null = unknown provider
  const Model* model = nullptr;        // null = unknown model
  bool fallback = false;               // the model stands in another provider's list: no variants
  bool estimated = false;
};
Match find(const Table& table, std::string_view provider, std::string_view model, std::string_view api_url,
           bool estimate);

}  // namespace pawl::llm::prices
