// Step-down (Holm 1979) and step-up (Benjamini–Hochberg 1995, Benjamini–Yekutieli 2001) adjustment.
#include "stats/multiplicity.h"

#include <algorithm>
#include <numeric>

namespace pawl::stats {

Result<Adjustment> parse_adjustment(std::string_view name) {
  if (name == "holm") return Adjustment::holm;
  if (name == "bh") return Adjustment::bh;
  if (name == "by") return Adjustment::by;
  return fail(ErrorKind::invalid, "the method \"{}\" must be holm, bh or by", name);
}

std::vector<double> adjust(std::span<const double> p, Adjustment method) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return p[a] != p[b] ? p[a] < p[b] : a < b; });
  const double m = static_cast<double>(p.size());
  std::vector<double> out(p.size());
  if (method == Adjustment::holm) {
    double least = 0;
    for (std::size_t i = 0; i < order.size(); ++i)
      out[order[i]] = least = std::min(1.0, std::max(least, (m - static_cast<double>(i)) * p[order[i]]));
    return out;
  }
  double scale = m, most = 1;
  if (method == Adjustment::by) {
    scale = 0;
    for (std::size_t i = 1; i <= p.size(); ++i) scale += m / static_cast<double>(i);
  }
  for (std::size_t i = order.size(); i-- > 0;)
    out[order[i]] = most = std::min(most, scale / static_cast<double>(i + 1) * p[order[i]]);
  return out;
}

}  // namespace pawl::stats
