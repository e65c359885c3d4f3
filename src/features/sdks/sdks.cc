// The door; Langfuse's health and projects; what is not offered says so.
#include "sdks.h"

#include "base/text.h"
#include "inside.h"

namespace pawl::sdks {
namespace {

// The versions of their servers whose answers these are.
constexpr std::string_view langfuse_level = "3.203.0";

Result<net::Response> health(Sdks::Inside& inside, const net::Request&) {
  JsonWriter json;
  json.object().field("status", "OK").field("version", langfuse_level).field("pawl", inside.options.version);
  return net::Response::json(json.end().take());
}

Result<net::Response> projects_list(Sdks::Inside& inside, const net::Request& request) {
  const auto id = access_of(request).project;
  JsonWriter json;
  json.object().key("data").array();
  for (const auto& project : TRY(inside.parts.projects.projects())) {
    if (project.id != id) continue;
    json.object().field("id", project_text(id)).field("name", project.name).key("metadata").object().end();
    json.key("organization").object().field("id", "pawl").field("name", "Pawl").end().end();
  }
  return net::Response::json(json.end().end().take());
}

Result<net::Response> not_offered(Sdks::Inside&, const net::Request& request) {
  return fail(ErrorKind::not_found,
              "Pawl does not offer {} {}. What it takes from clients of Langfuse and LangSmith is in "
              "docs/guides/connect.",
              request.method, request.path);
}

// Addresses that the clients print: a trace and a session of Langfuse's page are Pawl's.
Result<net::Response> send_on(const net::Request& request, std::string_view place, std::string_view id) {
  net::Response response = net::Response::text("", 302);
  response.headers.set("location", fmt::format("/{}/{}", place, percent_encode(request.capture(id))));
  return response;
}

Result<net::Response> to_trace(Sdks::Inside&, const net::Request& request) {
  return send_on(request, "traces", "trace_id");
}

Result<net::Response> to_session(Sdks::Inside&, const net::Request& request) {
  return send_on(request, "sessions", "session_id");
}

}  // namespace

void add_langfuse_rest(Sdks::Inside& inside) {
  const auto to = [&](Spec spec) { add(inside, Dialect::langfuse, std::move(spec)); };
  to({.method = "GET",
      .pattern = "/api/public/health",
      .permission = "public",
      .work = health,
      .quick = true,
      .summary = "Langfuse: is it there"});
  to({.method = "GET",
      .pattern = "/api/public/projects",
      .permission = "read",
      .work = projects_list,
      .summary = "Langfuse: the project of this key",
      .answers = "the project as Langfuse writes it"});
  to({.method = "GET",
      .pattern = "/project/{project}/traces/{trace_id}",
      .permission = "public",
      .work = to_trace,
      .quick = true,
      .summary = "Langfuse: a trace's address leads to its replay"});
  to({.method = "GET",
      .pattern = "/project/{project}/sessions/{session_id}",
      .permission = "public",
      .work = to_session,
      .quick = true,
      .summary = "Langfuse: a session's address leads to its replay"});
  for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"})
    to({.method = method,
        .pattern = "/api/public/{rest...}",
        .permission = "read",
        .work = not_offered,
        .quick = true,
        .summary = "Langfuse: what is not offered is 404 and says its name"});
}

void add_langsmith_rest(Sdks::Inside& inside) {
  for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"})
    add(inside, Dialect::langsmith,
        {.method = method,
         .pattern = "/langsmith/{rest...}",
         .permission = "read",
         .work = not_offered,
         .quick = true,
         .summary = "LangSmith: what is not offered is 404 and says its name"});
}

Sdks::Sdks(net::Pool& pool, Parts parts, const Clock& clock, const Log& log, Options options)
    : inside_(std::make_unique<Inside>(pool, parts, clock, log, std::move(options))) {}
Sdks::~Sdks() {
  close();
}

void Sdks::add_routes(net::Router& router) {
  inside_->router = &router;
  add_langfuse_scores(*inside_);
  add_langfuse_prompts(*inside_);
  add_langfuse_datasets(*inside_);
  add_langfuse_experiments(*inside_);
  add_langfuse_media(*inside_);
  add_langfuse_reads(*inside_);
  add_langfuse_rest(*inside_);
  add_langsmith_runs(*inside_);
  add_langsmith_feedback(*inside_);
  add_langsmith_sessions(*inside_);
  add_langsmith_datasets(*inside_);
  add_langsmith_rest(*inside_);
}

void Sdks::open(warehouse::Warehouse& warehouse) {
  inside_->warehouse = &warehouse;
  if (!inside_->thread.joinable()) inside_->thread = std::thread([this, &warehouse] { inside_->run(warehouse); });
}

void Sdks::close() {
  inside_->warehouse = nullptr;
  {
    const std::lock_guard lock(inside_->mutex);
    inside_->stopping = true;
  }
  inside_->stop.notify_all();
  if (inside_->thread.joinable()) inside_->thread.join();
}

}  // namespace pawl::sdks
