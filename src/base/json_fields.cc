// Reading small objects by simdjson's document.
#include "base/json_fields.h"

#include <simdjson.h>

#include <algorithm>

#include "base/text.h"

namespace pawl {

namespace sj = simdjson;

struct JsonFields::Parsed {
  std::shared_ptr<sj::dom::parser> parser = std::make_shared<sj::dom::parser>();  // owns what the objects point into
  sj::dom::object object;
};

JsonFields::JsonFields(std::unique_ptr<Parsed> parsed) : parsed_(std::move(parsed)) {}
JsonFields::JsonFields(JsonFields&&) noexcept = default;
JsonFields& JsonFields::operator=(JsonFields&&) noexcept = default;
JsonFields::~JsonFields() = default;

Result<JsonFields> JsonFields::parse(std::string_view json) {
  auto parsed = std::make_unique<Parsed>();
  if (parsed->parser->parse(json.data(), json.size()).get(parsed->object) != sj::SUCCESS)
    return fail(ErrorKind::invalid, "The body is no JSON object.");
  return JsonFields(std::move(parsed));
}

Result<> JsonFields::only(std::initializer_list<std::string_view> known, std::string_view what) const {
  for (const auto field : parsed_->object) {
    if (std::ranges::find(known, field.key) != known.end()) continue;
    const auto near = nearest(field.key, known);
    return fail(ErrorKind::invalid, "{} is no key of {}. {}{}", field.key, what,
                near.empty() ? "Known: " : "Did you mean ",
                near.empty() ? join(std::vector<std::string>(known.begin(), known.end()), ", ") + "."
                             : std::string(near) + "?");
  }
  return {};
}

bool JsonFields::has(std::string_view name) const {
  sj::dom::element value;
  return parsed_->object[name].get(value) == sj::SUCCESS && !value.is_null();
}

std::string JsonFields::text(std::string_view name) const {
  std::string_view value;
  return parsed_->object[name].get(value) == sj::SUCCESS ? std::string(value) : std::string();
}

std::optional<bool> JsonFields::flag(std::string_view name) const {
  bool value = false;
  if (parsed_->object[name].get(value) != sj::SUCCESS) return std::nullopt;
  return value;
}

std::optional<std::int64_t> JsonFields::number(std::string_view name) const {
  std::int64_t value = 0;
  if (parsed_->object[name].get(value) != sj::SUCCESS) return std::nullopt;
  return value;
}

Result<std::vector<std::string>> JsonFields::texts(std::string_view name) const {
  std::vector<std::string> words;
  sj::dom::array list;
  if (parsed_->object[name].get(list) != sj::SUCCESS) {
    const std::string line = text(name);
    for (const auto word : split(line, ',')) {
      if (!trim(word).empty()) words.emplace_back(trim(word));
    }
    return words;
  }
  for (const auto item : list) {
    std::string_view word;
    if (item.get(word) != sj::SUCCESS) return fail(ErrorKind::invalid, "{} must be a list of words.", name);
    words.emplace_back(word);
  }
  return words;
}

std::optional<JsonFields> JsonFields::object(std::string_view name) const {
  auto one = std::make_unique<Parsed>();
  one->parser = parsed_->parser;
  if (parsed_->object[name].get(one->object) != sj::SUCCESS) return std::nullopt;
  return JsonFields(std::move(one));
}

std::vector<JsonFields> JsonFields::objects(std::string_view name) const {
  std::vector<JsonFields> out;
  sj::dom::array list;
  if (parsed_->object[name].get(list) != sj::SUCCESS) return out;
  for (const auto item : list) {
    auto one = std::make_unique<Parsed>();
    one->parser = parsed_->parser;
    if (item.get(one->object) == sj::SUCCESS) out.push_back(JsonFields(std::move(one)));
  }
  return out;
}

}  // namespace pawl
