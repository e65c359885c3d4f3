// LangSmith: runs as its clients read them, and what the server tells of itself.
#include <algorithm>

#include "base/ids.h"
#include "base/text.h"
#include "langsmith.h"

namespace pawl::sdks {
namespace {

using traces::Loaded;
using traces::SpanRow;

// Every flag here is a promise: clients send what it says.
constexpr std::string_view info_json =
    R"({"version":"0.13.40","license_expiration_time":null,"batch_ingest_config":{"use_multipart_endpoint":true,)"
    R"("scale_up_qsize_trigger":1000,"scale_up_nthreads_limit":16,"scale_down_nempty_trigger":4,"size_limit":100,)"
    R"("size_limit_bytes":20971520},"instance_flags":{"gzip_body_enabled":true,"zstd_compression_enabled":true,)"
    R"("dataset_examples_multipart_enabled":true,"examples_multipart_enabled":true}})";

Result<net::Response> info(Sdks::Inside&, const net::Request&) {
  return net::Response::json(std::string(info_json));
}

// The client's type, else what its kind comes nearest to.
std::string_view run_type(const SpanRow& row) {
  if (const auto said = attribute(row, "langsmith.span.kind"); !said.empty()) return said;
  switch (row.kind) {
    case llm::Kind::llm:
      return "llm";
    case llm::Kind::tool:
      return "tool";
    case llm::Kind::retriever:
      return "retriever";
    case llm::Kind::embedding:
      return "embedding";
    default:
      return "chain";
  }
}

// <time>Z<id>, of the run alone where the client did not say the whole chain.
std::string dotted_order(const SpanRow& row, std::string_view id) {
  if (const auto said = attribute(row, "langsmith.dotted_order"); !said.empty()) return std::string(said);
  std::string text = iso(row.start);  // 2026-11-21T13:14:07.123456Z → 20261121T131407123456Z
  std::erase_if(text, [](char c) { return c == '-' || c == ':' || c == '.'; });
  return fmt::format("{}{}", text, id);
}

std::string as_object(std::string value) {
  if (value == "null") return "{}";
  return json::is_object(value) ? value : fmt::format("{{\"input\":{}}}", value);
}

void write_figures(JsonWriter& json, const SpanRow& row) {
  const auto prompt =
      row.tokens_input.value_or(0) + row.tokens_cache_read.value_or(0) + row.tokens_cache_write.value_or(0);
  const auto completion = row.tokens_output.value_or(0) + row.tokens_reasoning.value_or(0);
  json.field("prompt_tokens", prompt).field("completion_tokens", completion).field("total_tokens", prompt + completion);
  json.key("total_cost");
  row.cost_or_reported() ? json.value(format_dollars(*row.cost_or_reported())) : json.null();
  json.key("prompt_cost").null().key("completion_cost").null();
  write_iso(json, "first_token_time", row.ttft ? row.start + *row.ttft : 0);
}

void write_extra(JsonWriter& json, const SpanRow& row) {
  json.key("extra").object().key("metadata");
  write_attributes(json, row, "langsmith.metadata.");
  json.key("runtime");
  write_attributes(json, row, "langsmith.runtime.");
  const auto parameters = attribute(row, "llm.invocation_parameters");
  if (json::is_object(parameters) && check_json(parameters)) json.key("invocation_params").raw(parameters);
  json.end();
}

void write_run(JsonWriter& json, const Loaded& loaded, const SpanRow& row, ProjectId project,
               const std::string& session_id) {
  const std::string id = uuid_of(row.shown_span_id()), trace = uuid_of(row.shown_trace_id());
  json.object().field("id", id).field("name", row.name).field("run_type", run_type(row));
  write_iso(json, "start_time", row.start);
  const bool open = row.status == llm::Status::running;
  write_iso(json, "end_time", open ? 0 : row.start + row.duration);
  json.field("status", open ? "pending" : row.status == llm::Status::error ? "error" : "success");
  write_maybe(json, "error", row.error_message);
  json.key("inputs").raw(as_object(input_of(loaded, row)));
  const auto output = output_of(loaded, row);
  json.key("outputs").raw(output == "null" ? "null" : as_object(output));
  write_extra(json, row);
  json.key("events").array().end().key("serialized").null();
  json.key("parent_run_id");
  row.parent ? json.value(uuid_of(row.shown_parent_id())) : json.null();
  json.field("trace_id", trace).field("dotted_order", dotted_order(row, id));
  json.key("tags").array();
  for (const auto& tag : row.tags) json.value(tag);
  json.end().field("session_id", session_id);
  write_maybe(json, "session_name", attribute(row, "langsmith.trace.session_name"));
  write_maybe(json, "reference_example_id", attribute(row, "langsmith.reference_example_id"));
  json.field("tenant_id", tenant_of(project));
  json.field("app_path", "/traces/" + percent_encode(row.shown_trace_id()));
  write_figures(json, row);
  json.key("feedback_stats").null().end();
}

// Ids of the projects of runs, asked once each.
class Sessions {
 public:
  Sessions(Sdks::Inside& inside, ProjectId project) : inside_(inside), project_(project) {}
  Result<std::string> id_of(const SpanRow& row) {
    if (const auto said = attribute(row, "langsmith.session_id"); !said.empty()) return std::string(said);
    const std::string name(attribute(row, "langsmith.trace.session_name"));
    auto& id = ids_[name];
    if (!id.empty()) return id;
    const auto found =
        TRY(inside_.parts.datasets.experiments(project_, {.name = name, .of_datasets = {}, .page = {0, 1}}));
    id = found.rows.empty() || name.empty() ? session_id_of(project_, name) : found.rows.front().id;
    return id;
  }

 private:
  Sdks::Inside& inside_;
  ProjectId project_;
  std::unordered_map<std::string, std::string> ids_;
};

Result<net::Response> get_run(Sdks::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto id = request.capture("run_id");
  const auto loaded = TRY(load_span(store, project, id));
  if (loaded.spans.empty()) return fail(ErrorKind::not_found, "Run {} not found", id);
  const auto& row = loaded.spans.front();
  JsonWriter json;
  write_run(json, loaded, row, project, TRY(Sessions(inside, project).id_of(row)));
  return net::Response::json(json.take());
}

// The runs of these projects, by name or by the id that the runs carry.
Result<> add_sessions(Sdks::Inside& inside, ProjectId project, const std::vector<std::string>& ids,
                      FilterText& filter) {
  if (ids.empty()) return {};
  std::string terms;
  for (const auto& id : ids) {
    FilterText one;
    one.with("attr.langsmith.session_id", id);
    if (const auto known = inside.parts.datasets.experiment(project, id)) {
      one.add("or");
      one.with("attr.langsmith.trace.session_name", known->name);
    } else if (known.error().kind != ErrorKind::not_found) {
      return std::unexpected(known.error());
    }
    terms += fmt::format("{}{}", terms.empty() ? "" : " or ", one.text());
  }
  filter.add("(" + terms + ")");
  return {};
}

Result<> add_terms(const Doc& doc, FilterText& filter, Nanos& from) {
  filter.with("trace", doc.text("trace"));
  const auto any_of = [&](std::string_view field, std::string_view name) -> Result<> {
    FilterText any;
    const auto all = TRY(doc.texts(field));
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (i > 0) any.add("or");
      any.with(name, all[i]);
    }
    if (!all.empty()) filter.add("(" + any.text() + ")");
    return {};
  };
  TRY(any_of("id", "span"));
  TRY(any_of("reference_example", "attr.langsmith.reference_example_id"));
  if (const auto type = doc.text("run_type"); type == "llm" || type == "tool" || type == "retriever")
    filter.with("kind", type);
  else
    filter.with("attr.langsmith.span.kind", type);
  if (doc.raw("is_root") == "true") filter.add("is:root");
  if (doc.raw("error") == "true") filter.add("status=error");
  if (doc.raw("error") == "false") filter.add("-status=error");
  if (const auto words = doc.text("query"); !words.empty()) filter.add(json_quote(words));
  for (const std::string_view name : {"filter", "trace_filter", "tree_filter"}) {
    if (!doc.has(name)) continue;
    if (name != "filter") return fail(ErrorKind::invalid, "Pawl does not offer {} here.", name);
    filter.add(TRY(filter_of_langsmith(doc.text(name), from)));
  }
  for (const std::string_view name : {"parent_run", "execution_order"})
    if (doc.has(name)) return fail(ErrorKind::invalid, "Pawl does not filter runs by {} here.", name);
  return {};
}

Result<net::Response> query_runs(Sdks::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto doc = TRY(Doc::of(request));
  const auto project = access_of(request).project;
  FilterText filter;
  Nanos from = TRY(doc.moment("start_time"));
  TRY(add_sessions(inside, project, TRY(doc.texts("session")), filter));
  TRY(add_terms(doc, filter, from));
  const ItemsAsked asked{.grain = query::Grain::span,
                         .filter = filter.text(),
                         .range = range_between(from, TRY(doc.moment("end_time")), inside.clock.now()),
                         .order = doc.text("order") == "asc" ? "start" : "-start"};
  const auto limit = std::clamp<std::int64_t>(doc.number("limit").value_or(100), 1, 100);
  const auto page =
      TRY(page_after(inside, store, project, asked, doc.text("cursor"), static_cast<std::uint64_t>(limit)));
  std::vector<Id128> keys;
  for (const auto& key : page.keys)
    if (std::ranges::find(keys, key.trace) == keys.end()) keys.push_back(key.trace);
  const auto loaded = TRY(load_traces(store, project, keys, true));
  std::unordered_map<Id128, const SpanRow*> at;
  for (const auto& row : loaded.spans) at[traces::content_key(row.trace, row.span)] = &row;
  Sessions sessions(inside, project);
  JsonWriter json;
  json.object().key("runs").array();
  for (const auto& key : page.keys) {
    const auto found = at.find(traces::content_key(key.trace, key.span));
    if (found != at.end()) write_run(json, loaded, *found->second, project, TRY(sessions.id_of(*found->second)));
  }
  json.end().key("cursors").object();
  write_maybe(json, "next", page.cursor);
  json.key("prev").null().end().field("parsed_query", asked.filter);
  return net::Response::json(json.end().take());
}

}  // namespace

std::string uuid_of(std::string_view id) {
  return is_uuid(id) ? std::string(id) : to_uuid(id_from_text(id));
}

std::string tenant_of(ProjectId project) {
  return to_uuid(hash128(fmt::format("pawl tenant {}", project)));
}

std::string session_id_of(ProjectId project, std::string_view name) {
  return to_uuid(hash128(fmt::format("pawl session {} {}", project, name)));
}

void add_langsmith_runs(Sdks::Inside& inside) {
  add_langsmith(inside, {.method = "GET",
                         .pattern = "/info",
                         .permission = "public",
                         .work = info,
                         .quick = true,
                         .summary = "LangSmith: what this server takes"});
  add_langsmith(inside, {.method = "GET",
                         .pattern = "/runs/{run_id}",
                         .permission = "read",
                         .look = get_run,
                         .summary = "LangSmith: one run"});
  add_langsmith(inside, {.method = "POST",
                         .pattern = "/runs/query",
                         .permission = "read",
                         .look = query_runs,
                         .summary = "LangSmith: runs that pass a filter, newest first, by cursor",
                         .accepts = "a query of LangSmith: session, id, trace, run_type, is_root, error, start_time, "
                                    "filter, limit, cursor",
                         .answers = "runs and cursors"});
}

}  // namespace pawl::sdks
