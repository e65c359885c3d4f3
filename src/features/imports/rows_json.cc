// JSON in the shapes in which exports have it, read in pieces: no more than one record is in memory.
#include <algorithm>
#include <vector>

#include "base/text.h"
#include "llm/json_check.h"
#include "llm/json_scan.h"
#include "rows.h"

namespace pawl::imports {
namespace {

namespace json = llm::json;

// Names under which an object holds a list of records.
constexpr std::string_view lists[] = {"data",    "traces",   "observations", "scores",        "runs",    "batch",
                                      "prompts", "datasets", "examples",     "dataset_items", "comments"};

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

class Json : public Rows {
 public:
  explicit Json(std::unique_ptr<Bytes> bytes) : bytes_(std::move(bytes)) {}

  Result<bool> next(Row& row) override {
    for (;;) {
      row = {};
      row.table = table_;
      if (!TRY(to_something())) return end(row);
      row.line = line_;
      const char c = buffer_[at_];
      if (c == ',') {
        step();
        continue;
      }
      if (c == ']' && !open_.empty() && open_.back() == '[') {
        open_.pop_back();
        table_.clear();
        step();
        continue;
      }
      if (!open_.empty() && open_.back() == '{') {
        if (TRY(member(row))) return true;
        continue;
      }
      if (open_.empty() && c == '[') {
        open_ += '[';
        step();
        continue;
      }
      if (open_.empty() && c == '{' && TRY(is_holder())) {
        open_ += '{';
        step();
        continue;
      }
      TRY(value(row));
      return true;
    }
  }
  std::uint64_t consumed() const override { return bytes_->consumed(); }

 private:
  Result<bool> more() {
    if (ended_) return false;
    if (at_ > (1U << 20) || at_ == buffer_.size()) {
      buffer_.erase(0, at_);
      at_ = 0;
    }
    if (TRY(bytes_->more(buffer_))) return true;
    ended_ = true;
    return false;
  }

  void step(std::size_t by = 1) {
    line_ += static_cast<std::uint64_t>(std::count(buffer_.begin() + static_cast<std::ptrdiff_t>(at_),
                                                   buffer_.begin() + static_cast<std::ptrdiff_t>(at_ + by), '\n'));
    at_ += by;
  }

  Result<bool> to_something() {
    while (!begun_ && buffer_.size() < 3 && TRY(more())) {
    }
    if (!std::exchange(begun_, true) && std::string_view(buffer_).starts_with("\xEF\xBB\xBF")) at_ = 3;
    for (;;) {
      std::size_t end = at_;
      while (end < buffer_.size() && is_space(buffer_[end])) ++end;
      step(end - at_);
      if (at_ < buffer_.size() && !is_space(buffer_[at_])) return true;
      if (!TRY(more())) return false;
    }
  }

  Result<bool> end(Row& row) {
    if (open_.empty() || said_) return false;
    said_ = true;
    row.line = line_;
    row.bad = fmt::format("the file ends before its '{}' is closed: it is cut off", open_.back());
    return true;
  }

  // {"data": [ …: the first member of the object that begins here is a list of records.
  Result<bool> is_holder() {
    for (;;) {
      const std::string_view text = std::string_view(buffer_).substr(at_ + 1);
      const auto quote = json::skip_space(text, 0);
      const auto close = quote < text.size() ? text.find('"', quote + 1) : std::string_view::npos;
      const auto colon = close == std::string_view::npos ? close : json::skip_space(text, close + 1);
      const auto open = colon >= text.size() ? colon : json::skip_space(text, colon + 1);
      if (close != std::string_view::npos && open < text.size()) {
        const auto name = text.substr(quote + 1, close - quote - 1);
        return text[quote] == '"' && text[colon] == ':' && text[open] == '[' &&
               std::ranges::find(lists, name) != std::end(lists);
      }
      if (text.size() > 4096 || !TRY(more())) return false;
    }
  }

  // Inside an object that holds lists: a list of records is entered, anything else passed over. True: a bad row.
  Result<bool> member(Row& row) {
    if (buffer_[at_] == '}') {
      open_.pop_back();
      step();
      return false;
    }
    const auto key = TRY(extent());
    if (!key || buffer_[at_] != '"') return lost(row, "a name was expected here");
    const std::string name = json::text(std::string_view(buffer_).substr(at_, *key));
    step(*key);
    if (!TRY(to_something()) || buffer_[at_] != ':') return lost(row, "a ':' was expected here");
    step();
    if (!TRY(to_something())) return lost(row, "the file ends after a ':'");
    if (buffer_[at_] == '[' && std::ranges::find(lists, name) != std::end(lists)) {
      open_ += '[';
      table_ = name;
      step();
      return false;
    }
    const auto size = TRY(extent());
    if (!size) return lost(row, "the file ends inside a value");
    step(*size);
    return false;
  }

  bool lost(Row& row, std::string_view why) {  // nothing behind it has a known place
    row.line = line_;
    row.bad = why;
    buffer_.clear(), at_ = 0;
    open_.clear();
    ended_ = said_ = true;
    return true;
  }

  // How long the value is that begins here; nullopt where the file ends in it, or a string holds a line end.
  Result<std::optional<std::size_t>> extent() {
    std::size_t i = at_;
    int depth = 0;
    bool quoted = false;
    const bool bare = buffer_[at_] != '{' && buffer_[at_] != '[' && buffer_[at_] != '"';
    for (;; ++i) {
      while (i >= buffer_.size()) {
        if (buffer_.size() - at_ > most_row_bytes) return std::nullopt;
        const auto offset = i - at_;
        if (!TRY(more())) return bare ? std::optional(buffer_.size() - at_) : std::nullopt;
        i = at_ + offset;
      }
      const char c = buffer_[i];
      if (c == '\n' && (quoted || (by_line_ && open_.empty() && !bare))) return std::nullopt;
      if (quoted) {
        if (c == '\\') ++i;
        if (c == '"') {
          quoted = false;
          if (depth == 0) return i + 1 - at_;
        }
        continue;
      }
      if (bare && (is_space(c) || c == ',' || c == ']' || c == '}')) return i - at_;
      if (c == '"') quoted = true;
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth <= 0 && !bare) return i + 1 - at_;
    }
  }

  Result<> value(Row& row) {
    const auto size = TRY(extent());
    if (size) {
      row.json.assign(buffer_, at_, *size);
      if (const auto error = json::first_error(row.json)) {
        row.bad = fmt::format("it stops being JSON at byte {} of the record", *error);
      } else if (row.json.front() != '{') {
        row.bad = "it is no object";
      }
      if (open_.empty() && row.json.find('\n') == std::string::npos && at_ + *size < buffer_.size() &&
          buffer_[at_ + *size] == '\n')
        by_line_ = true;
      if (!row.bad.empty()) row.json.clear();
      if (!is_utf8(row.json)) row.json = repair_utf8(row.json);
      step(std::max<std::size_t>(1, *size));
      return {};
    }
    // What has no end: in a file of lines the next line is the next record; in an array nothing behind has a known
    // place.
    const bool large = buffer_.size() - at_ > most_row_bytes;
    const auto end = buffer_.find('\n', at_);
    const bool last = end == std::string::npos;
    row.bad = large  ? fmt::format("the record is larger than {} MB", most_row_bytes >> 20U)
              : last ? "the file ends inside this record: it is cut off"
                     : "the record is cut off at the end of its line";
    if (!open_.empty() || last) {
      static_cast<void>(lost(row, std::string(row.bad)));
      return {};
    }
    step(end + 1 - at_);
    return {};
  }

  std::unique_ptr<Bytes> bytes_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::string open_;   // '[' and '{' that the records stand in
  std::string table_;  // the name of the list
  std::uint64_t line_ = 1;
  bool begun_ = false, ended_ = false, said_ = false;
  bool by_line_ = false;  // a record a line, as the first one stood
};

}  // namespace

std::unique_ptr<Rows> json_rows(std::unique_ptr<Bytes> bytes) {
  return std::make_unique<Json>(std::move(bytes));
}

}  // namespace pawl::imports
