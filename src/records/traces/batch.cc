// From spans, log records and points to rows.
#include "batch.h"

#include <memory_resource>

#include "attributes.h"
#include "base/json.h"
#include "base/text.h"
#include "llm/messages.h"
#include "llm/state.h"
#include "store.h"

namespace pawl::traces {
namespace {

constexpr std::size_t preview_bytes = 200;
constexpr std::size_t shared_bytes = 512;      // system prompts and tool definitions from here on have scope project
constexpr std::size_t attribute_bytes = 2048;  // longer attributes are bodies

Id128 span_key(ProjectId project, const Id128& trace, const Id128& span) {
  struct {
    std::uint64_t project;
    Id128 trace, span;
  } const all = {project, trace, span};
  return hash128({reinterpret_cast<const char*>(&all), sizeof all});
}

Id128 body_key_of(ProjectId project, const Id128& scope, const Id128& hash) {
  return span_key(project, scope, hash);
}

std::string json_of_attributes(otlp::Attributes attributes) {
  std::string out = "{";
  for (const auto& attribute : attributes) {
    if (out.size() > 1) out += ',';
    append_json_string(out, attribute.key);
    out += ':';
    otlp::append_json(out, attribute.value);
  }
  return out + "}";
}

std::string json_of_events(const otlp::Span& span, const llm::Reading& reading) {
  std::string out;
  for (const auto& event : span.events) {
    // Its content is kept as content; the event itself stays, without it.
    const bool is_content = std::ranges::any_of(
        reading.content, [&](const llm::Content& content) { return content.key.data() == event.name.data(); });
    out += out.empty() ? "[" : ",";
    out += fmt::format("{{\"time\":\"{}\",\"name\":", format_time(static_cast<Nanos>(event.time_ns)));
    append_json_string(out, event.name);
    out += is_content ? std::string(",\"content\":true}")
                      : ",\"attributes\":" + json_of_attributes(event.attributes) + "}";
  }
  return out.empty() ? out : out + "]";
}

std::string json_of_links(const otlp::Span& span) {
  std::string out;
  for (const auto& link : span.links) {
    out += out.empty() ? "[" : ",";
    out += fmt::format("{{\"trace_id\":\"{}\",\"span_id\":\"{}\",\"attributes\":{}}}", to_hex(link.trace_id),
                       to_hex(link.span_id), json_of_attributes(link.attributes));
  }
  return out.empty() ? out : out + "]";
}

// A time that a partition is made of: a client with wild clocks would make more partitions than one block may have.
Nanos near(Nanos time, Nanos received) {
  return std::clamp(time, received - longest_ago, received + day);
}

// The user's words in a piece of input, or "".
std::string words_of(const llm::Content& content) {
  // A message that says early who speaks needs no reading to its end: what is cut off still gives what came before.
  std::string_view bytes = content.bytes;
  const std::string_view head = bytes.substr(0, 4 * preview_bytes);
  if (content.format == llm::Format::json_element && head.contains("\"role\"")) bytes = head;
  const auto messages = llm::parse_messages({{content.slot, content.format, content.key, content.role, bytes}});
  for (const auto& message : messages) {
    if (message.role != "user") continue;
    for (const auto& part : message.parts) {
      if (part.type == llm::Part::Type::text && !trim(part.text).empty()) {
        return repair_utf8(utf8_prefix(trim(part.text), preview_bytes));
      }
    }
  }
  return {};
}

void copy_reading(const llm::Reading& r, SpanRow& row) {
  row.kind = row.read_kind = r.kind;
  row.name = r.name;
  row.status = r.status;
  row.error_type = r.error_type, row.error_message = r.error_message;
  row.noise = row.read_noise = r.noise, row.framework_tool = r.framework_tool, row.wrapper_usage = r.wrapper_usage;
  row.session = row.read_session = r.session;
  row.user = row.read_user = r.user;
  row.agent = row.read_agent = r.agent;
  row.agent_version = r.agent_version, row.team = r.team, row.task = r.task, row.outcome = r.outcome;
  row.customer = r.customer, row.environment = r.environment, row.service = r.service;
  row.tags = r.tags;
  row.provider = r.provider, row.model_requested = r.model_requested;
  row.model = r.model_served.empty() ? r.model_requested : r.model_served;
  row.finish_reasons = r.finish_reasons;
  row.ttft = r.ttft;
  row.prompt = r.prompt_name, row.prompt_version = r.prompt_version;
  row.tool = r.tool_name, row.tool_call_id = r.tool_call_id;
  row.handoff_from = r.handoff_from, row.response_id = r.response_id;
  row.handoff_to = row.read_handoff_to = r.handoff_to, row.session_weak = r.session_weak;
  row.tokens_input = r.tokens.input, row.tokens_cache_read = r.tokens.cache_read;
  row.tokens_cache_write = r.tokens.cache_write, row.tokens_output = r.tokens.output;
  row.tokens_reasoning = r.tokens.reasoning;
  for (const auto& [name, count] : r.tokens.others) row.tokens_other.emplace_back(name, count);
  if (r.cost_reported) row.cost_reported = r.cost_reported->pico;
  row.dialect = r.dialect;
  const auto pieces =
      std::ranges::count_if(r.content, [](const llm::Content& c) { return c.slot <= llm::Slot::result; });
  row.pieces = static_cast<std::uint16_t>(std::min<std::ptrdiff_t>(pieces, 0xFFFF));
  row.weight = static_cast<float>(r.weight);
}

// What a step changed of the session's state, as far as it can be filtered by.
void add_state(Attributes& out, const std::vector<llm::Content>& content) {
  for (const auto& piece : content) {
    if (piece.slot != llm::Slot::state) continue;
    const llm::Piece sent{piece.slot, piece.format, piece.key, piece.role, piece.bytes};
    for (auto& [key, value] : llm::state_facts(llm::state_delta(sent)))
      out.emplace_back(fmt::format("{}{}", state_attribute, key), std::move(value));
  }
}

void repair_all(SpanRow& row) {
  for (auto* text : {&row.name,         &row.error_type,    &row.error_message,  &row.session,  &row.user,
                     &row.agent,        &row.agent_version, &row.team,           &row.task,     &row.outcome,
                     &row.customer,     &row.environment,   &row.service,        &row.provider, &row.model_requested,
                     &row.model,        &row.prompt,        &row.prompt_version, &row.tool,     &row.tool_call_id,
                     &row.handoff_from, &row.handoff_to,    &row.response_id,    &row.scope,    &row.read_session,
                     &row.read_user,    &row.read_agent}) {
    if (!is_utf8(*text)) *text = repair_utf8(*text);
  }
}

template <typename T>
bool fill(T& mine, const T& theirs) {
  if (mine != T{} || theirs == T{}) return false;
  mine = theirs;
  return true;
}

}  // namespace

Memory::Repeat Memory::span(ProjectId project, const Id128& trace, const Id128& span, const Id128& record) {
  Id128& known = spans_.at(span_key(project, trace, span));
  if (known == record) return Repeat::same;
  const bool news = !known;
  known = record;
  return news ? Repeat::news : Repeat::changed;
}

bool Memory::knows_span(ProjectId project, const Id128& trace, const Id128& span) const {
  return spans_.contains(span_key(project, trace, span));
}

void Memory::forget(ProjectId project, const Id128& trace, const Id128& span, const Id128& record) {
  for (const auto& of : {trace, record}) {  // log records are known by their bytes
    if (Id128& known = spans_.at(span_key(project, of, span)); known == record) known = {};
  }
}

void Memory::learn_bodies(const std::vector<Id128>& keys) {
  for (const auto& id : keys) bodies_.at(id) = 1;
}

bool apply(const Patch& patch, SpanRow& row) {
  if (patch.gone) {
    row.sign = 0;
    return true;
  }
  bool changed = fill(row.read_session, patch.session);
  changed |= fill(row.read_user, patch.user);
  changed |= fill(row.read_agent, patch.agent);
  const bool named = fill(row.model, patch.model);
  changed |= fill(row.error_type, patch.error_type);
  changed |= fill(row.error_message, patch.error_message);
  changed |= fill(row.response_id, patch.response_id);
  changed |= fill(row.finish_reasons, patch.finish_reasons);
  changed |= fill(row.cost_reported, patch.cost_reported);
  if (patch.failed && row.status == llm::Status::ok) {
    row.status = llm::Status::error;
    changed = true;
  }
  bool counts = false;
  if (!row.tokens_input && !row.tokens_output) {  // a span that has usage knows better than its log record
    counts |= fill(row.tokens_input, patch.tokens_input);
    counts |= fill(row.tokens_cache_read, patch.tokens_cache_read);
    counts |= fill(row.tokens_cache_write, patch.tokens_cache_write);
    counts |= fill(row.tokens_output, patch.tokens_output);
    counts |= fill(row.tokens_reasoning, patch.tokens_reasoning);
  }
  row.unpriced = row.unpriced || named || counts;
  fill(row.session, patch.session), fill(row.user, patch.user), fill(row.agent, patch.agent);
  return changed || named || counts;
}

// Hands each visited record to the builder.
class Builder::Walker final : public otlp::Visitor {
 public:
  Walker(Builder& builder, ProjectId project, Nanos received)
      : builder_(builder), project_(project), received_(received) {}
  void span(const otlp::Resource& resource, const otlp::Scope& scope, const otlp::Span& span) override {
    builder_.add_span(project_, received_, resource, scope, span);
  }
  void log(const otlp::Resource& resource, const otlp::Scope& scope, const otlp::LogRecord& record) override {
    builder_.add_log(project_, received_, resource, scope, record);
  }
  void point(const otlp::Resource& resource, const otlp::Scope& scope, const otlp::Point& point) override {
    builder_.add_point(project_, received_, resource, scope, point);
  }
  void refused(std::string_view) override { ++builder_.batch_.fates[project_].refused; }

 private:
  Builder& builder_;
  ProjectId project_;
  Nanos received_;
};

Builder::Builder(Memory& memory, std::string body_key, Pricer pricer, const Clock& clock)
    : memory_(memory), body_key_(std::move(body_key)), pricer_(std::move(pricer)), clock_(clock), arena_(1U << 20U) {}

void Builder::add(ProjectId project, Nanos received, otlp::Signal signal, otlp::Encoding encoding,
                  std::string_view body, std::uint64_t segment) {
  segment_ = segment;
  std::pmr::monotonic_buffer_resource arena(arena_.data(), arena_.size());
  Walker walker(*this, project, received);
  const otlp::Limits limits{.attribute_bytes = 64U << 20};  // as a body: what a tool brought stays whole
  const std::size_t first = batch_.spans.size();
  switch (signal) {
    case otlp::Signal::traces:
      (void)otlp::walk_traces(body, encoding, limits, arena, walker);
      share_session(first);
      break;
    case otlp::Signal::logs:
      (void)otlp::walk_logs(body, encoding, limits, arena, walker);
      break;
    case otlp::Signal::metrics:
      (void)otlp::walk_metrics(body, encoding, limits, arena, walker);
      break;
  }
}

void Builder::mark_dirty(ProjectId project, const Id128& trace) {
  if (batch_dirty_.insert(Memory::key(project, trace)).second) batch_.dirty.emplace_back(project, trace);
}

void Builder::add_span(ProjectId project, Nanos received, const otlp::Resource& resource, const otlp::Scope& scope,
                       const otlp::Span& span) {
  const Id128 trace = id_from_bytes(span.trace_id), id = id_from_bytes(span.span_id);
  const Id128 record = record_hash(span.raw);
  auto& fates = batch_.fates[project];
  const auto repeat = memory_.span(project, trace, id, record);
  if (repeat == Memory::Repeat::same) {
    ++fates.duplicate;
    return;
  }
  const bool replaces = span_at_.contains(span_key(project, trace, id));  // resent with other content in this batch
  replaces ? ++fates.merged : ++fates.stored;
  if (repeat == Memory::Repeat::changed && !replaces) mark_dirty(project, trace);
  SpanRow& row = put_span(project, received, record, resource, scope, span);
  if (runs_ == nullptr) return;
  if (llm::tells_steps(reading_)) runs_->traced(project, reading_.session, true, received, segment_);
  if (runs_->has_told()) meet_told(row);
}

SpanRow& Builder::put_span(ProjectId project, Nanos received, const Id128& record, const otlp::Resource& resource,
                           const otlp::Scope& scope, const otlp::Span& span) {
  const Id128 trace = id_from_bytes(span.trace_id), id = id_from_bytes(span.span_id);
  const Id128 key = span_key(project, trace, id);
  const auto earlier = span_at_.find(key);
  const bool replaces = earlier != span_at_.end();
  reading_.clear();
  llm::read_span(resource, scope, span, reading_);
  const std::size_t index = replaces ? earlier->second : batch_.spans.size();
  if (replaces)
    batch_.spans[index] = SpanRow{};
  else
    batch_.spans.emplace_back();
  span_at_[key] = index;
  SpanRow& row = batch_.spans[index];
  row.project = project;
  row.trace = trace, row.span = id, row.parent = id_from_bytes(span.parent_id);
  row.start = static_cast<Nanos>(span.start_ns);
  row.duration = std::max<Nanos>(0, static_cast<Nanos>(span.end_ns) - row.start);
  row.received = received;
  row.record = record;
  copy_reading(reading_, row);
  row.scope = scope.name;
  row.clock = span.end_ns < span.start_ns || row.start < received - longest_ago || row.start > received + day;
  repair_all(row);

  std::vector<llm::Content> content = reading_.content;
  row.attributes.reserve(span.attributes.size() + resource.attributes.size() + scope.attributes.size() + 2);
  used_.clear();
  used_.insert(reading_.used.begin(), reading_.used.end());
  for (const auto& attribute : span.attributes) {
    if (used_.contains(attribute.key)) continue;
    if (attribute.value.type == otlp::Value::Type::string && attribute.value.text.size() > attribute_bytes) {
      content.push_back({llm::Slot::attribute, llm::Format::text, attribute.key, {}, attribute.value.text});
      continue;
    }
    row.attributes.emplace_back(attribute.key, repair_utf8(otlp::to_text(attribute.value)));
  }
  add_attributes(row.attributes, "resource.", resource.attributes);
  add_attributes(row.attributes, "scope.", scope.attributes);
  if (!scope.version.empty()) row.attributes.emplace_back("scope.version", repair_utf8(scope.version));
  if (span.status_code == 1) row.attributes.emplace_back("otel.status_code", "OK");
  add_state(row.attributes, reading_.content);
  keep_last(row.attributes);
  row.events = json_of_events(span, reading_), row.links = json_of_links(span);
  for (const auto& [name, value] : row.attributes) batch_.bytes += name.size() + value.size() + 16;
  batch_.bytes += row.events.size() + 512;

  auto& known = memory_.trace(project, trace);
  if (known.session.empty()) known.session = row.session;
  if (!content.empty()) {
    ContentRow carrier{
        .project = project, .trace = trace, .span = id, .at = near(row.start, received), .record = record};
    add_content(std::move(carrier), content, row.session.empty() ? known.session : row.session, received, &row);
  }
  if (pricer_) pricer_(row, reading_);
  return row;
}

SpanRow* Builder::row_here(ProjectId project, const Id128& trace, const Id128& span) {
  const auto here = span_at_.find(span_key(project, trace, span));
  return here == span_at_.end() ? nullptr : &batch_.spans[here->second];
}

namespace {

// Whether this piece is what llm::Seen::told is made of.
bool tells(const SpanRow& row, const llm::Content& piece) {
  constexpr std::size_t least_answer = 64;  // bytes: "yes" twice is no repetition
  if (row.kind == llm::Kind::tool) return piece.slot == llm::Slot::arguments;
  return row.kind == llm::Kind::llm && piece.slot == llm::Slot::output && piece.bytes.size() >= least_answer;
}

}  // namespace

void Builder::add_content(ContentRow carrier, const std::vector<llm::Content>& content, const std::string& session,
                          Nanos received, SpanRow* preview) {
  carrier.pieces.reserve(content.size());
  carrier.scope = session.empty() ? carrier.trace : hash128(session);
  for (const auto& piece : content) {
    const bool shared = (piece.slot == llm::Slot::system || piece.slot == llm::Slot::tool_definitions) &&
                        piece.bytes.size() >= shared_bytes;
    PieceRef ref{piece.slot,
                 piece.format,
                 repair_utf8(piece.key),
                 repair_utf8(piece.role),
                 shared ? Id128{} : carrier.scope,
                 body_hash(body_key_, piece.bytes),
                 static_cast<std::uint32_t>(piece.bytes.size())};
    if (preview != nullptr && tells(*preview, piece))
      preview->told = std::max(preview->told * 31 + static_cast<std::uint32_t>(ref.hash.low), 1U);
    const Id128 key = body_key_of(carrier.project, ref.scope, ref.hash);
    if (!memory_.knows_body(key) && batch_bodies_.insert(key).second) {
      batch_.new_bodies.push_back(key);
      batch_.bytes += piece.bytes.size() + 96;
      batch_.bodies.push_back({carrier.project, ref.scope, ref.hash, received, carrier.trace, carrier.span, piece.slot,
                               std::string(piece.bytes)});
      if (preview != nullptr && preview->preview.empty() && piece.slot == llm::Slot::input)
        preview->preview = words_of(piece);
    }
    carrier.pieces.push_back(std::move(ref));
  }
  batch_.contents.push_back(std::move(carrier));
}

void Builder::recount_traces() {
  // Rows grouped by trace without moving them: a row is large.
  std::vector<std::pair<Id128, SpanRow*>> order;
  order.reserve(batch_.spans.size());
  for (SpanRow& row : batch_.spans) order.emplace_back(Memory::key(row.project, row.trace), &row);
  std::ranges::sort(order);
  const Nanos now = clock_.monotonic();
  std::vector<SpanRow*> rows;
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    rows.clear();
    for (end = begin; end < order.size() && order[end].first == order[begin].first; ++end)
      rows.push_back(order[end].second);
    recount_rows(rows);
    for (SpanRow* row : rows) price_again(pricer_, *row);
    const SpanRow& first = *rows.front();
    auto& known = memory_.trace(first.project, first.trace);
    if (known.batch != 0) mark_dirty(first.project, first.trace);
    known.batch = batch_.number;
    known.news = now;
  }
}

Batch Builder::close(BatchNumber number) {
  batch_.number = number;
  if (runs_ != nullptr && shows_ended_) runs_->show_ended([this](const ShownRun& run) { put_run(run); });
  recount_traces();
  for (auto& row : batch_.spans) row.batch = number;
  for (auto& row : batch_.contents) row.batch = number;
  for (auto& row : batch_.bodies) row.batch = number;
  Batch out = std::move(batch_);
  batch_ = Batch{};
  batch_.spans.reserve(out.spans.size());  // rows are large: growing moves them all
  span_at_.clear();
  batch_bodies_.clear();
  batch_dirty_.clear();
  return out;
}

}  // namespace pawl::traces
