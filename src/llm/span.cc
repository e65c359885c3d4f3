// Reading a span: collect what the tables know, decide kind and status, let the dialect say its quirks, cut content.
#include "llm/span.h"

#include <array>
#include <memory_resource>

#include "base/text.h"
#include "llm/content.h"
#include "llm/json_scan.h"
#include "llm/span_steps.h"

namespace pawl::llm {
namespace {

using enum Field;

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

void fill(Reader& reader) {
  Reading& out = reader.out;
  Found& found = reader.found;
  read_status(reader.dialect, found, reader.span, out);
  read_who(found, out);
  read_kind(found, out);
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

bool is_details_event(std::string_view event_name) {
  return event_name == "gen_ai.client.inference.operation.details" || event_name == "gen_ai.client.operation.details";
}

bool is_content_event(std::string_view event_name) {
  return is_details_event(event_name) || has_event_content(event_name);
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
  if (const std::string_view sent = found.text(invocation_parameters); sent.contains("elicone-"))
    collect_headers(json::member(sent, "extra_headers"), 4, arena, found);
  for (const otlp::Event& event : span.events) {
    if (is_details_event(event.name)) collect(event.attributes, of_event, found);
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
  const bool details = is_details_event(record.event_name);
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

}  // namespace pawl::llm
