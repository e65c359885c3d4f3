// The door, and what its rooms share.
#include "explore.h"

#include "base/text.h"
#include "inside.h"

namespace pawl::explore {

void write_stats(JsonWriter& json, const Explore::Inside& inside, const Read& read) {
  Nanos newest = 0;
  {
    const std::lock_guard lock(inside.mutex);
    if (const auto found = inside.newest.find(read.project); found != inside.newest.end()) newest = found->second;
  }
  json.key("stats").object().field("rows_read", read.rows).field("elapsed_ms", milliseconds(read.elapsed));
  json.key("newest_ms_ago");
  newest == 0 ? json.null() : json.value(milliseconds(inside.clock.now() - newest));
  json.end();
}

Result<warehouse::Answer> run(warehouse::Warehouse& store, const query::Statement& statement, Read& read) {
  for (const auto& parameter : statement.parameters) {
    if (parameter.name == "project") read.project = static_cast<ProjectId>(parse_int(parameter.value).value_or(0));
  }
  auto answer = TRY(store.read(query::question(statement)));
  read.rows += answer.rows_read;
  read.elapsed += answer.elapsed;
  return answer;
}

namespace {

// A moment, or a length for as long ago.
Result<Nanos> moment_of(std::string_view name, std::string_view text, Nanos now) {
  if (const auto time = parse_time(text)) return *time;
  if (const auto ago = parse_duration(text)) return now - *ago;
  return fail(ErrorKind::invalid, "{}={} is no time. Write it like 2026-11-21T13:00:00Z, or 7d for seven days ago.",
              name, text);
}

}  // namespace

Result<query::Range> range_of(std::string_view from, std::string_view to, Nanos now) {
  query::Range range{now - day, now + day};
  if (!to.empty()) {
    range.to = TRY(moment_of("to", to, now));
    range.from = range.to - day;
  }
  if (!from.empty()) range.from = TRY(moment_of("from", from, now));
  if (range.from >= range.to)
    return fail(ErrorKind::invalid, "from={} is not before to={}.", format_time(range.from), format_time(range.to));
  return range;
}

Result<query::Range> range_of(const net::Request& request, Nanos now) {
  return range_of(request.query.get("from"), request.query.get("to"), now);
}

Result<std::uint32_t> limit_of(const net::Request& request, std::uint32_t usual) {
  const auto limit = request.query.find("limit");
  if (!limit) return usual;
  const auto number = parse_int(*limit);
  if (!number || *number < 1 || *number > 1000)
    return fail(ErrorKind::invalid, "limit={} must be a number from 1 to 1000.", *limit);
  return static_cast<std::uint32_t>(*number);
}

Result<bool> Explore::Inside::has_logs(warehouse::Warehouse& store, ProjectId project) {
  {
    const std::lock_guard lock(mutex);
    if (const auto found = logs.find(project); found != logs.end()) return found->second;
  }
  const bool any = TRY(traces::any_logs(store, project));
  const std::lock_guard lock(mutex);
  return logs.try_emplace(project, any).first->second |= any;  // some may have come meanwhile
}

std::expected<query::Filter, net::Response> filter_of(const net::Request& request, std::string_view text) {
  auto filter = query::Filter::parse(text);
  if (filter) return std::move(*filter);
  const auto& mistake = filter.error();
  JsonWriter json;
  json.object().key("error").object().field("code", "invalid").field("message", mistake.message).key("detail").object();
  json.field("position", static_cast<std::uint64_t>(mistake.position))
      .field("length", static_cast<std::uint64_t>(mistake.length));
  json.field("message", mistake.message).key("expected").array();
  for (const auto& word : mistake.expected) json.value(word);
  json.end().field("nearest", mistake.nearest).end().field("request_id", request.request_id()).end().end();
  return std::unexpected(net::Response::json(json.take(), 400));
}

Explore::Explore(net::Pool& pool, const Clock& clock, const Log& log, Options options)
    : inside_(std::make_unique<Inside>(pool, clock, log, std::move(options))) {}
Explore::~Explore() = default;

void Explore::add_routes(net::Router& router) {
  add_list_routes(router, *inside_);
  add_detail_routes(router, *inside_);
  add_ask_routes(router, *inside_);
  add_board_route(router, *inside_);
  add_held_route(router, *inside_);
  add_state_routes(router, *inside_);
  add_skeleton_routes(router, *inside_);
  add_search_route(router, *inside_);
  add_similar_routes(router, *inside_);
  add_export_routes(router, *inside_);
  add_log_routes(router, *inside_);
  add_live_routes(router, *inside_);
}

void Explore::open(warehouse::Warehouse& warehouse) {
  inside_->warehouse = &warehouse;
}
void Explore::close() {
  inside_->warehouse = nullptr;
}
void Explore::end_views() {
  explore::end_views(*inside_);
}

void Explore::committed(const traces::Batch& batch) {
  publish(*inside_, batch);
}

bool Explore::ever_received(ProjectId project) const {
  {
    const std::lock_guard lock(inside_->mutex);
    if (const auto found = inside_->received.find(project); found != inside_->received.end() && found->second)
      return true;
  }
  auto* store = inside_->warehouse.load();
  if (store == nullptr) return true;  // not known yet: no first-run page on a guess
  const auto answer = store->read({.sql = "SELECT 1 FROM spans WHERE project = {project:UInt32} LIMIT 1",
                                   .parameters = {{"project", fmt::format("{}", project)}}});
  const bool any = answer && answer->rows.size() > 0;
  const std::lock_guard lock(inside_->mutex);
  return inside_->received[project] = any;
}

}  // namespace pawl::explore
