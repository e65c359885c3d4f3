// The audit table.
#include "audit.h"

namespace pawl::audit {
namespace {

constexpr ledger::Migration steps[] = {{"audit", 1, R"sql(
CREATE TABLE audit (number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, project INTEGER NOT NULL,
  actor TEXT NOT NULL, action TEXT NOT NULL, detail TEXT NOT NULL) STRICT;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit records are not changed'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit records are not removed'); END;
)sql"}};

}  // namespace

std::span<const ledger::Migration> migrations() {
  return steps;
}

Result<> append(ledger::Transaction& transaction, Nanos at, std::uint32_t project, std::string_view actor,
                std::string_view action, std::string_view detail) {
  TRY(transaction.run("INSERT INTO audit (at, project, actor, action, detail) VALUES (?, ?, ?, ?, ?)",
                      {at, std::int64_t{project}, std::string(actor), std::string(action), std::string(detail)}));
  return {};
}

Result<> append(ledger::Ledger& ledger, Nanos at, std::uint32_t project, std::string_view actor,
                std::string_view action, std::string_view detail) {
  return ledger.change(
      [&](ledger::Transaction& t) -> Result<> { return append(t, at, project, actor, action, detail); });
}

Result<std::string> last_detail(ledger::Ledger& ledger, std::string_view action) {
  const auto rows = TRY(ledger.read(
      "SELECT detail FROM audit WHERE project = 0 AND action = ? ORDER BY number DESC LIMIT 1", {std::string(action)}));
  return rows.size() == 0 ? std::string() : rows.text(0, 0);
}

Result<std::vector<Entry>> read(ledger::Ledger& ledger, std::uint32_t project, bool whole, std::int64_t before,
                                std::uint32_t limit) {
  const auto rows =
      TRY(ledger.read("SELECT number, at, project, actor, action, detail FROM audit WHERE (project = ? OR (project = 0 "
                      "AND ?)) AND number < ? ORDER BY number DESC LIMIT ?",
                      {std::int64_t{project}, std::int64_t{whole ? 1 : 0}, before, std::int64_t{limit}}));
  std::vector<Entry> out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    out.push_back({rows.integer(i, 0), rows.integer(i, 1), static_cast<std::uint32_t>(rows.integer(i, 2)),
                   rows.text(i, 3), rows.text(i, 4), rows.text(i, 5)});
  }
  return out;
}

}  // namespace pawl::audit
