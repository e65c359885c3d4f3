// What an evaluator needs compiled: inside of trials only.
#pragma once
#include <re2/re2.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "evaluators.h"
#include "schema.h"

namespace pawl::trials {

struct ArgumentRule {
  enum class How : std::uint8_t { equal, fold, regex, near, schema, ignore, present, absent };
  How how = How::equal;
  std::string value;  // JSON; "": what the case expects
  double absolute = 0, relative = 0;
  std::shared_ptr<const RE2> re;
  std::shared_ptr<const Schema> schema;
};

struct Prepared {
  std::shared_ptr<const RE2> re;
  std::shared_ptr<const Schema> schema;
  std::vector<std::pair<std::string, ArgumentRule>> rules;  // by argument
  std::vector<std::string> names;                           // of a formula's parts
  std::vector<Evaluator> parts;                             // in their order
};

}  // namespace pawl::trials
