// Plans: the prices of one row and its variants, and the name by which they are known.
#include "llm/prices_plan.h"

#include <algorithm>
#include <bit>

#include "base/ids.h"
#include "base/text.h"

namespace pawl::llm::prices {
namespace {

// Which prices these are: the list may change a price without a date, and then the name changes too.
std::uint32_t fingerprint(const Units& units, const std::vector<Price>& prices) {
  std::vector<std::string> parts;
  for (const Price& price : prices) {
    std::string part = fmt::format("{}={}", units.all[price.unit].price_key, price.pico);
    for (const Tier& tier : price.tiers) part += fmt::format(">{}:{}", tier.over_input_tokens, tier.pico);
    parts.push_back(std::move(part));
  }
  std::sort(parts.begin(), parts.end());
  return static_cast<std::uint32_t>(hash64(join(parts, ";")));
}

void lay_over(std::vector<Price>& prices, const Row& variant, UnitSet& taken) {
  for (const Price& price : variant.prices) {
    const UnitSet bit = UnitSet{1} << price.unit;
    if ((taken & bit) != 0) continue;  // the first variant that names a price wins
    taken |= bit;
    const auto same = std::find_if(prices.begin(), prices.end(), [&](const Price& p) { return p.unit == price.unit; });
    if (same == prices.end()) {
      prices.push_back(price);
    } else {
      *same = price;
    }
  }
}

// Could the row be of this model? "own:" home "/" id, then "@", "+" or "#".
bool may_be_of(std::string_view name, const Model& model) {
  if (name.starts_with("own:") != model.own) return false;
  if (model.own) name.remove_prefix(4);
  if (!name.starts_with(model.home)) return false;
  name.remove_prefix(model.home.size());
  if (!name.starts_with('/') || !name.substr(1).starts_with(model.id)) return false;
  name.remove_prefix(1 + model.id.size());
  return !name.empty() && std::string_view("@+#").find(name[0]) != std::string_view::npos;
}

// The plan of that name, of this model: variants that the name does not tell of are not tried.
std::unique_ptr<Plan> plan_of(const Units& units, const Model& model, std::string_view name) {
  std::uint32_t told = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(model.variants.size(), 32); ++i) {
    const auto& when = model.variants[i].when;
    if (std::all_of(when.begin(), when.end(), [&](const auto& one) {
          return name.find(fmt::format("+{}={}", one.first, one.second)) != std::string_view::npos;
        }))
      told |= std::uint32_t{1} << i;
  }
  for (std::size_t row = 0; row < model.rows.size(); ++row) {
    int tried = 0;
    for (std::uint32_t variants = told; tried < 64; variants = (variants - 1) & told, ++tried) {
      auto plan = make_plan(units, model, row, variants);
      if (plan->name == name) return plan;
      if (variants == 0) break;
    }
  }
  return nullptr;
}

}  // namespace

bool holds(const Constraint& constraint, Nanos at) {
  if (constraint.kind == Constraint::Kind::always) return true;
  std::int64_t day_number = at / day;
  Nanos of_day = at % day;
  if (of_day < 0) {
    of_day += day;
    --day_number;
  }
  if (constraint.kind == Constraint::Kind::since) return day_number >= constraint.first_day;
  if (constraint.to < constraint.from) return of_day >= constraint.from || of_day < constraint.to;
  return of_day >= constraint.from && of_day < constraint.to;
}

std::size_t row_at(const Model& model, Nanos at) {
  for (std::size_t i = model.rows.size(); i-- > 0;) {
    if (holds(model.rows[i].constraint, at)) return i;
  }
  return 0;
}

std::uint32_t variants_at(const Model& model, Nanos at, std::span<const ContextValue> context) {
  std::uint32_t chosen = 0;
  for (std::size_t i = 0; i < model.variants.size(); ++i) {
    const Row& variant = model.variants[i];
    const bool asked = std::all_of(variant.when.begin(), variant.when.end(), [&](const auto& wanted) {
      return std::any_of(context.begin(), context.end(), [&](const ContextValue& given) {
        return given.first == wanted.first && given.second == wanted.second;
      });
    });
    if (asked && holds(variant.constraint, at)) chosen |= std::uint32_t{1} << i;
  }
  return chosen;
}

std::unique_ptr<Plan> make_plan(const Units& units, const Model& model, std::size_t row_index, std::uint32_t variants) {
  auto plan = std::make_unique<Plan>(Plan{.model = &model, .row = row_index, .variants = variants});
  const Row& row = model.rows[row_index];
  plan->prices = row.prices;
  plan->name = fmt::format("{}{}/{}", model.own ? "own:" : "", model.home, model.id);
  const auto add = [&](const Row& part) {
    if (!part.constraint.text.empty()) plan->name += "@" + part.constraint.text;
    if (part.constraint.kind == Constraint::Kind::since) plan->since = std::max(plan->since, part.constraint.text);
  };
  add(row);
  UnitSet taken = 0;
  for (std::size_t i = 0; i < model.variants.size(); ++i) {
    if ((variants >> i & 1) == 0) continue;
    lay_over(plan->prices, model.variants[i], taken);
    for (const auto& [key, value] : model.variants[i].when) plan->name += fmt::format("+{}={}", key, value);
    add(model.variants[i]);
  }
  for (const Price& price : plan->prices) {
    plan->priced |= UnitSet{1} << price.unit;
    plan->tiered |= !price.tiers.empty();
    plan->prices_output |= price.unit == units.output_tokens && price.pico > 0;
  }
  plan->name += fmt::format("#{:08x}", fingerprint(units, plan->prices));
  std::sort(plan->prices.begin(), plan->prices.end(), [&](const Price& a, const Price& b) {
    const int depth_a = std::popcount(units.all[a.unit].ancestors),
              depth_b = std::popcount(units.all[b.unit].ancestors);
    return depth_a != depth_b ? depth_a > depth_b : a.unit < b.unit;
  });
  return plan;
}

std::unique_ptr<Plan> find_by_name(const Table& table, std::string_view name) {
  std::unique_ptr<Plan> found;
  for (const Provider& provider : table.providers) {
    for (const auto& model : provider.models) {
      if (!found && may_be_of(name, *model)) found = plan_of(*table.units, *model, name);
    }
  }
  return found;
}

std::vector<std::int64_t> tiers_of(const Plan& plan) {
  std::vector<std::int64_t> out;
  for (const Price& price : plan.prices) {
    for (const Tier& tier : price.tiers) out.push_back(tier.over_input_tokens);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace pawl::llm::prices

namespace pawl::llm {

std::vector<DatedPrices> prices_since(const PriceList& list, Nanos from, Nanos to,
                                      std::span<const std::string> models) {
  std::vector<DatedPrices> out;
  std::vector<std::string> names;
  for (const auto& name : models) names.push_back(to_lower(name));
  for (const auto& provider : list.table().providers) {
    for (const auto& model : provider.models) {
      for (const auto& row : model->rows) {
        const Nanos since = row.constraint.first_day * day;
        if (row.constraint.kind != prices::Constraint::Kind::since || since < from || since >= to) continue;
        if (std::ranges::any_of(names, [&](const auto& name) { return model->match.matches(name); }))
          out.push_back({since, model->home, model->id, model->own});
      }
    }
  }
  return out;
}

}  // namespace pawl::llm
