// The spans of a trace as a tree; for recount*.cc only.
#pragma once
#include <cstdint>
#include <tuple>
#include <vector>

#include "llm/recount.h"

namespace pawl::llm {

using Index = std::uint32_t;
inline constexpr Index nobody = ~Index{0};

// The trace as a tree whose cycles were cut; the same for every order of the facts.
struct Tree {
  explicit Tree(const std::vector<Fact>& facts);
  std::vector<Index> parent;  // nobody for roots and orphans
  std::vector<Index> down;    // parents before children
};

// By which spans are ordered where nothing else tells them apart.
inline auto canonical(const Fact& fact) {
  return std::tuple(fact.start, fact.span, fact.end, fact.parent, fact.scope, fact.name, fact.kind, fact.model,
                    fact.response_id, fact.content_pieces);
}

}  // namespace pawl::llm
