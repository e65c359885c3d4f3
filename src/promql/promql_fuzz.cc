// Any bytes as PromQL: refused with a place, or a tree that prints, parses again and can be evaluated.
#include "promql/eval.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl::promql;
  const std::string text(data, data + size);
  const auto expr = parse(text);
  if (!expr) {
    PAWL_CHECK(expr.error().what.find(": parse error: ") != std::string::npos, "{}", expr.error().what);
    return 0;
  }
  const auto again = parse(print(*expr));
  PAWL_CHECK(again.has_value() && print(*again) == print(*expr), "{}", print(*expr));
  const Source source = [](const std::vector<Wanted>& wanted) -> pawl::Result<std::vector<std::vector<Series>>> {
    std::vector<std::vector<Series>> out(wanted.size());
    for (auto& series : out) {
      series.push_back({.labels = {{"__name__", "a"}, {"le", "1"}}, .samples = {{0, 1}, {60'000, 2}, {120'000, 1}}});
      series.push_back({.labels = {{"__name__", "a"}, {"le", "+Inf"}}, .samples = {{60'000, 3}}, .added = {3}});
    }
    return out;
  };
  const Limits limits{.points = 5'000};
  (void)evaluate(*expr, 120'000, source, limits);
  if (expr->type == ValueType::scalar || expr->type == ValueType::vector)
    (void)evaluate(*expr, 0, 120'000, 30'000, source, limits);
  return 0;
}
