// Batches and books.
#include "batches.h"

#include <algorithm>

namespace pawl::journal {

void Batches::add(const Cut& cut) {
  if (cut.batch <= settled_) return;
  while (!batches_.empty() && batches_.back().number >= cut.batch)
    batches_.pop_back();  // a cut that failed, said again
  batches_.push_back({.number = cut.batch, .up_to = cut.up_to, .stored_at = std::nullopt});
  last_batch_ = cut.batch;
  last_up_to_ = cut.up_to;
  for (const Totals& of : cut.totals) totals_[of.project] = of;
}

void Batches::load(const Checkpoint& checkpoint) {
  *this = {};
  settled_ = last_batch_ = checkpoint.settled;
  settled_up_to_ = last_up_to_ = checkpoint.up_to;
  stored_ = checkpoint.stored;
  for (const Cut& cut : checkpoint.cuts) add(cut);
  for (const Totals& of : checkpoint.totals) totals_[of.project] = of;
}

Checkpoint Batches::checkpoint(std::size_t settles, std::uint64_t first_kept) const {
  Checkpoint result{.settled = settled_, .up_to = end_of(settles), .first_kept = first_kept, .stored = stored_};
  if (settles > 0) result.settled = batches_[settles - 1].number;
  result.cuts = cuts();
  result.cuts.erase(result.cuts.begin(), result.cuts.begin() + static_cast<std::ptrdiff_t>(settles));
  result.totals = totals();
  return result;
}

void Batches::settle(std::uint64_t batch) {
  for (; !batches_.empty() && batches_.front().number <= batch; batches_.pop_front()) {
    settled_ = batches_.front().number;
    settled_up_to_ = batches_.front().up_to;
  }
}

std::optional<std::uint64_t> Batches::stored(std::uint64_t batch, Nanos at) {
  const auto of = std::ranges::find(batches_, batch, &Batch::number);
  if (of == batches_.end() || of->stored_at) return std::nullopt;
  of->stored_at = at;
  const auto open = std::ranges::find_if(batches_, [](const Batch& b) { return !b.stored_at; });
  if (open == batches_.begin() || std::prev(open)->number <= stored_) return std::nullopt;
  stored_ = std::prev(open)->number;
  return stored_;
}

void Batches::stored_through(std::uint64_t batch, Nanos at) {
  stored_ = std::max(stored_, batch);
  for (Batch& of : batches_) {
    if (of.number <= batch && !of.stored_at) of.stored_at = at;
  }
}

std::size_t Batches::stored_before(Nanos before) const {
  const auto recent = [&](const Batch& b) { return !b.stored_at || *b.stored_at > before; };
  return static_cast<std::size_t>(std::ranges::find_if(batches_, recent) - batches_.begin());
}

Position Batches::end_of(std::size_t settles) const {
  return settles > 0 ? batches_[settles - 1].up_to : settled_up_to_;
}

std::vector<Cut> Batches::cuts() const {
  std::vector<Cut> all;
  for (const Batch& of : batches_) all.push_back({.batch = of.number, .up_to = of.up_to, .totals = {}});
  return all;
}

std::vector<Totals> Batches::totals() const {
  std::vector<Totals> all;
  for (const auto& [project, of] : totals_) all.push_back(of);
  return all;
}

std::vector<std::pair<Position, std::uint64_t>> Batches::bounds() const {
  std::vector<std::pair<Position, std::uint64_t>> all;
  if (settled_ > 0) all.emplace_back(settled_up_to_, settled_);
  for (const Batch& of : batches_) all.emplace_back(of.up_to, of.number);
  return all;
}

}  // namespace pawl::journal
