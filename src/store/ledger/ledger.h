// The ledger: what people and configuration own, in SQLite (WAL, foreign keys), behind one seam for PostgreSQL later.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace pawl::ledger {

using Value = std::variant<std::nullptr_t, std::int64_t, double, std::string>;

class Rows {
 public:
  std::vector<std::string> names;
  std::vector<std::vector<Value>> cells;
  std::size_t size() const { return cells.size(); }
  bool is_null(std::size_t row, std::size_t column) const {
    return std::holds_alternative<std::nullptr_t>(cells[row][column]);
  }
  std::int64_t integer(std::size_t row, std::size_t column) const;     // 0 for null
  const std::string& text(std::size_t row, std::size_t column) const;  // "" for null
};

// Statements with ? for values; values are bound, never put into the text. Errors: `conflict` on a broken UNIQUE,
// FOREIGN KEY or CHECK, `unavailable` when the disk is full or the file busy, `corrupt` when the file is damaged.
class Transaction {
 public:
  virtual ~Transaction() = default;
  virtual Result<Rows> run(std::string_view sql, const std::vector<Value>& values = {}) = 0;
  virtual std::int64_t changes() const = 0;  // rows that the last statement changed
};

// Steps that were applied are in the table `migrations`; a step is never edited, only followed.
struct Migration {
  std::string_view owner;  // "projects"
  int number = 0;          // 1, 2, … for each owner
  std::string_view sql;    // statements, separated by ';'
};

class Ledger {
 public:
  Ledger() = default;
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;
  virtual ~Ledger() = default;
  // Applies what is missing, in order, all or nothing. `conflict` where the file has a step that this program does not
  // know: it was written by a newer Pawl, and nothing is touched.
  virtual Result<> migrate(std::span<const Migration> migrations) = 0;
  // All or nothing: commits when `work` succeeds. Thread-safe, one at a time.
  virtual Result<> change(const std::function<Result<>(Transaction&)>& work) = 0;
  virtual Result<Rows> read(std::string_view sql, const std::vector<Value>& values = {}) = 0;
  // A whole copy at `path` (VACUUM INTO), while others go on.
  virtual Result<> copy_to(const std::string& path) = 0;
  virtual Result<> check() = 0;  // PRAGMA integrity_check and foreign_key_check
};

Result<std::unique_ptr<Ledger>> open_sqlite(const std::string& path);

}  // namespace pawl::ledger
