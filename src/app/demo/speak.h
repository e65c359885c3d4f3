// The dialects of the fleet: one turn of a session in the words of one SDK, as conventions of these SDKs were recorded.
#pragma once
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "demo/fragments.h"
#include "demo/otlp_out.h"
#include "demo/script.h"

namespace pawl::demo {

struct Dialect;

// What a dialect needs to tell one turn.
struct Speech {
  const Dialect& dialect;
  const Session& session;
  const Turn& turn;
  const Fragments& fragments;
  std::vector<Spoken>& out;

  const Row& row() const { return *session.row; }
  std::uint64_t parent_of(const Step& step) const {
    return step.parent == none ? turn.root : turn.steps[step.parent].id;
  }
  // Of a message, "" where there is none.
  std::string_view text(std::size_t message) const {
    return message == none ? std::string_view() : std::string_view(session.message(message).text);
  }
  SpanOut open(const Step& step, std::string_view name, SpanKind kind = SpanKind::internal) const;
  SpanOut open_root(std::string_view name) const;
  void close(const Scope& scope, const Step& step, const SpanOut& span) const {
    out.push_back({&scope, step.end, span.finish()});
  }
  void close_root(const Scope& scope, const SpanOut& span) const { out.push_back({&scope, turn.end, span.finish()}); }
  std::string response_id(const Step& step, std::string_view prefix) const;  // "chatcmpl-…", one a call
};

struct Dialect {
  std::string_view name;  // what Pawl reads in it
  otlp::Encoding encoding = otlp::Encoding::protobuf;
  std::string_view compression;  // "" "gzip" "zstd"
  std::string_view path = "/v1/traces";
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  Shape shape = Shape::otel;
  void (*resource)(const Row& row, AttributesOut& out) = nullptr;
  void (*turn)(const Speech& speech) = nullptr;
};

// Who speaks what: by the row's agent and its trajectory's domain.
const Dialect& dialect_of(const Row& row);
extern const Dialect otel_genai, openinference, traceloop, openai_agents, langfuse, vercel;

// ---- what several dialects share --------------------------------------------------------------------------------
struct ResourceWords {
  std::string_view language = "python", sdk_version = "1.45.2";
  bool pawl_team_and_task = true;  // pawl.team and pawl.task; false where the dialect carries them elsewhere
  bool version = true;             // service.version
};
// service.name, service.version, deployment.environment.name, telemetry.sdk.*, pawl.agent, pawl.team, pawl.task.
void describe_resource(const Row& row, const ResourceWords& words, AttributesOut& out);
// On the root of the last turn: pawl.outcome, pawl.score.NAME, pawl.feedback, pawl.feedback.{comment,after_s}.
void judge(const Speech& speech, SpanOut& root);
// A session that its budget stopped: the root is blocked.
void block_root(const Speech& speech, SpanOut& root);
// Names the rule of a guardrail, what it did, and whether it fired, in any dialect.
void guard(const Step& step, AttributesOut& out);
// A tool's failure: status, exception event, error.type.
void fail_tool(const Speech& speech, const Step& step, SpanOut& span);
// Seconds from a duration.
double seconds(Nanos time);
// {"args": [TEXT], "kwargs": {}}: how Python decorators report one argument.
inline std::string quoted_args(std::string_view json_text) {
  return fmt::format(R"({{"args": [{}], "kwargs": {{}}}})", json_text);
}

}  // namespace pawl::demo
