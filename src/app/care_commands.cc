// Care of a data directory: doctor, back-up, restore.
#include <fmt/format.h>
#include <simdjson.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "check.h"
#include "commands.h"
#include "net/client.h"
#include "open_warehouse.h"
#include "outcome.h"
#include "records/traces/traces.h"
#include "serve.h"
#include "store/journal/journal.h"
#include "store/warehouse/warehouse.h"

namespace pawl::app {
namespace {

namespace fs = std::filesystem;

struct Care {
  std::string data = "pawl-data", server = "http://127.0.0.1:7295", name, from, config;
  bool json = false, repair = false, rebuild = false;
};

void add_key(net::ClientRequest& request) {
  if (const char* key = std::getenv("PAWL_KEY")) request.headers.set("authorization", fmt::format("Bearer {}", key));
}

Result<Config> settings(const Care& care) {
  return Config::load({{"data", care.data}}, care.config,
                      [](const char* name) -> const char* { return std::getenv(name); });
}

// What the server that has the directory finds; it alone may open the warehouse.
void ask_server(const Care& care, std::vector<Finding>& out) {
  net::Client client({.connect_time = second, .idle_time = hour});
  net::ClientRequest request{.method = "POST",
                             .url = care.server + "/api/v1/doctor",
                             .body = fmt::format(R"({{"repair": {}, "rebuild": {}}})", care.repair, care.rebuild),
                             .time = hour};
  request.headers.set("content-type", "application/json");
  add_key(request);
  const auto answer = client.send(std::move(request));
  simdjson::dom::parser parser;
  simdjson::dom::array list;
  if (answer && answer->status == 200 && parser.parse(answer->body).get(list) == simdjson::SUCCESS) {
    for (const auto one : list) {
      std::string_view what, found;
      bool good = false;
      if (one["what"].get(what) == simdjson::SUCCESS && one["found"].get(found) == simdjson::SUCCESS &&
          one["good"].get(good) == simdjson::SUCCESS)
        out.push_back({std::string(what), std::string(found), good});
    }
    return;
  }
  const std::string why = !answer ? answer.error().what
                          : answer->status == 401 || answer->status == 403
                              ? "give a key with the scope operate in PAWL_KEY"
                              : answer->body;
  out.push_back({"warehouse", fmt::format("not looked at, the server at {} has it: {}", care.server, why), false});
}

void look_here(const Care& care, const Config& config, std::vector<Finding>& out) {
  look_at_disk(care.data, out);
  look_at_system(out);
  look_at_ledger(care.data, out);
  look_at_journal(care.data, out);
  std::ifstream in(care.data + "/body.key", std::ios::binary);
  const std::string key((std::istreambuf_iterator<char>(in)), {});
  if (!is_remote(config) && !fs::exists(care.data + "/warehouse")) {
    out.push_back({"warehouse", "nothing is stored yet", true});
    return;
  }
  const auto store = open_warehouse(config, key, Log(Log::Format::text, Level::error));
  if (store)
    look_at_warehouse(**store, care.rebuild ? Repair::always : care.repair ? Repair::damaged : Repair::none, out);
  else
    out.push_back({"warehouse", store.error().what, false});
}

int doctor(const Care& care) {
  const auto config = settings(care);
  if (!config) return complain(config.error());
  std::vector<Finding> findings;
  const std::string library = warehouse::find_library();
  findings.push_back({"libchdb",
                      library.empty() ? "not found beside the program; run `make deps` or set PAWL_CHDB" : library,
                      !library.empty() || is_remote(*config)});
  look_at_ports(*config, findings);
  SystemFiles files;
  if (!fs::exists(care.data)) {
    findings.push_back({"data directory", care.data + " is not there yet: `pawl serve` makes it", true});
  } else if (auto lock = journal::lock_data(files, care.data, SystemClock().now()); !lock) {
    findings.push_back({"server", lock.error().what, true});
    ask_server(care, findings);
  } else {
    lock->reset();
    look_here(care, *config, findings);
  }
  fmt::print("{}", care.json ? findings_json(findings) + "\n" : findings_text(findings));
  return all_good(findings) ? 0 : 1;
}

Result<std::string> backup(const Care& care) {
  const std::string name =
      care.name.empty() ? fmt::format("backup-{}", format_time(SystemClock().now()).substr(0, 19)) : care.name;
  JsonWriter json;
  net::ClientRequest request{.method = "POST",
                             .url = care.server + "/api/v1/backup",
                             .body = json.object().field("name", name).end().take(),
                             .time = hour};
  request.headers.set("content-type", "application/json");
  add_key(request);
  net::Client client({.connect_time = second, .idle_time = hour});
  const auto answer = client.send(std::move(request));
  if (answer && answer->status == 200) return answer->body;
  if (answer) return fail(ErrorKind::unavailable, "{}", answer->body);
  // No server: open the directory here.
  const auto config = TRY(Config::load({{"data", care.data}, {"listen", "127.0.0.1:0"}, {"log_level", "warn"}}, "",
                                       [](const char*) -> const char* { return nullptr; }));
  const auto installation = TRY(Installation::start(config, Log(Log::Format::text, Level::warn)));
  if (!installation->wait_ready(10 * minute))
    return fail(ErrorKind::unavailable, "the warehouse does not open; see `pawl doctor`");
  return installation->backup(name);
}

// A back-up from before the schema's steps were kept has no table of them.
Result<> restore_tables(warehouse::Warehouse& store, const std::string& from) {
  std::string tables = traces::backup_tables();
  const auto done = store.run(fmt::format("RESTORE {} FROM File('{}')", tables, from));
  const std::string steps = fmt::format(", TABLE {}", warehouse::schema_table);
  if (done || done.error().what.find(warehouse::schema_table) == std::string::npos || !tables.ends_with(steps))
    return done;
  tables.resize(tables.size() - steps.size());
  return store.run(fmt::format("RESTORE {} FROM File('{}')", tables, from));
}

Result<std::string> restore(const Care& care) {
  const fs::path from = fs::absolute(care.from);
  if (!fs::exists(from / "ledger.db") || !fs::exists(from / "warehouse"))
    return fail(ErrorKind::invalid, "{} is no back-up: ledger.db and warehouse/ are expected in it.", care.from);
  if (fs::exists(care.data) && !fs::is_empty(care.data))
    return fail(ErrorKind::conflict, "{} is not empty. Restore into a new directory, then serve it.", care.data);
  std::error_code error;
  fs::create_directories(care.data, error);
  fs::copy_file(from / "ledger.db", care.data + "/ledger.db", error);
  if (!error) fs::copy_file(from / "body.key", care.data + "/body.key", error);
  if (!error && fs::exists(from / "auth.required"))
    fs::copy_file(from / "auth.required", care.data + "/auth.required", error);
  if (error) return fail(ErrorKind::unavailable, "copying from {}: {}", care.from, error.message());
  const Log quiet(Log::Format::text, Level::error);
  auto store = TRY(warehouse::open_embedded(
      {.library = warehouse::find_library(), .path = care.data + "/warehouse", .backups = from.string()}, quiet));
  TRY(restore_tables(*store, (from / "warehouse").string()));
  const auto answer = TRY(store->read({.sql = "SELECT count() FROM spans", .deadline = minute}));
  return fmt::format("Restored into {}: {} span rows. Start it with `pawl serve --data {}`.\n", care.data,
                     answer.rows.integer(0, 0), care.data);
}

}  // namespace

void add_upgrade_command(CLI::App& app, Commands& commands);  // upgrade_command.cc

void add_care_commands(CLI::App& app, Commands& commands) {
  add_upgrade_command(app, commands);
  const auto care = std::make_shared<Care>();
  auto* look = app.add_subcommand(
      "doctor", "Looks at a data directory and at the server on it; exit code 1 where something is wrong");
  look->add_option("--data", care->data, "Data directory [pawl-data]");
  look->add_option("--server", care->server,
                   "Address of the server that has it; the key (scope operate) comes from PAWL_KEY");
  look->add_option("--config", care->config, "TOML file with the server's settings");
  look->add_flag("--repair", care->repair, "Builds a damaged text index anew");
  look->add_flag("--rebuild", care->rebuild, "Builds the text index anew, damaged or not");
  look->add_flag("--json", care->json, "JSON");
  look->callback([&commands, care] { commands.chosen = [care] { return doctor(*care); }; });
  auto* save = app.add_subcommand(
      "backup", "Backs everything up into DATA/backups/NAME: through the running server, else by itself");
  save->add_option("name", care->name, "Its name; default: the time");
  save->add_option("--data", care->data, "Data directory [pawl-data]");
  save->add_option("--server", care->server, "Address of the server; the key (scope operate) comes from PAWL_KEY");
  save->callback([&commands, care] { commands.chosen = [care] { return finish(backup(*care)); }; });
  auto* back = app.add_subcommand("restore", "Makes a new data directory of a back-up");
  back->add_option("from", care->from, "The back-up's folder")->required();
  back->add_option("--data", care->data, "New data directory [pawl-data]");
  back->callback([&commands, care] { commands.chosen = [care] { return finish(restore(*care)); }; });
}

}  // namespace pawl::app
