// Full text, and the project in every scan of whatever is compiled.
#include <gtest/gtest.h>

#include <set>

#include "base/text.h"
#include "world.h"

namespace pawl::query {
namespace {

using namespace testing;

constexpr std::uint32_t here = 41;

// Seven spans of four traces in one session, and who says what in them.
Engine& told() {
  static Engine* const once = [] {
    std::vector<Row> rows;
    std::vector<Body> bodies;
    const auto say = [&](std::uint64_t trace, std::uint64_t span, int slot, std::string text) {
      Span made;
      made.trace = {1, trace}, made.span = {0, span};
      made.start = world_start, made.minute = made.start / minute, made.session = "s";
      made.name = "n" + std::to_string(span);
      rows.push_back({made, 1});
      bodies.push_back({made.trace, made.span, {7, span}, slot, std::move(text)});
    };
    say(1, 1, 0, "My Card was Declined; the card-declined message");
    say(1, 2, 1, "We refunded the order");
    say(2, 3, 0, "declined the invitation card");
    say(2, 4, 2, "You are a polite refund agent");
    say(3, 5, 5, "退款失败了 größe");
    say(3, 6, 3, "card tool definition");
    say(4, 7, 0, "{\"role\": \"system\", \"content\": \"Be terse\"}");
    Engine& engine = Engine::one();
    engine.insert(here, rows);
    engine.insert_bodies(here, bodies);
    engine.insert_bodies(here + 1, bodies);
    engine.insert_content(here, {1, 2}, {0, 4}, {bodies[3]}, 1);
    engine.insert_content(here, {1, 1}, {0, 1}, {bodies[3], bodies[0]}, 1);
    engine.insert_content(here, {1, 1}, {0, 2}, {bodies[3]}, 1);
    engine.insert_content(here, {1, 1}, {0, 2}, {bodies[3]}, -1);
    engine.insert_content(here, {1, 4}, {0, 7}, {bodies[6]}, 1);
    return &engine;
  }();
  return *once;
}

TEST(FullText, FindsWordsAndPhrases) {
  const auto found = [&](std::string_view filter, Grain grain = Grain::span) {
    MeasureQuery query{.measures = {"spans"}, .dimensions = {"name"}, .filter = *Filter::parse(filter)};
    query.range = {world_start - hour, world_start + hour};
    query.grain = grain;
    query.order = "name";
    const auto answer = told().run(*compile(here, query));
    std::string out;
    for (std::size_t r = 0; r < answer.size(); ++r) out += answer.text(0, r);
    return out;
  };
  EXPECT_EQ(found("card"), "n1n3");
  EXPECT_EQ(found("CARD declined"), "n1n3");
  EXPECT_EQ(found("\"card declined\""), "");
  EXPECT_EQ(found("\"card was declined\""), "n1");
  EXPECT_EQ(found("card-declined"), "n1");
  EXPECT_EQ(found("refund"), "");  // whole words; system prompts only by prompt~
  EXPECT_EQ(found("refunded or invitation"), "n2n3");
  EXPECT_EQ(found("-card"), "n2n4n5n6n7");
  EXPECT_EQ(found("失败"), "n5");
  EXPECT_EQ(found("größe"), "n5");
  EXPECT_EQ(found("\"; the\""), "n1");
  EXPECT_EQ(found("prompt~POLITE"), "n1n4");
  EXPECT_EQ(found("prompt~terse"), "n7");
  EXPECT_EQ(found("-prompt~polite name=n1,n2"), "n2");
  EXPECT_EQ(found("refunded", Grain::trace), "n1n2");
  EXPECT_EQ(found("card invitation", Grain::trace), "n3n4");
  EXPECT_EQ(found("-card", Grain::trace), "n5n6n7");
  EXPECT_EQ(found("refunded", Grain::session), "n1n2n3n4n5n6n7");
}

TEST(FullText, ListsWordsAndPhrases) {
  const auto listed = [&](std::string_view filter, Grain grain) {
    ListQuery query{
        .grain = grain, .filter = *Filter::parse(filter), .range = {world_start - hour, world_start + hour}};
    query.limit = 2;
    std::set<std::string> out;
    do {
      auto pager = *Pager::create(here, query);
      const auto column = grain == Grain::trace ? static_cast<std::size_t>(TraceColumn::trace)
                                                : static_cast<std::size_t>(SessionColumn::trace);
      while (const auto statement = pager.next()) {
        const auto [page, mine, values] = pager.read(told().run(*statement));
        for (const std::size_t r : mine) out.insert(std::to_string(page->id(column, r).low));
      }
      query.cursor = pager.cursor();
    } while (!query.cursor.empty());
    std::string text;
    for (const auto& one : out) text += one;
    return text;
  };
  EXPECT_EQ(listed("card", Grain::trace), "12");
  EXPECT_EQ(listed("\"card was declined\"", Grain::trace), "1");
  EXPECT_EQ(listed("card invitation", Grain::trace), "2");
  EXPECT_EQ(listed("card -invitation", Grain::trace), "1");
  EXPECT_EQ(listed("card name=n4", Grain::trace), "2");
  EXPECT_EQ(listed("card name=n5", Grain::trace), "");
  EXPECT_EQ(listed("-card", Grain::trace), "34");
  EXPECT_EQ(listed("prompt~POLITE", Grain::trace), "12");
  EXPECT_EQ(listed("card name=n5", Grain::session).size(),
            1U);  // one session: of one trace the word, of another the name
  EXPECT_EQ(listed("nowhere", Grain::session), "");
}

// Whatever is compiled names its project in every scan.
void walk(const Statement& statement, std::string_view hostile) {
  const std::string& sql = statement.sql;
  std::size_t scans = 0;
  for (std::size_t at = sql.find("FROM "); at != std::string::npos; at = sql.find("FROM ", at + 1)) {
    const std::string_view rest = std::string_view(sql).substr(at + 5);
    if (rest.starts_with('(')) continue;
    ++scans;
    const std::string_view table = rest.substr(0, rest.find(' '));
    EXPECT_TRUE(table == "spans" || table == "bodies" || table == "span_content") << table;
    EXPECT_TRUE(rest.substr(table.size()).starts_with(" WHERE project = {project:UInt32}")) << sql;
  }
  EXPECT_GT(scans, 0U);
  EXPECT_EQ(sql.find("JOIN spans"), std::string::npos);
  EXPECT_EQ(sql.find(hostile), std::string::npos) << sql;
  ASSERT_FALSE(statement.parameters.empty());
  EXPECT_EQ(statement.parameters[0].name, "project");
  EXPECT_EQ(statement.parameters[0].value, "77");
  for (const Parameter& parameter : statement.parameters)
    EXPECT_NE(sql.find(fmt::format("{{{}:{}}}", parameter.name, parameter.type)), std::string::npos) << parameter.name;
}

TEST(Isolation, EveryScanNamesTheProject) {
  SeededRandom random(21);
  const std::string hostile = "zq'x";
  for (int i = 0; i < 300; ++i) {
    std::string text = random_filter(random);
    if (i % 2 == 0)
      text += " (zq'x or \"zq'x y\" or prompt~zq'x or -attr.\"zq'x\"=\"zq'x\" or session=zq'x or tag~zq'x)";
    const auto filter = Filter::parse(text);
    ASSERT_TRUE(filter) << text << filter.error().message;
    const auto grain = static_cast<Grain>(i % 3);
    MeasureQuery query{.filter = *filter, .range = {world_start, world_start + day}, .grain = grain};
    for (const MeasureInfo& measure : measures())
      if (random.below(4) == 0 && query.measures.size() < 19) query.measures.emplace_back(measure.name);
    query.measures.emplace_back("cost_unknown_calls");
    std::ranges::sort(query.measures);
    query.measures.erase(std::ranges::unique(query.measures).begin(), query.measures.end());
    query.dimensions = {"attr.zq'x", "tag"};
    const auto statement = compile(77, query);
    ASSERT_TRUE(statement) << statement.error().what;
    walk(*statement, hostile);
    for (const char* order : {"-start", "cost", "name"}) {
      auto pager = Pager::create(77, {.grain = grain, .filter = *filter, .range = query.range, .order = order});
      walk(*pager->next(), hostile);
    }
    walk(*compile_values(
             77, {.dimension = "attr.zq'x", .prefix = "zq'x", .filter = *filter, .range = query.range, .grain = grain}),
         hostile);
  }
  walk(compile_find(77, hostile), hostile);
  walk(compile_held(77, {{{1, 2}, {3, 4}}}, {0, day}), hostile);
  walk(compile_session(77, hostile), hostile);
  walk(compile_traces_of(77, hostile, 5), hostile);
  walk(compile_trace(77, {1, 2}), hostile);
}

}  // namespace
}  // namespace pawl::query
