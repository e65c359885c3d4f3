// How alike two runs are.
#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"
#include "similar.h"

namespace pawl::explore {
namespace {

constexpr double of_tools = 0.6, of_words = 0.4, least = 0.05;
constexpr std::size_t least_letters = 3, most_words = 200, most_told = 8;

using Counts = std::map<std::string, int>;

// Each step, and each pair of successive ones.
Counts shingles(const std::vector<std::string>& tools) {
  Counts out;
  for (std::size_t i = 0; i < tools.size(); ++i) {
    ++out[tools[i]];
    if (i > 0) ++out[tools[i - 1] + '\n' + tools[i]];
  }
  return out;
}

double likeness(const Counts& a, const Counts& b) {
  int common = 0, all = 0;
  for (const auto& [what, n] : a) {
    const auto found = b.find(what);
    const int m = found == b.end() ? 0 : found->second;
    common += std::min(n, m), all += std::max(n, m);
  }
  for (const auto& [what, m] : b) all += a.contains(what) ? 0 : m;
  return all == 0 ? 0 : static_cast<double>(common) / all;
}

using Weights = std::map<std::string, double, std::less<>>;

double likeness(const std::set<std::string>& a, const std::set<std::string>& b, const Weights& weights) {
  double common = 0, all = 0;
  for (const auto& word : a) (b.contains(word) ? common : all) += weights.at(word);
  for (const auto& word : b) all += a.contains(word) ? 0 : weights.at(word);
  return common + all == 0 ? 0 : common / (common + all);
}

Weights weights_of(const Path& self, const std::vector<Path>& all) {
  std::map<std::string, int> in;
  for (const auto& word : self.words) ++in[word];
  for (const auto& path : all)
    for (const auto& word : path.words) ++in[word];
  Weights out;
  const double n = static_cast<double>(all.size()) + 1;
  for (const auto& [word, count] : in) out[word] = std::log(1 + n / count);
  return out;
}

// What both have, the rarest first.
std::vector<std::string> common(const std::set<std::string>& a, const std::set<std::string>& b,
                                const Weights& weights) {
  std::vector<std::string> out;
  std::ranges::set_intersection(a, b, std::back_inserter(out));
  const auto weight = [&](const std::string& what) {
    const auto found = weights.find(what);
    return found == weights.end() ? 0.0 : -found->second;
  };
  std::ranges::sort(out, {}, [&](const std::string& what) { return std::pair(weight(what), what); });
  if (out.size() > most_told) out.resize(most_told);
  return out;
}

Weights tool_weights(const std::vector<Path>& all) {
  Weights in;
  for (const auto& path : all)
    for (const auto& tool : std::set<std::string>(path.tools.begin(), path.tools.end())) in[tool] -= 1;
  return in;
}

}  // namespace

std::set<std::string> words_said(std::string_view text) {
  std::set<std::string> out;
  std::string word;
  const auto keep = [&] {
    if (word.size() >= least_letters && out.size() < most_words) out.insert(to_lower(word));
    word.clear();
  };
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                        (byte >= 'A' && byte <= 'Z') || byte == '_';
    letter ? word.push_back(c) : keep();
  }
  keep();
  return out;
}

std::vector<Like> most_like(const Path& self, const std::vector<Path>& all, std::size_t limit) {
  const Counts mine = shingles(self.tools);
  const Weights words = weights_of(self, all), tools = tool_weights(all);
  std::vector<Like> out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Path& other = all[i];
    const bool steps = !self.tools.empty() || !other.tools.empty(), said = !self.words.empty() && !other.words.empty();
    const double by_steps = steps ? likeness(mine, shingles(other.tools)) : 0;
    const double by_words = said ? likeness(self.words, other.words, words) : 0;
    const double total = steps && said ? of_tools * by_steps + of_words * by_words : by_steps + by_words;
    if (total >= least) out.push_back({i, total, {}, {}});
  }
  std::ranges::sort(out, [](const Like& a, const Like& b) {  // of two alike the newer one, which comes first
    return std::pair(-a.similarity, a.of) < std::pair(-b.similarity, b.of);
  });
  if (out.size() > limit) out.resize(limit);
  for (auto& like : out) {
    const Path& other = all[like.of];
    like.same_tools = common({self.tools.begin(), self.tools.end()}, {other.tools.begin(), other.tools.end()}, tools);
    like.same_words = common(self.words, other.words, words);
  }
  return out;
}

}  // namespace pawl::explore
