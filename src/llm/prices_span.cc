// What a span cost: its tokens added up to what providers bill, its served model, its service tier.
#include <limits>

#include "llm/prices.h"

namespace pawl::llm {
namespace {

struct Name {
  std::string_view sent, key;
};
// Tokens::others → Usage.
constexpr std::array detail_names = {
    Name{"cache_write_5m", "cache_write_5m_tokens"},
    Name{"cache_write_1h", "cache_write_1h_tokens"},
    Name{"ephemeral_5m_input_tokens", "cache_write_5m_tokens"},
    Name{"ephemeral_1h_input_tokens", "cache_write_1h_tokens"},
    Name{"audio_input", "input_audio_tokens"},
    Name{"audio_output", "output_audio_tokens"},
    Name{"image_input", "input_image_tokens"},
    Name{"image_output", "output_image_tokens"},
    Name{"video_input", "input_video_tokens"},
    Name{"video_output", "output_video_tokens"},
    Name{"text_input", "input_text_tokens"},
    Name{"text_output", "output_text_tokens"},
    Name{"input_audio", "input_audio_tokens"},
    Name{"output_audio", "output_audio_tokens"},
    Name{"input_image", "input_image_tokens"},
    Name{"output_image", "output_image_tokens"},
    Name{"input_video", "input_video_tokens"},
    Name{"output_video", "output_video_tokens"},
    Name{"input_text", "input_text_tokens"},
    Name{"output_text", "output_text_tokens"},
    Name{"input_audio_tokens", "input_audio_tokens"},
    Name{"output_audio_tokens", "output_audio_tokens"},
    Name{"input_image_tokens", "input_image_tokens"},
    Name{"output_image_tokens", "output_image_tokens"},
    Name{"input_video_tokens", "input_video_tokens"},
    Name{"output_video_tokens", "output_video_tokens"},
    Name{"cache_write_5m_tokens", "cache_write_5m_tokens"},
    Name{"cache_write_1h_tokens", "cache_write_1h_tokens"},
    Name{"cache_read_audio", "cache_audio_read_tokens"},
    Name{"audio_cache_read", "cache_audio_read_tokens"},
    Name{"cache_audio_read_tokens", "cache_audio_read_tokens"},
    Name{"cache_read_image", "cache_image_read_tokens"},
    Name{"image_cache_read", "cache_image_read_tokens"},
    Name{"cache_image_read_tokens", "cache_image_read_tokens"},
    Name{"web_searches", "web_searches"},
    Name{"web_search_requests", "web_searches"},
    Name{"storage_searches", "storage_searches"},
    Name{"file_search_calls", "storage_searches"},
    Name{"social_searches", "social_searches"},
    Name{"code_executions", "code_executions"},
    Name{"rerank_searches", "rerank_searches"},
    Name{"search_units", "rerank_searches"},
    Name{"audio_seconds", "audio_seconds"},
    Name{"input_audio_seconds", "input_audio_seconds"},
    Name{"output_audio_seconds", "output_audio_seconds"},
    Name{"input_characters", "input_characters"},
};

// The sum of what is known; too large stays too large.
std::int64_t sum(std::initializer_list<std::optional<std::int64_t>> counts) {
  std::int64_t total = 0;
  for (const auto& count : counts) {
    if (count.value_or(0) < 0) return -1;  // pricing refuses it
    if (__builtin_add_overflow(total, count.value_or(0), &total)) return std::numeric_limits<std::int64_t>::max();
  }
  return total;
}

bool is_free(std::string_view model) {
  return model.ends_with(":free") || model.ends_with("-free");
}

}  // namespace

Usage usage_of(const Tokens& tokens) {
  Usage usage;
  usage.amounts.reserve(5 + tokens.others.size());
  usage.add("input_tokens", sum({tokens.input, tokens.cache_read, tokens.cache_write}));
  usage.add("output_tokens", sum({tokens.output, tokens.reasoning}));
  if (tokens.cache_read) usage.add("cache_read_tokens", *tokens.cache_read);
  if (tokens.cache_write) usage.add("cache_write_tokens", *tokens.cache_write);
  if (tokens.reasoning) usage.add("output_reasoning_tokens", *tokens.reasoning);
  for (const auto& [sent, count] : tokens.others) {
    const auto name = std::find_if(detail_names.begin(), detail_names.end(),
                                   [&, key = sent](const Name& each) { return each.sent == key; });
    if (name != detail_names.end() && count > 0) usage.add(name->key, count);
  }
  return usage;
}

std::expected<Priced, Unpriced> Pricer::cost_of(const Tokens& tokens, const CallFacts& call) {
  if (!tokens.input && !tokens.cache_read && !tokens.cache_write && tokens.others.empty()) {
    return std::unexpected(Unpriced{Unpriced::Why::no_usage, "the span does not tell its input tokens"});
  }
  CallFacts facts = call;
  facts.estimate = true;
  auto priced = price(facts, usage_of(tokens));
  if (!priced) return priced;
  const bool nothing_used = tokens.total() == 0 && tokens.others.empty();
  if (priced->lines.empty() && !nothing_used && !is_free(priced->model)) {
    return std::unexpected(Unpriced{Unpriced::Why::no_price,
                                    fmt::format("the list has no price for {}/{}", priced->provider, priced->model)});
  }
  if (!tokens.input) priced->estimated = true;
  if (!tokens.output && !tokens.reasoning && priced->prices_output) priced->estimated = true;
  return priced;
}

std::expected<Priced, Unpriced> Pricer::cost_of(const Reading& span, Nanos start, std::string_view api_url) {
  std::vector<ContextValue> context;
  if (span.service_tier == "batch") {
    context.emplace_back("processing", "batch");
  } else if (!span.service_tier.empty()) {
    context.emplace_back("service_tier", span.service_tier);
  }
  for (const auto& [name, value] : span.parameters) {
    if (name == "speed") context.emplace_back(name, value);
  }
  CallFacts call{.provider = span.provider, .at = start, .context = context, .api_url = api_url};
  const std::string_view served = span.model_served, requested = span.model_requested;
  call.model = served.empty() ? requested : served;
  auto priced = cost_of(span.tokens, call);
  if (priced || priced.error().why != Unpriced::Why::unknown_model || requested.empty() || requested == call.model) {
    return priced;
  }
  call.model = requested;
  auto by_request = cost_of(span.tokens, call);
  return by_request ? std::move(by_request) : std::move(priced);
}

}  // namespace pawl::llm
