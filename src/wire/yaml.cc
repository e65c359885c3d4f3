// Events of libyaml → JSON.
#include "yaml.h"

#include <simdjson.h>
#include <yaml.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/text.h"

namespace pawl {
namespace {

constexpr int most_depth = 100;
constexpr std::size_t most_bytes = 64U << 20;

// The JSON of a plain word by the core schema; hexadecimal and octal stay text.
std::string resolved(std::string_view plain) {
  const auto is = [&](std::initializer_list<std::string_view> words) {
    return std::ranges::find(words, plain) != words.end();
  };
  if (plain.empty() || is({"~", "null", "Null", "NULL"})) return "null";
  if (is({"true", "True", "TRUE"})) return "true";
  if (is({"false", "False", "FALSE"})) return "false";
  const auto digits = plain.substr(plain.starts_with('-') || plain.starts_with('+') ? 1 : 0);
  if (digits.empty() || digits.find_first_not_of("0123456789.eE+-") != std::string_view::npos ||
      digits.find_first_of("0123456789") == std::string_view::npos || digits.starts_with('e') ||
      digits.starts_with('E'))
    return json_quote(plain);
  if (const auto whole = parse_int(plain.starts_with('+') ? digits : plain)) return fmt::format("{}", *whole);
  const auto number = parse_double(plain.starts_with('+') ? digits : plain);
  if (!number || !std::isfinite(*number)) return json_quote(plain);
  if (*number == 0) return "0";
  JsonWriter out;
  return out.value(*number).take();
}

// A map under way: the first of each key holds its place; what << brings gives way to what is written.
struct Map {
  std::vector<std::pair<std::string, std::string>> written, merged;  // key → JSON
  std::unordered_set<std::string> keys, merged_keys;

  std::string json() const {
    std::string out = "{";
    const auto write = [&](const auto& one) {
      if (out.size() > 1) out += ',';
      append_json_string(out, one.first);
      out += ':';
      out += one.second;
    };
    for (const auto& one : merged)
      if (!keys.contains(one.first)) write(one);
    for (const auto& one : written) write(one);
    return out + "}";
  }

  // False where the JSON is neither a map nor a list of maps.
  bool merge(const std::string& json) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    if (parser.parse(json).get(root)) return false;
    simdjson::dom::array list;
    if (root.get(list)) return merge(root);
    for (const auto one : list)
      if (!merge(one)) return false;
    return true;
  }
  bool merge(simdjson::dom::element one) {
    simdjson::dom::object object;
    if (one.get(object)) return false;
    for (const auto field : object)
      if (merged_keys.emplace(field.key).second) merged.emplace_back(field.key, simdjson::minify(field.value));
    return true;
  }
};

class Reader {
 public:
  explicit Reader(std::string_view text) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() {
    yaml_event_delete(&event_);
    yaml_parser_delete(&parser_);
  }

  Result<std::string> document() {
    TRY(next());  // of the stream
    TRY(next());
    if (event_.type == YAML_STREAM_END_EVENT) return "null";
    TRY(next());
    auto out = TRY(value(0));
    TRY(next());  // the document's end
    TRY(next());
    if (event_.type != YAML_STREAM_END_EVENT) return wrong("a second document begins: one is read");
    return out;
  }
  // Whether what was refused is no YAML to libyaml, and not against a rule of ours.
  bool no_yaml() const { return parser_.error != YAML_NO_ERROR; }

 private:
  template <typename... Args>
  std::unexpected<Error> wrong(fmt::format_string<Args...> format, Args&&... args) const {
    return fail(ErrorKind::invalid, "line {}: {}", event_.start_mark.line + 1,
                fmt::format(format, std::forward<Args>(args)...));
  }

  Result<> next() {
    yaml_event_delete(&event_);
    if (yaml_parser_parse(&parser_, &event_) != 0) return {};
    const std::string_view problem = parser_.problem != nullptr ? parser_.problem : "this is no YAML";
    if (parser_.error == YAML_READER_ERROR)
      return fail(ErrorKind::invalid, "byte {}: {}", parser_.problem_offset, problem);
    const std::string_view context = parser_.context != nullptr ? parser_.context : "";
    return fail(ErrorKind::invalid, "line {}: {}{}{}", parser_.problem_mark.line + 1, problem,
                context.empty() ? "" : fmt::format(", {}", context),
                context.empty() || parser_.context_mark.line == parser_.problem_mark.line
                    ? ""
                    : fmt::format(" that begins on line {}", parser_.context_mark.line + 1));
  }

  static std::string text_of(const yaml_char_t* text) { return reinterpret_cast<const char*>(text); }
  std::string scalar() const {
    return {reinterpret_cast<const char*>(event_.data.scalar.value), event_.data.scalar.length};
  }

  // What the event at hand begins, up to its end.
  Result<std::string> value(int depth) {
    if (depth > most_depth) return fail(ErrorKind::exhausted, "It is nested deeper than {}.", most_depth);
    std::string anchor, out;
    const auto named = [&](const yaml_char_t* name) { anchor = name != nullptr ? text_of(name) : ""; };
    switch (event_.type) {
      case YAML_SCALAR_EVENT:
        named(event_.data.scalar.anchor);
        out = event_.data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? resolved(scalar()) : json_quote(scalar());
        break;
      case YAML_SEQUENCE_START_EVENT:
        named(event_.data.sequence_start.anchor);
        out = TRY(list(depth));
        break;
      case YAML_MAPPING_START_EVENT:
        named(event_.data.mapping_start.anchor);
        out = TRY(map(depth));
        break;
      case YAML_ALIAS_EVENT: {
        const auto known = anchors_.find(text_of(event_.data.alias.anchor));
        if (known == anchors_.end())
          return wrong("there is no anchor &{} before it", text_of(event_.data.alias.anchor));
        copied_ += known->second.size();
        if (copied_ > most_bytes) return fail(ErrorKind::exhausted, "Its aliases grow beyond {} MB.", most_bytes >> 20);
        return known->second;
      }
      default:
        return wrong("a value is wanted here");
    }
    if (!anchor.empty()) anchors_[anchor] = out;
    return out;
  }

  Result<std::string> list(int depth) {
    std::string out = "[";
    for (TRY(next()); event_.type != YAML_SEQUENCE_END_EVENT; TRY(next())) {
      if (out.size() > 1) out += ',';
      out += TRY(value(depth + 1));
    }
    return out + "]";
  }

  Result<std::string> map(int depth) {
    Map out;
    for (TRY(next()); event_.type != YAML_MAPPING_END_EVENT; TRY(next())) {
      if (event_.type != YAML_SCALAR_EVENT) return wrong("keys that are more than a text cannot be JSON");
      auto key = scalar();
      const bool merges = key == "<<" && event_.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
      if (const auto* name = event_.data.scalar.anchor) anchors_[text_of(name)] = json_quote(key);
      if (!merges && !out.keys.insert(key).second) return wrong("the key {} stands twice", key);
      TRY(next());
      auto one = TRY(value(depth + 1));
      if (!merges)
        out.written.emplace_back(std::move(key), std::move(one));
      else if (!out.merge(one))
        return wrong("\"<<\" wants a map, or a list of maps");
    }
    return out.json();
  }

  yaml_parser_t parser_{};
  yaml_event_t event_{};
  std::unordered_map<std::string, std::string> anchors_;
  std::size_t copied_ = 0;
};

}  // namespace

Result<std::string> yaml_to_json(std::string_view text) {
  Reader reader(text);
  auto out = reader.document();
  if (out || !reader.no_yaml()) return out;
  // JSON is YAML 1.2 and not quite what libyaml reads: tabs, pairs of \u for what is beyond 16 bits.
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.allocate(text.size() + 64, most_depth) != simdjson::SUCCESS ||
      parser.parse(simdjson::padded_string(text)).get(root))
    return out;
  return std::string(simdjson::minify(root));
}

}  // namespace pawl
