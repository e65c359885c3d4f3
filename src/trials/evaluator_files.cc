// Files of evaluators: which kinds there are, what each knows, and what is wrong with a file.
#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

#include "base/ids.h"
#include "base/text.h"
#include "evaluators.h"
#include "formula.h"
#include "llm/json_scan.h"
#include "prepared.h"

namespace pawl::trials {
namespace {

namespace json = llm::json;

constexpr Field wanted_text = {"value", "text", "", false,
                               "what is looked for; the expected outcome where it is not given"};
constexpr Field ignore_case = {"ignore_case", "boolean", "", false, "large and small letters are the same"};
constexpr Field limit = {"most", "number", "", true, "the most that passes"};
constexpr Field tool = {"tool", "text", "", true, "the name of the tool"};

constexpr Field negated = {"not", "boolean", "", false, "passes where it otherwise fails"};

constexpr Field of_text[] = {wanted_text, ignore_case, negated};
constexpr Field of_regex[] = {{"value", "text", "", true, "a regular expression (RE2)"}, negated};
constexpr Field of_similar[] = {
    wanted_text,
    {"metric", "choice", "fuzzy levenshtein rouge_1 rouge_2 rouge_l", false, "how the texts are compared"},
    {"least", "number", "", false, "the likeness that passes, 0 to 1; not given: the likeness is the score"},
    {"most", "number", "", false, "of levenshtein: the most edits that pass"}};
constexpr Field of_asserts[] = {
    {"value", "text", "", false, "only what counts for this score, as a share; else all of it, passed or not"}};
constexpr Field of_formula[] = {
    {"formula", "text", "", true, "+ - * / ^, min, max, abs, floor, ceil, exp, sqrt, log over the names of its parts"},
    {"parts", "json", "", true, "by name, an evaluator each: {kind = …}; what the formula reckons with is its score"}};
constexpr Field of_kept[] = {{"source", "json", "", true, "the evaluator as the other tool has it"}};
constexpr Field of_numeric[] = {wanted_text,
                                {"absolute", "number", "", false, "how far off it may be"},
                                {"relative", "number", "", false, "the same, as a share of the expected number"}};
constexpr Field of_schema[] = {{"schema", "json", "", true, "a JSON Schema, as a table or as text"}};
constexpr Field of_trajectory[] = {
    {"metric", "choice", "exact in_order any_order unordered within precision recall", false, "how the calls compare"},
    {"arguments", "choice", "exact ignore subset superset", false, "how their arguments compare"}};
constexpr Field of_called[] = {tool,
                               {"least", "number", "", false, "how often at least [1]"},
                               {"most", "number", "", false, "how often at most; 0: any number"}};
constexpr Field of_arguments[] = {
    tool,
    {"rules", "json", "", true,
     "by argument: {equal = …}, {fold = \"…\"}, {regex = \"…\"}, {near = 5, absolute = 1, relative = 0.1}, {schema = "
     "…}, or "
     "one of the words equal, fold, near (against the expected call), present, absent, ignore"},
    {"every", "boolean", "", false, "every call of the tool, not only one"}};
constexpr Field of_tool_calls[] = {
    {"tools", "json", "", false, "schemas by tool; else those of the trial or of the case's metadata.tools"}};
constexpr Field of_limit[] = {limit};
constexpr Field of_program[] = {{"command", "text", "", true, "a line of the shell: JSON lines in and out"},
                                {"timeout", "number", "", false, "seconds of one item [30]"},
                                {"memory", "number", "", false, "MB of address space [1024]"}};

constexpr Kind all_kinds[] = {
    {"exact", "the output is the wanted text", of_text},
    {"contains", "the output holds the wanted text", of_text},
    {"not_contains", "the output does not hold it", of_text},
    {"regex", "the output matches", of_regex},
    {"json", "output and expected outcome are equal as JSON", {}},
    {"schema", "the output is JSON as the schema wants it", of_schema},
    {"similar", "the output is like the wanted text", of_similar},
    {"asserts", "the outcome is as the case itself asserts (its criteria)", of_asserts},
    {"numeric", "the output is a number near the expected one", of_numeric},
    {"trajectory", "the calls compare so with the expected ones", of_trajectory},
    {"called", "a tool was called, so often", of_called},
    {"arguments", "a tool was called with arguments as the rules want them", of_arguments},
    {"tool_calls", "every call is of a known tool, with arguments as its schema wants them", of_tool_calls},
    {"refusal", "the output refuses", {}},
    {"no_refusal", "the output does not refuse", {}},
    {"cost", "US dollars, at most", of_limit},
    {"latency", "milliseconds, at most", of_limit},
    {"tokens", "tokens, at most", of_limit},
    {"steps", "calls, at most", of_limit},
    {"no_secrets", "neither output nor calls hold a key, token or private key", {}},
    {"formula", "what a formula makes of the scores of its parts", of_formula},
    {"kept", "of another tool: kept as it was, and not run", of_kept},
    {"program", "what a program says (command line only)", of_program}};

// One table or object of the file.
struct Fields {
  std::vector<std::pair<std::string, std::string>> texts;
  std::string take(std::string_view name) {
    for (auto& [key, value] : texts)
      if (key == name) return std::exchange(value, "");
    return "";
  }
};

template <typename... Args>
std::unexpected<Error> wrong(std::string_view who, fmt::format_string<Args...> text, Args&&... args) {
  return fail(ErrorKind::invalid, "Evaluator {}: {}", who, fmt::format(text, std::forward<Args>(args)...));
}

Result<const Kind*> kind_of(const Fields& fields, std::string_view name, std::size_t place) {
  const auto kind = std::ranges::find(all_kinds, name, &Kind::name);
  std::vector<std::string_view> known;
  if (kind == std::end(all_kinds)) {
    for (const auto& one : all_kinds) known.push_back(one.name);
    const auto near = nearest(name, known);
    return wrong(fmt::format("{}", place), "there is no kind \"{}\".{} Known: {}.", name,
                 near.empty() ? "" : fmt::format(" Did you mean {}?", near), known_kinds());
  }
  for (const auto& one : kind->fields) known.push_back(one.name);
  known.insert(known.end(), {"name", "kind"});
  for (const auto& [key, value] : fields.texts) {
    if (std::ranges::find(known, key) != known.end()) continue;
    const auto near = nearest(key, known);
    return wrong(fmt::format("{}", place), "{} is not known{}.{}", key, fmt::format(" of kind {}", name),
                 near.empty() ? "" : fmt::format(" Did you mean {}?", near));
  }
  for (const auto& one : kind->fields) {
    if (one.needed && std::ranges::none_of(fields.texts, [&](const auto& said) { return said.first == one.name; }))
      return wrong(fmt::format("{}", place), "kind {} needs {}: {}.", name, one.name, one.one);
  }
  return &*kind;
}

Result<std::shared_ptr<const RE2>> expression(std::string_view who, const std::string& text) {
  auto re = std::make_shared<RE2>(text, RE2::Quiet);
  if (text.empty() || !re->ok()) return wrong(who, "\"{}\" is no regular expression: {}", text, re->error());
  return std::shared_ptr<const RE2>(std::move(re));
}

Result<std::shared_ptr<const Schema>> compiled(std::string_view who, const std::string& text) {
  auto schema = Schema::read(text);
  if (!schema) return wrong(who, "{}", schema.error().what);
  return std::shared_ptr<const Schema>(std::make_shared<Schema>(std::move(*schema)));
}

Result<ArgumentRule> rule_of(std::string_view who, const std::string& argument, std::string_view said) {
  using How = ArgumentRule::How;
  constexpr std::pair<std::string_view, How> hows[] = {
      {"equal", How::equal},   {"fold", How::fold},     {"regex", How::regex},     {"near", How::near},
      {"schema", How::schema}, {"ignore", How::ignore}, {"present", How::present}, {"absent", How::absent}};
  ArgumentRule rule;
  if (json::is_string(said)) {
    const std::string word = json::text(said);
    for (const auto& [name, how] : hows)
      if (name == word && how != How::regex && how != How::schema) {
        rule.how = how;
        return rule;
      }
    return wrong(who, "the rule of {} is one of equal, fold, near, present, absent, ignore, or a table.", argument);
  }
  bool met = false;
  for (json::Members members(said); members.next();) {
    if (members.key == "absolute" || members.key == "relative") {
      const auto number = json::number(members.value);
      if (!number || *number < 0) return wrong(who, "{} of {} must be a number from 0.", members.key, argument);
      (members.key == "absolute" ? rule.absolute : rule.relative) = *number;
      continue;
    }
    for (const auto& [name, how] : hows) {
      if (name != members.key) continue;
      rule.how = how, met = true;
      if (how == How::regex) rule.re = TRY(expression(who, json::text(members.value)));
      if (how == How::schema) rule.schema = TRY(compiled(who, json::text(members.value)));
      if (how == How::equal || how == How::fold || how == How::near) rule.value = members.value;
    }
  }
  if (!met) return wrong(who, "the rule of {} says none of equal, fold, regex, near, schema.", argument);
  return rule;
}

Result<Evaluator> evaluator_of(Fields fields, std::size_t place);
Fields fields_of_object(std::string_view object);

Result<> read_parts(const Evaluator& e, Prepared& out) {
  if (!json::is_object(e.parts)) return wrong(e.name, "parts must be a table: name = {{kind = …}}.");
  for (json::Members parts(e.parts); parts.next();) {
    const std::string name = json::text("\"" + std::string(parts.key) + "\"");
    if (!json::is_object(parts.value)) return wrong(e.name, "its part {} is no table.", name);
    if (std::ranges::find(out.names, name) != out.names.end()) return wrong(e.name, "two parts are called {}.", name);
    if (out.parts.size() >= most_formula_parts) return wrong(e.name, "it has more than {} parts.", most_formula_parts);
    const std::string kind = json::text(json::member(parts.value, "kind"));
    if (kind == "program" || kind == "asserts" || kind == "kept" || kind == "formula")
      return wrong(e.name, "its part {} cannot be of the kind {}.", name, kind);
    auto part = evaluator_of(fields_of_object(parts.value), 1);
    if (!part) return wrong(e.name, "its part {}: {}", name, part.error().what);
    out.names.push_back(name);
    out.parts.push_back(std::move(*part));
  }
  if (const auto checked = check_formula(e.formula, out.names); !checked)
    return wrong(e.name, "{}.", checked.error().what);
  return {};
}

Result<> prepare(Evaluator& e) {
  auto out = std::make_shared<Prepared>();
  if (e.kind == "regex") out->re = TRY(expression(e.name, e.value));
  if (e.kind == "formula") TRY(read_parts(e, *out));
  if (e.kind == "schema") out->schema = TRY(compiled(e.name, e.schema));
  if (e.kind == "tool_calls" && !e.tools.empty() && !json::is_object(e.tools) && !json::is_array(e.tools))
    return wrong(e.name, "tools must be a table of schemas, or a list of tools.");
  if (e.kind == "arguments") {
    if (!json::is_object(e.rules)) return wrong(e.name, "rules must be a table: argument = rule.");
    for (json::Members rules(e.rules); rules.next();) {
      const std::string argument = json::text("\"" + std::string(rules.key) + "\"");
      out->rules.emplace_back(argument, TRY(rule_of(e.name, argument, rules.value)));
    }
    if (out->rules.empty()) return wrong(e.name, "rules is empty.");
  }
  e.prepared = std::move(out);
  return {};
}

Result<> read_numbers(Fields& fields, Evaluator& e) {
  for (const auto& [name, into] : {std::pair{"most", &e.most},
                                   {"least", &e.least},
                                   {"absolute", &e.absolute},
                                   {"relative", &e.relative},
                                   {"timeout", &e.timeout_s},
                                   {"memory", &e.memory_mb}}) {
    const auto given = fields.take(name);
    if (given.empty()) continue;
    const auto number = parse_double(given);
    if (!number || *number < 0) return wrong(e.name, "{} must be a number from 0.", name);
    *into = *number;
  }
  if (e.timeout_s <= 0 || e.timeout_s > 86'400) return wrong(e.name, "timeout must be above 0 and at most a day.");
  if (e.memory_mb < 16) return wrong(e.name, "memory must be at least 16 (MB).");
  return {};
}

Result<> read_choices(const Kind& kind, Fields& fields, Evaluator& e) {
  for (const auto& [name, into] : {std::pair{"metric", &e.metric}, {"arguments", &e.arguments}}) {
    const auto field = std::ranges::find(kind.fields, std::string_view(name), &Field::name);
    const auto given = fields.take(name);
    if (given.empty() || field == kind.fields.end()) continue;
    const auto choices = split(field->choices, ' ');
    if (std::ranges::find(choices, std::string_view(given)) == choices.end())
      return wrong(e.name, "{} is one of {}.", name, field->choices);
    *into = given;
  }
  return {};
}

Result<Evaluator> evaluator_of(Fields fields, std::size_t place) {
  Evaluator e;
  e.name = fields.take("name"), e.kind = fields.take("kind");
  const Kind* kind = TRY(kind_of(fields, e.kind, place));
  if (e.name.empty()) e.name = e.kind;
  if (e.kind == "similar") e.metric = "fuzzy", e.least = 0;
  e.ignore_case = fields.take("ignore_case") == "true", e.every = fields.take("every") == "true";
  e.negated = fields.take("not") == "true";
  for (const auto& [name, into] : {std::pair{"value", &e.value},
                                   {"tool", &e.tool},
                                   {"schema", &e.schema},
                                   {"tools", &e.tools},
                                   {"rules", &e.rules},
                                   {"formula", &e.formula},
                                   {"parts", &e.parts},
                                   {"source", &e.source},
                                   {"command", &e.command}})
    *into = fields.take(name);
  TRY(read_numbers(fields, e));
  TRY(read_choices(*kind, fields, e));
  TRY(prepare(e));
  return e;
}

Fields fields_of_object(std::string_view object) {
  Fields out;
  for (json::Members members(object); members.next();) out.texts.emplace_back(members.key, json::text(members.value));
  return out;
}

Result<std::vector<Fields>> fields_of_json(std::string_view text) {
  if (!json::is_valid(json::trimmed(text))) return fail(ErrorKind::invalid, "The evaluators are no JSON.");
  std::vector<Fields> out;
  for (json::Elements list(json::member(json::trimmed(text), "evaluator")); list.next();)
    out.push_back(fields_of_object(list.value));
  return out;
}

std::string text_of(const toml::node& value) {
  if (const auto text = value.value<std::string>(); text && value.is_string()) return *text;
  if (value.is_boolean()) return value.value_or(false) ? "true" : "false";
  if (value.is_number()) return fmt::format("{}", value.value_or(0.0));
  std::ostringstream out;
  constexpr auto plain = toml::json_formatter::default_flags & ~toml::format_flags::quote_dates_and_times;
  if (const auto* table = value.as_table()) out << toml::json_formatter(*table, plain);
  if (const auto* list = value.as_array()) out << toml::json_formatter(*list, plain);
  return std::move(out).str();
}

Result<std::vector<Fields>> fields_of_toml(std::string_view text) {
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error& wrong_at) {
    return fail(ErrorKind::invalid, "line {}: {}", wrong_at.source().begin.line, wrong_at.description());
  }
  std::vector<Fields> out;
  const auto* list = table["evaluator"].as_array();
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    auto& fields = out.emplace_back();
    const auto* one = (*list)[i].as_table();
    if (one == nullptr) continue;
    for (const auto& [key, value] : *one) fields.texts.emplace_back(key.str(), text_of(value));
  }
  return out;
}

}  // namespace

std::span<const Kind> kinds() {
  return all_kinds;
}

std::string known_kinds() {
  std::string out;
  for (const auto& kind : all_kinds) out += fmt::format("{}{}", out.empty() ? "" : ", ", kind.name);
  return out;
}

Result<Evaluator> read_assert(std::string_view raw) {
  auto fields = fields_of_object(raw);
  std::erase_if(fields.texts,
                [](const auto& one) { return one.first == "weight" || one.first == "score" || one.first == "not"; });
  auto out = TRY(evaluator_of(std::move(fields), 1));
  if (out.is_program() || out.kind == "asserts" || out.kind == "kept")
    return fail(ErrorKind::invalid, "a case cannot assert by the kind {}", out.kind);
  return out;
}

std::string version_of(std::string_view text) {
  return to_hex(sha256(text)).substr(0, 12);
}

Result<std::vector<Evaluator>> read_evaluators(std::string_view text, bool is_json) {
  const auto all = TRY(is_json ? fields_of_json(text) : fields_of_toml(text));
  if (all.empty()) return fail(ErrorKind::invalid, "There is no [[evaluator]] in the file.");
  std::vector<Evaluator> out;
  for (const auto& fields : all) {
    auto one = TRY(evaluator_of(fields, out.size() + 1));
    for (const auto& other : out)
      if (other.name == one.name) return fail(ErrorKind::invalid, "Two evaluators are called {}.", one.name);
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace pawl::trials
