// `pawl price --json`: a usage a line in, a cost a line out.
#pragma once
#include <iosfwd>

#include "base/time.h"
#include "llm/prices.h"

namespace pawl::llm {

// A line in: {provider?, model, at?, usage, context?, api_url?, estimate?}; `at` is RFC 3339 and now where it is
// absent, `usage` has the keys of Usage, other keys are ignored. A line out: {total_pico, total_usd, provider, model,
// row, since?, own?, estimated?, lines: [{type, count, usd, per, pico}]} or {error: {code, message}}, code as in
// Unpriced or "invalid". Blank lines are passed over. Returns the exit code: 0, also where lines had no price; 3 where
// the input cannot be read.
int price_command(std::istream& in, std::ostream& out, const PriceList& list, const Clock& clock);

}  // namespace pawl::llm
