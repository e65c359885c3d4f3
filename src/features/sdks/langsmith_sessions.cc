// LangSmith: projects of runs ("sessions"), which are experiments where they refer to a dataset.
#include "base/text.h"
#include "langsmith.h"

namespace pawl::sdks {
namespace {

using datasets::Experiment;

void write_session(JsonWriter& json, const Experiment& session, ProjectId project, std::uint64_t runs) {
  json.object().field("id", session.id).field("name", session.name).field("tenant_id", tenant_of(project));
  write_iso(json, "start_time", session.created), write_iso(json, "end_time", session.ended);
  write_maybe(json, "description", session.description);
  write_raw(json, "extra", session.extra);
  write_maybe(json, "reference_dataset_id", session.dataset);
  json.field("run_count", runs).key("latency_p50").null().key("feedback_stats").null();
  json.key("last_run_start_time").null().field("trace_tier", "longlived").end();
}

Result<net::Response> session_json(Sdks::Inside& inside, ProjectId project, const Experiment& session) {
  JsonWriter json;
  write_session(json, session, project, TRY(inside.parts.datasets.run_items(project, session.id, {0, 0})).total);
  return net::Response::json(json.take());
}

Result<net::Response> create(Sdks::Inside& inside, const net::Request& request) {
  const auto doc = TRY(Doc::of(request));
  const auto project = access_of(request).project;
  auto& all = inside.parts.datasets;
  const auto name = doc.text("name");
  if (name.empty()) return fail(ErrorKind::invalid, "A project needs a name.");
  const auto same = TRY(all.experiments(project, {.name = name, .of_datasets = {}, .page = {0, 1}}));
  if (!same.rows.empty() && request.query.get("upsert") != "true" && same.rows.front().id != doc.text("id"))
    return fail(ErrorKind::conflict, "Project {} already exists.", name);
  auto dataset = doc.text("reference_dataset_id");
  if (!dataset.empty()) dataset = TRY(all.find(project, dataset)).id;
  Experiment session{.id = same.rows.empty() ? doc.text("id") : same.rows.front().id,
                     .dataset = std::move(dataset),
                     .name = name,
                     .description = doc.text("description"),
                     .metadata = std::string(json::member(doc.raw("extra"), "metadata")),
                     .extra = doc.part("extra"),
                     .created = TRY(doc.moment("start_time"))};
  if (session.id.empty()) session.id = session_id_of(project, name);
  return session_json(inside, project, TRY(all.put_experiment(project, std::move(session))));
}

Result<net::Response> change(Sdks::Inside& inside, const net::Request& request) {
  const auto doc = TRY(Doc::of(request));
  const auto project = access_of(request).project;
  auto session = TRY(inside.parts.datasets.experiment(project, request.capture("session_id")));
  if (const auto name = doc.text("name"); !name.empty()) session.name = name;
  session.description = doc.text("description"), session.extra = doc.part("extra");
  session.metadata = std::string(json::member(doc.raw("extra"), "metadata"));
  session.ended = TRY(doc.moment("end_time"));
  return session_json(inside, project, TRY(inside.parts.datasets.put_experiment(project, std::move(session))));
}

Result<net::Response> list(Sdks::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto window = TRY(window_of(request));
  datasets::ExperimentsWanted wanted{.dataset = {},
                                     .name = std::string(request.query.get("name")),
                                     .name_part = std::string(request.query.get("name_contains")),
                                     .ids = all_of(request, "id"),
                                     .of_datasets = {},
                                     .page = {window.offset, window.limit}};
  for (const std::string_view name : {"reference_dataset", "reference_dataset_id"})
    if (const auto found = all_of(request, name); !found.empty()) wanted.dataset = found.front();
  if (request.query.get("reference_free") == "true") wanted.of_datasets = false;
  if (request.query.get("reference_free") == "false") wanted.of_datasets = true;
  const auto found = TRY(inside.parts.datasets.experiments(project, wanted));
  JsonWriter json;
  json.array();
  for (const auto& session : found.rows)
    write_session(json, session, project, TRY(inside.parts.datasets.run_items(project, session.id, {0, 0})).total);
  auto response = net::Response::json(json.end().take());
  response.headers.set("x-pagination-total", fmt::format("{}", found.total));
  return response;
}

Result<net::Response> get(Sdks::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  return session_json(inside, project, TRY(inside.parts.datasets.experiment(project, request.capture("session_id"))));
}

Result<net::Response> remove(Sdks::Inside& inside, const net::Request& request) {
  TRY(inside.parts.datasets.remove_experiment(access_of(request).project, request.capture("session_id")));
  return net::Response::json("{\"message\":\"Project deleted; its runs stay\"}", 202);
}

}  // namespace

void add_langsmith_sessions(Sdks::Inside& inside) {
  const auto to = [&](std::string method, std::string pattern, std::string permission, Work work, std::string summary) {
    add_langsmith(inside, {.method = std::move(method),
                           .pattern = std::move(pattern),
                           .permission = std::move(permission),
                           .work = work,
                           .summary = "LangSmith: " + std::move(summary)});
  };
  to("POST", "/sessions", "ingest", create, "makes a project of runs, or an experiment over a dataset");
  to("GET", "/sessions", "read", list, "projects of runs and experiments, newest first");
  to("GET", "/sessions/{session_id}", "read", get, "one project of runs, or experiment");
  to("PATCH", "/sessions/{session_id}", "ingest", change, "changes or ends a project of runs, or experiment");
  to("DELETE", "/sessions/{session_id}", "write", remove, "removes a project of runs, or experiment; runs stay");
}

}  // namespace pawl::sdks
