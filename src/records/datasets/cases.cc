// Cases: items of a dataset by their ids within it.
#include <unordered_map>

#include "base/ids.h"
#include "base/rng.h"
#include "base/text.h"
#include "inside.h"

namespace pawl::datasets {
namespace {

bool same(const Item& a, const Item& b) {
  return a.archived == b.archived && a.input == b.input && a.expected == b.expected && a.metadata == b.metadata &&
         a.source_trace == b.source_trace && a.source_span == b.source_span && a.splits == b.splits &&
         a.trajectory == b.trajectory && a.criteria == b.criteria && a.tags == b.tags && a.cluster == b.cluster &&
         a.owner == b.owner;
}

}  // namespace

Result<Datasets::PutCases> Datasets::put_cases(ProjectId project, std::string_view dataset, std::vector<Item> cases) {
  const auto found = TRY(find(project, dataset));
  const auto there = TRY(
      items(project,
            {.dataset = found.id, .ids = {}, .splits = {}, .version = {}, .archived = true, .page = {0, 10'000'000}}));
  std::unordered_map<std::string_view, const Item*> known;
  for (const auto& item : there.rows) known.emplace(item.case_id(), &item);
  PutCases out{.version = found.version, .ids = {}};
  std::vector<Item> fresh;
  for (auto& one : cases) {
    const std::string name = one.name.empty() ? one.id.empty() ? random_uuid() : one.id : one.name;
    out.ids.push_back(name);
    const auto old = known.find(name);
    if (old == known.end()) {
      ++out.added;
      one.name = name;
      one.id = to_uuid(hash128(fmt::format("{}\n{}", found.id, name)));
      one.created = 0;
    } else if (same(*old->second, one)) {
      ++out.same;
      continue;
    } else {
      ++out.changed;
      one.id = old->second->id, one.name = name, one.created = old->second->created;
    }
    fresh.push_back(std::move(one));
  }
  if (fresh.empty()) return out;
  const auto put = TRY(put_items(project, found.id, std::move(fresh), found.version));
  out.version = put.front().version;
  return out;
}

Result<Item> Datasets::find_case(ProjectId project, std::string_view dataset, std::string_view case_id) const {
  const auto rows = TRY(ledger_.read(
      fmt::format(
          "SELECT {} FROM dataset_items WHERE project = ?1 AND dataset = ?2 AND newest = 1 AND (name = ?3 OR id "
          "= ?3) ORDER BY name = ?3 DESC LIMIT 1",
          item_columns),
      {std::int64_t{project}, std::string(dataset), std::string(case_id)}));
  if (rows.size() == 0) return fail(ErrorKind::not_found, "There is no case {} in this dataset.", case_id);
  return item_of(rows, 0);
}

Result<std::vector<Item>> Datasets::versions_of(ProjectId project, std::string_view item) const {
  const auto rows = TRY(ledger_.read(
      fmt::format("SELECT {} FROM dataset_items WHERE project = ? AND id = ? ORDER BY version DESC", item_columns),
      {std::int64_t{project}, std::string(item)}));
  std::vector<Item> out;
  for (std::size_t i = 0; i < rows.size(); ++i) out.push_back(item_of(rows, i));
  return out;
}

}  // namespace pawl::datasets
