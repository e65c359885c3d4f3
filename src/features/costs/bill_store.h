// Bills in the ledger. A record is known by its source, bucket and group: a later export replaces it. A bucket that is
// exported again by other groups, or as a part of another bucket, is replaced as a whole, so that nothing is there
// twice.
#pragma once
#include "bills.h"
#include "records/projects/projects.h"
#include "store/ledger/ledger.h"

namespace pawl::costs {

struct Kept {
  std::int64_t records = 0, fresh = 0;  // fresh: were not there before
};
Result<Kept> keep_bills(ledger::Ledger& ledger, projects::ProjectId project, const Bills& bills, Nanos now,
                        std::string_view actor);

struct Import {  // what there is of a source
  std::string source;
  Nanos from = 0, to = 0, imported = 0;
  std::int64_t records = 0;
  std::int64_t pico = 0;  // what it bills
};
Result<std::vector<Import>> imports_of(ledger::Ledger& ledger, projects::ProjectId project);
// Those whose bucket begins in [from, to), of these accounts ("" for those without; none: of all).
Result<std::vector<Bill>> bills_of(ledger::Ledger& ledger, projects::ProjectId project, Nanos from, Nanos to,
                                   const std::vector<std::string>& accounts);
// How many were removed.
Result<std::int64_t> remove_bills(ledger::Ledger& ledger, projects::ProjectId project, const std::string& source,
                                  Nanos now, std::string_view actor);

}  // namespace pawl::costs
