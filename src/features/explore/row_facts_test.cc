// The live view passes a span exactly where the list of spans would show it: rows in memory against rows in the engine.
#include "row_facts.h"

#include <gtest/gtest.h>

#include <set>

#include "base/rng.h"
#include "base/text.h"
#include "records/traces/traces.h"
#include "store/warehouse/warehouse_testing.h"

namespace pawl::explore {
namespace {

warehouse::Warehouse& engine() {
  return warehouse::testing::engine(traces::create_tables);
}

constexpr traces::ProjectId project = 7;
constexpr Nanos noon = 1'772'020'800 * second;  // 2026-02-25T12:00:00Z

// Few different values, so that filters hit: with letters of other scripts, and none.
const std::vector<std::string> words = {"",        "refunds", "Refunds, gold", "search", "Übersicht", "возврат",
                                        "gpt-5.1", "a\"b\\c", "tab\there",     "αβγ",    "日本",      "x"};
const std::vector<std::string> numbers = {"",   "0",  "1",  "2.5", "-3",  "1e3", "abc", " 4",
                                          "5 ", "+6", ".5", "7.",  "inf", "nan", "0x10"};

class Maker {
 public:
  explicit Maker(Random& random) : random_(random) {}
  bool chance(double share) { return random_.unit() < share; }
  const std::string& one(const std::vector<std::string>& from) { return from[random_.below(from.size())]; }
  std::optional<std::int64_t> maybe(std::uint64_t below) {
    return chance(.4) ? std::nullopt : std::optional(static_cast<std::int64_t>(random_.below(below)));
  }
  std::vector<std::string> some() {
    std::vector<std::string> out;
    while (chance(.4)) out.push_back(one(words));
    return out;
  }

  traces::SpanRow row(std::uint64_t number) {
    traces::SpanRow row;
    row.project = project;
    row.trace = {1, number / 3}, row.span = {0, number + 1};
    if (chance(.3)) row.trace_id = fmt::format("run {}", number), row.trace = id_from_text(row.trace_id);
    if (chance(.3)) row.span_id = fmt::format("step {}", number), row.span = id_from_text(row.span_id);
    if (chance(.6)) row.parent = {0, number};
    row.start = noon + static_cast<Nanos>(random_.below(1000)) * second;
    row.duration = static_cast<Nanos>(random_.below(20)) * second;
    row.received = row.start + second;
    row.kind = static_cast<llm::Kind>(random_.below(11));
    row.status = static_cast<llm::Status>(random_.below(5));
    row.is_error = chance(.3), row.noise = chance(.2), row.framework_tool = chance(.2), row.clock = chance(.2);
    for (auto* text : {&row.name,       &row.error_type,    &row.error_message,  &row.session,  &row.user,
                       &row.agent,      &row.agent_version, &row.team,           &row.task,     &row.outcome,
                       &row.customer,   &row.environment,   &row.service,        &row.provider, &row.model_requested,
                       &row.model,      &row.prompt,        &row.prompt_version, &row.tool,     &row.handoff_from,
                       &row.handoff_to, &row.dialect})
      *text = one(words);
    row.tags = some(), row.finish_reasons = some();
    for (std::size_t i = 0; i < llm::rule_count; ++i)
      if (chance(.2)) row.findings.emplace_back(llm::name_of(static_cast<llm::Rule>(i)));
    if (chance(.3)) row.waste = llm::name_of(static_cast<llm::Rule>(random_.below(llm::rule_count)));
    for (auto* count : {&row.tokens_input, &row.tokens_cache_read, &row.tokens_cache_write, &row.tokens_output,
                        &row.tokens_reasoning})
      *count = maybe(5);
    row.ttft = maybe(4);
    if (row.ttft) *row.ttft *= second;
    row.cost = maybe(4), row.cost_reported = maybe(4);
    for (auto* cost : {&row.cost, &row.cost_reported})
      if (*cost) **cost *= 10'000'000'000;  // cents
    row.cost_unknown = chance(.2), row.counted = chance(.6);
    row.not_counted = row.counted ? llm::NotCounted::counted : static_cast<llm::NotCounted>(1 + random_.below(3));
    if (chance(.6)) row.attributes.emplace_back("tenant", one(words));
    if (chance(.8)) row.attributes.emplace_back("n", one(numbers));
    if (chance(.3)) row.events = "[{\"name\":\"e\"}]";
    if (chance(.3)) row.links = "[]";
    return row;
  }

  std::string value_of(const query::DimensionInfo& dimension, const traces::SpanRow& near) {
    switch (dimension.type) {
      case query::Type::enumeration:
        return std::string(dimension.values[random_.below(dimension.values.size())]);
      case query::Type::number:
        return fmt::format("{}", random_.below(12));
      case query::Type::money:
        return fmt::format("0.0{}", random_.below(4));
      case query::Type::duration:
        return fmt::format("{}s", random_.below(20));
      case query::Type::time:
        return format_time(noon + static_cast<Nanos>(random_.below(1000)) * second);
      case query::Type::text:
        break;
    }
    if (dimension.name == "finding" || dimension.name == "waste")
      return std::string(llm::name_of(static_cast<llm::Rule>(random_.below(llm::rule_count))));
    if (dimension.name == "trace") return query::quoted(near.shown_trace_id());
    if (dimension.name == "span") return query::quoted(near.shown_span_id());
    return query::quoted(one(words));
  }
  std::string leaf(const traces::SpanRow& near) {
    const std::string minus = chance(.2) ? "-" : "";
    const auto flags = query::flags();
    if (chance(.15)) return fmt::format("{}is:{}", minus, flags[random_.below(flags.size())]);
    const auto& all = query::dimensions();
    const auto& dimension = all[random_.below(all.size())];
    if (dimension.name == "score.NAME") return leaf(near);  // no fact of a row: what has just come has none
    const bool attribute = dimension.name.starts_with("attr.") || dimension.name.starts_with("state.");
    const std::string name(attribute ? (chance(.5)   ? "attr.n"
                                        : chance(.5) ? "attr.tenant"
                                                     : "state.n")
                                     : dimension.name);
    if (chance(.15)) {
      const std::vector<std::string> others = {name, "error", "parent", "links", "events"};
      return fmt::format("{}has:{}", minus, one(others));
    }
    const std::string op(dimension.operators[random_.below(dimension.operators.size())]);
    const bool compares = op.starts_with('>') || op.starts_with('<');
    if (attribute && compares) return fmt::format("{}{}{}{}", minus, name, op, random_.below(6));
    if (attribute && name != "attr.tenant")
      return fmt::format("{}{}{}{}", minus, name, op, query::quoted(one(numbers)));
    std::string text = minus + name + op + value_of(dimension, near);
    if (!compares && dimension.type != query::Type::time && chance(.3)) text += "," + value_of(dimension, near);
    return text;
  }
  std::string filter(const traces::SpanRow& near, int depth = 0) {
    if (depth >= 2 || chance(.55)) return leaf(near);
    const std::string joint = chance(.5) ? " or " : " ";
    return fmt::format("{}({}{}{})", chance(.3) ? "-" : "", filter(near, depth + 1), joint, filter(near, depth + 1));
  }

 private:
  Random& random_;
};

std::set<std::string> listed(const query::Filter& filter) {
  auto pager = query::Pager::create(project, {.grain = query::Grain::span,
                                              .filter = filter,
                                              .range = {noon - hour, noon + hour},
                                              .order = "duration",
                                              .limit = 1000});
  PAWL_CHECK(pager.has_value());
  constexpr auto trace = static_cast<std::size_t>(query::SpanColumn::trace);
  constexpr auto span = static_cast<std::size_t>(query::SpanColumn::span);
  std::set<std::string> out;
  while (const auto statement = pager->next()) {
    auto answer = engine().read(query::question(*statement));
    PAWL_CHECK(answer.has_value(), "{}\n{}", answer.error().what, statement->sql);
    const auto [rows, mine, values] = pager->read(std::move(answer->rows));
    for (const std::size_t i : mine) out.insert(to_hex(rows->id(trace, i)) + "-" + to_hex(rows->id(span, i)));
  }
  return out;
}

TEST(RowFacts, PassWhatTheListShows) {
  SeededRandom random(17);
  Maker make(random);
  traces::Batch batch;
  batch.number = 1;
  for (std::uint64_t i = 0; i < 300; ++i) batch.spans.push_back(make.row(i));
  ASSERT_TRUE(traces::insert(engine(), batch));
  int hits = 0;
  for (int round = 0; round < 120; ++round) {
    const std::string text = make.filter(batch.spans[random.below(batch.spans.size())]);
    const auto filter = query::Filter::parse(text);
    ASSERT_TRUE(filter) << text << ": " << filter.error().message;
    if (filter->searches_bodies()) continue;
    std::set<std::string> passed;
    for (const auto& row : batch.spans)
      if (query::matches(*filter, RowFacts(row))) passed.insert(to_hex(row.trace) + "-" + to_hex(row.span));
    hits += !passed.empty() && passed.size() < batch.spans.size() ? 1 : 0;
    const auto found = listed(*filter);
    if (passed == found) continue;
    for (const auto& row : batch.spans) {
      const auto key = to_hex(row.trace) + "-" + to_hex(row.span);
      if (passed.contains(key) == found.contains(key)) continue;
      ADD_FAILURE() << text << ": live " << passed.size() << ", listed " << found.size() << "; one is span "
                    << row.shown_span_id() << " n=" << RowFacts(row).attribute("n");
      break;
    }
  }
  EXPECT_GT(hits, 60);
}

// Each name of the catalogue is a fact of a row that has everything: none was forgotten.
TEST(RowFacts, KnowEveryName) {
  SeededRandom random(3);
  Maker make(random);
  std::set<std::string> texts, values;
  for (std::uint64_t i = 0; i < 300; ++i) {
    const auto row = make.row(i);
    const RowFacts facts(row);
    for (const auto& dimension : query::dimensions()) {
      if (!facts.texts(dimension.name).empty()) texts.emplace(dimension.name);
      if (facts.number(dimension.name)) values.emplace(dimension.name);
    }
    for (const auto flag : query::flags())
      if (!facts.texts("is:" + std::string(flag)).empty()) texts.emplace("is:" + std::string(flag));
  }
  for (const auto& dimension : query::dimensions()) {
    const bool text = dimension.type == query::Type::text || dimension.type == query::Type::enumeration;
    if (dimension.name.ends_with(".NAME")) continue;
    EXPECT_TRUE(text ? texts.contains(std::string(dimension.name)) : values.contains(std::string(dimension.name)))
        << dimension.name;
  }
  const std::set<std::string_view> asked_otherwise = {"error", "noise", "blocked", "running", "unfinished"};
  for (const auto flag : query::flags())
    if (!asked_otherwise.contains(flag)) EXPECT_TRUE(texts.contains("is:" + std::string(flag))) << flag;
}

}  // namespace
}  // namespace pawl::explore
