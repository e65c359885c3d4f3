// For tests: the one engine of this process, in a directory of its own.
#pragma once
#include <unistd.h>

#include <filesystem>

#include "warehouse.h"

namespace pawl::warehouse::testing {

inline Warehouse& engine() {
  struct World {
    Log log{Log::Format::text, Level::error};
    std::filesystem::path path = std::filesystem::temp_directory_path() / fmt::format("pawl-warehouse-{}", ::getpid());
    std::unique_ptr<Warehouse> warehouse;
    World() {
      auto opened = open_embedded({.library = find_library(), .path = path / "w", .backups = path / "b"}, log);
      PAWL_CHECK(opened.has_value(), "{}", opened ? "" : opened.error().what);
      warehouse = std::move(*opened);
    }
    ~World() {
      warehouse.reset();
      std::filesystem::remove_all(path);
    }
  };
  static World world;
  return *world.warehouse;
}

}  // namespace pawl::warehouse::testing
