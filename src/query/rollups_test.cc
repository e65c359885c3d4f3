// What a roll-up answers is what the rows answer, wherever it has come to; and it answers what it is there for.
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/text.h"
#include "measures.h"
#include "records/traces/traces.h"
#include "world.h"

namespace pawl::query {
namespace {

using namespace testing;

constexpr std::uint32_t project = 141, other_project = 142;
constexpr std::uint64_t batches = 8;

class RolledUp : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    SeededRandom random(21);
    for (const std::uint32_t of : {project, other_project}) {
      const std::vector<Row> rows = make_rows(make_spans(random), random);
      const std::size_t part = rows.size() / batches + 1;
      for (std::uint64_t batch = 0; batch < batches; ++batch) {  // a correction's two rows are far apart
        const auto at = [&](std::uint64_t n) {
          return rows.begin() + static_cast<std::ptrdiff_t>(std::min(n * part, rows.size()));
        };
        Engine::one().insert(of, {at(batch), at(batch + 1)}, batch + 1);
      }
    }
  }

  RolledUp() : log(Log::Format::text, Level::error) {
    for (const RollupInfo& info : rollups()) definitions.push_back({info.name, info.ddl, info.insert, info.group});
    tables.emplace(definitions, log);
  }
  ~RolledUp() override {
    for (const auto& one : definitions) EXPECT_TRUE(Engine::one().warehouse().run("DROP TABLE " + one.name + " SYNC"));
  }

  void advance(std::uint64_t through) {
    for (bool more = true; more;) {
      const auto done = tables->advance(Engine::one().warehouse(), through);
      ASSERT_TRUE(done) << done.error().what;
      more = *done;
    }
  }

  // Every cell, to the last bit.
  static void compare(const MeasureQuery& query, const std::vector<std::uint64_t>& through,
                      std::string* sql = nullptr) {
    MeasureQuery by_rollup = query;
    by_rollup.rolled_up = through;
    const auto wanted = compile(project, query), got = compile(project, by_rollup);
    ASSERT_TRUE(wanted && got) << wanted.error().what;
    if (sql != nullptr) *sql = got->sql;
    const std::string what = fmt::format("{}\n{}", got->sql, wanted->sql);
    const native::Rows right = Engine::one().run(*wanted), rows = Engine::one().run(*got);
    ASSERT_EQ(rows.size(), right.size()) << what;
    for (std::size_t column = 0; column < got->columns.size(); ++column) {
      const Type type = got->columns[column].type;
      for (std::size_t row = 0; row < rows.size(); ++row) {
        ASSERT_EQ(rows.is_null(column, row), right.is_null(column, row)) << got->columns[column].name << what;
        if (rows.is_null(column, row)) continue;
        if (type == Type::text)
          ASSERT_EQ(rows.text(column, row), right.text(column, row)) << what;
        else if (type == Type::money)
          ASSERT_EQ(rows.wide(column, row), right.wide(column, row)) << what;
        else if (type == Type::time)
          ASSERT_EQ(rows.integer(column, row), right.integer(column, row)) << what;
        else
          ASSERT_EQ(rows.real(column, row), right.real(column, row)) << got->columns[column].name << what;
      }
    }
  }

  const Log log;
  std::vector<traces::Rollup> definitions;
  std::optional<traces::Rollups> tables;
};

template <typename T>
T pick(Random& random, const std::vector<T>& from) {
  return from[random.below(from.size())];
}

// Of one roll-up's dimensions, so that it serves the query; now and then of others.
MeasureQuery random_query(Random& random) {
  MeasureQuery query;
  const std::vector<Nanos> moves = {0, 1'234'567'890'123, 2 * hour, -world_start % hour};
  query.range = {world_start - pick(random, moves), world_start + world_length + 2 * hour - pick(random, moves)};
  const auto& dimensions = pick(random, rollups()).dimensions;
  for (std::uint64_t n = random.below(4); n > 0; --n) {
    const std::string one = random.below(12) == 0 ? "user" : std::string(pick(random, dimensions));
    if (!has_one(query.dimensions, one)) query.dimensions.push_back(one);
  }
  const std::vector<std::string> filters = {"agent=refunds",
                                            "-model=gpt-5",
                                            "status=error,blocked",
                                            "is:error",
                                            "agent~s is:blocked",
                                            "(kind=llm or kind=tool) has:agent",
                                            "is:noise",
                                            "-has:tool",
                                            "tool=lookup",
                                            "environment=environment-0",
                                            "duration>5s",
                                            "task=refund",
                                            "team!=team-1"};
  if (random.below(2) == 0) {
    const auto filter = Filter::parse(pick(random, filters));
    EXPECT_TRUE(filter) << filter.error().message;
    query.filter = *filter;
  }
  query.step = pick(random, std::vector<std::string>{"", "1h", "2h", "1d", "1w", "60m", "15m"});
  query.timezone = pick(random, std::vector<std::string>{"UTC", "UTC", "Europe/Berlin", "Asia/Kolkata"});
  std::vector<std::string> names;
  for (const MeasureInfo& measure : measures()) names.emplace_back(measure.name);
  for (const auto one : {"traces", "sessions", "cost_per_trace", "cost_per_session"}) names.insert(names.end(), 3, one);
  for (std::uint64_t n = 1 + random.below(8); n > 0; --n) {
    const std::string one = pick(random, names);
    if (!has_one(query.measures, one)) query.measures.push_back(one);
  }
  if (random.below(6) == 0) query.grain = pick(random, std::vector<Grain>{Grain::trace, Grain::session});
  for (const std::string& name : query.dimensions) query.order = name;  // a whole order: ties are cut alike
  query.limit = 10'000;
  return query;
}

TEST_F(RolledUp, IsWhatTheRowsSay) {
  SeededRandom random(22);
  std::map<std::string_view, int> served;
  int queries = 0;
  for (std::uint64_t batch = 0; batch <= batches; ++batch) {
    if (batch > 0) advance(batch);
    for (int i = 0; i < 18; ++i, ++queries) {
      SCOPED_TRACE(fmt::format("{} at {}", i, batch));
      const traces::Rollups::Reading reading(*tables);
      ASSERT_EQ(reading.through(), std::vector<std::uint64_t>(rollups().size(), batch));
      std::string sql;
      compare(random_query(random), reading.through(), &sql);
      if (HasFatalFailure()) return;
      for (const RollupInfo& info : rollups()) served[info.name] += sql.contains("FROM " + info.name + " ");
    }
  }
  int all = 0;
  for (const auto& [name, times] : served) {
    EXPECT_GT(times, 4) << name;
    all += times;
  }
  EXPECT_GT(all, queries / 3);
}

TEST_F(RolledUp, HoldsItsBatchesAlone) {
  advance(5);
  const MeasureQuery query{.measures = {"spans", "cost"}, .range = {world_start - day, world_start + 2 * day}};
  for (const std::uint64_t told : {0U, 5U}) compare(query, std::vector<std::uint64_t>(rollups().size(), told));
  // That the comparison can fail: told of another place, the answer is another.
  MeasureQuery wrong = query;
  wrong.rolled_up.assign(rollups().size(), 3);
  EXPECT_NE(Engine::one().run(*compile(project, wrong)).real(0, 0),
            Engine::one().run(*compile(project, query)).real(0, 0));
}

// Of traces that are sampled, moved to another agent or taken back, one by one; and each where nothing else is.
TEST_F(RolledUp, CountsEachItemOnce) {
  advance(batches);
  const std::vector<std::uint64_t> through(rollups().size(), batches);
  const auto plain = [](std::string filter, std::vector<std::string> dimensions, std::string step) {
    return MeasureQuery{.measures = {"traces", "sessions"},
                        .dimensions = std::move(dimensions),
                        .filter = *Filter::parse(filter),
                        .range = {world_start + 17 * minute, world_start + world_length - 11 * minute},
                        .step = std::move(step),
                        .order = "",
                        .limit = 10'000};
  };
  for (const std::string filter : {"", "agent=refunds", "environment=environment-0 -team=team-1"})
    for (const std::string step : {"", "1d"})
      for (const std::vector<std::string>& split :
           {std::vector<std::string>{}, {"agent"}, {"customer", "agent_version"}}) {
        MeasureQuery query = plain(filter, split, step);
        query.order = split.empty() ? "" : split.front();
        std::string sql;
        compare(query, through, &sql);
        ASSERT_FALSE(HasFatalFailure());
        EXPECT_TRUE(sql.contains("FROM rollup_traces ") && sql.contains("FROM rollup_sessions ")) << sql;
      }
}

// One filter; of the whole range, and of parts of it; orders and limits of all kinds.
std::vector<MeasureQuery> queries_of_a_board(Random& random) {
  const MeasureQuery first = random_query(random);
  const Grain grain = pick(random, std::vector{Grain::span, Grain::span, Grain::trace, Grain::session});
  const Nanos middle = first.range.from + pick(random, std::vector<Nanos>{3 * hour, 2 * hour + 1'234'567'890,
                                                                          hour - first.range.from % hour});
  std::vector<MeasureQuery> out;
  for (std::uint64_t n = 2 + random.below(6); n > 0; --n) {
    MeasureQuery& query = out.emplace_back(random_query(random));
    query.grain = random.below(12) == 0 ? query.grain : grain;
    if (grain != Grain::span)  // what is of each item as a whole is asked alone
      query.measures = pick(random, std::vector<std::vector<std::string>>{{"sessions"}, {"traces", "spans"}, {"cost"}});
    query.filter = random.below(8) == 0 ? query.filter : first.filter;
    query.range = first.range;
    if (random.below(grain == Grain::span ? 2 : 6) == 0)
      (random.below(2) == 0 ? query.range.from : query.range.to) = middle;
    if (random.below(2) == 0) query.order = (random.below(2) == 0 ? "-" : "") + pick(random, query.measures);
    if (random.below(3) == 0) query.order.clear();
    if (random.below(4) == 0) query.limit = 3;
  }
  return out;
}

TEST_F(RolledUp, ASharedStatementSaysWhatEachQuerySaysAlone) {
  SeededRandom random(23);
  advance(1);
  int shared = 0, parts = 0, missing = 0, sets = 0, limited = 0, items = 0;
  for (int round = 0; round < 50; ++round) {
    if (round % 10 == 9) advance(static_cast<std::uint64_t>(2 + round / 10));
    const traces::Rollups::Reading reading(*tables);
    auto queries = queries_of_a_board(random);
    for (MeasureQuery& query : queries) query.rolled_up = reading.through();
    const auto together = share(project, queries);
    ASSERT_TRUE(together) << together.error().what;
    for (const Shared& one : *together) {
      const native::Rows rows = Engine::one().run(one.statement);
      sets += one.answers.back().set > 0;
      for (const Shared::Answer& answer : one.answers) {
        const MeasureQuery& query = queries[answer.query];
        const auto alone = compile(project, query);
        ASSERT_TRUE(alone) << alone.error().what;
        const std::string what = fmt::format("round {}\n{}\n{}", round, one.statement.sql, alone->sql);
        const native::Rows right = Engine::one().run(*alone);
        const auto mine = rows_of(answer, query, rows);
        if (!mine) {
          EXPECT_EQ(answer.keys, 0U) << what;
          ++missing;
          continue;
        }
        ++shared, items += query.grain != Grain::span, parts += answer.part.has_value(),
            limited += mine->size() == query.limit;
        JsonWriter got, wanted;
        write_columns(got.object(), answer.columns), write_columns(wanted.object(), alone->columns);
        write_rows(got, "rows", answer, rows, *mine), write_rows(wanted, "rows", *alone, right);
        ASSERT_EQ(got.end().take(), wanted.end().take()) << what;
      }
    }
  }
  EXPECT_GT(shared, 60);
  EXPECT_GT(items, 20);
  EXPECT_GT(parts, 15);
  EXPECT_GT(sets, 10);
  EXPECT_GT(limited, 5);
  EXPECT_LT(missing, shared / 5);
}

TEST(Shared, AreQueriesOfOneFilterThatReadTheSame) {
  const Range range{10 * day, 40 * day};
  std::vector<MeasureQuery> queries;
  const auto add = [&](std::vector<std::string> measures, std::vector<std::string> by, std::string_view filter = "") {
    queries.push_back({.measures = std::move(measures),
                       .dimensions = std::move(by),
                       .filter = *Filter::parse(filter),
                       .range = range,
                       .rolled_up = {9, 9, 9, 9}});
  };
  add({"cost"}, {"agent"}), add({"cost"}, {"team"}), add({"ttft.p95"}, {"model"});
  add({"cost"}, {"tool"}), add({"cost"}, {"agent"}, "kind=llm"), add({"cost"}, {"tag"}), add({"overhead"}, {});
  add({"cost"}, {"agent"});
  queries.back().step = "1h", queries.back().range = {40 * day, 41 * day};
  add({"cost"}, {"agent"});
  queries.back().step = "1h", queries.back().range = {39 * day, 40 * day};
  const auto together = share(1, queries);
  ASSERT_TRUE(together) << together.error().what;
  ASSERT_EQ(together->size(), 1U);
  std::vector<std::size_t> which;
  for (const Shared::Answer& answer : together->front().answers) which.push_back(answer.query);
  EXPECT_EQ(which, (std::vector<std::size_t>{0, 1, 2, 8}));
  queries[1].limit = 0;
  EXPECT_FALSE(share(1, queries));
}

TEST(Shared, AreTheFacetsOfSessions) {
  std::vector<MeasureQuery> queries;
  for (const std::string_view by : {"agent", "model", "tool", "team", "status", "environment"})
    queries.push_back({.measures = {"sessions"},
                       .dimensions = {std::string(by)},
                       .filter = *Filter::parse("cost>0.1 (tool=t1 OR is:error)"),
                       .range = {10 * day, 40 * day},
                       .grain = Grain::session});
  const auto together = share(1, queries);
  ASSERT_TRUE(together) << together.error().what;
  ASSERT_EQ(together->size(), 1U);
  EXPECT_EQ(together->front().answers.size(), queries.size());
  queries[0].range.from += hour;  // other sessions cost more than that in another time
  EXPECT_EQ(share(1, queries)->front().answers.size(), queries.size() - 1);
}

std::string table_of(const MeasureQuery& query, std::vector<std::uint64_t> through = {9, 9, 9, 9}) {
  MeasureQuery asked = query;
  asked.rolled_up = std::move(through);
  const auto statement = compile(1, asked);
  EXPECT_TRUE(statement);
  for (const RollupInfo& info : rollups())
    if (statement->sql.contains("FROM " + info.name + " ")) return info.name;
  return "spans";
}

TEST(RollupFor, AQueryIsTheSmallestThatFits) {
  const Range range{10 * day, 40 * day};
  const auto by = [&](std::vector<std::string> dimensions, std::string_view filter = "", std::string step = "1d") {
    return table_of({.measures = {"cost", "errors"},
                     .dimensions = std::move(dimensions),
                     .filter = *Filter::parse(filter),
                     .range = range,
                     .step = std::move(step)});
  };
  EXPECT_EQ(by({"agent"}), "rollup_agents");
  EXPECT_EQ(by({"team", "model"}, "is:error environment=production"), "rollup_agents");
  EXPECT_EQ(by({"tool"}), "rollup_tools");
  EXPECT_EQ(by({"agent"}, "tool=search"), "rollup_tools");
  EXPECT_EQ(by({"customer", "model"}), "rollup_customers");
  EXPECT_EQ(by({"agent", "agent_version"}), "rollup_versions");
  EXPECT_EQ(by({"user"}), "spans");
  EXPECT_EQ(by({"tag"}), "spans");
  EXPECT_EQ(by({"attr.tenant"}), "spans");
  EXPECT_EQ(by({"tool", "customer"}), "spans");
  EXPECT_EQ(by({"agent"}, "refund"), "spans");
  EXPECT_EQ(by({"agent"}, "cost>1"), "spans");
  EXPECT_EQ(by({"agent"}, "prompt~greeting"), "spans");
  EXPECT_EQ(by({"agent"}, "", "15m"), "spans");
  EXPECT_EQ(by({"agent"}, "", "1h"), "rollup_agents");
  MeasureQuery query{.measures = {"latency.p95"}, .dimensions = {"agent"}, .range = range};
  EXPECT_EQ(table_of(query), "rollup_agents");
  query.dimensions = {"agent_version"};
  EXPECT_EQ(table_of(query), "rollup_versions");  // which versions there are …
  query.rolled_up = {9, 9, 9, 9};
  EXPECT_FALSE(compile(1, query)->sql.contains("_buckets)"));  // … but that one has no histograms
  query.dimensions = {"agent"}, query.measures = {"traces"};
  EXPECT_EQ(table_of(query, {9, 9, 9, 9, 9, 9}), "rollup_traces");
  EXPECT_EQ(table_of(query), "spans");
  query.measures = {"sessions"}, query.filter = *Filter::parse("customer=acme -team=a");
  EXPECT_EQ(table_of(query, {9, 9, 9, 9, 9, 9}), "rollup_sessions");
  for (const std::string other : {"model=a", "is:error", "user=u"}) {
    query.filter = *Filter::parse(other);
    EXPECT_EQ(table_of(query, {9, 9, 9, 9, 9, 9}), "spans");
  }
  query.filter = {}, query.measures = {"latency.p95"};
  query.dimensions = {"agent"}, query.step = "1d", query.timezone = "Asia/Kolkata";
  EXPECT_EQ(table_of(query), "spans");
  query.timezone = "Europe/Berlin";
  EXPECT_EQ(table_of(query), "rollup_agents");
  EXPECT_EQ(table_of(query, {0, 9, 9, 9}), "rollup_tools");  // the first is still empty
  EXPECT_EQ(table_of(query, {}), "spans");
  query.grain = Grain::trace, query.filter = *Filter::parse("agent=a"), query.measures = {"cost"};
  EXPECT_EQ(table_of(query), "spans");
  query.grain = Grain::span, query.range = {day + minute, day + hour + 59 * minute};
  EXPECT_EQ(table_of(query), "spans");  // no whole hour in it
}

// The minute of the hour, every tenth day from 1970 to 2037. Not of all zones: the engine keeps a table of each.
TEST(RollupZones, WithBordersBesideTheHourAreKnown) {
  for (std::size_t i = 0; i < time_zones().size(); ++i) {
    const std::string_view zone = time_zones()[i];
    const bool even = steps_by_hours("1d", zone);
    if (even && i % 20 != 0) continue;
    const auto rows = Engine::one().warehouse().read(
        {.sql = fmt::format(
             "SELECT max(toMinute(toDateTime(number * 864000, 'UTC'), '{}')) = 0 AS c FROM numbers(2480)", zone)});
    ASSERT_TRUE(rows) << rows.error().what;
    EXPECT_EQ(rows->rows.integer(0, 0) != 0, even) << zone;
  }
}

}  // namespace
}  // namespace pawl::query
