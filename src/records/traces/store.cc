// Traces in and out of the warehouse.
#include "store.h"

#include <algorithm>
#include <future>
#include <numeric>
#include <ranges>

#include "base/text.h"
#include "blocks.h"
#include "history.h"
#include "late.h"
#include "schema.h"

namespace pawl::traces {
namespace {

constexpr TableInfo tables[] = {{"bodies", bodies_ddl}, {"span_content", content_ddl}, {"logs", logs_ddl},
                                {"points", points_ddl}, {"spans", spans_ddl},          {"scores", scores_ddl}};
// Those that batches are written to.
constexpr auto of_batches = std::span(tables).first(std::size(tables) - 1);

constexpr std::string_view trial_prefix = "trial_";

std::string decimals(const std::vector<Id128>& ids) {
  std::string out = "[";
  for (const auto& id : ids) out += (out.size() > 1 ? "," : "") + to_decimal(id);
  return out + "]";
}

std::uint32_t month_of(Nanos time) {
  using namespace std::chrono;
  const year_month_day date{floor<days>(sys_time<nanoseconds>(nanoseconds(time)))};
  return static_cast<std::uint32_t>(static_cast<int>(date.year())) * 100 + static_cast<unsigned>(date.month());
}

// Bodies first, spans last, into the tables or into those on trial.
Result<void> insert_into(Warehouse& warehouse, std::string_view prefix, const Batch& batch, const Held& held) {
  const auto name = [&](std::string_view table) { return fmt::format("{}{}", prefix, table); };
  BodyBlock bodies;
  for (const auto& row : batch.bodies) {
    if (!held.contains(held_name("bodies", batch.number, monday_of(row.at)))) bodies.add(row);
  }
  TRY(warehouse.insert(name("bodies"), bodies.block()));
  ContentBlock contents;
  for (const auto& row : batch.contents) {
    if (!held.contains(held_name("span_content", batch.number, month_of(row.at)))) contents.add(row);
  }
  TRY(warehouse.insert(name("span_content"), contents.block()));
  TRY(warehouse.insert(name("logs"), log_block(batch, held)));
  TRY(warehouse.insert(name("points"), point_block(batch, held)));
  SpanBlock spans;
  for (const auto& row : batch.spans) {
    if (!held.contains(held_name("spans", batch.number, partition_of(row)))) spans.add(row);
  }
  return warehouse.insert(name("spans"), spans.block());
}

Result<Held> held_where(Warehouse& warehouse, std::string_view compare, BatchNumber batch) {
  Held held;
  for (const auto& table : of_batches) {
    const auto answer = TRY(warehouse.read(
        {.sql = fmt::format(
             "SELECT DISTINCT batch, replaceAll(_partition_id, '-', '') FROM {} WHERE batch {} {{batch:UInt64}}",
             table.name, compare),
         .parameters = {{"batch", fmt::format("{}", batch)}},
         .deadline = 10 * minute}));
    for (std::size_t i = 0; i < answer.rows.size(); ++i) {
      held.insert(fmt::format("{}/{}/{}", table.name, answer.rows.integer(0, i), answer.rows.text(1, i)));
    }
  }
  return held;
}

std::string content_where(const Selection& selection) {
  return fmt::format("project = {{project:UInt32}} AND trace IN {{traces:Array(UInt128)}}{}{}",
                     selection.span ? " AND span = {span:UInt128}" : "",
                     selection.slot ? fmt::format(" AND has(slots, {})", static_cast<int>(*selection.slot)) : "");
}

std::vector<warehouse::Parameter> content_parameters(const Selection& selection) {
  return {{"project", fmt::format("{}", selection.project)},
          {"traces", decimals(selection.traces)},
          {"span", to_decimal(selection.span.value_or(Id128{}))}};
}

constexpr std::size_t most_named_bodies = 2000;  // more are found by a second look into span_content

// The carriers of a selection's content, as they were stored.
Result<warehouse::Answer> read_carriers(Warehouse& warehouse, const Selection& selection) {
  return warehouse.read({.sql = fmt::format("SELECT {} FROM span_content WHERE {} ORDER BY at, source_, batch",
                                            content_columns(), content_where(selection)),
                         .parameters = content_parameters(selection)});
}

// Each carrier once, without what an earlier version of its span brought.
std::vector<ContentRow> carriers_of(const warehouse::Answer& answer, const Selection& selection, const Loaded& loaded) {
  std::vector<ContentRow> carriers;
  std::set<std::pair<Id128, Id128>> seen;   // (record, span): a carrier that was stored twice
  std::unordered_map<Id128, Id128> stands;  // span → its record: what an earlier version of it brought is not shown
  for (const auto& row : loaded.spans) stands[content_key(row.trace, row.span)] = row.record;
  for (std::size_t i = 0; i < answer.rows.size(); ++i) {
    auto row = read_content_row(answer.rows, i);
    const auto record = stands.find(content_key(row.trace, row.span));
    if (!row.from_log && record != stands.end() && record->second != row.record) continue;
    if (!seen.emplace(row.record, row.span).second) continue;
    if (selection.slot) std::erase_if(row.pieces, [&](const PieceRef& ref) { return ref.slot != *selection.slot; });
    carriers.push_back(std::move(row));
  }
  return carriers;
}

// Where to look for what spans refer to: nearly all of it came around when they were received, the most of the rest in
// the day before (a session repeats itself); then everywhere.
std::vector<std::string> times_of(const std::vector<SpanRow>& spans) {
  if (spans.empty()) return {""};
  const auto [first, last] = std::ranges::minmax(spans, {}, &SpanRow::received);
  std::vector<std::string> out;
  for (const Nanos before : {hour, day})
    out.push_back(fmt::format(" AND at >= toDateTime64({}, 3, 'UTC') AND at < toDateTime64({}, 3, 'UTC')",
                              std::max<Nanos>(0, first.received - before) / second, (last.received + hour) / second));
  out.emplace_back();
  return out;
}

// The bytes that these carriers refer to, by scope and hash.
Result<std::unordered_map<Id128, std::string_view>> bodies_of(Warehouse& warehouse, const Selection& selection,
                                                              const std::vector<ContentRow>& carriers, Loaded& loaded) {
  std::unordered_map<Id128, std::string_view> found;
  std::set<std::pair<Id128, Id128>> wanted;  // (scope, hash)
  for (const auto& carrier : carriers)
    for (const auto& ref : carrier.pieces) wanted.emplace(ref.scope, ref.hash);
  if (wanted.empty()) return found;
  const auto read = [&](const std::string& when) -> Result<void> {
    std::string keys = "[", which = "{keys:Array(Tuple(UInt128, UInt128))}";
    if (wanted.size() > most_named_bodies)
      which = fmt::format("(SELECT arrayJoin(arrayZip(scopes, hashes)) FROM span_content WHERE {})",
                          content_where(selection));
    else
      for (const auto& [scope, hash] : wanted)
        keys += fmt::format("{}({},{})", keys.size() > 1 ? "," : "", to_decimal(scope), to_decimal(hash));
    auto named = content_parameters(selection);
    named.push_back({"keys", keys + "]"});
    auto bodies = TRY(warehouse.read(
        {.sql = fmt::format("SELECT scope, hash, any(if(empty(bytes), text, bytes)) FROM bodies WHERE project = "
                            "{{project:UInt32}}{} AND (scope, hash) IN {} GROUP BY scope, hash",
                            when, which),
         .parameters = std::move(named)}));
    loaded.rows_read += bodies.rows_read;
    for (std::size_t i = 0; i < bodies.rows.size(); ++i) {
      const auto& bytes = loaded.bodies.emplace_back(std::make_unique<std::string>(bodies.rows.text(2, i)));
      const Id128 scope = bodies.rows.id(0, i), hash = bodies.rows.id(1, i);
      found[content_key(scope, hash)] = *bytes;
      wanted.erase({scope, hash});
    }
    return {};
  };
  for (const auto& when : times_of(loaded.spans))
    if (!wanted.empty()) TRY(read(when));
  return found;
}

Result<void> load_content(Warehouse& warehouse, const Selection& selection, const warehouse::Answer& answer, With with,
                          Loaded& loaded) {
  loaded.rows_read += answer.rows_read;
  auto carriers = carriers_of(answer, selection, loaded);
  std::unordered_map<Id128, std::string_view> found;
  if (with == With::content) found = TRY(bodies_of(warehouse, selection, carriers, loaded));
  std::unordered_map<Id128, std::set<llm::Slot>> told;  // by the span itself
  for (const auto& carrier : carriers) {
    for (const auto& ref : carrier.pieces) {
      if (!carrier.from_log) told[content_key(carrier.trace, carrier.span)].insert(ref.slot);
    }
  }
  for (auto& carrier : carriers) {
    const Id128 key = content_key(carrier.trace, carrier.span);
    auto& pieces = loaded.content[key];
    for (auto& ref : carrier.pieces) {
      const auto body = found.find(content_key(ref.scope, ref.hash));
      const bool missing = body == found.end() && with == With::content,
                 repeated = carrier.from_log && told[key].contains(ref.slot);
      pieces.push_back({std::move(ref), body == found.end() ? std::string_view() : body->second, missing, repeated});
    }
  }
  return {};
}

// In order of start. The order is made here and the older of the engine's two planners is asked: of 80 plain columns
// planning is half the time, and both make it less (docs/budget.md).
// `alone`: only the rows of the selected span.
Result<std::vector<SpanRow>> read_spans(Warehouse& warehouse, const Selection& selection, bool alone,
                                        std::uint64_t& rows_read) {
  const std::string select =
      fmt::format("SELECT {} FROM spans WHERE project = {{project:UInt32}} AND trace IN {{traces:Array(UInt128)}}{}",
                  span_columns(), alone ? " AND span = {span:UInt128}" : "");
  const auto read = [&](const std::string& rest) {
    return warehouse.read({.sql = select + rest, .parameters = content_parameters(selection)});
  };
  auto answer = TRY(read(fmt::format(" LIMIT {} SETTINGS enable_analyzer = 0", std::uint64_t{selection.limit} + 1)));
  rows_read += answer.rows_read;
  if (answer.rows.size() > selection.limit) {  // the first of them
    answer = TRY(read(fmt::format(" ORDER BY start LIMIT {}", selection.limit)));
    rows_read += answer.rows_read;
  }
  std::vector<SpanRow> rows;
  rows.reserve(answer.rows.size());
  for (std::size_t i = 0; i < answer.rows.size(); ++i) rows.push_back(read_span_row(answer.rows, i));
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(rows[i].start, i); });
  std::vector<SpanRow> sorted;
  sorted.reserve(rows.size());
  for (const std::size_t i : order) sorted.push_back(std::move(rows[i]));
  return sorted;
}

// A trace that is not read whole for one of its spans: what is stored was recounted, but for what just came.
constexpr std::int64_t most_recounted = 5000;
Result<bool> is_large(Warehouse& warehouse, const Selection& selection) {
  const auto answer = TRY(warehouse.read(
      {.sql =
           "SELECT toInt64(count()) FROM spans WHERE project = {project:UInt32} AND trace IN {traces:Array(UInt128)}",
       .parameters = content_parameters(selection)}));
  return answer.rows.integer(0, 0) > most_recounted;
}

// What spans of one trace brought themselves.
Result<std::vector<ContentRow>> read_contents(Warehouse& warehouse, ProjectId project, const Id128& trace,
                                              const std::vector<Id128>& spans) {
  const auto answer = TRY(warehouse.read(
      {.sql = fmt::format("SELECT {} FROM span_content WHERE project = {{project:UInt32}} AND trace = "
                          "{{trace:UInt128}} AND span IN {{spans:Array(UInt128)}} ORDER BY batch",
                          content_columns()),
       .parameters = {
           {"project", fmt::format("{}", project)}, {"trace", to_decimal(trace)}, {"spans", decimals(spans)}}}));
  std::vector<ContentRow> rows;
  for (std::size_t i = 0; i < answer.rows.size(); ++i) rows.push_back(read_content_row(answer.rows, i));
  std::erase_if(rows, [](const ContentRow& row) { return row.from_log; });
  return rows;
}

// Rows of spans to which late pieces of their runs came: what they are together.
Result<std::vector<Together>> put_late(Warehouse& warehouse, ProjectId project, const Id128& trace,
                                       const std::vector<SpanRow>& standing, const std::vector<SpanRow>& stale) {
  std::vector<Versions> late;
  std::vector<Id128> spans;
  for (const SpanRow& row : standing) {
    Versions versions;
    for (const SpanRow& older : stale)
      if (older.span == row.span) versions.rows.push_back(&older);
    versions.rows.push_back(&row);
    if (!versions.have_late()) continue;
    late.push_back(std::move(versions));
    spans.push_back(row.span);
  }
  std::vector<Together> out;
  if (late.empty()) return out;
  const auto contents = TRY(read_contents(warehouse, project, trace, spans));
  for (const auto& versions : late) out.push_back(put_together(versions, contents));
  return out;
}

}  // namespace

Id128 content_key(const Id128& trace, const Id128& span) {
  return {trace.high ^ (span.high * 3), trace.low ^ ((span.low << 1U) | (span.low >> 63U))};
}

std::span<const TableInfo> described_tables() {
  return tables;
}

Result<void> create_tables(Warehouse& warehouse) {
  const Log quiet(Log::Format::text, Level::warn);
  for (const auto& step : TRY(warehouse::migrate(warehouse, schema(), "", quiet)))
    TRY(warehouse::rebuild(warehouse, schema(), step, "", {}, quiet));
  return {};
}

std::string backup_tables() {
  std::string out;
  for (const auto& table : tables) out += fmt::format("TABLE {}, ", table.name);
  return out + fmt::format("TABLE {}", warehouse::schema_table);
}

Result<Held> held_above(Warehouse& warehouse, BatchNumber checkpoint) {
  return held_where(warehouse, ">", checkpoint);
}
Result<Held> held_of(Warehouse& warehouse, BatchNumber batch) {
  return held_where(warehouse, "=", batch);
}

Result<BatchNumber> last_batch(Warehouse& warehouse) {
  BatchNumber last = 0;
  for (const auto& table : of_batches) {
    const auto answer = TRY(warehouse.read(
        {.sql = fmt::format("SELECT max(batch) FROM {}", table.name), .parameters = {}, .deadline = minute}));
    if (answer.rows.size() == 1) last = std::max(last, static_cast<BatchNumber>(answer.rows.integer(0, 0)));
  }
  return last;
}

Result<void> insert(Warehouse& warehouse, const Batch& batch, const Held& held) {
  return insert_into(warehouse, "", batch, held);
}

Result<void> insert_on_trial(Warehouse& warehouse, const Batch& batch) {
  return insert_into(warehouse, trial_prefix, batch, {});
}

Result<void> make_trial_table(Warehouse& warehouse, std::string_view table) {
  const auto* const of = std::ranges::find(tables, table, &TableInfo::name);
  const std::string name = fmt::format("{}{}", trial_prefix, table);
  std::string ddl(of->ddl);
  ddl.replace(ddl.find(table), table.size(), name);
  const auto made = [&]() -> Result<void> {
    TRY(warehouse.run(fmt::format("DROP TABLE IF EXISTS {} SYNC", name)));
    TRY(warehouse.run(ddl));
    return warehouse.run(fmt::format("INSERT INTO {} (project) VALUES (0)", name));
  }();
  if (!made) return fail(ErrorKind::unavailable, "{}", made.error().what);
  return {};
}

Result<void> drop_trial_table(Warehouse& warehouse, std::string_view table) {
  return warehouse.run(fmt::format("DROP TABLE IF EXISTS {}{} SYNC", trial_prefix, table));
}

std::vector<std::size_t> recount_rows(std::span<SpanRow* const> rows) {
  std::vector<llm::Fact> facts;
  facts.reserve(rows.size());
  for (const SpanRow* row : rows) facts.push_back(fact_of(*row));
  auto verdicts = llm::recount(facts);
  std::vector<std::string> texts;  // a verdict's views may point into the rows that it is applied to
  texts.reserve(verdicts.size() * (5 + std::size(llm::whose_fields)));
  for (auto& verdict : verdicts) {
    for (auto* view : {&verdict.session, &verdict.user, &verdict.agent, &verdict.handoff_to, &verdict.model})
      *view = texts.emplace_back(*view);
    for (const auto field : llm::whose_fields) verdict.whose.*field = texts.emplace_back(verdict.whose.*field);
  }
  std::vector<bool> news(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    news[i] = apply(verdicts[i], *rows[i]);
    const bool names = rows[i]->kind == llm::Kind::llm && rows[i]->counted && rows[i]->model.empty();
    if (names && !verdicts[i].model.empty()) {
      rows[i]->model = verdicts[i].model;
      news[i] = rows[i]->unpriced = true;
    }
  }
  mark_findings(rows, news);
  std::vector<std::size_t> changed;
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (news[i]) changed.push_back(i);
  return changed;
}

std::vector<std::size_t> recount_rows(std::vector<SpanRow>& rows) {
  std::vector<SpanRow*> pointers;
  pointers.reserve(rows.size());
  for (SpanRow& row : rows) pointers.push_back(&row);
  return recount_rows(pointers);
}

Result<Loaded> load(Warehouse& warehouse, const Selection& selection, With with) {
  Loaded loaded;
  std::future<Result<warehouse::Answer>>
      carriers;  // beside the spans: two small questions, two of the engine's readers
  if (with != With::spans)
    carriers = std::async(std::launch::async, [&] { return read_carriers(warehouse, selection); });
  const bool alone = selection.span && (with == With::references || TRY(is_large(warehouse, selection)));
  auto rows = TRY(read_spans(warehouse, selection, alone, loaded.rows_read));
  std::unordered_map<Id128, std::vector<SpanRow>> by_trace;
  for (auto& row : rows) by_trace[row.trace].push_back(std::move(row));
  for (const auto& trace : selection.traces) {
    const auto found = by_trace.find(trace);
    if (found == by_trace.end()) continue;
    settle(found->second);
    if (!alone) recount_rows(found->second);
    for (auto& row : found->second) {
      if (!selection.span || row.span == *selection.span) loaded.spans.push_back(std::move(row));
    }
    by_trace.erase(found);
  }
  if (with != With::spans && !loaded.spans.empty())
    TRY(load_content(warehouse, selection, TRY(carriers.get()), with, loaded));
  return loaded;
}

Result<std::vector<std::pair<Id128, std::string>>> traces_of_spans(Warehouse& warehouse, ProjectId project,
                                                                   const std::vector<Id128>& spans) {
  const auto answer = TRY(warehouse.read(
      {.sql = "SELECT span, any(trace), any(trace_id) FROM spans WHERE project = {project:UInt32} AND span IN "
              "{spans:Array(UInt128)} GROUP BY span HAVING sum(sign) > 0",
       .parameters = {{"project", fmt::format("{}", project)}, {"spans", decimals(spans)}}}));
  std::vector<std::pair<Id128, std::string>> out;
  for (std::size_t i = 0; i < answer.rows.size(); ++i) {
    SpanRow row;
    row.trace = answer.rows.id(1, i), row.trace_id = answer.rows.text(2, i);
    out.emplace_back(answer.rows.id(0, i), row.shown_trace_id());
  }
  return out;
}

Result<Corrections> corrections(Warehouse& warehouse, ProjectId project, const std::vector<Id128>& traces,
                                const std::vector<Patch>& patches, BatchNumber number,
                                const std::function<bool(SpanRow&)>& change, const Pricer& pricer) {
  std::uint64_t rows_read = 0;
  auto rows = TRY(read_spans(
      warehouse, {.project = project, .traces = traces, .span = std::nullopt, .limit = 10'000'000}, false, rows_read));
  std::unordered_map<Id128, std::vector<SpanRow>> by_trace;
  for (auto& row : rows) by_trace[row.trace].push_back(std::move(row));
  Corrections out;
  out.found.resize(patches.size());
  auto take_back = [&](SpanRow row) {
    row.sign = -1, row.batch = number;
    out.pairs.push_back(std::move(row));
  };
  for (auto& [trace, spans] : by_trace) {
    auto repeats = settle(spans);
    std::vector<SpanRow> wanted = spans;
    std::set<std::size_t> changed;
    for (auto& together : TRY(put_late(warehouse, project, trace, spans, repeats))) {
      const auto stands = std::ranges::find(wanted, together.row.span, &SpanRow::span);
      changed.insert(static_cast<std::size_t>(stands - wanted.begin()));
      out.changed += together.merged;
      if (together.content) {
        together.content->batch = number;
        out.contents.push_back(std::move(*together.content));
      }
      *stands = std::move(together.row);
    }
    for (auto& stale : repeats) {
      const auto stands = std::ranges::find(spans, stale.span, &SpanRow::span);
      const auto at = static_cast<std::size_t>(stands - spans.begin());
      // Log records may have told the earlier of two equal rows more than the span itself says.
      const bool knows = is_told(stale) || stale.record == wanted[at].record;
      if (knows && give_way(stale, wanted[at])) changed.insert(at);
      if (!mark_of(stale.record))  // pieces of a run were counted when they were folded
        ++(stands->record == stale.record ? out.same : out.changed);
      take_back(std::move(stale));
    }
    for (std::size_t p = 0; p < patches.size(); ++p) {
      const std::size_t i = patches[p].trace == trace ? row_of(patches[p], wanted) : wanted.size();
      if (i == wanted.size()) continue;
      out.found[p] = true;
      if (apply(patches[p], wanted[i])) changed.insert(i);
      if (patches[p].content.pieces.empty()) continue;
      auto& content = out.contents.emplace_back(patches[p].content);
      content.span = wanted[i].span, content.batch = number;
    }
    std::vector<SpanRow*> stay;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (change && change(wanted[i])) changed.insert(i);
      if (wanted[i].sign != 0) stay.push_back(&wanted[i]);
    }
    for (SpanRow* row : stay) price_again(pricer, *row);
    for (const std::size_t i : recount_rows(stay)) changed.insert(static_cast<std::size_t>(stay[i] - wanted.data()));
    for (const std::size_t i : changed) {
      take_back(std::move(spans[i]));
      if (wanted[i].sign == 0) continue;  // taken back for good
      wanted[i].sign = 1, wanted[i].batch = number;
      out.pairs.push_back(std::move(wanted[i]));
    }
  }
  return out;
}

Result<Repeats> find_repeats(Warehouse& warehouse, BatchNumber above, std::uint64_t most_rows) {
  Repeats out{.through = above, .traces = {}};
  const auto batches = TRY(warehouse.read({.sql = "SELECT batch, count() FROM spans WHERE batch > {above:UInt64} GROUP "
                                                  "BY batch ORDER BY batch LIMIT 100000",
                                           .parameters = {{"above", fmt::format("{}", above)}},
                                           .deadline = minute}));
  std::uint64_t rows = 0;
  for (std::size_t i = 0; i < batches.rows.size() && rows < most_rows; ++i) {
    out.through = static_cast<BatchNumber>(batches.rows.integer(0, i));
    rows += static_cast<std::uint64_t>(batches.rows.integer(1, i));
  }
  if (rows == 0) return out;
  constexpr std::string_view news =
      "FROM spans WHERE batch > {above:UInt64} AND batch <= {through:UInt64} AND sign > 0";
  // A row that log records told stands somewhere within its span: after its start, and hardly after its end.
  const std::string minutes = fmt::format(
      "arrayJoin(range(toUInt32(minute - if({}, {}, 0)), toUInt32(minute + 2 + least(intDiv(duration, 60000000000), "
      "{}))))",
      told_condition(), told_minutes, told_minutes);
  const auto answer = TRY(
      warehouse.read({.sql = fmt::format("SELECT DISTINCT project, trace FROM (SELECT project, trace, span FROM spans "
                                         "WHERE (project, minute) IN (SELECT DISTINCT project, {1} {0}) AND (project, "
                                         "trace, span) IN (SELECT project, trace, span {0}) GROUP BY project, trace, "
                                         "span HAVING sum(sign) > 1)",
                                         news, minutes),
                      .parameters = {{"above", fmt::format("{}", above)}, {"through", fmt::format("{}", out.through)}},
                      .deadline = minute}));
  for (std::size_t i = 0; i < answer.rows.size(); ++i)
    out.traces.emplace_back(static_cast<ProjectId>(answer.rows.integer(0, i)), answer.rows.id(1, i));
  return out;
}

}  // namespace pawl::traces
