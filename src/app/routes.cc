// The routes of an installation, slice by slice, and what it says of itself.
#include "assets.h"
#include "base/json.h"
#include "base/json_fields.h"
#include "features/comments/comments.h"
#include "features/dashboards/dashboards.h"
#include "features/share/share.h"
#include "features/views/views.h"
#include "installation.h"
#include "money.h"
#include "openapi.h"
#include "process.h"
#include "records/audit/audit.h"
#include "sample.h"

namespace pawl::app {

std::string Installation::Parts::endpoints() const {
  JsonWriter json;
  json.object().field("http", main_url).field("otlp_http", otlp_http_url.empty() ? main_url : otlp_http_url);
  return json.field("otlp_grpc", otlp_grpc).end().take();
}

// What somebody made the installation or a project do, for the audit table.
Result<> Installation::Parts::note(const net::Request& request, projects::ProjectId project, std::string_view action,
                                   std::string_view detail) const {
  return audit::append(*ledger, clock.now(), project, projects::actor_of(projects::access_of(request)), action, detail);
}

net::Response Installation::Parts::readiness() const {
  const auto known = projects->ledger_state();
  const bool sure = !known.away && known.age < 2 * second;  // keys are read again every 400 ms
  const bool query = opened != nullptr && ingest->ready() && (local || !known.away);
  const bool accepts = local || known.age < 15 * minute;
  JsonWriter json;
  json.object().field("ingest", accepts).field("query", query).field("progress", progress());
  json.field("tables", tables.progress());
  json.field("revocation", local || sure ? "within 1 s" : "not guaranteed: the ledger cannot be read").end();
  return net::Response::json(json.take(), query ? 200 : 503);
}

std::string Installation::Parts::metrics() const {
  std::string text;
  auto* const store = opened.load();
  write_metric(text, "pawl_build_info", "gauge", "Which Pawl this is.",
               {{fmt::format("version=\"{}\",engine=\"{}\"", PAWL_VERSION, store ? store->version() : ""), 1}});
  write_metric(text, "pawl_ready", "gauge", "1: telemetry is accepted, queries are answered.",
               {{"what=\"ingest\"", 1}, {"what=\"query\"", store != nullptr && ingest->ready() ? 1.0 : 0.0}});
  write_process_metrics(text);
  write_surroundings(text, config.get("data"), tls);
  ingest->write_metrics(text);
  privacy->write_metrics(text);
  write_journal(text, journal->stats());
  if (server) write_http(text, server->stats());
  counts.write(text);
  write_metric(text, "pawl_ledger_away", "gauge", "1: the ledger cannot be read.",
               projects->ledger_state().away ? 1 : 0);
  write_metric(text, "pawl_tables_to_rebuild", "gauge", "Tables that are still made anew after an upgrade.",
               static_cast<double>(tables.left()));
  if (store == nullptr)
    write_metric(text, "pawl_warehouse_up", "gauge", "1: the warehouse answers.", 0);
  else
    write_warehouse(text, *store);
  return text;
}

Result<std::string> Installation::Parts::check(Repair repair) const {
  if (opened == nullptr) return fail(ErrorKind::unavailable, "{}", progress());
  std::vector<Finding> findings;
  look_at_disk(config.get("data"), findings);
  look_at_system(findings);
  look_at_ledger(config.get("data"), findings);
  look_at_warehouse(*opened.load(), repair, findings);
  return findings_json(findings);
}

void Installation::Parts::add_routes() {
  const auto slice = [this](std::string_view name, const auto& add) {
    const auto routes = router.routes().size(), methods = router.grpc_methods().size();
    add();
    added.push_back({name, routes, router.routes().size(), methods, router.grpc_methods().size()});
  };
  slice("ingest", [this] { ingest->add_routes(router); });
  slice("privacy", [this] { privacy->add_routes(router); });
  slice("share", [this] {
    share::add_routes(
        router, pool, *projects, *ledger, random, clock,
        {.public_url = [this] { return config.get("public_url").empty() ? main_url : config.get("public_url"); },
         .show =
             [this](const share::Wanted& wanted) {
               return explore->show({.project = wanted.project,
                                     .kind = wanted.kind,
                                     .id = wanted.id,
                                     .trace = wanted.trace,
                                     .span = wanted.span,
                                     .bodies = wanted.bodies,
                                     .until = wanted.until});
             },
         .patterns = [this](projects::ProjectId project) { return privacy->patterns(project); }});
  });
  slice("comments", [this] {
    comments::add_routes(
        router, pool, *projects, *ledger, clock, log,
        {.public_url = [this] { return config.get("public_url").empty() ? main_url : config.get("public_url"); },
         .mail = mailer(),
         .mask = [this](projects::ProjectId project, std::string& text) -> Result<> {
           privacy->hide(project, privacy::Form::text, text);
           return {};
         }});
  });
  slice("explore", [this] { explore->add_routes(router); });
  slice("sdks", [this] { sdks->add_routes(router); });
  slice("prometheus", [this] { prometheus->add_routes(router); });
  slice("tempo", [this] { tempo->add_routes(router); });
  slice("costs", [this] { costs->add_routes(router); });
  slice("alerts", [this] { alerts->add_routes(router); });
  slice("incidents", [this] { incidents->add_routes(router); });
  slice("objectives", [this] { objectives->add_routes(router); });
  slice("reports", [this] { reports->add_routes(router); });
  slice("sql", [this] { sql->add_routes(router); });
  slice("quality", [this] { quality->add_routes(router); });
  slice("views", [this] { views::add_routes(router, pool, *projects, *ledger, random, clock); });
  slice("dashboards", [this] {
    dashboards::add_routes(
        router, pool, *projects, *ledger, clock,
        {.store = [this] { return opened.load(); },
         .progress = [this] { return progress(); },
         .rollups = rollups.get(),
         .prices = pricing->list(),
         .incidents = [this](auto project, const auto& range) { return incident_marks(project, range); }});
  });
  slice("accounts", [this] { add_account_routes(); });
  slice("prices", [this] {
    add_money_routes(
        router, pool, *ingest, *pricing, [this] { return opened.load(); },
        [this](const net::Request& request) {
          return note(request, projects::access_of(request).project, "prices.apply", "");
        });
  });
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
  router.add({.method = "GET",
              .pattern = "/metrics",
              .permission = local ? "read" : "operate",
              .handler = [this](net::Request& request) -> Task<Result<net::Response>> {
                co_return co_await net::on_pool(pool, request.cancel, [this] {
                  return net::Response::bytes("text/plain; version=0.0.4", metrics());
                });
              },
              .summary = "Pawl's own operation, as Prometheus text"});
  router.add({.method = "POST",
              .pattern = "/api/v1/doctor",
              .permission = "operate",
              .handler = [this](net::Request& request) -> Task<Result<net::Response>> {
                const auto fields = CO_TRY(JsonFields::parse(request.body));
                const Repair repair = fields.flag("rebuild").value_or(false)  ? Repair::always
                                      : fields.flag("repair").value_or(false) ? Repair::damaged
                                                                              : Repair::none;
                co_return co_await net::on_pool(pool, request.cancel,
                                                [this, repair, &request]() -> Result<net::Response> {
                                                  if (repair != Repair::none)
                                                    TRY(note(request, 0, "doctor.repair", ""));
                                                  return net::Response::json(TRY(check(repair)));
                                                });
              },
              .body_bytes = 4096,
              .handler_time = hour,
              .summary = "Looks at disk, ledger and warehouse: every part, and the text index, which `repair` builds "
                         "anew where it is damaged, `rebuild` always",
              .accepts = "{repair, rebuild}",
              .answers = "[Finding]: what was looked at"});
  router.add({.method = "POST",
              .pattern = "/api/v1/backup",
              .permission = "operate",
              .handler = [this](net::Request& request) -> Task<Result<net::Response>> {
                const auto name = CO_TRY(JsonFields::parse(request.body)).text("name");
                co_return co_await net::on_pool(pool, request.cancel,
                                                [this, name, &request]() -> Result<net::Response> {
                                                  TRY(note(request, 0, "backup", name));
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
