// The start, when the warehouse does not answer yet.
#include <thread>

#include "world_testing.h"

namespace pawl::ingest::testing {
namespace {

TEST(Recover, WaitsForAWarehouseThatIsAway) {
  constexpr ProjectId project = 1'201;
  const auto home = fresh_folder("away");
  Doubtful store(engine());
  World world(home, store);
  world.start();
  world.send(project, otlp::Signal::traces, spans_body({span_json(1, 1, "one")}));
  world.drain();
  world.close();
  world.open();
  store.away = 3;
  world.ingest->start(store);
  world.send(project, otlp::Signal::traces, spans_body({span_json(1, 2, "two")}));
  EXPECT_FALSE(world.ingest->ready());
  world.drain();
  EXPECT_EQ(store.away, 0);
  EXPECT_TRUE(world.ingest->ready());
  EXPECT_EQ(world.number(fmt::format("SELECT toInt64(sum(sign)) FROM spans WHERE project = {}", project)), 2);
  world.close();
  std::filesystem::remove_all(home);
}

}  // namespace
}  // namespace pawl::ingest::testing
