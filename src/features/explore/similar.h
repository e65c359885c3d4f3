// How alike two runs are: by their way through the tools and by what the user said. Pure.
#pragma once
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace pawl::explore {

struct Path {
  std::string key, session;  // session: "" of a trace without one
  Id128 trace;
  std::vector<std::string> tools;  // in order; "> NAME" is a handoff
  std::set<std::string> words;
};

// Lower-case words of three letters or digits and more.
std::set<std::string> words_said(std::string_view text);

struct Like {
  std::size_t of = 0;                               // index
  double similarity = 0;                            // 0 to 1
  std::vector<std::string> same_tools, same_words;  // the rarest first; at most 8 each
};

// The most alike first; what has nothing in common is left out. Of tools it is the share of steps and of pairs of
// successive steps that both have (Jaccard over multisets); of words the share that both have, each weighing as much as
// it is rare among `all` (inverse document frequency: Sparck Jones 1972). Tools weigh 0.6, words 0.4, where both tell;
// else what there is.
std::vector<Like> most_like(const Path& self, const std::vector<Path>& all, std::size_t limit);

}  // namespace pawl::explore
