// More Python SDKs of which no recording is at hand: spans as their instrumentations write them (sources read in July
// 2026).
#include <gtest/gtest.h>

#include "llm/sent_testing.h"

namespace pawl::llm {
namespace {

TEST(CrewAiOpenLlmetry, AgentSpansRepeatTheUsageOfTheCalls) {
  const std::string scope = "opentelemetry.instrumentation.crewai";
  const Recording trace = sent({
      {scope,
       "crewai.workflow",
       {{"gen_ai.provider.name", "crewai"},
        {"gen_ai.operation.name", "invoke_agent"},
        {"crewai.crew.token_usage", "total_tokens=14098 prompt_tokens=13000"}}},
      {scope,
       "Which region led?.task",
       {{"traceloop.span.kind", "task"}, {"gen_ai.operation.name", "invoke_agent"}},
       1},
      {scope,
       "SQL analyst.agent",
       {{"traceloop.span.kind", "agent"},
        {"gen_ai.provider.name", "crewai"},
        {"gen_ai.operation.name", "invoke_agent"},
        {"gen_ai.agent.name", "SQL analyst"},
        {"gen_ai.request.model", "gpt-4.1"},
        {"gen_ai.usage.input_tokens", 90},
        {"gen_ai.usage.output_tokens", 12}},
       2},
      {scope,
       "gpt-4.1.llm",
       {{"gen_ai.operation.name", "chat"}, {"gen_ai.request.model", "gpt-4.1"}, {"gen_ai.provider.name", "openai"}},
       3,
       1,
       "",
       {},
       3},
      {"opentelemetry.instrumentation.openai.v1",
       "openai.chat",
       {{"gen_ai.operation.name", "chat"},
        {"gen_ai.request.model", "gpt-4.1"},
        {"gen_ai.provider.name", "openai"},
        {"gen_ai.usage.input_tokens", 90},
        {"gen_ai.usage.output_tokens", 12}},
       4,
       0,
       "",
       {},
       3},
  });
  EXPECT_EQ(kinds_of(trace), "workflow workflow agent workflow llm");
  EXPECT_EQ(counted_input(trace), 90);
  EXPECT_EQ(trace.spans[4]->verdict.agent, "SQL analyst");
  EXPECT_EQ(trace.spans[0]->verdict.agent, "");
}

TEST(Strands, LatestModeTellsInEvents) {
  const std::string details = "gen_ai.client.inference.operation.details";
  const Recording trace = sent({
      {"strands.telemetry.tracer",
       "invoke_agent triage_agent",
       {{"gen_ai.operation.name", "invoke_agent"},
        {"gen_ai.provider.name", "strands-agents"},
        {"gen_ai.agent.name", "triage_agent"},
        {"gen_ai.usage.input_tokens", 10},
        {"gen_ai.usage.output_tokens", 2}}},
      {"strands.telemetry.tracer",
       "chat",
       {{"gen_ai.operation.name", "chat"},
        {"gen_ai.provider.name", "strands-agents"},
        {"gen_ai.request.model", "gpt-4.1"},
        {"gen_ai.usage.prompt_tokens", 10},
        {"gen_ai.usage.input_tokens", 10},
        {"gen_ai.usage.output_tokens", 2},
        {"gen_ai.server.time_to_first_token", 350}},
       1,
       1,
       "",
       {{details, {{"gen_ai.system_instructions", R"([{"type": "text", "content": "Be brief."}])"}}},
        {details, {{"gen_ai.input.messages", R"([{"role": "user", "parts": [{"type": "text", "content": "hi"}]}])"}}},
        {details,
         {{"gen_ai.output.messages",
           R"([{"role": "assistant", "parts": [{"type": "text", "content": "hello"}], "finish_reason": "end_turn"}])"}}}}},
      {"strands.telemetry.tracer",
       "execute_tool lookup",
       {{"gen_ai.operation.name", "execute_tool"}, {"gen_ai.tool.name", "lookup"}},
       1,
       1,
       "",
       {{details,
         {{"gen_ai.input.messages",
           R"([{"role": "tool", "parts": [{"type": "tool_call", "name": "lookup", "id": "t1", "arguments": {"pnr": "Q"}}]}])"}}},
        {details,
         {{"gen_ai.output.messages",
           R"([{"role": "tool", "parts": [{"type": "tool_call_response", "id": "t1", "response": [{"text": "found"}]}]}])"}}}}},
      {"strands.telemetry.tracer",
       "execute_event_loop_cycle",
       {{"gen_ai.operation.name", "execute_event_loop_cycle"}},
       1},
  });
  EXPECT_EQ(kinds_of(trace), "agent llm tool other~");
  EXPECT_EQ(counted_input(trace), 10);
  EXPECT_EQ(trace.spans[1]->reading.provider, "openai");
  EXPECT_EQ(trace.spans[1]->reading.ttft, 350 * millisecond);
  EXPECT_EQ(messages_json(*trace.spans[1], Slot::input), R"([{"role":"user","parts":[{"type":"text","text":"hi"}]}])");
  EXPECT_EQ(messages_json(*trace.spans[1], Slot::output),
            R"([{"role":"assistant","parts":[{"type":"text","text":"hello"}],"finish_reason":"end_turn"}])");
  EXPECT_EQ(messages_json(*trace.spans[1], Slot::system),
            R"([{"role":"system","parts":[{"type":"text","text":"Be brief."}]}])");
  EXPECT_EQ(parse_value_json(pieces_of(*trace.spans[2], Slot::arguments)), "{\"pnr\": \"Q\"}");
  EXPECT_EQ(parse_value_json(pieces_of(*trace.spans[2], Slot::result)), "\"found\"");
}

// Whoever sends to Langfuse too puts its session and user on spans of any scope; that makes them none of Langfuse's.
TEST(Langfuse, WhatStandsOnOthersSpansForItsSakeIsReadAndNoMore) {
  const Attributes call = {{"gen_ai.operation.name", "chat"},
                           {"gen_ai.provider.name", "openai"},
                           {"gen_ai.request.model", "gpt-4.1"},
                           {"gen_ai.usage.input_tokens", 100},
                           {"gen_ai.usage.cache_read.input_tokens", 60},
                           {"gen_ai.usage.output_tokens", 5},
                           {"langfuse.session.id", "s-1"},
                           {"langfuse.user.id", "u-1"}};
  for (const std::string scope : {"livekit-agents", "my.own.tracer", "openai"}) {
    const Recording trace = sent({{scope, "llm_request", call}});
    EXPECT_EQ(kinds_of(trace), "llm") << scope;
    EXPECT_EQ(counted_input(trace), 100) << scope;  // cached tokens are inside, not beside
    EXPECT_EQ(trace.spans[0]->reading.tokens.cache_read, 60) << scope;
    EXPECT_EQ(trace.spans[0]->reading.session, "s-1");
    EXPECT_EQ(trace.spans[0]->reading.user, "u-1");
    EXPECT_NE(trace.spans[0]->reading.dialect, "langfuse") << scope;
  }
  const Recording own =
      sent({{"my.own.tracer",
             "call",
             {{"langfuse.observation.type", "generation"},
              {"langfuse.observation.usage_details", R"({"input": 40, "input_cached_tokens": 60, "output": 5})"}}}});
  EXPECT_EQ(own.spans[0]->reading.dialect, "langfuse");
  EXPECT_EQ(counted_input(own), 100);
}

TEST(LiveKit, SessionTurnsToolsAndTheCallBelow) {
  const Recording trace = sent({
      {"livekit-agents", "agent_session", {{"lk.agent_label", "triage"}}},
      {"livekit-agents", "agent_turn", {}, 1},
      {"livekit-agents", "llm_node", {}, 2},
      {"livekit-agents",
       "llm_request",
       {{"gen_ai.operation.name", "chat"},
        {"gen_ai.request.model", "gpt-4.1"},
        {"gen_ai.usage.input_tokens", 7},
        {"gen_ai.usage.output_tokens", 1}},
       3},
      {"livekit-agents",
       "function_tool",
       {{"lk.function_tool.name", "lookup"}, {"lk.function_tool.arguments", "{\"a\":1}"}},
       2},
  });
  EXPECT_EQ(kinds_of(trace), "workflow agent other~ llm tool");
  EXPECT_EQ(counted_input(trace), 7);
  EXPECT_EQ(trace.spans[4]->reading.tool_name, "lookup");
}

TEST(Mcp, FrameworkClientAndServerAreOneCall) {
  const Recording trace = sent({
      {"agent_framework",
       "execute_tool lookup",
       {{"gen_ai.operation.name", "execute_tool"},
        {"gen_ai.tool.name", "lookup"},
        {"gen_ai.tool.call.arguments", "{\"a\":1}"},
        {"gen_ai.tool.call.result", "found"}}},
      {"agent_framework",
       "tools/call lookup",
       {{"mcp.method.name", "tools/call"}, {"gen_ai.tool.name", "lookup"}},
       1,
       0,
       "",
       {},
       3},
      {"opentelemetry.instrumentation.mcp",
       "lookup.tool",
       {{"traceloop.span.kind", "tool"},
        {"traceloop.entity.name", "lookup"},
        {"traceloop.entity.input", R"({"tool_name": "lookup", "arguments": {"a": 1}})"}},
       2},
      {"opentelemetry.instrumentation.mcp", "mcp.server", {{"traceloop.span.kind", "server"}}, 3},
      {"opentelemetry.instrumentation.mcp",
       "lookup.tool",
       {{"traceloop.span.kind", "tool"}, {"traceloop.entity.name", "lookup"}, {"error.type", "tool_error"}},
       4,
       2,
       "boom"},
      {"opentelemetry.instrumentation.mcp", "ResponseStreamWriter", {{"mcp.response.value", "{}"}}, 3},
      {"opentelemetry.instrumentation.mcp", "initialize.mcp", {{"traceloop.entity.input", "{}"}}},
  });
  EXPECT_EQ(kinds_of(trace), "tool other~ other~ other~ other~ other~ other~");
  int errors = 0;
  for (const auto& span : trace.spans) errors += span->verdict.is_error ? 1 : 0;
  EXPECT_EQ(errors, 1) << "the one who tells the failure has it";
  EXPECT_EQ(parse_value_json(pieces_of(*trace.spans[2], Slot::arguments)), "{\"a\": 1}");
}

TEST(PydanticAi, OlderFormatsNameSpansInWords) {
  const Recording trace = sent({
      {"pydantic-ai",
       "agent run",
       {{"model_name", "gpt-4.1"},
        {"agent_name", "sql_analyst"},
        {"gen_ai.usage.input_tokens", 40},
        {"gen_ai.usage.output_tokens", 4},
        {"all_messages_events", R"([{"content":"q","role":"user","event.name":"gen_ai.user.message"}])"},
        {"final_result", "done"}}},
      {"pydantic-ai",
       "chat gpt-4.1",
       {{"gen_ai.operation.name", "chat"},
        {"gen_ai.request.model", "gpt-4.1"},
        {"gen_ai.usage.input_tokens", 40},
        {"gen_ai.usage.output_tokens", 4},
        {"gen_ai.usage.details.cache_read_tokens", 32},
        {"operation.cost", 0.001}},
       1},
      {"pydantic-ai", "running 1 tool", {{"logfire.msg", "running 1 tool"}}, 1},
      {"pydantic-ai",
       "running tool",
       {{"gen_ai.tool.name", "run_sql"}, {"gen_ai.tool.call.id", "c"}, {"tool_arguments", "{\"q\":1}"}},
       3},
  });
  EXPECT_EQ(kinds_of(trace), "agent llm other tool");
  EXPECT_EQ(counted_input(trace), 40);
  EXPECT_EQ(trace.spans[1]->verdict.agent, "sql_analyst");
  EXPECT_EQ(parse_value_json(pieces_of(*trace.spans[3], Slot::arguments)), "{\"q\":1}");
}

TEST(Litellm, ProxysOwnSpans) {
  const Recording trace = sent({
      {"litellm", "Received Proxy Server Request", {}, 0, 0, "", {}, 2},
      {"litellm",
       "litellm_request",
       {{"gen_ai.request.model", "openai/gpt-4.1"},
        {"gen_ai.system", "openai"},
        {"gen_ai.prompt.0.role", "user"},
        {"gen_ai.prompt.0.content", "hi"},
        {"gen_ai.completion.0.role", "assistant"},
        {"gen_ai.completion.0.content", "yo"},
        {"gen_ai.usage.prompt_tokens", 9},
        {"gen_ai.usage.completion_tokens", 3},
        {"gen_ai.usage.total_tokens", 12},
        {"metadata.user_api_key_team_id", "t"},
        {"metadata.team", "search"}},
       1},
      {"litellm", "raw_gen_ai_request", {{"llm.openai.model", "gpt-4.1"}}, 2},
      {"litellm", "redis", {{"service", "redis"}}, 1},
  });
  EXPECT_EQ(kinds_of(trace), "other llm other~ other~");
  EXPECT_EQ(trace.spans[1]->reading.model_requested, "gpt-4.1");
  EXPECT_EQ(trace.spans[1]->reading.team, "search");
  EXPECT_EQ(messages_json(*trace.spans[1], Slot::output),
            R"([{"role":"assistant","parts":[{"type":"text","text":"yo"}]}])");
}

TEST(AnthropicOpenLlmetry, TwoInstrumentationsSideBySide) {
  const Recording trace = sent({
      {"app", "turn", {}, 0, 0, "", {}, 1, 0, 100},
      {"opentelemetry.instrumentation.anthropic",
       "anthropic.chat",
       {{"gen_ai.operation.name", "chat"},
        {"gen_ai.request.model", "claude-sonnet-4-5"},
        {"gen_ai.usage.input_tokens", 1300},
        {"gen_ai.usage.output_tokens", 25},
        {"gen_ai.usage.total_tokens", 1325},
        {"gen_ai.usage.cache_read.input_tokens", 1024},
        {"gen_ai.input.messages", R"([{"role":"user","parts":[{"type":"text","content":"hi"}]}])"}},
       1,
       0,
       "",
       {},
       3,
       10,
       50},
      {"com.anthropic.sdk.python",
       "anthropic.messages.create",
       {{"gen_ai.operation.name", "chat"},
        {"gen_ai.request.model", "claude-sonnet-4-5"},
        {"gen_ai.provider.name", "anthropic"},
        {"gen_ai.usage.input_tokens", 1300},
        {"gen_ai.usage.output_tokens", 25},
        {"gen_ai.usage.cache_read.input_tokens", 1024},
        {"gen_ai.response.id", "msg_1"}},
       1,
       0,
       "",
       {},
       3,
       11,
       49},
  });
  EXPECT_EQ(kinds_of(trace), "other llm other~");
  EXPECT_EQ(trace.spans[2]->verdict.why, NotCounted::duplicate);
  EXPECT_EQ(counted_input(trace), 1300);
}

TEST(ClaudeCode, BareWordsWithCachedTokensBeside) {
  const Recording trace = sent({{"com.anthropic.claude_code.tracing",
                                 "claude_code.llm_request",
                                 {{"span.type", "llm_request"},
                                  {"model", "claude-sonnet-4-5"},
                                  {"input_tokens", 10},
                                  {"output_tokens", 5},
                                  {"cache_read_tokens", 900},
                                  {"cache_creation_tokens", 20},
                                  {"session.id", "s"},
                                  {"ttft_ms", 120}}}});
  EXPECT_EQ(kinds_of(trace), "llm");
  EXPECT_EQ(tokens_of(trace.spans[0]->reading.tokens), "10/900/20/5/-");
  EXPECT_EQ(trace.spans[0]->reading.ttft, 120 * millisecond);
}

}  // namespace
}  // namespace pawl::llm
