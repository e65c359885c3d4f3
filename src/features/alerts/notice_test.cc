// What each kind of channel is sent, held against the shapes that its makers document; silences and their clocks.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <fstream>
#include <iterator>

#include "base/text.h"
#include "base/time.h"
#include "silences.h"

namespace pawl::alerts {
namespace {

namespace dom = simdjson::dom;

constexpr std::string_view body =
    R"({"type":"alert.firing","timestamp":"2026-11-21T11:45:35Z","data":{"id":"evt_1","project":"default","rule":{"id":)"
    R"("rule_1","name":"cost <spike> & more","version":1,"severity":"page","kind":"anomaly"},"measure":"cost","unit":)"
    R"("USD","filter":"","split":{"agent":"refunds","attr.tenant":"a\"cme"},"value":12.5,"value_text":"$12.50","usual":)"
    R"("$2.90 to $4.10","since":"2026-11-21T11:40:00Z","reason":"","learning":false,"runbook":)"
    R"("https://wiki.example/cost","key":"pawl/default/rule_1/abc","url":"https://pawl.example/alerts/rule_1",)"
    R"("evidence":{"sentence":"94 % of the rise comes from model=gpt-5 tool=search.","release":{"agent":"refunds",)"
    R"("version":"v13","at":"2026-11-21T11:00:00Z"}}}})";

class Payload : public testing::Test {
 protected:
  Payload() : notice_(*read_notice(body)), one_(&notice_, 1) {}
  dom::element parse(const std::string& text) { return parser_.parse(simdjson::padded_string(text)).value(); }
  static std::string at(dom::element from, std::string_view path) {
    return std::string(from.at_pointer(path).get_string().value());
  }
  Notice notice_;
  std::span<const Notice> one_;
  dom::parser parser_;
};

TEST_F(Payload, SlackHasATextAndBlocksAndEscapesThreeCharacters) {
  const auto root = parse(slack_body(one_));
  EXPECT_EQ(at(root, "/text").find('<'), std::string::npos);
  EXPECT_NE(at(root, "/text").find("&lt;spike&gt; &amp; more"), std::string::npos);
  EXPECT_EQ(at(root, "/blocks/0/type"), "header");
  EXPECT_NE(at(root, "/blocks/0/text/text").find("Firing: cost <spike> & more, agent=refunds"), std::string::npos);
  EXPECT_EQ(at(root, "/blocks/1/fields/0/text"), "*Now*\n$12.50");
  EXPECT_EQ(at(root, "/blocks/2/elements/0/url"), "https://pawl.example/alerts/rule_1");
  notice_.name = std::string(5000, 'x') + "ä";
  EXPECT_LE(at(parse(slack_body(one_)), "/blocks/0/text/text").size(), 150u);
}

TEST_F(Payload, SlackNamesTenOfMany) {
  const std::vector<Notice> many(30, notice_);
  const auto root = parse(slack_body(many));
  EXPECT_NE(at(root, "/blocks/0/text/text").find("30 instances"), std::string::npos);
  EXPECT_NE(at(root, "/blocks/1/text/text").find("and 20 more"), std::string::npos);
}

TEST_F(Payload, PagerDutyTriggersAcknowledgesAndResolvesUnderOneKey) {
  const auto root = parse(pagerduty_body(notice_, "0123456789abcdef0123456789abcdef"));
  EXPECT_EQ(at(root, "/event_action"), "trigger");
  EXPECT_EQ(at(root, "/payload/severity"), "critical");
  EXPECT_EQ(at(root, "/payload/source"), "pawl/default");
  EXPECT_EQ(at(root, "/payload/custom_details/agent"), "refunds");
  EXPECT_EQ(at(root, "/links/0/href"), "https://pawl.example/alerts/rule_1");
  const std::string key = at(root, "/dedup_key");
  for (const auto& [type, action] : {std::pair("acknowledged", "acknowledge"), {"resolved", "resolve"}}) {
    notice_.type = type;
    const auto other = parse(pagerduty_body(notice_, "k"));
    EXPECT_EQ(at(other, "/event_action"), action);
    EXPECT_EQ(at(other, "/dedup_key"), key);
    dom::element payload;
    EXPECT_NE(other["payload"].get(payload), simdjson::SUCCESS);
  }
}

TEST_F(Payload, AlertmanagerGetsLabelsThatItTakesAndAnEnd) {
  const std::int64_t now = *parse_time("2026-11-21T11:46:00Z") / second;
  const auto root = parse(alertmanager_body(one_, now));
  EXPECT_EQ(at(root, "/0/labels/attr_tenant"), "a\"cme");
  EXPECT_EQ(at(root, "/0/labels/alertname"), "cost <spike> & more");
  EXPECT_EQ(at(root, "/0/startsAt"), "2026-11-21T11:40:00Z");
  EXPECT_EQ(at(root, "/0/endsAt"), "2026-11-21T11:51:00Z");
  notice_.type = "resolved";
  EXPECT_EQ(at(parse(alertmanager_body(one_, now)), "/0/endsAt"), "2026-11-21T11:45:35Z");
}

TEST_F(Payload, TeamsIsACardAndMattermostAnAttachment) {
  EXPECT_EQ(at(parse(teams_body(one_)), "/attachments/0/content/type"), "AdaptiveCard");
  EXPECT_EQ(at(parse(mattermost_body(one_)), "/attachments/0/title_link"), "https://pawl.example/alerts/rule_1");
}

TEST_F(Payload, AMailSmugglesNoHeader) {
  notice_.name = "x\r\nBcc: everybody@example.com\r\n\r\nhello ü";
  const std::string mail = mail_text(one_, "msg_1", "pawl@example.com", "a@example.com,b@example.com", 1'795'261'535);
  const std::string head = mail.substr(0, mail.find("\r\n\r\n"));
  EXPECT_EQ(head.find("Bcc"), std::string::npos) << head;
  EXPECT_NE(head.find("Message-ID: <msg_1@example.com>"), std::string::npos);
  EXPECT_NE(head.find("Date: Sat, 21 Nov 2026 11:45:35 +0000"), std::string::npos) << head;
  EXPECT_NE(head.find("Auto-Submitted: auto-generated"), std::string::npos);
  EXPECT_EQ(mail.find('\n'), mail.find("\r\n") + 1);
  for (const auto line : split(mail, '\n')) EXPECT_LE(line.size(), 200u);
}

TEST(Notice, WhatIsNoneIsRefused) {
  for (const auto text : {"", "{}", "[1]", R"({"type":"x"})", "{\"type\":\"alert.x\""}) EXPECT_FALSE(read_notice(text));
}

std::string mistake(std::string_view json) {
  const auto silence = read_silence(json, 1000);
  return silence ? "none" : silence.error().what;
}

TEST(Silence, SaysWhatIsWrong) {
  EXPECT_EQ(mistake(R"({"matchers":[{"name":"agent","value":"x"}],"for":"2h","why":"y"})"), "none");
  EXPECT_NE(mistake(R"({"for":"2h","why":"y"})").find("matchers"), std::string::npos);
  EXPECT_NE(mistake(R"({"matchers":[{"name":"agent","value":"x"}],"why":"y"})").find("\"to\""), std::string::npos);
  EXPECT_NE(mistake(R"({"matchers":[{"name":"agent","value":"x"}],"for":"2h"})").find("why"), std::string::npos);
  EXPECT_NE(mistake(R"({"matchers":[{"name":"agent","op":"=~","value":"("}],"for":"2h","why":"y"})"), "none");
  EXPECT_NE(mistake(R"({"matchers":[{"name":"agent","op":">","value":"1"}],"for":"2h","why":"y"})").find("op"),
            std::string::npos);
  EXPECT_NE(
      mistake(R"({"matchers":[{"name":"a","value":"x"}],"why":"y","weekly":{"days":["someday"]}})").find("someday"),
      std::string::npos);
}

TEST(Silence, AWindowOverMidnightBelongsToTheDayItBegins) {
  const auto silence = read_silence(
      R"({"matchers":[{"name":"rule","op":"=~","value":".*"}],"why":"backups","weekly":{"days":["sat"],"from":"22:00",)"
      R"("to":"04:00","timezone":"Europe/Berlin"}})",
      0);
  ASSERT_TRUE(silence) << silence.error().what;
  const auto holds = [&](std::string_view at) { return silence->in_force(*parse_time(at) / second); };
  EXPECT_FALSE(holds("2026-11-21T20:59:59Z"));
  EXPECT_TRUE(holds("2026-11-21T21:00:00Z")) << "22:00 in Berlin, a Saturday";
  EXPECT_TRUE(holds("2026-11-22T02:59:59Z"));
  EXPECT_FALSE(holds("2026-11-22T03:00:00Z"));
  EXPECT_FALSE(holds("2026-11-22T21:30:00Z")) << "a Sunday";
  EXPECT_TRUE(holds("2026-07-18T20:00:00Z")) << "summer time";
}

TEST(Silence, MatchesRuleByIdOrNameAndWhatIsSplitBy) {
  const auto notice = *read_notice(body);
  const auto mutes = [&](std::string_view matchers) { return stored_silence(matchers, "")->mutes(notice); };
  EXPECT_TRUE(mutes(R"([{"name":"rule","op":"=","value":"rule_1"}])"));
  EXPECT_TRUE(mutes(R"([{"name":"rule","op":"=","value":"cost <spike> & more"}])"));
  EXPECT_FALSE(mutes(R"([{"name":"rule","op":"!=","value":"rule_1"}])"));
  EXPECT_TRUE(mutes(R"([{"name":"agent","op":"=~","value":"ref.*"},{"name":"severity","op":"=","value":"page"}])"));
  EXPECT_FALSE(mutes(R"([{"name":"agent","op":"=~","value":"ref"}])")) << "whole values";
  EXPECT_FALSE(mutes(R"([{"name":"model","op":"=~","value":".+"}])")) << "it is not split by model";
}

TEST(Value, IsWrittenAsPeopleReadIt) {
  EXPECT_EQ(value_text(12.5, "USD"), "$12.50");
  EXPECT_EQ(value_text(.0042, "USD"), "$0.0042");
  EXPECT_EQ(value_text(.053, "ratio"), "5.3 %");
  EXPECT_EQ(value_text(1240, "ms"), "1.24 s");
  EXPECT_EQ(value_text(31, "calls"), "31 calls");
  EXPECT_EQ(value_text(std::nan(""), "USD"), "");
}

}  // namespace
}  // namespace pawl::alerts
