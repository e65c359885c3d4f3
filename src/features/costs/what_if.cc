// What past calls would have cost with another model or another price list, in
// exact pico-dollars.
#include <simdjson.h>

#include <algorithm>
#include <map>

#include "base/json_fields.h"
#include "base/text.h"
#include "inside.h"

namespace pawl::costs {
namespace {

namespace sj = simdjson;

struct Change {
  std::string from, to, provider;  // provider: "" = whoever the list finds
};

struct Wish {
  std::vector<Change> changes;
  std::string prices;  // a price file
  query::Range range;
  query::Filter filter;
};

// from and to of the body; days: the last so many.
Result<query::Range> range_in(const JsonFields& fields, Nanos now) {
  query::Range range{(now / hour - 30 * 24) * hour, (now / hour + 1) * hour};
  if (const auto days = fields.number("days")) {
    if (*days < 1 || *days > 400) return fail(ErrorKind::invalid, "days must be 1 to 400.");
    range.from = range.to - *days * day;
  }
  for (const auto& [name, into] : {std::pair{"from", &range.from}, {"to", &range.to}}) {
    const auto text = fields.text(name);
    if (text.empty()) continue;
    const auto parsed = parse_time(text);
    if (!parsed || *parsed % hour != 0)
      return fail(ErrorKind::invalid,
                  "{}={} is not the start of an hour. Write it like "
                  "2026-11-21T13:00:00Z.",
                  name, text);
    *into = *parsed;
  }
  if (range.from >= range.to) return fail(ErrorKind::invalid, "`from` must be before `to`.");
  return range;
}

Result<Wish> wish_of(const net::Request& request, Nanos now) {
  const auto fields = TRY(JsonFields::parse(request.body));
  Wish wish{.range = TRY(range_in(fields, now)), .filter = TRY(filter_of(fields.text("filter")))};
  for (const auto& one : fields.objects("models")) {
    Change change{one.text("from"), one.text("to"), one.text("provider")};
    if (change.from.empty() || change.to.empty())
      return fail(ErrorKind::invalid,
                  "Each of models is {{\"from\": "
                  "\"gpt-4o\", \"to\": \"gpt-4o-mini\"}}.");
    wish.changes.push_back(std::move(change));
  }
  sj::dom::parser parser;
  sj::dom::element document, prices;
  if (parser.parse(request.body).get(document) == sj::SUCCESS && document["prices"].get(prices) == sj::SUCCESS)
    wish.prices = sj::minify(prices);
  if (wish.changes.empty() && wish.prices.empty())
    return fail(ErrorKind::invalid,
                "Name what is to change: models, or prices (a price file, "
                "docs/reference/prices.md).");
  return wish;
}

enum Key : std::uint8_t { provider_key, requested_key, model_key };

const Change* change_of(const Wish& wish, const Sum& sum) {
  for (const Change& change : wish.changes)
    if (change.from == sum.keys[model_key] || change.from == sum.keys[requested_key]) return &change;
  return nullptr;
}

llm::CallFacts facts_of(const Wish& wish, const Sum& sum) {
  const auto& served = sum.keys[model_key];
  llm::CallFacts facts{
      .provider = sum.keys[provider_key], .model = served.empty() ? sum.keys[requested_key] : served, .at = sum.period};
  if (const Change* change = change_of(wish, sum)) facts.provider = change->provider, facts.model = change->to;
  return facts;
}

struct Outcome {
  std::string to;
  std::int64_t calls = 0, tokens = 0;
  Int128 actual = 0, repriced = 0;
  std::string why_not;
};
using Outcomes = std::map<std::pair<std::string, std::string>,
                          Outcome>;  // by provider and model

// One sum priced anew; what cannot be priced keeps its cost, and says why.
void reprice(llm::Pricer& pricer, const Wish& wish, const std::vector<std::int64_t>& starts, const Sum& sum,
             Outcomes& outcomes) {
  llm::CallFacts facts = facts_of(wish, sum);
  const std::string tier = service_tier_of(sum.row);
  std::vector<llm::ContextValue> context;
  if (tier == "batch") context.emplace_back("processing", "batch");
  if (tier != "batch" && tier != "standard") context.emplace_back("service_tier", tier);
  if (tier == "fast") context.emplace_back("speed", "fast");
  facts.context = context;
  const auto passed = static_cast<std::size_t>(sum.tier);
  const std::int64_t input = passed == 0 || passed > starts.size() ? 0 : starts[passed - 1] + 1;
  Outcome& out = outcomes[{sum.keys[provider_key], std::string(sum.keys[model_key])}];
  out.to = facts.model;
  out.calls += sum.calls, out.tokens += sum.tokens.total(), out.actual += sum.cost;
  const auto priced = pricer.price_sum(facts, input, llm::usage_of(sum.tokens));
  if (!priced) out.why_not = priced.error().what;
  out.repriced += priced ? Int128{priced->total.pico} : sum.cost;
}

std::vector<std::int64_t> tiers_of(llm::Pricer& pricer, const Wish& wish, const std::vector<Sum>& all) {
  std::vector<std::int64_t> starts;
  for (const Sum& sum : all) {
    for (const std::int64_t start : pricer.tiers_of(facts_of(wish, sum))) starts.push_back(start);
  }
  std::ranges::sort(starts);
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
  return starts;
}

Result<net::Response> what_if(Costs::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const Wish wish = TRY(wish_of(request, inside.clock.now()));
  llm::Pricer pricer(wish.prices.empty() ? inside.prices : TRY(inside.prices.overlay(wish.prices)));
  query::ChargeQuery query{.dimensions = {"provider", "model_requested", "model"},
                           .filter = wish.filter,
                           .range = wish.range,
                           .period = 0,
                           .tiers = {{"", {}}},
                           .now = inside.clock.now()};
  const auto project = projects::access_of(request).project;
  auto models = TRY(sums(store, pricer, project,
                         query));  // which there are: of a few days' names, few rows
  for (Sum& sum : models) sum.period = wish.range.to - 1;
  auto starts = tiers_of(pricer, wish, models);
  for (Sum& sum : models) sum.period = wish.range.from;
  for (const std::int64_t start : tiers_of(pricer, wish, models)) starts.push_back(start);
  std::ranges::sort(starts);
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
  query.period = hour, query.tiers = {{"", starts}};  // prices may change with the hour
  Outcomes outcomes;
  Int128 actual = 0, unchanged = 0, repriced = 0;
  for (const Sum& sum : TRY(sums(store, pricer, project, query))) {
    actual += sum.cost;
    if (wish.prices.empty() && change_of(wish, sum) == nullptr)
      unchanged += sum.cost;
    else
      reprice(pricer, wish, starts, sum, outcomes);
  }
  JsonWriter json;
  json.object().field("from", format_time(wish.range.from)).field("to", format_time(wish.range.to));
  json.key("models").array();
  for (const auto& [key, one] : outcomes) {
    repriced += one.repriced;
    json.object().field("provider", key.first).field("model", key.second).field("to", one.to);
    json.field("calls", one.calls).field("tokens", one.tokens).field("actual_usd", format_dollars(one.actual));
    json.field("repriced_usd", format_dollars(one.repriced)).field("kept_because", one.why_not).end();
  }
  json.end().field("actual_usd", format_dollars(actual)).field("unchanged_usd", format_dollars(unchanged));
  json.field("repriced_usd", format_dollars(unchanged + repriced));
  json.field("difference_usd", format_dollars(unchanged + repriced - actual));
  return net::Response::json(json.end().take());
}

}  // namespace

void add_what_if_routes(net::Router& router, Costs::Inside& inside) {
  router.add({.method = "POST",
              .pattern = "/api/v1/costs/what-if",
              .permission = "read",
              .handler = reading::handler(inside, what_if),
              .body_bytes = 4U << 20,
              .handler_time = 2 * minute,
              .summary = "Past calls at the prices of other models, or of another price list",
              .accepts = "{models:[{from, to, provider}], prices, filter, days, from, to}",
              .answers = "{from, to, models:[WhatIf], actual_usd, unchanged_usd, "
                         "repriced_usd, difference_usd}"});
}

}  // namespace pawl::costs
