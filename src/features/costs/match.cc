// Bills and what was seen, brought together by day, provider, model and kind of token.
#include <algorithm>
#include <set>

#include "reconcile.h"

namespace pawl::costs {
namespace {

using Key = std::tuple<Nanos, std::string, std::string>;  // day, provider, comparable model

constexpr std::string_view token_kinds[] = {"input", "cache_read", "cache_write", "output"};

bool is_tokens(std::string_view type) {
  return std::ranges::find(token_kinds, type) != std::end(token_kinds);
}
bool is_vague(std::string_view type) {  // kinds are not told apart
  return type == "all" || type == "other";
}

// The kind of a bill that a kind of ours is in.
std::string bill_type(std::string_view type) {
  if (type.starts_with("cache_write")) return "cache_write";
  if (type.ends_with("cache_read")) return "cache_read";
  if (type == "reasoning" || type == "output" || type.ends_with("_output")) return "output";
  if (type == "input" || (type.ends_with("_input") && type != "input_characters")) return "input";
  return type == "all" ? "all" : "tools";
}

struct Cell {
  std::optional<std::int64_t> used, charged;  // quantities, as usage and as cost reports tell them
  std::optional<Int128> pico;
  Side ours;
};
struct Group {
  std::string model;
  std::map<std::string, Cell> cells;  // by kind
  Circumstances about;
};

template <typename Sum, typename Part>
void add(std::optional<Sum>& into, const std::optional<Part>& part) {
  if (part) into = into.value_or(0) + *part;
}

using Groups = std::map<Key, Group>;

void take(Groups& groups, const Bill& bill) {
  const bool tools = bill.type == "tools";
  Group& group = groups[{bill.from / day * day, bill.provider, tools ? "" : comparable(bill.model)}];
  if (!tools && (group.model.empty() || bill.model.size() < group.model.size())) group.model = bill.model;
  Cell& cell = group.cells[bill.type];
  add(bill.pico ? cell.charged : cell.used, bill.quantity);
  add(cell.pico, bill.pico);
  add(group.about.their_requests, bill.requests);
  group.about.their_tier |= !bill.tier.empty() && bill.tier != "standard";
}

void take(Groups& groups, const Seen& seen) {
  Group& group = groups[{seen.day, seen.provider, comparable(seen.model)}];
  if (group.model.empty()) group.model = seen.model;
  group.about.our_calls += seen.calls, group.about.our_failures += seen.failures;
  group.about.unpriced += seen.unpriced, group.about.our_tier |= seen.tier;
  add(group.about.at_top_tier, seen.at_top_tier);
  for (const auto& [kind, side] : seen.kinds) {
    const std::string type = bill_type(kind);
    Side& ours = (type == "tools" ? groups[{seen.day, seen.provider, ""}] : group).cells[type].ours;
    add(ours.quantity, side.quantity), add(ours.pico, side.pico);
  }
}

// Where one side does not tell kinds of tokens apart, neither does the row.
void join_kinds(Group& group) {
  if (std::ranges::none_of(group.cells, [](const auto& cell) { return is_vague(cell.first); })) return;
  Cell all;
  std::erase_if(group.cells, [&](const auto& one) {
    if (!is_tokens(one.first) && !is_vague(one.first)) return false;
    const Cell& cell = one.second;
    add(all.used, cell.used), add(all.charged, cell.charged), add(all.pico, cell.pico);
    add(all.ours.quantity, cell.ours.quantity), add(all.ours.pico, cell.ours.pico);
    return true;
  });
  group.cells["all"] = all;
}

}  // namespace

std::vector<Compared> reconcile(const std::vector<Bill>& bills, const std::vector<Seen>& seen) {
  Groups groups;
  std::set<std::pair<std::string, Nanos>> imported;
  std::map<std::string, Nanos> last;  // of a provider's buckets
  for (const Bill& bill : bills) {
    take(groups, bill);
    if (bill.type != "tax") imported.emplace(bill.provider, bill.from / day * day);
    last[bill.provider] = std::max(last[bill.provider], bill.to);
  }
  for (const Seen& one : seen) take(groups, one);
  std::map<std::string, std::vector<Compared>> rows;  // by provider: each has its own last day
  std::map<ModelDay, Circumstances> known;
  for (auto& [key, group] : groups) {
    const auto& [at, provider, comparable_model] = key;
    join_kinds(group);
    group.about.imported = imported.contains({provider, at}) || std::ranges::any_of(group.cells, [](const auto& cell) {
                             return cell.second.pico.has_value();
                           });
    known[{at, provider, group.model}] = group.about;
    for (const auto& [type, cell] : group.cells) {
      Compared row{.day = at, .provider = provider, .model = group.model, .type = type};
      row.theirs = {cell.used ? cell.used : cell.charged, cell.pico};
      row.ours = cell.ours;
      const bool nothing = row.theirs.quantity.value_or(0) == 0 && row.theirs.pico.value_or(0) == 0 &&
                           row.ours.quantity.value_or(0) == 0 && row.ours.pico.value_or(0) == 0;
      if (!nothing) rows[provider].push_back(std::move(row));
    }
  }
  std::vector<Compared> out;
  for (auto& [provider, mine] : rows) {
    judge(mine, known, last[provider]);
    out.insert(out.end(), std::make_move_iterator(mine.begin()), std::make_move_iterator(mine.end()));
  }
  std::ranges::sort(out, [](const Compared& a, const Compared& b) {
    return std::tie(b.day, a.provider, a.model, a.type) < std::tie(a.day, b.provider, b.model, b.type);
  });
  return out;
}

}  // namespace pawl::costs
