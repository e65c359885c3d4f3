// Rows of the SQLite stores of Phoenix and MLflow.
#pragma once
#include "imports.h"
#include "rows.h"

namespace pawl::imports {

// Opened for reading alone. `invalid` where it is not this vendor's store, `corrupt` where the file is damaged.
Result<std::unique_ptr<Rows>> sqlite_rows(const std::string& path, Vendor vendor);
// The same of a plain dump of the store's tables in PostgreSQL; takes about its size on the disk for temporary files.
Result<std::unique_ptr<Rows>> dumped_store(const std::string& path, Vendor vendor);

}  // namespace pawl::imports
