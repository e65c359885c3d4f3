// Which texts hold secrets, and what masking leaves. No example here was ever a key: all are put together.
#include "guard/secrets.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include "base/rng.h"
#include "base/text.h"
#include "guard/secrets_rules.h"
#include "wire/protobuf.h"

namespace pawl::guard {
namespace {

// `size` characters of `set` that look random: a digit and a letter among them where the set has both.
std::string made(chars::Set set, std::size_t size, std::uint64_t seed = 1) {
  std::string alphabet;
  for (int c = 33; c < 127; ++c) {
    if (chars::in(set, static_cast<char>(c)) && c != '=' && c != '/') alphabet += static_cast<char>(c);
  }
  SeededRandom random(seed);
  std::string out;
  while (out.size() < size) out += alphabet[static_cast<std::size_t>(random.below(alphabet.size()))];
  if (size >= 2 && (set & chars::digit) != 0) out[size / 2] = '7';  // as rows that ask for both kinds want it
  if (size >= 2 && (set & (chars::upper | chars::lower)) != 0) out[0] = (set & chars::upper) != 0 ? 'Q' : 'q';
  return out;
}

const SecretScanner& certain() {
  static const SecretScanner scanner(certain_secrets);
  return scanner;
}
const SecretScanner& all() {
  static const SecretScanner scanner(all_secrets);
  return scanner;
}

std::string masked(const SecretScanner& scanner, std::string text) {
  scanner.mask(text);
  return text;
}

std::string found_in(const SecretScanner& scanner, std::string_view text) {
  std::string out;
  for (const Secret& secret : scanner.find(text)) {
    out += fmt::format("{}{}={}", out.empty() ? "" : " ", secret.name, text.substr(secret.start, secret.size));
  }
  return out;
}

TEST(Secrets, EveryRuleIsFoundAndKeepsItsPrefix) {
  for (const SecretRule& rule : secret_rules()) {
    for (const std::size_t size : {std::size_t{rule.least}, std::size_t{rule.most}}) {
      const std::string body = made(rule.body, size);
      for (const auto& [before, after] : {std::pair<std::string, std::string>{"", ""},
                                          {"key: ", ", next"},
                                          {"{\"k\":\"", "\"}"},
                                          {"a\\n", "\\n"},
                                          {"\\u0022", "\\u0022"},
                                          {"ä", " ä"}}) {
        const std::string text = before + std::string(rule.prefix) + body + after;
        EXPECT_EQ(found_in(certain(), text), fmt::format("{}={}", rule.name, body)) << text;
        EXPECT_EQ(masked(certain(), text), before + std::string(rule.prefix) + std::string(size, '*') + after);
      }
    }
  }
}

TEST(Secrets, WhatOnlyLooksLikeOneIsLeft) {
  const std::string letters = made(chars::lower, 60);
  for (const std::string& text : std::vector<std::string>{
           "the task-0a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b is done",
           "sk-learn-pipeline-version-2-with-a-long-name-12345",
           "sk-" + letters,
           "AKIA" + made(chars::upper | chars::digit, 17),
           "AKIA" + made(chars::upper | chars::digit, 15),
           "Bearer of the good news of the day",
           "bearer authentication-is-required-here",
           "basic understanding-of-the-thing",
           "Basic " + made(chars::alnum, 24),
           "https://example.com/path@2x.png?a=b:c@d",
           "http://user@host/",
           "eyJ is how a token begins. eyJhbGciOi.but not this",
           "-----BEGIN CERTIFICATE-----\n" + made(chars::alnum, 64),
           "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----",
           "ghp_short",
           "",
           "s",
           "sk",
           "sk-",
       }) {
    EXPECT_EQ(found_in(certain(), text), "") << text;
    EXPECT_EQ(masked(certain(), text), text);
  }
}

TEST(Secrets, TokensAndPasswordsAreFound) {
  const std::string part = made(chars::url, 40);
  const std::string jwt = "eyJ" + made(chars::alnum, 20) + ".eyJ" + part + "." + made(chars::url, 43);
  EXPECT_EQ(masked(certain(), "jwt " + jwt + " end"),
            "jwt " + jwt.substr(0, 24) + std::string(jwt.size() - 24, '*') + " end");
  EXPECT_EQ(masked(certain(), "Authorization: Bearer " + part + "\r\n"),
            "Authorization: Bearer " + std::string(40, '*') + "\r\n");
  EXPECT_EQ(masked(certain(), R"({"authorization":"bearer )" + part + "\"}"),
            R"({"authorization":"bearer )" + std::string(40, '*') + "\"}");
  const std::string basic = to_base64("someone:" + made(chars::alnum, 12));
  EXPECT_EQ(masked(certain(), "Basic " + basic), "Basic " + std::string(basic.size(), '*'));
  EXPECT_EQ(masked(certain(), "postgres://app:s3cr3t%21@db:5432/x, redis://:hunter2@r"),
            "postgres://app:*********@db:5432/x, redis://:*******@r");
}

TEST(Secrets, APrivateKeyLosesItsBodyAndKeepsItsLines) {
  const std::string line = made(chars::alnum | chars::base64, 64);
  const std::string pem =
      "-----BEGIN RSA PRIVATE KEY-----\n" + line + "\n" + line + "\n-----END RSA PRIVATE KEY-----\n";
  const std::string stars(64, '*');
  EXPECT_EQ(masked(certain(), pem),
            "-----BEGIN RSA PRIVATE KEY-----\n" + stars + "\n" + stars + "\n-----END RSA PRIVATE KEY-----\n");
  const std::string json = R"({"key":"-----BEGIN PRIVATE KEY-----\n)" + line + R"(\n\/)" + line +
                           R"(\u000a-----END PRIVATE KEY-----\n","n":1})";
  EXPECT_EQ(masked(certain(), json), R"({"key":"-----BEGIN PRIVATE KEY-----\n)" + stars + R"(\n\/)" + stars +
                                         R"(\u000a-----END PRIVATE KEY-----\n","n":1})");
  const std::string cut_off = "-----BEGIN EC PRIVATE KEY-----\\n" + line;
  EXPECT_EQ(masked(certain(), cut_off), "-----BEGIN EC PRIVATE KEY-----\\n" + stars);
}

TEST(Secrets, ValuesBehindTellingNamesAreFoundOnlyWhereAskedFor) {
  const std::string value = made(chars::alnum | chars::base64, 40);
  for (const std::string& before : std::vector<std::string>{
           "AWS_SECRET_ACCESS_KEY=", "export OPENAI_API_KEY='", R"({"api_key": ")", R"({\"clientSecret\":\")",
           "password: ", "secretAccessKey => ", "x-api-key: ", "aws_session_token = \""}) {
    EXPECT_EQ(found_in(certain(), before + value), "") << before;
    EXPECT_EQ(masked(all(), before + value), before + std::string(40, '*')) << before;
  }
  for (const std::string_view harmless :
       {"password: must be at least 8 characters", "api_key=os.environ", "api_key=${KEY_12345678}",
        "token_count: 12345678", "password=\"********\"", "access_token: null", "\"pwd\": \"aaaaaaaa1\""}) {
    EXPECT_EQ(found_in(all(), harmless), "") << harmless;
  }
  const std::string both = "api_key=sk-proj-" + made(chars::alnum, 48);
  EXPECT_EQ(masked(all(), both), "api_key=" + std::string(56, '*'));
  EXPECT_EQ(masked(certain(), both), "api_key=sk-proj-" + std::string(48, '*'));
}

TEST(Secrets, OnlyTheKindsThatWereAskedForAreFound) {
  const SecretScanner own(only(SecretKind::pawl_key));
  const std::string text = "pawl_sk_" + made(chars::alnum, 43) + " ghp_" + made(chars::alnum, 36);
  ASSERT_EQ(own.find(text).size(), 1U);
  EXPECT_EQ(own.find(text)[0].kind, SecretKind::pawl_key);
  EXPECT_EQ(SecretScanner(0).find(text).size(), 0U);
  EXPECT_EQ(certain().find(text).size(), 2U);
}

// Random texts of secrets, pieces of them and other things: what masking promises holds for all.
TEST(Secrets, MaskingKeepsLengthJsonAndIsDoneOnce) {
  SeededRandom random(11);
  std::vector<std::string> pieces = {" ",
                                     "\n",
                                     "\"",
                                     "\\",
                                     "ä",
                                     "Bearer ",
                                     "basic ",
                                     "://",
                                     ":",
                                     "@",
                                     "eyJ",
                                     ".",
                                     "-----",
                                     "password=",
                                     "{",
                                     "}",
                                     "sk-",
                                     "**",
                                     "-----BEGIN PRIVATE KEY-----",
                                     "-----END",
                                     "api_key: ",
                                     "\\n",
                                     "\\u0041"};
  for (const SecretRule& rule : secret_rules()) pieces.emplace_back(rule.prefix);
  for (int round = 0; round < 4'000; ++round) {
    std::string text;
    while (random.below(12) != 0) {
      text += random.below(3) == 0 ? made(chars::alnum | chars::base64 | chars::dash, random.below(60), random.next())
                                   : pieces[static_cast<std::size_t>(random.below(pieces.size()))];
    }
    const std::string json = "{\"k\":" + std::string("\"") + text + "\"}";
    const std::string plain = masked(all(), text);
    ASSERT_EQ(plain.size(), text.size());
    ASSERT_EQ(all().find(plain).size(), 0U) << text << "\n" << plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
      ASSERT_TRUE(plain[i] == text[i] || plain[i] == '*') << text;
      ASSERT_TRUE(plain[i] == text[i] || (text[i] != '"' && text[i] != '\\' && (text[i] & 0x80) == 0)) << text;
    }
    simdjson::dom::parser parser;
    const bool valid = !parser.parse(json).error();
    ASSERT_EQ(!parser.parse(masked(all(), json)).error(), valid) << json;
  }
}

// ---- OTLP ----

void attribute(protobuf::Writer& parent, std::uint32_t field, const std::string& key, const std::string& text) {
  protobuf::Writer pair(parent, field);
  pair.add_string(1, key);
  protobuf::Writer value(pair, 2);
  value.add_string(1, text);
}

std::string request(const std::string& secret) {
  std::string body;
  protobuf::Writer root(body);
  protobuf::Writer resource_spans(root, 1);
  {
    protobuf::Writer resource(resource_spans, 1);
    attribute(resource, 1, "env", secret);
  }
  protobuf::Writer scope_spans(resource_spans, 2);
  for (int i = 0; i < 3; ++i) {
    protobuf::Writer span(scope_spans, 2);
    span.add_bytes(1, "0123456789abcdef");
    span.add_string(5, "call " + secret);
    attribute(span, 9, "a", secret);  // the tag of the next one is 'J', which could belong to a key
    attribute(span, 9, "b", "says " + secret + "!");
    {
      protobuf::Writer pair(span, 9);
      pair.add_string(1, "list");
      protobuf::Writer value(pair, 2);
      protobuf::Writer array(value, 5);
      protobuf::Writer item(array, 1);
      item.add_string(1, secret);
    }
    span.add_uint32(10, 1);
    protobuf::Writer event(span, 11);
    event.add_fixed64(1, 7);
    attribute(event, 3, "exception.message", secret);
  }
  return body;
}

TEST(MaskOtlp, EveryTextLosesItsSecretAndTheMessageItsNothing) {
  const std::string secret = "ghp_" + made(chars::alnum, 40);
  const std::string hidden = "ghp_" + std::string(40, '*');
  std::string body = request(secret);
  const auto count = mask_otlp(body, Signal::traces, certain());
  ASSERT_TRUE(count) << count.error().what;
  EXPECT_EQ(*count, 1U + 3 * 5);
  EXPECT_EQ(body, request(hidden));
  EXPECT_EQ(*mask_otlp(body, Signal::traces, certain()), 0U);
}

TEST(Secrets, MayHoldPassesNothingOver) {
  SeededRandom random(9);
  for (const SecretRule& rule : secret_rules()) {
    std::string body;
    for (int i = 0; i < 60; ++i) body += static_cast<char>(random.next());
    body += std::string(rule.prefix) + made(rule.body, rule.least) + "J";  // a byte that could go on
    EXPECT_TRUE(certain().may_hold(body)) << rule.prefix;
  }
  const SecretScanner few(default_secrets);
  EXPECT_FALSE(few.may_hold("the risk-task-manager asks: sk-learn or sk-image? ask-me-anything-about-it"));
  EXPECT_FALSE(few.may_hold(std::string(10'000, 'x')));
  EXPECT_FALSE(SecretScanner(0).may_hold("sk-" + made(chars::alnum, 48)));
}

TEST(Kinds, SettingsAreWords) {
  EXPECT_EQ(to_text(default_secrets), "model_key,cloud_key,pawl_key,private_key");
  EXPECT_EQ(parse_kinds(" token , cloud_key,").value(), only(SecretKind::token) | only(SecretKind::cloud_key));
  EXPECT_EQ(parse_kinds("").value(), 0);
  const auto wrong = parse_kinds("model_key,tokens");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().what.find("tokens"), std::string::npos);
  for (const auto& one : secret_kind_table()) {
    EXPECT_EQ(parse_kinds(one.name).value(), only(one.kind));
    EXPECT_EQ(name_of(one.kind), one.name);
  }
}

TEST(MaskOtlp, BrokenBytesAreRefused) {
  std::string body = request("ghp_" + made(chars::alnum, 40));
  body.resize(body.size() - 3);
  EXPECT_FALSE(mask_otlp(body, Signal::traces, certain()));
  std::string empty;
  EXPECT_EQ(*mask_otlp(empty, Signal::logs, certain()), 0U);
}

}  // namespace
}  // namespace pawl::guard
