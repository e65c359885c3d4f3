// Token counts as sent → `Tokens`, each token once (conventions.md A traps 4 to 6, B trap 3).
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "llm/dialects.h"
#include "llm/span.h"

namespace pawl::llm {

struct RawUsage {
  std::optional<std::int64_t> input, output, total, cache_read, cache_write, reasoning;
  std::optional<std::int64_t> audio_input, audio_output, image_input;
  bool details = false;  // the cached tokens stand in "…details" of the input tokens: they are inside, as OpenAI sends
  bool beside = false;  // they stand beside the input tokens under Anthropic's names: outside, unless a total says else
};

// Adds what a usage object of any provider or SDK says, where `raw` does not know it yet.
void read_usage_json(std::string_view object, RawUsage& raw);
// The same for one count.
void read_count(std::string_view key, std::string_view value, RawUsage& raw);

// Where cached tokens stand: a certain dialect says it; else `input + cached + output = total` tells; else the
// dialect's habit. Cached tokens that do not fit into the input stand outside. Output includes reasoning unless it
// cannot.
Tokens resolve(const RawUsage& raw, Cached habit);

}  // namespace pawl::llm
