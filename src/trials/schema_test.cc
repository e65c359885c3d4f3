// JSON Schema by examples: what is wrong is found, and named where it stands.
#include "schema.h"

#include <gtest/gtest.h>

namespace pawl::trials {
namespace {

std::string wrong(std::string_view schema, std::string_view value) {
  const auto read = Schema::read(schema);
  EXPECT_TRUE(read) << (read ? "" : read.error().what);
  return read ? read->wrong_with(value).value_or("") : "unreadable";
}

TEST(Schema, NamesWhatIsWrong) {
  constexpr std::string_view order = R"({"type":"object","required":["id"],"additionalProperties":false,
    "properties":{"id":{"type":"integer","minimum":1},"note":{"type":["string","null"],"maxLength":3},
    "tags":{"type":"array","items":{"enum":["a","b"]},"uniqueItems":true,"maxItems":3}}})";
  const std::pair<std::string_view, std::string_view> wanted[] = {
      {R"({"id":1})", ""},
      {R"({"id":1.0,"note":null,"tags":["a","b"]})", ""},
      {R"({"id":"1"})", "/id: must be of type integer"},
      {R"({"id":0})", "/id: must be at least 1"},
      {R"({"note":"x"})", "the whole: \"id\" is missing"},
      {R"({"id":1,"note":"äöü"})", ""},
      {R"({"id":1,"note":"abcd"})", "/note: must have at most 3 characters"},
      {R"({"id":1,"more":1})", "/more: is not known"},
      {R"({"id":1,"tags":["a","c"]})", R"(/tags/1: must be one of ["a","b"])"},
      {R"({"id":1,"tags":["a","a"]})", "/tags: elements must differ"},
      {"[]", "the whole: must be of type object"},
      {"{", "the whole: is no JSON"},
  };
  for (const auto& [value, what] : wanted) EXPECT_EQ(wrong(order, value), what) << value;
}

TEST(Schema, CombinesAndRefers) {
  constexpr std::string_view tree =
      R"({"$defs":{"node":{"type":"object","properties":{"next":{"$ref":"#/$defs/node"},"v":{"type":"number"}}}},"$ref":"#/$defs/node"})";
  EXPECT_EQ(wrong(tree, R"({"v":1,"next":{"v":2}})"), "");
  EXPECT_EQ(wrong(tree, R"({"v":1,"next":{"next":{"v":"x"}}})"), "/next/next/v: must be of type number");
  EXPECT_EQ(wrong(R"({"oneOf":[{"type":"number"},{"multipleOf":5}]})", "10"), "the whole: 2 of oneOf fit, not one");
  EXPECT_EQ(wrong(R"({"anyOf":[{"type":"string"},{"type":"null"}]})", "1"),
            "the whole: none of anyOf fits (the whole: must be of type string)");
  EXPECT_EQ(wrong(R"({"not":{"const":{"a":[1,2]}}})", R"({"a":[1.0,2]})"), "the whole: is what \"not\" forbids");
  EXPECT_EQ(wrong(R"({"if":{"type":"string"},"then":{"pattern":"^a"},"else":{"minimum":5}})", "\"b\""),
            "the whole: must match ^a");
  EXPECT_EQ(wrong(R"({"multipleOf":0.1})", "0.3"), "");
  EXPECT_EQ(wrong(R"({"prefixItems":[{"type":"string"}],"items":{"type":"number"}})", R"(["a",1,"b"])"),
            "/2: must be of type number");
  EXPECT_EQ(wrong(R"({"patternProperties":{"^x-":{"type":"number"}},"additionalProperties":{"type":"boolean"}})",
                  R"({"x-a":1,"b":true,"x-c":"1"})"),
            "/x-c: must be of type number");
  EXPECT_EQ(wrong(R"({"$ref":"#"})", "1"), "the whole: the schema is too deep or too wide to be checked");
  EXPECT_EQ(wrong("false", "1"), "the whole: nothing may stand here");
}

TEST(Schema, RefusesWhatIsNone) {
  for (const std::string_view schema : {"{", "5", R"({"pattern":"("})", R"({"$ref":"#/nowhere"})",
                                        R"({"properties":{"a":{"patternProperties":{"(":{}}}}})"})
    EXPECT_FALSE(Schema::read(schema)) << schema;
}

}  // namespace
}  // namespace pawl::trials
