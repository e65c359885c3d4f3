// What providers say that was used and what they bill: their exports → records, money from decimal text. Pure.
// Shapes: OpenAI usage and costs of an organisation, Anthropic usage report and cost report, Google's billing export
// (JSON lines or CSV), AWS Cost and Usage Report 2.0 (CSV).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace pawl::costs {

struct Bill {
  Nanos from = 0, to = 0;                // the bucket
  std::string group;                     // with source and bucket it is the record: a later export replaces it
  std::string provider, model, account;  // provider: as provider_key names it; account: project, workspace
  std::string type;                      // input cache_read cache_write output; tools; tax credit adjustment other
  std::string tier;                      // standard batch flex priority …
  std::optional<std::int64_t> quantity;  // tokens, or calls of tools
  std::optional<std::int64_t> requests;
  std::optional<std::int64_t> pico;  // pico-dollars
};
struct Bills {
  std::string source;    // "openai.usage" "openai.costs" "anthropic.usage" "anthropic.costs" "google" "aws"
  std::string grouping;  // by which fields the provider was asked to tell records apart; "" where that is fixed
  std::vector<Bill> records;
  std::vector<std::string> problems;  // records that were left out: where and why
  std::size_t others = 0;             // records of services that are no models: left out
  bool more = false;                  // the export says that there are further pages
};

// `invalid` where the text is none of these. Limits: 64 MB, 1,000,000 records.
Result<Bills> read_bills(std::string_view text);

// Names of models as they can be compared: lower case, no maker, no date, letters and digits alone.
std::string comparable(std::string_view model);

}  // namespace pawl::costs
