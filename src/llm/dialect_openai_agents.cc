// The OpenAI Agents SDK by its own exporter (run_openai_agents.cc): `turn` and `task` repeat what generations used.
#include "llm/dialects.h"

namespace pawl::llm {
namespace {

constexpr std::string_view scopes[] = {"openai-agents"};
constexpr std::string_view markers[] = {"openai.agents."};

using enum Field;
constexpr Key keys[] = {
    {"openai.agents.type", kind_word, 1},
    {"openai.agents.usage", usage_json, 1},
};

}  // namespace

const Dialect openai_agents{.name = "openai-agents", .scopes = scopes, .markers = markers, .keys = keys};

}  // namespace pawl::llm
