// The ledger of a data directory, with the tables of everything that keeps some in it.
#pragma once
#include <memory>
#include <string>

#include "store/ledger/ledger.h"

namespace pawl::app {

// Every step of everybody's tables, in order.
std::vector<ledger::Migration> ledger_migrations();
// Opens DATA/ledger.db and brings it up to date. `conflict` where a newer Pawl has written it.
Result<std::unique_ptr<ledger::Ledger>> open_ledger(const std::string& data);

}  // namespace pawl::app
