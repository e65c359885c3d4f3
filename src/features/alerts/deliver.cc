// The outbox: each notice once to each channel, tried again until it is taken or given up, and kept. What goes out is
// decided here: who is muted, which instances share a message, which escalation is still needed.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "inside.h"

namespace pawl::alerts {
namespace {

// Seconds until the next try, ± 20 %.
constexpr std::array<std::int64_t, 9> pauses = {5, 30, 120, 600, 1800, 7200, 21'600, 43'200, 86'400};
constexpr std::size_t most_at_once = 50;  // messages of a round

struct Row {  // of the outbox, not gone out yet
  std::string id, event, channel, body, group;
  std::int64_t project = 0;
  bool unless_known = false;
};

std::vector<Row> fresh_rows(Inside& inside, std::int64_t now) {
  std::vector<Row> out;
  const auto rows = inside.ledger.read(
      "SELECT o.id, o.event, o.channel, o.body, o.project, o.unless_known, o.grouped FROM alert_outbox o JOIN "
      "alert_channels c ON "
      "c.project = o.project AND c.id = o.channel WHERE o.state = 'waiting' AND o.due <= ? AND o.lead = '' AND "
      "c.enabled "
      "= 1 ORDER BY o.due LIMIT 1000",
      {now});
  if (!rows) return out;  // the ledger is away: it is all still there when it comes back
  for (std::size_t i = 0; i < rows->size(); ++i)
    out.push_back({.id = rows->text(i, 0),
                   .event = rows->text(i, 1),
                   .channel = rows->text(i, 2),
                   .body = rows->text(i, 3),
                   .group = rows->text(i, 6),
                   .project = rows->integer(i, 4),
                   .unless_known = rows->integer(i, 5) != 0});
  return out;
}

Result<bool> still_needed(Inside& inside, const Row& row) {
  const auto rows = TRY(inside.ledger.read(
      "SELECT 1 FROM alert_instances WHERE project = ? AND event = ? AND state = 'firing' AND acknowledged = ''",
      {row.project, row.event}));
  return rows.size() > 0;
}

std::string muted_by(const std::vector<Silence>& silences, const Notice& notice, std::int64_t now) {
  for (const auto& one : silences) {
    if (one.in_force(now) && one.mutes(notice))
      return fmt::format("Muted by {} of {}: {}", one.id, one.author, one.why);
  }
  return "";
}

// Says of every row that is due under which id it goes out, or why it does not.
Result<> settle(Inside& inside, std::int64_t now) {
  std::map<std::int64_t, std::vector<Silence>> silences;
  std::map<std::string, std::string> leads;  // group → id
  struct Fate {
    std::string id, lead, state, error;
  };
  std::vector<Fate> fates;
  for (const auto& row : fresh_rows(inside, now)) {
    if (row.unless_known && !TRY(still_needed(inside, row))) {
      fates.push_back({row.id, row.id, "dropped", "It was acknowledged or over before the escalation was due."});
      continue;
    }
    const auto notice = read_notice(row.body);
    if (!notice) {
      fates.push_back({row.id, row.id, "failed", notice.error().what});
      continue;
    }
    if (!silences.contains(row.project)) silences[row.project] = TRY(silences_of(inside, row.project));
    if (auto why = muted_by(silences[row.project], *notice, now); !why.empty()) {
      fates.push_back({row.id, row.id, "muted", std::move(why)});
      continue;
    }
    const std::string group = fmt::format("{}\n{}\n{}\n{}\n{}", row.project, row.channel,
                                          row.group.empty() ? notice->rule : row.group, notice->type, row.unless_known);
    fates.push_back({row.id, leads.emplace(group, row.id).first->second, "waiting", ""});
  }
  if (fates.empty()) return {};
  return inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    for (const auto& one : fates)
      TRY(change.run("UPDATE alert_outbox SET lead = ?, state = ?, error = ?, changed = ? WHERE id = ? AND lead = ''",
                     {one.lead, one.state, one.error, now, one.id}));
    return {};
  });
}

struct Due {  // a message: one notice, or those of a group
  std::string id;
  std::int64_t attempts = 0;
  Channel channel;
  std::vector<std::string> bodies;
};

Result<std::vector<Due>> due_messages(Inside& inside, std::int64_t now) {
  const auto rows = TRY(inside.ledger.read(
      "SELECT o.lead, o.attempts, o.body, c.project, c.id, c.name, c.kind, c.url, c.secret, c.recipients FROM "
      "alert_outbox "
      "o JOIN alert_channels c ON c.project = o.project AND c.id = o.channel WHERE o.state = 'waiting' AND o.due <= ? "
      "AND o.lead <> '' AND c.enabled = 1 ORDER BY o.due, o.lead, o.id LIMIT 2000",
      {now}));
  std::vector<Due> out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto found = std::ranges::find(out, rows.text(i, 0), &Due::id);
    if (found == out.end()) {
      if (out.size() >= most_at_once) continue;
      out.push_back(
          {.id = rows.text(i, 0), .attempts = rows.integer(i, 1), .channel = channel_at(rows, i, 3), .bodies = {}});
      found = out.end() - 1;
    }
    found->bodies.push_back(rows.text(i, 2));
  }
  return out;
}

Result<> write_down(Inside& inside, const Due& due, std::string_view state, std::int64_t next, std::string_view error,
                    bool switch_off) {
  return inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    TRY(change.run(
        "UPDATE alert_outbox SET state = ?, attempts = ?, due = ?, error = ?, changed = ? WHERE lead = ? AND "
        "state = 'waiting'",
        {std::string(state), due.attempts + 1, next, std::string(error), inside.clock.now() / second, due.id}));
    TRY(change.run(
        "UPDATE alert_channels SET enabled = CASE WHEN ?1 THEN 0 ELSE enabled END, trouble = ?2 WHERE project "
        "= ?3 AND id = ?4",
        {std::int64_t{switch_off}, std::string(error), due.channel.project, due.channel.id}));
    return {};
  });
}

Result<> write_outcome(Inside& inside, const Due& due, const Sent& sent) {
  const std::int64_t now = inside.clock.now() / second;
  if (sent.taken) return write_down(inside, due, "sent", now, "", false);
  if (sent.gone) return write_down(inside, due, "failed", now, sent.why + " The channel is switched off.", true);
  const auto tried = static_cast<std::size_t>(due.attempts);
  if (sent.hopeless || tried >= pauses.size())
    return write_down(inside, due, "failed", now, sent.why + " Given up.", false);
  const auto jitter = .8 + .4 * inside.random.unit();
  const auto pause = static_cast<std::int64_t>(static_cast<double>(pauses[tried]) * jitter);
  return write_down(inside, due, "waiting", now + std::max<std::int64_t>({pause, sent.retry_after, 1}), sent.why,
                    false);
}

// Alertmanager forgets what it is not told again: what fires is sent every minute.
void feed_alertmanagers(Inside& inside, std::int64_t now) {
  if (now >= inside.fed && now - inside.fed < 60) return;
  inside.fed = now;
  const auto rows = inside.ledger.read(
      "SELECT project, id, name, kind, url, secret, recipients FROM alert_channels WHERE kind = 'alertmanager' AND "
      "enabled "
      "= 1");
  for (std::size_t i = 0; rows && i < rows->size(); ++i) {
    const auto channel = channel_at(*rows, i, 0);
    const auto firing = inside.ledger.read(
        "SELECT o.body FROM alert_instances i JOIN alert_outbox o ON o.event = i.event AND o.project = i.project WHERE "
        "i.project = ? AND i.state = 'firing' AND o.channel = ? AND o.state = 'sent'",
        {channel.project, channel.id});
    const auto silences = silences_of(inside, channel.project);
    if (!firing || !silences) continue;
    std::vector<std::string> bodies;
    for (std::size_t k = 0; k < firing->size(); ++k) {
      const auto notice = read_notice(firing->text(k, 0));
      if (notice && muted_by(*silences, *notice, now).empty()) bodies.push_back(firing->text(k, 0));
    }
    if (bodies.empty()) continue;
    const auto sent = send_messages(inside, {{&channel, fmt::format("feed_{}", now), bodies}});
    if (!sent.front().taken)
      inside.log.warn("an Alertmanager did not take what fires",
                      {{"channel", channel.name}, {"why", sent.front().why}});
  }
}

}  // namespace

void deliver_all(Inside& inside) {
  const std::int64_t now = inside.clock.now() / second;
  auto sorted = pull_forward(inside, now);
  if (sorted) sorted = settle(inside, now);
  if (!sorted) inside.log.warn("the outbox cannot be sorted; it is looked at again", {{"why", sorted.error().what}});
  const auto due = due_messages(inside, now);
  if (!due) return;
  std::vector<Outgoing> messages;
  for (const auto& one : *due) messages.push_back({&one.channel, one.id, one.bodies});
  const auto sent = send_messages(inside, messages);
  for (std::size_t i = 0; i < due->size(); ++i) {
    if (const auto done = write_outcome(inside, (*due)[i], sent[i]); !done)
      inside.log.warn("a delivery could not be written down; it will be tried again with the same id",
                      {{"id", (*due)[i].id}, {"why", done.error().what}});
  }
  feed_alertmanagers(inside, now);
}

}  // namespace pawl::alerts
