// A span that comes again after everything about it was forgotten is stored twice, and found by the check.
#include "world_testing.h"

namespace pawl::ingest::testing {
namespace {

TEST(Repeats, WhatCameAgainLongAfterIsTakenBack) {
  constexpr ProjectId project = 1001;
  const auto home = fresh_folder("repeats");
  Doubtful store(engine());
  World world(home, store);
  world.start();
  const std::string once = span_json(1, 1, "root"), again = span_json(1, 2, "step", 1);
  world.send(project, otlp::Signal::traces, spans_body({once, again}));
  world.drain();
  world.close();
  std::filesystem::remove_all(home / "journal");  // as if it had retired long ago
  world.open();
  world.start();
  world.send(project, otlp::Signal::traces, spans_body({again}));
  world.drain();
  const std::string standing = fmt::format("SELECT sum(sign) FROM spans WHERE project = {}", project);
  EXPECT_EQ(world.number(standing), 3);
  EXPECT_EQ(world.all_books(project), "stored 1");
  const auto found = world.ingest->check_repeats(store);
  ASSERT_TRUE(found) << found.error().what;
  EXPECT_GE(*found, 1U);
  for (int i = 0; i < 100 && world.number(standing) != 2; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(world.number(standing), 2);
  for (int i = 0; i < 100 && world.all_books(project) != "duplicate 1"; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(world.all_books(project), "duplicate 1");
  EXPECT_EQ(*world.ingest->check_repeats(store), 0U);  // it goes on behind what it has seen
  world.close();
  std::filesystem::remove_all(home);
}

// The corrections that follow a batch by two quiet seconds are made by the next process, where this one ended before.
TEST(Corrections, ComeAfterARestartThatWasInTheirWay) {
  constexpr ProjectId project = 1002;
  const auto home = fresh_folder("corrections");
  Doubtful store(engine());
  World world(home, store);
  world.start();
  const auto chat = [](int input) {
    return R"("attributes":[)" + text_attribute("gen_ai.operation.name", "chat") +
           fmt::format(R"(,{{"key":"gen_ai.usage.input_tokens","value":{{"intValue":"{}"}}}}])", input);
  };
  world.send(project, otlp::Signal::traces,
             spans_body({span_json(1, 2, "call", 1, chat(10)), span_json(1, 3, "call", 1, chat(20))}));
  world.drain();
  world.send(project, otlp::Signal::traces, spans_body({span_json(1, 1, "around both", 0, chat(30))}));
  world.drain();
  world.ingest->leave();
  const std::string tokens =
      fmt::format("SELECT toInt64(sum(sign * counted * tokens_input)) FROM spans WHERE project = {}", project);
  EXPECT_EQ(world.number(tokens), 60);  // the wrapper came alone, and counts until the trace is recounted
  world.close();
  world.open();
  world.start();
  for (int i = 0; i < 100 && world.number(tokens) != 30; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(world.number(tokens), 30);
  EXPECT_EQ(world.all_books(project), "stored 3");
  world.close();
  std::filesystem::remove_all(home);
}

}  // namespace
}  // namespace pawl::ingest::testing
