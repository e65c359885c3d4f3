// Model calls that log records tell of: each waits for its span, becomes a row where none comes, and gives way to it.
#include "llm/log_calls.h"
#include "runs.h"

namespace pawl::traces {
namespace {

Id128 told_key(ProjectId project, const Id128& trace, const Id128& span) {
  Id128 key = id_from_text(llm::log_call_id(trace, span));
  key.high ^= std::uint64_t{project} << 32U;
  return key;
}

}  // namespace

std::optional<Runs::ToldRun> Runs::span_came(ProjectId project, const Id128& trace, const Id128& span) {
  const Id128 key = told_key(project, trace, span);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  const Entry& entry = found->second;
  ToldRun out{entry.run, entry.unsure || entry.shown};
  forget(key);
  return out;
}

std::vector<SpanName> Runs::told_due(Nanos now, Nanos& first, Nanos& last) const {
  std::vector<SpanName> out;
  if (told_ == 0) return out;
  for (const auto& [due, key] : due_) {
    if (due > now) break;
    const Entry& entry = entries_.at(key);
    if (!entry.told || !entry.dirty) continue;
    const Nanos start = entry.run.start(), end = entry.run.end();
    first = out.empty() ? start : std::min(first, start);
    last = out.empty() ? end : std::max(last, end);
    out.push_back({entry.project, id_from_text(entry.trace), id_from_text(entry.run.text("span_id"))});
  }
  return out;
}

void Runs::told_stands(const Standing& row) {
  const auto found = entries_.find(told_key(row.name.project, row.name.trace, row.name.span));
  if (found != entries_.end()) found->second.shown = row.record;
}

}  // namespace pawl::traces
