// How a span ended, what a tool's name means, and to whom work was handed.
#include <algorithm>

#include "base/text.h"
#include "llm/json_scan.h"
#include "llm/shapes.h"
#include "llm/span_steps.h"

namespace pawl::llm {

using enum Field;

namespace {

std::string_view without_traceback(std::string_view text) {
  return trim(text.substr(0, text.find("Traceback (most recent call last)")));
}

// "PaymentGatewayTimeout('acquirer did not answer')" → type and message.
bool read_repr(std::string_view text, Reading& out) {
  const std::size_t open = text.find('(');
  if (open == std::string_view::npos || open == 0 || text.size() < open + 3 || text.back() != ')') return false;
  const std::string_view type = text.substr(0, open);
  const bool word = std::ranges::all_of(type, [](char c) {
    return c == '_' || c == '.' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
  std::string_view inner = text.substr(open + 1, text.size() - open - 2);
  if (!word || inner.size() < 2 || (inner.front() != '\'' && inner.front() != '"')) return false;
  const std::size_t close = inner.rfind(inner.front());
  if (close == 0) return false;
  out.error_type = type;
  out.error_message = inner.substr(1, close - 1);
  return true;
}

std::string_view event_text(const otlp::Event& event, std::string_view key) {
  const otlp::Value* value = otlp::find(event.attributes, key);
  return value != nullptr && value->type == otlp::Value::Type::string ? value->text : std::string_view();
}

const otlp::Event* exception_of(const otlp::Span& span) {
  for (const otlp::Event& event : span.events) {
    if (event.name == "exception") return &event;
  }
  return nullptr;
}

bool is_failure_word(std::string_view word) {
  for (const std::string_view failure : {"error", "fail", "failed", "failure", "exception"}) {
    if (equals_ignoring_case(word, failure)) return true;
  }
  return false;
}

}  // namespace

void read_status(const Dialect& dialect, const Found& found, const otlp::Span& span, Reading& out) {
  constexpr std::int32_t status_error = 2, status_unset = 0;
  const otlp::Event* exception = exception_of(span);
  const otlp::Value* tripped = found[triggered];
  bool failed =
      span.status_code == status_error || is_failure_word(found.text(level)) || is_failure_word(found.text(end_state));
  failed = failed || (span.status_code == status_unset && found.has(error_type));
  failed = failed || (&dialect == &langsmith && exception != nullptr);  // its failed spans have status OK
  if (tripped != nullptr && (tripped->boolean || tripped->text == "true" || tripped->text == "True")) {
    out.status = Status::blocked;
  } else if (failed) {
    out.status = Status::error;
  }
  if (out.status == Status::ok) return;
  assign(out.error_type, found[error_type]);
  assign(out.error_message, found[error_message]);
  if (exception != nullptr) {
    const std::string_view type = event_text(*exception, "exception.type");
    const std::string_view message = without_traceback(event_text(*exception, "exception.message"));
    if (type == "Exception" && read_repr(message, out)) return;
    if (out.error_type.empty()) out.error_type = type;
    if (out.error_message.empty()) out.error_message = message;
  }
  if (out.error_message.empty()) out.error_message = without_traceback(span.status_message);
  if (out.error_type.starts_with("<class '") && out.error_type.ends_with("'>")) {
    out.error_type = out.error_type.substr(8, out.error_type.size() - 10);
  }
}

void read_handoff_target(const Found& found, Reading& out) {
  assign(out.handoff_from, found[handoff_from]);
  assign(out.handoff_to, found[handoff_to]);
  const std::string_view given = found.has(arguments) ? found.text(arguments) : found.text(input);
  const std::string_view came_out = found.has(result) ? found.text(result) : found.text(output);
  const auto pick = [](std::string_view object, std::initializer_list<std::string_view> keys, std::string& to) {
    for (const std::string_view key : keys) {
      std::string_view value = json::member(object, key);
      if (value.empty()) value = json::at(object, {"kwargs", key});
      if (to.empty() && json::is_string(value)) to = json::text(value);
    }
  };
  pick(given, {"from_agent"}, out.handoff_from);
  pick(came_out, {"to_agent"}, out.handoff_to);
  pick(given, {"to_agent", "agent_name", "coworker", "target_agent", "agent"}, out.handoff_to);
  if (out.handoff_to.empty()) {
    for (const std::string_view prefix : {"transfer_to_", "transfer_back_to_", "handoff_to_", "handoff to ",
                                          "delegate_to_", "delegate_task_to_", "transfer to "}) {
      if (out.tool_name.starts_with(prefix)) out.handoff_to = out.tool_name.substr(prefix.size());
    }
    if (out.handoff_to == "agent" || out.handoff_to == "member") out.handoff_to.clear();
  }
  const bool plain =
      !came_out.empty() && came_out.size() < 128 && !json::is_object(came_out) && !came_out.contains(' ');
  if (out.handoff_to.empty() && plain) out.handoff_to = came_out;
  if (out.handoff_from.empty()) out.handoff_from = out.agent;
}

namespace {

// MCP, LlamaIndex: the call went well, the tool did not.
bool gave_error(std::string_view back) {
  if (!json::is_object(back)) return false;
  for (const std::string_view object : {back, json::member(back, "tool_output")}) {
    for (const std::string_view key : {"isError", "is_error", "error"}) {
      if (json::is_object(object) && json::member(object, key) == "true") return true;
    }
  }
  return false;
}

std::string_view content_of(std::string_view back) {
  if (const auto held = json::member(back, "tool_output"); json::is_object(held)) back = held;
  for (const std::string_view key : {"content", "blocks", "message", "result", "error"}) {
    if (const auto content = json::member(back, key); !json::is_null(content)) return content;
  }
  return back;
}

// "ToolRetryError:" of a pydantic_ai.exceptions.ToolRetryError.
bool says_no_more(std::string_view message, std::string_view type) {
  while (!message.empty() && (message.back() == ':' || message.back() == ' ')) message.remove_suffix(1);
  return message.empty() || type.ends_with(message);
}

}  // namespace

// A failed tool whose status says no more than its type: the words stand in what it gave back.
void read_tool_error(const Found& found, Reading& out) {
  if (out.kind != Kind::tool) return;
  const std::string_view back = found.has(result) ? found.text(result) : found.text(output);
  if (out.status == Status::ok && gave_error(back)) {
    out.status = Status::error;
    out.error_message = value_text(content_of(back));
    return;
  }
  if (out.status != Status::error || !says_no_more(out.error_message, out.error_type)) return;
  const bool words = !back.empty() && back.size() < 512 && !json::is_object(back) && !json::is_array(back);
  if (words) out.error_message = json::text(back);
  for (const std::string_view error : {json::member(back, "error"), json::at(back, {"response", "error"})}) {
    if (json::is_string(error)) out.error_message = json::text(error);
  }
}

void apply_tool_role(Reading& out) {
  if (out.kind != Kind::tool) return;
  if (out.tool_name.starts_with("(merged")) {  // ADK gathers the results of parallel tools: no call
    out.kind = Kind::other;
    out.noise = true;
    return;
  }
  switch (role_of_tool(out.tool_name)) {
    case ToolRole::handoff:
      out.kind = Kind::handoff;
      out.framework_tool = true;
      break;
    case ToolRole::framework:
      out.kind = Kind::other;
      out.framework_tool = true;
      break;
    case ToolRole::own:
      break;
  }
}

}  // namespace pawl::llm
