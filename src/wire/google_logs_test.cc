// Pushes of Pub/Sub: what of an entry goes where, repeats, and what is none.
#include "wire/google_logs.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/text.h"

namespace pawl {
namespace {

std::string push(std::string_view entry, std::string_view id = "1") {
  return fmt::format(R"({{"message":{{"data":"{}","messageId":"{}","publishTime":"2026-11-21T11:08:2{}Z"}},)"
                     R"("subscription":"projects/p/subscriptions/s"}})",
                     to_base64(entry), id, id);
}

std::string made(std::string_view body) {
  const auto out = otlp_of_google_push(body);
  return out ? *out : "error: " + out.error().what;
}

constexpr std::string_view entry =
    R"({"logName":"projects/p/logs/adk-otel","insertId":"i1","timestamp":"2026-11-21T11:08:23.505533125Z",)"
    R"("receiveTimestamp":"2026-11-21T11:08:24Z","severity":"WARNING",)"
    R"("trace":"projects/p/traces/7C22F8E37F636D49E684CEFC586C42FB","spanId":"6c8df260069ea7df","traceSampled":true,)"
    R"("resource":{"type":"cloud_run_revision","labels":{"service_name":"support","location":"global","zone":""}},)"
    R"("labels":{"event.name":"gen_ai.client.inference.operation.details","user.id":"user-7"},)"
    R"("jsonPayload":{"content":"hi","n":3,"deep":[true,1.5,null]},"httpRequest":{"status":200}})";

TEST(GoogleLogs, AnEntryBecomesARecord) {
  EXPECT_EQ(made(push(entry)),
            R"({"resourceLogs":[{"resource":{"attributes":[)"
            R"({"key":"gcp.resource_type","value":{"stringValue":"cloud_run_revision"}},)"
            R"({"key":"gcp.service_name","value":{"stringValue":"support"}},)"
            R"({"key":"gcp.location","value":{"stringValue":"global"}},)"
            R"({"key":"service.name","value":{"stringValue":"support"}}]},"scopeLogs":[{"logRecords":[{)"
            R"("timeUnixNano":"1795259303505533125","observedTimeUnixNano":"1795259304000000000","severityNumber":13,)"
            R"("severityText":"WARNING","eventName":"gen_ai.client.inference.operation.details",)"
            R"("traceId":"7c22f8e37f636d49e684cefc586c42fb","spanId":"6c8df260069ea7df",)"
            R"("body":{"kvlistValue":{"values":[{"key":"content","value":{"stringValue":"hi"}},)"
            R"({"key":"n","value":{"intValue":"3"}},{"key":"deep","value":{"arrayValue":{"values":[{"boolValue":true},)"
            R"({"doubleValue":1.5},{}]}}}]}},"attributes":[)"
            R"({"key":"event.name","value":{"stringValue":"gen_ai.client.inference.operation.details"}},)"
            R"({"key":"user.id","value":{"stringValue":"user-7"}},)"
            R"({"key":"gcp.httpRequest","value":{"stringValue":"{\"status\":200}"}},)"
            R"({"key":"log.record.uid","value":{"stringValue":"i1"}},)"
            R"({"key":"gcp.log_name","value":{"stringValue":"projects/p/logs/adk-otel"}},)"
            R"({"key":"pawl.pushed_by","value":{"stringValue":"pubsub"}}]}]}]}]})");
}

TEST(GoogleLogs, ARedeliveryIsTheSameRecord) {
  EXPECT_EQ(made(push(entry, "1")), made(push(entry, "2")));
  EXPECT_EQ(made(push(entry)), made(entry)) << "payload unwrapping";
}

TEST(GoogleLogs, TheLogNameMayBeTheEvent) {
  const auto out = made(R"({"logName":"projects/p/logs/gen_ai.user%2Emessage","textPayload":"hi"})");
  EXPECT_NE(out.find(R"("eventName":"gen_ai.user.message")"), std::string::npos) << out;
}

TEST(GoogleLogs, IdsThatAreNoneAreKeptAsAttributes) {
  const auto out = made(R"({"logName":"l","trace":"projects/p/traces/xyz","spanId":"12"})");
  EXPECT_EQ(out.find("traceId"), std::string::npos);
  EXPECT_NE(out.find(R"({"key":"gcp.trace","value":{"stringValue":"projects/p/traces/xyz"}})"), std::string::npos);
  EXPECT_NE(out.find(R"({"key":"gcp.span_id","value":{"stringValue":"12"}})"), std::string::npos);
}

TEST(GoogleLogs, WhatIsNoneIsNamed) {
  EXPECT_TRUE(made("{").starts_with("error: The body is no JSON"));
  EXPECT_EQ(made("[]"), "error: The body must be a JSON object.");
  EXPECT_TRUE(made("{}").starts_with("error: The body is neither a push of Pub/Sub"));
  EXPECT_EQ(made(R"({"message":{"data":"?"}})"), "error: message.data is no base64.");
  EXPECT_TRUE(made(R"({"message":{"attributes":{}}})").starts_with("error: message.data is empty"));
  EXPECT_TRUE(made(push("nope")).starts_with("error: The log entry in message.data is no JSON"));
  EXPECT_TRUE(made(push("{}")).starts_with("error: message.data holds no log entry"));
}

}  // namespace
}  // namespace pawl
