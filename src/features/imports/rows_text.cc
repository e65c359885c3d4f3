// CSV and dumps of PostgreSQL, and what a file is by its first bytes.
#include <algorithm>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "rows.h"

namespace pawl::imports {
namespace {

// Lines of a stream, each with its number.
class Lines {
 public:
  explicit Lines(std::unique_ptr<Bytes> bytes) : bytes_(std::move(bytes)) {}

  // The next line without its end; false at the end. `invalid` where it is longer than a row may be.
  Result<bool> next(std::string& line) {
    for (;;) {
      const auto end = buffer_.find('\n', searched_);
      if (end != std::string::npos) {
        line.assign(buffer_, at_, end - at_);
        at_ = searched_ = end + 1;
        return finish(line);
      }
      searched_ = buffer_.size();
      if (buffer_.size() - at_ > most_row_bytes)
        return fail(ErrorKind::exhausted, "line {} is longer than {} MB", number_ + 1, most_row_bytes >> 20U);
      buffer_.erase(0, at_);
      searched_ -= at_, at_ = 0;
      if (TRY(bytes_->more(buffer_))) continue;
      if (buffer_.empty()) return false;
      line = std::move(buffer_);
      buffer_.clear(), searched_ = 0;
      return finish(line);
    }
  }
  std::uint64_t number() const { return number_; }  // of the last one
  std::uint64_t consumed() const { return bytes_->consumed(); }

 private:
  bool finish(std::string& line) {
    ++number_;
    if (line.ends_with('\r')) line.pop_back();
    return true;
  }
  std::unique_ptr<Bytes> bytes_;
  std::string buffer_;
  std::size_t at_ = 0, searched_ = 0;
  std::uint64_t number_ = 0;
};

std::string as_object(const std::vector<std::string>& names, const std::vector<std::optional<std::string>>& cells) {
  JsonWriter json;
  json.object();
  for (std::size_t i = 0; i < names.size(); ++i)
    if (cells[i]) json.field(names[i], *cells[i]);
  return json.end().take();
}

class Csv : public Rows {
 public:
  explicit Csv(std::unique_ptr<Bytes> bytes) : lines_(std::move(bytes)) {}

  Result<bool> next(Row& row) override {
    row = {};
    std::vector<std::optional<std::string>> cells;
    if (names_.empty()) {
      if (!TRY(record(cells, row))) return false;
      if (!row.bad.empty()) return fail(ErrorKind::invalid, "line {}, the header: {}", row.line, row.bad);
      for (auto& cell : cells) names_.push_back(cell.value_or(""));
      if (names_.front().starts_with("\xEF\xBB\xBF")) names_.front().erase(0, 3);
    }
    if (!TRY(record(cells, row))) return false;
    if (!row.bad.empty()) return true;
    if (cells.size() != names_.size()) {
      row.bad = fmt::format("the line has {} cells, the header {}", cells.size(), names_.size());
      return true;
    }
    row.json = as_object(names_, cells);
    row.cells = true;
    return true;
  }
  std::uint64_t consumed() const override { return lines_.consumed(); }

 private:
  // One record, which may reach over lines. An empty cell is none.
  Result<bool> record(std::vector<std::optional<std::string>>& cells, Row& row) {
    std::string text, more;
    do {
      if (!TRY(lines_.next(text))) return false;
    } while (text.empty());
    row.line = lines_.number();
    cells.clear();
    for (std::size_t at = 0;;) {
      std::string cell;
      if (at < text.size() && text[at] == '"') {
        ++at;
        for (;;) {
          const auto quote = text.find('"', at);
          if (quote != std::string::npos) {
            cell.append(text, at, quote - at);
            at = quote + 1;
            if (at >= text.size() || text[at] != '"') break;
            cell += '"', ++at;
            continue;
          }
          cell.append(text, at);
          cell += '\n';
          if (cell.size() > most_row_bytes || !TRY(lines_.next(text))) {
            row.bad = cell.size() > most_row_bytes ? "a cell is larger than a row may be"
                                                   : "the file ends inside a quoted cell that begins in this record";
            return true;
          }
          at = 0;
        }
        if (at < text.size() && text[at] != ',') {
          row.bad = "something stands between a closing quote and the comma";
          return true;
        }
      } else {
        const auto comma = std::min(text.find(',', at), text.size());
        cell.assign(text, at, comma - at);
        at = comma;
      }
      cell.empty() ? cells.emplace_back() : cells.emplace_back(std::move(cell));
      if (at >= text.size()) return true;
      ++at;  // the comma
      if (at == text.size()) {
        cells.emplace_back();
        return true;
      }
    }
  }

  Lines lines_;
  std::vector<std::string> names_;
};

// The text format of COPY (PostgreSQL's manual, "COPY", File Formats).
std::string unescaped(std::string_view cell) {
  if (cell.find('\\') == std::string_view::npos) return std::string(cell);
  std::string out;
  for (std::size_t i = 0; i < cell.size(); ++i) {
    if (cell[i] != '\\' || i + 1 == cell.size()) {
      out += cell[i];
      continue;
    }
    const char c = cell[++i];
    constexpr std::string_view from = "bfnrtv", to = "\b\f\n\r\t\v";
    const auto known = from.find(c);
    out += known == std::string_view::npos ? c : to[known];
  }
  return out;
}

class Dump : public Rows {
 public:
  Dump(std::unique_ptr<Bytes> bytes, BlockBegins begins) : lines_(std::move(bytes)), begins_(std::move(begins)) {}

  Result<bool> next(Row& row) override {
    row = {};
    std::string line;
    while (TRY(lines_.next(line))) {
      if (!inside_) {
        enter(line);
        if (line.starts_with("INSERT INTO ") && !said_) {
          said_ = true;
          row.line = lines_.number();
          row.bad = "the dump holds INSERT statements; make it again without --inserts";
          return true;
        }
        continue;
      }
      if (line == "\\.") {
        inside_ = false;
        continue;
      }
      row.table = table_;
      row.line = lines_.number();
      row.cells = true;
      std::vector<std::optional<std::string>> cells;
      for (const auto cell : split(line, '\t'))
        cell == "\\N" ? cells.emplace_back() : cells.emplace_back(unescaped(cell));
      if (cells.size() == names_.size())
        row.json = as_object(names_, cells);
      else
        row.bad = fmt::format("the line has {} cells, COPY names {} columns", cells.size(), names_.size());
      return true;
    }
    if (inside_) {
      inside_ = false;
      row.line = lines_.number();
      row.table = table_;
      row.bad = "the dump ends inside this COPY block: it is cut off";
      return true;
    }
    return false;
  }
  std::uint64_t consumed() const override { return lines_.consumed(); }

 private:
  void enter(std::string_view line) {
    if (!line.starts_with("COPY ") || !line.ends_with("FROM stdin;")) return;
    const auto open = line.find('('), close = line.rfind(')');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) return;
    const auto plain = [](std::string_view name) {
      std::string out(trim(name));
      std::erase(out, '"');
      return out;
    };
    table_ = plain(line.substr(5, open - 5));
    names_.clear();
    for (const auto name : split(line.substr(open + 1, close - open - 1), ',')) names_.push_back(plain(name));
    inside_ = true;
    if (begins_) begins_(table_, names_);
  }

  Lines lines_;
  BlockBegins begins_;
  std::string table_;
  std::vector<std::string> names_;
  bool inside_ = false, said_ = false;
};

}  // namespace

Sniffed sniff(std::string_view head) {
  if (head.starts_with("SQLite format 3")) return {Format::sqlite, ""};
  if (head.starts_with("PAR1")) return {Format::parquet, ""};
  if (head.starts_with("PGDMP"))
    return {Format::unknown,
            "This is a dump in pg_dump's own format; `pg_restore -f dump.sql FILE` makes the plain one."};
  if (head.starts_with("PK\x03\x04"))
    return {Format::unknown, "This is a ZIP archive: unpack it, and name the folder."};
  if (head.starts_with("\xEF\xBB\xBF")) head.remove_prefix(3);
  const auto text = trim(head);
  if (text.empty()) return {Format::unknown, "The file is empty."};
  if (text.front() == '{' || text.front() == '[') return {Format::json, ""};
  if (text.starts_with("--") || text.starts_with("COPY ") || text.starts_with("SET ")) return {Format::pg_dump, ""};
  const auto header = cut(text, '\n').first;
  const bool words =
      std::ranges::all_of(header, [](char c) { return static_cast<unsigned char>(c) >= 0x20 || c == '\r'; });
  if (words && header.find(',') != std::string_view::npos) return {Format::csv, ""};
  return {Format::unknown, "It is neither JSON, CSV with a header, a plain dump of PostgreSQL nor a SQLite file."};
}

std::unique_ptr<Rows> csv_rows(std::unique_ptr<Bytes> bytes) {
  return std::make_unique<Csv>(std::move(bytes));
}
std::unique_ptr<Rows> dump_rows(std::unique_ptr<Bytes> bytes) {
  return dump_rows(std::move(bytes), {});
}
std::unique_ptr<Rows> dump_rows(std::unique_ptr<Bytes> bytes, BlockBegins begins) {
  return std::make_unique<Dump>(std::move(bytes), std::move(begins));
}

}  // namespace pawl::imports
