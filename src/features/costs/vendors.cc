// Names of providers, their services, and makers of models.
#include "vendors.h"

#include <array>

#include "base/text.h"

namespace pawl::costs {
namespace {

struct Known {
  std::string_view part, key, provider, service;  // part: of the lower-case name, the first that fits
};
constexpr std::array served = {
    Known{"azure", "azure", "Microsoft", "Azure OpenAI"},
    Known{"az.ai", "azure", "Microsoft", "Azure OpenAI"},
    Known{"bedrock", "aws", "AWS", "Amazon Bedrock"},
    Known{"aws", "aws", "AWS", "Amazon Bedrock"},
    Known{"amazon", "aws", "AWS", "Amazon Bedrock"},
    Known{"vertex", "google", "Google Cloud", "Vertex AI"},
    Known{"gemini", "google", "Google Cloud", "Gemini API"},
    Known{"gen_ai", "google", "Google Cloud", "Gemini API"},
    Known{"google", "google", "Google Cloud", "Gemini API"},
    Known{"gcp", "google", "Google Cloud", "Vertex AI"},
    Known{"openrouter", "openrouter", "OpenRouter", "OpenRouter API"},
    Known{"openai", "openai", "OpenAI", "OpenAI API"},
    Known{"anthropic", "anthropic", "Anthropic", "Anthropic API"},
    Known{"mistral", "mistral", "Mistral AI", "Mistral API"},
    Known{"cohere", "cohere", "Cohere", "Cohere API"},
    Known{"groq", "groq", "Groq", "Groq API"},
    Known{"deepseek", "deepseek", "DeepSeek", "DeepSeek API"},
    Known{"x-ai", "x-ai", "xAI", "xAI API"},
    Known{"x_ai", "x-ai", "xAI", "xAI API"},
    Known{"xai", "x-ai", "xAI", "xAI API"},
    Known{"together", "together", "Together AI", "Together API"},
    Known{"fireworks", "fireworks", "Fireworks AI", "Fireworks API"},
    Known{"perplexity", "perplexity", "Perplexity", "Perplexity API"},
    Known{"cerebras", "cerebras", "Cerebras", "Cerebras API"},
    Known{"huggingface", "huggingface", "Hugging Face", "Inference Providers"},
    Known{"moonshot", "moonshotai", "Moonshot AI", "Moonshot API"},
};

struct Maker {
  std::string_view part, name;
};
constexpr std::array makers = {
    Maker{"claude", "Anthropic"},   Maker{"gpt", "OpenAI"},           Maker{"gemini", "Google"},
    Maker{"gemma", "Google"},       Maker{"llama", "Meta"},           Maker{"mistral", "Mistral AI"},
    Maker{"mixtral", "Mistral AI"}, Maker{"codestral", "Mistral AI"}, Maker{"nova", "Amazon"},
    Maker{"titan", "Amazon"},       Maker{"command", "Cohere"},       Maker{"deepseek", "DeepSeek"},
    Maker{"grok", "xAI"},           Maker{"qwen", "Alibaba"},         Maker{"kimi", "Moonshot AI"},
    Maker{"sonar", "Perplexity"},   Maker{"phi-", "Microsoft"},       Maker{"text-embedding", "OpenAI"},
};

std::string home_of(std::string_view row) {
  for (const std::string_view kind : {"own:", "tool:"})
    if (row.starts_with(kind)) row.remove_prefix(kind.size());
  return std::string(row.substr(0, row.find('/')));
}

const Known* known(std::string_view name) {
  for (const Known& one : served) {
    if (name.find(one.part) != std::string_view::npos) return &one;
  }
  return nullptr;
}

}  // namespace

Vendor vendor_of(std::string_view provider, std::string_view model, std::string_view price_row) {
  if (price_row.starts_with("tool:")) provider = {};  // who asked is not who charges
  const std::string name = to_lower(provider.empty() ? home_of(price_row) : provider);
  Vendor out{"Unknown", "", "Unknown"};
  const Known* found = known(name);
  if (found == nullptr && !price_row.empty()) found = known(to_lower(home_of(price_row)));  // a framework's own name
  if (found != nullptr)
    out = {std::string(found->provider), "", std::string(found->service)};
  else if (!name.empty())
    out = {std::string(provider.empty() ? std::string_view(name) : provider), "", name + " API"};
  const std::string lower = to_lower(model);
  for (const Maker& maker : makers) {
    if (out.publisher.empty() && lower.find(maker.part) != std::string::npos) out.publisher = maker.name;
  }
  if (out.publisher.empty()) out.publisher = out.provider;
  return out;
}

std::string provider_key(std::string_view provider, std::string_view price_row) {
  if (price_row.starts_with("tool:")) provider = {};  // who asked is not who charges
  const std::string name = to_lower(provider.empty() ? home_of(price_row) : provider);
  const Known* found = known(name);
  if (found == nullptr && !price_row.empty()) found = known(to_lower(home_of(price_row)));
  return found != nullptr ? std::string(found->key) : name;
}

}  // namespace pawl::costs
