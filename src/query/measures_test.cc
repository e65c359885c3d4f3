// Every measure under random filters, splits and grains is what a person would count from the live spans.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/text.h"
#include "measures.h"
#include "world.h"

namespace pawl::query {
namespace {

using namespace testing;

struct Case {
  MeasureQuery query;
  const std::vector<Span>& spans;
};

using Keys = std::vector<std::string>;  // time, then values of dimensions
struct Group {
  Spans spans;                // selected spans with these keys
  std::vector<Spans> items;   // items of the grain that stand here, whole
  std::vector<Spans> traces;  // likewise, of traces
};

std::string step_of(const MeasureQuery& query, Nanos at) {
  const Nanos width = query.step == "1h" ? hour : query.step == "5m" ? 5 * minute : day;
  return std::to_string(at / minute * minute / width * width);
}

std::string item_key(Grain grain, const Span& span) {
  return grain == Grain::session ? span.session_key() : to_hex(span.trace);
}

// Of traces and sessions, by item_key: at their grain a span's status is that of its item.
using Statuses = std::map<std::string, std::string>;

std::vector<Keys> keys_of(const MeasureQuery& query, const Span& span, const Statuses& statuses) {
  std::vector<Keys> keys = {{}};
  if (!query.step.empty()) keys[0].push_back(step_of(query, span.minute * minute));
  for (const std::string& dimension : query.dimensions) {
    std::vector<std::string> values;
    if (dimension == "status" && query.grain != Grain::span)
      values.push_back(statuses.at(item_key(query.grain, span)));
    else if (dimension.starts_with("attr."))
      values.emplace_back(Facts(span).attribute(dimension.substr(5)));
    else
      for (const std::string_view text : Facts(span).texts(dimension)) values.emplace_back(text);
    if (values.empty()) values.emplace_back();
    std::vector<Keys> next;
    for (const Keys& known : keys)
      for (const std::string& value : values) {
        next.push_back(known);
        next.back().push_back(value);
      }
    keys = std::move(next);
  }
  return keys;
}

bool timed(std::string_view status) {
  return status != "running" && status != "unfinished";
}

bool open(const Spans& item) {
  return still_runs(item) ||
         std::ranges::any_of(item, [](const Span* span) { return !span->parent && !timed(span->status); });
}

std::map<std::string, Spans> items_in(Grain grain, const Spans& spans) {
  std::map<std::string, Spans> items;
  for (const Span* span : spans) items[item_key(grain, *span)].push_back(span);
  return items;
}

bool in_range(const Range& range, const Span& span) {
  const std::int64_t first = range.from / minute, last = (range.to - 1) / minute;
  return (span.minute > first || (span.minute == first && span.start >= range.from)) &&
         (span.minute < last || (span.minute == last && span.start < range.to));
}

// Adds whole items to the groups in which they stand: the step of their start, the values of their spans in `shown`.
void place(const MeasureQuery& query, Grain grain, const Spans& all, const Spans& shown, const Statuses& statuses,
           std::vector<Spans> Group::* into, std::map<Keys, Group>& groups, bool only_timed = false) {
  const auto whole = items_in(grain, all);
  for (const auto& [key, spans] : items_in(grain, shown)) {
    const Spans& item = whole.at(key);
    if (only_timed && open(item)) continue;
    std::set<Keys> places;
    for (const Span* span : spans)
      for (Keys keys : keys_of(query, *span, statuses)) {
        if (!query.step.empty()) keys[0] = step_of(query, static_cast<Nanos>(*total_of("start", item)));
        places.insert(keys);
      }
    for (const Keys& keys : places) (groups[keys].*into).push_back(item);
  }
}

std::map<Keys, Group> groups_of(const Case& c) {
  Spans all, chosen;
  Statuses statuses;
  for (const Span& span : c.spans)
    if (in_range(c.query.range, span)) all.push_back(&span);
  const Node* filter = c.query.filter.root();
  if (c.query.grain == Grain::span) {
    for (const Span* span : all)
      if (matches(c.query.filter, Facts(*span))) chosen.push_back(span);
  } else {
    for (const auto& [key, spans] : items_in(c.query.grain, all)) statuses[key] = status_of(spans);
    for (const auto& [key, spans] : items_in(c.query.grain, all))
      if (filter == nullptr || item_passes(*filter, spans)) chosen.insert(chosen.end(), spans.begin(), spans.end());
  }
  std::map<Keys, Group> groups;
  if (c.query.step.empty() && c.query.dimensions.empty()) groups[{}];
  for (const Span* span : chosen)
    for (const Keys& keys : keys_of(c.query, *span, statuses)) groups[keys].spans.push_back(span);
  const auto asked = [&](std::string_view name) {
    return std::ranges::any_of(c.query.measures, [&](const std::string& one) { return one.starts_with(name); });
  };
  if (c.query.grain != Grain::span &&
      (asked("error_rate") || asked("latency.mean") || asked("latency.sum") || asked("latency.count")))
    place(c.query, c.query.grain, all, chosen, statuses, &Group::items, groups);
  else if (c.query.grain != Grain::span && asked("latency."))  // only those with a time make a group
    place(c.query, c.query.grain, all, chosen, statuses, &Group::items, groups, true);
  // whole traces: at span and session grain those that have a chosen span
  if (has_one(c.query.measures, "overhead"))
    place(c.query, Grain::trace, all, chosen, statuses, &Group::traces, groups);
  return groups;
}

std::int64_t weight_of(const Spans& spans) {
  std::int64_t sum = 0;
  for (const Span* span : spans) sum += span->micro();
  return sum / static_cast<std::int64_t>(spans.size());
}

using Maybe = std::optional<double>;

Maybe ratio(double a, double b) {
  return b == 0 ? std::nullopt : Maybe(a / b);
}

Maybe sum_of(const Spans& spans, const auto& value, bool weighted) {
  double sum = 0;
  bool known = false;
  for (const Span* span : spans) {
    const std::optional<std::int64_t> one = value(*span);
    known |= one.has_value();
    sum += static_cast<double>(one.value_or(0)) * (weighted ? static_cast<double>(span->micro()) / 1e6 : 1);
  }
  return known ? Maybe(sum) : std::nullopt;
}

double count_of(const Spans& spans, const auto& holds) {
  return sum_of(spans, [&](const Span& s) { return std::optional<std::int64_t>(holds(s)); }, true).value_or(0);
}

double distinct(Grain grain, const Spans& spans, bool weighted, int tasks = 0) {  // 1: that name a task, 2: done
  std::map<std::string, Spans> items;
  for (const Span* span : spans)
    if (tasks == 0 || (!span->task.empty() && (tasks == 1 || span->done())))
      items[item_key(grain, *span) + (tasks > 0 ? "\n" + span->task : "")].push_back(span);
  double sum = 0;
  for (const auto& [key, of] : items) sum += weighted ? static_cast<double>(weight_of(of)) / 1e6 : 1;
  return sum;
}

// Exact weighted quantile: the first value at which the cumulated weight reaches q.
Maybe quantile(std::vector<std::pair<Nanos, std::int64_t>> values, double q) {
  std::ranges::sort(values);
  double total = 0, sum = 0;
  for (const auto& [value, weight] : values) total += static_cast<double>(weight);
  for (const auto& [value, weight] : values) {
    sum += static_cast<double>(weight);
    if (sum >= q * total) return static_cast<double>(std::max<Nanos>(value, 0)) / 1e6;
  }
  return std::nullopt;
}

Maybe time_measure(std::string_view which, const std::vector<std::pair<Nanos, std::int64_t>>& values) {
  if (which == "mean" || which == "sum" || which == "count") {
    double sum = 0, weights = 0;
    for (const auto& [value, weight] : values) {
      sum += static_cast<double>(value) * static_cast<double>(weight);
      weights += static_cast<double>(weight);
    }
    if (which == "sum") return sum / 1e12;
    if (which == "count") return weights / 1e6;
    return weights == 0 ? std::nullopt : Maybe(sum / weights / 1e6);
  }
  return quantile(values, *parse_double(which.substr(1)) / 100);
}

Maybe latency(const Case& c, std::string_view which, const Group& group) {
  std::vector<std::pair<Nanos, std::int64_t>> values;
  if (c.query.grain == Grain::span) {
    for (const Span* span : group.spans)
      if (!span->noise && timed(span->status)) values.emplace_back(span->duration, span->micro());
  } else {
    for (const Spans& item : group.items)
      if (!open(item)) values.emplace_back(extent_of(item), weight_of(item));
  }
  return time_measure(which, values);
}

Nanos overhead_of(const Spans& trace) {
  std::vector<std::pair<Nanos, Nanos>> busy;
  for (const Span* span : trace)
    if (!span->noise && (span->kind == "llm" || span->kind == "tool") && span->duration > 0)
      busy.emplace_back(span->start, span->start + span->duration);
  std::ranges::sort(busy);
  Nanos covered = 0, until = 0;
  for (const auto& [from, to] : busy) {
    covered += std::max<Nanos>(0, to - std::max(from, until));
    until = std::max(until, to);
  }
  return extent_of(trace) - covered;
}

Maybe money(const Spans& spans) {
  const Maybe known = sum_of(spans, [](const Span& s) { return s.money(); }, false);
  const bool unknown = std::ranges::any_of(spans, [](const Span* s) { return s->cost_unknown; });
  return known || unknown ? known : Maybe(0);
}

Maybe per(const Spans& spans, double count) {
  const Maybe cost = money(spans);
  return !cost || count == 0 ? std::nullopt : Maybe(std::floor(*cost / count));
}

bool is_tool(const Span& s) {
  return s.kind == "tool" && !s.noise && !s.framework_tool;
}

Maybe tokens(std::string_view which, const Spans& spans) {
  const auto of = [&](std::optional<std::int64_t> Span::* member) {
    return sum_of(spans, [&](const Span& s) { return s.counted ? s.*member : std::nullopt; }, false);
  };
  if (which == "tokens") return sum_of(spans, [](const Span& s) { return s.tokens(); }, false);
  if (which == "tokens.input") return of(&Span::input);
  if (which == "tokens.cache_read") return of(&Span::cache_read);
  if (which == "tokens.cache_write") return of(&Span::cache_write);
  if (which == "tokens.output") return of(&Span::output);
  if (which == "tokens.reasoning") return of(&Span::reasoning);
  const Maybe read = of(&Span::cache_read);  // cache_hit_rate
  const Maybe input = of(&Span::input), write = of(&Span::cache_write);
  const double all = input.value_or(0) + read.value_or(0) + write.value_or(0);
  if (which == "tokens.all_input") return input || read || write ? Maybe(all) : std::nullopt;
  return read ? ratio(*read, all) : std::nullopt;
}

Maybe costs(std::string_view name, const Spans& spans) {
  if (name == "cost") return money(spans);
  const auto wasted = [](const Span& s) { return s.waste().empty() ? 0 : s.money().value_or(0); };
  if (name == "wasted_cost") return sum_of(spans, wasted, false).value_or(0);
  if (name == "cost_per_trace") return per(spans, distinct(Grain::trace, spans, false));
  if (name == "cost_per_session") return per(spans, distinct(Grain::session, spans, false));
  Spans named;  // cost_per_task
  for (const Span* span : spans)
    if (!span->task.empty()) named.push_back(span);
  const double tasks = distinct(Grain::session, spans, false, name == "cost_per_task" ? 1 : 2);
  const Maybe sum = sum_of(named, [](const Span& s) { return s.money(); }, false);
  return tasks == 0 ? std::nullopt : Maybe(std::floor(sum.value_or(0) / tasks));
}

Maybe counts(const Case& c, std::string_view name, const Group& group) {
  const Spans& spans = group.spans;
  const auto count = [&](const auto& holds) { return count_of(spans, holds); };
  const double errors = count([](const Span& s) { return s.is_error && !s.noise; });
  const double tools = count(is_tool);
  if (name == "spans") return count([](const Span&) { return true; });
  for (const auto grain : {Grain::trace, Grain::session})
    if (name == std::string(name_of(grain)) + "s") return distinct(grain, spans, true);
  if (name.ends_with("tasks")) return distinct(Grain::session, spans, true, name == "tasks" ? 1 : 2);
  if (name == "task_success_rate")
    return ratio(distinct(Grain::session, spans, true, 2), distinct(Grain::session, spans, true, 1));
  if (name == "llm_calls") return count([](const Span& s) { return s.kind == "llm" && !s.noise; });
  if (name == "tool_calls") return tools;
  if (name == "errors") return errors;
  const double tool_errors = count([](const Span& s) { return is_tool(s) && s.status == "error"; });
  if (name == "tool_errors") return tool_errors;
  if (name.starts_with("tool_")) return ratio(name == "tool_error_rate" ? tool_errors : tools - tool_errors, tools);
  if (name == "steps") return count([](const Span& s) { return !s.noise; });
  if (name == "guardrail_triggers")
    return count([](const Span& s) { return s.kind == "guardrail" && s.status == "blocked"; });
  if (name == "findings") return count([](const Span& s) { return std::ssize(s.findings()); });
  if (name == "cost_unknown_calls")
    return static_cast<double>(std::ranges::count_if(spans, [](const Span* s) { return s->cost_unknown; }));
  if (c.query.grain == Grain::span) return ratio(errors, count([](const Span& s) { return !s.noise; }));
  double failed = 0, items = 0;  // error_rate
  for (const Spans& item : group.items) {
    items += static_cast<double>(weight_of(item));
    if (status_of(item) == "error") failed += static_cast<double>(weight_of(item));
  }
  return ratio(failed, items);
}

Maybe expected(const Case& c, std::string_view name, const Group& group) {
  if (name.starts_with("latency.")) return latency(c, name.substr(8), group);
  if (name.starts_with("ttft.")) {
    std::vector<std::pair<Nanos, std::int64_t>> values;
    for (const Span* span : group.spans)
      if (!span->noise && span->ttft) values.emplace_back(*span->ttft, span->micro());
    return time_measure(name.substr(5), values);
  }
  if (name == "overhead") {
    std::vector<std::pair<Nanos, std::int64_t>> values;
    for (const Spans& trace : group.traces) values.emplace_back(overhead_of(trace), weight_of(trace));
    return time_measure("mean", values);
  }
  if (name.starts_with("tokens") || name == "cache_hit_rate") return tokens(name, group.spans);
  const bool money_is_meant = name.starts_with("cost") || name == "wasted_cost";
  if (money_is_meant && name != "cost_unknown_calls") return costs(name, group.spans);
  return counts(c, name, group);
}

class Measures : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    SeededRandom random(11);
    spans() = make_spans(random);
    std::vector<Row> rows = make_rows(spans(), random);
    const auto half = rows.begin() + static_cast<std::ptrdiff_t>(rows.size() / 2);  // splits: two inserts
    Engine::one().insert(31, {rows.begin(), half});
    Engine::one().insert(31, {half, rows.end()});
    std::vector<Span> foreign = make_spans(random);
    Engine::one().insert(32, make_rows(foreign, random));
  }
  static std::vector<Span>& spans() {
    static std::vector<Span> all;
    return all;
  }
};

MeasureQuery random_query(Random& random) {
  MeasureQuery query;
  query.range = {world_start + static_cast<Nanos>(random.below(3)) * 1'234'567'890'123,
                 world_start + world_length + 2 * hour - static_cast<Nanos>(random.below(3)) * 1'234'567'890'123};
  query.grain = static_cast<Grain>(random.below(3));
  if (random.below(4) > 0) query.filter = *Filter::parse(random_filter(random));
  const std::vector<std::string> splits = {"agent", "model", "tag", "kind", "status", "attr.tenant", "session", "task"};
  for (std::uint64_t n = random.below(3); n > 0; --n) {
    const std::string& one = splits[random.below(splits.size())];
    if (!has_one(query.dimensions, one)) query.dimensions.push_back(one);
  }
  if (random.below(3) == 0) query.step = random.below(2) == 0 ? "1h" : "5m";
  std::vector<std::string> names;
  for (const MeasureInfo& measure : measures()) names.emplace_back(measure.name);
  for (std::uint64_t n = 1 + random.below(8); n > 0; --n) {
    const std::string& one = names[random.below(names.size())];
    if (!has_one(query.measures, one)) query.measures.push_back(one);
  }
  query.limit = 10'000;
  return query;
}

void compare_cell(const native::Rows& rows, const Column& column, std::size_t c, std::size_t r, const Maybe& wanted,
                  const std::string& what) {
  ASSERT_EQ(rows.is_null(c, r), !wanted.has_value()) << what;
  if (!wanted) return;
  if (column.type == Type::money) {  // doubles are exact below 2^53 pico-dollars, ours are
    EXPECT_EQ(static_cast<double>(rows.wide(c, r)), *wanted) << what;
    return;
  }
  const bool histogram = column.name.contains(".p");
  EXPECT_NEAR(rows.real(c, r), *wanted, std::abs(*wanted) * (histogram ? .0100001 : 1e-9)) << what;
}

void check(const Case& c) {
  const auto statement = compile(31, c.query);
  ASSERT_TRUE(statement) << statement.error().what;
  const native::Rows rows = Engine::one().run(*statement);
  const std::string what =
      fmt::format("{} by {} step {} grain {} where {}\n{}", join(c.query.measures, " "), join(c.query.dimensions, " "),
                  c.query.step, name_of(c.query.grain), c.query.filter.text(), statement->sql);
  auto groups = groups_of(c);
  ASSERT_EQ(rows.size(), groups.size()) << what;
  const std::size_t keys = statement->columns.size() - c.query.measures.size();
  for (std::size_t r = 0; r < rows.size(); ++r) {
    Keys key;
    for (std::size_t k = 0; k < keys; ++k)
      key.push_back(statement->columns[k].type == Type::time ? std::to_string(rows.integer(k, r))
                                                             : std::string(rows.text(k, r)));
    const auto found = groups.find(key);
    ASSERT_NE(found, groups.end()) << join(key, "|") << what;
    for (std::size_t m = 0; m < c.query.measures.size(); ++m) {
      const Maybe wanted = expected(c, c.query.measures[m], found->second);
      ASSERT_NO_FATAL_FAILURE(compare_cell(rows, statement->columns[keys + m], keys + m, r, wanted,
                                           c.query.measures[m] + " at " + join(key, "|") + "\n" + what));
    }
  }
}

TEST_F(Measures, AreWhatAPersonCounts) {
  SeededRandom random(5);
  for (int i = 0; i < 60; ++i) {
    SCOPED_TRACE(i);
    Case c{random_query(random), spans()};
    std::optional<JustReceived> just;
    if (i % 3 == 0) {
      just.emplace();
      c.query.now = JustReceived::at;
    }
    check(c);
    if (HasFailure()) return;
  }
}

TEST_F(Measures, OfNothingAreOneRowOfNothing) {
  MeasureQuery query{.measures = {"spans", "cost", "tokens", "latency.p95", "error_rate", "traces"},
                     .filter = *Filter::parse("user=nobody"),
                     .range = {world_start, world_start + day}};
  const auto rows = Engine::one().run(*compile(31, query));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows.real(0, 0), 0);
  EXPECT_EQ(rows.wide(1, 0), 0);
  for (const std::size_t column : {2U, 3U, 4U}) EXPECT_TRUE(rows.is_null(column, 0));
  EXPECT_EQ(rows.real(5, 0), 0);
  query.dimensions = {"agent"};
  EXPECT_EQ(Engine::one().run(*compile(31, query)).size(), 0U);
}

TEST_F(Measures, AreOrderedAndCut) {
  MeasureQuery query{.measures = {"spans", "cost"}, .dimensions = {"user"}, .range = {world_start, world_start + day}};
  query.limit = 3;
  auto rows = Engine::one().run(*compile(31, query));
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_GE(rows.real(1, 0), rows.real(1, 1));
  query.order = "user";
  rows = Engine::one().run(*compile(31, query));
  EXPECT_EQ(rows.text(0, 0), "u0");
  query.order = "-cost";
  rows = Engine::one().run(*compile(31, query));
  EXPECT_GE(rows.wide(2, 0), rows.wide(2, 1));
}

// Summer time begins on 29 March 2026 at 01:00 UTC in Berlin and ends on 25 October.
TEST_F(Measures, StepsFollowTheTimeZone) {
  std::vector<Row> rows;
  for (const char* at : {"2026-03-28T23:30:00Z", "2026-03-29T00:30:00Z", "2026-03-29T03:59:00Z", "2026-03-29T04:00:00Z",
                         "2026-03-29T21:59:00Z", "2026-03-29T22:00:00Z"}) {
    Span span;
    span.trace = {1, rows.size() + 1};
    span.start = *parse_time(at);
    span.minute = span.start / minute;
    rows.push_back({span, 1});
  }
  Engine::one().insert(33, rows);
  const auto times = [&](std::string_view step, std::string_view zone) {
    MeasureQuery query{.measures = {"spans"}, .range = {*parse_time("2026-03-01"), *parse_time("2026-04-10")}};
    query.step = step;
    query.timezone = zone;
    const auto statement = compile(33, query);
    EXPECT_TRUE(statement);
    const auto answer = Engine::one().run(*statement);
    std::vector<std::string> out;
    for (std::size_t r = 0; r < answer.size(); ++r)
      out.push_back(format_time(answer.integer(0, r)).substr(5, 11) + " " +
                    std::to_string(std::lround(answer.real(1, r))));
    return out;
  };
  using Lines = std::vector<std::string>;
  EXPECT_EQ(times("1d", "Europe/Berlin"), (Lines{"03-28T23:00 5", "03-29T22:00 1"}));
  EXPECT_EQ(times("6h", "Europe/Berlin"), (Lines{"03-28T23:00 3", "03-29T04:00 1", "03-29T16:00 1", "03-29T22:00 1"}));
  EXPECT_EQ(times("1w", "Europe/Berlin"), (Lines{"03-22T23:00 5", "03-29T22:00 1"}));
  EXPECT_EQ(times("1mo", "Europe/Berlin"), (Lines{"02-28T23:00 6"}));
  EXPECT_EQ(times("1d", "UTC"), (Lines{"03-28T00:00 1", "03-29T00:00 5"}));
  EXPECT_EQ(times("30m", "Asia/Kathmandu"),
            (Lines{"03-28T23:15 1", "03-29T00:15 1", "03-29T03:45 2", "03-29T21:45 2"}));
  EXPECT_EQ(times("1h", "UTC"), (Lines{"03-28T23:00 1", "03-29T00:00 1", "03-29T03:00 1", "03-29T04:00 1",
                                       "03-29T21:00 1", "03-29T22:00 1"}));
}

TEST(Compile, RefusesWhatIsNoQuery) {
  const MeasureQuery good{.measures = {"cost"}, .range = {0, day}};
  EXPECT_TRUE(compile(1, good));
  const auto says = [&](const auto& change) {
    MeasureQuery query = good;
    change(query);
    const auto statement = compile(1, query);
    return statement ? "" : statement.error().what;
  };
  EXPECT_EQ(says([](auto& q) { q.measures = {"cosst"}; }), "No measure is called cosst. Did you mean cost?");
  EXPECT_EQ(says([](auto& q) { q.dimensions = {"modell"}; }),
            "modell is no dimension to split by. Did you mean model?");
  EXPECT_EQ(says([](auto& q) { q.dimensions = {"ttft"}; }), "ttft is no dimension to split by.");
  EXPECT_EQ(says([](auto& q) { q.step = "7m"; }), "7m is no step of time; use one of 1m 5m 15m 30m 1h 6h 1d 1w 1mo.");
  EXPECT_EQ(says([](auto& q) { q.step = "1h", q.timezone = "Europe/Berln"; }),
            "No time zone is called Europe/Berln. Did you mean Europe/Berlin?");
  EXPECT_EQ(says([](auto& q) { q.order = "-spans"; }), "`order` must be a column of the answer, not -spans.");
  EXPECT_EQ(says([](auto& q) { q.measures = {}; }), "Name at least one measure.");
  EXPECT_EQ(says([](auto& q) { q.measures = {"cost", "cost"}; }), "cost is asked for twice.");
  EXPECT_EQ(says([](auto& q) { q.range.to = 0; }), "`from` must be before `to`.");
  EXPECT_EQ(says([](auto& q) { q.limit = 0; }), "`limit` is 1 to 10000.");
}

}  // namespace
}  // namespace pawl::query
