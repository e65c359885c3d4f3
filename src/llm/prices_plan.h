// The prices of a row with its variants laid over it, their name, and how they are found by it.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "llm/prices.h"
#include "llm/prices_table.h"

namespace pawl::llm::prices {

// The prices of one row with its variants laid over it, ready to be applied.
struct Plan {
  const Model* model = nullptr;
  std::size_t row = 0;
  std::uint32_t variants = 0;
  std::vector<Price> prices;  // the most specific first, so that a whole comes after all of its parts
  UnitSet priced = 0;
  bool tiered = false, prices_output = false;
  std::string name, since;
};

bool holds(const Constraint& constraint, Nanos at);
// The last row that holds, else the first.
std::size_t row_at(const Model& model, Nanos at);
// The variants that hold, as bits in file order.
std::uint32_t variants_at(const Model& model, Nanos at, std::span<const ContextValue> context);
std::unique_ptr<Plan> make_plan(const Units& units, const Model& model, std::size_t row_index, std::uint32_t variants);
// The plan that has this name; null where the list has it no more.
std::unique_ptr<Plan> find_by_name(const Table& table, std::string_view name);
// The total input tokens beyond which another price holds, rising.
std::vector<std::int64_t> tiers_of(const Plan& plan);

}  // namespace pawl::llm::prices
