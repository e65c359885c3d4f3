// Prompts, datasets and experiments of the stores of Phoenix and MLflow (store_asks.h).
#pragma once
#include "fields.h"
#include "items.h"

namespace pawl::imports {

void read_phoenix_thing(std::string_view table, const Fields& row, Memory& memory, Mapped& out);
void read_mlflow_thing(std::string_view table, const Fields& row, Memory& memory, Mapped& out);

}  // namespace pawl::imports
