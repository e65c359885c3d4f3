// Files of other tools that are more than cases: promptfoo's configurations (cases with what each asserts), OpenAI's
// graders (evaluators), Inspect's logs (cases with results). Pure; what cannot be taken over is named.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "records/datasets/datasets.h"

namespace pawl::trials {

struct Suite {
  datasets::CasesRead cases;
  std::string evaluators;  // a file of evaluators (TOML), or ""
};

// Cases of any file that there is a reader for: "auto", one of datasets::formats(), "promptfoo" (YAML, JSON, or CSV of
// its tests) or "inspect" (a log in JSON; its epochs are one case). `invalid` says why nothing of it can be read.
Result<Suite> read_suite(std::string_view text, std::string_view format);
std::span<const std::string_view> suite_formats();  // all, for messages
std::string known_formats();                        // with a comma between

// A text in the quotes of TOML.
std::string toml_quote(std::string_view text);

// OpenAI's graders: {testing_criteria: […]}, one, or a list. What is not run here is kept, and named in `warnings`.
struct Graders {
  std::string evaluators;  // TOML
  std::vector<std::string> warnings;
};
Result<Graders> read_graders(std::string_view text);
// Evaluators as {testing_criteria: […]}; without a value they hold the output against {{item.expected}}. What OpenAI
// has no grader for is left out, and named in `warnings`.
struct WrittenGraders {
  std::string graders;  // JSON
  std::vector<std::string> warnings;
};
struct Evaluator;
WrittenGraders write_graders(std::span<const Evaluator> evaluators);

// What a log of Inspect says of its run; nullopt where the text is none. Its rows: inspect.h, and wherever rows are
// read.
struct LogHead {
  std::string task, model;
};
std::optional<LogHead> head_of_inspect(std::string_view text);

// Cases as "promptfoo" (YAML), or as datasets::write_cases has it.
Result<std::string> write_suite(std::span<const datasets::Item> items, std::string_view name, std::string_view format);

}  // namespace pawl::trials
