// Steps of time in a time zone, and the log buckets of quantiles.
#include <charconv>

#include "base/text.h"
#include "measures.h"

namespace pawl::query {
namespace {

constexpr std::string_view known_steps = "1m 5m 15m 30m 1h 6h 1d 1w 1mo";

// Zones whose clocks have stood, at some time since 1970, at another minute of the hour than UTC's.
constexpr std::string_view uneven_zones =
    " Africa/Monrovia America/Caracas America/Guyana America/Montevideo America/Paramaribo America/Santo_Domingo "
    "America/St_Johns Asia/Calcutta Asia/Colombo Asia/Kabul Asia/Kathmandu Asia/Katmandu Asia/Kolkata "
    "Asia/Kuala_Lumpur Asia/Pyongyang Asia/Rangoon Asia/Singapore Asia/Tehran Asia/Thimbu Asia/Thimphu Asia/Yangon "
    "Australia/Adelaide Australia/Broken_Hill Australia/Darwin Australia/Eucla Australia/LHI Australia/Lord_Howe "
    "Australia/North Australia/South Australia/Yancowinna Canada/Newfoundland Indian/Cocos Iran NZ-CHAT "
    "Pacific/Chatham Pacific/Kiritimati Pacific/Marquesas Pacific/Nauru Pacific/Norfolk Pacific/Pitcairn "
    "Pacific/Rarotonga Singapore ";

struct Step {
  std::uint32_t count = 0;
  std::string_view unit;
};

std::optional<Step> read_step(std::string_view text) {
  Step step;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), step.count);
  if (error != std::errc() || step.count == 0) return std::nullopt;
  step.unit = text.substr(static_cast<std::size_t>(end - text.data()));
  return step;
}

// Minutes that divide the hour and hours that divide the day, counted from the local hour and the local midnight; days,
// weeks from Monday and months of the local calendar.
std::optional<std::string> step_in_zone(const Step& step, const std::string& zone, std::string_view minute) {
  const std::string time = fmt::format("toDateTime({} * 60, 'UTC')", minute);
  if (step.unit == "m" && 60 % step.count == 0) {
    const std::string hour = fmt::format("toUnixTimestamp(toStartOfInterval({}, INTERVAL 1 HOUR, {}))", time, zone);
    return fmt::format("{0} + intDiv({1} * 60 - {0}, {2}) * {2}", hour, minute, step.count * 60);
  }
  if (step.unit == "h" && 24 % step.count == 0)
    return fmt::format("toUnixTimestamp(toStartOfInterval({}, INTERVAL {} HOUR, {}))", time, step.count, zone);
  if (step.unit == "d" && step.count <= 366)
    return fmt::format("toUnixTimestamp(toDateTime(toStartOfInterval({}, INTERVAL {} DAY, {}), {}))", time, step.count,
                       zone, zone);
  if (step.unit == "w" && step.count == 1)
    return fmt::format("toUnixTimestamp(toDateTime(toStartOfInterval({}, INTERVAL 1 WEEK, {}), {}))", time, zone, zone);
  if (step.unit == "mo" && step.count == 1)
    return fmt::format("toUnixTimestamp(toDateTime(toStartOfInterval({}, INTERVAL 1 MONTH, {}), {}))", time, zone,
                       zone);
  return std::nullopt;
}

}  // namespace

Result<std::string> step_sql(Sql& sql, std::string_view step, std::string_view timezone, std::string_view minute) {
  if (!std::ranges::binary_search(time_zones(), timezone)) {
    const std::string_view near = nearest(timezone, time_zones());
    return fail(ErrorKind::invalid, "No time zone is called {}.{}", timezone,
                near.empty() ? "" : fmt::format(" Did you mean {}?", near));
  }
  const auto read = read_step(step);
  if (read && (timezone == "UTC" || timezone == "Etc/UTC")) {
    const std::uint32_t minutes = read->unit == "m" && 60 % read->count == 0   ? read->count
                                  : read->unit == "h" && 24 % read->count == 0 ? read->count * 60
                                                                               : 0;
    if (minutes != 0) return fmt::format("toUInt32(intDiv({0}, {1}) * {2})", minute, minutes, minutes * 60);
  }
  const auto found = read ? step_in_zone(*read, sql.text(timezone), minute) : std::nullopt;
  if (!found) return fail(ErrorKind::invalid, "{} is no step of time; use one of {}.", step, known_steps);
  return fmt::format("toUInt32({})", *found);
}

bool steps_by_hours(std::string_view step, std::string_view timezone) {
  if (step.empty()) return true;
  const auto read = read_step(step);
  return read && (read->unit != "m" || read->count % 60 == 0) &&
         uneven_zones.find(fmt::format(" {} ", timezone)) == std::string_view::npos;
}

std::string bucket_sql(std::string_view nanoseconds) {
  return fmt::format("if({0} <= 0, -1, toInt16(ceil(log({0}) / log(1.01 / 0.99))))", nanoseconds);
}

std::string bucket_value_ms_sql(std::string_view bucket) {
  return fmt::format("if({0} < 0, 0., 2 * pow(1.01 / 0.99, {0}) / (1.01 / 0.99 + 1) / 1e6)", bucket);
}

}  // namespace pawl::query
