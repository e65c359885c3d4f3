// The steps by which the tables of older installations become like those of schema.h. A change of schema.h is a line
// here: a new number, never an edit of an old one.
#pragma once
#include "store/warehouse/warehouse.h"

namespace pawl::traces {

const warehouse::Schema& schema();

}  // namespace pawl::traces
