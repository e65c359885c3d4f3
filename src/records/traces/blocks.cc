// Log records and metric points as blocks.
#include "blocks.h"

#include <algorithm>
#include <chrono>

#include "base/text.h"

namespace pawl::traces {

std::string held_name(std::string_view table, BatchNumber batch, std::uint32_t partition) {
  return fmt::format("{}/{}/{}", table, batch, partition);
}

std::uint32_t monday_of(Nanos time) {
  using namespace std::chrono;
  const auto date = floor<days>(sys_time<nanoseconds>(nanoseconds(time)));
  const year_month_day monday{date - (weekday(date) - Monday)};
  return (static_cast<std::uint32_t>(static_cast<int>(monday.year())) * 100 + static_cast<unsigned>(monday.month())) *
             100 +
         static_cast<unsigned>(monday.day());
}

native::Block log_block(const Batch& batch, const Held& held) {
  native::Block block;
  auto& project = block.add("project", "UInt32");
  auto& at = block.add("at", "DateTime64(9, 'UTC')");
  auto& received = block.add("received", "DateTime64(3, 'UTC')");
  auto& trace = block.add("trace", "UInt128");
  auto& span = block.add("span", "UInt128");
  auto& severity = block.add("severity", "UInt8");
  auto& event = block.add("event", "String");
  auto& service = block.add("service", "String");
  auto& body = block.add("body", "String");
  auto& attributes = block.add("attrs", "Map(String, String)");
  auto& record = block.add("record", "UInt128");
  auto& number = block.add("batch", "UInt64");
  for (const auto& row : batch.logs) {
    if (held.contains(held_name("logs", batch.number, monday_of(row.received)))) continue;
    project.fixed(row.project), at.fixed(row.at), received.fixed(row.received / millisecond);
    trace.id(row.trace), span.id(row.span);
    severity.fixed(static_cast<std::uint8_t>(std::clamp(row.severity, 0, 255)));
    event.text(row.event), service.text(row.service), body.text(row.body);
    for (const auto& [key, value] : row.attributes) attributes.entry(key, value);
    attributes.end_array();
    record.id(row.record), number.fixed(batch.number);
  }
  return block;
}

native::Block point_block(const Batch& batch, const Held& held) {
  native::Block block;
  auto& project = block.add("project", "UInt32");
  auto& metric = block.add("metric", "String");
  auto& unit = block.add("unit", "String");
  auto& type = block.add("type", "String");
  auto& at = block.add("at", "DateTime64(9, 'UTC')");
  auto& start = block.add("start", "DateTime64(9, 'UTC')");
  auto& delta = block.add("delta", "UInt8");
  auto& monotonic = block.add("monotonic", "UInt8");
  auto& received = block.add("received", "DateTime64(3, 'UTC')");
  auto& service = block.add("service", "String");
  auto& value = block.add("value", "Float64");
  auto& count = block.add("count", "UInt64");
  auto& attributes = block.add("attrs", "Map(String, String)");
  auto& number = block.add("batch", "UInt64");
  for (const auto& row : batch.points) {
    if (held.contains(held_name("points", batch.number, monday_of(row.received)))) continue;
    project.fixed(row.project), metric.text(row.metric), unit.text(row.unit), type.text(row.type);
    at.fixed(row.at), start.fixed(row.start), delta.fixed<std::uint8_t>(row.delta);
    monotonic.fixed<std::uint8_t>(row.monotonic), received.fixed(row.received / millisecond), service.text(row.service);
    value.fixed(row.value), count.fixed(row.count);
    for (const auto& [key, text] : row.attributes) attributes.entry(key, text);
    attributes.end_array();
    number.fixed(batch.number);
  }
  return block;
}

}  // namespace pawl::traces
