// Planted root causes: cases of leaves with the sets of values that were changed; for tests and `make bench`.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "stats/why.h"

namespace pawl::stats {

struct Planted {
  std::string id;
  std::vector<std::string> dimensions;
  std::vector<std::vector<std::string>> values;  // of each dimension, by id
  std::vector<Leaf> leaves;
  std::vector<std::string> causes;  // "agent=support,version=v2", dimensions in their order
  std::string name_of(const Cause& cause) const;
};
// `cases`: {cases: [{id, kind: sum|ratio, dimensions, rows}]}; `truth`: {id: [{dimension: value}]}.
Result<std::vector<Planted>> parse_planted(std::string_view cases, std::string_view truth);

struct Found {
  std::size_t right = 0, wrong = 0, missed = 0;
  double f1() const;  // over exact sets; only as many answers are looked at as there are causes
};
void mark(const Planted& planted, const std::vector<Cause>& answer, Found& found);

}  // namespace pawl::stats
