// The warehouse as a ClickHouse server: statements and blocks over its HTTP interface.
// Source: ClickHouse documentation "HTTP interface".
#include <simdjson.h>

#include <mutex>

#include "base/text.h"
#include "cancellations.h"
#include "statements.h"

namespace pawl::warehouse {
namespace {

constexpr std::size_t most_target = 900U << 10;  // the server takes a megabyte (http_max_uri_size)

std::string encoded(std::string_view text) {
  constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (plain.find(c) != std::string_view::npos)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

class Remote final : public Warehouse {
 public:
  Remote(RemoteOptions options, HttpSend send) : options_(std::move(options)), send_(std::move(send)) {}

  Result<> open() {
    TRY(call({.target = target(""), .body = fmt::format("CREATE DATABASE IF NOT EXISTS `{}`", options_.database)}));
    const auto version = TRY(read({.sql = "SELECT version()"}));
    version_ = version.rows.size() == 1 ? std::string(version.rows.text(0, 0)) : "";
    TRY(
        run("CREATE TABLE IF NOT EXISTS installation (name String, at DateTime DEFAULT now()) ENGINE = MergeTree ORDER "
            "BY at"));
    auto owners = TRY(read({.sql = "SELECT name FROM installation ORDER BY at LIMIT 1"}));
    if (owners.rows.size() == 0) {
      TRY(run(fmt::format("INSERT INTO installation (name) VALUES ('{}')", options_.installation)));
      owners = TRY(read({.sql = "SELECT name FROM installation ORDER BY at LIMIT 1"}));
    }
    if (owners.rows.size() == 1 && owners.rows.text(0, 0) == options_.installation) return {};
    return fail(ErrorKind::conflict,
                "the database {} belongs to another installation of Pawl. Give this one a database of its own "
                "(warehouse_database), or start it on the data directory that the other one had",
                options_.database);
  }

  Result<Answer> read(const Query& query) override {
    const Nanos start = clock_.monotonic();
    auto answer = ask(query);
    if (answer) answer->elapsed = clock_.monotonic() - start;
    return counters_.count(std::move(answer), clock_.monotonic() - start);
  }

  Result<void> run(std::string_view sql) override {
    const std::lock_guard lock(writing_);
    return run_alone(sql);
  }

  Result<void> together(const std::vector<std::string>& statements) override {
    const std::lock_guard lock(writing_);
    for (const auto& sql : statements) TRY(run_alone(sql));
    return {};
  }

  Result<void> insert(std::string_view table, const native::Block& block) override {
    if (block.rows() == 0) return {};
    const std::string sql = fmt::format("INSERT INTO {} ({}) FORMAT Native", table, block.column_list());
    const std::lock_guard lock(writing_);
    // What is sent again is told apart by its batch (traces::held_of); ClickHouse's own ways of that drop other rows.
    TRY(call({.target = target(options_.database) + "&query=" + encoded(sql) +
                        "&async_insert=0&insert_deduplicate=0&exclude_materialize_skip_indexes_on_insert=words",
              .body = block.write(),
              .time = 5 * minute},
             Asked::insert));
    return {};
  }

  std::string version() const override { return version_; }
  Stats stats() const override { return counters_.stats(); }

 private:
  std::string target(std::string_view database, std::string_view format = "Native") const {
    // The answer begins when the query has ended: an error is a status, and never in the middle of rows.
    std::string out = fmt::format("/?wait_end_of_query=1&default_format={}", format);
    if (!database.empty()) out += "&database=" + encoded(database);
    return out;
  }

  Result<HttpAnswer> call(HttpCall call, Asked asked = Asked::query) {
    if (!options_.user.empty()) call.headers.emplace_back("x-clickhouse-user", options_.user);
    if (!options_.password.empty()) call.headers.emplace_back("x-clickhouse-key", options_.password);
    call.headers.emplace_back("content-type", "application/octet-stream");
    auto answer = TRY(send_(std::move(call)));
    if (answer.status == 200) return answer;
    if (answer.body.find("Code: ") != std::string::npos) return std::unexpected(engine_error(trim(answer.body), asked));
    return fail(ErrorKind::unavailable, "the warehouse answered {}: {}", answer.status,
                repair_utf8(utf8_prefix(trim(answer.body), 300)));
  }

  Result<void> run_alone(std::string_view sql) {
    TRY(call({.target = target(options_.database), .body = std::string(sql), .time = hour}));
    return {};
  }

  Result<Answer> ask(const Query& query) {
    if (query.cancelled && query.cancelled()) return fail(ErrorKind::unavailable, "cancelled");
    const Cancellations::Watched watched(cancellations_, query.cancelled);
    std::string to = target(options_.database, query.format.empty() ? "Native" : query.format) +
                     fmt::format("&max_execution_time={}&max_memory_usage={}&max_threads=2",
                                 static_cast<double>(query.deadline) / static_cast<double>(second), options_.memory);
    for (const auto& [name, value] : query.parameters)
      to += fmt::format("&param_{}={}", name, encoded(parameter_text(query.sql, name, value)));
    if (!watched.tag().empty()) to += "&log_comment=" + encoded(watched.tag());
    if (to.size() > most_target) return fail(ErrorKind::exhausted, "The query asks for too much at once; narrow it.");
    auto answer = TRY(call({.target = std::move(to), .body = query.sql, .time = query.deadline + 5 * second}));
    Answer out;
    std::tie(out.rows_read, out.bytes_read) = summary(answer.summary);
    if (query.format.empty())
      out.rows = TRY(native::Rows::read(std::move(answer.body)));
    else
      out.raw = std::move(answer.body);
    return out;
  }

  // {"read_rows":"12","read_bytes":"345",…}
  static std::pair<std::uint64_t, std::uint64_t> summary(const std::string& text) {
    simdjson::dom::parser parser;
    simdjson::dom::element document;
    std::string_view rows, bytes;
    if (parser.parse(text).get(document) != simdjson::SUCCESS) return {};
    if (document["read_rows"].get(rows) != simdjson::SUCCESS || document["read_bytes"].get(bytes) != simdjson::SUCCESS)
      return {};
    return {static_cast<std::uint64_t>(parse_int(rows).value_or(0)),
            static_cast<std::uint64_t>(parse_int(bytes).value_or(0))};
  }

  RemoteOptions options_;
  HttpSend send_;
  SystemClock clock_;
  ReadCounters counters_;
  std::mutex writing_;
  std::string version_;
  Cancellations cancellations_{[this](const std::string& tag) {
    const auto ignored = call({.target = target(""), .body = Cancellations::kill_sql(tag), .time = 10 * second});
    static_cast<void>(ignored);  // its deadline ends it all the same
  }};
};

}  // namespace

Result<std::unique_ptr<Warehouse>> open_remote(RemoteOptions options, HttpSend send, const Log& log) {
  const std::string database = options.database;
  auto warehouse = std::make_unique<Remote>(std::move(options), std::move(send));
  TRY(warehouse->open());
  log.info("warehouse open (remote, experimental)", {{"engine", warehouse->version()}, {"database", database}});
  return warehouse;
}

}  // namespace pawl::warehouse
