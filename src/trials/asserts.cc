// What a case asserts of its own outcome.
#include "asserts.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "llm/json_scan.h"

namespace pawl::trials {
namespace {

namespace json = llm::json;

constexpr std::size_t most_bytes = 5000;

struct Seen {
  double share = 0;  // of the weights that hold, 0 to 1
  bool passed = false;
  std::string failed;  // the first that does not hold
  bool any = false;    // there was something to look at
};

Seen weigh(std::string_view list, double threshold, std::string_view score, const datasets::Item& item,
           const Outcome& outcome, int depth);

double number_or(std::string_view raw, double otherwise) {
  return json::number(raw).value_or(otherwise);
}

struct One {
  std::optional<bool> holds;
  std::string why;
};

One look(const json::Object& entry, std::string_view raw, const datasets::Item& item, const Outcome& outcome,
         int depth) {
  for (const std::string_view group : {"all", "any"}) {
    const auto list = entry.member(group);
    if (!json::is_array(list)) continue;
    if (depth > 3) return {std::nullopt, "is nested too deep"};
    const auto seen =
        weigh(list, group == "any" ? 1e-9 : number_or(entry.member("threshold"), -1), "", item, outcome, depth + 1);
    if (!seen.any) return {std::nullopt, "has nothing that can be looked at"};
    return {seen.passed, seen.failed};
  }
  const auto evaluator = read_assert(raw);
  if (!evaluator) return {std::nullopt, evaluator.error().what};
  const auto given = evaluate(*evaluator, item, outcome);
  if (!given.score) return {std::nullopt, given.comment};
  return {*given.score >= 1, given.comment};
}

std::string called(const json::Object& entry) {
  for (const std::string_view name : {"all", "any"})
    if (json::is_array(entry.member(name))) return std::string(name) + " of several";
  std::string out = json::text(entry.member("kind"));
  if (json::is_string(entry.member("value")))
    out += fmt::format(" \"{}\"", utf8_prefix(json::text(entry.member("value")), 60));
  return out;
}

Seen weigh(std::string_view list, double threshold, std::string_view score, const datasets::Item& item,
           const Outcome& outcome, int depth) {
  Seen out;
  double all = 0, good = 0;
  bool every = true;
  for (json::Elements entries(list); entries.next();) {
    const json::Object entry(entries.value);
    if (!score.empty() && json::text(entry.member("score")) != score) continue;
    const double weight = std::max(0.0, number_or(entry.member("weight"), 1));
    const auto one = look(entry, entries.value, item, outcome, depth);
    if (!one.holds) {
      if (out.failed.empty()) out.failed = fmt::format("{}: {}", called(entry), one.why);
      continue;
    }
    const bool holds = *one.holds != (entry.member("not") == "true");
    out.any = true;
    all += weight, good += holds ? weight : 0;
    if (!holds && weight > 0) {
      every = false;
      out.failed = out.failed.empty() ? fmt::format("{}{}{}", entry.member("not") == "true" ? "not " : "",
                                                    called(entry), one.why.empty() ? "" : ": " + one.why)
                                      : out.failed;
    }
  }
  out.share = all > 0 ? good / all : every ? 1 : 0;
  out.passed = threshold >= 0 ? out.share >= threshold : every;
  return out;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out(1);
  for (const char c : to_lower(text)) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      out.back() += c;
    } else if (!out.back().empty()) {
      out.emplace_back();
    }
  }
  if (out.back().empty()) out.pop_back();
  return out;
}

template <typename List>
std::size_t common_subsequence(const List& a, const List& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = 0;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = a[i] == b[j] ? diagonal + 1 : std::max(above, row[j]);
      diagonal = above;
    }
  }
  return row.back();
}

double f_of(std::size_t both, std::size_t a, std::size_t b) {
  return a + b == 0 ? 0 : 2.0 * static_cast<double>(both) / static_cast<double>(a + b);
}

double of_grams(std::vector<std::string> a, std::vector<std::string> b, std::size_t size) {
  for (auto* words : {&a, &b}) {
    std::vector<std::string> grams;
    for (std::size_t i = 0; i + size <= words->size(); ++i)
      grams.push_back(join(
          {words->begin() + static_cast<std::ptrdiff_t>(i), words->begin() + static_cast<std::ptrdiff_t>(i + size)},
          " "));
    std::ranges::sort(grams);
    *words = std::move(grams);
  }
  std::vector<std::string> both;
  std::ranges::set_intersection(a, b, std::back_inserter(both));
  return f_of(both.size(), a.size(), b.size());
}

// What a name of a template stands for; nullopt where it is none of ours.
std::optional<std::string> said_by(std::string_view name, const datasets::Item& item) {
  const auto [root, rest] = cut(name, '.');
  std::string_view raw = root == "input" || root == "item" ? std::string_view(item.input)
                         : root == "expected"              ? std::string_view(item.expected)
                         : root == "metadata"              ? std::string_view(item.metadata)
                                                           : std::string_view();
  if (root != "input" && root != "item" && root != "expected" && root != "metadata") return std::nullopt;
  if (!rest.empty())
    for (const auto part : split(rest, '.')) raw = json::member(raw, part);
  return json::is_null(raw) ? std::string() : json::text(raw);
}

}  // namespace

Given by_asserts(std::string_view score, const datasets::Item& item, const Outcome& outcome) {
  const json::Object criteria(json::is_object(item.criteria) ? std::string_view(item.criteria) : "{}");
  const auto list = criteria.member("asserts");
  if (!json::is_array(list)) return {std::nullopt, "the case asserts nothing"};
  const auto seen = weigh(list, number_or(criteria.member("threshold"), -1), score, item, outcome, 0);
  if (!seen.any) return {std::nullopt, seen.failed.empty() ? "the case asserts nothing of this" : seen.failed};
  if (!score.empty()) return {seen.share, seen.failed};
  return {seen.passed ? 1 : 0, seen.failed};
}

double likeness(std::string_view how, std::string_view a, std::string_view b) {
  a = utf8_prefix(a, most_bytes), b = utf8_prefix(b, most_bytes);
  if (how == "levenshtein") return static_cast<double>(edit_distance(a, b));
  if (how == "fuzzy") return a.empty() && b.empty() ? 1 : f_of(common_subsequence(a, b), a.size(), b.size());
  const auto of_a = words_of(a), of_b = words_of(b);
  if (how == "rouge_l") return f_of(common_subsequence(of_a, of_b), of_a.size(), of_b.size());
  return of_grams(of_a, of_b, how == "rouge_2" ? 2 : 1);
}

Result<std::string> fill_places(std::string_view text, const Said& said) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto open = text.find("{{", at);
    const auto close = open == std::string_view::npos ? open : text.find("}}", open);
    if (close == std::string_view::npos) return out.append(text.substr(at));
    out += text.substr(at, open - at);
    const auto place = text.substr(open, close + 2 - open);
    out += TRY(said(trim(place.substr(2, place.size() - 4)), place));
    at = close + 2;
  }
  return out;
}

std::string filled(const std::string& text, const datasets::Item& item) {
  return *fill_places(text, [&](std::string_view name, std::string_view place) -> Result<std::string> {
    return said_by(name, item).value_or(std::string(place));
  });
}

}  // namespace pawl::trials
