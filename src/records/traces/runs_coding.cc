// Coding agents' sessions: what their events tell is shown where no span tells it.
#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "llm/json_scan.h"
#include "runs.h"

namespace pawl::traces {
namespace {

constexpr std::size_t most_sessions = 200'000;

Id128 session_key(ProjectId project, std::string_view id) {
  Id128 key = hash128(id);
  key.high ^= std::uint64_t{project} << 32U;
  return key;
}

}  // namespace

Runs::Session& Runs::session_of(ProjectId project, std::string_view id, Nanos received) {
  Session& session = sessions_[session_key(project, id)];
  if (session.id.empty()) session.project = project, session.id = id;
  session.received = std::max(session.received, received);
  return session;
}

bool Runs::waits_for_spans(const Entry& entry) const {
  if (entry.told) return true;
  const auto session = entry.session ? sessions_.find(entry.session) : sessions_.end();
  return session != sessions_.end() && session->second.hinted;
}

void Runs::fold_step(ProjectId project, std::string_view session_id, const llm::Fragment& fragment,
                     std::uint64_t segment) {
  Session& session = session_of(project, session_id, fragment.when.received);
  if (session.traced) return;
  Id128 key;
  bool fresh = false;
  Entry& entry = entry_of(project, llm::Run(fragment), key, fresh);
  if (!entry.session) {
    entry.session = session_key(project, session_id);
    session.steps.push_back(key);
  }
  entry.run.fold(fragment);
  entry.segment = std::min(entry.segment, segment);
  entry.later = std::min(entry.later, segment);
  changed(key, entry);
}

void Runs::traced(ProjectId project, std::string_view id, bool certain, Nanos received, std::uint64_t segment) {
  Session& session = session_of(project, id, received);
  session.segment = std::max(session.segment, segment);
  session.hinted = true;
  if (!certain || session.traced) return;
  session.traced = true;
  take_back(session);
}

void Runs::take_back(Session& session) {
  for (const Id128& key : session.steps) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) continue;
    const Entry& entry = found->second;
    if (entry.shown || entry.unsure) {
      ShownRun gone{.project = entry.project, .received = session.received, .record = {}, .gone = true, .span = {}};
      gone.span.trace_id = entry.trace;
      gone.span.span_id = entry.run.root() ? llm::root_span_of(entry.run.id()) : entry.run.id();
      gone_.push_back(std::move(gone));
    }
    forget(key);
  }
  session.steps.clear();
}

void Runs::show_gone(const ShowRun& show) {
  std::vector<ShownRun> gone;
  gone.swap(gone_);
  for (const auto& one : gone) show(one);
}

void Runs::forget_sessions(Nanos now) {
  if (now - swept_ < minute && sessions_.size() <= most_sessions) return;
  swept_ = now;
  Nanos before = now - limits_.memory;
  if (sessions_.size() > most_sessions) {  // the longest silent half
    std::vector<Nanos> heard;
    heard.reserve(sessions_.size());
    for (const auto& [key, session] : sessions_) heard.push_back(session.received);
    std::ranges::nth_element(heard, heard.begin() + static_cast<std::ptrdiff_t>(heard.size() / 2));
    before = std::max(before, heard[heard.size() / 2]);
  }
  std::erase_if(sessions_, [&](const auto& each) { return each.second.received < before; });
}

std::string Runs::carried_sessions(ProjectId project, std::uint64_t through_segment) const {
  std::string out;
  for (const auto& [key, session] : sessions_) {
    if (session.project != project || session.segment == 0 || session.segment > through_segment) continue;
    out += fmt::format("{}{{\"id\":{},\"certain\":{},\"received\":{}}}", out.empty() ? "" : ",", json_quote(session.id),
                       session.traced, session.received);
  }
  return out;
}

void Runs::fold_sessions(ProjectId project, std::string_view list, std::uint64_t segment) {
  llm::json::Elements elements(list);
  while (elements.next()) {
    const std::string id = llm::json::text(llm::json::member(elements.value, "id"));
    const auto received = llm::json::integer(llm::json::member(elements.value, "received")).value_or(0);
    if (!id.empty()) traced(project, id, llm::json::member(elements.value, "certain") == "true", received, segment);
  }
}

}  // namespace pawl::traces
