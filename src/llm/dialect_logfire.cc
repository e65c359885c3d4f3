// Logfire's own instrumentations (OpenAI, Anthropic, OpenAI Agents, LiteLLM …): kinds stand in the message's template,
// everything else in bare words.
#include <algorithm>

#include "llm/dialects.h"
#include "llm/json_scan.h"

namespace pawl::llm {
namespace {

constexpr std::string_view scopes[] = {"logfire"};

using enum Field;
constexpr Key keys[] = {
    {"from_agent", handoff_from, 6}, {"to_agent", handoff_to, 6}, {"gen_ai.usage.raw", usage_json, 8},
    {"response_id", response_id, 7}, {"request_data", input, 9},  {"response_data", output, 9},
    {"raw_input", input, 11},        {"input", input, 13},        {"output", output, 13},
    {"logfire.span_type", none, 0},
};

struct Template {
  std::string_view begins;
  Kind kind;
  bool noise = false;
};
constexpr Template templates[] = {
    {"Agent run", Kind::agent},
    {"Chat Completion with", Kind::llm},
    {"Chat completion with", Kind::llm},
    {"Completion with", Kind::llm},
    {"Embedding Creation with", Kind::embedding},
    {"Function: ", Kind::tool},
    {"Guardrail ", Kind::guardrail},
    {"Handoff: ", Kind::handoff},
    {"Message with", Kind::llm},
    {"OpenAI Agents trace", Kind::workflow},
    {"Responses API with", Kind::llm},
    {"Task: ", Kind::workflow},
    {"Turn ", Kind::other, true},
};

std::string_view text_of(const otlp::Span& span, std::string_view key) {
  const otlp::Value* value = otlp::find(span.attributes, key);
  const bool text = value != nullptr && value->type == otlp::Value::Type::string && value->text != "null";
  return text ? value->text : std::string_view();
}

// {"message":"…","data":{"tool_name":…,"error":"…"}}
void read_error(std::string_view error, Reading& out) {
  if (!json::is_object(error) || !out.error_message.empty()) return;
  out.error_message = json::text(json::member(error, "message"));
  const std::string_view why = json::at(error, {"data", "error"});
  if (json::is_string(why)) out.error_message += ": " + json::text(why);
}

void refine(Reader& reader) {
  Reading& out = reader.out;
  const otlp::Span& span = reader.span;
  if (const std::string_view shown = text_of(span, "logfire.msg"); !shown.empty()) out.name = shown;
  const auto known =
      std::ranges::find_if(templates, [&](const Template& t) { return span.name.starts_with(t.begins); });
  if (known == std::end(templates)) return;
  if (out.kind == Kind::other || known->kind != Kind::llm) out.kind = known->kind;
  out.noise = known->noise;
  const std::string_view name = text_of(span, "name");
  if (out.kind == Kind::tool) out.tool_name = name;
  if (out.kind == Kind::agent && !name.empty()) out.agent = name;
  if (out.session.empty()) out.session = text_of(span, "group_id");
  if (const otlp::Value* tripped = otlp::find(span.attributes, "triggered");
      out.kind == Kind::guardrail && tripped != nullptr && tripped->boolean) {
    out.status = Status::blocked;
  }
  if (out.status == Status::error) read_error(text_of(span, "error"), out);
}

}  // namespace

const Dialect logfire{.name = "logfire", .scopes = scopes, .markers = {}, .keys = keys, .refine = refine};

}  // namespace pawl::llm
