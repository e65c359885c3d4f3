// A plain dump of PostgreSQL as a SQLite database of its own, so that its tables can be joined.
#pragma once
#include <sqlite3.h>

#include <deque>
#include <memory>

#include "rows.h"

namespace pawl::imports {

struct CloseSqlite {
  void operator()(sqlite3* handle) const { sqlite3_close(handle); }
};
struct LoadedDump {
  std::unique_ptr<sqlite3, CloseSqlite> handle;  // on a temporary file, gone with it
  std::deque<Row> bad;                           // what was no row, and where
};
// Tables without their schema's name, cells as text (ids of rows as numbers, so that they are in order). `unavailable`:
// the disk for temporary files is full.
Result<LoadedDump> load_dump(std::unique_ptr<Bytes> bytes, const std::string& path);

}  // namespace pawl::imports
