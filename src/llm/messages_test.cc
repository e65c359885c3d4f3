// Every shape of a message ends as the same message; what cannot be parsed is kept as it is.
#include "llm/messages.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "llm/content.h"
#include "llm/shapes.h"

namespace pawl::llm {
namespace {

std::string shown(std::string_view json, Slot slot = Slot::input) {
  std::vector<Content> content;
  cut_text(slot, "key", json, content);
  std::vector<Piece> pieces;
  for (const Content& piece : content) pieces.push_back({piece.slot, piece.format, piece.key, piece.role, piece.bytes});
  std::string out;
  for (const Message& message : parse_messages(pieces)) {
    out += (out.empty() ? "" : " | ") + message.role + ":";
    for (const Part& part : message.parts) {
      constexpr std::string_view types[] = {"text", "reasoning", "call", "result", "media", "other"};
      out += " " + std::string(types[static_cast<std::size_t>(part.type)]) + "(" + part.id +
             (part.id.empty() ? "" : ",") + part.name + (part.name.empty() ? "" : ",") + part.arguments + part.text +
             part.uri + (part.cut ? "…" : "") + ")";
    }
    if (!message.finish_reason.empty()) out += " " + message.finish_reason;
  }
  return out;
}

TEST(Messages, OpenAiChat) {
  EXPECT_EQ(
      shown(
          R"([{"role":"system","content":"S"},{"role":"user","content":[{"type":"text","text":"q"},{"type":"image_url","image_url":{"url":"http://i"}}]},
    {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},
    {"role":"tool","tool_call_id":"c1","content":"r"}])"),
      R"(system: text(S) | user: text(q) media(http://i) | assistant: call(c1,f,{"a":1}) | tool: result(c1,r))");
  EXPECT_EQ(
      shown(
          R"({"id":"x","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"hi","refusal":null}}],"usage":{}})",
          Slot::output),
      "assistant: text(hi) stop");
}

TEST(Messages, OpenAiResponses) {
  EXPECT_EQ(
      shown(
          R"([{"role":"user","content":"q"},{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c1","output":"r"}])"),
      "user: text(q) | assistant: call(c1,f,{}) | tool: result(c1,r)");
  EXPECT_EQ(
      shown(
          R"({"id":"resp_1","output":[{"type":"reasoning","summary":[{"type":"summary_text","text":"think"}]},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"a"}]}]})",
          Slot::output),
      "assistant: reasoning(think) | assistant: text(a)");
}

TEST(Messages, AnthropicAndBedrock) {
  EXPECT_EQ(
      shown(
          R"({"model":"claude","system":[{"type":"text","text":"S"}],"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"thinking","thinking":"t"},{"type":"tool_use","id":"u1","name":"f","input":{"a":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"u1","content":[{"type":"text","text":"r"}]}]}]})"),
      R"(system: text(S) | user: text(q) | assistant: reasoning(t) call(u1,f,{"a":1}) | user: result(u1,r))");
  EXPECT_EQ(
      shown(R"({"id":"msg_1","role":"assistant","content":[{"type":"text","text":"a"}],"stop_reason":"end_turn"})",
            Slot::output),
      "assistant: text(a) end_turn");
  EXPECT_EQ(
      shown(
          R"([{"text":"a"},{"toolUse":{"toolUseId":"u1","name":"f","input":{"a":1}}},{"reasoningContent":{"reasoningText":{"text":"t"}}}])",
          Slot::output),
      R"(assistant: text(a) call(u1,f,{"a":1}) reasoning(t))");
  EXPECT_EQ(shown(R"([{"toolResult":{"toolUseId":"u1","status":"success","content":[{"text":"r"}]}}])"),
            "user: result(u1,r)");
}

TEST(Messages, Gemini) {
  EXPECT_EQ(
      shown(
          R"({"contents":[{"role":"user","parts":[{"text":"q"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{"a":1}}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"result":"r"}}}]}],"config":{"system_instruction":"S"}})"),
      R"(system: text(S) | user: text(q) | assistant: call(f,{"a":1}) | user: result(f,{"result":"r"}))");
  EXPECT_EQ(
      shown(
          R"({"candidates":[{"content":{"role":"model","parts":[{"text":"t","thought":true},{"text":"a"}]},"finishReason":"STOP"}]})",
          Slot::output),
      "assistant: reasoning(t) text(a) STOP");
}

TEST(Messages, OtelParts) {
  EXPECT_EQ(
      shown(
          R"([{"role":"user","parts":[{"type":"text","content":"q"},{"type":"uri","uri":"http://i","mime_type":"image/png"}]},{"role":"assistant","parts":[{"type":"reasoning","content":"t"},{"type":"tool_call","id":"c1","name":"f","arguments":"{\"a\":1}"}],"finish_reason":"tool_call"},{"role":"tool","parts":[{"type":"tool_call_response","id":"c1","result":{"ok":true}}]}])"),
      R"(user: text(q) media(http://i) | assistant: reasoning(t) call(c1,f,{"a":1}) tool_call | tool: result(c1,{"ok":true}))");
}

TEST(Messages, LangChain) {
  EXPECT_EQ(
      shown(
          R"({"messages":[[{"lc":1,"type":"constructor","id":["langchain","schema","messages","SystemMessage"],"kwargs":{"content":"S","type":"system"}},{"lc":1,"type":"constructor","id":["langchain_core","messages","AIMessage"],"kwargs":{"content":"","tool_calls":[{"name":"f","args":{"a":1},"id":"c1","type":"tool_call"}]}},{"lc":1,"type":"constructor","id":["x","ToolMessage"],"kwargs":{"content":"r","tool_call_id":"c1","name":"f"}}]]})"),
      R"(system: text(S) | assistant: call(c1,f,{"a":1}) | tool: result(c1,f,r))");
  EXPECT_EQ(
      shown(
          R"({"messages":[{"type":"human","data":{"content":"q"}},{"type":"ai","data":{"content":"a","tool_calls":[]}}]})"),
      "user: text(q) | assistant: text(a)");
  EXPECT_EQ(
      shown(
          R"({"generations":[[{"text":"a","generation_info":{"finish_reason":"stop"},"message":{"lc":1,"type":"constructor","id":["x","AIMessage"],"kwargs":{"content":"a"}}}]],"llm_output":{}})",
          Slot::output),
      "assistant: text(a)");
}

TEST(Messages, VercelMastraGenkit) {
  EXPECT_EQ(
      shown(
          R"([{"role":"user","content":[{"type":"text","text":"q"}]},{"role":"assistant","content":[{"type":"tool-call","toolCallId":"c1","toolName":"f","input":{"a":1}}]},{"role":"tool","content":[{"type":"tool-result","toolCallId":"c1","toolName":"f","output":{"type":"json","value":{"ok":true}}}]}])"),
      R"(user: text(q) | assistant: call(c1,f,{"a":1}) | tool: result(c1,f,{"ok":true}))");
  EXPECT_EQ(
      shown(R"({"text":"a","toolCalls":[{"toolCallId":"c1","toolName":"f","args":{}}],"files":[]})", Slot::output),
      "assistant: text(a) call(c1,f,{})");
  EXPECT_EQ(
      shown(R"({"message":{"role":"model","content":[{"text":"a"}]},"finishReason":"stop","usage":{}})", Slot::output),
      "assistant: text(a) stop");
}

TEST(Messages, PlainTextReprAndWhatNobodyKnows) {
  EXPECT_EQ(shown("hello"), "user: text(hello)");
  EXPECT_EQ(shown("\"hello\"", Slot::output), "assistant: text(hello)");
  EXPECT_EQ(shown("{'a': ChatMessage(role=<X>)}"), "user: text({'a': ChatMessage(role=<X>)})");
  EXPECT_EQ(shown(R"({"question":42})"), R"(user: other({"question":42}))");
  EXPECT_EQ(shown("{}"), "");
  EXPECT_EQ(shown("[]"), "");
}

TEST(Messages, CutInTheMiddleKeepsWhatIsThere) {
  EXPECT_EQ(shown(R"([{"role":"user","content":"first"},{"role":"user","content":"secon)"),
            "user: text(first) | user: text(secon)");
  EXPECT_EQ(shown(R"({"choices":[{"message":{"role":"assistant","content":"hal)", Slot::output),
            "assistant: text(hal…)");
}

TEST(Messages, OnePieceAlone) {
  const Piece element{Slot::input, Format::json_element, "k", "", R"(,{"role":"user","content":"later"})"};
  const auto messages = parse_messages({element});
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages.front().parts.front().text, "later");
  EXPECT_TRUE(parse_messages({{Slot::input, Format::json_element, "k", "", "]"}}).empty());
  EXPECT_TRUE(parse_messages({{Slot::input, Format::json, "k", "", R"({"model":"m","messages":)"}}).empty());
}

std::string value_of(std::string_view text) {
  return parse_value_json(
      {{Slot::arguments,
        text.front() == '{' || text.front() == '[' || text.front() == '"' ? Format::json : Format::text, "k", "",
        text}});
}

TEST(Values, WrappersAreUndone) {
  EXPECT_EQ(value_of(R"({"args":[],"kwargs":{"a":1}})"), R"({"a":1})");
  EXPECT_EQ(value_of(R"({"args": ["x", 1], "kwargs": {}})"), R"(["x", 1])");
  EXPECT_EQ(value_of(R"({"args":[{"a":1}],"kwargs":{}})"), R"({"a":1})");
  EXPECT_EQ(value_of(R"({"kwargs":{"a":1}})"), R"({"a":1})");
  EXPECT_EQ(value_of(R"({"args":[],"sanitize_inputs_outputs":true,"kwargs":{"a":1}})"), R"({"a":1})");
  EXPECT_EQ(value_of(R"({"input_str":"{'a': 1}","tags":[],"metadata":{},"inputs":{"a":1}})"), R"({"a":1})");
  EXPECT_EQ(value_of(R"("{\"a\":1}")"), R"({"a":1})");
  EXPECT_EQ(value_of(R"({"args":1,"other":2})"), R"({"args":1,"other":2})");
  EXPECT_EQ(value_of("plain words"), R"("plain words")");
  EXPECT_EQ(value_of("12"), "12");
  EXPECT_EQ(value_of(R"([["EMEA",1.5],["AMER",2]])"), R"([["EMEA",1.5],["AMER",2]])");
  EXPECT_EQ(value_of(R"([{"text":"r"}])"), R"("r")");
  EXPECT_EQ(parse_value_json({}), "null");
}

// Any text at all: cut, joined, the same bytes.
TEST(Content, PiecesJoinToTheText) {
  SeededRandom random(5);
  constexpr std::string_view bits[] = {"[",
                                       "]",
                                       "{",
                                       "}",
                                       ",",
                                       ":",
                                       " ",
                                       "\n",
                                       "\"role\"",
                                       "\"system\"",
                                       "\"messages\"",
                                       "\"a\\\"b\"",
                                       "1",
                                       "null",
                                       "{\"role\":\"user\",\"content\":\"hi\"}",
                                       "{\"role\":\"system\"}",
                                       "\"",
                                       "\\"};
  for (int round = 0; round < 20'000; ++round) {
    std::string text = round % 2 == 0 ? "[" : round % 3 == 0 ? "{\"messages\":[" : "";
    for (std::uint64_t n = random.below(30); n > 0; --n) text += bits[random.below(std::size(bits))];
    if (round % 5 == 0) text.append(600, ' ');
    for (const Slot slot : {Slot::input, Slot::output, Slot::tool_definitions, Slot::attribute}) {
      std::vector<Content> content;
      cut_text(slot, "k", text, content);
      std::string joined;
      for (const Content& piece : content) joined += piece.bytes;
      ASSERT_EQ(joined, text);
      std::vector<Piece> pieces;
      for (const Content& piece : content)
        pieces.push_back({piece.slot, piece.format, piece.key, piece.role, piece.bytes});
      parse_messages(pieces);
      parse_value_json(pieces);
    }
  }
}

TEST(Content, AnEarlierTurnsPiecesComeAgain) {
  std::vector<Content> first, second;
  cut_text(Slot::input, "k", R"([{"role":"user","content":"q"},{"role":"assistant","content":"a"}])", first);
  cut_text(Slot::input, "k",
           R"([{"role":"user","content":"q"},{"role":"assistant","content":"a"},{"role":"user","content":"r"}])",
           second);
  ASSERT_EQ(first.size(), 3U);
  EXPECT_EQ(first[0].bytes, second[0].bytes);
  EXPECT_EQ(first[1].bytes, second[1].bytes);
  EXPECT_EQ(first.back().bytes, "]");
}

}  // namespace
}  // namespace pawl::llm
