// What a trace says that an agent did.
#include "trace_outcome.h"

#include <algorithm>

#include "base/json.h"
#include "base/money.h"
#include "llm/json_scan.h"
#include "llm/messages.h"

namespace pawl::quality {
namespace {

namespace json = llm::json;
using datasets::Item;

constexpr std::size_t most_calls = 500;

std::vector<llm::Piece> pieces_of(const traces::Loaded& loaded, const traces::SpanRow& row, llm::Slot slot) {
  std::vector<llm::Piece> out;
  const auto found = loaded.content.find(traces::content_key(row.trace, row.span));
  if (found == loaded.content.end()) return out;
  for (const auto& piece : found->second)
    if (piece.ref.slot == slot && !piece.missing && !piece.repeated)
      out.push_back({slot, piece.ref.format, piece.ref.key, piece.ref.role, piece.bytes});
  return out;
}

std::string text_of(const llm::Message& message) {
  std::string out;
  for (const auto& part : message.parts)
    if (part.type == llm::Part::Type::text) out += (out.empty() ? "" : "\n") + part.text;
  return out;
}

// One thing said by the user alone is a text; a conversation is {"messages": [{role, content}]}.
std::string input_of(const std::vector<llm::Message>& messages) {
  std::vector<std::pair<std::string, std::string>> said;
  for (const auto& message : messages)
    if (auto text = text_of(message); !text.empty() && message.role != "system" && message.role != "tool")
      said.emplace_back(message.role, std::move(text));
  if (said.empty()) return "";
  if (said.size() == 1) return json_quote(said.front().second);
  JsonWriter out;
  out.object().key("messages").array();
  for (const auto& [role, text] : said) out.object().field("role", role).field("content", text).end();
  return out.end().end().take();
}

// Of the span itself where it has any, else of the first model call with some.
const traces::SpanRow* with_content(const traces::Loaded& loaded, const traces::SpanRow& top, llm::Slot slot,
                                    bool last) {
  if (!pieces_of(loaded, top, slot).empty()) return &top;
  const traces::SpanRow* found = nullptr;
  for (const auto& row : loaded.spans) {
    if (row.kind != llm::Kind::llm || (found != nullptr && !last)) continue;
    if (!pieces_of(loaded, row, slot).empty()) found = &row;
  }
  return found;
}

std::string value_or_empty(const std::vector<llm::Piece>& pieces, std::string_view otherwise) {
  return pieces.empty() ? std::string(otherwise) : llm::parse_value_json(pieces);
}

void add_tools(const traces::Loaded& loaded, Item& item) {
  JsonWriter calls, results;
  calls.array(), results.array();
  std::size_t count = 0;
  for (const auto& row : loaded.spans) {
    if (row.kind != llm::Kind::tool || row.framework_tool || ++count > most_calls) continue;
    const std::string name = row.tool.empty() ? row.name : row.tool;
    const std::string arguments = value_or_empty(pieces_of(loaded, row, llm::Slot::arguments), "{}");
    const std::string_view given = json::is_object(arguments) ? std::string_view(arguments) : "{}";
    calls.object().field("name", name).key("arguments").raw(given).end();
    results.object().field("name", name).key("arguments").raw(given).key("result");
    results.raw(value_or_empty(pieces_of(loaded, row, llm::Slot::result), "null")).end();
  }
  if (count == 0) return;
  item.trajectory = calls.end().take();
  item.metadata = fmt::format("{{\"tool_results\":{}}}", results.end().text());
}

const traces::SpanRow* top_of(const traces::Loaded& loaded) {
  const traces::SpanRow* top = &loaded.spans.front();
  for (const auto& row : loaded.spans)
    if (!row.parent && (top->parent || row.start < top->start)) top = &row;
  return top;
}

// The tools that model calls were offered: [{name, parameters}] as the SDK wrote them, or "".
std::string tools_of(const traces::Loaded& loaded) {
  for (const auto& row : loaded.spans) {
    if (row.kind != llm::Kind::llm) continue;
    const auto pieces = pieces_of(loaded, row, llm::Slot::tool_definitions);
    if (pieces.empty()) continue;
    auto value = llm::parse_value_json(pieces);
    if (json::is_array(value)) return value;
  }
  return "";
}

}  // namespace

Item item_of(const traces::Loaded& loaded) {
  const traces::SpanRow* top = top_of(loaded);
  Item item;
  if (const auto* said = with_content(loaded, *top, llm::Slot::input, false)) {
    const auto pieces = pieces_of(loaded, *said, llm::Slot::input);
    item.input = input_of(llm::parse_messages(pieces));
    if (item.input.empty()) item.input = llm::parse_value_json(pieces);
  }
  if (const auto* answered = with_content(loaded, *top, llm::Slot::output, true)) {
    const auto pieces = pieces_of(loaded, *answered, llm::Slot::output);
    const auto messages = llm::parse_messages(pieces);
    const std::string last = messages.empty() ? "" : text_of(messages.back());
    item.expected = last.empty() ? llm::parse_value_json(pieces) : json_quote(last);
  }
  add_tools(loaded, item);
  item.source_trace = top->shown_trace_id();
  item.name = "trace-" + item.source_trace.substr(0, 32);
  return item;
}

Result<TraceOutcome> outcome_of_trace(warehouse::Warehouse& store, ProjectId project, std::string_view trace) {
  const auto loaded = TRY(traces::load(
      store, {.project = project, .traces = {id_from_text(trace)}, .span = std::nullopt}, traces::With::content));
  if (loaded.spans.empty()) return fail(ErrorKind::not_found, "There is no trace {} in this project.", trace);
  const auto* top = top_of(loaded);
  Item item = item_of(loaded);
  TraceOutcome out{.item = item, .trace = top->shown_trace_id(), .name = top->name, .start = top->start};
  out.outcome.output = item.expected;
  out.outcome.trajectory = item.trajectory.empty() ? "[]" : item.trajectory;
  out.outcome.tools = tools_of(loaded);
  out.outcome.trace = out.trace;
  out.outcome.failed = top->is_error && item.expected.empty();
  out.outcome.comment = out.outcome.failed ? top->error_message : "";
  Nanos end = top->start;
  std::int64_t cost = 0, tokens = 0;
  bool known = false, unknown = false;
  for (const auto& row : loaded.spans) {
    end = std::max(end, row.start + row.duration);
    if (!row.counted) continue;
    tokens += row.tokens();
    unknown |= row.cost_unknown && !row.cost_or_reported();
    if (row.cost_or_reported()) cost += *row.cost_or_reported(), known = true;
  }
  out.outcome.latency_ms = static_cast<double>(end - top->start) / 1e6;
  if (tokens > 0) out.outcome.tokens = static_cast<double>(tokens);
  if (known && !unknown) out.outcome.cost_usd = static_cast<double>(cost) / static_cast<double>(pico_per_dollar);
  return out;
}

std::optional<SpanSeen> span_of_call(warehouse::Warehouse& store, ProjectId project, std::string_view trace,
                                     const std::vector<trials::CallSeen>& calls, std::size_t place) {
  const auto loaded = traces::load(store, {.project = project, .traces = {id_from_text(trace)}, .span = std::nullopt},
                                   traces::With::spans);
  if (!loaded || loaded->spans.empty()) return std::nullopt;
  const auto seen = [](const traces::SpanRow& row) {
    return SpanSeen{row.shown_trace_id(), row.shown_span_id(), row.tool.empty() ? row.name : row.tool};
  };
  // The same occurrence of the same name; where the agent's own list says more than the spans, the last tool.
  const std::string name = place < calls.size() ? calls[place].name : "";
  std::size_t before = 0;
  for (std::size_t i = 0; i < place && i < calls.size(); ++i) before += calls[i].name == name ? 1 : 0;
  const traces::SpanRow* last = nullptr;
  for (const auto& row : loaded->spans) {
    if (row.kind != llm::Kind::tool || row.framework_tool) continue;
    last = &row;
    if ((row.tool.empty() ? row.name : row.tool) == name && before-- == 0) return seen(row);
  }
  return seen(last != nullptr ? *last : *top_of(*loaded));
}

}  // namespace pawl::quality
