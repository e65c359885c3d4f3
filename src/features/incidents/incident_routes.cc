// Incidents listed, opened, changed; notes, alerts, links and cases added.
#include "base/json_fields.h"
#include "base/text.h"
#include "inside.h"
#include "runbooks.h"

namespace pawl::incidents {
namespace {

using projects::access_of;

constexpr std::size_t most_at_once = 200;  // alerts or traces of one call

void write_incident(JsonWriter& json, const Incident& one) {
  json.object().field("id", one.id).field("number", one.number).field("name", one.called());
  json.field("title", one.title).field("severity", one.severity).field("status", one.status);
  json.field("owner", one.owner).field("agent", one.agent).field("filter", one.filter).field("runbook", one.runbook);
  write_time(json, "began", one.began), write_time(json, "opened", one.opened);
  write_time(json, "mitigated", one.mitigated), write_time(json, "resolved", one.resolved);
  json.field("opened_by", one.opened_by).field("alerts", one.alerts).field("firing", one.firing);
  json.field("traces", one.traces).field("cases", one.cases);
}

void write_alert(JsonWriter& json, const Alert& one) {
  json.object().field("event", one.event).field("rule", one.rule).field("name", one.name);
  json.key("split").raw(one.split).field("severity", one.severity);
  write_time(json, "fired", one.fired), write_time(json, "resolved", one.resolved);
  json.field("sentence", one.sentence).end();
}

void write_whole(JsonWriter& json, const Whole& whole, Nanos now) {
  write_incident(json, whole.incident);
  write_window(json, "window", window_of(whole.incident, now));
  json.field("where", where_of(whole.incident)).key("timeline").array();
  for (const auto& one : whole.entries) write_entry(json, one);
  json.end().key("linked_alerts").array();
  for (const auto& one : whole.alerts) write_alert(json, one);
  json.end().key("links").array();
  for (const auto& one : whole.links) {
    json.object().field("kind", one.kind).field("id", one.id).field("note", one.note);
    write_time(json, "at", one.at);
    json.field("actor", one.actor).end();
  }
  json.end().key("linked_cases").array();
  for (const auto& one : whole.cases) {
    json.object().field("dataset", one.dataset).field("id", one.id).field("trace_id", one.trace);
    write_time(json, "at", one.at);
    json.field("actor", one.actor).end();
  }
  json.end().end();
}

Result<std::optional<Nanos>> time_in(const JsonFields& fields, std::string_view key) {
  if (!fields.has(key)) return std::optional<Nanos>();
  const auto time = parse_time(fields.text(key));
  if (!time) return fail(ErrorKind::invalid, "\"{}\" must be a time such as 2026-11-21T13:00:00Z.", key);
  return time;
}

Result<> check_runbook(const std::string& name) {
  if (name.empty() || runbook_called(name) != nullptr) return {};
  std::vector<std::string> known;
  for (const auto& one : runbooks()) known.emplace_back(one.name);
  return fail(ErrorKind::invalid, "There is no runbook {}: it is one of {}.", name, join(known, ", "));
}

// What somebody writes: a text of a size that a person reads.
Result<std::string> text_in(const JsonFields& fields, std::string_view key, std::size_t most) {
  std::string text = fields.text(key);
  if (fields.has(key) && text.empty() && fields.number(key))
    return fail(ErrorKind::invalid, "\"{}\" must be a text.", key);
  if (text.size() > most) return fail(ErrorKind::invalid, "\"{}\" has at most {} bytes.", key, most);
  if (!is_utf8(text)) return fail(ErrorKind::invalid, "\"{}\" is no UTF-8.", key);
  return text;
}

Result<std::vector<Heard>> firings(Inside& inside, const net::Request& request,
                                   const std::vector<std::string>& events) {
  std::vector<Heard> out;
  if (events.size() > most_at_once) return fail(ErrorKind::invalid, "At most {} alerts at once.", most_at_once);
  for (const auto& event : events) out.push_back(TRY(inside.options.firing(access_of(request).project, event)));
  return out;
}

// What the first of its alerts says of an incident that somebody opens.
void fill_in(Incident& incident, const Heard& heard) {
  if (incident.agent.empty()) incident.agent = heard.agent;
  if (incident.agent.empty() && incident.filter.empty()) incident.filter = heard.terms;
  if (incident.runbook.empty()) incident.runbook = runbook_for(heard.measure, heard.release);
  if (incident.group.empty()) incident.group = group_of(heard);
}

}  // namespace

void write_entry(JsonWriter& json, const Entry& one) {
  json.object().field("number", one.number);
  write_time(json, "at", one.at), write_time(json, "written", one.written);
  json.field("actor", one.actor).field("kind", one.kind).field("text", one.text).key("data").raw(one.data).end();
}

Result<net::Response> answer_whole(Inside& inside, const net::Request& request, const std::string& id, int status) {
  const auto project = access_of(request).project;
  JsonWriter json;
  write_whole(json, TRY(whole(inside, project, TRY(find(inside.ledger, project, id)))), inside.clock.now());
  return net::Response::json(json.take(), status);
}

Result<net::Response> list(Inside& inside, const net::Request& request) {
  const auto number = [&](std::string_view name, std::int64_t usual) {
    return request.query.get(name).empty() ? usual : parse_int(request.query.get(name)).value_or(-1);
  };
  const auto time = [&](std::string_view name) -> Result<Nanos> {
    if (request.query.get(name).empty()) return Nanos{0};
    const auto at = parse_time(request.query.get(name));
    if (!at) return fail(ErrorKind::invalid, "{}= must be a time such as 2026-11-21T13:00:00Z.", name);
    return *at;
  };
  Wanted wanted{.status = std::string(request.query.get("status")),
                .agent = std::string(request.query.get("agent")),
                .from = TRY(time("from")),
                .to = TRY(time("to")),
                .limit = number("limit", 50),
                .offset = number("offset", 0)};
  if (wanted.limit < 1 || wanted.limit > 500 || wanted.offset < 0)
    return fail(ErrorKind::invalid, "limit must lie between 1 and 500, offset not below 0.");
  const bool known = wanted.status.empty() || wanted.status == "active" ||
                     std::ranges::find(statuses(), wanted.status) != statuses().end();
  if (!known) return fail(ErrorKind::invalid, "status= must be open, mitigated, resolved or active.");
  const auto found = TRY(list(inside.ledger, access_of(request).project, wanted));
  JsonWriter json;
  json.object().key("incidents").array();
  for (const auto& one : found.rows) {
    write_incident(json, one);
    json.end();
  }
  return net::Response::json(json.end().field("total", found.total).end().take());
}

Result<net::Response> open_one(Inside& inside, const net::Request& request) {
  const auto fields = TRY(JsonFields::parse(request.body));
  TRY(fields.only({"title", "severity", "agent", "filter", "owner", "runbook", "began", "alerts", "traces", "note"},
                  "an incident"));
  Incident incident{.id = "inc_" + to_hex(inside.random.bytes(8))};
  incident.title = TRY(text_in(fields, "title", 300));
  if (fields.has("severity")) incident.severity = fields.text("severity");
  incident.agent = TRY(text_in(fields, "agent", 500)), incident.filter = TRY(text_in(fields, "filter", 4000));
  incident.owner = TRY(text_in(fields, "owner", 300)), incident.runbook = fields.text("runbook");
  TRY(filter_of(incident.filter));
  TRY(check_runbook(incident.runbook));
  const auto heard = TRY(firings(inside, request, TRY(fields.texts("alerts"))));
  for (const auto& one : heard) fill_in(incident, one);
  if (incident.title.empty() && !heard.empty()) incident.title = heard.front().alert.name;
  if (incident.title.empty()) return fail(ErrorKind::invalid, "\"title\" is missing: what happened, in a few words.");
  const Nanos now = inside.clock.now();
  incident.began = heard.empty() ? now : heard.front().alert.fired;
  for (const auto& one : heard) incident.began = std::min(incident.began, one.since > 0 ? one.since : one.alert.fired);
  if (const auto began = TRY(time_in(fields, "began"))) incident.began = *began;
  if (incident.began > now) return fail(ErrorKind::invalid, "\"began\" must not lie ahead.");
  const auto traces = TRY(fields.texts("traces"));
  if (traces.size() > most_at_once) return fail(ErrorKind::invalid, "At most {} traces at once.", most_at_once);
  const std::string note = TRY(text_in(fields, "note", 64U << 10));
  TRY(changed(inside, request, "incidents.open", incident,
              [&](ledger::Transaction& change, const std::string& actor, Nanos at) -> Result<> {
                const auto project = access_of(request).project;
                TRY(open(change, project, incident, actor, at));
                for (const auto& one : heard) TRY(add_alert(change, project, incident.id, one.alert, actor, at));
                for (const auto& one : traces)
                  TRY(add_link(change, project, incident.id,
                               {.kind = "trace", .id = one, .note = {}, .actor = actor, .at = at}));
                if (note.empty()) return {};
                return append(change, project, incident.id,
                              {.at = at, .written = at, .actor = actor, .kind = "note", .text = note});
              }));
  return answer_whole(inside, request, incident.id, 201);
}

Result<net::Response> show(Inside& inside, const net::Request& request) {
  return answer_whole(inside, request, TRY(incident_of(inside, request)).id, 200);
}

Result<net::Response> patch(Inside& inside, const net::Request& request) {
  const auto incident = TRY(incident_of(inside, request));
  const auto fields = TRY(JsonFields::parse(request.body));
  TRY(fields.only({"title", "severity", "status", "owner", "agent", "filter", "runbook", "began", "why"},
                  "a change of an incident"));
  Change wanted;
  for (const auto& [key, into, most] : {std::tuple("title", &wanted.title, std::size_t{300}),
                                        {"severity", &wanted.severity, std::size_t{20}},
                                        {"status", &wanted.status, std::size_t{20}},
                                        {"owner", &wanted.owner, std::size_t{300}},
                                        {"agent", &wanted.agent, std::size_t{500}},
                                        {"filter", &wanted.filter, std::size_t{4000}},
                                        {"runbook", &wanted.runbook, std::size_t{100}}})
    if (fields.has(key)) *into = TRY(text_in(fields, key, most));
  if (wanted.filter) TRY(filter_of(*wanted.filter));
  if (wanted.runbook) TRY(check_runbook(*wanted.runbook));
  wanted.began = TRY(time_in(fields, "began"));
  wanted.why = TRY(text_in(fields, "why", 1000));
  TRY(changed(inside, request, "incidents.change", incident,
              [&](ledger::Transaction& t, const std::string& actor, Nanos now) {
                return change(t, access_of(request).project, incident, wanted, actor, now);
              }));
  return answer_whole(inside, request, incident.id, 200);
}

Result<net::Response> answer_newest(Inside& inside, const net::Request& request, const Incident& incident) {
  const auto all = TRY(entries(inside.ledger, access_of(request).project, incident.id));
  const auto newest = std::ranges::max_element(all, {}, &Entry::number);
  JsonWriter json;
  write_entry(json, *newest);
  return net::Response::json(json.take(), 201);
}

Result<net::Response> add_entry(Inside& inside, const net::Request& request, const Incident& incident, Entry entry,
                                std::string_view action) {
  TRY(changed(inside, request, action, incident,
              [&](ledger::Transaction& change, const std::string& actor, Nanos now) -> Result<> {
                entry.actor = actor, entry.at = entry.written = now;
                return append(change, access_of(request).project, incident.id, entry);
              }));
  return answer_newest(inside, request, incident);
}

Result<net::Response> add_note(Inside& inside, const net::Request& request) {
  const auto incident = TRY(incident_of(inside, request));
  const auto fields = TRY(JsonFields::parse(request.body));
  TRY(fields.only({"text"}, "a note"));
  const std::string text = TRY(text_in(fields, "text", 64U << 10));
  if (trim(text).empty()) return fail(ErrorKind::invalid, "\"text\" is empty: write what you saw or did.");
  return add_entry(inside, request, incident, {.kind = "note", .text = text}, "incidents.note");
}

Result<net::Response> add_alerts(Inside& inside, const net::Request& request) {
  const auto incident = TRY(incident_of(inside, request));
  const auto fields = TRY(JsonFields::parse(request.body));
  TRY(fields.only({"events"}, "alerts that are added"));
  const auto heard = TRY(firings(inside, request, TRY(fields.texts("events"))));
  if (heard.empty()) return fail(ErrorKind::invalid, "\"events\" names no firing.");
  TRY(changed(inside, request, "incidents.alerts", incident,
              [&](ledger::Transaction& change, const std::string& actor, Nanos now) -> Result<> {
                for (const auto& one : heard)
                  TRY(add_alert(change, access_of(request).project, incident.id, one.alert, actor, now));
                return {};
              }));
  return answer_whole(inside, request, incident.id, 200);
}

Result<net::Response> add_a_link(Inside& inside, const net::Request& request) {
  const auto incident = TRY(incident_of(inside, request));
  const auto fields = TRY(JsonFields::parse(request.body));
  TRY(fields.only({"kind", "id", "note"}, "a link"));
  Link link{.kind = fields.has("kind") ? fields.text("kind") : "trace",
            .id = TRY(text_in(fields, "id", 500)),
            .note = TRY(text_in(fields, "note", 1000)),
            .actor = {}};
  if (link.kind != "trace" && link.kind != "session")
    return fail(ErrorKind::invalid, "\"kind\" must be trace or session.");
  if (link.id.empty()) return fail(ErrorKind::invalid, "\"id\" is missing: that of the {}.", link.kind);
  TRY(changed(inside, request, "incidents.link", incident,
              [&](ledger::Transaction& change, const std::string& actor, Nanos now) {
                link.actor = actor, link.at = now;
                return add_link(change, access_of(request).project, incident.id, link);
              }));
  return answer_whole(inside, request, incident.id, 200);
}

Result<net::Response> add_a_case(Inside& inside, const net::Request& request) {
  const auto incident = TRY(incident_of(inside, request));
  const auto fields = TRY(JsonFields::parse(request.body));
  TRY(fields.only({"dataset", "id", "trace_id"}, "a case that is named"));
  const auto project = access_of(request).project;
  const auto dataset = TRY(inside.datasets.find(project, fields.text("dataset")));
  const auto found = TRY(inside.datasets.find_case(project, dataset.id, fields.text("id")));
  Case one{.dataset = dataset.name, .id = fields.text("id"), .trace = fields.text("trace_id"), .actor = {}};
  if (one.trace.empty()) one.trace = found.source_trace;
  TRY(changed(inside, request, "incidents.case", incident,
              [&](ledger::Transaction& change, const std::string& actor, Nanos now) {
                one.actor = actor, one.at = now;
                return add_case(change, project, incident.id, one);
              }));
  return answer_whole(inside, request, incident.id, 200);
}

}  // namespace pawl::incidents
