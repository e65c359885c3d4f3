// What a running installation is made of; shared by the files that make, route and stop it.
#pragma once
#include <thread>

#include "check.h"
#include "clock.h"
#include "features/accounts/accounts.h"
#include "features/alerts/alerts.h"
#include "features/costs/costs.h"
#include "features/dashboards/dashboards.h"
#include "features/explore/explore.h"
#include "features/incidents/incidents.h"
#include "features/ingest/ingest.h"
#include "features/objectives/objectives.h"
#include "features/privacy/privacy.h"
#include "features/prometheus/prometheus.h"
#include "features/quality/quality.h"
#include "features/reports/reports.h"
#include "features/sdks/sdks.h"
#include "features/sql/sql.h"
#include "features/tempo/tempo.h"
#include "identity.h"
#include "listening.h"
#include "metrics.h"
#include "net/pool.h"
#include "net/server.h"
#include "net/tasks.h"
#include "pricing.h"
#include "records/datasets/datasets.h"
#include "records/projects/projects.h"
#include "records/prompts/prompts.h"
#include "records/scores/scores.h"
#include "records/sealed/sealed.h"
#include "serve.h"
#include "store/blobs/blobs.h"
#include "store/journal/journal.h"
#include "store/ledger/ledger.h"
#include "store/warehouse/warehouse.h"
#include "table_care.h"

namespace pawl::app {

// In start order; destroyed from the bottom up.
struct Installation::Parts {
  const Log& log;
  Config config;
  ShiftedClock clock;
  SystemRandom random;
  SystemFiles files;
  std::unique_ptr<journal::Journal> journal;
  std::unique_ptr<ledger::Ledger> ledger;
  std::unique_ptr<projects::Projects> projects;
  std::unique_ptr<blobs::Blobs> blobs;
  std::unique_ptr<scores::Scores> scores;
  std::unique_ptr<prompts::Prompts> prompts;
  std::unique_ptr<datasets::Datasets> datasets;
  std::unique_ptr<sealed::Sealed> sealed;
  std::unique_ptr<net::Outbound> outbound;
  std::optional<MailSettings> mail;
  std::optional<accounts::OidcOptions> oidc;
  accounts::PushOptions pushes;
  std::unique_ptr<Pricing> pricing;
  net::Pool pool{3, 512};
  std::unique_ptr<accounts::PushGate> push;
  std::unique_ptr<warehouse::Warehouse> warehouse;
  std::atomic<warehouse::Warehouse*> opened = nullptr;  // for other threads, once it is open
  TableCare tables{traces::schema(), PAWL_VERSION, log};
  mutable std::mutex said;
  std::atomic<bool> tried = false;  // to open it
  std::string trouble;              // under `said`: why the warehouse is not open
  std::unique_ptr<traces::Rollups> rollups;
  std::unique_ptr<privacy::Privacy> privacy;
  std::unique_ptr<ingest::Ingest> ingest;
  std::unique_ptr<explore::Explore> explore;
  std::unique_ptr<sdks::Sdks> sdks;
  std::unique_ptr<prometheus::Prometheus> prometheus;
  std::unique_ptr<tempo::Tempo> tempo;
  std::unique_ptr<costs::Costs> costs;
  std::unique_ptr<alerts::Alerts> alerts;
  std::unique_ptr<incidents::Incidents> incidents;
  std::unique_ptr<objectives::Objectives> objectives;
  std::unique_ptr<reports::Reports> reports;
  std::unique_ptr<sql::Sql> sql;
  std::unique_ptr<quality::Quality> quality;
  net::Router router;
  net::Io io{2};
  std::unique_ptr<net::Server> server;
  RequestCounts counts;
  std::optional<net::TlsFiles> tls;
  net::TrustedProxies proxies;
  Predecessor predecessor;
  std::vector<Added> added;        // who added which routes
  std::vector<std::string> names;  // of the listeners, in the order of server->descriptors()
  bool local = true;
  std::string main_url, otlp_http_url, otlp_grpc;
  std::atomic<bool> stopping = false;
  std::thread refresher;

  Parts(const Config& c, const Log& l) : log(l), config(c), clock(parse_time(c.get("clock")).value_or(0)) {}

  Result<> open_stores();
  Result<> audit_settings();
  void make_privacy(const std::string& key);
  void refresh();
  void make_features();
  void make_alerts();
  void make_reports();
  Result<std::vector<dashboards::Mark>> incident_marks(projects::ProjectId project, const query::Range& range) const;
  // Hands mails to the server of the settings; empty where there is none.
  std::function<Result<>(std::string_view, const std::function<std::string(std::string_view)>&)> mailer();
  void make_sdks(const std::string& key);
  Result<std::vector<Id128>> erase(projects::ProjectId project, const std::vector<Id128>& all,
                                   const std::vector<Id128>& going);
  Result<std::vector<std::string>> keep_others(const net::Request& request, const std::vector<ingest::Other>& others);
  void add_routes();
  void add_account_routes();
  void add_own_routes();
  Result<> listen(const std::vector<Listening>& wanted);
  void named(const Listening& one, std::uint16_t port);
  void watch();
  void reload_certificates();
  Result<> open_warehouse();
  bool try_warehouse();
  std::string progress() const;  // of what queries wait for, "" where they wait for nothing
  Result<> invite();
  std::string endpoints() const;
  net::Response readiness() const;
  std::string metrics() const;  // asks the engine: on the pool
  Result<std::string> check(Repair repair) const;
  Result<> note(const net::Request& request, projects::ProjectId project, std::string_view action,
                std::string_view detail) const;
  Result<std::string> backup(const std::string& name) const;
  void stop_server(Nanos grace);
  void stop();
};

}  // namespace pawl::app
