// promptfoo's configurations and its CSV of tests, read.
#include "promptfoo.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "llm/json_scan.h"
#include "wire/csv.h"
#include "wire/yaml.h"

namespace pawl::trials {
namespace {

namespace json = llm::json;

constexpr std::size_t most_cases = 100'000, most_variants = 1000, most_warnings = 100, most_name = 300;

std::string key_text(std::string_view key) {
  return json::text("\"" + std::string(key) + "\"");
}

// Members of both, those of `over` win.
std::string merged(std::string_view under, std::string_view over) {
  JsonWriter out;
  out.object();
  for (json::Members members(json::is_object(under) ? under : "{}"); members.next();)
    if (json::member(over, members.key).empty()) out.key(key_text(members.key)).raw(members.value);
  for (json::Members members(json::is_object(over) ? over : "{}"); members.next();)
    out.key(key_text(members.key)).raw(members.value);
  return out.end().take();
}

// A list among the variables is a test each: all combinations.
Result<std::vector<std::string>> variants_of(const std::string& vars) {
  std::vector<std::string> out = {"{}"};
  for (json::Members members(vars); members.next();) {
    std::vector<std::string_view> choices;
    for (json::Elements list(json::is_array(members.value) ? members.value : ""); list.next();)
      choices.push_back(list.value);
    if (!json::is_array(members.value)) choices = {members.value};
    if (choices.empty()) choices = {"null"};
    if (out.size() * choices.size() > most_variants)
      return fail(ErrorKind::exhausted, "its lists of variables make more than {} tests", most_variants);
    std::vector<std::string> more;
    for (const auto& one : out)
      for (const auto choice : choices) more.push_back(merged(one, fmt::format("{{\"{}\":{}}}", members.key, choice)));
    out = std::move(more);
  }
  return out;
}

class Reading {
 public:
  void warn(std::string text) {
    if (warned_.size() >= most_warnings || !warned_.insert(text).second) return;
    out.cases.warnings.push_back(repair_utf8(text));
  }

  void set_default(std::string_view raw) {
    if (json::is_string(raw)) return warn(fmt::format("defaultTest stands in {}: it is not read.", json::text(raw)));
    default_ = raw;
  }

  void tests(std::string_view list) {
    if (json::is_string(list)) return elsewhere(json::text(list));
    std::uint64_t place = 0;
    for (json::Elements all(list); all.next();) test(all.value, ++place);
  }

  void test(std::string_view raw, std::uint64_t place) {
    if (json::is_string(raw)) return elsewhere(json::text(raw));
    if (!json::is_object(raw)) return bad(place, "a test must be a map");
    const json::Object one(raw), common(json::is_object(default_) ? default_ : std::string_view("{}"));
    if (json::is_string(one.member("path"))) return elsewhere(json::text(one.member("path")));
    if (json::is_string(one.member("vars")))
      return bad(place, fmt::format("its vars stand in {}: write them here", json::text(one.member("vars"))));
    const auto all_vars = merged(common.member("vars"), one.member("vars"));
    const bool whole = json::member(one.member("options"), "disableVarExpansion") == "true";
    const auto vars = whole ? Result<std::vector<std::string>>({all_vars}) : variants_of(all_vars);
    if (!vars) return bad(place, vars.error().what);
    for (const auto& each : *vars) add(one, common, each, place, vars->size() > 1);
  }

  void finish() {
    out.evaluators =
        "# What each case asserts, all of it together, and by score.\n[[evaluator]]\nname = \"pass\"\nkind = "
        "\"asserts\"\n";
    for (const auto& score : scores_)
      if (!score.empty() && score != "pass")
        out.evaluators +=
            fmt::format("\n[[evaluator]]\nname = {0}\nkind = \"asserts\"\nvalue = {0}\n", toml_quote(score));
    out.cases.format = "promptfoo";
  }

  void bad(std::uint64_t line, std::string reason) {
    if (++out.cases.bad_total <= datasets::shown_bad_rows) out.cases.bad.push_back({line, 0, repair_utf8(reason)});
  }

  Suite out;

 private:
  void elsewhere(const std::string& file) {
    warn(fmt::format("Tests stand in {}: import that file too (CSV, YAML or JSON).", file));
  }

  // The case's id: the description, and a number where it is not the first of it.
  std::string name_for(const json::Object& one, std::uint64_t place, bool variant) {
    std::string name = json::is_string(one.member("description")) ? json::text(one.member("description")) : "";
    name = utf8_prefix(trim(name), most_name - 20);
    if (name.empty()) name = fmt::format("test {}", place);
    const std::string base = name;
    int& count = counts_[base];
    if (variant || count > 0) name = fmt::format("{} #{}", base, count + 1);
    ++count;
    while (!names_.insert(name).second) name = fmt::format("{} #{}", base, ++count);
    return name;
  }

  void add(const json::Object& one, const json::Object& common, const std::string& vars, std::uint64_t place,
           bool variant) {
    if (out.cases.cases.size() >= most_cases) return bad(place, fmt::format("a file has at most {} tests", most_cases));
    datasets::Item item;
    item.name = name_for(one, place, variant);
    item.input = vars;
    JsonWriter entries, kept, rubric;
    entries.array(), kept.array(), rubric.array();
    const bool no_default = json::member(one.member("options"), "disableDefaultAsserts") == "true";
    for (const auto list : {no_default ? std::string_view() : common.member("assert"), one.member("assert")})
      for (json::Elements all(list); all.next();) take_assert(all.value, item, entries, kept, rubric);
    auto threshold = one.member("threshold");
    if (json::is_null(threshold)) threshold = common.member("threshold");
    item.criteria = criteria_of(entries.end().take(), kept.end().take(), rubric.end().take(), threshold);
    take_metadata(merged(common.member("metadata"), one.member("metadata")), item);
    for (const std::string_view what : {"transform", "transformVars"})
      if (!json::is_null(json::member(one.member("options"), what)) ||
          !json::is_null(json::member(common.member("options"), what)))
        warn(fmt::format("Test \"{}\": its {} is not imported; the agent's output is judged as it is.", item.name,
                         what));
    out.cases.cases.push_back(std::move(item));
    out.cases.lines.push_back(place);
  }

  void take_assert(std::string_view raw, datasets::Item& item, JsonWriter& entries, JsonWriter& kept,
                   JsonWriter& rubric) {
    auto entry = read_promptfoo_assert(raw, item.input);
    const std::string type = json::text(json::member(raw, "type"));
    if (entry) {
      if (const auto score = json::member(*entry, "score"); json::is_string(score)) scores_.insert(json::text(score));
      if (type == "equals" && item.expected.empty())
        item.expected = json::is_string(json::member(*entry, "value")) ? std::string(json::member(*entry, "value"))
                                                                       : std::string(json::member(raw, "value"));
      entries.raw(*entry);
      return;
    }
    kept.raw(raw);
    const bool judged =
        type == "llm-rubric" || type == "g-eval" || type == "factuality" || type.starts_with("model-graded");
    if (judged && json::is_string(json::member(raw, "value"))) {
      const auto text = fill_vars(json::text(json::member(raw, "value")), item.input);
      rubric.value(text ? *text : json::text(json::member(raw, "value")));
    }
    const bool program =
        type.ends_with("javascript") || type.ends_with("python") || type.ends_with("webhook") || type.ends_with("ruby");
    warn(fmt::format("Test \"{}\": its assertion {} is kept and not run: {}{}.", item.name,
                     type.empty() ? "without a type" : type, judged ? "it asks a model" : entry.error().what,
                     program ? " (an evaluator of kind program can do it)" : ""));
  }

  static std::string criteria_of(const std::string& entries, const std::string& kept, const std::string& rubric,
                                 std::string_view threshold) {
    JsonWriter out;
    out.object().key("asserts").raw(entries);
    if (const auto number = json::number(threshold)) out.field("threshold", *number);
    if (rubric != "[]") out.key("rubric").raw(rubric);
    if (kept != "[]") out.key("kept").raw(kept);
    return out.end().take();
  }

  static void texts_into(std::string_view raw, std::vector<std::string>& out) {
    if (json::is_string(raw)) out.push_back(json::text(raw));
    for (json::Elements list(json::is_array(raw) ? raw : ""); list.next();) out.push_back(json::text(list.value));
    std::erase(out, "");
    for (auto& one : out) std::ranges::replace(one, '\n', ' ');
  }

  static void take_metadata(const std::string& metadata, datasets::Item& item) {
    JsonWriter rest;
    rest.object();
    bool any = false;
    for (json::Members members(metadata); members.next();) {
      if (members.key == "tags") {
        texts_into(members.value, item.tags);
      } else if (members.key == "split") {
        texts_into(members.value, item.splits);
      } else {
        rest.key(key_text(members.key)).raw(members.value);
        any = true;
      }
    }
    if (any) item.metadata = rest.end().take();
  }

  std::string default_;
  std::set<std::string> names_, scores_, warned_;
  std::map<std::string, int> counts_;  // of names
};

// ---- CSV: __expected, __expectedN, __description, __threshold, __metric, __metadata:name; the others are variables

// "contains:x", "not-icontains: y", "similar(0.8):z", "is-json"; anything else is what the output equals.
std::string assert_of_cell(std::string_view cell, std::string_view metric) {
  auto [type, value] = cut(cell, ':');
  std::string threshold;
  if (const auto open = type.find('('); open != std::string_view::npos && type.ends_with(')')) {
    threshold = type.substr(open + 1, type.size() - open - 2);
    type = type.substr(0, open);
  }
  type = trim(type);
  const bool word = !type.empty() &&
                    type.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos &&
                    (cell.find(':') != std::string_view::npos || type == "is-json" || type == "is-refusal");
  JsonWriter out;
  out.object();
  if (!word) {
    out.field("type", "equals").field("value", cell);
  } else {
    out.field("type", type == "grade" ? "llm-rubric" : type == "fn" || type == "eval" ? "javascript" : type);
    if (cell.find(':') != std::string_view::npos) out.field("value", trim(value));
    if ((type == "cost" || type == "latency") && threshold.empty()) threshold = trim(value);
    if (const auto number = parse_double(threshold)) out.field("threshold", *number);
  }
  if (!metric.empty()) out.field("metric", metric);
  return out.end().take();
}

std::string test_of_row(const std::vector<std::string>& names, const csv::Row& row) {
  JsonWriter out, vars, asserts, metadata;
  out.object(), vars.object(), asserts.array(), metadata.object();
  std::string_view metric;
  for (std::size_t i = 0; i < row.cells.size(); ++i)
    if (names[i] == "__metric") metric = row.cells[i];
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    const std::string& name = names[i];
    const std::string& cell = row.cells[i];
    if (name.starts_with("__expected")) {
      if (!trim(cell).empty()) asserts.raw(assert_of_cell(trim(cell), metric));
    } else if (name == "__description") {
      out.field("description", cell);
    } else if (name == "__threshold") {
      if (const auto number = parse_double(trim(cell))) out.field("threshold", *number);
    } else if (name.starts_with("__metadata:")) {
      std::string_view key = std::string_view(name).substr(11);
      const bool list = key.ends_with("[]");
      if (list) key.remove_suffix(2);
      metadata.key(key);
      if (!list) {
        metadata.value(cell);
        continue;
      }
      metadata.array();
      for (const auto one : split(cell, ',')) metadata.value(trim(one));
      metadata.end();
    } else if (!name.starts_with("__")) {
      vars.field(name, cell);
    }
  }
  out.key("vars").raw(vars.end().take()).key("assert").raw(asserts.end().take());
  return out.key("metadata").raw(metadata.end().take()).end().take();
}

Result<Suite> read_csv(std::string_view text) {
  csv::Reader reader(text);
  csv::Row row;
  if (!TRY(reader.next(row))) return fail(ErrorKind::invalid, "The CSV is empty: its first line names the columns.");
  std::vector<std::string> names;
  for (const auto& cell : row.cells) names.emplace_back(trim(cell));
  Reading reading;
  for (const auto& name : names)
    if (name == "__prefix" || name == "__suffix" || name == "__providerOutput")
      reading.warn(fmt::format("The column {} is not imported.", name));
  for (;;) {
    const auto more = reader.next(row);
    if (!more) {
      reading.bad(row.line, more.error().what);
    } else if (!*more) {
      break;
    } else if (row.cells.size() > names.size()) {
      reading.bad(row.line, fmt::format("{} cells, and {} columns are named", row.cells.size(), names.size()));
    } else {
      reading.test(test_of_row(names, row), row.line);
    }
  }
  reading.finish();
  return std::move(reading.out);
}

bool is_csv_of_tests(std::string_view text) {
  return text.substr(0, text.find('\n')).find("__expected") != std::string_view::npos;
}

}  // namespace

bool is_promptfoo(std::string_view text) {
  const auto raw = json::trimmed(text);
  if (json::is_object(raw)) {
    const json::Object object(raw);
    return (!object.member("prompts").empty() || !object.member("providers").empty()) &&
           !object.member("tests").empty();
  }
  if (json::is_array(raw)) return false;
  if (is_csv_of_tests(text)) return true;
  bool tests = false, run = false;
  for (const auto line : split(text, '\n')) {
    tests |= line.starts_with("tests:") || line.starts_with("scenarios:");
    run |= line.starts_with("prompts:") || line.starts_with("providers:") || line.starts_with("targets:") ||
           line.starts_with("defaultTest:");
    if (tests && run) return true;
  }
  return false;
}

Result<Suite> read_promptfoo(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (is_csv_of_tests(text)) return read_csv(text);
  const auto read = yaml_to_json(text);
  if (!read) return fail(ErrorKind::invalid, "The file is no YAML: {}", read.error().what);
  Reading reading;
  if (json::is_array(*read)) {  // a file of tests alone
    reading.tests(*read);
  } else {
    const json::Object config(json::is_object(*read) ? std::string_view(*read) : "{}");
    if (config.member("tests").empty())
      return fail(ErrorKind::invalid, "The file has no tests: a configuration of promptfoo has a list \"tests\".");
    reading.set_default(config.member("defaultTest"));
    reading.tests(config.member("tests"));
    if (!config.member("prompts").empty() || !config.member("providers").empty())
      reading.warn(
          "Prompts and providers are no cases: pawl eval run calls the agent, which is given the variables as its "
          "input.");
    for (const std::string_view other : {"scenarios", "derivedMetrics", "nunjucksFilters", "extensions", "redteam"})
      if (!json::is_null(config.member(other))) reading.warn(fmt::format("\"{}\" is not imported.", other));
  }
  reading.finish();
  return std::move(reading.out);
}

}  // namespace pawl::trials
