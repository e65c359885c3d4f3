// What a judge has to know before it judges: stored steps, told in order to all rules that ask the same rows.
#include <algorithm>
#include <set>
#include <utility>

#include "inside.h"
#include "records/slos/slos.h"
#include "stats/burn.h"

namespace pawl::alerts {
namespace {

constexpr Nanos at_once = 2 * second;  // of a round: others are judged meanwhile
constexpr Nanos rest = 20 * second;    // of a rule that could not learn

// Where the ledger says that the instances stand.
Result<> load_instances(Inside& inside, ProjectId project, const Pupil& pupil, Live& live) {
  const auto rows =
      TRY(inside.ledger.read("SELECT split, state, since, good, notified, acknowledged, event, seen FROM "
                             "alert_instances WHERE project = ? AND rule = ?",
                             {static_cast<std::int64_t>(project), pupil.id}));
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
    stream.event = rows.text(i, 6);
    stream.seen = std::max(stream.seen, rows.integer(i, 7));
    stream.changed = false;
  }
  return {};
}

// Whether it is judged, as it stands now.
bool is_live(Inside& inside, const StoredRule& rule) {
  const auto found = inside.live.find({rule.project, rule.id});
  if (found == inside.live.end()) return false;
  const auto& known = found->second.definition;
  bool same = found->second.version == rule.version;
  if (same && !known.slo.empty()) {  // an objective may have been changed since
    const auto slo = slos::find(inside.ledger, rule.project, known.slo);
    same = slo && slo->changed == known.slo_changed;
  }
  if (!same) inside.live.erase(found);
  return same;
}

bool rests(Inside& inside, const StoredRule& rule) {
  const auto found = inside.resting.find({rule.project, rule.id});
  if (found == inside.resting.end()) return false;
  if (found->second.first == rule.version && inside.clock.monotonic() < found->second.second) return true;
  inside.resting.erase(found);
  return false;
}

void give_up(Inside& inside, const StoredRule& rule, const std::string& why) {
  inside.resting[{rule.project, rule.id}] = {rule.version, inside.clock.monotonic() + rest};
  write_trouble(inside, rule, why);
}

// Puts the rule among those that ask the same rows of the same time.
Result<> enroll(Inside& inside, const StoredRule& rule) {
  Pupil pupil{
      .id = rule.id,
      .live = {.version = rule.version, .definition = TRY(parse_definition(rule.json)), .streams = {}, .began = {}}};
  auto& definition = pupil.live.definition;
  TRY(resolve(inside.ledger, rule.project, definition));
  const std::int64_t step = definition.shape.step;
  const std::int64_t to = (rule.evaluated == 0 ? inside.clock.now() / second - delay : rule.evaluated) / step * step;
  const std::int64_t from = to - look_back(definition);
  pupil.live.began = to;
  std::string question = question_text(rule.project, definition, from, to);
  if (asks_alone(definition)) question += "\n" + definition.measure;
  const auto takes = [&](const Lesson& lesson) {
    if (lesson.begun || lesson.question != question) return false;
    const auto measures = lesson.measures();
    return measures.contains(definition.measure) || measures.size() < measures_at_once;
  };
  auto found = std::ranges::find_if(inside.lessons, takes);
  if (found == inside.lessons.end())
    found = inside.lessons.insert(found, {.project = rule.project,
                                          .question = std::move(question),
                                          .pieces = Pieces(definition, from, to),
                                          .pupils = {}});
  found->pupils.push_back(std::move(pupil));
  return {};
}

using Rules = std::map<std::pair<ProjectId, std::string>, const StoredRule*>;  // those that are enabled

// A piece of its rows is asked and told. What a rule cannot take is that rule's trouble alone.
Result<> teach(Inside& inside, warehouse::Warehouse& store, Lesson& lesson, const Rules& rules) {
  const auto all = lesson.measures();
  const std::vector<std::string> measures(all.begin(), all.end());
  const std::int64_t from = lesson.pieces.at;
  lesson.begun = true;
  const auto given = TRY(lesson.pieces.next(store, inside.options.rollups, lesson.project,
                                            lesson.pupils.front().live.definition, measures, inside.clock.now()));
  std::set<std::string> gone;
  for (auto& pupil : lesson.pupils) {
    const auto& mine =
        given[static_cast<std::size_t>(std::ranges::find(measures, pupil.live.definition.measure) - measures.begin())];
    if (!pupil.begun && mine.empty()) continue;
    const std::int64_t step = lesson.pieces.step, first = pupil.begun ? from : mine.front().at / step * step;
    pupil.begun = true;
    if (const auto done = feed(pupil.live, mine, first, lesson.pieces.at, false); !done) {
      give_up(inside, *rules.at({lesson.project, pupil.id}), done.error().what);
      gone.insert(pupil.id);
    }
  }
  std::erase_if(lesson.pupils, [&](const Pupil& pupil) { return gone.contains(pupil.id); });
  return {};
}

// The rules of a lesson that is over are judged from now on.
void graduate(Inside& inside, Lesson& lesson, const Rules& rules) {
  for (auto& pupil : lesson.pupils) {
    for (auto& [split, stream] : pupil.live.streams) stream.instance.since = pupil.live.began;
    if (const auto loaded = load_instances(inside, lesson.project, pupil, pupil.live); !loaded)
      give_up(inside, *rules.at({lesson.project, pupil.id}), loaded.error().what);
    else
      inside.live.insert_or_assign({lesson.project, pupil.id}, std::move(pupil.live));
  }
}

// A statement of several measures that fails is asked again for each alone; one that fails alone is its rules' trouble.
void part(Inside& inside, Lesson lesson, const Rules& rules, const std::string& why) {
  const auto measures = lesson.measures();
  if (measures.size() == 1) {
    for (const auto& pupil : lesson.pupils) give_up(inside, *rules.at({lesson.project, pupil.id}), why);
    return;
  }
  for (const auto& measure : measures) {
    Lesson one{lesson.project, lesson.question, lesson.pieces, {}, true};
    for (auto& pupil : lesson.pupils)
      if (pupil.live.definition.measure == measure) one.pupils.push_back(std::move(pupil));
    inside.lessons.insert(inside.lessons.begin(), std::move(one));
  }
}

// Who is to learn: rules that have gone, or were changed meanwhile, are left out; new ones join.
void call_roll(Inside& inside, const std::vector<StoredRule>& rules, const Rules& enabled) {
  std::set<std::pair<ProjectId, std::string>> learning;
  for (auto& lesson : inside.lessons) {
    std::erase_if(lesson.pupils, [&](const Pupil& pupil) {
      const auto rule = enabled.find({lesson.project, pupil.id});
      if (rule == enabled.end() || rule->second->version != pupil.live.version) return true;
      learning.emplace(lesson.project, pupil.id);
      return false;
    });
  }
  std::erase_if(inside.resting, [&](const auto& one) { return !enabled.contains(one.first); });
  for (const auto& rule : rules) {
    if (!rule.enabled || learning.contains({rule.project, rule.id}) || is_live(inside, rule) || rests(inside, rule))
      continue;
    if (const auto done = enroll(inside, rule); !done) give_up(inside, rule, done.error().what);
  }
  std::erase_if(inside.lessons, [](const Lesson& lesson) { return lesson.pupils.empty(); });
  std::ranges::sort(inside.lessons, {},
                    [](const Lesson& lesson) { return (lesson.pieces.to - lesson.pieces.at) / lesson.pieces.step; });
}

}  // namespace

std::set<std::string> Lesson::measures() const {
  std::set<std::string> out;
  for (const auto& pupil : pupils) out.insert(pupil.live.definition.measure);
  return out;
}

std::int64_t look_back(const Definition& definition) {
  constexpr std::int64_t an_hour = 3600, a_day = 24 * an_hour;
  const auto& rule = definition.rule;
  const std::int64_t window = (rule.window + an_hour - 1) / an_hour * an_hour;
  const auto no_data = definition.states.no_data;
  const bool misses = no_data == stats::NoData::alert || no_data == stats::NoData::no_data;
  if (rule.kind == "threshold") return misses ? history : a_day;       // it has to know whom it may miss
  if (rule.kind == "change") return 7 * a_day + window + 3 * an_hour;  // the clocks may have been changed
  if (rule.kind == "burn") return stats::burn_rules.back().long_minutes * 60 + a_day;
  if (rule.kind == "psi") return 15 * a_day + window;
  if (rule.kind == "stl") return 15 * a_day;
  return history;
}

void learn(Inside& inside, warehouse::Warehouse& store, const std::vector<StoredRule>& rules) {
  Rules enabled;
  for (const auto& rule : rules)
    if (rule.enabled) enabled[{rule.project, rule.id}] = &rule;
  call_roll(inside, rules, enabled);
  const Nanos end = inside.clock.monotonic() + at_once;
  while (!inside.lessons.empty() && inside.wait(std::chrono::milliseconds(0))) {
    auto& lesson = inside.lessons.front();
    const auto taught = teach(inside, store, lesson, enabled);
    if (!taught || lesson.pieces.done() || lesson.pupils.empty()) {
      Lesson over = std::move(lesson);
      inside.lessons.erase(inside.lessons.begin());
      taught ? graduate(inside, over, enabled) : part(inside, std::move(over), enabled, taught.error().what);
    }
    if (inside.clock.monotonic() >= end) return;
  }
}

}  // namespace pawl::alerts
