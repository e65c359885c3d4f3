// Pages of lists: keyset cursors over growing windows of time, so that the newest page reads little.
#include <unordered_map>

#include "base/text.h"
#include "fold.h"
#include "pages.h"

namespace pawl::query {
namespace {

constexpr Nanos first_width = hour, first_scan = 4 * hour, first_search = hour;
constexpr int growth = 8;
constexpr Nanos widest = 4000 * day;
constexpr std::uint32_t max_limit = 1000, spare = 16;  // rows more than asked, for those of another window

Nanos whole_minute(Nanos at) {
  return at / minute * minute;
}

struct Cursor {
  std::string value, key;
};

std::string encode(const ListQuery& query, const std::string& value, const std::string& key) {
  return to_base64url(fmt::format("1|{}|{}|{}|{}", name_of(query.grain), query.order, key, value));
}

bool is_key(Grain grain, std::string_view key) {
  const bool digits = !key.empty() && std::ranges::all_of(key, [](char c) { return c >= '0' && c <= '9'; });
  if (grain == Grain::session) return digits && key.size() <= 20;
  const auto is_id = [](std::string_view id) { return id.size() == 32 && from_hex(id).has_value(); };
  if (grain == Grain::trace) return is_id(key);
  return key.size() == 65 && key[32] == '-' && is_id(key.substr(0, 32)) && is_id(key.substr(33));
}

Result<Cursor> decode(const ListQuery& query) {
  const auto refuse = [] {
    return fail(ErrorKind::invalid, "`cursor` is none that this list gave: leave it out to begin anew.");
  };
  const auto text = from_base64(query.cursor);
  if (!text) return refuse();
  std::string_view rest = *text;
  std::vector<std::string_view> fields;
  for (int i = 0; i < 4; ++i) {
    const auto [before, after] = cut(rest, '|');
    fields.push_back(before);
    rest = after;
  }
  if (fields[0] != "1" || fields[1] != name_of(query.grain) || fields[2] != query.order ||
      !is_key(query.grain, fields[3]))
    return refuse();
  const std::string_view by = query.order.starts_with('-') ? std::string_view(query.order).substr(1) : query.order;
  if (order_called(by).type != "String") {
    const std::string_view digits = rest.starts_with('-') ? rest.substr(1) : rest;
    const bool number = !digits.empty() && digits.size() <= 38 &&
                        std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
    if (!number || (by == "start" && !parse_int(rest))) return refuse();
  }
  return Cursor{std::string(rest), std::string(fields[3])};
}

// How far an item's rows reach around what is looked at.
Nanos reach_of(Grain grain) {
  return grain == Grain::span ? 0 : grain == Grain::session ? session_reach : trace_reach;
}

// A cell as text, for comparing.
std::string said_in(const native::Rows& rows, std::size_t column, std::size_t row) {
  const native::Data& data = rows.data(column);
  if (rows.is_null(column, row)) return "null";
  if (!data.texts.empty()) return std::string(data.texts[row]);
  if (!data.wide.empty()) return to_hex(data.wide[row]);
  if (data.inner.empty()) return std::to_string(rows.integer(column, row));
  std::string out;
  for (const auto text : rows.texts(column, row)) out += fmt::format("{}:{}", text.size(), text);
  return out;
}

}  // namespace

Result<Pager> Pager::create(std::uint32_t project, ListQuery query) {
  Pager pager;
  if (query.range.from >= query.range.to) return fail(ErrorKind::invalid, "`from` must be before `to`.");
  if (query.limit == 0 || query.limit > max_limit) return fail(ErrorKind::invalid, "`limit` is 1 to 1000.");
  pager.descending_ = query.order.starts_with('-');
  pager.by_ = query.order.substr(pager.descending_ ? 1 : 0);
  if (std::ranges::none_of(orders(), [&](const Order& order) { return order.name == pager.by_; }))
    return fail(ErrorKind::invalid,
                "`order` is one of start cost duration tokens errors name, with a - to begin at the "
                "largest; not {}.",
                query.order);
  if (!query.cursor.empty()) {
    Cursor cursor = TRY(decode(query));
    pager.after_value_ = std::move(cursor.value);
    pager.after_key_ = std::move(cursor.key);
  }
  pager.project_ = project;
  pager.query_ = std::move(query);
  Range& window = pager.window_ = pager.query_.range;
  if (pager.by_ == "start") {
    const Nanos first = pager.query_.grain == Grain::span && !pager.query_.filter.empty() ? first_scan : first_width;
    const Nanos value = pager.after_key_.empty() ? 0 : parse_int(pager.after_value_).value_or(0);
    const Range& range = pager.query_.range;
    if (pager.descending_) {
      if (!pager.after_key_.empty()) window.to = std::clamp(whole_minute(value) + minute, range.from + 1, range.to);
      const bool later = pager.query_.now > range.from && pager.query_.now < window.to;
      window.from = std::max(range.from, whole_minute((later ? pager.query_.now : window.to) - first));
    } else {
      if (!pager.after_key_.empty()) window.from = std::clamp(whole_minute(value), range.from, range.to - 1);
      window.to = std::min(range.to, whole_minute(window.from + first) + minute);
    }
    pager.width_ = first_width * growth;
    const auto musts = necessary(pager.query_.filter);
    const bool reads_text = read_text(words_among(musts));
    if (reads_text) pager.growth_ = 4;  // a phrase costs by the hour
    pager.by_candidates_ = pager.descending_ && pager.query_.grain != Grain::span && !musts.empty() &&
                           std::ranges::none_of(musts, [](const Leaf* leaf) {
                             return leaf->searches() && leaf->what != Leaf::What::words;
                           });
    pager.settled_ = pager.scanned_ = window.to;
    if (pager.by_candidates_) {
      const Nanos now = pager.query_.now;
      const std::size_t words = words_among(musts).size();
      pager.width_ = (reads_text || words > 1 ? first_search : first_scan) +
                     (now > range.from && now < window.to ? window.to - now : 0);
    }
  }
  return pager;
}

bool Pager::beyond() const {  // no window is left
  if (by_ != "start") return true;
  return descending_ ? window_.from <= query_.range.from : window_.to >= query_.range.to;
}

void Pager::next_window() {
  if (descending_) {
    window_.to = window_.from;
    window_.from = std::max(query_.range.from, whole_minute(window_.to - width_));
    ++windows_;
    narrow();
  } else {
    window_.from = window_.to;
    window_.to = std::min(query_.range.to, whole_minute(window_.from + width_));
  }
}

// Of a window, what has been: its length.
Nanos Pager::looked_at(const Range& window) const {
  const Nanos to = query_.now > 0 ? std::min(window.to, query_.now) : window.to;
  return std::max(minute, to - window.from);
}

// How wide the next look must be to find `wanted` where one as wide as `looked` found so many.
Nanos Pager::wider(Nanos looked, std::size_t found, std::size_t wanted) const {
  constexpr double least = 2, reserve = 1.5;
  const double most = growth_;
  const double times =
      found == 0 ? most : std::clamp(reserve * static_cast<double>(wanted) / static_cast<double>(found), least, most);
  return std::min(widest, static_cast<Nanos>(static_cast<double>(looked) * times));
}

void Pager::settle() {
  if (asked_ == 0 || done_) return;
  if (more_) {
    done_ = true;
  } else if (seen_ < asked_) {  // the window is used up
    if (beyond())
      done_ = true;
    else if (hurried_)
      stop_at(window_.from);
    else
      next_window();
    if (width_ < widest) width_ *= growth;
  }
  asked_ = seen_ = 0;
  keys_ = {};
}

// Everything from `time` on is on the page.
void Pager::stop_at(Nanos time) {
  done_ = more_ = true;
  searched_to_ = time;
  last_value_ = fmt::format("{}", time);
  last_key_ = query_.grain == Grain::session ? "0" : std::string(32, '0');  // before every other
  if (query_.grain == Grain::span) last_key_ += '-' + std::string(32, '0');
}

std::optional<Statement> Pager::next() {
  if (by_candidates_) return next_candidates();
  if (phase_ == Phase::page) settle();
  if (done_) return std::nullopt;
  Sql sql(project_, query_.now);
  Statement statement;
  const auto musts = necessary(query_.filter);
  const bool spans = query_.grain == Grain::span, known = phase_ == Phase::keys_known || phase_ == Phase::large;
  if (!known && probe_due() && !musts.empty()) {
    phase_ = Phase::probe;
    return probe(musts);
  }
  if (!known) {
    asked_ = query_.limit - taken_ + 1 + (spans ? 0 : spare);
    seen_ = 0;
  }
  const Page page{query_,
                  order_called(by_),
                  by_ == "start",
                  descending_,
                  window_,
                  after_value_,
                  after_key_,
                  spans ? asked_ - static_cast<std::uint32_t>(keys_.items.size()) : asked_,
                  musts.empty() ? nullptr : musts[std::min(best_, musts.size() - 1)]};
  if (!known) {
    phase_ = Phase::keys;
    statement.sql = spans ? span_keys(sql, page) : item_keys(sql, page);
    if (spans && read_text(words_among(musts))) statement.sql += on_two_threads;
  } else if (spans) {
    phase_ = Phase::page;
    statement.sql = spans_statement(sql, page, keys_);
  } else if (phase_ == Phase::large) {
    phase_ = Phase::page;
    statement.sql = items_statement(sql, page, keys_);
  } else {
    phase_ = Phase::chosen;
    statement.sql = folded_rows(sql, query_.grain,
                                around(page.by_start ? window_ : query_.range, reach_of(query_.grain)), keys_, {});
  }
  statement.parameters = sql.take();
  return statement;
}

// In which hours there are spans that meet what every item must.
Statement Pager::probe(const std::vector<const Leaf*>& musts) {
  Sql sql(project_, query_.now);
  const Range rest{query_.range.from, window_.to};
  std::string counts;
  std::vector<std::string> any;
  for (const Leaf* leaf : musts) {
    const std::string condition = leaf_condition(sql, *leaf, rest, true);
    counts += fmt::format(", toInt64(uniqIf({}, {}))", key_of(query_.grain), condition);
    any.push_back(condition);
    if (leaf->what == Leaf::What::words) break;  // nothing is rarer, and it has an index
  }
  Statement statement;
  statement.sql = fmt::format(
      "SELECT toInt64(intDiv(minute, 60)) AS _hour{} {} AND ({}) GROUP BY _hour ORDER BY _hour DESC LIMIT 100000",
      counts, Sql::minutes(rest), join(any, " OR "));
  statement.parameters = sql.take();
  return statement;
}

// The first windows were not enough: where is what every item must have?
bool Pager::probe_due() const {
  return query_.grain != Grain::span && (windows_ == 2 || (windows_ == 1 && taken_ == 0)) && !probed_ &&
         by_ == "start" && descending_;
}

// Puts the next window where the probe saw something: from the newest such hour as far back as the page needs.
void Pager::narrow() {
  if (!probed_ || done_) return;
  const Nanos reach = reach_of(query_.grain);
  // an item begins at most `reach` before the span that was seen
  while (!hours_.empty() && hours_.front().first * hour - reach >= window_.to) hours_.erase(hours_.begin());
  if (hours_.empty()) {
    done_ = true;
    return;
  }
  // of what must hold, other words of the filter may leave little: further every time
  const std::int64_t wanted = static_cast<std::int64_t>(query_.limit - taken_ + spare)
                              << std::min(1 + 2 * looks_++, 30);
  std::int64_t sum = 0, lowest = hours_.front().first;
  for (const auto& [at, items] : hours_) {
    if (sum >= wanted) break;
    sum += items;
    lowest = at;
  }
  window_.to = std::min(window_.to, (hours_.front().first + 1) * hour);
  window_.from = std::max(query_.range.from, std::min(lowest * hour - reach, window_.to - 1));
  std::erase_if(hours_, [&](const auto& one) { return one.first * hour - reach >= window_.from; });
}

// Of the probe's columns the one with the fewest items.
void Pager::choose(const native::Rows& rows) {
  best_ = 0;
  std::int64_t fewest = std::numeric_limits<std::int64_t>::max();
  for (std::size_t c = 1; rows.size() > 0 && c < rows.columns(); ++c) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) sum += rows.integer(c, i);
    if (sum >= fewest) continue;
    fewest = sum;
    best_ = c - 1;
  }
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (const auto items = rows.integer(best_ + 1, i); items > 0) hours_.emplace_back(rows.integer(0, i), items);
}

PageRows Pager::read(native::Rows rows) {
  PageRows page;
  switch (phase_) {
    case Phase::probe:
      probed_ = true;
      hours_.clear();
      choose(rows);
      phase_ = Phase::fresh;
      narrow();
      break;
    case Phase::keys:
      read_keys(rows);
      break;
    case Phase::scan:
      read_scan(rows);
      break;
    case Phase::counts:
      read_counts(rows);
      break;
    case Phase::chosen:
      return by_candidates_ ? fold_candidates(rows) : fold_keys(rows);
    case Phase::page:
      if (query_.grain == Grain::span) return pick_spans(std::move(rows));
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (!take(rows.text(0, i), rows.text(1, i), rows.integer(2, i) != 0)) continue;
        page.mine.push_back(i);
        page.values.emplace_back(rows.text(0, i));
      }
      break;
    case Phase::fresh:
    case Phase::keys_known:
    case Phase::large:
      PAWL_CHECK(false, "Pager::read without a statement");
  }
  page.rows = std::make_shared<native::Rows>(std::move(rows));
  return page;
}

void Pager::read_keys(const native::Rows& rows) {
  const bool spans = query_.grain == Grain::span;
  if (!spans) keys_ = {};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    keys_.items.emplace_back(rows.text(0, i));
    keys_.values.emplace_back(rows.text(1, i));
    keys_.sessions.emplace_back(rows.text(2, i));
    keys_.found.emplace_back(rows.text(3, i));
  }
  if (spans && keys_.items.size() < asked_ && !beyond() && !hurried_) {  // keys are small: on, before any rows are read
    width_ = wider(looked_at(window_), rows.size(), asked_ - keys_.items.size());
    next_window();
    phase_ = Phase::fresh;
    return;
  }
  phase_ = keys_.items.empty() ? Phase::page : Phase::keys_known;
}

// The rows of spans that stand, in the order of the keys.
PageRows Pager::pick_spans(native::Rows rows) {
  constexpr auto columns = static_cast<std::size_t>(SpanColumn::count_), sign = columns, at_minute = columns + 1;
  const auto name_of_row = [&](std::size_t r) {
    return fmt::format("{}/({},{})", rows.integer(at_minute, r), to_decimal(rows.id(0, r)), to_decimal(rows.id(1, r)));
  };
  std::unordered_map<std::string, std::vector<std::size_t>> standing;  // rows of a span
  std::unordered_map<std::string, std::pair<std::size_t, std::int64_t>> alike;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string said;
    for (std::size_t c = 0; c < columns; ++c) said += said_in(rows, c, r) + '\n';
    alike.try_emplace(std::move(said), r, 0).first->second.second += rows.integer(sign, r);
  }
  for (const auto& [said, group] : alike)
    if (group.second > 0) standing[name_of_row(group.first)].push_back(group.first);
  PageRows page;
  for (std::size_t i = 0; i < keys_.items.size(); ++i) {
    auto& found = standing[fmt::format("{}/{}", keys_.found[i], keys_.items[i])];
    if (found.empty()) {
      ++seen_;
      continue;
    }
    const std::size_t r = found.back();
    if (found.size() > 1) found.pop_back();
    const std::string key = fmt::format("{}-{}", to_hex(rows.id(0, r)), to_hex(rows.id(1, r)));
    if (!take(keys_.values[i], key, true)) continue;
    page.mine.push_back(r);
    page.values.push_back(keys_.values[i]);
  }
  page.rows = std::make_shared<native::Rows>(std::move(rows));
  return page;
}

// The rows of the keys, in their order.
PageRows Pager::fold_keys(const native::Rows& rows) {
  if (rows.size() > most_folded) {
    phase_ = Phase::large;
    return {std::make_shared<native::Rows>(), {}, {}};
  }
  Fold fold(query_.grain, rows, query_.now);
  std::unordered_map<std::string, std::size_t> at;
  for (std::size_t i = 0; i < fold.size(); ++i) at.emplace(identity(fold.session(i), to_decimal(fold.trace(i))), i);
  const bool starts = by_ == "start" && window_.from > query_.range.from;
  PageRows page;
  std::size_t made = 0;
  for (std::size_t i = 0; i < keys_.items.size(); ++i) {
    const auto found = at.find(identity(keys_.sessions[i], keys_.found[i]));
    if (found == at.end()) {
      ++seen_;
      continue;
    }
    const auto inside = starts ? fold.item(found->second, query_.range) : std::nullopt;
    const bool mine = !starts || (inside && inside->first >= window_.from);  // did it begin in an earlier window?
    const std::string key = query_.grain == Grain::session ? keys_.items[i] : to_hex(fold.trace(found->second));
    if (!take(keys_.values[i], key, mine)) continue;
    fold.add(found->second, keys_.values[i], key);
    page.mine.push_back(made++);
    page.values.push_back(keys_.values[i]);
  }
  phase_ = Phase::page;
  page.rows = std::make_shared<native::Rows>(fold.take());
  return page;
}

bool Pager::take(std::string_view order_key, std::string_view key, bool mine) {
  ++seen_;
  after_value_ = order_key;
  after_key_ = key;
  if (!mine || more_) return false;
  if (taken_ == query_.limit) {
    more_ = true;
    return false;
  }
  ++taken_;
  last_value_ = order_key;
  last_key_ = key;
  return true;
}

std::string Pager::cursor() const {
  return more_ ? encode(query_, last_value_, last_key_) : std::string();
}

}  // namespace pawl::query
