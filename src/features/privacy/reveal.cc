// Seeing what was sealed: references that stand in a trace, by role, written down before it is answered; and forgetting
// it with its trace.
#include "base/json_fields.h"
#include "base/text.h"
#include "inside.h"
#include "reading/reading.h"
#include "records/audit/audit.h"

namespace pawl::privacy {
namespace {

using projects::access_of;

struct Asked {
  std::vector<std::string> references;
  std::string reason;
  std::optional<Id128> span;
  std::string span_id;
};

Result<Asked> asked_in(const net::Request& request) {
  Asked out;
  if (request.body.empty()) return out;
  if (request.content_type != "application/json")
    return fail(ErrorKind::invalid, "Send the body with Content-Type: application/json.");
  const auto fields = TRY(JsonFields::parse(request.body));
  out.references = TRY(fields.texts("refs"));
  out.reason = std::string(utf8_prefix(fields.text("reason"), 500));
  out.span_id = fields.text("span_id");
  if (!out.span_id.empty()) out.span = id_from_text(out.span_id);
  return out;
}

Result<net::Response> reveal(Privacy::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto& access = access_of(request);
  const auto rules = inside.rules_of(access.project)->rules;
  if (!guard::may_reveal(rules, role_of(access)))
    return fail(ErrorKind::denied, "What is sealed in this project is for {}s. An administrator can change that.",
                rules.reveal);
  const auto asked = TRY(asked_in(request));
  const auto trace_id = request.capture("trace_id");
  const auto loaded =
      TRY(traces::load(store, {.project = access.project, .traces = {id_from_text(trace_id)}, .span = asked.span},
                       traces::With::content));
  if (loaded.spans.empty())
    return fail(ErrorKind::not_found, "There is no {}trace {} in this project.",
                asked.span ? fmt::format("span {} in ", asked.span_id) : "", trace_id);
  const auto standing = TRY(references_of(store, access.project, loaded, id_from_text(trace_id), asked.span));
  std::vector<std::string> wanted;
  for (const auto& [name, whole] : standing) {
    if (asked.references.empty() || std::ranges::find(asked.references, name) != asked.references.end())
      wanted.push_back(name);
  }
  const auto values = TRY(inside.sealed.open(access.project, wanted));
  std::string detail = fmt::format("trace {}{}: {} values", trace_id,
                                   asked.span_id.empty() ? "" : fmt::format(" span {}", asked.span_id), values.size());
  std::set<std::string> found;
  for (const auto& value : values) {
    found.insert(value.reference);
    if (detail.size() < 2'000) detail += fmt::format("; {} {}", value.kind, value.reference);
  }
  if (!asked.reason.empty()) detail += "; because: " + asked.reason;
  // First the record, then the answer: what was seen is known, whatever happens in between.
  TRY(audit::append(inside.ledger, inside.clock.now(), access.project, projects::actor_of(access), "reveal", detail));
  JsonWriter json;
  json.object().key("values").array();
  for (const auto& value : values) {
    json.object().field("ref", value.reference).field("kind", value.kind);
    json.field("masked", standing.at(value.reference)).field("value", value.value).end();
  }
  json.end().key("missing").array();
  for (const auto& name : asked.references.empty() ? wanted : asked.references)
    if (!found.contains(name)) json.value(name);
  auto response = net::Response::json(json.end().end().take());
  response.headers.set("cache-control", "no-store");
  return response;
}

}  // namespace

std::string role_of(const projects::Access& access) {
  if (access.local) return "owner";
  if (access.key.empty()) return access.role;
  return access.may.administer ? "admin" : access.may.write ? "member" : "";
}

Result<std::map<std::string, std::string>> references_of(warehouse::Warehouse& store, ProjectId project,
                                                         const traces::Loaded& loaded, const Id128& trace,
                                                         const std::optional<Id128>& span) {
  std::map<std::string, std::string> out;
  const auto look = [&](std::string_view text) {
    for (const auto& one : guard::references_in(text)) out.try_emplace(std::string(one.name), one.whole);
  };
  for (const auto& row : loaded.spans) {
    for (const std::string& text : {row.name, row.error_type, row.error_message, row.session, row.user, row.agent,
                                    row.task, row.customer, row.preview, row.events, row.links, row.tool})
      look(text);
    for (const auto& tag : row.tags) look(tag);
    for (const auto& [name, value] : row.attributes) look(value);
  }
  for (const auto& [key, pieces] : loaded.content)
    for (const auto& piece : pieces) look(piece.bytes);
  traces::LogSelection logs{.project = project, .traces = {trace}, .span = span, .limit = 2'000};
  do {
    const auto page = TRY(traces::read_logs(store, logs));
    for (const auto& row : page.rows) {
      look(row.body);
      for (const auto& [name, value] : row.attributes) look(value);
    }
    logs.cursor = page.cursor;
  } while (!logs.cursor.empty());
  return out;
}

Result<std::vector<Id128>> Privacy::forget(ProjectId project, const std::vector<Id128>& all,
                                           const std::vector<Id128>& going) {
  auto* const store = inside_->warehouse.load();
  if (store == nullptr) return fail(ErrorKind::unavailable, "The warehouse is not open yet.");
  auto traces = TRY(traces_standing(*store, project, all));
  if (traces.empty() || !TRY(inside_->sealed.any(project))) return traces;
  std::set<std::string> names;
  for (const auto& trace : traces) {
    const auto loaded =
        TRY(traces::load(*store, {.project = project, .traces = {trace}, .span = std::nullopt}, traces::With::content));
    for (const auto& [name, whole] : TRY(references_of(*store, project, loaded, trace, std::nullopt)))
      names.insert(name);
  }
  if (names.empty()) return traces;
  std::vector<Id128> without = traces;
  without.insert(without.end(), going.begin(), going.end());
  for (const auto& name : TRY(words_elsewhere(*store, project, without, {names.begin(), names.end()})))
    names.erase(name);
  if (!names.empty()) TRY(inside_->sealed.remove(project, {names.begin(), names.end()}));
  return traces;
}

void add_reveal_routes(net::Router& router, Privacy::Inside& inside) {
  router.add({.method = "POST",
              .pattern = "/api/v1/traces/{trace_id}/reveal",
              .permission = "read",
              .handler = reading::handler(inside, reveal),
              .body_bytes = 64U << 10,
              .summary =
                  "Sealed originals of what stands in a trace, for the role that the project names; each time in "
                  "the audit table",
              .accepts = "{span_id, refs, reason}",
              .answers = "{values:[{ref, kind, masked, value}], missing:[string]}"});
}

}  // namespace pawl::privacy
