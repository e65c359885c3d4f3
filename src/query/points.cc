// Measures of metric points (metric.NAME): what counters grew by, what histograms recorded, what gauges showed.
//
// A cumulative stream repeats its total with each point: what was added is the difference to the point before of the
// same stream (metric, service, attributes, start). Its first point in sight was added whole where the stream began
// in sight too; else it is the base of the next one. Points sent twice count once.
#include <algorithm>

#include "base/text.h"
#include "measures.h"

namespace pawl::query {
namespace {

constexpr std::string_view prefix = "metric.";
constexpr Nanos sight = hour;  // before the range: where the point before the first one is looked for

const std::vector<Dimension>& point_dimension_table() {
  static const std::vector<Dimension> table = {
      {.name = "service", .sql = "service", .groups = true},
      {.name = "agent", .sql = "attrs['gen_ai.agent.name']", .groups = true},
      {.name = "model",
       .sql = "if(attrs['gen_ai.response.model'] != '', attrs['gen_ai.response.model'], attrs['gen_ai.request.model'])",
       .groups = true},
      {.name = "model_requested", .sql = "attrs['gen_ai.request.model']", .groups = true},
      {.name = "provider",
       .sql = "if(attrs['gen_ai.provider.name'] != '', attrs['gen_ai.provider.name'], attrs['gen_ai.system'])",
       .groups = true},
      {.name = "tool", .sql = "attrs['gen_ai.tool.name']", .groups = true},
      {.name = "error_type", .sql = "attrs['error.type']", .groups = true},
  };
  return table;
}

std::string known_names() {
  std::vector<std::string> names;
  for (const auto name : point_dimensions()) names.emplace_back(name);
  return join(names, ", ");
}

const Dimension* point_dimension(std::string_view name) {
  const auto& table = point_dimension_table();
  const auto found = std::ranges::find(table, name, &Dimension::name);
  return found == table.end() ? nullptr : &*found;
}

// The same tree, over the columns of `points`.
Result<Node> over_points(const Node& node) {
  Node out = node;
  for (Node& child : out.children) child = TRY(over_points(child));
  if (node.kind != Node::Kind::leaf) return out;
  Leaf& leaf = out.leaf;
  const bool named = leaf.what == Leaf::What::compare || (leaf.what == Leaf::What::has && leaf.dimension != nullptr);
  if (named && !leaf.searches()) {
    if (leaf.dimension == &attribute_dimension) return out;
    if (const Dimension* known = point_dimension(leaf.dimension->name)) {
      leaf.dimension = known;
      return out;
    }
  }
  return fail(ErrorKind::invalid, "{} cannot be asked of metric points; they know {}.", print(node), known_names());
}

struct Figure {
  std::string_view suffix, definition, sql;  // $: the condition on the metric
  std::string_view unit = "";                // "": the metric's own
};
// The first is metric.NAME itself.
constexpr Figure counter_figures[] = {{"sum", "By how much it grew.", "sumOrNullIf(_added, $)"}};
constexpr Figure histogram_figures[] = {
    {"mean", "Mean of what was recorded.", "sumOrNullIf(_added, $) / nullIf(sumIf(_added_n, $), 0)"},
    {"sum", "Sum of what was recorded.", "sumOrNullIf(_added, $)"},
    {"count", "How many values were recorded.", "sumOrNullIf(_added_n, $)", "values"}};
constexpr Figure gauge_figures[] = {{"mean", "Mean of its points.", "avgOrNullIf(_value, $)"},
                                    {"min", "The least of its points.", "minOrNullIf(_value, $)"},
                                    {"max", "The greatest of its points.", "maxOrNullIf(_value, $)"}};

std::span<const Figure> figures(MetricInfo::Kind kind) {
  if (kind == MetricInfo::Kind::counter) return counter_figures;
  if (kind == MetricInfo::Kind::histogram) return histogram_figures;
  return gauge_figures;
}

struct Wanted {
  const MetricInfo* metric = nullptr;
  const Figure* figure = nullptr;
};

// A metric of that very name wins over a figure of a shorter one.
Result<Wanted> wanted_of(std::string_view measure, const std::vector<MetricInfo>& metrics) {
  if (!measure.starts_with(prefix))
    return fail(ErrorKind::invalid, "{} is not of metric points, metric.NAME is: ask for them apart.", measure);
  const std::string_view name = measure.substr(prefix.size());
  const MetricInfo* shorter = nullptr;
  const Figure* figure = nullptr;
  for (const MetricInfo& metric : metrics) {
    if (metric.name == name) return Wanted{&metric, figures(metric.kind).data()};
    if (!name.starts_with(metric.name) || name.size() <= metric.name.size() + 1 || name[metric.name.size()] != '.')
      continue;
    for (const Figure& one : figures(metric.kind))
      if (one.suffix == name.substr(metric.name.size() + 1)) shorter = &metric, figure = &one;
  }
  if (shorter != nullptr) return Wanted{shorter, figure};
  std::vector<std::string_view> names;
  for (const MetricInfo& metric : metrics) names.push_back(metric.name);
  const std::string_view near = nearest(name, names);
  return fail(ErrorKind::invalid, "No metric is called {}.{}", name,
              near.empty() ? "" : fmt::format(" Did you mean metric.{}?", near));
}

struct Keys {
  std::string select, names;  // "expr AS _k0, …, ", "_k0, …"
};

Result<Keys> keys_of(Sql& sql, const MeasureQuery& query, std::vector<Column>& columns) {
  Keys keys;
  const auto add = [&](std::string_view name, std::string_view expression, Type type) {
    keys.select += fmt::format("{} AS _k{}, ", expression, columns.size());
    keys.names += fmt::format("{}_k{}", keys.names.empty() ? "" : ", ", columns.size());
    columns.push_back({std::string(name), type, ""});
  };
  if (!query.step.empty())
    add("time",
        TRY(step_sql(sql, query.step, query.timezone, "toUInt32(intDiv(toUnixTimestamp64Nano(at), 60000000000))")),
        Type::time);
  for (const std::string& name : query.dimensions) {
    const Dimension* known = point_dimension(name);
    if (known != nullptr)
      add(name, known->sql, Type::text);
    else if (name.starts_with("attr.") && name.size() > 5)
      add(name, fmt::format("attrs[{}]", sql.text(name.substr(5))), Type::text);
    else
      return fail(ErrorKind::invalid, "Metric points cannot be split by {}; they know {}.", name, known_names());
  }
  return keys;
}

std::string names_of(const std::vector<Wanted>& wanted) {
  std::vector<std::string> names;
  for (const auto& one : wanted) names.push_back(one.metric->name);
  return text_array_value(names);
}

// One row a point in the range: keys, `_metric`, `_value`, and what it added.
std::string added_sql(Sql& sql, const MeasureQuery& query, const std::vector<Wanted>& wanted, const Keys& keys,
                      const std::string& condition) {
  const auto at = [](Nanos time) { return fmt::format("fromUnixTimestamp64Nano(toInt64({}))", time); };
  const std::string points = fmt::format(
      "SELECT DISTINCT metric, type, at, start, delta, monotonic, service, value, count, attrs {} AND metric IN {} AND "
      "received >= {} AND at >= {} AND at < {}{}",
      Sql::from("points"), sql.bind("Array(String)", names_of(wanted)), at(query.range.from - sight - day),
      at(query.range.from - sight), at(query.range.to), condition);
  const auto added = [](std::string_view column) {
    return fmt::format(
        "multiIf(delta, toNullable(toFloat64({0})), _first, if(toUnixTimestamp64Nano(start) > 0 AND start >= _from, "
        "toFloat64({0}), NULL), if(type = 'sum', value < _before, count < _before_n), toFloat64({0}), toFloat64({0}) - "
        "toFloat64({1}))",
        column, column == "value" ? "_before" : "_before_n");
  };
  return fmt::format(
      "SELECT {}metric AS _metric, value AS _value, {} AS _added, {} AS _added_n FROM (SELECT *, {} AS _from, "
      "row_number() OVER w = 1 AS _first, lagInFrame(value) OVER w AS _before, lagInFrame(count) OVER w AS _before_n "
      "FROM ({}) WINDOW w AS (PARTITION BY metric, type, service, attrs, start ORDER BY at)) WHERE at >= {}",
      keys.select, added("value"), added("count"), at(query.range.from - sight), points, at(query.range.from));
}

}  // namespace

std::vector<std::string_view> point_dimensions() {
  std::vector<std::string_view> out;
  for (const Dimension& dimension : point_dimension_table()) out.push_back(dimension.name);
  out.push_back(attribute_dimension.name);
  return out;
}

std::vector<MetricFigure> figures_of(const MetricInfo& metric) {
  std::vector<MetricFigure> out;
  for (const Figure& figure : figures(metric.kind)) {
    const bool plain = out.empty();
    out.push_back({fmt::format("{}{}{}{}", prefix, metric.name, plain ? "" : ".", plain ? "" : figure.suffix),
                   figure.unit.empty() ? metric.unit : std::string(figure.unit), std::string(figure.definition)});
  }
  return out;
}

MetricInfo metric_of(std::string_view name, std::string_view unit, std::string_view type, bool monotonic) {
  using enum MetricInfo::Kind;
  const bool recorded = type == "histogram" || type == "exponential_histogram" || type == "summary";
  return {std::string(name), std::string(unit), recorded ? histogram : type == "sum" && monotonic ? counter : gauge};
}

Statement compile_metrics(std::uint32_t project) {
  Sql sql(project);
  Statement statement;
  statement.sql = fmt::format(
      "SELECT CAST(metric, 'String') AS c0, CAST(argMax(unit, received), 'String') AS c1, CAST(argMax(type, received), "
      "'String') AS c2, max(monotonic OR (type = 'sum' AND delta)) AS c3 {} GROUP BY metric ORDER BY metric LIMIT 2000",
      Sql::from("points"));
  statement.parameters = sql.take();
  return statement;
}

bool asks_points(const MeasureQuery& query) {
  return std::ranges::any_of(query.measures, [](const std::string& name) { return name.starts_with(prefix); });
}

Result<Unordered> unordered_points(Sql& sql, const MeasureQuery& query) {
  Unordered out;
  std::vector<Wanted> wanted;
  for (const std::string& name : query.measures) wanted.push_back(TRY(wanted_of(name, query.metrics)));
  std::string condition;
  if (!query.filter.empty()) {
    const Node node = TRY(over_points(*query.filter.root()));
    condition = " AND " + row_condition(sql, node, query.range);
  }
  const Keys keys = TRY(keys_of(sql, query, out.columns));
  const std::size_t first = out.columns.size();
  const std::string rows = added_sql(sql, query, wanted, keys, condition);
  std::string select;
  for (std::size_t i = 0; i < first; ++i)
    select += out.columns[i].type == Type::time ? fmt::format("toInt64(_k{0}) * 1000000000 AS c{0}, ", i)
                                                : fmt::format("CAST(_k{0}, 'String') AS c{0}, ", i);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::string which = fmt::format("_metric = {}", sql.text(wanted[i].metric->name));
    std::string figure;
    for (const char c : wanted[i].figure->sql) figure += c == '$' ? which : std::string(1, c);
    select += fmt::format("{}CAST({}, 'Nullable(Float64)') AS c{}", i > 0 ? ", " : "", figure, first + i);
    out.columns.push_back({query.measures[i], Type::number,
                           wanted[i].figure->unit.empty() ? wanted[i].metric->unit : wanted[i].figure->unit});
  }
  out.sql = fmt::format("SELECT {} FROM ({}){}", select, rows, first == 0 ? "" : " GROUP BY " + keys.names);
  return out;
}

}  // namespace pawl::query
