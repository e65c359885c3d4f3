// Which token is counted where.
#include "llm/usage.h"

#include <algorithm>

#include "llm/json_scan.h"

namespace pawl::llm {
namespace {

using Count = std::optional<std::int64_t> RawUsage::*;

struct UsageKey {
  std::string_view key;
  Count count;
};

// Sorted. OpenAI, Anthropic, Gemini, Bedrock, LangChain, Langfuse, MLflow, Genkit, Vercel.
constexpr UsageKey usage_keys[] = {
    {"cacheReadInputTokens", &RawUsage::cache_read},
    {"cacheReadTokens", &RawUsage::cache_read},
    {"cacheWriteInputTokens", &RawUsage::cache_write},
    {"cacheWriteTokens", &RawUsage::cache_write},
    {"cache_creation", &RawUsage::cache_write},
    {"cache_creation_input_tokens", &RawUsage::cache_write},
    {"cache_creation_tokens", &RawUsage::cache_write},
    {"cache_read", &RawUsage::cache_read},
    {"cache_read_input_tokens", &RawUsage::cache_read},
    {"cache_read_tokens", &RawUsage::cache_read},
    {"cache_write", &RawUsage::cache_write},
    {"cache_write_input_tokens", &RawUsage::cache_write},
    {"cachedContentTokenCount", &RawUsage::cache_read},
    {"cachedContentTokens", &RawUsage::cache_read},
    {"cachedInputTokens", &RawUsage::cache_read},
    {"cached_content_token_count", &RawUsage::cache_read},
    {"cached_input_tokens", &RawUsage::cache_read},
    {"cached_tokens", &RawUsage::cache_read},
    {"candidatesTokenCount", &RawUsage::output},
    {"candidates_token_count", &RawUsage::output},
    {"completion", &RawUsage::output},
    {"completionTokens", &RawUsage::output},
    {"completion_tokens", &RawUsage::output},
    {"input", &RawUsage::input},
    {"inputTokens", &RawUsage::input},
    {"input_audio_tokens", &RawUsage::audio_input},
    {"input_cache_creation", &RawUsage::cache_write},
    {"input_cache_read", &RawUsage::cache_read},
    {"input_cache_write", &RawUsage::cache_write},
    {"input_cached_tokens", &RawUsage::cache_read},
    {"input_image_tokens", &RawUsage::image_input},
    {"input_tokens", &RawUsage::input},
    {"output", &RawUsage::output},
    {"outputTokens", &RawUsage::output},
    {"output_audio_tokens", &RawUsage::audio_output},
    {"output_reasoning", &RawUsage::reasoning},
    {"output_reasoning_tokens", &RawUsage::reasoning},
    {"output_tokens", &RawUsage::output},
    {"prompt", &RawUsage::input},
    {"promptTokenCount", &RawUsage::input},
    {"promptTokens", &RawUsage::input},
    {"prompt_token_count", &RawUsage::input},
    {"prompt_tokens", &RawUsage::input},
    {"reasoning", &RawUsage::reasoning},
    {"reasoningTokens", &RawUsage::reasoning},
    {"reasoning_tokens", &RawUsage::reasoning},
    {"thoughtsTokenCount", &RawUsage::reasoning},
    {"thoughtsTokens", &RawUsage::reasoning},
    {"thoughts_token_count", &RawUsage::reasoning},
    {"total", &RawUsage::total},
    {"totalTokenCount", &RawUsage::total},
    {"totalTokens", &RawUsage::total},
    {"total_token_count", &RawUsage::total},
    {"total_tokens", &RawUsage::total},
};
static_assert(std::ranges::is_sorted(usage_keys, {}, &UsageKey::key));

constexpr std::string_view input_details[] = {"prompt_tokens_details", "input_tokens_details", "input_token_details",
                                              "inputTokenDetails"};
constexpr std::string_view output_details[] = {"completion_tokens_details", "output_tokens_details",
                                               "output_token_details", "outputTokenDetails"};

void take(std::optional<std::int64_t>& count, std::string_view raw) {
  if (count) return;
  const auto value = json::integer(raw);
  if (value && *value >= 0) count = value;
}

bool one_of(std::string_view key, std::span<const std::string_view> names) {
  return std::ranges::find(names, key) != names.end();
}

void read_details(std::string_view object, bool of_input, RawUsage& raw) {
  json::Members members(object);
  while (members.next()) {
    if (members.key == "audio" || members.key == "audio_tokens") {
      take(of_input ? raw.audio_input : raw.audio_output, members.value);
      continue;
    }
    const auto found = std::ranges::lower_bound(usage_keys, members.key, {}, &UsageKey::key);
    if (found == std::end(usage_keys) || found->key != members.key) continue;
    if (found->count == &RawUsage::cache_read || found->count == &RawUsage::cache_write ||
        found->count == &RawUsage::reasoning) {
      take(raw.*(found->count), members.value);
    }
  }
  if (of_input) raw.details = true;
}

bool fits(std::optional<std::int64_t> total, std::int64_t sum, std::int64_t reasoning) {
  return total && (*total == sum || *total == sum + reasoning);
}

bool cached_outside(const RawUsage& raw, Cached habit) {
  const std::int64_t cached = raw.cache_read.value_or(0) + raw.cache_write.value_or(0);
  if (habit == Cached::outside) return true;
  if (cached == 0) return false;
  if (cached > raw.input.value_or(0)) return true;
  if (raw.details) return false;
  if (raw.beside && !raw.total) return true;
  const std::int64_t sum = raw.input.value_or(0) + raw.output.value_or(0);
  const std::int64_t reasoning = raw.reasoning.value_or(0);
  const bool inside_fits = fits(raw.total, sum, reasoning);
  const bool outside_fits = fits(raw.total, sum + cached, reasoning);
  if (inside_fits != outside_fits) return outside_fits;
  return habit == Cached::outside_unless_total;
}

bool reasoning_outside(const RawUsage& raw, std::int64_t input) {
  if (!raw.reasoning || *raw.reasoning == 0 || !raw.output) return false;
  if (*raw.reasoning > *raw.output) return true;
  return raw.total && *raw.total == input + *raw.output + *raw.reasoning;
}

void keep_other(Tokens& tokens, std::string_view name, std::optional<std::int64_t> count) {
  if (count && *count > 0) tokens.others.emplace_back(name, *count);
}

}  // namespace

void read_usage_json(std::string_view object, RawUsage& raw) {
  const std::optional<std::int64_t> stated = raw.input;
  const bool beside = raw.beside;
  std::optional<std::int64_t> own;  // the object's own count of input
  json::Members members(object);
  while (members.next()) {
    if (json::is_object(members.value)) {
      if (members.key == "tokens") read_usage_json(members.value, raw);  // Cohere
      if (one_of(members.key, input_details)) read_details(members.value, true, raw);
      if (one_of(members.key, output_details)) read_details(members.value, false, raw);
      continue;
    }
    read_count(members.key, members.value, raw);
    if (members.key == "input_tokens" || members.key == "inputTokens") take(own, members.value);
  }
  if (stated && own != stated) raw.beside = beside;  // the stated input holds what stands beside the object's own
}

void read_count(std::string_view key, std::string_view value, RawUsage& raw) {
  const auto found = std::ranges::lower_bound(usage_keys, key, {}, &UsageKey::key);
  if (found == std::end(usage_keys) || found->key != key) return;
  take(raw.*(found->count), value);
  raw.beside = raw.beside || key == "cache_read_input_tokens" || key == "cache_creation_input_tokens" ||
               key == "cacheReadInputTokens";
}

Tokens resolve(const RawUsage& raw, Cached habit) {
  Tokens tokens;
  tokens.cache_read = raw.cache_read;
  tokens.cache_write = raw.cache_write;
  tokens.reasoning = raw.reasoning;
  const std::int64_t cached = raw.cache_read.value_or(0) + raw.cache_write.value_or(0);
  const bool outside = cached_outside(raw, habit);
  if (raw.input) tokens.input = outside ? *raw.input : std::max<std::int64_t>(0, *raw.input - cached);
  if (raw.output) {
    const std::int64_t whole_input = raw.input.value_or(0) + (outside ? cached : 0);
    tokens.output = reasoning_outside(raw, whole_input)
                        ? *raw.output
                        : std::max<std::int64_t>(0, *raw.output - raw.reasoning.value_or(0));
  }
  keep_other(tokens, "audio_input", raw.audio_input);
  keep_other(tokens, "audio_output", raw.audio_output);
  keep_other(tokens, "image_input", raw.image_input);
  return tokens;
}

}  // namespace pawl::llm
