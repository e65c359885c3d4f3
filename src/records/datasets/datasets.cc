// Datasets and their items.
#include "datasets.h"

#include "base/ids.h"
#include "base/rng.h"
#include "base/text.h"
#include "inside.h"

namespace pawl::datasets {
namespace {

constexpr std::size_t most_name = 500, most_id = 500, most_item = 8U << 20, most_in_list = 5000;

Result<> check_item(const Item& item) {
  if (item.id.size() > most_id) return fail(ErrorKind::invalid, "An item's id has at most {} bytes.", most_id);
  if (item.input.size() + item.expected.size() + item.metadata.size() > most_item)
    return fail(ErrorKind::exhausted, "Item {} has more than {} bytes.", item.id, most_item);
  return {};
}

Result<> insert_item(ledger::Transaction& t, ProjectId project, const Item& item) {
  TRY(t.run(
      "INSERT INTO dataset_items (project, id, dataset, version, newest, archived, input, expected, metadata, "
      "source_trace, source_span, splits, created, changed, name, trajectory, criteria, tags, cluster, owner) "
      "VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {std::int64_t{project}, item.id, item.dataset, item.version, std::int64_t{item.archived ? 1 : 0}, item.input,
       item.expected, item.metadata, item.source_trace, item.source_span, join(item.splits, "\n"), item.created,
       item.changed, item.name, item.trajectory, item.criteria, join(item.tags, "\n"), item.cluster, item.owner}));
  return {};
}

// The item as it was becomes an earlier version; `item` keeps when it was first written.
Result<> supersede(ledger::Transaction& t, ProjectId project, Item& item) {
  const auto there =
      TRY(t.run(fmt::format("SELECT {} FROM dataset_items WHERE project = ? AND id = ? AND newest = 1", item_columns),
                {std::int64_t{project}, item.id}));
  if (there.size() == 0) return {};
  const Item old = item_of(there, 0);
  if (old.dataset != item.dataset)
    return fail(ErrorKind::conflict, "Item {} belongs to another dataset of this project.", item.id);
  item.created = old.created;
  if (item.name.empty()) {  // another maker's item has no such fields: what a case has stays
    item.name = old.name, item.trajectory = old.trajectory, item.criteria = old.criteria;
    item.tags = old.tags, item.cluster = old.cluster, item.owner = old.owner;
  }
  TRY(t.run("UPDATE dataset_items SET newest = 0 WHERE project = ? AND id = ? AND newest = 1",
            {std::int64_t{project}, item.id}));
  return {};
}

Result<Dataset> read_dataset(ledger::Transaction& t, ProjectId project, const std::string& id) {
  const auto rows = TRY(t.run(fmt::format("SELECT {} FROM datasets d WHERE project = ? AND id = ?", dataset_columns),
                              {std::int64_t{project}, id}));
  if (rows.size() == 0) return fail(ErrorKind::not_found, "There is no dataset {} in this project.", id);
  return dataset_of(rows, 0);
}

}  // namespace

Dataset dataset_of(const ledger::Rows& rows, std::size_t i) {
  return {.id = rows.text(i, 0),
          .name = rows.text(i, 1),
          .description = rows.text(i, 2),
          .metadata = rows.text(i, 3),
          .input_schema = rows.text(i, 4),
          .output_schema = rows.text(i, 5),
          .extra = rows.text(i, 6),
          .version = rows.integer(i, 7),
          .items = rows.integer(i, 10),
          .experiments = rows.integer(i, 11),
          .created = rows.integer(i, 8),
          .changed = rows.integer(i, 9)};
}

Item item_of(const ledger::Rows& rows, std::size_t i) {
  Item item{.id = rows.text(i, 0),
            .dataset = rows.text(i, 1),
            .archived = rows.integer(i, 2) != 0,
            .input = rows.text(i, 3),
            .expected = rows.text(i, 4),
            .metadata = rows.text(i, 5),
            .source_trace = rows.text(i, 6),
            .source_span = rows.text(i, 7),
            .splits = {},
            .version = rows.integer(i, 9),
            .created = rows.integer(i, 10),
            .changed = rows.integer(i, 11),
            .name = rows.text(i, 12),
            .trajectory = rows.text(i, 13),
            .criteria = rows.text(i, 14),
            .tags = {},
            .cluster = rows.text(i, 16),
            .owner = rows.text(i, 17)};
  for (const auto& [column, list] : {std::pair{8, &item.splits}, {15, &item.tags}})
    for (const auto one : split(rows.text(i, static_cast<std::size_t>(column)), '\n'))
      if (!one.empty()) list->emplace_back(one);
  return item;
}

void Where::add(std::string_view condition, ledger::Value value) {
  sql += fmt::format(" AND {}", condition);
  values.push_back(std::move(value));
}

void Where::any_of(std::string_view column, const std::vector<std::string>& names) {
  if (names.empty()) return;
  sql += fmt::format(" AND {} IN (", column);
  for (std::size_t i = 0; i < names.size() && i < most_in_list; ++i) {
    sql += i == 0 ? "?" : ",?";
    values.emplace_back(names[i]);
  }
  sql += ")";
}

Result<Dataset> Datasets::put(ProjectId project, Dataset dataset, bool replace) {
  if (dataset.name.empty() || dataset.name.size() > most_name)
    return fail(ErrorKind::invalid, "A dataset's name has 1 to {} bytes.", most_name);
  if (dataset.id.empty()) dataset.id = random_uuid();
  const Nanos now = clock_.now();
  TRY(ledger_.change([&](ledger::Transaction& t) -> Result<> {
    const auto there =
        TRY(t.run(fmt::format("SELECT {} FROM datasets d WHERE project = ? AND (name = ? OR id = ?)", dataset_columns),
                  {std::int64_t{project}, dataset.name, dataset.id}));
    if (there.size() > 0) {
      const Dataset old = dataset_of(there, 0);
      if (!replace) return fail(ErrorKind::conflict, "Dataset with name {} already exists.", dataset.name);
      const auto kept = [](const std::string& fresh, const std::string& before) {
        return fresh.empty() ? before : fresh;
      };
      TRY(
          t.run("UPDATE datasets SET description = ?, metadata = ?, input_schema = ?, output_schema = ?, extra = ?, "
                "changed = ? WHERE project = ? AND id = ?",
                {kept(dataset.description, old.description), kept(dataset.metadata, old.metadata),
                 kept(dataset.input_schema, old.input_schema), kept(dataset.output_schema, old.output_schema),
                 kept(dataset.extra, old.extra), now, std::int64_t{project}, old.id}));
      dataset = TRY(read_dataset(t, project, old.id));
      return {};
    }
    TRY(
        t.run("INSERT INTO datasets (project, id, name, description, metadata, input_schema, output_schema, extra, "
              "version, created, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)",
              {std::int64_t{project}, dataset.id, dataset.name, dataset.description, dataset.metadata,
               dataset.input_schema, dataset.output_schema, dataset.extra, now, now}));
    dataset = TRY(read_dataset(t, project, dataset.id));
    return {};
  }));
  return dataset;
}

Result<Dataset> Datasets::find(ProjectId project, std::string_view id_or_name) const {
  const auto rows = TRY(ledger_.read(
      fmt::format("SELECT {} FROM datasets d WHERE project = ?1 AND (id = ?2 OR name = ?2) ORDER BY id = ?2 DESC",
                  dataset_columns),
      {std::int64_t{project}, std::string(id_or_name)}));
  if (rows.size() == 0) return fail(ErrorKind::not_found, "There is no dataset {} in this project.", id_or_name);
  return dataset_of(rows, 0);
}

Result<Listed<Dataset>> Datasets::list(ProjectId project, std::string_view name_part, const Page& page) const {
  Where where(project);
  if (!name_part.empty()) where.add("instr(lower(name), ?) > 0", to_lower(name_part));
  Listed<Dataset> out;
  const auto count = TRY(ledger_.read("SELECT count(*) FROM datasets WHERE " + where.sql, where.values));
  out.total = static_cast<std::uint64_t>(count.integer(0, 0));
  where.values.emplace_back(static_cast<std::int64_t>(page.limit));
  where.values.emplace_back(static_cast<std::int64_t>(page.offset));
  const auto rows = TRY(ledger_.read(fmt::format("SELECT {} FROM datasets d WHERE {} ORDER BY created DESC, id LIMIT ? "
                                                 "OFFSET ?",
                                                 dataset_columns, where.sql),
                                     where.values));
  for (std::size_t i = 0; i < rows.size(); ++i) out.rows.push_back(dataset_of(rows, i));
  return out;
}

Result<Dataset> Datasets::rename(ProjectId project, std::string_view id, const std::optional<std::string>& name,
                                 const std::optional<std::string>& description) {
  Dataset dataset;
  TRY(ledger_.change([&](ledger::Transaction& t) -> Result<> {
    dataset = TRY(read_dataset(t, project, std::string(id)));
    TRY(t.run("UPDATE datasets SET name = ?, description = ?, changed = ? WHERE project = ? AND id = ?",
              {name.value_or(dataset.name), description.value_or(dataset.description), clock_.now(),
               std::int64_t{project}, dataset.id}));
    dataset = TRY(read_dataset(t, project, dataset.id));
    return {};
  }));
  return dataset;
}

Result<> Datasets::remove(ProjectId project, std::string_view id) {
  return ledger_.change([&](ledger::Transaction& t) -> Result<> {
    const auto dataset = TRY(read_dataset(t, project, std::string(id)));
    const std::vector<ledger::Value> which = {std::int64_t{project}, dataset.id};
    TRY(t.run("DELETE FROM experiments WHERE project = ? AND dataset = ?", which));
    TRY(t.run("DELETE FROM datasets WHERE project = ? AND id = ?", which));
    return {};
  });
}

Result<std::vector<Item>> Datasets::put_items(ProjectId project, std::string_view dataset, std::vector<Item> items,
                                              std::optional<std::int64_t> seen) {
  for (const auto& item : items) TRY(check_item(item));
  const auto found = TRY(find(project, dataset));
  const Nanos now = clock_.now();
  TRY(ledger_.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("UPDATE datasets SET version = version + 1, changed = ? WHERE project = ? AND id = ?",
              {now, std::int64_t{project}, found.id}));
    const auto version =
        TRY(t.run("SELECT version FROM datasets WHERE project = ? AND id = ?", {std::int64_t{project}, found.id}));
    if (version.size() == 0) return fail(ErrorKind::not_found, "There is no dataset {} in this project.", dataset);
    const bool as_seen = seen && *seen + 1 == version.integer(0, 0);
    for (auto& item : items) {
      const bool known_fresh = as_seen && item.created == 0;
      if (item.id.empty()) item.id = random_uuid();
      item.dataset = found.id, item.version = version.integer(0, 0);
      item.created = item.created == 0 ? now : item.created, item.changed = now;
      if (!known_fresh) TRY(supersede(t, project, item));
      TRY(insert_item(t, project, item));
    }
    return {};
  }));
  return items;
}

Result<Item> Datasets::item(ProjectId project, std::string_view id) const {
  const auto rows = TRY(ledger_.read(
      fmt::format("SELECT {} FROM dataset_items WHERE project = ? AND id = ? AND newest = 1", item_columns),
      {std::int64_t{project}, std::string(id)}));
  if (rows.size() == 0) return fail(ErrorKind::not_found, "There is no dataset item {} in this project.", id);
  return item_of(rows, 0);
}

Result<Listed<Item>> Datasets::items(ProjectId project, const ItemsWanted& wanted) const {
  Where where(project);
  if (!wanted.dataset.empty()) where.add("dataset = ?", wanted.dataset);
  where.any_of("id", wanted.ids);
  if (!wanted.source_trace.empty()) where.add("source_trace = ?", wanted.source_trace);
  if (!wanted.source_span.empty()) where.add("source_span = ?", wanted.source_span);
  for (const auto& name : wanted.splits)
    where.add("instr(char(10) || splits || char(10), char(10) || ? || char(10)) > 0", name);
  if (wanted.version) {
    where.add(
        "version = (SELECT max(v.version) FROM dataset_items v WHERE v.project = dataset_items.project AND v.id "
        "= dataset_items.id AND v.version <= ?)",
        *wanted.version);
  } else if (wanted.as_of != 0) {
    where.add(
        "seq = (SELECT max(v.seq) FROM dataset_items v WHERE v.project = dataset_items.project AND v.id = "
        "dataset_items.id AND v.changed <= ?)",
        wanted.as_of);
  } else {
    where.sql += " AND newest = 1";
  }
  if (!wanted.archived) where.sql += " AND archived = 0";
  Listed<Item> out;
  const auto count = TRY(ledger_.read("SELECT count(*) FROM dataset_items WHERE " + where.sql, where.values));
  out.total = static_cast<std::uint64_t>(count.integer(0, 0));
  where.values.emplace_back(static_cast<std::int64_t>(wanted.page.limit));
  where.values.emplace_back(static_cast<std::int64_t>(wanted.page.offset));
  const auto rows =
      TRY(ledger_.read(fmt::format("SELECT {} FROM dataset_items WHERE {} ORDER BY created, seq LIMIT ? OFFSET ?",
                                   item_columns, where.sql),
                       where.values));
  for (std::size_t i = 0; i < rows.size(); ++i) out.rows.push_back(item_of(rows, i));
  return out;
}

Result<> Datasets::archive_item(ProjectId project, std::string_view id) {
  auto found = TRY(item(project, id));
  found.archived = true;
  const std::string dataset = found.dataset;
  std::vector<Item> items{std::move(found)};
  TRY(put_items(project, dataset, std::move(items)));
  return {};
}

}  // namespace pawl::datasets
