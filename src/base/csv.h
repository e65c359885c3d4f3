// Cells of CSV files.
#pragma once
#include <string>
#include <string_view>

namespace pawl {

// RFC 4180. Of a text that users wrote, one that a spreadsheet would take for a formula gets a ' in front.
std::string csv_cell(std::string_view text, bool written_by_users);

}  // namespace pawl
