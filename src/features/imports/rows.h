// What stands in the files of an export, row by row: JSON in any of its shapes, CSV, the COPY blocks of pg_dump. Each
// row is handed out as one JSON object; what is no row says where it stands and why, and the next one is read.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bytes.h"

namespace pawl::imports {

struct Row {
  std::string table;  // as the file calls it: "traces", "public.scores"; "" where it does not say
  std::string json;   // one whole JSON object; cells of CSV and COPY are strings, what is null or empty is left out
  std::string bad;    // not empty: this is no row, and why
  std::uint64_t line = 0;  // where it begins, from 1; 0: it stands in no text
  bool cells = false;      // of CSV or COPY: JSON of a column is text here
};

class Rows {
 public:
  Rows() = default;
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  virtual ~Rows() = default;
  // False at the end. An error ends the file: nothing behind it can be read.
  virtual Result<bool> next(Row& row) = 0;
  virtual std::uint64_t consumed() const = 0;  // bytes of the file, for the progress
};

inline constexpr std::size_t most_row_bytes = 60U << 20;  // a request takes 64 MB

enum class Format : std::uint8_t { json, csv, pg_dump, sqlite, parquet, unknown };
// By the first bytes of a file (undone where it is compressed). `hint`: what to do with a file that cannot be read.
struct Sniffed {
  Format format = Format::unknown;
  std::string hint;
};
Sniffed sniff(std::string_view head);

// One value after the other, one a line, an array of them, or an object that holds such arrays ({"data": [...]}).
std::unique_ptr<Rows> json_rows(std::unique_ptr<Bytes> bytes);
// RFC 4180 with a header.
std::unique_ptr<Rows> csv_rows(std::unique_ptr<Bytes> bytes);
// The COPY … FROM stdin blocks of a plain dump; everything else in it is passed over. `begins` hears of each block.
using BlockBegins = std::function<void(const std::string& table, const std::vector<std::string>& columns)>;
std::unique_ptr<Rows> dump_rows(std::unique_ptr<Bytes> bytes);
std::unique_ptr<Rows> dump_rows(std::unique_ptr<Bytes> bytes, BlockBegins begins);

}  // namespace pawl::imports
