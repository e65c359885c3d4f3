// Two trajectories side by side.
#include "align.h"

#include <simdjson.h>

#include <algorithm>

#include "base/text.h"
#include "llm/json_scan.h"

namespace pawl::trials {
namespace {

namespace json = llm::json;
namespace dom = simdjson::dom;

constexpr std::size_t most_calls = 500;
constexpr int same_cost = 0, arguments_cost = 2, gap_cost = 3;

std::string escaped(std::string_view key) {  // RFC 6901 section 3
  std::string out;
  for (const char c : key) out += c == '~' ? std::string("~0") : c == '/' ? std::string("~1") : std::string(1, c);
  return out;
}

std::optional<std::string> differ(const dom::element& a, const dom::element& b);

std::optional<std::string> objects_differ(const dom::object& a, const dom::object& b) {
  for (const auto field : a) {
    dom::element other;
    const std::string here = "/" + escaped(field.key);
    if (b.at_key(field.key).get(other)) return here;
    if (const auto inner = differ(field.value, other)) return here + *inner;
  }
  for (const auto field : b) {
    dom::element other;
    if (a.at_key(field.key).get(other)) return "/" + escaped(field.key);
  }
  return std::nullopt;
}

std::optional<std::string> arrays_differ(const dom::array& a, const dom::array& b) {
  std::size_t place = 0;
  auto left = a.begin(), right = b.begin();
  for (; left != a.end() && right != b.end(); ++left, ++right, ++place) {
    if (const auto inner = differ(*left, *right)) return fmt::format("/{}{}", place, *inner);
  }
  if (left != a.end() || right != b.end()) return fmt::format("/{}", place);
  return std::nullopt;
}

std::optional<std::string> differ(const dom::element& a, const dom::element& b) {
  dom::object objects[2];
  if (!a.get(objects[0]) && !b.get(objects[1])) return objects_differ(objects[0], objects[1]);
  dom::array arrays[2];
  if (!a.get(arrays[0]) && !b.get(arrays[1])) return arrays_differ(arrays[0], arrays[1]);
  std::int64_t whole[2];
  if (!a.get(whole[0]) && !b.get(whole[1])) return whole[0] == whole[1] ? std::nullopt : std::optional<std::string>("");
  double numbers[2];
  if (!a.get(numbers[0]) && !b.get(numbers[1]))
    return numbers[0] == numbers[1] ? std::nullopt : std::optional<std::string>("");
  std::string_view texts[2];
  if (!a.get(texts[0]) && !b.get(texts[1])) return texts[0] == texts[1] ? std::nullopt : std::optional<std::string>("");
  bool truths[2];
  if (!a.get(truths[0]) && !b.get(truths[1]))
    return truths[0] == truths[1] ? std::nullopt : std::optional<std::string>("");
  return a.is_null() && b.is_null() ? std::nullopt : std::optional<std::string>("");
}

std::string_view or_empty(std::string_view arguments) {
  return json::is_null(arguments) ? std::string_view("{}") : arguments;
}

}  // namespace

std::optional<std::string> first_difference(std::string_view a, std::string_view b) {
  if (a == b) return std::nullopt;
  dom::parser parsers[2];
  dom::element left, right;
  if (parsers[0].parse(simdjson::padded_string(a)).get(left) || parsers[1].parse(simdjson::padded_string(b)).get(right))
    return "";
  return differ(left, right);
}

std::string_view name_of(Step::State state) {
  constexpr std::string_view names[] = {"same", "arguments", "removed", "added"};
  return names[static_cast<std::size_t>(state)];
}

std::vector<CallSeen> calls_of(std::string_view trajectory) {
  std::vector<CallSeen> out;
  for (json::Elements calls(trajectory); calls.next() && out.size() < most_calls;) {
    if (!json::is_object(calls.value)) continue;
    const auto name = json::member(calls.value, "name");
    if (json::is_string(name)) out.push_back({json::text(name), std::string(json::member(calls.value, "arguments"))});
  }
  return out;
}

namespace {

// Both sides with their arguments parsed once.
class Aligning {
 public:
  Aligning(const std::vector<CallSeen>& a, const std::vector<CallSeen>& b)
      : a_(a), b_(b), rows_(a.size() + 1), columns_(b.size() + 1), parsers_(a.size() + b.size()) {
    for (std::size_t i = 0; i < parsers_.size(); ++i) {
      const auto& call = i < a.size() ? a[i] : b[i - a.size()];
      dom::element root;
      const bool sound = !parsers_[i].parse(simdjson::padded_string(or_empty(call.arguments))).get(root);
      parsed_.push_back(sound ? std::optional<dom::element>(root) : std::nullopt);
    }
  }

  std::vector<Step> run() {
    best_.assign(rows_ * columns_, 0);
    for (std::size_t i = rows_; i-- > 0;) {
      for (std::size_t j = columns_; j-- > 0;) {
        if (i == a_.size() || j == b_.size()) {
          at(i, j) = static_cast<int>(a_.size() - i + b_.size() - j) * gap_cost;
        } else {
          at(i, j) = std::min({at(i + 1, j + 1) + cost(i, j), at(i + 1, j) + gap_cost, at(i, j + 1) + gap_cost});
        }
      }
    }
    std::vector<Step> out;
    for (std::size_t i = 0, j = 0; i < a_.size() || j < b_.size();) {
      if (i < a_.size() && j < b_.size() && at(i, j) == at(i + 1, j + 1) + cost(i, j)) {
        const auto pointer = pointer_of(i, j);
        out.push_back({pointer ? Step::State::arguments : Step::State::same, i++, j++, pointer.value_or("")});
      } else if (i < a_.size() && at(i, j) == at(i + 1, j) + gap_cost) {
        out.push_back({Step::State::removed, i++, std::nullopt, ""});
      } else {
        out.push_back({Step::State::added, std::nullopt, j++, ""});
      }
    }
    return out;
  }

 private:
  int& at(std::size_t i, std::size_t j) { return best_[i * columns_ + j]; }

  std::optional<std::string> pointer_of(std::size_t i, std::size_t j) const {
    if (a_[i].arguments == b_[j].arguments) return std::nullopt;
    const auto &left = parsed_[i], &right = parsed_[a_.size() + j];
    if (!left || !right) return "";
    return differ(*left, *right);
  }

  int cost(std::size_t i, std::size_t j) const {
    if (a_[i].name != b_[j].name) return 2 * gap_cost + 1;  // dearer than leaving one out and adding the other
    return pointer_of(i, j) ? arguments_cost : same_cost;
  }

  const std::vector<CallSeen>& a_;
  const std::vector<CallSeen>& b_;
  std::size_t rows_, columns_;
  std::vector<dom::parser> parsers_;
  std::vector<std::optional<dom::element>> parsed_;
  std::vector<int> best_;
};

}  // namespace

std::vector<Step> align(const std::vector<CallSeen>& a, const std::vector<CallSeen>& b) {
  return Aligning(a, b).run();
}

std::optional<std::size_t> divergence(const std::vector<Step>& steps) {
  const auto found = std::ranges::find_if(steps, [](const Step& one) { return one.state != Step::State::same; });
  if (found == steps.end()) return std::nullopt;
  return static_cast<std::size_t>(found - steps.begin());
}

}  // namespace pawl::trials
