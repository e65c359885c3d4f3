// Datasets, examples and experiments of LangSmith.
#pragma once
#include "fields.h"
#include "items.h"

namespace pawl::imports {

// A row that is no run and no feedback; what it cannot be either is said in `out`.
void read_langsmith_thing(const Fields& row, Memory& memory, Mapped& out);

}  // namespace pawl::imports
