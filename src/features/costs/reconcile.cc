// Reasons of differences, each a test on numbers, in the order of likelihood.
#include "reconcile.h"

#include <algorithm>
#include <cmath>

namespace pawl::costs {
namespace {

constexpr Int128 cent = pico_per_dollar / 100;

struct Group {  // a model on a day
  std::vector<Compared*> rows;
  Circumstances about;
  const std::map<Nanos, Int128>* days = nullptr;  // differences of the model, by day
  Nanos last = 0;
};

double real(Int128 value) {
  return static_cast<double>(value);
}

bool near(double value, double wanted, double within) {
  return std::abs(value - wanted) <= within * std::abs(wanted);
}

// theirs ÷ ours; nullopt where one of them is not told or 0.
std::optional<double> tokens_ratio(const Compared& row) {
  if (row.theirs.quantity.value_or(0) <= 0 || row.ours.quantity.value_or(0) <= 0) return std::nullopt;
  return static_cast<double>(*row.theirs.quantity) / static_cast<double>(*row.ours.quantity);
}
std::optional<double> money_ratio(const Compared& row) {
  if (row.theirs.pico.value_or(0) <= 0 || row.ours.pico.value_or(0) <= 0) return std::nullopt;
  return real(*row.theirs.pico) / real(*row.ours.pico);
}

// Of all its rows together.
std::optional<double> whole_ratio(const Group& group, bool tokens) {
  double theirs = 0, ours = 0;
  for (const Compared* row : group.rows) {
    if (row->type != "input" && row->type != "cache_read" && row->type != "cache_write" && row->type != "output" &&
        row->type != "all")
      continue;
    theirs += tokens ? static_cast<double>(row->theirs.quantity.value_or(0)) : real(row->theirs.pico.value_or(0));
    ours += tokens ? static_cast<double>(row->ours.quantity.value_or(0)) : real(row->ours.pico.value_or(0));
  }
  if (theirs <= 0 || ours <= 0) return std::nullopt;
  return theirs / ours;
}

bool tokens_agree(const Group& group) {
  bool any = false;
  for (const Compared* row : group.rows) {
    const auto ratio = tokens_ratio(*row);
    if (ratio && !near(*ratio, 1, 0.005)) return false;
    any |= ratio.has_value();
  }
  return any;
}

// The one ratio of money that all kinds of tokens have.
std::optional<double> constant_ratio(const Group& group) {
  std::optional<double> first;
  for (const Compared* row : group.rows) {
    const auto ratio = money_ratio(*row);
    if (!ratio) continue;
    if (first && !near(*ratio, *first, 0.003)) return std::nullopt;
    if (!first) first = ratio;
  }
  return first;
}

bool is_tier_factor(double ratio) {  // batch and flex halve, priority and fast make 1.75, 2, 2.5 or 6 times as much
  return std::ranges::any_of(std::initializer_list<double>{0.5, 0.25, 1.75, 2, 2.5, 4, 6},
                             [&](double factor) { return near(ratio, factor, 0.01); });
}

using Test = bool (*)(const Group&, const Compared&);

bool no_bill(const Group& group, const Compared&) {
  return !group.about.imported;
}

bool never_passed(const Group& group, const Compared& row) {
  if (group.about.their_requests && *group.about.their_requests > 0)
    return *group.about.their_requests * 10 > (group.about.our_calls + group.about.our_failures) * 11 &&
           row.theirs.quantity.value_or(1) > row.ours.quantity.value_or(0);
  const auto whole = whole_ratio(group, true);
  const bool more = row.difference() > 0 || (!row.theirs.pico && row.theirs.quantity.value_or(0) > 0);
  if (!whole) return group.about.our_calls == 0 && more && row.type != "tools" && !row.model.empty();
  return false;
}

bool counted_twice(const Group& group, const Compared&) {
  auto whole = whole_ratio(group, true);
  if (!whole) whole = whole_ratio(group, false);
  if (!whole || *whole > 0.6) return false;
  const double times = 1 / *whole;
  return near(times, std::round(times), 0.02) && !tokens_agree(group);
}

bool price_row(const Group& group, const Compared& row) {
  if (group.about.unpriced > 0 && row.difference() > 0) return true;
  const auto ratio = constant_ratio(group);
  return tokens_agree(group) && ratio && !near(*ratio, 1, 0.005) && !is_tier_factor(*ratio) &&
         !near(*ratio, 1.1, 0.005);
}

bool service_tier(const Group& group, const Compared&) {
  const auto ratio = constant_ratio(group);
  return ratio && (is_tier_factor(*ratio) || (group.about.their_tier && !group.about.our_tier)) && tokens_agree(group);
}

bool cache_lifetime(const Group&, const Compared& row) {  // 1 h costs 2 ×, 5 min 1.25 × of input
  const auto ratio = money_ratio(row);
  const auto tokens = tokens_ratio(row);
  return row.type == "cache_write" && ratio && (!tokens || near(*tokens, 1, 0.005)) &&
         (near(*ratio, 1.6, 0.01) || near(*ratio, 0.625, 0.01) || (*ratio > 1.005 && *ratio < 1.6));
}

bool context_cliff(const Group& group, const Compared&) {
  if (!group.about.at_top_tier || !tokens_agree(group)) return false;
  Int128 theirs = 0, ours = 0;
  for (const Compared* row : group.rows) theirs += row->theirs.pico.value_or(0), ours += row->ours.pico.value_or(0);
  const Int128 top = *group.about.at_top_tier;
  return top > ours && theirs > ours && theirs <= top + top / 100;
}

bool day_boundary(const Group& group, const Compared& row) {
  const Int128 here = group.days->at(row.day);
  for (const Nanos other : {row.day - day, row.day + day}) {
    const auto found = group.days->find(other);
    if (found == group.days->end()) continue;
    const Int128 sum = here + found->second;
    if (here != 0 && (here > 0) != (found->second > 0) && found->second != 0 &&
        std::abs(real(sum)) <= 0.2 * std::abs(real(here)))
      return true;
  }
  return false;
}

bool server_tools(const Group&, const Compared& row) {
  return row.type == "tools" && row.difference() > 0;
}

bool failed_calls(const Group& group, const Compared& row) {
  if (group.about.our_failures == 0 || row.difference() <= 0) return false;
  if (!group.about.their_requests) return true;
  const auto more = *group.about.their_requests - group.about.our_calls;
  return more > 0 && more <= group.about.our_failures;
}

bool not_usage(const Group&, const Compared& row) {
  return row.type == "tax" || row.type == "credit" || row.type == "adjustment";
}

bool late_data(const Group& group, const Compared& row) {
  return row.day >= group.last - 3 * day && row.difference() < 0;
}

bool surcharge(const Group& group, const Compared&) {
  const auto ratio = constant_ratio(group);
  return ratio && near(*ratio, 1.1, 0.005);
}

bool rounding(const Group&, const Compared& row) {
  const auto ratio = money_ratio(row);
  return ratio && near(*ratio, 1, 0.02);
}

struct Reason {
  ReasonInfo info;
  Test test;
};
const std::vector<Reason>& tests() {
  static const std::vector<Reason> all = {
      {{"no_bill", "Nothing of this provider was imported for this day."}, no_bill},
      {{"not_seen", "Traffic that never passed Pawl: they count more requests than there are calls here."},
       never_passed},
      {{"counted_twice", "Duplicates or wrapper spans here: ours is a whole number of times theirs."}, counted_twice},
      {{"price", "A price is wrong or missing: tokens agree and money does not, by the same factor for every kind."},
       price_row},
      {{"service_tier", "Batch, flex, priority or fast that no span tells of."}, service_tier},
      {{"cache_lifetime", "Cache writes of one hour cost 2 ×, of five minutes 1.25 × of input."}, cache_lifetime},
      {{"context_tier", "Long inputs double the price: some calls lie beyond the tier."}, context_cliff},
      {{"day_boundary", "The next or the last day has the opposite difference: their day begins at another hour."},
       day_boundary},
      {{"server_tools", "Tools of the provider that are billed by call."}, server_tools},
      {{"failed_calls", "Failed, aborted or retried calls: billed, and no usage on the span."}, failed_calls},
      {{"not_usage", "Tax, credit, discount or another line that is no usage."}, not_usage},
      {{"late_data", "Their last one to three days are not complete yet."}, late_data},
      {{"surcharge", "A surcharge of 1.1 × for a region or for where data stays."}, surcharge},
      {{"rounding", "Rounding."}, rounding},
  };
  return all;
}

bool agree(const Compared& row) {
  if (row.theirs.pico) {
    const Int128 difference = row.difference(), size = difference < 0 ? -difference : difference;
    const Int128 theirs = *row.theirs.pico < 0 ? -*row.theirs.pico : *row.theirs.pico;
    return size <= std::max(cent, theirs / 200);
  }
  const auto theirs = row.theirs.quantity.value_or(0), ours = row.ours.quantity.value_or(0);
  return std::abs(theirs - ours) * 200 <= theirs;
}

}  // namespace

const std::vector<ReasonInfo>& reasons() {
  static const std::vector<ReasonInfo> infos = [] {
    std::vector<ReasonInfo> out;
    for (const Reason& reason : tests()) out.push_back(reason.info);
    out.push_back({"unknown", "No test explains it."});
    return out;
  }();
  return infos;
}

void judge(std::vector<Compared>& rows, const std::map<ModelDay, Circumstances>& known, Nanos last) {
  std::map<ModelDay, Group> groups;
  std::map<std::pair<std::string, std::string>, std::map<Nanos, Int128>> days;
  for (Compared& row : rows) {
    Group& group = groups[{row.day, row.provider, row.model}];
    group.rows.push_back(&row);
    days[{row.provider, row.model}][row.day] += row.difference();
  }
  for (auto& [key, group] : groups) {
    const auto& [at, provider, model] = key;
    if (const auto found = known.find(key); found != known.end()) group.about = found->second;
    group.days = &days.at({provider, model});
    group.last = last;
    for (Compared* row : group.rows) {
      row->agrees = agree(*row);
      if (row->agrees) continue;
      const auto reason = std::ranges::find_if(tests(), [&](const Reason& one) { return one.test(group, *row); });
      row->reason = reason == tests().end() ? "unknown" : std::string(reason->info.name);
    }
  }
}

}  // namespace pawl::costs
