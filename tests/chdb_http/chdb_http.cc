// A test double of a ClickHouse server: the real engine (libchdb) behind the part of ClickHouse's HTTP interface that
// Pawl's remote warehouse speaks, in a process of its own, on the loopback. It knows no users, clusters or LZ4.
//   chdb_http LIBCHDB DIRECTORY [PORT]      prints its port; ends on SIGTERM
#include <fmt/format.h>

#include <csignal>
#include <map>

#include "base/text.h"
#include "net/pool.h"
#include "net/server.h"
#include "store/warehouse/engine.h"

namespace pawl {
namespace {

using warehouse::Engine;

// Parameters of the interface itself; every other one is a setting of the engine.
constexpr std::string_view own[] = {"query", "database", "default_format", "wait_end_of_query", "user", "password"};

struct Asked {
  std::string sql, data, database, format = "TabSeparated";
  std::map<std::string, std::string> settings, parameters;
};

Asked read(const net::Request& request) {
  Asked asked;
  for (const auto& [name, value] : request.query.all()) {
    if (name == "query") asked.sql = value;
    if (name == "database") asked.database = value;
    if (name == "default_format") asked.format = value;
    if (std::ranges::find(own, name) != std::end(own)) continue;
    if (name.starts_with("param_"))
      asked.parameters[name.substr(6)] = value;
    else
      asked.settings[name] = value;
  }
  (asked.sql.empty() ? asked.sql : asked.data) = request.body;
  return asked;
}

class Double {
 public:
  Double(Engine engine, std::string path) : engine_(engine), path_(std::move(path)), kept_(connect({})) {}
  bool is_open() const { return kept_ != nullptr; }

  net::Response answer(const net::Request& request) {
    const Asked asked = read(request);
    auto* connection = connect(asked.settings);
    if (connection == nullptr)
      return net::Response::text("Code: 115. DB::Exception: a setting that the engine does not know\n", 500);
    auto response = run(connection, asked);
    engine_.close_conn(connection);
    return response;
  }

 private:
  chdb_connection* connect(const std::map<std::string, std::string>& settings) {
    std::vector<std::string> words = {"chdb_http", "--path=" + path_, "--config-file=" + path_ + ".xml"};
    for (const auto& [name, value] : settings) words.push_back(fmt::format("--{}={}", name, value));
    std::vector<char*> raw;
    for (auto& word : words) raw.push_back(word.data());
    return engine_.connect(static_cast<int>(raw.size()), raw.data());
  }

  chdb_result* query(chdb_connection* connection, const std::string& sql, const std::string& format,
                     const std::map<std::string, std::string>& parameters) {
    std::vector<const char*> names, values;
    std::vector<std::size_t> name_sizes, value_sizes;
    for (const auto& [name, value] : parameters) {
      names.push_back(name.data()), name_sizes.push_back(name.size());
      values.push_back(value.data()), value_sizes.push_back(value.size());
    }
    return engine_.query_with_params_n(*connection, sql.data(), sql.size(), format.data(), format.size(), names.data(),
                                       name_sizes.data(), values.data(), value_sizes.data(), names.size());
  }

  net::Response run(chdb_connection* connection, const Asked& asked) {
    if (!asked.database.empty())
      engine_.destroy_query_result(query(connection, fmt::format("USE `{}`", asked.database), "Null", {}));
    const auto words = asked.sql.find(" FORMAT ");
    if (asked.data.empty() || words == std::string::npos)
      return finish(query(connection, asked.sql, asked.format, asked.parameters), asked.format);
    const std::string sql = asked.sql.substr(0, words), format(trim(asked.sql.substr(words + 8)));
    auto* stream = engine_.stream_insert_n(*connection, sql.data(), sql.size(), format.data(), format.size());
    engine_.stream_append(stream, asked.data.data(), asked.data.size());
    auto response = finish(engine_.stream_done(stream), format);
    engine_.destroy_insert_stream(stream);
    return response;
  }

  net::Response finish(chdb_result* result, const std::string& format) {
    net::Response response;
    if (const char* error = engine_.result_error(result)) {
      response = net::Response::text(fmt::format("{}\n", error), 500);
      const auto code = std::string_view(error).find("Code: ");
      if (code != std::string_view::npos)
        response.headers.add("x-clickhouse-exception-code", cut(std::string_view(error).substr(code + 6), '.').first);
    } else {
      std::string bytes;
      if (const char* buffer = engine_.result_buffer(result)) bytes.assign(buffer, engine_.result_length(result));
      response = net::Response::bytes("application/octet-stream", std::move(bytes));
      response.headers.add("x-clickhouse-format", format);
      response.headers.add("x-clickhouse-summary", fmt::format(R"({{"read_rows":"{}","read_bytes":"{}"}})",
                                                               engine_.result_storage_rows_read(result),
                                                               engine_.result_storage_bytes_read(result)));
    }
    engine_.destroy_query_result(result);
    return response;
  }

  Engine engine_;
  std::string path_;
  chdb_connection* kept_;  // holds the engine up
};

int run(const std::string& library, const std::string& path, std::uint16_t port) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  const Log log(Log::Format::text, Level::warn);
  auto engine = Engine::load(library);
  if (!engine) return log.error("no engine", {{"why", engine.error().what}}), 3;
  Double engine_behind(*engine, path);
  if (!engine_behind.is_open()) return log.error("the engine does not open", {{"path", path}}), 3;
  net::Pool pool(8, 1'000);
  net::Router router;
  for (const std::string method : {"GET", "POST"}) {
    router.add({.method = method,
                .pattern = "/",
                .permission = "",
                .handler = [&](net::Request& request) -> Task<Result<net::Response>> {
                  co_return co_await net::on_pool(pool, request.cancel, [&] { return engine_behind.answer(request); });
                },
                .body_bytes = 1U << 30U,
                .handler_time = hour});
  }
  router.add({.method = "GET",
              .pattern = "/ping",
              .permission = "",
              .handler = [](net::Request&) -> Task<Result<net::Response>> { co_return net::Response::text("Ok.\n"); }});
  net::Io io(2);
  net::ServerOptions options;
  options.limits.header_bytes = options.limits.target_bytes = 1U << 20U;
  options.limits.inflight_body_bytes = 1U << 30U;
  net::Server server(io, options, log);
  const auto bound = server.listen("127.0.0.1", port, {.name = "main", .router = &router});
  if (!bound) return log.error("cannot listen", {{"why", bound.error().what}}), 3;
  fmt::print("{}\n", *bound);
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
  server.stop(second);
  pool.stop();
  std::_Exit(0);
}

}  // namespace
}  // namespace pawl

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "chdb_http LIBCHDB DIRECTORY [PORT]\n");
    return 64;
  }
  const auto port = argc > 3 ? pawl::parse_int(argv[3]).value_or(0) : 0;
  return pawl::run(argv[1], argv[2], static_cast<std::uint16_t>(port));
}
