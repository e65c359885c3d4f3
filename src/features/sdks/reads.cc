// Pages of telemetry, and content as it was sent.
#include "reads.h"

#include "base/text.h"
#include "llm/messages.h"

namespace pawl::sdks {
namespace {

constexpr std::size_t most_cursors = 2000;
constexpr std::uint64_t most_skipped = 1000;  // rows in one step to a far page

template <typename C>
std::size_t at(C column) {
  return static_cast<std::size_t>(column);
}

ItemKey key_of(query::Grain grain, const native::Rows& rows, std::size_t i) {
  using query::SessionColumn, query::SpanColumn, query::TraceColumn;
  if (grain == query::Grain::span) return {rows.id(at(SpanColumn::trace), i), rows.id(at(SpanColumn::span), i), {}};
  if (grain == query::Grain::trace) return {rows.id(at(TraceColumn::trace), i), {}, {}};
  return {rows.id(at(SessionColumn::trace), i), {}, std::string(rows.text(at(SessionColumn::session), i))};
}

std::string cursor_name(ProjectId project, const ItemsAsked& asked, std::uint64_t limit, std::uint64_t page) {
  return fmt::format("{} {} {} {} {} {} {} {}", project, static_cast<int>(asked.grain), asked.filter, asked.range.from,
                     asked.range.to, asked.order, limit, page);
}

bool is_wanted(llm::Slot slot, bool output) {
  return output ? slot == llm::Slot::output || slot == llm::Slot::result
                : slot == llm::Slot::input || slot == llm::Slot::arguments;
}

std::string content_of(const traces::Loaded& loaded, const traces::SpanRow& row, bool output) {
  const auto found = loaded.content.find(traces::content_key(row.trace, row.span));
  if (found == loaded.content.end()) return "null";
  std::string whole, key;
  std::vector<llm::Piece> pieces;
  bool one_key = true;
  for (const auto& piece : found->second) {
    if (!is_wanted(piece.ref.slot, output) || piece.missing || piece.repeated) continue;
    if (pieces.empty()) key = piece.ref.key;
    one_key = one_key && key == piece.ref.key && piece.ref.format != llm::Format::key_values &&
              piece.ref.format != llm::Format::value;
    whole += piece.bytes;
    pieces.push_back({piece.ref.slot, piece.ref.format, piece.ref.key, piece.ref.role, piece.bytes});
  }
  if (pieces.empty()) return "null";
  if (one_key && check_json(whole)) return whole;
  if (one_key && pieces.size() == 1) return json_quote(whole);
  JsonWriter json;
  llm::write_messages(json, llm::parse_messages(pieces));
  return json.take();
}

}  // namespace

FilterText& FilterText::with(std::string_view name, std::string_view value, std::string_view op) {
  if (value.empty()) return *this;
  return add(fmt::format("{}{}{}", name, op, query::quoted(value)));
}

FilterText& FilterText::add(std::string_view term) {
  if (!text_.empty()) text_ += ' ';
  text_ += term;
  return *this;
}

Result<query::Filter> parse_filter(const std::string& text) {
  auto filter = query::Filter::parse(text);
  if (!filter) return fail(ErrorKind::invalid, "{} (in {})", filter.error().message, text);
  return std::move(*filter);
}

Result<query::Filter> FilterText::filter() const {
  return parse_filter(text_);
}

query::Range range_between(Nanos from, Nanos to, Nanos now) {
  // A day's grain keeps the ranges of following pages the same, so that their cursors are found.
  return {from, to != 0 ? to : (now / day + 2) * day};
}

Result<ItemsPage> page_after(Sdks::Inside& inside, warehouse::Warehouse& store, ProjectId project,
                             const ItemsAsked& asked, std::string cursor, std::uint64_t limit) {
  auto pager = TRY(query::Pager::create(project, {.grain = asked.grain,
                                                  .filter = TRY(parse_filter(asked.filter)),
                                                  .range = asked.range,
                                                  .order = asked.order,
                                                  .cursor = std::move(cursor),
                                                  .limit = static_cast<std::uint32_t>(limit),
                                                  .now = inside.clock.now()}));
  ItemsPage page;
  while (const auto statement = pager.next()) {
    auto answer = TRY(store.read(query::question(*statement)));
    const auto [rows, mine, values] = pager.read(std::move(answer.rows));
    for (const std::size_t i : mine) page.keys.push_back(key_of(asked.grain, *rows, i));
  }
  page.cursor = pager.cursor();
  return page;
}

Result<ItemsPage> page_at(Sdks::Inside& inside, warehouse::Warehouse& store, ProjectId project, const ItemsAsked& asked,
                          const Paging& paging) {
  std::string cursor;
  const auto known = [&](std::uint64_t number) -> std::optional<std::string> {
    const std::lock_guard lock(inside.mutex);
    const std::string name = cursor_name(project, asked, paging.limit, number);
    for (const auto& [page, value] : inside.cursors)
      if (page == name) return value;
    return std::nullopt;
  };
  if (paging.page > 1) {
    if (const auto left = known(paging.page)) {
      cursor = *left;
    } else {
      for (std::uint64_t skipped = 0; skipped < paging.offset();) {
        const auto step = std::min(most_skipped, paging.offset() - skipped);
        const auto before = TRY(page_after(inside, store, project, asked, cursor, step));
        skipped += step, cursor = before.cursor;
        if (cursor.empty()) return ItemsPage{};
      }
    }
  }
  auto page = TRY(page_after(inside, store, project, asked, cursor, paging.limit));
  if (page.cursor.empty()) return page;
  const std::lock_guard lock(inside.mutex);
  if (inside.cursors.size() >= most_cursors)
    inside.cursors.erase(inside.cursors.begin(), inside.cursors.begin() + 1000);
  inside.cursors.emplace_back(cursor_name(project, asked, paging.limit, paging.page + 1), page.cursor);
  return page;
}

Result<std::uint64_t> count_of(Sdks::Inside& inside, warehouse::Warehouse& store, ProjectId project,
                               const ItemsAsked& asked) {
  const std::string measure = asked.grain == query::Grain::span    ? "spans"
                              : asked.grain == query::Grain::trace ? "traces"
                                                                   : "sessions";
  const auto statement = TRY(query::compile(project, {.measures = {measure},
                                                      .dimensions = {},
                                                      .filter = TRY(parse_filter(asked.filter)),
                                                      .range = asked.range,
                                                      .grain = asked.grain,
                                                      .now = inside.clock.now()}));
  const auto answer = TRY(store.read(query::question(statement)));
  if (answer.rows.size() == 0 || answer.rows.is_null(0, 0)) return 0;
  return static_cast<std::uint64_t>(answer.rows.real(0, 0));
}

Result<traces::Loaded> load_span(warehouse::Warehouse& store, ProjectId project, std::string_view id) {
  const auto found = TRY(store.read(query::question(query::compile_find(project, id))));
  for (std::size_t i = 0; i < found.rows.size(); ++i) {
    if (found.rows.text(0, i) != "span") continue;
    auto loaded =
        TRY(traces::load(store, {.project = project, .traces = {found.rows.id(2, i)}, .span = found.rows.id(3, i)},
                         traces::With::content));
    if (!loaded.spans.empty()) return loaded;
  }
  return traces::Loaded{};
}

Result<traces::Loaded> load_traces(warehouse::Warehouse& store, ProjectId project, const std::vector<Id128>& keys,
                                   bool content) {
  if (keys.empty()) return traces::Loaded{};
  return traces::load(store, {.project = project, .traces = keys, .span = std::nullopt},
                      content ? traces::With::content : traces::With::spans);
}

std::string input_of(const traces::Loaded& loaded, const traces::SpanRow& row) {
  return content_of(loaded, row, false);
}

std::string output_of(const traces::Loaded& loaded, const traces::SpanRow& row) {
  return content_of(loaded, row, true);
}

std::string_view attribute(const traces::SpanRow& row, std::string_view name) {
  for (const auto& [key, value] : row.attributes)
    if (key == name) return value;
  return {};
}

void write_attributes(JsonWriter& json, const traces::SpanRow& row, std::string_view prefix) {
  json.object();
  for (const auto& [key, value] : row.attributes) {
    if (!key.starts_with(prefix)) continue;
    json.key(std::string_view(key).substr(prefix.size()));
    const bool is_value = !value.empty() && std::string_view("{[0123456789-tfn").contains(value.front());
    is_value&& check_json(value) ? json.raw(value) : json.value(value);
  }
  json.end();
}

double dollars(const traces::SpanRow& row) {
  return row.counted ? static_cast<double>(row.cost_or_reported().value_or(0)) / 1e12 : 0;
}

double seconds(Nanos duration) {
  return static_cast<double>(duration) / 1e9;
}

}  // namespace pawl::sdks
