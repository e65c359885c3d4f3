// The door, its routes, and what the rooms share.
#include "incidents.h"

#include "base/text.h"
#include "inside.h"
#include "reading/reading.h"
#include "records/audit/audit.h"

namespace pawl::incidents {

using projects::access_of;
using projects::actor_of;

std::string where_of(const Incident& incident) {
  std::string out = incident.agent.empty() ? "" : "agent=" + query::quoted(incident.agent);
  if (!incident.filter.empty()) out += (out.empty() ? "(" : " (") + incident.filter + ")";
  return out;
}

query::Range window_of(const Incident& incident, Nanos now) {
  return {incident.began, std::max(incident.end(now), incident.began + 5 * minute)};
}

query::Range week_before(const query::Range& window) {
  return {window.from - 7 * day, window.to - 7 * day};
}

std::string time_text(Nanos time) {
  return format_time(time).substr(0, 19) + "Z";
}

void write_time(JsonWriter& json, std::string_view name, Nanos time) {
  json.key(name);
  time == 0 ? json.null() : json.value(time_text(time));
}

void write_window(JsonWriter& json, std::string_view name, const query::Range& window) {
  json.key(name).object().field("from", time_text(window.from)).field("to", time_text(window.to)).end();
}

std::string traces_link(std::string_view filter, const query::Range& window) {
  return fmt::format("/traces?{}from={}&to={}", filter.empty() ? "" : "filter=" + percent_encode(filter) + "&",
                     time_text(window.from), time_text(window.to));
}

Result<query::Filter> filter_of(const std::string& text) {
  auto filter = query::Filter::parse(text);
  if (!filter)
    return fail(ErrorKind::invalid, "\"filter\", at {}: {}", filter.error().position, filter.error().message);
  return std::move(*filter);
}

Result<Asked> ask(Inside& inside, warehouse::Warehouse& store, ProjectId project, query::MeasureQuery question) {
  question.now = inside.clock.now();
  std::optional<traces::Rollups::Reading> still;
  if (inside.options.rollups != nullptr) question.rolled_up = still.emplace(*inside.options.rollups).through();
  Asked out{.statement = TRY(query::compile(project, question)), .rows = {}};
  auto asked = query::question(out.statement);
  asked.deadline = 30 * second;
  out.rows = TRY(store.read(asked)).rows;
  return out;
}

std::string who(Inside& inside, const net::Request& request) {
  const auto& access = access_of(request);
  if (access.user != 0) {
    if (const auto user = inside.projects.user(access.user); user && *user) return (*user)->email;
  }
  return actor_of(access);
}

Result<Incident> incident_of(Inside& inside, const net::Request& request) {
  return find(inside.ledger, access_of(request).project, request.capture("incident"));
}

Result<> changed(Inside& inside, const net::Request& request, std::string_view action, const Incident& incident,
                 const std::function<Result<>(ledger::Transaction&, const std::string& actor, Nanos now)>& work) {
  const auto& access = access_of(request);
  const std::string actor = who(inside, request);
  const Nanos now = inside.clock.now();
  return inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    TRY(work(change, actor, now));
    return audit::append(change, now, access.project, actor_of(access), action, incident.id);
  });
}

Result<Whole> whole(Inside& inside, ProjectId project, const Incident& incident) {
  return Whole{.incident = incident,
               .entries = TRY(entries(inside.ledger, project, incident.id)),
               .alerts = TRY(alerts(inside.ledger, project, incident.id)),
               .links = TRY(links(inside.ledger, project, incident.id)),
               .cases = TRY(cases(inside.ledger, project, incident.id))};
}

Incidents::Incidents(net::Pool& pool, ledger::Ledger& ledger, const projects::Projects& projects,
                     const datasets::Datasets& datasets, Random& random, const Clock& clock, Options options)
    : inside_(new Inside{.pool = pool,
                         .ledger = ledger,
                         .projects = projects,
                         .datasets = datasets,
                         .random = random,
                         .clock = clock,
                         .options = std::move(options)}) {}
Incidents::~Incidents() = default;

void Incidents::open(warehouse::Warehouse& warehouse) {
  inside_->warehouse = &warehouse;
}
void Incidents::close() {
  inside_->warehouse = nullptr;
}

void Incidents::add_routes(net::Router& router) {
  Inside& inside = *inside_;
  const auto add = [&](std::string method, std::string pattern, std::string permission, net::Handler handler,
                       std::string summary, std::string accepts, std::string answers) {
    router.add({.method = std::move(method),
                .pattern = std::move(pattern),
                .permission = std::move(permission),
                .handler = std::move(handler),
                .body_bytes = 128U << 10,
                .handler_time = minute,
                .summary = std::move(summary),
                .accepts = std::move(accepts),
                .answers = std::move(answers)});
  };
  const auto ledger = [&inside](LedgerWork work) -> net::Handler {
    return [&inside, work](net::Request& request) -> Task<Result<net::Response>> {
      co_return co_await net::on_pool(inside.pool, request.cancel, [&] { return work(inside, request); });
    };
  };
  const auto asking = [&inside](Work work) { return reading::handler(inside, work); };
  const std::string one = "/api/v1/incidents/{incident}", all = "Incident: with timeline, alerts, links and cases";
  add("GET", "/api/v1/incidents", "read", ledger(list),
      "Incidents, the newest first: status= (active: not resolved), agent=, from=, to=, limit=, offset=", "",
      "{incidents:[Incident], total:integer}");
  add("POST", "/api/v1/incidents", "write", ledger(open_one), "Opens an incident",
      "{title, severity, agent, filter, owner, runbook, began, alerts:[string], traces:[string], note}", all);
  add("GET", one, "read", ledger(show), "An incident with its timeline, alerts, links and cases, by id or number", "",
      all);
  add("PATCH", one, "write", ledger(patch), "Changes an incident; each change is an entry of its timeline",
      "{title, severity, status, owner, agent, filter, runbook, began, why}", all);
  add("POST", one + "/notes", "write", ledger(add_note), "Adds a note (Markdown) to the timeline", "{text}",
      "IncidentEntry");
  add("POST", one + "/alerts", "write", ledger(add_alerts), "Adds firings to the incident", "{events:[string]}", all);
  add("POST", one + "/links", "write", ledger(add_a_link), "Links a trace or a session", "{kind, id, note}", all);
  add("POST", one + "/cases", "write", ledger(add_a_case), "Says which case of a dataset it gave",
      "{dataset, id, trace_id}", all);
  add("GET", one + "/impact", "read", asking(show_impact),
      "What it did: figures of its window and of the same time a week before", "",
      "{window:object, before:object, figures:[object]}: {measure, name, unit, now, before, ratio, link}");
  add("GET", one + "/post-mortem", "read", asking(show_post_mortem), "The post-mortem as Markdown", "",
      "text/markdown");
  add("GET", "/api/v1/runbooks", "read", ledger(list_runbooks), "Templates of what to do", "",
      "{runbooks:[object]}: {name, title, about, steps:[{text, measures, dimensions, filter, grain}]}");
  add("GET", one + "/runbook", "read", ledger(show_runbook), "The incident's runbook, and which steps are done", "",
      "{name, title, about, steps:[object]}: {number, text, query, done, done_by, done_at}");
  add("GET", one + "/runbook/{step}", "read", asking(run_step),
      "Asks a step's question in the incident's window, and a week before", "",
      "{number:integer, text, question:object?, columns:[object], rows:[any], before:[any], link}");
  add("POST", one + "/runbook/{step}", "write", ledger(finish_step), "Says that a step is done", "{note}",
      "IncidentEntry");
}

}  // namespace pawl::incidents
