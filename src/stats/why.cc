// The scan: all sets of one to three dimensions, by sums of their leaves.
#include "stats/why.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace pawl::stats {
namespace {

struct Sums {
  double expected = 0, actual = 0;
};
using Key = std::uint64_t;  // three values of 21 bits, + 1; 0 where there is no third

double part(double a, double f) {
  return a <= 0 ? 0 : a * std::log(a / std::max(f, 1e-12));
}

double likelihood(const Sums& in, const Sums& all) {
  return part(in.actual, in.expected) + part(all.actual - in.actual, all.expected - in.expected) -
         part(all.actual, all.expected);
}

// More changed than the rest, in the direction of the whole.
bool stands_out(const Sums& in, const Sums& all) {
  const double inside = in.actual / std::max(in.expected, 1e-9);
  const double outside = (all.actual - in.actual) / std::max(all.expected - in.expected, 1e-9);
  const double change = all.actual - all.expected, mine = in.actual - in.expected;
  if (std::abs(mine) <= .02 * std::abs(change)) return false;
  return change > 0 ? inside > outside && mine > 0 : inside < outside && mine < 0;
}

std::vector<std::vector<std::size_t>> choices(std::size_t dimensions) {
  std::vector<std::vector<std::size_t>> all;
  for (std::size_t a = 0; a < dimensions; ++a) {
    all.push_back({a});
    for (std::size_t b = a + 1; b < dimensions; ++b) {
      all.push_back({a, b});
      for (std::size_t c = b + 1; c < dimensions; ++c) all.push_back({a, b, c});
    }
  }
  return all;
}

Key key_of(const Leaf& leaf, const std::vector<std::size_t>& dims) {
  Key key = 0;
  for (const auto d : dims) key = key << 21 | ((leaf.values[d] & 0xfffff) + 1);
  return key;
}

struct Found {
  std::vector<std::size_t> dims;
  Key key = 0;
  Sums sums;
  double llr = 0;
};

Found scan(const std::vector<Leaf>& leaves, std::size_t dimensions, const Sums& all) {
  std::vector<Found> best(4);  // by number of dimensions
  std::unordered_map<Key, Sums> sets;
  for (auto& dims : choices(dimensions)) {
    sets.clear();
    for (const auto& leaf : leaves) {
      auto& sums = sets[key_of(leaf, dims)];
      sums.expected += leaf.expected, sums.actual += leaf.actual;
    }
    auto& record = best[dims.size()];
    for (const auto& [key, sums] : sets) {
      if (!stands_out(sums, all)) continue;
      const double llr = likelihood(sums, all);
      if (llr > record.llr || (llr == record.llr && record.dims == dims && key < record.key))
        record = {dims, key, sums, llr};
    }
  }
  const double top = std::max({best[1].llr, best[2].llr, best[3].llr});
  for (std::size_t n = 1; n <= 3; ++n) {
    if (top > 0 && best[n].llr >= .97 * top) return best[n];
  }
  return {};
}

}  // namespace

std::vector<Cause> explain(std::vector<Leaf> leaves, std::size_t dimensions, std::size_t most) {
  std::vector<Cause> causes;
  if (dimensions == 0 || dimensions > most_dimensions) return causes;
  Sums all;
  for (const auto& leaf : leaves) all.expected += leaf.expected, all.actual += leaf.actual;
  const double change = all.actual - all.expected;
  if (leaves.size() > most_leaves) {
    const auto changed = [](const Leaf& a, const Leaf& b) {
      return std::abs(a.actual - a.expected) > std::abs(b.actual - b.expected);
    };
    std::nth_element(leaves.begin(), leaves.begin() + most_leaves, leaves.end(), changed);
    leaves.resize(most_leaves);
  }
  Sums left = all;
  while (causes.size() < most && std::abs(left.actual - left.expected) >= .1 * std::abs(change) && change != 0) {
    if ((left.actual > left.expected) != (change > 0)) break;
    const Found found = scan(leaves, dimensions, left);
    if (found.dims.empty()) break;
    Cause cause{.expected = found.sums.expected, .actual = found.sums.actual, .llr = found.llr};
    for (std::size_t i = 0; i < found.dims.size(); ++i) {
      const auto shift = 21 * (found.dims.size() - 1 - i);
      cause.where.emplace_back(found.dims[i], static_cast<std::uint32_t>((found.key >> shift & 0x1fffff) - 1));
    }
    cause.share = (cause.actual - cause.expected) / change;
    left.actual -= cause.actual, left.expected -= cause.expected;
    std::erase_if(leaves, [&](const Leaf& leaf) { return key_of(leaf, found.dims) == found.key; });
    causes.push_back(std::move(cause));
  }
  return causes;
}

}  // namespace pawl::stats
