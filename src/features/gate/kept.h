// Results that are kept as the baselines of branches: one file a branch in a folder.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"

namespace pawl::gate {

// The file of the first branch that has one. `not_found` names all that were looked for.
Result<std::string> kept_baseline(const std::string& folder, const std::vector<std::string>& branches);
// Copies the results there; whole or not at all.
Result<> keep_baseline(const std::string& folder, const std::string& branch, const std::string& results);

}  // namespace pawl::gate
