// Tables of older installations become like those of new ones, whenever the process ends in between.
#include "migrations.h"

#include <gtest/gtest.h>

#include <thread>

#include "warehouse_testing.h"

namespace pawl::warehouse {
namespace {

constexpr std::string_view settings = " SETTINGS fsync_after_insert = 1";

// What an older program made.
constexpr std::string_view old_things =
    "CREATE TABLE {} (project UInt32, name String, upper_name String MATERIALIZED upper(name), batch UInt64) "
    "ENGINE = MergeTree PARTITION BY batch % 3 ORDER BY project SETTINGS fsync_after_insert = 1";

// No machine is that fast: pieces become smaller, never larger, so that how many there are does not hang on the time.
constexpr Nanos too_short = 1;

constexpr Fill kinds[] = {{"kind", "if(name LIKE 'a%', 'first', 'other')"}};

// A schema with one table of this name: first two columns came, then its order changed and a column was filled.
struct World {
  explicit World(std::string name_) : name(std::move(name_)) {
    ddl = fmt::format(
        "\nCREATE TABLE IF NOT EXISTS {} (\n  project UInt32, name String, kind LowCardinality(String), "
        "size UInt32 DEFAULT length(name), extra UInt8, batch UInt64\n) ENGINE = MergeTree PARTITION BY batch % 3 "
        "ORDER BY (name, project)",
        name);
    tables = {{name, ddl}};
    steps = {{.number = 1, .table = name, .alter = "ADD COLUMN IF NOT EXISTS extra UInt8 AFTER name"},
             {.number = 2, .table = name, .fill = kinds}};
    schema = {name, tables, settings, steps};
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void make_old(std::uint64_t rows) const {
    run(fmt::format(fmt::runtime(old_things), name));
    run(
        fmt::format("INSERT INTO {} (project, name, batch) SELECT number % 7, concat(char(97 + number % 5), "
                    "toString(number)), 10 + intDiv(number, 10) FROM numbers({})",
                    name, rows));
  }
  static void run(const std::string& sql) {
    const auto done = testing::engine().run(sql);
    ASSERT_TRUE(done) << sql << ": " << done.error().what;
  }
  static std::string ask(const std::string& sql) {
    const auto answer = testing::engine().read({.sql = sql});
    EXPECT_TRUE(answer) << sql << ": " << answer.error().what;
    std::string out;
    for (std::size_t row = 0; answer && row < answer->rows.size(); ++row)
      for (std::size_t column = 0; column < answer->rows.columns(); ++column)
        out += fmt::format("{}{}", out.empty() ? "" : " ", answer->rows.text(column, row));
    return out;
  }
  // What there is of the table, whatever its layout.
  std::string contents() const {
    return ask(fmt::format("SELECT toString(count()), toString(sum(cityHash64(project, name, batch))) FROM {}", name));
  }
  std::string layout(std::string_view table) const {
    return ask(fmt::format(
               "SELECT concat(name, ':', type, ':', default_expression) FROM system.columns WHERE database = "
               "currentDatabase() AND table = '{}' ORDER BY name",
               table)) +
           ask(fmt::format("SELECT concat(' ', sorting_key, ' ', partition_key) FROM system.tables WHERE database = "
                           "currentDatabase() AND name = '{}'",
                           table));
  }
  std::vector<Step> migrate(std::string_view program = "1.0") const {
    const auto left = warehouse::migrate(testing::engine(), schema, program, log);
    EXPECT_TRUE(left) << left.error().what;
    return left.value_or(std::vector<Step>());
  }
  bool rebuild(const Pace& pace) const {
    const auto done = warehouse::rebuild(testing::engine(), schema, steps.back(), "1.0", pace, log);
    EXPECT_TRUE(done) << done.error().what;
    return done.value_or(false);
  }

  Log log{Log::Format::text, Level::error};
  std::string name, ddl;
  std::vector<Table> tables;
  std::vector<Step> steps;
  Schema schema;
};

TEST(Migrations, ANewInstallationHasEveryStep) {
  const World world("fresh");
  EXPECT_TRUE(world.migrate().empty());
  EXPECT_TRUE(world.migrate().empty());
  EXPECT_EQ(World::ask("SELECT toString(number) FROM schema_steps WHERE owner = 'fresh' ORDER BY number"), "1 2");
}

TEST(Migrations, AnOlderOneBecomesLikeIt) {
  const World model("model"), world("older");
  model.migrate();
  world.make_old(1'000);
  const std::string before = world.contents();
  const auto left = world.migrate();
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].number, 2);
  EXPECT_EQ(World::ask("SELECT toString(sum(extra)) FROM older"), "0");  // the quick step is done
  int pieces = 0;
  EXPECT_TRUE(world.rebuild({.first_batches = 5, .piece = too_short, .go_on = [&](double share) {
                               EXPECT_GE(share, 0);
                               EXPECT_LT(share, 1);
                               return ++pieces < 1'000;
                             }}));
  EXPECT_GT(pieces, 5);
  EXPECT_EQ(world.contents(), before);
  EXPECT_EQ(world.layout("older"), model.layout("model"));
  EXPECT_EQ(World::ask("SELECT toString(countIf(kind = 'first')), toString(countIf(size = length(name))) FROM older"),
            "200 1000");
  EXPECT_EQ(World::ask("SELECT count() = 0 ? 'gone' : 'there' FROM system.tables WHERE name = 'older_step2'"), "gone");
  EXPECT_TRUE(world.migrate().empty());
}

TEST(Migrations, GoesOnWhereItWasCutOff) {
  const World world("cut_off");
  world.make_old(800);
  const std::string before = world.contents();
  world.migrate();
  for (int round = 0; round < 4; ++round) {
    int pieces = 0;
    EXPECT_FALSE(
        world.rebuild({.first_batches = 10, .piece = too_short, .go_on = [&](double) { return ++pieces < 4; }}));
    // A piece of which only a part reached the disk, and whose end was not kept.
    World::run(
        "INSERT INTO cut_off_step2 (project, name, batch) SELECT project, name, batch FROM cut_off "
        "WHERE batch > (SELECT max(up_to) FROM schema_steps WHERE owner = 'cut_off') AND project < 3");
  }
  EXPECT_EQ(world.migrate().size(), 1U);
  EXPECT_TRUE(world.rebuild({}));
  EXPECT_EQ(world.contents(), before);
}

TEST(Migrations, KnowsThatItWasSwapped) {
  const World world("swapped");
  world.make_old(500);
  const std::string before = world.contents();
  world.migrate();
  EXPECT_FALSE(world.rebuild({.first_batches = 5, .go_on = [](double share) { return share == 0; }}));
  World::run(
      "INSERT INTO swapped_step2 (project, name, batch) SELECT project, name, batch FROM swapped WHERE batch > "
      "(SELECT max(up_to) FROM schema_steps WHERE owner = 'swapped')");
  World::run("EXCHANGE TABLES swapped_step2 AND swapped");
  EXPECT_EQ(world.migrate().size(), 1U);
  EXPECT_TRUE(world.rebuild({}));
  EXPECT_EQ(world.contents(), before);
  EXPECT_TRUE(world.migrate().empty());
}

TEST(Migrations, GoesBesideInserts) {
  const World world("busy");
  world.make_old(2'000);
  world.migrate();
  std::atomic<bool> stop = false;
  std::atomic<int> inserted = 0;
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      World::run(fmt::format("INSERT INTO busy (project, name, batch) VALUES (1, 'z{}', {})", i, 1'000 + i));
      ++inserted;
    }
  });
  while (inserted < 5) std::this_thread::yield();
  EXPECT_TRUE(world.rebuild({.first_batches = 10, .piece = 100'000'000}));
  const int then = inserted;
  while (inserted < then + 5) std::this_thread::yield();
  stop = true;
  writer.join();
  EXPECT_EQ(World::ask("SELECT toString(count()), toString(uniqExact(name)) FROM busy"),
            fmt::format("{0} {0}", 2'000 + inserted));
}

TEST(Migrations, ANewerOneIsRefused) {
  const World world("newer");
  world.migrate("1.0");
  World::run("INSERT INTO schema_steps (owner, number, state, program) VALUES ('newer', 7, 'done', '2.5')");
  const auto refused = migrate(testing::engine(), world.schema, "1.0", world.log);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  for (const std::string_view word : {"step 7", "Pawl 2.5", "Pawl 1.0", "knows 2"})
    EXPECT_NE(refused.error().what.find(word), std::string::npos) << refused.error().what;
}

TEST(Migrations, AConditionIsAsked) {
  World world("some");
  world.make_old(10);
  world.steps = {{.number = 1,
                  .table = world.name,
                  .alter = "MODIFY COLUMN upper_name REMOVE MATERIALIZED",
                  .only_if = "SELECT count() FROM system.columns WHERE database = currentDatabase() AND table = 'some' "
                             "AND name = 'upper_name' AND default_kind = 'MATERIALIZED'"},
                 {.number = 2,
                  .table = world.name,
                  .alter = "MODIFY COLUMN upper_name REMOVE MATERIALIZED",
                  .only_if = "SELECT count() FROM system.columns WHERE database = currentDatabase() AND table = 'some' "
                             "AND name = 'upper_name' AND default_kind = 'MATERIALIZED'"}};
  world.schema.steps = world.steps;
  EXPECT_TRUE(world.migrate().empty());
  EXPECT_EQ(World::ask("SELECT toString(number) FROM schema_steps WHERE owner = 'some' ORDER BY number"), "1 2");
  World::run("INSERT INTO some (project, name, upper_name, batch) VALUES (1, 'x', 'y', 1)");
}

}  // namespace
}  // namespace pawl::warehouse
