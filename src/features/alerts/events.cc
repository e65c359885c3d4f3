// Writing down what happened: the event of a notice, its body, and a row of the outbox for each channel.
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "inside.h"

namespace pawl::alerts {
namespace {

std::string usual_text(const Told& told, std::string_view unit) {
  if (!std::isnan(told.low) && !std::isnan(told.high))
    return fmt::format("{} to {}", value_text(told.low, unit), value_text(told.high, unit));
  return value_text(told.expected, unit);
}

std::string body_of(Inside& inside, const StoredRule& rule, const Definition& definition, const Told& told,
                    const std::string& event, const std::string& project) {
  JsonWriter json;
  json.object().field("type", "alert." + told.notice).field("timestamp", time_text(told.at)).key("data").object();
  json.field("id", event).field("project", project);
  json.key("rule").object().field("id", rule.id).field("name", definition.name).field("version", rule.version);
  json.field("severity", definition.severity).field("kind", definition.rule.kind).end();
  json.field("measure", definition.measure).field("unit", definition.unit).field("filter", definition.filter_text);
  json.key("split").raw(told.split).field("value", told.value);
  json.field("value_text", value_text(told.value, definition.unit)).field("usual", usual_text(told, definition.unit));
  json.field("since", time_text(told.since > 0 ? told.since : told.at)).field("reason", told.reason);
  json.field("learning", told.learning).field("runbook", definition.runbook);
  json.field("key", fmt::format("pawl/{}/{}/{}", project, rule.id, to_hex(sha256(told.split)).substr(0, 16)));
  json.field("url", inside.options.public_url() + "/alerts/" + rule.id).key("evidence");
  told.evidence.empty() || told.evidence.size() > 15'000 ? json.null() : json.raw(told.evidence);
  return json.end().end().take();
}

// What shares a message with others: values of what it is grouped by, the rule unless it says something else.
std::string group_of(const StoredRule& rule, const Definition& definition, const Told& told) {
  if (definition.group_by.empty()) return "rule=" + rule.id;
  std::string out;
  const auto split = split_pairs(told.split);
  for (const auto& one : definition.group_by) {
    const auto found = std::ranges::find(split, one, &std::pair<std::string, std::string>::first);
    const std::string value = one == "rule"          ? rule.id
                              : one == "folder"      ? definition.folder
                              : one == "severity"    ? definition.severity
                              : found == split.end() ? std::string()
                                                     : found->second;
    out += fmt::format("{}{}={}", out.empty() ? "" : "\n", one, value);
  }
  return out;
}

// What fires together is told together, what joins it a little later.
Result<std::int64_t> due_of(ledger::Transaction& change, const StoredRule& rule, const Definition& definition,
                            const std::string& group, const std::string& channel, std::int64_t now) {
  if (definition.split.empty() && definition.group_by.empty()) return now;
  const auto rows = TRY(change.run(
      "SELECT max(changed) FROM alert_outbox WHERE project = ? AND grouped = ? AND channel = ? AND state = 'sent' AND "
      "changed > ?",
      {static_cast<std::int64_t>(rule.project), group, channel,
       now - std::max<std::int64_t>(7200, definition.group_interval)}));
  return std::max(now + definition.group_wait, std::min(rows.integer(0, 0), now) + definition.group_interval);
}

struct Going {
  std::string event, group, body;
};

Result<> send_later(ledger::Transaction& change, const StoredRule& rule, const Going& what_goes,
                    const std::string& channel, std::int64_t now, std::int64_t due, bool unless_known) {
  const auto& [event, group, body] = what_goes;
  const std::string what = fmt::format("{}\n{}{}", event, channel, unless_known ? fmt::format("\n{}", due - now) : "");
  TRY(
      change.run("INSERT OR IGNORE INTO alert_outbox (id, project, event, channel, body, state, attempts, due, error, "
                 "changed, unless_known, grouped) VALUES (?, ?, ?, ?, ?, 'waiting', 0, ?, '', ?, ?, ?)",
                 {"msg_" + to_hex(sha256(what)).substr(0, 40), static_cast<std::int64_t>(rule.project), event, channel,
                  body, due, now, std::int64_t{unless_known}, group}));
  return {};
}

// Who hears of it: the rule's channels; of an acknowledgement PagerDuty's; of an end those too that it was escalated
// to.
Result<std::vector<std::string>> listeners(ledger::Transaction& change, const StoredRule& rule,
                                           const Definition& definition, const Told& told) {
  const auto project = static_cast<std::int64_t>(rule.project);
  std::vector<std::string> out = definition.channels;
  if (told.notice == "acknowledged" || told.notice == "resolved") {
    const auto rows =
        TRY(change.run("SELECT DISTINCT o.channel FROM alert_instances i JOIN alert_outbox o ON o.event = i.event "
                       "WHERE i.project = ? AND "
                       "i.rule = ? AND i.split = ? AND o.unless_known = 1 AND o.state = 'sent'",
                       {project, rule.id, told.split}));
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (std::ranges::find(out, rows.text(i, 0)) == out.end()) out.push_back(rows.text(i, 0));
  }
  if (told.notice != "acknowledged") return out;
  std::vector<std::string> pagers;
  for (const auto& channel : out) {
    const auto rows = TRY(change.run("SELECT 1 FROM alert_channels WHERE project = ? AND id = ? AND kind = 'pagerduty'",
                                     {project, channel}));
    if (rows.size() > 0) pagers.push_back(channel);
  }
  return pagers;
}

}  // namespace

std::string time_text(std::int64_t seconds) {
  return format_time(seconds * second).substr(0, 19) + "Z";
}

std::string event_id(const StoredRule& rule, const Told& told) {
  return "evt_" + to_hex(sha256(fmt::format("{}\n{}\n{}\n{}\n{}\n{}", rule.project, rule.id, rule.version, told.split,
                                            told.at, told.notice)))
                      .substr(0, 40);
}

Result<> write_told(ledger::Transaction& change, Inside& inside, const StoredRule& rule, const Definition& definition,
                    const Told& told) {
  const std::string id = event_id(rule, told);
  const std::int64_t now = inside.clock.now() / second;
  const auto value = std::isnan(told.value) ? ledger::Value(nullptr) : ledger::Value(told.value);
  TRY(
      change.run("INSERT OR IGNORE INTO alert_events (id, project, rule, version, split, at, notice, value, passed, "
                 "reason, learning, evidence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                 {id, static_cast<std::int64_t>(rule.project), rule.id, rule.version, told.split, told.at, told.notice,
                  value, std::int64_t{told.passed}, told.reason, std::int64_t{told.learning}, told.evidence}));
  if (change.changes() == 0) return {};  // it was there already
  const auto project = rule.project;
  if (told.notice == "firing")
    TRY(incidents::hear_firing(change, project, heard_of(rule, definition, told), inside.clock.now()));
  if (told.notice == "resolved")
    TRY(incidents::hear_resolved(change, project, rule.id, told.split, told.at * second, inside.clock.now()));
  if (told.passed) return {};  // nobody is told
  const auto named =
      TRY(change.run("SELECT name FROM projects WHERE id = ?", {static_cast<std::int64_t>(rule.project)}));
  const Going out{.event = id,
                  .group = group_of(rule, definition, told),
                  .body = body_of(inside, rule, definition, told, id,
                                  named.size() > 0 ? named.text(0, 0) : std::string("default"))};
  for (const auto& channel : TRY(listeners(change, rule, definition, told))) {
    const auto due =
        told.notice == "acknowledged" ? now : TRY(due_of(change, rule, definition, out.group, channel, now));
    TRY(send_later(change, rule, out, channel, now, due, false));
  }
  for (const auto& step : definition.escalate) {
    if (told.notice == "firing") TRY(send_later(change, rule, out, step.channel, now, now + step.after, true));
  }
  return {};
}

}  // namespace pawl::alerts
