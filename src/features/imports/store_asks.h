// What is asked of the stores of Phoenix and MLflow, table by table.
#pragma once
#include <string_view>
#include <vector>

namespace pawl::imports {

struct Ask {
  std::string_view table;
  std::vector<std::string_view> statements;  // newest schema first
  bool must = false;                         // without it the file is no store of this vendor
};
const std::vector<Ask>& phoenix_asks();
const std::vector<Ask>& mlflow_asks();

}  // namespace pawl::imports
