// Serving.
#include "serve.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "assets.h"
#include "base/files.h"
#include "base/json.h"
#include "base/rng.h"
#include "base/text.h"
#include "features/explore/explore.h"
#include "features/ingest/ingest.h"
#include "llm/prices.h"
#include "net/local_mode.h"
#include "net/pool.h"
#include "net/router.h"
#include "net/server.h"
#include "net/tasks.h"
#include "records/projects/projects.h"
#include "store/journal/journal.h"
#include "store/warehouse/warehouse.h"

namespace pawl::app {
namespace {

// The installation's secret, made at the first start.
Result<std::string> body_key(const std::string& data, Random& random) {
  const std::string path = data + "/body.key";
  std::ifstream in(path, std::ios::binary);
  std::string key((std::istreambuf_iterator<char>(in)), {});
  if (key.size() == 32) return key;
  key = random.bytes(32);
  std::ofstream out(path, std::ios::binary);
  out << key;
  out.close();
  std::error_code error;
  std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, error);
  if (!out) return fail(ErrorKind::unavailable, "{} could not be written", path);
  return key;
}

std::string explain_cost(const traces::SpanRow& row, llm::Pricer& pricer) {
  llm::Tokens tokens{row.tokens_input,  row.tokens_cache_read, row.tokens_cache_write,
                     row.tokens_output, row.tokens_reasoning,  {}};
  JsonWriter json;
  json.object().key("formula").array();
  const auto priced = pricer.cost_of(tokens, {.provider = row.provider, .model = row.model, .at = row.start});
  if (priced && row.cost) {
    for (const auto& line : priced->lines) {
      json.object().field("type", line.type).field("tokens", line.millionths / 1'000'000);
      json.field("price_usd_per_mtok", format_dollars(line.pico))
          .field("cost_usd", format_dollars(line.cost.pico))
          .end();
    }
  }
  json.end().field("price_row", row.price_row);
  json.field("price_date", priced ? std::string(priced->since) : std::string());
  json.key("reported_usd");
  row.cost_reported ? json.value(format_dollars(*row.cost_reported)) : json.null();
  return json.end().take();
}

}  // namespace

int serve(const Settings& settings, const Log& log) {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  std::error_code error;
  std::filesystem::create_directories(settings.data, error);
  const SystemClock clock;
  SystemRandom random;
  SystemFiles files;
  auto journal = journal::Journal::open(files, clock, random, {.data = settings.data});
  if (!journal) {
    log.error("cannot start", {{"why", journal.error().what}});
    return 3;
  }
  const auto key = body_key(settings.data, random);
  auto prices = llm::built_in_prices();
  if (!key || !prices) {
    log.error("cannot start", {{"why", key ? prices.error().what : key.error().what}});
    return 3;
  }
  net::Pool pool(3, 512);
  llm::Pricer writer_pricer(*prices), reader_pricer(*prices);
  std::mutex reading;

  explore::Explore* explore_door = nullptr;
  ingest::Ingest ingest(**journal, pool, clock, log,
                        {.body_key = *key,
                         .pricer =
                             [&](traces::SpanRow& row, const llm::Reading& reading_of) {
                               const bool call = row.kind == llm::Kind::llm || row.kind == llm::Kind::embedding;
                               if (!reading_of.tokens.any() || (!call && row.model.empty())) return;
                               const auto priced = writer_pricer.cost_of(reading_of, row.start);
                               row.cost_unknown = !priced;
                               if (!priced) return;
                               row.cost = priced->total.pico;
                               row.price_row = priced->row;
                             },
                         .taps = {[&](const traces::Batch& batch) { explore_door->committed(batch); }}});
  explore::Explore explore(pool, clock, log,
                           {.explain_cost =
                                [&](const traces::SpanRow& row) {
                                  const std::lock_guard lock(reading);
                                  return explain_cost(row, reader_pricer);
                                },
                            .progress = [&] { return ingest.progress(); }});
  explore_door = &explore;

  net::Router router;
  ingest.add_routes(router);
  explore.add_routes(router);
  add_asset_routes(router);
  auto plain = [&](std::string pattern, auto handler) {
    router.add(
        {.method = "GET",
         .pattern = std::move(pattern),
         .permission = "public",
         .handler = [handler](net::Request& request) -> Task<Result<net::Response>> { co_return handler(request); }});
  };
  plain("/healthz", [](const net::Request&) { return net::Response::json("{\"status\":\"ok\"}"); });
  plain("/readyz", [&](const net::Request&) {
    const bool query = ingest.ready();
    JsonWriter json;
    json.object().field("ingest", true).field("query", query).field("progress", ingest.progress()).end();
    return net::Response::json(json.take(), query ? 200 : 503);
  });
  plain("/metrics", [&](const net::Request&) {
    std::string text;
    ingest.write_metrics(text);
    return net::Response::bytes("text/plain; version=0.0.4", std::move(text));
  });

  net::Io io(2);
  net::ServerOptions options;
  options.gate = [](net::Request& request, std::string_view) -> std::optional<net::Response> {
    request.who = projects::Access{.role = "owner", .local = true, .may = {true, true, true, true}};
    return std::nullopt;
  };
  net::Server server(io, options, log);
  const auto port = server.listen(settings.listen.address, settings.listen.port,
                                  {.name = "main", .router = &router, .local_mode = true});
  if (!port) {
    log.error("cannot listen", {{"why", port.error().what}});
    return 3;
  }
  if (settings.otlp_ports) {
    for (const std::uint16_t extra : {std::uint16_t{4318}, std::uint16_t{4317}}) {
      const auto opened =
          server.listen("127.0.0.1", extra,
                        {.name = extra == 4318 ? "otlp-http" : "otlp-grpc", .router = &router, .local_mode = true});
      if (!opened)
        log.warn("an OTLP port is taken; exporters with default settings will not reach Pawl",
                 {{"why", opened.error().what}});
    }
  }
  log.info("listening", {{"address", fmt::format("http://{}:{}", settings.listen.address, *port)}});

  auto store = warehouse::open_embedded({.library = warehouse::find_library(),
                                         .path = settings.data + "/warehouse",
                                         .backups = settings.data + "/backups"},
                                        log);
  if (!store) {
    log.error("the warehouse does not open; data is accepted, queries are not answered", {{"why", store.error().what}});
  } else {
    if (const auto made = traces::create_tables(**store); !made)
      log.error("the tables could not be made", {{"why", made.error().what}});
    ingest.start(**store);
    explore.open(**store);
  }
  int signal = 0;
  sigwait(&ends, &signal);
  log.info("stopping");
  server.stop(5 * second);
  explore.close();
  ingest.stop(10 * second);
  (*journal)->close();
  return 0;
}

}  // namespace pawl::app
