// The ledger in SQLite.
#include <sqlite3.h>

#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "ledger.h"

namespace pawl::ledger {
namespace {

constexpr std::string_view migrations_ddl =
    "CREATE TABLE IF NOT EXISTS migrations (owner TEXT NOT NULL, number INTEGER NOT NULL, at TEXT NOT NULL DEFAULT "
    "CURRENT_TIMESTAMP, PRIMARY KEY (owner, number)) STRICT";

ErrorKind kind_of(int code) {
  switch (code & 0xFF) {
    case SQLITE_CONSTRAINT:
      return ErrorKind::conflict;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorKind::corrupt;
    default:
      return ErrorKind::unavailable;
  }
}

class Sqlite final : public Ledger, private Transaction {
 public:
  ~Sqlite() override {
    kept_.clear();
    sqlite3_close_v2(db_);
  }

  Result<> open(const std::string& path) {
    if (sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX,
                        nullptr) != SQLITE_OK) {
      return failed("opening " + path);
    }
    sqlite3_busy_timeout(db_, 5000);
    sqlite3_extended_result_codes(db_, 1);
    for (const char* pragma : {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON",
                               "PRAGMA trusted_schema = OFF"}) {
      if (auto done = run(pragma); !done) return std::unexpected(done.error());
    }
    return {};
  }

  Result<> migrate(std::span<const Migration> migrations) override {
    TRY(change([](Transaction& t) -> Result<> {
      TRY(t.run(migrations_ddl));
      return {};
    }));
    const auto applied = TRY(read("SELECT owner, number FROM migrations", {}));
    std::map<std::pair<std::string, std::int64_t>, bool> known, done;
    for (const auto& step : migrations) known[{std::string(step.owner), step.number}] = true;
    for (std::size_t i = 0; i < applied.size(); ++i) {
      const std::pair key{applied.text(i, 0), applied.integer(i, 1)};
      done[key] = true;
      if (!known.contains(key)) {
        return fail(ErrorKind::conflict,
                    "the ledger was written by a newer Pawl (step {} of {}); start that one, or restore a back-up",
                    key.second, key.first);
      }
    }
    return change([&](Transaction& t) -> Result<> {  // one for all steps: each alone would wait for the disk
      for (const auto& step : migrations) {
        if (done.contains({std::string(step.owner), step.number})) continue;
        TRY(script(std::string(step.sql)));
        TRY(t.run("INSERT INTO migrations (owner, number) VALUES (?, ?)",
                  {std::string(step.owner), std::int64_t{step.number}}));
      }
      return {};
    });
  }

  Result<> change(const std::function<Result<>(Transaction&)>& work) override {
    const std::lock_guard lock(mutex_);
    TRY(run("BEGIN IMMEDIATE"));
    auto worked = work(*this);
    if (worked) {
      if (auto committed = run("COMMIT"); committed)
        return {};
      else
        worked = std::unexpected(committed.error());
    }
    (void)run("ROLLBACK");
    return worked;
  }

  Result<Rows> read(std::string_view sql, const std::vector<Value>& values) override {
    const std::lock_guard lock(mutex_);
    return run(sql, values);
  }

  Result<> copy_to(const std::string& path) override {
    TRY(read("VACUUM INTO ?", {path}));
    return {};
  }

  Result<> check() override {
    const auto whole = TRY(read("PRAGMA integrity_check", {}));
    if (whole.size() != 1 || whole.text(0, 0) != "ok")
      return fail(ErrorKind::corrupt, "the ledger is damaged: {}", whole.size() == 0 ? "no answer" : whole.text(0, 0));
    const auto keys = TRY(read("PRAGMA foreign_key_check", {}));
    if (keys.size() != 0) return fail(ErrorKind::corrupt, "the ledger has {} rows that point to nothing", keys.size());
    return {};
  }

 private:
  std::unexpected<Error> failed(std::string_view what) const {
    return fail(kind_of(sqlite3_errcode(db_)), "ledger: {}: {}", what, sqlite3_errmsg(db_));
  }

  Result<> script(const std::string& sql) {
    if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return failed("migration");
    return {};
  }

  Result<Rows> run(std::string_view sql, const std::vector<Value>& values = {}) override {
    const auto statement = TRY(prepared(sql));
    sqlite3_stmt* raw = statement.get();
    for (std::size_t i = 0; i < values.size(); ++i) bind(raw, static_cast<int>(i + 1), values[i]);
    Rows rows;
    const int columns = sqlite3_column_count(raw);
    for (int c = 0; c < columns; ++c) rows.names.emplace_back(sqlite3_column_name(raw, c));
    for (;;) {
      const int step = sqlite3_step(raw);
      if (step == SQLITE_DONE) {
        release(raw);
        return rows;
      }
      if (step != SQLITE_ROW) {
        const auto error = failed(sql);
        kept_.erase(std::string(sql));
        return error;
      }
      auto& cells = rows.cells.emplace_back();
      for (int c = 0; c < columns; ++c) cells.push_back(cell(raw, c));
    }
  }

  // A write of many rows says the same again and again: what was said lately is not compiled anew.
  using Statement = std::shared_ptr<sqlite3_stmt>;
  Result<Statement> prepared(std::string_view sql) {
    if (const auto found = kept_.find(std::string(sql)); found != kept_.end()) return found->second;
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(db_, sql.data(), static_cast<int>(sql.size()), &raw, nullptr) != SQLITE_OK)
      return failed(sql);
    Statement statement(raw, sqlite3_finalize);
    if (sql.starts_with("INSERT") || sql.starts_with("UPDATE") || sql.starts_with("SELECT") ||
        sql.starts_with("DELETE")) {
      if (kept_.size() >= most_kept) kept_.clear();
      kept_.emplace(std::string(sql), statement);
    }
    return statement;
  }

  // Done with: it holds neither rows nor a view into the values.
  static void release(sqlite3_stmt* statement) {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
  }

  static void bind(sqlite3_stmt* statement, int at, const Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value))
      sqlite3_bind_int64(statement, at, *number);
    else if (const auto* real = std::get_if<double>(&value))
      sqlite3_bind_double(statement, at, *real);
    else if (const auto* text = std::get_if<std::string>(&value)) {
      sqlite3_bind_text64(statement, at, text->data(), text->size(), nullptr /* SQLITE_STATIC: outlives the step */,
                          SQLITE_UTF8);
    } else
      sqlite3_bind_null(statement, at);
  }

  static Value cell(sqlite3_stmt* statement, int column) {
    switch (sqlite3_column_type(statement, column)) {
      case SQLITE_INTEGER:
        return static_cast<std::int64_t>(sqlite3_column_int64(statement, column));
      case SQLITE_FLOAT:
        return sqlite3_column_double(statement, column);
      case SQLITE_NULL:
        return nullptr;
      default:
        return std::string(static_cast<const char*>(sqlite3_column_blob(statement, column)),
                           static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
    }
  }

  std::int64_t changes() const override { return sqlite3_changes64(db_); }

  static constexpr std::size_t most_kept = 64;
  sqlite3* db_ = nullptr;
  std::mutex mutex_;
  std::unordered_map<std::string, Statement> kept_;  // under `mutex_`
};

}  // namespace

std::int64_t Rows::integer(std::size_t row, std::size_t column) const {
  const auto* number = std::get_if<std::int64_t>(&cells[row][column]);
  return number == nullptr ? 0 : *number;
}

const std::string& Rows::text(std::size_t row, std::size_t column) const {
  static const std::string none;
  const auto* text = std::get_if<std::string>(&cells[row][column]);
  return text == nullptr ? none : *text;
}

Result<std::unique_ptr<Ledger>> open_sqlite(const std::string& path) {
  auto ledger = std::make_unique<Sqlite>();
  TRY(ledger->open(path));
  return ledger;
}

}  // namespace pawl::ledger
