// TraceQL as Grafana writes it, what is refused, and a span on its way out and in again.
#include <gtest/gtest.h>

#include <memory_resource>

#include "otlp.h"
#include "query/query.h"
#include "traceql.h"
#include "wire/otlp.h"

namespace pawl::tempo {
namespace {

TEST(TraceQl, BecomesAFilter) {
  for (const auto& [traceql, filter] :
       {std::pair<std::string_view, std::string_view>{"", ""},
        {"{}", ""},
        {" { } ", ""},
        {R"({resource.service.name="refunds"})", R"(service="refunds")"},
        {R"({ resource.service.name = "x" && span.http.status_code >= 500 && duration>1s && status=error })",
         R"(service="x" attr.http.status_code>="500" duration>1000.000000ms status=error)"},
        {R"({name="a b" || name=`c`})", R"((name="a b" or name="c"))"},
        {R"({!(status=error)})", "-((status=error))"},
        {R"({duration>=1h30m})", "duration>=5400000.000000ms"},
        {R"({duration<250us})", "duration<0.250000ms"},
        {R"({span.gen_ai.agent.name=~"a|b"})", R"(agent="a","b")"},
        {R"({name=~".*part.*"})", R"(name~"part")"},
        {R"({span.x != nil})", "has:attr.x"},
        {R"({.x = nil})", "(-has:attr.x -has:attr.resource.x)"},
        {R"({.tenant="acme"})", R"((attr.tenant="acme" or attr.resource.tenant="acme"))"},
        {R"({span."odd name"=1})", R"(attr."odd name"="1")"},
        {R"({span.ok=true})", R"(attr.ok="true")"},
        {R"({status=unset})", "(-status=error -attr.otel.status_code=OK)"},
        {R"({trace:id="0af7651916cd43dd8448eb211c80319c"})", R"(trace="0af7651916cd43dd8448eb211c80319c")"},
        {R"({resource.service.name="x"} | select(status, span.http.url))", R"(service="x")"},
        {"{true}", "(is:noise or -is:noise)"}}) {
    const auto made = filter_of_traceql(traceql);
    ASSERT_TRUE(made) << traceql << ": " << made.error().what;
    EXPECT_EQ(*made, filter);
    const auto parsed = query::Filter::parse(*made);
    EXPECT_TRUE(parsed) << *made << ": " << parsed.error().message;
  }
}

TEST(TraceQl, SaysWhatItCannot) {
  for (const auto& [traceql, words] : {std::pair<std::string_view, std::string_view>{"{", "at byte 1"},
                                       {"status=error", "{ is missing"},
                                       {"{status=error} && {name=\"x\"}", "one spanset"},
                                       {"{status=error} >> {name=\"x\"}", "one spanset"},
                                       {"{} | rate()", "PromQL"},
                                       {"{status>error}", "compared by = and !="},
                                       {"{status=bad}", "error, ok or unset"},
                                       {"{duration>5}", "250ms"},
                                       {"{name=~\"a.+\"}", "a|b"},
                                       {"{rootName=\"x\"}", "is not searched"},
                                       {"{event.name=\"x\"}", "fields of event"},
                                       {"{name=\"x}", "does not end"},
                                       {"{span.x}", "operator"},
                                       {"{span.x=}", "value is expected"},
                                       {"{name>3}", "compares numbers"},
                                       {"{span.x=5s}", "only compared with duration"}}) {
    const auto made = filter_of_traceql(traceql);
    ASSERT_FALSE(made) << traceql << " → " << *made;
    EXPECT_NE(made.error().what.find(words), std::string::npos) << traceql << ": " << made.error().what;
  }
  EXPECT_FALSE(filter_of_traceql(std::string(5000, '(')));
  EXPECT_FALSE(filter_of_traceql("{" + std::string(5000, '(') + "}"));
}

TEST(Tags, AreContained) {
  EXPECT_EQ(*filter_of_tags(R"(service.name=cart http.url="a b")"),
            R"(service~"cart" (attr.http.url~"a b" or attr.resource.http.url~"a b"))");
  EXPECT_EQ(*filter_of_tags(" error=true name=x "), R"(status=error name~"x")");
  for (const char* bad : {"x", "=1", "a=", "a=\"b"}) EXPECT_FALSE(filter_of_tags(bad)) << bad;
}

TEST(Tags, FieldsHaveDimensions) {
  EXPECT_EQ(*dimension_of_field("resource.service.name"), "service");
  EXPECT_EQ(*dimension_of_field("service.name"), "service");
  EXPECT_EQ(*dimension_of_field("span.http.url"), "attr.http.url");
  EXPECT_EQ(*dimension_of_field("resource.host.name"), "attr.resource.host.name");
  EXPECT_EQ(*dimension_of_field("name"), "name");
  EXPECT_FALSE(dimension_of_field("duration"));
}

traces::SpanRow row() {
  traces::SpanRow out;
  out.trace = {0x0af7651916cd43dd, 0x8448eb211c80319c}, out.span = {0, 0xb7ad6b7169203331}, out.parent = {0, 7};
  out.start = 1'700'000'000'000'000'000, out.duration = 5'000'000;
  out.kind = llm::Kind::llm, out.name = "chat", out.status = llm::Status::error, out.error_message = "no";
  out.service = "refunds", out.agent = "desk", out.scope = "lib", out.tokens_input = 10, out.tokens_cache_read = 5;
  out.events = R"([{"time":"2023-11-14T22:13:20.001Z","name":"retry","attributes":{"n":2,"why":"slow","of":[1]}},)"
               R"({"time":"2023-11-14T22:13:20.002Z","name":"gen_ai.choice","content":true}])";
  out.attributes = {{"http.url", "x"}, {"resource.host.name", "h"}, {"otel.status_code", "OK"}};
  return out;
}

struct Seen : otlp::Visitor {
  std::string text;
  void span(const otlp::Resource& resource, const otlp::Scope& scope, const otlp::Span& span) override {
    for (const auto& one : resource.attributes) text += fmt::format("{}={};", one.key, otlp::to_text(one.value));
    text += fmt::format("|{}|{}|{}|{}|", scope.name, span.name, span.kind, span.end_ns - span.start_ns);
    for (const auto& one : span.attributes) text += fmt::format("{}={};", one.key, otlp::to_text(one.value));
    for (const auto& event : span.events) {
      text += fmt::format("@{}:{}:", event.time_ns - span.start_ns, event.name);
      for (const auto& one : event.attributes) text += fmt::format("{}={};", one.key, otlp::to_text(one.value));
    }
    text += fmt::format("|{}|{}|{}", span.status_code, span.status_message, to_hex(id_from_bytes(span.trace_id)));
  }
};

TEST(Otlp, IsReadBack) {
  const std::vector<traces::SpanRow> rows = {row()};
  std::pmr::monotonic_buffer_resource arena;
  Seen seen;
  const auto walked = otlp::walk_traces(as_protobuf(rows, "https://p/traces/x", Around::trace),
                                        otlp::Encoding::protobuf, {}, arena, seen);
  ASSERT_TRUE(walked) << walked.error().what;
  EXPECT_EQ(walked->records, 1);
  EXPECT_EQ(seen.text,
            "service.name=refunds;host.name=h;|lib|chat|3|5000000|http.url=x;pawl.kind=llm;gen_ai.agent.name=desk;"
            "gen_ai.usage.input_tokens=15;gen_ai.usage.cache_read.input_tokens=5;"
            "@1000000:retry:n=2;why=slow;of=[1];@2000000:gen_ai.choice:|2|no|"
            "0af7651916cd43dd8448eb211c80319c");
}

TEST(Otlp, JsonAsTempoWritesIt) {
  const std::vector<traces::SpanRow> rows = {row()};
  const std::string json = as_json(rows, "", Around::trace);
  for (const char* part :
       {R"({"batches":[{"resource")", R"("traceId":"CvdlGRbNQ92ESOshHIAxnA==")", R"("kind":"SPAN_KIND_CLIENT")",
        R"("startTimeUnixNano":"1700000000000000000")", R"("status":{"code":"STATUS_CODE_ERROR","message":"no"})",
        R"({"key":"gen_ai.usage.input_tokens","value":{"intValue":"15"}})",
        R"({"timeUnixNano":"1700000000002000000","name":"gen_ai.choice","attributes":[]})"})
    EXPECT_NE(json.find(part), std::string::npos) << part << "\n" << json;
  EXPECT_TRUE(as_json(rows, "", Around::response).starts_with(R"({"trace":{"resourceSpans":[)"));
}

}  // namespace
}  // namespace pawl::tempo
