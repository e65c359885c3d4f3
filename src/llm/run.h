// Runs that come in pieces (Langfuse, LangSmith: a start, then patches, in any order, minutes apart): the fold of their
// fragments, and a folded run as a span (data.md "Open runs").
//
// The fold is a join of semilattices: it does not matter in which order fragments come, or how often. For each field
// the fragment with the greatest Moment holds; what is absent, `{}` or `[]` says nothing, an explicit null erases where
// the protocol means it so. Metadata is merged key by key, Langfuse's tags are united, and what a protocol never lets
// be overwritten is held by the least Moment.
#pragma once
#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "wire/otlp.h"

namespace pawl::llm {

// Whose protocol a fragment came by. The numbers are in the journal: never reused. `kept` is Pawl's own record of
// folded runs, which goes forward when a segment of the journal retires; a `coding_agent` speaks by log events
// (coding_agents.h); a `log_call` is a model call that only log records tell of (log_calls.h).
enum class RunForm : std::uint8_t { none, langfuse, langsmith, openai_agents, kept, coding_agent, log_call };
std::string_view name_of(RunForm form);

// Patches are later than what created the run, then the client's own time decides, then the receipt.
struct Moment {
  std::uint8_t rank = 0;  // 0: created it, 1: patched it
  Nanos at = 0, received = 0;
  auto operator<=>(const Moment&) const = default;
};

// One piece of one run. Views into the request.
struct Fragment {
  RunForm form = RunForm::none;
  bool root = false;  // Langfuse's or OpenAI's trace, which is no span to them
  std::string id;     // the run's own, as the client wrote it
  std::string event;  // the event's own id; "" where the protocol has none
  std::string type;   // of run, where the event says it: "generation"
  Moment when;
  std::string_view object;                                           // its JSON
  std::vector<std::pair<std::string_view, std::string_view>> parts;  // fields that came beside it: name, JSON
};

class Run {
 public:
  Run() = default;
  explicit Run(const Fragment& first);

  void fold(const Fragment& fragment);
  void merge(const Run& other);  // of the same run

  RunForm form() const { return form_; }
  bool root() const { return root_; }
  bool created() const { return created_; }  // more than patches have come
  const std::string& id() const { return id_; }
  Nanos received() const { return received_; }  // of the latest fragment
  std::size_t bytes() const { return bytes_; }  // roughly what it holds

  // A field's JSON as it was sent; rebuilt where it was merged; "" where nobody said it, or null erased it.
  std::string value(std::string_view field) const;
  std::string text(std::string_view field) const;                 // of a string; otherwise as written
  std::vector<std::string> united(std::string_view field) const;  // sorted JSON strings
  std::vector<std::string> fields() const;                        // names at the top
  std::vector<std::string> erased() const;                        // that null took back: "error", "metadata.tenant"
  Moment last() const;                                            // the latest that holds
  std::string trace() const;   // the client's id of the trace, "" where no fragment says it
  std::string parent() const;  // of the run above it, ""
  bool ended() const;
  Nanos start() const;   // 0 where it is not said
  Nanos end() const;     // likewise
  Id128 record() const;  // hash of all that can be seen of it

  std::string write() const;  // as JSON, for the journal
  static Result<Run> read(std::string_view json);

 private:
  struct Held {
    Moment when;
    std::string raw;
  };
  using Fields = std::map<std::string, Held, std::less<>>;
  enum class Rule : std::uint8_t { latest, first, merge, unite };
  static Rule rule_of(RunForm form, bool root, std::string_view field);
  static bool erases(RunForm form, std::string_view field);
  void put_field(std::string_view field, const Moment& when, std::string_view raw);
  void put(std::string path, Rule rule, const Moment& when, std::string_view raw, int depth);
  void hold(const std::string& path, Rule rule, const Moment& when, std::string_view raw);
  std::string render(std::string_view path, const Moment* above) const;

  RunForm form_ = RunForm::none;
  bool root_ = false, created_ = false;
  std::string id_;
  Nanos received_ = 0;
  std::size_t bytes_ = 0;
  Fields fields_;  // by path: names joined by \x1f
};

// A run as a span, in the words of the dialect that its vendor's OpenTelemetry export speaks.
struct RunSpan {
  std::string trace_id, span_id, parent_id;  // the client's own text; "" where there is none
  bool ended = false;
  std::string preview;  // the first words of the user, where its content is kept elsewhere
  otlp::Resource resource;
  otlp::Scope scope;
  otlp::Span span;  // ids and raw are empty

  // What views point into.
  std::deque<std::string> texts;
  std::vector<otlp::KeyValue> attributes, resource_attributes;
  std::deque<std::vector<otlp::KeyValue>> event_attributes;
  std::vector<otlp::Event> events;
};
void read_run(const Run& run, RunSpan& out);
// The span that stands for a trace which is no span to its vendor.
std::string root_span_of(std::string_view trace_id);

// --- protocols ----------------------------------------------------------------------------------------------------
struct RunEvent {
  enum class What : std::uint8_t { fragment, other, log, refused };
  What what = What::refused;
  std::string id;    // that the answer names
  std::string type;  // "score-create", "feedback", "attachment" …
  std::string why;   // refused: a sentence
  Fragment fragment;
  std::string_view json;           // other, log: its object
  Nanos at = 0;                    // other, log: the event's own time, or the receipt
  std::string name, content_type;  // attachment
};
using EachRunEvent = std::function<void(RunEvent&)>;

// Each event of a request's body, decoded. `invalid` where the body is not what the protocol says at all: then nothing
// was handed out.
Result<> walk_runs(RunForm form, std::string_view body, Nanos received, const EachRunEvent& each);
// {"batch":[{id, type, timestamp, body}]}
Result<> walk_langfuse(std::string_view body, Nanos received, const EachRunEvent& each);
// {"post":[run], "patch":[run]}, or the multipart form of the same
Result<> walk_langsmith(std::string_view body, Nanos received, const EachRunEvent& each);
// {"data":[trace or span]}
Result<> walk_openai_agents(std::string_view body, Nanos received, const EachRunEvent& each);
// {"runs":[Run::write()]}
Result<std::vector<Run>> read_kept_runs(std::string_view body);

}  // namespace pawl::llm
