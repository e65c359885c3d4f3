// Reads measure queries of requests.
#include "asked.h"

#include <simdjson.h>

#include "base/text.h"

namespace pawl::explore {
namespace {

namespace sj = simdjson;

// The fields of a POST /query body; what is missing keeps its default.
struct Fields {
  std::vector<std::string> measures, dimensions;
  std::string filter, from, to, step, order, timezone, grain;
  std::optional<std::int64_t> limit;
  std::optional<Compare> compare;
};

Result<std::vector<std::string>> texts_of(const sj::dom::element& value, std::string_view name) {
  std::vector<std::string> out;
  sj::dom::array array;
  if (value.get(array) != sj::SUCCESS) return fail(ErrorKind::invalid, "{} must be a list of names.", name);
  for (const auto item : array) {
    std::string_view text;
    if (item.get(text) != sj::SUCCESS) return fail(ErrorKind::invalid, "{} must be a list of names.", name);
    out.emplace_back(text);
  }
  return out;
}

Result<Compare> compare_of(const sj::dom::element& value) {
  Compare out;
  sj::dom::object object;
  if (value.get(object) != sj::SUCCESS)
    return fail(ErrorKind::invalid,
                "compare must be an object: {{\"agent_version\": \"1.4\"}} or {{\"period\": \"before\"}}.");
  const std::pair<std::string_view, std::string*> texts[] = {
      {"agent_version", &out.agent_version}, {"period", &out.period}, {"from", &out.from}, {"to", &out.to}};
  for (const auto [key, field] : object) {
    const auto known = std::ranges::find(texts, key, [](const auto& pair) { return pair.first; });
    std::string_view text;
    if (known == std::end(texts) || field.get(text) != sj::SUCCESS)
      return fail(ErrorKind::invalid, "compare.{}: agent_version, period, from and to are known, as texts.", key);
    *known->second = text;
  }
  if (!out.period.empty() && out.period != "before")
    return fail(ErrorKind::invalid, "compare.period={} must be before.", out.period);
  if (out.agent_version.empty() && out.period.empty() && out.from.empty())
    return fail(ErrorKind::invalid, "compare needs agent_version, period or from and to.");
  if (!out.period.empty() && !(out.from.empty() && out.to.empty()))
    return fail(ErrorKind::invalid, "compare takes either period, or from and to.");
  if (out.from.empty() != out.to.empty()) return fail(ErrorKind::invalid, "compare needs both from and to.");
  return out;
}

Result<Fields> fields_of(std::string_view body) {
  sj::dom::parser parser;
  sj::dom::object object;
  if (parser.parse(body.data(), body.size()).get(object) != sj::SUCCESS) {
    return fail(ErrorKind::invalid, "The body is no JSON object. Send {{\"measures\":[…],\"dimensions\":[…]}}.");
  }
  Fields asked;
  const std::pair<std::string_view, std::string*> texts[] = {
      {"filter", &asked.filter}, {"from", &asked.from},         {"to", &asked.to},      {"step", &asked.step},
      {"order", &asked.order},   {"timezone", &asked.timezone}, {"grain", &asked.grain}};
  for (const auto [key, value] : object) {
    if (value.is_null()) continue;
    if (key == "measures") {
      asked.measures = TRY(texts_of(value, key));
    } else if (key == "dimensions") {
      asked.dimensions = TRY(texts_of(value, key));
    } else if (key == "compare") {
      asked.compare = TRY(compare_of(value));
    } else if (key == "limit") {
      std::int64_t number = 0;
      if (value.get(number) != sj::SUCCESS || number < 1 || number > 10'000)
        return fail(ErrorKind::invalid, "limit must be a number from 1 to 10,000.");
      asked.limit = number;
    } else {
      const auto known = std::ranges::find(texts, key, [](const auto& pair) { return pair.first; });
      std::string_view text;
      if (known == std::end(texts))
        return fail(ErrorKind::invalid,
                    "{} is no field of a query. Known: measures, dimensions, filter, from, to, step, order, limit, "
                    "timezone, grain, compare.",
                    key);
      if (value.get(text) != sj::SUCCESS) return fail(ErrorKind::invalid, "{} must be text.", key);
      *known->second = text;
    }
  }
  return asked;
}

}  // namespace

Result<query::Grain> grain_of(std::string_view name) {
  if (name.empty()) return query::Grain::span;
  const auto grain = query::grain_from(name);
  if (!grain) return fail(ErrorKind::invalid, "grain={} must be span, trace or session.", name);
  return *grain;
}

Result<std::vector<query::MetricInfo>> metrics_of(warehouse::Warehouse& store, ProjectId project, Read& read) {
  const auto answer = TRY(run(store, query::compile_metrics(project), read));
  std::vector<query::MetricInfo> out;
  for (std::size_t i = 0; i < answer.rows.size(); ++i)
    out.push_back(query::metric_of(answer.rows.text(0, i), answer.rows.text(1, i), answer.rows.text(2, i),
                                   answer.rows.integer(3, i) != 0));
  return out;
}

bool asks_metrics(const query::MeasureQuery& query) {
  return std::ranges::any_of(query.measures, [](const auto& name) { return name.starts_with("metric."); });
}

std::expected<Asked, net::Response> asked_of(const net::Request& request, std::string_view json, Nanos now) {
  const auto refused = [&](Error error) { return std::unexpected(net::Response::error(request, error)); };
  auto fields = fields_of(json);
  if (!fields) return refused(std::move(fields.error()));
  auto filter = filter_of(request, fields->filter);
  if (!filter) return std::unexpected(std::move(filter.error()));
  auto range = range_of(fields->from, fields->to, now);
  if (!range) return refused(std::move(range.error()));
  const auto grain = grain_of(fields->grain);
  if (!grain) return refused(grain.error());
  Asked out{.query = {.measures = std::move(fields->measures),
                      .dimensions = std::move(fields->dimensions),
                      .filter = std::move(*filter),
                      .range = *range,
                      .step = std::move(fields->step),
                      .order = std::move(fields->order),
                      .grain = *grain,
                      .now = now},
            .compare = std::move(fields->compare)};
  if (!fields->timezone.empty()) out.query.timezone = std::move(fields->timezone);
  if (fields->limit) out.query.limit = static_cast<std::uint32_t>(*fields->limit);
  return out;
}

}  // namespace pawl::explore
