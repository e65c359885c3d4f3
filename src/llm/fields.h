// What a dialect's table is made of: attribute keys, the field each one fills, and which key wins when several do.
//
// A dialect is a table of `Key`s and, where a table cannot say it, one function of quirks (dialects.h). All tables are
// merged into one hash table, so a span of two dialects at once (trap: they mix) is read as well as a pure one, and
// each attribute is looked up once.
#pragma once
#include <array>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

#include "llm/span.h"

namespace pawl::llm {

enum class Field : std::uint8_t {
  none,
  // Whose it is.
  session,
  user,
  agent,
  agent_of_span,  // names the agent only where the span is of kind agent
  agent_id,
  agent_version,
  team,
  task,
  outcome,
  customer,
  environment,
  service,
  sdk_name,
  tags,
  metadata,  // JSON object with any of the loose keys
  // What it is.
  kind_word,  // a word of the framework for the kind of step
  operation,  // gen_ai.operation.name
  request_type,
  mcp_method,
  graph_node,   // LangGraph: the node that runs
  graph_path,   // LangGraph: "triage_agent:<uuid>|model:<uuid>"
  integration,  // LangChain: "langgraph" on the graph itself
  parent_agent,
  // Model.
  provider,
  model_requested,
  model_served,
  model_named,  // the served one, or on a failed call the requested one
  response_id,
  service_tier,
  finish_reasons,
  streaming,
  invocation_parameters,
  // Usage.
  input_tokens,
  output_tokens,
  total_tokens,
  cache_read,
  cache_write,
  reasoning,
  audio_input,
  audio_output,
  image_input,
  usage_json,
  cost,
  cost_json,
  first_token_s,
  first_token_ms,
  first_token_time,
  // Prompt, tool, handoff.
  prompt_name,
  prompt_version,
  tool_name,
  entity_name,  // names the tool where the span is of kind tool, the agent where it is of kind agent
  tool_call_id,
  handoff_from,
  handoff_to,
  // How it ended.
  error_type,
  error_message,
  level,      // "ERROR" fails the span whatever its status says
  end_state,  // "Error", "failure", "failed" likewise
  triggered,  // a guardrail that blocked
  // Content: the best key of each fills the slot, the others are kept as they are.
  system,
  tool_definitions,
  input,
  output,
  arguments,
  result,
  state,
  // Several at once.
  parameter,  // its last word is the parameter's name
  count
};
inline constexpr std::size_t field_count = static_cast<std::size_t>(Field::count);

// starts_with, with the two characters first that tell most keys apart.
inline bool begins(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && text.front() == prefix.front() && text[prefix.size() - 1] == prefix.back() &&
         text.starts_with(prefix);
}

struct Key {
  std::string_view key;
  Field field = Field::none;
  std::uint8_t rank = 0;  // the lowest wins
};

// Attributes whose key begins with `prefix`: what follows is looked up among the loose keys (session_id, team, …).
struct Prefix {
  std::string_view prefix;
  std::uint8_t rank = 0;
  bool encoded = false;  // values are JSON text, scalars too
};

// One message, tool or document in several attributes: PREFIX N . REST.
enum class Family : std::uint8_t { input, output, tools, documents, embeddings };
struct Flattened {
  std::string_view prefix;  // with the dot that follows
  Family family;
};
struct FlatKey {
  const otlp::KeyValue* kv;
  std::uint32_t index;      // N
  std::uint16_t attribute;  // position among the span's attributes
  std::uint8_t prefix;      // which of the flattened prefixes
};

struct Candidate {
  const otlp::KeyValue* kv;
  Field field;
  std::uint8_t rank;
  std::uint16_t attribute;
};

// Everything the tables found in one span.
struct Found {
  explicit Found(std::pmr::memory_resource& memory) : flat(&memory), content(&memory) { value.fill(nullptr); }

  const otlp::Value* operator[](Field field) const { return value[static_cast<std::size_t>(field)]; }
  bool has(Field field) const { return value[static_cast<std::size_t>(field)] != nullptr; }
  // The text of a field that holds a string; "" otherwise.
  std::string_view text(Field field) const;

  std::string_view dialect, scope;
  std::array<const otlp::Value*, field_count> value;
  std::array<std::uint8_t, field_count> rank{};
  std::pmr::vector<FlatKey> flat;
  std::pmr::vector<Candidate> content;
  const otlp::Span* span = nullptr;
  bool usage = false;  // any token count
  bool http = false, database = false, messaging = false, gen_ai = false;
};

// Fills `found` from attributes. `level` is added to every rank: the resource's and an event's count less.
void collect(otlp::Attributes attributes, std::uint8_t level, Found& found);
// The loose keys of a JSON object of metadata.
void collect_metadata(std::string_view json, std::uint8_t rank, class Arena& arena, Found& found);

// Headers that a call was sent with, as a JSON object: those of Helicone.
void collect_headers(std::string_view json, std::uint8_t rank, class Arena& arena, Found& found);

// A text that stands in no attribute of its own; it must live as long as `found`.
void set_text(Found& found, Field field, std::uint8_t rank, std::string_view text);

std::string_view flattened_prefix(std::uint8_t prefix);
Family flattened_family(std::uint8_t prefix);

// Text that views may point into until the reading is cleared: chunks that never grow beyond what they reserved.
class Arena {
 public:
  explicit Arena(std::vector<std::string>& chunks) : chunks_(chunks) {}
  // Room for `size` more bytes in one piece.
  void reserve(std::size_t size);
  void append(std::string_view text) { chunks_.back() += text; }
  std::string_view keep(std::string_view text);
  std::size_t mark() const { return chunks_.back().size(); }
  std::string_view since(std::size_t mark) const { return std::string_view(chunks_.back()).substr(mark); }

 private:
  std::vector<std::string>& chunks_;
};

}  // namespace pawl::llm
