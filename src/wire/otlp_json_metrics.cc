// Metrics as JSON.
#include "wire/json_walk.h"

namespace pawl::otlp {
namespace {

constexpr std::array<std::string_view, 3> temporalities = {"UNSPECIFIED", "DELTA", "CUMULATIVE"};

}  // namespace

void JsonWalk::metric(const Resource& resource, const Scope& scope, JsonValue& json) {
  const Scratch::Mark before = scratch_.mark();
  Point base;
  const auto read_names = [&](std::uint64_t field, JsonValue& part) {
    if (field == "name"_field) base.metric = text(part);
    if (field == "unit"_field) base.unit = text(part);
  };
  const auto read_data = [&](std::uint64_t field, JsonValue& part) {
    switch (field) {
      case "gauge"_field:
        base.type = Point::Type::gauge;
        break;
      case "sum"_field:
        base.type = Point::Type::sum;
        break;
      case "histogram"_field:
        base.type = Point::Type::histogram;
        break;
      case "exponentialHistogram"_field:
        base.type = Point::Type::exponential_histogram;
        break;
      case "summary"_field:
        base.type = Point::Type::summary;
        break;
      case "name"_field:
      case "unit"_field:
        return;
      default:
        return json_.skip(part);
    }
    metric_data(resource, scope, base, part);
  };
  fields_twice(json, read_names, read_data);
  scratch_.rewind(before);
}

void JsonWalk::metric_data(const Resource& resource, const Scope& scope, Point base, JsonValue& json) {
  const auto read_kind = [&](std::uint64_t field, JsonValue& part) {
    if (field == "aggregationTemporality"_field) {
      base.delta = enumeration(part, "AGGREGATION_TEMPORALITY_", temporalities) == 1;
    } else if (field == "isMonotonic"_field) {
      base.monotonic = boolean(part);
    }
  };
  const auto read_points = [&](std::uint64_t field, JsonValue& part) {
    if (field == "aggregationTemporality"_field || field == "isMonotonic"_field) return;
    if (field != "dataPoints"_field) return json_.skip(part);
    elements(part, [&](JsonValue& item) { point(resource, scope, base, item); });
  };
  fields_twice(json, read_kind, read_points);
}

void JsonWalk::point(const Resource& resource, const Scope& scope, Point point, JsonValue& json) {
  if (!tally_.admit()) return json_.skip(json);
  const Scratch::Mark before = scratch_.mark();
  begin_record();
  const bool recorded = read_point(point, json);
  if (recorded || !noted_.empty()) {
    const Fault fault = point.metric.empty() ? Fault{{}, "belongs to a metric without a name"} : Fault{};
    if (settled(fault)) visitor_->point(resource, scope, point);
  }
  in_record_ = false;
  scratch_.rewind(before);
}

bool JsonWalk::read_point(Point& point, JsonValue& json) {
  bool recorded = true;
  fields(json, [&](std::uint64_t field, JsonValue& part) {
    switch (field) {
      case "startTimeUnixNano"_field:
        point.start_ns = nanos(part);
        break;
      case "timeUnixNano"_field:
        point.time_ns = nanos(part);
        break;
      case "asDouble"_field:
      case "sum"_field:
        point.value = real(part);
        break;
      case "asInt"_field:
        point.value = static_cast<double>(integer(part));
        break;
      case "count"_field:
        point.count = nanos(part);
        break;
      case "attributes"_field:
        point.attributes = attributes(part);
        break;
      case "flags"_field:
        recorded = (small(part) & 1U) == 0;
        break;
      default:
        json_.skip(part);
    }
  });
  return recorded;
}

}  // namespace pawl::otlp
