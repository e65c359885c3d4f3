// LangSmith's filters in Pawl's language.
#include <gtest/gtest.h>

#include "langsmith.h"

namespace pawl::sdks {
namespace {

std::string made(std::string_view text) {
  Nanos from = 0;
  const auto out = filter_of_langsmith(text, from);
  if (!out) return "! " + out.error().what;
  EXPECT_TRUE(query::Filter::parse(*out)) << *out;
  return *out;
}

TEST(LangSmithFilter, IsSaidInOurWords) {
  EXPECT_EQ(made(R"(eq(name, "a \"b\""))"), R"(name="a \"b\"")");
  EXPECT_EQ(made(R"(and(eq(run_type, "llm"), gt(latency, 2)))"), R"((kind="llm" duration>2s))");
  EXPECT_EQ(made(R"(or(has(tags, 'x'), not(eq(is_root, true))))"), R"((tag="x" or -(is:root)))");
  EXPECT_EQ(made(R"(in(id, ["a", "b"]))"), R"(span="a","b")");
  EXPECT_EQ(made(R"(and(eq(metadata_key, "user"), eq(metadata_value, "u1")))"),
            R"((attr.langsmith.metadata.user="u1"))");
  EXPECT_EQ(made(R"(eq(status, "success"))"), R"(status="ok")");
}

TEST(LangSmithFilter, NarrowsTime) {
  Nanos from = 0;
  ASSERT_TRUE(filter_of_langsmith(R"(gt(start_time, "2026-01-05T09:00:00Z"))", from));
  EXPECT_EQ(from, *parse_time("2026-01-05T09:00:00Z"));
  from = 0;
  ASSERT_TRUE(
      filter_of_langsmith(R"(and(gt(start_time, "2026-01-05T09:00:00Z"), or(eq(name, "a"), eq(name, "b"))))", from));
  EXPECT_EQ(from, *parse_time("2026-01-05T09:00:00Z"));
}

TEST(LangSmithFilter, SaysWhatIsNotOffered) {
  for (const std::string_view text :
       {"", "eq(", "eq(name)", "eq(name, \"a\"", "between(name, 1)", "eq(feedback_key, \"x\")", "eq(name, \"a\") more",
        "and(eq(metadata_key, \"k\"))", "eq(metadata_key, \"k\")", "not(eq(metadata_key, \"k\"))",
        "or(eq(metadata_key, \"k\"), eq(metadata_value, \"v\"))",
        "and(neq(metadata_key, \"k\"), eq(metadata_value, \"v\"))", "and(eq(metadata_key, \"k\"), eq(name, \"n\"))",
        "and(eq(metadata_key, \"\"), eq(metadata_value, \"v\"))",
        "and(eq(metadata_key, \"k=1 or name\"), eq(metadata_value, \"v\"))", "gt(latency, \"1 or is:root\")",
        "gt(total_tokens, many)", "or(gt(start_time, \"2026-01-05T09:00:00Z\"), eq(name, \"a\"))",
        "not(gt(start_time, \"2026-01-05T09:00:00Z\"))"})
    EXPECT_TRUE(made(text).starts_with("! ")) << text << " → " << made(text);
}

}  // namespace
}  // namespace pawl::sdks
