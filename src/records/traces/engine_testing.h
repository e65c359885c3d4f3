// For tests: the one engine of this process, on tables that an older Pawl made and filled.
#pragma once
#include <fstream>
#include <iterator>

#include "base/text.h"
#include "store.h"
#include "store/warehouse/warehouse_testing.h"

namespace pawl::traces::testing {

inline constexpr ProjectId older_project = 900'000;  // whose rows were there before

// The tables of the first installations, with a body that is searched (longer than the part that was copied for that)
// and one that is not.
inline void make_older_tables(Warehouse& warehouse) {
  std::ifstream in(PAWL_SOURCE_DIR "/src/records/traces/testdata/first_schema.sql");
  const std::string all((std::istreambuf_iterator<char>(in)), {});
  PAWL_CHECK(!all.empty(), "first_schema.sql is not there");
  const auto run = [&](const std::string& sql) {
    const auto done = warehouse.run(sql);
    PAWL_CHECK(done.has_value(), "{}", done ? "" : done.error().what);
  };
  for (std::string_view rest = all; rest.find("CREATE TABLE") != std::string_view::npos;) {
    rest.remove_prefix(rest.find("CREATE TABLE"));
    run(std::string(rest.substr(0, rest.find(";\n"))));
    rest.remove_prefix(rest.find(";\n"));
  }
  run(fmt::format(
      "INSERT INTO bodies (project, scope, hash, at, trace, span, slot, bytes, batch) SELECT {}, 1, number, "
      "now64(3), 7, number, number % 6, concat(repeat('word ', 20000), toString(number)), 1 + number "
      "FROM numbers(12)",
      older_project));
  run(fmt::format(
      "INSERT INTO points (project, metric, at, received, value, batch) SELECT {}, 'm', now64(9), now64(3), "
      "number, 1 FROM numbers(5)",
      older_project));
  run(fmt::format(
      "INSERT INTO spans (project, minute, trace, span, start, received, name, session, sign, batch) SELECT "
      "{}, 29000000 + number, 7, number, toDateTime64(1740000000, 9) + number, now64(3), 'old', 's', 1, "
      "1 + number FROM numbers(20)",
      older_project));
}

inline Warehouse& engine() {
  return warehouse::testing::engine([](Warehouse& opened) {
    make_older_tables(opened);
    return create_tables(opened);
  });
}

}  // namespace pawl::traces::testing
