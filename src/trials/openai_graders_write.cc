// Evaluators as OpenAI's graders. Source: openai 3.54, types of graders.
#include "base/text.h"
#include "evaluators.h"
#include "llm/json_scan.h"
#include "suites.h"

namespace pawl::trials {
namespace {

namespace json = llm::json;

constexpr std::string_view whole_output = "{{sample.output_text}}";

// As its members have it without a name; "" where OpenAI has no such grader.
std::string grader_of(const Evaluator& e, std::string_view name) {
  JsonWriter out;
  out.object();
  const auto held_against = [&](std::string_view type) {
    out.field("type", type).field("name", name).field("input", whole_output);
    out.field("reference", e.value.empty() ? std::string("{{item.expected}}") : e.value);
  };
  if (e.kind == "exact" && !e.ignore_case) {
    held_against("string_check");
    out.field("operation", e.negated ? "ne" : "eq");
  } else if (e.kind == "contains" && !e.negated) {
    held_against("string_check");
    out.field("operation", e.ignore_case ? "ilike" : "like");
  } else if (e.kind == "similar") {
    held_against("text_similarity");
    out.field("evaluation_metric", e.metric == "fuzzy" ? std::string("fuzzy_match") : e.metric);
    out.field("pass_threshold", e.least > 0 ? e.least : 1);
  } else {
    return "";
  }
  return out.end().take();
}

std::string multi_of(const Evaluator& e) {
  JsonWriter out;
  out.object().field("type", "multi").field("name", e.name).field("calculate_output", e.formula);
  out.key("graders").object();
  for (json::Members parts(e.parts); parts.next();) {
    const std::string name = json::text(fmt::format("\"{}\"", parts.key));
    const auto part = read_assert(parts.value);
    const std::string one = part ? grader_of(*part, name) : "";
    if (one.empty()) return "";
    out.key(name).raw(one);
  }
  return out.end().end().take();
}

}  // namespace

WrittenGraders write_graders(std::span<const Evaluator> evaluators) {
  WrittenGraders out;
  JsonWriter all;
  all.object().key("testing_criteria").array();
  for (const Evaluator& e : evaluators) {
    const std::string one = e.kind == "formula"                            ? multi_of(e)
                            : e.kind == "kept" && json::is_valid(e.source) ? e.source
                                                                           : grader_of(e, e.name);
    if (one.empty())
      out.warnings.push_back(fmt::format("Evaluator \"{}\" is left out: OpenAI has no grader like {}{}.", e.name,
                                         e.kind, e.kind == "exact" ? " with ignore_case" : ""));
    else
      all.raw(one);
  }
  out.graders = all.end().end().take();
  return out;
}

}  // namespace pawl::trials
