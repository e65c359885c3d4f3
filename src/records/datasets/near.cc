// Near-duplicates by MinHash and banding (Broder 1997; one permutation with rotation, Shrivastava & Li 2014).
#include <algorithm>
#include <array>
#include <limits>
#include <tuple>
#include <unordered_map>

#include "base/ids.h"
#include "base/text.h"
#include "formats.h"

namespace pawl::datasets {
namespace {

constexpr std::size_t gram = 5, hashes = 128, bands = 32, rows = hashes / bands, most_shown = 100, most_in_bucket = 16;
constexpr std::size_t most_text = 8192;
constexpr double likeness_shown = 0.8;

std::string normal(std::string_view text) {
  std::string out = to_lower(text.substr(0, most_text));
  for (char& c : out)
    if (c >= '0' && c <= '9') c = '0';
  return out;
}

std::vector<std::uint64_t> grams_of(const std::string& text) {
  std::vector<std::uint64_t> out;
  if (text.size() <= gram) {
    out.push_back(hash64(text));
  } else {
    for (std::size_t i = 0; i + gram <= text.size(); ++i) out.push_back(hash64(std::string_view(text).substr(i, gram)));
  }
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

std::array<std::uint64_t, hashes> signature(const std::vector<std::uint64_t>& grams) {
  constexpr auto none = std::numeric_limits<std::uint64_t>::max();
  std::array<std::uint64_t, hashes> out;
  out.fill(none);
  for (const auto one : grams) {
    auto& bin = out[one % hashes];
    bin = std::min(bin, one / hashes);
  }
  const auto sparse = out;  // an empty bin takes the next full one, marked by how far it was
  for (std::size_t i = 0; i < hashes; ++i)
    for (std::size_t step = 1; out[i] == none && step < hashes; ++step)
      if (const auto other = sparse[(i + step) % hashes]; other != none) out[i] = other + step * 0x9E3779B97F4A7C15ULL;
  return out;
}

double jaccard(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
  std::size_t both = 0;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    if (a[i] == b[j]) {
      ++both, ++i, ++j;
    } else {
      a[i] < b[j] ? ++i : ++j;
    }
  }
  return static_cast<double>(both) / static_cast<double>(a.size() + b.size() - both);
}

// Of cases whose texts are the same after all that is the first, which stands for them when others are looked for.
struct Groups {
  std::vector<std::uint32_t> first;                              // one a text
  std::vector<std::pair<std::uint32_t, std::uint32_t>> repeats;  // the first, and another
};

Groups group(std::span<const Item> items, std::vector<std::string>& texts) {
  Groups out;
  std::unordered_map<std::string_view, std::uint32_t> known;
  texts.reserve(items.size());  // views into it stay
  for (std::size_t i = 0; i < items.size(); ++i) {
    texts.push_back(normal(items[i].input));
    const auto place = static_cast<std::uint32_t>(i);
    const auto [there, fresh] = known.emplace(texts.back(), place);
    if (fresh) {
      out.first.push_back(place);
    } else {
      out.repeats.emplace_back(there->second, place);
    }
  }
  return out;
}

// The pairs that agree in a whole band, each once; of a crowded band those that stand near each other.
std::vector<std::pair<std::uint32_t, std::uint32_t>> candidates(const std::vector<std::vector<std::uint64_t>>& grams) {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> keys;  // of a band, and whose
  keys.reserve(grams.size() * bands);
  for (std::size_t i = 0; i < grams.size(); ++i) {
    const auto mine = signature(grams[i]);
    for (std::size_t band = 0; band < bands; ++band) {
      std::array<std::uint64_t, rows + 1> key{band};
      std::copy_n(mine.begin() + static_cast<std::ptrdiff_t>(band * rows), rows, key.begin() + 1);
      keys.emplace_back(hash64({reinterpret_cast<const char*>(key.data()), sizeof key}), static_cast<std::uint32_t>(i));
    }
  }
  std::ranges::sort(keys);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> out;
  for (std::size_t i = 0; i < keys.size(); ++i)
    for (std::size_t j = i + 1; j < keys.size() && keys[j].first == keys[i].first && j - i <= most_in_bucket; ++j)
      if (keys[i].second != keys[j].second) out.push_back(std::minmax(keys[i].second, keys[j].second));
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

}  // namespace

NearFound near_duplicates(std::span<const Item> items) {
  std::vector<std::string> texts;
  const Groups groups = group(items, texts);
  std::vector<std::vector<std::uint64_t>> grams;
  grams.reserve(groups.first.size());
  for (const auto place : groups.first) grams.push_back(grams_of(texts[place]));
  NearFound out;
  const auto add = [&](std::size_t a, std::size_t b, double likeness) {
    ++out.total;
    out.pairs.push_back({a, b, likeness, items[a].splits != items[b].splits});
  };
  for (const auto& [a, b] : groups.repeats) add(a, b, 1);
  for (const auto& [a, b] : candidates(grams))
    if (const double likeness = jaccard(grams[a], grams[b]); likeness >= likeness_shown)
      add(groups.first[a], groups.first[b], likeness);
  std::ranges::sort(out.pairs, [](const Near& a, const Near& b) {
    return std::tuple(!a.across_splits, -a.likeness, a.a, a.b) < std::tuple(!b.across_splits, -b.likeness, b.a, b.b);
  });
  if (out.pairs.size() > most_shown) out.pairs.resize(most_shown);
  return out;
}

}  // namespace pawl::datasets
