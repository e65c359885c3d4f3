// Prices in the program.
#include "pricing.h"

#include <fstream>
#include <sstream>

#include "base/json.h"

namespace pawl::app {
namespace {

llm::Tokens tokens_of(const traces::SpanRow& row) {
  llm::Tokens tokens{row.tokens_input,  row.tokens_cache_read, row.tokens_cache_write,
                     row.tokens_output, row.tokens_reasoning,  {}};
  for (const auto& [name, count] : row.tokens_other) tokens.others.emplace_back(name, count);
  return tokens;
}

std::string_view attribute(const traces::SpanRow& row, std::string_view name) {
  for (const auto& [key, value] : row.attributes) {
    if (key == name) return value;
  }
  return {};
}

std::vector<llm::ContextValue> context_of(const traces::SpanRow& row) {
  for (const char* name : {"gen_ai.openai.response.service_tier", "gen_ai.response.service_tier",
                           "gen_ai.openai.request.service_tier", "gen_ai.request.service_tier"}) {
    if (const auto tier = attribute(row, name); !tier.empty()) return {{"service_tier", tier}};
  }
  return {};
}

bool may_cost(const traces::SpanRow& row) {
  const bool call = row.read_kind == llm::Kind::llm || row.read_kind == llm::Kind::embedding;
  return row.tokens() > 0 && (call || !row.model.empty());
}

bool set(traces::SpanRow& row, const std::expected<llm::Priced, llm::Unpriced>& priced) {
  const auto cost = priced ? std::optional(priced->total.pico) : std::nullopt;
  const std::string price_row = priced ? std::string(priced->row) : std::string();
  const bool changed = row.cost != cost || row.cost_unknown == priced.has_value() || row.price_row != price_row;
  row.cost = cost;
  row.cost_unknown = !priced;
  row.price_row = price_row;
  return changed;
}

std::optional<llm::ToolPriced> charge_of(const llm::PriceList& list, const traces::SpanRow& row) {
  if (row.read_kind != llm::Kind::tool) return std::nullopt;
  return llm::tool_price(list, {.tool = row.tool.empty() ? row.name : row.tool,
                                .at = row.start,
                                .attribute = [&row](std::string_view name) { return attribute(row, name); }});
}

// The parts of what a tool charged.
void write_tool_lines(JsonWriter& json, const llm::ToolPriced& priced) {
  const auto line = [&](std::string_view type, std::int64_t millionths, std::int64_t price, std::int64_t cost) {
    json.object().field("type", type).key("tokens").null().key("price_usd_per_mtok").null();
    json.field("units", static_cast<double>(millionths) / 1e6).field("price_usd", format_dollars(price));
    json.field("cost_usd", format_dollars(cost)).end();
  };
  if (!priced.pico) return;
  if (priced.rates.per_call > 0) line("tool_calls", 1'000'000, priced.rates.per_call, priced.rates.per_call);
  if (!priced.rates.attribute.empty())
    line("tool_units", priced.units_millionths, priced.rates.per_unit, *priced.pico - priced.rates.per_call);
}

}  // namespace

Result<std::unique_ptr<Pricing>> Pricing::load(const std::string& own) {
  auto list = TRY(llm::built_in_prices());
  auto public_list = list;
  if (!own.empty()) {
    std::ifstream in(own);
    std::stringstream text;
    text << in.rdbuf();
    if (!in) return fail(ErrorKind::invalid, "the price file {} cannot be read", own);
    auto with_own = list.overlay(text.str());
    if (!with_own) return fail(ErrorKind::invalid, "{}: {}", own, with_own.error().what);
    list = std::move(*with_own);
  }
  return std::make_unique<Pricing>(std::move(list), std::move(public_list));
}

void Pricing::price(traces::SpanRow& row, const llm::Reading& reading) {
  if (may_cost(row))
    set(row, writer_.cost_of(reading, row.start));
  else
    price_tool(row);
}

// A tool without a price costs nothing, also where it had one before.
bool Pricing::price_tool(traces::SpanRow& row) const {
  const auto priced = charge_of(list_, row);
  if (!priced && !llm::is_tool_row(row.price_row)) return false;
  const auto cost = priced ? priced->pico : std::nullopt;
  const bool unknown = priced && !priced->pico;
  const std::string name = priced ? std::string(priced->row) : std::string();
  const bool changed = row.cost != cost || row.cost_unknown != unknown || row.price_row != name;
  row.cost = cost, row.cost_unknown = unknown, row.price_row = name;
  return changed;
}

bool Pricing::reprice(traces::SpanRow& row) {
  if (!may_cost(row)) return price_tool(row);
  const auto context = context_of(row);
  const std::lock_guard lock(mutex_);
  return set(row, reader_.cost_of(tokens_of(row),
                                  {.provider = row.provider, .model = row.model, .at = row.start, .context = context}));
}

std::string Pricing::explain(const traces::SpanRow& row) {
  JsonWriter json;
  json.object().key("formula").array();
  const auto context = context_of(row);
  std::string since, problem;
  if (llm::is_tool_row(row.price_row)) {
    const auto priced = charge_of(list_, row);
    if (priced && priced->row == row.price_row) write_tool_lines(json, *priced);
    if (priced) problem = priced->why;
    const auto at = row.price_row.find('@');
    if (at != std::string::npos) since = row.price_row.substr(at + 1, row.price_row.find('#') - at - 1);
  } else {
    const std::lock_guard lock(mutex_);
    const auto priced = reader_.cost_of(
        tokens_of(row), {.provider = row.provider, .model = row.model, .at = row.start, .context = context});
    if (priced && row.cost) {
      since = priced->since;
      for (const auto& line : priced->lines) {
        json.object().field("type", line.type).field("tokens", line.millionths / 1'000'000);
        json.field("price_usd_per_mtok", format_dollars(line.pico))
            .field("cost_usd", format_dollars(line.cost.pico))
            .end();
      }
    }
    if (!priced) problem = priced.error().what;
  }
  json.end()
      .field("price_row", row.price_row)
      .field("price_date", since)
      .field("unknown_because", row.cost_unknown ? problem : std::string());
  json.key("reported_usd");
  row.cost_reported ? json.value(format_dollars(*row.cost_reported)) : json.null();
  return json.end().take();
}

}  // namespace pawl::app
