// Coding agents (Claude Code, Codex CLI, Gemini CLI) tell every step by a log event, and a second time by a span only
// where somebody asked for spans.
//
// What an event tells becomes fragments of runs (run.h, RunForm::coding_agent): a root for the turn, and the step in
// it. Their ids are made of the event alone, so that a repeat is a repeat in any order. Each agent has a table in its
// dialect's file; which one speaks is found by the event's name and its scope, never by a setting.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "llm/run.h"
#include "llm/span.h"

namespace pawl::llm {

struct EventWord {
  std::string_view from, to;  // an event's attribute, and the span attribute that the dialect reads it as
};

// One kind of event. `must` and `is`: it tells a step only where this attribute is there (and is `is`).
struct EventKind {
  enum class Tells : std::uint8_t { prompt, answer, call, failed_call, tool, refused_tool };
  std::string_view event;  // without the agent's prefix
  Tells tells = Tells::call;
  std::string_view id;  // the attribute that names the step: a tool call's id; "": its time does
  std::string_view must, is;
};

struct CodingAgent {
  std::string_view dialect, name;                     // name: of the agent that is shown
  std::string_view scope;                             // of the spans that are made, so that the dialect reads them
  std::string_view prefix;                            // of event names: "codex."
  std::string_view event_scope;                       // of agents whose events have bare names; ""
  std::span<const std::string_view> sessions, turns;  // attributes, the best first; no turn: the session is one trace
  std::span<const EventKind> events;
  std::span<const EventWord> words;
  std::string_view duration, first_token;  // in milliseconds
  bool prompts_are_steps = false;          // several prompts share a trace
  bool bare_spans = false;                 // where nobody asked for more its spans say that something ran, not what
};
extern const CodingAgent claude_code_events, codex_events, gemini_cli_events;

// A fragment's material: its JSON is kept here.
struct CodingStep {
  bool root = false;
  std::string id, object;
};
struct CodingEvent {
  std::string session;
  bool in_span = false;  // it names a span: the agent traces, and its spans may come
  Nanos at = 0;
  std::vector<CodingStep> steps;  // none: an event that tells no step

  // What it adds to the span that tells of the same step, where the record names the trace.
  bool call = false, failed = false;
  bool answer = false;  // of the turn, whose span it names
  std::string tool_call_id, error_message;
};
// False where the record is no event of a coding agent, or names no session.
bool read_coding_event(const otlp::Resource&, const otlp::Scope&, const otlp::LogRecord&, CodingEvent& out);
bool is_coding_agent(std::string_view dialect);
Fragment fragment_of(const CodingStep& step, Nanos at, Nanos received);
// Whether this span shows that spans tell what its session's events tell.
bool tells_steps(const Reading& span);

void read_coding_agent(const Run& run, RunSpan& out);

}  // namespace pawl::llm
