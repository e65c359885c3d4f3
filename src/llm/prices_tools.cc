// Tools that charge by call: reading their prices, and what a call costs by them.
#include <fmt/format.h>

#include "base/ids.h"
#include "base/text.h"
#include "llm/prices.h"
#include "llm/prices_plan.h"
#include "llm/prices_spot.h"

namespace pawl::llm {
namespace prices {
namespace {

constexpr std::int64_t most_per_unit = 1'000 * pico_per_dollar;  // products with units stay below 2^127
constexpr std::int64_t most_units = 1'000'000'000;

Result<> read_per_unit(ToolRow& row, const Spot& spot) {
  bool price = false;
  TRY(each_field(spot, {"attribute", "price"}, [&](std::string_view name, const Spot& at) -> Result<> {
    if (name == "attribute") {
      row.attribute = TRY(text_at(at));
      return {};
    }
    price = true;
    row.per_unit = TRY(pico_at(at));
    if (row.per_unit > most_per_unit) return wrong(at, "must be at most 1000 US dollars");
    return {};
  }));
  if (row.attribute.empty() || !price) return wrong(spot, "needs \"attribute\" (of the span) and \"price\"");
  return {};
}

Result<ToolRow> read_tool_row(const Spot& spot) {
  ToolRow row;
  bool any = false;
  TRY(each_field(spot, {"constraint", "per_call", "per_unit"}, [&](std::string_view name, const Spot& at) -> Result<> {
    if (name == "constraint") {
      row.constraint = TRY(read_constraint(at));
      return {};
    }
    any = true;
    if (name == "per_unit") return read_per_unit(row, at);
    row.per_call = TRY(pico_at(at));
    return {};
  }));
  if (!any) return wrong(spot, "needs \"per_call\", \"per_unit\" or both");
  return row;
}

// The last row that holds, else the first.
const ToolRow& row_of(const Tool& tool, Nanos at) {
  for (std::size_t i = tool.rows.size(); i-- > 1;)
    if (holds(tool.rows[i].constraint, at)) return tool.rows[i];
  return tool.rows.front();
}

// A number of units, in millionths; nullopt for what is none.
std::optional<std::int64_t> units_of(std::string_view text) {
  if (const auto whole = parse_int(text))
    return *whole >= 0 && *whole <= most_units ? std::optional(*whole * 1'000'000) : std::nullopt;
  const auto number = parse_double(text);
  if (!number || !(*number >= 0) || *number > static_cast<double>(most_units)) return std::nullopt;
  return static_cast<std::int64_t>(*number * 1e6 + .5);
}

// Half to even, of pico-dollars for millionths of a unit.
Int128 cost_of_units(std::int64_t millionths, std::int64_t per_unit) {
  const Int128 product = Int128{millionths} * per_unit, one = 1'000'000;
  const Int128 whole = product / one, twice = 2 * (product % one);
  return whole + (twice > one || (twice == one && whole % 2 == 1) ? 1 : 0);
}

ToolRates rates_of(const Tool& tool, const ToolRow& row) {
  return {row.per_call, row.per_unit, tool.id, row.attribute};
}

}  // namespace

Result<Tool> read_tool(const Spot& spot) {
  Tool tool;
  bool match = false;
  TRY(each_field(spot, {"id", "name", "provider", "match", "prices"},
                 [&](std::string_view name, const Spot& at) -> Result<> {
                   if (name == "id") tool.id = TRY(text_at(at));
                   if (name == "provider") tool.provider = TRY(text_at(at));
                   if (name == "match") {
                     match = true;
                     tool.match = TRY(read_clause(at, 0));
                   }
                   if (name != "prices") return {};
                   return each_element(at, [&](const Spot& row) -> Result<> {
                     tool.rows.push_back(TRY(read_tool_row(row)));
                     return {};
                   });
                 }));
  if (tool.id.empty()) return wrong(spot, "needs \"id\"");
  if (tool.provider.empty()) tool.provider = tool.id;
  for (const auto* name : {&tool.id, &tool.provider})
    if (name->find_first_of("/@#\n\t") != std::string::npos || name->size() > 100)
      return wrong(spot, "\"{}\" must be at most 100 characters without / @ #", *name);
  if (!match) tool.match.text = to_lower(tool.id);
  if (tool.rows.empty()) return wrong(spot, "needs \"prices\" with at least one row");
  for (ToolRow& row : tool.rows) {
    const std::string prices = fmt::format("{};{};{}", row.per_call, row.per_unit, row.attribute);
    row.name = fmt::format("tool:{}/{}{}{}#{:08x}", tool.provider, tool.id, row.constraint.text.empty() ? "" : "@",
                           row.constraint.text, static_cast<std::uint32_t>(hash64(prices)));
  }
  return tool;
}

}  // namespace prices

bool PriceList::has_tools() const {
  return !table_->tools.empty();
}

std::optional<ToolPriced> tool_price(const PriceList& list, const ToolCall& call) {
  const std::string name = list.has_tools() ? to_lower(call.tool) : "";
  if (name.empty()) return std::nullopt;
  for (const auto& tool : list.table().tools) {
    if (!tool.match.matches(name)) continue;
    const auto& row = prices::row_of(tool, call.at);
    ToolPriced out{.row = row.name, .pico = std::nullopt, .why = {}, .rates = prices::rates_of(tool, row)};
    Int128 cost = row.per_call;
    if (row.per_unit > 0 || !row.attribute.empty()) {
      const auto sent = call.attribute ? call.attribute(row.attribute) : std::string_view();
      const auto units = prices::units_of(trim(sent));
      if (!units) {
        out.why = sent.empty()
                      ? fmt::format("the span has no attribute {}", row.attribute)
                      : fmt::format("the attribute {} is no number from 0 to {}", row.attribute, prices::most_units);
        return out;
      }
      out.units_millionths = *units;
      cost += prices::cost_of_units(*units, row.per_unit);
    }
    if (cost > std::numeric_limits<std::int64_t>::max()) {
      out.why = "the call costs more than 64 bits of pico-dollars hold ($9.2 million)";
      return out;
    }
    out.pico = static_cast<std::int64_t>(cost);
    return out;
  }
  return std::nullopt;
}

std::optional<ToolRates> tool_rates(const PriceList& list, std::string_view row) {
  for (const auto& tool : list.table().tools)
    for (const auto& one : tool.rows)
      if (one.name == row) return prices::rates_of(tool, one);
  return std::nullopt;
}

bool is_tool_row(std::string_view row) {
  return row.starts_with("tool:");
}

std::string_view tool_of_row(std::string_view row) {
  if (!is_tool_row(row)) return {};
  row.remove_prefix(std::min(row.find('/') + 1, row.size()));
  return row.substr(0, row.find_first_of("@#"));
}

}  // namespace pawl::llm
