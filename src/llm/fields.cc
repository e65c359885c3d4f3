// The merged table of all dialects, and the one pass over a span's attributes.
#include "llm/fields.h"

#include <algorithm>
#include <new>

#include "base/ids.h"
#include "base/text.h"
#include "llm/dialects.h"
#include "llm/json_scan.h"

namespace pawl::llm {
namespace {

using enum Field;

// Keys that people put into metadata of any kind, whatever stands in front.
constexpr Key loose_keys[] = {
    {"session_id", session, 0},
    {"sessionId", session, 0},
    {"session.id", session, 0},
    {"session", session, 2},
    {"thread_id", session, 3},
    {"threadId", session, 3},
    {"conversation_id", session, 3},
    {"conversationId", session, 3},
    {"chat_id", session, 4},
    {"user_id", user, 0},
    {"userId", user, 0},
    {"user.id", user, 0},
    {"user", user, 3},
    {"team", team, 1},
    {"pawl.team", team, 0},
    {"task", task, 1},
    {"pawl.task", task, 0},
    {"outcome", outcome, 1},
    {"pawl.outcome", outcome, 0},
    {"customer", customer, 1},
    {"pawl.customer", customer, 0},
    {"agent_version", agent_version, 2},
    {"pawl.agent.version", agent_version, 0},
    {"lc_agent_name", agent, 3},
    {"langgraph_node", graph_node, 0},
    {"langgraph_checkpoint_ns", graph_path, 0},
    {"ls_integration", integration, 0},
    {"ls_model_name", model_requested, 6},
    {"ls_provider", provider, 6},
    {"usage_metadata", usage_json, 3},
    {"finish_reason", finish_reasons, 4},
    {"toolCallId", tool_call_id, 5},
    {"state_delta", state, 3},
    {"tags", tags, 5},
};

constexpr Prefix prefixes[] = {
    {"traceloop.association.properties.", 2},
    {"langsmith.metadata.", 2},
    {"langfuse.observation.metadata.", 3, true},  // its own before the trace's
    {"langfuse.trace.metadata.", 4, true},
    {"langfuse.metadata.", 4, true},
    {"mastra.metadata.", 2},
    {"ai.settings.context.", 2},
    {"ai.telemetry.metadata.", 2},
    {"metadata.", 5},
    {"lmnr.association.properties.", 2},
    {"mlflow.traceTag.", 4},
    {"mlflow.trace.", 4, true},
    {"genkit:metadata:context:", 4},
    {"gen_ai.metadata.", 4},
    {"baggage.", 4},
};

constexpr Flattened flattened[] = {
    {"llm.input_messages.", Family::input},
    {"llm.output_messages.", Family::output},
    {"gen_ai.prompt.", Family::input},
    {"gen_ai.completion.", Family::output},
    {"llm.prompts.", Family::input},
    {"llm.completions.", Family::output},
    {"llm.choices.", Family::output},
    {"message.", Family::output},  // OpenInference google_genai: message.tool_calls.N…, without a message's number
    {"llm.tools.", Family::tools},
    {"llm.request.functions.", Family::tools},
    {"gen_ai.request.functions.", Family::tools},
    {"retrieval.documents.", Family::documents},
    {"reranker.output_documents.", Family::documents},
    {"embedding.embeddings.", Family::embeddings},
};

// Open addressing over all keys; built once, read only.
class Table {
 public:
  Table() {
    for (const Dialect* dialect : all_dialects()) {
      for (const Key& key : dialect->keys) add(dialect_keys_, key);
    }
    for (const Key& key : loose_keys) add(loose_, key);
  }
  const Key* find(std::string_view key) const { return find(dialect_keys_, key); }
  const Key* find_loose(std::string_view key) const { return find(loose_, key); }

 private:
  static constexpr std::size_t size = 2048;
  using Slots = std::array<const Key*, size>;

  static void add(Slots& slots, const Key& key) {
    std::size_t at = hash64(key.key) % size;
    while (slots[at] != nullptr && slots[at]->key != key.key) at = (at + 1) % size;
    if (slots[at] == nullptr) slots[at] = &key;
  }
  static const Key* find(const Slots& slots, std::string_view key) {
    for (std::size_t at = hash64(key) % size; slots[at] != nullptr; at = (at + 1) % size) {
      if (slots[at]->key == key) return slots[at];
    }
    return nullptr;
  }

  Slots dialect_keys_{}, loose_{};
};

const Table& table() {
  static const Table built;
  return built;
}

bool is_content(Field field) {
  return field >= Field::system && field <= Field::state;
}

bool is_usage(Field field) {
  return field == input_tokens || field == output_tokens || field == usage_json;
}

bool is_empty(const otlp::Value& value) {
  switch (value.type) {
    case otlp::Value::Type::empty:
      return true;
    case otlp::Value::Type::string:
      return value.text.empty() || value.text == "None" || value.text == "null" || value.text == "\"\"" ||
             begins(value.text, "[Scrubbed due to ");  // Logfire
    default:
      return false;
  }
}

void set(Found& found, Field field, std::uint8_t rank, const otlp::Value& value) {
  const auto at = static_cast<std::size_t>(field);
  if (field == none) return;
  if (is_usage(field)) found.usage = true;
  if (found.value[at] != nullptr && found.rank[at] <= rank) return;
  found.value[at] = &value;
  found.rank[at] = rank;
}

// "…N.rest" → N; false where no number follows.
bool read_index(std::string_view rest, std::uint32_t& index) {
  std::size_t digits = 0;
  index = 0;
  while (digits < rest.size() && digits < 6 && rest[digits] >= '0' && rest[digits] <= '9') {
    index = index * 10 + static_cast<std::uint32_t>(rest[digits++] - '0');
  }
  return digits > 0 && digits < rest.size() && rest[digits] == '.';
}

bool collect_flattened(const otlp::KeyValue& kv, std::uint16_t attribute, Found& found) {
  for (std::size_t i = 0; i < std::size(flattened); ++i) {
    const std::string_view prefix = flattened[i].prefix;
    if (!begins(kv.key, prefix)) continue;
    std::uint32_t index = 0;
    if (prefix == "message.") {
      if (!kv.key.starts_with("message.tool_calls.")) return false;
    } else if (!read_index(kv.key.substr(prefix.size()), index)) {
      return false;
    }
    found.flat.push_back({&kv, index, attribute, static_cast<std::uint8_t>(i)});
    return true;
  }
  return false;
}

void collect_loose(const otlp::KeyValue& kv, std::uint8_t level, Found& found) {
  for (const Prefix& prefix : prefixes) {
    if (!begins(kv.key, prefix.prefix)) continue;
    const Key* key = table().find_loose(kv.key.substr(prefix.prefix.size()));
    if (key == nullptr || is_empty(kv.value)) return;
    set(found, key->field, static_cast<std::uint8_t>(level + prefix.rank + key->rank), kv.value);
    return;
  }
}

void note_family(std::string_view key, Found& found) {
  if (begins(key, "gen_ai.") || begins(key, "llm.")) {
    found.gen_ai = true;
  } else if (begins(key, "http.") || begins(key, "url.")) {
    found.http = true;
  } else if (begins(key, "db.")) {
    found.database = true;
  } else if (begins(key, "messaging.")) {
    found.messaging = true;
  }
}

// A header of Helicone's however it is written: "Helicone-User-Id", "http.request.header.helicone_user_id" (Python's
// instrumentations) → "helicone-user-id".
const Key* find_header(std::string_view name) {
  constexpr std::string_view captured = "http.request.header.";
  if (begins(name, captured)) name.remove_prefix(captured.size());
  std::array<char, 64> plain{};
  if (name.size() > plain.size() || name.size() < 9 || name.substr(1, 7) != "elicone") return nullptr;
  std::ranges::transform(name, plain.begin(), [](char c) {
    return c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return table().find({plain.data(), name.size()});
}

}  // namespace

std::string_view Found::text(Field field) const {
  const otlp::Value* found = (*this)[field];
  return found != nullptr && found->type == otlp::Value::Type::string ? found->text : std::string_view();
}

void collect(otlp::Attributes attributes, std::uint8_t level, Found& found) {
  constexpr std::uint16_t elsewhere = 0xFFFF;  // of an event or the resource: no attribute of the span
  std::uint16_t attribute = 0;
  for (const otlp::KeyValue& kv : attributes) {
    const std::uint16_t position = level == 0 && attribute < elsewhere ? attribute++ : elsewhere;
    note_family(kv.key, found);
    const Key* key = table().find(kv.key);
    if (key == nullptr && !kv.key.empty() && (kv.key.front() | 0x20) == 'h') key = find_header(kv.key);
    if (key == nullptr) {
      if (!collect_flattened(kv, position, found)) collect_loose(kv, level, found);
      continue;
    }
    const auto rank = static_cast<std::uint8_t>(key->rank + level);
    if (is_content(key->field) || key->field == parameter) {
      found.content.push_back({&kv, key->field, rank, position});
      if (kv.value.type == otlp::Value::Type::empty) continue;
    } else if (is_empty(kv.value)) {
      continue;
    }
    set(found, key->field, rank, kv.value);
  }
}

void collect_headers(std::string_view json, std::uint8_t rank, Arena& arena, Found& found) {
  json::Members members(json);
  while (members.next()) {
    const Key* key = find_header(members.key);
    if (key == nullptr || !json::is_string(members.value)) continue;
    set_text(found, key->field, static_cast<std::uint8_t>(rank + key->rank), arena.keep(json::text(members.value)));
  }
}

void set_text(Found& found, Field field, std::uint8_t rank, std::string_view text) {
  auto* value = static_cast<otlp::Value*>(
      found.content.get_allocator().resource()->allocate(sizeof(otlp::Value), alignof(otlp::Value)));
  ::new (value) otlp::Value();
  value->type = otlp::Value::Type::string;
  value->text = text;
  set(found, field, rank, *value);
}

void collect_metadata(std::string_view text, std::uint8_t rank, Arena& arena, Found& found) {
  json::Members members(text);
  while (members.next()) {
    const Key* key = table().find_loose(members.key);
    if (key == nullptr || json::is_null(members.value) || members.value == "\"\"") continue;
    const bool plain = json::is_string(members.value) && members.value.size() >= 2 &&
                       members.value.find('\\') == std::string_view::npos;
    const std::string_view word =
        plain ? members.value.substr(1, members.value.size() - 2) : arena.keep(json::text(members.value));
    set_text(found, key->field, static_cast<std::uint8_t>(rank + key->rank), word);
  }
}

std::string_view flattened_prefix(std::uint8_t prefix) {
  return flattened[prefix].prefix;
}
Family flattened_family(std::uint8_t prefix) {
  return flattened[prefix].family;
}

void Arena::reserve(std::size_t size) {
  constexpr std::size_t chunk = 4096;
  if (!chunks_.empty() && chunks_.back().capacity() - chunks_.back().size() >= size) return;
  chunks_.emplace_back();
  chunks_.back().reserve(std::max(size, chunk));
}

std::string_view Arena::keep(std::string_view text) {
  reserve(text.size());
  const std::size_t from = mark();
  append(text);
  return since(from);
}

}  // namespace pawl::llm
