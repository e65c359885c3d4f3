// What may be asked of a comparison, and whether two sides can be compared at all.
#include "compare.h"
#include "stats/proportions.h"
#include "write.h"

namespace pawl::trials {
namespace {

constexpr double infra_differs = 0.01;  // p below which rates of infrastructure errors differ

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::string limits(const Terms& o) {
  if (!(o.margin > 0 && o.margin <= 1e6)) return "--margin must be above 0.";
  if (!(o.cost_margin > 0 && o.cost_margin <= 100)) return "--cost-margin must be above 0 (0.1 is 10 %).";
  if (!(o.latency_margin >= 0 && o.latency_margin <= 100)) return "--latency-margin must not be below 0 (0.1 is 10 %).";
  if (!(o.alpha > 0 && o.alpha < 0.5)) return "--alpha must lie between 0 and 0.5.";
  if (!(o.infra_max >= 0 && o.infra_max <= 1)) return "--infra-max must lie between 0 and 1.";
  if (o.sequential && o.margin >= 1) return "--sequential needs a --margin below 1.";
  return "";
}

std::string obstacle(const Terms& terms, const Side& a, const Side& b, std::string_view a_name,
                     std::string_view b_name) {
  struct Named {
    const char* name;
    const Side& side;
    const std::string_view path;
  };
  for (const auto& [name, side, path] : {Named{"baseline", a, a_name}, {"candidate", b, b_name}}) {
    const std::uint64_t tried = side.outcomes + side.infra_errors;
    if (side.outcomes == 0)
      return fmt::format(
          "The {} {} has no trial with an outcome ({} rows, {} wrong, {} lost to infrastructure): run it "
          "again.",
          name, printable(path), side.rows, side.bad_count, side.infra_errors);
    if (share(side.infra_errors, tried) > terms.infra_max)
      return fmt::format(
          "{} of {} trials of the {} were lost to infrastructure ({:.1f} %, at most {:.1f} % are allowed): "
          "run those again with the same trial numbers.",
          side.infra_errors, tried, name, 100 * share(side.infra_errors, tried), 100 * terms.infra_max);
    if (share(side.bad_count, side.rows) > terms.infra_max)
      return fmt::format("{} of {} rows of the {} {} are wrong: mend what writes them.", side.bad_count, side.rows,
                         name, printable(path));
  }
  const auto whole = [](std::uint64_t number) { return static_cast<std::int64_t>(number); };
  const auto differs = stats::fisher(whole(a.infra_errors), whole(a.infra_errors + a.outcomes), whole(b.infra_errors),
                                     whole(b.infra_errors + b.outcomes));
  if (differs && differs->two_sided < infra_differs)
    return fmt::format(
        "Infrastructure failed {} times on the baseline and {} times on the candidate (p {:.2g}): what is "
        "left is not comparable. Run the lost trials again.",
        a.infra_errors, b.infra_errors, differs->two_sided);
  if (!a.datasets.empty() && !b.datasets.empty() && a.datasets != b.datasets)
    return fmt::format("The sides were run on different datasets (\"{}\" and \"{}\"): run both on the same version.",
                       printable(*a.datasets.begin()), printable(*b.datasets.begin()));
  return "";
}

}  // namespace pawl::trials
