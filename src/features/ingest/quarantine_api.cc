// Looking at the quarantine, and sending its records again.
#include "quarantine_api.h"

#include "base/json.h"
#include "base/json_fields.h"
#include "base/text.h"
#include "records/audit/audit.h"
#include "records/projects/projects.h"

namespace pawl::ingest {
namespace {

constexpr std::uint32_t most_listed = 1000, usually_listed = 100, a_round = 50;
constexpr std::size_t most_ids = 1000;

Result<std::int64_t> number_of(std::string_view text, std::string_view name, std::int64_t least, std::int64_t most,
                               std::int64_t usual) {
  if (text.empty()) return usual;
  const auto number = parse_int(text);
  if (!number || *number < least || *number > most)
    return fail(ErrorKind::invalid, "{}={} must be a whole number from {} to {}.", name, text, least, most);
  return *number;
}

void write(JsonWriter& json, const Quarantined& entry) {
  json.object().field("id", std::to_string(entry.id)).field("at", format_time(entry.kept));
  json.field("received", format_time(entry.received));
  json.field("signal", entry.signal == otlp::Signal::traces ? "traces"
                       : entry.signal == otlp::Signal::logs ? "logs"
                                                            : "runs");
  json.key("trace_id");
  entry.trace ? json.value(to_hex(entry.trace)) : json.null();
  json.key("span_id");
  entry.span ? json.value(to_hex(entry.span).substr(16)) : json.null();
  json.field("name", entry.name).field("bytes", entry.bytes).field("reason", entry.reason);
  json.field("tries", std::uint64_t{entry.tries}).field("batch", entry.batch).end();
}

Result<std::vector<std::int64_t>> ids_of(const JsonFields& fields) {
  const auto texts = TRY(fields.texts("ids"));
  if (texts.empty() != fields.flag("all").value_or(false))
    return fail(ErrorKind::invalid,
                "Send {{\"ids\": [\"1\", …]}} with ids of GET /api/v1/quarantine, or {{\"all\": true}}.");
  if (texts.size() > most_ids)
    return fail(ErrorKind::invalid, "At most {} ids at once; {{\"all\": true}} sends everything.", most_ids);
  std::vector<std::int64_t> ids;
  for (const auto& text : texts) {
    const auto id = parse_int(text);
    if (!id) return fail(ErrorKind::invalid, "{} is no id of a quarantined record.", text);
    ids.push_back(*id);
  }
  return ids;
}

}  // namespace

Result<net::Response> QuarantineApi::list(const net::Request& request) {
  const auto project = projects::access_of(request).project;
  const auto limit = TRY(number_of(request.query.get("limit"), "limit", 1, most_listed, usually_listed));
  const auto before =
      TRY(number_of(request.query.get("before"), "before", 1, std::numeric_limits<std::int64_t>::max(), 0));
  const auto entries = TRY(quarantine_.list(project, before, static_cast<std::uint32_t>(limit)));
  JsonWriter json;
  json.object().field("count", TRY(quarantine_.count(project))).key("records").array();
  for (const auto& entry : entries) write(json, entry);
  json.end().key("next_before");
  entries.size() == static_cast<std::size_t>(limit) ? json.value(std::to_string(entries.back().id)) : json.null();
  return net::Response::json(json.end().take());
}

Result<> QuarantineApi::send(const Quarantined& entry, const std::string& actor) {
  TRY(quarantine_.sending(entry.id));
  Item item{.at = {},
            .project = entry.project,
            .received = entry.received,
            .encoding = entry.encoding,
            .units = 1,
            .refused = 0,
            .key = static_cast<std::uint64_t>(entry.id),
            .body = std::make_shared<const std::string>(entry.body)};
  set_kind(static_cast<std::uint8_t>(entry.signal), item);
  const auto at = append_(std::move(item));
  if (!at) {
    TRY(quarantine_.not_sent(entry.id));
    return std::unexpected(at.error());
  }
  if (const auto marked = quarantine_.sent(entry.id, clock_.now(), actor); !marked)  // the next start finds it
    log_.warn("a record that was sent again is not marked so", {{"why", marked.error().what}});
  return {};
}

Result<std::uint64_t> QuarantineApi::retry(ProjectId project, const std::vector<std::int64_t>& ids,
                                           const std::string& actor) {
  if (!writer_.recovered())
    return fail(ErrorKind::unavailable, "Pawl is still starting: {}. Try again in a moment.", writer_.progress());
  const std::lock_guard one(one_retry_);
  const auto newest = TRY(quarantine_.list(project, 0, 1));
  const std::int64_t last = newest.empty() ? 0 : newest.front().id;  // what is refused once more comes after it
  std::uint64_t sent = 0;
  std::int64_t after = 0;
  const auto all = [&]() -> Result<> {
    while (after < last) {
      const auto entries = TRY(quarantine_.to_send(project, ids, after, a_round));
      if (entries.empty()) break;
      for (const auto& entry : entries) {
        after = entry.id;
        if (entry.id > last) break;
        if (!writer_.has_room(entry.body.size()))
          return fail(ErrorKind::unavailable, "Pawl is behind: too much is acknowledged and not yet stored.");
        TRY(send(entry, actor));
        ++sent;
      }
    }
    return {};
  }();
  TRY(audit::append(ledger_, clock_.now(), project, actor, "quarantine.retry", fmt::format("{} records", sent)));
  if (!all) return fail(all.error().kind, "{} records were sent again, then: {}", sent, all.error().what);
  return sent;
}

Result<net::Response> QuarantineApi::retry(const net::Request& request) {
  const auto& access = projects::access_of(request);
  const auto ids = TRY(ids_of(TRY(JsonFields::parse(request.body))));
  const auto sent = TRY(retry(access.project, ids, projects::actor_of(access)));
  JsonWriter json;
  json.object().field("sent", sent).field("held", TRY(quarantine_.count(access.project)));
  return net::Response::json(json.end().take(), 202);
}

void QuarantineApi::add_routes(net::Router& router) {
  router.add({.method = "GET",
              .pattern = "/api/v1/quarantine",
              .permission = "read",
              .handler = [this](net::Request& request) -> Task<Result<net::Response>> {
                co_return co_await net::on_pool(pool_, request.cancel, [&] { return list(request); });
              },
              .summary = "Records that the warehouse refused for what they hold, newest first",
              .query = {{"limit", "1 to 1000, default 100"}, {"before", "`next_before` of the page before"}},
              .answers = "{count, records:[{id, at, received, signal, trace_id, span_id, name, bytes, reason, tries, "
                         "batch}], next_before}"});
  router.add({.method = "POST",
              .pattern = "/api/v1/quarantine/retry",
              .permission = "admin",
              .handler = [this](net::Request& request) -> Task<Result<net::Response>> {
                co_return co_await net::on_pool(pool_, request.cancel, [&] { return retry(request); });
              },
              .body_bytes = 64U << 10,
              .handler_time = 2 * minute,
              .summary = "Sends quarantined records again; those refused once more are held again",
              .accepts = "{ids:[…]} or {all:true}",
              .answers = "{sent, held}"});
}

}  // namespace pawl::ingest
