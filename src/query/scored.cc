// Measures of scores (score.NAME): of the scores that stand on spans that pass the filter, on their traces, and on
// their sessions.
//
// A score is counted once in each group in which such a span stands, as a trace is by `traces`; over time in the step
// of the first of them: what is said later corrects the day that it is about.
#include <algorithm>

#include "base/text.h"
#include "measures.h"

namespace pawl::query {
namespace {

constexpr std::string_view prefix = "score.";

struct Figure {
  std::string_view suffix, unit, definition, sql;  // $: the condition on the score's name
};
constexpr Figure figures[] = {
    {"mean", "", "Mean of its values; true is 1.", "avgOrNullIf(_value, $ AND _has)"},
    {"pass_rate", "ratio", "Of its values that are 0 or 1 (false or true): how many are 1.",
     "avgOrNullIf(_value, $ AND _has AND _value IN (0, 1))"},
    {"count", "scores", "How many scores of that name.", "toFloat64(countIf($))"},
    {"sum", "", "Sum of its values.", "sumOrNullIf(_value, $ AND _has)"},
    {"min", "", "The least of its values.", "minOrNullIf(_value, $ AND _has)"},
    {"max", "", "The greatest of its values.", "maxOrNullIf(_value, $ AND _has)"},
};

// Of all scores together: what can be held against each other is what lies between 0 and 1.
constexpr Figure of_all[] = {
    {"pass_rate", "ratio", "Of all scores with a value from 0 to 1, of any name: how many are 0.5 or more.",
     "avgOrNullIf(_value >= 0.5, _has AND _value BETWEEN 0 AND 1)"},
    {"count", "scores", "How many scores of any name have a value from 0 to 1.",
     "toFloat64(countIf(_has AND _value BETWEEN 0 AND 1))"},
};

struct Wanted {
  std::string name;  // "": of all
  const Figure* figure = figures;
};

Result<Wanted> wanted_of(std::string_view measure) {
  Wanted out{std::string(measure.substr(prefix.size()))};
  for (const Figure& figure : of_all)
    if (out.name == figure.suffix) return Wanted{.name = "", .figure = &figure};
  for (const Figure& figure : figures) {
    const std::string end = fmt::format(".{}", figure.suffix);
    if (out.name.size() > end.size() && out.name.ends_with(end)) {
      out.name.resize(out.name.size() - end.size());
      out.figure = &figure;
      break;
    }
  }
  if (out.name.empty()) return fail(ErrorKind::invalid, "score.NAME needs the name of a score.");
  return out;
}

bool counts_scores(const Column& column) {
  return column.unit == "scores";
}

// Pairs of a span and a score on it: three ways in which a score is about it.
std::string pairs_sql(const MeasureQuery& query, const std::string& keys, const std::string& key_names,
                      const std::string& scores, const std::string& where) {
  struct Way {
    std::string_view column, which, and_also;
  };
  constexpr Way ways[] = {{"span", "span != 0", "WHERE _t = 0 OR _t = trace"},
                          {"trace", "span = 0 AND trace != 0", ""},
                          {"session", "span = 0 AND trace = 0 AND session != ''", ""}};
  std::string out;
  for (const auto& [column, which, and_also] : ways) {
    const std::string about = fmt::format("{} AND {}", scores, which);
    const std::string columns = column == "trace" ? "trace" : fmt::format("{}, trace", column);
    out += fmt::format(
        "{}SELECT {}sign, _id, _name, _value, _has FROM (SELECT {}{}, sign {}{} AND {} IN (SELECT {} {})) AS _spans "
        "INNER "
        "JOIN (SELECT {} AS _about, trace AS _t, id AS _id, CAST(name, 'String') AS _name, value AS _value, has_value "
        "AS "
        "_has {}) AS _scores ON _spans.{} = _scores._about {}",
        out.empty() ? "" : " UNION ALL ", key_names, keys, columns, Sql::spans(query.range), where, column, column,
        about, column, about, column, and_also);
  }
  return out;
}

}  // namespace

const Dimension score_dimension = {
    .name = "score.NAME",
    .definition =
        "Any standing score of that name on the span, its trace or its session. A number is compared with its "
        "value (true is 1), anything else with its text or category.",
    .sql = "scores",
};

bool is_score_measure(std::string_view name) {
  return name.starts_with(prefix);
}

std::vector<MetricFigure> figures_of_score(std::string_view name) {
  std::vector<MetricFigure> out;
  for (const Figure& figure : figures) {
    const bool plain = out.empty();
    out.push_back({fmt::format("{}{}{}{}", prefix, name, plain ? "" : ".", plain ? "" : figure.suffix),
                   std::string(figure.unit), std::string(figure.definition)});
  }
  return out;
}

Statement compile_score_names(std::uint32_t project) {
  Sql sql(project);
  Statement statement;
  statement.sql =
      fmt::format("SELECT CAST(name, 'String') AS c0 {} AND gone = 0 GROUP BY name ORDER BY name LIMIT 1000",
                  Sql::from("scores FINAL"));
  statement.parameters = sql.take();
  return statement;
}

Result<Unordered> unordered_scores(Sql& sql, const MeasureQuery& query) {
  Unordered out;
  std::vector<Wanted> wanted;
  std::vector<std::string> names;
  bool all = false;
  for (const std::string& measure : query.measures) {
    wanted.push_back(TRY(wanted_of(measure)));
    all |= wanted.back().name.empty();
    names.push_back(wanted.back().name);
  }
  const auto keys = TRY(keys_of(sql, query));
  const bool by_time = !query.step.empty() || query.grid > 0;
  std::string select_keys, key_names, group, grouped, select;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const bool time = i == 0 && by_time;
    select_keys += fmt::format("{} AS _k{}, ", keys[i].sql, i);
    key_names += fmt::format("_k{}, ", i);
    grouped += time ? "min(_k0) AS _first, " : fmt::format("_k{}, ", i);
    if (!time) group += fmt::format(", _k{}", i);
    select += time ? fmt::format("toInt64(_first) * {} AS c0, ", query.grid > 0 ? 1 : second)
                   : fmt::format("CAST(_k{0}, 'String') AS c{0}, ", i);
    out.columns.push_back({keys[i].name, time ? Type::time : Type::text, ""});
  }
  const std::string named =
      all ? "" : fmt::format(" AND name IN {}", sql.bind("Array(String)", text_array_value(names)));
  const std::string scores = fmt::format("{}{} AND gone = 0", Sql::from("scores FINAL"), named);
  const std::string pairs =
      pairs_sql(query, select_keys, key_names, scores, selected(sql, query.grain, query.filter, query.range));
  const std::string rows = fmt::format(
      "SELECT {}_name, any(_value) AS _value, any(_has) AS _has FROM ({}) GROUP BY _id, _name{} HAVING sum(sign) > 0",
      grouped, pairs, group);
  std::string keys_at;
  for (std::size_t i = 0; i < keys.size(); ++i) keys_at += fmt::format("{}c{}", i > 0 ? ", " : "", i);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    std::string figure;
    const std::string which = fmt::format("_name = {}", sql.text(wanted[i].name));
    for (const char c : wanted[i].figure->sql) figure += c == '$' ? which : std::string(1, c);
    select += fmt::format("{}CAST({}, 'Nullable(Float64)') AS c{}", i > 0 ? ", " : "", figure, keys.size() + i);
    out.columns.push_back({query.measures[i], Type::number, wanted[i].figure->unit});
  }
  out.sql = fmt::format("SELECT {} FROM ({}){}{}", select, rows, keys_at.empty() ? "" : " GROUP BY ", keys_at);
  return out;
}

// Measures of spans beside those of scores: each group has a row of both, and the greater is what there is. Where no
// score is, none are counted.
Result<Unordered> unordered_both(Sql& sql, const MeasureQuery& query) {
  MeasureQuery of_spans = query, of_scores = query;
  std::erase_if(of_spans.measures, is_score_measure);
  std::erase_if(of_scores.measures, [](const std::string& name) { return !is_score_measure(name); });
  const Unordered spans = TRY(unordered_spans(sql, of_spans)), scores = TRY(unordered_scores(sql, of_scores));
  const std::size_t keys = spans.columns.size() - of_spans.measures.size();
  Unordered out{.sql = "",
                .columns = {spans.columns.begin(), spans.columns.begin() + static_cast<std::ptrdiff_t>(keys)}};
  std::string names, sums, left, right;
  for (std::size_t i = 0; i < keys; ++i) names += fmt::format("{}c{}", i > 0 ? ", " : "", i);
  std::size_t next_span = keys, next_score = keys;
  for (std::size_t i = 0; i < query.measures.size(); ++i) {
    const bool score = is_score_measure(query.measures[i]);
    const std::size_t from = score ? next_score++ : next_span++;
    const Column& column = (score ? scores : spans).columns[from];
    const std::string none = fmt::format("CAST(NULL, '{}')", type_of(column)), value = fmt::format("c{}", from);
    const std::string_view comma = i > 0 || keys > 0 ? ", " : "";
    left += fmt::format("{}{} AS m{}", comma, score ? none : value, i);
    right += fmt::format("{}{} AS m{}", comma, score ? value : none, i);
    const std::string sum = counts_scores(column) ? fmt::format("ifNull(max(m{}), 0)", i) : fmt::format("max(m{})", i);
    sums += fmt::format("{}CAST({}, '{}') AS c{}", comma, sum, type_of(column), keys + i);
    out.columns.push_back(column);
  }
  out.sql = fmt::format("SELECT {0}{1} FROM (SELECT {0}{2} FROM ({3}) UNION ALL SELECT {0}{4} FROM ({5})){6}{7}", names,
                        sums, left, spans.sql, right, scores.sql, keys > 0 ? " GROUP BY " : "", names);
  return out;
}

}  // namespace pawl::query
