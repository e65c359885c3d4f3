// Langfuse: traces, observations and sessions as its clients read them; deletions.
#include <algorithm>
#include <map>

#include "base/text.h"
#include "reads.h"
#include "records/audit/audit.h"

namespace pawl::sdks {
namespace {

using llm::Kind;
using traces::Loaded;
using traces::SpanRow;

constexpr Nanos deletion_wait = 30 * second;  // what its client still sends of the trace goes with it

struct Type {
  std::string_view name;
  Kind kind;
};
constexpr Type types[] = {{"GENERATION", Kind::llm},      {"AGENT", Kind::agent},
                          {"TOOL", Kind::tool},           {"RETRIEVER", Kind::retriever},
                          {"EMBEDDING", Kind::embedding}, {"EVALUATOR", Kind::evaluator},
                          {"GUARDRAIL", Kind::guardrail}, {"CHAIN", Kind::workflow}};

// A trace of the old protocol has a root of our making, which is no observation.
bool is_observation(const SpanRow& row) {
  return !row.shown_span_id().starts_with("trace:");
}

std::string type_of(const SpanRow& row) {
  const std::string said = [&] {
    std::string word(attribute(row, "langfuse.observation.type"));
    std::ranges::transform(word, word.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return word;
  }();
  if (!said.empty()) return said;
  for (const auto& type : types)
    if (type.kind == row.kind) return std::string(type.name);
  return "SPAN";
}

std::string_view level_of(const SpanRow& row) {
  const auto said = attribute(row, "langfuse.observation.level");
  for (const std::string_view level : {"DEBUG", "DEFAULT", "WARNING", "ERROR"})
    if (said == level) return level;
  return row.status == llm::Status::error ? "ERROR" : "DEFAULT";
}

std::string_view or_default(const std::string& environment) {
  return environment.empty() ? "default" : std::string_view(environment);
}

// Which groups of fields are asked for: all where nothing is said.
struct Fields {
  std::string_view list;
  bool has(std::string_view name) const {
    if (list.empty()) return true;
    for (const auto one : split(list, ','))
      if (trim(one) == name) return true;
    return false;
  }
};

void write_usage(JsonWriter& json, const SpanRow& row) {
  std::int64_t total = 0;
  json.key("usageDetails").object();
  const auto put = [&](std::string_view name, const std::optional<std::int64_t>& count) {
    if (!count) return;
    json.field(name, *count);
    total += *count;
  };
  put("input", row.tokens_input), put("input_cached_tokens", row.tokens_cache_read);
  put("input_cache_creation", row.tokens_cache_write), put("output", row.tokens_output);
  put("output_reasoning_tokens", row.tokens_reasoning);
  for (const auto& [name, count] : row.tokens_other) json.field(name, count);
  if (total > 0) json.field("total", total);
  json.end();
  const double cost = static_cast<double>(row.cost_or_reported().value_or(0)) / 1e12;
  json.key("costDetails").object();
  if (row.cost_or_reported()) json.field("total", cost);
  json.end();
  const auto count = [](const std::optional<std::int64_t>& a, const std::optional<std::int64_t>& b,
                        const std::optional<std::int64_t>& c) { return a.value_or(0) + b.value_or(0) + c.value_or(0); };
  json.key("usage").object();
  json.field("input", count(row.tokens_input, row.tokens_cache_read, row.tokens_cache_write));
  json.field("output", count(row.tokens_output, row.tokens_reasoning, {}))
      .field("total", total)
      .field("unit", "TOKENS");
  json.end().key("calculatedTotalCost");
  row.cost_or_reported() ? json.value(cost) : json.null();
  json.key("totalCost");
  row.cost_or_reported() ? json.value(cost) : json.null();
  json.field("inputUsage", count(row.tokens_input, row.tokens_cache_read, row.tokens_cache_write));
  json.field("outputUsage", count(row.tokens_output, row.tokens_reasoning, {})).field("totalUsage", total);
}

void write_observation(JsonWriter& json, const Loaded& loaded, const SpanRow& row, ProjectId project, Fields fields) {
  const auto parent = row.shown_parent_id();
  const bool under_trace = parent.starts_with("trace:");
  json.object().field("id", row.shown_span_id()).field("traceId", row.shown_trace_id());
  json.field("projectId", project_text(project)).field("type", type_of(row)).field("name", row.name);
  write_iso(json, "startTime", row.start);
  write_iso(json, "endTime", row.status == llm::Status::running ? 0 : row.start + row.duration);
  write_maybe(json, "parentObservationId", under_trace ? "" : parent);
  json.field("isRootObservation", parent.empty() || under_trace).field("level", level_of(row));
  write_maybe(json, "statusMessage", row.error_message);
  write_maybe(json, "version", attribute(row, "langfuse.version"));
  json.field("environment", or_default(row.environment));
  write_maybe(json, "userId", row.user), write_maybe(json, "sessionId", row.session);
  write_iso(json, "completionStartTime", row.ttft ? row.start + *row.ttft : 0);
  write_iso(json, "createdAt", row.received), write_iso(json, "updatedAt", row.received);
  json.field("latency", seconds(row.duration)).key("timeToFirstToken");
  row.ttft ? json.value(seconds(*row.ttft)) : json.null();
  if (fields.has("io")) {
    json.key("input").raw(input_of(loaded, row)).key("output").raw(output_of(loaded, row));
  }
  json.key("metadata");
  write_attributes(json, row, "langfuse.observation.metadata.");
  write_maybe(json, "model", row.model);
  write_maybe(json, "providedModelName", row.model_requested.empty() ? row.model : row.model_requested);
  const auto parameters = attribute(row, "langfuse.observation.model.parameters");
  json.key("modelParameters").raw(json::is_object(parameters) && check_json(parameters) ? parameters : "{}");
  write_usage(json, row);
  write_maybe(json, "promptName", row.prompt);
  const auto prompt_version = parse_int(row.prompt_version);
  json.key("promptId").null().key("promptVersion");
  prompt_version ? json.value(*prompt_version) : json.null();
  for (const std::string_view name :
       {"modelId", "inputPrice", "outputPrice", "totalPrice", "calculatedInputCost", "calculatedOutputCost"})
    json.key(name).null();
  json.end();
}

// The first of a trace's spans, its own words where it has some.
const SpanRow& root_of(std::span<const SpanRow* const> rows) {
  for (const auto* row : rows)
    if (!row->parent) return *row;
  return *rows.front();
}

using ByTrace = std::map<Id128, std::vector<const SpanRow*>>;

ByTrace by_trace(const Loaded& loaded) {
  ByTrace out;
  for (const auto& row : loaded.spans) out[row.trace].push_back(&row);
  return out;
}

std::string_view first_attribute(std::span<const SpanRow* const> rows, std::string_view name) {
  for (const auto* row : rows)
    if (const auto value = attribute(*row, name); !value.empty()) return value;
  return {};
}

void write_trace_head(JsonWriter& json, const Loaded& loaded, std::span<const SpanRow* const> rows, ProjectId project,
                      Fields fields) {
  const SpanRow& root = root_of(rows);
  const auto field = [&](std::string SpanRow::* member) -> std::string {
    for (const auto* row : rows)
      if (!(row->*member).empty()) return row->*member;
    return {};
  };
  const auto name = first_attribute(rows, "langfuse.trace.name");
  json.object().field("id", root.shown_trace_id()).field("projectId", project_text(project));
  write_iso(json, "timestamp", rows.front()->start);
  json.field("name", name.empty() ? std::string_view(root.name) : name);
  write_maybe(json, "userId", field(&SpanRow::user)), write_maybe(json, "sessionId", field(&SpanRow::session));
  write_maybe(json, "release", first_attribute(rows, "langfuse.release"));
  write_maybe(json, "version", first_attribute(rows, "langfuse.version"));
  json.field("environment", or_default(field(&SpanRow::environment)));
  json.field("public", first_attribute(rows, "langfuse.trace.public") == "true").field("bookmarked", false);
  json.key("tags").array();
  std::vector<std::string> tags;
  for (const auto* row : rows)
    for (const auto& tag : row->tags)
      if (std::ranges::find(tags, tag) == tags.end()) tags.push_back(tag);
  std::ranges::sort(tags);
  for (const auto& tag : tags) json.value(tag);
  json.end();
  write_iso(json, "createdAt", rows.front()->received), write_iso(json, "updatedAt", rows.back()->received);
  json.key("metadata");
  write_attributes(json, root, "langfuse.trace.metadata.");
  if (fields.has("io")) json.key("input").raw(input_of(loaded, root)).key("output").raw(output_of(loaded, root));
}

void write_trace_figures(JsonWriter& json, std::span<const SpanRow* const> rows) {
  double cost = 0;
  Nanos end = 0;
  for (const auto* row : rows) cost += dollars(*row), end = std::max(end, row->start + row->duration);
  json.field("latency", seconds(end - rows.front()->start)).field("totalCost", cost);
  json.field("htmlPath", "/traces/" + percent_encode(rows.front()->shown_trace_id()));
}

Result<std::vector<scores::Score>> scores_of(Sdks::Inside& inside, ProjectId project,
                                             std::span<const SpanRow* const> rows) {
  std::vector<Id128> spans;
  for (const auto* row : rows) spans.push_back(row->span);
  return inside.parts.scores.of_trace(project, rows.front()->trace, spans);
}

Result<> write_trace_ids(JsonWriter& json, Sdks::Inside& inside, ProjectId project,
                         std::span<const SpanRow* const> rows) {
  json.key("observations").array();
  for (const auto* row : rows)
    if (is_observation(*row)) json.value(row->shown_span_id());
  json.end().key("scores").array();
  for (const auto& score : TRY(scores_of(inside, project, rows))) json.value(score.id);
  json.end();
  return {};
}

Result<ItemsAsked> traces_asked(Sdks::Inside& inside, const net::Request& request) {
  const auto get = [&](std::string_view name) { return request.query.get(name); };
  FilterText filter;
  filter.with("user", get("userId")).with("session", get("sessionId")).with("name", get("name"));
  filter.with("attr.langfuse.version", get("version")).with("attr.langfuse.release", get("release"));
  for (const auto& environment : all_of(request, "environment")) filter.with("environment", environment);
  for (const auto& tag : all_of(request, "tags")) filter.with("tag", tag);
  ItemsAsked asked{.grain = query::Grain::trace,
                   .filter = filter.text(),
                   .range = range_between(TRY(moment_of(request, "fromTimestamp")),
                                          TRY(moment_of(request, "toTimestamp")), inside.clock.now())};
  if (const auto order = get("orderBy"); !order.empty()) {
    const auto [by, direction] = cut(order, '.');
    if (by != "timestamp" && by != "name")
      return fail(ErrorKind::invalid, "orderBy={} is not offered: timestamp or name, .asc or .desc.", order);
    asked.order = fmt::format("{}{}", direction == "asc" ? "" : "-", by == "timestamp" ? "start" : "name");
  }
  if (request.query.find("filter")) return fail(ErrorKind::invalid, "filter= is not offered; use the single filters.");
  return asked;
}

Result<net::Response> list_traces(Sdks::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto paging = TRY(paging_of(request, 50, 100));
  const auto asked = TRY(traces_asked(inside, request));
  const Fields fields{request.query.get("fields")};
  const auto page = TRY(page_at(inside, store, project, asked, paging));
  std::vector<Id128> keys;
  for (const auto& key : page.keys) keys.push_back(key.trace);
  const auto loaded = TRY(load_traces(store, project, keys, fields.has("io")));
  const auto rows = by_trace(loaded);
  JsonWriter json;
  json.object().key("data").array();
  for (const auto& key : keys) {
    const auto found = rows.find(key);
    if (found == rows.end()) continue;
    write_trace_head(json, loaded, found->second, project, fields);
    write_trace_figures(json, found->second);
    TRY(write_trace_ids(json, inside, project, found->second));
    json.end();
  }
  json.end();
  write_meta(json, paging, TRY(count_of(inside, store, project, asked)));
  return net::Response::json(json.end().take());
}

Result<net::Response> get_trace(Sdks::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto id = request.capture("trace_id");
  const auto loaded = TRY(load_traces(store, project, {id_from_text(id)}, true));
  if (loaded.spans.empty()) return fail(ErrorKind::not_found, "Trace {} not found within authorized project", id);
  const auto all = by_trace(loaded);
  const auto& rows = all.begin()->second;
  JsonWriter json;
  write_trace_head(json, loaded, rows, project, {});
  write_trace_figures(json, rows);
  json.key("observations").array();
  for (const auto* row : rows)
    if (is_observation(*row)) write_observation(json, loaded, *row, project, {});
  json.end().key("scores").array();
  for (const auto& score : TRY(scores_of(inside, project, rows))) write_langfuse_score(json, score, project, false);
  return net::Response::json(json.end().end().take());
}

Result<ItemsAsked> observations_asked(Sdks::Inside& inside, const net::Request& request) {
  const auto get = [&](std::string_view name) { return request.query.get(name); };
  FilterText filter;
  filter.with("trace", get("traceId")).with("user", get("userId")).with("name", get("name"));
  filter.with("session", get("sessionId")).with("attr.langfuse.version", get("version"));
  for (const auto& environment : all_of(request, "environment")) filter.with("environment", environment);
  if (const auto type = get("type"); !type.empty()) {
    const auto found = std::ranges::find(types, type, &Type::name);
    found != std::end(types) ? filter.with("kind", llm::name_of(found->kind))
                             : filter.with("attr.langfuse.observation.type", to_lower(type));
  }
  if (const auto level = get("level"); level == "ERROR")
    filter.with("status", "error");
  else
    filter.with("attr.langfuse.observation.level", level);
  if (get("isRootObservation") == "true") filter.add("is:root");
  for (const std::string_view name : {"filter", "parentObservationId"})
    if (!get(name).empty()) return fail(ErrorKind::invalid, "Pawl does not filter observations by {} here.", name);
  return ItemsAsked{.grain = query::Grain::span,
                    .filter = filter.text(),
                    .range = range_between(TRY(moment_of(request, "fromStartTime")),
                                           TRY(moment_of(request, "toStartTime")), inside.clock.now())};
}

Result<> write_observations(JsonWriter& json, warehouse::Warehouse& store, ProjectId project, const ItemsPage& page,
                            Fields fields) {
  std::vector<Id128> keys;
  for (const auto& key : page.keys)
    if (std::ranges::find(keys, key.trace) == keys.end()) keys.push_back(key.trace);
  const auto loaded = TRY(load_traces(store, project, keys, fields.has("io")));
  std::unordered_map<Id128, const SpanRow*> at;
  for (const auto& row : loaded.spans) at[traces::content_key(row.trace, row.span)] = &row;
  json.key("data").array();
  for (const auto& key : page.keys) {
    const auto found = at.find(traces::content_key(key.trace, key.span));
    if (found != at.end() && is_observation(*found->second))
      write_observation(json, loaded, *found->second, project, fields);
  }
  json.end();
  return {};
}

Result<net::Response> list_observations(Sdks::Inside& inside, warehouse::Warehouse& store,
                                        const net::Request& request) {
  const auto project = access_of(request).project;
  const auto paging = TRY(paging_of(request, 50, 100));
  const auto asked = TRY(observations_asked(inside, request));
  JsonWriter json;
  json.object();
  TRY(write_observations(json, store, project, TRY(page_at(inside, store, project, asked, paging)), {}));
  write_meta(json, paging, TRY(count_of(inside, store, project, asked)));
  return net::Response::json(json.end().take());
}

Result<net::Response> list_observations_v2(Sdks::Inside& inside, warehouse::Warehouse& store,
                                           const net::Request& request) {
  const auto project = access_of(request).project;
  const auto limit = TRY(paging_of(request, 50, 1000)).limit;
  const auto asked = TRY(observations_asked(inside, request));
  const auto page = TRY(page_after(inside, store, project, asked, std::string(request.query.get("cursor")), limit));
  JsonWriter json;
  json.object();
  TRY(write_observations(json, store, project, page, {request.query.get("fields")}));
  json.key("meta").object();
  write_maybe(json, "cursor", page.cursor);
  return net::Response::json(json.end().end().take());
}

Result<net::Response> get_observation(Sdks::Inside&, warehouse::Warehouse& store, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto id = request.capture("observation_id");
  const auto loaded = TRY(load_span(store, project, id));
  if (loaded.spans.empty()) return fail(ErrorKind::not_found, "Observation {} not found within authorized project", id);
  JsonWriter json;
  write_observation(json, loaded, loaded.spans.front(), project, {});
  return net::Response::json(json.take());
}

Result<net::Response> list_sessions(Sdks::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto paging = TRY(paging_of(request, 50, 100));
  FilterText filter;
  filter.add("has:session");
  for (const auto& environment : all_of(request, "environment")) filter.with("environment", environment);
  const ItemsAsked asked{.grain = query::Grain::session,
                         .filter = filter.text(),
                         .range = range_between(TRY(moment_of(request, "fromTimestamp")),
                                                TRY(moment_of(request, "toTimestamp")), inside.clock.now())};
  const auto page = TRY(page_at(inside, store, project, asked, paging));
  std::vector<Id128> keys;
  for (const auto& key : page.keys) keys.push_back(key.trace);
  const auto loaded = TRY(load_traces(store, project, keys, false));
  const auto rows = by_trace(loaded);
  JsonWriter json;
  json.object().key("data").array();
  for (const auto& key : page.keys) {
    const auto found = rows.find(key.trace);
    if (found == rows.end()) continue;
    json.object().field("id", key.session).field("projectId", project_text(project));
    write_iso(json, "createdAt", found->second.front()->start);
    json.field("environment", or_default(found->second.front()->environment)).end();
  }
  json.end();
  write_meta(json, paging, TRY(count_of(inside, store, project, asked)));
  return net::Response::json(json.end().take());
}

Result<net::Response> get_session(Sdks::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto project = access_of(request).project;
  const std::string id(request.capture("session_id"));
  const auto keys = TRY(traces::traces_of_session(store, project, id));
  if (keys.empty()) return fail(ErrorKind::not_found, "Session {} not found within authorized project", id);
  const auto loaded = TRY(load_traces(store, project, keys, true));
  JsonWriter json;
  json.object().field("id", id).field("projectId", project_text(project));
  write_iso(json, "createdAt", loaded.spans.empty() ? inside.clock.now() : loaded.spans.front().start);
  json.field("environment", loaded.spans.empty() ? "default" : or_default(loaded.spans.front().environment));
  json.key("traces").array();
  for (const auto& [key, rows] : by_trace(loaded)) {
    write_trace_head(json, loaded, rows, project, {});
    json.end();
  }
  return net::Response::json(json.end().end().take());
}

// Written down, and carried out a little later (seen.cc).
Result<> delete_later(Sdks::Inside& inside, const net::Request& request, const std::vector<std::string>& ids) {
  const auto& access = access_of(request);
  const Nanos now = inside.clock.now();
  return inside.parts.ledger.change([&](ledger::Transaction& t) -> Result<> {
    for (const auto& id : ids) {
      TRY(t.run("INSERT OR REPLACE INTO deletions (project, trace_id, due, actor) VALUES (?, ?, ?, ?)",
                {std::int64_t{access.project}, id, now + deletion_wait, actor_of(access)}));
      TRY(audit::append(t, now, access.project, actor_of(access), "trace deleted", id));
    }
    return {};
  });
}

// Also of one that is still on its way here; of another project's it says and does the same as of none.
Result<net::Response> delete_trace(Sdks::Inside& inside, const net::Request& request) {
  TRY(delete_later(inside, request, {std::string(request.capture("trace_id"))}));
  return net::Response::json("{\"message\":\"Trace is deleted within a minute\"}");
}

Result<net::Response> delete_traces(Sdks::Inside& inside, const net::Request& request) {
  const auto doc = TRY(Doc::of(request));
  const auto ids = TRY(doc.texts("traceIds"));
  if (ids.empty() || ids.size() > 1000) return fail(ErrorKind::invalid, "traceIds must be 1 to 1000 ids.");
  TRY(delete_later(inside, request, ids));
  return net::Response::json("{\"message\":\"Traces are deleted within a minute\"}");
}

}  // namespace

void add_langfuse_reads(Sdks::Inside& inside) {
  const auto look = [&](std::string pattern, Look work, std::string summary) {
    add(inside, Dialect::langfuse,
        {.method = "GET",
         .pattern = std::move(pattern),
         .permission = "read",
         .look = work,
         .summary = std::move(summary)});
  };
  look("/api/public/traces", list_traces, "Langfuse: traces, newest first, by page");
  look("/api/public/traces/{trace_id}", get_trace, "Langfuse: a trace with its observations and scores");
  look("/api/public/observations", list_observations, "Langfuse: observations, newest first, by page");
  look("/api/public/observations/{observation_id}", get_observation, "Langfuse: one observation");
  look("/api/public/v2/observations", list_observations_v2, "Langfuse: observations, newest first, by cursor");
  look("/api/public/sessions", list_sessions, "Langfuse: sessions, newest first, by page");
  look("/api/public/sessions/{session_id}", get_session, "Langfuse: a session with its traces");
  add(inside, Dialect::langfuse,
      {.method = "DELETE",
       .pattern = "/api/public/traces/{trace_id}",
       .permission = "write",
       .work = delete_trace,
       .summary = "Langfuse: takes a trace and its scores back, within a minute"});
  add(inside, Dialect::langfuse,
      {.method = "DELETE",
       .pattern = "/api/public/traces",
       .permission = "write",
       .work = delete_traces,
       .summary = "Langfuse: takes traces and their scores back, within a minute",
       .accepts = "traceIds, a list"});
}

}  // namespace pawl::sdks
