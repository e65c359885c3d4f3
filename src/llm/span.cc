// Reading a span: collect what the tables know, decide kind and status, let the dialect say its quirks, cut content.
#include "llm/span.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/text.h"
#include "llm/content.h"
#include "llm/dialects.h"
#include "llm/json_scan.h"
#include "llm/usage.h"

namespace pawl::llm {
namespace {

using enum Field;

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
  assign(out, value);
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

void read_who(const Found& found, Reading& out) {
  assign_unquoted(out.session, found[session]);
  assign_unquoted(out.user, found[user]);
  assign_unquoted(out.agent, found[agent]);
  assign(out.agent_id, found[agent_id]);
  assign_unquoted(out.agent_version, found[agent_version]);
  assign_unquoted(out.team, found[team]);
  assign_unquoted(out.task, found[task]);
  assign_unquoted(out.outcome, found[outcome]);
  assign_unquoted(out.customer, found[customer]);
  assign(out.environment, found[environment]);
  assign(out.service, found[service]);
  constexpr std::uint8_t conversation = 9;  // rank of gen_ai.conversation.id and of weaker keys
  out.session_weak = found.has(session) && found.rank[static_cast<std::size_t>(session)] >= conversation;
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

// ---- kind ----

struct KindFound {
  Kind kind = Kind::other;
  bool noise = false;
};

KindFound kind_from_request_type(std::string_view type) {
  if (type == "chat" || type == "completion" || type == "acompletion" || type == "responses") return {Kind::llm};
  if (type == "embedding" || type == "embeddings" || type == "aembedding") return {Kind::embedding};
  if (type == "rerank") return {Kind::reranker};
  return {};
}

KindFound kind_from_mcp(const Found& found) {
  if (found.text(mcp_method) == "tools/call") return {Kind::tool};
  return {Kind::other, true};
}

KindFound decide_kind(const Found& found) {
  const KindWord word = kind_of_word(found.text(kind_word));
  const KindWord op = kind_of_word(found.text(operation));
  if (found.has(mcp_method) && !found.text(mcp_method).empty() && !word.known) return kind_from_mcp(found);
  if (word.known) return {word.kind, word.noise};
  if (op.known) return {op.kind, op.noise};
  if (found.has(request_type)) return kind_from_request_type(found.text(request_type));
  const bool model = found.has(model_requested) || found.has(model_served) || found.has(model_named);
  const bool messages = std::ranges::any_of(found.flat, [](const FlatKey& key) {
    return flattened_family(key.prefix) == Family::input || flattened_family(key.prefix) == Family::output;
  });
  if (found.gen_ai && model && (found.usage || messages || found.has(output))) return {Kind::llm};
  if (found.has(tool_name) && !model) return {Kind::tool};
  if (found.http && !found.gen_ai) return {Kind::other, found.span != nullptr && found.span->kind != 2};
  return {};
}

// ---- names ----

std::string_view tool_name_from_span(std::string_view name) {
  for (const std::string_view prefix :
       {"execute_tool ", "MCP send tools/call ", "tools/call ", "running tool: ", "tool_call.", "tool ", "Tool: "}) {
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  }
  for (const std::string_view suffix :
       {".tool", ".__call__", ".acall", ".run", ".arun", ".mcp", ".execute", ".handoff"}) {
    if (name.ends_with(suffix) && name.size() > suffix.size()) return name.substr(0, name.size() - suffix.size());
  }
  return name;
}

std::string_view agent_name_from_span(std::string_view name) {
  if (name.starts_with("agent_run [") && name.ends_with("]")) return name.substr(11, name.size() - 12);
  for (const std::string_view prefix : {"invoke_agent ", "create_agent ", "agent run ", "Agent: "}) {
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  }
  for (const std::string_view suffix : {"._execute_core", ".agent", ".run", ".arun", ".continue_run",
                                        ".on_messages_stream", ".on_messages", ".invoke", " run"}) {
    if (name.ends_with(suffix) && name.size() > suffix.size()) return name.substr(0, name.size() - suffix.size());
  }
  return name;
}

// "triage_agent:<uuid>|model:<uuid>": the node that holds the running one is the agent's.
std::string_view agent_from_graph_path(std::string_view path) {
  const std::size_t last = path.rfind('|');
  if (last == std::string_view::npos) return {};
  std::string_view holder = path.substr(0, last);
  if (const std::size_t bar = holder.rfind('|'); bar != std::string_view::npos) holder.remove_prefix(bar + 1);
  return holder.substr(0, holder.find(':'));
}

void read_tool(const Found& found, std::string_view span_name, Reading& out) {
  if (out.kind != Kind::tool && out.kind != Kind::handoff && !found.has(tool_name)) return;
  assign(out.tool_name, found[tool_name]);
  assign(out.tool_call_id, found[tool_call_id]);
  if (out.kind != Kind::tool && out.kind != Kind::handoff) return;
  if (out.tool_name.empty()) assign(out.tool_name, found[entity_name]);
  if (out.tool_name.empty()) out.tool_name = tool_name_from_span(span_name);
}

void read_agent(const Found& found, std::string_view span_name, Reading& out) {
  if (!out.agent.empty()) return;
  if (out.kind == Kind::agent) {
    for (const Field field : {agent_of_span, entity_name}) {
      assign(out.agent, found[field]);
      if (!out.agent.empty() && !looks_like_id(out.agent)) return;
    }
    out.agent = agent_name_from_span(span_name);
    return;
  }
  if (found.has(graph_path)) out.agent = agent_from_graph_path(found.text(graph_path));
}

// ---- model and usage ----

void read_model(const Found& found, bool failed, Reading& out) {
  assign_unquoted(out.model_requested, found[model_requested]);
  assign_unquoted(out.model_served, found[model_served]);
  if (const std::string_view parameters = found.text(invocation_parameters);
      out.model_requested.empty() && json::is_object(parameters)) {
    for (const std::string_view key : {"model", "model_name", "model_id"}) {
      const std::string_view model = json::member(parameters, key);
      if (out.model_requested.empty() && json::is_string(model)) out.model_requested = json::text(model);
    }
  }
  std::string& named = failed ? out.model_requested : out.model_served;
  if (named.empty()) assign_unquoted(named, found[model_named]);
  std::string_view from_served, from_requested;
  // The pieces are views into the string itself: copy first.
  if (const std::string bare(bare_model(out.model_served, from_served)); bare.size() != out.model_served.size()) {
    from_served = vendor_of(from_served, {});
    out.model_served = bare;
  }
  if (const std::string bare(bare_model(out.model_requested, from_requested));
      bare.size() != out.model_requested.size()) {
    from_requested = vendor_of(from_requested, {});
    out.model_requested = bare;
  }
  std::string word;
  assign_unquoted(word, found[provider]);
  const std::string_view model = out.model_served.empty() ? out.model_requested : out.model_served;
  std::string_view vendor = vendor_of(word, model);
  if (vendor.empty() || word.empty())
    vendor = !from_served.empty() ? from_served : !from_requested.empty() ? from_requested : vendor;
  out.provider = vendor;
  assign_unquoted(out.response_id, found[response_id]);
  assign(out.service_tier, found[service_tier]);
  add_list(found[finish_reasons], out.finish_reasons);
}

Cached habit_of(const Dialect& dialect, std::string_view scope) {
  // Anthropic's numbers as they are on its wire: cached tokens stand beside the input.
  if (scope.starts_with("@traceloop/instrumentation-anthropic") ||
      scope.starts_with("@traceloop/instrumentation-bedrock")) {
    return Cached::outside;
  }
  return dialect.cached;
}

void read_usage(const Reader& reader) {
  const Found& found = reader.found;
  RawUsage raw;
  raw.input = count_of(found[input_tokens]);
  raw.output = count_of(found[output_tokens]);
  raw.total = count_of(found[total_tokens]);
  raw.cache_read = count_of(found[cache_read]);
  raw.cache_write = count_of(found[cache_write]);
  raw.reasoning = count_of(found[reasoning]);
  raw.audio_input = count_of(found[audio_input]);
  raw.audio_output = count_of(found[audio_output]);
  raw.image_input = count_of(found[image_input]);
  if (found.has(usage_json)) read_usage_json(found.text(usage_json), raw);
  const bool model = reader.out.kind == Kind::llm || reader.out.kind == Kind::embedding;
  if (&reader.dialect == &genkit && model) {
    const std::string_view answer = found.text(output);
    read_usage_json(json::member(answer, "usage"), raw);
    for (const std::string_view key : {"usage", "usageMetadata"}) read_usage_json(json::at(answer, {"raw", key}), raw);
  }
  const bool failed = reader.out.status == Status::error;
  if (failed && raw.input.value_or(0) == 0 && raw.output.value_or(0) == 0) return;  // placeholders
  reader.out.tokens = resolve(raw, habit_of(reader.dialect, reader.scope.name));
  if (reader.out.kind == Kind::agent && reader.out.tokens.any()) reader.out.wrapper_usage = true;
}

void read_cost(const Found& found, Reading& out) {
  if (const auto dollars = real_of(found[cost])) out.cost_reported = money_from_double(*dollars);
  if (const std::string_view text = found.text(cost_json); !text.empty() && !out.cost_reported) {
    std::string_view total = json::is_object(text) ? json::member(text, "total") : text;
    if (total.empty()) total = json::member(text, "total_cost");
    if (const auto dollars = json::number(total)) out.cost_reported = money_from_double(*dollars);
  }
  const bool failed = out.status == Status::error;
  if (failed && out.cost_reported && out.cost_reported->pico == 0) out.cost_reported.reset();
}

void read_first_token(const Found& found, const otlp::Span& span, Reading& out) {
  constexpr double limit_s = 1e6;
  if (const otlp::Value* value = found[first_token_s]) {
    const auto seconds = real_of(value);
    const bool milliseconds = value->type == otlp::Value::Type::integer;  // Strands
    if (seconds && *seconds > 0 && *seconds < limit_s * 1000) {
      out.ttft = static_cast<Nanos>(*seconds * (milliseconds ? 1e6 : 1e9));
    }
  } else if (const auto ms = real_of(found[first_token_ms]); ms && *ms > 0 && *ms < limit_s * 1000) {
    out.ttft = static_cast<Nanos>(*ms * 1e6);
  } else if (found.has(first_token_time)) {
    const auto time = parse_time(json::text(found.text(first_token_time)));
    const auto start = static_cast<Nanos>(span.start_ns);
    if (time && *time > start) out.ttft = *time - start;
  }
  if (out.ttft) return;
  for (const otlp::Event& event : span.events) {
    if (event.name != "First Token Stream Event" && event.name != "new_token" && event.name != "first_token_received") {
      continue;
    }
    if (event.time_ns > span.start_ns) out.ttft = static_cast<Nanos>(event.time_ns - span.start_ns);
    break;
  }
}

// ---- parameters ----

bool is_placeholder(std::string_view name, std::string_view value) {
  return value.empty() || value == "null" || value == "\"\"" || value == "\"Infinity\"" || value == "Infinity" ||
         value == "None" || (name == "seed" && value == "0") || (name == "max_tokens" && value == "-1");
}

bool is_parameter(std::string_view name) {
  constexpr std::string_view names[] = {"temperature",
                                        "top_p",
                                        "top_k",
                                        "max_tokens",
                                        "max_completion_tokens",
                                        "max_output_tokens",
                                        "frequency_penalty",
                                        "presence_penalty",
                                        "seed",
                                        "stop",
                                        "stop_sequences",
                                        "reasoning_effort",
                                        "n",
                                        "tool_choice",
                                        "response_format"};
  return std::ranges::find(names, name) != std::end(names);
}

void read_parameters(Reader& reader) {
  Reading& out = reader.out;
  for (const Candidate& candidate : reader.found.content) {
    if (candidate.field != parameter) continue;
    const std::string_view key = candidate.kv->key;
    const std::string_view name = key.substr(key.rfind('.') + 1);
    std::string_view value = candidate.kv->value.text;
    if (candidate.kv->value.type != otlp::Value::Type::string)
      value = reader.arena.keep(otlp::to_text(candidate.kv->value));
    if (!is_placeholder(name, value)) out.parameters.emplace_back(name, value);
  }
  if (!out.parameters.empty() || !reader.found.has(invocation_parameters)) return;
  json::Members members(reader.found.text(invocation_parameters));
  while (members.next()) {
    if (is_parameter(members.key) && !is_placeholder(members.key, members.value)) {
      out.parameters.emplace_back(members.key, members.value);
    }
  }
}

// ---- how it ended ----

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
}

// ---- handoffs ----

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

// A failed tool whose status says no more than its type: the words stand in what it gave back.
void read_tool_error(const Found& found, Reading& out) {
  if (out.status != Status::error || out.kind != Kind::tool) return;
  if (!out.error_message.empty() && out.error_message != out.error_type) return;
  const std::string_view back = found.has(result) ? found.text(result) : found.text(output);
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

// tracestate "ot=th:8;rv:…": the share of traces that was thrown away, as 56 bits of which trailing zeros are cut.
double weight_of(std::string_view trace_state) {
  for (std::string_view member : split(trace_state, ',')) {
    member = trim(member);
    if (!member.starts_with("ot=")) continue;
    for (const std::string_view part : split(member.substr(3), ';')) {
      if (!part.starts_with("th:")) continue;
      double threshold = 0, scale = 1.0 / 16;
      for (const char c : part.substr(3)) {
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0) return 1;
        threshold += digit * scale;
        scale /= 16;
      }
      return threshold < 1 ? 1 / (1 - threshold) : 1;
    }
  }
  return 1;
}

void read_metadata(Found& found, Arena& arena) {
  constexpr std::uint8_t rank = 3;
  if (const std::string_view text = found.text(metadata); json::is_object(text)) {
    collect_metadata(text, rank, arena, found);
  }
}

constexpr std::uint8_t of_event = 50, of_resource = 100;

// An event or log record that carries what spans carry elsewhere.
bool is_details(std::string_view event) {
  return event == "gen_ai.client.inference.operation.details" || event == "gen_ai.client.operation.details";
}

void fill(Reader& reader) {
  Reading& out = reader.out;
  Found& found = reader.found;
  read_status(reader.dialect, found, reader.span, out);
  read_who(found, out);
  const KindFound kind = decide_kind(found);
  out.kind = kind.kind;
  out.noise = kind.noise;
  read_tool(found, reader.span.name, out);
  read_agent(found, reader.span.name, out);
  read_model(found, out.status == Status::error, out);
  if (reader.dialect.refine != nullptr) reader.dialect.refine(reader);
  read_tool(found, reader.span.name, out);
  if (out.kind == Kind::agent) read_agent(found, reader.span.name, out);
  apply_tool_role(out);
  read_tool_error(found, out);
  if (out.kind == Kind::handoff) read_handoff_target(found, out);
  read_usage(reader);
  read_cost(found, out);
}

}  // namespace

void Reading::clear() {
  dialect = {};
  kind = Kind::other;
  status = Status::ok;
  noise = framework_tool = wrapper_usage = session_weak = false;
  for (std::string* text : {&name,           &error_type,  &error_message, &session,
                            &user,           &agent,       &agent_id,      &agent_version,
                            &team,           &task,        &outcome,       &customer,
                            &environment,    &service,     &provider,      &model_requested,
                            &model_served,   &response_id, &service_tier,  &prompt_name,
                            &prompt_version, &tool_name,   &tool_call_id,  &handoff_from,
                            &handoff_to}) {
    text->clear();
  }
  tags.clear();
  finish_reasons.clear();
  ttft.reset();
  tokens.input = tokens.cache_read = tokens.cache_write = tokens.output = tokens.reasoning = std::nullopt;
  tokens.others.clear();
  cost_reported.reset();
  content.clear();
  used.clear();
  weight = 1;
  parameters.clear();
  if (!owned.empty()) {
    owned.resize(1);
    owned.front().clear();
  }
}

bool is_chunk_event(std::string_view event_name) {
  return event_name.ends_with(".content.completion.chunk") || event_name.starts_with("mlflow.chunk.item.") ||
         event_name == "gen_ai.stream.chunk" || event_name == "new_token";
}

bool is_content_event(std::string_view event_name) {
  return is_details(event_name) || has_event_content(event_name);
}

void read_span(const otlp::Resource& resource, const otlp::Scope& scope, const otlp::Span& span, Reading& out) {
  out.clear();
  std::array<std::byte, 8192> stack;
  std::pmr::monotonic_buffer_resource memory(stack.data(), stack.size());
  Found found(memory);
  found.span = &span;
  Arena arena(out.owned);
  const Dialect& dialect = dialect_of(scope, span.attributes);
  out.dialect = dialect.name;
  collect(span.attributes, 0, found);
  read_metadata(found, arena);
  for (const otlp::Event& event : span.events) {
    if (is_details(event.name)) collect(event.attributes, of_event, found);
  }
  collect(resource.attributes, of_resource, found);
  Reader reader{dialect, found, scope, span, out, arena};
  out.name = span.name;
  fill(reader);
  read_first_token(found, span, out);
  if (&dialect == &openlit && dialect.refine != nullptr) dialect.refine(reader);
  read_parameters(reader);
  add_list(found[tags], out.tags);
  assign_unquoted(out.prompt_name, found[prompt_name]);
  assign_unquoted(out.prompt_version, found[prompt_version]);
  read_content(reader);
  for (const otlp::Event& event : span.events) read_event_content(event.name, event.attributes, reader);
  if (!span.trace_state.empty()) out.weight = weight_of(span.trace_state);
}

bool read_log(const otlp::Resource& resource, const otlp::Scope& scope, const otlp::LogRecord& record, Reading& out) {
  out.clear();
  const bool details = is_details(record.event_name);
  if (!details && !record.event_name.starts_with("gen_ai.")) return false;
  std::array<std::byte, 8192> stack;
  std::pmr::monotonic_buffer_resource memory(stack.data(), stack.size());
  Found found(memory);
  otlp::Span as_span;  // the record's attributes are read as a span's
  as_span.name = record.event_name;
  as_span.attributes = record.attributes;
  as_span.trace_id = record.trace_id;
  as_span.span_id = record.span_id;
  found.span = &as_span;
  Arena arena(out.owned);
  const Dialect& dialect = dialect_of(scope, record.attributes);
  out.dialect = dialect.name;
  collect(record.attributes, 0, found);
  collect(resource.attributes, of_resource, found);
  Reader reader{dialect, found, scope, as_span, out, arena};
  out.name = record.event_name;
  out.kind = Kind::llm;
  fill(reader);
  add_list(found[tags], out.tags);
  if (details) read_content(reader);
  read_log_content(record, reader);
  return true;
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
