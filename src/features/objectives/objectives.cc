// Objectives over the API: made, removed, judged.
#include "objectives.h"

#include <atomic>
#include <map>

#include "base/json.h"
#include "base/text.h"
#include "reading/reading.h"
#include "records/audit/audit.h"

namespace pawl::objectives {

using projects::ProjectId;

struct Objectives::Inside {
  net::Pool& pool;
  ledger::Ledger& ledger;
  const Clock& clock;
  Options options;
  const Objectives& door;
  std::atomic<warehouse::Warehouse*> warehouse = nullptr;
};

namespace {

using Inside = Objectives::Inside;
using Work = Result<net::Response> (*)(Inside&, warehouse::Warehouse&, const net::Request&);

Result<query::Filter> parsed(const std::string& text) {
  auto filter = query::Filter::parse(text);
  if (!filter) return fail(ErrorKind::invalid, "\"filter\": {} (in {})", filter.error().message, text);
  return std::move(*filter);
}

query::MeasureQuery question(const query::Filter& filter, const query::Range& range, Nanos now) {
  return {.measures = {std::string(slos::counted_by)},
          .filter = filter,
          .range = range,
          .limit = 10'000,
          .grain = query::Grain::trace,
          .now = now};
}

// Runs by step, valid and bad, in the order of time.
Result<std::vector<Day>> by_step(warehouse::Warehouse& store, ProjectId project, const Slo& slo,
                                 const query::Range& range, std::string_view step, Nanos now) {
  std::map<Nanos, Day> days;
  for (const bool bad : {false, true}) {
    auto query = question(TRY(parsed(bad ? slos::bad_filter(slo) : slos::valid_filter(slo))), range, now);
    query.step = step;
    auto ask = query::question(TRY(query::compile(project, query)));
    ask.deadline = 30 * second;
    const auto answer = TRY(store.read(ask));
    const std::size_t value = step.empty() ? 0 : 1;
    for (std::size_t i = 0; i < answer.rows.size(); ++i) {
      Day& one = days[step.empty() ? 0 : answer.rows.integer(0, i)];
      if (!answer.rows.is_null(value, i)) (bad ? one.bad : one.valid) += answer.rows.real(value, i);
    }
  }
  std::vector<Day> out;
  for (auto& [at, one] : days) {
    one.at = at;
    out.push_back(one);
  }
  return out;
}

// The last three days in steps of five minutes that have ended, none left out.
Result<std::vector<Day>> recent_of(warehouse::Warehouse& store, ProjectId project, const Slo& slo, Nanos now) {
  constexpr Nanos step = 5 * minute;
  const query::Range range{(now - 3 * day) / step * step, now / step * step};
  std::vector<Day> out(static_cast<std::size_t>((range.to - range.from) / step));
  for (const Day& one : TRY(by_step(store, project, slo, range, "5m", now))) {
    const auto at = (one.at - range.from) / step;
    if (at >= 0 && at < static_cast<Nanos>(out.size())) out[static_cast<std::size_t>(at)] = one;
  }
  return out;
}

std::string length_text(std::int64_t minutes) {
  if (minutes % 1440 == 0) return fmt::format("{}d", minutes / 1440);
  return minutes % 60 == 0 ? fmt::format("{}h", minutes / 60) : fmt::format("{}m", minutes);
}

void write(JsonWriter& json, const Slo& slo, const Standing& now) {
  json.object().field("name", slo.name).field("agent", slo.agent).field("kind", slo.kind).field("target", slo.target);
  json.field("threshold", slo.threshold).field("score", slo.score).field("window", slo.window);
  json.field("filter", slo.filter).field("description", slo.description).field("valid", now.valid);
  json.field("bad", now.bad).field("sli", now.sli).key("interval").array();
  json.value(now.interval.low).value(now.interval.high).end().field("budget_left", now.budget_left);
  json.field("state", now.state).key("exhausted_at");
  now.exhausted_at ? json.value(format_time(*now.exhausted_at)) : json.null();
  json.key("burn").array();
  for (const Burning& one : now.burns) {
    json.object().field("severity", one.rule.severity).field("factor", one.rule.factor);
    json.field("long", length_text(one.rule.long_minutes)).field("short", length_text(one.rule.short_minutes));
    json.field("long_burn", one.long_burn).field("short_burn", one.short_burn).field("firing", one.firing).end();
  }
  json.end().field("valid_filter", slos::valid_filter(slo)).field("bad_filter", slos::bad_filter(slo));
  json.field("changed", format_time(slo.changed));
}

Result<net::Response> list(Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto project = projects::access_of(request).project;
  JsonWriter json;
  json.object().key("slos").array();
  for (const Slo& slo : TRY(slos::all(inside.ledger, project))) {
    write(json, slo, TRY(inside.door.standing(store, project, slo)));
    json.end();
  }
  return net::Response::json(json.end().end().take());
}

Result<net::Response> show(Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto project = projects::access_of(request).project;
  const Slo slo = TRY(slos::find(inside.ledger, project, std::string(request.capture("name"))));
  const Nanos now = inside.clock.now();
  JsonWriter json;
  write(json, slo, TRY(inside.door.standing(store, project, slo)));
  json.key("history").array();
  double valid = 0, bad = 0;  // so far in the window
  const query::Range range{(now - slo.length()) / day * day, now + 1};
  for (const Day& one : TRY(by_step(store, project, slo, range, "1d", now))) {
    valid += one.valid, bad += one.bad;
    json.object().field("day", format_time(one.at).substr(0, 10)).field("valid", one.valid).field("bad", one.bad);
    json.key("sli");
    one.valid > 0 ? json.value(1 - one.bad / one.valid) : json.null();
    json.key("budget_left");
    valid > 0 ? json.value(1 - bad / ((1 - slo.target) * valid)) : json.null();
    json.end();
  }
  return net::Response::json(json.end().end().take());
}

Result<net::Response> put(Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  Slo slo = TRY(slos::read_slo(request.body, request.capture("name")));
  const auto& access = projects::access_of(request);
  const Nanos now = inside.clock.now();
  slo.changed = now, slo.actor = projects::actor_of(access);
  const Standing standing = TRY(inside.door.standing(store, access.project, slo));  // says what its filter cannot mean
  TRY(inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    TRY(slos::put(change, access.project, slo));
    return audit::append(change, now, access.project, slo.actor, "slo.set",
                         fmt::format("{}: {} of {} at {}", slo.name, slo.kind, slo.agent, slo.target));
  }));
  JsonWriter json;
  write(json, slo, standing);
  return net::Response::json(json.end().take());
}

Result<net::Response> remove(Inside& inside, warehouse::Warehouse&, const net::Request& request) {
  const auto& access = projects::access_of(request);
  const std::string name(request.capture("name"));
  TRY(inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    TRY(slos::remove(change, access.project, name));
    return audit::append(change, inside.clock.now(), access.project, projects::actor_of(access), "slo.remove", name);
  }));
  return net::Response::json("{}");
}

}  // namespace

Objectives::Objectives(net::Pool& pool, ledger::Ledger& ledger, const Clock& clock, Options options)
    : inside_(
          new Inside{.pool = pool, .ledger = ledger, .clock = clock, .options = std::move(options), .door = *this}) {}
Objectives::~Objectives() = default;

void Objectives::open(warehouse::Warehouse& warehouse) {
  inside_->warehouse = &warehouse;
}
void Objectives::close() {
  inside_->warehouse = nullptr;
}

Result<Day> Objectives::count(warehouse::Warehouse& store, ProjectId project, const Slo& slo,
                              const query::Range& range) const {
  const auto days = TRY(by_step(store, project, slo, range, "", inside_->clock.now()));
  return days.empty() ? Day{} : days.front();
}

Result<Standing> Objectives::standing(warehouse::Warehouse& store, ProjectId project, const Slo& slo) const {
  const Nanos now = inside_->clock.now();
  const Day whole = TRY(count(store, project, slo, {now - slo.length(), now + 1}));
  return judge(slo, whole.valid, whole.bad, TRY(recent_of(store, project, slo, now)), now);
}

void Objectives::add_routes(net::Router& router) {
  const auto add = [&](std::string method, std::string pattern, std::string permission, Work work, std::string summary,
                       std::string accepts, std::string answers) {
    router.add({.method = std::move(method),
                .pattern = std::move(pattern),
                .permission = std::move(permission),
                .handler = reading::handler(*inside_, work),
                .body_bytes = 64U << 10,
                .handler_time = minute,
                .summary = std::move(summary),
                .accepts = std::move(accepts),
                .answers = std::move(answers)});
  };
  add("GET", "/api/v1/slos", "read", list, "Objectives: compliance, error budget, burn rates", "", "{slos:[Slo]}");
  add("GET", "/api/v1/slos/{name}", "read", show, "An objective, and its days", "", "a Slo with its history");
  add("PUT", "/api/v1/slos/{name}", "write", put, "Makes or changes an objective",
      "{agent, kind, target, threshold, score, window, filter, description}", "Slo");
  add("DELETE", "/api/v1/slos/{name}", "write", remove, "Removes an objective", "", "{}");
}

}  // namespace pawl::objectives
