// Files of cases of every format, and what is wrong in them.
#include "formats.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace pawl::datasets {
namespace {

std::string file(const std::string& name) {
  std::ifstream in("tests/fixtures/quality/formats/" + name, std::ios::binary);
  EXPECT_TRUE(in) << "is read from the root of the tree";
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

CasesRead read(const std::string& name, std::string_view format = "auto") {
  const auto out = read_cases(file(name), format);
  EXPECT_TRUE(out) << out.error().what;
  return out.value_or(CasesRead{});
}

TEST(Formats, OurLines) {
  const auto got = read("cases.jsonl");
  EXPECT_EQ(got.format, "jsonl");
  ASSERT_EQ(got.cases.size(), 2U);
  const Item& one = got.cases[0];
  EXPECT_EQ(one.name, "c1");
  EXPECT_EQ(one.input, R"({"messages":[{"role":"user","content":"Where is order 41?"}]})");
  EXPECT_EQ(one.trajectory, R"([{"name":"find_order","arguments":{"order_id":"41"}}])");
  EXPECT_EQ(one.criteria, R"("Names the day.")");
  EXPECT_EQ(one.tags, std::vector<std::string>{"order"});
  EXPECT_EQ(one.splits, std::vector<std::string>{"dev"});
  EXPECT_EQ(one.source_trace, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(got.cases[1].expected, R"({"refund":12.0})") << "as it was written";
}

TEST(Formats, Csv) {
  const auto got = read("cases.csv");
  EXPECT_EQ(got.format, "csv");
  ASSERT_EQ(got.cases.size(), 2U) << (got.bad.empty() ? "" : got.bad[0].reason);
  EXPECT_EQ(got.cases[0].input, R"("Where is order 41, \"please\"?")");
  EXPECT_EQ(got.cases[0].tags, (std::vector<std::string>{"order", "vip"}));
  EXPECT_EQ(got.cases[1].input, R"("two\nlines")");
  EXPECT_EQ(got.lines[1], 3U);
  const auto more = read_cases("\xEF\xBB\xBFinput.q,input.n,note,metadata.k\r\nhi,[1],x,\r\n", "csv").value();
  EXPECT_EQ(more.cases.at(0).input, R"({"q":"hi","n":[1]})");
  EXPECT_EQ(more.cases[0].metadata, R"({"note":"x"})");
}

TEST(Formats, OfOtherMakers) {
  auto got = read("langfuse-dataset-items.json");
  EXPECT_EQ(got.format, "langfuse");
  ASSERT_EQ(got.cases.size(), 2U);
  EXPECT_EQ(got.cases[0].expected, R"("It arrives on Friday.")");
  EXPECT_TRUE(got.cases[1].archived) << "retired, not dropped";
  got = read("langsmith-examples.jsonl");
  EXPECT_EQ(got.format, "langsmith");
  ASSERT_EQ(got.cases.size(), 2U);
  EXPECT_EQ(got.cases[0].splits, (std::vector<std::string>{"base", "dev"}));
  EXPECT_EQ(got.cases[0].source_trace, "550e8400-e29b-41d4-a716-446655440000");
  got = read("openai-eval-data.jsonl");
  EXPECT_EQ(got.format, "openai");
  ASSERT_EQ(got.cases.size(), 2U);
  EXPECT_EQ(got.cases[1].metadata, R"({"sample":{"output_text":"Done: 12.00 USD."}})");
}

TEST(Formats, Adk) {
  const auto got = read("adk.evalset.json");
  EXPECT_EQ(got.format, "adk");
  ASSERT_EQ(got.cases.size(), 2U);
  EXPECT_EQ(got.cases[0].name, "c1");
  EXPECT_EQ(got.cases[0].input, R"("Where is my order 41?")");
  EXPECT_EQ(got.cases[0].expected, R"("It arrives on Friday.")");
  EXPECT_EQ(got.cases[0].trajectory, R"([{"name":"find_order","arguments":{"order_id":"41"}}])");
  EXPECT_NE(got.cases[0].metadata.find("tool_responses"), std::string::npos);
  EXPECT_EQ(got.cases[1].input, R"({"turns":["Refund order 42","yes, all of it"]})");
  const auto again = read_cases(write_cases(got.cases, "adk").value(), "auto").value();
  EXPECT_EQ(again.format, "adk");
  ASSERT_EQ(again.cases.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(again.cases[i].name, got.cases[i].name);
    EXPECT_EQ(again.cases[i].input, got.cases[i].input);
    EXPECT_EQ(again.cases[i].expected, got.cases[i].expected);
    EXPECT_EQ(again.cases[i].trajectory, got.cases[i].trajectory);
    EXPECT_EQ(again.cases[i].metadata, got.cases[i].metadata);
  }
  const auto old = read_cases(
      R"([{"query":"q","expected_tool_use":[{"tool_name":"t","tool_input":{"a":1}}],"reference":"r"}])", "auto");
  ASSERT_TRUE(old && old->cases.size() == 1);
  EXPECT_EQ(old->cases[0].trajectory, R"([{"name":"t","arguments":{"a":1}}])");
  const auto user = read_cases(R"({"eval_cases":[{"eval_id":"s","conversation_scenario":{"x":1}}]})", "auto");
  ASSERT_TRUE(user && user->cases.size() == 1);
  EXPECT_EQ(user->warnings.size(), 1U);
}

TEST(Formats, EveryBadRowIsNamed) {
  const auto got = read("bad-rows.jsonl");
  EXPECT_EQ(got.cases.size(), 2U);
  EXPECT_EQ(got.bad_total, 6U);
  ASSERT_EQ(got.bad.size(), 6U);
  const std::pair<std::uint64_t, std::string_view> wanted[] = {
      {2, "ends in the middle"}, {3, "taken by line 1"}, {4, "object"},
      {5, "\"input\""},          {6, "\"split\""},       {7, "Unicode"}};
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(got.bad[i].line, wanted[i].first);
    EXPECT_NE(got.bad[i].reason.find(wanted[i].second), std::string::npos) << got.bad[i].reason;
  }
  EXPECT_EQ(got.bad[0].column, 20U);
  const auto csv = read_cases("id,input\na,\"never closed\n", "csv").value();
  ASSERT_EQ(csv.bad.size(), 1U);
  EXPECT_EQ(csv.bad[0].line, 2U);
  EXPECT_EQ(csv.bad[0].column, 2U);
  EXPECT_FALSE(read_cases("", "auto"));
  EXPECT_FALSE(read_cases("{}", "yaml"));
}

TEST(Formats, ComeBack) {
  const auto first = read("cases.jsonl");
  for (const std::string_view format : {"jsonl", "csv", "langfuse", "langsmith"}) {
    const auto again = read_cases(write_cases(first.cases, format).value(), "auto");
    ASSERT_TRUE(again && again->bad_total == 0) << format << (again->bad.empty() ? "" : again->bad[0].reason);
    ASSERT_EQ(again->cases.size(), 2U) << format;
    EXPECT_EQ(again->cases[0].name, "c1") << format;
    if (format == "jsonl" || format == "csv") {
      EXPECT_EQ(again->cases[0].trajectory, first.cases[0].trajectory) << format;
      EXPECT_EQ(again->cases[1].expected, first.cases[1].expected) << format;
      EXPECT_EQ(again->cases[0].criteria, first.cases[0].criteria) << format;
    }
  }
  // A document over several lines is still a line each.
  const auto wide = read_cases("[{\"id\":\"a\",\n\"input\":{\n\"x\": 1}}]", "auto").value();
  EXPECT_EQ(wide.cases.at(0).input, "{\"x\":1}");
}

TEST(Formats, NearDuplicates) {
  std::vector<Item> items(200);
  for (std::size_t i = 0; i < items.size(); ++i)
    items[i].input = fmt::format("\"case {} about {} and {} entirely different words {}\"", i, i * 7919, i * 104'729,
                                 std::string(1 + i % 13, static_cast<char>('a' + i % 26)) + std::to_string(i * i));
  for (std::size_t i = 0; i < items.size(); ++i)
    for (int k = 0; k < 12; ++k)
      items[i].input += static_cast<char>('a' + (i * 31 + static_cast<std::size_t>(k) * (i + 3)) % 26);
  items[10].input = "\"Where is my order 4711? I have been waiting since Monday, and nobody answers.\"";
  items[20].input = "\"where is my order 9901? I have been waiting since Monday, and nobody answers!\"";
  items[30].input = items[10].input;
  items[20].splits = {"test"};
  const auto found = near_duplicates(items);
  const auto has = [&](std::size_t a, std::size_t b) {
    return std::ranges::any_of(found.pairs, [&](const Near& one) { return one.a == a && one.b == b; });
  };
  EXPECT_TRUE(has(10, 20) && has(10, 30)) << "10 stands for 30 too";
  ASSERT_FALSE(found.pairs.empty());
  EXPECT_TRUE(found.pairs[0].across_splits) << "leaks first";
  for (const auto& one : found.pairs) EXPECT_GE(one.likeness, 0.8);
}

// Thousands of alike cases are a pair each, not all pairs of them; every one that has a like in another split says so.
TEST(Formats, ManyAlike) {
  std::vector<Item> items(3000);
  for (std::size_t i = 0; i < items.size(); ++i) {
    std::string word;
    for (std::size_t left = i + 1; left > 0; left /= 26) word += static_cast<char>('a' + left % 26);
    items[i].input = fmt::format(
        "\"Where is the order of customer {}? It was promised for Monday, and nothing came of it "
        "until today; please say what becomes of it.\"",
        word);
    items[i].splits = {i % 100 == 0 ? "test" : "dev"};
  }
  const auto found = near_duplicates(items);
  EXPECT_GE(found.total, 2900U);
  EXPECT_LE(found.total, 6000U) << "one to belong, one at most to have a like in another split";
  ASSERT_EQ(found.pairs.size(), 100U);
  EXPECT_GE(std::ranges::count_if(found.pairs, &Near::across_splits), 25);
  EXPECT_TRUE(found.pairs[0].across_splits);
}

}  // namespace
}  // namespace pawl::datasets
