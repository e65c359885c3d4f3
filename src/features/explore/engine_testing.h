// The engine for tests of this module: one a process, with the tables of traces in it.
#pragma once
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/log.h"
#include "records/traces/traces.h"
#include "store/warehouse/warehouse.h"

namespace pawl::explore::testing {

class Engine {
 public:
  static warehouse::Warehouse& one() {
    static Engine engine;
    return *engine.warehouse_;
  }
  ~Engine() {
    warehouse_.reset();
    std::filesystem::remove_all(path_);
  }

 private:
  Engine() : path_(std::filesystem::temp_directory_path() / fmt::format("pawl-explore-{}", getpid())) {
    static const Log log(Log::Format::text, Level::error);
    std::string library = warehouse::find_library();
    if (library.empty()) library = PAWL_SOURCE_DIR "/third_party/chdb/libchdb.so";
    auto opened = warehouse::open_embedded({.library = library, .path = path_ / "w", .backups = path_ / "b"}, log);
    PAWL_CHECK(opened.has_value(), "{}", opened.error().what);
    warehouse_ = std::move(*opened);
    const auto made = traces::create_tables(*warehouse_);
    PAWL_CHECK(made.has_value(), "{}", made.error().what);
  }
  std::filesystem::path path_;
  std::unique_ptr<warehouse::Warehouse> warehouse_;
};

}  // namespace pawl::explore::testing
