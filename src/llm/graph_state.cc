// State changes of LangGraph nodes, whichever instrumentation tells them.
#include <algorithm>
#include <iterator>

#include "llm/dialects.h"
#include "llm/json_scan.h"

namespace pawl::llm {
namespace {

bool has_more_than_messages(std::string_view update) {
  json::Members members(update);
  while (members.next()) {
    if (members.key != "messages" && !json::is_null(members.value)) return true;
  }
  return false;
}

}  // namespace

bool is_graph_plumbing(std::string_view name) {
  constexpr std::string_view nodes[] = {"__start__", "__end__", "model",      "tools",
                                        "agent",     "prompt",  "call_model", "should_continue"};
  return std::ranges::find(nodes, name) != std::end(nodes) || name.starts_with("Runnable") ||
         name.starts_with("Channel") || name.ends_with("OutputParser") || name.ends_with("Template") ||
         name.find(".before_") != std::string_view::npos || name.find(".after_") != std::string_view::npos ||
         name.find(".wrap_") != std::string_view::npos;
}

bool takes_and_gives_messages(const Reader& reader) {
  const auto holds_messages = [](std::string_view state) {
    state = json::trimmed(state);
    for (const std::string_view wrapper : {"inputs", "outputs"}) {  // OpenLLMetry
      if (const auto inner = json::member(state, wrapper); json::is_object(inner)) state = inner;
    }
    return json::is_array(json::member(state, "messages"));
  };
  return holds_messages(reader.found.text(Field::input)) && holds_messages(reader.found.text(Field::output));
}

bool is_nested_graph(const Reader& reader, std::string_view name) {
  const std::string_view node = reader.found.text(Field::graph_node);
  return !node.empty() && name != node && !is_graph_plumbing(name) && takes_and_gives_messages(reader);
}

void read_graph_state(Reader& reader) {
  using enum Field;
  const std::string_view node = reader.found.text(graph_node);
  if (node.empty() || reader.span.name != node || reader.out.noise || !reader.found.has(output)) return;
  std::string_view update = json::trimmed(reader.found.text(output));
  if (const std::string_view outputs = json::member(update, "outputs"); !outputs.empty()) update = outputs;
  if (std::string_view command = json::member(update, "output"); !command.empty()) {  // what is no object is put there
    if (json::is_array(command)) command = json::first(command);
    if (json::is_object(json::member(command, "update"))) update = command;
  }
  if (json::is_array(update)) update = json::first(update);  // [{"graph":null,"update":{…}}]
  if (const std::string_view inner = json::member(update, "update"); json::is_object(inner)) update = inner;
  if (!json::is_object(update) || update.starts_with("{\"lc\"") || !has_more_than_messages(update)) return;
  reader.out.content.push_back({Slot::state, Format::json, "langgraph.update", "", update});
}

}  // namespace pawl::llm
