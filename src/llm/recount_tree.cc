// Building the tree.
#include "llm/recount_tree.h"

#include <algorithm>
#include <numeric>

namespace pawl::llm {

Tree::Tree(const std::vector<Fact>& facts) : parent(facts.size(), nobody) {
  const auto n = static_cast<Index>(facts.size());
  std::vector<Index> order(n), by_id(n), first_child(n, nobody), next_sibling(n, nobody);
  std::iota(order.begin(), order.end(), Index{0});
  std::ranges::sort(order, [&](Index a, Index b) { return canonical(facts[a]) < canonical(facts[b]); });
  std::vector<Index> position(n);
  for (Index i = 0; i < n; ++i) position[order[i]] = i;
  by_id = order;
  std::ranges::sort(by_id, [&](Index a, Index b) {
    return std::tuple(facts[a].span, position[a]) < std::tuple(facts[b].span, position[b]);
  });
  const auto find = [&](const Id128& id) {
    const auto found = std::ranges::lower_bound(by_id, id, {}, [&](Index i) { return facts[i].span; });
    return found != by_id.end() && facts[*found].span == id ? *found : nobody;
  };
  for (const Index i : order) {
    if (facts[i].parent) parent[i] = find(facts[i].parent);
    if (parent[i] != nobody && facts[parent[i]].span == facts[i].span) parent[i] = nobody;
  }
  for (auto i = order.rbegin(); i != order.rend(); ++i) {  // backwards, so that the lists come out in order
    if (parent[*i] == nobody) continue;
    next_sibling[*i] = first_child[parent[*i]];
    first_child[parent[*i]] = *i;
  }
  std::vector<bool> seen(n);
  const auto walk = [&](Index root) {
    std::size_t from = down.size();
    down.push_back(root);
    seen[root] = true;
    for (; from < down.size(); ++from) {
      for (Index child = first_child[down[from]]; child != nobody; child = next_sibling[child]) {
        if (seen[child]) continue;
        seen[child] = true;
        down.push_back(child);
      }
    }
  };
  for (const Index i : order) {
    if (parent[i] == nobody) walk(i);
  }
  for (const Index i : order) {  // what is left hangs on a cycle
    if (seen[i]) continue;
    parent[i] = nobody;
    walk(i);
  }
}

}  // namespace pawl::llm
