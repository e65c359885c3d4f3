// The warehouse: ClickHouse, embedded (libchdb) behind one seam. Blocks in, rows out, values only as bound parameters.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "migrations.h"
#include "wire/native.h"

namespace pawl::warehouse {

// {name:Type} in the SQL. `value` is the raw text; what the engine unescapes is escaped inside.
struct Parameter {
  std::string name, value;
};

struct Query {
  std::string sql;
  std::vector<Parameter> parameters;
  Nanos deadline = 10 * second;  // the engine stops at it: `unavailable`
  // Says that nobody waits any more: the query is ended within some tenths of a second. Any thread; may be empty.
  std::function<bool()> cancelled = {};
  // A format of the engine, a constant of ours: the answer is `raw` in it, and `rows` stay empty. "": rows.
  std::string_view format = {};
};

struct Answer {
  native::Rows rows;
  std::string raw;
  std::uint64_t rows_read = 0, bytes_read = 0;
  Nanos elapsed = 0;
};

struct Stats {  // counters since start, for /metrics
  std::uint64_t reads = 0;
  std::uint64_t failed = 0;  // our own statement was wrong, or asked for more than it may
  std::uint64_t late = 0;    // no slot, time or memory
  Nanos read_time = 0;       // of all of them, waiting included
};

// Thread-safe. Every call blocks: never from an I/O thread.
class Warehouse {
 public:
  Warehouse() = default;
  Warehouse(const Warehouse&) = delete;
  Warehouse& operator=(const Warehouse&) = delete;
  virtual ~Warehouse() = default;

  virtual Result<Answer> read(const Query& query) = 0;
  // Statements of our own (DDL, INSERT SELECT, BACKUP); never with anything a user typed.
  virtual Result<void> run(std::string_view sql) = 0;
  // Several of them, and no insert between; up to the first that fails.
  virtual Result<void> together(const std::vector<std::string>& statements) {
    for (const auto& sql : statements) TRY(run(sql));
    return {};
  }
  // One block into one table, all or nothing; on return it is on disk. One writer at a time.
  virtual Result<void> insert(std::string_view table, const native::Block& block) = 0;
  virtual std::string version() const = 0;
  virtual Stats stats() const { return {}; }
};

// Another's warehouse for one asker: its reads end when that one has gone. For the time of a call.
class ForOne final : public Warehouse {
 public:
  ForOne(Warehouse& of, std::function<bool()> gone) : of_(of), gone_(std::move(gone)) {}
  Result<Answer> read(const Query& query) override {
    if (query.cancelled) return of_.read(query);
    Query mine = query;
    mine.cancelled = gone_;
    return of_.read(mine);
  }
  Result<void> run(std::string_view sql) override { return of_.run(sql); }
  Result<void> together(const std::vector<std::string>& statements) override { return of_.together(statements); }
  Result<void> insert(std::string_view table, const native::Block& block) override { return of_.insert(table, block); }
  std::string version() const override { return of_.version(); }
  Stats stats() const override { return of_.stats(); }

 private:
  Warehouse& of_;
  std::function<bool()> gone_;
};

struct EmbeddedOptions {
  std::string library;  // path of libchdb.so
  std::string path;     // data directory of the engine
  std::string backups;  // where BACKUP may write
  std::uint64_t memory = 700ULL << 20U;
  int readers = 2;  // queries at once
};

// Loads and boots the engine: 0.2 to 0.6 s. `conflict` where another process holds `path`, `unavailable` with the
// engine's words otherwise. Only one a process, ever.
Result<std::unique_ptr<Warehouse>> open_embedded(const EmbeddedOptions& options, const Log& log);

// One call of ClickHouse's HTTP interface, made by whoever wires this. Thread-safe, as many at once as are wanted;
// errors are `unavailable` for what another try may mend.
struct HttpCall {
  std::string target;  // "/?query=…"
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  Nanos time = minute;
};
struct HttpAnswer {
  int status = 0;
  std::string body;
  std::string summary;  // X-ClickHouse-Summary
};
using HttpSend = std::function<Result<HttpAnswer>(HttpCall)>;

struct RemoteOptions {
  std::string database = "pawl";
  std::string user, password;          // empty: the server's default user
  std::string installation;            // who this is: a database belongs to the first that opens it
  std::uint64_t memory = 2ULL << 30U;  // of one query
};

// A ClickHouse of one's own, spoken to over HTTP; experimental. Makes the database where it is missing. `conflict`
// where it belongs to another installation: batches are numbered, and two writers would give the same numbers.
Result<std::unique_ptr<Warehouse>> open_remote(RemoteOptions options, HttpSend send, const Log& log);

// Beside the program, in lib/pawl, or where PAWL_CHDB says; "" where it is nowhere.
std::string find_library();

}  // namespace pawl::warehouse
