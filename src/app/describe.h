// `pawl describe`: the whole product from its slices, for people, for programs and as pages of docs/reference.
#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "slices.h"

namespace pawl::app {

std::string described(const std::vector<Slice>& slices);  // a table for people
std::string described_as_json(const std::vector<Slice>& slices, const CLI::App& app);
// Pages of docs/reference, Markdown; printed, never edited.
std::string api_page(const std::vector<Slice>& slices);
std::string tables_page(const std::vector<Slice>& slices);
std::string cli_page(const CLI::App& app);

}  // namespace pawl::app
