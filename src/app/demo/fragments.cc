// Messages in the shapes that SDKs send.
#include "demo/fragments.h"

#include <fmt/format.h>

#include "base/json.h"
#include "demo/otlp_out.h"

namespace pawl::demo {
namespace {

std::string_view word_of(Role role) {
  switch (role) {
    case Role::system:
      return "system";
    case Role::user:
      return "user";
    case Role::assistant:
      return "assistant";
    case Role::tool:
      return "tool";
  }
  return "user";
}

std::string finish_reason(const Message& message) {
  return message.asks() ? "tool_call" : "stop";
}

std::string otel_message(const Message& message, bool answer) {
  JsonWriter json;
  json.object().field("role", word_of(message.role)).key("parts").array();
  if (message.role == Role::tool) {
    json.object().field("type", "tool_call_response").field("id", message.call).field("response", message.text).end();
  } else if (!message.text.empty() || !message.asks()) {
    json.object().field("type", "text").field("content", message.text).end();
  }
  if (message.asks()) {
    json.object().field("type", "tool_call").field("id", message.call).field("name", message.tool);
    json.key("arguments").raw(message.arguments.empty() ? "{}" : message.arguments).end();
  }
  json.end();
  if (!message.speaker.empty()) json.field("name", message.speaker);
  if (answer) json.field("finish_reason", finish_reason(message));
  return json.end().take();
}

std::string openai_message(const Message& message) {
  JsonWriter json;
  json.object().field("role", word_of(message.role)).key("content");
  message.text.empty() && message.asks() ? json.null() : json.value(message.text);
  if (message.role == Role::tool) json.field("tool_call_id", message.call);
  if (message.asks()) {
    json.key("tool_calls").array().object().field("id", message.call).field("type", "function");
    json.key("function").object().field("name", message.tool).field("arguments", message.arguments).end();
    json.end().end();
  }
  return json.end().take();
}

std::string openinference_message(const Message& message, std::string_view prefix) {
  AttributesOut out(otlp::Encoding::protobuf, 9);
  const auto key = [&](std::string_view rest) { return fmt::format("{}.message.{}", prefix, rest); };
  out.text(key("role"), word_of(message.role));
  if (!message.text.empty()) out.text(key("content"), message.text);
  if (!message.speaker.empty()) out.text(key("name"), message.speaker);
  if (message.role == Role::tool) out.text(key("tool_call_id"), message.call);
  if (message.asks()) {
    out.text(key("tool_calls.0.tool_call.id"), message.call);
    out.text(key("tool_calls.0.tool_call.function.name"), message.tool);
    out.text(key("tool_calls.0.tool_call.function.arguments"), message.arguments);
  }
  return out.bytes();
}

}  // namespace

Fragments::Fragments(const Trajectory& trajectory, Shape shape) : upto_{0} {
  const bool attributes = shape == Shape::openinference;
  for (std::size_t i = 0; i < trajectory.messages.size(); ++i) {
    const Message& message = trajectory.messages[i];
    std::string one, answer;
    if (attributes) {
      one = openinference_message(message, fmt::format("llm.input_messages.{}", i));
      if (message.role == Role::assistant) answer = openinference_message(message, "llm.output_messages.0");
    } else if (shape == Shape::openai) {
      one = openai_message(message);
      if (message.role == Role::assistant) answer = one;
    } else if (shape == Shape::otel && message.role == Role::system) {
      system_ = json_quote(message.text);
    } else {
      one = otel_message(message, false);
      if (message.role == Role::assistant) answer = otel_message(message, true);
    }
    if (!attributes && !one.empty() && !text_.empty()) text_ += ',';
    text_ += one;
    upto_.push_back(text_.size());
    answers_.push_back(std::move(answer));
  }
}

}  // namespace pawl::demo
