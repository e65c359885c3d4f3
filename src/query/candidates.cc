// The newest items that pass a filter, by candidates: spans that meet what every item must are found by a scan of two
// or three columns; the rows of their items say which pass, and where they begin.
//
// An item begins at or before any span of it. So once the candidates whose newest such span stands at or after a time
// are read, every item that begins there is known, and the page can show them in order.
#include <unordered_map>

#include "base/text.h"
#include "fold.h"
#include "pages.h"

namespace pawl::query {
namespace {

constexpr std::size_t most_at_once = 2000;  // candidates
constexpr std::uint32_t spare = 8;

// Keys of sessions are numbers, those of traces hex digits of one length.
bool key_less(std::string_view a, std::string_view b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

// Full text has been asked: its hits are bound. Where a rare word led, the others are asked of these items alone.
Known found_by_words(Sql& sql, const ListQuery& query, const std::vector<const Leaf*>& words,
                     const std::vector<PageCandidate>& asked_of, const PageKeys& keys,
                     const std::optional<std::size_t>& rarest, Nanos scanned) {
  Known known;
  const Range looked{scanned, query.range.to};
  const Nanos reach = query.grain == Grain::session ? session_reach : trace_reach;
  for (std::size_t w = 0; w < words.size(); ++w) {
    if (rarest && *rarest != w) {
      known[words[w]] = held_by(sql, *words[w], looked, traces_of(sql, query.grain, around(looked, reach), keys));
      continue;
    }
    std::vector<std::string> hits;
    for (const PageCandidate& one : asked_of) {
      const auto& found = one.hits[std::min(w, one.hits.size() - 1)];
      hits.insert(hits.end(), found.begin(), found.end());
    }
    known[words[w]] = in_traces(sql, hits);
  }
  return known;
}

}  // namespace

std::optional<Statement> Pager::next_candidates() {
  if (more_) done_ = true;
  if (done_) return std::nullopt;
  Sql sql(project_, query_.now);
  Statement statement;
  const std::size_t need = query_.limit - taken_ + 1;
  const bool sessions = query_.grain == Grain::session;
  const bool looks_on = (pool_.size() < need || scanned_ >= settled_) && scanned_ > query_.range.from;
  if (looks_on && hurried_ && (pool_.empty() || scanned_ >= settled_)) {
    stop_at(scanned_);
    return std::nullopt;
  }
  if (looks_on && !hurried_ && counts_due()) {
    phase_ = Phase::counts;
    statement.sql = words_counted(sql, words_among(necessary(query_.filter)), {query_.range.from, scanned_});
    statement.parameters = sql.take();
    return statement;
  }
  if (looks_on && !hurried_) {
    const auto musts = necessary(query_.filter);
    const auto words = words_among(musts);
    const std::size_t together = rarest_ ? 1 : words.empty() ? musts.size() : words.size();
    // What begins here may meet the condition later, or another one than it meets here. Of a single condition that is
    // known from the look before.
    const Nanos later = together == 1 && scans_ > 0 ? 0 : sessions ? session_around : trace_around;
    window_ = {std::max(query_.range.from, (scanned_ - width_) / minute * minute),
               std::min(query_.range.to, scanned_ + later)};
    phase_ = Phase::scan;
    statement.sql = rarest_ ? candidates_of_words(sql, query_.grain, window_, {musts[*rarest_]})
                            : candidates(sql, query_.grain, window_, musts);
    if (read_text(words)) statement.sql += on_two_threads;
    statement.parameters = sql.take();
    return statement;
  }
  if (pool_.empty() || settled_ <= query_.range.from) {
    done_ = true;
    return std::nullopt;
  }
  // Of those that are not asked for now, none begins at or after `from`.
  std::size_t count = std::min(pool_.size(), std::max<std::size_t>(need + spare, portion_));
  const auto decided_from = [&] {
    return count == pool_.size() ? scanned_ : std::max(scanned_, (pool_[count].minute + 1) * minute);
  };
  while (decided_from() >= settled_ && count < pool_.size()) count = std::min(pool_.size(), count * 2);
  if (count > most_at_once) {
    leave_candidates();
    return next();
  }
  portion_ = std::min(most_at_once, count * 2);
  window_ = {decided_from(), settled_};
  asked_of_.assign(pool_.begin(), pool_.begin() + static_cast<std::ptrdiff_t>(count));
  pool_.erase(pool_.begin(), pool_.begin() + static_cast<std::ptrdiff_t>(count));
  keys_ = {};
  for (const PageCandidate& one : asked_of_) {
    keys_.items.push_back(one.item);
    keys_.sessions.push_back(one.session);
    keys_.found.push_back(one.trace);
  }
  phase_ = Phase::chosen;
  const Nanos reach = sessions ? session_reach : trace_reach;
  const auto musts = necessary(query_.filter);
  const Known known = found_by_words(sql, query_, words_among(musts), asked_of_, keys_, rarest_, scanned_);
  statement.sql = folded_rows(sql, query_.grain, around({scanned_, settled_}, reach), keys_,
                              fold_conditions(sql, *query_.filter.root(), Range{scanned_, query_.range.to}, known));
  statement.parameters = sql.take();
  return statement;
}

// Two looks for sessions that hold several words were not enough: is one of the words so rare that its traces alone
// tell where to look? Then the others are looked for in those sessions only.
bool Pager::counts_due() const {
  return scans_ >= 2 && !counted_ && query_.grain == Grain::session && pool_.empty() &&
         words_among(necessary(query_.filter)).size() > 1;
}

void Pager::read_counts(const native::Rows& rows) {
  constexpr std::int64_t rare = 20'000;
  counted_ = true;
  std::size_t best = 0;
  for (std::size_t i = 1; i < rows.columns(); ++i)
    if (rows.integer(i, 0) < rows.integer(best, 0)) best = i;
  if (rows.integer(best, 0) <= rare) rarest_ = best;
  phase_ = Phase::fresh;
}

// Goes on as for any other list, from where everything is decided.
void Pager::leave_candidates() {
  by_candidates_ = false;
  phase_ = Phase::fresh;
  asked_ = seen_ = 0;
  window_ = {std::max(query_.range.from, settled_ - hour), settled_};
  width_ = 8 * hour;
  pool_.clear(), asked_of_.clear(), decided_.clear();
}

void Pager::read_scan(const native::Rows& rows) {
  const bool sessions = query_.grain == Grain::session;
  std::set<std::string_view> known;
  for (const PageCandidate& one : pool_) known.insert(one.item);
  const bool searches = !words_among(necessary(query_.filter)).empty();
  std::size_t found = 0;
  std::vector<PageCandidate> fresh;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    PageCandidate one;
    one.item = sessions ? fmt::format("{}", static_cast<std::uint64_t>(rows.integer(0, i))) : to_decimal(rows.id(0, i));
    one.minute = rows.integer(1, i);
    one.session = rows.text(2, i);
    one.trace = to_decimal(rows.id(3, i));
    for (std::size_t column = 4; column < rows.columns() && searches; ++column) {
      auto& hits = one.hits.emplace_back();
      for (const Id128& hit : rows.ids(column, i)) hits.push_back(to_decimal(hit));
    }
    if (decided_.contains(one.item)) continue;
    ++found;
    if (!known.contains(one.item)) fresh.push_back(std::move(one));
  }
  ++scans_;
  const Nanos looked = looked_at({window_.from, scanned_});
  const bool whole = rows.size() <= most_candidates;  // else the oldest of them are missing
  const Nanos back = whole ? window_.from : std::max(window_.from, (rows.integer(1, rows.size() - 1) + 1) * minute);
  if (back >= scanned_) return leave_candidates();
  scanned_ = back;
  for (auto& one : fresh) pool_.push_back(std::move(one));
  std::ranges::sort(pool_, [](const auto& a, const auto& b) { return a.minute > b.minute; });
  width_ = wider(looked, found, query_.limit - taken_ + 1);
  phase_ = Phase::fresh;
}

PageRows Pager::fold_candidates(const native::Rows& rows) {
  PageRows page{std::make_shared<native::Rows>(), {}, {}};
  phase_ = Phase::fresh;
  if (rows.size() > most_folded) {
    leave_candidates();
    return page;
  }
  Fold fold(query_.grain, rows, query_.now);
  std::unordered_map<std::string, std::size_t> at;
  for (std::size_t i = 0; i < fold.size(); ++i) at.emplace(identity(fold.session(i), to_decimal(fold.trace(i))), i);
  struct Found {
    std::size_t item;
    Nanos first;
    std::string key;
  };
  std::vector<Found> passing;
  const Nanos after = parse_int(after_value_).value_or(0);
  for (PageCandidate& one : asked_of_) {
    decided_.insert(one.item);
    const auto found = at.find(identity(one.session, one.trace));
    if (found == at.end()) continue;
    const auto item = fold.item(found->second, query_.range);
    if (!item || item->first >= settled_) continue;
    if (!Fold::passes(*query_.filter.root(), *item)) {
      if (!one.hits.empty()) decided_.erase(one.item);  // further hits may bring it again
      continue;
    }
    if (item->first < window_.from) {  // others that are not read yet may begin later
      decided_.erase(one.item);
      one.minute = item->first / minute;
      pool_.push_back(std::move(one));
      continue;
    }
    std::string key = query_.grain == Grain::session ? one.item : to_hex(fold.trace(found->second));
    const bool beyond =
        after_key_.empty() || item->first < after || (item->first == after && key_less(key, after_key_));
    if (beyond) passing.push_back({found->second, item->first, std::move(key)});
  }
  std::ranges::sort(pool_, [](const auto& a, const auto& b) { return a.minute > b.minute; });
  std::ranges::sort(passing, [](const Found& a, const Found& b) {
    return a.first != b.first ? a.first > b.first : key_less(b.key, a.key);
  });
  settled_ = window_.from;
  std::size_t made = 0;
  for (const Found& one : passing) {
    const std::string value = fmt::format("{}", one.first);
    if (!take(value, one.key, true)) continue;
    fold.add(one.item, value, one.key);
    page.mine.push_back(made++);
    page.values.push_back(value);
  }
  page.rows = std::make_shared<native::Rows>(fold.take());
  return page;
}

}  // namespace pawl::query
