// JavaScript SDKs, and the platforms' own dialects, in situations that no recording at hand shows.
#include <gtest/gtest.h>

#include "llm/sent_testing.h"

namespace pawl::llm {
namespace {

int errors_of(const Recording& recording) {
  int errors = 0;
  for (const auto& span : recording.spans) errors += span->verdict.is_error ? 1 : 0;
  return errors;
}

TEST(Vercel, WhoseItIsStandsInTheMetadata) {
  const Recording trace = sent({{"ai",
                                 "ai.generateText",
                                 {{"ai.operationId", "ai.generateText"},
                                  {"ai.telemetry.metadata.userId", "u-1"},
                                  {"ai.telemetry.metadata.sessionId", "s-1"},
                                  {"ai.telemetry.metadata.tags", std::vector<std::string>{"prod", "fixture"}}}}});
  const auto& reading = trace.spans[0]->reading;
  EXPECT_EQ(reading.session + " " + reading.user, "s-1 u-1");
  EXPECT_EQ(reading.tags, (std::vector<std::string>{"prod", "fixture"}));
}

TEST(Vercel7, AnErrorAtEveryAncestorIsOne) {
  const std::string message = "Failed after 3 attempts. Last error: 500";
  const Recording trace = sent({
      {"gen_ai",
       "invoke_agent gpt-4.1",
       {{"gen_ai.operation.name", "invoke_agent"},
        {"gen_ai.agent.name", "support"},
        {"ai.settings.context.sessionId", "s-1"},
        {"ai.settings.context.userId", "u-1"}},
       0,
       2,
       message},
      {"gen_ai", "step 1", {{"gen_ai.operation.name", "agent_step"}}, 1, 2, message},
      {"gen_ai",
       "chat gpt-4.1",
       {{"gen_ai.operation.name", "chat"}, {"gen_ai.request.model", "gpt-4.1"}, {"gen_ai.provider.name", "openai"}},
       2,
       2,
       "500",
       {{"exception", {{"exception.type", "AI_APICallError"}, {"exception.message", "500"}}}},
       3},
  });
  EXPECT_EQ(kinds_of(trace), "agent other~ llm");
  EXPECT_EQ(errors_of(trace), 1);
  EXPECT_TRUE(trace.spans[2]->verdict.is_error);
  EXPECT_EQ(trace.spans[2]->verdict.session, "s-1");
  EXPECT_EQ(trace.spans[2]->verdict.user, "u-1");
  EXPECT_EQ(trace.spans[2]->reading.model_requested, "gpt-4.1");
}

TEST(Vercel7, AnAgentInsideAToolIsBoth) {
  const Recording trace = sent({
      {"gen_ai",
       "invoke_agent gpt-4.1",
       {{"gen_ai.operation.name", "invoke_agent"},
        {"gen_ai.agent.name", "lead"},
        {"gen_ai.usage.input_tokens", 110},
        {"gen_ai.usage.output_tokens", 20}}},
      {"gen_ai",
       "chat gpt-4.1",
       {{"gen_ai.operation.name", "chat"},
        {"gen_ai.request.model", "gpt-4.1"},
        {"gen_ai.usage.input_tokens", 110},
        {"gen_ai.usage.output_tokens", 20}},
       1},
      {"gen_ai",
       "execute_tool research",
       {{"gen_ai.operation.name", "execute_tool"}, {"gen_ai.tool.name", "research"}},
       1},
      {"gen_ai",
       "invoke_agent gpt-4.1-mini",
       {{"gen_ai.operation.name", "invoke_agent"},
        {"gen_ai.agent.name", "researcher"},
        {"gen_ai.usage.input_tokens", 90},
        {"gen_ai.usage.output_tokens", 10}},
       3},
      {"gen_ai",
       "chat gpt-4.1-mini",
       {{"gen_ai.operation.name", "chat"},
        {"gen_ai.request.model", "gpt-4.1-mini"},
        {"gen_ai.usage.input_tokens", 90},
        {"gen_ai.usage.output_tokens", 10}},
       4},
  });
  EXPECT_EQ(kinds_of(trace), "agent llm tool agent llm");
  EXPECT_EQ(counted_input(trace), 200);
}

TEST(VercelLegacy, AToolBelowItsCallIsNotACallBelowACall) {
  const auto generate = [](int input) {
    return Attributes{{"ai.operationId", "ai.generateText.doGenerate"},
                      {"ai.model.id", "gpt-4.1"},
                      {"ai.model.provider", "openai.responses"},
                      {"ai.usage.inputTokens", input},
                      {"ai.usage.outputTokens", 5},
                      {"ai.response.text", "hello"},
                      {"ai.response.toolCalls", R"([{"toolCallId":"c1","toolName":"t","input":{"a":1}}])"},
                      {"ai.prompt.messages",
                       R"([{"role":"system","content":"S"},{"role":"user","content":[{"type":"text","text":"q"}]}])"}};
  };
  const Recording trace = sent({
      {"ai",
       "ai.generateText",
       {{"ai.operationId", "ai.generateText"}, {"ai.telemetry.functionId", "lead"}, {"ai.usage.inputTokens", 100}}},
      {"ai", "ai.generateText.doGenerate", generate(100), 1},
      {"ai",
       "ai.toolCall",
       {{"ai.operationId", "ai.toolCall"}, {"ai.toolCall.name", "t"}, {"ai.toolCall.args", "{\"a\":1}"}},
       2},
      {"ai", "ai.generateText", {{"ai.operationId", "ai.generateText"}, {"ai.usage.inputTokens", 50}}, 3},
      {"ai", "ai.generateText.doGenerate", generate(50), 4},
  });
  EXPECT_EQ(kinds_of(trace), "workflow llm tool workflow llm");
  EXPECT_EQ(counted_input(trace), 150);
  EXPECT_EQ(trace.spans[1]->reading.provider, "openai");
  EXPECT_EQ(trace.spans[2]->verdict.agent, "lead");
  EXPECT_EQ(
      messages_json(*trace.spans[1], Slot::output),
      R"([{"role":"assistant","parts":[{"type":"text","text":"hello"},{"type":"tool_call","id":"c1","name":"t","arguments":{"a":1}}]}])");
  EXPECT_EQ(messages_json(*trace.spans[1], Slot::system),
            R"([{"role":"system","parts":[{"type":"text","text":"S"}]}])");
  EXPECT_EQ(messages_json(*trace.spans[1], Slot::input), R"([{"role":"user","parts":[{"type":"text","text":"q"}]}])");
}

TEST(OpenInferenceVercel, TheWrapperIsAnAgentAndTheCallInside) {
  const Recording trace = sent({
      {"ai",
       "ai.generateText",
       {{"ai.operationId", "ai.generateText"}, {"openinference.span.kind", "AGENT"}, {"ai.usage.inputTokens", 9}}},
      {"ai",
       "ai.generateText.doGenerate",
       {{"ai.operationId", "ai.generateText.doGenerate"},
        {"openinference.span.kind", "LLM"},
        {"ai.model.id", "gpt-4.1"},
        {"llm.token_count.prompt", 9},
        {"ai.usage.inputTokens", 9}},
       1},
  });
  EXPECT_EQ(trace.spans[1]->verdict.kind, Kind::llm);
  EXPECT_EQ(counted_input(trace), 9);
}

TEST(AgentsSdk, ATrippedGuardrailIsABlock) {
  const std::string scope = "@arizeai/openinference-instrumentation-openai-agents";
  const std::string tripped = "Input guardrail triggered: no_pii";
  const Recording trace = sent({
      {scope, "Support workflow", {{"openinference.span.kind", "AGENT"}}, 0, 2, tripped},
      {scope, "Support", {{"openinference.span.kind", "AGENT"}, {"graph.node.id", "Support"}}, 1, 2, tripped},
      {scope, "no_pii", {{"openinference.span.kind", "GUARDRAIL"}, {"guardrail.triggered", true}}, 2, 1},
      {scope, "turn", {{"openinference.span.kind", "CHAIN"}}, 2, 2, tripped},
  });
  EXPECT_EQ(kinds_of(trace), "workflow agent guardrail workflow~");
  EXPECT_EQ(trace.spans[2]->reading.status, Status::blocked);
  EXPECT_EQ(errors_of(trace), 0);
  EXPECT_EQ(trace.spans[2]->verdict.agent, "Support");
}

TEST(Langfuse, FailureInTheLevelAndUsageByBucketOrInside) {
  const auto generation = [](const char* usage) {
    return Attributes{{"langfuse.observation.type", "generation"},
                      {"langfuse.observation.model.name", "gpt-4.1"},
                      {"langfuse.observation.usage_details", usage},
                      {"session.id", "s"},
                      {"langfuse.trace.metadata.team", "\"support\""}};
  };
  const Recording trace = sent({
      {"langfuse-sdk", "root", {{"langfuse.observation.type", "agent"}}},
      {"langfuse-sdk", "a", generation(R"({"input":76,"input_cached_tokens":64,"output":20,"total":160})"), 1},
      {"langfuse-sdk", "b", generation(R"({"input":140,"input_cached_tokens":64,"output":20,"total":160})"), 1},
      {"langfuse-sdk", "c",
       generation(
           R"({"prompt_tokens":140,"completion_tokens":20,"total_tokens":160,"prompt_tokens_details":{"cached_tokens":64},"completion_tokens_details":{"reasoning_tokens":8}})"),
       1},
      {"langfuse-sdk",
       "d",
       {{"langfuse.observation.type", "generation"},
        {"langfuse.observation.level", "ERROR"},
        {"langfuse.observation.status_message", "429"},
        {"langfuse.observation.cost_details", R"({"input":0,"total":0})"}},
       1},
  });
  EXPECT_EQ(tokens_of(trace.spans[1]->reading.tokens), "76/64/-/20/-");
  EXPECT_EQ(tokens_of(trace.spans[2]->reading.tokens), "76/64/-/20/-");
  EXPECT_EQ(tokens_of(trace.spans[3]->reading.tokens), "76/64/-/12/8");
  EXPECT_EQ(trace.spans[4]->reading.status, Status::error);
  EXPECT_EQ(trace.spans[4]->reading.error_message, "429");
  EXPECT_FALSE(trace.spans[4]->reading.cost_reported);
  EXPECT_EQ(trace.spans[1]->reading.team, "support");
  EXPECT_EQ(kinds_of(trace), "agent llm llm llm llm");
}

TEST(Mastra, FailureOnTheRootAndChunksAreNoise) {
  const Recording trace = sent(
      {
          {"@mastra/otel-exporter",
           "invoke_agent support-agent",
           {{"gen_ai.operation.name", "invoke_agent"},
            {"mastra.span.type", "agent_run"},
            {"gen_ai.agent.name", "support-agent"},
            {"mastra.metadata.sessionId", "s-1"},
            {"error.type", "AI_APICallError"}},
           0,
           2,
           "boom"},
          {"@mastra/otel-exporter",
           "chat gpt-4.1",
           {{"gen_ai.operation.name", "chat"},
            {"mastra.span.type", "model_generation"},
            {"gen_ai.request.model", "gpt-4.1"},
            {"gen_ai.provider.name", "openai.responses"},
            {"gen_ai.usage.input_tokens", 12},
            {"gen_ai.usage.output_tokens", 3}},
           1,
           1},
          {"@mastra/otel-exporter",
           "model_chunk x",
           {{"gen_ai.operation.name", "model_chunk"}, {"mastra.span.type", "model_chunk"}},
           2,
           1},
          {"@mastra/otel-exporter",
           "execute_tool lookup",
           {{"gen_ai.operation.name", "execute_tool"},
            {"mastra.span.type", "mcp_tool_call"},
            {"gen_ai.tool.name", "lookup"}},
           1,
           1},
      },
      {{"service.name", "shop"}, {"service.version", "1.71.0"}, {"telemetry.sdk.name", "@mastra/otel-exporter"}});
  EXPECT_EQ(kinds_of(trace), "agent llm other~ tool");
  EXPECT_EQ(errors_of(trace), 1);
  EXPECT_EQ(trace.spans[0]->reading.agent_version, "") << "Mastra's own version is not the agent's";
  EXPECT_EQ(trace.spans[0]->reading.service, "shop");
  EXPECT_EQ(trace.spans[3]->verdict.session, "s-1");
}

TEST(Genkit, ErrorStateAndNestedGenerate) {
  const Recording trace = sent({
      {"genkit-tracer",
       "flow",
       {{"genkit:type", "action"}, {"genkit:metadata:subtype", "flow"}, {"genkit:state", "error"}},
       0,
       2,
       "tool broke"},
      {"genkit-tracer",
       "generate",
       {{"genkit:type", "util"}, {"genkit:state", "error"}, {"genkit:output", R"({"usage":{"inputTokens":10}})"}},
       1,
       2,
       "tool broke"},
      {"genkit-tracer",
       "googleai/gemini-2.5-flash",
       {{"genkit:type", "action"},
        {"genkit:metadata:subtype", "model"},
        {"genkit:name", "googleai/gemini-2.5-flash"},
        {"genkit:input", R"({"messages":[{"role":"user","content":[{"text":"q"}]}]})"},
        {"genkit:output",
         R"({"message":{"role":"model","content":[{"toolRequest":{"name":"t","ref":"r1","input":{"a":1}}}]},"finishReason":"stop","usage":{"inputTokens":10,"outputTokens":7,"thoughtsTokens":3,"totalTokens":17,"cachedContentTokens":4}})"}},
       2},
      {"genkit-tracer",
       "t",
       {{"genkit:type", "action"},
        {"genkit:metadata:subtype", "tool"},
        {"genkit:name", "t"},
        {"genkit:input", "{\"a\":1}"}},
       2,
       2,
       "tool broke"},
  });
  EXPECT_EQ(kinds_of(trace), "workflow workflow~ llm tool");
  EXPECT_EQ(errors_of(trace), 1);
  EXPECT_EQ(trace.spans[2]->reading.provider, "google");
  EXPECT_EQ(trace.spans[2]->reading.model_requested, "gemini-2.5-flash");
  EXPECT_EQ(tokens_of(trace.spans[2]->reading.tokens), "6/4/-/4/3");
  EXPECT_EQ(
      messages_json(*trace.spans[2], Slot::output),
      R"([{"role":"assistant","parts":[{"type":"tool_call","id":"r1","name":"t","arguments":{"a":1}}],"finish_reason":"stop"}])");
}

TEST(Traceloop, JsAnthropicStandsBesideTheCache) {
  const Recording trace = sent({
      {"@traceloop/node-server-sdk",
       "w.workflow",
       {{"traceloop.span.kind", "workflow"}, {"traceloop.entity.name", "w"}}},
      {"@traceloop/instrumentation-anthropic",
       "chat claude",
       {{"gen_ai.operation.name", "chat"},
        {"gen_ai.provider.name", "anthropic"},
        {"gen_ai.request.model", "claude-sonnet-4-5"},
        {"gen_ai.usage.input_tokens", 66},
        {"gen_ai.usage.output_tokens", 30},
        {"gen_ai.usage.total_tokens", 96},
        {"gen_ai.usage.cache_read.input_tokens", 64},
        {"traceloop.association.properties.session_id", "s"}},
       1},
  });
  EXPECT_EQ(tokens_of(trace.spans[1]->reading.tokens), "66/64/-/30/-");
  EXPECT_EQ(trace.spans[0]->verdict.session, "s");
}

TEST(Mlflow, JsonInJson) {
  const Recording trace = sent({
      {"mlflow.tracing.provider",
       "agent",
       {{"mlflow.spanType", "\"AGENT\""}, {"mlflow.spanInputs", "{\"q\": \"hi\"}"}}},
      {"mlflow.tracing.provider",
       "Completions",
       {{"mlflow.spanType", "\"CHAT_MODEL\""},
        {"mlflow.llm.model", "\"gpt-5-mini\""},
        {"mlflow.chat.tokenUsage",
         R"({"input_tokens": 100, "output_tokens": 20, "total_tokens": 120, "cache_read_input_tokens": 64})"},
        {"mlflow.spanInputs",
         R"({"model": "gpt-5-mini", "messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "q"}]})"},
        {"mlflow.spanOutputs",
         R"({"id": "chatcmpl-1", "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "a"}}]})"}},
       1},
      {"mlflow.tracing.provider", "run_sql", {{"mlflow.spanType", "\"TOOL\""}, {"mlflow.spanOutputs", "\"[[1]]\""}}, 1},
  });
  EXPECT_EQ(kinds_of(trace), "agent llm tool");
  EXPECT_EQ(trace.spans[1]->reading.model_served, "gpt-5-mini");
  EXPECT_EQ(trace.spans[1]->reading.response_id, "chatcmpl-1");
  EXPECT_EQ(tokens_of(trace.spans[1]->reading.tokens), "36/64/-/20/-");
  EXPECT_EQ(messages_json(*trace.spans[1], Slot::output),
            R"([{"role":"assistant","parts":[{"type":"text","text":"a"}],"finish_reason":"stop"}])");
  EXPECT_EQ(parse_value_json(pieces_of(*trace.spans[2], Slot::result)), "[[1]]");
}

TEST(Laminar, SpanTypesAndAssociation) {
  const Recording trace = sent({
      {"lmnr.sdk", "browse", {{"lmnr.span.type", "DEFAULT"}, {"lmnr.association.properties.session_id", "s"}}},
      {"lmnr.sdk",
       "click",
       {{"lmnr.span.type", "TOOL"}, {"lmnr.span.input", "{\"index\": 3}"}, {"lmnr.span.output", "ok"}},
       1},
      {"lmnr.sdk",
       "llm",
       {{"lmnr.span.type", "LLM"}, {"gen_ai.request.model", "gpt-4.1"}, {"gen_ai.usage.input_tokens", 5}},
       1},
  });
  EXPECT_EQ(kinds_of(trace), "other tool llm");
  EXPECT_EQ(trace.spans[2]->verdict.session, "s");
  EXPECT_EQ(parse_value_json(pieces_of(*trace.spans[1], Slot::arguments)), "{\"index\": 3}");
}

TEST(LangGraph, NodesTellWhatTheyWroteIntoTheState) {
  const std::string scope = "@arizeai/openinference-instrumentation-langchain";
  const Recording trace = sent({
      {scope,
       "router",
       {{"openinference.span.kind", "CHAIN"}, {"metadata", R"({"ls_integration":"langgraph","thread_id":"t"})"}}},
      {scope,
       "classify",
       {{"openinference.span.kind", "CHAIN"},
        {"metadata",
         R"({"ls_integration":"langgraph","langgraph_node":"classify","langgraph_checkpoint_ns":"classify:1"})"},
        {"output.value", R"({"verdict":"ok","messages":[]})"}},
       1},
      {scope,
       "agent",
       {{"openinference.span.kind", "AGENT"},
        {"metadata", R"({"ls_integration":"langgraph","langgraph_node":"agent"})"},
        {"output.value", R"({"messages":[]})"}},
       1},
      {scope,
       "hand_over",
       {{"openinference.span.kind", "CHAIN"},
        {"metadata", R"({"ls_integration":"langgraph","langgraph_node":"hand_over"})"},
        {"output.value", R"({"output":[{"lg_name":"Command","update":{"messages":[],"plan":"gold"},"goto":[]}]})"}},
       1},
      {scope,
       "ask",
       {{"openinference.span.kind", "CHAIN"},
        {"metadata", R"({"ls_integration":"langgraph","langgraph_node":"ask"})"},
        {"output.value", R"({"output":[{"graph":null,"update":{"messages":[]},"resume":null,"goto":[]}]})"}},
       1},
  });
  EXPECT_EQ(kinds_of(trace), "agent workflow workflow~ workflow workflow");
  EXPECT_EQ(parse_value_json(pieces_of(*trace.spans[3], Slot::state)), R"({"messages":[],"plan":"gold"})");
  EXPECT_TRUE(pieces_of(*trace.spans[4], Slot::state).empty());
  EXPECT_EQ(parse_value_json(pieces_of(*trace.spans[1], Slot::state)), R"({"verdict":"ok","messages":[]})");
  EXPECT_TRUE(pieces_of(*trace.spans[2], Slot::state).empty());
  EXPECT_EQ(trace.spans[1]->verdict.agent, "router");
  EXPECT_EQ(trace.spans[1]->verdict.session, "t");
}

TEST(Bedrock, AnRpcMethodIsNoProtocolStep) {
  const Recording trace = sent(
      {{"opentelemetry.instrumentation.botocore.bedrock-runtime",
        "chat anthropic.claude-sonnet-4-5-v1:0",
        {{"rpc.system", "aws-api"},
         {"rpc.method", "Converse"},
         {"gen_ai.system", "aws.bedrock"},
         {"gen_ai.operation.name", "chat"},
         {"gen_ai.request.model", "anthropic.claude-sonnet-4-5-v1:0"},
         {"gen_ai.usage.input_tokens", 5},
         {"gen_ai.usage.output_tokens", 1}},
        0,
        0,
        "",
        {{"gen_ai.user.message", {{"content", R"([{"text": "hi"}])"}}},
         {"gen_ai.choice",
          {{"message", R"({"role": "assistant", "content": [{"text": "yo"}]})"}, {"finish_reason", "end_turn"}}}}}});
  EXPECT_EQ(kinds_of(trace), "llm");
  EXPECT_EQ(trace.spans[0]->reading.provider, "bedrock");
  EXPECT_EQ(messages_json(*trace.spans[0], Slot::input), R"([{"role":"user","parts":[{"type":"text","text":"hi"}]}])");
  EXPECT_EQ(messages_json(*trace.spans[0], Slot::output),
            R"([{"role":"assistant","parts":[{"type":"text","text":"yo"}],"finish_reason":"end_turn"}])");
}

TEST(Generic, WhatNobodyKnowsIsReadAsFarAsTheConventionsGo) {
  const Recording trace = sent(
      {
          {"my.app",
           "handle",
           {{"session.id", "s"},
            {"user.id", "u"},
            {"pawl.team", "support"},
            {"pawl.task", "refund"},
            {"pawl.outcome", "done"},
            {"pawl.customer", "acme"},
            {"pawl.agent.version", "v7"}},
           0,
           0,
           "",
           {},
           1,
           -1,
           -1,
           "ot=th:8"},
          {"my.llm",
           "call",
           {{"gen_ai.request.model", "claude-sonnet-4-5"},
            {"gen_ai.usage.input_tokens", 3},
            {"gen_ai.usage.output_tokens", 1}},
           1},
          {"my.http", "GET", {{"http.request.method", "GET"}, {"url.full", "http://x"}}, 2, 2, "reset", {}, 3},
          {"my.db", "select", {{"db.system.name", "postgresql"}}, 1},
          {"my.tool", "do", {{"gen_ai.tool.name", "do_it"}, {"error.type", "Oops"}}, 1},
      },
      {{"service.name", "svc"}, {"service.version", "2.0"}, {"deployment.environment.name", "prod"}});
  EXPECT_EQ(kinds_of(trace), "other llm other~ other tool");
  const Reading& root = trace.spans[0]->reading;
  EXPECT_EQ(root.team + root.task + root.outcome + root.customer + root.agent_version, "supportrefunddoneacmev7");
  EXPECT_EQ(root.environment, "prod");
  EXPECT_DOUBLE_EQ(root.weight, 2);
  EXPECT_EQ(trace.spans[1]->reading.provider, "anthropic");
  EXPECT_EQ(trace.spans[1]->reading.agent_version, "2.0");
  EXPECT_EQ(trace.spans[4]->reading.status, Status::error) << "error.type with status unset";
  EXPECT_EQ(errors_of(trace), 1) << "a failed attempt below a call that went well is no error";
}

}  // namespace
}  // namespace pawl::llm
