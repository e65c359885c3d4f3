// What of a batch becomes blocks of `logs` and `points`; inside of the module only.
#pragma once
#include "store.h"

namespace pawl::traces {

// The name in Held of what a partition of a table holds of a batch.
std::string held_name(std::string_view table, BatchNumber batch, std::uint32_t partition);
// The Monday of a time, as ClickHouse's toMonday prints it: 20261116.
std::uint32_t monday_of(Nanos time);
// Rows that are not held yet.
native::Block log_block(const Batch& batch, const Held& held);
native::Block point_block(const Batch& batch, const Held& held);

}  // namespace pawl::traces
