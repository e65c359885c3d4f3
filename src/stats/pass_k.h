// pass@k and pass^k: does any, or does each, of k trials of a case pass?
#pragma once
#include <cstdint>
#include <span>

#include "base/result.h"

namespace pawl::stats {

struct Trials {
  std::int64_t trials = 0, passed = 0;
};
// The mean over cases of 1 - C(n-c,k)/C(n,k) (Chen et al. 2021, equation 1), and of C(c,k)/C(n,k) (tau-bench 2024).
// `invalid` names the case, counted from 0, that has fewer than k trials or more passes than trials.
Result<double> pass_at_k(std::span<const Trials> cases, std::int64_t k);
Result<double> pass_hat_k(std::span<const Trials> cases, std::int64_t k);

}  // namespace pawl::stats
