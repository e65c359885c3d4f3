// Pricing one usage by the prices that hold for it: which row, which variants, which counts (measures.md 2).
#include "llm/prices.h"

#include <bit>
#include <limits>

#include "base/ids.h"
#include "base/text.h"
#include "llm/prices_plan.h"

namespace pawl::llm {
namespace prices {
namespace {

constexpr std::int64_t million = 1'000'000;
constexpr std::size_t max_names = 16'384;

using Outcome = std::expected<Priced, Unpriced>;
using Why = Unpriced::Why;

template <typename... Args>
std::unexpected<Unpriced> unpriced(Why why, fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(Unpriced{why, fmt::format(format, std::forward<Args>(args)...)});
}

}  // namespace

// What (provider, model, URL) as sent mean, and the plans made so far. Plans are never dropped: results point to them.
struct Cache {
  explicit Cache(PriceList prices) : list(std::move(prices)) {}
  PriceList list;
  struct Named {
    Match match;
    const Plan* last = nullptr;
  };
  ByText<Named> names;
  std::unordered_multimap<const Model*, std::unique_ptr<Plan>> plans;
  ByText<std::unique_ptr<Plan>> by_row;  // null: the list has it no more
  std::string key;                       // reused
};

namespace {

const Plan& plan_for(Cache& cache, Cache::Named& named, Nanos at, std::span<const ContextValue> context) {
  const Model& model = *named.match.model;
  const std::size_t row = row_at(model, at);
  const std::uint32_t variants = named.match.fallback || context.empty() ? 0 : variants_at(model, at, context);
  const auto fits = [&](const Plan& plan) { return plan.row == row && plan.variants == variants; };
  if (named.last && fits(*named.last)) return *named.last;
  auto [from, to] = cache.plans.equal_range(&model);
  for (; from != to; ++from) {
    if (fits(*from->second)) return *(named.last = from->second.get());
  }
  const auto made = cache.plans.emplace(&model, make_plan(*cache.list.table().units, model, row, variants));
  return *(named.last = made->second.get());
}

Cache::Named& named_by(Cache& cache, const CallFacts& call) {
  // The path is enough to tell providers apart; a query string would make every call a name of its own.
  const std::string_view url = call.api_url.substr(0, call.api_url.find_first_of("?#"));
  cache.key.assign(call.provider).append(1, '\0').append(call.model).append(1, call.estimate ? '\1' : '\0').append(url);
  if (const auto known = cache.names.find(std::string_view(cache.key)); known != cache.names.end())
    return known->second;
  if (cache.names.size() >= max_names) cache.names.clear();
  const Match match = find(cache.list.table(), call.provider, call.model, call.api_url, call.estimate);
  return cache.names.emplace(cache.key, Cache::Named{.match = match}).first->second;
}

// Counts by unit, in millionths.
struct Counts {
  std::array<std::int64_t, max_units> of{};
  UnitSet reported = 0, positive = 0;
  void set(UnitIndex unit, std::int64_t millionths) {
    const UnitSet bit = UnitSet{1} << unit;
    of[unit] = millionths;
    reported |= bit;
    positive = millionths > 0 ? positive | bit : positive & ~bit;
  }
};

std::string text_of(std::int64_t millionths) {
  return format_dollars(Int128{millionths} * million);  // any exact decimal of millionths
}

std::expected<Counts, Unpriced> counts_of(const Units& units, const Usage& usage) {
  Counts counts;
  for (const Usage::Amount& amount : usage.amounts) {
    const auto unit = units.by_usage_key.find(amount.key);
    if (unit == units.by_usage_key.end()) {
      std::vector<std::string_view> known;
      for (const Unit& each : units.all) known.push_back(each.usage_key);
      const std::string_view near = nearest(amount.key, known);
      return unpriced(Why::bad_usage, "the usage has no key \"{}\"{}", amount.key,
                      near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near));
    }
    if (amount.millionths < 0) return unpriced(Why::bad_usage, "{} must not be negative", amount.key);
    if (amount.millionths == std::numeric_limits<std::int64_t>::max()) {
      return unpriced(Why::bad_usage, "{} is too large", amount.key);
    }
    if (unit->second != units.requests) counts.set(unit->second, amount.millionths);
  }
  return counts;
}

// A provider may bill at least so many seconds a call; either key says how long it was.
void apply_minimum(const Units& units, const Model& model, Counts& counts) {
  if (units.audio_seconds == no_unit || units.input_audio_seconds == no_unit) return;
  const std::int64_t all = counts.of[units.audio_seconds], input = counts.of[units.input_audio_seconds];
  const std::int64_t heard = all != 0 ? all : input;
  if (heard <= 0) return;
  const std::int64_t billed = std::max(heard, model.minimum_audio_seconds * million);
  counts.set(units.audio_seconds, billed);
  counts.set(units.input_audio_seconds, billed);
}

// How much of `unit` there was in all. Where only its parts are known, its own count cannot be made up.
std::expected<std::int64_t, Unpriced> count_of(const Units& units, const Counts& counts, UnitIndex unit,
                                               bool& estimated, bool may_estimate) {
  if ((counts.reported >> unit & 1) != 0 || counts.positive == 0) return counts.of[unit];
  const Unit& wanted = units.all[unit];
  if (const UnitSet parts = counts.positive & wanted.descendants; parts != 0) {
    return unpriced(Why::bad_usage, "{} is missing: {} is a part of it", wanted.usage_key,
                    units.all[static_cast<std::size_t>(std::countr_zero(parts))].usage_key);
  }
  const std::size_t count = units.all.size();
  const UnitSet wholes = counts.positive & wanted.ancestors;
  for (UnitSet left = wholes; left != 0; left &= left - 1) {
    const auto a = static_cast<std::size_t>(std::countr_zero(left));
    const UnitSet related = units.all[a].ancestors | units.all[a].descendants;
    for (UnitSet others = left & (left - 1) & ~related; others != 0; others &= others - 1) {
      const auto b = static_cast<std::size_t>(std::countr_zero(others));
      if (units.joins[a * count + b] != unit) continue;
      if (!may_estimate) {
        return unpriced(Why::bad_usage, "{} is missing: {} and {} overlap", wanted.usage_key, units.all[a].usage_key,
                        units.all[b].usage_key);
      }
      estimated = true;
    }
  }
  return 0;
}

Unpriced exceeding(const Units& units, const Plan& plan, const Counts& counts, UnitIndex unit) {
  const std::string_view whole = units.all[unit].usage_key;
  for (const Price& part : plan.prices) {
    if ((units.all[unit].descendants >> part.unit & 1) == 0 || counts.of[part.unit] <= counts.of[unit]) continue;
    return {Why::bad_usage, fmt::format("{} ({}) cannot exceed {} ({})", units.all[part.unit].usage_key,
                                        text_of(counts.of[part.unit]), whole, text_of(counts.of[unit]))};
  }
  return {Why::bad_usage, fmt::format("the parts of {} are more than {}", whole, text_of(counts.of[unit]))};
}

std::int64_t price_for(const Price& price, std::int64_t total_input) {
  std::int64_t pico = price.pico;
  for (const Tier& tier : price.tiers) {
    if (total_input > tier.over_input_tokens * million) pico = tier.pico;
  }
  return pico;
}

// whole + rest / of, where 0 ≤ rest < of.
struct Exact {
  Int128 whole, rest, of;
};

// count × pico / per, count in millionths. Whole counts at usual prices need no 128-bit division, which is slow.
Exact exact_cost(std::int64_t count, std::int64_t pico, std::int64_t per) {
  const Int128 of = Int128{per} * million;
  std::int64_t small = 0;
  if (count % million == 0 && !__builtin_mul_overflow(count / million, pico, &small)) {
    return {small / per, Int128{small % per} * million, of};
  }
  const Int128 product = Int128{count} * pico, whole = product / of;
  return {whole, product - whole * of, of};
}

std::int64_t half_to_even(const Exact& exact) {
  const Int128 twice = 2 * exact.rest;
  return static_cast<std::int64_t>(exact.whole + (twice > exact.of || (twice == exact.of && exact.whole % 2 == 1)));
}

std::expected<Counts, Unpriced> leaf_counts(const Units& units, const Plan& plan, const Counts& counts, Priced& out,
                                            bool may_estimate) {
  Counts leaf;
  for (const Price& price : plan.prices) {
    if (price.unit == units.requests) {
      leaf.set(price.unit, million);
      continue;
    }
    auto count = count_of(units, counts, price.unit, out.estimated, may_estimate);
    if (!count) return std::unexpected(std::move(count.error()));
    std::int64_t rest = *count;
    for (UnitSet parts = leaf.positive & units.all[price.unit].descendants; parts != 0; parts &= parts - 1) {
      if (__builtin_sub_overflow(rest, leaf.of[static_cast<std::size_t>(std::countr_zero(parts))], &rest)) rest = -1;
    }
    if (rest < 0) return std::unexpected(exceeding(units, plan, counts, price.unit));
    leaf.set(price.unit, rest);
  }
  return leaf;
}

// Lines are rounded one by one, the total once: the largest line takes what is between them.
void settle(Priced& priced) {
  std::int64_t rest = priced.total.pico;
  PriceLine* largest = nullptr;
  for (PriceLine& line : priced.lines) {
    rest -= line.cost.pico;
    if (!largest || line.cost > largest->cost) largest = &line;
  }
  if (largest) largest->cost.pico += rest;
}

// `input` in millionths: the total that chooses the tier, where it is not the usage's own.
Outcome apply(const Units& units, const Plan& plan, const Counts& counts, Priced out, bool may_estimate,
              std::optional<std::int64_t> input = {}) {
  auto leaf = leaf_counts(units, plan, counts, out, may_estimate);
  if (!leaf) return std::unexpected(std::move(leaf.error()));
  std::int64_t total_input = input.value_or(0);
  if (plan.tiered && !input) {
    auto count = count_of(units, counts, units.input_tokens, out.estimated, may_estimate);
    if (!count) return std::unexpected(std::move(count.error()));
    total_input = *count;
  }
  Int128 whole = 0, parts = 0;  // pico-dollars, and their fractions in 1 / (common_per × 10^6)
  out.lines.reserve(static_cast<std::size_t>(std::popcount(leaf->positive)));
  for (const Price& price : plan.prices) {
    const std::int64_t count = leaf->of[price.unit];
    if (count == 0) continue;
    const Unit& unit = units.all[price.unit];
    const std::int64_t pico = price_for(price, total_input);
    const Exact exact = exact_cost(count, pico, unit.per);
    whole += exact.whole;
    parts += exact.rest * (units.common_per / unit.per);
    if (whole > std::numeric_limits<std::int64_t>::max() - 64) {
      return unpriced(Why::bad_usage, "the usage costs more than 64 bits of pico-dollars hold ($9.2 million)");
    }
    out.lines.push_back({unit.usage_key, count, pico, unit.per, Money{half_to_even(exact)}});
  }
  const Int128 one = Int128{units.common_per} * million;
  const Int128 carried = parts == 0 ? 0 : parts / one;
  out.total.pico = half_to_even({whole + carried, parts - carried * one, one});
  settle(out);
  return out;
}

void describe(const Plan& plan, Priced& out) {
  out.row = plan.name;
  out.since = plan.since;
  out.own = plan.model->own;
  out.prices_output = plan.prices_output;
}

// Finds the prices of a call, or says why there are none.
std::expected<const Plan*, Unpriced> find_plan(Cache& cache, const CallFacts& call, Priced& out) {
  Cache::Named& named = named_by(cache, call);
  const Match& match = named.match;
  if (!match.provider) {
    if (call.provider.empty()) {
      return unpriced(Why::unknown_provider, "no provider is known for the model \"{}\"", call.model);
    }
    return unpriced(Why::unknown_provider, "the provider \"{}\" is unknown", call.provider);
  }
  if (!match.model) {
    return unpriced(Why::unknown_model, "the model \"{}\" of {} is unknown", call.model, match.provider->id);
  }
  const Plan& plan = plan_for(cache, named, call.at, call.context);
  out.provider = match.provider->id;
  out.model = match.model->id;
  out.estimated = match.estimated;
  describe(plan, out);
  return &plan;
}

const Plan* plan_named(Cache& cache, std::string_view name) {
  if (const auto known = cache.by_row.find(name); known != cache.by_row.end()) return known->second.get();
  return cache.by_row.emplace(std::string(name), find_by_name(cache.list.table(), name)).first->second.get();
}

Outcome price_sum(Cache& cache, const Plan& plan, std::int64_t input, const Usage& sum, Priced out) {
  const Units& units = *cache.list.table().units;
  auto counts = counts_of(units, sum);
  if (!counts) return std::unexpected(std::move(counts.error()));
  std::int64_t millionths = 0;
  if (__builtin_mul_overflow(input, million, &millionths)) millionths = std::numeric_limits<std::int64_t>::max();
  return apply(units, plan, *counts, std::move(out), true, millionths);
}

Outcome price_counts(Cache& cache, const CallFacts& call, Counts& counts) {
  Priced out;
  auto plan = find_plan(cache, call, out);
  if (!plan) return std::unexpected(std::move(plan.error()));
  const Units& units = *cache.list.table().units;
  if ((*plan)->model->minimum_audio_seconds > 0) apply_minimum(units, *(*plan)->model, counts);
  return apply(units, **plan, counts, std::move(out), call.estimate);
}

}  // namespace
}  // namespace prices

std::string_view name_of(Unpriced::Why why) {
  static constexpr std::array<std::string_view, 5> names = {"no_usage", "unknown_provider", "unknown_model", "no_price",
                                                            "bad_usage"};
  return names[static_cast<std::size_t>(why)];
}

void Usage::add(std::string_view key, std::int64_t count) {
  std::int64_t millionths = 0;
  if (__builtin_mul_overflow(count, prices::million, &millionths)) {
    millionths = std::numeric_limits<std::int64_t>::max();
  }
  amounts.push_back({key, millionths});
}

Pricer::Pricer(PriceList list) : cache_(std::make_unique<prices::Cache>(std::move(list))) {}
Pricer::Pricer(Pricer&&) noexcept = default;
Pricer& Pricer::operator=(Pricer&&) noexcept = default;
Pricer::~Pricer() = default;

const PriceList& Pricer::list() const {
  return cache_->list;
}

std::expected<Priced, Unpriced> Pricer::price(const CallFacts& call, const Usage& usage) {
  auto counts = prices::counts_of(*cache_->list.table().units, usage);
  if (!counts) return std::unexpected(std::move(counts.error()));
  return prices::price_counts(*cache_, call, *counts);
}

std::vector<std::int64_t> Pricer::tiers_of(std::string_view row) {
  const prices::Plan* plan = prices::plan_named(*cache_, row);
  return plan ? prices::tiers_of(*plan) : std::vector<std::int64_t>();
}

std::expected<Priced, Unpriced> Pricer::price_sum(std::string_view row, std::int64_t input, const Usage& sum) {
  const prices::Plan* plan = prices::plan_named(*cache_, row);
  if (!plan) return prices::unpriced(Unpriced::Why::unknown_model, "the list has no prices named {}", row);
  Priced out{.provider = plan->model->home, .model = plan->model->id};
  prices::describe(*plan, out);
  return prices::price_sum(*cache_, *plan, input, sum, std::move(out));
}

std::expected<Priced, Unpriced> Pricer::price_sum(const CallFacts& call, std::int64_t input, const Usage& sum) {
  CallFacts facts = call;
  facts.estimate = true;
  Priced out;
  auto plan = prices::find_plan(*cache_, facts, out);
  if (!plan) return std::unexpected(std::move(plan.error()));
  if ((*plan)->prices.empty() && !out.model.ends_with(":free") && !out.model.ends_with("-free"))
    return prices::unpriced(Unpriced::Why::no_price, "the list has no price for {}/{}", out.provider, out.model);
  return prices::price_sum(*cache_, **plan, input, sum, std::move(out));
}

std::vector<std::int64_t> Pricer::tiers_of(const CallFacts& call) {
  CallFacts facts = call;
  facts.estimate = true;
  Priced out;
  const auto plan = prices::find_plan(*cache_, facts, out);
  return plan ? prices::tiers_of(**plan) : std::vector<std::int64_t>();
}

}  // namespace pawl::llm
