// A clock that was ahead and is set back: what was written down for times that have not come yet.
#include <algorithm>

#include "inside.h"

namespace pawl::alerts {
namespace {

constexpr std::int64_t a_stall = 600;  // seconds; a clock that is set back by less is waited for

Result<> begin_at(Inside& inside, const StoredRule& rule, std::int64_t at, std::int64_t now) {
  const auto project = static_cast<std::int64_t>(rule.project);
  return inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    TRY(change.run("UPDATE alert_rules SET evaluated = ? WHERE project = ? AND id = ? AND version = ?",
                   {at, project, rule.id, rule.version}));
    TRY(
        change.run("UPDATE alert_instances SET since = min(since, ?3), good = min(good, ?3), notified = min(notified, "
                   "?3), seen = min(seen, ?3) WHERE project = ?1 AND rule = ?2",
                   {project, rule.id, now}));
    return {};
  });
}

}  // namespace

void begin_again(Inside& inside, std::vector<StoredRule>& rules) {
  const std::int64_t now = inside.clock.now() / second;
  for (auto& rule : rules) {
    const bool ahead = rule.evaluated > now + a_stall;
    if (!ahead && (rule.evaluated == 0 || rule.evaluated >= now - history)) continue;
    inside.log.warn(ahead ? "the clock was set back; the rule is judged from now on"
                          : "the rule was not judged for more than a month; it is judged from now on",
                    {{"rule", rule.name}, {"judged", time_text(rule.evaluated)}, {"now", time_text(now)}});
    const std::int64_t at = now - delay;
    if (const auto done = begin_at(inside, rule, at, now); !done) {
      inside.log.warn("a rule cannot begin again; it is tried again",
                      {{"rule", rule.name}, {"why", done.error().what}});
      continue;
    }
    rule.evaluated = at;
    inside.live.erase({rule.project, rule.id});
    for (auto& lesson : inside.lessons)
      std::erase_if(lesson.pupils,
                    [&](const Pupil& one) { return lesson.project == rule.project && one.id == rule.id; });
  }
}

Result<> pull_forward(Inside& inside, std::int64_t now) {
  const auto ahead = TRY(inside.ledger.read(
      "SELECT 1 FROM alert_outbox WHERE state = 'waiting' AND changed > ? LIMIT 1", {now + a_stall}));
  if (ahead.size() == 0) return {};
  return inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    TRY(
        change.run("UPDATE alert_outbox SET due = max(?1, ?1 + due - changed), changed = ?1 WHERE state = 'waiting' "
                   "AND changed > ?1",
                   {now}));
    return {};
  });
}

}  // namespace pawl::alerts
