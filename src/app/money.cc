// Prices that are unknown, and pricing again.
#include "money.h"

#include "base/json.h"
#include "records/projects/projects.h"

namespace pawl::app {
namespace {

Result<warehouse::Warehouse*> opened(const std::function<warehouse::Warehouse*()>& store) {
  auto* warehouse = store();
  if (warehouse == nullptr) return fail(ErrorKind::unavailable, "The warehouse is not open yet.");
  return warehouse;
}

// Models whose calls count and have no price: listed with their tokens, never shown as 0.
Result<net::Response> unknown(warehouse::Warehouse& store, projects::ProjectId project) {
  const auto answer =
      TRY(store.read({.sql = "SELECT provider, model, sum(sign) AS calls, sum(sign * "
                             "(ifNull(tokens_input, 0) + ifNull(tokens_cache_read, 0) + "
                             "ifNull(tokens_cache_write, 0) + ifNull(tokens_output, 0) + "
                             "ifNull(tokens_reasoning, 0))) AS tokens FROM spans "
                             "WHERE project = {project:UInt32} AND counted AND cost_unknown AND kind != "
                             "'tool' GROUP BY "
                             "provider, model HAVING calls > 0 ORDER BY tokens DESC LIMIT 500",
                      .parameters = {{"project", fmt::format("{}", project)}}}));
  JsonWriter json;
  json.object().key("models").array();
  for (std::size_t i = 0; i < answer.rows.size(); ++i) {
    json.object().field("provider", answer.rows.text(0, i)).field("model", answer.rows.text(1, i));
    json.field("calls", answer.rows.integer(2, i)).field("tokens", answer.rows.integer(3, i)).end();
  }
  return net::Response::json(json.end().end().take());
}

// Every trace with usage is priced again by the list in force; differences become correction pairs.
Result<net::Response> reprice(warehouse::Warehouse& store, ingest::Ingest& ingest, Pricing& pricing,
                              projects::ProjectId project) {
  const auto answer = TRY(store.read(
      {.sql = fmt::format("SELECT DISTINCT trace FROM spans WHERE project = {{project:UInt32}} AND (counted{}) "
                          "LIMIT 5000000",
                          pricing.list().has_tools() ? " OR kind = 'tool'" : ""),
       .parameters = {{"project", fmt::format("{}", project)}},
       .deadline = minute}));
  constexpr std::size_t round = 500;
  for (std::size_t from = 0; from < answer.rows.size(); from += round) {
    std::vector<Id128> traces;
    for (std::size_t i = from; i < std::min(from + round, answer.rows.size()); ++i)
      traces.push_back(answer.rows.id(0, i));
    ingest.revise(project, std::move(traces), [&pricing](traces::SpanRow& row) { return pricing.reprice(row); });
  }
  JsonWriter json;
  return net::Response::json(json.object().field("traces", static_cast<std::uint64_t>(answer.rows.size())).end().take(),
                             202);
}

}  // namespace

void add_money_routes(net::Router& router, net::Pool& pool, ingest::Ingest& ingest, Pricing& pricing,
                      std::function<warehouse::Warehouse*()> store,
                      std::function<Result<>(const net::Request&)> note_repricing) {
  router.add({.method = "GET",
              .pattern = "/api/v1/prices/unknown",
              .permission = "read",
              .handler = [&pool, store](net::Request& request) -> Task<Result<net::Response>> {
                co_return co_await net::on_pool(pool, request.cancel, [&]() -> Result<net::Response> {
                  return unknown(*TRY(opened(store)), projects::access_of(request).project);
                });
              },
              .summary = "Models that were called and have no price",
              .answers = "{models:[{provider, model, calls, tokens}]}"});
  router.add({.method = "POST",
              .pattern = "/api/v1/reprice",
              .permission = "admin",
              .handler = [&, store, note_repricing](net::Request& request) -> Task<Result<net::Response>> {
                co_return co_await net::on_pool(pool, request.cancel, [&]() -> Result<net::Response> {
                  TRY(note_repricing(request));
                  return reprice(*TRY(opened(store)), ingest, pricing, projects::access_of(request).project);
                });
              },
              .handler_time = 2 * minute,
              .summary = "Prices the project's history again by the prices in force; corrected in the background",
              .answers = "{traces}: how many are looked at"});
}

}  // namespace pawl::app
