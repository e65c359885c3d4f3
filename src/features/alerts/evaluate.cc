// From stored spans to changes of state: buckets of a rule's measure, fed in order to one judge an instance.
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "inside.h"

namespace pawl::alerts {
Result<Stream> new_stream(const Definition& definition) {
  Stream out{.judge = TRY(stats::make_judge(definition.shape, definition.rule)),
             .instance = {},
             .acknowledged = {},
             .event = {},
             .mix = {},
             .recent = {}};
  if (definition.is_mix())
    out.mix.emplace(stats::MixSettings{.window = definition.rule.window, .ordered = definition.has_bins()});
  return out;
}

namespace {

// Whether what comes late can be added to another step: it cannot be to a quantile.
bool carries(const Definition& definition) {
  return definition.rule.kind != "threshold" && !definition.is_mix() &&
         (definition.shape.sort == stats::Sort::sum ||
          (!definition.measure.contains(".p5") && !definition.measure.contains(".p9")));
}

// The step's value with what came late for the steps before.
Stream::Judged with_late(const Definition& definition, Stream& stream, Stream::Judged now) {
  const double sum = std::exchange(stream.late_sum, 0), count = std::exchange(stream.late_count, 0);
  if (sum == 0 && count == 0) return now;
  if (definition.shape.sort == stats::Sort::sum)
    return {std::max(0., now.value + sum), std::max(0., now.count + count)};
  const double all = now.count + count;
  if (all <= 0) return now;
  return {((std::isnan(now.value) ? 0 : now.value) * now.count + sum) / all, all};
}

// A distribution by its PSI, the rest by the rule's judge.
stats::Verdict judge_step(Stream& stream, std::int64_t at, Stream::Judged& now,
                          const std::vector<const Bucket*>& categories) {
  if (!stream.mix) return stream.judge(at, now.value, now.count);
  for (const auto* one : categories) stream.mix->add(one->category, one->value);
  const auto found = stream.mix->close(at);
  now.value = found.value;
  return {.seen = found.bad() ? stats::Seen::bad : stats::Seen::good,
          .learning = found.learning,
          .score = std::isnan(found.value) ? 0 : found.value / found.limit,
          .low = 0,
          .high = found.limit};
}

void step_on(const Definition& definition, const std::string& split, Stream& stream, const stats::Verdict& verdict,
             Stream::Judged now, std::int64_t at, std::vector<Told>& told) {
  auto& instance = stream.instance;
  const auto before = instance;
  const double value = stream.value = now.value;
  if (!stream.acknowledged.empty()) instance.acknowledged = true;
  const std::int64_t began = instance.state == stats::State::ok ? at : instance.since;
  const bool late_one = std::exchange(stream.came_late, false);
  stream.recent.erase(stream.recent.begin(), stream.recent.lower_bound(at - late - definition.shape.step));
  const auto moved = stats::advance(instance, definition.states, late_one ? stats::Seen::bad : verdict.seen, at);
  if (instance.state != stats::State::firing) stream.acknowledged.clear();
  stream.changed |= before.state != instance.state || before.since != instance.since || before.good != instance.good ||
                    before.notified != instance.notified || instance.state != stats::State::ok;
  for (const auto notice : moved.notices)
    told.push_back({.split = split,
                    .notice = std::string(stats::name_of(notice)),
                    .at = at,
                    .since = began,
                    .value = value,
                    .expected = verdict.expected,
                    .low = verdict.low,
                    .high = verdict.high,
                    .learning = verdict.learning,
                    .reason = late_one && notice == stats::Notice::firing ? "late" : "",
                    .evidence = {}});
}

// Instances of which nothing is heard any more: what fires is over by twice the window, the rest is forgotten by nine
// days, when its profile of a week says nothing any more.
void forget_gone(Live& live, std::int64_t at, std::vector<Told>& told) {
  const auto& definition = live.definition;
  if (definition.split.empty()) return;
  const std::int64_t window = definition.rule.kind == "anomaly" ? 8 * 3600 : definition.rule.window;
  const std::int64_t gone = 2 * std::max(window, definition.shape.step);
  for (auto& [split, stream] : live.streams) {
    if (stream.instance.state == stats::State::ok || definition.rule.kind == "silence" || at - stream.seen <= gone)
      continue;
    if (stream.instance.state == stats::State::firing)
      told.push_back({.split = split,
                      .notice = "resolved",
                      .at = at,
                      .since = stream.instance.since,
                      .reason = "gone",
                      .evidence = {}});
    stream.instance = {.since = at};
    stream.acknowledged.clear();
    stream.changed = true;
  }
  std::erase_if(live.streams, [&](const auto& one) {
    return one.second.instance.state == stats::State::ok && at - one.second.seen > 9 * 86'400;
  });
}

}  // namespace

Result<std::vector<Told>> feed(Live& live, const std::vector<Bucket>& given, std::int64_t from, std::int64_t to,
                               bool advance) {
  std::vector<Told> told;
  const std::int64_t step = live.definition.shape.step;
  std::size_t next = 0;
  std::map<std::string_view, std::vector<const Bucket*>> here;
  for (std::int64_t at = from; at + step <= to; at += step) {
    here.clear();
    for (; next < given.size() && given[next].at < at + step; ++next) {
      if (given[next].at >= at) here[given[next].split].push_back(&given[next]);
    }
    for (const auto& [split, buckets] : here) {
      if (live.streams.contains(split)) continue;
      if (live.streams.size() >= most_instances)
        return fail(ErrorKind::exhausted, "More than {} instances: too many to follow. Narrow the filter or the split.",
                    most_instances);
      live.streams.emplace(split, TRY(new_stream(live.definition)));
    }
    for (auto& [split, stream] : live.streams) {
      static const std::vector<const Bucket*> none;
      const auto found = here.find(split);
      const bool sum = live.definition.shape.sort == stats::Sort::sum;
      Stream::Judged now{sum ? 0 : stats::nothing, 0};
      if (found != here.end()) now = {found->second.front()->value, found->second.front()->count};
      if (found != here.end() || stream.seen == 0) stream.seen = at;
      if (advance && stream.mix) {
        stream.counted_at = at, stream.counted.clear();
        for (const auto* one : found == here.end() ? none : found->second) stream.counted[one->category] += one->value;
      }
      if (advance) stream.recent[at] = now;
      now = with_late(live.definition, stream, now);
      const auto verdict = judge_step(stream, at, now, found == here.end() ? none : found->second);
      if (live.drawn != nullptr)
        live.drawn->at(split).push_back({at, now.value, verdict.expected, verdict.low, verdict.high});
      if (advance) step_on(live.definition, split, stream, verdict, now, at + step, told);
    }
    if (advance) forget_gone(live, at + step, told);
  }
  return told;
}

namespace {

// What has come since for a step that was judged, to be counted in the next one.
void carry(const Definition& definition, Stream& stream, const Bucket& bucket) {
  auto& was = stream.recent[bucket.at];
  const bool sum = definition.shape.sort == stats::Sort::sum;
  const auto whole = [&](double value, double count) { return std::isnan(value) ? 0 : sum ? value : value * count; };
  stream.late_sum += whole(bucket.value, bucket.count) - whole(was.value, was.count);
  stream.late_count += bucket.count - was.count;
  was = {bucket.value, bucket.count};
}

// The same of a distribution; what was taken back is not: the values of a step cannot be fewer than none.
void carry_mix(Stream& stream, const Bucket& bucket) {
  if (!stream.mix || stream.counted_at != bucket.at) return;
  double& was = stream.counted[bucket.category];
  if (bucket.value > was) stream.mix->add(bucket.category, bucket.value - was);
  was = bucket.value;
}

}  // namespace

Result<> hear_late(Live& live, const std::vector<Bucket>& given, std::int64_t from, std::int64_t to) {
  const auto& rule = live.definition.rule;
  const bool threshold = rule.kind == "threshold";
  if (!threshold && !live.definition.is_mix() && !carries(live.definition)) return {};
  const auto is_bad = [&](double value) {
    return stats::judge(value, rule.above.has_value(), rule.above ? *rule.above : *rule.below, rule.recover) ==
           stats::Seen::bad;
  };
  for (const auto& bucket : given) {
    if (bucket.at < std::max(from, live.began) || bucket.at >= to || (threshold && !is_bad(bucket.value))) continue;
    auto found = live.streams.find(bucket.split);
    if (found == live.streams.end()) {
      if (live.streams.size() >= most_instances) continue;
      found = live.streams.emplace(bucket.split, TRY(new_stream(live.definition))).first;
    }
    auto& stream = found->second;
    stream.seen = std::max(stream.seen, bucket.at);
    if (!threshold) {
      stream.mix ? carry_mix(stream, bucket) : carry(live.definition, stream, bucket);
      continue;
    }
    const auto was = stream.recent.find(bucket.at);
    if (was != stream.recent.end() && is_bad(was->second.value)) continue;
    stream.recent[bucket.at] = {bucket.value, bucket.count};
    stream.came_late = true;
  }
  return {};
}

std::map<std::string, std::int64_t> late_quantiles(Live& live, const std::vector<Bucket>& given, std::int64_t from,
                                                   std::int64_t to) {
  std::map<std::string, std::int64_t> out;
  const auto& definition = live.definition;
  if (definition.rule.kind == "threshold" || definition.is_mix() || carries(definition)) return out;
  if (definition.grain != query::Grain::span) return out;  // no step of another length can be asked for
  for (const auto& bucket : given) {
    if (bucket.at < std::max(from, live.began) || bucket.at >= to) continue;
    const auto stream = live.streams.find(bucket.split);
    if (stream == live.streams.end()) continue;
    auto& was = stream->second.recent[bucket.at];
    if (bucket.count > was.count) out.emplace(bucket.split, bucket.at);
    was = {bucket.value, bucket.count};
  }
  return out;
}

void mark_passed(std::vector<Told>& told, std::int64_t now) {
  std::set<std::string> untold;  // instances whose firing nobody heard of
  for (std::size_t i = 0; i < told.size(); ++i) {
    auto& one = told[i];
    const bool old = one.at < now - too_old;
    if (one.notice == "firing") {
      const bool over = std::any_of(told.begin() + static_cast<std::ptrdiff_t>(i), told.end(), [&](const Told& later) {
        return later.split == one.split && later.notice == "resolved" && later.at < now - too_old;
      });
      one.passed = old && over;
      one.passed ? (void)untold.insert(one.split) : (void)untold.erase(one.split);
    } else {
      one.passed = old && (one.notice != "resolved" || untold.contains(one.split));
    }
  }
}

Result<std::vector<StoredRule>> rules_of(Inside& inside, std::optional<ProjectId> project) {
  const auto rows = TRY(inside.ledger.read(
      "SELECT project, id, name, definition, version, evaluated, enabled, trouble, starter FROM alert_rules "
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
                   .starter = rows.integer(i, 8) != 0,
                   .trouble = rows.text(i, 7)});
  return out;
}

namespace {

// Who was acknowledged since the last round: people write that into the ledger.
Result<> load_acknowledged(Inside& inside) {
  const auto rows = TRY(
      inside.ledger.read("SELECT project, rule, split, acknowledged FROM alert_instances WHERE acknowledged <> ''"));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto rule = inside.live.find({static_cast<ProjectId>(rows.integer(i, 0)), rows.text(i, 1)});
    if (rule == inside.live.end()) continue;
    const auto stream = rule->second.streams.find(rows.text(i, 2));
    if (stream != rule->second.streams.end()) stream->second.acknowledged = rows.text(i, 3);
  }
  return {};
}

struct Round {  // what a rule's judging brought about, to be kept
  const StoredRule* rule;
  Live* live;
  std::vector<Told> told;
  std::int64_t through = 0;
};

struct Saying {
  std::int64_t at = 0;
  std::size_t order = 0;
  const Round* round = nullptr;
  const Told* told = nullptr;
};

Result<> keep_stream(ledger::Transaction& change, const StoredRule& rule, const std::string& split,
                     const Stream& stream) {
  const auto& at = stream.instance;
  TRY(change.run(
      "INSERT INTO alert_instances (project, rule, split, state, since, good, notified, acknowledged, "
      "value, event, seen) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (project, rule, split) DO "
      "UPDATE SET state = excluded.state, since = excluded.since, good = excluded.good, notified = "
      "excluded.notified, value = excluded.value, event = excluded.event, seen = excluded.seen, acknowledged "
      "= CASE WHEN excluded.state = 'firing' AND alert_instances.event = excluded.event THEN "
      "alert_instances.acknowledged ELSE '' END",
      {static_cast<std::int64_t>(rule.project), rule.id, split, std::string(stats::name_of(at.state)), at.since,
       at.good ? ledger::Value(*at.good) : ledger::Value(nullptr), at.notified, stream.acknowledged,
       std::isnan(stream.value) ? ledger::Value(nullptr) : ledger::Value(stream.value), stream.event, stream.seen}));
  return {};
}

// One change for all rules of a round: states, events and what is to be sent stand together or not at all. A rule that
// was changed meanwhile is left out, and begins again.
Result<> keep(Inside& inside, std::vector<Round>& rounds) {
  std::vector<const StoredRule*> stale;
  if (rounds.empty()) return {};
  TRY(inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    stale.clear();
    std::vector<Saying> all;
    std::vector<const Round*> kept;
    for (const auto& round : rounds) {
      const auto* const rule = round.rule;
      TRY(change.run("UPDATE alert_rules SET evaluated = ?, trouble = '' WHERE project = ? AND id = ? AND version = ?",
                     {round.through, static_cast<std::int64_t>(rule->project), rule->id, rule->version}));
      if (change.changes() == 0) {
        stale.push_back(rule);
        continue;
      }
      kept.push_back(&round);
      for (const auto& one : round.told) all.push_back({one.at, all.size(), &round, &one});
    }
    // As it happened, whichever rule says so: what belongs to an incident is known by time.
    std::ranges::sort(all, {}, [](const Saying& one) { return std::pair(one.at, one.order); });
    for (const auto& [at, order, round, told] : all)
      TRY(write_told(change, inside, *round->rule, round->live->definition, *told));
    for (const auto* round : kept)
      for (const auto& [split, stream] : round->live->streams)
        if (stream.changed) TRY(keep_stream(change, *round->rule, split, stream));
    return {};
  }));
  for (auto& round : rounds) {
    for (auto& [split, stream] : round.live->streams) stream.changed = false;
  }
  for (const auto* rule : stale) inside.live.erase({rule->project, rule->id});
  return {};
}

constexpr std::size_t most_explained = 5;  // firings of a rule in a round

// An objective's burning is a rise of its bad runs, a distribution's change one of what it counts.
Definition explained_by(const Definition& definition) {
  Definition out = definition;
  if (definition.bad_filter.empty()) return out;
  out.measure = "traces", out.unit = "traces", out.filter_text = definition.bad_filter;
  out.shape.sort = stats::Sort::sum;
  return out;
}

// What explains a few firings, those that are told before those that have passed, so that a storm does not stop the
// judging.
void explain_firings(Inside& inside, warehouse::Warehouse& store, const StoredRule& rule, Live& live,
                     std::vector<Told>& told) {
  std::vector<Told*> firings;
  for (const bool passed : {false, true}) {
    for (auto& one : told)
      if (one.notice == "firing" && one.passed == passed) firings.push_back(&one);
  }
  for (const auto& one : told)
    if (one.notice == "firing") live.streams.at(one.split).event = event_id(rule, one);
  if (firings.size() > most_explained) firings.resize(most_explained);
  for (auto* const firing : firings) {
    auto& one = *firing;
    auto evidence = evidence_of(inside, store, rule, explained_by(live.definition), one);
    if (evidence)
      one.evidence = std::move(*evidence);
    else
      inside.log.warn("a firing could not be explained", {{"rule", rule.name}, {"why", evidence.error().what}});
  }
}

// A quantile of which something came late is, for the next step, that of the steps since then together.
Result<std::vector<Bucket>> with_late_quantiles(Inside& inside, warehouse::Warehouse& store, ProjectId project,
                                                const Definition& definition, std::vector<Bucket> given,
                                                const std::map<std::string, std::int64_t>& late, std::int64_t from) {
  std::map<std::int64_t, std::vector<Bucket>> since;
  for (const auto& [split, at] : late)
    if (!since.contains(at))
      since[at] = TRY(whole(store, inside.options.rollups, project, definition, at, from + definition.shape.step,
                            inside.clock.now()));
  for (const auto& [split, at] : late) {
    const auto now = std::ranges::find(since[at], split, &Bucket::split);
    if (now == since[at].end()) continue;
    const auto place = std::ranges::find_if(
        given, [&](const Bucket& one) { return one.at > from || (one.at == from && one.split == split); });
    Bucket one = *now;
    one.at = from;
    if (place != given.end() && place->at == from)
      *place = std::move(one);
    else
      given.insert(place, std::move(one));
  }
  return given;
}

Result<std::vector<Told>> fed(Live& live, const std::vector<Bucket>& given, std::int64_t again, std::int64_t from,
                              std::int64_t to) {
  TRY(hear_late(live, given, again, from));
  return feed(live, given, from, to, true);
}

// Nothing where the rule is not live yet, or no step has ended since.
Result<std::optional<Round>> judge_rule(Inside& inside, warehouse::Warehouse& store, const StoredRule& rule) {
  const auto found = inside.live.find({rule.project, rule.id});
  if (found == inside.live.end()) return std::nullopt;
  Live& live = found->second;
  if (rule.evaluated == 0) return Round{.rule = &rule, .live = &live, .told = {}, .through = live.began};
  const std::int64_t step = live.definition.shape.step;
  const std::int64_t to = (inside.clock.now() / second - delay) / step * step, from = rule.evaluated / step * step;
  if (to <= from) return std::nullopt;  // also where the clock went back a little: what was judged stays
  const std::int64_t again = asked_from(live.definition, from);
  const auto* const given = TRY(shared(inside, store, rule.project, live.definition, again, to));
  const auto late = late_quantiles(live, *given, again, from);
  const auto more = late.empty()
                        ? std::vector<Bucket>()
                        : TRY(with_late_quantiles(inside, store, rule.project, live.definition, *given, late, from));
  auto told = fed(live, late.empty() ? *given : more, again, from, to);
  if (!told) {  // it has seen what the ledger does not know: it begins again from there
    inside.live.erase(found);
    return std::unexpected(std::move(told.error()));
  }
  mark_passed(*told, inside.clock.now() / second);
  std::erase_if(*told, [](const Told& one) { return one.passed && one.notice == "reminder"; });  // nobody was reminded
  explain_firings(inside, store, rule, live, *told);
  return Round{.rule = &rule, .live = &live, .told = std::move(*told), .through = to};
}

}  // namespace

void write_trouble(Inside& inside, const StoredRule& rule, const std::string& why) {
  if (why == rule.trouble) return;
  inside.log.warn("a rule cannot be judged; its instances stay as they are", {{"rule", rule.name}, {"why", why}});
  (void)inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    TRY(change.run("UPDATE alert_rules SET trouble = ? WHERE project = ? AND id = ?",
                   {why, static_cast<std::int64_t>(rule.project), rule.id}));
    return {};
  });
}

void judge_all(Inside& inside, warehouse::Warehouse& store) {
  if (const auto given = give_starters(inside); !given)
    inside.log.warn("the starter rules cannot be given", {{"why", given.error().what}});
  auto rules = rules_of(inside, std::nullopt);
  if (!rules || !load_acknowledged(inside)) {
    inside.log.warn("alert rules cannot be read", {{"why", rules ? "instances" : rules.error().what}});
    return;
  }
  begin_again(inside, *rules);
  learn(inside, store, *rules);
  inside.asked.clear();
  ask_together(inside, store, *rules);
  std::vector<Round> rounds;
  std::set<std::pair<ProjectId, std::string>> there;
  for (const auto& rule : *rules) {
    there.emplace(rule.project, rule.id);
    if (!rule.enabled) continue;
    auto done = judge_rule(inside, store, rule);
    if (!done)
      write_trouble(inside, rule, done.error().what);
    else if (*done)
      rounds.push_back(std::move(**done));
    if (!inside.wait(std::chrono::milliseconds(0))) return;
  }
  inside.asked.clear();
  if (const auto kept = keep(inside, rounds); !kept) {
    inside.log.warn("what the rules say cannot be written down; it is judged again", {{"why", kept.error().what}});
    for (const auto& round : rounds) inside.live.erase({round.rule->project, round.rule->id});
  }
  std::erase_if(inside.live, [&](const auto& one) { return !there.contains(one.first); });
}

}  // namespace pawl::alerts
