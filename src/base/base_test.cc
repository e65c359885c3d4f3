// What the small functions promise.
#include <gtest/gtest.h>

#include "base/ids.h"
#include "base/json.h"
#include "base/money.h"
#include "base/result.h"
#include "base/text.h"
#include "base/time.h"

namespace pawl {
namespace {

TEST(Text, EncodingsComeBack) {
  const std::string bytes("\x00\xff\x10 a/b", 7);
  EXPECT_EQ(from_hex(to_hex(bytes)), bytes);
  EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
  EXPECT_EQ(from_base64(to_base64url(bytes)), bytes);
  EXPECT_EQ(percent_decode(percent_encode(bytes)), bytes);
  EXPECT_EQ(from_hex("abc"), std::nullopt);
  EXPECT_EQ(from_base64("a"), std::nullopt);
  EXPECT_EQ(percent_decode("%4"), std::nullopt);
}

TEST(Text, Utf8IsRepairedAndNeverCut) {
  EXPECT_EQ(repair_utf8("a\xffz"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(repair_utf8("\xed\xa0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(utf8_prefix("a\xC3\xA9", 2), "a");
}

TEST(Text, IsFoundInAnyCase) {
  EXPECT_TRUE(contains_ignoring_case("gpt-5-Mini", "MINI"));
  EXPECT_TRUE(contains_ignoring_case("STORNIERE DIE BESTELLUNG FÜR MÜLLER", "für müller"));
  EXPECT_TRUE(contains_ignoring_case("возврат", "ВОЗВРАТ"));
  EXPECT_TRUE(contains_ignoring_case("Άλφα Ω", "άΛΦΑ ω"));
  EXPECT_TRUE(contains_ignoring_case("ŽLUŤOUČKÝ KŮŇ", "žluťoučký kůň"));
  EXPECT_TRUE(contains_ignoring_case("x", ""));
  EXPECT_FALSE(contains_ignoring_case("ß", "ss"));
  EXPECT_FALSE(contains_ignoring_case("\xc3", "\xc3\xa4"));
}

TEST(Text, NearestFindsASlip) {
  EXPECT_EQ(nearest("durration", {"agent", "duration", "cost"}), "duration");
  EXPECT_EQ(nearest("zzzz", {"agent", "duration"}), "");
}

TEST(Time, ReadsAndWritesRfc3339) {
  EXPECT_EQ(format_time(1'760'000'000'000'000'001), "2025-10-09T08:53:20.000000001Z");
  EXPECT_EQ(parse_time("2025-10-09T08:53:20.000000001Z"), 1'760'000'000'000'000'001);
  EXPECT_EQ(parse_time("2025-10-09T10:53:20+02:00"), 1'760'000'000'000'000'000);
  EXPECT_EQ(parse_time("1970-01-01"), 0);
  EXPECT_EQ(parse_time("2025-13-01"), std::nullopt);
  EXPECT_EQ(parse_time("2025-10-09T08:53:20"), std::nullopt);
  EXPECT_EQ(parse_duration("1.5s"), 1'500'000'000);
  EXPECT_EQ(parse_duration("5"), std::nullopt);
}

TEST(Ids, KnowTheirFourKinds) {
  EXPECT_EQ(to_hex(id_from_text("5B8EFFF798038103D269B633813FC60C")), "5b8efff798038103d269b633813fc60c");
  EXPECT_EQ(id_from_text("5b8efff7-9803-8103-d269-b633813fc60c"),
            id_from_text("trace_5b8efff798038103d269b633813fc60c"));
  EXPECT_NE(id_from_text("run-1"), id_from_text("run-2"));
  EXPECT_EQ(id_from_text("eee19b7ec3c1b174").high, 0U);
  EXPECT_NE(body_hash("k1", "x"), body_hash("k2", "x"));
}

TEST(Money, IsExact) {
  EXPECT_EQ(format_dollars(18'846'000'000), "0.018846");
  EXPECT_EQ(format_dollars(-1), "-0.000000000001");
  EXPECT_EQ(format_dollars(0), "0");
  EXPECT_EQ(parse_dollars("1.5e-6")->pico, 1'500'000);
  EXPECT_EQ(parse_dollars("0.0000000000005")->pico, 0);
  EXPECT_EQ(parse_dollars("0.0000000000015")->pico, 2);
  EXPECT_EQ(parse_dollars("99999999"), std::nullopt);
  EXPECT_EQ(money_from_double(0.1)->pico, 100'000'000'000);
}

TEST(Json, WritesWhatItIsTold) {
  JsonWriter json;
  json.object()
      .field("a", "x\"\n\x01")
      .key("b")
      .array()
      .value(1)
      .null()
      .value(true)
      .end()
      .key("c")
      .object()
      .end()
      .end();
  EXPECT_EQ(json.text(), "{\"a\":\"x\\\"\\n\\u0001\",\"b\":[1,null,true],\"c\":{}}");
}

Result<int> half(int n) {
  if (n % 2 != 0) return fail(ErrorKind::invalid, "{} is odd", n);
  return n / 2;
}
Result<int> quarter(int n) {
  return TRY(half(TRY(half(n))));
}

TEST(Result, TryPassesTheErrorOn) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().what, "3 is odd");
}

}  // namespace
}  // namespace pawl
