// From JSON to messages.
#include "llm/shapes.h"

#include <algorithm>
#include <utility>

#include "llm/blocks.h"
#include "llm/json_scan.h"
#include "llm/python_literal.h"

namespace pawl::llm {
namespace {

using json::at;
using json::member;

// ---- messages ----

std::string_view class_role(std::string_view constructor) {
  json::Elements path(member(constructor, "id"));
  std::string_view last = member(constructor, "__class__");
  while (path.next()) last = path.value;
  for (const auto& [word, role] : {std::pair<std::string_view, std::string_view>{"Human", "user"},
                                   {"AI", "assistant"},
                                   {"System", "system"},
                                   {"Tool", "tool"},
                                   {"User", "user"},
                                   {"Assistant", "assistant"},
                                   {"Function", "tool"},
                                   {"Chat", "user"}}) {
    if (last.starts_with("\"") && last.substr(1).starts_with(word)) return role;
  }
  return {};
}

void add_calls(std::string_view calls, Message& message) {
  json::Elements elements(calls);
  while (elements.next()) {
    if (json::is_object(elements.value)) add_call(elements.value, message);
  }
}

// The members of a message besides its role.
void fill_message(const json::Object& object, Message& message, int depth) {
  message.name = any_text(object, {"name", "agent_name"});
  message.finish_reason = any_text(object, {"finish_reason", "finishReason", "stop_reason", "stopReason"});
  if (const auto reasoning = any_of(object, {"reasoning_content", "reasoning"}); json::is_string(reasoning)) {
    std::string text = json::text(reasoning);
    if (!text.empty()) message.parts.push_back(text_part(std::move(text), Part::Type::reasoning));
  }
  const std::string id = any_text(object, {"tool_call_id", "toolCallId", "tool_use_id"});
  const std::string_view content = any_of(object, {"content", "parts", "contents", "text"});
  if (!id.empty() || (message.role == "tool" && json::is_string(content))) {
    Part part;
    part.type = Part::Type::tool_result;
    part.id = id.empty() ? any_text(object, {"id"}) : id;
    part.name = message.name;
    part.text = value_text(content, depth - 1);
    message.parts.push_back(std::move(part));
  } else {
    append_content(content, message, depth - 1);
  }
  if (const auto refusal = member(object, "refusal"); json::is_string(refusal)) {
    message.parts.push_back(text_part(json::text(refusal)));
  }
  std::string_view calls = any_of(object, {"tool_calls", "toolCalls"});
  if (!json::is_array(calls) || calls == "[]") calls = member(member(object, "additional_kwargs"), "tool_calls");
  const bool told =
      std::ranges::any_of(message.parts, [](const Part& part) { return part.type == Part::Type::tool_call; });
  if (!told) add_calls(calls, message);
  if (const auto call = member(object, "function_call"); !told && json::is_object(call)) add_call(call, message);
}

bool push(Message message, std::vector<Message>& out) {
  out.push_back(std::move(message));
  return true;
}

// Items of the responses API that are no messages: calls, their outputs, reasoning.
bool append_item(std::string_view raw, std::vector<Message>& out, int depth) {
  const std::string_view type = member(raw, "type");
  Message message;
  if (type == "\"function_call\"" || type == "\"custom_tool_call\"" || type == "\"mcp_call\"") {
    message.role = "assistant";
    add_call(raw, message);
  } else if (type == "\"function_call_output\"" || type == "\"function_call_result\"" ||
             type == "\"custom_tool_call_output\"") {
    message.role = "tool";
    add_result(raw, message, depth);
  } else if (type == "\"reasoning\"") {
    message.role = "assistant";
    add_reasoning(raw, message);
    if (message.parts.empty()) return true;
  } else {
    return false;
  }
  return push(std::move(message), out);
}

// A response's or a request's parts that hold messages.
bool append_envelope(std::string_view raw, std::string_view default_role, std::vector<Message>& out, int depth) {
  const std::size_t before = out.size();
  const json::Object object(raw);
  for (const std::string_view key : {"system", "instructions", "system_instruction", "systemInstruction"}) {
    const std::string_view system = member(object, key);
    if (json::is_null(system) || out.size() > before) continue;
    Message message;
    message.role = "system";
    append_content(json::is_object(system) ? any_of(system, {"parts", "content", "text"}) : system, message, depth - 1);
    if (!message.parts.empty()) out.push_back(std::move(message));
  }
  if (const auto system = at(raw, {"config", "system_instruction"}); json::is_string(system) && out.size() == before) {
    out.push_back({"system", "", {text_part(json::text(system))}, ""});
  }
  struct Member {
    std::string_view key, role;
  };
  constexpr Member lists[] = {
      {"messages", ""},        {"contents", "user"},     {"chat_history", ""},        {"history", ""},
      {"input", "user"},       {"choices", "assistant"}, {"candidates", "assistant"}, {"generations", "assistant"},
      {"output", "assistant"}, {"message", "assistant"}, {"response", "assistant"},   {"inputs", ""},
      {"outputs", ""},         {"update", ""},           {"result", "assistant"},     {"generation", "assistant"},
      {"prompt", "user"},      {"query", "user"}};
  bool found = out.size() > before;
  for (const Member& entry : lists) {
    const std::string_view value = member(object, entry.key);
    if (json::is_null(value) || (!json::is_string(value) && !json::is_array(value) && !json::is_object(value)))
      continue;
    if (value == "[]" || value == "{}" || value == "\"\"") continue;
    append_document(value, entry.role.empty() ? default_role : entry.role, out, depth - 1);
    found = true;
    // A response repeats its request in other members; the first list is the one.
    if (out.size() > before + 1 || entry.role == "assistant") break;
  }
  return found;
}

// {"text":"…","toolCalls":[…],"object":…}: what Mastra and Vercel give as an answer.
bool append_answer(std::string_view raw, std::string_view role, std::vector<Message>& out, int depth) {
  const std::string_view text = member(raw, "text");
  const std::string_view calls = any_of(raw, {"toolCalls", "tool_calls"});
  if (!json::is_string(text) && !json::is_array(calls)) return false;
  Message message;
  message.role = role.empty() ? "assistant" : std::string(role);
  message.finish_reason = any_text(raw, {"finishReason", "finish_reason"});
  append_content(text, message, depth - 1);
  add_calls(calls, message);
  return push(std::move(message), out);
}

// Vercel: {"toolCallId":…,"toolName":…,"input":…}
bool append_tool(std::string_view raw, std::string_view role, std::vector<Message>& out, int depth) {
  if (!is_tool_block(raw)) return false;
  Message message;
  message.role = role;
  append_content(raw, message, depth);
  return push(std::move(message), out);
}

// Says nothing by itself: a flag, an empty list.
bool is_trivial(std::string_view value) {
  return json::is_null(value) || value == "true" || value == "false" || value == "\"\"" || value == "[]" ||
         value == "{}";
}

bool is_question(std::string_view key) {
  constexpr std::string_view known[] = {
      "task",       "question",     "query_str", "user_prompt", "user_input", "user_message", "user_msg",
      "user_query", "user_request", "request",   "instruction", "message",    "text",         "input_text",
      "issue",      "ticket",       "topic",     "description", "goal",       "objective",    "content"};
  return std::ranges::find(known, key) != std::end(known);
}

// What a program was given, in its parameters: {"args":["…"],"kwargs":{}}, {"task":"…","stream":false}. An object that
// says one thing is that thing; of several, words to an agent are text and the whole stays beside them.
bool append_wrapped(std::string_view raw, std::string_view role, std::vector<Message>& out, int depth) {
  json::Members members(raw);
  std::string_view only, question;
  std::size_t count = 0;
  bool parameters = true;
  while (members.next()) {
    parameters = parameters && (members.key == "args" || members.key == "kwargs");
    if (members.key == "__class__" || is_trivial(members.value)) continue;
    ++count;
    only = members.value;
    if (question.empty() && is_question(members.key) && json::is_string(members.value)) question = members.value;
    if (members.key == "args" && json::is_array(members.value)) {
      const std::string_view first = json::first(members.value);
      if (question.empty() && json::is_string(first) && !first.starts_with("\"<")) question = first;
    }
  }
  if (count == 0) return parameters;
  if (count == 1 && (json::is_string(only) || json::is_object(only) || json::is_array(only))) {
    append_document(only, role, out, depth - 1);
    return true;
  }
  if (question.empty() || (!role.empty() && role != "user")) return false;
  out.push_back({"user", "", {text_part(json::text(question)), text_part(std::string(raw), Part::Type::other)}, ""});
  return true;
}

void append_list(std::string_view raw, std::string_view role, std::vector<Message>& out, int depth) {
  json::Elements elements(raw);
  Message blocks;
  blocks.role = role.empty() ? "user" : std::string(role);
  while (elements.next()) {
    const std::string_view item = elements.value;
    if (json::is_array(item)) {
      append_list(item, role, out, depth - 1);
      if (depth <= 1) return;
    } else if (json::is_object(item) && (append_item(item, out, depth) || append_message(item, role, out, depth - 1))) {
      continue;
    } else if (is_block(item) || !json::is_object(item)) {
      append_content(item, blocks, depth - 1);
    } else {
      append_document(item, role, out, depth - 1);
    }
  }
  if (!blocks.parts.empty()) out.push_back(std::move(blocks));
}

}  // namespace

std::string_view role_of_word(std::string_view word) {
  for (const auto& [name, role] : {std::pair<std::string_view, std::string_view>{"user", "user"},
                                   {"assistant", "assistant"},
                                   {"system", "system"},
                                   {"tool", "tool"},
                                   {"human", "user"},
                                   {"ai", "assistant"},
                                   {"model", "assistant"},
                                   {"developer", "system"},
                                   {"function", "tool"},
                                   {"AIMessageChunk", "assistant"},
                                   {"tool-response", "tool"},
                                   {"tool-call", "assistant"}}) {
    if (word == name) return role;
  }
  return {};
}

bool append_message(std::string_view raw, std::string_view default_role, std::vector<Message>& out, int depth) {
  raw = json::trimmed(raw);
  if (!json::is_object(raw) || depth <= 0) return false;
  Message message;
  const json::Object object(raw);
  const std::string_view role = member(object, "role"), type = member(object, "type");
  if (member(object, "lc") == "1" || type == "\"constructor\"") {  // LangChain, serialised
    const std::string_view kwargs = member(object, "kwargs");
    const std::string_view word = class_role(raw);
    if (!json::is_object(kwargs) || word.empty()) return false;
    message.role = word;
    fill_message(json::Object(kwargs), message, depth);
    return push(std::move(message), out);
  }
  if (json::is_string(role)) {
    if (const std::string_view content = member(object, "content");  // Langfuse lists tools among the messages
        role == "\"tool\"" && json::is_object(at(content, {"function", "parameters"}))) {
      return true;
    }
    const std::string word = json::text(role);
    message.role = role_of_word(word).empty() ? word : std::string(role_of_word(word));
    fill_message(object, message, depth);
    return push(std::move(message), out);
  }
  if (const std::string_view word = class_role(raw);  // printed by Python: HumanMessage(content='…')
      !word.empty() && !json::is_null(member(object, "__class__")) && !json::is_null(member(object, "content"))) {
    message.role = word;
    fill_message(object, message, depth);
    return push(std::move(message), out);
  }
  if (json::is_string(type)) {  // LangChain as a dictionary: {"type":"human","data":{…}} or flat
    const std::string_view word = role_of_word(json::text(type));
    const std::string_view held = json::is_object(member(object, "data")) ? member(object, "data") : raw;
    if (!word.empty() && !json::is_null(any_of(held, {"content", "tool_calls"}))) {
      message.role = word;
      fill_message(json::Object(held), message, depth);
      return push(std::move(message), out);
    }
    if (type == "\"message\"" && json::is_array(member(object, "content"))) {
      message.role = default_role.empty() ? "user" : std::string(default_role);
      fill_message(object, message, depth);
      return push(std::move(message), out);
    }
  }
  if (const std::string_view source = member(object, "source");  // AutoGen: who says it
      json::is_string(source) && !json::is_null(member(object, "content")) && json::is_string(type)) {
    message.role = source == "\"user\"" ? "user" : "assistant";
    fill_message(object, message, depth);
    message.name = json::text(source);
    return push(std::move(message), out);
  }
  const std::string_view inner = any_of(object, {"message", "content"});
  if (json::is_object(inner) &&
      append_message(inner, default_role.empty() ? "assistant" : default_role, out, depth - 1)) {
    // a choice, candidate or generation around a message
    const std::string reason = any_text(object, {"finish_reason", "finishReason", "stop_reason"});
    if (!reason.empty()) out.back().finish_reason = reason;
    return true;
  }
  if (json::is_array(member(object, "parts"))) {  // Gemini without a role
    message.role = default_role.empty() ? "user" : std::string(default_role);
    fill_message(object, message, depth);
    return push(std::move(message), out);
  }
  return false;
}

bool append_printed(std::string_view text, std::string_view default_role, std::vector<Message>& out, int depth) {
  if (!looks_like_python(text)) return false;
  const std::string json = python_to_json(text);
  if (json.empty()) return false;
  std::vector<Message> messages;
  append_document(json, default_role, messages, depth);
  std::erase_if(messages, [](const Message& message) { return message.parts.empty(); });
  for (Message& message : messages) out.push_back(std::move(message));
  return !messages.empty();
}

void append_document(std::string_view raw, std::string_view default_role, std::vector<Message>& out, int depth) {
  raw = json::trimmed(raw);
  if (json::is_null(raw) || raw == "\"\"") return;
  const std::string role(default_role.empty() ? "user" : default_role);
  if (depth <= 0) {
    out.push_back({role, "", {text_part(std::string(raw), Part::Type::other)}, ""});
    return;
  }
  if (json::is_string(raw)) {  // JSON in JSON
    const std::string inner = json::text(raw);
    const std::string_view text = json::trimmed(inner);
    if ((json::is_object(text) || json::is_array(text)) && json::is_whole(text)) {
      return append_document(text, default_role, out, depth - 1);
    }
    if (append_printed(text, default_role, out, depth - 1)) return;
    out.push_back({role, "", {text_part(inner)}, ""});
    return;
  }
  if (json::is_array(raw)) {
    if (raw != "[]") append_list(raw, default_role, out, depth);
    return;
  }
  if (!json::is_object(raw)) {
    out.push_back({role, "", {text_part(std::string(raw))}, ""});
    return;
  }
  if (append_item(raw, out, depth) || append_message(raw, default_role, out, depth) ||
      append_tool(raw, role, out, depth) || append_envelope(raw, default_role, out, depth) ||
      append_answer(raw, default_role, out, depth)) {
    return;
  }
  if (is_block(raw)) {
    Message message;
    message.role = role;
    append_content(raw, message, depth);
    if (!message.parts.empty()) out.push_back(std::move(message));
    return;
  }
  if (append_wrapped(raw, default_role, out, depth)) return;
  out.push_back({role, "", {text_part(std::string(raw), Part::Type::other)}, ""});
}

}  // namespace pawl::llm
