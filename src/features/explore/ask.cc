// Measures by dimensions, the catalogue, completion, the filter's own check, and finding by any id.
#include <simdjson.h>

#include "asked.h"
#include "base/text.h"
#include "wire/csv.h"

namespace pawl::explore {
namespace {

struct Answered {
  query::Statement statement;
  warehouse::Answer answer;
};
Result<Answered> answered(Explore::Inside& inside, warehouse::Warehouse& store, ProjectId project,
                          query::MeasureQuery& query, Read& read) {
  if (asks_metrics(query)) query.metrics = TRY(metrics_of(store, project, read));
  std::optional<traces::Rollups::Reading> still;  // what the roll-ups hold, until the answer is there
  if (inside.options.rollups != nullptr) query.rolled_up = still.emplace(*inside.options.rollups).through();
  auto statement = TRY(query::compile(project, query));
  auto answer = TRY(run(store, statement, read));
  return Answered{std::move(statement), std::move(answer)};
}

// The same question of the other side: of another version, of the time before, or of a time that is named.
Result<query::MeasureQuery> other_side(const query::MeasureQuery& query, const Compare& with, Nanos now) {
  query::MeasureQuery out = query;
  if (!with.agent_version.empty()) {
    auto filter = query::Filter::parse(query::with_value(query.filter, "agent_version", with.agent_version));
    if (!filter) return fail(ErrorKind::invalid, "compare: {}", filter.error().message);
    out.filter = std::move(*filter);
  }
  if (!with.period.empty()) out.range = {2 * query.range.from - query.range.to, query.range.from};
  if (!with.from.empty()) out.range = TRY(range_of(with.from, with.to, now));
  return out;
}

// A table for spreadsheets; what is compared with stands below, told apart by its first column.
void append_csv(std::string& out, const Answered& from, std::string_view side) {
  for (std::size_t row = 0; row < from.answer.rows.size(); ++row) {
    if (!side.empty()) out += fmt::format("{},", side);
    for (std::size_t column = 0; column < from.statement.columns.size(); ++column) {
      const auto type = from.statement.columns[column].type;
      if (column > 0) out += ',';
      if (type == query::Type::text) {
        csv::append_cell(out, from.answer.rows.text(column, row));
        continue;
      }
      JsonWriter json;
      query::write_cell(json, from.answer.rows, column, row, type);
      std::string number = json.take();  // a number, a text of digits, or null
      std::erase(number, '"');
      if (number != "null") out += number;
    }
    out += "\n";
  }
}

net::Response as_csv(const Answered& mine, const std::optional<Answered>& other) {
  std::string out = other ? "side" : "";
  for (const auto& column : mine.statement.columns)
    out += (out.empty() ? "" : ",") + column.name + (column.unit.empty() ? "" : fmt::format(" ({})", column.unit));
  out += "\n";
  append_csv(out, mine, other ? "this" : "");
  if (other) append_csv(out, *other, "compared");
  auto response = net::Response::bytes("text/csv; charset=utf-8", std::move(out));
  response.headers.set("content-disposition", "attachment; filename=\"pawl-query.csv\"");
  return response;
}

Result<net::Response> ask(Explore::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const Nanos now = inside.clock.now();
  auto asked = asked_of(request, request.body, now);
  if (!asked) return std::move(asked.error());
  query::MeasureQuery& query = asked->query;
  const auto format = request.query.get("format");
  if (!format.empty() && format != "json" && format != "csv")
    return fail(ErrorKind::invalid, "format={} must be json or csv.", format);
  const auto project = projects::access_of(request).project;
  Read read;
  const auto mine = TRY(answered(inside, store, project, query, read));
  std::optional<query::MeasureQuery> beside;
  std::optional<Answered> other;
  if (asked->compare) {
    beside = TRY(other_side(query, *asked->compare, now));
    other = TRY(answered(inside, store, project, *beside, read));
  }
  if (format == "csv") return as_csv(mine, other);
  JsonWriter json;
  json.object();
  query::write_columns(json, mine.statement.columns);
  query::write_rows(json, "rows", mine.statement, mine.answer.rows);
  if (other) {
    json.key("compare").object().field("filter", beside->filter.text());
    json.field("from", format_time(beside->range.from)).field("to", format_time(beside->range.to));
    query::write_rows(json, "rows", other->statement, other->answer.rows);
    json.end();
  }
  write_stats(json, inside, read);
  return net::Response::json(json.end().take());
}

Result<net::Response> values(Explore::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  auto filter = filter_of(request, request.query.get("filter"));
  if (!filter) return std::move(filter.error());
  query::ValuesQuery query{.dimension = std::string(request.query.get("dimension")),
                           .prefix = std::string(request.query.get("prefix")),
                           .filter = std::move(*filter),
                           .range = TRY(range_of(request, inside.clock.now())),
                           .grain = TRY(grain_of(request.query.get("grain"))),
                           .now = inside.clock.now()};
  const auto statement = TRY(query::compile_values(projects::access_of(request).project, query));
  Read read;
  const auto answer = TRY(run(store, statement, read));
  JsonWriter json;
  json.object().key("values").array();
  for (std::size_t row = 0; row < answer.rows.size(); ++row) {
    json.object().field("value", answer.rows.text(0, row)).key("count");
    query::write_cell(json, answer.rows, 1, row, query::Type::number);
    json.end();
  }
  json.end();
  write_stats(json, inside, read);
  return net::Response::json(json.end().take());
}

Result<net::Response> find(Explore::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto id = trim(request.query.get("id"));
  if (id.empty()) return fail(ErrorKind::invalid, "Say what to find: id=…");
  Read read;
  const auto answer = TRY(run(store, query::compile_find(projects::access_of(request).project, id), read));
  JsonWriter json;
  json.object().key("found").array();
  const auto& rows = answer.rows;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    json.object().field("kind", rows.text(0, row)).field("id", rows.text(1, row)).field("trace_id", rows.text(4, row));
    json.field("label", rows.text(5, row)).field("at", format_time(rows.integer(6, row))).end();
  }
  json.end();
  write_stats(json, inside, read);
  return net::Response::json(json.end().take());
}

net::Response check_filter(const net::Request& request) {
  std::string text;
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  std::string_view given;
  if (parser.parse(request.body).get(document) == simdjson::SUCCESS &&
      document["filter"].get(given) == simdjson::SUCCESS)
    text = given;
  const auto filter = query::Filter::parse(text);
  JsonWriter json;
  json.object().field("ok", filter.has_value());
  if (!filter) {
    const auto& mistake = filter.error();
    json.key("error").object().field("position", static_cast<std::uint64_t>(mistake.position));
    json.field("length", static_cast<std::uint64_t>(mistake.length))
        .field("message", mistake.message)
        .key("expected")
        .array();
    for (const auto& word : mistake.expected) json.value(word);
    json.end().field("nearest", mistake.nearest).end();
    return net::Response::json(json.end().take());
  }
  json.field("text", filter->text()).key("terms").array();
  for (const auto& term : filter->terms()) {
    json.object().field("text", term.text).field("start", static_cast<std::uint64_t>(term.start));
    json.field("end", static_cast<std::uint64_t>(term.end)).field("kind", term.kind).field("dimension", term.dimension);
    json.field("operator", term.op).key("values").array();
    for (const auto& value : term.values) json.value(value);
    json.end().field("negated", term.negated).end();
  }
  return net::Response::json(json.end().end().take());
}

Result<std::vector<std::string>> scores_of(warehouse::Warehouse& store, ProjectId project, Read& read) {
  const auto answer = TRY(run(store, query::compile_score_names(project), read));
  std::vector<std::string> out;
  for (std::size_t i = 0; i < answer.rows.size(); ++i) out.emplace_back(answer.rows.text(0, i));
  return out;
}

void write_figures(JsonWriter& json, const std::vector<query::MetricFigure>& figures,
                   const std::vector<std::string_view>& splits) {
  for (const auto& figure : figures) {
    json.object().field("name", figure.name).field("unit", figure.unit).field("type", "number");
    json.field("definition", figure.definition).key("splits").array();
    for (const auto split : splits) json.value(split);
    json.end().end();
  }
}

net::Response show_measures(const std::vector<query::MetricInfo>& metrics, const std::vector<std::string>& scores) {
  JsonWriter json;
  json.object().key("measures").array();
  for (const auto& measure : query::measures()) {
    json.object().field("name", measure.name).field("unit", measure.unit).field("type", query::name_of(measure.type));
    json.field("definition", measure.definition).key("splits").array();
    for (const auto split : measure.splits) json.value(split);
    json.end().field("adds_up", measure.adds_up).key("rollups").array();
    for (const auto rollup : measure.rollups) json.value(rollup);
    json.end().end();
  }
  for (const auto& metric : metrics) write_figures(json, query::figures_of(metric), query::point_dimensions());
  std::vector<std::string_view> splits;
  for (const auto& dimension : query::dimensions())
    if (dimension.groups) splits.push_back(dimension.name);
  for (const auto& score : scores) write_figures(json, query::figures_of_score(score), splits);
  return net::Response::json(json.end().end().take());
}

net::Response show_dimensions() {
  JsonWriter json;
  json.object().key("dimensions").array();
  for (const auto& dimension : query::dimensions()) {
    json.object()
        .field("name", dimension.name)
        .field("definition", dimension.definition)
        .field("type", query::name_of(dimension.type));
    json.key("operators").array();
    for (const auto op : dimension.operators) json.value(op);
    json.end().key("values").array();
    for (const auto value : dimension.values) json.value(value);
    json.end().field("groups", dimension.groups).field("completes", dimension.completes).end();
  }
  json.end().key("flags").array();
  for (const auto flag : query::flags()) json.value(flag);
  json.end().key("facts").array();
  for (const auto& flag : query::flag_infos())
    json.object().field("name", fmt::format("is:{}", flag.name)).field("definition", flag.definition).end();
  return net::Response::json(json.end().end().take());
}

}  // namespace

void add_ask_routes(net::Router& router, Explore::Inside& inside) {
  auto on_store = [&inside](auto work) {
    return [&inside, work](net::Request& request) {
      return inside.answer(
          request, [&inside, &request, work](warehouse::Warehouse& store) { return work(inside, store, request); });
    };
  };
  router.add({.method = "POST",
              .pattern = "/api/v1/query",
              .permission = "read",
              .handler = on_store(ask),
              .body_bytes = 64U << 10,
              .summary =
                  "Measures by dimensions over time; `compare` ({agent_version}, {period: before} or {from, to}) "
                  "asks the same of another version or time",
              .query = {{"format", "json or csv [json]"}},
              .accepts = "{measures, dimensions, filter, from, to, step, order, limit, timezone, grain, compare}",
              .answers = "{columns:[{name, type, unit}], rows, stats:Stats}: and compare:{filter, from, to, rows}"});
  router.add({.method = "GET",
              .pattern = "/api/v1/values",
              .permission = "read",
              .handler = on_store(values),
              .summary = "Observed values of a dimension, the most frequent first",
              .query = {{"dimension", "a name from /api/v1/dimensions, or attr.NAME", true},
                        {"prefix", "what they begin with or contain"},
                        {"filter", "only of what it selects"},
                        {"from", "RFC 3339"},
                        {"to", "RFC 3339"},
                        {"grain", "span, trace or session"}},
              .answers = "{values:[{value, count}], stats:Stats}"});
  router.add({.method = "GET",
              .pattern = "/api/v1/find",
              .permission = "read",
              .handler = on_store(find),
              .summary = "Finds a session, trace or span by any id",
              .query = {{"id", "as any SDK or log shows it", true}},
              .answers = "{found:[Found], stats:Stats}"});
  router.add({.method = "POST",
              .pattern = "/api/v1/filter",
              .permission = "read",
              .handler = [](net::Request& request) -> Task<Result<net::Response>> { co_return check_filter(request); },
              .body_bytes = 64U << 10,
              .summary = "Checks a filter and names its terms",
              .accepts = "{filter}",
              .answers = "{ok, text, terms} or {ok:false, error:{position, length, message, expected, nearest}}"});
  router.add(
      {.method = "GET",
       .pattern = "/api/v1/measures",
       .permission = "read",
       .handler = [&inside](net::Request& request) -> Task<Result<net::Response>> {
         if (inside.warehouse.load() == nullptr) co_return show_measures({}, {});
         co_return co_await inside.answer(request, [&request](warehouse::Warehouse& store) -> Result<net::Response> {
           Read read;
           const auto project = projects::access_of(request).project;
           return show_measures(TRY(metrics_of(store, project, read)), TRY(scores_of(store, project, read)));
         });
       },
       .summary = "The catalogue of measures; with metric.NAME of what was sent as metrics, score.NAME of scores",
       .answers = "{measures:[{name, unit, type, definition, splits, adds_up, rollups}]}"});
  router.add({.method = "GET",
              .pattern = "/api/v1/dimensions",
              .permission = "read",
              .handler = [](net::Request&) -> Task<Result<net::Response>> { co_return show_dimensions(); },
              .summary = "The catalogue of dimensions",
              .answers = "{dimensions:[{name, definition, type, operators, values, groups, completes}], flags, "
                         "facts:[{name, definition}]}"});
}

}  // namespace pawl::explore
