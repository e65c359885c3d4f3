// Attributes of a row: a list of names and texts in which each name stands once.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "wire/otlp.h"

namespace pawl::traces {

using Attributes = std::vector<std::pair<std::string, std::string>>;

// Of entries with one name the last stays, where it stands: a map of the warehouse keeps all that it is given, and a
// correction that reads it back would not be an exact copy. 0.1 µs for 40 names that are all different.
void keep_last(Attributes& attributes);

void add_attributes(Attributes& out, std::string_view prefix, otlp::Attributes attributes);

}  // namespace pawl::traces
