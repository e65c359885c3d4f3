// A project's rules as text, and changes of them.
#include "guard/rules.h"

#include <simdjson.h>

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/json_fields.h"
#include "base/text.h"

namespace pawl::guard {
namespace {

constexpr std::array<std::string_view, 3> modes = {"off", "mask", "dual"};
constexpr std::array<std::string_view, 3> roles = {"member", "admin", "owner"};  // the least first

Result<> set_kinds(Rules& rules, std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::object kinds;
  if (parser.parse(json.data(), json.size())["kinds"].get(kinds) != simdjson::SUCCESS) return {};
  for (const auto& [name, value] : kinds) {
    std::string_view mode;
    if (value.get(mode) != simdjson::SUCCESS)
      return fail(ErrorKind::invalid, "kinds.{} must be off, mask or dual.", utf8_prefix(name, 60));
    rules.set(TRY(parse_kind(name)), TRY(parse_mode(mode)));
  }
  return {};
}

Result<> set_patterns(Rules& rules, const JsonFields& fields) {
  if (!fields.has("patterns")) return {};
  rules.own.clear();
  for (const auto& one : fields.objects("patterns")) {
    OwnRule rule{.pattern = {one.text("name"), one.text("pattern")}, .mode = Mode::mask};
    if (one.has("mode")) rule.mode = TRY(parse_mode(one.text("mode")));
    TRY(check(rule.pattern));
    if (std::ranges::any_of(rules.own, [&](const auto& other) { return other.pattern.name == rule.pattern.name; }))
      return fail(ErrorKind::invalid, "Two patterns are called {}.", rule.pattern.name);
    rules.own.push_back(std::move(rule));
  }
  if (rules.own.size() > most_own_patterns)
    return fail(ErrorKind::invalid, "A project can have {} patterns of its own; these are {}.", most_own_patterns,
                rules.own.size());
  return {};
}

bool is_list(std::string_view json, std::string_view name) {
  simdjson::dom::parser parser;
  return parser.parse(json.data(), json.size())[name].is_array();
}

}  // namespace

std::string_view name_of(Mode mode) {
  return modes[static_cast<std::size_t>(mode)];
}

Result<Mode> parse_mode(std::string_view word) {
  const auto found = std::ranges::find(modes, word);
  if (found == modes.end())
    return fail(ErrorKind::invalid, "No mode is called {}. Known: off, mask, dual.", utf8_prefix(word, 60));
  return static_cast<Mode>(found - modes.begin());
}

Mode Rules::mode_of(SecretKind kind) const {
  return (dual & only(kind)) != 0 ? Mode::dual : (masked & only(kind)) != 0 ? Mode::mask : Mode::off;
}

void Rules::set(SecretKind kind, Mode mode) {
  const auto without = [&](SecretKinds kinds) { return static_cast<SecretKinds>(kinds & ~only(kind)); };
  masked = without(masked), dual = without(dual);
  if (mode == Mode::mask) masked |= only(kind);
  if (mode == Mode::dual) dual |= only(kind);
}

std::vector<OwnPattern> Rules::patterns() const {
  std::vector<OwnPattern> out;
  for (const auto& rule : own)
    if (rule.mode != Mode::off) out.push_back(rule.pattern);
  return out;
}

bool Rules::seals() const {
  return dual != 0 || std::ranges::any_of(own, [](const auto& rule) { return rule.mode == Mode::dual; });
}

bool Rules::is_sealed(const Secret& secret) const {
  if (secret.kind != SecretKind::pattern) return mode_of(secret.kind) == Mode::dual;
  const auto found = std::ranges::find_if(own, [&](const auto& rule) { return rule.pattern.name == secret.name; });
  return found != own.end() && found->mode == Mode::dual;
}

std::string setting_of(const Rules& rules) {
  if (rules.dual == 0 && rules.own.empty() && rules.reveal == Rules().reveal) return to_text(rules.masked);
  JsonWriter json;
  json.object().field("masked", to_text(rules.masked)).field("dual", to_text(rules.dual));
  json.field("reveal", rules.reveal).key("patterns").array();
  for (const auto& rule : rules.own) {
    json.object().field("name", rule.pattern.name).field("pattern", rule.pattern.pattern);
    json.field("mode", name_of(rule.mode)).end();
  }
  return json.end().end().take();
}

Rules rules_in_force(const std::optional<std::string>& setting) {
  Rules rules;
  if (!setting) return rules;
  const auto kinds_in = [](std::string_view list) {
    SecretKinds kinds = 0;
    for (const auto word : split(list, ',')) kinds |= parse_kinds(word).value_or(SecretKinds{0});
    return kinds;
  };
  const auto fields = JsonFields::parse(setting->starts_with('{') ? *setting : "words");
  if (!fields) {
    rules.masked = kinds_in(*setting);
    return rules;
  }
  rules.dual = kinds_in(fields->text("dual"));
  rules.masked = static_cast<SecretKinds>(kinds_in(fields->text("masked")) & ~rules.dual);
  if (std::ranges::find(roles, fields->text("reveal")) != roles.end()) rules.reveal = fields->text("reveal");
  if (!set_patterns(rules, *fields)) rules.own.clear();
  return rules;
}

Result<Rules> change_rules(Rules rules, std::string_view json) {
  const auto fields = TRY(JsonFields::parse(json));
  if (is_list(json, "kinds")) {
    rules.masked = TRY(parse_kinds(join(TRY(fields.texts("kinds")), ","))), rules.dual = 0;
  } else if (fields.has("kinds")) {
    if (!fields.object("kinds"))
      return fail(ErrorKind::invalid, "kinds must be an object such as {{\"email\":\"mask\"}}, or a list of names.");
    TRY(set_kinds(rules, json));
  }
  TRY(set_patterns(rules, fields));
  if (fields.has("reveal")) {
    if (std::ranges::find(roles, fields.text("reveal")) == roles.end())
      return fail(ErrorKind::invalid, "reveal must be member, admin or owner.");
    rules.reveal = fields.text("reveal");
  }
  return rules;
}

bool may_reveal(const Rules& rules, std::string_view role) {
  const auto rank = [](std::string_view name) { return std::ranges::find(roles, name) - roles.begin(); };
  return rank(role) < std::ssize(roles) && rank(role) >= rank(rules.reveal);
}

}  // namespace pawl::guard
