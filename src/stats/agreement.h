// Agreement of raters beyond chance: Cohen's and Fleiss' kappa, Krippendorff's alpha.
#pragma once
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pawl::stats {

enum class KappaWeights { none, linear, quadratic };
struct CohenKappa {
  double agreement = 0;         // share of items with the same category
  std::optional<double> kappa;  // nullopt where only one category occurs
  std::optional<double> se;     // Fleiss, Cohen & Everitt 1969
};
// Places of categories, in their order, of the same items by two raters. `invalid` where the lists differ in length,
// are empty, or a place is not below `categories`.
Result<CohenKappa> cohen_kappa(std::span<const std::size_t> a, std::span<const std::size_t> b, std::size_t categories,
                               KappaWeights weights = KappaWeights::none);

// How many raters chose each category, one row an item; each row has the same sum, at least 2.
Result<std::optional<double>> fleiss_kappa(std::span<const std::vector<double>> table);

enum class Level { nominal, ordinal, interval };
Result<Level> parse_level(std::string_view name);
// One row a rater, one column a unit; nullopt where it is missing. Units with one rating do not count. nullopt where
// all pairable ratings are equal; `invalid` where there is no pair.
Result<std::optional<double>> krippendorff(std::span<const std::vector<std::optional<double>>> ratings, Level level);

}  // namespace pawl::stats
