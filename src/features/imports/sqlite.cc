// Rows of a store, statement by statement; a dump of PostgreSQL becomes such a store first, on a temporary file.
#include "sqlite.h"

#include <sqlite3.h>

#include <deque>
#include <filesystem>
#include <span>

#include "base/json.h"
#include "dump_store.h"
#include "store_asks.h"

namespace pawl::imports {
namespace {

class Store : public Rows {
 public:
  Store(sqlite3* handle, std::string path, std::uint64_t bytes, std::span<const Ask> asks)
      : handle_(handle), path_(std::move(path)), bytes_(bytes), asks_(asks) {}
  ~Store() override {
    sqlite3_finalize(statement_);
    sqlite3_close(handle_);
  }

  Result<> check(Vendor vendor) {
    for (const auto& ask : asks_) {
      if (!ask.must || TRY(prepare(ask))) continue;
      return fail(ErrorKind::invalid, "{}: this file is no store of {}: it has no table {}.", path_, name_of(vendor),
                  ask.table == "spans" ? "spans beside traces and projects" : "trace_info");
    }
    sqlite3_finalize(statement_);
    statement_ = nullptr;
    TRY(count());
    return {};
  }

  Result<bool> next(Row& row) override {
    row = {};
    if (!bad_.empty()) {
      row = std::move(bad_.front());
      bad_.pop_front();
      return true;
    }
    for (;;) {
      if (statement_ == nullptr) {
        if (ask_ == asks_.size()) return false;
        if (!TRY(prepare(asks_[ask_]))) {
          row.table = asks_[ask_++].table;
          if (why_.find("no such table") != std::string::npos) continue;  // of an older or a newer version
          row.bad = fmt::format("the table {} is not as Pawl knows it ({}): none of it is carried", row.table, why_);
          return true;
        }
      }
      const int code = sqlite3_step(statement_);
      if (code == SQLITE_ROW) {
        ++read_;
        fill(row);
        return true;
      }
      if (code != SQLITE_DONE)
        return fail(ErrorKind::corrupt, "{}: the table {} cannot be read further: {}", path_, asks_[ask_].table,
                    sqlite3_errmsg(handle_));
      sqlite3_finalize(statement_);
      statement_ = nullptr;
      ++ask_;
    }
  }
  void tell_first(std::deque<Row> bad) { bad_ = std::move(bad); }
  std::uint64_t consumed() const override { return all_ == 0 ? 0 : bytes_ / all_ * std::min(read_, all_); }

 private:
  // False: no version of the statement is understood. A damaged file is an error.
  Result<bool> prepare(const Ask& ask) {
    for (const auto sql : ask.statements) {
      sqlite3_finalize(statement_);
      statement_ = nullptr;
      const int code = sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &statement_, nullptr);
      if (code == SQLITE_OK) return true;
      why_ = sqlite3_errmsg(handle_);
      if (code != SQLITE_ERROR)
        return fail(ErrorKind::corrupt, "{}: the SQLite file cannot be read: {}", path_, sqlite3_errmsg(handle_));
    }
    return false;
  }

  Result<> count() {
    sqlite3_stmt* counted = nullptr;
    if (sqlite3_prepare_v2(handle_, "SELECT count(*) FROM spans", -1, &counted, nullptr) == SQLITE_OK &&
        sqlite3_step(counted) == SQLITE_ROW)
      all_ = static_cast<std::uint64_t>(std::max<sqlite3_int64>(0, sqlite3_column_int64(counted, 0)));
    sqlite3_finalize(counted);
    return {};
  }

  void fill(Row& row) const {
    row.table = asks_[ask_].table;
    JsonWriter json;
    json.object();
    for (int i = 0; i < sqlite3_column_count(statement_); ++i) {
      const std::string_view name = sqlite3_column_name(statement_, i);
      switch (sqlite3_column_type(statement_, i)) {
        case SQLITE_NULL:
          break;
        case SQLITE_INTEGER:
          json.field(name, static_cast<std::int64_t>(sqlite3_column_int64(statement_, i)));
          break;
        case SQLITE_FLOAT:
          json.field(name, sqlite3_column_double(statement_, i));
          break;
        default: {
          const void* bytes = sqlite3_column_blob(statement_, i);
          const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, i));
          json.field(name,
                     bytes == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(bytes), size));
        }
      }
    }
    row.json = json.end().take();
    if (row.json.size() > most_row_bytes) {
      row.json.clear();
      row.bad = fmt::format("the record is larger than {} MB", most_row_bytes >> 20U);
    }
  }

  sqlite3* handle_;
  sqlite3_stmt* statement_ = nullptr;
  std::string path_, why_;
  std::uint64_t bytes_, all_ = 0, read_ = 0;
  std::span<const Ask> asks_;
  std::size_t ask_ = 0;
  std::deque<Row> bad_;
};

const std::vector<Ask>& asks_of(Vendor vendor) {
  return vendor == Vendor::phoenix ? phoenix_asks() : mlflow_asks();
}

}  // namespace

Result<std::unique_ptr<Rows>> sqlite_rows(const std::string& path, Vendor vendor) {
  if (vendor != Vendor::phoenix && vendor != Vendor::mlflow)
    return fail(ErrorKind::invalid, "{}: this is a SQLite file; {} exports none. Is it of Phoenix or of MLflow?", path,
                name_of(vendor));
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READONLY, nullptr);
  std::error_code error;
  auto store = std::make_unique<Store>(handle, path, std::filesystem::file_size(path, error), asks_of(vendor));
  if (code != SQLITE_OK)
    return fail(ErrorKind::unavailable, "{}: {}", path, handle == nullptr ? "no memory" : sqlite3_errmsg(handle));
  sqlite3_busy_timeout(handle, 10'000);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  TRY(store->check(vendor));
  return store;
}

Result<std::unique_ptr<Rows>> dumped_store(const std::string& path, Vendor vendor) {
  auto loaded = TRY(load_dump(TRY(open_bytes(path)), path));
  std::error_code error;
  auto store =
      std::make_unique<Store>(loaded.handle.release(), path, std::filesystem::file_size(path, error), asks_of(vendor));
  TRY(store->check(vendor));
  store->tell_first(std::move(loaded.bad));
  return store;
}

}  // namespace pawl::imports
