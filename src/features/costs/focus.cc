// Columns → expressions, one table a version: what an export says of a charge.
#include "focus.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "wire/csv.h"

namespace pawl::costs {
namespace {

using Text = std::string;

Text time_text(Nanos at) {
  return format_time(at).substr(0, 19) + "Z";
}
// The first instant of the month, some months on, UTC.
Text month_text(Nanos at, int months) {
  const Text text = format_time(at);
  const auto number =
      parse_int(text.substr(0, 4)).value_or(1970) * 12 + parse_int(text.substr(5, 2)).value_or(1) - 1 + months;
  return fmt::format("{:04}-{:02}-01T00:00:00Z", number / 12, number % 12 + 1);
}
Text slug(std::string_view prefix, std::string_view name) {
  Text out(prefix);
  for (const char c : to_lower(name)) out += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
  return out;
}

bool usage(const Charge& c) {
  return c.attributed() && c.method.empty();
}
bool priced(const Charge& c) {
  return usage(c) && c.line.pico.has_value();
}
// Of what there is of the line, in units of the price.
Text quantity(const Charge& c) {
  return decimal(divided(Int128{c.line.millionths} * 1'000'000, c.line.per));
}
Text consumed(const Charge& c) {
  return decimal(Int128{c.line.millionths} * 1'000'000);
}
Text unit_price(const Charge& c) {
  return priced(c) ? decimal(*c.line.pico) : "";
}
Text cost(const Charge& c) {
  return decimal(c.line.cost);
}
Text list_price(const Charge& c) {
  return priced(c) && c.list ? decimal(c.list->pico) : unit_price(c);
}
Text list_cost(const Charge& c) {
  return c.list ? decimal(c.list->cost) : cost(c);
}
Text model(const Charge& c) {
  if (llm::is_tool_row(c.sum.row)) return Text(llm::tool_of_row(c.sum.row));
  const auto served = c.dimension("model");
  return Text(served.empty() ? c.dimension("model_requested") : served);
}
Text description(const Charge& c) {
  if (!c.method.empty())
    return fmt::format("{} the shared cost of {}, split by {}", c.line.cost < 0 ? "given away:" : "a part of", c.source,
                       c.method);
  const Text who = c.attributed() ? fmt::format("agent {}", c.dimension("agent").empty() ? "–" : c.dimension("agent"))
                                  : Text("neither agent nor team is known");
  const Text what = c.line.type == "all" ? "tokens" : c.line.tokens() ? c.line.type + " tokens" : c.line.type;
  const std::string_view note = c.sum.source == "unknown"    ? " (price unknown: not in the cost)"
                                : c.sum.source == "reported" ? " (cost as reported by the SDK)"
                                                             : "";
  return fmt::format("{} {}, {}{}", model(c).empty() ? "model" : model(c), what, who, note);
}
Text resource(const Charge& c, std::string_view prefix) {
  const auto agent = c.dimension("agent");
  return agent.empty() ? "" : fmt::format("{}{}", prefix, agent);
}
Text price_details(const Charge& c) {
  JsonWriter json;
  json.object().field("x_TokenType", c.line.type).field("x_ServiceTier", service_tier_of(c.sum.row));
  return json.field("x_Tier", fmt::format("{}", c.sum.tier)).end().take();
}
Text tags(const Charge& c) {
  JsonWriter json;
  json.object();
  const auto add = [&](std::string_view name) {
    if (const auto value = c.dimension(name); !value.empty())
      json.field(name.starts_with("attr.") ? name.substr(5) : name, value);
  };
  for (const std::string_view name : {"team", "agent", "environment"}) add(name);
  for (const auto& name : c.frame.asked) add(name);
  return json.end().take();
}
Text source(const Charge& c) {
  return !c.method.empty() ? "allocated" : c.attributed() ? c.sum.source : "unattributed";
}
template <std::size_t N>
struct Name {
  char text[N]{};
  constexpr Name(const char (&of)[N]) { std::copy_n(of, N, text); }  // NOLINT: a literal as template argument
};
template <Name name>
Text dim(const Charge& c) {
  return Text(c.dimension(name.text));
}
template <Name text>
Text fixed(const Charge&) {
  return text.text;
}
Text nothing(const Charge&) {
  return "";
}

const std::vector<ExportColumn> focus_1_2 = {
    {"BillingAccountId", [](const Charge& c) { return slug("org_", c.frame.organisation); }},
    {"BillingAccountName", [](const Charge& c) { return c.frame.organisation; }},
    {"BillingAccountType", fixed<"Organization">},
    {"BillingCurrency", fixed<"USD">},
    {"BillingPeriodStart", [](const Charge& c) { return month_text(c.sum.period, 0); }},
    {"BillingPeriodEnd", [](const Charge& c) { return month_text(c.sum.period, 1); }},
    {"ChargePeriodStart", [](const Charge& c) { return time_text(c.sum.period); }},
    {"ChargePeriodEnd", [](const Charge& c) { return time_text(c.sum.period + c.frame.period); }},
    {"ChargeCategory", [](const Charge& c) { return Text(usage(c) ? "Usage" : "Adjustment"); }},
    {"ChargeClass", nothing},
    {"ChargeDescription", description},
    {"ChargeFrequency", [](const Charge& c) { return Text(usage(c) ? "Usage-Based" : "One-Time"); }},
    {"ConsumedQuantity", [](const Charge& c) { return usage(c) ? consumed(c) : ""; }, false},
    {"ConsumedUnit", [](const Charge& c) { return usage(c) ? Text(unit_of(c.line).consumed) : ""; }},
    {"PricingQuantity", [](const Charge& c) { return usage(c) ? quantity(c) : ""; }, false},
    {"PricingUnit", [](const Charge& c) { return usage(c) ? Text(unit_of(c.line).priced) : ""; }},
    {"ListUnitPrice", list_price, false},
    {"ContractedUnitPrice", unit_price, false},
    {"ListCost", list_cost, false},
    {"ContractedCost", cost, false},
    {"EffectiveCost", cost, false},
    {"BilledCost", cost, false},
    {"CommitmentDiscountStatus", nothing},
    {"PricingCategory", [](const Charge& c) { return Text(usage(c) ? "Standard" : ""); }},
    {"PricingCurrency", fixed<"USD">},
    {"PricingCurrencyListUnitPrice", list_price, false},
    {"PricingCurrencyContractedUnitPrice", unit_price, false},
    {"PricingCurrencyEffectiveCost", cost, false},
    {"InvoiceId", [](const Charge& c) { return "pawl-" + month_text(c.sum.period, 0).substr(0, 7); }},
    {"InvoiceIssuerName", [](const Charge& c) { return c.vendor.provider; }},
    {"ProviderName", [](const Charge& c) { return c.vendor.provider; }},
    {"PublisherName", [](const Charge& c) { return c.vendor.publisher; }},
    {"RegionId", nothing},
    {"RegionName", nothing},
    {"ResourceId", [](const Charge& c) { return resource(c, "agent/"); }},
    {"ResourceName", [](const Charge& c) { return resource(c, ""); }},
    {"ResourceType", [](const Charge& c) { return Text(c.dimension("agent").empty() ? "" : "Agent"); }},
    {"ServiceCategory", fixed<"AI and Machine Learning">},
    {"ServiceSubcategory",
     [](const Charge& c) {
       return Text(llm::is_tool_row(c.sum.row) ? "Other (AI and Machine Learning)" : "Generative AI");
     }},
    {"ServiceName", [](const Charge& c) { return c.vendor.service; }},
    {"SkuId", [](const Charge& c) { return priced(c) ? model(c) : ""; }},
    {"SkuMeter", [](const Charge& c) { return priced(c) ? Text(meter_of(c.line.type)) : ""; }},
    {"SkuPriceDetails", [](const Charge& c) { return priced(c) ? price_details(c) : ""; }},
    {"SkuPriceId", [](const Charge& c) { return priced(c) ? c.sum.row + "/" + c.line.type : ""; }},
    {"SubAccountId", [](const Charge& c) { return slug("proj_", c.frame.project); }},
    {"SubAccountName", [](const Charge& c) { return c.frame.project; }},
    {"SubAccountType", fixed<"Project">},
    {"Tags", tags},
    {"x_Agent", dim<"agent">},
    {"x_AgentVersion", dim<"agent_version">},
    {"x_Team", dim<"team">},
    {"x_Task", dim<"task">},
    {"x_CustomerId", dim<"customer">},
    {"x_UserId", dim<"user">},
    {"x_SessionId", dim<"session">},
    {"x_Tool", [](const Charge& c) { return llm::is_tool_row(c.sum.row) ? model(c) : Text(c.dimension("tool")); }},
    {"x_PromptName", dim<"prompt">},
    {"x_PromptVersion", dim<"prompt_version">},
    {"x_ModelRequested", dim<"model_requested">},
    {"x_ModelServed", dim<"model">},
    {"x_TokenType", [](const Charge& c) { return c.line.type; }},
    {"x_ServiceTier", [](const Charge& c) { return service_tier_of(c.sum.row); }},
    {"x_CostSource", source},
    {"x_PriceRowId", [](const Charge& c) { return c.sum.row; }},
    {"x_SpanCount", [](const Charge& c) { return fmt::format("{}", c.sum.calls); }, false},
    {"x_TokenCount",
     [](const Charge& c) { return c.line.tokens() ? fmt::format("{}", c.line.millionths / 1'000'000) : ""; }, false},
    {"x_AllocationMethod", [](const Charge& c) { return Text(c.method); }},
    {"x_AllocatedFrom", [](const Charge& c) { return Text(c.source); }},
};

const std::vector<ExportColumn> plain = {
    {"period_start", [](const Charge& c) { return time_text(c.sum.period); }},
    {"period_end", [](const Charge& c) { return time_text(c.sum.period + c.frame.period); }},
    {"project", [](const Charge& c) { return c.frame.project; }},
    {"team", dim<"team">},
    {"agent", dim<"agent">},
    {"environment", dim<"environment">},
    {"provider", dim<"provider">},
    {"model_requested", dim<"model_requested">},
    {"model", dim<"model">},
    {"type", [](const Charge& c) { return c.line.type; }},
    {"service_tier", [](const Charge& c) { return service_tier_of(c.sum.row); }},
    {"quantity", consumed, false},
    {"unit", [](const Charge& c) { return Text(unit_of(c.line).consumed); }},
    {"unit_price_usd", [](const Charge& c) { return c.line.pico ? decimal(*c.line.pico) : ""; }, false},
    {"price_unit", [](const Charge& c) { return Text(unit_of(c.line).priced); }},
    {"cost_usd", cost, false},
    {"cost_source", source},
    {"price_row", [](const Charge& c) { return c.sum.row; }},
    {"calls", [](const Charge& c) { return fmt::format("{}", c.sum.calls); }, false},
};

}  // namespace

std::string_view Charge::dimension(std::string_view name) const {
  std::size_t at = 0;
  for (const std::string_view base : base_dimensions) {
    if (base == name) return sum.keys[at];
    ++at;
  }
  for (const auto& one : frame.asked) {
    if (one == name) return sum.keys[at];
    ++at;
  }
  return {};
}

bool Charge::attributed() const {
  return !dimension("agent").empty() || !dimension("team").empty();
}

std::string_view ExportColumn::parquet() const {
  if (name.ends_with("PeriodStart") || name.ends_with("PeriodEnd")) return "time";
  return text ? "text" : name.starts_with("x_") ? "count" : "decimal";
}

const std::vector<ExportColumn>& focus_columns(std::string_view version) {
  static const std::vector<ExportColumn> none;
  return version == "1.2" ? focus_1_2 : none;
}

const std::vector<ExportColumn>& plain_columns() {
  return plain;
}

void append_header(std::string& out, const std::vector<ExportColumn>& columns, const std::vector<std::string>& more) {
  bool first = true;
  for (const auto& column : columns) {
    if (!first) out += ',';
    first = false;
    out += column.name;
  }
  for (const auto& name : more) {
    out += ',';
    csv::append_cell(out, name);
  }
  out += "\n";
}

void append_row(std::string& out, const std::vector<ExportColumn>& columns, const Charge& charge, bool with_asked,
                bool for_spreadsheets) {
  bool first = true;
  for (const auto& column : columns) {
    if (!first) out += ',';
    first = false;
    csv::append_cell(out, column.value(charge), column.text && for_spreadsheets);
  }
  if (with_asked) {
    for (const auto& name : charge.frame.asked) {
      out += ',';
      csv::append_cell(out, charge.dimension(name));
    }
  }
  out += "\n";
}

}  // namespace pawl::costs
