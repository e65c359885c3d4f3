// From stored spans to changes of state: buckets of a rule's measure, fed in order to one judge an instance.
#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.h"
#include "inside.h"
#include "store/warehouse/warehouse.h"

namespace pawl::alerts {
namespace {

std::string split_text(const Definition& definition, const native::Rows& rows, std::size_t row) {
  JsonWriter json;
  json.object();
  for (std::size_t d = 0; d < definition.split.size(); ++d) json.field(definition.split[d], rows.text(1 + d, row));
  return json.end().take();
}

double number_at(const native::Rows& rows, std::size_t column, std::size_t row, query::Type type) {
  if (rows.is_null(column, row)) return stats::nothing;
  return type == query::Type::money ? static_cast<double>(rows.wide(column, row)) / 1e12 : rows.real(column, row);
}

// One statement: at most 10,000 rows come of it.
Result<std::size_t> ask(warehouse::Warehouse& store, traces::Rollups* rollups, ProjectId project,
                        const Definition& definition, std::int64_t from, std::int64_t to, Nanos now,
                        std::vector<Bucket>& out) {
  query::MeasureQuery question{.measures = {definition.measure},
                               .dimensions = definition.split,
                               .filter = definition.filter,
                               .range = {from * second, to * second},
                               .step = definition.step_text(),
                               .limit = 10'000,
                               .grain = definition.grain,
                               .now = now};
  if (definition.measure != definition.counted()) question.measures.push_back(definition.counted());
  std::optional<traces::Rollups::Reading> still;
  if (rollups != nullptr) question.rolled_up = still.emplace(*rollups).through();
  const auto statement = TRY(query::compile(project, question));
  const auto answer = TRY(store.read(query::question(statement)));
  const auto& rows = answer.rows;
  const std::size_t value = 1 + definition.split.size(), count = statement.columns.size() - 1;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const double n = number_at(rows, count, row, query::Type::number);
    out.push_back({.split = split_text(definition, rows, row),
                   .at = rows.integer(0, row) / second,
                   .value = number_at(rows, value, row, statement.columns[value].type),
                   .count = std::isnan(n) ? 0 : n});
  }
  return rows.size();
}

Result<Stream> new_stream(const Definition& definition) {
  return Stream{.judge = TRY(stats::make_judge(definition.shape, definition.rule)), .instance = {}, .acknowledged = {}};
}

}  // namespace

Result<std::vector<Bucket>> buckets(warehouse::Warehouse& store, traces::Rollups* rollups, ProjectId project,
                                    const Definition& definition, std::int64_t from, std::int64_t to, Nanos now) {
  std::vector<Bucket> out;
  const std::int64_t step = definition.shape.step;
  const std::int64_t piece = std::max(step, (definition.split.empty() ? 8640 : 288) * step / 12 * 12);
  for (std::int64_t at = from; at < to; at += piece) {
    const auto rows = TRY(ask(store, rollups, project, definition, at, std::min(to, at + piece), now, out));
    if (rows >= 10'000)
      return fail(ErrorKind::exhausted, "The split by {} has too many values to follow: narrow the filter.",
                  join(definition.split, ", "));
  }
  std::ranges::sort(out, {}, &Bucket::at);
  return out;
}

Result<std::vector<Told>> feed(Live& live, const std::vector<Bucket>& given, std::int64_t from, std::int64_t to,
                               bool advance) {
  std::vector<Told> told;
  const std::int64_t step = live.definition.shape.step;
  std::size_t next = 0;
  std::map<std::string_view, const Bucket*> here;
  for (std::int64_t at = from; at + step <= to; at += step) {
    here.clear();
    for (; next < given.size() && given[next].at < at + step; ++next) {
      if (given[next].at >= at) here.emplace(given[next].split, &given[next]);
    }
    for (const auto& [split, bucket] : here) {
      if (live.streams.contains(std::string(split))) continue;
      if (live.streams.size() >= most_instances)
        return fail(ErrorKind::exhausted, "More than {} instances: too many to follow. Narrow the filter or the split.",
                    most_instances);
      live.streams.emplace(split, TRY(new_stream(live.definition)));
    }
    for (auto& [split, stream] : live.streams) {
      const auto found = here.find(split);
      const bool sum = live.definition.shape.sort == stats::Sort::sum;
      const double value = found != here.end() ? found->second->value : sum ? 0 : stats::nothing;
      const double count = found != here.end() ? found->second->count : 0;
      const auto verdict = stream.judge(at, value, count);
      if (!advance) continue;
      stream.value = value;
      if (!stream.acknowledged.empty()) stream.instance.acknowledged = true;
      const auto moved = stats::advance(stream.instance, live.definition.states, verdict.seen, at + step);
      if (stream.instance.state != stats::State::firing) stream.acknowledged.clear();
      for (const auto notice : moved.notices)
        told.push_back({.split = split, .notice = notice, .at = at + step, .value = value});
    }
  }
  return told;
}

Result<std::vector<StoredRule>> rules_of(Inside& inside, std::optional<ProjectId> project) {
  const auto rows = TRY(
      inside.ledger.read("SELECT project, id, name, definition, version, evaluated, enabled, trouble FROM alert_rules "
                         "WHERE ?1 = 0 OR project = ?1 ORDER BY project, name",
                         {static_cast<std::int64_t>(project.value_or(0))}));
  std::vector<StoredRule> out;
  for (std::size_t i = 0; i < rows.size(); ++i)
    out.push_back({.project = static_cast<ProjectId>(rows.integer(i, 0)),
                   .id = rows.text(i, 1),
                   .name = rows.text(i, 2),
                   .json = rows.text(i, 3),
                   .version = rows.integer(i, 4),
                   .evaluated = rows.integer(i, 5),
                   .enabled = rows.integer(i, 6) != 0,
                   .trouble = rows.text(i, 7)});
  return out;
}

namespace {

// Where the ledger says that the instances stand.
Result<> load_instances(Inside& inside, const StoredRule& rule, Live& live) {
  const auto rows = TRY(inside.ledger.read(
      "SELECT split, state, since, good, notified, acknowledged FROM alert_instances WHERE project = ? AND rule = ?",
      {static_cast<std::int64_t>(rule.project), rule.id}));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto found = live.streams.find(rows.text(i, 0));
    if (found == live.streams.end())
      found = live.streams.emplace(rows.text(i, 0), TRY(new_stream(live.definition))).first;
    auto& stream = found->second;
    stream.instance.state = stats::state_from(rows.text(i, 1)).value_or(stats::State::ok);
    stream.instance.since = rows.integer(i, 2);
    if (!rows.is_null(i, 3)) stream.instance.good = rows.integer(i, 3);
    stream.instance.notified = rows.integer(i, 4);
    stream.acknowledged = rows.text(i, 5);
  }
  return {};
}

std::string body_of(Inside& inside, const StoredRule& rule, const Definition& definition, const Told& told) {
  JsonWriter json;
  json.object().field("type", fmt::format("alert.{}", stats::name_of(told.notice)));
  json.field("timestamp", time_text(told.at)).key("data").object();
  json.key("rule").object().field("id", rule.id).field("name", definition.name).field("version", rule.version);
  json.field("severity", definition.severity).field("kind", definition.rule.kind).end();
  json.field("measure", definition.measure).field("filter", definition.filter_text).key("split").raw(told.split);
  json.field("value", told.value).field("runbook", definition.runbook);
  json.field("url", inside.options.public_url() + "/alerts/" + rule.id);
  return json.end().end().take();
}

Result<> write_told(ledger::Transaction& change, Inside& inside, const StoredRule& rule, const Definition& definition,
                    const Told& told) {
  const std::string id =
      "evt_" + to_hex(sha256(fmt::format("{}\n{}\n{}\n{}\n{}\n{}", rule.project, rule.id, rule.version, told.split,
                                         told.at, stats::name_of(told.notice))))
                   .substr(0, 40);
  const std::int64_t now = inside.clock.now() / second;
  const bool passed = told.at < now - too_old;
  const auto value = std::isnan(told.value) ? ledger::Value(nullptr) : ledger::Value(told.value);
  TRY(
      change.run("INSERT OR IGNORE INTO alert_events (id, project, rule, version, split, at, notice, value, passed) "
                 "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                 {id, static_cast<std::int64_t>(rule.project), rule.id, rule.version, told.split, told.at,
                  std::string(stats::name_of(told.notice)), value, std::int64_t{passed}}));
  if (change.changes() == 0 || passed) return {};  // it was there already, or nobody is told
  const std::string body = body_of(inside, rule, definition, told);
  for (const auto& channel : definition.channels)
    TRY(change.run(
        "INSERT OR IGNORE INTO alert_outbox (id, project, event, channel, body, state, attempts, due, error, "
        "changed) VALUES (?, ?, ?, ?, ?, 'waiting', 0, ?, '', ?)",
        {"msg_" + to_hex(sha256(id + "\n" + channel)).substr(0, 40), static_cast<std::int64_t>(rule.project), id,
         channel, body, now, now}));
  return {};
}

Result<> keep(Inside& inside, const StoredRule& rule, const Live& live, const std::vector<Told>& told,
              std::int64_t through) {
  return inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    const auto project = static_cast<std::int64_t>(rule.project);
    TRY(change.run("UPDATE alert_rules SET evaluated = ?, trouble = '' WHERE project = ? AND id = ? AND version = ?",
                   {through, project, rule.id, rule.version}));
    if (change.changes() == 0) return fail(ErrorKind::conflict, "The rule was changed meanwhile.");
    for (const auto& [split, stream] : live.streams) {
      const auto& at = stream.instance;
      TRY(
          change.run("INSERT INTO alert_instances (project, rule, split, state, since, good, notified, acknowledged, "
                     "value) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (project, rule, split) DO UPDATE SET "
                     "state = excluded.state, since = excluded.since, good = excluded.good, notified = "
                     "excluded.notified, value = excluded.value, acknowledged = CASE WHEN excluded.state = 'firing' "
                     "THEN alert_instances.acknowledged ELSE '' END",
                     {project, rule.id, split, std::string(stats::name_of(at.state)), at.since,
                      at.good ? ledger::Value(*at.good) : ledger::Value(nullptr), at.notified, stream.acknowledged,
                      std::isnan(stream.value) ? ledger::Value(nullptr) : ledger::Value(stream.value)}));
    }
    for (const auto& one : told) TRY(write_told(change, inside, rule, live.definition, one));
    return {};
  });
}

// Answers of the same question in one round are shared by the rules that ask it.
Result<std::vector<Bucket>> shared(Inside& inside, warehouse::Warehouse& store, ProjectId project,
                                   const Definition& definition, std::int64_t from, std::int64_t to) {
  const std::string question =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", project, definition.measure, definition.filter.text(),
                  join(definition.split, ","), query::name_of(definition.grain), definition.shape.step, from, to);
  if (const auto found = inside.asked.find(question); found != inside.asked.end()) return found->second;
  auto out = TRY(buckets(store, inside.options.rollups, project, definition, from, to, inside.clock.now()));
  return inside.asked[question] = std::move(out);
}

}  // namespace

Result<> judge_rule(Inside& inside, warehouse::Warehouse& store, const StoredRule& rule) {
  const auto key = std::pair(rule.project, rule.id);
  auto found = inside.live.find(key);
  if (found != inside.live.end() && found->second.version != rule.version) {
    inside.live.erase(found);
    found = inside.live.end();
  }
  if (!rule.enabled) return {};
  if (found == inside.live.end()) {
    Live fresh{.version = rule.version, .definition = TRY(parse_definition(rule.json)), .streams = {}};
    const std::int64_t step = fresh.definition.shape.step;
    const std::int64_t now = (inside.clock.now() / second - delay) / step * step;
    const std::int64_t from = rule.evaluated == 0 ? now : rule.evaluated / step * step, begin = from - history;
    const auto known =
        TRY(buckets(store, inside.options.rollups, rule.project, fresh.definition, begin, from, inside.clock.now()));
    const std::int64_t first = known.empty() ? from : known.front().at / step * step;
    TRY(feed(fresh, known, first, from, false));
    TRY(load_instances(inside, rule, fresh));
    TRY(keep(inside, rule, fresh, {}, from));
    inside.live.emplace(key, std::move(fresh));
    return {};
  }
  Live& live = found->second;
  const std::int64_t step = live.definition.shape.step;
  const std::int64_t to = (inside.clock.now() / second - delay) / step * step;
  if (to <= rule.evaluated) return {};  // also where the clock went back: what was judged stays
  TRY(load_instances(inside, rule, live));
  const auto given = TRY(shared(inside, store, rule.project, live.definition, rule.evaluated, to));
  auto told = feed(live, given, rule.evaluated, to, true);
  const auto kept = told ? keep(inside, rule, live, *told, to) : std::unexpected(told.error());
  if (!kept) inside.live.erase(key);  // it has seen what the ledger does not know: begin again from there
  return kept;
}

void judge_all(Inside& inside, warehouse::Warehouse& store) {
  const auto rules = rules_of(inside, std::nullopt);
  if (!rules) {
    inside.log.warn("alert rules cannot be read", {{"why", rules.error().what}});
    return;
  }
  inside.asked.clear();
  for (const auto& rule : *rules) {
    const auto done = judge_rule(inside, store, rule);
    if (done || done.error().what == rule.trouble) continue;
    inside.log.warn("a rule cannot be judged; its instances stay as they are",
                    {{"rule", rule.name}, {"why", done.error().what}});
    (void)inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
      TRY(change.run("UPDATE alert_rules SET trouble = ? WHERE project = ? AND id = ?",
                     {done.error().what, static_cast<std::int64_t>(rule.project), rule.id}));
      return {};
    });
  }
  std::set<std::pair<ProjectId, std::string>> there;
  for (const auto& rule : *rules) there.emplace(rule.project, rule.id);
  std::erase_if(inside.live, [&](const auto& one) { return !there.contains(one.first); });
}

}  // namespace pawl::alerts
