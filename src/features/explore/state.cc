// What each step of a run changed in the session's state.
#include <algorithm>

#include "inside.h"
#include "llm/messages.h"
#include "llm/state.h"

namespace pawl::explore {
namespace {

void write_value(JsonWriter& json, std::string_view name, const std::string& value) {
  json.key(name);
  value.empty() ? json.null() : json.raw(value);
}

// Steps in the order in which they ended: a step hands its changes over at its end.
std::vector<const traces::SpanRow*> by_end(const traces::Loaded& loaded) {
  std::vector<const traces::SpanRow*> rows;
  for (const auto& row : loaded.spans) {
    if (loaded.content.contains(traces::content_key(row.trace, row.span))) rows.push_back(&row);
  }
  std::ranges::sort(rows, {}, [](const auto* row) { return std::tuple(row->start + row->duration, -row->start); });
  return rows;
}

void write_step(JsonWriter& json, const traces::SpanRow& row, std::string_view source,
                const std::vector<llm::StateChange>& changes) {
  json.object().field("trace_id", row.shown_trace_id()).field("span_id", row.shown_span_id());
  json.field("at", format_time(row.start + row.duration)).field("name", row.name).key("agent");
  row.agent.empty() ? json.null() : json.value(row.agent);
  json.field("source", source).key("changes").array();
  for (const auto& change : changes) {
    json.object().field("path", change.path).field("op", llm::name_of(change.op));
    write_value(json, "before", change.before);
    write_value(json, "after", change.after);
    json.end();
  }
  json.end().field("cut", changes.size() >= llm::most_state_changes).end();
}

Result<net::Response> state(Explore::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const Nanos began = inside.clock.monotonic();
  const auto project = projects::access_of(request).project;
  const auto loaded = TRY(traces::load(
      store,
      {.project = project, .traces = TRY(traces_asked(store, request)), .span = std::nullopt, .slot = llm::Slot::state},
      traces::With::content));
  if (loaded.spans.empty()) return fail(ErrorKind::not_found, "There is nothing of that id in this project.");
  JsonWriter json;
  json.object().key("steps").array();
  llm::State all;
  for (const auto* row : by_end(loaded)) {
    for (const auto& piece : loaded.content.at(traces::content_key(row->trace, row->span))) {
      if (piece.missing || piece.repeated) continue;
      const auto changes =
          all.apply(llm::state_delta({piece.ref.slot, piece.ref.format, piece.ref.key, piece.ref.role, piece.bytes}));
      if (!changes.empty()) write_step(json, *row, piece.ref.key, changes);
    }
  }
  json.end().key("state").raw(all.json());
  write_stats(json, inside, {loaded.rows_read, inside.clock.monotonic() - began, project});
  return net::Response::json(json.end().take());
}

}  // namespace

Result<std::vector<Id128>> traces_asked(warehouse::Warehouse& store, const net::Request& request) {
  if (!request.captures.find("session_id")) return std::vector{id_from_text(request.capture("trace_id"))};
  const std::string id(request.capture("session_id"));
  auto keys = TRY(traces::traces_of_session(store, projects::access_of(request).project, id));
  if (keys.empty()) return fail(ErrorKind::not_found, "There is no session {} in this project.", id);
  return keys;
}

void add_run_routes(net::Router& router, Explore::Inside& inside, std::string_view what, RunWork work,
                    net::Route route) {
  route.method = "GET", route.permission = "read";
  route.handler = reading::handler(inside, work);
  for (const std::string_view of : {"sessions/{session_id}", "traces/{trace_id}"}) {
    route.pattern = fmt::format("/api/v1/{}/{}", of, what);
    router.add(route);
  }
}

void add_state_routes(net::Router& router, Explore::Inside& inside) {
  add_run_routes(router, inside, "state", state,
                 {.summary = "What each step changed in the session's state, and the state at the end",
                  .answers = "{steps:[StateStep], state:object, stats:Stats}"});
}

}  // namespace pawl::explore
