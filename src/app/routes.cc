// The routes of an installation, slice by slice, and what it says of itself.
#include "assets.h"
#include "base/json.h"
#include "base/json_fields.h"
#include "installation.h"
#include "money.h"
#include "openapi.h"
#include "process.h"
#include "sample.h"

namespace pawl::app {

std::string Installation::Parts::endpoints() const {
  JsonWriter json;
  json.object().field("http", main_url).field("otlp_http", otlp_http_url.empty() ? main_url : otlp_http_url);
  return json.field("otlp_grpc", otlp_grpc).end().take();
}

net::Response Installation::Parts::readiness() const {
  const auto known = projects->ledger_state();
  const bool sure = !known.away && known.age < 2 * second;  // keys are read again every 400 ms
  const bool query = opened != nullptr && ingest->ready() && (local || !known.away);
  const bool accepts = local || known.age < 15 * minute;
  JsonWriter json;
  json.object().field("ingest", accepts).field("query", query).field("progress", ingest->progress());
  json.field("revocation", local || sure ? "within 1 s" : "not guaranteed: the ledger cannot be read").end();
  return net::Response::json(json.take(), query ? 200 : 503);
}

net::Response Installation::Parts::metrics() const {
  std::string text;
  write_process_metrics(text);
  ingest->write_metrics(text);
  const auto j = journal->stats();
  const auto s = server->stats();
  const std::pair<std::string_view, std::uint64_t> counters[] = {{"pawl_journal_records_total", j.written_records},
                                                                 {"pawl_journal_bytes_total", j.written_bytes},
                                                                 {"pawl_journal_syncs_total", j.syncs},
                                                                 {"pawl_journal_refused_total", j.refused},
                                                                 {"pawl_http_requests_total", s.requests},
                                                                 {"pawl_http_malformed_total", s.malformed},
                                                                 {"pawl_http_timeouts_total", s.timeouts},
                                                                 {"pawl_http_connections_total", s.connections}};
  for (const auto& [name, value] : counters) text += fmt::format("# TYPE {0} counter\n{0} {1}\n", name, value);
  const std::pair<std::string_view, std::uint64_t> gauges[] = {
      {"pawl_journal_segment_bytes", j.segment_bytes},
      {"pawl_journal_queued_bytes", j.queued_bytes},
      {"pawl_journal_disk_full", j.full ? 1 : 0},
      {"pawl_http_connections_open", s.connections_open},
      {"pawl_http_inflight_body_bytes", s.body_bytes_inflight}};
  for (const auto& [name, value] : gauges) text += fmt::format("# TYPE {0} gauge\n{0} {1}\n", name, value);
  return net::Response::bytes("text/plain; version=0.0.4", std::move(text));
}

void Installation::Parts::add_routes() {
  const auto slice = [this](std::string_view name, const auto& add) {
    const auto routes = router.routes().size(), methods = router.grpc_methods().size();
    add();
    added.push_back({name, routes, router.routes().size(), methods, router.grpc_methods().size()});
  };
  slice("ingest", [this] { ingest->add_routes(router); });
  slice("explore", [this] { explore->add_routes(router); });
  slice("accounts", [this] { add_account_routes(); });
  slice("prices", [this] { add_money_routes(router, pool, *ingest, *pricing, [this] { return opened.load(); }); });
  slice("sample", [this] { add_sample_routes(router, pool, *ingest, clock, [this] { return opened.load(); }); });
  slice("operation", [this] { add_own_routes(); });
  slice("page", [this] { add_asset_routes(router); });
}

void Installation::Parts::add_account_routes() {
  accounts::add_routes(
      router, pool, *projects, *ledger, *outbound, random, clock, log,
      {.local = local,
       .version = PAWL_VERSION,
       .endpoints = [this] { return endpoints(); },
       .public_url = [this] { return config.get("public_url").empty() ? main_url : config.get("public_url"); },
       .ever_received = [this](projects::ProjectId project) { return explore->ever_received(project); },
       .is_secure = [](const net::Request& request) { return request.is_secure || is_loopback(request.client); },
       .oidc = oidc});
}

// Pawl itself: health, metrics, back-up, its own description.
void Installation::Parts::add_own_routes() {
  auto plain = [&](std::string pattern, std::string permission, std::string summary, auto handler) {
    router.add({.method = "GET",
                .pattern = std::move(pattern),
                .permission = std::move(permission),
                .handler = [handler](net::Request&) -> Task<Result<net::Response>> { co_return handler(); },
                .summary = std::move(summary)});
  };
  plain("/healthz", "public", "Is the process alive", [] { return net::Response::json("{\"status\":\"ok\"}"); });
  plain("/readyz", "public", "Is it ready: ingest and query apart", [this] { return readiness(); });
  plain("/metrics", local ? "read" : "operate", "Pawl's own operation, as Prometheus text",
        [this] { return metrics(); });
  router.add({.method = "POST",
              .pattern = "/api/v1/backup",
              .permission = "operate",
              .handler = [this](net::Request& request) -> Task<Result<net::Response>> {
                const auto name = CO_TRY(JsonFields::parse(request.body)).text("name");
                co_return co_await net::on_pool(pool, request.cancel, [this, name]() -> Result<net::Response> {
                  return net::Response::json(TRY(backup(name)));
                });
              },
              .body_bytes = 4096,
              .handler_time = hour,
              .summary = "Backs everything up into DATA/backups/NAME",
              .accepts = "{name}",
              .answers = "{name, path, ms}"});
  plain("/api/v1/openapi.json", "public", "This API as OpenAPI 3.1",
        [this] { return net::Response::json(openapi(router, PAWL_VERSION)); });
}

}  // namespace pawl::app
