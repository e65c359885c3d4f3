// Two lists of entries beside each other.
#include <algorithm>
#include <cmath>

#include "entries.h"

namespace pawl::terminal {
namespace {

using Kind = Entry::Kind;
using List = std::vector<const Entry*>;
using Match = std::pair<const Entry*, const Entry*>;

// Beyond so many cells likeness is equality; longer stretches are aligned block by block.
constexpr std::size_t fine_cells = 120'000, block = 2'000;
constexpr double alike = 0.6;

double likeness(const std::set<std::string>& a, const std::set<std::string>& b) {
  if (a.empty() && b.empty()) return 1;
  std::size_t common = 0;
  for (const auto& word : a) common += b.contains(word);
  return static_cast<double>(common) / static_cast<double>(a.size() + b.size() - common);
}

bool equal(const Entry& a, const Entry& b) {
  return a.signature == b.signature && a.text == b.text && a.failed == b.failed;
}

// How good it is to put two steps beside each other; 0: they are not the same step.
double worth(const Entry& a, const Entry& b, bool fine) {
  const bool calls = a.kind == Kind::call && b.kind == Kind::call, same = a.signature == b.signature;
  if (!same && !calls) return 0;
  const double like = fine ? likeness(a.words, b.words) : a.text == b.text;
  return same ? 1 + 4 * like : 0.4 + 0.4 * like;  // two different calls at one place are a change of mind
}

void sequence(const List& left, const List& right, std::vector<Match>& out) {
  const std::size_t n = left.size(), m = right.size();
  const bool fine = n * m <= fine_cells;
  std::vector<float> best((n + 1) * (m + 1)), both((n + 1) * (m + 1));
  const auto at = [&](std::size_t i, std::size_t j) { return i * (m + 1) + j; };
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t j = m; j-- > 0;) {
      const auto value = static_cast<float>(worth(*left[i], *right[j], fine));
      both[at(i, j)] = value;
      best[at(i, j)] =
          std::max({best[at(i + 1, j)], best[at(i, j + 1)], value > 0 ? value + best[at(i + 1, j + 1)] : 0});
    }
  }
  std::size_t i = 0, j = 0;
  while (i < n && j < m) {
    const float value = both[at(i, j)];
    if (value > 0 && std::abs(best[at(i, j)] - (value + best[at(i + 1, j + 1)])) < 1e-3F)
      out.emplace_back(left[i++], right[j++]);
    else if (best[at(i + 1, j)] >= best[at(i, j + 1)])
      out.emplace_back(left[i++], nullptr);
    else
      out.emplace_back(nullptr, right[j++]);
  }
  while (i < n) out.emplace_back(left[i++], nullptr);
  while (j < m) out.emplace_back(nullptr, right[j++]);
}

// What begins and ends alike is set aside first.
std::vector<Match> matched(const List& left, const List& right) {
  const std::size_t most = std::min(left.size(), right.size());
  std::size_t head = 0, tail = 0;
  while (head < most && equal(*left[head], *right[head])) ++head;
  while (tail < most - head && equal(*left[left.size() - 1 - tail], *right[right.size() - 1 - tail])) ++tail;
  std::vector<Match> out;
  for (std::size_t i = 0; i < head; ++i) out.emplace_back(left[i], right[i]);
  const auto slice = [&](const List& of, std::size_t from) {
    const std::size_t end = of.size() - tail, begin = std::min(end, head + from), to = std::min(end, begin + block);
    return List(of.begin() + static_cast<std::ptrdiff_t>(begin), of.begin() + static_cast<std::ptrdiff_t>(to));
  };
  const std::size_t longest = std::max(left.size(), right.size()) - tail - head;
  for (std::size_t from = 0; from < longest; from += block) sequence(slice(left, from), slice(right, from), out);
  for (std::size_t i = 0; i < tail; ++i) out.emplace_back(left[left.size() - tail + i], right[right.size() - tail + i]);
  return out;
}

void judge_calls(Pair& pair) {
  const Entry &a = *pair.left, &b = *pair.right;
  pair.fate = Fate::changed;
  if (a.name != b.name) {
    pair.why = fmt::format("Left calls {}, right {}.", a.name, b.name);
    return;
  }
  pair.changes = llm::json_changes(a.arguments, b.arguments);
  if (!pair.changes.empty())
    pair.why = "The same tool, other arguments.";
  else if (a.failed != b.failed)
    pair.why = fmt::format("The same call failed {}.", a.failed ? "left, and not right" : "right, and not left");
  else if (a.result != b.result)
    pair.why = "The same call, another result.";
  else
    pair.fate = Fate::same;
}

void judge(Pair& pair) {
  const Entry &a = *pair.left, &b = *pair.right;
  if (a.kind == Kind::call && b.kind == Kind::call) return judge_calls(pair);
  if (a.text == b.text && a.failed == b.failed) return;
  pair.fate = a.kind == Kind::user || likeness(a.words, b.words) >= alike ? Fate::reworded : Fate::changed;
  pair.why = a.kind == Kind::user          ? "The user says it in other words."
             : pair.fate == Fate::reworded ? "Nearly the same words."
             : a.kind == Kind::agent       ? "Another answer."
             : a.kind == Kind::thought     ? "Another thought."
                                           : "It went otherwise.";
}

List pointers(const std::vector<Entry>* entries) {
  List out;
  if (entries == nullptr) return out;
  for (const auto& entry : *entries) out.push_back(&entry);
  return out;
}

void compare(const List& left, const List& right, int depth, std::vector<Pair>& out) {
  for (const auto& [a, b] : matched(left, right)) {
    Pair pair{.left = a, .right = b, .fate = a == nullptr ? Fate::right : Fate::left, .depth = depth};
    if (a != nullptr && b != nullptr) {
      pair.fate = Fate::same;
      judge(pair);
    }
    out.push_back(std::move(pair));
    compare(pointers(a == nullptr ? nullptr : &a->inside), pointers(b == nullptr ? nullptr : &b->inside), depth + 1,
            out);
  }
}

}  // namespace

std::string_view name_of(Fate fate) {
  constexpr std::string_view names[] = {"same", "reworded", "changed", "left", "right"};
  return names[static_cast<std::size_t>(fate)];
}

std::vector<Pair> align(const std::vector<Entry>& left, const std::vector<Entry>& right) {
  std::vector<Pair> out;
  compare(pointers(&left), pointers(&right), 0, out);
  return out;
}

std::optional<std::size_t> divergence(const std::vector<Pair>& pairs) {
  std::optional<std::size_t> any;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (pairs[i].fate == Fate::same || pairs[i].fate == Fate::reworded) continue;
    const auto kind = (pairs[i].left != nullptr ? pairs[i].left : pairs[i].right)->kind;
    if (kind != Kind::user && kind != Kind::thought) return i;
    if (!any) any = i;
  }
  return any;
}

}  // namespace pawl::terminal
