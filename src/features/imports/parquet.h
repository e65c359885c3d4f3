// Rows of Parquet files, read by the engine that Pawl stores with, inside of this program.
#pragma once
#include <memory>
#include <string>

#include "rows.h"
#include "store/warehouse/warehouse.h"

namespace pawl::imports {

// Starts the engine at the first file (half a second, some 250 MB) and keeps it: there is one a process.
class Parquet {
 public:
  Parquet() = default;
  Parquet(const Parquet&) = delete;
  Parquet& operator=(const Parquet&) = delete;
  ~Parquet();
  // The file becomes lines of JSON in a temporary folder (compressed: about its size), which are read as they are asked
  // for. `unavailable` where there is no engine, `invalid` where the file cannot be read. Outlives what it gives.
  Result<std::unique_ptr<Rows>> rows(const std::string& path);

 private:
  Result<> start();
  std::string folder_;
  std::unique_ptr<warehouse::Warehouse> engine_;
  int files_ = 0;
};

}  // namespace pawl::imports
