// What a project wants hidden, and how: per kind off, masked, or dual (sealed beside, shown masked, revealed to a
// role). A setting is a text in the ledger: a list of words as Pawl wrote it first ("model_key,token": masked), or
// JSON.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "guard/secrets.h"

namespace pawl::guard {

enum class Mode : std::uint8_t { off, mask, dual };
std::string_view name_of(Mode mode);
Result<Mode> parse_mode(std::string_view word);

struct OwnRule {
  OwnPattern pattern;
  Mode mode = Mode::mask;
  bool operator==(const OwnRule&) const = default;
};

struct Rules {
  SecretKinds masked = default_secrets, dual = 0;  // not overlapping
  std::vector<OwnRule> own;
  std::string reveal = "admin";  // the least role that may see what is sealed: "member" "admin" "owner"

  Mode mode_of(SecretKind kind) const;
  void set(SecretKind kind, Mode mode);
  SecretKinds kinds() const { return masked | dual; }
  std::vector<OwnPattern> patterns() const;  // of those that are not off
  bool seals() const;                        // is anything dual?
  bool is_sealed(const Secret& secret) const;
  bool operator==(const Rules&) const = default;
};

// Of a project's setting: the default where it has none. What is not known (a newer Pawl wrote it) is left out.
Rules rules_in_force(const std::optional<std::string>& setting);
std::string setting_of(const Rules& rules);
// Fields of a request {kinds, patterns, reveal} put onto `rules`: kinds is an object of modes, or an array of those
// that alone are to be masked. `invalid` says what is wrong where.
Result<Rules> change_rules(Rules rules, std::string_view json);
bool may_reveal(const Rules& rules, std::string_view role);

}  // namespace pawl::guard
