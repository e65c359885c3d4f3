// Label sets, each kept once while a query runs: equal labels are the same pointer.
#pragma once
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace pawl::promql {

inline constexpr std::string_view metric_name = "__name__";

using Pairs = std::vector<std::pair<std::string, std::string>>;

// Sorted by name; an empty value is the same as no label.
class LabelSet {
 public:
  explicit LabelSet(Pairs sorted) : pairs_(std::move(sorted)) {}
  const Pairs& pairs() const { return pairs_; }
  std::string_view get(std::string_view name) const;  // "" where there is none
  std::string text() const;                           // {a="x", b="y"}, as Prometheus prints it in errors

 private:
  Pairs pairs_;
};
using Labels = const LabelSet*;

bool sorts_before(Labels a, Labels b);  // by names and values, as Prometheus sorts a vector

class Interner {
 public:
  Labels intern(Pairs pairs);  // in any order
  Labels keep(Labels from, const std::vector<std::string>& names);
  Labels without(Labels from, const std::vector<std::string>& names, bool name_too);
  Labels nameless(Labels from);
  Labels with(Labels from, std::string_view name, std::string_view value);

 private:
  std::deque<LabelSet> sets_;
  std::unordered_map<std::string, Labels> known_;  // by content
  std::unordered_map<Labels, Labels> nameless_;
};

// One condition of a selector.
struct Matcher {
  enum class Op : std::uint8_t { equal, differs, matches, differs_from_pattern };
  std::string name;
  Op op = Op::equal;
  std::string value;
  std::shared_ptr<const re2::RE2> pattern;  // of the last two; holds for whole values

  static Result<Matcher> create(std::string name, Op op, std::string value);
  bool holds(std::string_view of) const;
  std::string text() const;  // name=~"value"
};
std::string_view text_of(Matcher::Op op);

// A whole-value pattern, as RE2 reads it; `invalid` where it is none or too large.
Result<std::shared_ptr<const re2::RE2>> whole_pattern(std::string_view text);

std::string quoted(std::string_view text);  // "…" with \" \\ \n, as PromQL writes it

}  // namespace pawl::promql
