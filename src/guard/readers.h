// Kinds that need more than a row of a table: each pattern that Vectorscan looks for, and what reads the place that it
// found. For guard/*.cc only.
#pragma once
#include <optional>
#include <span>
#include <string_view>

#include "guard/secrets.h"
#include "guard/secrets_rules.h"

namespace pawl::guard {

struct Anchor {
  SecretKind kind;
  std::string_view pattern;  // of Vectorscan
  bool any_case = false;
  std::size_t lead = 0;  // `at` is so many bytes before the end of a match
  std::optional<Secret> (*read)(std::string_view text, std::size_t at) = nullptr;
};
std::span<const Anchor> anchors();

// A row of the table: what Vectorscan looks for, its lead, and the reading of a place.
std::string pattern_of(const SecretRule& rule);
std::size_t lead_of(const SecretRule& rule);
std::optional<Secret> read_rule(const SecretRule& rule, std::string_view text, std::size_t at);

}  // namespace pawl::guard
