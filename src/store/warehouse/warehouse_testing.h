// For tests of this module and of those above it: the one engine of a process.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "warehouse.h"

namespace pawl::warehouse::testing {

inline std::unique_ptr<Warehouse> open_engine(const std::filesystem::path& path) {
  static const Log log(Log::Format::text, Level::error);
  std::string library = find_library();
  if (library.empty()) library = PAWL_SOURCE_DIR "/third_party/chdb/libchdb.so";
  auto opened = open_embedded({.library = library, .path = path / "w", .backups = path / "b"}, log);
  PAWL_CHECK(opened.has_value(), "{}", opened ? "" : opened.error().what);
  return std::move(*opened);
}

// Is closed when the tests have ended. At the end of the process it would be too late: what the engine has made while
// it worked is taken down before what was made ahead of it.
class One : public ::testing::Environment {
 public:
  Warehouse& open(const std::function<Result<>(Warehouse&)>& prepare) {
    if (!warehouse_) {
      path_ = std::filesystem::temp_directory_path() / fmt::format("pawl-engine-{}", ::getpid());
      std::filesystem::remove_all(path_);
      warehouse_ = open_engine(path_);
      const auto done = prepare ? prepare(*warehouse_) : Result<>();
      PAWL_CHECK(done.has_value(), "{}", done ? "" : done.error().what);
    }
    return *warehouse_;
  }
  void TearDown() override {
    if (!warehouse_) return;
    warehouse_.reset();
    std::filesystem::remove_all(path_);
  }

 private:
  std::filesystem::path path_;
  std::unique_ptr<Warehouse> warehouse_;
};
inline One* const one = static_cast<One*>(::testing::AddGlobalTestEnvironment(new One));

// The engine of this process; `prepare` is called once, when it has been opened.
inline Warehouse& engine(const std::function<Result<>(Warehouse&)>& prepare = {}) {
  return one->open(prepare);
}

}  // namespace pawl::warehouse::testing
