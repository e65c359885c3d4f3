// The warehouse that the settings ask for: the engine in this process, or a ClickHouse of the operator's own.
#pragma once
#include <memory>

#include "config.h"
#include "store/warehouse/warehouse.h"

namespace pawl::app {

bool is_remote(const Config& config);  // warehouse_url is set

// `installation` is the secret of the data directory (body.key): a remote database belongs to one.
Result<std::unique_ptr<warehouse::Warehouse>> open_warehouse(const Config& config, std::string_view installation,
                                                             const Log& log);

}  // namespace pawl::app
