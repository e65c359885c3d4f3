// A picked record is the same record: as a walk sees it, and byte for byte.
#include "wire/otlp_pick.h"

#include <filesystem>
#include <fstream>
#include <numeric>

#include "wire/compress.h"
#include "wire/otlp_testing.h"

namespace pawl::otlp::testing {
namespace {

// Raw bytes of each record, and its line.
struct Raw final : Visitor {
  std::vector<std::string> raw;
  void span(const Resource&, const Scope&, const Span& span) override { raw.emplace_back(span.raw); }
  void log(const Resource&, const Scope&, const LogRecord& log) override { raw.emplace_back(log.raw); }
  void refused(std::string_view) override { raw.emplace_back(); }
};

void check_each(std::string_view body, Signal signal, Encoding encoding) {
  Raw raw;
  Lines lines;
  ASSERT_TRUE(walk(body, signal, encoding, raw));
  ASSERT_TRUE(walk(body, signal, encoding, lines));
  std::vector<std::size_t> all(raw.raw.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  const auto picked = pick(body, signal, encoding, all);
  ASSERT_TRUE(picked) << picked.error().what;
  ASSERT_EQ(picked->size(), raw.raw.size());
  std::size_t visited = 0;
  for (std::size_t i = 0; i < picked->size(); ++i) {
    Raw raw_alone;
    Lines line_alone;
    ASSERT_TRUE(walk((*picked)[i], signal, encoding, raw_alone)) << (*picked)[i];
    ASSERT_TRUE(walk((*picked)[i], signal, encoding, line_alone));
    EXPECT_EQ(raw_alone.raw, std::vector<std::string>{raw.raw[i]});
    if (raw.raw[i].empty()) continue;  // it was refused, and is again
    EXPECT_EQ(line_alone.visited, std::vector<std::string>{lines.visited[visited++]});
  }
}

Message in_scope(std::string_view name, std::vector<Message> records) {
  Message scope = Message().message(1, Message().text(1, name));
  for (const auto& record : records) scope.message(2, record);
  return scope;
}

TEST(OtlpPick, ProtobufRecordsKeepTheirBytesResourceAndScope) {
  const Message a = Message().message(1, Message().message(1, attribute("service.name", "a")));
  const Message first = Message(a).message(2, in_scope("x", {plain_span("one"), plain_span("two")}));
  const Message second = Message()
                             .message(2, in_scope("y", {plain_span("three"), Message().text(5, "no ids")}))
                             .message(2, in_scope("z", {plain_span("four")}))
                             .message(1, Message().message(1, attribute("service.name", "b")));
  const Message body = Message().message(1, first).message(1, second).number(9, 5);
  check_each(body.bytes(), Signal::traces, Encoding::protobuf);
}

TEST(OtlpPick, JsonRecordsKeepTheirBytesResourceAndScope) {
  check_each(R"({"resourceSpans": [
    {"scopeSpans": [{"spans": [
        {"traceId":"0af7651916cd43dd8448eb211c80319c", "spanId":"b7ad6b7169203331", "name":"one  \ud800",
         "attributes":[{"key":"a","value":{"stringValue":"\u00e4"}}]},
        {"spanId": 7}], "scope": {"name":"late"}}],
     "resource": {"attributes":[{"key":"service.name","value":{"stringValue":"s"}}]}},
    {"resource": null, "scopeSpans": [{"spans": [
        {"traceId":"0af7651916cd43dd8448eb211c80319c", "spanId":"b7ad6b7169203332", "name":"two"}, 5]}]}]})",
             Signal::traces, Encoding::json);
  check_each(
      R"({"resource_logs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"a"}},{"body":{"intValue":1}}]}]}]})",
      Signal::logs, Encoding::json);
}

TEST(OtlpPick, RecordedBodies) {
  const std::filesystem::path root = "tests/fixtures/otlp";
  if (!std::filesystem::exists(root)) GTEST_SKIP() << "no recorded bodies here";
  int bodies = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    const std::string name = entry.path().filename().string();
    const bool logs = name.find(".logs.") != std::string::npos;
    if (!name.ends_with(".zst") || (!logs && name.find(".traces.") == std::string::npos)) continue;
    if (entry.file_size() > 6000) continue;  // each record is walked alone
    std::ifstream in(entry.path(), std::ios::binary);
    const auto body = decompress("zstd", std::string((std::istreambuf_iterator<char>(in)), {}), 64 << 20);
    ASSERT_TRUE(body) << name;
    SCOPED_TRACE(entry.path().string());
    check_each(*body, logs ? Signal::logs : Signal::traces,
               name.ends_with(".json.zst") ? Encoding::json : Encoding::protobuf);
    ++bodies;
  }
  EXPECT_GT(bodies, 20);
}

TEST(OtlpPick, OnlyWhatWasAskedFor) {
  const Message body = Message().message(
      1, Message().message(2, in_scope("x", {plain_span("one"), plain_span("two"), plain_span("three")})));
  const std::size_t last[] = {2}, beyond[] = {1, 3};
  const auto picked = pick(body.bytes(), Signal::traces, Encoding::protobuf, last);
  ASSERT_TRUE(picked);
  Lines lines;
  ASSERT_TRUE(walk(picked->at(0), Signal::traces, Encoding::protobuf, lines));
  ASSERT_EQ(lines.visited.size(), 1U);
  EXPECT_NE(lines.visited[0].find("'three'"), std::string::npos);
  EXPECT_FALSE(pick(body.bytes(), Signal::traces, Encoding::protobuf, beyond));
  EXPECT_FALSE(pick("not a message", Signal::traces, Encoding::protobuf, last));
  EXPECT_FALSE(pick("{\"resourceSpans\":[", Signal::traces, Encoding::json, last));
}

}  // namespace
}  // namespace pawl::otlp::testing
