// The outbox: each notice once to each channel, tried again until it is taken or given up, and kept.
#include <openssl/hmac.h>

#include <array>

#include "base/text.h"
#include "inside.h"

namespace pawl::alerts {
namespace {

// Seconds until the next try, ± 20 %.
constexpr std::array<std::int64_t, 9> pauses = {5, 30, 120, 600, 1800, 7200, 21'600, 43'200, 86'400};

struct Due {
  std::string id, body, url, secret, channel;
  std::int64_t project = 0, attempts = 0;
};

Result<> write_down(Inside& inside, const Due& due, std::string_view state, std::int64_t next, std::string_view error,
                    bool switch_off) {
  return inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    TRY(change.run(
        "UPDATE alert_outbox SET state = ?, attempts = ?, due = ?, error = ?, changed = ? WHERE id = ?",
        {std::string(state), due.attempts + 1, next, std::string(error), inside.clock.now() / second, due.id}));
    if (switch_off)
      TRY(change.run("UPDATE alert_channels SET enabled = 0, trouble = ? WHERE project = ? AND id = ?",
                     {std::string(error), due.project, due.channel}));
    return {};
  });
}

Result<> attempt(Inside& inside, const Due& due) {
  const std::int64_t now = inside.clock.now() / second;
  std::int64_t retry_after = 0;
  const auto answer = deliver(inside, due.url, due.secret, due.id, due.body, retry_after);
  if (answer && *answer >= 200 && *answer < 300) return write_down(inside, due, "sent", now, "", false);
  if (answer && *answer == 410)
    return write_down(inside, due, "failed", now, "The endpoint answered 410: it is gone. The channel is switched off.",
                      true);
  const std::string why = answer ? fmt::format("The endpoint answered {}.", *answer) : answer.error().what;
  const bool refused =
      !answer && (answer.error().kind == ErrorKind::denied || answer.error().kind == ErrorKind::invalid);
  const auto tried = static_cast<std::size_t>(due.attempts);
  if (refused || tried >= pauses.size()) return write_down(inside, due, "failed", now, why + " Given up.", false);
  const auto jitter = .8 + .4 * inside.random.unit();
  const auto pause = static_cast<std::int64_t>(static_cast<double>(pauses[tried]) * jitter);
  return write_down(inside, due, "waiting", now + std::max<std::int64_t>({pause, retry_after, 1}), why, false);
}

}  // namespace

std::string time_text(std::int64_t seconds) {
  return format_time(seconds * second).substr(0, 19) + "Z";
}

std::string signature(std::string_view secret, std::string_view id, std::int64_t timestamp, std::string_view body) {
  if (!secret.starts_with("whsec_")) return "";
  const auto key = from_base64(secret.substr(6));
  if (!key || key->empty()) return "";
  const std::string text = fmt::format("{}.{}.{}", id, timestamp, body);
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  HMAC(EVP_sha256(), key->data(), static_cast<int>(key->size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), mac, &length);
  return "v1," + to_base64({reinterpret_cast<const char*>(mac), length});
}

Result<int> deliver(Inside& inside, std::string_view url, std::string_view secret, std::string_view id,
                    std::string_view body, std::int64_t& retry_after) {
  const std::int64_t now = inside.clock.now() / second;
  net::ClientRequest request{.method = "POST", .url = std::string(url), .body = std::string(body), .time = 10 * second};
  request.headers.add("content-type", "application/json");
  request.headers.add("webhook-id", std::string(id));
  request.headers.add("webhook-timestamp", fmt::format("{}", now));
  request.headers.add("webhook-signature", signature(secret, id, now, body));
  const auto answer = TRY(inside.options.send(std::move(request)));
  retry_after = std::clamp<std::int64_t>(parse_int(answer.headers.get("retry-after")).value_or(0), 0, 86'400);
  return answer.status;
}

void deliver_all(Inside& inside) {
  const auto rows = inside.ledger.read(
      "SELECT o.id, o.body, c.url, c.secret, o.channel, o.project, o.attempts FROM alert_outbox o JOIN alert_channels "
      "c "
      "ON c.project = o.project AND c.id = o.channel WHERE o.state = 'waiting' AND o.due <= ? AND c.enabled = 1 "
      "ORDER BY o.due LIMIT 50",
      {inside.clock.now() / second});
  if (!rows) return;  // the ledger is away: it is all still there when it comes back
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const Due due{.id = rows->text(i, 0),
                  .body = rows->text(i, 1),
                  .url = rows->text(i, 2),
                  .secret = rows->text(i, 3),
                  .channel = rows->text(i, 4),
                  .project = rows->integer(i, 5),
                  .attempts = rows->integer(i, 6)};
    if (const auto done = attempt(inside, due); !done)
      inside.log.warn("a delivery could not be written down; it will be tried again with the same id",
                      {{"id", due.id}, {"why", done.error().what}});
    if (!inside.wait(std::chrono::milliseconds(0))) return;
  }
}

}  // namespace pawl::alerts
