// YAML as people write it, against what it says as JSON.
#include "yaml.h"

#include <gtest/gtest.h>

namespace pawl {
namespace {

std::string json_of(std::string_view text) {
  const auto read = yaml_to_json(text);
  return read ? *read : "error: " + read.error().what;
}

TEST(Yaml, Collections) {
  EXPECT_EQ(json_of("a: 1\nb:\n  - x\n  - y: 2\n    z: [1, {k: v}, 'q']\nc: {d: e, f: }\n"),
            R"({"a":1,"b":["x",{"y":2,"z":[1,{"k":"v"},"q"]}],"c":{"d":"e","f":null}})");
  EXPECT_EQ(json_of("list:\n- a\n- - b\n  - c\n-\n  d: 1\n"), R"({"list":["a",["b","c"],{"d":1}]})");
  EXPECT_EQ(json_of("# only a comment\n---\n- 1 # one\n-\n- ~\n...\n"), "[1,null,null]");
  EXPECT_EQ(json_of("{a: [1,\n  2 , # two\n 3], 'b': \"c\"}"), R"({"a":[1,2,3],"b":"c"})");
  EXPECT_EQ(json_of("[a: b, c]"), R"([{"a":"b"},"c"])");
  EXPECT_EQ(json_of("{\"a\":1,\"b\":[true,null]}"), R"({"a":1,"b":[true,null]})") << "JSON is YAML";
  EXPECT_EQ(json_of(""), "null");
}

TEST(Yaml, Scalars) {
  EXPECT_EQ(json_of("[true, False, yes, null, ~, 12, -3, +4, 1.50, 1e3, .5, 0123, 1.2.3, 2026-11-21, 0x1F, -, e5]"),
            R"([true,false,"yes",null,null,12,-3,4,1.5,1000,0.5,123,"1.2.3","2026-11-21","0x1F","-","e5"])");
  EXPECT_EQ(json_of("a: 'it''s \\n'\nb: \"x\\ty\\u00e9\\x41\"\nc: http://x/y#z\n"),
            "{\"a\":\"it's \\\\n\",\"b\":\"x\\ty\u00e9A\",\"c\":\"http://x/y#z\"}");
  EXPECT_EQ(json_of("a: one\n  two\n\n  three # c\nb: \"one\n  two\\\n  three\n\n  four\"\n"),
            R"({"a":"one two\nthree","b":"one twothree\nfour"})");
  EXPECT_EQ(
      json_of(
          "a: |\n  x\n    y\n\n  z\n\nb: >-\n  one\n  two\n\n  three\n    deep\n  end\nc: |+\n  k\n\nd: |2\n    in\n"),
      R"({"a":"x\n  y\n\nz\n","b":"one two\nthree\n  deep\nend","c":"k\n\n","d":"  in\n"})");
}

TEST(Yaml, AnchorsAndMerges) {
  EXPECT_EQ(json_of("base: &b\n  x: 1\n  y: 2\none:\n  <<: *b\n  y: 3\ntwo: *b\nthree: {<<: [*b, {z: 4}], x: 5}\n"),
            R"({"base":{"x":1,"y":2},"one":{"x":1,"y":3},"two":{"x":1,"y":2},"three":{"y":2,"z":4,"x":5}})");
  EXPECT_EQ(json_of("a: &n 5\nb: *n\nc: !!str 7\nd: &l [1]\ne: *l"), R"({"a":5,"b":5,"c":7,"d":[1],"e":[1]})");
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i)
    laughs +=
        fmt::format("a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}]\n", i, i - 1);
  EXPECT_NE(json_of(laughs).find("grow beyond"), std::string::npos);
  EXPECT_NE(json_of(std::string(5000, '[')).find("nested deeper"), std::string::npos);
}

TEST(Yaml, SaysWhere) {
  const std::pair<std::string_view, std::string_view> wanted[] = {
      {"a: 1\na: 2\n", "line 2: the key a stands twice"},
      {"a: 1\n  b: 2\n", "line 2"},
      {"a: [1, 2\n", "while parsing a flow sequence"},
      {"a: \"x\n", "found unexpected end of stream, while scanning a quoted scalar"},
      {"a: b: c\n", "line 1: mapping values are not allowed"},
      {"a: *nobody\n", "no anchor &nobody"},
      {"a:\n\t- x\n", "line 2: found character that cannot start any token"},
      {"? [a]\n: b\n", "line 1: keys that are more than a text"},
      {"a: 1\n---\nb: 2\n", "line 2: a second document"},
      {"- a\nb: 1\n", "line 2"},
      {"a: @x\n", "cannot start any token"},
      {"a: \"\\q\"\n", "unknown escape character"},
      {"<<: 5\n", "\"<<\" wants a map"},
      {"\xff", "UTF-8"}};
  for (const auto& [text, why] : wanted) EXPECT_NE(json_of(text).find(why), std::string::npos) << text << json_of(text);
}

TEST(Yaml, JsonThatItIsNotQuite) {
  EXPECT_EQ(json_of("{\n\t\"a\": [1,\t\"\\ud83d\\ude00\"]\n}"), "{\"a\":[1,\"\U0001F600\"]}");
}

}  // namespace
}  // namespace pawl
