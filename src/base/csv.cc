// Cells of CSV files.
#include "base/csv.h"

namespace pawl {

std::string csv_cell(std::string_view text, bool written_by_users) {
  std::string out;
  if (written_by_users && !text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos)
    out = "'";
  out += text;
  if (out.find_first_of(",\"\r\n") == std::string::npos) return out;
  std::string quoted = "\"";
  for (const char c : out) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

}  // namespace pawl
