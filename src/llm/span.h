// What a span of any SDK means, in Pawl's words: the result of a dialect (conventions.md).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "base/time.h"
#include "wire/otlp.h"

namespace pawl::llm {

enum class Kind : std::uint8_t {
  other,
  agent,
  llm,
  tool,
  retriever,
  embedding,
  reranker,
  guardrail,
  evaluator,
  handoff,
  workflow
};
enum class Status : std::uint8_t { ok, error, blocked, unfinished, running };
std::string_view name_of(Kind kind);      // "agent" …
std::string_view name_of(Status status);  // "ok" …
std::optional<Kind> kind_from(std::string_view name);
std::optional<Status> status_from(std::string_view name);

// Each token counted once, the five never overlapping; unknown is nullopt, never 0.
struct Tokens {
  std::optional<std::int64_t> input;  // uncached
  std::optional<std::int64_t> cache_read, cache_write;
  std::optional<std::int64_t> output;  // without reasoning
  std::optional<std::int64_t> reasoning;
  std::vector<std::pair<std::string_view, std::int64_t>>
      others;  // audio_input, image_input, …: parts of the above, kept
  bool any() const { return input || cache_read || cache_write || output || reasoning; }
  std::int64_t total() const {
    return input.value_or(0) + cache_read.value_or(0) + cache_write.value_or(0) + output.value_or(0) +
           reasoning.value_or(0);
  }
};

// Where a piece of content belongs.
enum class Slot : std::uint8_t { input, output, system, tool_definitions, arguments, result, state, attribute, event };
std::string_view name_of(Slot slot);

// How its bytes are to be read later (parts are parsed when read, nothing is re-serialised).
enum class Format : std::uint8_t {
  text,  // plain text
  json,  // any JSON value; messages.h knows the shapes of all SDKs (OTel parts, OpenAI, Anthropic, Bedrock, LangChain…)
  json_element,  // one top-level element of a JSON array, with the separator that follows it; "[" and "]" stand in
                 // `before`/`after`
  key_values,  // KeyValue messages as received, of one message that came as flattened keys (protobuf, or JSON objects)
  value,       // an AnyValue as received (log record's body, structured attribute)
};

// One ordered piece of a span's content: a view into the request's bytes (or into Reading::owned).
struct Content {
  Slot slot = Slot::attribute;
  Format format = Format::text;
  std::string_view key;  // the attribute, event or log event it came in: "gen_ai.input.messages", "gen_ai.user.message"
  std::string_view role;  // where the carrier itself says it (log event, span event), else ""
  std::string_view bytes;
};

// What one span says. All views live as long as the visited span.
struct Reading {
  std::string_view dialect;  // "otel-genai", "openinference", …
  Kind kind = Kind::other;
  Status status = Status::ok;
  bool noise = false;           // plumbing: kept, folded away, in no count of steps
  bool framework_tool = false;  // final_answer, finish, transfer_to_x: not the agent's own tool
  bool wrapper_usage = false;   // the dialect knows that the usage here is a sum over descendants
  std::string name;             // shown name (span name where nothing better)
  std::string error_type, error_message;
  bool session_weak = false;  // the session is a framework's own conversation id: an ancestor's session wins over it
  std::string session, user, agent, agent_id, agent_version, team, task, outcome, customer, environment, service;
  std::vector<std::string> tags;
  std::string provider, model_requested, model_served, response_id, service_tier;
  std::vector<std::string> finish_reasons;
  std::optional<Nanos> ttft;  // time to first token
  std::string prompt_name, prompt_version;
  std::string tool_name, tool_call_id;
  std::string handoff_from, handoff_to;
  Tokens tokens;
  std::optional<Money> cost_reported;
  std::vector<Content> content;
  // Attribute keys that became content and need not be kept in the attribute map: in the order of the attributes, the
  // very same views.
  std::vector<std::string_view> used;
  double weight = 1;                                                      // 1 / sampling probability (tracestate ot=th)
  std::vector<std::pair<std::string_view, std::string_view>> parameters;  // temperature, top_p, max_tokens …
  std::vector<std::string> owned;  // what views point into, where a dialect had to make text (reserve before use)

  void clear();  // as new, but what was allocated is kept
};

// One event a chunk of a stream (conventions.md trap 15): counted, not kept.
bool is_chunk_event(std::string_view event_name);
// An event that tells a whole model call.
bool is_details_event(std::string_view event_name);
// A span event whose attributes became content pieces: its attributes need not be kept a second time.
bool is_content_event(std::string_view event_name);

// Reads one span; `out` is cleared first. Never fails: what is unknown is mapped as far as the semantic conventions go,
// and nothing is lost.
void read_span(const otlp::Resource&, const otlp::Scope&, const otlp::Span&, Reading& out);

// Reads a log record that belongs to a span (GenAI events): the content it adds, and what else it tells (user, session,
// usage, error). False where the record is no GenAI event: then it is kept as an event of the span, or set aside.
bool read_log(const otlp::Resource&, const otlp::Scope&, const otlp::LogRecord&, Reading& out);

}  // namespace pawl::llm
