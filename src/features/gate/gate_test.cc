// The gate on scenarios whose answer is known, and on bad input.
#include "gate.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/rng.h"
#include "report.h"
#include "wire/compress.h"

namespace pawl::gate {
namespace {

namespace dom = simdjson::dom;

class Gate : public testing::Test {
 protected:
  Gate() : folder_(std::filesystem::temp_directory_path() / ("pawl-gate-" + random_uuid())) {
    std::filesystem::create_directories(folder_);
    options.baseline = (folder_ / "baseline.jsonl").string();
    options.candidate = (folder_ / "candidate.jsonl").string();
    options.json = true;
  }
  ~Gate() override { std::filesystem::remove_all(folder_); }

  static void write(const std::string& path, std::string_view text) { std::ofstream(path, std::ios::binary) << text; }
  Outcome run(std::string_view baseline, std::string_view candidate) {
    write(options.baseline, baseline);
    write(options.candidate, candidate);
    return gate::run(options);
  }
  dom::element parsed(const Outcome& outcome) {
    dom::element root;
    EXPECT_FALSE(parser_.parse(outcome.output).get(root)) << outcome.output << outcome.trouble;
    return root;
  }
  // `cases` cases of `trials` trials, of which `pass(case, trial)` pass.
  template <typename Pass>
  static std::string rows(int cases, int trials, const Pass& pass, const std::string& more = "") {
    std::string out;
    for (int i = 0; i < cases; ++i) {
      for (int t = 0; t < trials; ++t)
        out += fmt::format("{{\"case\":\"c{}\",\"trial\":{},\"scores\":{{\"ok\":{}}}{}}}\n", i, t, pass(i, t) ? 1 : 0,
                           more);
    }
    return out;
  }
  static bool always(int, int) { return true; }

  Options options;
  std::filesystem::path folder_;
  dom::parser parser_;
};

std::string_view text(simdjson::simdjson_result<dom::element> element) {
  return element.get_string().value();
}

TEST_F(Gate, SeventeenScenarios) {
  std::ifstream file("tests/fixtures/quality/gate.json.zst", std::ios::binary);
  ASSERT_TRUE(file) << "is read from the root of the tree";
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const auto scenarios = decompress("zstd", bytes, std::size_t{1} << 26).value();
  dom::parser parser;
  int seen = 0;
  for (const auto one : parser.parse(scenarios)["cases"].get_array()) {
    const auto id = text(one["id"]);
    ++seen;
    const auto lines = [](dom::element list) {
      std::string out;
      std::string_view raw;
      for (const auto row : list.get_array())
        out += (row.get(raw) ? simdjson::to_string(row) : std::string(raw)) + "\n";
      return out;
    };
    options.quality.clear(), options.safety.clear();
    bool known = true;
    std::vector<std::string> words;
    for (const auto word : one["args"].get_array()) words.emplace_back(word.get_string().value());
    for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
      known &= words[i] == "--quality" || words[i] == "--safety";
      (words[i] == "--safety" ? options.safety : options.quality).push_back(words[i + 1]);
    }
    if (!known) continue;  // what the command line refuses
    std::filesystem::remove(options.baseline);
    if (!one["baseline"].is_null()) write(options.baseline, lines(one["baseline"].value()));
    write(options.candidate, lines(one["candidate"].value()));
    const auto outcome = gate::run(options);
    EXPECT_EQ(outcome.exit_code, one["expect"]["exit"].get_int64().value()) << id << outcome.trouble;
    if (outcome.exit_code == 3) {
      EXPECT_FALSE(outcome.trouble.empty()) << id;
      continue;
    }
    const auto got = parsed(outcome);
    for (const auto want : dom::object(one["expect"])) {
      if (want.key != "exit")
        EXPECT_EQ(simdjson::to_string(got[want.key].value()), simdjson::to_string(want.value)) << id;
    }
  }
  EXPECT_EQ(seen, 17);
}

TEST_F(Gate, EqualCasesProveAsMuchAsTheirNumber) {
  options.quality = {"ok"};
  for (const auto [cases, code] : {std::pair{6, 2}, {58, 2}, {59, 0}, {200, 0}}) {
    const auto outcome = run(rows(cases, 3, always), rows(cases, 3, always));
    EXPECT_EQ(outcome.exit_code, code) << cases;
    if (code == 2) {
      EXPECT_EQ(parsed(outcome)["metrics"].at(0)["more"]["cases"].get_int64().value(), 59);
    }
  }
}

TEST_F(Gate, SaysHowManyMoreWouldTell) {
  options.quality = {"ok"};
  const auto half = [](int i, int t) { return (i + t) % 2 == 0; };
  const auto mixed = [&](int i, int t) {  // some cases lose a trial, as many gain one
    return i % 3 == 0 ? (i + t) % 4 == 0 : i % 3 == 1 ? (i + t) % 4 != 0 : half(i, t);
  };
  const auto outcome = run(rows(20, 4, half), rows(20, 4, mixed));
  EXPECT_EQ(outcome.exit_code, 2) << outcome.output;
  EXPECT_GT(parsed(outcome)["metrics"].at(0)["more"]["cases"].get_int64().value(), 20);
}

TEST_F(Gate, CannotTellAsPolicySays) {
  options.quality = {"ok"};
  options.on_cannot_tell = "pass";
  EXPECT_EQ(run(rows(6, 1, always), rows(6, 1, always)).exit_code, 0);
  options.on_cannot_tell = "fail";
  EXPECT_EQ(run(rows(6, 1, always), rows(6, 1, always)).exit_code, 1);
  options.on_cannot_tell = "maybe";
  EXPECT_EQ(run(rows(6, 1, always), rows(6, 1, always)).exit_code, 64);
}

TEST_F(Gate, FamiliesAreTheUnit) {
  options.quality = {"ok"};
  // 100 cases of 2 families; one family loses everything: two units cannot tell what a hundred would.
  std::string a, b;
  for (int i = 0; i < 100; ++i) {
    const auto row = [&](int ok) {
      return fmt::format("{{\"case\":{},\"trial\":0,\"cluster\":\"f{}\",\"scores\":{{\"ok\":{}}}}}\n", i, i % 2, ok);
    };
    a += row(1);
    b += row(i % 2);
  }
  const auto got = parsed(run(a, b));
  EXPECT_EQ(text(got["verdict"]), "cannot_tell");
  EXPECT_NE(text(got["metrics"].at(0)["note"]).find("2 families"), std::string_view::npos);
}

TEST_F(Gate, BadRowsAreNamedAndTheRestCounts) {
  options.quality = {"ok"};
  const std::string good = rows(200, 1, always);
  const auto outcome = run(good, good +
                                     "{\"case\":\"c1\",\"trial\":0,\"scores\":{\"ok\":0}}\n\n[]\n"
                                     "{\"case\":\"x\",\"trial\":-1,\"scores\":{}}\n"
                                     "{\"case\":\"x\",\"trial\":1,\"scores\":{\"ok\":\"yes\"}}\n"
                                     "{\"case\":\"x\",\"trial\":1,\"scores\":{\"ok\":1},\"cost_usd\":\"-1\"}\n"
                                     "{\"case\":\"x\",\"trial\":1,\"status\":\"timeout\",\"scores\":{}}\n{\"case\":");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.trouble;
  const auto got = parsed(outcome);
  EXPECT_EQ(got["bad_rows_total"].get_int64().value(), 7);
  const std::pair<std::int64_t, std::string_view> wanted[] = {
      {201, "line 2 already"}, {203, "object"}, {204, "\"trial\""}, {205, "scores.ok"},
      {206, "cost_usd"},       {207, "status"}, {208, "no JSON"}};
  std::size_t i = 0;
  for (const auto row : got["bad_rows"].get_array()) {
    EXPECT_EQ(row["line"].get_int64().value(), wanted[i].first);
    EXPECT_EQ(text(row["side"]), "candidate");
    EXPECT_NE(text(row["reason"]).find(wanted[i].second), std::string_view::npos) << text(row["reason"]);
    ++i;
  }
}

TEST_F(Gate, TooManyBadRowsAreNoComparison) {
  options.quality = {"ok"};
  std::string half;
  for (int i = 0; i < 60; ++i) half += "{\"case\":\n";
  const auto outcome = run(rows(80, 1, always), rows(80, 1, always) + half);
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_NE(outcome.trouble.find("60 of 140 rows"), std::string::npos) << outcome.trouble;
}

TEST_F(Gate, ARetryWithTheSameTrialIsNoLoss) {
  options.quality = {"ok"};
  const std::string good = rows(80, 1, always);
  const std::string lost = "{\"case\":\"c3\",\"trial\":0,\"status\":\"infra_error\"}\n";
  const auto got = parsed(run(good, lost + lost + good));
  EXPECT_EQ(got["infra_errors"]["candidate"].get_int64().value(), 0);
  EXPECT_EQ(got["retried"]["candidate"].get_int64().value(), 1);
  EXPECT_EQ(text(got["verdict"]), "no_worse");
}

TEST_F(Gate, NullsAreNoZeros) {
  options.quality = {"ok"};
  const std::string good = rows(100, 2, always);
  std::string nulls = good;
  for (int i = 0; i < 5; ++i) nulls += fmt::format("{{\"case\":\"c{}\",\"trial\":9,\"scores\":{{\"ok\":null}}}}\n", i);
  auto got = parsed(run(good, nulls));
  EXPECT_EQ(text(got["verdict"]), "no_worse");
  EXPECT_EQ(got["metrics"].at(0)["candidate"].get_double().value(), 1.0);
  EXPECT_EQ(got["metrics"].at(0)["nulls"].get_int64().value(), 5);
  for (int i = 0; i < 50; ++i) nulls += fmt::format("{{\"case\":\"c{}\",\"trial\":8,\"scores\":{{}}}}\n", i);
  EXPECT_EQ(text(parsed(run(good, nulls))["verdict"]), "cannot_tell");
}

TEST_F(Gate, AnUnknownCostLeavesTheCaseOut) {
  options.quality = {"ok"};
  const std::string good = rows(80, 2, always, ",\"cost_usd\":\"0.01\"");
  const auto got = parsed(run(good, good + "{\"case\":\"c0\",\"trial\":5,\"scores\":{\"ok\":1}}\n"));
  const auto cost = got["metrics"].at(1);
  EXPECT_EQ(text(cost["role"]), "cost");
  EXPECT_EQ(cost["cases"].get_int64().value(), 79);
  EXPECT_EQ(cost["cases_left_out"].get_int64().value(), 1);
}

TEST_F(Gate, SafetyWithoutACleanBaselineCannotTell) {
  options.safety = {"ok"};
  const auto never = [](int, int) { return false; };
  EXPECT_EQ(run(rows(80, 1, never), rows(80, 1, never)).exit_code, 2);
}

TEST_F(Gate, OtherDatasetsNoCommonCasesAndOneCase) {
  options.quality = {"ok"};
  auto outcome = run(rows(80, 1, always, ",\"dataset\":\"a@1\""), rows(80, 1, always, ",\"dataset\":\"a@2\""));
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_NE(outcome.trouble.find("a@2"), std::string::npos);
  outcome =
      run("{\"case\":\"a\",\"trial\":0,\"scores\":{\"ok\":1}}", "{\"case\":\"b\",\"trial\":0,\"scores\":{\"ok\":1}}");
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_NE(outcome.trouble.find("No case is on both sides"), std::string::npos);
  outcome = run(rows(1, 50, always), rows(1, 50, [](int, int) { return false; }));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_TRUE(parsed(outcome)["metrics"].at(0)["ci"].at(0).is_null());
}

TEST_F(Gate, HostileNamesStayInTheirLine) {
  options.quality = {"ok"};
  options.json = false;
  std::string a, b;
  for (int i = 0; i < 80; ++i) {
    const auto row = [&](int ok) {
      return fmt::format("{{\"case\":\"{}\\n::error::\\u001b[2J\\u009b\",\"trial\":0,\"scores\":{{\"ok\":{}}}}}\n", i,
                         ok);
    };
    a += row(1);
    b += row(0);
  }
  const auto outcome = run(a, b);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.output.find("\n::error"), std::string::npos);
  EXPECT_EQ(outcome.output.find('\x1b'), std::string::npos);
  EXPECT_NE(outcome.output.find("\\x0a::error::\\x1b[2J\\x9b"), std::string::npos) << outcome.output;
}

TEST_F(Gate, NewlyFlakyFirstAndRegressedNeedsProof) {
  options.quality = {"ok"};
  const std::string before = rows(60, 5, [](int i, int t) { return i != 7 || t > 0; });
  const auto got = parsed(run(before, rows(60, 5, [](int i, int t) { return i == 3 ? t > 1 : i != 7 || t > 2; })));
  EXPECT_EQ(text(got["flaky"].at(0)["case"]), "c3");
  EXPECT_TRUE(got["flaky"].at(0)["newly"].get_bool().value());
  EXPECT_FALSE(got["flaky"].at(1)["newly"].get_bool().value());
  for (const auto one : got["changed"].get_array()) EXPECT_EQ(text(one["finding"]), "changed");
}

TEST_F(Gate, SequentialDecidesInTheOrderOfTheBaseline) {
  options.quality = {"ok"};
  options.sequential = true;
  const auto half = [](int i, int) { return i % 2 == 0; };
  const auto got = parsed(run(rows(300, 1, always), rows(300, 1, half)));
  EXPECT_EQ(text(got["verdict"]), "worse");
  const auto at = got["metrics"].at(0)["decided_at"].get_int64().value();
  // What comes after the decision does not undo it, and more cases do not move it.
  const auto later =
      parsed(run(rows(600, 1, always), rows(600, 1, [&](int i, int t) { return i >= 300 || half(i, t); })));
  EXPECT_EQ(later["metrics"].at(0)["decided_at"].get_int64().value(), at);
  EXPECT_EQ(text(later["verdict"]), "worse");
}

}  // namespace
}  // namespace pawl::gate
