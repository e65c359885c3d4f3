// The calls that Grafana's Tempo data source makes.
#include "tempo.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "otlp.h"
#include "query/query.h"
#include "reading/reading.h"
#include "traceql.h"

namespace pawl::tempo {

struct Tempo::Inside {
  net::Pool& pool;
  const Clock& clock;
  Options options;
  std::atomic<warehouse::Warehouse*> warehouse = nullptr;
};

namespace {

using Inside = Tempo::Inside;
using projects::access_of;
using query::SpanColumn, query::TraceColumn;

constexpr std::string_view spoken = "2.6.0";  // the version of Tempo whose API this is
constexpr std::int64_t usual_traces = 20, most_traces = 500, usual_spans = 3, most_spans = 100;
constexpr std::uint32_t span_page = 500;
constexpr int most_pages = 20;
constexpr std::uint32_t most_tags = 1000;

net::Response text(std::string body, int status = 200) {
  return net::Response::bytes("text/plain; charset=utf-8", std::move(body), status);
}

// Tempo's errors are plain text.
void shape_error(const net::Request&, net::Response& response) {
  response.headers.set("content-type", "text/plain; charset=utf-8");
  response.body = response.message;
}

Result<std::int64_t> number(const net::Request& request, std::string_view name, std::int64_t usual, std::int64_t most) {
  const auto given = request.query.get(name);
  if (given.empty()) return usual;
  const auto value = parse_int(given);
  if (!value || *value < 0) return fail(ErrorKind::invalid, "{}={} must be a whole number.", name, given);
  return std::min(*value, most);
}

// start= and end= in seconds; the last hour. A trace that begins in it is found.
Result<query::Range> range_of(const net::Request& request, Nanos now) {
  constexpr std::int64_t latest = 9'000'000'000;
  const std::int64_t end = TRY(number(request, "end", now / second + 1, latest));
  const std::int64_t start = TRY(number(request, "start", std::max<std::int64_t>(0, end - 3600), latest));
  if (start >= end) return fail(ErrorKind::invalid, "start must be before end.");
  return query::Range{start * second, end * second};
}

Result<query::Filter> parsed(const std::string& filter) {
  auto out = query::Filter::parse(filter);
  if (!out) return fail(ErrorKind::invalid, "{}", out.error().message);
  return *out;
}

template <typename E>
std::size_t at(E column) {
  return static_cast<std::size_t>(column);
}

// ---- one trace ---------------------------------------------------------------------------------------------------
// "2f3e" is what others write for an id with zeros in front.
Id128 trace_key(std::string_view id) {
  const bool hex = !id.empty() && id.size() < 32 && id.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
  return id_from_text(hex ? std::string(32 - id.size(), '0') + std::string(id) : std::string(id));
}

Result<net::Response> trace(Inside& inside, warehouse::Warehouse& store, const net::Request& request, Around around) {
  const auto project = access_of(request).project;
  const std::string id(request.capture("trace_id"));
  auto loaded = TRY(
      traces::load(store, {.project = project, .traces = {trace_key(id)}, .span = std::nullopt}, traces::With::spans));
  if (loaded.spans.empty())
    loaded = TRY(traces::load(store, {.project = project, .traces = {id_from_text(id)}, .span = std::nullopt},
                              traces::With::spans));
  if (loaded.spans.empty()) return fail(ErrorKind::not_found, "There is no trace {} in this project.", id);
  std::string url = inside.options.public_url();
  while (url.ends_with('/')) url.pop_back();
  url += "/traces/" + percent_encode(loaded.spans.front().shown_trace_id());
  if (request.headers.get("accept").find("protobuf") != std::string_view::npos)
    return net::Response::bytes("application/protobuf", as_protobuf(loaded.spans, url, around));
  return net::Response::json(as_json(loaded.spans, url, around));
}

Result<net::Response> trace_v1(Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  return trace(inside, store, request, Around::trace);
}
Result<net::Response> trace_v2(Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  return trace(inside, store, request, Around::response);
}

// ---- search ------------------------------------------------------------------------------------------------------
struct Hit {  // a span that the query selects
  std::string id, name, service, status, agent, model, tool;
  Nanos start = 0, duration = 0;
};
struct Hits {
  std::vector<Hit> shown;
  std::int64_t matched = 0;
};
using Found = std::vector<std::pair<Id128, Hits>>;  // in the order in which they were found: newest first

struct Wanted {
  std::string filter;  // of spans, or of traces
  query::Grain grain = query::Grain::span;
  query::Range range;
  std::int64_t traces = usual_traces, spans = usual_spans;
};

Result<std::string> duration_term(const net::Request& request, std::string_view name, std::string_view op) {
  const auto given = request.query.get(name);
  if (given.empty()) return std::string();
  const auto length = parse_duration(given);
  if (!length || *length < 0) return fail(ErrorKind::invalid, "{}={} is no time such as 250ms or 10s.", name, given);
  return fmt::format(" duration{}{:.6f}ms", op, static_cast<double>(*length) / 1e6);
}

Result<Wanted> wanted_of(const net::Request& request, Nanos now) {
  Wanted out{.filter = TRY(filter_of_traceql(request.query.get("q"))), .range = TRY(range_of(request, now))};
  out.traces = std::max<std::int64_t>(1, TRY(number(request, "limit", usual_traces, most_traces)));
  out.spans = TRY(number(request, "spss", usual_spans, most_spans));
  const std::string tags = TRY(filter_of_tags(request.query.get("tags")));
  const std::string lengths =
      TRY(duration_term(request, "minDuration", ">=")) + TRY(duration_term(request, "maxDuration", "<="));
  if (out.filter.empty()) {  // the older search is about traces
    out.grain = query::Grain::trace;
    out.filter = std::string(trim(tags + lengths));
  } else if (!tags.empty() || !lengths.empty()) {
    return fail(ErrorKind::invalid, "Ask either by q (TraceQL) or by tags, minDuration and maxDuration.");
  }
  return out;
}

struct Page {
  std::vector<std::pair<std::shared_ptr<const native::Rows>, std::size_t>> rows;
  std::string cursor;
};
Result<Page> page_of(warehouse::Warehouse& store, projects::ProjectId project, query::ListQuery query) {
  auto pager = TRY(query::Pager::create(project, std::move(query)));
  Page out;
  while (const auto statement = pager.next()) {
    auto answer = TRY(store.read(query::question(*statement)));
    const auto page = pager.read(std::move(answer.rows));
    for (const std::size_t i : page.mine) out.rows.emplace_back(page.rows, i);
  }
  out.cursor = pager.cursor();
  return out;
}

Hit hit_of(const native::Rows& rows, std::size_t i) {
  const auto cell = [&](SpanColumn column) { return std::string(rows.text(at(column), i)); };
  return {.id = to_hex(span_bytes(rows.id(at(SpanColumn::span), i))),
          .name = cell(SpanColumn::name),
          .service = cell(SpanColumn::service),
          .status = cell(SpanColumn::status),
          .agent = cell(SpanColumn::agent),
          .model = cell(SpanColumn::model),
          .tool = cell(SpanColumn::tool),
          .start = rows.integer(at(SpanColumn::start), i),
          .duration = rows.integer(at(SpanColumn::duration), i)};
}

Result<Found> find_spans(Inside& inside, warehouse::Warehouse& store, projects::ProjectId project,
                         const Wanted& wanted) {
  Found out;
  std::map<Id128, std::size_t> known;
  query::ListQuery query{.grain = query::Grain::span,
                         .filter = TRY(parsed(wanted.filter)),
                         .range = wanted.range,
                         .limit = span_page,
                         .now = inside.clock.now()};
  for (int i = 0; i < most_pages; ++i) {
    const Page page = TRY(page_of(store, project, query));
    for (const auto& [rows, row] : page.rows) {
      const Id128 trace = rows->id(at(SpanColumn::trace), row);
      const auto [found, fresh] = known.emplace(trace, out.size());
      if (fresh && std::ssize(out) >= wanted.traces) return out;
      if (fresh) out.emplace_back(trace, Hits());
      Hits& hits = out[found->second].second;
      ++hits.matched;
      if (std::ssize(hits.shown) < wanted.spans) hits.shown.push_back(hit_of(*rows, row));
    }
    if (page.cursor.empty()) break;
    query.cursor = page.cursor;
  }
  return out;
}

void write_hits(JsonWriter& json, const Hits& hits) {
  json.object().key("spans").array();
  for (const Hit& hit : hits.shown) {
    json.object().field("spanID", hit.id).field("name", hit.name);
    json.field("startTimeUnixNano", fmt::format("{}", hit.start));
    json.field("durationNanos", fmt::format("{}", hit.duration)).key("attributes").array();
    for (const auto& [name, value] : {std::pair<std::string_view, const std::string*>{"service.name", &hit.service},
                                      {"status", &hit.status},
                                      {"gen_ai.agent.name", &hit.agent},
                                      {"gen_ai.response.model", &hit.model},
                                      {"gen_ai.tool.name", &hit.tool}}) {
      if (value->empty()) continue;
      json.object().field("key", name).key("value").object().field("stringValue", *value).end().end();
    }
    json.end().end();
  }
  json.end().field("matched", hits.matched).end();
}

void write_trace(JsonWriter& json, const native::Rows& rows, std::size_t i, const Hits* hits) {
  const auto cell = [&](TraceColumn column) { return rows.text(at(column), i); };
  json.object().field("traceID", to_hex(rows.id(at(TraceColumn::trace), i)));
  json.field("rootServiceName", cell(TraceColumn::service)).field("rootTraceName", cell(TraceColumn::name));
  json.field("startTimeUnixNano", fmt::format("{}", rows.integer(at(TraceColumn::start), i)));
  json.field("durationMs", rows.integer(at(TraceColumn::duration), i) / millisecond);
  if (hits != nullptr) {
    json.key("spanSets").array();
    write_hits(json, *hits);
    json.end().key("spanSet");
    write_hits(json, *hits);
  }
  json.end();
}

Result<net::Response> search(Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto project = access_of(request).project;
  const Wanted wanted = TRY(wanted_of(request, inside.clock.now()));
  query::ListQuery query{.grain = query::Grain::trace,
                         .filter = {},
                         .range = wanted.range,
                         .limit = static_cast<std::uint32_t>(wanted.traces),
                         .now = inside.clock.now()};
  std::map<Id128, Hits> hits;
  JsonWriter json;
  json.object().key("traces").array();
  if (wanted.grain == query::Grain::span) {
    std::string ids;
    for (auto& [trace, of] : TRY(find_spans(inside, store, project, wanted)))
      ids += (ids.empty() ? "trace=" : ",") + to_hex(trace), hits.emplace(trace, std::move(of));
    if (!hits.empty()) query.filter = TRY(parsed(ids));
  } else {
    query.filter = TRY(parsed(wanted.filter));
  }
  if (wanted.grain == query::Grain::trace || !hits.empty()) {
    for (const auto& [rows, i] : TRY(page_of(store, project, std::move(query))).rows) {
      const auto of = hits.find(rows->id(at(TraceColumn::trace), i));
      write_trace(json, *rows, i, of == hits.end() ? nullptr : &of->second);
    }
  }
  json.end().key("metrics").object().end();
  return net::Response::json(json.end().take());
}

// ---- tags --------------------------------------------------------------------------------------------------------
struct Tags {
  std::set<std::string> resource, span;
};

// What q= selects; a query that is still being written selects everything.
query::Filter loose_filter(const net::Request& request) {
  const auto filter = filter_of_traceql(request.query.get("q"));
  if (!filter) return {};
  return query::Filter::parse(*filter).value_or(query::Filter());
}

Result<warehouse::Answer> values_of(Inside& inside, warehouse::Warehouse& store, const net::Request& request,
                                    std::string dimension) {
  const query::ValuesQuery query{.dimension = std::move(dimension),
                                 .prefix = {},
                                 .filter = loose_filter(request),
                                 .range = TRY(range_of(request, inside.clock.now())),
                                 .limit = most_tags,
                                 .now = inside.clock.now()};
  return store.read(query::question(TRY(query::compile_values(access_of(request).project, query))));
}

Result<Tags> tags_of(Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  Tags out;
  for (const auto& one : known_attributes())
    if (one.column != nullptr || one.dimension == "kind")
      (one.resource ? out.resource : out.span).emplace(one.attribute);
  const auto names = TRY(values_of(inside, store, request, "attr."));
  for (std::size_t i = 0; i < names.rows.size(); ++i) {
    const auto name = names.rows.text(0, i);
    if (name.starts_with("resource."))
      out.resource.emplace(name.substr(9));
    else if (!name.starts_with("scope.") && name != "otel.status_code")
      out.span.emplace(name);
  }
  return out;
}

constexpr std::string_view intrinsics[] = {"duration",      "name",        "span:duration",      "span:id",
                                           "span:name",     "span:status", "span:statusMessage", "status",
                                           "statusMessage", "trace:id"};

Result<net::Response> tag_names(Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const Tags tags = TRY(tags_of(inside, store, request));
  const auto scope = request.query.get("scope");
  std::set<std::string> all;
  if (scope.empty() || scope == "resource") all.insert(tags.resource.begin(), tags.resource.end());
  if (scope.empty() || scope == "span") all.insert(tags.span.begin(), tags.span.end());
  if (scope == "intrinsic") all.insert(std::begin(intrinsics), std::end(intrinsics));
  JsonWriter json;
  json.object().key("tagNames").array();
  for (const auto& name : all) json.value(name);
  return net::Response::json(json.end().key("metrics").object().end().end().take());
}

Result<net::Response> tag_names_v2(Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const Tags tags = TRY(tags_of(inside, store, request));
  const auto wanted = request.query.get("scope");
  JsonWriter json;
  json.object().key("scopes").array();
  const auto write = [&](std::string_view scope, const auto& names) {
    if (!wanted.empty() && wanted != "all" && wanted != "none" && wanted != scope) return;
    json.object().field("name", scope).key("tags").array();
    for (const auto& name : names) json.value(name);
    json.end().end();
  };
  write("resource", tags.resource), write("span", tags.span), write("intrinsic", intrinsics);
  return net::Response::json(json.end().key("metrics").object().end().end().take());
}

// Values of a tag and whether they are words of the language (error, ok).
Result<std::pair<std::vector<std::string>, bool>> values(Inside& inside, warehouse::Warehouse& store,
                                                         const net::Request& request) {
  const auto tag = request.capture("tag");
  if (tag == "status" || tag == "span:status") return std::pair(std::vector<std::string>{"error", "ok", "unset"}, true);
  const auto answer = TRY(values_of(inside, store, request, TRY(dimension_of_field(tag))));
  std::vector<std::string> out;
  for (std::size_t i = 0; i < answer.rows.size(); ++i) out.emplace_back(answer.rows.text(0, i));
  return std::pair(std::move(out), false);
}

Result<net::Response> tag_values(Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  JsonWriter json;
  json.object().key("tagValues").array();
  for (const auto& value : TRY(values(inside, store, request)).first) json.value(value);
  return net::Response::json(json.end().key("metrics").object().end().end().take());
}

Result<net::Response> tag_values_v2(Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto [all, words] = TRY(values(inside, store, request));
  JsonWriter json;
  json.object().key("tagValues").array();
  for (const auto& value : all) json.object().field("type", words ? "keyword" : "string").field("value", value).end();
  return net::Response::json(json.end().key("metrics").object().end().end().take());
}

Result<net::Response> no_metrics(Inside&, warehouse::Warehouse&, const net::Request&) {
  return fail(ErrorKind::invalid,
              "TraceQL metrics are not answered here: ask for figures in PromQL, by a Prometheus data source at "
              "/prometheus.");
}

net::Response build_info() {
  JsonWriter json;
  json.object().field("version", spoken).field("revision", "").field("branch", "").field("buildUser", "pawl");
  return net::Response::json(json.field("buildDate", "").field("goVersion", "").end().take());
}

}  // namespace

Tempo::Tempo(net::Pool& pool, const Clock& clock, Options options)
    : inside_(new Inside{.pool = pool, .clock = clock, .options = std::move(options)}) {}
Tempo::~Tempo() = default;

void Tempo::open(warehouse::Warehouse& warehouse) {
  inside_->warehouse = &warehouse;
}
void Tempo::close() {
  inside_->warehouse = nullptr;
}

void Tempo::add_routes(net::Router& router) {
  using Work = Result<net::Response> (*)(Inside&, warehouse::Warehouse&, const net::Request&);
  const auto add = [&](std::string_view path, std::string_view summary, net::Handler handler) {
    router.add({.method = "GET",
                .pattern = fmt::format("/tempo{}", path),
                .permission = "read",
                .handler = std::move(handler),
                .handler_time = minute,
                .shape_error = shape_error,
                .summary = std::string(summary),
                .answers = "as Tempo"});
  };
  const auto on_store = [&](std::string_view path, std::string_view summary, Work work) {
    add(path, summary, reading::handler(*inside_, work));
  };
  const auto plain = [&](std::string_view path, std::string_view summary, net::Response (*work)()) {
    add(path, summary, [work](net::Request&) -> Task<Result<net::Response>> { co_return work(); });
  };
  on_store("/api/traces/{trace_id}", "A trace as OpenTelemetry's JSON or, by Accept, protobuf", trace_v1);
  on_store("/api/v2/traces/{trace_id}", "The same, with room for what else is told", trace_v2);
  on_store("/api/search", "Traces by TraceQL (q) or by tags, minDuration, maxDuration; start, end, limit, spss",
           search);
  on_store("/api/search/tags", "Names of attributes", tag_names);
  on_store("/api/v2/search/tags", "Names of attributes by scope", tag_names_v2);
  on_store("/api/search/tag/{tag}/values", "Values of an attribute", tag_values);
  on_store("/api/v2/search/tag/{tag}/values", "Values of a field of TraceQL, of what q selects", tag_values_v2);
  on_store("/api/metrics/query_range", "Not offered: figures are asked for in PromQL", no_metrics);
  on_store("/api/metrics/query", "Not offered: figures are asked for in PromQL", no_metrics);
  plain("/api/echo", "Is somebody there", [] { return text("echo"); });
  plain("/ready", "Is somebody there", [] { return text("ready\n"); });
  plain("/api/status/buildinfo", "Which API this is", build_info);
}

}  // namespace pawl::tempo
