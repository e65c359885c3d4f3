// The writer's corrections: traces with news are recounted, what changed is written as pairs.
#include "writer.h"

namespace pawl::ingest {
namespace {

constexpr Nanos patch_life = 10 * minute;  // a log record's facts wait so long for their span
constexpr std::size_t traces_a_round = 500;

}  // namespace

void Writer::correct(bool all) {
  const Nanos now = clock_.monotonic();
  std::unordered_map<ProjectId, Revision> rounds;
  std::unordered_map<ProjectId, std::vector<traces::Patch>> patches;
  std::vector<Id128> taken;
  for (const auto& [key, dirty] : dirty_) {
    if (!all && dirty.due > now) continue;
    const auto& [project, trace] = dirty_names_[key];
    if (rounds[project].traces.size() >= traces_a_round) continue;
    rounds[project].traces.push_back(trace);
    for (const auto& patch : dirty.patches) patches[project].push_back(patch);
    taken.push_back(key);
  }
  for (const auto& key : taken) {
    dirty_.erase(key);
    dirty_names_.erase(key);
  }
  for (auto& [project, round] : rounds) {
    correct({project, std::move(round.traces), nullptr}, std::move(patches[project]));
  }
  std::deque<Revision> revisions;
  {
    const std::lock_guard lock(mutex_);
    revisions.swap(revisions_);
  }
  for (auto& revision : revisions) correct(std::move(revision), {});
}

void Writer::correct(Revision round, std::vector<traces::Patch> patches) {
  auto corrections = traces::corrections(*warehouse_, round.project, round.traces, patches, last_batch_ + 1,
                                         round.change, options_.pricer);
  if (!corrections) {
    log_.warn("a recount failed; it runs again with the next news", {{"why", corrections.error().what}});
    return;
  }
  std::unordered_map<Id128, bool> there;
  traces::Batch batch;
  batch.spans = std::move(corrections->pairs);
  batch.contents = std::move(corrections->contents);
  for (const auto& row : batch.spans) there[row.span] = true;
  const Nanos now = clock_.monotonic();
  for (std::size_t i = 0; i < patches.size(); ++i) {  // no row changed: its span may still come
    auto& patch = patches[i];
    const bool by_id = patch.span && patch.content.pieces.empty();
    if (by_id ? there.contains(patch.span) : corrections->found[i]) continue;
    auto& waits = waiting_[traces::Memory::key(patch.project, patch.trace)];
    if (waits.first == 0) waits.first = now;
    if (now - waits.first < patch_life && waits.patches.size() < 1000) waits.patches.push_back(std::move(patch));
  }
  if (batch.spans.empty() && batch.contents.empty()) return;
  batch.number = ++last_batch_;
  if (!insert(batch, {}, nullptr)) return;
  books_.found_repeats(round.project, corrections->same, corrections->changed);
  const std::lock_guard lock(mutex_);
  stats_.corrections += batch.spans.size();
}

}  // namespace pawl::ingest
