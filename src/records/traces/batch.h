// Records as received become the rows of one batch. Straight and pure: the same records give the same rows.
#pragma once
#include <functional>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "llm/coding_agents.h"
#include "llm/log_calls.h"
#include "row.h"
#include "runs.h"
#include "wire/otlp.h"

namespace pawl::traces {

// What has lately come by, so that a repeat is known and a body is stored once. Bounded; forgetting costs a repeated
// row that the trace's next recount takes back, or a body stored twice, never a wrong figure for long.
class Memory {
 public:
  explicit Memory(std::size_t spans = 1'000'000, std::size_t bodies = 2'000'000) : spans_(spans), bodies_(bodies) {}

  enum class Repeat { news, same, changed };
  Repeat span(ProjectId project, const Id128& trace, const Id128& span, const Id128& record);
  // Whether any version of it has come.
  bool knows_span(ProjectId project, const Id128& trace, const Id128& span) const;
  // A record that was not stored after all: it is news when it comes again.
  void forget(ProjectId project, const Id128& trace, const Id128& span, const Id128& record);

  bool knows_body(const Id128& key) const { return bodies_.contains(key); }
  void learn_bodies(const std::vector<Id128>& keys);  // after their insert succeeded

  struct Trace {
    BatchNumber batch = 0;  // the last that brought something of it
    Nanos news = 0;         // when (monotonic)
    std::string session;    // the first that was seen
  };
  Trace& trace(ProjectId project, const Id128& trace) { return traces_.at(key(project, trace)); }
  static Id128 key(ProjectId project, const Id128& id) { return {id.high ^ (std::uint64_t{project} << 32U), id.low}; }

 private:
  // Two generations: when the young one is full it becomes the old one.
  template <typename V>
  class Generations {
   public:
    explicit Generations(std::size_t most) : most_(most / 2) {}
    bool contains(const Id128& id) const { return young_.contains(id) || old_.contains(id); }
    V& at(const Id128& id) {  // valid until the next call
      if (const auto found = young_.find(id); found != young_.end()) return found->second;
      V value{};
      if (const auto found = old_.find(id); found != old_.end()) {
        value = std::move(found->second);
        old_.erase(found);
      }
      if (young_.size() >= most_) {
        old_ = std::move(young_);
        young_.clear();
      }
      return young_.emplace(id, std::move(value)).first->second;
    }

   private:
    std::size_t most_;
    boost::unordered_flat_map<Id128, V, std::hash<Id128>> young_, old_;
  };

  Generations<Id128> spans_;
  Generations<char> bodies_;
  Generations<Trace> traces_{200'000};
};

// What a log record tells of a span that is stored already, or has not come yet.
struct Patch {
  ProjectId project = 0;
  Id128 trace, span;
  std::string session, user, agent, model, error_type, error_message, response_id;
  std::optional<std::int64_t> tokens_input, tokens_cache_read, tokens_cache_write, tokens_output, tokens_reasoning;
  std::vector<std::string> finish_reasons;
  // What a coding agent's event tells of the span of the same step, which it does not name (`span` is 0): a tool by the
  // id of its call, a model call by its tokens and its end.
  bool call = false, failed = false;
  Nanos at = 0;
  std::string tool_call_id;
  std::optional<std::int64_t> cost_reported;  // pico-dollars
  ContentRow content;                         // of the span that is found
  bool gone = false;                          // the span is taken back
};
// The row that the patch is of; rows.size() where none is.
std::size_t row_of(const Patch& patch, const std::vector<SpanRow>& rows);
// Puts into the row what it does not know itself. True where that changed something.
bool apply(const Patch& patch, SpanRow& row);

struct LogRow {
  ProjectId project = 0;
  Nanos at = 0, received = 0;
  Id128 trace, span, record;
  int severity = 0;
  std::string event, service, body;
  std::vector<std::pair<std::string, std::string>> attributes;
};
struct PointRow {
  ProjectId project = 0;
  std::string metric, unit, type, service;
  Nanos at = 0, received = 0, start = 0;  // start: since when a sum or histogram counts
  bool delta = false, monotonic = false;
  double value = 0;
  std::uint64_t count = 0;
  std::vector<std::pair<std::string, std::string>> attributes;
};

// Fates of the records of one project in one batch (data.md "The books").
struct Fates {
  std::uint64_t stored = 0, duplicate = 0, merged = 0, refused = 0;
};

// Sets cost, cost_unknown and price_row of a row.
using Pricer = std::function<void(SpanRow& row, const llm::Reading& reading)>;
// Of a row whose model the trace has named.
void price_again(const Pricer& pricer, SpanRow& row);

struct Batch {
  BatchNumber number = 0;
  std::vector<SpanRow> spans;
  std::vector<ContentRow> contents;
  std::vector<BodyRow> bodies;
  std::vector<Id128> new_bodies;  // what Memory learns after the insert
  std::vector<Patch> patches;     // of spans that are not in this batch
  std::vector<LogRow> logs;
  std::vector<PointRow> points;
  std::vector<std::pair<ProjectId, Id128>>
      dirty;  // traces that had rows in an earlier batch, or got a patch or a changed span
  std::unordered_map<ProjectId, Fates> fates;
  std::size_t bytes = 0;  // of bodies and attributes, roughly what it holds
  bool empty() const { return spans.empty() && contents.empty() && logs.empty() && points.empty(); }
};

// Fills a batch record by record.
class Builder {
 public:
  // `body_key`: the installation's secret for body hashes.
  Builder(Memory& memory, std::string body_key, Pricer pricer, const Clock& clock);

  // One request's bytes, decoded. Refused records were counted when it was accepted; they are skipped here the same
  // way.
  // `segment`: of the journal, where it stands.
  void add(ProjectId project, Nanos received, otlp::Signal signal, otlp::Encoding encoding, std::string_view body,
           std::uint64_t segment = 0);
  // Runs that come in pieces are folded in `runs`, which must outlive the builder; those that end go into the batch
  // when it is closed, where `shows_ended`.
  void use(Runs& runs, bool shows_ended) { runs_ = &runs, shows_ended_ = shows_ended; }
  // One request of a vendor's own protocol, as accepted; `segment` of the journal.
  void add_runs(ProjectId project, Nanos received, llm::RunForm form, std::string_view body, std::uint64_t segment);
  // What the clock says of open runs.
  void add_due_runs(Nanos now);
  // A row of a model call that log records told of stands in the warehouse.
  void meet_standing(const Standing& row);
  bool has_patches() const { return !batch_.patches.empty(); }
  std::size_t rows() const {
    return batch_.spans.size() + batch_.contents.size() + batch_.logs.size() + batch_.points.size();
  }
  std::size_t bytes() const { return batch_.bytes; }
  bool empty() const { return batch_.empty() && batch_.fates.empty(); }

  // Decides what counts in each trace as far as this batch knows it, numbers the rows, and hands them out.
  Batch close(BatchNumber number);

 private:
  class Walker;
  void add_span(ProjectId project, Nanos received, const otlp::Resource&, const otlp::Scope&, const otlp::Span&);
  // The row of a span, whatever came before it.
  SpanRow& put_span(ProjectId project, Nanos received, const Id128& record, const otlp::Resource&, const otlp::Scope&,
                    const otlp::Span&);
  SpanRow* row_here(ProjectId project, const Id128& trace, const Id128& span);  // nullptr: not in this batch
  void put_run(const ShownRun& run);
  void add_sdk_log(ProjectId project, Nanos received, const llm::RunEvent& event);
  void add_log(ProjectId project, Nanos received, const otlp::Resource&, const otlp::Scope&, const otlp::LogRecord&);
  void share_session(std::size_t from);
  void tell_coding_step(ProjectId project, Nanos received, const otlp::Resource&, const otlp::Scope&,
                        const otlp::LogRecord&);
  void add_coding_patch(ProjectId project, Nanos received, const llm::CodingEvent& event, const llm::Fragment& step,
                        const otlp::LogRecord&);
  bool tell_call(ProjectId project, Nanos received, const otlp::Resource&, const otlp::Scope&, const otlp::LogRecord&,
                 const llm::CallIds&, std::string_view preview);
  void meet_told(SpanRow& row);
  void add_point(ProjectId project, Nanos received, const otlp::Resource&, const otlp::Scope&, const otlp::Point&);
  void add_content(ContentRow row, const std::vector<llm::Content>& content, const std::string& session, Nanos received,
                   SpanRow* preview);
  void mark_dirty(ProjectId project, const Id128& trace);
  void recount_traces();

  Memory& memory_;
  std::string body_key_;
  Pricer pricer_;
  const Clock& clock_;
  Runs* runs_ = nullptr;
  bool shows_ended_ = false;
  std::uint64_t segment_ = 0;  // of the request at hand
  Batch batch_;
  llm::Reading reading_;
  boost::unordered_flat_map<Id128, std::size_t, std::hash<Id128>>
      span_at_;  // hash of (project, trace, span) → index in batch_.spans
  boost::unordered_flat_set<Id128, std::hash<Id128>> batch_bodies_, batch_dirty_;
  boost::unordered_flat_set<std::string_view, std::hash<std::string_view>> used_;  // of the span at hand
  std::vector<char> arena_;
};

}  // namespace pawl::traces
