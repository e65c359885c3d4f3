// Bound parameters and the scan that names the project.
#include "sql.h"

#include "base/text.h"
#include "store/warehouse/warehouse.h"

namespace pawl::query {
namespace {

constexpr Nanos earliest = 0, latest = 4'102'444'800 * second;  // 1970 to 2100: minutes fit

}  // namespace

Sql::Sql(std::uint32_t project, Nanos now) : now_(now) {
  parameters_.push_back({"project", "UInt32", std::to_string(project)});
}

std::string Sql::bind(std::string_view type, std::string value) {
  for (const Parameter& known : parameters_)
    if (known.type == type && known.value == value && known.name != "project")
      return fmt::format("{{{}:{}}}", known.name, type);
  std::string name = fmt::format("p{}", parameters_.size());
  std::string out = fmt::format("{{{}:{}}}", name, type);
  parameters_.push_back({std::move(name), type, std::move(value)});
  return out;
}

warehouse::Query question(const Statement& statement) {
  warehouse::Query query{.sql = statement.sql};
  for (const Parameter& parameter : statement.parameters) query.parameters.push_back({parameter.name, parameter.value});
  return query;
}

std::string array_value(const std::vector<std::string>& literals) {
  return fmt::format("[{}]", fmt::join(literals, ","));
}

std::string text_array_value(const std::vector<std::string>& texts) {
  std::vector<std::string> literals;
  for (const std::string& text : texts) {
    std::string& literal = literals.emplace_back("'");
    for (const char c : text) {
      if (c == '\\' || c == '\'') literal += '\\';
      literal += c;
    }
    literal += '\'';
  }
  return array_value(literals);
}

std::string received_within(Nanos time, Nanos now, const std::optional<Range>& range) {
  if (now == 0 || (range && range->to < now - day)) return "0";
  return fmt::format("toUnixTimestamp64Milli(received) >= {}", (now - time) / millisecond);
}

std::string Sql::id(const Id128& value) {
  return bind("UInt128", to_decimal(value));
}

std::string Sql::from(std::string_view table) {
  return fmt::format("FROM {} WHERE project = {{project:UInt32}}", table);
}

Range Sql::stored(const Range& range) {
  return {std::clamp(range.from, earliest, latest), std::clamp(range.to, earliest, latest)};
}

std::string Sql::spans(const std::optional<Range>& range) {
  std::string out = from("spans");
  if (!range) return out;
  const auto [start, end] = stored(*range);
  const Nanos first = start / minute, last = (end + minute - 1) / minute;  // whole minutes, the last one excluded
  out += fmt::format(" AND minute >= {} AND minute < {}", first, last);
  if (start % minute != 0) out += fmt::format(" AND (minute > {} OR {} >= {})", first, start_sql, start);
  if (end % minute != 0) out += fmt::format(" AND (minute < {} OR {} < {})", last - 1, start_sql, end);
  return out;
}

std::string Sql::minutes(const Range& range) {
  const Nanos start = std::clamp(range.from, earliest, latest), end = std::clamp(range.to, earliest, latest);
  return fmt::format("{} AND minute >= {} AND minute < {}", from("spans"), start / minute, (end + minute - 1) / minute);
}

}  // namespace pawl::query
