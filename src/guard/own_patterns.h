// Patterns of a project's own: regular expressions in RE2's syntax, which take linear time on any text. For guard/*.cc
// only.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "guard/secrets.h"

namespace re2 {
class RE2;
}

namespace pawl::guard {

class OwnExpressions {
 public:
  explicit OwnExpressions(const std::vector<OwnPattern>& patterns);
  ~OwnExpressions();
  OwnExpressions(const OwnExpressions&) = delete;
  OwnExpressions& operator=(const OwnExpressions&) = delete;

  bool empty() const { return all_.empty(); }
  // Of one text, in order of pattern and place; may overlap.
  void find(std::string_view text, std::vector<Secret>& out) const;
  // The same of a JSON document: in each text (as it is written, so that escapes stay) and each number; names, ids and
  // times are left alone.
  void find_in_json(std::string_view json, std::vector<Secret>& out) const;

 private:
  struct One;
  std::vector<One> all_;
};

// What Vectorscan may look for in place of the pattern, inside of any bytes: it finds what the pattern finds and maybe
// more. "" where there is no such thing.
std::string rough_pattern(std::string_view pattern);

}  // namespace pawl::guard
