// The reference vectors of the statistics of evals: what other libraries, papers and a second implementation say.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cmath>
#include <fstream>
#include <iterator>

#include "stats/requests.h"
#include "wire/compress.h"

namespace pawl::stats {
namespace {

namespace dom = simdjson::dom;

std::string vectors(const std::string& name) {
  std::ifstream file("tests/fixtures/quality/" + name + ".json.zst", std::ios::binary);
  EXPECT_TRUE(file) << name << " is read from the root of the tree";
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return decompress("zstd", bytes, std::size_t{1} << 26).value();
}

// What differs, or "". A number is within `tolerance`, absolute or (if not `absolute`) relative, whichever is wider.
std::string difference(dom::element want, dom::element got, double tolerance, bool absolute, const std::string& at) {
  const auto text = [](dom::element element) { return std::string(simdjson::minify(element)); };
  if (want.is_object()) {
    for (const auto field : dom::object(want)) {
      dom::element there;
      if (got[field.key].get(there)) return at + "." + std::string(field.key) + " is missing";
      auto found = difference(field.value, there, tolerance, absolute, at + "." + std::string(field.key));
      if (!found.empty()) return found;
    }
    return "";
  }
  if (want.is_array()) {
    if (!got.is_array() || dom::array(got).size() != dom::array(want).size()) return at + " is no list of that length";
    for (std::size_t i = 0; i < dom::array(want).size(); ++i) {
      auto found =
          difference(want.at(i).value(), got.at(i).value(), tolerance, absolute, at + "[" + std::to_string(i) + "]");
      if (!found.empty()) return found;
    }
    return "";
  }
  double wanted = 0, given = 0;
  if (want.get(wanted)) return text(want) == text(got) ? "" : at + ": want " + text(want) + ", got " + text(got);
  if (got.get(given) || std::abs(given - wanted) > std::max(tolerance, absolute ? 0 : tolerance * std::abs(wanted)))
    return at + ": want " + text(want) + ", got " + text(got);
  return "";
}

// The request of a case: {id, fn, in} as `pawl stats` reads it.
std::string request_of(dom::element one) {
  std::string fn;
  std::string_view named;
  if (!one["fn"].get(named)) return simdjson::to_string(one);
  return R"({"id":)" + simdjson::to_string(one["id"].value()) + R"(,"fn":"trajectory","in":{"actual":)" +
         simdjson::to_string(one["actual"].value()) + R"(,"expected":)" + simdjson::to_string(one["expected"].value()) +
         "}}";
}

// What google-adk, agentevals and multiset intersection say of a trajectory, in our words.
std::string trajectory_out(dom::element one) {
  const auto truth = [](simdjson::simdjson_result<dom::element> element) {
    bool flag = false;
    if (element.get(flag)) flag = element.get_double().value() != 0;
    return std::string(flag ? "true" : "false");
  };
  const auto adk = one["adk"].value(), agentevals = one["agentevals"].value(), pawl = one["pawl"].value();
  return R"({"exact":)" + truth(adk["exact"]) + R"(,"in_order":)" + truth(adk["in_order"]) + R"(,"any_order":)" +
         truth(adk["any_order"]) + R"(,"unordered":)" + truth(agentevals["unordered/exact"]) + R"(,"within":)" +
         truth(agentevals["subset/exact"]) + R"(,"precision":)" + simdjson::to_string(pawl["precision"].value()) +
         R"(,"recall":)" + simdjson::to_string(pawl["recall"].value()) + "}";
}

void check(const std::string& file, std::size_t count) {
  const std::string text = vectors(file);
  dom::parser parser, of_answer, of_want;
  std::size_t seen = 0;
  for (const auto one : parser.parse(text)["cases"].get_array()) {
    const std::string id = simdjson::to_string(one["id"].value()), answered = answer(request_of(one));
    const dom::element got = of_answer.parse(answered);
    ++seen;
    bool fails = false;
    if (!one["error"].get(fails) && fails) {
      std::string_view message;
      EXPECT_FALSE(got["error"]["message"].get(message)) << id << answered;
      EXPECT_FALSE(message.empty()) << id;
      continue;
    }
    dom::element out, want;
    ASSERT_FALSE(got["out"].get(out)) << id << answered;
    const std::string wanted = one["out"].get(want) ? trajectory_out(one) : simdjson::to_string(want);
    double tolerance = 1e-9;
    bool absolute = false;
    if (one["tol"].get(tolerance)) tolerance = 1e-9;
    if (one["abs_only"].get(absolute)) absolute = false;
    EXPECT_EQ(difference(of_want.parse(wanted), out, tolerance, absolute, ""), "") << id;
  }
  EXPECT_EQ(seen, count);
}

TEST(QualityVectors, Proportions) {
  check("binomial", 36);
}
TEST(QualityVectors, Bootstrap) {
  check("bootstrap", 2);
}
TEST(QualityVectors, ClusteredErrors) {
  check("cluster_se", 7);
}
TEST(QualityVectors, Corpus) {
  check("corpus", 6);
}
TEST(QualityVectors, Judges) {
  check("judge", 45);
}
TEST(QualityVectors, Paired) {
  check("paired", 16);
}
TEST(QualityVectors, PassK) {
  check("pass_k", 20);
}
TEST(QualityVectors, Published) {
  check("published", 6);
}
TEST(QualityVectors, SampleSize) {
  check("sample_size", 15);
}
TEST(QualityVectors, Sequential) {
  check("sequential", 23);
}
TEST(QualityVectors, Tests) {
  check("tests", 23);
}
TEST(QualityVectors, Trajectories) {
  check("trajectory", 40);
}

}  // namespace
}  // namespace pawl::stats
