// The rules that every project has from its first day. Chosen on the demo fleet (tests/system/demo.py): quiet on its
// ordinary days, one firing or more in each incident, whatever the hour and weekday on which its fortnight begins. They
// may be changed and removed like any other rule.
#include "base/text.h"
#include "inside.h"
#include "records/audit/audit.h"

namespace pawl::alerts {
namespace {

// A newer set has a newer version; a project gets the rules of a set once.
constexpr std::int64_t version = 2;
struct Starter {
  std::int64_t since;  // the set in which it came
  std::string_view json;
};
constexpr Starter rules[] = {
    {1,
     R"({"name":"Cost spike","measure":"cost","kind":"anomaly","direction":"up","split":["agent"],"step":"1h","least":0.05,"learning_bar":2,"severity":"page","keep_firing_for":"2h","explain":["agent_version","model","tool","user"]})"},
    {1,
     R"({"name":"Slow runs","measure":"latency.mean","grain":"trace","kind":"anomaly","direction":"up","split":["agent"],"step":"1h","severity":"page","keep_firing_for":"2h","explain":["agent_version","model","tool"]})"},
    {1,
     R"({"name":"Errors","measure":"error_rate","kind":"anomaly","direction":"up","split":["agent"],"step":"1h","learning_bar":1.3,"severity":"page","keep_firing_for":"2h","explain":["agent_version","model","tool","error_type"]})"},
    {1,
     R"({"name":"Guardrail surge","measure":"guardrail_triggers","kind":"anomaly","direction":"up","step":"1h","learning_bar":1.5,"least":3,"severity":"page","keep_firing_for":"2h","explain":["agent","agent_version","user"]})"},
    {1,
     R"({"name":"Runs blocked","measure":"traces","filter":"status=blocked","grain":"trace","kind":"threshold","above":3,"split":["agent"],"step":"1h","severity":"page","keep_firing_for":"2h","explain":["agent_version","user"]})"},
    {1,
     R"({"name":"Silence","measure":"traces","grain":"trace","kind":"silence","step":"15m","learning_bar":2,"severity":"page"})"},
    {2,
     R"({"name":"Quality drop","measure":"score.pass_rate","kind":"anomaly","direction":"down","split":["agent"],"step":"1h","least":0.1,"learning_bar":1.5,"severity":"ticket","keep_firing_for":"2h","explain":["agent_version","task","prompt_version"]})"}};

}  // namespace

Result<> give_starters(Inside& inside) {
  const auto rows = TRY(inside.ledger.read(
      "SELECT p.id, coalesce(s.version, 0) FROM projects p LEFT JOIN alert_starters s ON s.project = p.id WHERE "
      "s.version IS NULL OR s.version < ?",
      {version}));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::int64_t project = rows.integer(i, 0), now = inside.clock.now() / second;
    TRY(inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
      for (const auto& [since, rule] : rules) {
        if (since <= rows.integer(i, 1)) continue;  // they had it, and may have removed it
        const auto definition = TRY(parse_definition(rule));
        const std::string id = "rule_" + to_hex(inside.random.bytes(8));
        TRY(
            change.run("INSERT OR IGNORE INTO alert_rules (project, id, name, version, definition, enabled, created, "
                       "changed, actor, evaluated, trouble, starter) VALUES (?, ?, ?, 1, ?, 1, ?, ?, 'pawl', 0, '', 1)",
                       {project, id, definition.name, std::string(rule), now, now}));
        if (change.changes() == 0) continue;  // somebody has a rule of this name
        TRY(change.run(
            "INSERT INTO alert_versions (project, rule, version, definition, changed, actor) VALUES (?, ?, 1, ?, "
            "?, 'pawl')",
            {project, id, std::string(rule), now}));
      }
      TRY(
          change.run("INSERT INTO alert_starters (project, version) VALUES (?, ?) ON CONFLICT (project) DO UPDATE SET "
                     "version = excluded.version",
                     {project, version}));
      return {};
    }));
  }
  return {};
}

}  // namespace pawl::alerts
