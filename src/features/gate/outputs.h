// The gate's answer for the tools around it: JUnit, SARIF 2.1.0, GitLab's code quality, GitHub's annotations, Markdown.
// Names and comments are hostile: each format is escaped so that they stay the text that they are.
#pragma once
#include <span>
#include <string>

#include "findings.h"

namespace pawl::gate {

// A suite of verdicts, then one a score with a test a case. A case fails only where its score is worse: a run without
// failure is a gate that did not find the candidate worse. Flaky is skipped, lost to infrastructure an error.
std::string to_junit(const Told& told);
// OASIS SARIF 2.1.0; at most 5,000 results, as GitHub shows no more.
std::string to_sarif(const Told& told, std::span<const Finding> found);
std::string to_gitlab(const Told& told, std::span<const Finding> found);
// Workflow commands; GitHub shows ten errors, warnings and notices of a step, so the last of each tells of the rest.
std::string to_annotations(const Told& told, std::span<const Finding> found);
// A comment or summary: verdict, intervals, the three worst cases, cost, the command to run again. At most 60 kB.
std::string to_markdown(const Told& told);

std::string xml_text(std::string_view text);       // of elements and attributes
std::string markdown_text(std::string_view text);  // one line without any meaning in Markdown or HTML

}  // namespace pawl::gate
