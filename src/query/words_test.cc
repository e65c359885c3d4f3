// Lists by full text: the same items as by tags that say which words a span's bodies hold.
#include <gtest/gtest.h>

#include "base/text.h"
#include "world.h"

namespace pawl::query {
namespace {

using namespace testing;

constexpr std::uint32_t project = 61;
constexpr Nanos today = world_start / minute * minute + 25 * day;

struct Shown {
  std::vector<std::string> keys;
  std::size_t statements = 0, stops = 0;
};

// Page after page; where it has a patience, it hurries after so many statements of each.
Shown shown(ListQuery query, std::optional<std::size_t> patience = {}) {
  Shown out;
  for (std::size_t pages = 0; pages < 300; ++pages) {
    auto pager = Pager::create(project, query);
    EXPECT_TRUE(pager) << pager.error().what;
    if (!pager) break;
    std::size_t statements = 0;
    while (const auto statement = pager->next()) {
      const auto [rows, mine, values] = pager->read(Engine::one().run(*statement));
      for (std::size_t i = 0; i < mine.size(); ++i) {
        std::string key = values[i];
        if (query.grain == Grain::span)
          key += to_hex(rows->id(static_cast<std::size_t>(SpanColumn::span), mine[i]));
        else
          key += rows->text(static_cast<std::size_t>(TraceColumn::key), mine[i]);
        out.keys.push_back(std::move(key));
      }
      if (patience && ++statements >= *patience) pager->hurry();
      if (++out.statements > 2000) return out;
    }
    if (pager->searched_to()) {
      ++out.stops;
      EXPECT_FALSE(pager->cursor().empty());
    }
    query.cursor = pager->cursor();
    if (query.cursor.empty()) break;
  }
  return out;
}

// Three weeks of sessions of three traces of three spans; each span has a body of some common words.
class Words : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    SeededRandom random(8);
    std::vector<Row> rows;
    std::vector<Body> bodies;
    for (std::uint64_t i = 0; i < 1800; ++i) {
      Span span;
      const std::uint64_t trace = i / 3, session = trace / 3;
      span.trace = {3, trace + 1}, span.span = {0, i + 1}, span.parent = {0, i % 3 == 0 ? 0 : i / 3 * 3 + 1};
      if (session % 4 != 0) span.session = fmt::format("session-{}", session);
      span.start = today - 21 * day + static_cast<Nanos>(trace) * 50 * minute + static_cast<Nanos>(i % 3) * 7 * second;
      span.duration = 5 * second, span.minute = span.start / minute, span.name = "n", span.agent = "a";
      span.received = span.start + span.duration + 30 * second;
      if (session % 10 == 7) span.received += 3 * day;    // was sent late
      if (session % 10 == 8) span.received -= 20 * hour;  // its clock is ahead
      std::string text = "start";
      for (const char* word : {"amber", "birch", "cedar", "dill"})
        if (random.below(3) == 0) text += fmt::format(" {}", word), span.tags.emplace_back(word);
      if (text.contains("amber birch")) span.tags.emplace_back("amber birch");
      if (i % 170 == 5) text += " Zinnia!", span.tags.emplace_back("zinnia");
      bodies.push_back({span.trace, span.span, {1, i}, 0, text, span.received});
      rows.push_back({span, 1});
    }
    Engine::one().insert(project, rows);
    Engine::one().insert_bodies(project, bodies);
  }
};

struct Asked {
  const char *words, *tags;
};
constexpr Asked all_asked[] = {{"amber", "tag=amber"},
                               {"zinnia", "tag=zinnia"},
                               {"amber birch", "tag=amber tag=birch"},
                               {"amber birch cedar dill", "tag=amber tag=birch tag=cedar tag=dill"},
                               {"dill zinnia", "tag=dill tag=zinnia"},
                               {"\"amber birch\"", "tag=\"amber birch\""},
                               {"\"amber birch\" dill zinnia", "tag=\"amber birch\" tag=dill tag=zinnia"},
                               {"cedar -dill tag=amber", "tag=cedar -tag=dill tag=amber"},
                               {"(amber or zinnia) cedar", "(tag=amber or tag=zinnia) tag=cedar"},
                               {"nowhere amber", "tag=nowhere tag=amber"}};

TEST_F(Words, AreFoundAsTheTagsThatSayThem) {
  std::size_t stops = 0;
  for (const Asked& asked : all_asked) {
    for (const Grain grain : {Grain::span, Grain::trace, Grain::session}) {
      SCOPED_TRACE(fmt::format("{} {}", asked.words, name_of(grain)));
      ListQuery query{.grain = grain, .range = {today - 20 * day, today + hour}, .limit = 150, .now = today};
      query.filter = *Filter::parse(asked.tags);
      const auto wanted = shown(query);
      query.filter = *Filter::parse(asked.words);
      EXPECT_EQ(shown(query).keys, wanted.keys);
      if (grain == Grain::trace && asked.words[0] != 'd') continue;
      const auto hurried = shown(query, 3);
      EXPECT_EQ(hurried.keys, wanted.keys);
      stops += hurried.stops;
    }
  }
  EXPECT_GE(stops, 5U);
}

// What is common is found in the newest hours, whatever the range is.
TEST_F(Words, CommonWordsLookAtLittle) {
  for (const char* filter : {"amber", "amber birch cedar dill"}) {
    ListQuery query{.grain = Grain::session, .range = {today - 300 * day, today + hour}, .limit = 2, .now = today};
    query.filter = *Filter::parse(filter);
    auto pager = Pager::create(project, query);
    std::size_t statements = 0;
    while (const auto statement = pager->next()) pager->read(Engine::one().run(*statement)), ++statements;
    EXPECT_LE(statements, 6U) << filter;
    EXPECT_FALSE(pager->cursor().empty());
  }
}

}  // namespace
}  // namespace pawl::query
