// Python SDKs of which no recording is at hand: spans as their instrumentations write them (sources read in July 2026).
#include <gtest/gtest.h>

#include "llm/sent_testing.h"

namespace pawl::llm {
namespace {

constexpr const char* oi = "openinference.instrumentation.";

TEST(Smolagents, AgentSumsAndTheFinalAnswerIsNoTool) {
  const std::string scope = std::string(oi) + "smolagents";
  const Recording trace = sent({
      {scope,
       "refund_agent.run",
       {{"openinference.span.kind", "AGENT"},
        {"input.value", "{\"task\": \"refund\"}"},
        {"smolagents.max_steps", 6},
        {"llm.token_count.prompt", 300},
        {"llm.token_count.completion", 40},
        {"llm.token_count.total", 340}}},
      {scope, "Step 1", {{"openinference.span.kind", "CHAIN"}}, 1, 2},
      {scope,
       "OpenAIServerModel.generate",
       {{"openinference.span.kind", "LLM"},
        {"llm.model_name", "gpt-4.1"},
        {"llm.token_count.prompt", 300},
        {"llm.token_count.completion", 40},
        {"llm.token_count.total", 340},
        {"llm.input_messages.0.message.role", "user"},
        {"llm.input_messages.0.message.contents.0.message_content.type", "text"},
        {"llm.input_messages.0.message.contents.0.message_content.text", "refund"},
        {"llm.output_messages.0.message.role", "assistant"},
        {"llm.output_messages.0.message.content", "calling"}},
       2},
      {scope,
       "SimpleTool",
       {{"openinference.span.kind", "TOOL"},
        {"tool.name", "lookup_booking"},
        {"tool.parameters", "{\"pnr\": {\"type\": \"string\"}}"},
        {"input.value", "{\"args\": [], \"sanitize_inputs_outputs\": true, \"kwargs\": {\"pnr\": \"Q\"}}"},
        {"output.value", "found"}},
       2},
      {scope,
       "FinalAnswerTool",
       {{"openinference.span.kind", "TOOL"},
        {"tool.name", "final_answer"},
        {"input.value", "{\"args\": [\"done\"], \"kwargs\": {}}"}},
       2},
  });
  EXPECT_EQ(kinds_of(trace), "agent workflow llm tool other");
  EXPECT_EQ(counted_input(trace), 300);
  EXPECT_EQ(trace.spans[0]->verdict.why, NotCounted::wrapper);
  EXPECT_EQ(trace.spans[2]->verdict.agent, "refund_agent");
  EXPECT_TRUE(trace.spans[4]->reading.framework_tool);
  EXPECT_EQ(parse_value_json(pieces_of(*trace.spans[3], Slot::arguments)), "{\"pnr\": \"Q\"}");
  EXPECT_EQ(messages_json(*trace.spans[2], Slot::input),
            R"([{"role":"user","parts":[{"type":"text","text":"refund"}]}])");
}

TEST(Agno, ArgumentsStandInParametersAndNodesAreNumbers) {
  const std::string scope = std::string(oi) + "agno";
  const Recording trace = sent({
      {scope,
       "triage_agent.run",
       {{"openinference.span.kind", "AGENT"},
        {"graph.node.id", "3f2a9c0d1e4b5a68"},
        {"session.id", "s-1"},
        {"user.id", "u-1"}}},
      {scope,
       "OpenAIChat.invoke",
       {{"openinference.span.kind", "LLM"},
        {"llm.provider", "OpenAI"},
        {"llm.model_name", "gpt-4.1"},
        {"llm.token_count.prompt", 120},
        {"llm.token_count.completion", 30},
        {"llm.token_count.prompt_details.cache_read", 64}},
       1},
      {scope,
       "delegate_task_to_member",
       {{"openinference.span.kind", "TOOL"},
        {"tool.name", "delegate_task_to_member"},
        {"tool.parameters", "{\"member_id\": \"refund_agent\"}"}},
       1},
      {scope, "refund_agent.run", {{"openinference.span.kind", "AGENT"}, {"graph.node.id", "77aa9c0d1e4b5a68"}}, 3},
      {scope,
       "lookup_booking",
       {{"openinference.span.kind", "TOOL"},
        {"tool.name", "lookup_booking"},
        {"tool.parameters", "{\"pnr\": \"Q\"}"},
        {"input.value", "{\"pnr\": \"Q\"}"},
        {"output.value", "ok"}},
       4},
  });
  EXPECT_EQ(kinds_of(trace), "agent llm handoff agent tool");
  EXPECT_EQ(trace.spans[0]->reading.agent, "triage_agent");
  EXPECT_EQ(trace.spans[4]->verdict.agent, "refund_agent");
  EXPECT_EQ(trace.spans[2]->verdict.handoff_to, "refund_agent");
  EXPECT_EQ(trace.spans[1]->reading.provider, "openai");
  EXPECT_EQ(tokens_of(trace.spans[1]->reading.tokens), "56/64/-/30/-");
  EXPECT_EQ(trace.spans[4]->verdict.session, "s-1");
}

TEST(Dspy, LmAroundLitellmIsOneCallAndFinishIsNoTool) {
  const std::string scope = std::string(oi) + "dspy";
  const Recording trace = sent({
      {scope, "ReAct.forward", {{"openinference.span.kind", "CHAIN"}, {"session.id", "s"}}},
      {scope,
       "LM.__call__",
       {{"openinference.span.kind", "LLM"},
        {"llm.model_name", "openai/gpt-4.1"},
        {"llm.invocation_parameters", "{\"temperature\": 0.0, \"max_tokens\": 1000}"}},
       1},
      {std::string(oi) + "litellm",
       "completion",
       {{"openinference.span.kind", "LLM"},
        {"llm.model_name", "gpt-4.1-2025-04-14"},
        {"llm.token_count.prompt", 100},
        {"llm.token_count.completion", 20},
        {"llm.token_count.total", 120},
        {"llm.token_count.prompt_details.cache_input", 40},
        {"llm.cost.total", 0.00036}},
       2},
      {scope,
       "lookup_booking.__call__",
       {{"openinference.span.kind", "TOOL"}, {"input.value", "{\"kwargs\": {\"pnr\": \"Q\"}}"}, {"output.value", "ok"}},
       1},
      {scope, "finish.__call__", {{"openinference.span.kind", "TOOL"}, {"output.value", "Completed."}}, 1},
  });
  EXPECT_EQ(kinds_of(trace), "workflow workflow llm tool other");
  EXPECT_EQ(counted_input(trace), 100);
  EXPECT_EQ(trace.spans[1]->reading.model_served, "gpt-4.1");
  EXPECT_EQ(trace.spans[1]->reading.provider, "openai");
  EXPECT_EQ(trace.spans[3]->reading.tool_name, "lookup_booking");
  EXPECT_EQ(parse_value_json(pieces_of(*trace.spans[3], Slot::arguments)), "{\"pnr\": \"Q\"}");
  EXPECT_EQ(trace.spans[2]->reading.cost_reported, Money{360'000'000});
  EXPECT_EQ(tokens_of(trace.spans[2]->reading.tokens), "100/-/-/20/-");
}

TEST(Haystack, GeneratorsAreCallsAndComponentsAreSteps) {
  const std::string scope = std::string(oi) + "haystack";
  const Recording trace = sent({
      {scope, "Pipeline.run", {{"openinference.span.kind", "CHAIN"}}},
      {scope,
       "OpenAIChatGenerator.run",
       {{"openinference.span.kind", "LLM"},
        {"llm.model_name", "gpt-4.1-2025-04-14"},
        {"llm.token_count.prompt", 50},
        {"llm.token_count.completion", 9},
        {"llm.output_messages.0.message.role", "assistant"},
        {"llm.output_messages.0.message.content", "hi"}},
       1},
      {scope,
       "CreateEmbeddings",
       {{"openinference.span.kind", "EMBEDDING"}, {"embedding.model_name", "text-embedding-3-small"}},
       1},
      {scope,
       "InMemoryEmbeddingRetriever.run",
       {{"openinference.span.kind", "RETRIEVER"},
        {"retrieval.documents.0.document.id", "kb-0"},
        {"retrieval.documents.0.document.content", "Firmware"}},
       1},
  });
  EXPECT_EQ(kinds_of(trace), "workflow llm embedding retriever");
  EXPECT_EQ(trace.spans[3]->pieces.front().slot, Slot::output);
}

TEST(Autogen, RuntimeIsPlumbingAndTransfersAreHandoffs) {
  const Recording trace = sent({
      {"autogen SingleThreadedAgentRuntime",
       "autogen process triage_agent_1.(default)-A",
       {{"messaging.operation", "process"}, {"messaging.destination", "triage_agent"}, {"message", "{\"a\":1}"}},
       0,
       0,
       "",
       {},
       5},
      {"autogen-core",
       "invoke_agent triage_agent",
       {{"gen_ai.operation.name", "invoke_agent"},
        {"gen_ai.system", "autogen"},
        {"gen_ai.agent.name", "triage_agent"},
        {"gen_ai.agent.id", "triage_agent_5f/5f"}},
       1},
      {"autogen-core",
       "execute_tool transfer_to_refund_agent",
       {{"gen_ai.operation.name", "execute_tool"},
        {"gen_ai.system", "autogen"},
        {"gen_ai.tool.name", "transfer_to_refund_agent"}},
       2},
      {"autogen-core",
       "execute_tool issue_refund",
       {{"gen_ai.operation.name", "execute_tool"},
        {"gen_ai.tool.name", "issue_refund"},
        {"error.type", "PaymentGatewayTimeout"}},
       2,
       2,
       "acquirer did not answer",
       {{"exception", {{"exception.type", "PaymentGatewayTimeout"}, {"exception.message", "acquirer did not answer"}}},
        {"exception",
         {{"exception.type", "PaymentGatewayTimeout"}, {"exception.message", "acquirer did not answer"}}}}},
      {"autogen-core",
       "create_agent refund_agent",
       {{"gen_ai.operation.name", "create_agent"}, {"gen_ai.agent.name", "refund_agent"}}},
  });
  EXPECT_EQ(kinds_of(trace), "other~ agent handoff tool other~");
  EXPECT_EQ(trace.spans[2]->reading.handoff_to, "refund_agent");
  EXPECT_EQ(trace.spans[2]->verdict.agent, "triage_agent");
  EXPECT_TRUE(trace.spans[3]->verdict.is_error);
  EXPECT_EQ(trace.spans[3]->reading.error_message, "acquirer did not answer");
}

TEST(AgentFramework, AgentSumsNestedAgentIsAHandoff) {
  const Recording trace = sent({
      {"agent_framework",
       "invoke_agent triage_agent",
       {{"gen_ai.operation.name", "invoke_agent"},
        {"gen_ai.provider.name", "microsoft.agent_framework"},
        {"gen_ai.agent.name", "triage_agent"},
        {"gen_ai.usage.input_tokens", 200},
        {"gen_ai.usage.output_tokens", 30}}},
      {"agent_framework",
       "chat gpt-4.1",
       {{"gen_ai.operation.name", "chat"},
        {"gen_ai.provider.name", "openai"},
        {"gen_ai.request.model", "gpt-4.1"},
        {"gen_ai.response.finish_reasons", "[\"tool_calls\"]"},
        {"gen_ai.usage.input_tokens", 200},
        {"gen_ai.usage.output_tokens", 30},
        {"gen_ai.input.messages", R"([{"role": "user", "parts": [{"type": "text", "content": "hi"}]}])"}},
       1,
       0,
       "",
       {},
       3},
      {"agent_framework",
       "execute_tool ask_refund_agent",
       {{"gen_ai.operation.name", "execute_tool"},
        {"gen_ai.tool.name", "ask_refund_agent"},
        {"gen_ai.tool.call.id", "c1"}},
       1},
      {"agent_framework",
       "invoke_agent refund_agent",
       {{"gen_ai.operation.name", "invoke_agent"}, {"gen_ai.agent.name", "refund_agent"}},
       3},
      {"agent_framework", "workflow.build", {}, 0},
      {"agent_framework", "executor.process", {{"executor.id", "x"}}, 0},
  });
  EXPECT_EQ(kinds_of(trace), "agent llm handoff agent other~ other~");
  EXPECT_EQ(counted_input(trace), 200);
  EXPECT_EQ(trace.spans[1]->reading.finish_reasons, std::vector<std::string>{"tool_calls"});
  EXPECT_EQ(trace.spans[0]->reading.provider, "");
}

TEST(OpenLlmetryOld, LangChainWithFlattenedPrompts) {
  const std::string scope = "opentelemetry.instrumentation.langchain";
  const Attributes who = {
      {"traceloop.association.properties.session_id", "s-1"},
      {"traceloop.association.properties.user_id", "u-1"},
      {"traceloop.association.properties.langgraph_checkpoint_ns", "refund_agent:11-22|model:33-44"}};
  const auto with = [&](Attributes more) {
    more.insert(more.end(), who.begin(), who.end());
    return more;
  };
  const Recording trace = sent({
      {scope, "airline_support.workflow",
       with({{"traceloop.span.kind", "workflow"}, {"traceloop.entity.name", "airline_support"}})},
      {scope, "ChatOpenAI.chat",
       with({{"llm.request.type", "chat"},
             {"gen_ai.system", "openai"},
             {"gen_ai.request.model", "gpt-5-mini"},
             {"gen_ai.prompt.0.role", "system"},
             {"gen_ai.prompt.0.content", "You handle refunds."},
             {"gen_ai.prompt.1.role", "user"},
             {"gen_ai.prompt.1.content", "hello"},
             {"gen_ai.completion.0.role", "assistant"},
             {"gen_ai.completion.0.content", ""},
             {"gen_ai.completion.0.finish_reason", "tool_calls"},
             {"gen_ai.completion.0.tool_calls.0.id", "call_1"},
             {"gen_ai.completion.0.tool_calls.0.name", "lookup"},
             {"gen_ai.completion.0.tool_calls.0.arguments", "{\"a\": 1}"},
             {"gen_ai.usage.prompt_tokens", 100},
             {"gen_ai.usage.completion_tokens", 20},
             {"llm.usage.total_tokens", 120},
             {"gen_ai.usage.cache_read_input_tokens", 64},
             {"gen_ai.response.model", "gpt-5-mini-2025-08-07"}}),
       1},
      {scope, "lookup.tool",
       with(
           {{"traceloop.span.kind", "tool"},
            {"traceloop.entity.name", "lookup"},
            {"traceloop.entity.input",
             R"({"input_str": "{'a': 1}", "tags": [], "metadata": {}, "inputs": {"a": 1}, "kwargs": {}})"},
            {"traceloop.entity.output",
             R"({"output": {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "ToolMessage"], "kwargs": {"content": "found", "tool_call_id": "call_1"}}, "kwargs": {}})"}}),
       1},
      {scope, "transfer_to_refund_agent.tool",
       with({{"traceloop.span.kind", "tool"}, {"traceloop.entity.name", "transfer_to_refund_agent"}}), 1},
  });
  EXPECT_EQ(kinds_of(trace), "workflow llm tool handoff");
  EXPECT_EQ(tokens_of(trace.spans[1]->reading.tokens), "36/64/-/20/-");
  EXPECT_EQ(trace.spans[1]->reading.agent, "refund_agent");
  EXPECT_EQ(trace.spans[1]->verdict.session, "s-1");
  EXPECT_EQ(parse_value_json(pieces_of(*trace.spans[2], Slot::arguments)), "{\"a\": 1}");
  EXPECT_EQ(parse_value_json(pieces_of(*trace.spans[2], Slot::result)), "\"found\"");
  EXPECT_EQ(messages_json(*trace.spans[1], Slot::system),
            R"([{"role":"system","parts":[{"type":"text","text":"You handle refunds."}]}])");
  EXPECT_EQ(
      messages_json(*trace.spans[1], Slot::output),
      R"([{"role":"assistant","parts":[{"type":"tool_call","id":"call_1","name":"lookup","arguments":{"a": 1}}],"finish_reason":"tool_calls"}])");
}

}  // namespace
}  // namespace pawl::llm
