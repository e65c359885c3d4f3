// OpenAI's graders as evaluators. Source: openai 3.54, types of graders and of eval_create_params.testing_criteria.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "evaluators.h"
#include "formula.h"
#include "llm/json_scan.h"
#include "suites.h"

namespace pawl::trials {
namespace {

namespace json = llm::json;

constexpr std::size_t most_graders = 1000;

std::string squeezed(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != ' ') out += c;
  return out;
}

class Reading {
 public:
  void grader(std::string_view raw, const std::string& prefix, int depth) {
    if (count_ >= most_graders || depth > 4) return warn(prefix, "is left out: too many, or nested too deep");
    const json::Object one(raw);
    const std::string type = json::text(one.member("type"));
    std::string name = json::is_string(one.member("name")) ? json::text(one.member("name")) : type;
    name = name_for(prefix + (name.empty() ? "grader" : name));
    if (!json::is_object(raw) || type.empty()) return warn(name, "is no grader: an object with a type");
    if (type == "multi") return multi(one, raw, name, depth);
    const Made made = made_of(one);
    if (made.why.empty()) return add(name, made);
    keep(name, raw, made.why);
  }

  Graders out;

 private:
  std::string name_for(const std::string& wanted) {
    std::string name(utf8_prefix(wanted, 200));
    for (int i = 2; !names_.insert(name).second; ++i) name = fmt::format("{} {}", utf8_prefix(wanted, 200), i);
    return name;
  }

  void warn(const std::string& name, std::string_view what) {
    if (out.warnings.size() < 100) out.warnings.push_back(repair_utf8(fmt::format("Grader \"{}\" {}.", name, what)));
  }

  // A grader of ours: its kind, and lines of TOML.
  struct Made {
    std::string_view kind;
    std::vector<std::pair<std::string_view, std::string>> lines;
    std::string why;  // it cannot run here; "": it can
  };

  void add(const std::string& name, const Made& made) {
    ++count_;
    out.evaluators += fmt::format("{}[[evaluator]]\nname = {}\nkind = \"{}\"\n", out.evaluators.empty() ? "" : "\n",
                                  toml_quote(name), made.kind);
    for (const auto& [key, toml] : made.lines) out.evaluators += fmt::format("{} = {}\n", key, toml);
  }

  // What is judged must be the whole output; what it is held against may name the case.
  static std::string unlike_ours(const json::Object& one) {
    if (squeezed(json::text(one.member("input"))) != "{{sample.output_text}}")
      return fmt::format("judges {}, not the output as a whole", json::text(one.member("input")));
    if (!json::is_string(one.member("reference"))) return "has no reference";
    if (json::text(one.member("reference")).find("{{sample.") != std::string::npos ||
        squeezed(json::text(one.member("reference"))).find("{{sample.") != std::string::npos)
      return "holds the output against another part of itself";
    return "";
  }

  static Made string_check(const json::Object& one) {
    if (auto why = unlike_ours(one); !why.empty()) return {.why = std::move(why)};
    const std::string operation = json::text(one.member("operation"));
    const bool like = operation == "like" || operation == "ilike";
    if (!like && operation != "eq" && operation != "ne") return {.why = fmt::format("compares by {}", operation)};
    Made out{.kind = like ? "contains" : "exact"};
    out.lines.emplace_back("value", toml_quote(json::text(one.member("reference"))));
    if (operation == "ilike") out.lines.emplace_back("ignore_case", "true");
    if (operation == "ne") out.lines.emplace_back("not", "true");
    return out;
  }

  static Made text_similarity(const json::Object& one) {
    if (auto why = unlike_ours(one); !why.empty()) return {.why = std::move(why)};
    const std::string metric = json::text(one.member("evaluation_metric"));
    constexpr std::pair<std::string_view, std::string_view> known[] = {
        {"fuzzy_match", "fuzzy"}, {"rouge_1", "rouge_1"}, {"rouge_2", "rouge_2"}, {"rouge_l", "rouge_l"}};
    const auto ours =
        std::ranges::find(known, std::string_view(metric), &std::pair<std::string_view, std::string_view>::first);
    if (ours == std::end(known)) return {.why = fmt::format("measures {}, which is not reckoned here", metric)};
    Made out{.kind = "similar"};
    out.lines.emplace_back("metric", toml_quote(ours->second));
    out.lines.emplace_back("value", toml_quote(json::text(one.member("reference"))));
    if (const auto least = json::number(one.member("pass_threshold")); least && *least > 0 && *least <= 1)
      out.lines.emplace_back("least", fmt::format("{}", *least));
    return out;
  }

  static Made made_of(const json::Object& one) {
    const std::string type = json::text(one.member("type"));
    if (type == "string_check") return string_check(one);
    if (type == "text_similarity") return text_similarity(one);
    if (type == "python") return {.why = "runs Python (an evaluator of kind program can do it)"};
    if (type == "score_model" || type == "label_model") return {.why = "asks a model"};
    return {.why = fmt::format("is of the type {}", type)};
  }

  // Its parts are scores of their own too. Its formula reckons with those by the names that they have in it.
  void multi(const json::Object& one, std::string_view raw, const std::string& name, int depth) {
    std::vector<std::pair<std::string, std::string_view>> parts;
    const auto given = one.member("graders");
    for (json::Members members(json::is_object(given) ? given : "{}"); members.next();)
      parts.emplace_back(json::text("\"" + std::string(members.key) + "\""), members.value);
    for (json::Elements list(json::is_array(given) ? given : ""); list.next();)
      parts.emplace_back(json::text(json::member(list.value, "name")), list.value);
    const std::string formula = json::text(one.member("calculate_output"));
    std::vector<std::string> names;
    std::string table, why;
    if (parts.size() > most_formula_parts) why = fmt::format("it has more than {} parts", most_formula_parts);
    for (const auto& [part, value] : parts) {
      const Made made = made_of(json::Object(value));
      if (why.empty() && std::ranges::find(names, part) != names.end())
        why = fmt::format("two of its parts are called {}", part);
      if (why.empty() && !made.why.empty()) why = fmt::format("its part {} {}", part, made.why);
      table += fmt::format("{}{} = {{kind = \"{}\"", names.empty() ? "" : ", ", toml_quote(part), made.kind);
      for (const auto& [key, toml] : made.lines) table += fmt::format(", {} = {}", key, toml);
      table += "}";
      names.push_back(part);
    }
    if (const auto checked = check_formula(formula, names); why.empty() && !checked) why = checked.error().what;
    for (const auto& [part, value] : parts) grader(value, fmt::format("{}.", name), depth + 1);
    if (why.empty())
      return add(name, {.kind = "formula", .lines = {{"formula", toml_quote(formula)}, {"parts", "{" + table + "}"}}});
    keep(name, raw, fmt::format("puts its parts together by \"{}\", but {}", formula, why));
  }

  void keep(const std::string& name, std::string_view raw, const std::string& why) {
    add(name, {.kind = "kept", .lines = {{"source", toml_quote(raw)}}});
    warn(name, fmt::format("is kept and not run: it {}", why));
  }

  std::set<std::string> names_;
  std::size_t count_ = 0;
};

}  // namespace

Result<Graders> read_graders(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const auto raw = json::trimmed(text);
  if (!json::is_valid(raw)) return fail(ErrorKind::invalid, "The file is no JSON.");
  Reading reading;
  const auto criteria = json::is_object(raw) ? json::member(raw, "testing_criteria") : raw;
  if (json::is_array(criteria)) {
    for (json::Elements list(criteria); list.next();) reading.grader(list.value, "", 0);
  } else if (json::is_object(raw)) {
    const auto one = json::member(raw, "grader");
    reading.grader(json::is_object(one) ? one : raw, "", 0);
  }
  if (reading.out.evaluators.empty())
    return fail(ErrorKind::invalid,
                "There is no grader in the file: {{\"testing_criteria\": [{{\"type\": …}}]}} is wanted.");
  return std::move(reading.out);
}

}  // namespace pawl::trials
