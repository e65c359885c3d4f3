// Serving.
#include "serve.h"

#include <filesystem>
#include <fstream>

#include "base/files.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/rng.h"
#include "base/text.h"
#include "identity.h"
#include "installation.h"
#include "ledger.h"
#include "open_warehouse.h"
#include "process.h"
#include "query/query.h"
#include "records/audit/audit.h"

namespace pawl::app {
namespace {

// The installation's secret for hashes of bodies, made at the first start.
Result<std::string> body_key(const std::string& data, Random& random) {
  const std::string path = data + "/body.key";
  std::ifstream in(path, std::ios::binary);
  std::string key((std::istreambuf_iterator<char>(in)), {});
  if (key.size() == 32) return key;
  key = random.bytes(32);
  std::ofstream out(path, std::ios::binary);
  std::error_code error;
  std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, error);
  out << key;
  out.close();
  if (!out) return fail(ErrorKind::unavailable, "{} could not be written", path);
  return key;
}

std::vector<traces::Rollup> rollup_tables() {
  std::vector<traces::Rollup> out;
  for (const auto& one : query::rollups()) out.push_back({one.name, one.ddl, one.insert, one.group});
  return out;
}

}  // namespace

Result<> Installation::Parts::open_stores() {
  const std::string& data = config.get("data");
  TRY(files.make_folders(data));
  journal = TRY(journal::Journal::open(files, clock, random, {.data = data}));
  ledger = TRY(open_ledger(data));
  projects =
      TRY(projects::Projects::open(*ledger, random, clock,
                                   [this](ledger::Transaction& transaction, std::uint32_t project,
                                          std::string_view actor, std::string_view action, std::string_view detail) {
                                     return audit::append(transaction, clock.now(), project, actor, action, detail);
                                   }));
  blobs = TRY(blobs::Blobs::open(files, random, {.data = data}));
  scores = std::make_unique<scores::Scores>(*ledger, clock);
  prompts = TRY(prompts::Prompts::open(*ledger, clock));
  datasets = std::make_unique<datasets::Datasets>(*ledger, clock);
  pricing = TRY(Pricing::load(config.get("prices")));
  return {};
}

// Settings are in the audit table from the first start on, and again when they differ.
Result<> Installation::Parts::audit_settings() {
  const std::string now = fmt::format("pawl {}: {}", PAWL_VERSION, settings_in_force(config));
  if (TRY(audit::last_detail(*ledger, "settings")) == now) return {};
  return audit::append(*ledger, clock.now(), 0, "operator", "settings", now);
}

// What a project wants hidden reaches no disk: before the journal, and before scores are kept.
void Installation::Parts::make_privacy(const std::string& key) {
  sealed = std::make_unique<sealed::Sealed>(*ledger, random, clock, key);
  privacy = std::make_unique<privacy::Privacy>(pool, *ledger, *projects, *sealed, clock, log,
                                               privacy::Options{.progress = [this] { return progress(); }});
  scores->mask_by([this](projects::ProjectId project, bool is_json, std::string& text) -> Result<> {
    privacy->hide(project, is_json ? privacy::Form::json : privacy::Form::text, text);
    return {};
  });
}

void Installation::Parts::refresh() {
  const bool before = projects->ledger_state().away;
  projects->refresh();
  const auto state = projects->ledger_state();
  if (state.away && !before)
    log.error("the ledger cannot be read: known keys may ingest for 15 minutes, nothing else works",
              {{"why", state.why}});
  if (before && !state.away) log.info("the ledger can be read again");
  explore->end_views();
}

void Installation::Parts::make_features() {
  pushes.local = local;
  push = std::make_unique<accounts::PushGate>(pushes, *projects, pool, *outbound, clock, log);
  const auto key = body_key(config.get("data"), random);
  rollups = std::make_unique<traces::Rollups>(rollup_tables(), log);
  make_privacy(key.value_or(""));
  ingest = std::make_unique<ingest::Ingest>(
      *journal, *ledger, pool, clock, log,
      ingest::Options{
          .body_key = key.value_or(""),
          .pricer = [this](traces::SpanRow& row, const llm::Reading& reading) { pricing->price(row, reading); },
          .mask = [this](traces::ProjectId project, otlp::Signal signal, ingest::BodyForm form,
                         std::string& body) -> Result<ingest::Masked> {
            const auto done =
                TRY(privacy->mask(project, static_cast<privacy::Form>(form), static_cast<guard::Signal>(signal), body));
            return ingest::Masked{done.epoch, done.hidden};
          },
          .mask_blocks = [this](traces::ProjectId project) { return privacy->blocks(project); },
          .taps = {[this](const traces::Batch& batch) { explore->committed(batch); },
                   [this](const traces::Batch& batch) { sdks->committed(batch); }},
          .books_beside = [this](traces::ProjectId project) -> Result<ingest::BooksBeside> {
            const auto books = TRY(scores->books(project));
            return ingest::BooksBeside{books.received, books.refused, books.duplicate, books.merged};
          },
          .push_project = [this](const net::Request& request) { return push->project_of(request); },
          .keep_others = [this](const net::Request& request, llm::RunForm,
                                const std::vector<ingest::Other>& others) { return keep_others(request, others); },
          .rollups = rollups.get()});
  explore = std::make_unique<explore::Explore>(
      pool, clock, log,
      explore::Options{.explain_cost = [this](const traces::SpanRow& row) { return pricing->explain(row); },
                       .progress = [this] { return progress(); },
                       .watch = [this](const projects::Access& access) { return projects->watch(access); },
                       .scores = scores.get(),
                       .rollups = rollups.get()});
  costs = std::make_unique<costs::Costs>(pool, *ledger, *projects, pricing->list(), clock,
                                         costs::Options{.organisation = config.get("organisation"),
                                                        .progress = [this] { return progress(); },
                                                        .rollups = rollups.get(),
                                                        .public_prices = pricing->public_list()});
  prometheus = std::make_unique<prometheus::Prometheus>(
      pool, clock,
      prometheus::Options{
          .version = PAWL_VERSION, .progress = [this] { return progress(); }, .rollups = rollups.get()});
  tempo = std::make_unique<tempo::Tempo>(
      pool, clock,
      tempo::Options{
          .progress = [this] { return progress(); },
          .public_url = [this] { return config.get("public_url").empty() ? main_url : config.get("public_url"); }});
  make_alerts();
  objectives = std::make_unique<objectives::Objectives>(pool, *ledger, clock,
                                                        objectives::Options{.progress = [this] { return progress(); }});
  make_reports();
  sql = std::make_unique<sql::Sql>(pool, sql::Options{.progress = [this] { return progress(); }});
  quality = std::make_unique<quality::Quality>(
      pool, quality::Parts{*ledger, *projects, *scores, *datasets}, clock, log,
      quality::Options{
          .public_url = [this] { return config.get("public_url").empty() ? main_url : config.get("public_url"); },
          .progress = [this] { return progress(); }});
  make_sdks(key.value_or(""));
}

// What comes beside runs is for sdks to keep.
Result<std::vector<std::string>> Installation::Parts::keep_others(const net::Request& request,
                                                                  const std::vector<ingest::Other>& others) {
  std::vector<sdks::Beside> all;
  for (const auto& one : others) all.push_back({one.type, one.id, one.json, one.name, one.content_type, one.at});
  return sdks->keep(projects::access_of(request), all);
}

std::function<Result<>(std::string_view, const std::function<std::string(std::string_view)>&)>
Installation::Parts::mailer() {
  if (!mail) return {};
  return [this](std::string_view to, const std::function<std::string(std::string_view)>& text) {
    net::Mail one{.from = mail->from, .to = {}, .text = text(mail->from)};
    for (const auto address : split(to, ',')) one.to.emplace_back(address);
    return net::send_mail(mail->server, one);
  };
}

void Installation::Parts::make_alerts() {
  alerts = std::make_unique<alerts::Alerts>(
      pool, *ledger, *projects, random, clock, log,
      alerts::Options{
          .send = [this](std::vector<net::ClientRequest> all) { return outbound->send_all(std::move(all)); },
          .mail = mailer(),
          .public_url = [this] { return config.get("public_url").empty() ? main_url : config.get("public_url"); },
          .progress = [this] { return progress(); },
          .rollups = rollups.get()});
  incidents = std::make_unique<incidents::Incidents>(
      pool, *ledger, *projects, *datasets, random, clock,
      incidents::Options{
          .progress = [this] { return progress(); },
          .public_url = [this] { return config.get("public_url").empty() ? main_url : config.get("public_url"); },
          .firing = [this](projects::ProjectId project,
                           const std::string& event) { return alerts::firing(*ledger, project, event); },
          .rollups = rollups.get()});
}

Result<> Installation::Parts::listen(const std::vector<Listening>& wanted) {
  net::ServerOptions options;
  options.gate = [this](net::Request& request, std::string_view permission) {
    return projects->gate(request, permission, local);
  };
  options.proxies = proxies;
  options.observe = [this](const net::Served& served) {
    counts.count(served);
    if (!log.enabled(Level::debug)) return;
    log.write(Level::debug, "request",
              {{"client", served.request->client},
               {"method", served.request->method},
               {"path", served.request->path},
               {"status", fmt::format("{}", served.status)},
               {"ms", fmt::format("{}", served.took / millisecond)},
               {"request_id", served.request->request_id()}});
  };
  server = std::make_unique<net::Server>(io, options, log);
  for (const auto& one : wanted) {
    const net::ListenOptions how{.name = one.name, .router = &router, .local_mode = local, .tls = tls};
    const auto port = one.descriptor >= 0 ? server->adopt(one.descriptor, how)
                                          : server->listen(one.address.host, one.address.port, how);
    if (!port && one.must) return std::unexpected(port.error());
    if (port) named(one, *port);
    if (!port) {
      log.warn("an OTLP port is taken: exporters with default settings will not reach this server",
               {{"why", port.error().what}});
    }
  }
  if (otlp_grpc.empty()) otlp_grpc = main_url.substr(main_url.find("//") + 2);
  return {};
}

// Keeps how a listener is reached from this machine.
void Installation::Parts::named(const Listening& one, std::uint16_t port) {
  const bool any = one.address.host == "0.0.0.0" || one.address.host == "::";
  const std::string host = any                              ? "127.0.0.1"
                           : one.address.host.contains(':') ? "[" + one.address.host + "]"
                                                            : one.address.host;
  const std::string place = fmt::format("{}:{}", host, port),
                    url = fmt::format("{}://{}", tls ? "https" : "http", place);
  if (one.name == "main" && main_url.empty()) main_url = url;
  if (one.name == "otlp-http") otlp_http_url = url;
  if (one.name == "otlp-grpc") otlp_grpc = place;
  names.push_back(one.name);
}

void Installation::Parts::reload_certificates() {
  if (!tls) return;
  if (const auto read = server->reload_tls(); !read)
    log.warn("the old certificate stays in use", {{"why", read.error().what}});
  else
    log.info("certificate read", {{"file", tls->certificate}});
}

// What is looked after four times in ten seconds and less often, until the end.
void Installation::Parts::watch() {
  CertificateWatch certificates(tls);
  for (int round = 0; !stopping; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    refresh();
    if (round % 5 == 4 && certificates.changed()) reload_certificates();
    if (round % 25 == 24) ingest->retire_segments();
    if (round % 25 == 24 && tried && opened == nullptr && is_remote(config)) try_warehouse();
  }
}

Result<> Installation::Parts::invite() {
  if (local) {
    log.info("local mode: no key and no log-in; whoever reaches the loopback of this machine reads everything",
             {{"page", main_url}});
    return {};
  }
  log.info("keys and log-in are required", {{"page", main_url}});
  if (!TRY(projects->has_users())) {
    const auto token = TRY(projects->create_setup_token());
    fmt::print("Set up the first administrator (one use, 15 minutes): {}/setup#{}\n", main_url, token);
    std::fflush(stdout);
  }
  return {};
}

Result<> Installation::Parts::open_warehouse() {
  warehouse = TRY(app::open_warehouse(config, TRY(body_key(config.get("data"), random)), log));
  TRY(tables.begin(*warehouse));
  ingest->start(*warehouse);
  explore->open(*warehouse);
  privacy->open(*warehouse);
  prometheus->open(*warehouse);
  tempo->open(*warehouse);
  costs->open(*warehouse);
  alerts->open(*warehouse);
  incidents->open(*warehouse);
  objectives->open(*warehouse);
  reports->open(*warehouse);
  sql->open(*warehouse);
  sdks->open(*warehouse);
  quality->open(*warehouse);
  opened = warehouse.get();
  return {};
}

bool Installation::Parts::try_warehouse() {
  const auto done = open_warehouse();
  if (!done) {
    warehouse.reset();
    log.error("the warehouse does not open: data is accepted and kept in the journal, queries are not answered",
              {{"why", done.error().what}});
  }
  {
    const std::lock_guard lock(said);
    trouble = done ? "" : done.error().what;
  }
  if (done) tables.go_on(*warehouse, [this] { return ingest->ready(); });
  return done.has_value();
}

std::string Installation::Parts::progress() const {
  const std::lock_guard lock(said);
  return trouble.empty() ? ingest->progress() : trouble;
}

Result<std::string> Installation::Parts::backup(const std::string& name) const {
  namespace fs = std::filesystem;
  const bool plain =
      !name.empty() && name.size() <= 100 && name.find_first_of("/\\'\"") == std::string::npos && name[0] != '.';
  if (!plain) return fail(ErrorKind::invalid, "A back-up's name has 1 to 100 characters, no slash and no quote.");
  if (opened == nullptr) return fail(ErrorKind::unavailable, "the warehouse is not open");
  if (is_remote(config))
    return fail(
        ErrorKind::invalid,
        "The warehouse is a ClickHouse of your own: back it up by its own means, and the data directory beside it.");
  const fs::path data = fs::absolute(config.get("data")), to = data / "backups" / name;
  if (fs::exists(to)) return fail(ErrorKind::conflict, "There is a back-up {} already.", name);
  const Nanos began = clock.monotonic();
  if (!ingest->drain(minute)) return fail(ErrorKind::unavailable, "what was acknowledged is not stored yet; try again");
  std::error_code error;
  fs::create_directories(to, error);
  TRY(ledger->copy_to((to / "ledger.db").string()));
  for (const char* file : {"body.key", "auth.required"}) {
    if (!error && fs::exists(data / file)) fs::copy_file(data / file, to / file, error);
  }
  if (error) return fail(ErrorKind::unavailable, "writing {}: {}", to.string(), error.message());
  TRY(warehouse->run(fmt::format("BACKUP {} TO File('{}')", traces::backup_tables(), (to / "warehouse").string())));
  JsonWriter json;
  json.object().field("name", name).field("path", to.string()).field("ms", (clock.monotonic() - began) / millisecond);
  return json.end().take();
}

void Installation::Parts::stop_server(Nanos grace) {
  if (stopping.exchange(true)) return;
  if (refresher.joinable()) refresher.join();
  tables.stop();
  if (server) server->stop(grace);
}

void Installation::Parts::stop() {
  stop_server(5 * second);
  if (explore) explore->close();
  if (privacy) privacy->close();
  if (prometheus) prometheus->close();
  if (tempo) tempo->close();
  if (costs) costs->close();
  if (alerts) alerts->close();
  if (incidents) incidents->close();
  if (reports) reports->close();
  if (objectives) objectives->close();
  if (sql) sql->close();
  if (sdks) sdks->close();
  if (quality) quality->close();
  pool.stop();
  if (ingest && !ingest->stop(15 * second))
    log.warn("not everything was stored in time; it is in the journal and comes back at the next start");
  if (journal) journal->close();
}

Installation::Installation(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Installation::~Installation() {
  parts_->stop();
}

Result<std::unique_ptr<Installation>> Installation::start(const Config& config, const Log& log) {
  if (const auto& start = config.get("clock"); !start.empty() && !parse_time(start))
    return fail(ErrorKind::invalid, "clock = {} must be a time such as 2026-01-05T09:00:00Z.", start);
  auto parts = std::make_unique<Parts>(config, log);
  auto* p = parts.get();
  auto installation = std::unique_ptr<Installation>(new Installation(std::move(parts)));
  const auto wanted = TRY(listeners(config, TRY(inherited_sockets())));
  p->tls = TRY(tls_files(config));
  p->proxies = TRY(net::TrustedProxies::parse(config.list("trusted_proxies")));
  p->outbound = std::make_unique<net::Outbound>(TRY(outbound_options(config)));
  p->mail = TRY(mail_settings(config));
  p->oidc = TRY(oidc_options(config));
  p->pushes = TRY(push_options(config));
  TRY(p->predecessor.take_over(minute));
  TRY(p->open_stores());
  TRY(p->audit_settings());
  // A server that once asked for keys goes on asking.
  const std::string marker = config.get("data") + "/auth.required";
  const bool outside = std::ranges::any_of(wanted, [](const Listening& one) { return !is_loopback(one.address.host); });
  p->local = !outside && config.get("auth") != "required" && !std::filesystem::exists(marker);
  if (!p->local) std::ofstream(marker) << "keys and log-in are required from now on\n";
  p->make_features();
  p->privacy->prepare();
  p->add_routes();
  TRY(p->listen(wanted));
  TRY(p->invite());
  p->refresher = std::thread([p] { p->watch(); });
  notify_supervisor("READY=1");
  if (!p->predecessor.wait_for_end(10 * minute))
    log.warn("the server before this one has not ended; opening its warehouse all the same");
  p->try_warehouse();
  p->tried = true;
  return installation;
}

std::string Installation::url() const {
  return parts_->main_url;
}

bool Installation::wait_ready(Nanos most) const {
  for (const Nanos end = parts_->clock.monotonic() + most; parts_->clock.monotonic() < end;) {
    if (parts_->opened != nullptr && parts_->ingest->ready()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

Result<std::string> Installation::backup(const std::string& name) const {
  return parts_->backup(name);
}

bool Installation::drain(Nanos most) const {
  return parts_->ingest->drain(most);
}

void Installation::reload() {
  parts_->reload_certificates();
}

Result<> Installation::hand_over(const Command& command) {
  auto& p = *parts_;
  std::vector<Inherited> sockets;
  const auto descriptors = p.server->descriptors();
  for (std::size_t i = 0; i < descriptors.size(); ++i) sockets.push_back({descriptors[i], p.names[i], {}});
  auto successor = TRY(Successor::start(command, sockets));
  TRY(successor.wait_until_ready(minute));
  p.log.info("handing over", {{"to", fmt::format("process {}", successor.process())}});
  notify_supervisor(fmt::format("MAINPID={}", successor.process()));
  p.stop_server(2 * second);
  p.ingest->leave();
  p.journal->close();
  successor.journal_is_free();
  return {};
}

int serve(const Config& config, const Log& log,
          std::function<void(Installation&, const std::atomic<bool>&)> meanwhile) {
  const auto command = Command::of_this_process();
  prepare_process();
  const Signals signals;
  auto installation = Installation::start(config, log);
  if (!installation) {
    log.error("cannot start", {{"why", installation.error().what}});
    return 3;
  }
  std::atomic<bool> stop = false;
  std::thread beside;
  if (meanwhile) beside = std::thread([&] { meanwhile(**installation, stop); });
  for (bool serving = true; serving;) {
    const int signal = signals.wait();
    serving = signal == SIGHUP || signal == SIGUSR2;
    if (signal == SIGHUP) (*installation)->reload();
    if (signal == SIGUSR2 && meanwhile) log.warn("the demo is not handed over");
    if (signal == SIGUSR2 && !meanwhile) {
      const auto done = (*installation)->hand_over(command);
      if (!done) log.error("not handed over; this process serves on", {{"why", done.error().what}});
      serving = !done;
    }
    if (!serving) log.info("stopping", {{"signal", signal == SIGTERM ? "TERM" : signal == SIGINT ? "INT" : "USR2"}});
  }
  stop = true;
  if (beside.joinable()) beside.join();
  installation->reset();
  return 0;
}

}  // namespace pawl::app
