// The fields of one request of `pawl stats --json`, checked as they are read. Inside of this folder only.
#pragma once
#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "stats/distributions.h"
#include "stats/means.h"

namespace pawl::stats {

// Booleans count as 0 and 1. An error names the field, and the place in a list.
class RequestFields {
 public:
  explicit RequestFields(simdjson::dom::object object) : object_(object) {}
  std::optional<simdjson::dom::element> find(std::string_view name) const;  // null counts as absent
  Result<double> number(std::string_view name) const;
  Result<double> number_or(std::string_view name, double fallback) const;
  Result<std::int64_t> whole(std::string_view name) const;
  Result<std::int64_t> whole_or(std::string_view name, std::int64_t fallback) const;
  Result<std::string> text_or(std::string_view name, std::string_view fallback) const;
  Result<bool> flag_or(std::string_view name, bool fallback) const;
  Result<simdjson::dom::array> list(std::string_view name) const;
  Result<Values> numbers(std::string_view name) const;
  Result<std::vector<Values>> rows(std::string_view name) const;

 private:
  simdjson::dom::object object_;
};

Result<double> number_of(simdjson::dom::element element, std::string_view where);
Result<Values> numbers_of(simdjson::dom::element element, std::string_view where);

// JSON that is equal where the values are: keys sorted, 5.0 as 5, 1e2 as 100. `invalid` on a key that stands twice.
Result<std::string> canonical(simdjson::dom::element element);

void write_interval(JsonWriter& json, std::string_view name, const Interval& interval);

// Reads its fields, and writes those of the answer into the open object; writes nothing where it fails.
using Answering = Result<> (*)(const RequestFields& in, JsonWriter& out);
struct NamedFunction {
  std::string_view name;
  Answering answering;
};
std::span<const NamedFunction> functions_of_cases();   // requests_cases.cc
std::span<const NamedFunction> functions_of_judges();  // requests_judges.cc: judges, looks at any time, trajectories

}  // namespace pawl::stats
