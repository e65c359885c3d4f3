// The audit table: log-ins, keys, roles, configuration. Appended, never changed.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "store/ledger/ledger.h"

namespace pawl::audit {

struct Entry {
  std::int64_t number = 0;
  Nanos at = 0;
  std::uint32_t project = 0;  // 0: of the whole installation
  std::string actor, action, detail;
};

std::span<const ledger::Migration> migrations();
// Inside the change that it tells of: what happened and its record are there together, or neither.
Result<> append(ledger::Transaction& transaction, Nanos at, std::uint32_t project, std::string_view actor,
                std::string_view action, std::string_view detail);
// By itself, for what changes nothing in the ledger.
Result<> append(ledger::Ledger& ledger, Nanos at, std::uint32_t project, std::string_view actor,
                std::string_view action, std::string_view detail);
// The newest first; of one project and, where `whole`, of the installation.
Result<std::vector<Entry>> read(ledger::Ledger& ledger, std::uint32_t project, bool whole, std::int64_t before,
                                std::uint32_t limit);
// The detail of the newest record of an action of the installation, "" where there is none.
Result<std::string> last_detail(ledger::Ledger& ledger, std::string_view action);

}  // namespace pawl::audit
