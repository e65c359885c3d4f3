// Values of attributes, and the names of the enumerations.
#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "llm/json_scan.h"
#include "llm/span_steps.h"

namespace pawl::llm {

void assign(std::string& out, const otlp::Value* value) {
  if (value == nullptr) return;
  if (value->type == otlp::Value::Type::string) {
    out = value->text;
  } else {
    out = otlp::to_text(*value);
  }
}

// Text that may stand in JSON quotes (Langfuse metadata, MLflow: every value).
void assign_unquoted(std::string& out, const otlp::Value* value) {
  const bool single = value != nullptr && value->type == otlp::Value::Type::array && value->items.size() == 1;
  assign(out, single ? &value->items.front() : value);  // of an HTTP header, which may come several times
  if (out.size() >= 2 && out.front() == '"' && out.back() == '"') out = json::text(out);
}

std::optional<std::int64_t> count_of(const otlp::Value* value) {
  if (value == nullptr) return std::nullopt;
  std::optional<std::int64_t> count;
  switch (value->type) {
    case otlp::Value::Type::integer:
      count = value->integer;
      break;
    case otlp::Value::Type::real:
      if (value->real >= 0 && value->real < 9e15) count = static_cast<std::int64_t>(value->real);
      break;
    case otlp::Value::Type::string:
      count = json::integer(value->text);
      break;
    default:
      break;
  }
  return count && *count >= 0 ? count : std::nullopt;
}

std::optional<double> real_of(const otlp::Value* value) {
  if (value == nullptr) return std::nullopt;
  switch (value->type) {
    case otlp::Value::Type::integer:
      return static_cast<double>(value->integer);
    case otlp::Value::Type::real:
      return value->real;
    case otlp::Value::Type::string:
      return json::number(value->text);
    default:
      return std::nullopt;
  }
}

void add_list(const otlp::Value* value, std::vector<std::string>& out) {
  if (value == nullptr) return;
  if (value->type == otlp::Value::Type::array) {
    for (const otlp::Value& item : value->items) {
      if (item.type == otlp::Value::Type::string && !item.text.empty()) out.emplace_back(item.text);
    }
    return;
  }
  if (value->type != otlp::Value::Type::string) return;
  if (json::is_array(value->text)) {
    json::Elements elements(value->text);
    while (elements.next()) out.push_back(json::text(elements.value));
    return;
  }
  if (json::is_string(value->text)) {
    out.push_back(json::text(value->text));
    return;
  }
  for (const std::string_view piece : split(value->text, ',')) {  // LangSmith: one string with commas
    if (const std::string_view word = trim(piece); !word.empty()) out.emplace_back(word);
  }
}

// ---- names of the enumerations ----

namespace {
constexpr std::string_view kind_names[] = {"other",    "agent",     "llm",       "tool",    "retriever", "embedding",
                                           "reranker", "guardrail", "evaluator", "handoff", "workflow"};
constexpr std::string_view status_names[] = {"ok", "error", "blocked", "unfinished", "running"};
constexpr std::string_view slot_names[] = {"input", "output",    "system", "tool_definitions", "arguments", "result",
                                           "state", "attribute", "event"};
}  // namespace

std::string_view name_of(Kind kind) {
  return kind_names[static_cast<std::size_t>(kind)];
}
std::string_view name_of(Status status) {
  return status_names[static_cast<std::size_t>(status)];
}
std::string_view name_of(Slot slot) {
  return slot_names[static_cast<std::size_t>(slot)];
}
std::optional<Kind> kind_from(std::string_view name) {
  const auto found = std::ranges::find(kind_names, name);
  if (found == std::end(kind_names)) return std::nullopt;
  return static_cast<Kind>(found - std::begin(kind_names));
}
std::optional<Status> status_from(std::string_view name) {
  const auto found = std::ranges::find(status_names, name);
  if (found == std::end(status_names)) return std::nullopt;
  return static_cast<Status>(found - std::begin(status_names));
}
}  // namespace pawl::llm
