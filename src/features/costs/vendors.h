// Who serves, made and bills a model, in FOCUS' words.
#pragma once
#include <string>
#include <string_view>

namespace pawl::costs {

struct Vendor {
  std::string provider, publisher, service;  // "AWS", "Anthropic", "Amazon Bedrock"
};
// `provider` as the span or the price list names it; "" with a price row: the row's ("openai/gpt-5@…").
Vendor vendor_of(std::string_view provider, std::string_view model, std::string_view price_row);

// One name for all spellings of a provider, as reconciliation matches them: "openai" "anthropic" "google" "aws"
// "azure", else as given.
std::string provider_key(std::string_view provider, std::string_view price_row);

}  // namespace pawl::costs
