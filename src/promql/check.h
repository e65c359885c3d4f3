// Whether what stands together fits together.
#pragma once
#include "promql/expr.h"

namespace pawl::promql {

// Errors name the place in the text. check_binary sets the type too.
Result<> check_call(std::string_view text, const Expr& call, const Signature& function);
Result<> check_aggregation(std::string_view text, const Expr& aggregation);
Result<> check_binary(std::string_view text, Expr& binary);

}  // namespace pawl::promql
