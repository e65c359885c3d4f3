// What rules ask of the warehouse: rules that ask the same share one answer, rules that differ by the measure alone one
// statement.
#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.h"
#include "inside.h"
#include "records/slos/slos.h"
#include "store/warehouse/warehouse.h"

namespace pawl::alerts {
namespace {

constexpr std::uint32_t most_rows = 30'000;  // of a statement
constexpr std::uint32_t most_mixed = 200'000;
constexpr std::int64_t due_at_once = 288;  // steps of what is due of several measures

std::string split_text(const Definition& definition, const native::Rows& rows, std::size_t row) {
  JsonWriter json;
  json.object();
  for (std::size_t d = 0; d < definition.split.size(); ++d) json.field(definition.split[d], rows.text(1 + d, row));
  return json.end().take();
}

struct Answers {
  std::vector<std::vector<Bucket>> of;  // of each measure
  std::size_t rows = 0;
  Nanos elapsed = 0;
};

// One statement for several measures of one filter, split, grain and step; `grid`: steps of so many seconds from `from`
// on instead.
Result<Answers> ask(warehouse::Warehouse& store, traces::Rollups* rollups, ProjectId project,
                    const Definition& definition, const std::vector<std::string>& measures, std::int64_t from,
                    std::int64_t to, Nanos now, std::int64_t grid = 0) {
  query::MeasureQuery question{.measures = measures,
                               .dimensions = definition.split,
                               .filter = definition.filter,
                               .range = {from * second, to * second},
                               .step = grid > 0 ? "" : definition.step_text(),
                               .grid = grid * second,
                               .phase = grid > 0 ? from % grid * second : 0,
                               .wide = true,
                               .limit = most_rows,
                               .grain = definition.grain,
                               .now = now};
  auto counted = static_cast<std::size_t>(std::ranges::find(measures, definition.counted()) - measures.begin());
  if (counted == measures.size()) question.measures.push_back(definition.counted());
  std::optional<traces::Rollups::Reading> still;
  if (rollups != nullptr) question.rolled_up = still.emplace(*rollups).through();
  const auto statement = TRY(query::compile(project, question));
  const auto answer = TRY(store.read(query::question(statement)));
  const auto& rows = answer.rows;
  const std::size_t first = 1 + definition.split.size();
  Answers out{.of = std::vector<std::vector<Bucket>>(measures.size()), .rows = rows.size(), .elapsed = answer.elapsed};
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const double n = query::number_at(rows, first + counted, row, query::Type::number).value_or(0);
    const std::string split = split_text(definition, rows, row);
    for (std::size_t m = 0; m < measures.size(); ++m)
      out.of[m].push_back(
          {.split = split,
           .at = rows.integer(0, row) / second,
           .value = query::number_at(rows, first + m, row, statement.columns[first + m].type).value_or(stats::nothing),
           .count = n});
  }
  return out;
}

// How often each value of a distribution occurred, a bucket a value and step.
Result<Answers> ask_mix(warehouse::Warehouse& store, traces::Rollups* rollups, ProjectId project,
                        const Definition& definition, std::int64_t from, std::int64_t to, Nanos now) {
  query::MeasureQuery question{.measures = {definition.measure},
                               .dimensions = definition.split,
                               .filter = definition.filter,
                               .range = {from * second, to * second},
                               .step = definition.step_text(),
                               .wide = true,
                               .limit = most_mixed,
                               .grain = definition.grain,
                               .now = now};
  const bool bins = definition.has_bins();
  if (!bins) question.dimensions.push_back(definition.distribution);
  std::optional<traces::Rollups::Reading> still;
  if (rollups != nullptr) question.rolled_up = still.emplace(*rollups).through();
  const auto statement = TRY(bins ? query::compile_histogram(project, question, definition.distribution)
                                  : query::compile(project, question));
  const auto answer = TRY(store.read(query::question(statement)));
  const std::size_t category = 1 + definition.split.size();
  Answers out{.of = std::vector<std::vector<Bucket>>(1), .rows = answer.rows.size(), .elapsed = answer.elapsed};
  for (std::size_t row = 0; row < answer.rows.size(); ++row) {
    Bucket one{.split = split_text(definition, answer.rows, row), .at = answer.rows.integer(0, row) / second};
    one.value = one.count = query::number_at(answer.rows, category + 1, row, query::Type::number).value_or(0);
    one.category = bins ? fmt::format("{:012}", answer.rows.integer(category, row) + 100'000'000)  // in their order
                        : std::string(answer.rows.text(category, row));
    out.of[0].push_back(std::move(one));
  }
  return out;
}

// The share of bad runs of an objective, of those that ended, in the step of their start.
Result<Answers> ask_slo(warehouse::Warehouse& store, traces::Rollups* rollups, ProjectId project,
                        const Definition& definition, std::int64_t from, std::int64_t to, Nanos now) {
  Definition one = definition;
  one.measure = slos::counted_by;
  Answers out;
  std::map<std::pair<std::string, std::int64_t>, std::size_t> places;
  for (const bool bad : {false, true}) {
    auto filter = query::Filter::parse(bad ? definition.bad_filter : definition.valid_filter);
    if (!filter) return fail(ErrorKind::invalid, "The objective {} has a filter with a mistake.", definition.slo);
    one.filter = std::move(*filter);
    auto some = TRY(ask(store, rollups, project, one, {one.measure}, from, to, now));
    out.rows = std::max(out.rows, some.rows), out.elapsed += some.elapsed;
    if (!bad) {
      for (auto& bucket : some.of[0]) bucket.count = std::isnan(bucket.value) ? 0 : bucket.value, bucket.value = 0;
      for (std::size_t i = 0; i < some.of[0].size(); ++i) places[{some.of[0][i].split, some.of[0][i].at}] = i;
      out.of = std::move(some.of);
      continue;
    }
    for (const auto& bucket : some.of[0]) {
      const auto found = places.find({bucket.split, bucket.at});
      if (found != places.end() && out.of[0][found->second].count > 0 && !std::isnan(bucket.value))
        out.of[0][found->second].value = bucket.value / out.of[0][found->second].count;
    }
  }
  std::erase_if(out.of[0], [](const Bucket& bucket) { return bucket.count <= 0; });
  return out;
}

// Nothing where the answer has as many rows as a statement may have: there are more.
Result<std::optional<Answers>> ask_any(warehouse::Warehouse& store, traces::Rollups* rollups, ProjectId project,
                                       const Definition& definition, const std::vector<std::string>& measures,
                                       std::int64_t from, std::int64_t to, Nanos now) {
  auto some = TRY(definition.is_mix()              ? ask_mix(store, rollups, project, definition, from, to, now)
                  : !definition.bad_filter.empty() ? ask_slo(store, rollups, project, definition, from, to, now)
                                                   : ask(store, rollups, project, definition, measures, from, to, now));
  if (some.rows >= (definition.is_mix() ? most_mixed : most_rows)) return std::nullopt;
  return some;
}

}  // namespace

// All but the measure.
std::string question_text(ProjectId project, const Definition& definition, std::int64_t from, std::int64_t to) {
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", project, definition.filter.text(),
                     join(definition.split, ","), query::name_of(definition.grain), definition.shape.step, from, to,
                     definition.distribution, definition.bad_filter);
}

bool asks_alone(const Definition& definition) {
  return definition.is_mix() || !definition.bad_filter.empty() || definition.measure.starts_with("score.") ||
         definition.measure.starts_with("metric.");  // those rest on counts of their own
}

std::int64_t asked_from(const Definition& definition, std::int64_t from) {
  const std::int64_t step = definition.shape.step;
  if (definition.is_mix()) return from - step;
  return step <= late ? from - late / step * step : from;
}

// Hours of spans are read from roll-ups; of everything else a day is enough to begin with.
Pieces::Pieces(const Definition& definition, std::int64_t from, std::int64_t to)
    : at(from),
      to(to),
      step(definition.shape.step),
      length(definition.is_mix()                                      ? 48 * step
             : step >= 3600 && definition.grain == query::Grain::span ? 1152 * step
                                                                      : 86'400) {}

Result<std::vector<std::vector<Bucket>>> Pieces::next(warehouse::Warehouse& store, traces::Rollups* rollups,
                                                      ProjectId project, const Definition& definition,
                                                      const std::vector<std::string>& measures, Nanos now) {
  const auto quarter = [&](std::int64_t of) { return std::max<std::int64_t>(of / step / 4, 1) * step; };
  for (;;) {
    length = std::min(length, to - at);
    auto some = ask_any(store, rollups, project, definition, measures, at, at + length, now);
    const bool slow = !some && some.error().kind == ErrorKind::unavailable, full = some && !*some;
    if (length > step && (slow || full)) {
      length = quarter(length);
      continue;
    }
    if (!some) return std::unexpected(some.error());
    if (full)
      return fail(ErrorKind::exhausted, "The split by {} has too many values to follow: narrow the filter.",
                  join(definition.split, ", "));
    at += length;
    auto& found = **some;
    if (found.elapsed > 2 * second) length = quarter(length);
    if (found.elapsed < second / 4 && found.rows < most_rows / 8) length *= 4;
    for (auto& one : found.of) std::ranges::sort(one, {}, &Bucket::at);
    return std::move(found.of);
  }
}

Result<std::vector<Bucket>> buckets(warehouse::Warehouse& store, traces::Rollups* rollups, ProjectId project,
                                    const Definition& definition, std::int64_t from, std::int64_t to, Nanos now) {
  std::vector<Bucket> out;
  for (Pieces pieces(definition, from, to); !pieces.done();) {
    auto some = TRY(pieces.next(store, rollups, project, definition, {definition.measure}, now));
    out.insert(out.end(), std::make_move_iterator(some[0].begin()), std::make_move_iterator(some[0].end()));
  }
  return out;
}

Result<std::vector<Bucket>> whole(warehouse::Warehouse& store, traces::Rollups* rollups, ProjectId project,
                                  const Definition& definition, std::int64_t from, std::int64_t to, Nanos now) {
  auto some = TRY(ask(store, rollups, project, definition, {definition.measure}, from, to, now, to - from));
  return std::move(some.of[0]);
}

Result<const std::vector<Bucket>*> shared(Inside& inside, warehouse::Warehouse& store, ProjectId project,
                                          const Definition& definition, std::int64_t from, std::int64_t to) {
  const std::string question = question_text(project, definition, from, to) + "\n" + definition.measure;
  if (const auto found = inside.asked.find(question); found != inside.asked.end()) return &found->second;
  auto out = TRY(buckets(store, inside.options.rollups, project, definition, from, to, inside.clock.now()));
  return &(inside.asked[question] = std::move(out));
}

void ask_together(Inside& inside, warehouse::Warehouse& store, const std::vector<StoredRule>& rules) {
  struct Group {
    ProjectId project = 0;
    const Definition* like = nullptr;
    std::int64_t from = 0, to = 0;
    std::set<std::string> measures;
  };
  std::map<std::string, Group> groups;
  for (const auto& rule : rules) {
    const auto live = inside.live.find({rule.project, rule.id});
    if (!rule.enabled || rule.evaluated == 0 || live == inside.live.end() || live->second.version != rule.version)
      continue;
    const auto& definition = live->second.definition;
    if (asks_alone(definition)) continue;
    const std::int64_t step = definition.shape.step, from = rule.evaluated / step * step;
    const std::int64_t to = (inside.clock.now() / second - delay) / step * step;
    if (to <= from || to - from > due_at_once * step) continue;
    const std::int64_t begin = asked_from(definition, from);
    auto& group = groups[question_text(rule.project, definition, begin, to)];
    group.project = rule.project, group.like = &definition, group.from = begin, group.to = to;
    group.measures.insert(definition.measure);
  }
  for (const auto& [question, group] : groups) {
    const std::vector<std::string> all(group.measures.begin(), group.measures.end());
    for (std::size_t at = 0; all.size() > 1 && at < all.size(); at += measures_at_once) {
      const std::vector<std::string> some(
          all.begin() + static_cast<std::ptrdiff_t>(at),
          all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), at + measures_at_once)));
      auto answers = ask(store, inside.options.rollups, group.project, *group.like, some, group.from, group.to,
                         inside.clock.now());
      if (!answers || answers->rows >= most_rows) continue;  // each asks for itself, and says what is wrong
      for (std::size_t m = 0; m < some.size(); ++m) {
        std::ranges::sort(answers->of[m], {}, &Bucket::at);
        inside.asked[question + "\n" + some[m]] = std::move(answers->of[m]);
      }
    }
  }
}

}  // namespace pawl::alerts
