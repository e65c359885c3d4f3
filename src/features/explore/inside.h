// What the rooms of explore share: the warehouse once it is open, and the way from a request to an answer.
#pragma once
#include <atomic>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "explore.h"
#include "net/channel.h"
#include "query/query.h"
#include "reading/reading.h"
#include "records/projects/projects.h"
#include "span_json.h"

namespace pawl::explore {

using traces::ProjectId;

struct Subscriber {
  ProjectId project;
  query::Filter filter;
  std::shared_ptr<net::Channel> channel;
  std::shared_ptr<const std::atomic<bool>> holds;  // may its asker still see the project?
};

struct Explore::Inside {
  net::Pool& pool;
  const Clock& clock;
  const Log& log;
  Options options;
  std::atomic<warehouse::Warehouse*> warehouse = nullptr;
  mutable std::mutex mutex;
  std::unordered_map<ProjectId, Nanos> newest;  // receipt of the newest span seen
  std::vector<Subscriber> subscribers;
  std::unordered_map<ProjectId, bool> received, logs;  // whether there are any, as far as it is known

  // Whether the project has log records of its own at all; asks the warehouse once.
  Result<bool> has_logs(warehouse::Warehouse& store, ProjectId project);

  // Runs `work(warehouse, cancel)` on the pool; `unavailable` with the progress of the start while there is none.
  template <typename F>
  Task<Result<net::Response>> answer(net::Request& request, F work) {
    return reading::answer(pool, warehouse.load(), options.progress, request,
                           [work](warehouse::Warehouse& asked, const net::Cancel&) { return work(asked); });
  }
};

// What a list or a query read, for the status line.
struct Read {
  std::uint64_t rows = 0;
  Nanos elapsed = 0;
  ProjectId project = 0;  // whose newest span is told
};
void write_stats(JsonWriter& json, const Explore::Inside& inside, const Read& read);

// A statement of query/, run.
Result<warehouse::Answer> run(warehouse::Warehouse& store, const query::Statement& statement, Read& read);

// from=, to=, filter=, of a request; the default range is the last 24 hours. The filter's mistake is the error's text
// with its position as JSON in `detail`.
Result<query::Range> range_of(const net::Request& request, Nanos now);
Result<query::Range> range_of(std::string_view from, std::string_view to, Nanos now);
Result<std::uint32_t> limit_of(const net::Request& request, std::uint32_t usual);  // limit=, 1 to 1000
std::expected<query::Filter, net::Response> filter_of(const net::Request& request, std::string_view text);

// A page of a list: rows as query::Pager gave them.
struct ListPage {
  std::vector<std::pair<std::shared_ptr<const native::Rows>, std::size_t>> rows;
  std::string cursor;                // "" where there is no more
  std::optional<Nanos> searched_to;  // it stopped here because its time was up; the cursor goes on
  Read read;
};
std::string_view plural(query::Grain grain);  // "sessions" "traces" "spans"
// from, to, order and cursor of a request.
Result<query::ListQuery> list_query(const net::Request& request, query::Grain grain, query::Filter filter, Nanos now);
// `within`: how long it may take before it answers with what it has (by start, the newest first); none: until it is
// complete.
Result<ListPage> fetch_list(warehouse::Warehouse& store, ProjectId project, query::ListQuery query,
                            std::optional<Nanos> within = {});
Result<std::optional<Nanos>> within_of(const net::Request& request);  // within_ms=
void write_end(JsonWriter& json, const ListPage& page);               // next_cursor, searched_to
// The rows as JSON objects: Session, Trace or Span of the API.
Result<std::vector<std::string>> list_rows(warehouse::Warehouse& store, ProjectId project, query::Grain grain,
                                           const ListPage& page);
traces::SpanRow span_of(const native::Rows& rows, std::size_t row);  // of a page of spans

// What a run is as a whole, as the list's Session or Trace (summary.cc); "" where there is none. `where` is about its
// spans, {name:Type} stand in `parameters`, "project" too.
Result<std::string> summary_of(warehouse::Warehouse& store, const std::string& where,
                               const std::vector<warehouse::Parameter>& parameters, bool session, Nanos now,
                               Read& read);

// Keys of the traces of a route's {session_id} or {trace_id}; `not_found` where there are none.
Result<std::vector<Id128>> traces_asked(warehouse::Warehouse& store, const net::Request& request);
// Adds a route for sessions and the same for traces: "/api/v1/sessions/{session_id}/WHAT".
using RunWork = Result<net::Response> (*)(Explore::Inside&, warehouse::Warehouse&, const net::Request&);
void add_run_routes(net::Router& router, Explore::Inside& inside, std::string_view what, RunWork work,
                    net::Route route);

void add_list_routes(net::Router& router, Explore::Inside& inside);
void add_state_routes(net::Router& router, Explore::Inside& inside);
void add_skeleton_routes(net::Router& router, Explore::Inside& inside);  // big runs: windows, and bodies by range
void add_search_route(net::Router& router, Explore::Inside& inside);
void add_similar_routes(net::Router& router, Explore::Inside& inside);
void add_export_routes(net::Router& router, Explore::Inside& inside);
void add_detail_routes(net::Router& router, Explore::Inside& inside);
void add_ask_routes(net::Router& router, Explore::Inside& inside);
void add_board_route(net::Router& router, Explore::Inside& inside);  // board.cc
void add_held_route(net::Router& router, Explore::Inside& inside);   // held.cc
void add_log_routes(net::Router& router, Explore::Inside& inside);
void write_logs(JsonWriter& json, const std::vector<traces::LogRow>& rows);  // "logs": […]
// The same of these traces, the earliest first; "logs_cut" where there are more.
Result<void> write_logs_of(JsonWriter& json, Explore::Inside& inside, warehouse::Warehouse& store, ProjectId project,
                           const std::vector<Id128>& traces, Nanos until);
void add_live_routes(net::Router& router, Explore::Inside& inside);
void publish(Explore::Inside& inside, const traces::Batch& batch);
void end_views(Explore::Inside& inside);

}  // namespace pawl::explore
