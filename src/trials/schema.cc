// JSON Schema over simdjson's tree.
#include "schema.h"

#include <re2/re2.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "align.h"
#include "base/json.h"
#include "base/text.h"

namespace pawl::trials {
namespace {

namespace dom = simdjson::dom;

constexpr int deepest = 64;                 // references may go round in circles
constexpr std::size_t most_work = 200'000;  // keywords looked at for one value: alternatives multiply
using Wrong = std::optional<std::string>;

std::optional<double> number_in(const dom::element& value) {
  double number = 0;
  if (value.get(number)) return std::nullopt;
  return number;
}

std::optional<dom::element> member(const dom::object& object, std::string_view key) {
  dom::element out;
  if (object.at_key(key).get(out)) return std::nullopt;
  return out;
}

bool is_of(const dom::element& value, std::string_view type) {
  if (type == "null") return value.is_null();
  if (type == "boolean") return value.is_bool();
  if (type == "string") return value.is_string();
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  const auto number = number_in(value);
  if (type == "number") return number.has_value();
  return type == "integer" && number && std::floor(*number) == *number;
}

bool equal(const dom::element& a, const dom::element& b) {
  return !first_difference(simdjson::minify(a), simdjson::minify(b));
}

std::size_t code_points(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
  return count;
}

}  // namespace

struct Schema::Document {
  dom::parser parser;
  dom::element root;
  std::map<std::string, std::unique_ptr<RE2>, std::less<>> patterns;  // compiled on reading

  Result<> look(const dom::element& schema, const std::string& at, int depth);
  Result<> compile(std::string_view pattern, const std::string& at);
  std::optional<dom::element> resolve(std::string_view reference) const;
};

Result<> Schema::Document::compile(std::string_view pattern, const std::string& at) {
  auto re = std::make_unique<RE2>(re2::StringPiece(pattern.data(), pattern.size()), RE2::Quiet);
  if (!re->ok())
    return fail(ErrorKind::invalid, "The schema's pattern at {} is none that RE2 takes: {}", at, re->error());
  patterns.emplace(std::string(pattern), std::move(re));
  return {};
}

std::optional<dom::element> Schema::Document::resolve(std::string_view reference) const {
  if (reference == "#") return root;
  dom::element out;
  if (!reference.starts_with("#/") || root.at_pointer(reference.substr(1)).get(out)) return std::nullopt;
  return out;
}

// Everything that could only be found wrong on a value: patterns, references, what is no schema.
Result<> Schema::Document::look(const dom::element& schema, const std::string& at, int depth) {
  if (depth > deepest) return fail(ErrorKind::invalid, "The schema is nested more than {} deep.", deepest);
  dom::array list;
  if (!schema.get(list)) {
    std::size_t place = 0;
    for (const auto one : list) TRY(look(one, fmt::format("{}/{}", at, place++), depth + 1));
    return {};
  }
  dom::object object;
  if (schema.get(object)) return {};
  for (const auto field : object) {
    const std::string here = fmt::format("{}/{}", at, field.key);
    std::string_view text;
    const bool is_text = !field.value.get(text);
    if (field.key == "enum" || field.key == "const" || field.key == "default" || field.key == "examples") continue;
    if (field.key == "pattern" && is_text) TRY(compile(text, here));
    if (field.key == "$ref" && is_text && !resolve(text))
      return fail(ErrorKind::invalid, "The schema refers to {} at {}, which is not in it.", text, here);
    if (dom::object patterns_of; field.key == "patternProperties" && !field.value.get(patterns_of))
      for (const auto one : patterns_of) TRY(compile(one.key, here));
    TRY(look(field.value, here, depth + 1));
  }
  return {};
}

namespace {

// One validation of a value; `wrong` is where and what, the first that was found.
class Checking {
 public:
  using Resolve = std::optional<dom::element> (*)(const void*, std::string_view);
  Checking(const void* document, Resolve resolve, const std::map<std::string, std::unique_ptr<RE2>, std::less<>>& re)
      : document_(document), resolve_(resolve), patterns_(re) {}

  Wrong check(const dom::element& schema, const dom::element& value, const std::string& at, int depth = 0) {
    bool truth = true;
    if (!schema.get(truth)) return truth ? Wrong() : Wrong(said(at, "nothing may stand here"));
    dom::object object;
    if (schema.get(object)) return std::nullopt;
    if (depth > deepest || ++work_ > most_work) return said(at, "the schema is too deep or too wide to be checked");
    if (const auto nullable = member(object, "nullable"); nullable && value.is_null()) {
      if (bool yes = false; !nullable->get(yes) && yes) return std::nullopt;
    }
    if (const auto reference = member(object, "$ref")) {
      std::string_view text;
      const auto target = reference->get(text) ? std::nullopt : resolve_(document_, text);
      if (target)
        if (auto wrong = check(*target, value, at, depth + 1)) return wrong;
    }
    for (const auto part : {&Checking::type_and_values, &Checking::numbers, &Checking::texts, &Checking::arrays,
                            &Checking::objects, &Checking::combined})
      if (auto wrong = (this->*part)(object, value, at, depth)) return wrong;
    return std::nullopt;
  }

 private:
  static std::string said(const std::string& at, std::string_view what) {
    return fmt::format("{}: {}", at.empty() ? "the whole" : at, what);
  }

  Wrong type_and_values(const dom::object& schema, const dom::element& value, const std::string& at, int) {
    if (const auto type = member(schema, "type")) {
      std::vector<std::string> types;
      std::string_view one;
      dom::array several;
      if (!type->get(one)) types.emplace_back(one);
      if (!type->get(several))
        for (const auto each : several)
          if (!each.get(one)) types.emplace_back(one);
      if (!types.empty() && std::ranges::none_of(types, [&](const std::string& name) { return is_of(value, name); }))
        return said(at, fmt::format("must be of type {}", join(types, " or ")));
    }
    if (const auto only = member(schema, "const"); only && !equal(*only, value))
      return said(at, fmt::format("must be {}", std::string(simdjson::minify(*only))));
    dom::array choices;
    if (const auto known = member(schema, "enum"); known && !known->get(choices)) {
      for (const auto one : choices)
        if (equal(one, value)) return std::nullopt;
      return said(at, fmt::format("must be one of {}", std::string(simdjson::minify(*known))));
    }
    return std::nullopt;
  }

  Wrong numbers(const dom::object& schema, const dom::element& value, const std::string& at, int) {
    const auto number = number_in(value);
    if (!number) return std::nullopt;
    const auto bound = [&](std::string_view key) {
      const auto given = member(schema, key);
      return given ? number_in(*given) : std::nullopt;
    };
    if (const auto least = bound("minimum"); least && *number < *least)
      return said(at, fmt::format("must be at least {:.12g}", *least));
    if (const auto most = bound("maximum"); most && *number > *most)
      return said(at, fmt::format("must be at most {:.12g}", *most));
    if (const auto least = bound("exclusiveMinimum"); least && *number <= *least)
      return said(at, fmt::format("must be above {:.12g}", *least));
    if (const auto most = bound("exclusiveMaximum"); most && *number >= *most)
      return said(at, fmt::format("must be below {:.12g}", *most));
    if (const auto step = bound("multipleOf"); step && *step > 0) {
      const double times = *number / *step;
      if (std::abs(times - std::round(times)) > 1e-9 * std::max(1.0, std::abs(times)))
        return said(at, fmt::format("must be a multiple of {:.12g}", *step));
    }
    return std::nullopt;
  }

  static std::optional<std::uint64_t> count_in(const dom::object& schema, std::string_view key) {
    const auto given = member(schema, key);
    const auto number = given ? number_in(*given) : std::nullopt;
    if (!number || *number < 0) return std::nullopt;
    return static_cast<std::uint64_t>(std::min(*number, 1e15));
  }

  Wrong counted(const dom::object& schema, const std::string& at, std::size_t count, std::string_view least,
                std::string_view most, std::string_view of) {
    if (const auto bound = count_in(schema, least); bound && count < *bound)
      return said(at, fmt::format("must have at least {} {}", *bound, of));
    if (const auto bound = count_in(schema, most); bound && count > *bound)
      return said(at, fmt::format("must have at most {} {}", *bound, of));
    return std::nullopt;
  }

  bool fits(std::string_view pattern, std::string_view text) const {
    const auto found = patterns_.find(pattern);
    return found == patterns_.end() || RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *found->second);
  }

  Wrong texts(const dom::object& schema, const dom::element& value, const std::string& at, int) {
    std::string_view text, pattern;
    if (value.get(text)) return std::nullopt;
    if (auto wrong = counted(schema, at, code_points(text), "minLength", "maxLength", "characters")) return wrong;
    if (const auto given = member(schema, "pattern"); given && !given->get(pattern) && !fits(pattern, text))
      return said(at, fmt::format("must match {}", pattern));
    return std::nullopt;
  }

  Wrong arrays(const dom::object& schema, const dom::element& value, const std::string& at, int depth) {
    dom::array list;
    if (value.get(list)) return std::nullopt;
    if (auto wrong = counted(schema, at, list.size(), "minItems", "maxItems", "elements")) return wrong;
    auto first = member(schema, "prefixItems");
    auto rest = member(schema, "items");
    if (!first && rest && rest->is_array()) first = rest, rest = member(schema, "additionalItems");
    std::vector<dom::element> heads;
    if (dom::array all; first && !first->get(all))
      for (const auto one : all) heads.push_back(one);
    std::size_t place = 0;
    for (const auto one : list) {
      const std::string here = fmt::format("{}/{}", at, place);
      const auto schema_of = place < heads.size() ? std::optional(heads[place]) : rest;
      if (schema_of)
        if (auto wrong = check(*schema_of, one, here, depth + 1)) return wrong;
      ++place;
    }
    if (const auto wanted = member(schema, "contains"); wanted && !holds(*wanted, list, at, depth))
      return said(at, "no element is as \"contains\" wants it");
    bool unique = false;
    if (const auto given = member(schema, "uniqueItems"); given && !given->get(unique) && unique)
      return repeated(list, at);
    return std::nullopt;
  }

  bool holds(const dom::element& schema, const dom::array& list, const std::string& at, int depth) {
    for (const auto one : list)
      if (!check(schema, one, at, depth + 1)) return true;
    return false;
  }

  Wrong repeated(const dom::array& list, const std::string& at) {
    std::vector<dom::element> seen;
    for (const auto one : list) {
      if (++work_ > most_work) return std::nullopt;
      for (const auto& other : seen)
        if (++work_ > most_work || equal(one, other)) return said(at, "elements must differ");
      seen.push_back(one);
    }
    return std::nullopt;
  }

  Wrong required(const dom::object& schema, const dom::object& object, const std::string& at) {
    dom::array names;
    if (const auto given = member(schema, "required"); given && !given->get(names))
      for (const auto one : names)
        if (std::string_view name; !one.get(name) && !member(object, name))
          return said(at, fmt::format("\"{}\" is missing", name));
    dom::object needs;
    if (const auto given = member(schema, "dependentRequired"); given && !given->get(needs))
      for (const auto need : needs) {
        if (!member(object, need.key) || need.value.get(names)) continue;
        for (const auto one : names)
          if (std::string_view name; !one.get(name) && !member(object, name))
            return said(at, fmt::format("\"{}\" is missing, which \"{}\" needs", name, need.key));
      }
    return std::nullopt;
  }

  Wrong objects(const dom::object& schema, const dom::element& value, const std::string& at, int depth) {
    dom::object object, properties, by_pattern;
    if (value.get(object)) return std::nullopt;
    if (auto wrong = required(schema, object, at)) return wrong;
    if (auto wrong = counted(schema, at, object.size(), "minProperties", "maxProperties", "members")) return wrong;
    const auto known = member(schema, "properties"), patterns = member(schema, "patternProperties");
    const auto others = member(schema, "additionalProperties"), names = member(schema, "propertyNames");
    const bool has_known = known && !known->get(properties), has_patterns = patterns && !patterns->get(by_pattern);
    for (const auto field : object) {
      const std::string here = fmt::format("{}/{}", at, field.key);
      bool met = false;
      if (const auto one = has_known ? member(properties, field.key) : std::nullopt) {
        met = true;
        if (auto wrong = check(*one, field.value, here, depth + 1)) return wrong;
      }
      if (has_patterns)
        for (const auto one : by_pattern) {
          if (!fits(one.key, field.key)) continue;
          met = true;
          if (auto wrong = check(one.value, field.value, here, depth + 1)) return wrong;
        }
      bool open = true;
      if (!met && others && !others->get(open) && !open) return said(here, "is not known");
      if (!met && others)
        if (auto wrong = check(*others, field.value, here, depth + 1)) return wrong;
      if (names)
        if (auto wrong = name_is(*names, field.key, here, depth)) return wrong;
    }
    return std::nullopt;
  }

  Wrong name_is(const dom::element& schema, std::string_view name, const std::string& at, int depth) {
    dom::parser parser;
    dom::element text;
    JsonWriter quoted;
    if (parser.parse(quoted.value(name).take()).get(text)) return std::nullopt;
    return check(schema, text, at, depth + 1);
  }

  std::size_t matching(const dom::array& schemas, const dom::element& value, const std::string& at, int depth,
                       std::string& first_wrong) {
    std::size_t count = 0;
    for (const auto one : schemas) {
      const auto wrong = check(one, value, at, depth + 1);
      count += wrong ? 0 : 1;
      if (wrong && first_wrong.empty()) first_wrong = *wrong;
    }
    return count;
  }

  Wrong combined(const dom::object& schema, const dom::element& value, const std::string& at, int depth) {
    dom::array several;
    std::string first;
    if (const auto all = member(schema, "allOf"); all && !all->get(several))
      for (const auto one : several)
        if (auto wrong = check(one, value, at, depth + 1)) return wrong;
    if (const auto any = member(schema, "anyOf");
        any && !any->get(several) && matching(several, value, at, depth, first) == 0)
      return said(at, fmt::format("none of anyOf fits ({})", first));
    if (const auto one = member(schema, "oneOf"); one && !one->get(several)) {
      const auto count = matching(several, value, at, depth, first);
      if (count != 1) return said(at, fmt::format("{} of oneOf fit, not one", count));
    }
    if (const auto other = member(schema, "not"); other && !check(*other, value, at, depth + 1))
      return said(at, "is what \"not\" forbids");
    if (const auto condition = member(schema, "if")) {
      const auto then = member(schema, check(*condition, value, at, depth + 1) ? "else" : "then");
      if (then) return check(*then, value, at, depth + 1);
    }
    return std::nullopt;
  }

  const void* document_;
  Resolve resolve_;
  const std::map<std::string, std::unique_ptr<RE2>, std::less<>>& patterns_;
  std::size_t work_ = 0;
};

}  // namespace

Schema::Schema(std::unique_ptr<Document> document) : document_(std::move(document)) {}
Schema::Schema(Schema&&) noexcept = default;
Schema& Schema::operator=(Schema&&) noexcept = default;
Schema::~Schema() = default;

Result<Schema> Schema::read(std::string_view json) {
  auto document = std::make_unique<Document>();
  if (const auto error = document->parser.parse(simdjson::padded_string(json)).get(document->root))
    return fail(ErrorKind::invalid, "The schema is no JSON: {}", simdjson::error_message(error));
  if (!document->root.is_object() && !document->root.is_bool())
    return fail(ErrorKind::invalid, "A schema is an object, true or false.");
  TRY(document->look(document->root, "#", 0));
  return Schema(std::move(document));
}

std::optional<std::string> Schema::wrong_with(std::string_view value) const {
  dom::parser parser;
  dom::element root;
  if (parser.parse(simdjson::padded_string(value)).get(root)) return "the whole: is no JSON";
  const auto resolve = [](const void* document, std::string_view reference) {
    return static_cast<const Document*>(document)->resolve(reference);
  };
  return Checking(document_.get(), resolve, document_->patterns).check(document_->root, root, "");
}

}  // namespace pawl::trials
