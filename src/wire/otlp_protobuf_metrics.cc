// Metrics as protobuf. Field numbers: opentelemetry-proto 1.7, metrics.proto.
#include "wire/protobuf_walk.h"

namespace pawl::otlp {

using protobuf::bytes_field;
using protobuf::fixed64_field;
using protobuf::Reader;
using protobuf::varint_field;

// Metric: name = 1, unit = 3, then one of five kinds of data.
void ProtobufWalk::metric(const Resource& resource, const Scope& scope, std::string_view bytes) {
  const Scratch::Mark before = mark();
  Point point;
  for (Reader reader{bytes}; next(reader);) switch (reader.tag_and_type()) {
      case bytes_field(1):
        point.metric = name(reader.get_view());
        break;
      case bytes_field(3):
        point.unit = name(reader.get_view());
        break;
      default:
        reader.skip();
    }
  for (Reader reader{bytes}; next(reader);) {
    switch (reader.tag_and_type()) {
      case bytes_field(5):
        point.type = Point::Type::gauge;
        break;
      case bytes_field(7):
        point.type = Point::Type::sum;
        break;
      case bytes_field(9):
        point.type = Point::Type::histogram;
        break;
      case bytes_field(10):
        point.type = Point::Type::exponential_histogram;
        break;
      case bytes_field(11):
        point.type = Point::Type::summary;
        break;
      default:
        reader.skip();
        continue;
    }
    points(resource, scope, point, reader.get_view());
  }
  rewind(before);
}

// Gauge, Sum, Histogram, ExponentialHistogram, Summary: data_points = 1, aggregation_temporality = 2, is_monotonic = 3.
void ProtobufWalk::points(const Resource& resource, const Scope& scope, Point point, std::string_view data) {
  for (Reader reader{data}; next(reader);) switch (reader.tag_and_type()) {
      case varint_field(2):
        point.delta = reader.get_enum() == 1;
        break;
      case varint_field(3):
        point.monotonic = reader.get_uint64() != 0;
        break;
      default:
        reader.skip();
    }
  const bool number = point.type == Point::Type::gauge || point.type == Point::Type::sum;
  static constexpr std::array<std::string_view, 5> names = {"gauge", "sum", "histogram", "exponentialHistogram",
                                                            "summary"};
  const At data_at(path_, names[static_cast<std::size_t>(point.type)]);
  std::size_t index = 0;
  for (Reader reader{data}; next(reader);) {
    if (reader.tag_and_type() != bytes_field(1)) {
      reader.skip();
      continue;
    }
    const At at(path_, "dataPoints", index++);
    const std::string_view bytes = reader.get_view();
    if (!tally_.admit()) continue;
    const Scratch::Mark before = mark();
    refill();
    Point read = point;
    const bool recorded = number ? number_point(read, bytes) : histogram_point(read, bytes);
    if (overspent()) {
      refuse({{}, too_many_values});
    } else if (read.metric.empty()) {
      refuse({{}, "belongs to a metric without a name"});
    } else if (recorded) {
      tally_.visited();
      if (visitor_ != nullptr) visitor_->point(resource, scope, read);
    }
    rewind(before);
  }
}

// NumberDataPoint. False where its flags say that no value was recorded (bit 0).
bool ProtobufWalk::number_point(Point& point, std::string_view bytes) {
  bool recorded = true;
  for (Reader reader{bytes}; next(reader);) switch (reader.tag_and_type()) {
      case fixed64_field(2):
        point.start_ns = reader.get_fixed64();
        break;
      case fixed64_field(3):
        point.time_ns = reader.get_fixed64();
        break;
      case fixed64_field(4):
        point.value = reader.get_double();
        break;
      case fixed64_field(6):
        point.value = static_cast<double>(reader.get_sfixed64());
        break;
      case bytes_field(7):
        attribute(reader.get_view());
        break;
      case varint_field(8):
        recorded = (reader.get_uint32() & 1U) == 0;
        break;
      default:
        reader.skip();
    }
  point.attributes = take(attributes_, 0);
  return recorded;
}

// HistogramDataPoint, ExponentialHistogramDataPoint, SummaryDataPoint: the same but for attributes and flags.
bool ProtobufWalk::histogram_point(Point& point, std::string_view bytes) {
  const bool summary = point.type == Point::Type::summary;
  const std::uint32_t attributes = bytes_field(summary ? 7 : point.type == Point::Type::histogram ? 9 : 1);
  const std::uint32_t flags = varint_field(summary ? 8 : 10);
  bool recorded = true;
  for (Reader reader{bytes}; next(reader);) {
    const std::uint32_t field = reader.tag_and_type();
    if (field == attributes) {
      attribute(reader.get_view());
    } else if (field == flags) {
      recorded = (reader.get_uint32() & 1U) == 0;
    } else if (field == fixed64_field(2)) {
      point.start_ns = reader.get_fixed64();
    } else if (field == fixed64_field(3)) {
      point.time_ns = reader.get_fixed64();
    } else if (field == fixed64_field(4)) {
      point.count = reader.get_fixed64();
    } else if (field == fixed64_field(5)) {
      point.value = reader.get_double();
    } else {
      reader.skip();
    }
  }
  point.attributes = take(attributes_, 0);
  return recorded;
}

}  // namespace pawl::otlp
