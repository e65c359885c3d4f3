// Provider bills over the API: imported, listed, removed, and set beside what Pawl saw.
#include <map>

#include "base/text.h"
#include "bill_store.h"
#include "inside.h"
#include "reconcile.h"
#include "vendors.h"
#include "wire/compress.h"

namespace pawl::costs {
namespace {

constexpr std::size_t max_file = 64U << 20, max_rows = 20'000;

Result<net::Response> import(Costs::Inside& inside, warehouse::Warehouse&, const net::Request& request) {
  const std::string text = TRY(decompress(request.content_encoding, request.body, max_file));
  const Bills bills = TRY(read_bills(text));
  const auto& access = projects::access_of(request);
  Kept kept;
  if (!bills.records.empty())
    kept = TRY(keep_bills(inside.ledger, access.project, bills, inside.clock.now(), projects::actor_of(access)));
  Nanos from = 0, to = 0;
  for (const Bill& bill : bills.records) {
    from = from == 0 ? bill.from : std::min(from, bill.from);
    to = std::max(to, bill.to);
  }
  JsonWriter json;
  json.object().field("source", bills.source).key("from");
  from == 0 ? json.null() : json.value(format_time(from));
  json.key("to");
  to == 0 ? json.null() : json.value(format_time(to));
  json.field("records", kept.records).field("fresh", kept.fresh).field("replaced", kept.records - kept.fresh);
  json.field("other_services", static_cast<std::uint64_t>(bills.others)).key("problems").array();
  for (const auto& problem : bills.problems) json.value(problem);
  return net::Response::json(json.end().field("more", bills.more).end().take());
}

Result<net::Response> list(Costs::Inside& inside, warehouse::Warehouse&, const net::Request& request) {
  JsonWriter json;
  json.object().key("imports").array();
  for (const auto& one : TRY(imports_of(inside.ledger, projects::access_of(request).project))) {
    json.object().field("source", one.source).field("from", format_time(one.from)).field("to", format_time(one.to));
    json.field("records", one.records).field("billed_usd", format_dollars(one.pico));
    json.field("imported", format_time(one.imported)).end();
  }
  return net::Response::json(json.end().end().take());
}

Result<net::Response> remove(Costs::Inside& inside, warehouse::Warehouse&, const net::Request& request) {
  const auto& access = projects::access_of(request);
  const auto removed = TRY(remove_bills(inside.ledger, access.project, std::string(request.query.get("source")),
                                        inside.clock.now(), projects::actor_of(access)));
  JsonWriter json;
  return net::Response::json(json.object().field("removed", removed).end().take());
}

// ---- what was seen ---------------------------------------------------------------------------------------------
enum Key : std::uint8_t { provider_key_at, requested_at, model_at };

std::string model_of(const std::vector<std::string>& keys) {
  return keys[model_at].empty() ? keys[requested_at] : keys[model_at];
}

Seen seen_of(llm::Pricer& pricer, const Sum& sum) {
  Seen out{.day = sum.period,
           .provider = provider_key(sum.keys[provider_key_at], sum.row),
           .model = model_of(sum.keys),
           .calls = sum.calls,
           .unpriced = sum.source == "unknown" ? sum.calls : 0,
           .tier = service_tier_of(sum.row) != "standard",
           .at_top_tier = sum.cost};
  if (const auto tiers = pricer.tiers_of(sum.row); !tiers.empty()) {
    if (const auto most = pricer.price_sum(sum.row, tiers.back() + 1, llm::usage_of(sum.tokens)))
      out.at_top_tier = most->total.pico;
  }
  if (sum.source == "unknown") {  // no price joins the kinds
    const auto& tokens = sum.tokens;
    for (const auto& [kind, count] : {std::pair<const char*, std::optional<std::int64_t>>{"input", tokens.input},
                                      {"cache_read", tokens.cache_read},
                                      {"cache_write", tokens.cache_write},
                                      {"output", tokens.output},
                                      {"reasoning", tokens.reasoning}})
      if (count && *count != 0) out.kinds.emplace_back(kind, Side{count, Int128{0}});
    return out;
  }
  for (const Line& line : lines_of(pricer, sum))
    out.kinds.emplace_back(line.type, Side{line.millionths / 1'000'000, line.cost});
  return out;
}

Result<void> see(Costs::Inside& inside, warehouse::Warehouse& store, ProjectId project, const query::Range& range,
                 const std::string& filter, std::vector<Seen>& out) {
  llm::Pricer pricer(inside.prices);
  query::ChargeQuery query{.dimensions = {"provider", "model_requested", "model"},
                           .filter = TRY(filter_of(filter)),
                           .range = range,
                           .period = day,
                           .now = inside.clock.now()};
  for (const Sum& sum : TRY(sums(store, pricer, project, query))) out.push_back(seen_of(pricer, sum));
  query::MeasureQuery failed{
      .dimensions = query.dimensions,
      .filter =
          TRY(filter_of(fmt::format("{}kind=llm status=error -tokens>=0", filter.empty() ? "" : "(" + filter + ") "))),
      .range = range,
      .step = "1d",
      .limit = 10'000};
  for (const auto& row : TRY(measured(inside, store, project, failed))) {
    out.push_back({.day = row.at,
                   .provider = provider_key(row.key[provider_key_at], ""),
                   .model = model_of(row.key),
                   .failures = row.calls});
  }
  return {};
}

// ---- the table -------------------------------------------------------------------------------------------------
struct Total {
  Int128 billed = 0, seen = 0;
  std::int64_t rows = 0, agreeing = 0;
};

template <typename T>
void write_side(JsonWriter& json, std::string_view name, const std::optional<T>& value) {
  json.key(name);
  if (!value)
    json.null();
  else if constexpr (std::is_same_v<T, Int128>)
    json.value(format_dollars(*value));
  else
    json.value(*value);
}

void write_row(JsonWriter& json, const Compared& row) {
  json.object().field("day", format_time(row.day).substr(0, 10)).field("provider", row.provider);
  json.field("model", row.model).field("type", row.type);
  write_side(json, "billed_usd", row.theirs.pico);
  write_side(json, "seen_usd", row.ours.pico);
  json.field("difference_usd", format_dollars(row.difference()));
  write_side(json, "billed_quantity", row.theirs.quantity);
  write_side(json, "seen_quantity", row.ours.quantity);
  json.field("agrees", row.agrees).field("reason", row.reason).end();
}

void write_table(JsonWriter& json, const std::vector<Compared>& rows) {
  Total total;
  std::map<std::string_view, std::pair<std::int64_t, Int128>> by_reason;
  json.key("rows").array();
  for (const Compared& row : rows) {
    write_row(json, row);
    if (!row.agrees) ++by_reason[row.reason].first, by_reason[row.reason].second += row.difference();
    if (row.reason == "no_bill") continue;  // nothing to compare with
    ++total.rows, total.agreeing += row.agrees;
    total.billed += row.theirs.pico.value_or(0), total.seen += row.ours.pico.value_or(0);
  }
  json.end().key("total").object().field("billed_usd", format_dollars(total.billed));
  json.field("seen_usd", format_dollars(total.seen)).field("difference_usd", format_dollars(total.billed - total.seen));
  json.field("rows", total.rows).field("agreeing", total.agreeing).end().key("reasons").array();
  for (const auto& info : reasons()) {
    const auto found = by_reason.find(info.name);
    if (found == by_reason.end()) continue;
    json.object().field("name", info.name).field("sentence", info.sentence).field("rows", found->second.first);
    json.field("difference_usd", format_dollars(found->second.second)).end();
  }
  json.end();
}

Result<net::Response> reconciliation(Costs::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto range = TRY(range_of(request, inside.clock.now(), day));
  const auto& access = projects::access_of(request);
  const std::string which(request.query.find("projects").value_or("this"));
  if (which != "this" && which != "all") return fail(ErrorKind::invalid, "projects={} must be this or all.", which);
  std::vector<ProjectId> all = {access.project};
  if (which == "all") {
    all.clear();
    for (const auto& one : TRY(inside.projects.projects_of(access))) all.push_back(one.id);
  }
  const std::string filter(request.query.get("filter"));
  TRY(filter_of(filter));
  std::vector<Seen> seen;
  for (const ProjectId project : all) TRY(see(inside, store, project, range, filter, seen));
  const auto bills =
      TRY(bills_of(inside.ledger, access.project, range.from, range.to, names_of(request.query.get("account"))));
  const auto rows = reconcile(bills, seen);
  if (rows.size() > max_rows)
    return fail(ErrorKind::exhausted, "These are more than {} rows. Ask for fewer days.", max_rows);
  JsonWriter json;
  json.object().field("from", format_time(range.from)).field("to", format_time(range.to));
  write_table(json, rows);
  return net::Response::json(json.end().take());
}

}  // namespace

void add_bill_routes(net::Router& router, Costs::Inside& inside) {
  router.add(
      {.method = "POST",
       .pattern = "/api/v1/costs/bills",
       .permission = "write",
       .handler = reading::handler(inside, import),
       .body_bytes = max_file,
       .handler_time = 2 * minute,
       .summary = "Imports what a provider says that was used and billed; a later export replaces (docs/costs.md)",
       .accepts = "a file as the provider exports it",
       .answers = "{source, from, to, records:integer, fresh:integer, replaced:integer, "
                  "other_services:integer, problems:[string], more:boolean}"});
  router.add({.method = "GET",
              .pattern = "/api/v1/costs/bills",
              .permission = "read",
              .handler = reading::handler(inside, list),
              .summary = "What was imported of providers' bills",
              .answers = "{imports:[Import]}"});
  router.add(
      {.method = "DELETE",
       .pattern = "/api/v1/costs/bills",
       .permission = "write",
       .handler = reading::handler(inside, remove),
       .summary = "Removes what was imported from a source",
       .query = {{"source", "openai.usage, openai.costs, anthropic.usage, anthropic.costs, google or aws", true}},
       .answers = "{removed:integer}"});
  router.add({.method = "GET",
              .pattern = "/api/v1/costs/reconcile",
              .permission = "read",
              .handler = reading::handler(inside, reconciliation),
              .handler_time = 2 * minute,
              .summary = "What providers bill beside what Pawl saw, and the likely reason of each difference",
              .query = {{"from", "start of a day of UTC; the first of the month"},
                        {"to", "its end, exclusive; the end of today"},
                        {"filter", "of what was seen, only this"},
                        {"account", "of the bills, only these projects or workspaces of the provider"},
                        {"projects", "whose calls were seen: this, or all that you may see"}},
              .answers = "{from, to, rows:[Reconciled], total:ReconciledTotal, reasons:[Reason]}"});
}

}  // namespace pawl::costs
