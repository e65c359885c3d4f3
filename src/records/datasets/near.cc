// Near-duplicates by MinHash and banding (Broder 1997; one permutation with rotation, Shrivastava & Li 2014).
#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <tuple>
#include <unordered_map>

#include "base/ids.h"
#include "base/text.h"
#include "formats.h"

namespace pawl::datasets {
namespace {

constexpr std::size_t gram = 5, hashes = 128, bands = 32, rows = hashes / bands, most_shown = 100, most_in_bucket = 4;
constexpr std::uint16_t most_tries = 64;
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

using Signature = std::array<std::uint32_t, hashes>;

Signature signature(const std::vector<std::uint64_t>& grams) {
  constexpr auto none = std::numeric_limits<std::uint64_t>::max();
  std::array<std::uint64_t, hashes> least;
  least.fill(none);
  for (const auto one : grams) {
    auto& bin = least[one % hashes];
    bin = std::min(bin, one / hashes);
  }
  Signature out;
  for (std::size_t i = 0; i < hashes; ++i) {  // an empty bin takes the next full one, marked by how far it was
    std::size_t step = 0;
    while (least[(i + step) % hashes] == none && step < hashes) ++step;
    const auto mixed = (least[(i + step) % hashes] + step * 0x9E3779B97F4A7C15ULL) * 0xD6E8FEB86659FD93ULL;
    out[i] = static_cast<std::uint32_t>(mixed >> 32);
  }
  return out;
}

// A byte of each bin: enough to estimate by, and a hundred thousand stay near the processor.
using Sketch = std::array<std::uint8_t, hashes>;

// The share of equal bins estimates the Jaccard index with a standard error of at most .045.
double estimate(const Sketch& a, const Sketch& b) {
  std::uint32_t equal = 0;
  for (std::size_t i = 0; i < hashes; ++i) equal += a[i] == b[i] ? 1 : 0;
  return static_cast<double>(equal) / hashes;
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

// Families of texts that are nearly the same, joined pair by pair: a text is compared with few of its band, and with
// none that it is joined with already, so that a hundred thousand alike texts are as many pairs and not all of them.
class Families {
 public:
  explicit Families(std::size_t size) : parent_(size), tries_(size) {
    for (std::size_t i = 0; i < size; ++i) parent_[i] = static_cast<std::uint32_t>(i);
  }
  bool joined(std::uint32_t a, std::uint32_t b) { return root(a) == root(b); }
  void join(std::uint32_t a, std::uint32_t b) { parent_[root(a)] = root(b); }
  bool may_try(std::uint32_t one) { return tries_[one]++ < most_tries; }

 private:
  std::uint32_t root(std::uint32_t one) {
    while (parent_[one] != one) one = parent_[one] = parent_[parent_[one]];
    return one;
  }
  std::vector<std::uint32_t> parent_;
  std::vector<std::uint16_t> tries_;
};

struct Texts {  // each once
  std::vector<std::vector<std::uint64_t>> grams;
  std::vector<Sketch> sketches;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> keys;  // of a band, and whose

  void add(std::vector<std::uint64_t> of_text) {
    const auto whose = static_cast<std::uint32_t>(grams.size());
    const Signature mine = signature(of_text);
    auto& sketch = sketches.emplace_back();
    for (std::size_t i = 0; i < hashes; ++i) sketch[i] = static_cast<std::uint8_t>(mine[i]);
    for (std::size_t band = 0; band < bands; ++band) {
      std::array<std::uint32_t, rows + 1> key{static_cast<std::uint32_t>(band)};
      std::copy_n(mine.begin() + static_cast<std::ptrdiff_t>(band * rows), rows, key.begin() + 1);
      keys.emplace_back(hash64({reinterpret_cast<const char*>(key.data()), sizeof key}), whose);
    }
    grams.push_back(std::move(of_text));
  }
};

// `found` is told of each pair that is alike enough; `worth` says whether a pair of one family still matters.
void find_pairs(Texts& texts, const std::function<bool(std::uint32_t, std::uint32_t)>& worth,
                const std::function<void(std::uint32_t, std::uint32_t, double)>& found) {
  auto& keys = texts.keys;  // which agree in a whole band stand together
  std::ranges::sort(keys);
  Families families(texts.grams.size());
  for (std::size_t i = 1; i < keys.size(); ++i) {
    for (std::size_t back = 1; back <= most_in_bucket && back <= i && keys[i - back].first == keys[i].first; ++back) {
      const auto [a, b] = std::minmax(keys[i - back].second, keys[i].second);
      if (a == b || (families.joined(a, b) && !worth(a, b)) || !families.may_try(b)) continue;
      if (estimate(texts.sketches[a], texts.sketches[b]) < likeness_shown - 0.15) continue;
      const double likeness = jaccard(texts.grams[a], texts.grams[b]);
      if (likeness < likeness_shown) continue;
      families.join(a, b);
      found(a, b, likeness);
    }
  }
}

}  // namespace

NearFound near_duplicates(std::span<const Item> items) {
  std::vector<std::string> texts;
  const Groups groups = group(items, texts);
  Texts unique;
  unique.grams.reserve(groups.first.size());
  unique.keys.reserve(groups.first.size() * bands);
  for (const auto place : groups.first) unique.add(grams_of(texts[place]));
  NearFound out;
  std::vector<bool> leaked(items.size());  // it is known already that it has a like in another split
  const auto across = [&](std::size_t a, std::size_t b) { return items[a].splits != items[b].splits; };
  const auto add = [&](std::size_t a, std::size_t b, double likeness) {
    ++out.total;
    out.pairs.push_back({a, b, likeness, across(a, b)});
    if (across(a, b)) leaked[a] = leaked[b] = true;
  };
  for (const auto& [a, b] : groups.repeats) add(a, b, 1);
  find_pairs(
      unique,
      [&](std::uint32_t a, std::uint32_t b) {
        const auto x = groups.first[a], y = groups.first[b];
        return across(x, y) && !(leaked[x] && leaked[y]);
      },
      [&](std::uint32_t a, std::uint32_t b, double likeness) { add(groups.first[a], groups.first[b], likeness); });
  std::ranges::sort(out.pairs, [](const Near& a, const Near& b) {
    return std::tuple(!a.across_splits, -a.likeness, a.a, a.b) < std::tuple(!b.across_splits, -b.likeness, b.a, b.b);
  });
  if (out.pairs.size() > most_shown) out.pairs.resize(most_shown);
  return out;
}

}  // namespace pawl::datasets
