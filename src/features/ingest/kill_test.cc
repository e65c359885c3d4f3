// A process that is killed at every call to the warehouse while it sets records aside, and while it sends them again:
// each record is stored once or held once, and the books balance.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <fstream>
#include <thread>

#include "base/text.h"
#include "query/query.h"
#include "world_testing.h"

extern char** environ;

namespace pawl::ingest::testing {
namespace {

using otlp::Signal;
constexpr ProjectId project = 1;
constexpr int killed = 9;

std::string chat(std::string_view prompt) {
  return R"("attributes":[)" + text_attribute("gen_ai.operation.name", "chat") + "," +
         text_attribute("gen_ai.prompt", prompt) + "]";
}

// Two requests of traces, one of logs, one of metrics, each with a bad record; ten records for the books.
void send_all(World& world) {
  world.send(project, Signal::traces,
             spans_body({span_json(1, 1, "good"), span_json(1, 2, "poison", 1), span_json(1, 3, "good", 1, chat("a")),
                         span_json(1, 4, "good", 1, chat("poison in a body"))}));
  world.send(project, Signal::logs, logs_body({log_json(1, 1, "a"), log_json(1, 1, "poison"), log_json(1, 1, "b")}));
  world.send(project, Signal::metrics, gauge_body({"a", "b"}));
  world.send(project, Signal::traces,
             spans_body({span_json(2, 1, "good"), span_json(2, 2, "good", 1), span_json(2, 3, "poison", 1)}));
}

std::string report(World& world) {
  const auto count = [&](std::string_view what, std::string_view from) {
    return world.number(fmt::format("SELECT toInt64({}) FROM {}", what, from));
  };
  return fmt::format("spans {} of {}, not once {}, logs {} of {}, points {}, held {}, books {}",
                     count("sum(sign)", "spans"), count("uniqExact(trace, span)", "spans"),
                     count("count()", "(SELECT 1 FROM spans GROUP BY trace, span HAVING sum(sign) != 1)"),
                     count("count()", "logs"), count("uniqExact(record)", "logs"), count("count()", "points"),
                     *world.quarantine->count(project), world.all_books(project));
}

// Takes everything that is stored into the roll-ups.
void roll_up(World& world) {
  static const Log log(Log::Format::text, Level::error);
  std::vector<traces::Rollup> tables;
  for (const auto& one : query::rollups()) tables.push_back({one.name, one.ddl, one.insert, one.group});
  traces::Rollups rollups(tables, log);
  const auto last = static_cast<traces::BatchNumber>(world.number("SELECT toInt64(max(batch)) FROM spans"));
  for (bool more = true; more;) more = rollups.advance(world.warehouse, last).value_or(false);
}

// Of each roll-up the spans that it holds beside those that are there.
std::string rolled_up(World& world) {
  std::string out;
  for (const auto& one : query::rollups())
    out += fmt::format("{} {}/{} ", one.name, world.number(fmt::format("SELECT sum(sum_n) FROM {}", one.name)),
                       world.number("SELECT toInt64(sum(sign)) FROM spans"));
  return out;
}

// The other process: PAWL_TEST_HOME, PAWL_TEST_KILL (at which call; -1: never), PAWL_TEST_STEP.
TEST(KilledProcess, DISABLED_Child) {
  const std::filesystem::path home = std::getenv("PAWL_TEST_HOME");
  const int at = std::atoi(std::getenv("PAWL_TEST_KILL"));
  const std::string step = std::getenv("PAWL_TEST_STEP");
  const auto real = open_engine(home);
  Doubtful store(*real);
  if (step != "retry") store.marker = "poison";
  store.at_call = [&](int call, bool done) {
    if (call == at && done == (at % 2 == 0)) _exit(killed);
  };
  World world(home, store);
  if (step == "first") send_all(world);
  world.start();
  for (int trace = at + 100; step == "roll" || step == "spin"; ++trace) {
    world.send(project, Signal::traces, spans_body({span_json(trace, 1, "root"), span_json(trace, 2, "step", 1)}));
    world.drain();
    roll_up(world);
    if (step == "roll") break;
  }
  if (step == "retry") {
    const auto sent = world.ingest->retry_quarantined(project, {}, "test");
    ASSERT_TRUE(sent) << sent.error().what;
    world.drain();
  }
  std::ofstream(home / "report") << (step == "roll" ? rolled_up(world) : report(world));
}

class Killed : public ::testing::Test {
 protected:
  Killed() : home(fresh_folder("killed")) {}
  ~Killed() override { std::filesystem::remove_all(home); }

  // The exit code of one such process.
  int run(const std::string& step, int at, std::chrono::milliseconds life = std::chrono::milliseconds(0)) {
    std::vector<std::string> words = {"child", "--gtest_filter=KilledProcess.DISABLED_Child",
                                      "--gtest_also_run_disabled_tests"};
    std::vector<std::string> settings = {"PAWL_TEST_HOME=" + home.string(), "PAWL_TEST_KILL=" + std::to_string(at),
                                         "PAWL_TEST_STEP=" + step};
    std::vector<char*> arguments, environment;
    for (auto& word : words) arguments.push_back(word.data());
    for (auto& setting : settings) environment.push_back(setting.data());
    for (char** one = environ; *one != nullptr; ++one) environment.push_back(*one);
    arguments.push_back(nullptr), environment.push_back(nullptr);
    posix_spawn_file_actions_t quiet;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, 1, (home / "child.log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    posix_spawn_file_actions_adddup2(&quiet, 1, 2);
    pid_t child = 0;
    EXPECT_EQ(posix_spawn(&child, "/proc/self/exe", &quiet, nullptr, arguments.data(), environment.data()), 0);
    posix_spawn_file_actions_destroy(&quiet);
    int status = 0;
    if (life.count() > 0) {
      std::this_thread::sleep_for(life);
      kill(child, SIGKILL);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  // Again and again, each time killed at a later call, until one goes through. How many were killed.
  int run_through(const std::string& first, const std::string& then) {
    int at = 0;
    for (std::string step = first; run(step, at) == killed; step = then) ++at;
    return at;
  }

  std::string text(const char* file) {
    std::ifstream in(home / file);
    return {(std::istreambuf_iterator<char>(in)), {}};
  }

  std::filesystem::path home;
};

TEST_F(Killed, AtEveryCallNothingIsLostOrDoubled) {
  EXPECT_GT(run_through("first", "then"), 20);
  EXPECT_EQ(text("report"), "spans 4 of 4, not once 0, logs 2 of 2, points 2, held 4, books quarantined 4, stored 6")
      << text("child.log");
  EXPECT_GE(run_through("retry", "retry"), 2);
  EXPECT_EQ(text("report"), "spans 7 of 7, not once 0, logs 3 of 3, points 2, held 0, books stored 10")
      << text("child.log");
  ASSERT_EQ(run("then", -1), 0);  // and all of it is read back once more
  EXPECT_EQ(text("report"), "spans 7 of 7, not once 0, logs 3 of 3, points 2, held 0, books stored 10");
}

TEST_F(Killed, RollupsHoldEachSpanOnce) {
  EXPECT_GE(run_through("roll", "roll"), 5);  // the tables are made and filled, the next time from where it was
  const auto equal = [&] {
    const std::string all = text("report");
    EXPECT_FALSE(all.empty()) << text("child.log");
    for (const auto one : split(all, ' ')) {
      const auto [held, there] = cut(one, '/');
      if (!there.empty()) EXPECT_EQ(held, there) << all;
    }
  };
  equal();
  for (int i = 0; i < 6; ++i) {  // and at any moment
    EXPECT_EQ(run("spin", 1000 * (i + 1), std::chrono::milliseconds(900 + 170 * i)), -SIGKILL) << text("child.log");
    std::filesystem::remove(home / "report");
    ASSERT_EQ(run("roll", -1 - i), 0) << text("child.log");
    equal();
  }
}

}  // namespace
}  // namespace pawl::ingest::testing
