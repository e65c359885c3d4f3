// One trace, one session, one span, with their content.
#include "base/text.h"
#include "inside.h"
#include "llm/messages.h"

namespace pawl::explore {
namespace {

Result<Bodies> bodies_called(std::string_view name) {
  const auto bodies = bodies_from(name);
  if (!bodies) return fail(ErrorKind::invalid, "bodies={} must be none, new or full.", name);
  return *bodies;
}

std::vector<TraceSummary> summaries(const traces::Loaded& loaded, Nanos now) {
  std::vector<TraceSummary> out;
  std::size_t start = 0;
  for (std::size_t i = 1; i <= loaded.spans.size(); ++i) {
    if (i < loaded.spans.size() && loaded.spans[i].trace == loaded.spans[start].trace) continue;
    out.push_back(summarise(std::span(loaded.spans).subspan(start, i - start), now));
    start = i;
  }
  return out;
}

// "scores": […] of these traces; of the session too where there is one.
Result<> write_scores(JsonWriter& json, const Explore::Inside& inside, ProjectId project, const std::string* session,
                      const std::vector<Id128>& keys, const traces::Loaded& loaded, Nanos until) {
  json.key("scores").array();
  if (inside.options.scores != nullptr) {
    std::vector<Id128> spans;
    for (const auto& row : loaded.spans) spans.push_back(row.span);
    const auto found = TRY(session == nullptr ? inside.options.scores->of_trace(project, keys.front(), spans)
                                              : inside.options.scores->of_session(project, *session, keys, spans));
    for (const auto& score : found)
      if (until == 0 || score.changed <= until) scores::write_score(json, score);
  }
  json.end();
  return {};
}

// "findings": what rules found in each of these traces: where, how often, what it wasted and why it is one.
void write_findings(JsonWriter& json, const traces::Loaded& loaded) {
  json.key("findings").array();
  const std::span rows(loaded.spans);
  for (std::size_t begin = 0, end = 0; begin < rows.size(); begin = end) {
    std::vector<llm::Seen> seen;
    for (end = begin; end < rows.size() && rows[end].trace == rows[begin].trace; ++end)
      seen.push_back(traces::seen_of(rows[end]));
    for (const auto& finding : llm::find(seen)) {
      Int128 wasted = 0;
      bool known = false;
      for (const std::size_t i : finding.wasted)
        if (const auto cost = rows[begin + i].cost_or_reported()) wasted += *cost, known = true;
      const auto ids = [&](std::string_view name, const std::vector<std::size_t>& indexes) {
        json.key(name).array();
        for (const std::size_t i : indexes) json.value(rows[begin + i].shown_span_id());
        json.end();
      };
      json.object().field("rule", llm::name_of(finding.rule)).field("times", std::int64_t{finding.times});
      json.field("why", llm::words_of(finding.rule)).field("trace_id", rows[begin].shown_trace_id());
      ids("span_ids", finding.spans);
      ids("wasted_span_ids", finding.wasted);
      json.key("wasted_usd");
      known ? json.value(format_dollars(wasted)) : json.null();
      json.end();
    }
  }
  json.end();
}

// Nothing that came later than `until` (0: all that is there).
void keep_until(traces::Loaded& loaded, Nanos until) {
  if (until != 0) std::erase_if(loaded.spans, [&](const auto& row) { return row.received > until; });
}

Result<std::string> trace_json(Explore::Inside& inside, warehouse::Warehouse& store, const Shown& shown) {
  const Nanos began = inside.clock.monotonic();
  const Bodies bodies = TRY(bodies_called(shown.bodies));
  const auto project = shown.project;
  auto loaded = TRY(traces::load(store, {.project = project, .traces = {id_from_text(shown.id)}, .span = std::nullopt},
                                 bodies == Bodies::none ? traces::With::spans : traces::With::content));
  keep_until(loaded, shown.until);
  if (loaded.spans.empty()) return fail(ErrorKind::not_found, "There is no trace {} in this project.", shown.id);
  JsonWriter json;
  json.object().key("trace");
  write_trace(json, summarise(loaded.spans, inside.clock.now()));
  json.key("spans").array();
  SpanWriter writer(loaded, {.bodies = bodies, .explain_cost = inside.options.explain_cost});
  for (const auto& row : loaded.spans) writer.write(json, row);
  json.end();
  write_findings(json, loaded);
  TRY(write_scores(json, inside, project, nullptr, {loaded.spans.front().trace}, loaded, shown.until));
  TRY(write_logs_of(json, inside, store, project, {loaded.spans.front().trace}, shown.until));
  write_stats(json, inside, {loaded.rows_read, inside.clock.monotonic() - began, project});
  return json.end().take();
}

// What was said, in order: the user's new words and the agents' answers, each once.
void write_conversation(JsonWriter& json, const traces::Loaded& loaded) {
  Fresh said;
  json.key("conversation").array();
  for (const auto& row : loaded.spans) {
    if (row.kind != llm::Kind::llm || row.not_counted == llm::NotCounted::duplicate) continue;
    const auto found = loaded.content.find(traces::content_key(row.trace, row.span));
    if (found == loaded.content.end()) continue;
    for (const llm::Slot slot : {llm::Slot::input, llm::Slot::output}) {
      std::vector<const traces::Piece*> of_slot;
      std::vector<Id128> hashes;
      for (const auto& piece : found->second) {
        if (piece.ref.slot != slot || piece.missing || piece.repeated) continue;
        of_slot.push_back(&piece);
        hashes.push_back(Fresh::message_of(piece));
      }
      const auto is_new = slot == llm::Slot::input ? said.look(hashes) : std::vector<bool>(hashes.size(), true);
      std::vector<llm::Piece> pieces;
      for (std::size_t i = 0; i < of_slot.size(); ++i) {
        const auto& piece = *of_slot[i];
        if (is_new[i]) pieces.push_back({slot, piece.ref.format, piece.ref.key, piece.ref.role, piece.bytes});
      }
      for (const auto& message : llm::parse_messages(pieces)) {
        if (slot == llm::Slot::input && message.role != "user") continue;
        JsonWriter one;
        llm::write_messages(one, {message});
        const std::string& text = one.text();  // [{…}]
        json.object().field("trace_id", row.shown_trace_id()).field("span_id", row.shown_span_id());
        json.field("at", format_time(slot == llm::Slot::input ? row.start : row.start + row.duration));
        json.field("role", message.role).key("message").raw(std::string_view(text).substr(1, text.size() - 2)).end();
      }
    }
  }
  json.end();
}

Result<std::string> session_json(Explore::Inside& inside, warehouse::Warehouse& store, const Shown& shown) {
  const Nanos began = inside.clock.monotonic();
  const Bodies bodies = TRY(bodies_called(shown.bodies));
  const auto project = shown.project;
  const std::string& id = shown.id;
  const auto keys = TRY(traces::traces_of_session(store, project, id));
  auto loaded = TRY(traces::load(store, {.project = project, .traces = keys, .span = std::nullopt},
                                 bodies == Bodies::none ? traces::With::spans : traces::With::content));
  keep_until(loaded, shown.until);
  if (keys.empty() || loaded.spans.empty())
    return fail(ErrorKind::not_found, "There is no session {} in this project.", id);
  const auto all = summaries(loaded, inside.clock.now());
  JsonWriter json;
  json.object().key("session");
  write_session(json, id, all, llm::name_of(traces::status_of(loaded.spans, inside.clock.now())));
  json.key("traces").array();
  for (const auto& one : all) write_trace(json, one);
  json.end().key("spans").array();
  SpanWriter writer(loaded, {.bodies = bodies, .explain_cost = inside.options.explain_cost});
  for (const auto& row : loaded.spans) writer.write(json, row);
  json.end();
  write_findings(json, loaded);
  TRY(write_scores(json, inside, project, &id, keys, loaded, shown.until));
  TRY(write_logs_of(json, inside, store, project, keys, shown.until));
  write_conversation(json, loaded);
  write_stats(json, inside, {loaded.rows_read, inside.clock.monotonic() - began, project});
  return json.end().take();
}

Result<std::string> span_json(Explore::Inside& inside, warehouse::Warehouse& store, const Shown& shown) {
  auto loaded = TRY(traces::load(
      store, {.project = shown.project, .traces = {id_from_text(shown.trace)}, .span = id_from_text(shown.span)},
      traces::With::content));
  keep_until(loaded, shown.until);
  if (shown.kind == "session") std::erase_if(loaded.spans, [&](const auto& row) { return row.session != shown.id; });
  if (loaded.spans.empty())
    return fail(ErrorKind::not_found, "There is no span {} in trace {} of this project.", shown.span, shown.trace);
  JsonWriter json;
  SpanWriter writer(loaded, {.bodies = shown.bodies == "none" ? Bodies::none : Bodies::full,
                             .raw = shown.raw,
                             .budget = shown.budget,
                             .explain_cost = inside.options.explain_cost});
  writer.write(json, loaded.spans.front());
  return json.take();
}

Shown shown_of(const net::Request& request, std::string_view kind, std::string_view id) {
  return {.project = projects::access_of(request).project,
          .kind = std::string(kind),
          .id = std::string(id),
          .bodies = std::string(request.query.get("bodies"))};
}

Result<net::Response> trace(Explore::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  return net::Response::json(TRY(trace_json(inside, store, shown_of(request, "trace", request.capture("trace_id")))));
}

Result<net::Response> session(Explore::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto shown = shown_of(request, "session", request.capture("session_id"));
  return net::Response::json(TRY(session_json(inside, store, shown)));
}

Result<net::Response> span(Explore::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  auto shown = shown_of(request, "trace", request.capture("trace_id"));
  shown.trace = shown.id, shown.span = request.capture("span_id");
  shown.bodies = "full", shown.raw = request.query.get("raw") == "1";
  if (const auto asked = request.query.find("budget")) {
    const auto number = parse_int(*asked);
    if (!number || *number < 0) return fail(ErrorKind::invalid, "budget={} must be a number of bytes.", *asked);
    shown.budget = std::min(shown.budget, static_cast<std::size_t>(*number));
  }
  return net::Response::json(TRY(span_json(inside, store, shown)));
}

using Work = Result<net::Response> (*)(Explore::Inside&, warehouse::Warehouse&, const net::Request&);

void add(net::Router& router, Explore::Inside& inside, std::string pattern, Work work, std::string summary,
         std::string answers) {
  router.add({.method = "GET",
              .pattern = std::move(pattern),
              .permission = "read",
              .handler =
                  [&inside, work](net::Request& request) {
                    return inside.answer(request, [&inside, &request, work](warehouse::Warehouse& store) {
                      return work(inside, store, request);
                    });
                  },
              .summary = std::move(summary),
              .query = {{"bodies", "none, new (each message once) or full (default; cut beyond 8 MB)"}},
              .answers = std::move(answers)});
}

}  // namespace

Result<std::string> Explore::show(const Shown& shown) const {
  auto* const store = inside_->warehouse.load();
  if (store == nullptr) return fail(ErrorKind::unavailable, "{}", inside_->options.progress());
  if (!shown.span.empty()) {
    if (shown.kind == "trace" && id_from_text(shown.id) != id_from_text(shown.trace))
      return fail(ErrorKind::not_found, "There is no trace {} in trace {}.", shown.trace, shown.id);
    return span_json(*inside_, *store, shown);
  }
  return shown.kind == "session" ? session_json(*inside_, *store, shown) : trace_json(*inside_, *store, shown);
}

void add_detail_routes(net::Router& router, Explore::Inside& inside) {
  add(router, inside, "/api/v1/traces/{trace_id}", trace, "One trace with its spans in start order",
      "{trace:Trace, spans:[Span], findings:[Finding], scores:[Score], logs:[Log], stats:Stats}");
  add(router, inside, "/api/v1/traces/{trace_id}/spans/{span_id}", span,
      "One span with whole bodies; raw=1 adds what was received", "a Span");
  add(router, inside, "/api/v1/sessions/{session_id}", session, "One session with its traces, spans and conversation",
      "{session:Session, traces:[Trace], spans:[Span], findings:[Finding], scores:[Score], logs:[Log], "
      "conversation:[Said], "
      "stats:Stats}");
}

}  // namespace pawl::explore
