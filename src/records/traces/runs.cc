// When a folded run is shown, and how long it is remembered.
#include "runs.h"

#include "base/json.h"
#include "base/text.h"
#include "late.h"
#include "llm/json_scan.h"

namespace pawl::traces {
namespace {

constexpr int longest_chain = 64;               // of parents that say no trace
constexpr std::size_t record_bytes = 4U << 20;  // of carry()

Id128 key_of(ProjectId project, std::string_view id) {
  Id128 key = id_from_text(id);
  key.high ^= std::uint64_t{project} << 32U;
  return key;
}

std::string span_of(const llm::Run& run) {
  return run.root() ? llm::root_span_of(run.id()) : run.id();
}

}  // namespace

// --- the index ----------------------------------------------------------------------------------------------------

bool Runs::open(const Entry& entry) const {
  if (entry.closed) return false;
  if (!entry.run.root()) return !entry.run.ended();
  const auto trace = traces_.find(entry.trace_key);
  return trace != traces_.end() && trace->second.open > 0;
}

// Everything that makes it a row is there.
bool Runs::whole(const Entry& entry) const {
  return entry.run.created() && !entry.trace.empty();
}

std::string Runs::trace_of(const Entry& entry) const {
  const Entry* at = &entry;
  for (int i = 0; i < longest_chain; ++i) {
    if (std::string trace = at->run.trace(); !trace.empty()) return trace;
    const auto parent = entries_.find(key_of(entry.project, at->run.parent()));
    if (parent == entries_.end() || &parent->second == at) return {};
    at = &parent->second;
  }
  return {};
}

void Runs::touch(const Id128& key, Entry& entry) {
  entry.dirty = true;
  if (entry.touched) return;
  entry.touched = true;
  touched_.push_back(key);
}

void Runs::touch_root(const Id128& trace_key) {
  const auto trace = traces_.find(trace_key);
  if (trace == traces_.end() || !trace->second.root) return;
  const auto root = entries_.find(trace->second.root);
  if (root == entries_.end()) return;
  root->second.closed = false;
  touch(root->first, root->second);
  schedule(root->first, root->second);
}

void Runs::unindex(Entry& entry) {
  const auto found = traces_.find(entry.trace_key);
  if (found == traces_.end()) return;
  if (!entry.run.root() && entry.open) --found->second.open;
  if (entry.run.root()) found->second.root = {};
  if (--found->second.entries == 0) traces_.erase(found);
  entry.trace_key = {};
}

void Runs::index(const Id128& key, Entry& entry) {
  if (entry.trace.empty()) entry.trace = trace_of(entry);
  if (entry.trace.empty()) return;
  const Id128 trace_key = key_of(entry.project, entry.trace);
  auto& trace = traces_[trace_key];
  if (!entry.trace_key) {
    ++trace.entries;
    entry.trace_key = trace_key;
    entry.open = false;
    if (entry.run.root()) trace.root = key;
  }
  if (entry.run.root()) return;
  const bool is_open = !entry.closed && !entry.run.ended();
  const Nanos start = entry.run.start(), end = entry.run.end();
  const bool earlier = start != 0 && (trace.start == 0 || start < trace.start);
  const bool news = is_open != entry.open || end > trace.end || earlier;
  if (earlier) trace.start = start;
  if (is_open != entry.open) is_open ? ++trace.open : --trace.open;
  entry.open = is_open;
  trace.end = std::max(trace.end, end);
  if (news) touch_root(trace_key);
}

void Runs::schedule(const Id128& key, Entry& entry) {
  due_.erase({entry.due, key});
  const bool is_open = open(entry);
  Nanos wait = is_open ? limits_.silence : limits_.memory;
  if (entry.dirty && is_open) wait = limits_.visible;
  if (entry.dirty && !whole(entry)) wait = limits_.alone;
  if (entry.dirty && waits_for_spans(entry)) wait = entry.pushed ? limits_.alone : limits_.traced;
  if (entry.closed) wait = limits_.silence + limits_.memory;
  const bool waits_for_others = is_open && !entry.dirty && entry.run.root();
  entry.due = waits_for_others ? std::numeric_limits<Nanos>::max() : entry.run.received() + wait;
  due_.insert({entry.due, key});
}

Runs::Entry& Runs::entry_of(ProjectId project, const llm::Run& run, Id128& key, bool& fresh) {
  key = key_of(project, span_of(run));
  auto [at, is_fresh] = entries_.try_emplace(key);
  fresh = is_fresh;
  if (fresh) {
    at->second.project = project;
    at->second.run = run;
    at->second.first = ~(Nanos{1} << 63U);
    at->second.unsure = rebuilding_;
    at->second.told = run.form() == llm::RunForm::log_call;
    told_ += at->second.told ? 1 : 0;
    ++uses_[project].runs;
  }
  return at->second;
}

void Runs::changed(const Id128& key, Entry& entry) {
  entry.closed = false;
  entry.pushed = entry.told && (entry.pushed || entry.run.value("pushed") == "true");
  auto& use = uses_[entry.project];
  use.bytes += entry.run.bytes() - entry.bytes;
  entry.bytes = entry.run.bytes();
  touch(key, entry);
  index(key, entry);
  schedule(key, entry);
}

bool Runs::fold(ProjectId project, const llm::Fragment& fragment, std::uint64_t segment) {
  Id128 key;
  bool fresh = false;
  Entry& entry = entry_of(project, llm::Run(fragment), key, fresh);
  entry.run.fold(fragment);
  entry.first = std::min(entry.first, fragment.when.received);
  entry.segment = std::min(entry.segment, segment);
  entry.later = std::min(entry.later, segment);
  changed(key, entry);
  return fresh;
}

Result<> Runs::fold_kept(ProjectId project, std::string_view body, std::uint64_t segment) {
  const auto runs = TRY(llm::read_kept_runs(body));
  fold_sessions(project, llm::json::member(body, "traced"), segment);
  std::vector<Id128> shown;
  llm::json::Elements elements(llm::json::member(body, "shown"));
  while (elements.next()) shown.push_back(id_from_bytes(from_hex(llm::json::text(elements.value)).value_or("")));
  std::vector<Nanos> first;
  llm::json::Elements times(llm::json::member(body, "first"));
  while (times.next()) first.push_back(llm::json::integer(times.value).value_or(0));
  for (std::size_t i = 0; i < runs.size(); ++i) {
    Id128 key;
    bool fresh = false;
    Entry& entry = entry_of(project, runs[i], key, fresh);
    if (!fresh) entry.run.merge(runs[i]);
    if (fresh && i < shown.size()) entry.shown = shown[i];
    entry.first = std::min(entry.first, i < first.size() ? first[i] : runs[i].received());
    entry.segment = std::min(entry.later, segment);
    if (runs[i].form() == llm::RunForm::coding_agent && !entry.session) {
      Session& session = session_of(project, runs[i].text("session"), runs[i].received());
      entry.session = key_of(project, session.id);
      session.steps.push_back(key);
    }
    changed(key, entry);
  }
  return {};
}

// --- rows ---------------------------------------------------------------------------------------------------------

// Whether a row of it may have been stored before the first that is remembered of it.
bool Runs::is_late(const Entry& entry) const {
  if (entry.told) return false;
  const auto trace = traces_.find(entry.trace_key);
  Nanos start = entry.run.start();
  if (start == 0 && entry.run.root() && trace != traces_.end()) start = trace->second.start;
  return !entry.run.created() || start == 0 || start < entry.first - limits_.memory;
}

void Runs::show(Entry& entry, llm::Status state, const ShowRun& show) {
  ShownRun shown{.project = entry.project,
                 .state = state,
                 .received = entry.run.received(),
                 .record = {},
                 .replaces = false,
                 .erased = {},
                 .span = {}};
  llm::read_run(entry.run, shown.span);
  if (entry.trace.empty()) entry.trace = trace_of(entry);
  shown.span.trace_id = !entry.trace.empty()           ? entry.trace
                        : shown.span.parent_id.empty() ? shown.span.span_id
                                                       : shown.span.parent_id;
  auto& span = shown.span.span;
  const auto trace = traces_.find(entry.trace_key);
  if (entry.run.root() && trace != traces_.end()) {  // as long as what is in it; OpenAI's tell no start either
    const Nanos own = entry.run.start(), start = own != 0 ? own : trace->second.start;
    if (start != 0) span.start_ns = span.end_ns = static_cast<std::uint64_t>(start);
    if (state != llm::Status::running)
      span.end_ns = std::max(span.end_ns, static_cast<std::uint64_t>(trace->second.end));
  }
  const llm::Moment last = entry.run.last();
  const bool late = is_late(entry);
  if (late) shown.erased = entry.run.erased();
  shown.record = marked({.late = late,
                         .first = late && !entry.shown,
                         .again = late && entry.unsure,
                         .put = false,
                         .told = entry.told,
                         .starts = entry.run.start() != 0,
                         .ends = entry.run.end() != 0,
                         .rank = last.rank,
                         .second = static_cast<std::uint32_t>(std::clamp<Nanos>(last.at / second, 0, 0xFFFFFFFF))},
                        hash128(fmt::format("{} {} {} {} {}", to_hex(entry.run.record()), llm::name_of(state),
                                            span.start_ns, span.end_ns, shown.span.trace_id)));
  entry.dirty = false;
  if (says_the_same(shown.record, entry.shown)) return;
  shown.replaces = entry.unsure || entry.shown;
  entry.unsure = false;
  entry.shown = shown.record;
  show(shown);
}

void Runs::show_ended(const ShowRun& each) {
  show_gone(each);
  std::vector<Id128> touched;
  touched.swap(touched_);
  for (const auto& key : touched) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) continue;
    Entry& entry = found->second;
    entry.touched = false;
    if (entry.trace.empty()) index(key, entry);  // what it hangs on may have come meanwhile
    if (!entry.dirty || !whole(entry) || open(entry) || entry.closed) continue;
    if (!waits_for_spans(entry)) show(entry, llm::Status::ok, each);
    schedule(key, entry);
  }
}

void Runs::show_due(Nanos now, const ShowRun& each) {
  while (!due_.empty() && due_.begin()->first <= now) {
    const Id128 key = due_.begin()->second;
    Entry& entry = entries_.at(key);
    if (!entry.dirty && (entry.closed || !open(entry))) {
      forget(key);
      continue;
    }
    if (entry.trace.empty()) index(key, entry);  // what it hangs on may have come meanwhile
    if (entry.trace.empty() && now - entry.run.received() < limits_.silence) {  // no row can be its own yet
      due_.erase({entry.due, key});
      entry.due = now + 4 * limits_.alone;
      due_.insert({entry.due, key});
      if (!std::exchange(entry.sought, true)) homeless_.push_back(key);
      continue;
    }
    const bool silent = open(entry) && !entry.run.root() && now - entry.run.received() >= limits_.silence;
    if (silent) {
      entry.closed = true;
      index(key, entry);
    }
    show(entry, silent ? llm::Status::unfinished : open(entry) ? llm::Status::running : llm::Status::ok, each);
    schedule(key, entry);
  }
  let_go(each);
  forget_sessions(now);
}

std::vector<Runs::Homeless> Runs::take_homeless() {
  std::vector<Homeless> out;
  for (const Id128& key : std::exchange(homeless_, {})) {
    const auto found = entries_.find(key);
    if (found != entries_.end()) out.push_back({found->second.project, id_from_text(span_of(found->second.run))});
  }
  return out;
}

void Runs::house(ProjectId project, const Id128& span, const std::string& trace) {
  Id128 key = span;
  key.high ^= std::uint64_t{project} << 32U;
  const auto found = entries_.find(key);
  if (found == entries_.end() || !found->second.trace.empty()) return;
  found->second.trace = trace;
  changed(key, found->second);
}

void Runs::forget(const Id128& key) {
  const auto found = entries_.find(key);
  Entry& entry = found->second;
  due_.erase({entry.due, key});
  unindex(entry);
  told_ -= entry.told ? 1 : 0;
  auto& use = uses_[entry.project];
  --use.runs;
  use.bytes -= entry.bytes;
  if (use.runs == 0) uses_.erase(entry.project);
  entries_.erase(found);
}

// Projects over their limits: ended ones first, then open ones, the longest silent of each.
void Runs::let_go(const ShowRun& each) {
  std::vector<ProjectId> over;
  for (const auto& [project, use] : uses_) {
    if (use.runs > limits_.runs || use.bytes > limits_.bytes) over.push_back(project);
  }
  for (const ProjectId project : over) {
    for (const bool ended : {true, false}) {
      std::vector<std::pair<Nanos, Id128>> oldest;
      for (const auto& [key, entry] : entries_) {
        if (entry.project == project && ended == !open(entry) && !entry.touched)
          oldest.emplace_back(entry.run.received(), key);
      }
      std::ranges::sort(oldest);
      for (const auto& [received, key] : oldest) {
        const auto use = uses_.find(project);
        if (use == uses_.end() ||
            (use->second.runs <= limits_.runs * 9 / 10 && use->second.bytes <= limits_.bytes * 9 / 10))
          break;
        Entry& entry = entries_.at(key);
        if (!ended) show(entry, llm::Status::unfinished, each);
        if (ended && entry.dirty && whole(entry)) show(entry, llm::Status::ok, each);  // it waits for spans
        forget(key);
      }
    }
  }
}

// --- the journal --------------------------------------------------------------------------------------------------

std::vector<Runs::Kept> Runs::carry(std::uint64_t through_segment) {
  struct Open {
    std::string runs, shown, first;
  };
  std::unordered_map<ProjectId, Open> bodies;
  for (const auto& [key, session] : sessions_) {
    if (session.segment > 0 && session.segment <= through_segment) bodies[session.project];
  }
  std::vector<Kept> out;
  auto close = [&](ProjectId project, Open& body) {
    const std::string traced = carried_sessions(project, through_segment);
    if (!body.runs.empty() || !traced.empty())
      out.push_back({project, fmt::format("{{\"runs\":[{}],\"shown\":[{}],\"first\":[{}],\"traced\":[{}]}}", body.runs,
                                          body.shown, body.first, traced)});
    body = {};
  };
  for (auto& [key, entry] : entries_) {
    if (entry.segment > through_segment) continue;
    entry.later = ~0ULL;
    auto& body = bodies[entry.project];
    body.runs += (body.runs.empty() ? "" : ",") + entry.run.write();
    body.shown += fmt::format("{}\"{}\"", body.shown.empty() ? "" : ",", to_hex(entry.shown));
    body.first += fmt::format("{}{}", body.first.empty() ? "" : ",", entry.first);
    if (body.runs.size() >= record_bytes) close(entry.project, body);
  }
  for (auto& [project, body] : bodies) close(project, body);
  return out;
}

std::string Runs::kept_of(ProjectId project, const Id128& span, const Id128& record) const {
  Id128 key = span;
  key.high ^= std::uint64_t{project} << 32U;
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.shown != record) return {};
  return fmt::format("{{\"runs\":[{}]}}", found->second.run.write());
}

void Runs::forget_shown(ProjectId project, const Id128& span) {
  Id128 key = span;
  key.high ^= std::uint64_t{project} << 32U;
  if (const auto found = entries_.find(key); found != entries_.end()) found->second.shown = {};
}

Runs::Sizes Runs::sizes() const {
  Sizes sizes;
  for (const auto& [project, use] : uses_) {
    sizes.runs += use.runs;
    sizes.bytes += use.bytes;
  }
  for (const auto& [key, trace] : traces_) sizes.open += trace.open;
  return sizes;
}

}  // namespace pawl::traces
