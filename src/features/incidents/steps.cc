// Runbooks over the API: a step's question asked in place, steps that are done.
#include "base/json_fields.h"
#include "base/text.h"
#include "inside.h"
#include "runbooks.h"

namespace pawl::incidents {
namespace {

constexpr std::uint32_t most_rows = 20;

Result<const Runbook*> runbook_of(const Incident& incident) {
  const auto* const found = runbook_called(incident.runbook);
  if (found != nullptr) return found;
  return fail(ErrorKind::not_found, "{} has no runbook: choose one (PATCH runbook).", incident.called());
}

struct Chosen {
  const Runbook* runbook;
  const Step* step;
  std::size_t number;
};
Result<Chosen> step_of(const Incident& incident, const net::Request& request) {
  const auto* const runbook = TRY(runbook_of(incident));
  const auto number = parse_int(request.capture("step")).value_or(0);
  if (number < 1 || number > static_cast<std::int64_t>(runbook->steps.size()))
    return fail(ErrorKind::not_found, "{} has steps 1 to {}, and no step {}.", runbook->title, runbook->steps.size(),
                request.capture("step"));
  const auto at = static_cast<std::size_t>(number);
  return Chosen{runbook, &runbook->steps[at - 1], at};
}

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string_view>& all) {
  json.key(name).array();
  for (const auto one : all) json.value(one);
  json.end();
}

std::string filter_text(const Incident& incident, const Step& step) {
  const std::string where = where_of(incident);
  if (step.filter.empty() || where.empty()) return where.empty() ? std::string(step.filter) : where;
  return fmt::format("{} ({})", where, step.filter);
}

Result<query::MeasureQuery> question_of(const std::string& filter, const Step& step, const query::Range& range) {
  return query::MeasureQuery{.measures = {step.measures.begin(), step.measures.end()},
                             .dimensions = {step.dimensions.begin(), step.dimensions.end()},
                             .filter = TRY(filter_of(filter)),
                             .range = range,
                             .limit = most_rows,
                             .grain = query::grain_from(step.grain).value_or(query::Grain::span)};
}

}  // namespace

Result<net::Response> list_runbooks(Inside&, const net::Request&) {
  JsonWriter json;
  json.object().key("runbooks").array();
  for (const auto& one : runbooks()) {
    json.object().field("name", one.name).field("title", one.title).field("about", one.about).key("steps").array();
    for (const auto& step : one.steps) {
      json.object().field("text", step.text);
      write_texts(json, "measures", step.measures);
      write_texts(json, "dimensions", step.dimensions);
      json.field("filter", step.filter).field("grain", step.grain).end();
    }
    json.end().end();
  }
  return net::Response::json(json.end().end().take());
}

Result<net::Response> show_runbook(Inside& inside, const net::Request& request) {
  const auto incident = TRY(incident_of(inside, request));
  const auto& runbook = *TRY(runbook_of(incident));
  const auto all = TRY(entries(inside.ledger, projects::access_of(request).project, incident.id));
  JsonWriter json;
  json.object().field("name", runbook.name).field("title", runbook.title).field("about", runbook.about);
  json.key("steps").array();
  for (std::size_t i = 0; i < runbook.steps.size(); ++i) {
    const Entry* done = nullptr;
    for (const auto& one : all) {
      if (one.kind != "step") continue;
      const auto fields = JsonFields::parse(one.data);
      if (fields && fields->text("runbook") == runbook.name &&
          fields->number("step") == static_cast<std::int64_t>(i + 1))
        done = &one;
    }
    json.object().field("number", static_cast<std::uint64_t>(i + 1)).field("text", runbook.steps[i].text);
    json.field("query", !runbook.steps[i].measures.empty()).field("done", done != nullptr);
    json.field("done_by", done == nullptr ? "" : done->actor);
    write_time(json, "done_at", done == nullptr ? 0 : done->at);
    json.end();
  }
  return net::Response::json(json.end().end().take());
}

Result<net::Response> run_step(Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto incident = TRY(incident_of(inside, request));
  const auto [runbook, step, number] = TRY(step_of(incident, request));
  const auto window = window_of(incident, inside.clock.now());
  const std::string filter = filter_text(incident, *step);
  JsonWriter json;
  json.object().field("number", static_cast<std::uint64_t>(number)).field("text", step->text).key("question");
  if (step->measures.empty()) {
    json.null().key("columns").array().end().key("rows").array().end().key("before").array().end();
  } else {
    json.object();
    write_texts(json, "measures", step->measures);
    write_texts(json, "dimensions", step->dimensions);
    json.field("filter", filter).field("grain", step->grain);
    json.field("from", time_text(window.from)).field("to", time_text(window.to)).end();
    const auto project = projects::access_of(request).project;
    const auto now = TRY(ask(inside, store, project, TRY(question_of(filter, *step, window))));
    const auto before = TRY(ask(inside, store, project, TRY(question_of(filter, *step, week_before(window)))));
    query::write_columns(json, now.statement.columns);
    query::write_rows(json, "rows", now.statement, now.rows);
    query::write_rows(json, "before", before.statement, before.rows);
  }
  return net::Response::json(json.field("link", traces_link(filter, window)).end().take());
}

Result<net::Response> finish_step(Inside& inside, const net::Request& request) {
  const auto incident = TRY(incident_of(inside, request));
  const auto [runbook, step, number] = TRY(step_of(incident, request));
  std::string note;
  if (!trim(request.body).empty()) {
    const auto fields = TRY(JsonFields::parse(request.body));
    TRY(fields.only({"note"}, "a step that is done"));
    note = fields.text("note");
  }
  if (note.size() > 4000) return fail(ErrorKind::invalid, "\"note\" has at most 4000 bytes.");
  JsonWriter data;
  data.object().field("runbook", runbook->name).field("step", static_cast<std::uint64_t>(number)).end();
  return add_entry(inside, request, incident,
                   {.kind = "step",
                    .text = fmt::format("{} {}{}{}", number, step->text, note.empty() ? "" : " → ", note),
                    .data = data.take()},
                   "incidents.step");
}

}  // namespace pawl::incidents
