// Cells of CSV as they are written, and as they are read again.
#include "wire/csv.h"

#include <gtest/gtest.h>

namespace pawl::csv {
namespace {

std::string cell(std::string_view text, bool for_spreadsheets = true) {
  std::string out;
  append_cell(out, text, for_spreadsheets);
  return out;
}

TEST(Cells, AreQuotedWhereTheyMustBeAndNoFormula) {
  EXPECT_EQ(cell("a"), "a");
  EXPECT_EQ(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
  EXPECT_EQ(cell("two\nlines"), "\"two\nlines\"");
  EXPECT_EQ(cell("=1+1"), "\"'=1+1\"");
  EXPECT_EQ(cell("@SUM(A1)"), "\"'@SUM(A1)\"");
  EXPECT_EQ(cell("-1.5e3"), "-1.5e3");  // a number
  EXPECT_EQ(cell("=1+1", false), "=1+1");
}

TEST(Cells, AreReadAsTheyWereWritten) {
  const std::vector<std::string> cells = {"plain", "", "a,b", "\"", "line\r\nend", "=x"};
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += ',';
    append_cell(line, cells[i], false);
  }
  Reader reader(line);
  Row row;
  ASSERT_TRUE(reader.next(row).value());
  EXPECT_EQ(row.cells, cells);
}

}  // namespace
}  // namespace pawl::csv
