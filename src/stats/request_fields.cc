// The fields of one request, checked as they are read.
#include "stats/request_fields.h"

#include <algorithm>
#include <cmath>

namespace pawl::stats {
namespace {

namespace dom = simdjson::dom;

Result<std::string> canonical_object(dom::object object) {
  std::vector<std::pair<std::string_view, dom::element>> fields;
  for (const auto field : object) fields.emplace_back(field.key, field.value);
  std::ranges::sort(fields, {}, &std::pair<std::string_view, dom::element>::first);
  std::string out = "{";
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0 && fields[i].first == fields[i - 1].first)
      return fail(ErrorKind::invalid, "the key \"{}\" stands twice", fields[i].first);
    if (i > 0) out += ',';
    append_json_string(out, fields[i].first);
    out += ':';
    out += TRY(canonical(fields[i].second));
  }
  return out + "}";
}

std::string canonical_double(double number) {
  if (std::abs(number) < 9007199254740992.0 && number == std::floor(number))
    return fmt::format("{}", static_cast<std::int64_t>(number));
  return fmt::format("{}", number);
}

}  // namespace

std::optional<dom::element> RequestFields::find(std::string_view name) const {
  dom::element element;
  if (object_[name].get(element) || element.is_null()) return std::nullopt;
  return element;
}

Result<double> number_of(dom::element element, std::string_view where) {
  double number = 0;
  bool truth = false;
  if (!element.get(truth)) return truth ? 1.0 : 0.0;
  if (element.get(number)) return fail(ErrorKind::invalid, "\"{}\" must be a number", where);
  return number;
}

Result<Values> numbers_of(dom::element element, std::string_view where) {
  dom::array list;
  if (element.get(list)) return fail(ErrorKind::invalid, "\"{}\" must be a list of numbers", where);
  Values out;
  for (const auto item : list) {
    const auto number = number_of(item, where);
    if (!number) return fail(ErrorKind::invalid, "\"{}[{}]\" must be a number", where, out.size());
    out.push_back(*number);
  }
  return out;
}

Result<double> RequestFields::number(std::string_view name) const {
  const auto element = find(name);
  if (!element) return fail(ErrorKind::invalid, "\"{}\" is missing", name);
  return number_of(*element, name);
}

Result<double> RequestFields::number_or(std::string_view name, double fallback) const {
  if (!find(name)) return fallback;
  return number(name);
}

Result<std::int64_t> RequestFields::whole(std::string_view name) const {
  const double number = TRY(this->number(name));
  if (number != std::floor(number) || std::abs(number) > 9e15)
    return fail(ErrorKind::invalid, "\"{}\" must be a whole number", name);
  return static_cast<std::int64_t>(number);
}

Result<std::int64_t> RequestFields::whole_or(std::string_view name, std::int64_t fallback) const {
  if (!find(name)) return fallback;
  return whole(name);
}

Result<std::string> RequestFields::text_or(std::string_view name, std::string_view fallback) const {
  const auto element = find(name);
  if (!element) return std::string(fallback);
  std::string_view text;
  if (element->get(text)) return fail(ErrorKind::invalid, "\"{}\" must be a text", name);
  return std::string(text);
}

Result<bool> RequestFields::flag_or(std::string_view name, bool fallback) const {
  const auto element = find(name);
  bool flag = fallback;
  if (element && element->get(flag)) return fail(ErrorKind::invalid, "\"{}\" must be true or false", name);
  return flag;
}

Result<dom::array> RequestFields::list(std::string_view name) const {
  const auto element = find(name);
  dom::array list;
  if (!element) return fail(ErrorKind::invalid, "\"{}\" is missing", name);
  if (element->get(list)) return fail(ErrorKind::invalid, "\"{}\" must be a list", name);
  return list;
}

Result<Values> RequestFields::numbers(std::string_view name) const {
  const auto element = find(name);
  if (!element) return fail(ErrorKind::invalid, "\"{}\" is missing", name);
  return numbers_of(*element, name);
}

Result<std::vector<Values>> RequestFields::rows(std::string_view name) const {
  std::vector<Values> out;
  for (const auto row : TRY(list(name))) out.push_back(TRY(numbers_of(row, fmt::format("{}[{}]", name, out.size()))));
  return out;
}

Result<std::string> canonical(dom::element element) {
  switch (element.type()) {
    case dom::element_type::OBJECT:
      return canonical_object(dom::object(element));
    case dom::element_type::ARRAY: {
      std::string out = "[";
      for (const auto item : dom::array(element)) {
        if (out.size() > 1) out += ',';
        out += TRY(canonical(item));
      }
      return out + "]";
    }
    case dom::element_type::DOUBLE:
      return canonical_double(double(element));
    case dom::element_type::STRING:
      return json_quote(std::string_view(element));
    default:
      return std::string(simdjson::minify(element));
  }
}

void write_interval(JsonWriter& json, std::string_view name, const Interval& interval) {
  json.key(name).array().value(interval.low).value(interval.high).end();
}

}  // namespace pawl::stats
