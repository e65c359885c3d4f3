// Rows to blocks and back.
#include "row.h"

#include <chrono>

#include "base/text.h"

namespace pawl::traces {
namespace {

using Columns = std::vector<native::Column*>;

struct ColumnName {
  const char *name, *type;
};

constexpr ColumnName span_names[] = {{"project", "UInt32"},
                                     {"minute", "UInt32"},
                                     {"trace", "UInt128"},
                                     {"span", "UInt128"},
                                     {"parent", "UInt128"},
                                     {"trace_id", "String"},
                                     {"span_id", "String"},
                                     {"parent_id", "String"},
                                     {"start", "DateTime64(9, 'UTC')"},
                                     {"duration", "Int64"},
                                     {"received", "DateTime64(3, 'UTC')"},
                                     {"kind", "Int8"},
                                     {"name", "String"},
                                     {"status", "Int8"},
                                     {"is_error", "UInt8"},
                                     {"error_type", "String"},
                                     {"error_message", "String"},
                                     {"noise", "UInt8"},
                                     {"framework_tool", "UInt8"},
                                     {"wrapper_usage", "UInt8"},
                                     {"clock", "UInt8"},
                                     {"session", "String"},
                                     {"user", "String"},
                                     {"agent", "String"},
                                     {"agent_version", "String"},
                                     {"team", "String"},
                                     {"task", "String"},
                                     {"outcome", "String"},
                                     {"customer", "String"},
                                     {"environment", "String"},
                                     {"service", "String"},
                                     {"tags", "Array(String)"},
                                     {"provider", "String"},
                                     {"model_requested", "String"},
                                     {"model", "String"},
                                     {"finish_reasons", "Array(String)"},
                                     {"ttft", "Nullable(Int64)"},
                                     {"prompt", "String"},
                                     {"prompt_version", "String"},
                                     {"tool", "String"},
                                     {"tool_call_id", "String"},
                                     {"handoff_from", "String"},
                                     {"handoff_to", "String"},
                                     {"response_id", "String"},
                                     {"tokens_input", "Nullable(Int64)"},
                                     {"tokens_cache_read", "Nullable(Int64)"},
                                     {"tokens_cache_write", "Nullable(Int64)"},
                                     {"tokens_output", "Nullable(Int64)"},
                                     {"tokens_reasoning", "Nullable(Int64)"},
                                     {"tokens_other", "Map(String, Int64)"},
                                     {"cost", "Nullable(Int64)"},
                                     {"cost_reported", "Nullable(Int64)"},
                                     {"price_row", "String"},
                                     {"cost_unknown", "UInt8"},
                                     {"attrs", "Map(String, String)"},
                                     {"preview", "String"},
                                     {"events", "String"},
                                     {"links", "String"},
                                     {"dialect", "String"},
                                     {"scope", "String"},
                                     {"counted", "UInt8"},
                                     {"not_counted", "Int8"},
                                     {"weight", "Float32"},
                                     {"record", "UInt128"},
                                     {"read_kind", "Int8"},
                                     {"read_session", "String"},
                                     {"read_user", "String"},
                                     {"read_agent", "String"},
                                     {"read_noise", "UInt8"},
                                     {"read_handoff_to", "String"},
                                     {"session_weak", "UInt8"},
                                     {"pieces", "UInt16"},
                                     {"spread", "UInt8"},
                                     {"told", "UInt32"},
                                     {"findings", "Array(String)"},
                                     {"waste", "String"},
                                     {"sign", "Int8"},
                                     {"batch", "UInt64"}};

constexpr ColumnName content_names[] = {
    {"project", "UInt32"},      {"scope", "UInt128"},           {"trace", "UInt128"},
    {"span", "UInt128"},        {"at", "DateTime64(9, 'UTC')"}, {"source", "Int8"},
    {"slots", "Array(UInt8)"},  {"formats", "Array(UInt8)"},    {"keys", "Array(String)"},
    {"roles", "Array(String)"}, {"scopes", "Array(UInt128)"},   {"hashes", "Array(UInt128)"},
    {"sizes", "Array(UInt32)"}, {"record", "UInt128"},          {"sign", "Int8"},
    {"batch", "UInt64"}};

constexpr ColumnName body_names[] = {
    {"project", "UInt32"}, {"scope", "UInt128"}, {"hash", "UInt128"}, {"at", "DateTime64(3, 'UTC')"},
    {"trace", "UInt128"},  {"span", "UInt128"},  {"slot", "UInt8"},   {"text", "String"},
    {"bytes", "String"},   {"batch", "UInt64"}};

template <std::size_t N>
Columns add_all(native::Block& block, const ColumnName (&names)[N]) {
  Columns columns;
  for (const auto& column : names) columns.push_back(&block.add(column.name, column.type));
  return columns;
}

template <std::size_t N>
std::string list(const ColumnName (&names)[N]) {
  std::string out;
  for (const auto& column : names) out += fmt::format("{}{}", out.empty() ? "" : ", ", column.name);
  return out;
}

// Hands out columns in order, so that adding a row reads like the table.
class Cursor {
 public:
  explicit Cursor(const Columns& columns) : columns_(columns) {}
  native::Column& next() { return *columns_[at_++]; }
  void texts(const std::vector<std::string>& values) {
    auto& column = next();
    for (const auto& value : values) column.element_text(value);
    column.end_array();
  }
  template <typename V>
  void map(const std::vector<std::pair<std::string, V>>& entries) {
    auto& column = next();
    for (const auto& [key, value] : entries) column.entry(key, value);
    column.end_array();
  }
  template <typename T, typename F>
  void numbers(const std::vector<PieceRef>& pieces, F get) {
    auto& column = next();
    for (const auto& piece : pieces) column.element_fixed<T>(static_cast<T>(get(piece)));
    column.end_array();
  }

 private:
  const Columns& columns_;
  std::size_t at_ = 0;
};

std::int8_t number(auto value) {
  return static_cast<std::int8_t>(value);
}
std::uint8_t flag(bool value) {
  return value ? 1 : 0;
}

// Reads a row's columns in order.
class Reader {
 public:
  Reader(const native::Rows& rows, std::size_t row) : rows_(rows), row_(row) {}
  std::int64_t integer() { return rows_.integer(at_++, row_); }
  bool flag() { return integer() != 0; }
  Id128 id() { return rows_.id(at_++, row_); }
  std::string text() { return std::string(rows_.text(at_++, row_)); }
  std::optional<std::int64_t> maybe() { return rows_.maybe(at_++, row_); }
  double real() { return rows_.real(at_++, row_); }
  template <typename T>
  T enumerator() {
    return static_cast<T>(integer());
  }
  std::vector<std::string> texts() {
    const auto views = rows_.texts(at_++, row_);
    return {views.begin(), views.end()};
  }
  std::vector<std::string_view> views() { return rows_.texts(at_++, row_); }
  std::vector<std::int64_t> integers() { return rows_.integers(at_++, row_); }
  std::vector<Id128> ids() { return rows_.ids(at_++, row_); }
  std::vector<std::pair<std::string, std::string>> map() {
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& [key, value] : rows_.map(at_++, row_)) out.emplace_back(key, value);
    return out;
  }
  std::vector<std::pair<std::string, std::int64_t>> numbers() {
    const auto& data = rows_.data(at_++);
    std::vector<std::pair<std::string, std::int64_t>> out;
    for (std::size_t i = row_ == 0 ? 0 : data.offsets[row_ - 1]; i < data.offsets[row_]; ++i) {
      out.emplace_back(data.inner[0].texts[i], data.inner[1].integers[i]);
    }
    return out;
  }
  void skip() { ++at_; }

 private:
  const native::Rows& rows_;
  std::size_t row_, at_ = 0;
};

std::string shown(const std::string& own, const Id128& key, std::size_t digits) {
  return own.empty() ? to_hex(key).substr(32 - digits) : own;
}

}  // namespace

std::string SpanRow::shown_trace_id() const {
  return shown(trace_id, trace, 32);
}
std::string SpanRow::shown_span_id() const {
  return shown(span_id, span, 16);
}
std::string SpanRow::shown_parent_id() const {
  return parent ? shown(parent_id, parent, 16) : std::string();
}

std::int64_t SpanRow::tokens() const {
  return tokens_input.value_or(0) + tokens_cache_read.value_or(0) + tokens_cache_write.value_or(0) +
         tokens_output.value_or(0) + tokens_reasoning.value_or(0);
}

std::uint32_t minute_of(const SpanRow& row) {
  const Nanos clamped = std::clamp(row.start, row.received - longest_ago, row.received + day);
  return static_cast<std::uint32_t>(std::max<Nanos>(clamped, 0) / minute);
}

std::uint32_t partition_of(const SpanRow& row) {
  using namespace std::chrono;
  const year_month_day date{floor<days>(sys_time<minutes>(minutes(minute_of(row))))};
  return static_cast<std::uint32_t>(static_cast<int>(date.year())) * 100 + static_cast<unsigned>(date.month());
}

SpanBlock::SpanBlock() : columns_(add_all(block_, span_names)) {}

void SpanBlock::add(const SpanRow& row) {
  Cursor c(columns_);
  c.next().fixed(row.project);
  c.next().fixed(minute_of(row));
  c.next().id(row.trace), c.next().id(row.span), c.next().id(row.parent);
  c.next().text(row.trace_id), c.next().text(row.span_id), c.next().text(row.parent_id);
  c.next().fixed(row.start), c.next().fixed(row.duration), c.next().fixed(row.received / millisecond);
  c.next().fixed(number(row.kind));
  c.next().text(row.name);
  c.next().fixed(number(row.status)), c.next().fixed(flag(row.is_error));
  c.next().text(row.error_type), c.next().text(row.error_message);
  c.next().fixed(flag(row.noise)), c.next().fixed(flag(row.framework_tool));
  c.next().fixed(flag(row.wrapper_usage)), c.next().fixed(flag(row.clock));
  for (const auto* text : {&row.session, &row.user, &row.agent, &row.agent_version, &row.team, &row.task, &row.outcome,
                           &row.customer, &row.environment, &row.service}) {
    c.next().text(*text);
  }
  c.texts(row.tags);
  c.next().text(row.provider), c.next().text(row.model_requested), c.next().text(row.model);
  c.texts(row.finish_reasons);
  c.next().nullable(row.ttft);
  for (const auto* text : {&row.prompt, &row.prompt_version, &row.tool, &row.tool_call_id, &row.handoff_from,
                           &row.handoff_to, &row.response_id}) {
    c.next().text(*text);
  }
  for (const auto* tokens : {&row.tokens_input, &row.tokens_cache_read, &row.tokens_cache_write, &row.tokens_output,
                             &row.tokens_reasoning}) {
    c.next().nullable(*tokens);
  }
  c.map(row.tokens_other);
  c.next().nullable(row.cost), c.next().nullable(row.cost_reported);
  c.next().text(row.price_row), c.next().fixed(flag(row.cost_unknown));
  c.map(row.attributes);
  c.next().text(row.preview), c.next().text(row.events), c.next().text(row.links), c.next().text(row.dialect),
      c.next().text(row.scope);
  c.next().fixed(flag(row.counted)), c.next().fixed(number(row.not_counted)), c.next().fixed(row.weight);
  c.next().id(row.record);
  c.next().fixed(number(row.read_kind));
  c.next().text(row.read_session), c.next().text(row.read_user), c.next().text(row.read_agent);
  c.next().fixed(flag(row.read_noise)), c.next().text(row.read_handoff_to);
  c.next().fixed(flag(row.session_weak)), c.next().fixed(row.pieces), c.next().fixed(row.spread);
  c.next().fixed(row.told), c.texts(row.findings), c.next().text(row.waste);
  c.next().fixed(row.sign), c.next().fixed(row.batch);
}

std::string_view span_columns() {
  static const std::string columns = [] {
    std::string out = list(span_names);
    for (const char* name : {"kind", "status", "not_counted", "read_kind"}) {  // as numbers
      const auto at = out.find(fmt::format(", {},", name));
      out.replace(at + 2, std::strlen(name), fmt::format("toInt8({0}) AS {0}_", name));
    }
    return out;
  }();
  return columns;
}

SpanRow read_span_row(const native::Rows& rows, std::size_t index) {
  Reader r(rows, index);
  SpanRow row;
  row.project = static_cast<ProjectId>(r.integer());
  r.skip();
  row.trace = r.id(), row.span = r.id(), row.parent = r.id();
  row.trace_id = r.text(), row.span_id = r.text(), row.parent_id = r.text();
  row.start = r.integer(), row.duration = r.integer(), row.received = r.integer() * millisecond;
  row.kind = r.enumerator<llm::Kind>();
  row.name = r.text();
  row.status = r.enumerator<llm::Status>(), row.is_error = r.flag();
  row.error_type = r.text(), row.error_message = r.text();
  row.noise = r.flag(), row.framework_tool = r.flag(), row.wrapper_usage = r.flag(), row.clock = r.flag();
  for (auto* text : {&row.session, &row.user, &row.agent, &row.agent_version, &row.team, &row.task, &row.outcome,
                     &row.customer, &row.environment, &row.service}) {
    *text = r.text();
  }
  row.tags = r.texts();
  row.provider = r.text(), row.model_requested = r.text(), row.model = r.text();
  row.finish_reasons = r.texts();
  row.ttft = r.maybe();
  for (auto* text : {&row.prompt, &row.prompt_version, &row.tool, &row.tool_call_id, &row.handoff_from, &row.handoff_to,
                     &row.response_id}) {
    *text = r.text();
  }
  for (auto* tokens : {&row.tokens_input, &row.tokens_cache_read, &row.tokens_cache_write, &row.tokens_output,
                       &row.tokens_reasoning}) {
    *tokens = r.maybe();
  }
  row.tokens_other = r.numbers();
  row.cost = r.maybe(), row.cost_reported = r.maybe();
  row.price_row = r.text(), row.cost_unknown = r.flag();
  row.attributes = r.map();
  row.preview = r.text(), row.events = r.text(), row.links = r.text(), row.dialect = r.text(), row.scope = r.text();
  row.counted = r.flag(), row.not_counted = r.enumerator<llm::NotCounted>();
  row.weight = static_cast<float>(r.real());
  row.record = r.id();
  row.read_kind = r.enumerator<llm::Kind>();
  row.read_session = r.text(), row.read_user = r.text(), row.read_agent = r.text();
  row.read_noise = r.flag(), row.read_handoff_to = r.text();
  row.session_weak = r.flag(), row.pieces = static_cast<std::uint16_t>(r.integer());
  row.spread = static_cast<std::uint8_t>(r.integer());
  row.told = static_cast<std::uint32_t>(r.integer()), row.findings = r.texts(), row.waste = r.text();
  row.sign = static_cast<std::int8_t>(r.integer()), row.batch = static_cast<BatchNumber>(r.integer());
  return row;
}

ContentBlock::ContentBlock() : columns_(add_all(block_, content_names)) {}

void ContentBlock::add(const ContentRow& row) {
  Cursor c(columns_);
  c.next().fixed(row.project);
  c.next().id(row.scope), c.next().id(row.trace), c.next().id(row.span);
  c.next().fixed(row.at), c.next().fixed(number(row.from_log));
  c.numbers<std::uint8_t>(row.pieces, [](const PieceRef& piece) { return piece.slot; });
  c.numbers<std::uint8_t>(row.pieces, [](const PieceRef& piece) { return piece.format; });
  auto& keys = c.next();
  for (const auto& piece : row.pieces) keys.element_text(piece.key);
  keys.end_array();
  auto& roles = c.next();
  for (const auto& piece : row.pieces) roles.element_text(piece.role);
  roles.end_array();
  auto& scopes = c.next();
  for (const auto& piece : row.pieces) scopes.element_id(piece.scope);
  scopes.end_array();
  auto& hashes = c.next();
  for (const auto& piece : row.pieces) hashes.element_id(piece.hash);
  hashes.end_array();
  c.numbers<std::uint32_t>(row.pieces, [](const PieceRef& piece) { return piece.size; });
  c.next().id(row.record), c.next().fixed(row.sign), c.next().fixed(row.batch);
}

std::string_view content_columns() {
  static const std::string columns = [] {
    std::string out = list(content_names);
    out.replace(out.find(" source,") + 1, 6, "toInt8(source) AS source_");
    return out;
  }();
  return columns;
}

ContentRow read_content_row(const native::Rows& rows, std::size_t index) {
  Reader r(rows, index);
  ContentRow row;
  row.project = static_cast<ProjectId>(r.integer());
  row.scope = r.id(), row.trace = r.id(), row.span = r.id();
  row.at = r.integer(), row.from_log = r.flag();
  const auto slots = r.integers(), formats = r.integers();
  const auto keys = r.views(), roles = r.views();
  const auto scopes = r.ids(), hashes = r.ids();
  const auto sizes = r.integers();
  for (std::size_t i = 0; i < slots.size(); ++i) {
    row.pieces.push_back({static_cast<llm::Slot>(slots[i]), static_cast<llm::Format>(formats[i]), std::string(keys[i]),
                          std::string(roles[i]), scopes[i], hashes[i], static_cast<std::uint32_t>(sizes[i])});
  }
  row.record = r.id();
  row.sign = static_cast<std::int8_t>(r.integer()), row.batch = static_cast<BatchNumber>(r.integer());
  return row;
}

BodyBlock::BodyBlock() : columns_(add_all(block_, body_names)) {}

bool is_searched(llm::Slot slot) {
  return slot == llm::Slot::input || slot == llm::Slot::output || slot == llm::Slot::arguments ||
         slot == llm::Slot::result;
}

void BodyBlock::add(const BodyRow& row) {
  Cursor c(columns_);
  c.next().fixed(row.project);
  c.next().id(row.scope), c.next().id(row.hash);
  c.next().fixed(row.at / millisecond);
  c.next().id(row.trace), c.next().id(row.span);
  c.next().fixed(static_cast<std::uint8_t>(row.slot));
  const bool searched = is_searched(row.slot);
  c.next().text(searched ? row.bytes : ""), c.next().text(searched ? "" : row.bytes);
  c.next().fixed(row.batch);
}

}  // namespace pawl::traces
