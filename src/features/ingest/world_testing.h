// For tests of ingest: a data directory, an engine, a warehouse that refuses rows with a marker, requests by hand.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/text.h"
#include "ingest.h"
#include "quarantine.h"
#include "records/audit/audit.h"
#include "store/warehouse/warehouse_testing.h"

namespace pawl::ingest::testing {

// The warehouse with faults. Calls are counted; `at_call` is told of each, before and after it.
class Doubtful final : public warehouse::Warehouse {
 public:
  explicit Doubtful(warehouse::Warehouse& real) : real_(real) {}

  std::string marker;             // rows that hold it are refused
  std::atomic<bool> ill = false;  // everything is refused, as if it were for what it holds
  std::atomic<int> away = 0;      // so many reads find nobody
  std::atomic<int> full = 0;      // so many inserts into `full_table` fail as on a full disk
  std::string full_table;
  std::function<void(int call, bool done)> at_call;

  Result<warehouse::Answer> read(const warehouse::Query& query) override {
    if (away > 0) {
      --away;
      return fail(ErrorKind::unavailable, "nobody answers");
    }
    return real_.read(query);
  }
  Result<void> run(std::string_view sql) override {
    return counted([&]() -> Result<void> {
      if (ill) return refusal();
      return real_.run(sql);
    });
  }
  Result<void> together(const std::vector<std::string>& statements) override {
    return counted([&]() -> Result<void> {
      if (ill) return refusal();
      return real_.together(statements);
    });
  }
  Result<void> insert(std::string_view table, const native::Block& block) override {
    if (block.rows() == 0) return {};
    return counted([&]() -> Result<void> {
      if (ill) return refusal();
      if (table == full_table && full > 0) {
        --full;
        return fail(ErrorKind::unavailable, "the warehouse's disk is full");
      }
      if (!marker.empty() && block.write().find(marker) != std::string::npos) return refusal();
      return real_.insert(table, block);
    });
  }
  std::string version() const override { return real_.version(); }
  warehouse::Stats stats() const override { return real_.stats(); }

 private:
  static std::unexpected<Error> refusal() {
    return fail(ErrorKind::corrupt, "Code: 117. DB::Exception: Incorrect data: a marked row");
  }
  Result<void> counted(const std::function<Result<void>()>& call) {
    const int number = calls_++;
    if (at_call) at_call(number, false);
    auto done = call();
    if (at_call) at_call(number, true);
    return done;
  }
  warehouse::Warehouse& real_;
  int calls_ = 0;
};

inline std::unique_ptr<warehouse::Warehouse> open_engine(const std::filesystem::path& path) {
  auto opened = warehouse::testing::open_engine(path);
  const auto made = traces::create_tables(*opened);
  PAWL_CHECK(made.has_value(), "{}", made ? "" : made.error().what);
  return opened;
}

inline std::filesystem::path fresh_folder(std::string_view name) {
  static int number = 0;
  const auto path = std::filesystem::temp_directory_path() / fmt::format("pawl-{}-{}-{}", name, getpid(), number++);
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

// The one engine that a process may have.
inline warehouse::Warehouse& engine() {
  return warehouse::testing::engine(traces::create_tables);
}

// Everything of an installation below ingest, on `home`, and ingest itself.
class World {
 public:
  World(std::filesystem::path home, warehouse::Warehouse& store) : home_(std::move(home)), warehouse(store) { open(); }
  ~World() { close(); }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void open() {
    journal_ = std::move(*journal::Journal::open(files_, clock_, random_, {.data = home_}));
    ledger = std::move(*ledger::open_sqlite(home_ / "ledger.db"));
    std::vector<ledger::Migration> steps;
    for (const auto owner : {audit::migrations(), migrations()}) steps.insert(steps.end(), owner.begin(), owner.end());
    PAWL_CHECK(ledger->migrate(steps).has_value());
    quarantine = std::make_unique<Quarantine>(*ledger);
    ingest =
        std::make_unique<Ingest>(*journal_, *ledger, pool_, clock_, log_, Options{.body_key = "key", .pricer = {}});
  }
  void close() {
    if (ingest) ingest->stop(10 * second);
    ingest.reset(), quarantine.reset(), ledger.reset();
    if (journal_) journal_->close();
    journal_.reset();
  }
  void restart() {
    close();
    open();
    start();
  }
  void start() {
    ingest->start(warehouse);
    drain();
  }
  void drain() { EXPECT_TRUE(ingest->drain(60 * second)); }

  void send(ProjectId project, otlp::Signal signal, const std::string& body) {
    const auto put = ingest->put(project, signal, otlp::Encoding::json, body);
    EXPECT_TRUE(put) << put.error().what;
  }

  // One fate in the books.
  std::uint64_t books(ProjectId project, std::string_view fate) const {
    std::string text;
    ingest->write_metrics(text);
    const std::string line = fmt::format("pawl_records_total{{project=\"{}\",fate=\"{}\"}} ", project, fate);
    const auto at = text.find(line);
    if (at == std::string::npos) return 0;
    return static_cast<std::uint64_t>(std::strtoull(text.c_str() + at + line.size(), nullptr, 10));
  }
  std::string all_books(ProjectId project) const {
    std::string out;
    for (const char* fate : {"refused", "quarantined", "journal", "stored", "duplicate", "merged"}) {
      if (const auto count = books(project, fate); count > 0)
        out += fmt::format("{}{} {}", out.empty() ? "" : ", ", fate, count);
    }
    return out;
  }
  std::int64_t number(const std::string& sql) {
    const auto answer = warehouse.read({.sql = sql});
    EXPECT_TRUE(answer) << answer.error().what;
    return answer && answer->rows.size() == 1 ? answer->rows.integer(0, 0) : -1;
  }

 private:
  std::filesystem::path home_;
  SystemFiles files_;
  SystemClock clock_;
  SystemRandom random_;
  Log log_{Log::Format::text, Level::error};
  net::Pool pool_{1, 16};
  std::unique_ptr<journal::Journal> journal_;

 public:
  warehouse::Warehouse& warehouse;
  std::unique_ptr<ledger::Ledger> ledger;
  std::unique_ptr<Quarantine> quarantine;
  std::unique_ptr<Ingest> ingest;
};

// An OTLP JSON span; `more` are further members of its object, such as R"("attributes":[…])".
inline std::string span_json(int trace, int span, std::string_view name, int parent = 0, std::string_view more = "") {
  const Nanos start = SystemClock().now() - minute;
  return fmt::format(R"({{"traceId":"{:032x}","spanId":"{:016x}",{}"name":"{}","startTimeUnixNano":"{}",)"
                     R"("endTimeUnixNano":"{}"{}{}}})",
                     trace, span, parent == 0 ? "" : fmt::format(R"("parentSpanId":"{:016x}",)", parent), name, start,
                     start + second, more.empty() ? "" : ",", more);
}
inline std::string text_attribute(std::string_view key, std::string_view value) {
  return fmt::format(R"({{"key":"{}","value":{{"stringValue":"{}"}}}})", key, value);
}
inline std::string spans_body(const std::vector<std::string>& spans) {
  return R"({"resourceSpans":[{"scopeSpans":[{"scope":{"name":"test"},"spans":[)" + join(spans, ",") + "]}]}]}";
}
inline std::string log_json(int trace, int span, std::string_view body) {
  return fmt::format(R"({{"traceId":"{:032x}","spanId":"{:016x}","timeUnixNano":"{}","body":{{"stringValue":"{}"}}}})",
                     trace, span, SystemClock().now() - minute, body);
}
inline std::string logs_body(const std::vector<std::string>& records) {
  return R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[)" + join(records, ",") + "]}]}]}";
}
inline std::string gauge_body(const std::vector<std::string>& names) {
  std::vector<std::string> metrics;
  for (const auto& name : names) {
    metrics.push_back(
        fmt::format(R"({{"name":"{}","gauge":{{"dataPoints":[{{"timeUnixNano":"{}","asDouble":1.5}}]}}}})", name,
                    SystemClock().now()));
  }
  return R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[)" + join(metrics, ",") + "]}]}]}";
}

}  // namespace pawl::ingest::testing
