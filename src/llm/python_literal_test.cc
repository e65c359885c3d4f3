// What Python prints comes out as JSON; what it does not print stays what it is.
#include "llm/python_literal.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "llm/json_scan.h"

namespace pawl::llm {
namespace {

TEST(PythonLiteral, ContainersAndScalars) {
  EXPECT_EQ(python_to_json("{'a': 1, 'b': (None, True, 2.5), 'c': []}"), R"({"a":1,"b":[null,true,2.5],"c":[]})");
  EXPECT_EQ(python_to_json("[]"), "[]");
  EXPECT_EQ(python_to_json("{}"), "{}");
  EXPECT_EQ(python_to_json("('x',)"), R"(["x"])");
  EXPECT_EQ(python_to_json("{'x', 'y'}"), R"(["x","y"])");
  EXPECT_EQ(python_to_json("{1: 'one', -2: 'two'}"), R"({"1":"one","-2":"two"})");
}

TEST(PythonLiteral, StringsWithTheirEscapes) {
  EXPECT_EQ(
      python_to_json(R"(['it\'s', "say \"so\"", 'a\nb', 'é\x41\u00e9\U0001f600', r'\d', b'raw', 'two' ' parts'])"),
      "[\"it's\",\"say \\\"so\\\"\",\"a\\nb\",\"éAé😀\",\"\\\\d\",\"raw\",\"two parts\"]");
  EXPECT_EQ(python_to_json("['''three ' quotes''']"), R"(["three ' quotes"])");
  EXPECT_EQ(python_to_json(R"({"it's": 'C:\\x'})"), R"({"it's":"C:\\x"})");
}

TEST(PythonLiteral, ConstructorsAndEnumerations) {
  EXPECT_EQ(
      python_to_json("ChatMessage(_role=<ChatRole.USER: 'user'>, _content=[TextContent(text='hi')], _name=None)"),
      R"({"__class__":"ChatMessage","role":"user","content":[{"__class__":"TextContent","text":"hi"}],"name":null})");
  EXPECT_EQ(python_to_json("datetime.datetime(2026, 1, 2, tzinfo=TzInfo(UTC))"),
            R"({"__class__":"datetime","args":[2026,1,2],"tzinfo":{"__class__":"TzInfo","args":["UTC"]}})");
  EXPECT_EQ(python_to_json("{'process': Process.sequential, 'f': <function f at 0x7f>}"),
            R"({"process":"Process.sequential","f":"<function f at 0x7f>"})");
}

TEST(PythonLiteral, WhatIsNoneOrCutOffGivesNothing) {
  for (const char* text : {"", "{'a': ", "{'a': 1", "['a' 1]", "f(x='a'", "{'a': 1} and more", "<never closed",
                           "'\\x4'", "{'a' 1}", "1 + 2"}) {
    EXPECT_EQ(python_to_json(text), "") << text;
  }
  EXPECT_EQ(python_to_json(std::string(4000, '[')), "");
}

TEST(PythonLiteral, OnlyWhatLooksLikeItIsTried) {
  EXPECT_TRUE(looks_like_python("{'a': 1}"));
  EXPECT_TRUE(looks_like_python("[AgentOutput(x=1, y='b')]"));
  EXPECT_TRUE(looks_like_python("module.ChatMessage(role='user')"));
  EXPECT_FALSE(looks_like_python(R"({"a":1})"));
  EXPECT_FALSE(looks_like_python("print(end='x')"));  // what a user may have typed
  EXPECT_FALSE(looks_like_python("Refund it (please)"));
  EXPECT_FALSE(looks_like_python("[INST] hello [/INST]"));
}

// Whatever the bytes: it ends, and what comes out is JSON.
TEST(PythonLiteral, AnyBytes) {
  constexpr std::string_view pieces[] = {"{", "}", "[", "]", "(",  ")", "'", "\"", "a",    "=",
                                         ":", ",", "<", ">", "\\", "1", ".", " ",  "None", "'''"};
  SeededRandom rng(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::uint64_t i = rng.below(24); i > 0; --i) text += pieces[rng.below(std::size(pieces))];
    const std::string json = python_to_json(text);
    if (!json.empty()) {
      EXPECT_TRUE(json::is_valid(json)) << text << " gave " << json;
    }
  }
}

}  // namespace
}  // namespace pawl::llm
