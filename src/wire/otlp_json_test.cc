// The walk over JSON: what senders really write, and what somebody hostile would.
#include <simdjson.h>

#include "wire/otlp_testing.h"

namespace pawl::otlp::testing {
namespace {

Result<Counts> walk(std::string_view body, Visitor& visitor, Signal signal = Signal::traces,
                    const Limits& limits = {}) {
  return testing::walk(body, signal, Encoding::json, visitor, limits);
}

std::string spans_json(std::string_view spans) {
  return fmt::format(R"({{"resourceSpans":[{{"scopeSpans":[{{"spans":[{}]}}]}}]}})", spans);
}
std::string span_json(std::string_view more) {
  return fmt::format(R"({{"traceId":"5b8aa5a2d2c872e8321cf37308d69df2","spanId":"051581bf3cb55c13"{}{}}})",
                     more.empty() ? "" : ",", more);
}
std::string attribute_json(std::string_view value) {
  return fmt::format(R"("attributes":[{{"key":"a","value":{}}}])", value);
}
// The text of one attribute's value after a walk; "refused: why" or "error: why" where it went wrong.
std::string value_of(std::string_view json) {
  struct Keep final : Visitor {
    std::string text;
    void span(const Resource&, const Scope&, const Span& span) override { text = to_text(span.attributes[0].value); }
    void refused(std::string_view why) override { text = fmt::format("refused: {}", why); }
  } keep;
  const auto counts = walk(spans_json(span_json(attribute_json(json))), keep);
  return counts ? keep.text : "error: " + counts.error().what;
}

constexpr std::string_view trace_hex = "5b8aa5a2d2c872e8321cf37308d69df2", span_hex = "051581bf3cb55c13";

TEST(OtlpJson, reads_a_span_with_all_its_parts_in_any_order) {
  Lines lines;
  const auto counts = walk(R"( {
    "resourceSpans": [ {
      "scopeSpans": [ {
        "spans": [ {
          "name": "chat", "traceId": "5B8AA5A2D2C872E8321CF37308D69DF2", "spanId": "051581bf3cb55c13",
          "parentSpanId": "eee19b7ec3c1b174", "kind": 3, "startTimeUnixNano": "1544712660000000000",
          "endTimeUnixNano": 1544712661000000000, "flags": 257, "traceState": "x=y",
          "attributes": [ {"key": "n", "value": {"intValue": "12"}}, {"value": {"stringValue": "t\u00e9"}, "key": "s"} ],
          "events": [ {"timeUnixNano": "5", "name": "exception", "attributes": [{"key": "e", "value": {"boolValue": true}}]} ],
          "links": [ {"traceId": "5b8aa5a2d2c872e8321cf37308d69df2", "spanId": "051581bf3cb55c13"} ],
          "status": {"message": "broke", "code": "STATUS_CODE_ERROR"}, "somethingNew": {"x": [1, 2.5e3, null, {}, "\\"]}
        } ],
        "scope": {"version": "1.0", "name": "lib", "attributes": [{"key": "team", "value": {"stringValue": "a"}}]}
      } ],
      "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "s"}}]},
      "schemaUrl": "x"
    } ]
  }
)",
                           lines);
  ASSERT_TRUE(counts) << counts.error().what;
  EXPECT_EQ(lines.reasons, std::vector<std::string>{});
  EXPECT_EQ(lines.visited,
            std::vector<std::string>{
                "5b8aa5a2d2c872e8321cf37308d69df2 051581bf3cb55c13 eee19b7ec3c1b174 'chat' kind=3 "
                "1544712660000000000..1544712661000000000 status=2:broke {n=12 s=té} scope=lib/1.0{team=a} "
                "resource={service.name=s} event=exception@5{e=true} "
                "link=5b8aa5a2d2c872e8321cf37308d69df2/051581bf3cb55c13{}"});
}

TEST(OtlpJson, snake_case_names_and_names_of_enums) {
  Lines lines;
  ASSERT_TRUE(walk(R"({"resource_spans":[{"scope_spans":[{"spans":[{"trace_id":"5b8aa5a2d2c872e8321cf37308d69df2",
    "span_id":"051581bf3cb55c13","start_time_unix_nano":"7","kind":"SPAN_KIND_CLIENT","status":{"code":"ERROR"},
    "attributes":[{"key":"a","value":{"string_value":"x"}}]}]}]}]})",
                   lines));
  ASSERT_EQ(lines.visited.size(), 1U);
  EXPECT_NE(lines.visited[0].find("kind=3 7..0 status=2: {a=x}"), std::string::npos) << lines.visited[0];
}

TEST(OtlpJson, ids_may_be_base64) {
  Lines lines;
  ASSERT_TRUE(walk(spans_json(R"({"traceId":"W4qlotLIcugyHPNzCNad8g==","spanId":"BRWBvzy1XBM="})"), lines));
  ASSERT_EQ(lines.visited.size(), 1U);
  EXPECT_TRUE(lines.visited[0].starts_with(fmt::format("{} {} ", trace_hex, span_hex)));
}

TEST(OtlpJson, refuses_bad_ids_by_name) {
  Lines lines;
  const std::string at = "resourceSpans[0].scopeSpans[0].spans";
  const auto counts =
      walk(spans_json(R"({"traceId":"00000000000000000000000000000000","spanId":"051581bf3cb55c13"},)" + span_json("") +
                      R"(,{"traceId":"5b8aa5a2d2c872e8321cf37308d69df2"},null,7,)" +
                      R"({"traceId":"0123456789abcdef","spanId":"051581bf3cb55c13"},{"traceId":5,"spanId":"x"})"),
           lines);
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->records, 1U);
  EXPECT_EQ(lines.reasons, (std::vector<std::string>{at + "[0].traceId is all zeros", at + "[2].spanId is missing",
                                                     at + "[3] is not an object", at + "[4] is not an object",
                                                     at + "[5].traceId is not 16 bytes (32 hex digits)",
                                                     at + "[6].traceId holds something else where an id belongs"}));
}

TEST(OtlpJson, values_of_every_type) {
  EXPECT_EQ(value_of(R"({"stringValue":"a\"\\\/\b\f\n\r\tz"})"), "a\"\\/\b\f\n\r\tz");
  EXPECT_EQ(value_of(R"({"intValue":"-9223372036854775808"})"), "-9223372036854775808");
  EXPECT_EQ(value_of(R"({"intValue":9223372036854775807})"), "9223372036854775807");
  EXPECT_EQ(value_of(R"({"intValue":1.2e1})"), "12");
  EXPECT_EQ(value_of(R"({"doubleValue":0.1})"), "0.1");
  EXPECT_EQ(value_of(R"({"doubleValue":"0.5"})"), "0.5");
  EXPECT_EQ(value_of(R"({"doubleValue":"NaN"})"), "nan");
  EXPECT_EQ(value_of(R"({"doubleValue":1e999})"), "inf");
  EXPECT_EQ(value_of(R"({"doubleValue":1e-999})"), "0");
  EXPECT_EQ(value_of(R"({"doubleValue":123456789012345678901234567890})"), "1.2345678901234568e+29");
  EXPECT_EQ(value_of(R"({"boolValue":false})"), "false");
  EXPECT_EQ(value_of(R"({"bytesValue":"AAE="})"), "AAE=");
  EXPECT_EQ(value_of(R"({"arrayValue":{"values":[{"stringValue":"x"},{},null,{"intValue":1}]}})"),
            R"(["x",null,null,1])");
  EXPECT_EQ(value_of(R"({"arrayValue":{}})"), "[]");
  EXPECT_EQ(value_of(R"({"kvlistValue":{"values":[{"key":"k","value":{"stringValue":"v"}}]}})"), R"({"k":"v"})");
  EXPECT_EQ(value_of("{}"), "");
  EXPECT_EQ(value_of("null"), "");
  EXPECT_EQ(value_of(R"({"stringValue":null})"), "");
  EXPECT_EQ(value_of(R"({"stringValue":"a","intValue":2})"), "2");
  EXPECT_EQ(value_of(R"({"stringValue":"a","stringValue":"b"})"), "b");
  EXPECT_EQ(value_of(R"({"stringValue":"a","someNewValue":2})"), "a");
}

TEST(OtlpJson, strings_with_nul_and_surrogates) {
  EXPECT_EQ(value_of(R"({"stringValue":"a\u0000b"})"), std::string_view("a\0b", 3));
  EXPECT_EQ(value_of(R"({"stringValue":"\ud83d\ude00"})"), "😀");
  EXPECT_EQ(value_of(R"({"stringValue":"cut \ud83d"})"), "cut \uFFFD");
  EXPECT_EQ(value_of(R"({"stringValue":"\ude00\ud83dx"})"), "\uFFFD\uFFFDx");
  EXPECT_EQ(value_of(R"({"stringValue":"\ud83d\u0041"})"), "\uFFFDA");
  EXPECT_EQ(value_of("{\"stringValue\":\"a\xff\"}"), "a\uFFFD");
  EXPECT_TRUE(value_of("{\"stringValue\":\"a\nb\"}").starts_with("error: ")) << "a bare line end is no JSON";
  EXPECT_TRUE(value_of(R"({"stringValue":"\q"})").starts_with("error: "));
  EXPECT_TRUE(value_of(R"({"stringValue":"\u12g4"})").starts_with("error: "));
}

TEST(OtlpJson, wrong_types_inside_a_span_refuse_that_span) {
  const std::string at = "refused: resourceSpans[0].scopeSpans[0].spans[0].attributes[0].value";
  EXPECT_EQ(value_of(R"("bare")"), at + R"( is not an object such as {"stringValue":"…"})");
  EXPECT_EQ(value_of(R"({"intValue":"x"})"), at + ".intValue holds something else where a 64-bit integer belongs");
  EXPECT_EQ(value_of(R"({"intValue":9223372036854775808})"),
            at + ".intValue holds something else where a 64-bit integer belongs");
  EXPECT_EQ(value_of(R"({"intValue":1.5})"), at + ".intValue holds something else where a 64-bit integer belongs");
  EXPECT_EQ(value_of(R"({"boolValue":"true"})"), at + ".boolValue holds something else where true or false belongs");
  EXPECT_EQ(value_of(R"({"stringValue":["a"]})"), at + ".stringValue holds something else where a string belongs");
  EXPECT_EQ(value_of(R"({"arrayValue":{"values":{}}})"), at + ".arrayValue.values is not an array");
  Lines lines;
  const auto counts = walk(spans_json(span_json(R"("startTimeUnixNano":"2026-01-01")") + "," +
                                      span_json(R"("attributes":{"a":1})") + "," + span_json(R"("name":"kept")")),
                           lines);
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->records, 1U);
  const std::string spans = "resourceSpans[0].scopeSpans[0].spans";
  EXPECT_EQ(lines.reasons, (std::vector<std::string>{
                               spans + "[0].startTimeUnixNano holds something else where a time or count belongs",
                               spans + "[1].attributes is not an array"}));
}

TEST(OtlpJson, wrong_types_outside_of_records_end_the_walk_with_their_path) {
  const auto why = [](std::string_view body) {
    Lines lines;
    const auto counts = walk(body, lines);
    return counts ? std::string("fine") : counts.error().what;
  };
  EXPECT_EQ(why(R"({"resourceSpans":{}})"), "resourceSpans is not an array");
  EXPECT_EQ(why(R"({"resourceSpans":[1]})"), "resourceSpans[0] is not an object");
  EXPECT_EQ(why(R"({"resourceSpans":[{"resource":{"attributes":[{"key":1}]}}]})"),
            "resourceSpans[0].resource.attributes[0].key holds something else where a string belongs");
  EXPECT_EQ(why(R"({"resourceSpans":[{"scopeSpans":[{"scope":[]}]}]})"),
            "resourceSpans[0].scopeSpans[0].scope is not an object");
  EXPECT_EQ(why("[]"), "the body is not an object");
  EXPECT_EQ(why("{}"), "fine");
  EXPECT_EQ(why("\xEF\xBB\xBF{}"), "fine");
  EXPECT_EQ(why(R"({"resourceSpans":null,"other":[{}]})"), "fine");
  EXPECT_EQ(why(R"({"resourceSpans":[{"resource":null,"scopeSpans":null}]})"), "fine");
}

TEST(OtlpJson, what_is_no_json_is_invalid) {
  for (const std::string_view body : {"",
                                      " ",
                                      "null",
                                      "5",
                                      "\"x\"",
                                      "{",
                                      "}",
                                      "{]",
                                      "[}",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{,}",
                                      "{\"a\":1 \"b\":2}",
                                      "{\"a\":tru}",
                                      "{\"a\":nul}",
                                      "{\"a\":01}",
                                      "{\"a\":1.}",
                                      "{\"a\":+1}",
                                      "{\"a\":.5}",
                                      "{\"a\":1e}",
                                      "{\"a\":--1}",
                                      "{\"a\":\"x}",
                                      "{\"a\":'x'}",
                                      "{} {}",
                                      "{}x",
                                      "{}]",
                                      "{\"a\":[1,2}",
                                      "{\"a\":{\"b\":1]}",
                                      "{\"a\":[}]}",
                                      "{a:1}",
                                      "{\"a\":\"x\"y}",
                                      "{\"a\":NaN}",
                                      "{\"a\" \"b\"}",
                                      "{\"a\"::1}",
                                      "{\"a\":[1,,2]}",
                                      "{\"a\":[,]}",
                                      "{1:2}",
                                      "{\"a\":1}}",
                                      "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{]}]}]}",
                                      "{\"resourceSpans\":[{}]",
                                      "\x00\x01"}) {
    Lines lines;
    const auto counts = walk(body, lines);
    ASSERT_FALSE(counts) << body;
    EXPECT_EQ(counts.error().kind, ErrorKind::invalid);
  }
  Lines lines;
  EXPECT_EQ(walk(R"({"resourceSpans":[{"x":[1 2]}]})", lines).error().what.substr(0, 46),
            "the body stops being JSON near byte 26 of 31: ");
}

TEST(OtlpJson, nesting_bombs) {
  Lines lines;
  for (const auto& [open, close] : {std::pair<std::string, std::string>{"[", "]"}, {"{\"a\":", "}"}}) {
    for (const std::size_t levels : {100UL, 1'000UL, 100'000UL}) {
      std::string bomb = "{\"x\":";
      for (std::size_t i = 0; i < levels; ++i) bomb += open;
      const std::string unclosed = bomb;
      bomb += "1";
      for (std::size_t i = 0; i < levels; ++i) bomb += close;
      bomb += "}";
      EXPECT_EQ(walk(bomb, lines).has_value(), levels == 100) << levels;
      EXPECT_FALSE(walk(unclosed, lines));
    }
  }
  std::string value = R"({"stringValue":"deep"})";
  for (int i = 0; i < 70; ++i) value = fmt::format(R"({{"arrayValue":{{"values":[{}]}}}})", value);
  const auto counts = walk(spans_json(span_json(attribute_json(value))), lines);
  ASSERT_TRUE(counts) << counts.error().what;
  EXPECT_EQ(counts->cut, 1U);
  EXPECT_EQ(lines.visited.size(), 1U);
}

TEST(OtlpJson, raw_is_the_text_of_the_element) {
  struct Keep final : Visitor {
    std::string whole, event, first, second, value;
    void span(const Resource&, const Scope&, const Span& read) override {
      whole = read.raw;
      event = read.events[0].raw;
      first = read.attributes[0].raw;
      second = read.attributes[1].raw;
      value = read.attributes[1].value.raw;
    }
  } keep;
  const std::string one = R"({ "key" : "a", "value" : {"stringValue":"x\n"} })", two_value = R"({"kvlistValue":{}})";
  const std::string two = R"({"value":)" + two_value + R"(  ,"key":"b"})", event = R"({"name":"e" })";
  const std::string span = span_json("\"attributes\": [ " + one + " , " + two + "\n] , \"events\":[" + event + "  ]  ");
  ASSERT_TRUE(walk(spans_json("  " + span + "\n"), keep));
  EXPECT_EQ(keep.whole, span);
  EXPECT_EQ(keep.event, event);
  EXPECT_EQ(keep.first, one);
  EXPECT_EQ(keep.second, two);
  EXPECT_EQ(keep.value, two_value);
  std::pmr::monotonic_buffer_resource arena;
  EXPECT_EQ(to_text(parse_key_value(one, arena)->value), "x\n");
  EXPECT_EQ(parse_value(two_value, arena)->type, Value::Type::map);
  EXPECT_EQ(parse_value("null", arena)->type, Value::Type::empty);
}

TEST(OtlpJson, limits_on_records_values_and_text) {
  Lines lines;
  const std::string spans = span_json("") + "," + span_json("") + "," + span_json("");
  EXPECT_EQ(walk(spans_json(spans), lines, Signal::traces, Limits{.records = 2})->refused, 1U);
  const std::string many = span_json(R"("attributes":[{},{},{},{},{}])");
  const auto counts = walk(spans_json(many + "," + span_json("")), lines, Signal::traces, Limits{.values = 4});
  EXPECT_EQ(counts->records, 1U);
  EXPECT_EQ(counts->first_reason,
            "resourceSpans[0].scopeSpans[0].spans[0] holds more values than a record may (limit `values`)");
  EXPECT_FALSE(walk(R"({"resourceSpans":[{"resource":{"attributes":[{},{},{}]}}]})", lines, Signal::traces,
                    Limits{.values = 2}));
  lines.visited.clear();
  const auto cut = walk(spans_json(span_json(attribute_json(R"({"stringValue":"äöü"})"))), lines, Signal::traces,
                        Limits{.attribute_bytes = 5});
  EXPECT_EQ(cut->cut, 1U);
  EXPECT_NE(lines.visited[0].find("{a=äö…}"), std::string::npos);
}

TEST(OtlpJson, reads_log_records) {
  Lines lines;
  ASSERT_TRUE(walk(R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[
    {"timeUnixNano":"0","observedTimeUnixNano":"50","severityNumber":"SEVERITY_NUMBER_WARN2","severityText":"W",
     "eventName":"gen_ai.choice","body":{"kvlistValue":{"values":[{"key":"role","value":{"stringValue":"user"}}]}},
     "traceId":"","spanId":"zz","attributes":[]},
    {"body":null,"severityNumber":9,"eventName":"a line","attributes":[{"key":"event.name","value":{"stringValue":"n"}}]}
    ],"scope":{"name":"lib"}}]}]})",
                   lines, Signal::logs));
  EXPECT_EQ(lines.visited,
            (std::vector<std::string>{
                R"(50/50 severity=14:W event=gen_ai.choice body={"role":"user"} {} trace= span= scope=lib)",
                "0/0 severity=9: event=n body= {event.name=n} trace= span= scope=lib"}));
}

TEST(OtlpJson, reads_the_five_kinds_of_metric) {
  Lines lines;
  ASSERT_TRUE(walk(R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[
    {"gauge":{"dataPoints":[{"timeUnixNano":"2","asInt":"-3"},{"flags":1,"asInt":1}]},"unit":"1","name":"g"},
    {"name":"s","sum":{"dataPoints":[{"startTimeUnixNano":1,"timeUnixNano":2,"asDouble":1.5,
      "attributes":[{"key":"m","value":{"stringValue":"x"}}]}],"isMonotonic":true,"aggregationTemporality":1}},
    {"name":"h","histogram":{"aggregationTemporality":"AGGREGATION_TEMPORALITY_DELTA","dataPoints":[
      {"count":"7","sum":2.5,"bucketCounts":["7","0"],"explicitBounds":[1]}]}},
    {"name":"e","exponentialHistogram":{"dataPoints":[{"count":8,"sum":3.5}]}},
    {"name":"q","summary":{"dataPoints":[{"count":9,"sum":4.5,"quantileValues":[{"quantile":0.5,"value":1}]},
      {"count":"x"}]}}]}]}]})",
                   lines, Signal::metrics));
  EXPECT_EQ(lines.visited,
            (std::vector<std::string>{"g [1] type=0 monotonic=false delta=false 0..2 value=-3 count=0 {}",
                                      "s [] type=1 monotonic=true delta=true 1..2 value=1.5 count=0 {m=x}",
                                      "h [] type=2 monotonic=false delta=true 0..0 value=2.5 count=7 {}",
                                      "e [] type=3 monotonic=false delta=false 0..0 value=3.5 count=8 {}",
                                      "q [] type=4 monotonic=false delta=false 0..0 value=4.5 count=9 {}"}));
  EXPECT_EQ(lines.reasons,
            std::vector<std::string>{"resourceMetrics[0].scopeMetrics[0].metrics[4].summary.dataPoints[1].count "
                                     "holds something else where a time or count belongs"});
}

TEST(OtlpJson, no_cut_or_flip_of_a_body_crashes_and_every_raw_is_json) {
  struct Parses final : Visitor {
    simdjson::dom::parser parser;
    void is_json(std::string_view raw) { EXPECT_EQ(parser.parse(std::string(raw)).error(), simdjson::SUCCESS) << raw; }
    void span(const Resource&, const Scope&, const Span& span) override { is_json(span.raw); }
  } parses;
  const std::string body = spans_json(span_json(
      R"("name":"a\u00e9","kind":3,"x":[1,{"y":null}],"events":[{"name":"e"}],"status":{"code":2},)" +
      attribute_json(R"({"arrayValue":{"values":[{"intValue":"5"},{"kvlistValue":{"values":[{"key":"k"}]}}]}})")));
  ASSERT_EQ(walk(body, parses)->records, 1U);
  for (std::size_t i = 0; i < body.size(); ++i) {
    EXPECT_FALSE(walk(std::string_view(body).substr(0, i), parses));
    for (const char put : {'{', '}', '[', ']', '"', ',', ':', '0', '\\', ' ', 'n', '\0'}) {
      std::string changed = body;
      changed[i] = put;
      static_cast<void>(walk(changed, parses));
    }
  }
}

}  // namespace
}  // namespace pawl::otlp::testing
