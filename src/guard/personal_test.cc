// Personal data, own patterns, and how they are hidden in texts and JSON. Numbers are those that issuers publish for
// tests, or were made with right check digits.
#include <gtest/gtest.h>
#include <simdjson.h>

#include "guard/own_patterns.h"
#include "guard/patterns.h"
#include "guard/secrets.h"

namespace pawl::guard {
namespace {

const SecretScanner& personal() {
  static const SecretScanner scanner(all_personal);
  return scanner;
}

std::string found_in(std::string_view text) {
  std::string out;
  for (const Secret& secret : personal().find(text))
    out +=
        fmt::format("{}{}={}", out.empty() ? "" : " | ", name_of(secret.kind), text.substr(secret.start, secret.size));
  return out;
}

std::string masked(const SecretScanner& scanner, std::string text) {
  Hide hide;
  scanner.mask_json(text, hide);
  return text;
}

TEST(Personal, IsFoundByShapeAndCheckDigits) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {"mail bob.smith+x@mail.example.com, please", "email=bob.smith+x@mail.example.com"},
      {"{\"a\":\"hi\\nbob@example.com\\n\"}", "email=bob@example.com"},
      {"logo@2x.png and git@github.com:a/b, @scope/pkg@1.2.3, a@b, x@y..com", ""},
      {"card 4111 1111 1111 1111.", "card=4111 1111 1111 1111"},
      {"4111-1111-1111-1111", "card=4111-1111-1111-1111"},
      {"4111111111111111", "card=4111111111111111"},
      {"378282246310005 and 3782 822463 10005", "card=378282246310005 | card=3782 822463 10005"},
      {"4111111111111112 is no card", ""},
      {"x4111111111111111 0.4111111111111111", ""},
      {"\"startTimeUnixNano\":\"1763712345678901234\"", ""},
      {"DE89 3704 0044 0532 0130 00, GB82WEST12345698765432",
       "iban=DE89 3704 0044 0532 0130 00 | iban=GB82WEST12345698765432"},
      {"DE88370400440532013000 AB12CDEF34567890", ""},
      {"call +49 30 901820 now", "phone=+49 30 901820"},
      {"+1 (212) 555-0123; (212) 555-0123; 212-555-0123; 212.555.0123",
       "phone=+1 (212) 555-0123 | phone=(212) 555-0123 | phone=212-555-0123 | phone=212.555.0123"},
      {"2026-11-22T07:27:28+01:00, 550e8400-e29b-41d4-a716-446655440000, 1+12", ""},
      {"ssn 219-09-9999, not 000-12-3456 or 123-00-4567", "national_id=219-09-9999"},
      {"cpf 529.982.247-25, not 529.982.247-26 or 111.111.111-11", "national_id=529.982.247-25"},
      {"from 203.0.113.7:8080, not 127.0.0.1, 1.2.3.4.5, 256.1.1.1, v1.2.3", "ip=203.0.113.7"}};
  for (const auto& [text, wanted] : cases) EXPECT_EQ(found_in(text), wanted) << text;
}

TEST(Personal, TwoCardsInOneRunAreBothMasked) {
  EXPECT_EQ(masked(personal(), "4111 1111 1111 1111 5500 0000 0000 0004"),
            std::string(19, '*') + " " + std::string(19, '*'));
}

TEST(Personal, NumbersOfJsonBecomeNines) {
  EXPECT_EQ(masked(personal(), R"({"card":4111111111111111,"b":[ 4111111111111111 ]})"),
            R"({"card":9999999999999999,"b":[ 9999999999999999 ]})");
  EXPECT_EQ(masked(personal(), R"({"value":{"intValue":"4111111111111111"},"c":"4111111111111111"})"),
            R"({"value":{"intValue":"9999999999999999"},"c":"****************"})");
}

TEST(Personal, AnAddressKeepsItsSign) {
  EXPECT_EQ(masked(personal(), "to bob@example.com"), "to ***@***********");
}

TEST(Secrets, ASlashThatJsonEscapesIsPartOfASecret) {
  const SecretScanner scanner(only(SecretKind::cloud_key));
  EXPECT_EQ(masked(scanner, R"({"k":"AccountKey=AbCdEfGhIjKlMnOpQrStUvWxYz01\/3456789AbCdEf=="})"),
            R"({"k":"AccountKey=)" + std::string(45, '*') + R"("})");
}

// ---- own patterns ----

TEST(OwnPatterns, JsonThatIsCutOffIsLookedIntoUpToItsEnd) {
  const SecretScanner scanner(0, {{"ticket", R"(\bT-\d{4}\b)"}});
  EXPECT_EQ(masked(scanner, R"({"a":"T-1234 b)"), R"({"a":"****** b)");
  EXPECT_EQ(masked(scanner, R"({"a":")"), R"({"a":")");
  EXPECT_EQ(masked(scanner, R"({"a":"T-1234\)"), R"({"a":"******\)");
}

TEST(OwnPatterns, InJsonOnlyTextsAndNumbersThatAreNoStructure) {
  const SecretScanner scanner(0, {{"ticket", R"(\bT-\d{4}\b)"}, {"eight", R"(\b\d{8}\b)"}});
  EXPECT_EQ(masked(scanner, R"({"T-1234":"see T-1234","traceId":"12345678","n":12345678,"m":"a\n12345678"})"),
            R"({"T-1234":"see ******","traceId":"12345678","n":99999999,"m":"a\n********"})");
  std::string text = "T-1234, XT-1234";
  EXPECT_EQ(scanner.mask(text), 1U);
  EXPECT_EQ(text, "******, XT-1234");
}

TEST(OwnPatterns, NeverTakeADocumentApart) {
  const SecretScanner greedy(0, {{"all", ".*secret.*"}, {"quotes", "\"[^\"]*\""}, {"ns", "n[a-z]+|0e4"}});
  const std::string json = R"({"a":"the \nnews \"secret\" is \\ \u00e4 ä","b":[1,"secret"],"c":{"d":null}})";
  const std::string out = masked(greedy, json);
  ASSERT_EQ(out.size(), json.size());
  simdjson::dom::parser parser;
  EXPECT_FALSE(parser.parse(out).error()) << out;
  EXPECT_EQ(out.find("secret"), std::string::npos) << out;
}

TEST(OwnPatterns, AreLookedForRoughlyFirst) {
  EXPECT_EQ(rough_pattern(R"(^\bT-\d{4}\b$)"), R"(T-\d{4})");
  EXPECT_EQ(rough_pattern(R"([^$b\]^]\$)"), R"([^$b\]^]\$)");
  EXPECT_EQ(rough_pattern("Müller"), "");
  const SecretScanner scanner(0, {{"a", R"(^start)"}, {"b", "(?i)müller"}});
  std::string text = "start of MÜLLER? no: müller, restart";
  scanner.mask(text);
  EXPECT_EQ(text.substr(0, 5), "*****");
  EXPECT_NE(text.find("restart"), std::string::npos);
  EXPECT_FALSE(SecretScanner(0, {{"a", "^start"}}).may_hold("nothing here"));
}

TEST(OwnPatterns, AreChecked) {
  EXPECT_TRUE(check(OwnPattern{"a", "b+"}));
  EXPECT_FALSE(check(OwnPattern{"a", "b+("}));
  EXPECT_FALSE(check(OwnPattern{"", "b"}));
  EXPECT_FALSE(check(OwnPattern{"a", std::string(longest_own_pattern + 1, 'b')}));
  EXPECT_FALSE(check(OwnPattern{"a", "(a)\\1"}));
}

// ---- sealing ----

TEST(Sealing, AReferenceStandsInTheStars) {
  std::vector<std::string> values;
  const Sealer sealer = [&](const Secret&, std::string_view value, std::size_t room) {
    values.emplace_back(value);
    return std::string("abcdefghijklmnopqrstuv").substr(0, room);
  };
  Hide hide{.sealer = &sealer};
  std::string text = "to bob@example.com, a@b.io; 4111 1111 1111 1111 {\"n\": 4111111111111111}";
  EXPECT_EQ(personal().mask(text, hide), 4U);
  EXPECT_EQ(text, "to *abcdefghijklm*, *@****; *abcdefghijklmnopq* {\"n\": 9999999999999999}");
  EXPECT_EQ(values, (std::vector<std::string>{"bob@example.com", "4111 1111 1111 1111"}));
  EXPECT_EQ(hide.tally.sealed[static_cast<std::size_t>(SecretKind::email)], 1U);
  EXPECT_EQ(hide.tally.masked[static_cast<std::size_t>(SecretKind::email)], 2U);
  const auto found = references_in(text);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].name, "abcdefghijklm");
  EXPECT_EQ(found[0].whole, "*abcdefghijklm*");
  EXPECT_EQ(personal().mask(text, hide), 0U);
}

TEST(Sealing, EmphasisOfMarkdownIsNoReferenceOfFiveLetters) {
  EXPECT_TRUE(references_in("**bold** and *word* and ****").empty());
  EXPECT_EQ(references_in("*k3Fa9Qz2****").at(0).whole, "*k3Fa9Qz2****");
}

TEST(Redact, HidesEverythingKnownInAnAnswer) {
  EXPECT_EQ(redact(R"({"trace_id":"12345678","text":"bob@example.com, T-1"})", {{"t", "T-[0-9]"}}),
            R"({"trace_id":"12345678","text":"***@***********, ***"})");
}

}  // namespace
}  // namespace pawl::guard
