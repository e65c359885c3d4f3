// Cases as a configuration of promptfoo.
#include "base/text.h"
#include "llm/json_scan.h"
#include "promptfoo.h"

namespace pawl::trials {
namespace {

namespace json = llm::json;

void write_asserts(JsonWriter& out, const datasets::Item& item) {
  const json::Object criteria(json::is_object(item.criteria) ? std::string_view(item.criteria) : "{}");
  out.key("assert").array();
  bool any = false;
  for (json::Elements list(criteria.member("asserts")); list.next();)
    if (const auto one = write_promptfoo_assert(list.value)) {
      out.raw(*one);
      any = true;
    }
  for (json::Elements list(criteria.member("kept")); list.next();) {
    out.raw(list.value);
    any = true;
  }
  if (!any && !item.expected.empty()) out.object().field("type", "equals").key("value").raw(item.expected).end();
  if (json::is_string(item.criteria)) out.object().field("type", "llm-rubric").key("value").raw(item.criteria).end();
  out.end();
  if (const auto threshold = json::number(criteria.member("threshold"))) out.field("threshold", *threshold);
}

void write_metadata(JsonWriter& out, const datasets::Item& item) {
  out.key("metadata").object();
  for (json::Members members(json::is_object(item.metadata) ? std::string_view(item.metadata) : "{}"); members.next();)
    if (members.key != "tags" && members.key != "split")
      out.key(json::text(fmt::format("\"{}\"", members.key))).raw(members.value);
  for (const auto& [name, list] : {std::pair{"tags", &item.tags}, {"split", &item.splits}}) {
    if (list->empty()) continue;
    out.key(name).array();
    for (const auto& one : *list) out.value(one);
    out.end();
  }
  if (!item.trajectory.empty()) out.key("expected_trajectory").raw(item.trajectory);
  out.end();
}

}  // namespace

std::string write_promptfoo(std::span<const datasets::Item> items, std::string_view name) {
  std::string prompt = "{{input}}";
  if (!items.empty() && json::is_object(items.front().input)) {
    prompt.clear();
    for (json::Members members(items.front().input); members.next();)
      prompt += fmt::format("{}{{{{{}}}}}", prompt.empty() ? "" : "\n", members.key);
  }
  std::string out = fmt::format(
      "# Cases of the dataset {0}. Put your own prompt and provider here.\ndescription: {0}\nprompts: "
      "[{1}]\nproviders: "
      "[echo]\ntests:\n",
      json_quote(name), json_quote(prompt));
  for (const auto& item : items) {
    if (item.archived) continue;
    JsonWriter test;  // JSON is YAML
    test.object().field("description", item.case_id()).key("vars");
    if (json::is_object(item.input)) {
      test.raw(item.input);
    } else {
      test.object().key("input").raw(item.input.empty() ? "null" : item.input).end();
    }
    if (item.input.find('[') != std::string::npos)
      test.key("options").object().field("disableVarExpansion", true).end();
    write_asserts(test, item);
    write_metadata(test, item);
    out += fmt::format("  - {}\n", test.end().take());
  }
  if (items.empty()) out += "  []\n";
  return out;
}

}  // namespace pawl::trials
