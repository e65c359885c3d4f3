// The provider's whole answer, where a carrier of output kept it: its id, the model that served, and the finer usage
// that the attributes leave out (conventions.md A traps 4 and 28).
#include <algorithm>

#include "llm/json_scan.h"
#include "llm/span_steps.h"

namespace pawl::llm {

using enum Field;

namespace {

bool is_word(char c) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// `'cached_tokens': 576`, `cached_tokens=576`, `\"cached_tokens\":576`: the counts in whatever print of a usage object.
void read_printed_usage(std::string_view text, RawUsage& raw) {
  for (std::size_t at = 0; at < text.size();) {
    if (!is_word(text[at])) {
      ++at;
      continue;
    }
    const std::size_t from = at;
    while (at < text.size() && is_word(text[at])) ++at;
    const std::string_view key = text.substr(from, at - from);
    std::size_t value = at;
    while (value < text.size() && (text[value] == '\\' || text[value] == '\'' || text[value] == '"')) ++value;
    if (value >= text.size() || (text[value] != ':' && text[value] != '=')) continue;
    ++value;
    while (value < text.size() && text[value] == ' ') ++value;
    std::size_t end = value;
    while (end < text.size() && is_digit(text[end])) ++end;
    if (end == value || end == text.size() || !key.ends_with("okens")) continue;
    read_count(key, text.substr(value, end - value), raw);
    raw.details = raw.details || key == "cached_tokens";
    at = end;
  }
}

// The last usage object printed in a text that tells more than two counts.
RawUsage printed_usage(std::string_view text) {
  constexpr std::size_t tail = 16384, window = 640;
  constexpr int tries = 4;
  if (text.size() > tail) text.remove_prefix(text.size() - tail);
  std::size_t at = text.size();
  for (int i = 0; i < tries && at > 0; ++i) {
    at = text.rfind("usage", at - 1);
    if (at == std::string_view::npos) break;
    RawUsage raw;
    read_printed_usage(text.substr(at, window), raw);
    if (raw.input && (raw.cache_read || raw.reasoning)) return raw;
  }
  return {};
}

struct Answer {
  std::string_view id, model;
  RawUsage usage;
};

void read_usage_member(std::string_view value, RawUsage& raw) {
  if (json::is_object(value)) read_usage_json(value, raw);
}

// A response of OpenAI, Anthropic, Gemini, Bedrock, Cohere, LangChain: its top-level members in one walk.
Answer answer_of(std::string_view object) {
  Answer answer;
  json::Members members(object);
  while (members.next()) {
    const std::string_view key = members.key, value = members.value;
    if (key == "id" || key == "responseId" || key == "response_id") {
      if (json::is_string(value)) answer.id = value;
    } else if (key == "model" || key == "modelVersion" || key == "model_version") {
      if (json::is_string(value)) answer.model = value;
    } else if (key == "usage" || key == "usageMetadata" || key == "usage_metadata") {
      read_usage_member(value, answer.usage);
    } else if (key == "meta" || key == "llm_output" || key == "response_metadata") {
      for (const std::string_view of : {"usage", "token_usage", "tokens"}) {
        read_usage_member(json::member(value, of), answer.usage);
      }
      for (const std::string_view of : {"model", "model_name"}) {
        if (const auto model = json::member(value, of); json::is_string(model)) answer.model = model;
      }
    }
  }
  return answer;
}

// Whether the counts of an answer are those of the span: then its finer ones hold too.
bool agrees(const RawUsage& stated, const RawUsage& found) {
  if (!found.input || (!found.output && stated.output.value_or(0) != 0)) return false;
  const std::int64_t cached = found.cache_read.value_or(0) + found.cache_write.value_or(0);
  if (!stated.input && !stated.output) {
    return !found.total || *found.total == *found.input + found.output.value_or(0) ||
           *found.total == *found.input + found.output.value_or(0) + found.reasoning.value_or(0);
  }
  const bool input = stated.input == found.input || stated.input == *found.input + cached;
  const bool output =
      stated.output == found.output || stated.output == found.output.value_or(0) + found.reasoning.value_or(0);
  return input && (output || !stated.output);
}

void refine_usage(RawUsage& raw, const RawUsage& found) {
  if (!agrees(raw, found)) return;
  if (!raw.input && !raw.output) {
    const std::int64_t cached = found.cache_read.value_or(0) + found.cache_write.value_or(0);
    const std::int64_t sum = *found.input + found.output.value_or(0);
    const bool inside = found.details || found.total == sum || found.total == sum + found.reasoning.value_or(0);
    raw.input = *found.input + (inside ? 0 : cached);
    raw.output = found.output;
    raw.details = true;
  }
  if (!raw.cache_read) raw.cache_read = found.cache_read;
  if (!raw.cache_write) raw.cache_write = found.cache_write;
  if (!raw.reasoning) raw.reasoning = found.reasoning;
}

}  // namespace

void read_answer(const Reader& reader, RawUsage& raw) {
  Reading& out = reader.out;
  if ((out.kind != Kind::llm && out.kind != Kind::embedding) || out.status == Status::error) return;
  const std::string_view text = json::trimmed(reader.found.text(output));
  const bool known = raw.cache_read && raw.reasoning && !out.response_id.empty() && !out.model_served.empty();
  if (known || text.size() < 16 || json::is_array(text)) return;
  if (json::is_object(text)) {
    const Answer answer = answer_of(text);
    const bool provider = !answer.model.empty() || answer.usage.input;
    if (provider && out.response_id.empty() && !answer.id.empty()) out.response_id = json::text(answer.id);
    if (out.model_served.empty() && !answer.model.empty()) take_served(json::text(answer.model), out);
    if (answer.usage.input) return refine_usage(raw, answer.usage);
  }
  if (!raw.cache_read || !raw.reasoning) refine_usage(raw, printed_usage(text));
}

}  // namespace pawl::llm
