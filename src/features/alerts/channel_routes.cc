// Channels over the API: made, tried by a button, shown with their trouble.
#include "base/json_fields.h"
#include "base/text.h"
#include "inside.h"
#include "records/audit/audit.h"

namespace pawl::alerts {
namespace {

using projects::access_of;
using projects::actor_of;

void write_channel(JsonWriter& json, const Channel& channel) {
  json.field("id", channel.id).field("name", channel.name).field("kind", channel.kind).field("url", channel.url);
  json.key("to").array();
  for (const auto one : split(channel.recipients, ','))
    if (!one.empty()) json.value(one);
  json.end();
}

Result<net::Response> list(Inside& inside, const net::Request& request) {
  const auto rows = TRY(inside.ledger.read(
      "SELECT project, id, name, kind, url, '', recipients, enabled, trouble, (SELECT count(*) FROM alert_outbox o "
      "WHERE "
      "o.project = c.project AND o.channel = c.id AND o.state = 'waiting'), (SELECT count(*) FROM alert_outbox o WHERE "
      "o.project = c.project AND o.channel = c.id AND o.state = 'failed') FROM alert_channels c WHERE project = ? "
      "ORDER BY "
      "name",
      {project_of(request)}));
  JsonWriter json;
  json.object().key("channels").array();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    json.object();
    write_channel(json, channel_at(rows, i, 0));
    json.field("enabled", rows.integer(i, 7) != 0).field("trouble", rows.text(i, 8));
    json.field("waiting", rows.integer(i, 9)).field("failed", rows.integer(i, 10)).end();
  }
  return net::Response::json(json.end().end().take());
}

Result<net::Response> create(Inside& inside, const net::Request& request) {
  const auto fields = TRY(JsonFields::parse(request.body));
  Channel channel{.project = project_of(request),
                  .id = "ch_" + to_hex(inside.random.bytes(8)),
                  .name = fields.text("name"),
                  .kind = fields.has("kind") ? fields.text("kind") : "webhook",
                  .url = fields.text("url"),
                  .secret = fields.text("secret"),
                  .recipients = join(TRY(fields.texts("to")), ",")};
  TRY(check_channel(channel, inside.random, inside.options.mail != nullptr));
  const auto made = inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    TRY(change.run(
        "INSERT INTO alert_channels (project, id, name, url, secret, enabled, trouble, kind, recipients) VALUES "
        "(?, ?, ?, ?, ?, 1, '', ?, ?)",
        {channel.project, channel.id, channel.name, channel.url, channel.secret, channel.kind, channel.recipients}));
    return audit::append(change, inside.clock.now(), access_of(request).project, actor_of(access_of(request)),
                         "alerts.channel.create", channel.id);
  });
  if (!made && made.error().kind == ErrorKind::conflict)
    return fail(ErrorKind::conflict, "There is a channel {} already.", channel.name);
  TRY(made);
  JsonWriter json;
  json.object();
  write_channel(json, channel);
  if (channel.kind == "webhook") json.field("secret", channel.secret);
  return net::Response::json(json.end().take(), 201);
}

Result<net::Response> remove(Inside& inside, const net::Request& request) {
  const std::string id(request.capture("id"));
  TRY(inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    TRY(change.run("DELETE FROM alert_channels WHERE project = ? AND id = ?", {project_of(request), id}));
    if (change.changes() == 0) return fail(ErrorKind::not_found, "There is no channel {}.", id);
    TRY(
        change.run("UPDATE alert_outbox SET state = 'failed', error = 'The channel was removed.' "
                   "WHERE project = ? AND channel = ? AND state = 'waiting'",
                   {project_of(request), id}));
    return audit::append(change, inside.clock.now(), access_of(request).project, actor_of(access_of(request)),
                         "alerts.channel.delete", id);
  }));
  return net::Response::json("{}");
}

// One attempt, now; what came of it is the answer. Switches a channel on again that answers.
Result<net::Response> test(Inside& inside, const net::Request& request) {
  const std::string id(request.capture("id"));
  const auto rows = TRY(inside.ledger.read(
      "SELECT project, id, name, kind, url, secret, recipients FROM alert_channels WHERE project = ? AND id = ?",
      {project_of(request), id}));
  if (rows.size() == 0) return fail(ErrorKind::not_found, "There is no channel {}.", id);
  const auto channel = channel_at(rows, 0, 0);
  JsonWriter body;
  body.object().field("type", "alert.test").field("timestamp", time_text(inside.clock.now() / second));
  body.key("data").object().field("channel", channel.name).field("project", "pawl").key("rule").object();
  body.field("id", "test").field("name", "a test").field("severity", "info").end();
  body.field("key", "pawl/test/" + id).field("text", "A test of Pawl: this channel works.").end();
  const auto sent =
      send_messages(inside, {{&channel, "msg_" + to_hex(inside.random.bytes(16)), {body.end().take()}}}).front();
  const std::string trouble = sent.taken ? "" : sent.why;
  TRY(inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    TRY(
        change.run("UPDATE alert_channels SET trouble = ?1, enabled = CASE WHEN ?1 = '' THEN 1 ELSE enabled END "
                   "WHERE project = ?2 AND id = ?3",
                   {trouble, project_of(request), id}));
    return {};
  }));
  JsonWriter json;
  return net::Response::json(json.object().field("taken", sent.taken).field("trouble", trouble).end().take());
}

// What was given up goes out again, with the same id.
Result<net::Response> resend(Inside& inside, const net::Request& request) {
  std::int64_t count = 0;
  TRY(inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    TRY(
        change.run("UPDATE alert_outbox SET state = 'waiting', attempts = 0, due = ?, error = '' WHERE project = ? AND "
                   "channel = ? "
                   "AND state = 'failed'",
                   {inside.clock.now() / second, project_of(request), std::string(request.capture("id"))}));
    count = change.changes();
    return {};
  }));
  JsonWriter json;
  return net::Response::json(json.object().field("resent", count).end().take());
}

}  // namespace

void add_channel_routes(net::Router& router, Inside& inside) {
  const auto add = adder(router, inside);
  add("GET", "/api/v1/alerts/channels", "read", list, "Where notices go", "",
      "{channels:[object]}: {id, name, kind, url, to, enabled, trouble, waiting, failed}");
  add("POST", "/api/v1/alerts/channels", "admin", create, "Makes a channel; a webhook's secret is shown this once",
      "{name, kind, url, to:[string], secret}", "{id, name, kind, url, to:[string], secret}");
  add("DELETE", "/api/v1/alerts/channels/{id}", "admin", remove, "Removes a channel; what waits for it is given up", "",
      "{}");
  add("POST", "/api/v1/alerts/channels/{id}/test", "admin", test, "Sends a test now", "", "{taken:boolean, trouble}");
  add("POST", "/api/v1/alerts/channels/{id}/resend", "admin", resend, "Sends again what was given up", "",
      "{resent:integer}");
}

}  // namespace pawl::alerts
