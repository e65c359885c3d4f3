// What the rows of a measure query are grouped by: a step of time, and dimensions.
#include "base/text.h"
#include "measures.h"

namespace pawl::query {

// The start of the step of a grid in nanoseconds; of a roll-up where its hours are whole steps.
std::string grid_step(const MeasureQuery& query, std::string_view nanoseconds) {
  const Nanos phase = query.phase % query.grid;
  return fmt::format("toInt64({1}) + intDiv(toInt64({0}) - {1}, {2}) * {2}", nanoseconds, phase, query.grid);
}

namespace {

Key grid_key(const MeasureQuery& query) {
  const Nanos phase = query.phase % query.grid;
  const bool by_minutes = query.grid % minute == 0 && phase % minute == 0;
  const bool by_hours = query.grid % hour == 0 && phase % hour == 0;
  return {"time", grid_step(query, by_minutes ? "minute * 60000000000" : position_sql),
          by_hours ? grid_step(query, "hour * 3600000000000") : "", Key::Kind::time};
}

}  // namespace

Result<std::vector<Key>> keys_of(Sql& sql, const MeasureQuery& query) {
  std::vector<Key> keys;
  if (query.grid > 0) {
    keys.push_back(grid_key(query));
  } else if (!query.step.empty()) {
    keys.push_back({"time", TRY(step_sql(sql, query.step, query.timezone, "minute")), "", Key::Kind::time});
    if (steps_by_hours(query.step, query.timezone))
      keys[0].rolled = TRY(step_sql(sql, query.step, query.timezone, "hour * 60"));
  }
  for (const std::string& name : query.dimensions) {
    if (const auto attribute = attribute_of(name)) {
      keys.push_back({name, fmt::format("attrs[{}]", sql.text(*attribute)), ""});
      continue;
    }
    const Dimension* dimension = find_dimension(name);
    if (dimension == nullptr || !dimension->groups) {
      std::vector<std::string_view> names;
      for (const Dimension& other : dimension_table())
        if (other.groups) names.push_back(other.name);
      const std::string_view near = nearest(name, names);
      return fail(ErrorKind::invalid, "{} is no dimension to split by.{}", name,
                  near.empty() ? "" : fmt::format(" Did you mean {}?", near));
    }
    if (query.grain != Grain::span && dimension->total == "_status") {
      keys.push_back({name, item_status_sql(sql, query.grain, query.range), ""});
      continue;
    }
    if (dimension->list)
      keys.push_back({name, fmt::format("arrayJoin(if(empty({0}), [''], {0}))", dimension->sql), ""});
    else
      keys.push_back({name, std::string(dimension->sql), std::string(dimension->sql)});
  }
  return keys;
}

}  // namespace pawl::query
