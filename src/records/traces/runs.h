// Open runs: what has come of runs that arrive in pieces, folded (llm/run.h), and when each of them becomes a row.
//
// A run that has ended becomes a row of the batch whose fragment ended it; later fragments make that row anew, and a
// correction takes the old one back. A run that has not ended is shown as running after a second, and as unfinished
// after an hour of silence: by the clock, in batches that no cut names. Both are rebuilt from the journal. What comes
// of a run that is forgotten by then becomes a row of late pieces, which a correction puts to the stored one (late.h).
#pragma once
#include <functional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "llm/run.h"
#include "row.h"
#include "told.h"

namespace pawl::traces {

struct RunLimits {                 // docs/limits.md
  std::size_t runs = 100'000;      // of one project, open or ended within `memory`
  std::size_t bytes = 128U << 20;  // … and what they hold; over either the longest silent are let go
  Nanos visible = second;          // open for so long: shown as running
  Nanos alone = 2 * second;        // a patch waits so long for what it patches
  Nanos silence = hour;            // then an open run is unfinished
  Nanos memory = hour;             // an ended run still takes patches
  Nanos traced = 30 * second;      // what log records tell waits so long for spans that may tell it too
};

// A run that is to become a row. Views until the next call.
struct ShownRun {
  ProjectId project = 0;
  llm::Status state = llm::Status::ok;  // ok: ended; running, unfinished
  Nanos received = 0;
  Id128 record;           // carries a RunMark
  bool replaces = false;  // an earlier row may stand
  bool gone = false;      // its row is taken back: spans tell the same; only project, trace_id and span_id are set
  std::vector<std::string> erased;  // of late pieces: what null took back
  llm::RunSpan span;
};
using ShowRun = std::function<void(const ShownRun&)>;

// Not thread-safe: the writer's thread alone.
class Runs {
 public:
  explicit Runs(RunLimits limits = {}) : limits_(limits) {}

  // While the journal is read back nobody knows what was shown: rows of these runs may stand already.
  void rebuilding(bool now) { rebuilding_ = now; }

  // True where nothing of the run was known. `segment`: of the journal, where the fragment stands.
  bool fold(ProjectId project, const llm::Fragment& fragment, std::uint64_t segment);
  // A step that a coding agent told by an event (llm/coding_agents.h). Where its session has spans the event tells
  // nothing new: such steps are not shown, and taken back where they were.
  void fold_step(ProjectId project, std::string_view session, const llm::Fragment& fragment, std::uint64_t segment);
  // Of a coding agent's session: spans have come (`certain`), or the agent makes some, which may come.
  void traced(ProjectId project, std::string_view session, bool certain, Nanos received, std::uint64_t segment);
  // A model call that log records tell of (llm/log_calls.h) is folded like any run, and becomes a row by the clock
  // alone, where its span has not come until then.
  bool has_told() const { return told_ > 0; }
  struct ToldRun {
    llm::Run run;
    bool shown = false;  // a row of it may stand
  };
  // The span itself has come: what was told of it, which is forgotten.
  std::optional<ToldRun> span_came(ProjectId project, const Id128& trace, const Id128& span);
  // Those that show_due would show, with the times of their first and last records; and that such a row stands already.
  std::vector<SpanName> told_due(Nanos now, Nanos& first, Nanos& last) const;
  void told_stands(const Standing& row);
  // What carry() wrote.
  Result<> fold_kept(ProjectId project, std::string_view body, std::uint64_t segment);

  // The runs that fragments since the last call have ended, or changed after their end: a function of the fragments
  // alone, in their order.
  void show_ended(const ShowRun& show);
  // What is due by the clock: running, unfinished, patches without a start; and forgets what is long over.
  void show_due(Nanos now, const ShowRun& show);

  // Runs that no row can be made of, since nothing says which trace they are of: late patches by hand. Each is given
  // out once; whoever finds its trace says so.
  struct Homeless {
    ProjectId project = 0;
    Id128 span;
  };
  std::vector<Homeless> take_homeless();
  void house(ProjectId project, const Id128& span, const std::string& trace);

  // Bodies of records (llm::RunForm::kept) that hold every run of which something stands in `through_segment` or
  // before.
  struct Kept {
    ProjectId project = 0;
    std::string body;
  };
  std::vector<Kept> carry(std::uint64_t through_segment);

  // The run behind a row: its kept record, or "" where there is none. `forget_shown`: its row was not stored.
  std::string kept_of(ProjectId project, const Id128& span, const Id128& record) const;
  void forget_shown(ProjectId project, const Id128& span);

  struct Sizes {
    std::size_t runs = 0, bytes = 0, open = 0;
  };
  Sizes sizes() const;

 private:
  struct Entry {
    ProjectId project = 0;
    llm::Run run;
    std::string trace;     // the client's id; "" where it is not known yet
    Id128 trace_key;       // of the index of traces; 0: in none
    bool open = true;      // as the index knows it
    bool dirty = true;     // changed since it was shown
    bool closed = false;   // shown as unfinished
    bool unsure = false;   // made while rebuilding, not shown since
    bool touched = false;  // stands in touched_
    bool sought = false;   // its trace was asked for
    bool told = false;     // a llm::RunForm::log_call
    bool pushed = false;   // … by somebody who sends no spans
    Id128 shown;           // record of its last row
    Id128 session;         // of a coding agent's step: key in sessions_; else 0
    Nanos first = 0;       // receipt of its first fragment
    Nanos due = 0;
    std::uint64_t segment = ~0ULL;  // the oldest that holds something of it
    std::uint64_t later = ~0ULL;    // likewise, since carry()
    std::size_t bytes = 0;          // as counted in the project's use
  };
  struct Trace {
    std::uint32_t open = 0;
    Nanos start = 0, end = 0;  // of what is in it; 0: unknown
    Id128 root;                // key of the entry that stands for it
    std::uint32_t entries = 0;
  };
  struct Session {  // of a coding agent
    ProjectId project = 0;
    std::string id;
    bool traced = false, hinted = false;
    Nanos received = 0;         // of the last that told of it
    std::uint64_t segment = 0;  // the last that holds a sign of spans
    std::vector<Id128> steps;   // keys of entries
  };
  struct Use {
    std::size_t runs = 0, bytes = 0;
  };

  Entry& entry_of(ProjectId project, const llm::Run& run, Id128& key, bool& fresh);
  void changed(const Id128& key, Entry& entry);
  void index(const Id128& key, Entry& entry);
  void unindex(Entry& entry);
  void touch_root(const Id128& trace_key);
  void touch(const Id128& key, Entry& entry);
  void schedule(const Id128& key, Entry& entry);
  std::string trace_of(const Entry& entry) const;
  bool open(const Entry& entry) const;
  bool whole(const Entry& entry) const;
  void show(Entry& entry, llm::Status state, const ShowRun& show);
  void forget(const Id128& key);
  void let_go(const ShowRun& show);
  bool is_late(const Entry& entry) const;
  // runs_coding.cc
  Session& session_of(ProjectId project, std::string_view id, Nanos received);
  bool waits_for_spans(const Entry& entry) const;
  void take_back(Session& session);
  void show_gone(const ShowRun& show);
  void forget_sessions(Nanos now);
  std::string carried_sessions(ProjectId project, std::uint64_t through_segment) const;
  void fold_sessions(ProjectId project, std::string_view list, std::uint64_t segment);

  RunLimits limits_;
  bool rebuilding_ = false;
  std::unordered_map<Id128, Entry> entries_;
  std::unordered_map<Id128, Trace> traces_;
  std::unordered_map<ProjectId, Use> uses_;
  std::unordered_map<Id128, Session> sessions_;
  std::vector<ShownRun> gone_;
  Nanos swept_ = 0;
  std::size_t told_ = 0;  // entries
  std::vector<Id128> touched_, homeless_;
  std::set<std::pair<Nanos, Id128>> due_;
};

}  // namespace pawl::traces
