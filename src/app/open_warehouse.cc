// Embedded or remote.
#include "open_warehouse.h"

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/ids.h"
#include "base/text.h"
#include "net/client.h"

namespace pawl::app {
namespace {

// Calls at once, each on a client of its own (a client makes one at a time).
class Callers {
 public:
  Callers(std::string url, int most) : url_(std::move(url)) {
    for (int i = 0; i < most; ++i) {
      all_.push_back(std::make_unique<net::Client>(
          net::ClientOptions{.idle_time = hour, .body_bytes = 1U << 30U, .keep_connections = 1}));
      idle_.push_back(all_.back().get());
    }
  }

  Result<warehouse::HttpAnswer> send(warehouse::HttpCall call) {
    net::Client* client = take(call.time);
    if (client == nullptr) return fail(ErrorKind::unavailable, "Too many queries at once; try again in a moment.");
    net::ClientRequest request{
        .method = "POST", .url = url_ + call.target, .body = std::move(call.body), .time = call.time};
    for (const auto& [name, value] : call.headers) request.headers.add(name, value);
    auto answer = client->send(std::move(request));
    give_back(client);
    if (!answer) return fail(ErrorKind::unavailable, "the warehouse: {}", answer.error().what);
    return warehouse::HttpAnswer{answer->status, std::move(answer->body),
                                 std::string(answer->headers.get("x-clickhouse-summary"))};
  }

 private:
  net::Client* take(Nanos most) {
    std::unique_lock lock(mutex_);
    if (!freed_.wait_for(lock, std::chrono::nanoseconds(most), [&] { return !idle_.empty(); })) return nullptr;
    net::Client* client = idle_.back();
    idle_.pop_back();
    return client;
  }
  void give_back(net::Client* client) {
    {
      const std::lock_guard lock(mutex_);
      idle_.push_back(client);
    }
    freed_.notify_one();
  }

  const std::string url_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<net::Client>> all_;
  std::vector<net::Client*> idle_;
};

Result<std::string> password_of(const Config& config) {
  const auto& path = config.get("warehouse_password_file");
  if (path.empty()) return std::string();
  std::ifstream in(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  if (!in.is_open()) return fail(ErrorKind::invalid, "warehouse_password_file {} cannot be read.", path);
  return std::string(trim(text));
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

Result<std::unique_ptr<warehouse::Warehouse>> open_of_ones_own(const Config& config, std::string_view installation,
                                                               const Log& log) {
  std::string url = config.get("warehouse_url");
  while (url.ends_with('/')) url.pop_back();
  const auto parsed = TRY(net::parse_url(url));
  if (parsed.target != "/") return fail(ErrorKind::invalid, "warehouse_url = {} must be http(s)://HOST:PORT.", url);
  const auto& database = config.get("warehouse_database");
  if (!is_name(database))
    return fail(ErrorKind::invalid, "warehouse_database = {} must be a name of letters, digits and '_'.", database);
  const auto memory = TRY(config.number("warehouse_memory_mb", 200, 1'000'000));
  const auto callers = std::make_shared<Callers>(url, 6);
  return warehouse::open_remote(
      {.database = database,
       .user = config.get("warehouse_user"),
       .password = TRY(password_of(config)),
       .installation = to_hex(sha256(installation)).substr(0, 24),
       .memory = static_cast<std::uint64_t>(memory) << 20U},
      [callers](warehouse::HttpCall call) { return callers->send(std::move(call)); }, log);
}

// A data directory's batches are in one warehouse: another one would be empty, and its numbers would begin anew.
Result<> check_place(const Config& config) {
  const std::string path = config.get("data") + "/warehouse.place";
  const std::string here =
      is_remote(config) ? fmt::format("database {}", config.get("warehouse_database")) : "embedded";
  std::ifstream in(path, std::ios::binary);
  std::string before;
  if (!std::getline(in, before)) {
    const bool used = std::filesystem::exists(config.get("data") + "/warehouse");
    if (!used || !is_remote(config)) {
      std::ofstream(path) << here << "\n";
      return {};
    }
    before = "embedded";
  }
  if (before == here) return {};
  return fail(ErrorKind::conflict,
              "the data of {} is in the warehouse \"{}\", and the settings say \"{}\" (warehouse_url, "
              "warehouse_database). Use the first one, or another data directory",
              config.get("data"), before, here);
}

}  // namespace

bool is_remote(const Config& config) {
  return !config.get("warehouse_url").empty();
}

Result<std::unique_ptr<warehouse::Warehouse>> open_warehouse(const Config& config, std::string_view installation,
                                                             const Log& log) {
  TRY(check_place(config));
  if (is_remote(config)) return open_of_ones_own(config, installation, log);
  const std::string& data = config.get("data");
  const std::string library = config.get("libchdb").empty() ? warehouse::find_library() : config.get("libchdb");
  const auto memory = static_cast<std::uint64_t>(TRY(config.number("warehouse_memory_mb", 200, 1'000'000)));
  return warehouse::open_embedded({.library = library,
                                   .path = data + "/warehouse",
                                   .backups = std::filesystem::absolute(data + "/backups").string(),
                                   .memory = memory << 20U},
                                  log);
}

}  // namespace pawl::app
