// From the names that programs send to a provider and a model of the price list (measures.md 2, conventions.md trap
// 27).
#include <array>
#include <chrono>

#include "base/text.h"
#include "llm/prices_table.h"

namespace pawl::llm::prices {
namespace {

// Calls `visit(position, depth before, character)` for each character that is neither escaped nor in a class.
template <typename Visit>
void each_bare(std::string_view pattern, Visit visit) {
  int depth = 0;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\') {
      ++i;
    } else if (in_class) {
      in_class = c != ']';
    } else if (c == '[') {
      in_class = true;
    } else {
      visit(i, depth, c);
      depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    }
  }
}

// The end of the group that opens at `pattern[0]`, past its parenthesis; npos where it never closes.
std::size_t group_end(std::string_view pattern) {
  std::size_t end = std::string_view::npos;
  each_bare(pattern, [&](std::size_t at, int depth, char c) {
    if (c == ')' && depth == 1 && end == std::string_view::npos) end = at + 1;
  });
  return end;
}

bool has_top_level_bar(std::string_view pattern) {
  bool found = false;
  each_bare(pattern, [&](std::size_t, int depth, char c) { found |= c == '|' && depth == 0; });
  return found;
}

struct Alias {
  std::string_view sent, id;
};

// Before the list's own rules, which take "openai" in any of these for OpenAI itself.
constexpr std::array azure_names = {std::string_view("azure.ai.openai"), std::string_view("az.ai.openai"),
                                    std::string_view("azure_openai"),    std::string_view("azure-openai"),
                                    std::string_view("azure.openai"),    std::string_view("azureopenai")};

// After them: OTel's well-known values and SDKs' spellings that the list does not understand.
constexpr std::array aliases = {
    Alias{"x_ai", "x-ai"},
    Alias{"grok", "x-ai"},
    Alias{"gcp.gen_ai", "google"},
    Alias{"gcp", "google"},
    Alias{"palm", "google"},
    Alias{"claude", "anthropic"},
    Alias{"azure_ai", "azure"},
    Alias{"azure.ai.inference", "azure"},
    Alias{"az.ai.inference", "azure"},
    Alias{"azure-ai-inference", "azure"},
    Alias{"microsoft.foundry", "azure"},
    Alias{"aws_bedrock", "aws"},
    Alias{"fireworks_ai", "fireworks"},
    Alias{"fireworks-ai", "fireworks"},
    Alias{"fireworksai", "fireworks"},
    Alias{"togetherai", "together"},
    Alias{"together.ai", "together"},
    Alias{"deepseek_ai", "deepseek"},
    Alias{"perplexity_ai", "perplexity"},
    Alias{"z-ai", "zai"},
    Alias{"z.ai", "zai"},
    Alias{"zhipu", "zhipuai"},
    Alias{"open_router", "openrouter"},
};

// Frameworks that write their own name where the provider belongs: it says nothing about who served the call.
constexpr std::array<std::string_view, 33> frameworks = {
    "ag2",
    "agent-framework",
    "agent_framework",
    "agno",
    "ai-sdk",
    "autogen",
    "crewai",
    "dspy",
    "gateway",
    "genkit",
    "google-adk-framework",
    "haystack",
    "langchain",
    "langchain4j",
    "langfuse",
    "langgraph",
    "langsmith",
    "llama-index",
    "llama_index",
    "llamaindex",
    "mastra",
    "microsoft.agent_framework",
    "microsoft.agents",
    "opentelemetry",
    "pydantic-ai",
    "pydantic_ai",
    "semantic-kernel",
    "semantic_kernel",
    "smolagents",
    "spring_ai",
    "strands",
    "strands-agents",
    "vercel",
};

template <typename Names>
bool one_of(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

const Provider* by_id(const Table& table, std::string_view id) {
  const auto at = table.by_id.find(id);
  return at == table.by_id.end() ? nullptr : &table.providers[at->second];
}

// genai-prices' rule: the id itself, else the first whose provider_match fits.
const Provider* by_rule(const Table& table, std::string_view name) {
  if (const Provider* same = by_id(table, name)) return same;
  for (const Provider& provider : table.providers) {
    if (provider.provider_match && provider.provider_match->matches(name)) return &provider;
  }
  return nullptr;
}

// `name` in lower case. "groq.chat" is the Vercel AI SDK's way to name an API of groq.
const Provider* by_name(const Table& table, std::string_view name) {
  if (const Provider* same = by_id(table, name)) return same;
  if (one_of(azure_names, name)) return by_id(table, "azure");
  if (one_of(frameworks, name)) return nullptr;
  if (const Provider* provider = by_rule(table, name)) return provider;
  for (const Alias& alias : aliases) {
    if (alias.sent == name) return by_id(table, alias.id);
  }
  const auto dot = name.find('.');
  return dot == std::string_view::npos || dot == 0 ? nullptr : by_name(table, name.substr(0, dot));
}

const Provider* by_url(const Table& table, std::string_view url) {
  for (const Provider& provider : table.providers) {
    if (provider.api_pattern && provider.api_pattern->matches(url)) return &provider;
  }
  return nullptr;
}

const Provider* by_model(const Table& table, std::string_view model) {
  if (model.empty()) return nullptr;
  for (const Provider& provider : table.providers) {
    if (provider.model_match && provider.model_match->matches(model)) return &provider;
  }
  return nullptr;
}

// "openai/gpt-4.1", as LiteLLM and routers write it: the provider before the slash, which is then cut off.
const Provider* by_prefix(const Table& table, std::string_view& model) {
  const auto slash = model.find('/');
  if (slash == std::string_view::npos || slash == 0) return nullptr;
  const Provider* provider = by_name(table, model.substr(0, slash));
  if (provider) model.remove_prefix(slash + 1);
  return provider;
}

// "us.anthropic.claude-…-v1:0": the maker after an optional region, as only Bedrock writes it.
bool is_bedrock_id(std::string_view model) {
  static constexpr std::array<std::string_view, 8> makers = {"anthropic", "amazon", "meta",   "mistral",
                                                             "cohere",    "ai21",   "writer", "deepseek"};
  const auto [first, rest] = cut(model, '.');
  return (one_of(makers, first) && !rest.empty()) || (first.size() <= 6 && one_of(makers, cut(rest, '.').first));
}

const Model* listed(const Provider& provider, std::string_view model) {
  for (const auto& candidate : provider.models) {
    if (candidate->match.matches(model)) return candidate.get();
  }
  return nullptr;
}

bool is_date(std::string_view digits) {
  for (const char c : digits) {
    if (c < '0' || c > '9') return false;
  }
  const auto number = [&](std::size_t at, std::size_t count) {
    return static_cast<int>(parse_int(digits.substr(at, count)).value_or(0));
  };
  const std::chrono::year_month_day date{std::chrono::year(number(0, 4)),
                                         std::chrono::month(static_cast<unsigned>(number(4, 2))),
                                         std::chrono::day(static_cast<unsigned>(number(6, 2)))};
  return digits.starts_with("20") && date.ok();
}

// "gpt-5.2-20251211" → "gpt-5.2-2025-12-11", as LiteLLM and OpenRouter compact it.
std::string with_dashed_dates(std::string_view model) {
  std::string out;
  for (std::size_t i = 0; i < model.size(); ++i) {
    out += model[i];
    if (model[i] != '-' || i + 9 > model.size()) continue;
    const std::string_view digits = model.substr(i + 1, 8);
    const bool ends = i + 9 == model.size() || model[i + 9] == '-' || model[i + 9] == ':';
    if (!ends || !is_date(digits)) continue;
    out.append(digits, 0, 4).append("-").append(digits, 4, 2).append("-").append(digits, 6, 2);
    i += 8;
  }
  return out;
}

void look_up(const Table& table, std::string_view model, Match& match) {
  match.model = listed(*match.provider, model);
  for (const std::string& id : match.provider->fallbacks) {
    if (match.model) return;
    const Provider* other = by_id(table, id);
    match.model = other ? listed(*other, model) : nullptr;
    match.fallback = match.model != nullptr;
  }
}

Match in_provider(const Table& table, const Provider& provider, std::string_view model) {
  Match match{.provider = &provider};
  look_up(table, model, match);
  if (match.model) return match;
  const std::string dashed = with_dashed_dates(model);
  if (dashed != model) look_up(table, dashed, match);
  return match;
}

// "ft:gpt-4o-mini:acme::1": the list's own row for fine-tunes of that base, else the base's.
Match in_base(const Table& table, const Provider& provider, std::string_view tuned) {
  const std::string_view base = tuned.substr(3, tuned.find(':', 3) - 3);
  for (const auto& model : provider.models) {
    if (model->id.starts_with("ft:") && std::string_view(model->id).substr(3) == base) {
      return {.provider = &provider, .model = model.get()};
    }
  }
  return in_provider(table, provider, base);
}

// A model that the list does not name itself: "models/gemini-2.5-pro", "openai/gpt-4.1", an ARN, a fine-tune.
Match guess(const Table& table, const Provider& provider, std::string_view model) {
  const Provider* where = &provider;
  if (const auto slash = model.rfind('/'); slash != std::string_view::npos) {
    if (const Provider* named = by_name(table, model.substr(0, model.find('/')))) where = named;
    model.remove_prefix(slash + 1);
  }
  Match match = in_provider(table, *where, model);
  match.estimated = where != &provider;
  if (!match.model && model.starts_with("ft:")) {
    match = in_base(table, *where, model);
    match.estimated = true;
  }
  return match.model ? match : Match{.provider = &provider};
}

}  // namespace

Result<Regex> Regex::compile(std::string_view pattern, bool anchored) {
  Regex out;
  RE2::Options options;
  options.set_log_errors(false);
  options.set_never_capture(true);
  options.set_max_mem(1 << 20);
  const auto add = [&](std::string_view text, bool at_start, bool wanted) -> Result<> {
    auto regex = std::make_unique<RE2>(at_start ? fmt::format("^(?:{})", text) : std::string(text), options);
    if (!regex->ok()) return fail(ErrorKind::invalid, "no regular expression (RE2): {}", regex->error());
    out.parts_.push_back({std::move(regex), wanted});
    return {};
  };
  const auto looks_ahead = [](std::string_view text) { return text.starts_with("(?!") || text.starts_with("(?="); };
  if (pattern.starts_with('^') && looks_ahead(pattern.substr(1))) {
    pattern.remove_prefix(1);
    anchored = true;
    if (has_top_level_bar(pattern)) {
      return fail(ErrorKind::invalid, "a look-ahead before alternatives: put the alternatives into a group");
    }
  }
  while (anchored && looks_ahead(pattern)) {
    const auto end = group_end(pattern);
    if (end == std::string_view::npos) return fail(ErrorKind::invalid, "no regular expression: a group never closes");
    TRY(add(pattern.substr(3, end - 4), true, pattern[2] == '='));
    pattern.remove_prefix(end);
  }
  TRY(add(pattern, anchored, true));
  return out;
}

bool Regex::matches(std::string_view text) const {
  for (const Part& part : parts_) {
    if (RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *part.regex) != part.wanted) return false;
  }
  return true;
}

bool Clause::matches(std::string_view lower_case) const {
  switch (kind) {
    case Kind::equals:
      return lower_case == text;
    case Kind::starts_with:
      return lower_case.starts_with(text);
    case Kind::ends_with:
      return lower_case.ends_with(text);
    case Kind::contains:
      return lower_case.find(text) != std::string_view::npos;
    case Kind::regex:
      return regex->matches(lower_case);
    case Kind::any_of:
      return std::any_of(of.begin(), of.end(), [&](const Clause& clause) { return clause.matches(lower_case); });
    case Kind::all_of:
      return std::all_of(of.begin(), of.end(), [&](const Clause& clause) { return clause.matches(lower_case); });
  }
  return false;
}

Match find(const Table& table, std::string_view provider_sent, std::string_view model_sent, std::string_view api_url,
           bool estimate) {
  const std::string name = to_lower(trim(provider_sent));
  const std::string lower = to_lower(model_sent);
  std::string_view model = lower;
  const bool litellm = name == "litellm";
  const bool framework = one_of(frameworks, name) && !by_id(table, name);
  const Provider* provider = nullptr;
  if (litellm || framework) provider = by_prefix(table, model);
  if (!provider && framework && is_bedrock_id(model)) provider = by_id(table, "aws");
  if (!provider && !framework && !name.empty()) provider = by_name(table, name);
  if (!provider && (name.empty() || litellm || framework)) {
    if (!api_url.empty()) provider = by_url(table, api_url);
    if (!provider && (api_url.empty() || framework)) provider = by_model(table, model);
    std::string_view rest = model;
    if (!provider && estimate) provider = by_prefix(table, rest);
  }
  if (!provider) return {};
  Match match = in_provider(table, *provider, model);
  return match.model || !estimate ? match : guess(table, *provider, model);
}

}  // namespace pawl::llm::prices
