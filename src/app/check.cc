// Looking at disk, system, journal, ledger, warehouse and ports.
#include "check.h"

#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "features/ingest/ingest.h"
#include "metrics.h"
#include "net/client.h"
#include "net/server.h"
#include "records/traces/traces.h"
#include "store/journal/journal.h"
#include "store/ledger/ledger.h"

namespace pawl::app {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t least_free = 1ULL << 30U;
constexpr Nanos patience = hour;  // a large table is read as a whole

std::string gigabytes(std::uint64_t bytes) {
  return fmt::format("{:.1f} GB", static_cast<double>(bytes) / 1e9);
}

struct Damaged {
  std::string part, why;
};

// Every part of a table against its checksums.
Result<std::vector<Damaged>> damaged_parts(warehouse::Warehouse& warehouse, std::string_view table) {
  const auto checked =
      TRY(warehouse.read({.sql = fmt::format("CHECK TABLE {} SETTINGS check_query_single_value_result = 0", table),
                          .deadline = patience}));
  std::vector<Damaged> out;
  if (checked.rows.size() == 0) return out;  // no part
  const auto part = checked.rows.find("part_path"), passed = checked.rows.find("is_passed"),
             message = checked.rows.find("message");
  if (!part || !passed || !message)
    return fail(ErrorKind::corrupt, "CHECK TABLE answered in a way that is not known here");
  for (std::size_t row = 0; row < checked.rows.size(); ++row) {
    if (checked.rows.integer(*passed, row) == 0)
      out.push_back({std::string(checked.rows.text(*part, row)), std::string(checked.rows.text(*message, row))});
  }
  return out;
}

// The message does not say which file it is. Where every column of these parts can be read, it is an index.
bool is_readable(warehouse::Warehouse& warehouse, std::string_view table, const std::vector<Damaged>& parts) {
  return std::ranges::all_of(parts, [&](const Damaged& one) {
    const auto read = warehouse.read({.sql = fmt::format("SELECT toInt64(countIf(ignore(*) = 0)) FROM {} WHERE _part = "
                                                         "{{part:String}} SETTINGS use_skip_indexes = 0",
                                                         table),
                                      .parameters = {{"part", one.part}},
                                      .deadline = patience});
    return read.has_value();
  });
}

void look_at_table(warehouse::Warehouse& warehouse, std::string_view table, bool& index_is_damaged,
                   std::vector<Finding>& out) {
  const auto rows = warehouse.read({.sql = fmt::format("SELECT toInt64(count()) FROM {}", table), .deadline = minute});
  const auto damaged = damaged_parts(warehouse, table);
  if (!rows || !damaged) {
    out.push_back({std::string(table), (rows ? damaged.error() : rows.error()).what, false});
    return;
  }
  if (damaged->empty()) {
    out.push_back({std::string(table), fmt::format("{} rows, every part whole", rows->rows.integer(0, 0)), true});
    return;
  }
  if (table == "bodies" && is_readable(warehouse, table, *damaged)) {
    index_is_damaged = true;
    out.push_back({std::string(table), fmt::format("{} rows, all of them readable", rows->rows.integer(0, 0)), true});
    return;
  }
  for (const auto& one : *damaged)
    out.push_back({std::string(table), fmt::format("damaged: {}: {}; restore a back-up", one.part, one.why), false});
}

// Words of bodies that the index should find: the same question with it and without it.
Result<std::vector<std::string>> missed_words(warehouse::Warehouse& warehouse) {
  const auto words = TRY(warehouse.read(
      {.sql = "SELECT DISTINCT word FROM (SELECT arrayElement(splitByNonAlpha(lower(substring(text, 1, 400))), 1 + "
              "rand() % 8) AS word FROM bodies WHERE text != '' AND hash IN (SELECT hash FROM bodies ORDER BY "
              "cityHash64(hash) LIMIT 300)) WHERE length(word) BETWEEN 3 AND 40 LIMIT 12",
       .deadline = minute}));
  std::vector<std::string> missed;
  for (std::size_t i = 0; i < words.rows.size(); ++i) {
    const std::string word(words.rows.text(0, i));
    std::int64_t found[2] = {};
    for (const int index : {0, 1}) {
      const auto counted = TRY(warehouse.read(
          {.sql =
               fmt::format("SELECT toInt64(count()) FROM bodies WHERE hasAllTokens(lower(substring(text, 1, 65536)), "
                           "{{word:String}}) SETTINGS use_skip_indexes = {}, use_query_condition_cache = 0",
                           index),
           .parameters = {{"word", word}},
           .deadline = 5 * minute}));
      found[index] = counted.rows.integer(0, 0);
    }
    if (found[0] != found[1]) missed.push_back(word);
  }
  return missed;
}

void look_at_text_index(warehouse::Warehouse& warehouse, bool damaged, Repair repair, std::vector<Finding>& out) {
  const auto missed = damaged ? std::vector<std::string>() : missed_words(warehouse);
  const bool good = !damaged && missed && missed->empty();
  if (good && repair != Repair::always) {
    out.push_back({"text index", "finds what a scan finds", true});
    return;
  }
  const std::string why = good      ? "as was asked"
                          : damaged ? "its files are damaged"
                          : !missed ? missed.error().what
                                    : fmt::format("it misses {}", join(*missed, ", "));
  if (repair == Repair::none) {
    out.push_back({"text index", why + "; `pawl doctor --repair` builds it anew from the bodies", false});
    return;
  }
  const auto done = warehouse.together({"ALTER TABLE bodies CLEAR INDEX words SETTINGS mutations_sync = 2",
                                        "ALTER TABLE bodies MATERIALIZE INDEX words SETTINGS mutations_sync = 2"});
  out.push_back({"text index",
                 done ? fmt::format("built anew ({})", why) : fmt::format("{}; {}", why, done.error().what),
                 done.has_value()});
}

void look_at_steps(warehouse::Warehouse& warehouse, std::vector<Finding>& out) {
  const auto& schema = traces::schema();
  const auto done = warehouse.read(
      {.sql = "SELECT toInt64(max(number)), toInt64(uniqExact(number)) FROM schema_steps WHERE owner = {owner:String} "
              "AND state = 'done'",
       .parameters = {{"owner", std::string(schema.owner)}}});
  if (!done) {
    out.push_back({"schema", "older than its steps are kept: the next start brings it up to date", true});
    return;
  }
  const auto last = done->rows.integer(0, 0), count = done->rows.integer(1, 0);
  const auto known = schema.steps.empty() ? 0 : schema.steps.back().number;
  if (last > known)
    out.push_back(
        {"schema", fmt::format("at step {}, and this Pawl knows {}: a newer one wrote it", last, known), false});
  else
    out.push_back({"schema", fmt::format("{} of {} steps done", count, schema.steps.size()), true});
}

}  // namespace

void look_at_disk(const std::string& data, std::vector<Finding>& out) {
  std::error_code error;
  const auto space = fs::space(data, error);
  if (error) {
    out.push_back({"data directory", fmt::format("{}: {}", data, error.message()), false});
    return;
  }
  out.push_back({"disk", fmt::format("{} of {} free", gigabytes(space.available), gigabytes(space.capacity)),
                 space.available > least_free});
}

void look_at_system(std::vector<Finding>& out) {
  out.push_back({"clock",
                 clock_is_synchronised() ? "kept right by the system"
                                         : "not kept right by this system (NTP): see that its host does",
                 true});
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  out.push_back({"descriptors", fmt::format("up to {}", files.rlim_max), files.rlim_max >= 4'096});
}

void look_at_journal(const std::string& data, std::vector<Finding>& out) {
  SystemFiles files;
  const SystemClock clock;
  SystemRandom random;
  auto journal = journal::Journal::open(files, clock, random, {.data = data});
  const auto found = journal ? (*journal)->recover() : Result<journal::Recovered>(std::unexpected(journal.error()));
  if (!found) {
    out.push_back({"journal", found.error().what, false});
    return;
  }
  out.push_back({"journal",
                 fmt::format("{} requests, {} MB, batch {}", found->records, found->bytes >> 20U, found->last_batch),
                 found->damages.empty()});
  for (const auto& damage : found->damages) out.push_back({"journal", journal::describe(damage), false});
}

void look_at_ledger(const std::string& data, std::vector<Finding>& out) {
  const std::string path = data + "/ledger.db";
  if (!fs::exists(path)) return;
  auto opened = ledger::open_sqlite(path);
  const auto checked = opened ? (*opened)->check() : Result<>(std::unexpected(opened.error()));
  out.push_back({"ledger", checked ? "whole" : checked.error().what, checked.has_value()});
  if (!checked) return;
  const auto held = ingest::count_quarantined(**opened);
  if (held && *held == 0)
    out.push_back({"quarantine", "empty", true});
  else
    out.push_back({"quarantine",
                   held ? fmt::format("the warehouse refused {} records: `pawl quarantine list` says why", *held)
                        : held.error().what,
                   false});
}

void look_at_warehouse(warehouse::Warehouse& warehouse, Repair repair, std::vector<Finding>& out) {
  out.push_back({"warehouse", "engine " + warehouse.version(), true});
  look_at_steps(warehouse, out);
  bool index_is_damaged = false;
  for (const auto& table : traces::schema().tables) {
    look_at_table(warehouse, table.name, index_is_damaged, out);
    if (table.name == "bodies") look_at_text_index(warehouse, index_is_damaged, repair, out);
  }
}

void look_at_ports(const Config& config, std::vector<Finding>& out) {
  for (const std::string_view setting : {"listen", "otlp_http", "otlp_grpc"}) {
    const auto& text = config.get(setting);
    if (text == "off") continue;
    const std::string what = fmt::format("port {}", text);
    const auto address = parse_address(text);
    if (!address) {
      out.push_back({what, address.error().what, false});
      continue;
    }
    const bool any = address->host == "0.0.0.0" || address->host == "::";
    const std::string host = any ? "127.0.0.1" : address->host;
    net::Client client({.connect_time = second, .idle_time = 2 * second, .verify_certificates = false});
    const std::string scheme = config.get("tls_cert").empty() ? "http" : "https";
    const auto answer = client.send(
        {.url = fmt::format("{}://{}:{}/healthz", scheme, host.contains(':') ? "[" + host + "]" : host, address->port),
         .time = 3 * second});
    if (answer && answer->status == 200 && answer->body == "{\"status\":\"ok\"}")
      out.push_back({what, "a Pawl answers", true});
    else if (answer || answer.error().kind == ErrorKind::corrupt)
      out.push_back({what, "another program answers: exporters that send there do not reach Pawl", false});
    else
      out.push_back({what, "nobody answers", true});
  }
}

std::string findings_json(const std::vector<Finding>& findings) {
  JsonWriter json;
  json.array();
  for (const auto& one : findings)
    json.object().field("what", one.what).field("found", one.found).field("good", one.good).end();
  return json.end().take();
}

std::string findings_text(const std::vector<Finding>& findings) {
  std::string out;
  for (const auto& one : findings) out += fmt::format("{}  {:22} {}\n", one.good ? "ok " : "BAD", one.what, one.found);
  return out;
}

bool all_good(const std::vector<Finding>& findings) {
  return std::ranges::all_of(findings, &Finding::good);
}

}  // namespace pawl::app
