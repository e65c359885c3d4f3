// Which reader a file of another tool is for.
#include "suites.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "inspect.h"
#include "llm/json_scan.h"
#include "promptfoo.h"
#include "wire/zip.h"

namespace pawl::trials {
namespace {

namespace json = llm::json;

constexpr std::string_view own_formats[] = {"promptfoo", "inspect"};

// A log's samples as cases: each id once, whatever its epochs.
Result<Suite> read_inspect(std::string_view text) {
  const std::string log = TRY(unpacked_log(std::string(text)));
  const auto raw = json::trimmed(log);
  if (!is_inspect(raw) || !json::is_valid(raw))
    return fail(ErrorKind::invalid, "This is no log of Inspect: {{\"eval\": …, \"samples\": […]}}.");
  Suite out;
  out.cases.format = "inspect";
  std::set<std::string> seen;
  std::uint64_t place = 0;
  for (json::Elements list(json::member(raw, "samples")); list.next();) {
    ++place;
    const json::Object sample(list.value);
    const auto id = sample.member("id");
    datasets::Item item;
    item.name = json::is_string(id) ? json::text(id) : std::string(id);
    if (item.name.empty() || item.name.size() > 300 || json::is_null(sample.member("input"))) {
      if (++out.cases.bad_total <= datasets::shown_bad_rows)
        out.cases.bad.push_back({place, 0, "a sample has an id of 1 to 300 bytes, and an input"});
      continue;
    }
    if (!seen.insert(item.name).second) continue;
    item.input = json::is_array(sample.member("input"))
                     ? fmt::format("{{\"messages\":{}}}", minified(sample.member("input")))
                     : minified(sample.member("input"));
    if (const auto target = sample.member("target"); !json::is_null(target) && target != "\"\"")
      item.expected = minified(target);
    if (const auto metadata = sample.member("metadata"); json::is_object(metadata) && metadata != "{}")
      item.metadata = minified(metadata);
    item.cluster = family_of(sample.member("metadata"));
    out.cases.cases.push_back(std::move(item));
    out.cases.lines.push_back(place);
  }
  return out;
}

}  // namespace

std::string toml_quote(std::string_view text) {  // as JSON, which lets a DEL stand
  std::string out;
  for (const char c : json_quote(text)) {
    if (c == '\x7f') {
      out += "\\u007f";
    } else {
      out += c;
    }
  }
  return out;
}

std::span<const std::string_view> suite_formats() {
  static const std::vector<std::string_view> all = [] {
    std::vector<std::string_view> out(datasets::formats().begin(), datasets::formats().end());
    out.insert(out.end(), std::begin(own_formats), std::end(own_formats));
    return out;
  }();
  return all;
}

std::string known_formats() {
  return fmt::format("{}", fmt::join(suite_formats(), ", "));
}

Result<Suite> read_suite(std::string_view text, std::string_view format) {
  const bool find = format.empty() || format == "auto";
  if (!find && std::ranges::find(suite_formats(), format) == suite_formats().end())
    return fail(ErrorKind::invalid, "{} is no format of cases. Known: auto, {}.", format, known_formats());
  if (format == "promptfoo" || (find && is_promptfoo(text))) return read_promptfoo(text);
  if (format == "inspect" || (find && (is_inspect(json::trimmed(text)) || is_zip(text)))) return read_inspect(text);
  if (find && json::is_object(json::trimmed(text)) &&
      json::is_array(json::member(json::trimmed(text), "testing_criteria")))
    return fail(
        ErrorKind::invalid,
        "These are graders and no cases: pawl eval import makes evaluators of them; their data is a file of its own.");
  return Suite{.cases = TRY(datasets::read_cases(text, format)), .evaluators = ""};
}

std::optional<LogHead> head_of_inspect(std::string_view text) {
  const auto raw = json::trimmed(text);
  if (!is_inspect(raw)) return std::nullopt;
  const json::Object eval(json::member(raw, "eval"));
  return LogHead{json::text(eval.member("task")), json::text(eval.member("model"))};
}

Result<std::string> write_suite(std::span<const datasets::Item> items, std::string_view name, std::string_view format) {
  if (format == "promptfoo") return write_promptfoo(items, name);
  return datasets::write_cases(items, format);
}

}  // namespace pawl::trials
