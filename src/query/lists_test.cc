// Pages of lists, rows of one item, completion and look-ups by id, against the live spans.
#include <gtest/gtest.h>

#include <map>

#include "base/text.h"
#include "records/traces/traces.h"
#include "world.h"

namespace pawl::query {
namespace {

using namespace testing;

constexpr std::uint32_t project = 21;

std::size_t at(TraceColumn column) {
  return static_cast<std::size_t>(column);
}
std::size_t at(SessionColumn column) {
  return static_cast<std::size_t>(column);
}
std::size_t at(SpanColumn column) {
  return static_cast<std::size_t>(column);
}

class Lists : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    SeededRandom random(3);
    spans() = make_spans(random);
    Engine::one().insert(project, make_rows(spans(), random));
    std::vector<Span> foreign = make_spans(random);
    Engine::one().insert(project + 1, make_rows(foreign, random));
  }
  static std::vector<Span>& spans() {
    static std::vector<Span> all;
    return all;
  }
};

struct Listed {
  std::vector<std::string> ids, order_keys;
  std::size_t pages = 0, statements = 0;
};

// What identifies a row in the world: the trace, the session or own trace, the span.
std::string id_of_row(Grain grain, const native::Rows& rows, std::size_t r) {
  if (grain == Grain::trace) return to_hex(rows.id(at(TraceColumn::trace), r));
  if (grain == Grain::span) return to_hex(rows.id(at(SpanColumn::span), r));
  const std::string_view session = rows.text(at(SessionColumn::session), r);
  return session.empty() ? "t" + to_hex(rows.id(at(SessionColumn::trace), r)) : "s" + std::string(session);
}

void list_page(const ListQuery& query, Listed& out, std::string& cursor,
               const std::function<void(const native::Rows&, std::size_t)>& each) {
  auto pager = Pager::create(project, query);
  ASSERT_TRUE(pager) << pager.error().what;
  while (const auto statement = pager->next()) {
    ASSERT_LT(++out.statements, 400U);
    const auto [read, kept, values] = pager->read(Engine::one().run(*statement));
    if (kept.empty()) continue;  // keys, or where to look
    const native::Rows& rows = *read;
    const auto columns = row_columns(query.grain);
    ASSERT_GE(rows.columns(), columns.size());
    ASSERT_EQ(kept.size(), values.size());
    for (std::size_t c = 0; c < columns.size(); ++c) {
      EXPECT_EQ(rows.name(c).starts_with("r_") ? rows.name(c).substr(2) : rows.name(c), columns[c].name);
      if (query.grain != Grain::span) EXPECT_EQ(rows.data(c).type, columns[c].type) << columns[c].name;
    }
    for (const std::size_t r : kept) {
      out.ids.push_back(id_of_row(query.grain, rows, r));
      each(rows, r);
    }
    out.order_keys.insert(out.order_keys.end(), values.begin(), values.end());
  }
  cursor = pager->cursor();
}

Listed list(ListQuery query, const std::function<void(const native::Rows&, std::size_t)>& each) {
  Listed out;
  do {
    const std::size_t before = out.ids.size();
    std::string cursor;
    list_page(query, out, cursor, each);
    EXPECT_LE(out.ids.size() - before, query.limit);
    query.cursor = cursor;
    ++out.pages;
  } while (!query.cursor.empty() && out.pages < 200 && !::testing::Test::HasFatalFailure());
  return out;
}

std::map<std::string, Spans> items_of(Grain grain, const std::vector<Span>& spans, const Range& range) {
  std::map<std::string, Spans> items;
  for (const Span& span : spans) {
    const std::string id =
        grain == Grain::session ? span.session_key() : to_hex(grain == Grain::trace ? span.trace : span.span);
    if (span.position() >= range.from && span.position() < range.to) items[id].push_back(&span);
  }
  return items;
}

double order_value(std::string_view by, Grain grain, const Spans& spans) {
  if (by == "start" && grain == Grain::span) return static_cast<double>(spans[0]->position());
  return total_of(by, spans).value_or(-1);
}

Spans whole(Grain grain, const std::vector<Span>& spans, const Span& of) {
  Spans out;
  for (const Span& span : spans)
    if (grain == Grain::session ? span.session_key() == of.session_key() : span.trace == of.trace) out.push_back(&span);
  return out;
}

const Span* root_of(const Spans& spans) {
  const Span* best = spans[0];
  const auto rank = [](const Span* s) { return std::tuple(bool(s->parent), s->start, -s->duration); };
  for (const Span* span : spans)
    if (rank(span) < rank(best)) best = span;
  return best;
}

void check_totals(const native::Rows& rows, std::size_t r, std::size_t status, std::size_t duration, std::size_t errors,
                  std::size_t count, std::size_t tokens, std::size_t cost, const Spans& spans) {
  EXPECT_EQ(rows.text(status, r), status_of(spans));
  EXPECT_EQ(rows.integer(duration, r), extent_of(spans));
  EXPECT_EQ(rows.integer(errors, r), static_cast<std::int64_t>(total_of("errors", spans).value_or(0)));
  EXPECT_EQ(rows.integer(count, r), static_cast<std::int64_t>(spans.size()));
  const auto tokens_there = total_of("tokens", spans), cost_there = total_of("cost", spans);
  EXPECT_EQ(rows.is_null(tokens, r), !tokens_there);
  if (tokens_there) EXPECT_EQ(rows.integer(tokens, r), static_cast<std::int64_t>(*tokens_there));
  EXPECT_EQ(rows.is_null(cost, r), !cost_there);
  if (cost_there) EXPECT_EQ(static_cast<double>(rows.wide(cost, r)), *cost_there);
}

void check_row(Grain grain, const native::Rows& rows, std::size_t r, const Spans& spans) {
  if (grain == Grain::trace) {
    check_totals(rows, r, at(TraceColumn::status), at(TraceColumn::duration), at(TraceColumn::errors),
                 at(TraceColumn::spans), at(TraceColumn::tokens), at(TraceColumn::cost), spans);
    EXPECT_EQ(rows.text(at(TraceColumn::name), r), root_of(spans)->name);
    EXPECT_EQ(rows.text(at(TraceColumn::trace_id), r), to_hex(spans[0]->trace));
    EXPECT_EQ(rows.text(at(TraceColumn::user), r), spans[0]->user);
    std::set<std::string_view> tags;
    for (const Span* span : spans) tags.insert(span->tags.begin(), span->tags.end());
    EXPECT_EQ(rows.texts(at(TraceColumn::tags), r), (std::vector<std::string_view>{tags.begin(), tags.end()}));
  }
  if (grain == Grain::session) {
    check_totals(rows, r, at(SessionColumn::status), at(SessionColumn::duration), at(SessionColumn::errors),
                 at(SessionColumn::spans), at(SessionColumn::tokens), at(SessionColumn::cost), spans);
    std::map<Id128, Spans> traces;
    for (const Span* span : spans) traces[span->trace].push_back(span);
    Nanos active = 0;
    for (const auto& [trace, of] : traces) active += extent_of(of);
    EXPECT_EQ(rows.integer(at(SessionColumn::traces), r), static_cast<std::int64_t>(traces.size()));
    EXPECT_EQ(rows.integer(at(SessionColumn::active), r), active);
  }
  if (grain == Grain::span) {
    EXPECT_EQ(rows.integer(at(SpanColumn::start), r), spans[0]->start);
    EXPECT_EQ(rows.maybe(at(SpanColumn::cost), r), spans[0]->cost);
    EXPECT_EQ(rows.text(at(SpanColumn::kind), r), spans[0]->kind);
    EXPECT_EQ(rows.text(at(SpanColumn::name), r), spans[0]->name);
    EXPECT_EQ(rows.text(at(SpanColumn::tool), r), spans[0]->tool);
  }
}

std::size_t check(const ListQuery& query, const std::vector<Span>& spans) {
  const auto items = items_of(query.grain, spans, query.range);
  std::vector<std::pair<double, std::string>> wanted;
  const bool down = query.order.starts_with('-');
  const std::string by = query.order.substr(down ? 1 : 0);
  for (const auto& [id, of] : items) {
    const bool passes = query.filter.empty() || (query.grain == Grain::span ? matches(query.filter, Facts(*of[0]))
                                                                            : item_passes(*query.filter.root(), of));
    if (passes) wanted.emplace_back(by == "name" ? 0 : order_value(by, query.grain, of), id);
  }
  const std::string what = fmt::format("{} {} where {}", name_of(query.grain), query.order, query.filter.text());
  const Listed listed = list(query, [&](const native::Rows& rows, std::size_t r) {
    const auto found = items.find(id_of_row(query.grain, rows, r));
    ASSERT_NE(found, items.end()) << what;
    check_row(query.grain, rows, r,
              query.grain == Grain::span ? found->second : whole(query.grain, spans, *found->second[0]));
  });
  std::ranges::sort(wanted);
  if (down) std::ranges::reverse(wanted);
  EXPECT_EQ(listed.ids.size(), wanted.size()) << what;
  if (listed.ids.size() != wanted.size()) return 0;
  std::set<std::string> ids(listed.ids.begin(), listed.ids.end());
  EXPECT_EQ(ids.size(), wanted.size()) << what;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_TRUE(ids.contains(wanted[i].second)) << what;
    if (by == "name") {
      if (i > 0)
        EXPECT_TRUE(down ? listed.order_keys[i] <= listed.order_keys[i - 1]
                         : listed.order_keys[i] >= listed.order_keys[i - 1]);
    } else {
      EXPECT_NEAR(*parse_double(listed.order_keys[i]), wanted[i].first, 1000) << what;  // 53 bits of ns
    }
  }
  return wanted.size();
}

TEST_F(Lists, PageThroughEverything) {
  SeededRandom random(8);
  const std::vector<std::string> orders = {"-start",    "-start", "start",   "-cost", "cost",
                                           "-duration", "tokens", "-errors", "name",  "-name"};
  for (int i = 0; i < 30; ++i) {
    ListQuery query;
    query.grain = static_cast<Grain>(i % 3);
    query.order = orders[random.below(orders.size())];
    query.range = {world_start + 17 * minute + 123, world_start + world_length + hour};
    if (i % 2 == 0) query.filter = *Filter::parse(random_filter(random, 1));
    query.limit = static_cast<std::uint32_t>(query.grain == Grain::span ? 60 : 9 + random.below(20));
    query.now = random.below(2) == 0 ? 0 : world_start + 4 * hour;
    SCOPED_TRACE(i);
    check(query, spans());
    if (HasFailure()) return;
  }
}

// The newest that pass are found by candidates: filters with a term that must hold, few rows a page.
TEST_F(Lists, TheNewestThatPass) {
  SeededRandom random(31);
  const std::vector<std::string> musts = {"agent=refunds",        "is:error",         "kind=tool status=error",
                                          "tool=lookup is:error", "status=blocked",   "user~1 model=gpt-5",
                                          "attr.tenant=acme",     "tag=vip kind=llm", "status=error,unfinished"};
  std::size_t listed = 0;
  for (int i = 0; i < 60; ++i) {
    ListQuery query;
    query.grain = i % 2 == 0 ? Grain::trace : Grain::session;
    query.range = {world_start + 17 * minute + 123, world_start + world_length + (i % 3 == 0 ? 40 * day : hour)};
    std::string text = musts[random.below(musts.size())];
    if (i % 3 == 1) text += " (" + random_filter(random, 1) + ")";
    query.filter = *Filter::parse(text);
    query.limit = static_cast<std::uint32_t>(1 + random.below(8));
    query.now = random.below(2) == 0 ? 0 : world_start + 4 * hour;
    SCOPED_TRACE(text);
    listed += check(query, spans());
    if (HasFailure()) return;
  }
  EXPECT_GT(listed, 200U);
}

// Rows that are made here are those that the engine makes.
TEST_F(Lists, FoldedRowsAreTheEnginesRows) {
  for (const Grain grain : {Grain::trace, Grain::session}) {
    std::size_t rows = 0;
    std::string cursor;
    Listed out;
    const ListQuery query{.grain = grain, .range = {world_start, world_start + world_length + hour}, .limit = 1000};
    list_page(query, out, cursor, [&](const native::Rows& page, std::size_t r) {
      const std::string_view session = grain == Grain::session ? page.text(at(SessionColumn::session), r) : "";
      const Id128 trace = page.id(grain == Grain::session ? at(SessionColumn::trace) : at(TraceColumn::trace), r);
      if (grain == Grain::session && session.empty()) return;
      const native::Rows made =
          Engine::one().run(grain == Grain::trace ? compile_trace(project, trace) : compile_session(project, session));
      ASSERT_EQ(made.size(), 1U);
      const auto columns = row_columns(grain);
      for (std::size_t c = 1; c < columns.size(); ++c) {  // order_key is the list's own
        const std::string_view type = columns[c].type, name = columns[c].name;
        EXPECT_EQ(page.is_null(c, r), made.is_null(c, 0)) << name;
        if (type == "String") EXPECT_EQ(page.text(c, r), made.text(c, 0)) << name;
        if (type == "Array(String)") EXPECT_EQ(page.texts(c, r), made.texts(c, 0)) << name;
        if (type != "String" && type != "Array(String)" && !page.is_null(c, r))
          EXPECT_EQ(page.wide(c, r), made.wide(c, 0)) << name;
      }
      ++rows;
    });
    EXPECT_GT(rows, 15U);
  }
}

// A page of more spans than are read at once is made by the engine.
TEST_F(Lists, ATraceOfManySpans) {
  constexpr std::uint32_t here = project + 5;
  std::vector<Row> rows;
  for (std::uint64_t i = 0; i < 30'100; ++i) {
    Span span;
    span.trace = {9, 9}, span.span = {0, i + 1}, span.parent = {0, i == 0 ? 0U : 1U};
    span.start = world_start + static_cast<Nanos>(i) * millisecond, span.minute = span.start / minute;
    span.agent = "many", span.name = "n";
    rows.push_back({span, 1});
  }
  Engine::one().insert(here, rows);
  for (const char* filter : {"", "agent=many"}) {
    ListQuery query{.range = {world_start, world_start + hour}};
    if (*filter != 0) query.filter = *Filter::parse(filter);
    auto pager = Pager::create(here, query);
    std::vector<std::int64_t> counts;
    while (const auto statement = pager->next()) {
      const auto [page, mine, values] = pager->read(Engine::one().run(*statement));
      for (const std::size_t r : mine) counts.push_back(page->integer(at(TraceColumn::spans), r));
    }
    EXPECT_EQ(counts, std::vector<std::int64_t>{30'100}) << filter;
  }
}

TEST_F(Lists, ATraceWithoutARootRunsWhileItGetsSpans) {
  std::size_t running = 0;
  for (const bool recent : {true, false}) {
    std::optional<JustReceived> just;
    if (recent) just.emplace();
    for (const char* filter :
         {"", "status=running", "status!=running", "is:running", "status=ok,error", "-is:running"}) {
      for (const Grain grain : {Grain::trace, Grain::session}) {
        ListQuery query{.grain = grain, .range = {world_start, world_start + world_length + hour}, .limit = 1000};
        if (*filter != 0) query.filter = *Filter::parse(filter);
        query.now = recent ? JustReceived::at : traces::still_running + 2 * minute;
        check(query, spans());
        if (HasFailure()) return;
      }
    }
    if (recent)
      for (const Span& span : spans()) running += still_runs(whole(Grain::trace, spans(), span)) ? 1 : 0;
  }
  EXPECT_GT(running, 10U);  // the world has such traces
}

TEST_F(Lists, FirstPageReadsOneWindow) {
  ListQuery query{.grain = Grain::trace, .range = {world_start - 300 * day, world_start + world_length + day}};
  query.limit = 3;
  query.now = world_start + world_length;
  Listed out;
  std::string cursor;
  list_page(query, out, cursor, [](const native::Rows&, std::size_t) {});
  EXPECT_EQ(out.statements, 2U);  // keys, rows
  EXPECT_EQ(out.ids.size(), 3U);
  EXPECT_FALSE(cursor.empty());
}

TEST_F(Lists, RefuseForeignCursors) {
  ListQuery query{.range = {0, day}};
  for (const char* bad : {"x", "AAAA", "MXx0cmFjZXwtc3RhcnR8MHww"}) {
    query.cursor = bad;
    EXPECT_FALSE(Pager::create(1, query)) << bad;
  }
  query.cursor = to_base64url("1|trace|-start|" + std::string(32, 'a') + "|17");
  EXPECT_TRUE(Pager::create(1, query));
  query.cursor = to_base64url("1|trace|-start|" + std::string(32, 'a') + "|1); DROP");
  EXPECT_FALSE(Pager::create(1, query));
  query = {.range = {0, day}, .order = "-size"};
  EXPECT_FALSE(Pager::create(1, query));
}

TEST_F(Lists, GiveOneItem) {
  const Span& span = spans()[7];
  auto& engine = Engine::one();
  auto rows = engine.run(compile_trace(project, span.trace));
  ASSERT_EQ(rows.size(), 1U);
  check_row(Grain::trace, rows, 0, whole(Grain::trace, spans(), span));
  EXPECT_EQ(engine.run(compile_trace(project + 1, span.trace)).size(), 0U);

  const Span* in_session = nullptr;
  for (const Span& other : spans())
    if (!other.session.empty()) in_session = &other;
  const Spans all = whole(Grain::session, spans(), *in_session);
  rows = engine.run(compile_session(project, in_session->session));
  ASSERT_EQ(rows.size(), 1U);
  check_row(Grain::session, rows, 0, all);
  std::set<Id128> traces;
  for (const Span* one : all) traces.insert(one->trace);
  EXPECT_EQ(engine.run(compile_traces_of(project, in_session->session, 100)).size(), traces.size());
  EXPECT_EQ(engine.run(compile_session(project, "s-ghost")).size(), 0U);
  EXPECT_EQ(engine.run(compile_session(project, "")).size(), 0U);
}

TEST_F(Lists, CompleteValues) {
  ValuesQuery query{.dimension = "tool", .prefix = "oo", .range = {world_start, world_start + day}};
  auto rows = Engine::one().run(*compile_values(project, query));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows.text(0, 0), "lookup");
  std::int64_t micro = 0;
  for (const Span& span : spans())
    if (span.tool == "lookup" && span.position() < query.range.to) micro += span.micro();
  EXPECT_NEAR(rows.real(1, 0), static_cast<double>(micro) / 1e6, 1e-6);

  const auto values = [&](std::string dimension, std::string prefix = "", Grain grain = Grain::span,
                          std::string_view filter = "") {
    ValuesQuery asked{.dimension = std::move(dimension),
                      .prefix = std::move(prefix),
                      .filter = *Filter::parse(filter),
                      .range = query.range,
                      .grain = grain};
    const auto answer = Engine::one().run(*compile_values(project, asked));
    std::set<std::string> out;
    for (std::size_t r = 0; r < answer.size(); ++r) out.emplace(answer.text(0, r));
    return out;
  };
  using Set = std::set<std::string>;
  EXPECT_EQ(values("tag"), (Set{"test", "vip", "new"}));
  EXPECT_EQ(values("attr."), (Set{"tenant", "retries"}));
  EXPECT_EQ(values("attr.tenant", "AC"), (Set{"acme"}));
  EXPECT_EQ(values("kind", "gua"), (Set{"guardrail"}));
  EXPECT_EQ(values("user", "ghost"), (Set{}));
  EXPECT_EQ(values("agent", "", Grain::trace, "agent=refunds").contains("search"), true);
  EXPECT_EQ(values("agent", "", Grain::span, "agent=refunds"), (Set{"refunds"}));
  for (const Grain grain : {Grain::trace, Grain::session})
    for (const std::string name : {"agent", "status"}) {  // an item counts once, whatever it has of the value
      std::map<std::string, Spans> items;
      for (const Span& one : spans())
        if (one.position() >= query.range.from && one.position() < query.range.to)
          items[grain == Grain::session ? one.session_key() : to_hex(one.trace)].push_back(&one);
      std::map<std::string, std::map<std::string, std::pair<std::int64_t, std::int64_t>>> wanted;  // weight, spans
      for (const auto& [item, of] : items)
        for (const Span* one : of) {
          const std::string value = name == "status" ? status_of(of) : one->agent;  // as the filter understands it
          if (value.empty()) continue;
          auto& [weight, count] = wanted[value][item];
          weight += one->micro(), ++count;
        }
      const auto answer =
          Engine::one().run(*compile_values(project, {.dimension = name, .range = query.range, .grain = grain}));
      ASSERT_EQ(answer.size(), wanted.size()) << name;
      for (std::size_t r = 0; r < answer.size(); ++r) {
        std::int64_t sum = 0;
        for (const auto& [item, seen] : wanted[std::string(answer.text(0, r))]) sum += seen.first / seen.second;
        EXPECT_NEAR(answer.real(1, r), static_cast<double>(sum) / 1e6, 1e-6) << answer.text(0, r);
      }
    }
  query.dimension = "cost";
  EXPECT_EQ(compile_values(project, query).error().what, "cost has no values to choose from; compare it instead.");
  query.dimension = "tol";
  EXPECT_EQ(compile_values(project, query).error().what, "No dimension is called tol. Did you mean tool?");
}

TEST_F(Lists, WhichSpansAreThere) {
  const Span& span = spans()[4];
  const std::vector<SpanKey> keys = {{span.trace, span.span}, {span.trace, {7, 7}}, {{7, 7}, span.span}};
  const auto rows = Engine::one().run(compile_held(project, keys, {0, 9'000'000'000 * second}));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows.id(0, 0), span.trace);
  EXPECT_EQ(rows.id(1, 0), span.span);
  EXPECT_EQ(Engine::one().run(compile_held(project, keys, {span.start, span.start + second})).size(), 1U);
  EXPECT_EQ(Engine::one().run(compile_held(project, keys, {span.start - day, span.start - hour})).size(), 0U);
  EXPECT_EQ(Engine::one().run(compile_held(project + 1, keys, {0, 9'000'000'000 * second})).size(), 0U);
}

TEST_F(Lists, FindAnyId) {
  const Span& span = spans()[4];
  auto rows = Engine::one().run(compile_find(project, " " + to_hex(span.trace) + "\n"));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows.text(0, 0), "trace");
  EXPECT_EQ(rows.text(1, 0), to_hex(span.trace));
  rows = Engine::one().run(compile_find(project, to_hex(span.span).substr(16)));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows.text(0, 0), "span");
  EXPECT_EQ(rows.text(5, 0), span.name);
  EXPECT_EQ(rows.integer(6, 0), span.start);
  std::string session;
  for (const Span& other : spans()) session = other.session.empty() ? session : other.session;
  rows = Engine::one().run(compile_find(project, session));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows.text(0, 0), "session");
  EXPECT_EQ(Engine::one().run(compile_find(project + 1, to_hex(span.trace))).size(), 0U);
  EXPECT_EQ(Engine::one().run(compile_find(project, "")).size(), 0U);
  EXPECT_EQ(Engine::one().run(compile_find(project, "s-ghost")).size(), 0U);
}

}  // namespace
}  // namespace pawl::query
