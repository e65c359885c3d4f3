// ClickHouse's Native format: columns in, columns out. Source: ClickHouse documentation "Native" and
// src/DataTypes/Serializations (client revision 0: no block header, no custom serialisation).
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/money.h"
#include "base/result.h"

namespace pawl::native {

using Sink = std::function<void(std::string_view)>;  // takes the next piece of a block's bytes

// One column being filled. The caller appends exactly one value of its type a row; lengths are checked when the block
// is written. LowCardinality columns are sent as their plain type: the engine converts.
class Column {
 public:
  Column(std::string name, std::string type) : name_(std::move(name)), type_(std::move(type)) {}

  template <typename T>
  void fixed(T value) {  // any integer or float, little endian
    values_.append(reinterpret_cast<const char*>(&value), sizeof value);
    ++rows_;
  }
  void id(const Id128& value) {  // UInt128
    append_id(value);
    ++rows_;
  }
  void text(std::string_view value) {
    append_text(values_, value);
    ++rows_;
  }
  void nullable(const std::optional<std::int64_t>& value) {  // Nullable(Int64)
    nulls_ += value ? '\0' : '\1';
    fixed(value.value_or(0));
  }
  void nullable_wide(const std::optional<Int128>& value) {  // Nullable(Int128)
    nulls_ += value ? '\0' : '\1';
    fixed(value.value_or(0));
  }
  // Arrays: any number of element calls, then end_array.
  void element_text(std::string_view value) { append_text(values_, value), ++elements_; }
  void element_id(const Id128& value) { append_id(value), ++elements_; }
  template <typename T>
  void element_fixed(T value) {
    values_.append(reinterpret_cast<const char*>(&value), sizeof value);
    ++elements_;
  }
  // Map(String, String) and Map(String, Int64): any number of entries, then end_array.
  void entry(std::string_view key, std::string_view value) {
    append_text(values_, key), append_text(map_values_, value), ++elements_;
  }
  void entry(std::string_view key, std::int64_t value) {
    append_text(values_, key);
    map_values_.append(reinterpret_cast<const char*>(&value), sizeof value);
    ++elements_;
  }
  void end_array() {
    offsets_.append(reinterpret_cast<const char*>(&elements_), sizeof elements_);
    ++rows_;
  }

  const std::string& name() const { return name_; }
  std::size_t rows() const { return rows_; }
  std::size_t bytes() const { return values_.size() + map_values_.size() + offsets_.size() + nulls_.size(); }
  void write(const Sink& sink) const;
  void clear();

 private:
  static void append_text(std::string& out, std::string_view value);
  void append_id(const Id128& value) {
    values_.append(reinterpret_cast<const char*>(&value.low), 8);
    values_.append(reinterpret_cast<const char*>(&value.high), 8);
  }

  std::string name_, type_;
  std::string offsets_, nulls_, values_, map_values_;
  std::uint64_t elements_ = 0;
  std::size_t rows_ = 0;
};

// Columns of equal length; `write` gives one Native block.
class Block {
 public:
  Column& add(std::string name, std::string type) { return columns_.emplace_back(std::move(name), std::move(type)); }
  std::size_t rows() const { return columns_.empty() ? 0 : columns_.front().rows(); }
  std::size_t bytes() const;
  void write(const Sink& sink) const;  // the same in pieces, without a second copy of them
  std::string write() const;           // our own fault (PAWL_CHECK) where columns differ in length
  std::string column_list() const;     // "a, b, c" for INSERT INTO t (…)
  void clear();

 private:
  std::deque<Column> columns_;  // references given out stay valid
};

// A column that was read. Which accessor fits follows from the type; a wrong one is our own fault.
struct Data {
  std::string type;
  std::vector<std::int64_t> integers;  // ints, bools, dates, DateTime64 ticks, enums (as numbers)
  std::vector<double> reals;
  std::vector<std::string_view> texts;  // String; Enum8 and Enum16 by name
  std::vector<Id128> wide;              // UInt128 and Int128
  std::vector<std::uint8_t> nulls;      // 1 is null; empty where not Nullable
  std::vector<std::uint64_t> offsets;   // Array and Map: end of row i in `inner`
  std::vector<Data> inner;              // Array: one; Map: two; Tuple: each
};

// The answer of a query. Views stay valid as long as the Rows.
class Rows {
 public:
  // `bytes` are blocks one after another. `corrupt` on a type that this reader does not know or on short bytes.
  static Result<Rows> read(std::string bytes);

  std::size_t size() const { return rows_; }
  std::size_t columns() const { return names_.size(); }
  const std::string& name(std::size_t column) const { return names_[column]; }
  std::optional<std::size_t> find(std::string_view name) const;
  const Data& data(std::size_t column) const { return data_[column]; }

  bool is_null(std::size_t column, std::size_t row) const;
  std::int64_t integer(std::size_t column, std::size_t row) const;
  double real(std::size_t column, std::size_t row) const;  // of integers too
  std::string_view text(std::size_t column, std::size_t row) const;
  Id128 id(std::size_t column, std::size_t row) const;
  Int128 wide(std::size_t column, std::size_t row) const;  // of integers too
  std::optional<std::int64_t> maybe(std::size_t column, std::size_t row) const;
  std::vector<std::string_view> texts(std::size_t column, std::size_t row) const;  // Array(String)
  std::vector<std::int64_t> integers(std::size_t column, std::size_t row) const;   // Array of integers
  std::vector<Id128> ids(std::size_t column, std::size_t row) const;               // Array(UInt128)
  std::vector<std::pair<std::string_view, std::string_view>> map(std::size_t column, std::size_t row) const;

 private:
  std::vector<std::unique_ptr<std::string>> bytes_;
  std::deque<std::string> owned_;  // names of enums
  std::vector<std::string> names_;
  std::vector<Data> data_;
  std::size_t rows_ = 0;
};

}  // namespace pawl::native
