// The books.
#include "books.h"

namespace pawl::ingest {
namespace {

void take(std::uint64_t& from, std::uint64_t what) {
  from -= std::min(from, what);
}

}  // namespace

std::uint64_t Bookkeeper::Account::stored() const {
  std::uint64_t left = received;
  for (const std::uint64_t fate : {refused, quarantined, duplicate, merged, again}) take(left, fate);
  return left;
}

void Bookkeeper::restore(const std::vector<journal::Totals>& totals,
                         const std::unordered_map<ProjectId, std::uint64_t>& quarantined) {
  const std::lock_guard lock(mutex_);
  for (const auto& t : totals) {
    Account& account = accounts_[t.project];
    account.received = t.received, account.refused = t.refused;
    account.duplicate = t.duplicate, account.merged = t.merged;
  }
  for (const auto& [project, units] : quarantined) accounts_[project].quarantined = units;
}

void Bookkeeper::accepted(ProjectId project, std::uint64_t units, std::uint64_t refused) {
  const std::lock_guard lock(mutex_);
  accounts_[project].open += units;
  accounts_[project].open_refused += refused;
}

void Bookkeeper::refused(ProjectId project, std::uint64_t units, Refusal why) {
  {
    const std::lock_guard lock(mutex_);
    accounts_[project].received += units;
    accounts_[project].refused += units;
  }
  note(project, std::move(why));
}

void Bookkeeper::note(ProjectId project, Refusal why) {
  const std::lock_guard lock(mutex_);
  auto& refusals = accounts_[project].refusals;
  refusals.push_front(std::move(why));
  if (refusals.size() > 20) refusals.pop_back();
}

std::vector<journal::Totals> Bookkeeper::cut(const std::unordered_map<ProjectId, traces::Fates>& fates,
                                             const std::unordered_map<ProjectId, Taken>& taken) {
  const std::lock_guard lock(mutex_);
  for (const auto& [project, counts] : taken) {
    auto& account = accounts_[project];
    const auto fate = fates.contains(project) ? fates.at(project) : traces::Fates{};
    take(account.open, counts.units);
    take(account.open_refused, counts.refused);
    take(account.again, counts.again);
    account.received += counts.units + counts.refused;
    account.refused += counts.refused;
    account.duplicate += fate.duplicate;
    account.merged += fate.merged;
    account.in_flight += counts.units + counts.again;
    take(account.in_flight, fate.duplicate + fate.merged);
  }
  std::vector<journal::Totals> totals;
  for (const auto& [project, a] : accounts_) {
    totals.push_back({project, a.received, a.refused, a.quarantined, a.stored(), a.duplicate, a.merged});
  }
  return totals;
}

void Bookkeeper::landed() {
  const std::lock_guard lock(mutex_);
  for (auto& [project, account] : accounts_) account.in_flight = 0;
}

void Bookkeeper::quarantined(ProjectId project, std::uint64_t units) {
  const std::lock_guard lock(mutex_);
  accounts_[project].quarantined += units;
  take(accounts_[project].in_flight, units);
}

void Bookkeeper::sent_again(ProjectId project, std::uint64_t out_of_quarantine, std::uint64_t into_journal) {
  const std::lock_guard lock(mutex_);
  take(accounts_[project].quarantined, out_of_quarantine);
  accounts_[project].again += into_journal;
}

void Bookkeeper::found_repeats(ProjectId project, std::uint64_t same, std::uint64_t changed) {
  const std::lock_guard lock(mutex_);
  accounts_[project].duplicate += same;
  accounts_[project].merged += changed;
}

Books Bookkeeper::sum(const Account& a) {
  Books books;
  books.received = a.received + a.open + a.open_refused;
  books.refused = a.refused + a.open_refused;
  books.quarantined = a.quarantined;
  books.journal = a.open + a.again + a.in_flight;
  books.stored = a.stored();
  take(books.stored, a.in_flight);
  books.duplicate = a.duplicate, books.merged = a.merged;
  return books;
}

Books Bookkeeper::of(ProjectId project) const {
  const std::lock_guard lock(mutex_);
  const auto found = accounts_.find(project);
  return found == accounts_.end() ? Books{} : sum(found->second);
}

std::vector<Refusal> Bookkeeper::last_refusals(ProjectId project) const {
  const std::lock_guard lock(mutex_);
  const auto found = accounts_.find(project);
  if (found == accounts_.end()) return {};
  return {found->second.refusals.begin(), found->second.refusals.end()};
}

std::vector<std::pair<ProjectId, Books>> Bookkeeper::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<ProjectId, Books>> out;
  for (const auto& [project, account] : accounts_) out.emplace_back(project, sum(account));
  return out;
}

}  // namespace pawl::ingest
