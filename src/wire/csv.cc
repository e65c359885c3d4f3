// Reading and writing CSV.
#include "wire/csv.h"

#include <algorithm>

namespace pawl::csv {

Reader::Reader(std::string_view text) : text_(text) {
  if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
}

Result<> Reader::cell(std::string& out, std::size_t number) {
  out.clear();
  if (at_ >= text_.size() || text_[at_] != '"') {
    const std::size_t end = std::min(text_.find_first_of(",\r\n\"", at_), text_.size());
    out.assign(text_.substr(at_, end - at_));
    at_ = end;
    if (at_ < text_.size() && text_[at_] == '"')
      return fail(ErrorKind::invalid, "line {}, column {}: a quote in the middle of a cell", line_, number);
    return {};
  }
  const std::uint64_t opened = line_;
  for (++at_; at_ < text_.size(); ++at_) {
    if (text_[at_] == '\n') ++line_;
    if (text_[at_] != '"') {
      out += text_[at_];
    } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
      out += '"', ++at_;
    } else {
      ++at_;
      if (at_ == text_.size() || std::string_view(",\r\n").contains(text_[at_])) return {};
      return fail(ErrorKind::invalid, "line {}, column {}: text behind the closing quote", line_, number);
    }
  }
  return fail(ErrorKind::invalid, "line {}, column {}: a quote that is never closed", opened, number);
}

Result<bool> Reader::next(Row& row) {
  while (at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r')) line_ += text_[at_++] == '\n' ? 1 : 0;
  if (at_ >= text_.size()) return false;
  row.line = line_;
  row.cells.clear();
  for (;;) {
    if (const auto read = cell(row.cells.emplace_back(), row.cells.size()); !read) {
      at_ = std::min(text_.find('\n', at_), text_.size());
      return std::unexpected(read.error());
    }
    if (at_ < text_.size() && text_[at_] == ',') {
      ++at_;
      continue;
    }
    return true;
  }
}

void append_cell(std::string& out, std::string_view text, bool for_spreadsheets) {
  const bool formula = for_spreadsheets && !text.empty() && std::string_view("=+-@\t\r").contains(text[0]) &&
                       text.find_first_not_of("+-.0123456789eE") != std::string_view::npos;
  if (!formula && text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  if (formula) out += '\'';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

}  // namespace pawl::csv
