// What the gate writes for other tools, above all from hostile names.
#include "outputs.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <filesystem>
#include <fstream>

#include "base/ids.h"
#include "base/rng.h"
#include "base/text.h"

namespace pawl::gate {
namespace {

namespace dom = simdjson::dom;

constexpr std::string_view hostile_names[] = {"]]>\\u0000<failure/>", "a\\n::error::x",
                                              "::error title=x::y",   "##[error]x",
                                              "| cell | <img src=x>", "@everyone `code` [a](http://b)",
                                              "% %0A , : ;",          "\\ufffe\\uffff\\u001b[2J",
                                              "x\\\" y='z' &amp;",    "\\ud83d\\ude00"};

class Outputs : public testing::Test {
 protected:
  Outputs() : folder_(std::filesystem::temp_directory_path() / ("pawl-outputs-" + random_uuid())) {
    std::filesystem::create_directories(folder_);
    options.baseline = path("baseline.jsonl");
    options.candidate = path("candidate.jsonl");
    options.quality = {"ok"};
    options.junit = path("junit.xml"), options.sarif = path("gate.sarif"), options.gitlab = path("gitlab.json");
    options.markdown = path("comment.md"), options.github_summary = path("summary.md");
    options.github = true;
    options.url = "https://pawl.example/";
    options.again = "pawl gate --candidate 'a```b'";
  }
  ~Outputs() override { std::filesystem::remove_all(folder_); }

  std::string path(std::string_view name) const { return (folder_ / name).string(); }
  static void write(const std::string& to, std::string_view text) { std::ofstream(to, std::ios::binary) << text; }
  static std::string read(const std::string& from) { return trials::read_file(from).value_or("<missing>"); }
  static std::string row(std::string_view name, int trial, int ok, std::string_view more = "") {
    return fmt::format("{{\"case\":\"{}\",\"trial\":{},\"scores\":{{\"ok\":{}}},\"cost_usd\":\"0.01\"{}}}\n", name,
                       trial, ok, more);
  }
  // Sixty cases that all passed; those named fall to nothing, with a comment and a trace.
  Outcome run(std::span<const std::string_view> fallen, std::string_view comment = "") {
    std::string before, now;
    for (int i = 0; i < 60; ++i) {
      for (int t = 0; t < 5; ++t) {
        before += row(fmt::format("c{}", i), t, 1);
        now += row(fmt::format("c{}", i), t, 1);
      }
    }
    for (const auto name : fallen) {
      for (int t = 0; t < 5; ++t) {
        before += row(name, t, 1);
        now += row(name, t, 0, fmt::format(",\"trace\":\"4bf9/2f\",\"comment\":\"{}\"", comment));
      }
    }
    write(options.baseline, before);
    write(options.candidate, now);
    return gate::run(options);
  }

  Options options;
  std::filesystem::path folder_;
};

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t out = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++out;
  return out;
}

TEST_F(Outputs, HostileNamesStayText) {
  for (const std::string_view comment : {"]]>\\n::error::x\\u0007", "<script>@all | x</script>"}) {
    const auto outcome = run(hostile_names, comment);
    ASSERT_EQ(outcome.exit_code, 1) << outcome.trouble;
    const std::string junit = read(options.junit);
    EXPECT_EQ(count(junit, "<failure"), 11U) << junit;  // ten cases and the verdict
    EXPECT_EQ(junit.find("]]>"), std::string::npos);
    for (const char c : junit) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n');
    EXPECT_EQ(junit.find("\xEF\xBF\xBE"), std::string::npos);
    const std::string markdown = read(options.markdown);
    EXPECT_EQ(markdown.find("@everyone"), std::string::npos);
    EXPECT_EQ(markdown.find("<img"), std::string::npos);
    EXPECT_EQ(markdown.find("<script"), std::string::npos);
    EXPECT_EQ(markdown.find("\n::error"), std::string::npos);
    EXPECT_NE(markdown.find("````\n" + options.again), std::string::npos) << "a fence that the command cannot close";
    std::istringstream lines(outcome.output);
    std::size_t errors = 0;
    for (std::string line; std::getline(lines, line);) {
      errors += line.starts_with("::error ") ? 1 : 0;
      const auto text = trim(line);
      EXPECT_FALSE(text.starts_with("::error:")) << line;
      // The runner reads a command of the new form first: what stands in its text is no command of the old one.
      EXPECT_TRUE(text.starts_with("::") || text.find("##[") == std::string_view::npos) << line;
      if (text.starts_with("::")) EXPECT_TRUE(text.find("title=pawl gate%3A") != std::string_view::npos) << line;
    }
    EXPECT_EQ(errors, 10U) << "GitHub shows no more";
    EXPECT_NE(outcome.output.find("and 2 more:%0A"), std::string::npos) << outcome.output;
    dom::parser parser;
    dom::element sarif, gitlab;
    ASSERT_FALSE(parser.parse(read(options.sarif)).get(sarif));
    dom::parser other;
    ASSERT_FALSE(other.parse(read(options.gitlab)).get(gitlab));
    EXPECT_EQ(sarif["runs"].at(0)["results"].get_array().size(), 11U);
    EXPECT_EQ(gitlab.get_array().size(), 11U);
  }
}

TEST_F(Outputs, TheCommentHasWhatAReaderNeeds) {
  constexpr std::string_view fallen[] = {"one", "two", "three", "four", "five", "six"};
  run(fallen);
  const std::string text = read(options.markdown);
  EXPECT_TRUE(text.starts_with("<!-- pawl gate -->\n## ❌ pawl gate: worse\n")) << text;
  EXPECT_EQ(count(text, "([trace](https://pawl.example/traces/4bf9%2F2f))"), 3U) << "three worst cases, no more";
  EXPECT_NE(text.find("0/5 trials pass, baseline 5/5"), std::string::npos);
  EXPECT_NE(text.find("this run cost $3.3"), std::string::npos) << text;
  EXPECT_EQ(read(options.github_summary), text);
}

TEST_F(Outputs, FindingsPointAtTheLinesOfTheDataset) {
  options.cases = path("cases.jsonl");
  write(options.cases, "{\"id\":\"c1\",\"input\":1}\nnonsense\n{\"id\":\"one\",\"input\":2}\n");
  constexpr std::string_view fallen[] = {"one", "two", "three", "four", "five", "six"};
  const auto outcome = run(fallen);
  EXPECT_NE(outcome.output.find(
                fmt::format("::error file={},line=3,title=pawl gate%3A quality/ok::one: ok regressed", options.cases)),
            std::string::npos)
      << outcome.output;
}

TEST_F(Outputs, NoFailureWithoutAVerdictOfWorse) {
  constexpr std::string_view fallen[] = {"one"};
  options.margin = 0.03;
  const auto outcome = run(fallen);
  EXPECT_EQ(outcome.exit_code, 2) << outcome.output;
  const std::string junit = read(options.junit);
  EXPECT_EQ(count(junit, "<failure"), 0U);
  EXPECT_EQ(count(junit, "<system-out>fell"), 1U);
  EXPECT_EQ(count(junit, "<skipped"), 1U);
  std::filesystem::remove(options.baseline);
  EXPECT_EQ(gate::run(options).exit_code, 3);
  EXPECT_EQ(count(read(options.junit), "<error type=\"no_comparison\""), 1U);
  EXPECT_NE(read(options.sarif).find("\"executionSuccessful\":false"), std::string::npos);
}

TEST_F(Outputs, AFileThatCannotBeWrittenIsNoSuccess) {
  options.quality.clear();
  options.safety = {"ok"};
  options.junit = path("no/such/folder/junit.xml");
  const auto outcome = run({});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_NE(outcome.trouble.find("could not be written"), std::string::npos);
}

TEST_F(Outputs, BranchesKeepWhatPasses) {
  options.safety = {"ok"}, options.quality.clear();
  options.baselines = path("kept");
  run({});
  options.baseline.clear();
  options.baseline_branches = {"feature/x", "main"};
  EXPECT_EQ(gate::run(options).exit_code, 3) << "nothing is kept yet";
  options.keep_as = "main";
  const auto first = gate::run(options);
  EXPECT_EQ(first.exit_code, 0) << first.trouble;
  EXPECT_NE(first.trouble.find("no baseline yet"), std::string::npos);
  EXPECT_EQ(gate::run(options).exit_code, 0) << "equal to what is kept";
  const std::string good = read(options.candidate);
  write(options.candidate, good + row("c1", 7, 0));
  EXPECT_EQ(gate::run(options).exit_code, 1);
  EXPECT_EQ(read(path("kept/main.jsonl")), good) << "what fails is not kept";
  options.keep_as = "../../escape";
  write(options.candidate, good);
  EXPECT_EQ(gate::run(options).exit_code, 0);
  EXPECT_EQ(read(path("kept/..%2F..%2Fescape.jsonl")), good);
}

TEST_F(Outputs, ExtendsUntilItCanTell) {
  options.on_cannot_tell = "extend";
  EXPECT_EQ(gate::run(options).exit_code, 64) << "there is nobody who runs trials";
  int next = 0;
  const auto add = [&](std::uint64_t cases, double rate) {
    std::ofstream a(options.baseline, std::ios::app), b(options.candidate, std::ios::app);
    for (std::uint64_t i = 0; i < cases; ++i, ++next) {
      a << row(fmt::format("n{}", next), 0, 1);
      b << row(fmt::format("n{}", next), 0, next % 10 < 10 * rate ? 1 : 0);
    }
  };
  std::uint64_t asked = 0;
  options.extend = [&](const Extension& wanted) -> Result<> {
    asked = wanted.round;
    EXPECT_EQ(wanted.wanted, 50U);
    add(wanted.wanted, 0.5);
    return {};
  };
  add(5, 0.5);
  EXPECT_EQ(gate::run(options).exit_code, 1);
  EXPECT_EQ(asked, 1U);
  // Equal versions, a budget that is too small: it stops there, and says so.
  write(options.baseline, ""), write(options.candidate, "");
  add(5, 1.0);
  options.extend_cases = 30;
  options.extend = [&](const Extension& wanted) -> Result<> {
    add(wanted.wanted, 1.0);
    return {};
  };
  const auto spent = gate::run(options);
  EXPECT_EQ(spent.exit_code, 2);
  EXPECT_NE(spent.output.find("Extended to 30 cases"), std::string::npos) << spent.output;
  options.extend_cases = 1000;
  options.extend = [](const Extension&) -> Result<> { return {}; };
  EXPECT_NE(gate::run(options).output.find("the dataset has ended"), std::string::npos);
  options.extend = [](const Extension&) -> Result<> { return fail(ErrorKind::unavailable, "exit code 7"); };
  EXPECT_NE(gate::run(options).trouble.find("exit code 7"), std::string::npos);
}

}  // namespace
}  // namespace pawl::gate
