// What is JSON and what is not.
#include "llm/json_check.h"

#include <gtest/gtest.h>

#include <string>

namespace pawl::llm::json {
namespace {

TEST(JsonCheck, WholeValues) {
  for (const char* good : {"{}", "[]", " { \"a\" : [ 1 , -0.5e+3, true, null, {\"b\":\"\\u00e9\\ud800\"} ] } ", "\"x\"",
                           "0", "[[],{}]", "{\"a\":{},\"b\":[]}"})
    EXPECT_EQ(first_error(good), std::nullopt) << good;
  for (const char* bad : {"", "{", "[1,]", "{\"a\"}", "{\"a\":1,}", "[1 2]", "nul", "01", "\"a", "\"\\x\"", "{}x", "[}",
                          "{a:1}", "NaN", "-", "1.", "\"\t\""})
    EXPECT_NE(first_error(bad), std::nullopt) << bad;
}

TEST(JsonCheck, DepthIsBounded) {
  EXPECT_EQ(first_error(std::string(512, '[') + std::string(512, ']')), std::nullopt);
  EXPECT_NE(first_error(std::string(513, '[') + std::string(513, ']')), std::nullopt);
  EXPECT_NE(first_error(std::string(1'000'000, '[')), std::nullopt);
}

}  // namespace
}  // namespace pawl::llm::json
