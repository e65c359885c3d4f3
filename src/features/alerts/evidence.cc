// What explains a firing: which values of one to three dimensions, traces of before and after, the release or change of
// prices that is nearest. Asked of the warehouse once, when it fires.
#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"
#include "inside.h"
#include "records/audit/audit.h"
#include "stats/why.h"

namespace pawl::alerts {
namespace {

constexpr int most_days = 7;  // of the baseline: the same time of the days before
constexpr std::int64_t a_day = 86'400;

struct Scene {  // what is asked about
  Inside& inside;
  warehouse::Warehouse& store;
  const StoredRule& rule;
  const Definition& definition;
  std::vector<std::pair<std::string, std::string>> split;
  std::int64_t from = 0, to = 0;
  std::string filter;  // of the rule and the instance
};

// What the measure is a share or a mean of; "" for sums.
std::string rests_on(const Definition& definition) {
  const std::string& name = definition.measure;
  if (definition.shape.sort == stats::Sort::sum) return "";
  if (name == "error_rate") return definition.grain == query::Grain::span ? "steps" : definition.counted();
  if (name.starts_with("tool_")) return "tool_calls";
  if (name == "cache_hit_rate") return "tokens.all_input";
  if (name.starts_with("ttft.")) return "ttft.count";
  if (name.starts_with("latency.")) return "latency.count";
  if (name == "cost_per_session") return "sessions";
  if (name == "cost_per_task") return "tasks";
  if (name == "cost_per_trace" || name == "overhead") return "traces";
  return definition.counted();
}

std::vector<std::string> dimensions_of(const Scene& scene) {
  std::vector<std::string> wanted = scene.definition.explain;
  if (wanted.empty()) wanted = {"agent", "agent_version", "model", "tool", "error_type"};
  std::erase_if(wanted, [&](const std::string& one) {
    return std::ranges::find(scene.split, one, &std::pair<std::string, std::string>::first) != scene.split.end();
  });
  return wanted;
}

Result<query::Filter> filter_of(const std::string& text) {
  auto filter = query::Filter::parse(text);
  if (!filter) return fail(ErrorKind::invalid, "{}", filter.error().message);
  return std::move(*filter);
}

struct Amount {
  double value = 0, count = 0;  // of a sum: the sum; of a ratio or mean: its numerator and what it rests on
};
using Amounts = std::map<std::vector<std::string>, Amount>;

Result<Amounts> amounts(const Scene& scene, const std::vector<std::string>& dimensions, std::int64_t from,
                        std::int64_t to) {
  query::MeasureQuery question{.measures = {scene.definition.measure},
                               .dimensions = dimensions,
                               .filter = TRY(filter_of(scene.filter)),
                               .range = {from * second, to * second},
                               .wide = true,
                               .limit = 20'000,
                               .grain = scene.definition.grain,
                               .now = scene.inside.clock.now()};
  const std::string base = rests_on(scene.definition);
  if (!base.empty()) question.measures.push_back(base);
  std::optional<traces::Rollups::Reading> still;
  if (scene.inside.options.rollups != nullptr)
    question.rolled_up = still.emplace(*scene.inside.options.rollups).through();
  const auto statement = TRY(query::compile(scene.rule.project, question));
  const auto answer = TRY(scene.store.read(query::question(statement)));
  const auto& rows = answer.rows;
  const std::size_t value = dimensions.size();
  Amounts out;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    std::vector<std::string> key;
    for (std::size_t d = 0; d < dimensions.size(); ++d) key.emplace_back(rows.text(d, row));
    const double of = query::number_at(rows, value, row, statement.columns[value].type).value_or(0);
    const double count =
        base.empty() ? 0 : query::number_at(rows, value + 1, row, statement.columns[value + 1].type).value_or(0);
    out[std::move(key)] = {.value = base.empty() ? of : of * count, .count = count};
  }
  return out;
}

struct Baseline {
  Amounts usual;  // means of the days
  int days = 0;
};

Result<Baseline> baseline(const Scene& scene, const std::vector<std::string>& dimensions) {
  Baseline out;
  for (int d = 1; d <= most_days; ++d) {
    const auto one = TRY(amounts(scene, dimensions, scene.from - d * a_day, scene.to - d * a_day));
    if (one.empty()) continue;
    ++out.days;
    for (const auto& [key, amount] : one) out.usual[key].value += amount.value, out.usual[key].count += amount.count;
  }
  for (auto& [key, amount] : out.usual) amount.value /= out.days, amount.count /= out.days;
  return out;
}

struct Explained {
  double actual = 0, expected = 0;  // as the measure has it
  std::vector<stats::Cause> causes;
  std::vector<std::vector<std::string>> names;  // values of each dimension, by the number that causes have
};

Explained explain(const Scene& scene, const Amounts& now, const Baseline& before, std::size_t dimensions) {
  Explained out;
  out.names.resize(dimensions);
  std::vector<std::map<std::string, std::uint32_t>> numbers(dimensions);
  const bool sum = rests_on(scene.definition).empty();
  Amount usual, actual;
  for (const auto& [key, one] : before.usual) usual.value += one.value, usual.count += one.count;
  for (const auto& [key, one] : now) actual.value += one.value, actual.count += one.count;
  const double old_ratio = usual.count > 0 ? usual.value / usual.count : 0;
  std::map<std::vector<std::string>, stats::Leaf> leaves;
  const auto leaf_at = [&](const std::vector<std::string>& key) -> stats::Leaf& {
    auto& leaf = leaves[key];
    for (std::size_t d = leaf.values.size(); d < dimensions; ++d) {
      const auto [at, fresh] = numbers[d].emplace(key[d], static_cast<std::uint32_t>(numbers[d].size()));
      if (fresh) out.names[d].push_back(key[d]);
      leaf.values.push_back(at->second);
    }
    return leaf;
  };
  for (const auto& [key, one] : now) leaf_at(key).actual = one.value;
  for (const auto& [key, one] : before.usual) {
    if (sum) leaf_at(key).expected = one.value;
  }
  for (const auto& [key, one] : now) {
    const auto was = before.usual.find(key);
    const bool known = was != before.usual.end() && was->second.count > 0;
    if (!sum) leaf_at(key).expected = one.count * (known ? was->second.value / was->second.count : old_ratio);
  }
  out.actual = sum ? actual.value : actual.count > 0 ? actual.value / actual.count : 0;
  out.expected = sum ? usual.value : old_ratio;
  std::vector<stats::Leaf> list;
  for (auto& [key, leaf] : leaves) list.push_back(std::move(leaf));
  out.causes = stats::explain(std::move(list), dimensions);
  return out;
}

// "model=gpt-5 tool=search"; a value that is not there says so, and cannot be filtered by.
struct Where {
  std::string words, filter;
};
Where where_of(const stats::Cause& cause, const Explained& explained, const std::vector<std::string>& dimensions) {
  Where out;
  for (const auto& [d, value] : cause.where) {
    const auto& name = explained.names[d][value];
    out.words += fmt::format("{}{}={}", out.words.empty() ? "" : " ", dimensions[d], name.empty() ? "(none)" : name);
    if (!name.empty())
      out.filter += fmt::format("{}{}={}", out.filter.empty() ? "" : " ", dimensions[d], query::quoted(name));
  }
  return out;
}

Result<std::vector<std::string>> examples(const Scene& scene, const std::string& more, std::int64_t from,
                                          std::int64_t to) {
  const auto& name = scene.definition.measure;
  query::ListQuery wanted{.filter = TRY(filter_of(scene.filter + " " + more)),
                          .range = {from * second, to * second},
                          .order = name.starts_with("cost")      ? "-cost"
                                   : name.starts_with("latency") ? "-duration"
                                   : name.starts_with("tokens")  ? "-tokens"
                                   : name.contains("error")      ? "-errors"
                                                                 : "-start",
                          .limit = 3,
                          .now = scene.inside.clock.now()};
  auto pager = TRY(query::Pager::create(scene.rule.project, std::move(wanted)));
  std::vector<std::string> out;
  while (auto statement = pager.next()) {
    const auto page = pager.read(TRY(scene.store.read(query::question(*statement))).rows);
    for (const auto row : page.mine)
      out.emplace_back(page.rows->text(static_cast<std::size_t>(query::TraceColumn::trace_id), row));
  }
  return out;
}

struct Release {
  std::string agent, version;
  std::int64_t at = 0;  // the hour in which it was first seen
};

// The newest version that was first seen in the day before, of an agent that had another one.
Result<std::optional<Release>> release(const Scene& scene, const std::string& more) {
  std::string filter;  // of agents alone: a version is one whatever it was asked
  for (const auto& [name, value] : scene.split)
    if (name == "agent" && !value.empty()) filter = "agent=" + query::quoted(value);
  if (filter.empty() && more.contains("agent=")) filter = more;
  const query::MeasureQuery question{.measures = {"spans"},
                                     .dimensions = {"agent", "agent_version"},
                                     .filter = TRY(filter_of(filter)),
                                     .range = {(scene.to - 8 * a_day) * second, scene.to * second},
                                     .step = "1h",
                                     .limit = 10'000,
                                     .now = scene.inside.clock.now()};
  const auto statement = TRY(query::compile(scene.rule.project, question));
  const auto answer = TRY(scene.store.read(query::question(statement)));
  const auto& rows = answer.rows;
  std::map<std::string, std::map<std::string, std::int64_t>> first;  // agent → version → hour
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const std::string agent(rows.text(1, row)), version(rows.text(2, row));
    if (!version.empty()) first[agent].emplace(version, rows.integer(0, row) / second);
  }
  std::optional<Release> out;
  for (const auto& [agent, versions] : first) {
    const auto oldest = std::ranges::min_element(versions, {}, [](const auto& one) { return one.second; });
    for (const auto& [version, at] : versions) {
      if (at <= oldest->second || at < scene.from - a_day) continue;
      if (!out || at > out->at) out = Release{agent, version, at};
    }
  }
  return out;
}

void write_release(JsonWriter& json, const Result<std::optional<Release>>& found, std::int64_t since) {
  json.key("release");
  if (!found || !*found) {
    json.null();
    return;
  }
  json.object().field("agent", (*found)->agent).field("version", (*found)->version);
  json.field("at", time_text((*found)->at)).field("minutes_before", (since - (*found)->at) / 60).end();
}

void write_price_change(JsonWriter& json, const Scene& scene, std::int64_t since) {
  json.key("price_change");
  const auto entries = audit::read(scene.inside.ledger, scene.rule.project, true, 0, 200);
  for (std::size_t i = 0; entries && i < entries->size(); ++i) {
    const auto& one = (*entries)[i];
    if (!one.action.starts_with("prices.") || one.at / second < since - 7 * a_day || one.at / second > scene.to)
      continue;
    json.object().field("at", time_text(one.at / second)).field("detail", one.action + " " + one.detail);
    json.field("minutes_before", (since - one.at / second) / 60).end();
    return;
  }
  json.null();
}

std::string sentence_of(const Explained& explained, const std::vector<std::string>& dimensions, int days, bool spread) {
  if (days == 0) return "There is nothing of the days before to compare with.";
  const std::string_view what = explained.actual < explained.expected ? "fall" : "rise";
  if (spread) return fmt::format("No part explains more than half of the {}: it is spread over all.", what);
  const auto& first = explained.causes.front();
  return fmt::format("{:.0f} % of the {} comes from {}.", 100 * std::min(first.share, 1.), what,
                     where_of(first, explained, dimensions).words);
}

void write_causes(JsonWriter& json, const Explained& explained, const std::vector<std::string>& dimensions) {
  json.key("causes").array();
  for (const auto& cause : explained.causes) {
    json.object().key("where").object();
    for (const auto& [d, value] : cause.where) json.field(dimensions[d], explained.names[d][value]);
    json.end().field("filter", where_of(cause, explained, dimensions).filter);
    json.field("actual", cause.actual).field("expected", cause.expected).field("share", cause.share);
    json.key("ratio");
    cause.expected > 0 ? json.value(cause.actual / cause.expected) : json.null();
    json.field("llr", cause.llr).end();
  }
  json.end();
}

void write_examples(JsonWriter& json, const Scene& scene, const std::string& more, int days) {
  json.key("traces").object();
  for (const auto& [name, back] : {std::pair("after", 0), {"before", 1}}) {
    json.key(name).array();
    if (back == 0 || days > 0) {
      const auto found = examples(scene, more, scene.from - back * a_day, scene.to - back * a_day);
      for (std::size_t i = 0; found && i < found->size(); ++i) json.value((*found)[i]);
    }
    json.end();
  }
  json.end();
}

}  // namespace

Result<std::string> evidence_of(Inside& inside, warehouse::Warehouse& store, const StoredRule& rule,
                                const Definition& definition, const Told& told) {
  const std::int64_t since = told.since > 0 ? told.since : told.at;
  const std::int64_t length = std::clamp<std::int64_t>(told.at - since + definition.shape.step,
                                                       std::max<std::int64_t>(3600, definition.shape.step), 8 * 3600);
  Scene scene{.inside = inside,
              .store = store,
              .rule = rule,
              .definition = definition,
              .split = split_pairs(told.split),
              .from = told.at - length,
              .to = told.at,
              .filter = definition.filter_text.empty() ? "" : "(" + definition.filter_text + ")"};
  for (const auto& [name, value] : scene.split)
    if (!value.empty()) scene.filter += fmt::format(" {}={}", name, query::quoted(value));
  const auto dimensions = dimensions_of(scene);
  const auto now = TRY(amounts(scene, dimensions, scene.from, scene.to));
  const auto before = TRY(baseline(scene, dimensions));
  const auto explained = explain(scene, now, before, dimensions.size());
  const bool spread = explained.causes.empty() || explained.causes.front().share < .5;
  const std::string more = spread ? "" : where_of(explained.causes.front(), explained, dimensions).filter;
  JsonWriter json;
  json.object().key("window").object().field("from", time_text(scene.from)).field("to", time_text(scene.to)).end();
  json.key("baseline").object().field("days", before.days).end().field("unit", definition.unit);
  json.field("actual", explained.actual).field("expected", explained.expected).key("ratio");
  explained.expected > 0 ? json.value(explained.actual / explained.expected) : json.null();
  json.field("sentence", sentence_of(explained, dimensions, before.days, spread)).field("spread_evenly", spread);
  write_causes(json, explained, dimensions);
  write_examples(json, scene, more, before.days);
  write_release(json, release(scene, more), since);
  write_price_change(json, scene, since);
  return json.field("runbook", definition.runbook).end().take();
}

}  // namespace pawl::alerts
