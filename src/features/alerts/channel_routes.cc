// Channels over the API: webhooks that are signed, tried by a button, and shown with their trouble.
#include "base/json_fields.h"
#include "base/text.h"
#include "inside.h"
#include "records/audit/audit.h"

namespace pawl::alerts {
namespace {

using projects::access_of;
using projects::actor_of;

std::int64_t project_of(const net::Request& request) {
  return static_cast<std::int64_t>(access_of(request).project);
}

Result<net::Response> list(Inside& inside, const net::Request& request) {
  const auto rows = TRY(
      inside.ledger.read("SELECT id, name, url, enabled, trouble FROM alert_channels WHERE project = ? ORDER BY name",
                         {project_of(request)}));
  JsonWriter json;
  json.object().key("channels").array();
  for (std::size_t i = 0; i < rows.size(); ++i)
    json.object()
        .field("id", rows.text(i, 0))
        .field("name", rows.text(i, 1))
        .field("url", rows.text(i, 2))
        .field("enabled", rows.integer(i, 3) != 0)
        .field("trouble", rows.text(i, 4))
        .end();
  return net::Response::json(json.end().end().take());
}

Result<net::Response> create(Inside& inside, const net::Request& request) {
  const auto fields = TRY(JsonFields::parse(request.body));
  const std::string name = fields.text("name"), url = fields.text("url");
  if (name.empty() || name.size() > 200) return fail(ErrorKind::invalid, "\"name\" must have 1 to 200 characters.");
  TRY(net::parse_url(url));
  std::string secret = fields.text("secret");
  if (secret.empty()) secret = "whsec_" + to_base64(inside.random.bytes(32));
  const auto key = from_base64(secret.starts_with("whsec_") ? std::string_view(secret).substr(6) : "");
  if (!key || key->size() < 24 || key->size() > 64)
    return fail(ErrorKind::invalid, "\"secret\" must be whsec_ and 24 to 64 bytes in base64; left out, one is made.");
  const std::string id = "ch_" + to_hex(inside.random.bytes(8));
  const auto made = inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    TRY(
        change.run("INSERT INTO alert_channels (project, id, name, url, secret, enabled, trouble) "
                   "VALUES (?, ?, ?, ?, ?, 1, '')",
                   {project_of(request), id, name, url, secret}));
    return audit::append(change, inside.clock.now(), access_of(request).project, actor_of(access_of(request)),
                         "alerts.channel.create", id);
  });
  if (!made && made.error().kind == ErrorKind::conflict)
    return fail(ErrorKind::conflict, "There is a channel {} already.", name);
  TRY(made);
  JsonWriter json;
  json.object().field("id", id).field("name", name).field("url", url).field("secret", secret);
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
  const auto rows = TRY(inside.ledger.read("SELECT url, secret, name FROM alert_channels WHERE project = ? AND id = ?",
                                           {project_of(request), id}));
  if (rows.size() == 0) return fail(ErrorKind::not_found, "There is no channel {}.", id);
  JsonWriter body;
  body.object().field("type", "alert.test").field("timestamp", time_text(inside.clock.now() / second));
  body.key("data")
      .object()
      .field("channel", rows.text(0, 2))
      .field("text", "A test of Pawl: this channel works.")
      .end();
  std::int64_t retry_after = 0;
  const auto sent = deliver(inside, rows.text(0, 0), rows.text(0, 1), "msg_" + to_hex(inside.random.bytes(16)),
                            body.end().text(), retry_after);
  const bool taken = sent && *sent >= 200 && *sent < 300;
  const std::string trouble = taken ? "" : sent ? fmt::format("The endpoint answered {}.", *sent) : sent.error().what;
  TRY(inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    TRY(
        change.run("UPDATE alert_channels SET trouble = ?1, enabled = CASE WHEN ?1 = '' THEN 1 ELSE enabled END "
                   "WHERE project = ?2 AND id = ?3",
                   {trouble, project_of(request), id}));
    return {};
  }));
  JsonWriter json;
  return net::Response::json(json.object().field("taken", taken).field("trouble", trouble).end().take());
}

// What was given up goes out again, with the same id.
Result<net::Response> resend(Inside& inside, const net::Request& request) {
  std::int64_t count = 0;
  TRY(inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    TRY(
        change.run("UPDATE alert_outbox SET state = 'waiting', attempts = 0, due = ? WHERE project = ? AND channel = ? "
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
      "{channels:[object]}: {id, name, url, enabled, trouble}");
  add("POST", "/api/v1/alerts/channels", "admin", create, "Makes a webhook; its secret is shown this once",
      "{name, url, secret}", "{id, name, url, secret}");
  add("DELETE", "/api/v1/alerts/channels/{id}", "admin", remove, "Removes a channel; what waits for it is given up", "",
      "{}");
  add("POST", "/api/v1/alerts/channels/{id}/test", "admin", test, "Sends a test now", "", "{taken:boolean, trouble}");
  add("POST", "/api/v1/alerts/channels/{id}/resend", "admin", resend, "Sends again what was given up", "",
      "{resent:integer}");
}

}  // namespace pawl::alerts
