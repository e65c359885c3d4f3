// Reads recordings for the tests of this folder.
#include <algorithm>
#include <fstream>
#include <map>
#include <memory_resource>
#include <sstream>

#include "llm/recording_testing.h"
#include "wire/compress.h"

namespace pawl::llm {
namespace {

namespace fs = std::filesystem;

std::string text_of(const std::vector<Content>& content, std::string_view key) {
  std::string text;
  for (const Content& piece : content) {
    if (piece.key == key) text += piece.bytes;
  }
  return text;
}

class Collector final : public otlp::Visitor {
 public:
  explicit Collector(Recording& recording) : recording_(recording) {}

  void span(const otlp::Resource& resource, const otlp::Scope& scope, const otlp::Span& span) override {
    auto kept = std::make_unique<KeptSpan>();
    read_span(resource, scope, span, kept->reading);
    check_content(span.attributes, kept->reading);
    kept->trace = span.trace_id;
    kept->name = span.name;
    kept->scope = scope.name;
    kept->span = id_from_bytes(span.span_id);
    kept->parent = span.parent_id.empty() ? Id128{} : id_from_bytes(span.parent_id);
    kept->start = static_cast<Nanos>(span.start_ns);
    kept->end = static_cast<Nanos>(span.end_ns);
    keep_content(*kept, kept->reading);
    recording_.spans.push_back(std::move(kept));
  }
  void log(const otlp::Resource& resource, const otlp::Scope& scope, const otlp::LogRecord& record) override {
    auto kept = std::make_unique<KeptSpan>();
    if (!read_log(resource, scope, record, kept->reading)) return;
    kept->trace = record.trace_id;
    kept->span = id_from_bytes(record.span_id);
    keep_content(*kept, kept->reading);
    logs.push_back(std::move(kept));
  }
  std::vector<std::unique_ptr<KeptSpan>> logs;

 private:
  // The promise of span.h: the pieces of one key, joined, are the attribute's text.
  void check_content(otlp::Attributes attributes, const Reading& reading) {
    for (const otlp::KeyValue& kv : attributes) {
      if (kv.value.type != otlp::Value::Type::string) continue;
      const std::string joined = text_of(reading.content, kv.key);
      const bool used = std::ranges::find(reading.used, kv.key) != reading.used.end();
      const bool flat = kv.key.find('.') != std::string_view::npos && joined.empty();
      if (used && !flat && joined != kv.value.text && kv.key != "output.value") {
        recording_.problems.push_back(fmt::format("{}: pieces do not add up", kv.key));
      }
    }
  }
  static void keep_content(KeptSpan& kept, Reading& reading) {
    for (const Content& piece : reading.content) {
      kept.pieces.push_back(
          {piece.slot, piece.format, std::string(piece.key), std::string(piece.role), std::string(piece.bytes)});
    }
    reading.content.clear();
    reading.used.clear();
    reading.parameters.clear();
  }

  Recording& recording_;
};

Fact fact_of(const KeptSpan& span) {
  const Reading& reading = span.reading;
  Fact fact;
  fact.span = span.span;
  fact.parent = span.parent;
  fact.kind = reading.kind;
  fact.status = reading.status;
  fact.noise = reading.noise;
  fact.wrapper_usage = reading.wrapper_usage;
  fact.framework_tool = reading.framework_tool;
  fact.session_weak = reading.session_weak;
  fact.tokens = reading.tokens;
  fact.start = span.start;
  fact.end = span.end;
  fact.model = reading.model_served.empty() ? reading.model_requested : reading.model_served;
  fact.response_id = reading.response_id;
  fact.session = reading.session.empty() ? std::string_view(span.log_session) : reading.session;
  fact.user = reading.user.empty() ? std::string_view(span.log_user) : reading.user;
  fact.agent = reading.agent;
  fact.name = span.name;
  fact.tool_name = reading.tool_name;
  fact.error_message = reading.error_message;
  fact.scope = span.scope;
  fact.handoff_to = reading.handoff_to;
  fact.content_pieces = static_cast<std::uint32_t>(
      std::ranges::count_if(span.pieces, [](const KeptPiece& piece) { return piece.slot <= Slot::result; }));
  return fact;
}

void join_logs(Recording& recording, std::vector<std::unique_ptr<KeptSpan>>& logs) {
  std::map<std::pair<std::string, Id128>, KeptSpan*> by_id;
  for (const auto& span : recording.spans) by_id[{span->trace, span->span}] = span.get();
  for (const auto& log : logs) {
    const auto found = by_id.find({log->trace, log->span});
    if (found == by_id.end()) continue;
    found->second->log_user = log->reading.user;
    found->second->log_session = log->reading.session;
    const bool told = std::ranges::any_of(found->second->pieces,
                                          [](const KeptPiece& piece) { return piece.key == "gen_ai.input.messages"; });
    if (told) continue;
    for (KeptPiece& piece : log->pieces) found->second->pieces.push_back(std::move(piece));
  }
}

void judge(Recording& recording) {
  std::map<std::string, std::vector<KeptSpan*>> traces;
  for (const auto& span : recording.spans) traces[span->trace].push_back(span.get());
  for (auto& [id, spans] : traces) {
    std::vector<Fact> facts;
    for (const KeptSpan* span : spans) facts.push_back(fact_of(*span));
    const std::vector<Verdict> verdicts = recount(facts);
    for (std::size_t i = 0; i < spans.size(); ++i) spans[i]->verdict = verdicts[i];
  }
}

}  // namespace

fs::path fixture_path(std::string_view of) {
  return fs::path("tests/fixtures") / of;
}

std::vector<std::string> recording_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(fixture_path("otlp"))) {
    if (entry.is_directory()) names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  return names;
}

std::string read_fixture(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream bytes;
  bytes << in.rdbuf();
  if (file.extension() != ".zst") return bytes.str();
  return decompress("zstd", bytes.str(), std::size_t{64} << 20).value_or("");
}

Recording read_recording(const std::string& name) {
  Recording recording{.name = name, .spans = {}, .problems = {}};
  Collector collector(recording);
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(fixture_path("otlp") / name)) files.push_back(entry.path());
  std::ranges::sort(files);
  for (const fs::path& file : files) {
    const std::string label = file.filename();
    const bool traces = label.contains(".traces."), logs = label.contains(".logs.");
    if (!traces && !logs) continue;
    const std::string body = read_fixture(file);
    const otlp::Encoding encoding = label.contains(".json.") ? otlp::Encoding::json : otlp::Encoding::protobuf;
    std::pmr::monotonic_buffer_resource arena;
    const auto counts = traces ? otlp::walk_traces(body, encoding, {}, arena, collector)
                               : otlp::walk_logs(body, encoding, {}, arena, collector);
    if (!counts) recording.problems.push_back(label + ": " + counts.error().what);
  }
  join_logs(recording, collector.logs);
  judge(recording);
  return recording;
}

Recording read_json(std::string_view traces, std::string_view logs) {
  Recording recording{.name = "json", .spans = {}, .problems = {}};
  Collector collector(recording);
  std::pmr::monotonic_buffer_resource arena;
  const auto spans = otlp::walk_traces(traces, otlp::Encoding::json, {}, arena, collector);
  if (!spans) recording.problems.push_back(spans.error().what);
  if (!logs.empty()) {
    const auto records = otlp::walk_logs(logs, otlp::Encoding::json, {}, arena, collector);
    if (!records) recording.problems.push_back(records.error().what);
  }
  join_logs(recording, collector.logs);
  judge(recording);
  return recording;
}

std::vector<Piece> pieces_of(const KeptSpan& span, Slot slot) {
  std::vector<Piece> pieces;
  for (const KeptPiece& piece : span.pieces) {
    if (piece.slot == slot) pieces.push_back({piece.slot, piece.format, piece.key, piece.role, piece.bytes});
  }
  return pieces;
}

}  // namespace pawl::llm
