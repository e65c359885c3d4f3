// The doors of wire/otlp.h, and what both walks share.
#include "wire/otlp.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "wire/otlp_parts.h"

namespace pawl::otlp {

Scratch::~Scratch() {
  if (keep_) return;
  for (const Block& block : blocks_) source_.deallocate(block.data, block.size, alignof(std::max_align_t));
}

char* Scratch::allocate(std::size_t bytes) {
  constexpr std::size_t unit = alignof(std::max_align_t);
  bytes = (bytes + unit - 1) / unit * unit;
  for (; at_.block < blocks_.size(); ++at_.block, at_.used = 0) {
    const Block& block = blocks_[at_.block];
    if (block.size - at_.used < bytes) continue;
    char* found = block.data + at_.used;
    at_.used += bytes;
    return found;
  }
  const std::size_t first = keep_ ? 256 : std::size_t{16} << 10U;
  const std::size_t next = blocks_.empty() ? first : std::min(blocks_.back().size * 2, std::size_t{1} << 20U);
  const std::size_t size = std::max(next, bytes);
  blocks_.push_back({static_cast<char*>(source_.allocate(size, unit)), size});
  at_ = {blocks_.size() - 1, bytes};
  return blocks_.back().data;
}

std::string_view Scratch::copy(std::string_view text) {
  if (text.empty()) return {};
  char* to = allocate(text.size());
  std::memcpy(to, text.data(), text.size());
  return {to, text.size()};
}

std::string Path::text() const {
  if (depth_ == 0) return "the body";
  std::string out;
  for (std::size_t i = 0; i < std::min(depth_, steps_.size()); ++i) {
    if (!out.empty()) out += '.';
    out += steps_[i].name;
    if (steps_[i].index != no_index) out += fmt::format("[{}]", steps_[i].index);
  }
  return out;
}

bool Tally::admit() {
  if (counts_.records + counts_.refused < limits_.records) return true;
  refuse("the request holds more records than one may (limit `records`)");
  return false;
}

void Tally::refuse(std::string_view why) {
  if (counts_.refused++ == 0) counts_.first_reason = why;
  if (visitor_ != nullptr) visitor_->refused(why);
}

Counts Tally::take() {
  if (counts_.refused > 1) counts_.first_reason += fmt::format(" (and {} more refused)", counts_.refused - 1);
  return std::move(counts_);
}

const Levels& levels_of(Signal signal) {
  static constexpr std::array<Levels, 3> levels = {{{"resourceSpans", "scopeSpans", "spans"},
                                                    {"resourceLogs", "scopeLogs", "logRecords"},
                                                    {"resourceMetrics", "scopeMetrics", "metrics"}}};
  return levels[static_cast<std::size_t>(signal)];
}

namespace {

bool all_zero(std::string_view id) {
  return std::ranges::all_of(id, [](char c) { return c == '\0'; });
}

void clear_unless_id(std::string_view& id, std::size_t size) {
  if (id.size() != size || all_zero(id)) id = {};
}

}  // namespace

Fault settle(Span& span) {
  if (span.trace_id.empty()) return {"traceId", "is missing"};
  if (span.trace_id.size() != 16) return {"traceId", "is not 16 bytes (32 hex digits)"};
  if (all_zero(span.trace_id)) return {"traceId", "is all zeros"};
  if (span.span_id.empty()) return {"spanId", "is missing"};
  if (span.span_id.size() != 8) return {"spanId", "is not 8 bytes (16 hex digits)"};
  if (all_zero(span.span_id)) return {"spanId", "is all zeros"};
  if (!span.parent_id.empty() && span.parent_id.size() != 8) return {"parentSpanId", "is not 8 bytes (16 hex digits)"};
  if (all_zero(span.parent_id)) span.parent_id = {};
  return {};
}

void settle(Link& link) {
  clear_unless_id(link.trace_id, 16);
  clear_unless_id(link.span_id, 8);
}

void settle(LogRecord& record, Scratch* scratch) {
  clear_unless_id(record.trace_id, 16);
  clear_unless_id(record.span_id, 8);
  if (record.time_ns == 0) record.time_ns = record.observed_ns;
  const Value* name = find(record.attributes, "event.name");
  if (name != nullptr && name->type == Value::Type::string && !name->text.empty()) {
    record.event_name = scratch == nullptr ? name->text : valid_utf8(name->text, *scratch);
  }
}

bool cut_text(Value& value, const Limits& limits) {
  if (value.text.size() <= limits.attribute_bytes) return false;
  value.text = value.type == Value::Type::string ? utf8_prefix(value.text, limits.attribute_bytes)
                                                 : value.text.substr(0, limits.attribute_bytes);
  return value.cut = true;
}

std::string_view valid_utf8(std::string_view text, Scratch& scratch) {
  const bool ascii = std::ranges::all_of(text, [](char c) { return static_cast<signed char>(c) >= 0; });
  if (ascii || is_utf8(text)) return text;
  return scratch.copy(repair_utf8(text));
}

const Value* find(Attributes attributes, std::string_view key) {
  for (std::size_t i = attributes.size(); i-- > 0;) {
    if (attributes[i].key == key) return &attributes[i].value;
  }
  return nullptr;
}

namespace {

void write(JsonWriter& json, const Value& value) {
  switch (value.type) {
    case Value::Type::empty:
      json.null();
      break;
    case Value::Type::string:
      json.value(value.text);
      break;
    case Value::Type::boolean:
      json.value(value.boolean);
      break;
    case Value::Type::integer:
      json.value(value.integer);
      break;
    case Value::Type::real:
      json.value(value.real);
      break;
    case Value::Type::bytes:
      json.value(to_base64(value.text));
      break;
    case Value::Type::array:
      json.array();
      for (const Value& item : value.items) write(json, item);
      json.end();
      break;
    case Value::Type::map:
      json.object();
      for (const KeyValue& field : value.fields) write(json.key(field.key), field.value);
      json.end();
      break;
  }
}

Result<Counts> walk(std::string_view body, Signal signal, Encoding encoding, const Limits& limits,
                    std::pmr::memory_resource& arena, Visitor& visitor) {
  Scratch scratch(arena, Scratch::Blocks::give_back);
  return encoding == Encoding::json ? walk_json(body, signal, limits, scratch, &visitor)
                                    : walk_protobuf(body, signal, limits, &scratch, &visitor);
}

bool is_json(std::string_view raw) {
  return raw.starts_with('{') || raw == "null";
}

}  // namespace

void append_json(std::string& out, const Value& value) {
  JsonWriter json;
  write(json, value);
  out += json.text();
}

std::string to_text(const Value& value) {
  switch (value.type) {
    case Value::Type::empty:
      return {};
    case Value::Type::string:
      return std::string(value.text);
    case Value::Type::bytes:
      return to_base64(value.text);
    case Value::Type::real:
      return fmt::format("{}", value.real);
    default: {
      std::string out;
      append_json(out, value);
      return out;
    }
  }
}

Result<Counts> walk_traces(std::string_view body, Encoding encoding, const Limits& limits,
                           std::pmr::memory_resource& arena, Visitor& visitor) {
  return walk(body, Signal::traces, encoding, limits, arena, visitor);
}

Result<Counts> walk_logs(std::string_view body, Encoding encoding, const Limits& limits,
                         std::pmr::memory_resource& arena, Visitor& visitor) {
  return walk(body, Signal::logs, encoding, limits, arena, visitor);
}

Result<Counts> walk_metrics(std::string_view body, Encoding encoding, const Limits& limits,
                            std::pmr::memory_resource& arena, Visitor& visitor) {
  return walk(body, Signal::metrics, encoding, limits, arena, visitor);
}

Result<Counts> check(std::string_view body, Signal signal, Encoding encoding, const Limits& limits) {
  if (encoding == Encoding::protobuf) return walk_protobuf(body, signal, limits, nullptr, nullptr);
  Scratch scratch(*std::pmr::new_delete_resource(), Scratch::Blocks::give_back);
  return walk_json(body, signal, limits, scratch, nullptr);
}

Result<KeyValue> parse_key_value(std::string_view raw, std::pmr::memory_resource& arena) {
  Scratch scratch(arena, Scratch::Blocks::keep);
  return is_json(raw) ? json_key_value(raw, scratch) : protobuf_key_value(raw, scratch);
}

Result<Value> parse_value(std::string_view raw, std::pmr::memory_resource& arena) {
  Scratch scratch(arena, Scratch::Blocks::keep);
  return is_json(raw) ? json_value(raw, scratch) : protobuf_value(raw, scratch);
}

}  // namespace pawl::otlp
