// JSON of spans, traces and sessions.
#include "span_json.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "llm/messages.h"

namespace pawl::explore {
namespace {

using traces::Piece;
using traces::SpanRow;

void field_if(JsonWriter& json, std::string_view name, const std::string& text) {
  json.key(name);
  text.empty() ? json.null() : json.value(text);
}

void write_tokens(JsonWriter& json, const SpanRow& row) {
  json.key("tokens");
  const bool any =
      row.tokens_input || row.tokens_cache_read || row.tokens_cache_write || row.tokens_output || row.tokens_reasoning;
  if (!any) {
    json.null();
    return;
  }
  json.object().field("input", row.tokens_input).field("cache_read", row.tokens_cache_read);
  json.field("cache_write", row.tokens_cache_write).field("output", row.tokens_output);
  json.field("reasoning", row.tokens_reasoning);
  for (const auto& [name, count] : row.tokens_other) json.field(name, count);
  json.end();
}

void write_cost(JsonWriter& json, const SpanRow& row) {
  const auto cost = row.cost_or_reported();
  json.key("cost_usd");
  row.counted&& cost ? json.value(format_dollars(*cost)) : json.null();
  json.key("cost_source");
  if (!row.counted) {
    json.null();
  } else {
    row.cost            ? json.value("priced")
    : row.cost_reported ? json.value("reported")
    : row.cost_unknown  ? json.value("unknown")
                        : json.null();
  }
}

std::vector<llm::Piece> of_slot(const std::vector<Piece>& pieces, llm::Slot slot) {
  std::vector<llm::Piece> out;
  for (const auto& piece : pieces) {
    if (piece.ref.slot == slot && !piece.missing && !piece.repeated)
      out.push_back({slot, piece.ref.format, piece.ref.key, piece.ref.role, piece.bytes});
  }
  return out;
}

void cut(std::vector<llm::Message>& messages, std::size_t& budget) {
  for (auto& message : messages) {
    for (auto& part : message.parts) {
      for (auto* text : {&part.text, &part.arguments}) {
        if (text->size() > budget && text->size() > 1024) {
          *text = std::string(utf8_prefix(*text, std::max<std::size_t>(budget, 1024)));
          part.cut = true;
        }
        budget -= std::min(budget, text->size());
      }
    }
  }
}

std::string_view because(llm::NotCounted why) {
  switch (why) {
    case llm::NotCounted::counted:
      return "";
    case llm::NotCounted::no_usage:
      return "no model call with usage of its own";
    case llm::NotCounted::wrapper:
      return "a wrapper: the calls below it carry this usage";
    case llm::NotCounted::duplicate:
      return "a duplicate: another span reports the same call";
  }
  return "";
}

void write_list(JsonWriter& json, std::string_view name, const auto& texts) {
  json.key(name).array();
  for (const auto& text : texts) json.value(text);
  json.end();
}

// The fields that need no content.
void write_span_head(JsonWriter& json, const SpanRow& row) {
  json.field("trace_id", row.shown_trace_id()).field("span_id", row.shown_span_id());
  field_if(json, "parent_id", row.shown_parent_id());
  json.field("kind", llm::name_of(row.kind)).field("name", row.name);
  field_if(json, "session_id", row.session);
  field_if(json, "user_id", row.user);
  field_if(json, "agent", row.agent);
  field_if(json, "agent_version", row.agent_version);
  field_if(json, "team", row.team);
  field_if(json, "environment", row.environment);
  field_if(json, "service", row.service);
  json.field("start", format_time(row.start)).field("duration_ms", milliseconds(row.duration));
  json.field("status", llm::name_of(row.status)).field("is_error", row.is_error);
  json.key("error");
  if (row.status == llm::Status::error || row.status == llm::Status::blocked || !row.error_message.empty()) {
    json.object().field("type", row.error_type).field("message", row.error_message).end();
  } else {
    json.null();
  }
  json.key("model");
  if (row.model.empty() && row.model_requested.empty()) {
    json.null();
  } else {
    json.object();
    field_if(json, "provider", row.provider);
    field_if(json, "requested", row.model_requested);
    field_if(json, "served", row.model);
    json.end();
  }
  write_tokens(json, row);
  json.field("counted", row.counted);
  json.key("not_counted_because");
  row.counted ? json.null() : json.value(because(row.not_counted));
  write_cost(json, row);
  json.key("ttft_ms");
  row.ttft ? json.value(milliseconds(*row.ttft)) : json.null();
  write_list(json, "finish_reasons", row.finish_reasons);
  write_list(json, "findings", row.findings);
  field_if(json, "waste", row.waste);
  json.field("noise", row.noise).field("dialect", row.dialect);
  if (!row.handoff_to.empty() || !row.handoff_from.empty()) {
    json.key("handoff").object().field("from", row.handoff_from).field("to", row.handoff_to).end();
  }
  if (!row.prompt.empty())
    json.key("prompt").object().field("name", row.prompt).field("version", row.prompt_version).end();
}

void write_tool_name(JsonWriter& json, const SpanRow& row) {
  json.key("tool");
  if (row.tool.empty())
    json.null();
  else
    json.object().field("name", row.tool).field("call_id", row.tool_call_id).end();
}

}  // namespace

void write_span_row(JsonWriter& json, const SpanRow& row) {
  json.object();
  write_span_head(json, row);
  write_tool_name(json, row);
  json.end();
}

std::optional<Bodies> bodies_from(std::string_view name) {
  if (name == "none") return Bodies::none;
  if (name == "new") return Bodies::fresh;
  if (name == "full" || name.empty()) return Bodies::full;
  return std::nullopt;
}

double milliseconds(Nanos duration) {
  return static_cast<double>(duration / 1000) / 1000.0;
}

void Sums::add(const SpanRow& row) {
  ++spans;
  errors += row.is_error ? 1 : 0;
  if (!row.noise) {
    llm_calls += row.kind == llm::Kind::llm ? 1 : 0;
    tool_calls += row.kind == llm::Kind::tool ? 1 : 0;
  }
  if (!row.counted) return;
  tokens += row.tokens();
  any_tokens = true;
  if (const auto known = row.cost_or_reported()) {
    cost += *known;
    any_cost = true;
  } else {
    cost_unknown_calls += row.cost_unknown ? 1 : 0;
  }
}

void Sums::add(const Sums& other) {
  spans += other.spans, errors += other.errors, llm_calls += other.llm_calls, tool_calls += other.tool_calls;
  tokens += other.tokens, cost += other.cost, cost_unknown_calls += other.cost_unknown_calls;
  any_tokens |= other.any_tokens, any_cost |= other.any_cost;
}

SpanWriter::SpanWriter(const traces::Loaded& loaded, Options options) : loaded_(loaded), options_(std::move(options)) {
  std::unordered_map<Id128, std::pair<const SpanRow*, Sums>> all;
  std::unordered_map<Id128, int> children;
  for (const auto& row : loaded.spans) all[traces::content_key(row.trace, row.span)] = {&row, {}};
  for (const auto& row : loaded.spans) ++children[traces::content_key(row.trace, row.parent)];
  std::vector<const SpanRow*> ready;
  for (const auto& row : loaded.spans) {
    all[traces::content_key(row.trace, row.span)].second.add(row);
    if (children[traces::content_key(row.trace, row.span)] == 0) ready.push_back(&row);
  }
  while (!ready.empty()) {  // leaves first; a cycle is never ready and keeps its own sums
    const SpanRow* row = ready.back();
    ready.pop_back();
    const auto parent = all.find(traces::content_key(row->trace, row->parent));
    if (!row->parent || parent == all.end()) continue;
    parent->second.second.add(all[traces::content_key(row->trace, row->span)].second);
    if (--children[parent->first] == 0) ready.push_back(parent->second.first);
  }
  for (auto& [key, value] : all) rolled_up_[key] = value.second;
}

void SpanWriter::write_tool(JsonWriter& json, const SpanRow& row, const std::vector<Piece>& pieces) {
  json.key("tool");
  if (row.tool.empty() && row.kind != llm::Kind::tool) {
    json.null();
    return;
  }
  json.object().field("name", row.tool.empty() ? row.name : row.tool);
  field_if(json, "call_id", row.tool_call_id);
  for (const auto& [name, slot] : {std::pair{"arguments", llm::Slot::arguments}, {"result", llm::Slot::result}}) {
    const auto content = of_slot(pieces, slot);
    json.key(name);
    content.empty() ? json.null() : json.raw(llm::parse_value_json(content));
  }
  json.end();
}

void SpanWriter::write_content(JsonWriter& json, const SpanRow& row) {
  static const std::vector<Piece> nothing;
  const auto found = loaded_.content.find(traces::content_key(row.trace, row.span));
  const auto& pieces = found == loaded_.content.end() ? nothing : found->second;
  write_tool(json, row, pieces);
  auto system = of_slot(pieces, llm::Slot::system);
  std::vector<llm::Piece> input = of_slot(pieces, llm::Slot::input);
  std::int64_t repeated = 0;
  if (options_.bodies == Bodies::fresh) {
    std::vector<Id128> hashes;
    for (const auto& piece : pieces) {
      if (piece.ref.slot == llm::Slot::input && !piece.missing && !piece.repeated)
        hashes.push_back(Fresh::message_of(piece));
    }
    const auto is_new = fresh_.look(hashes);
    std::size_t at = 0;
    repeated = static_cast<std::int64_t>(std::erase_if(input, [&](const llm::Piece&) { return !is_new[at++]; }));
  }
  auto messages = llm::parse_messages(system);
  for (auto& message : messages) message.role = "system";
  for (auto& message : llm::parse_messages(input)) messages.push_back(std::move(message));
  cut(messages, options_.budget);
  json.key("input");
  llm::write_messages(json, messages);
  if (repeated > 0) json.field("input_repeated", repeated);
  auto output = llm::parse_messages(of_slot(pieces, llm::Slot::output));
  cut(output, options_.budget);
  json.key("output");
  llm::write_messages(json, output);
  if (const auto tools = of_slot(pieces, llm::Slot::tool_definitions); !tools.empty()) {
    json.key("tool_definitions").raw(llm::parse_value_json(tools));
  }
  const auto state = of_slot(pieces, llm::Slot::state);
  json.key("state");
  state.empty() ? json.null() : json.raw(llm::parse_value_json(state));
  json.key("attributes").object();
  for (const auto& [key, value] : row.attributes)
    if (!key.starts_with(traces::state_attribute)) json.field(key, value);  // those are ours, for filters
  for (const auto& piece : pieces) {
    if (piece.ref.slot != llm::Slot::attribute) continue;
    json.field(piece.ref.key, options_.budget > piece.bytes.size() ? piece.bytes : utf8_prefix(piece.bytes, 1024));
    options_.budget -= std::min(options_.budget, piece.bytes.size());
  }
  json.end();
  json.key("events").raw(row.events.empty() ? "[]" : row.events);
  json.key("links").raw(row.links.empty() ? "[]" : row.links);
  json.field("raw_available", !pieces.empty());
  if (!options_.raw) return;
  json.key("raw").array();
  for (const auto& piece : pieces) {
    json.object().field("slot", llm::name_of(piece.ref.slot)).field("key", piece.ref.key);
    json.field("format", static_cast<int>(piece.ref.format))
        .field("role", piece.ref.role)
        .field("missing", piece.missing);
    json.field("hash", to_hex(piece.ref.hash));
    is_utf8(piece.bytes) ? json.field("text", piece.bytes) : json.field("base64", to_base64(piece.bytes));
    json.end();
  }
  json.end();
}

void SpanWriter::write(JsonWriter& json, const SpanRow& row) {
  json.object();
  write_span_head(json, row);
  const Sums& sums = rolled_up_[traces::content_key(row.trace, row.span)];
  json.key("rolled_up").object();
  json.key("cost_usd");
  sums.any_cost ? json.value(format_dollars(sums.cost)) : json.null();
  json.key("tokens");
  sums.any_tokens ? json.value(sums.tokens) : json.null();
  json.field("spans", sums.spans).field("errors", sums.errors).end();
  if (options_.explain_cost && row.counted && options_.bodies != Bodies::none)
    json.key("cost").raw(options_.explain_cost(row));
  if (options_.bodies == Bodies::none) {
    write_tool_name(json, row);
  } else {
    write_content(json, row);
  }
  json.end();
}

namespace {

// What no model call and no tool call between start and end covers: what query's `overhead` adds up.
std::vector<std::pair<Nanos, Nanos>> uncovered(std::span<const SpanRow> rows, Nanos start, Nanos end) {
  std::vector<std::pair<Nanos, Nanos>> out;
  std::vector<const SpanRow*> work;
  for (const auto& row : rows) {
    const bool works = (row.kind == llm::Kind::llm || row.kind == llm::Kind::tool) && !row.noise;
    if (works && row.duration > 0) work.push_back(&row);
  }
  std::ranges::sort(work, {}, &SpanRow::start);
  Nanos at = start;
  for (const auto* row : work) {
    if (row->start > at) out.emplace_back(at - start, row->start - at);
    at = std::max(at, row->start + row->duration);
  }
  if (end > at) out.emplace_back(at - start, end - at);
  return out;
}

// "overhead": [[from_ms, length_ms], …], the longest ones, in order of time.
void write_idle(JsonWriter& json, std::vector<std::pair<Nanos, Nanos>> idle) {
  if (idle.size() > most_idle) {
    std::ranges::sort(idle, std::greater(), &std::pair<Nanos, Nanos>::second);
    idle.resize(most_idle);
    std::ranges::sort(idle);
  }
  json.key("overhead").array();
  for (const auto& [from, length] : idle) json.array().value(milliseconds(from)).value(milliseconds(length)).end();
  json.end();
}

}  // namespace

Nanos TraceSummary::overhead() const {
  Nanos sum = 0;
  for (const auto& [from, length] : idle) sum += length;
  return sum;
}

TraceSummary summarise(std::span<const SpanRow> rows, Nanos now) {
  TraceSummary t;
  t.status = llm::name_of(traces::status_of(rows, now));
  std::set<std::string> tags, findings;
  const SpanRow* root = nullptr;
  std::unordered_set<Id128> here;
  for (const auto& row : rows) here.insert(row.span);
  for (const auto& row : rows) {
    if (t.sums.spans == 0 || row.start < t.start) t.start = row.start;
    t.end = std::max(t.end, row.start + row.duration);
    t.sums.add(row);
    tags.insert(row.tags.begin(), row.tags.end());
    findings.insert(row.findings.begin(), row.findings.end());
    if (!row.parent && root == nullptr) root = &row;
    for (const auto& [mine, theirs] : {std::pair{&t.session, &row.session},
                                       {&t.user, &row.user},
                                       {&t.agent, &row.agent},
                                       {&t.agent_version, &row.agent_version},
                                       {&t.team, &row.team},
                                       {&t.task, &row.task},
                                       {&t.outcome, &row.outcome},
                                       {&t.customer, &row.customer},
                                       {&t.environment, &row.environment},
                                       {&t.service, &row.service},
                                       {&t.preview, &row.preview}}) {
      if (mine->empty()) *mine = *theirs;
    }
  }
  if (rows.empty()) return t;
  const SpanRow& first = root != nullptr ? *root : rows.front();
  t.trace_id = first.shown_trace_id();
  t.name = first.name;
  if (!first.agent.empty()) t.agent = first.agent;
  t.idle = uncovered(rows, t.start, t.end);
  t.tags.assign(tags.begin(), tags.end());
  t.findings.assign(findings.begin(), findings.end());
  return t;
}

namespace {

// Who and what for, the same of a trace and of a session.
void write_who(JsonWriter& json, const TraceSummary& t) {
  field_if(json, "user_id", t.user);
  field_if(json, "agent", t.agent);
  field_if(json, "agent_version", t.agent_version);
  field_if(json, "team", t.team);
  field_if(json, "task", t.task);
  field_if(json, "outcome", t.outcome);
  field_if(json, "customer", t.customer);
  field_if(json, "environment", t.environment);
  field_if(json, "service", t.service);
}

}  // namespace

void write_trace(JsonWriter& json, const TraceSummary& t) {
  json.object().field("trace_id", t.trace_id).field("name", t.name).field("title", t.preview);
  field_if(json, "session_id", t.session);
  write_who(json, t);
  json.field("start", format_time(t.start))
      .field("duration_ms", milliseconds(t.end - t.start))
      .field("status", t.status);
  json.field("error_count", t.sums.errors).field("span_count", t.sums.spans).field("llm_calls", t.sums.llm_calls);
  json.field("tool_calls", t.sums.tool_calls);
  json.key("tokens");
  t.sums.any_tokens ? json.value(t.sums.tokens) : json.null();
  json.key("cost_usd");
  t.sums.any_cost ? json.value(format_dollars(t.sums.cost)) : json.null();
  json.field("cost_unknown_calls", t.sums.cost_unknown_calls);
  write_list(json, "tags", t.tags);
  write_list(json, "findings", t.findings);
  json.field("overhead_ms", milliseconds(t.overhead()));
  write_idle(json, t.idle);
  json.end();
}

void write_session(JsonWriter& json, const std::string& session, const std::vector<TraceSummary>& traces,
                   std::string_view status) {
  Sums sums;
  Nanos start = 0, end = 0, active = 0, overhead = 0;
  TraceSummary all;
  std::set<std::string> tags, findings;
  for (const auto& t : traces) {
    sums.add(t.sums);
    start = start == 0 ? t.start : std::min(start, t.start);
    end = std::max(end, t.end);
    active += t.end - t.start;
    overhead += t.overhead();
    tags.insert(t.tags.begin(), t.tags.end());
    findings.insert(t.findings.begin(), t.findings.end());
    for (const auto& [mine, theirs] : {std::pair{&all.user, &t.user},
                                       {&all.agent, &t.agent},
                                       {&all.agent_version, &t.agent_version},
                                       {&all.team, &t.team},
                                       {&all.task, &t.task},
                                       {&all.outcome, &t.outcome},
                                       {&all.customer, &t.customer},
                                       {&all.environment, &t.environment},
                                       {&all.service, &t.service},
                                       {&all.preview, &t.preview},
                                       {&all.trace_id, &t.trace_id},
                                       {&all.name, &t.name}}) {
      if (mine->empty()) *mine = *theirs;
    }
  }
  json.object().field("session_id", session).field("trace_id", all.trace_id);
  json.field("title", all.preview.empty() ? all.name : all.preview);
  write_who(json, all);
  json.field("start", format_time(start))
      .field("duration_ms", milliseconds(end - start))
      .field("active_ms", milliseconds(active))
      .field("overhead_ms", milliseconds(overhead));
  json.field("status", status)
      .field("error_count", sums.errors)
      .field("trace_count", static_cast<std::int64_t>(traces.size()));
  json.field("span_count", sums.spans).field("llm_calls", sums.llm_calls).field("tool_calls", sums.tool_calls);
  json.key("tokens");
  sums.any_tokens ? json.value(sums.tokens) : json.null();
  json.key("cost_usd");
  sums.any_cost ? json.value(format_dollars(sums.cost)) : json.null();
  json.field("cost_unknown_calls", sums.cost_unknown_calls);
  write_list(json, "tags", tags);
  write_list(json, "findings", findings);
  json.key("scores").object().end().end();
}

}  // namespace pawl::explore
