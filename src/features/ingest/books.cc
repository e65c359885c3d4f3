// The books.
#include "books.h"

namespace pawl::ingest {

void Ledger::restore(const std::vector<journal::Totals>& totals) {
  const std::lock_guard lock(mutex_);
  for (const auto& t : totals) {
    accounts_[t.project].cut = {t.received, t.refused, t.quarantined, 0, t.stored, t.duplicate, t.merged};
  }
}

void Ledger::accepted(ProjectId project, std::uint64_t units, std::uint64_t refused) {
  const std::lock_guard lock(mutex_);
  accounts_[project].units += units;
  accounts_[project].refused_here += refused;
}

void Ledger::refused(ProjectId project, std::uint64_t units, Refusal why) {
  {
    const std::lock_guard lock(mutex_);
    accounts_[project].cut.received += units;
    accounts_[project].cut.refused += units;
  }
  note(project, std::move(why));
}

void Ledger::note(ProjectId project, Refusal why) {
  const std::lock_guard lock(mutex_);
  auto& refusals = accounts_[project].refusals;
  refusals.push_front(std::move(why));
  if (refusals.size() > 20) refusals.pop_back();
}

std::vector<journal::Totals> Ledger::cut(
    const std::unordered_map<ProjectId, traces::Fates>& fates,
    const std::unordered_map<ProjectId, std::pair<std::uint64_t, std::uint64_t>>& taken) {
  const std::lock_guard lock(mutex_);
  for (const auto& [project, counts] : taken) {
    auto& account = accounts_[project];
    const auto [units, refused] = counts;
    const auto fate = fates.contains(project) ? fates.at(project) : traces::Fates{};
    account.units -= std::min(units, account.units);
    account.refused_here -= std::min(refused, account.refused_here);
    account.cut.received += units + refused;
    account.cut.refused += refused;
    account.cut.duplicate += fate.duplicate;
    account.cut.merged += fate.merged;
    const std::uint64_t stored = units - std::min(units, fate.duplicate + fate.merged);
    account.cut.stored += stored;
    account.in_flight += stored;
  }
  std::vector<journal::Totals> totals;
  for (const auto& [project, account] : accounts_) {
    const Books& b = account.cut;
    totals.push_back({project, b.received, b.refused, b.quarantined, b.stored, b.duplicate, b.merged});
  }
  return totals;
}

void Ledger::landed() {
  const std::lock_guard lock(mutex_);
  for (auto& [project, account] : accounts_) account.in_flight = 0;
}

void Ledger::quarantined(ProjectId project, std::uint64_t units) {
  const std::lock_guard lock(mutex_);
  Books& books = accounts_[project].cut;
  books.stored -= std::min(units, books.stored);
  books.quarantined += units;
}

void Ledger::released(ProjectId project, std::uint64_t units) {
  const std::lock_guard lock(mutex_);
  Books& books = accounts_[project].cut;
  books.quarantined -= std::min(units, books.quarantined);
  books.stored += units;
}

Books Ledger::sum(const Account& account) {
  Books books = account.cut;
  books.received += account.units + account.refused_here;
  books.refused += account.refused_here;
  books.journal += account.units + account.in_flight;
  books.stored -= std::min(books.stored, account.in_flight);
  return books;
}

Books Ledger::of(ProjectId project) const {
  const std::lock_guard lock(mutex_);
  const auto found = accounts_.find(project);
  return found == accounts_.end() ? Books{} : sum(found->second);
}

std::vector<Refusal> Ledger::last_refusals(ProjectId project) const {
  const std::lock_guard lock(mutex_);
  const auto found = accounts_.find(project);
  if (found == accounts_.end()) return {};
  return {found->second.refusals.begin(), found->second.refusals.end()};
}

std::vector<std::pair<ProjectId, Books>> Ledger::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<ProjectId, Books>> out;
  for (const auto& [project, account] : accounts_) out.emplace_back(project, sum(account));
  return out;
}

}  // namespace pawl::ingest
