// Runbooks: what to do when an agent does harm, as data. A step says it in words; most have a question that is asked in
// the incident's window, of its agent.
#pragma once
#include <span>
#include <string_view>
#include <vector>

namespace pawl::incidents {

struct Step {
  std::string_view text;
  std::vector<std::string_view> measures = {}, dimensions = {};  // no measure: there is nothing to ask
  std::string_view filter = {}, grain = "span";
};
struct Runbook {
  std::string_view name, title, about;
  std::vector<Step> steps;
};

const std::vector<Runbook>& runbooks();
const Runbook* runbook_called(std::string_view name);  // null: there is none

}  // namespace pawl::incidents
