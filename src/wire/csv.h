// CSV as RFC 4180 has it, read from one text: quoted cells with quotes, commas and line ends inside; LF, CRLF and a
// byte-order mark are taken. Writing, too.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pawl::csv {

struct Row {
  std::uint64_t line = 0;  // of its first line, from 1
  std::vector<std::string> cells;
};

class Reader {
 public:
  explicit Reader(std::string_view text);
  // The next row that is not blank; false at the end. `invalid` names line and column of what is no CSV: a quote in the
  // middle of a cell, text behind a closing quote, a quote that is never closed. Then it goes on with the next line.
  Result<bool> next(Row& row);

 private:
  Result<> cell(std::string& out, std::size_t number);
  std::string_view text_;
  std::size_t at_ = 0;
  std::uint64_t line_ = 1;
};

// A cell, quoted where it must be. For spreadsheets, what one would run as a formula gets an apostrophe in front;
// numbers are none.
void append_cell(std::string& out, std::string_view text, bool for_spreadsheets = true);

}  // namespace pawl::csv
