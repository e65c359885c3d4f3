// Care of a data directory: doctor, back-up, restore.
#include <fmt/format.h>
#include <simdjson.h>

#include <cstdlib>
#include <filesystem>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "commands.h"
#include "features/ingest/ingest.h"
#include "net/client.h"
#include "outcome.h"
#include "records/traces/traces.h"
#include "serve.h"
#include "store/journal/journal.h"
#include "store/ledger/ledger.h"
#include "store/warehouse/warehouse.h"

namespace pawl::app {
namespace {

namespace fs = std::filesystem;

struct Care {
  std::string data = "pawl-data", server = "http://127.0.0.1:7295", name, from;
  bool json = false;
};

// One line of what was looked at.
struct Finding {
  std::string what, found;
  bool good = true;
};

std::string gigabytes(std::uint64_t bytes) {
  return fmt::format("{:.1f} GB", static_cast<double>(bytes) / 1e9);
}

void look_at_disk(const Care& care, std::vector<Finding>& out) {
  std::error_code error;
  const auto space = fs::space(care.data, error);
  if (error)
    out.push_back({"data directory", fmt::format("{}: {}", care.data, error.message()), false});
  else
    out.push_back({"disk", gigabytes(space.available) + " free", space.available > (1ULL << 30U)});
}

void look_at_ledger(const Care& care, std::vector<Finding>& out) {
  const std::string path = care.data + "/ledger.db";
  if (!fs::exists(path)) return;
  auto opened = ledger::open_sqlite(path);
  const auto checked = opened ? (*opened)->check() : Result<>(std::unexpected(opened.error()));
  out.push_back({"ledger", checked ? "whole" : checked.error().what, checked.has_value()});
  if (!checked) return;
  const auto held = ingest::count_quarantined(**opened);
  if (!held || *held > 0)
    out.push_back({"quarantine",
                   held ? fmt::format("the warehouse refused {} records: `pawl quarantine list` says why", *held)
                        : held.error().what,
                   false});
}

void look_at_warehouse(const Care& care, std::vector<Finding>& out) {
  const Log quiet(Log::Format::text, Level::error);
  auto store = warehouse::open_embedded({.library = warehouse::find_library(),
                                         .path = care.data + "/warehouse",
                                         .backups = fs::absolute(care.data + "/backups").string()},
                                        quiet);
  if (!store) {
    out.push_back({"warehouse", store.error().what, false});
    return;
  }
  out.push_back({"warehouse", "engine " + (*store)->version(), true});
  for (const char* table : {"spans", "span_content", "bodies", "logs", "points"}) {
    const auto checked = (*store)->read({.sql = fmt::format("SELECT count() FROM {}", table), .deadline = minute});
    if (!checked) {
      out.push_back({table, checked.error().what, false});
      continue;
    }
    const auto damaged = (*store)->run(fmt::format("CHECK TABLE {}", table));
    out.push_back(
        {table,
         fmt::format("{} rows{}", checked->rows.integer(0, 0), damaged ? "" : ", damaged: " + damaged.error().what),
         damaged.has_value()});
  }
}

void look_at_journal(const Care& care, std::vector<Finding>& out) {
  SystemFiles files;
  const SystemClock clock;
  SystemRandom random;
  auto journal = journal::Journal::open(files, clock, random, {.data = care.data});
  if (!journal) {
    out.push_back({"journal", journal.error().what, false});
    return;
  }
  const auto found = (*journal)->recover();
  if (!found) {
    out.push_back({"journal", found.error().what, false});
    return;
  }
  out.push_back({"journal",
                 fmt::format("{} requests, {} MB, batch {}", found->records, found->bytes >> 20U, found->last_batch),
                 found->damages.empty()});
  for (const auto& damage : found->damages) out.push_back({"journal", journal::describe(damage), false});
}

// Of a running server: what it says of itself.
bool look_at_server(const Care& care, std::vector<Finding>& out) {
  net::Client client({.connect_time = second});
  auto ready = client.send({.url = care.server + "/readyz"});
  if (!ready) return false;
  out.push_back(
      {"server", fmt::format("{} answers {}: {}", care.server, ready->status, ready->body), ready->status == 200});
  net::ClientRequest request{.url = care.server + "/api/v1/books"};
  if (const char* key = std::getenv("PAWL_KEY")) request.headers.set("authorization", fmt::format("Bearer {}", key));
  const auto books = client.send(std::move(request));
  if (books && books->status == 200)
    out.push_back({"books", books->body.substr(0, books->body.find(",\"last_refusals\"")) + "}", true});
  return true;
}

int doctor(const Care& care) {
  std::vector<Finding> findings;
  look_at_disk(care, findings);
  const std::string library = warehouse::find_library();
  findings.push_back({"libchdb",
                      library.empty() ? "not found beside the program; run `make deps` or set PAWL_CHDB" : library,
                      !library.empty()});
  const bool running = look_at_server(care, findings);
  if (fs::exists(care.data)) {
    look_at_ledger(care, findings);
    if (!running) {
      look_at_journal(care, findings);
      look_at_warehouse(care, findings);
    }
  }
  bool good = true;
  JsonWriter json;
  json.array();
  for (const auto& finding : findings) {
    good &= finding.good;
    json.object().field("what", finding.what).field("found", finding.found).field("good", finding.good).end();
    if (!care.json) fmt::print("{}  {:14} {}\n", finding.good ? "ok " : "BAD", finding.what, finding.found);
  }
  if (care.json) fmt::print("{}\n", json.end().text());
  return good ? 0 : 1;
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
  if (const char* key = std::getenv("PAWL_KEY")) request.headers.set("authorization", fmt::format("Bearer {}", key));
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
  TRY(store->run(fmt::format("RESTORE {} FROM File('{}')", traces::backup_tables(), (from / "warehouse").string())));
  std::string counted;
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
  look->add_option("--server", care->server, "Address of the server");
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
