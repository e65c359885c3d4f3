// Bills in the ledger's table provider_bills.
#include "bill_store.h"

#include <algorithm>
#include <set>

#include "records/audit/audit.h"

namespace pawl::costs {
namespace {

using ledger::Value;

Value maybe(const std::optional<std::int64_t>& number) {
  return number ? Value(*number) : Value(nullptr);
}
std::optional<std::int64_t> number_at(const ledger::Rows& rows, std::size_t row, std::size_t column) {
  return rows.is_null(row, column) ? std::nullopt : std::optional(rows.integer(row, column));
}

Result<std::int64_t> count(ledger::Transaction& t, projects::ProjectId project, const std::string& source) {
  const auto rows = TRY(
      t.run("SELECT count(*) FROM provider_bills WHERE project = ? AND source = ?", {std::int64_t{project}, source}));
  return rows.integer(0, 0);
}

// Buckets that the new export tells otherwise. Of cloud bills a bucket is the time of one line: those overlap by
// nature.
Result<> clear_buckets(ledger::Transaction& t, projects::ProjectId project, const Bills& bills) {
  if (bills.source == "google" || bills.source == "aws") return {};
  std::set<std::pair<Nanos, Nanos>> buckets;
  for (const Bill& bill : bills.records) buckets.emplace(bill.from, bill.to);
  for (const auto& [from, to] : buckets) {
    TRY(
        t.run("DELETE FROM provider_bills WHERE project = ? AND source = ? AND began < ? AND ended > ? AND "
              "(began <> ? OR ended <> ? OR grouping <> ?)",
              {std::int64_t{project}, bills.source, to, from, from, to, bills.grouping}));
  }
  return {};
}

}  // namespace

Result<Kept> keep_bills(ledger::Ledger& ledger, projects::ProjectId project, const Bills& bills, Nanos now,
                        std::string_view actor) {
  Kept kept{.records = static_cast<std::int64_t>(bills.records.size())};
  TRY(ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(clear_buckets(t, project, bills));
    const auto before = TRY(count(t, project, bills.source));
    for (const Bill& bill : bills.records) {
      TRY(
          t.run("INSERT OR REPLACE INTO provider_bills (project, source, began, ended, record, grouping, provider, "
                "model, account, type, tier, quantity, requests, pico, imported) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                {std::int64_t{project}, bills.source, bill.from, bill.to, bill.group, bills.grouping, bill.provider,
                 bill.model, bill.account, bill.type, bill.tier, maybe(bill.quantity), maybe(bill.requests),
                 maybe(bill.pico), now}));
    }
    kept.fresh = TRY(count(t, project, bills.source)) - before;
    return audit::append(t, now, project, actor, "bills.import",
                         fmt::format("{}: {} records, {} of them new", bills.source, kept.records, kept.fresh));
  }));
  return kept;
}

Result<std::vector<Import>> imports_of(ledger::Ledger& ledger, projects::ProjectId project) {
  const auto rows =
      TRY(ledger.read("SELECT source, min(began), max(ended), max(imported), count(*), sum(pico) FROM provider_bills "
                      "WHERE project = ? GROUP BY source ORDER BY source",
                      {std::int64_t{project}}));
  std::vector<Import> out;
  for (std::size_t i = 0; i < rows.size(); ++i)
    out.push_back({rows.text(i, 0), rows.integer(i, 1), rows.integer(i, 2), rows.integer(i, 3), rows.integer(i, 4),
                   rows.integer(i, 5)});
  return out;
}

Result<std::vector<Bill>> bills_of(ledger::Ledger& ledger, projects::ProjectId project, Nanos from, Nanos to,
                                   const std::vector<std::string>& accounts) {
  const auto rows = TRY(ledger.read(
      "SELECT began, ended, record, provider, model, account, type, tier, quantity, requests, pico FROM provider_bills "
      "WHERE project = ? AND began >= ? AND began < ?",
      {std::int64_t{project}, from, to}));
  std::vector<Bill> out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!accounts.empty() && std::ranges::find(accounts, rows.text(i, 5)) == accounts.end()) continue;
    out.push_back({.from = rows.integer(i, 0),
                   .to = rows.integer(i, 1),
                   .group = rows.text(i, 2),
                   .provider = rows.text(i, 3),
                   .model = rows.text(i, 4),
                   .account = rows.text(i, 5),
                   .type = rows.text(i, 6),
                   .tier = rows.text(i, 7),
                   .quantity = number_at(rows, i, 8),
                   .requests = number_at(rows, i, 9),
                   .pico = number_at(rows, i, 10)});
  }
  return out;
}

Result<std::int64_t> remove_bills(ledger::Ledger& ledger, projects::ProjectId project, const std::string& source,
                                  Nanos now, std::string_view actor) {
  std::int64_t removed = 0;
  TRY(ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("DELETE FROM provider_bills WHERE project = ? AND source = ?", {std::int64_t{project}, source}));
    removed = t.changes();
    if (removed == 0) return fail(ErrorKind::not_found, "Nothing was imported from {}.", source);
    return audit::append(t, now, project, actor, "bills.remove", fmt::format("{}: {} records", source, removed));
  }));
  return removed;
}

}  // namespace pawl::costs
