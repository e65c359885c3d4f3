// The walk over protobuf: order of fields, hostile bytes, limits, and every recorded body.
#include "wire/otlp.h"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "wire/compress.h"
#include "wire/otlp_testing.h"

namespace pawl::otlp::testing {
namespace {

Result<Counts> walk(const Message& body, Visitor& visitor, Signal signal = Signal::traces, const Limits& limits = {}) {
  return testing::walk(body.bytes(), signal, Encoding::protobuf, visitor, limits);
}

Message full_span() {
  return plain_span()
      .text(4, "PARENT01")
      .text(3, "ot=th:8")
      .number(6, 3)
      .message(9, attribute("gen_ai.request.model", "gpt-5"))
      .message(11, Message().fixed(1, 150).text(2, "exception").message(3, attribute("exception.type", "E")))
      .message(13, Message().text(1, trace_id).text(2, "LINKED01").message(4, attribute("why", "retry")))
      .message(15, Message().text(2, "it broke").number(3, 2))
      .message(9, attribute("gen_ai.usage.input_tokens", Message().number(3, 12)));
}

constexpr std::string_view full_line =
    "30313233343536373839616263646566 4142434445464748 504152454e543031 'chat' kind=3 100..200 status=2:it broke "
    "{gen_ai.request.model=gpt-5 gen_ai.usage.input_tokens=12} scope=lib/1.0{team=a} resource={service.name=s} "
    "event=exception@150{exception.type=E} link=30313233343536373839616263646566/4c494e4b45443031{why=retry}";

TEST(OtlpProtobuf, reads_a_span_with_all_its_parts) {
  Lines lines;
  const Message scope = Message().text(1, "lib").text(2, "1.0").message(3, attribute("team", "a"));
  const Message resource = Message().message(1, attribute("service.name", "s"));
  const auto counts =
      walk(Message().message(
               1, Message().message(1, resource).message(2, Message().message(1, scope).message(2, full_span()))),
           lines);
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->records, 1U);
  EXPECT_EQ(counts->first_reason, "");
  EXPECT_EQ(lines.visited, std::vector<std::string>{std::string(full_line)});
}

TEST(OtlpProtobuf, resource_and_scope_may_come_last_and_in_pieces) {
  Lines lines;
  const Message scoped = Message()
                             .message(2, full_span())
                             .message(1, Message().message(3, attribute("team", "a")).text(1, "other"))
                             .message(1, Message().text(2, "1.0").text(1, "lib"));
  const Message body = Message().message(
      1, Message().message(2, scoped).message(1, Message().message(1, attribute("service.name", "s"))));
  ASSERT_TRUE(walk(body, lines));
  EXPECT_EQ(lines.visited, std::vector<std::string>{std::string(full_line)});
}

TEST(OtlpProtobuf, raw_views_are_the_received_bytes) {
  struct Keep final : Visitor {
    std::string whole, event, key_value, value;
    void span(const Resource&, const Scope&, const Span& read) override {
      whole = read.raw;
      event = read.events[0].raw;
      key_value = read.attributes[0].raw;
      value = read.attributes[0].value.raw;
    }
  } keep;
  ASSERT_TRUE(walk(request_of(full_span()), keep));
  EXPECT_EQ(keep.whole, full_span().bytes());
  EXPECT_EQ(keep.event,
            Message().fixed(1, 150).text(2, "exception").message(3, attribute("exception.type", "E")).bytes());
  EXPECT_EQ(keep.key_value, attribute("gen_ai.request.model", "gpt-5").bytes());
  EXPECT_EQ(keep.value, text_value("gpt-5").bytes());
  std::pmr::monotonic_buffer_resource arena;
  const auto again = parse_key_value(keep.key_value, arena);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->key, "gen_ai.request.model");
  EXPECT_EQ(to_text(again->value), "gpt-5");
  EXPECT_EQ(to_text(parse_value(keep.value, arena).value()), "gpt-5");
}

TEST(OtlpProtobuf, refuses_bad_ids_and_visits_the_neighbours) {
  Lines lines;
  const Message spans = Message()
                            .message(2, Message().text(1, std::string(16, '\0')).text(2, span_id))
                            .message(2, plain_span("kept"))
                            .message(2, Message().text(1, trace_id))
                            .message(2, Message().text(1, "short").text(2, span_id))
                            .message(2, plain_span().text(4, "short"))
                            .message(2, plain_span("root").text(4, std::string(8, '\0')));
  const auto counts = walk(Message().message(1, Message().message(2, spans)), lines);
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->records, 2U);
  EXPECT_EQ(counts->refused, 4U);
  EXPECT_EQ(counts->first_reason, "resourceSpans[0].scopeSpans[0].spans[0].traceId is all zeros (and 3 more refused)");
  const std::string at = "resourceSpans[0].scopeSpans[0].spans";
  EXPECT_EQ(lines.reasons, (std::vector<std::string>{at + "[0].traceId is all zeros", at + "[2].spanId is missing",
                                                     at + "[3].traceId is not 16 bytes (32 hex digits)",
                                                     at + "[4].parentSpanId is not 8 bytes (16 hex digits)"}));
  ASSERT_EQ(lines.visited.size(), 2U);
  EXPECT_NE(lines.visited[1].find("4142434445464748  'root'"), std::string::npos) << "a parent of zeros is none";
}

TEST(OtlpProtobuf, wrong_wire_types_are_unknown_fields) {
  Lines lines;
  ASSERT_TRUE(walk(request_of(plain_span().text(6, "kind").number(9, 1).number(5, 7).fixed(1, 1)), lines));
  ASSERT_EQ(lines.visited.size(), 1U);
  EXPECT_NE(lines.visited[0].find("'chat' kind=0"), std::string::npos);
  EXPECT_TRUE(walk(Message().number(1, 5), lines)->records == 0);
}

TEST(OtlpProtobuf, damage_ends_the_walk_with_the_byte_where_it_is) {
  Lines lines;
  std::string body = request_of(plain_span()).bytes();
  body += '\x0a';
  body += '\x7f';  // says 127 bytes follow
  const auto counts = testing::walk(body, Signal::traces, Encoding::protobuf, lines);
  ASSERT_FALSE(counts);
  EXPECT_EQ(counts.error().kind, ErrorKind::invalid);
  EXPECT_NE(counts.error().what.find(fmt::format("at byte {} of {}", body.size() - 2, body.size())), std::string::npos)
      << counts.error().what;
  EXPECT_EQ(lines.visited.size(), 1U) << "what came before was visited";
}

TEST(OtlpProtobuf, no_cut_or_flip_of_a_body_crashes) {
  const std::string body = request_of(full_span()).bytes();
  for (std::size_t i = 0; i < body.size(); ++i) {
    Lines lines;
    static_cast<void>(testing::walk(std::string_view(body).substr(0, i), Signal::traces, Encoding::protobuf, lines));
    for (const char flip : {'\x01', '\x7f', '\xff', '\x80'}) {
      std::string flipped = body;
      flipped[i] = static_cast<char>(flipped[i] ^ flip);
      for (const Signal signal : {Signal::traces, Signal::logs, Signal::metrics}) {
        static_cast<void>(testing::walk(flipped, signal, Encoding::protobuf, lines));
      }
    }
  }
}

TEST(OtlpProtobuf, an_empty_body_is_an_empty_request) {
  Lines lines;
  EXPECT_EQ(testing::walk("", Signal::traces, Encoding::protobuf, lines)->records, 0U);
}

TEST(OtlpProtobuf, names_are_repaired_and_text_is_as_received) {
  Lines lines;
  const Message span = plain_span("na\xffme").message(9, attribute("k\xc3", "v\xff"));
  struct Keep final : Visitor {
    std::string name, key, text;
    void span(const Resource&, const Scope&, const Span& read) override {
      name = read.name;
      key = read.attributes[0].key;
      text = read.attributes[0].value.text;
    }
  } keep;
  ASSERT_TRUE(walk(request_of(span), keep));
  EXPECT_EQ(keep.name, "na\uFFFDme");
  EXPECT_EQ(keep.key, "k\uFFFD");
  EXPECT_EQ(keep.text, "v\xff");
}

TEST(OtlpProtobuf, long_text_is_cut_at_a_character) {
  Lines lines;
  const Limits limits{.attribute_bytes = 4};
  const auto counts = walk(request_of(plain_span()
                                          .message(9, attribute("a", "äöü"))
                                          .message(9, attribute("b", "abcd"))
                                          .message(9, attribute("c", Message().text(7, "12345")))),
                           lines, Signal::traces, limits);
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->cut, 2U);
  EXPECT_NE(lines.visited[0].find("{a=äö… b=abcd c=MTIzNA==…}"), std::string::npos) << lines.visited[0];
}

TEST(OtlpProtobuf, deep_nesting_is_cut_and_marked) {
  Message value = text_value("deep");
  for (int i = 0; i < 1500; ++i) {
    value = i % 2 == 0 ? Message().message(5, Message().message(1, value))
                       : Message().message(6, Message().message(1, attribute("k", value)));
  }
  Lines lines;
  const auto counts = walk(request_of(plain_span().message(9, attribute("a", value))), lines);
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->records, 1U);
  EXPECT_EQ(counts->cut, 1U);
}

TEST(OtlpProtobuf, a_record_with_too_many_values_is_refused) {
  Lines lines;
  Message span = plain_span();
  for (int i = 0; i < 11; ++i) span.message(9, Message());
  const Message spans = Message().message(2, span).message(2, plain_span("kept"));
  const auto counts =
      walk(Message().message(1, Message().message(2, spans)), lines, Signal::traces, Limits{.values = 10});
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->records, 1U);
  EXPECT_EQ(counts->refused, 1U);
  EXPECT_EQ(counts->first_reason,
            "resourceSpans[0].scopeSpans[0].spans[0] holds more values than a record may (limit `values`)");
  Message resource;
  for (int i = 0; i < 11; ++i) resource.message(1, Message());
  EXPECT_FALSE(walk(Message().message(1, Message().message(1, resource)), lines, Signal::traces, Limits{.values = 10}));
}

TEST(OtlpProtobuf, records_beyond_the_limit_are_refused) {
  Lines lines;
  Message spans;
  for (int i = 0; i < 5; ++i) spans.message(2, plain_span());
  const auto counts =
      walk(Message().message(1, Message().message(2, spans)), lines, Signal::traces, Limits{.records = 3});
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->records, 3U);
  EXPECT_EQ(counts->refused, 2U);
}

TEST(OtlpProtobuf, every_type_of_value_has_its_text) {
  Lines lines;
  const Message list = Message().message(5, Message().message(1, text_value("x")).message(1, Message()));
  const Message map = Message().message(6, Message().message(1, attribute("in", Message().number(2, 1))));
  Message span = plain_span();
  span.message(9, attribute("b", Message().number(2, 1)))
      .message(9, attribute("i", Message().number(3, static_cast<std::uint64_t>(-7))))
      .message(9, attribute("r", Message().real(4, 0.1)))
      .message(9, attribute("nan", Message().real(4, std::numeric_limits<double>::quiet_NaN())))
      .message(9, attribute("l", list))
      .message(9, attribute("m", map))
      .message(9, attribute("e", Message()))
      .message(9, attribute("last", Message().text(1, "a").number(3, 2)))
      .message(9, attribute("new", Message().text(1, "a").text(99, "b")));
  ASSERT_TRUE(walk(request_of(span), lines));
  EXPECT_NE(lines.visited[0].find("{b=true i=-7 r=0.1 nan=nan l=[\"x\",null] m={\"in\":true} e= last=2 new=a}"),
            std::string::npos)
      << lines.visited[0];
}

TEST(OtlpProtobuf, find_takes_the_last_of_two) {
  const std::vector<KeyValue> attributes = {{"a", {.type = Value::Type::integer, .integer = 1}, {}},
                                            {"a", {.type = Value::Type::integer, .integer = 2}, {}}};
  ASSERT_NE(find(attributes, "a"), nullptr);
  EXPECT_EQ(find(attributes, "a")->integer, 2);
  EXPECT_EQ(find(attributes, "b"), nullptr);
}

TEST(OtlpProtobuf, reads_log_records) {
  Lines lines;
  const Message record = Message()
                             .fixed(11, 50)
                             .number(2, 9)
                             .text(3, "INFO")
                             .message(5, Message().message(6, Message().message(1, attribute("role", "user"))))
                             .message(6, attribute("event.name", "gen_ai.choice"))
                             .text(9, trace_id)
                             .text(10, "bad")
                             .text(12, "event src/otel.rs:12");
  ASSERT_TRUE(walk(Message().message(1, Message().message(2, Message().message(2, record).message(2, Message()))),
                   lines, Signal::logs));
  EXPECT_EQ(lines.visited,
            (std::vector<std::string>{"50/50 severity=9:INFO event=gen_ai.choice body={\"role\":\"user\"} "
                                      "{event.name=gen_ai.choice} trace=30313233343536373839616263646566 span= scope=",
                                      "0/0 severity=0: event= body= {} trace= span= scope="}));
}

TEST(OtlpProtobuf, reads_the_five_kinds_of_metric) {
  Lines lines;
  const Message number = Message().fixed(2, 1).fixed(3, 2).real(4, 1.5).message(7, attribute("m", "x"));
  const Message integer = Message().fixed(3, 2).fixed(6, static_cast<std::uint64_t>(-3));
  const Message gone = Message().fixed(3, 2).number(8, 1);
  const Message histogram = Message().fixed(3, 2).fixed(4, 7).real(5, 2.5).message(9, attribute("m", "h"));
  const Message wide = Message().fixed(3, 2).fixed(4, 8).real(5, 3.5).message(1, attribute("m", "e"));
  const Message summary = Message().fixed(3, 2).fixed(4, 9).real(5, 4.5).message(7, attribute("m", "s"));
  const auto metric = [](std::string_view name, std::uint32_t kind, const Message& data) {
    return Message().message(kind, data).text(3, "1").text(1, name);
  };
  const Message scoped = Message()
                             .message(2, metric("g", 5, Message().message(1, integer).message(1, gone)))
                             .message(2, metric("s", 7, Message().message(1, number).number(2, 1).number(3, 1)))
                             .message(2, metric("h", 9, Message().message(1, histogram).number(2, 2)))
                             .message(2, metric("e", 10, Message().message(1, wide)))
                             .message(2, metric("q", 11, Message().message(1, summary)))
                             .message(2, metric("", 5, Message().message(1, integer)));
  const auto counts = walk(Message().message(1, Message().message(2, scoped)), lines, Signal::metrics);
  ASSERT_TRUE(counts);
  EXPECT_EQ(lines.visited,
            (std::vector<std::string>{"g [1] type=0 monotonic=false delta=false 0..2 value=-3 count=0 {}",
                                      "s [1] type=1 monotonic=true delta=true 1..2 value=1.5 count=0 {m=x}",
                                      "h [1] type=2 monotonic=false delta=false 0..2 value=2.5 count=7 {m=h}",
                                      "e [1] type=3 monotonic=false delta=false 0..2 value=3.5 count=8 {m=e}",
                                      "q [1] type=4 monotonic=false delta=false 0..2 value=4.5 count=9 {m=s}"}));
  EXPECT_EQ(lines.reasons, std::vector<std::string>{"resourceMetrics[0].scopeMetrics[0].metrics[5].gauge.dataPoints[0] "
                                                    "belongs to a metric without a name"});
}

TEST(OtlpProtobuf, damaged_pieces_are_corrupt) {
  std::pmr::monotonic_buffer_resource arena;
  EXPECT_EQ(parse_key_value("\x0a\x7fx", arena).error().kind, ErrorKind::corrupt);
  EXPECT_EQ(parse_value("{\"stringValue\":", arena).error().kind, ErrorKind::corrupt);
  const std::vector<char> boolean_without_its_byte = {'\x10'};  // on the heap, for the address sanitizer
  EXPECT_FALSE(parse_value({boolean_without_its_byte.data(), 1}, arena));
  EXPECT_EQ(parse_value("", arena)->type, Value::Type::empty);
}

TEST(OtlpAnswer, says_what_was_refused) {
  EXPECT_EQ(success_body(Signal::traces, Encoding::json, 0, ""), "{}");
  EXPECT_EQ(success_body(Signal::traces, Encoding::json, 2, "a \"b\""),
            R"({"partialSuccess":{"rejectedSpans":"2","errorMessage":"a \"b\""}})");
  EXPECT_EQ(success_body(Signal::logs, Encoding::json, 1, "x"),
            R"({"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"x"}})");
  EXPECT_EQ(success_body(Signal::metrics, Encoding::json, 1, "x"),
            R"({"partialSuccess":{"rejectedDataPoints":"1","errorMessage":"x"}})");
  EXPECT_EQ(success_body(Signal::traces, Encoding::protobuf, 0, ""), "");
  EXPECT_EQ(success_body(Signal::traces, Encoding::protobuf, 2, "why"), "\x0a\x07\x08\x02\x12\x03why");
  EXPECT_EQ(status_body(Encoding::json, 3, "no"), R"({"code":3,"message":"no"})");
  EXPECT_EQ(status_body(Encoding::protobuf, 3, "no"), "\x08\x03\x12\x02no");
}

// A typical span: 11 attributes, about 900 bytes.
Message typical_span() {
  Message span = plain_span("chat gpt-5-mini").text(4, "PARENT01").number(6, 3);
  span.message(9, attribute("gen_ai.operation.name", "chat"))
      .message(9, attribute("gen_ai.provider.name", "openai"))
      .message(9, attribute("gen_ai.request.model", "gpt-5-mini"))
      .message(9, attribute("gen_ai.response.model", "gpt-5-mini-2025-08-07"))
      .message(9, attribute("gen_ai.response.id", "chatcmpl-CAbCdEfGhIjKlMnOpQrStUvWxYz"))
      .message(9, attribute("gen_ai.usage.input_tokens", Message().number(3, 1216)))
      .message(9, attribute("gen_ai.usage.output_tokens", Message().number(3, 90)))
      .message(9, attribute("gen_ai.response.finish_reasons",
                            Message().message(5, Message().message(1, text_value("stop")))))
      .message(9, attribute("session.id", "conv-7f3a91"))
      .message(9, attribute("gen_ai.input.messages", std::string(200, 'x')))
      .message(9, attribute("gen_ai.output.messages", std::string(150, 'y')))
      .message(15, Message().number(3, 1));
  return span;
}

TEST(OtlpSpeed, of_a_typical_span) {
  Message spans;
  constexpr int many = 500;
  for (int i = 0; i < many; ++i) spans.message(2, typical_span());
  const Message body = Message().message(1, Message().message(2, spans));
  const auto best_of = [&](auto&& run) {
    double best = 1e9;
    for (int round = 0; round < 15; ++round) {
      const auto start = std::chrono::steady_clock::now();
      run();
      const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
      best = std::min(best, took.count() / many);
    }
    return best;
  };
  const double checked =
      best_of([&] { EXPECT_EQ(check(body.bytes(), Signal::traces, Encoding::protobuf, {})->records, many); });
  std::pmr::monotonic_buffer_resource arena;
  const double walked = best_of([&] {
    Visitor nobody;
    EXPECT_EQ(walk_traces(body.bytes(), Encoding::protobuf, {}, arena, nobody)->records, many);
    arena.release();
  });
  std::printf("%zu bytes a span: check %.0f ns, walk %.0f ns\n", typical_span().bytes().size(), checked, walked);
}

std::string read_all(const std::filesystem::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

// Every recorded body of a real SDK: NNN.SIGNAL.pb.zst or NNN.SIGNAL.json.zst.
TEST(OtlpFixtures, all_bodies_are_walked_without_a_refusal) {
  const std::filesystem::path root = "tests/fixtures/otlp";
  if (!std::filesystem::exists(root)) GTEST_SKIP() << "no recorded bodies here";
  std::size_t records = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(".zst")) continue;
    const auto body = decompress("zstd", read_all(entry.path()), 64 << 20);
    ASSERT_TRUE(body) << name << ": " << body.error().what;
    for (const auto& [part, signal] : {std::pair{".traces.", Signal::traces}, std::pair{".logs.", Signal::logs},
                                       std::pair{".metrics.", Signal::metrics}}) {
      if (name.find(part) == std::string::npos) continue;
      Lines lines;
      const auto counts =
          testing::walk(*body, signal, name.ends_with(".json.zst") ? Encoding::json : Encoding::protobuf, lines);
      ASSERT_TRUE(counts) << entry.path() << ": " << counts.error().what;
      EXPECT_EQ(counts->refused, 0U) << entry.path() << ": " << counts->first_reason;
      records += counts->records;
    }
  }
  EXPECT_GT(records, 0U);
}

}  // namespace
}  // namespace pawl::otlp::testing
