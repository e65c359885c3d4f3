// What coding agents' events tell, one by one; whole sessions are in tests/cases/agents.
#include "llm/coding_agents.h"

#include <gtest/gtest.h>

#include <memory_resource>

#include "llm/sent_testing.h"

namespace pawl::llm {
namespace {

struct Told {
  bool known = false;
  CodingEvent event;
  std::vector<std::string> spans;  // "name kind status tokens"
};

class Reader final : public otlp::Visitor {
 public:
  explicit Reader(Told& told) : told_(told) {}
  void log(const otlp::Resource& resource, const otlp::Scope& scope, const otlp::LogRecord& record) override {
    told_.known = read_coding_event(resource, scope, record, told_.event);
    for (const auto& step : told_.event.steps) {
      const Fragment fragment = fragment_of(step, told_.event.at, told_.event.at);
      Run run(fragment);
      run.fold(fragment);
      RunSpan span;
      read_run(run, span);
      Reading reading;
      read_span(span.resource, span.scope, span.span, reading);
      const Tokens& t = reading.tokens;
      told_.spans.push_back(fmt::format("{} {} {} {}/{}/{}/{}", span.span.name, name_of(reading.kind),
                                        name_of(reading.status), t.input.value_or(-1), t.cache_read.value_or(-1),
                                        t.output.value_or(-1), t.reasoning.value_or(-1)));
    }
  }

 private:
  Told& told_;
};

Told tell(std::string_view scope, std::string_view event, Attributes attributes) {
  attributes.emplace_back("event.name", std::string(event));
  const std::string body = fmt::format(
      R"({{"resourceLogs":[{{"scopeLogs":[{{"scope":{{"name":"{}"}},"logRecords":[{{"timeUnixNano":"{}","attributes":{}}}]}}]}}]}})",
      scope, 1'790'000'000'000'000'000, attributes_json(attributes));
  Told told;
  Reader reader(told);
  std::pmr::monotonic_buffer_resource arena;
  EXPECT_TRUE(otlp::walk_logs(body, otlp::Encoding::json, {}, arena, reader));
  return told;
}
using Lines = std::vector<std::string>;
constexpr std::string_view claude = "com.anthropic.claude_code.events";

TEST(CodingAgents, ACallOfClaudeCodeHasCachedTokensBeside) {
  const Told told = tell(claude, "api_request",
                         {{"session.id", "s"},
                          {"prompt.id", "p"},
                          {"model", "claude-sonnet-4-5"},
                          {"input_tokens", 120},
                          {"output_tokens", "30"},
                          {"cache_read_tokens", 2000},
                          {"duration_ms", 36}});
  EXPECT_EQ(told.spans, (Lines{"claude-code agent ok -1/-1/-1/-1", "chat claude-sonnet-4-5 llm ok 120/2000/30/-1"}));
  EXPECT_TRUE(told.event.call);
  EXPECT_FALSE(told.event.in_span);
}

TEST(CodingAgents, ACallOfCodexHasThemInside) {
  const Attributes call = {{"conversation.id", "c"},       {"event.kind", "response.completed"},
                           {"model", "gpt-5-codex"},       {"input_token_count", "120"},
                           {"cached_token_count", "40"},   {"output_token_count", "30"},
                           {"reasoning_token_count", "5"}, {"tool_token_count", "150"}};
  EXPECT_EQ(tell("codex_otel.log_only", "codex.sse_event", call).spans.back(), "chat gpt-5-codex llm ok 80/40/25/5");
  const Told other = tell("codex_otel.log_only", "codex.sse_event",
                          {{"conversation.id", "c"}, {"event.kind", "response.completed"}, {"duration_ms", "7"}});
  EXPECT_TRUE(other.known);
  EXPECT_EQ(other.spans, Lines{});  // the other half of the same event
}

TEST(CodingAgents, ACallOfGeminiCliHasThoughtsBeside) {
  const Told told = tell("gemini-cli", "gemini_cli.api_response",
                         {{"session.id", "s"},
                          {"prompt_id", "s########2"},
                          {"model", "gemini-2.5-pro"},
                          {"input_token_count", 120},
                          {"cached_content_token_count", 40},
                          {"output_token_count", 30},
                          {"thoughts_token_count", 5},
                          {"total_token_count", 155}});
  EXPECT_EQ(told.spans.back(), "chat gemini-2.5-pro llm ok 80/40/30/5");
  EXPECT_EQ(told.event.steps.front().id, "s-2");
}

TEST(CodingAgents, AToolSucceedsFailsOrIsRefused) {
  const auto tool = [](std::string_view event, Attributes more) {
    more.insert(more.end(), {{"session.id", "s"}, {"tool_name", "Bash"}, {"tool_use_id", "t"}});
    const Told told = tell(claude, event, more);
    return told.spans.empty() ? std::string() : told.spans.back();
  };
  EXPECT_EQ(tool("tool_result", {{"success", "true"}}), "Bash tool ok -1/-1/-1/-1");
  EXPECT_EQ(tool("tool_result", {{"success", "false"}, {"error", "exit 1"}}), "Bash tool error -1/-1/-1/-1");
  EXPECT_EQ(tool("tool_decision", {{"decision", "reject"}}), "Bash tool blocked -1/-1/-1/-1");
  EXPECT_EQ(tool("tool_decision", {{"decision", "accept"}}), "");
}

TEST(CodingAgents, ARepeatHasTheSameIdAndAnotherCallAnother) {
  const auto id = [](const char* sequence) {
    return tell(claude, "api_request", {{"session.id", "s"}, {"event.sequence", sequence}}).event.steps.back().id;
  };
  EXPECT_EQ(id("1"), id("1"));
  EXPECT_NE(id("1"), id("2"));
}

TEST(CodingAgents, OthersEventsAreNone) {
  EXPECT_FALSE(tell("my.app", "user_prompt", {{"session.id", "s"}}).known);
  EXPECT_FALSE(tell(claude, "user_prompt", {}).known);  // of no session
  EXPECT_TRUE(tell(claude, "hook_executed", {{"session.id", "s"}}).known);
  EXPECT_EQ(tell(claude, "hook_executed", {{"session.id", "s"}}).spans, Lines{});
}

}  // namespace
}  // namespace pawl::llm
