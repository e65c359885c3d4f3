// The warehouse in this process: a pool of libchdb connections, one for writing and some for reading.
#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "base/text.h"
#include "cancellations.h"
#include "engine.h"
#include "statements.h"

namespace pawl::warehouse {
namespace {

constexpr std::string_view format = "Native";

std::string config_xml(const EmbeddedOptions& options) {
  return fmt::format(R"(<clickhouse>
  <max_server_memory_usage>{}</max_server_memory_usage>
  <mark_cache_size>67108864</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <index_mark_cache_size>16777216</index_mark_cache_size>
  <background_pool_size>2</background_pool_size>
  <background_merges_mutations_concurrency_ratio>1</background_merges_mutations_concurrency_ratio>
  <background_schedule_pool_size>4</background_schedule_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <backups><allowed_path>{}</allowed_path></backups>
  <merge_tree>
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
    <parts_to_delay_insert>3000</parts_to_delay_insert>
    <parts_to_throw_insert>10000</parts_to_throw_insert>
  </merge_tree>
</clickhouse>
)",
                     options.memory, options.backups);
}

class Embedded final : public Warehouse {
 public:
  Embedded(Engine engine, EmbeddedOptions options, const Log& log)
      : engine_(engine), options_(std::move(options)), log_(log) {}

  ~Embedded() override {
    cancellations_.reset();
    if (killer_ != nullptr) engine_.close_conn(killer_);
    for (auto* connection : idle_) engine_.close_conn(connection);
    if (writer_ != nullptr) engine_.close_conn(writer_);
    engine_.shutdown();
  }

  Result<void> open() {
    writer_ =
        connect({"--max_insert_threads=1", "--max_threads=2", "--exclude_materialize_skip_indexes_on_insert=words"});
    if (writer_ == nullptr) {
      return fail(
          ErrorKind::conflict,
          "the engine could not open {}: another process holds it, or it is damaged; its words are on standard error",
          options_.path);
    }
    for (int i = 0; i < options_.readers; ++i) {
      auto* reader =
          connect({"--max_threads=1", "--use_query_condition_cache=0", "--timeout_overflow_mode=throw",
                   "--compile_expressions=0", "--compile_aggregate_expressions=0", "--compile_sort_description=0"});
      if (reader == nullptr) return fail(ErrorKind::unavailable, "the engine refused a connection");
      idle_.push_back(reader);
    }
    killer_ = connect({"--max_threads=1"});
    if (killer_ == nullptr) return fail(ErrorKind::unavailable, "the engine refused a connection");
    cancellations_.emplace([this](const std::string& tag) {
      const std::string sql = Cancellations::kill_sql(tag);
      if (const auto done = finish(query(*killer_, sql)); !done)
        log_.warn("a query could not be ended", {{"why", done.error().what}});
    });
    Engine::give_back_pages();
    return {};
  }

  Result<Answer> read(const Query& query) override {
    const Nanos start = clock_.monotonic();
    auto* connection = TRY(borrow(start + query.deadline, query.cancelled));
    auto answer = cleaned(connection) ? execute(*connection, query)
                                      : fail(ErrorKind::unavailable, "the engine is busy; try again in a moment");
    {
      const std::lock_guard lock(mutex_);
      if (!answer) soiled_.insert(connection);
      idle_.push_back(connection);
    }
    freed_.notify_one();
    const Nanos elapsed = clock_.monotonic() - start;
    if (answer) answer->elapsed = elapsed;
    if (log_.enabled(Level::debug))
      log_.write(Level::debug, "query",
                 {{"ms", fmt::format("{}", elapsed / millisecond)},
                  {"rows_read", fmt::format("{}", answer ? answer->rows_read : 0)},
                  {"sql", query.sql}});
    return counters_.count(std::move(answer), elapsed);
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
    const std::string sql = fmt::format("INSERT INTO {} ({})", table, block.column_list());
    const std::lock_guard lock(writing_);
    auto* stream = engine_.stream_insert_n(*writer_, sql.data(), sql.size(), format.data(), format.size());
    block.write([&](std::string_view piece) { engine_.stream_append(stream, piece.data(), piece.size()); });
    auto done = finish(engine_.stream_done(stream), Asked::insert);
    engine_.destroy_insert_stream(stream);
    return done;
  }

  std::string version() const override { return engine_.version(); }
  Stats stats() const override { return counters_.stats(); }

 private:
  Result<void> run_alone(std::string_view sql) { return finish(query(*writer_, sql)); }

  chdb_result* query(chdb_connection connection, std::string_view sql) {
    return engine_.query_with_params_n(connection, sql.data(), sql.size(), format.data(), format.size(), nullptr,
                                       nullptr, nullptr, nullptr, 0);
  }

  chdb_connection* connect(std::vector<std::string> settings) {
    std::vector<std::string> arguments = {"pawl", "--path=" + options_.path, "--config-file=" + options_.path + ".xml"};
    for (auto& setting : settings) arguments.push_back(std::move(setting));
    std::vector<char*> raw;
    for (auto& argument : arguments) raw.push_back(argument.data());
    return engine_.connect(static_cast<int>(raw.size()), raw.data());
  }

  Result<chdb_connection*> borrow(Nanos until, const std::function<bool()>& cancelled) {
    std::unique_lock lock(mutex_);
    while (idle_.empty()) {
      freed_.wait_for(lock, std::chrono::milliseconds(50));
      if (cancelled && cancelled()) return fail(ErrorKind::unavailable, "cancelled");
      if (idle_.empty() && clock_.monotonic() > until) {
        return fail(ErrorKind::unavailable, "Too many queries at once; try again in a moment.");
      }
    }
    auto* connection = idle_.back();
    idle_.pop_back();
    return connection;
  }

  // What a failed query had put out already would stand before the answer of the next one on its connection (libchdb
  // 26.7: rows of one asker in the answer of another). The answer of a query of ours takes it away.
  bool cleaned(chdb_connection* connection) {
    {
      const std::lock_guard lock(mutex_);
      if (!soiled_.contains(connection)) return true;
    }
    if (!finish(query(*connection, "SELECT 1"))) return false;
    const std::lock_guard lock(mutex_);
    soiled_.erase(connection);
    return true;
  }

  Result<Answer> execute(chdb_connection connection, const Query& query) {
    std::vector<std::string> values;
    std::vector<const char*> names_raw, values_raw;
    std::vector<std::size_t> names_size, values_size;
    values.reserve(query.parameters.size());
    for (const auto& parameter : query.parameters) {
      values.push_back(parameter_text(query.sql, parameter.name, parameter.value));
      names_raw.push_back(parameter.name.data());
      names_size.push_back(parameter.name.size());
      values_raw.push_back(values.back().data());
      values_size.push_back(values.back().size());
    }
    const Cancellations::Watched watched(*cancellations_, query.cancelled);
    const std::string sql =
        fmt::format("{} {}max_execution_time = {}{}", query.sql,
                    query.sql.find(" SETTINGS ") == std::string::npos ? "SETTINGS " : ", ",
                    static_cast<double>(query.deadline) / static_cast<double>(second),
                    watched.tag().empty() ? "" : fmt::format(", log_comment = '{}'", watched.tag()));
    const std::string_view as = query.format.empty() ? format : query.format;
    auto* result =
        engine_.query_with_params_n(connection, sql.data(), sql.size(), as.data(), as.size(), names_raw.data(),
                                    names_size.data(), values_raw.data(), values_size.data(), values.size());
    if (const char* error = engine_.result_error(result)) {
      Error out = engine_error(error);
      engine_.destroy_query_result(result);
      return std::unexpected(std::move(out));
    }
    Answer answer;
    answer.rows_read = engine_.result_storage_rows_read(result);
    answer.bytes_read = engine_.result_storage_bytes_read(result);
    std::string bytes;
    if (const char* buffer = engine_.result_buffer(result)) bytes.assign(buffer, engine_.result_length(result));
    engine_.destroy_query_result(result);
    if (query.format.empty())
      answer.rows = TRY(native::Rows::read(std::move(bytes)));
    else
      answer.raw = std::move(bytes);
    return answer;
  }

  Result<void> finish(chdb_result* result, Asked asked = Asked::query) {
    if (result == nullptr) return fail(ErrorKind::unavailable, "the engine gave no answer");
    const char* error = engine_.result_error(result);
    std::optional<Error> failed;
    if (error != nullptr) failed = engine_error(error, asked);
    engine_.destroy_query_result(result);
    if (failed) return std::unexpected(*failed);
    return {};
  }

  Engine engine_;
  EmbeddedOptions options_;
  const Log& log_;
  SystemClock clock_;
  ReadCounters counters_;
  std::mutex writing_;
  chdb_connection *writer_ = nullptr, *killer_ = nullptr;
  std::optional<Cancellations> cancellations_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<chdb_connection*> idle_;
  std::set<chdb_connection*> soiled_;  // whose last query failed
};

}  // namespace

Result<std::unique_ptr<Warehouse>> open_embedded(const EmbeddedOptions& given, const Log& log) {
  EmbeddedOptions options = given;
  std::error_code error;
  options.path = std::filesystem::absolute(given.path, error).string();  // the engine doubles a relative one
  if (options.library.empty()) {
    return fail(ErrorKind::unavailable,
                "libchdb.so was not found beside the program; run `make deps`, or set PAWL_CHDB to its path");
  }
  const SystemClock clock;
  const Nanos start = clock.monotonic();
  std::filesystem::create_directories(options.path, error);
  std::ofstream(options.path + ".xml") << config_xml(options);
  auto engine = TRY(Engine::load(options.library));
  auto warehouse = std::make_unique<Embedded>(engine, options, log);
  TRY(warehouse->open());
  log.info("warehouse open",
           {{"engine", warehouse->version()}, {"ms", fmt::format("{}", (clock.monotonic() - start) / millisecond)}});
  return warehouse;
}

std::string find_library() {
  if (const char* named = std::getenv("PAWL_CHDB")) return named;
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const char* place : {"libchdb.so", "../lib/pawl/libchdb.so", "../../third_party/chdb/libchdb.so"}) {
    if (std::filesystem::exists(program / place, error)) return (program / place).lexically_normal().string();
  }
  return {};
}

}  // namespace pawl::warehouse
