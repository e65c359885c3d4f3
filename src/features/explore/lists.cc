// Lists of sessions, traces and spans: a page at a time over growing windows of time.
#include <map>
#include <span>

#include "base/text.h"
#include "inside.h"

namespace pawl::explore {
namespace {

using query::Grain;

// Cells of a row by the enum that names its columns.
template <typename E>
class Cells {
 public:
  Cells(const native::Rows& rows, std::size_t row) : rows_(rows), row_(row) {}
  std::string text(E column) const { return std::string(rows_.text(at(column), row_)); }
  std::int64_t integer(E column) const { return rows_.integer(at(column), row_); }
  Id128 id(E column) const { return rows_.id(at(column), row_); }
  std::optional<std::int64_t> maybe(E column) const { return rows_.maybe(at(column), row_); }
  std::vector<std::string> texts(E column) const {
    const auto views = rows_.texts(at(column), row_);
    return {views.begin(), views.end()};
  }
  void field_if(JsonWriter& json, std::string_view name, E column) const {
    const auto value = rows_.text(at(column), row_);
    json.key(name);
    value.empty() ? json.null() : json.value(value);
  }
  void money(JsonWriter& json, std::string_view name, E column) const {
    json.key(name);
    rows_.is_null(at(column), row_) ? json.null() : json.value(format_dollars(rows_.wide(at(column), row_)));
  }
  void list(JsonWriter& json, std::string_view name, E column) const {
    json.key(name).array();
    for (const auto& text : rows_.texts(at(column), row_)) json.value(text);
    json.end();
  }

 private:
  static std::size_t at(E column) { return static_cast<std::size_t>(column); }
  const native::Rows& rows_;
  std::size_t row_;
};

using Titles = std::unordered_map<std::string, std::string>;

// The first words of the user, by session, or by the trace that is one of its own.
Result<Titles> titles(warehouse::Warehouse& store, ProjectId project, const std::vector<std::string>& sessions,
                      const std::vector<Id128>& ids) {
  std::string names = "[";  // in hex: a list inside of a parameter has quotes and escapes of its own
  for (const auto& session : sessions) names += fmt::format("{}'{}'", names.size() > 1 ? "," : "", to_hex(session));
  names += "]";
  std::string keys = "[";
  for (const auto& id : ids) {
    keys += fmt::format("{}{}", keys.size() > 1 ? "," : "", to_decimal(id));
  }
  keys += "]";
  const auto answer = TRY(store.read(
      {.sql = "WITH arrayMap(name -> unhex(name), {sessions:Array(String)}) AS asked SELECT if(empty(session) OR NOT "
              "has(asked, session), lower(leftPad(hex(trace), 32, "
              "'0')), session) AS name, "
              "argMin(preview, start) FROM spans WHERE project = {project:UInt32} AND preview != '' AND "
              "(has(asked, session) OR trace IN {traces:Array(UInt128)}) GROUP BY name",
       .parameters = {{"project", fmt::format("{}", project)}, {"sessions", names}, {"traces", keys}}}));
  Titles out;
  for (std::size_t i = 0; i < answer.rows.size(); ++i)
    out[std::string(answer.rows.text(0, i))] = answer.rows.text(1, i);
  return out;
}

void write_counts(JsonWriter& json, std::int64_t errors, std::int64_t spans, std::int64_t llm_calls,
                  std::int64_t tool_calls, std::optional<std::int64_t> tokens, std::int64_t unknown) {
  json.field("error_count", errors)
      .field("span_count", spans)
      .field("llm_calls", llm_calls)
      .field("tool_calls", tool_calls);
  json.field("tokens", tokens).field("cost_unknown_calls", unknown);
}

void write_trace_row(JsonWriter& json, const native::Rows& rows, std::size_t i) {
  using C = query::TraceColumn;
  const Cells<C> c(rows, i);
  json.object().field("trace_id", c.text(C::trace_id)).field("name", c.text(C::name));
  json.field("title", c.text(C::title));
  for (const auto& [name, column] : {std::pair{"session_id", C::session},
                                     {"user_id", C::user},
                                     {"agent", C::agent},
                                     {"agent_version", C::agent_version},
                                     {"team", C::team},
                                     {"task", C::task},
                                     {"outcome", C::outcome},
                                     {"customer", C::customer},
                                     {"environment", C::environment},
                                     {"service", C::service}}) {
    c.field_if(json, name, column);
  }
  json.field("start", format_time(c.integer(C::start))).field("duration_ms", milliseconds(c.integer(C::duration)));
  json.field("status", c.text(C::status));
  write_counts(json, c.integer(C::errors), c.integer(C::spans), c.integer(C::llm_calls), c.integer(C::tool_calls),
               c.maybe(C::tokens), c.integer(C::cost_unknown_calls));
  c.money(json, "cost_usd", C::cost);
  c.list(json, "tags", C::tags);
  c.list(json, "findings", C::findings);
  json.end();
}

void write_session_row(JsonWriter& json, const native::Rows& rows, std::size_t i, const Titles& names) {
  using C = query::SessionColumn;
  const Cells<C> c(rows, i);
  const std::string session = c.text(C::session);
  const auto title = names.find(session.empty() ? to_hex(c.id(C::trace)) : session);
  json.object().field("session_id", session).field("trace_id", c.text(C::trace_id));
  const std::string words = title == names.end() ? c.text(C::title) : title->second;
  json.field("title", words.empty() ? c.text(C::name) : words);
  for (const auto& [name, column] : {std::pair{"user_id", C::user},
                                     {"agent", C::agent},
                                     {"agent_version", C::agent_version},
                                     {"team", C::team},
                                     {"task", C::task},
                                     {"outcome", C::outcome},
                                     {"customer", C::customer},
                                     {"environment", C::environment},
                                     {"service", C::service}}) {
    c.field_if(json, name, column);
  }
  json.field("start", format_time(c.integer(C::start))).field("duration_ms", milliseconds(c.integer(C::duration)));
  json.field("active_ms", milliseconds(c.integer(C::active))).field("status", c.text(C::status));
  json.field("trace_count", c.integer(C::traces));
  write_counts(json, c.integer(C::errors), c.integer(C::spans), c.integer(C::llm_calls), c.integer(C::tool_calls),
               c.maybe(C::tokens), c.integer(C::cost_unknown_calls));
  c.money(json, "cost_usd", C::cost);
  c.list(json, "tags", C::tags);
  c.list(json, "findings", C::findings);
  json.key("scores").object().end().end();
}

}  // namespace

traces::SpanRow span_of(const native::Rows& rows, std::size_t i) {
  using C = query::SpanColumn;
  const Cells<C> c(rows, i);
  traces::SpanRow row;
  row.trace = c.id(C::trace), row.span = c.id(C::span), row.parent = c.id(C::parent);
  row.trace_id = c.text(C::trace_id), row.span_id = c.text(C::span_id), row.parent_id = c.text(C::parent_id);
  row.start = c.integer(C::start), row.duration = c.integer(C::duration);
  row.kind = llm::kind_from(c.text(C::kind)).value_or(llm::Kind::other);
  row.name = c.text(C::name);
  row.status = llm::status_from(c.text(C::status)).value_or(llm::Status::ok);
  row.is_error = c.integer(C::is_error) != 0;
  row.error_type = c.text(C::error_type), row.error_message = c.text(C::error_message);
  row.noise = c.integer(C::noise) != 0;
  row.session = c.text(C::session), row.user = c.text(C::user), row.agent = c.text(C::agent);
  row.agent_version = c.text(C::agent_version), row.team = c.text(C::team), row.environment = c.text(C::environment);
  row.service = c.text(C::service);
  row.provider = c.text(C::provider), row.model_requested = c.text(C::model_requested), row.model = c.text(C::model);
  row.finish_reasons = c.texts(C::finish_reasons);
  row.ttft = c.maybe(C::ttft);
  row.prompt = c.text(C::prompt), row.prompt_version = c.text(C::prompt_version);
  row.tool = c.text(C::tool), row.tool_call_id = c.text(C::tool_call_id);
  row.handoff_from = c.text(C::handoff_from), row.handoff_to = c.text(C::handoff_to);
  row.tokens_input = c.maybe(C::tokens_input), row.tokens_cache_read = c.maybe(C::tokens_cache_read);
  row.tokens_cache_write = c.maybe(C::tokens_cache_write), row.tokens_output = c.maybe(C::tokens_output);
  row.tokens_reasoning = c.maybe(C::tokens_reasoning);
  row.cost = c.maybe(C::cost), row.cost_reported = c.maybe(C::cost_reported);
  row.cost_unknown = c.integer(C::cost_unknown) != 0;
  row.dialect = c.text(C::dialect);
  row.counted = c.integer(C::counted) != 0;
  row.findings = c.texts(C::findings), row.waste = c.text(C::waste);
  const std::string why = c.text(C::not_counted);
  for (const auto reason :
       {llm::NotCounted::counted, llm::NotCounted::no_usage, llm::NotCounted::wrapper, llm::NotCounted::duplicate}) {
    if (llm::name_of(reason) == why) row.not_counted = reason;
  }
  return row;
}

Result<std::optional<Nanos>> within_of(const net::Request& request) {
  const auto text = request.query.find("within_ms");
  if (!text) return std::nullopt;
  const auto number = parse_int(*text);
  if (!number || *number < 1 || *number > 60'000) return fail(ErrorKind::invalid, "`within_ms` is 1 to 60000.");
  return *number * millisecond;
}

void write_end(JsonWriter& json, const ListPage& page) {
  json.key("next_cursor");
  page.cursor.empty() ? json.null() : json.value(page.cursor);
  json.key("searched_to");
  page.searched_to ? json.value(format_time(*page.searched_to)) : json.null();
}

Result<ListPage> fetch_list(warehouse::Warehouse& store, ProjectId project, query::ListQuery query,
                            std::optional<Nanos> within) {
  auto pager = TRY(query::Pager::create(project, std::move(query)));
  ListPage page;
  const SystemClock clock;
  const Nanos began = clock.monotonic();
  Nanos last = began;
  while (const auto statement = pager.next()) {
    auto answer = TRY(run(store, *statement, page.read));
    const auto [rows, mine, values] = pager.read(std::move(answer.rows));
    for (const std::size_t i : mine) page.rows.emplace_back(rows, i);
    const Nanos now = clock.monotonic();
    if (within && now - began + 2 * (now - last) >= *within) pager.hurry();  // the next look would take longer still
    last = now;
  }
  page.cursor = pager.cursor();
  page.searched_to = pager.searched_to();
  return page;
}

Result<std::vector<std::string>> list_rows(warehouse::Warehouse& store, ProjectId project, Grain grain,
                                           const ListPage& page) {
  std::vector<std::string> sessions;
  std::vector<Id128> ids;
  for (const auto& [rows, i] : page.rows) {  // of a session whose first words are older than what a page reads
    if (grain != Grain::session) continue;
    const Cells<query::SessionColumn> c(*rows, i);
    if (!c.text(query::SessionColumn::title).empty()) continue;
    const auto session = c.text(query::SessionColumn::session);
    session.empty() ? ids.push_back(c.id(query::SessionColumn::trace)) : sessions.push_back(session);
  }
  Titles names;
  if (!sessions.empty() || !ids.empty()) names = TRY(titles(store, project, sessions, ids));
  std::vector<std::string> out;
  for (const auto& [rows, i] : page.rows) {
    JsonWriter json;
    if (grain == Grain::session) write_session_row(json, *rows, i, names);
    if (grain == Grain::trace) write_trace_row(json, *rows, i);
    if (grain == Grain::span) write_span_row(json, span_of(*rows, i));
    out.push_back(json.take());
  }
  return out;
}

Result<query::ListQuery> list_query(const net::Request& request, Grain grain, query::Filter filter, Nanos now) {
  query::ListQuery query{.grain = grain, .filter = std::move(filter), .range = TRY(range_of(request, now))};
  if (const auto order = request.query.find("order")) query.order = *order;
  query.cursor = request.query.get("cursor");
  query.now = now;
  return query;
}

std::string_view plural(Grain grain) {
  return grain == Grain::session ? "sessions" : grain == Grain::trace ? "traces" : "spans";
}

namespace {

std::string_view shape_of(Grain grain) {
  return grain == Grain::session ? "Session" : grain == Grain::trace ? "Trace" : "Span";
}

constexpr std::size_t most_score_columns = 20;

// columns=score.NAME,…: which scores a row has beside what it always has.
Result<std::vector<std::string>> scores_asked(const net::Request& request) {
  std::vector<std::string> out;
  for (const auto piece : split(request.query.get("columns"), ',')) {
    const auto name = trim(piece);
    if (name.empty()) continue;
    if (!name.starts_with("score.") || name.size() == 6)
      return fail(ErrorKind::invalid, "columns: {} is none; what a row can have more is score.NAME.", name);
    out.emplace_back(name.substr(6));
  }
  if (out.size() > most_score_columns) return fail(ErrorKind::invalid, "columns: at most {}.", most_score_columns);
  return out;
}

// The scores that stand of what the row is: of a trace and its spans where it is a trace, of that span alone, of the
// session (or of its trace, where it has no name).
Result<std::vector<scores::Score>> scores_of_row(const Explore::Inside& inside, ProjectId project, Grain grain,
                                                 const native::Rows& rows, std::size_t i) {
  if (inside.options.scores == nullptr) return std::vector<scores::Score>();
  if (grain == Grain::trace)
    return inside.options.scores->of_trace(project, Cells<query::TraceColumn>(rows, i).id(query::TraceColumn::trace),
                                           {});
  if (grain == Grain::session) {
    const Cells<query::SessionColumn> c(rows, i);
    const auto session = c.text(query::SessionColumn::session);
    if (session.empty()) return inside.options.scores->of_trace(project, c.id(query::SessionColumn::trace), {});
    return inside.options.scores->of_session(project, session, {}, {});
  }
  const Cells<query::SpanColumn> c(rows, i);
  auto found =
      TRY(inside.options.scores->of_trace(project, c.id(query::SpanColumn::trace), {c.id(query::SpanColumn::span)}));
  std::erase_if(found, [&](const scores::Score& one) { return one.span_id != c.text(query::SpanColumn::span_id); });
  return found;
}

// Of what a session's traces and their spans were given, by session and name.
struct Mean {
  double count = 0;
  std::optional<double> mean;  // none: no number
};
using Means = std::map<std::pair<std::string, std::string>, Mean>;

constexpr std::size_t most_filter_bytes = 6'000;  // of the names of sessions in one question
constexpr std::size_t most_means_asked = 10;      // two measures each

Result<> ask_means(warehouse::Warehouse& store, ProjectId project, std::string_view sessions, query::Range range,
                   std::span<const std::string> names, Read& read, Means& out) {
  auto filter = query::Filter::parse(fmt::format("session={}", sessions));
  if (!filter) return fail(ErrorKind::invalid, "The scores of traces: {}", filter.error().message);
  query::MeasureQuery query{
      .measures = {}, .dimensions = {"session"}, .filter = std::move(*filter), .range = range, .limit = 10'000};
  for (const auto& name : names)
    for (const auto figure : {"count", "mean"}) query.measures.push_back(fmt::format("score.{}.{}", name, figure));
  const auto rows = TRY(run(store, TRY(query::compile(project, query)), read)).rows;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (std::size_t i = 0; i < names.size(); ++i)
      out[{std::string(rows.text(0, row)), names[i]}] = {
          .count = rows.real(1 + 2 * i, row), .mean = query::number_at(rows, 2 + 2 * i, row, query::Type::number)};
  }
  return {};
}

// Of the sessions of a page. A session's own scores are in them too: to be asked only where it has none.
Result<Means> means_of(warehouse::Warehouse& store, ProjectId project, const std::vector<std::string>& names,
                       ListPage& page) {
  using C = query::SessionColumn;
  Means out;
  std::string asked;
  query::Range range;
  const auto ask = [&]() -> Result<> {
    for (std::size_t i = 0; i < names.size() && !asked.empty(); i += most_means_asked)
      TRY(ask_means(store, project, asked, range,
                    std::span(names).subspan(i, std::min(most_means_asked, names.size() - i)), page.read, out));
    asked.clear();
    return {};
  };
  for (const auto& [rows, i] : page.rows) {
    const Cells<C> c(*rows, i);
    const auto session = query::quoted(c.text(C::session));
    if (c.text(C::session).empty() || session.size() > most_filter_bytes) continue;
    if (asked.size() + session.size() > most_filter_bytes) TRY(ask());
    const Nanos from = c.integer(C::start), to = from + c.integer(C::duration) + 1;
    range = asked.empty() ? query::Range{from, to} : query::Range{std::min(range.from, from), std::max(range.to, to)};
    asked += fmt::format("{}{}", asked.empty() ? "" : ",", session);
  }
  TRY(ask());
  return out;
}

// "scores": {name: value or null}, of several words (of people) the newest; of a session also "trace_scores": {name:
// {count, mean}} of those that it was not given itself, but its traces or their spans.
std::string with_scores(std::string row, const std::vector<std::string>& names, std::vector<scores::Score> found,
                        const std::string& session, const Means& means) {
  std::ranges::sort(found, std::ranges::greater(), &scores::Score::changed);
  constexpr std::string_view none = ",\"scores\":{}}";
  row.resize(row.size() - (row.ends_with(none) ? none.size() : 1));
  JsonWriter json, of_traces;
  json.object(), of_traces.object();
  for (const auto& name : names) {
    json.key(name);
    const auto newest = std::ranges::find(found, name, &scores::Score::name);
    newest == found.end() ? static_cast<void>(json.null()) : scores::write_value(json, *newest);
    const auto mean = means.find({session, name});
    if (newest != found.end() || mean == means.end() || mean->second.count == 0) continue;
    of_traces.key(name).object().field("count", static_cast<std::int64_t>(mean->second.count));
    of_traces.field("mean", mean->second.mean).end();
  }
  return fmt::format("{},\"scores\":{}{}}}", row, json.end().text(),
                     session.empty() ? "" : fmt::format(",\"trace_scores\":{}", of_traces.end().text()));
}

Result<net::Response> list(Explore::Inside& inside, warehouse::Warehouse& store, const net::Request& request,
                           Grain grain) {
  auto filter = filter_of(request, request.query.get("filter"));
  if (!filter) return std::move(filter.error());
  auto query = TRY(list_query(request, grain, std::move(*filter), inside.clock.now()));
  query.limit = TRY(limit_of(request, query.limit));
  const auto scored = TRY(scores_asked(request));
  const auto project = projects::access_of(request).project;
  ListPage page = TRY(fetch_list(store, project, std::move(query), TRY(within_of(request))));
  JsonWriter json;
  json.object().key(plural(grain)).array();
  auto rows = TRY(list_rows(store, project, grain, page));
  const bool sessions = grain == Grain::session && !scored.empty();
  const Means means = sessions ? TRY(means_of(store, project, scored, page)) : Means();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& [block, place] = page.rows[i];
    const auto session =
        sessions ? Cells<query::SessionColumn>(*block, place).text(query::SessionColumn::session) : std::string();
    if (!scored.empty())
      rows[i] = with_scores(std::move(rows[i]), scored, TRY(scores_of_row(inside, project, grain, *block, place)),
                            session, means);
    json.raw(rows[i]);
  }
  json.end();
  write_end(json, page);
  write_stats(json, inside, page.read);
  return net::Response::json(json.end().take());
}

}  // namespace

void add_list_routes(net::Router& router, Explore::Inside& inside) {
  for (const Grain grain : {Grain::session, Grain::trace, Grain::span}) {
    router.add(
        {.method = "GET",
         .pattern = fmt::format("/api/v1/{}", plural(grain)),
         .permission = "read",
         .handler =
             [&inside, grain](net::Request& request) {
               return inside.answer(request, [&inside, &request, grain](warehouse::Warehouse& store) {
                 return list(inside, store, request, grain);
               });
             },
         .summary = fmt::format("Lists {}, newest first", plural(grain)),
         .query = {{"filter", "the filter language (docs/reference/filters.md)"},
                   {"from", "RFC 3339, or a length such as 7d for as long ago; default 24 h before `to`"},
                   {"to", "RFC 3339, exclusive; default now"},
                   {"limit", "1 to 1000, default 50"},
                   {"cursor", "`next_cursor` of the page before"},
                   {"order", "[-]start cost duration tokens errors name; default -start"},
                   {"within_ms",
                    "answer with what was found after so long: `searched_to` says how far back that is, and "
                    "`next_cursor` goes on; default until the page is full or nothing is left"},
                   {"columns",
                    "score.NAME, comma between: rows have scores:{NAME: value} of these; a session that was given none "
                    "itself trace_scores:{NAME: {count, mean}} of its traces and their spans"}},
         .answers = fmt::format("{{{}:[{}], next_cursor, searched_to, stats:Stats}}", plural(grain), shape_of(grain))});
  }
}

}  // namespace pawl::explore
