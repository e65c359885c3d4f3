// Silences over the API: made, listed with what they mute, ended.
#include "base/json_fields.h"
#include "base/text.h"
#include "inside.h"
#include "records/audit/audit.h"

namespace pawl::alerts {
namespace {

constexpr std::int64_t shown_after = 7 * 86'400;  // how long an ended one is listed

void write_silence(JsonWriter& json, const Silence& one, std::int64_t now, std::size_t muted) {
  json.object().field("id", one.id).key("matchers").raw(one.matchers_json);
  json.field("from", time_text(one.begins)).key("to");
  one.ends == 0 ? json.null() : json.value(time_text(one.ends));
  json.key("weekly");
  one.weekly_json.empty() ? json.null() : json.raw(one.weekly_json);
  const bool over = one.ends != 0 && now >= one.ends;
  json.field("author", one.author).field("why", one.why);
  json.field("state", over ? "ended" : one.in_force(now) ? "active" : "pending");
  json.field("mutes", static_cast<std::uint64_t>(muted)).end();
}

Result<net::Response> list(Inside& inside, const net::Request& request) {
  const std::int64_t project = project_of(request), now = inside.clock.now() / second;
  const auto firing = TRY(firing_now(inside, project));
  JsonWriter json;
  json.object().key("silences").array();
  for (const auto& one : TRY(silences_of(inside, project))) {
    if (one.ends != 0 && one.ends + shown_after < now) continue;
    const auto muted = std::ranges::count_if(firing, [&](const Notice& notice) { return one.mutes(notice); });
    write_silence(json, one, now, one.in_force(now) ? static_cast<std::size_t>(muted) : 0);
  }
  return net::Response::json(json.end().end().take());
}

Result<net::Response> create(Inside& inside, const net::Request& request) {
  const std::int64_t project = project_of(request), now = inside.clock.now() / second;
  Silence one = TRY(read_silence(request.body, now));
  one.id = "sil_" + to_hex(inside.random.bytes(8)), one.author = projects::actor_of(projects::access_of(request));
  TRY(inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    TRY(change.run(
        "INSERT INTO alert_silences (project, id, matchers, begins, ends, weekly, author, why, created) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {project, one.id, one.matchers_json, one.begins, one.ends, one.weekly_json, one.author, one.why, now}));
    return audit::append(change, inside.clock.now(), static_cast<ProjectId>(project), one.author,
                         "alerts.silence.create", one.id);
  }));
  const auto firing = TRY(firing_now(inside, project));
  JsonWriter json;
  const auto muted = std::ranges::count_if(firing, [&](const Notice& notice) { return one.mutes(notice); });
  write_silence(json, one, now, one.in_force(now) ? static_cast<std::size_t>(muted) : 0);
  return net::Response::json(json.take(), 201);
}

Result<net::Response> end(Inside& inside, const net::Request& request) {
  const std::string id(request.capture("id"));
  const std::int64_t now = inside.clock.now() / second;
  TRY(inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    TRY(
        change.run("UPDATE alert_silences SET ends = ?1, begins = min(begins, ?1) WHERE project = ?2 AND id = ?3 AND "
                   "(ends = 0 OR ends > ?1)",
                   {now, project_of(request), id}));
    if (change.changes() == 0) return fail(ErrorKind::not_found, "There is no silence {} that still holds.", id);
    return audit::append(change, inside.clock.now(), projects::access_of(request).project,
                         projects::actor_of(projects::access_of(request)), "alerts.silence.end", id);
  }));
  return net::Response::json("{}");
}

}  // namespace

Result<std::vector<Silence>> silences_of(Inside& inside, std::int64_t project) {
  const auto rows =
      TRY(inside.ledger.read("SELECT id, matchers, begins, ends, weekly, author, why FROM alert_silences WHERE project "
                             "= ? ORDER BY created DESC",
                             {project}));
  std::vector<Silence> out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto one = TRY(stored_silence(rows.text(i, 1), rows.text(i, 4)));
    one.id = rows.text(i, 0), one.begins = rows.integer(i, 2), one.ends = rows.integer(i, 3);
    one.author = rows.text(i, 5), one.why = rows.text(i, 6);
    out.push_back(std::move(one));
  }
  return out;
}

void add_silence_routes(net::Router& router, Inside& inside) {
  const auto add = adder(router, inside);
  const std::string silence = "{id, matchers:[object], from, to, weekly:object, author, why, state, mutes:integer}";
  add("GET", "/api/v1/alerts/silences", "read", list,
      "Silences and maintenance windows, and how many firings each mutes", "", "{silences:[object]}: " + silence);
  add("POST", "/api/v1/alerts/silences", "write", create, "Mutes what matches, for a time or every week",
      "{matchers:[object], from, to, for, weekly:object, why}", silence);
  add("DELETE", "/api/v1/alerts/silences/{id}", "write", end, "Ends a silence now", "", "{}");
}

}  // namespace pawl::alerts
