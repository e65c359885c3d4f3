// promptfoo's configurations and its CSV of tests, as cases that assert; and cases as a configuration. Inside of trials
// only. Source: promptfoo 0.121.20, types of UnifiedConfig, TestCase, Assertion, and its CSV columns.
#pragma once
#include "suites.h"

namespace pawl::trials {

bool is_promptfoo(std::string_view text);  // by its first words: for "auto"
Result<Suite> read_promptfoo(std::string_view text);

// One assertion {type, value, threshold, weight, metric} as an entry of a case's asserts (JSON). `invalid` says why it
// cannot be one. `vars` fill {{name}}.
Result<std::string> read_promptfoo_assert(std::string_view assertion, std::string_view vars);
// And back; nullopt where promptfoo has no such assertion.
std::optional<std::string> write_promptfoo_assert(std::string_view entry);
// {{name}}, {{name.of}}, {{ name | upper }}; `invalid` names what a template has beyond that.
Result<std::string> fill_vars(const std::string& text, std::string_view vars);

std::string write_promptfoo(std::span<const datasets::Item> items, std::string_view name);

}  // namespace pawl::trials
