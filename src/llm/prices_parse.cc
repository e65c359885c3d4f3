// Reads a price list (docs/reference/prices.md). Every mistake is named with its path in the file.
#include <simdjson.h>
#include <zlib.h>

#include <bit>
#include <numeric>

#include "base/ids.h"
#include "base/text.h"
#include "llm/prices.h"
#include "llm/prices_spot.h"
#include "llm/prices_table.h"

extern "C" {
extern const unsigned char pawl_prices[];  // cmake/prices.cmake
extern const unsigned char pawl_prices_end[];
extern const std::uint64_t pawl_prices_size;
}

namespace pawl::llm {
namespace prices {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t max_bytes = 16 << 20;
constexpr int max_clause_depth = 16;
constexpr std::int64_t max_per = 1'000'000'000'000;
constexpr std::int64_t max_threshold = 9'000'000'000'000;

Result<Unit> read_unit(std::string_view key, const Spot& spot) {
  Unit unit{.usage_key = std::string(key), .price_key = std::string(key)};
  TRY(each_field(spot, {"per", "price_key", "dimensions"}, [&](std::string_view name, const Spot& at) -> Result<> {
    if (name == "per") unit.per = TRY(count_at(at, max_per));
    if (name == "price_key") unit.price_key = TRY(text_at(at));
    if (name != "dimensions") return {};
    return each_field(at, {}, [&](std::string_view dimension, const Spot& value) -> Result<> {
      unit.dimensions.emplace(std::string(dimension), TRY(text_at(value)));
      return {};
    });
  }));
  if (unit.per == 0) return wrong(spot, "needs \"per\" above 0");
  return unit;
}

bool contains(const Unit& whole, const Unit& part) {
  return std::includes(whole.dimensions.begin(), whole.dimensions.end(), part.dimensions.begin(),
                       part.dimensions.end());
}

void relate(Units& units) {
  const std::size_t count = units.all.size();
  std::map<std::map<std::string, std::string>, UnitIndex> by_dimensions;
  for (std::size_t i = 0; i < count; ++i) by_dimensions[units.all[i].dimensions] = static_cast<UnitIndex>(i);
  units.joins.assign(count * count, no_unit);
  units.compatible.assign(count * count, false);
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = 0; b < count; ++b) {
      if (a == b) continue;
      Unit& first = units.all[a];
      const Unit& second = units.all[b];
      if (contains(first, second)) first.ancestors |= UnitSet{1} << b;
      if (contains(second, first)) first.descendants |= UnitSet{1} << b;
      auto both = first.dimensions;
      bool agree = true;
      for (const auto& [name, value] : second.dimensions) agree &= both.emplace(name, value).first->second == value;
      units.compatible[a * count + b] = agree;
      const auto join = by_dimensions.find(both);
      if (agree && join != by_dimensions.end()) units.joins[a * count + b] = join->second;
    }
  }
}

Result<std::shared_ptr<const Units>> read_units(const Spot& spot) {
  auto units = std::make_shared<Units>();
  TRY(each_field(spot, {}, [&](std::string_view key, const Spot& at) -> Result<> {
    const auto index = static_cast<UnitIndex>(units->all.size());
    if (index >= max_units) return wrong(spot, "has more than {} units", max_units);
    Unit unit = TRY(read_unit(key, at));
    units->by_usage_key.emplace(unit.usage_key, index);
    if (!units->by_price_key.emplace(unit.price_key, index).second) {
      return wrong(at, "has the price key \"{}\" of another unit", unit.price_key);
    }
    const std::int64_t step = unit.per / std::gcd(unit.per, units->common_per);
    if (step > max_per / units->common_per)
      return wrong(at, "has a \"per\" with no small multiple in common with the others");
    units->common_per *= step;
    units->all.push_back(std::move(unit));
    return {};
  }));
  const auto index_of = [&](std::string_view key) {
    const auto found = units->by_usage_key.find(key);
    return found == units->by_usage_key.end() ? no_unit : found->second;
  };
  units->input_tokens = index_of("input_tokens");
  units->output_tokens = index_of("output_tokens");
  units->requests = index_of("requests");
  units->audio_seconds = index_of("audio_seconds");
  units->input_audio_seconds = index_of("input_audio_seconds");
  if (units->input_tokens == no_unit || units->output_tokens == no_unit) {
    return wrong(spot, "needs the units input_tokens and output_tokens");
  }
  relate(*units);
  return units;
}

}  // namespace

Result<Clause> read_clause(const Spot& spot, int depth) {
  static constexpr std::pair<std::string_view, Clause::Kind> kinds[] = {
      {"equals", Clause::Kind::equals},       {"starts_with", Clause::Kind::starts_with},
      {"ends_with", Clause::Kind::ends_with}, {"contains", Clause::Kind::contains},
      {"regex", Clause::Kind::regex},         {"or", Clause::Kind::any_of},
      {"and", Clause::Kind::all_of}};
  if (depth > max_clause_depth) return wrong(spot, "is nested deeper than {}", max_clause_depth);
  Clause clause;
  int fields = 0;
  TRY(each_field(spot, {"equals", "starts_with", "ends_with", "contains", "regex", "or", "and"},
                 [&](std::string_view name, const Spot& at) -> Result<> {
                   ++fields;
                   for (const auto& [key, kind] : kinds) {
                     if (key == name) clause.kind = kind;
                   }
                   if (name == "or" || name == "and") {
                     return each_element(at, [&](const Spot& inner) -> Result<> {
                       clause.of.push_back(TRY(read_clause(inner, depth + 1)));
                       return {};
                     });
                   }
                   const std::string text = TRY(text_at(at));
                   clause.text = to_lower(text);
                   if (name != "regex") return {};
                   auto regex = Regex::compile(text, false);
                   if (!regex) return wrong(at, "is {}", regex.error().what);
                   clause.regex = std::make_shared<const Regex>(std::move(*regex));
                   return {};
                 }));
  if (fields != 1) return wrong(spot, "needs exactly one of equals, starts_with, ends_with, contains, regex, or, and");
  return clause;
}

namespace {

// "01:00", "01:00:00", with "Z", "+00:00" or another offset; nullopt otherwise.
std::optional<Nanos> time_of_day(std::string_view text) {
  const bool bare = text.find_first_of("Zz+-") == std::string_view::npos;
  const auto time = parse_time(fmt::format("2000-01-02T{}{}", text, bare ? "Z" : ""));
  if (!time) return std::nullopt;
  return ((*time % day) + day) % day;
}

}  // namespace

Result<Constraint> read_constraint(const Spot& spot) {
  Constraint out;
  std::string from, to;
  TRY(each_field(spot, {"start_date", "start_time", "end_time"},
                 [&](std::string_view name, const Spot& at) -> Result<> {
                   const std::string text = TRY(text_at(at));
                   if (name == "start_date") {
                     const auto time = parse_time(text);
                     if (!time || text.size() != 10) return wrong(at, "must be a date such as 2026-10-12");
                     out = {.kind = Constraint::Kind::since, .first_day = *time / day, .text = text};
                     if (*time < 0) return wrong(at, "must be after 1970");
                     return {};
                   }
                   const auto time = time_of_day(text);
                   if (!time) return wrong(at, "must be a time of day in UTC such as 16:30:00");
                   (name == "start_time" ? out.from : out.to) = *time;
                   (name == "start_time" ? from : to) = text.substr(0, text.find_first_of("Zz+"));
                   return {};
                 }));
  if (from.empty() != to.empty()) return wrong(spot, "needs both start_time and end_time");
  const bool dated = out.kind == Constraint::Kind::since;
  if (dated == !from.empty()) return wrong(spot, "needs either start_date, or start_time and end_time");
  if (!dated) {
    out.kind = Constraint::Kind::daily;
    out.text = from + "-" + to;
  }
  return out;
}

namespace {

Result<Price> read_price(const Units& units, const Spot& spot) {
  const auto unit = units.by_price_key.find(spot.key);
  if (unit == units.by_price_key.end()) {
    std::vector<std::string_view> known;
    for (const auto& [key, index] : units.by_price_key) known.push_back(key);
    const std::string_view near = nearest(spot.key, known);
    return wrong(spot, "no such price key{}", near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near));
  }
  Price price{.unit = unit->second};
  if (!spot.value.is_object()) {
    price.pico = TRY(pico_at(spot));
    return price;
  }
  bool base = false;
  TRY(each_field(spot, {"base", "tiers"}, [&](std::string_view name, const Spot& at) -> Result<> {
    if (name == "base") {
      base = true;
      price.pico = TRY(pico_at(at));
      return {};
    }
    return each_element(at, [&](const Spot& element) -> Result<> {
      Tier tier{-1, -1};
      TRY(each_field(element, {"over_input_tokens", "price"},
                     [&](std::string_view field, const Spot& value) -> Result<> {
                       if (field == "price") {
                         tier.pico = TRY(pico_at(value));
                       } else {
                         tier.over_input_tokens = TRY(count_at(value, max_threshold));
                       }
                       return {};
                     }));
      if (tier.pico < 0 || tier.over_input_tokens < 0) return wrong(element, "needs over_input_tokens and price");
      price.tiers.push_back(tier);
      return {};
    });
  }));
  if (!base) return wrong(spot, "needs \"base\"");
  std::sort(price.tiers.begin(), price.tiers.end(),
            [](const Tier& a, const Tier& b) { return a.over_input_tokens < b.over_input_tokens; });
  const auto same = [](const Tier& a, const Tier& b) { return a.over_input_tokens == b.over_input_tokens; };
  if (std::adjacent_find(price.tiers.begin(), price.tiers.end(), same) != price.tiers.end()) {
    return wrong(spot, "has two tiers over the same count");
  }
  return price;
}

// A part is paid apart from its whole, so the whole needs a price too; and what belongs to two priced parts at once
// needs one of its own.
Result<> check_cover(const Units& units, UnitSet priced, const Spot& spot) {
  const auto key = [&](std::size_t index) -> std::string_view { return units.all[index].price_key; };
  const std::size_t count = units.all.size();
  for (UnitSet left = priced; left != 0; left &= left - 1) {
    const auto a = static_cast<std::size_t>(std::countr_zero(left));
    if (const UnitSet missing = units.all[a].ancestors & ~priced; missing != 0) {
      return wrong(spot, "has a price for {} and needs one for {}", key(a),
                   key(static_cast<std::size_t>(std::countr_zero(missing))));
    }
    for (UnitSet others = left & (left - 1); others != 0; others &= others - 1) {
      const auto b = static_cast<std::size_t>(std::countr_zero(others));
      if (!units.compatible[a * count + b]) continue;
      const UnitIndex join = units.joins[a * count + b];
      if (join != no_unit && (priced >> join & 1) != 0) continue;
      return wrong(spot, "has prices for {} and {}, and needs one for what is both{}{}", key(a), key(b),
                   join == no_unit ? "" : ": ", join == no_unit ? "" : key(join));
    }
  }
  return {};
}

Result<Row> read_row(const Units& units, const Spot& spot, bool variant) {
  Row row;
  bool prices = false;
  const auto read = [&](std::string_view name, const Spot& at) -> Result<> {
    if (name == "constraint") row.constraint = TRY(read_constraint(at));
    if (name == "when") {
      return each_field(at, {}, [&](std::string_view key, const Spot& value) -> Result<> {
        row.when.emplace_back(std::string(key), TRY(text_at(value)));
        return {};
      });
    }
    if (name != "prices") return {};
    prices = true;
    return each_field(at, {}, [&](std::string_view, const Spot& price) -> Result<> {
      row.prices.push_back(TRY(read_price(units, price)));
      row.priced |= UnitSet{1} << row.prices.back().unit;
      return {};
    });
  };
  if (variant) {
    TRY(each_field(spot, {"constraint", "when", "prices"}, read));
    if (row.when.empty()) return wrong(spot, "needs \"when\" with at least one value");
  } else {
    TRY(each_field(spot, {"constraint", "prices"}, read));
    TRY(check_cover(units, row.priced, spot));
  }
  if (!prices) return wrong(spot, "needs \"prices\"");
  return row;
}

Result<std::shared_ptr<const Model>> read_model(const Units& units, std::string_view home, bool own, const Spot& spot) {
  auto model = std::make_shared<Model>(Model{.home = std::string(home), .own = own});
  bool match = false;
  TRY(each_field(spot,
                 {"id", "name", "match", "context_window", "deprecated", "minimum_audio_seconds", "prices", "variants"},
                 [&](std::string_view name, const Spot& at) -> Result<> {
                   if (name == "id") model->id = TRY(text_at(at));
                   if (name == "minimum_audio_seconds") model->minimum_audio_seconds = TRY(count_at(at, 86'400));
                   if (name == "match") {
                     match = true;
                     model->match = TRY(read_clause(at, 0));
                   }
                   if (name != "prices" && name != "variants") return {};
                   return each_element(at, [&](const Spot& row) -> Result<> {
                     const bool variant = name == "variants";
                     (variant ? model->variants : model->rows).push_back(TRY(read_row(units, row, variant)));
                     return {};
                   });
                 }));
  if (model->id.empty()) return wrong(spot, "needs \"id\"");
  if (!match) model->match.text = to_lower(model->id);
  if (model->rows.empty()) return wrong(spot, "needs \"prices\" with at least one row");
  if (model->variants.size() > 32) return wrong(spot, "has more than 32 variants");
  for (const Row& row : model->rows) {
    for (const Row& variant : model->variants) TRY(check_cover(units, row.priced | variant.priced, spot));
  }
  return model;
}

Result<Provider> read_provider(const Units& units, bool own, const Spot& spot) {
  Provider provider;
  dom::element id;
  if (spot.value.is_object() && !spot.value["id"].get(id)) provider.id = TRY(text_at(spot.at("id", id)));
  TRY(each_field(spot,
                 {"id", "name", "api_pattern", "model_match", "provider_match", "fallback_model_providers",
                  "pricing_urls", "models"},
                 [&](std::string_view name, const Spot& at) -> Result<> {
                   if (name == "model_match") provider.model_match = TRY(read_clause(at, 0));
                   if (name == "provider_match") provider.provider_match = TRY(read_clause(at, 0));
                   if (name == "api_pattern") {
                     auto regex = Regex::compile(TRY(text_at(at)), true);
                     if (!regex) return wrong(at, "is {}", regex.error().what);
                     provider.api_pattern = std::make_shared<const Regex>(std::move(*regex));
                   }
                   if (name == "fallback_model_providers") {
                     TRY(each_element(at, [&](const Spot& fallback) -> Result<> {
                       provider.fallbacks.push_back(TRY(text_at(fallback)));
                       return {};
                     }));
                   }
                   if (name != "models") return {};
                   return each_element(at, [&](const Spot& model) -> Result<> {
                     provider.models.push_back(TRY(read_model(units, provider.id, own, model)));
                     return {};
                   });
                 }));
  if (provider.id.empty()) return wrong(spot, "needs \"id\"");
  if (provider.id != to_lower(provider.id)) return wrong(spot, "needs an \"id\" in lower case");
  return provider;
}

Result<> check_same_units(const Units& theirs, const Units& ours, const Spot& spot) {
  for (const Unit& unit : theirs.all) {
    const auto known = ours.by_usage_key.find(unit.usage_key);
    const bool same = known != ours.by_usage_key.end() && ours.all[known->second].per == unit.per &&
                      ours.all[known->second].price_key == unit.price_key &&
                      ours.all[known->second].dimensions == unit.dimensions;
    if (!same) return wrong(spot, "has the unit \"{}\", which is not that of the built-in list", unit.usage_key);
  }
  return {};
}

// `base`: whose units hold, null where the file brings its own.
Result<Table> read_table(const Spot& spot, const Table* base) {
  Table table;
  if (base) table.units = base->units;
  std::optional<dom::element> providers, tools;
  TRY(each_field(spot, {"source", "units", "providers", "tools"},
                 [&](std::string_view name, const Spot& at) -> Result<> {
                   if (name == "source") table.source = TRY(text_at(at));
                   if (name == "providers") providers = at.value;
                   if (name == "tools") tools = at.value;
                   if (name != "units") return {};
                   auto units = TRY(read_units(at));
                   if (base) return check_same_units(*units, *base->units, at);
                   table.units = std::move(units);
                   return {};
                 }));
  if (!table.units) return wrong(spot, "needs \"units\"");
  if (tools) {
    TRY(each_element(spot.at("tools", *tools), [&](const Spot& at) -> Result<> {
      table.tools.push_back(TRY(read_tool(at)));
      return {};
    }));
  }
  if (!providers && tools) return table;
  if (!providers) return wrong(spot, "needs \"providers\"");
  TRY(each_element(spot.at("providers", *providers), [&](const Spot& at) -> Result<> {
    Provider provider = TRY(read_provider(*table.units, base != nullptr, at));
    if (!table.by_id.emplace(provider.id, table.providers.size()).second) {
      return wrong(at, "has the id \"{}\" of another provider", provider.id);
    }
    table.providers.push_back(std::move(provider));
    return {};
  }));
  return table;
}

Result<Table> read_text(std::string_view json, const Table* base) {
  if (json.size() > max_bytes) return fail(ErrorKind::exhausted, "the price file is larger than {} bytes", max_bytes);
  dom::parser parser;
  const simdjson::padded_string padded(json);
  dom::element root;
  if (const auto error = parser.parse(padded).get(root)) {
    return fail(ErrorKind::invalid, "the price file is no JSON: {}", simdjson::error_message(error));
  }
  return read_table({.value = root}, base);
}

// New providers of the own file come first; one that both have keeps its place, searches its own models first, and
// takes from the base what the own file leaves out.
Table merge(Table own, const Table& base) {
  Table out{.source = base.source, .units = base.units};
  if (!own.source.empty()) out.source = own.source + "; " + out.source;
  out.tools = std::move(own.tools);
  out.tools.insert(out.tools.end(), base.tools.begin(), base.tools.end());
  for (const Provider& mine : own.providers) {
    if (!base.by_id.contains(mine.id)) out.providers.push_back(mine);
  }
  for (const Provider& theirs : base.providers) {
    const auto known = own.by_id.find(theirs.id);
    Provider both = known == own.by_id.end() ? Provider{.id = theirs.id} : own.providers[known->second];
    if (!both.api_pattern) both.api_pattern = theirs.api_pattern;
    if (!both.model_match) both.model_match = theirs.model_match;
    if (!both.provider_match) both.provider_match = theirs.provider_match;
    if (both.fallbacks.empty()) both.fallbacks = theirs.fallbacks;
    both.models.insert(both.models.end(), theirs.models.begin(), theirs.models.end());
    out.providers.push_back(std::move(both));
  }
  for (std::size_t i = 0; i < out.providers.size(); ++i) out.by_id.emplace(out.providers[i].id, i);
  return out;
}

Result<std::string> inflate_built_in() {
  std::string json(pawl_prices_size, '\0');
  uLongf size = json.size();
  const auto packed = static_cast<uLong>(pawl_prices_end - pawl_prices);
  if (uncompress(reinterpret_cast<Bytef*>(json.data()), &size, pawl_prices, packed) != Z_OK || size != json.size()) {
    return fail(ErrorKind::corrupt, "the price list inside the program cannot be unpacked");
  }
  return json;
}

}  // namespace
}  // namespace prices

Result<PriceList> PriceList::parse(std::string_view json) {
  return PriceList(std::make_shared<const prices::Table>(TRY(prices::read_text(json, nullptr))));
}

Result<PriceList> PriceList::overlay(std::string_view own_json) const {
  prices::Table own = TRY(prices::read_text(own_json, table_.get()));
  return PriceList(std::make_shared<const prices::Table>(prices::merge(std::move(own), *table_)));
}

std::string_view PriceList::source() const {
  return table_->source;
}

std::size_t PriceList::model_count() const {
  std::size_t count = 0;
  for (const auto& provider : table_->providers) count += provider.models.size();
  return count;
}

Result<PriceList> built_in_prices() {
  return PriceList::parse(TRY(prices::inflate_built_in()));
}

}  // namespace pawl::llm
