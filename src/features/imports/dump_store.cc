// COPY blocks into tables of a temporary database.
#include "dump_store.h"

#include <algorithm>
#include <array>
#include <map>

#include "fields.h"

namespace pawl::imports {
namespace {

constexpr std::size_t most_bad = 10'000;

std::string quoted(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) (out += c == '"' ? "\"" : "") += c;
  return out + "\"";
}

// Numbers of rows: they are compared, and "10" stands before "9".
bool is_number(std::string_view column) {
  constexpr std::array<std::string_view, 11> numbers = {
      "id",         "version",       "prompt_id",  "prompt_version_id", "dataset_example_id", "dataset_version_id",
      "project_id", "experiment_id", "dataset_id", "experiment_run_id", "project_session_id"};
  return column.ends_with("_rowid") || std::ranges::find(numbers, column) != numbers.end();
}

class Loader {
 public:
  Loader(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}
  ~Loader() { sqlite3_finalize(insert_); }

  Result<> run(std::string_view sql) {
    char* why = nullptr;
    const int code = sqlite3_exec(handle_, std::string(sql).c_str(), nullptr, nullptr, &why);
    const std::string text = why == nullptr ? "" : why;
    sqlite3_free(why);
    if (code != SQLITE_OK)
      return fail(ErrorKind::unavailable, "{}: a temporary store could not be made of it: {}", path_, text);
    return {};
  }

  void begin(const std::string& table, const std::vector<std::string>& columns) {
    sqlite3_finalize(insert_);
    insert_ = nullptr;
    if (!failed_.empty() || columns.empty() || columns.size() > 500) return;
    names_ = columns;
    const auto dot = table.rfind('.');
    const std::string name = quoted(dot == std::string::npos ? table : table.substr(dot + 1));
    std::string made, marks;
    for (const auto& column : columns) {
      made += fmt::format("{}{}{}", made.empty() ? "" : ", ", quoted(column), is_number(column) ? " NUMERIC" : " TEXT");
      marks += marks.empty() ? "?" : ", ?";
    }
    if (const auto done = run(fmt::format("CREATE TABLE IF NOT EXISTS {} ({})", name, made)); !done) {
      failed_ = done.error().what;
      return;
    }
    for (const std::string_view key : {"id", "request_id", "trace_id", "prompt_id", "dataset_example_id", "name"})
      if (std::ranges::find(columns, key) != columns.end()) indexes_.emplace(name, key);
    const std::string sql = fmt::format("INSERT INTO {} VALUES ({})", name, marks);
    if (sqlite3_prepare_v2(handle_, sql.c_str(), static_cast<int>(sql.size()), &insert_, nullptr) != SQLITE_OK)
      failed_ = fmt::format("{}: the table {}: {}", path_, table, sqlite3_errmsg(handle_));
  }

  Result<> insert(std::string_view object) {
    if (!failed_.empty()) return fail(ErrorKind::invalid, "{}", failed_);
    if (insert_ == nullptr) return {};
    const Fields row(object);
    std::vector<std::string> cells;
    cells.reserve(names_.size());
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const auto raw = row.raw({names_[i]});
      if (raw.empty()) continue;
      cells.push_back(json::text(raw));
      sqlite3_bind_text64(insert_, static_cast<int>(i + 1), cells.back().data(), cells.back().size(), SQLITE_STATIC,
                          SQLITE_UTF8);
    }
    const int code = sqlite3_step(insert_);
    sqlite3_reset(insert_);
    sqlite3_clear_bindings(insert_);
    if (code != SQLITE_DONE)
      return fail(ErrorKind::unavailable, "{}: a temporary store could not be made of it: {}", path_,
                  sqlite3_errmsg(handle_));
    return {};
  }

  Result<> finish() {
    if (!failed_.empty()) return fail(ErrorKind::invalid, "{}", failed_);
    TRY(run("COMMIT"));
    for (const auto& [table, key] : indexes_)
      TRY(run(fmt::format("CREATE INDEX IF NOT EXISTS {} ON {} ({})", quoted(fmt::format("by {} {}", table, key)),
                          table, key)));
    return {};
  }

 private:
  sqlite3* handle_;
  std::string path_, failed_;
  sqlite3_stmt* insert_ = nullptr;
  std::vector<std::string> names_;
  std::multimap<std::string, std::string_view> indexes_;
};

}  // namespace

Result<LoadedDump> load_dump(std::unique_ptr<Bytes> bytes, const std::string& path) {
  LoadedDump out;
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2("", &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  out.handle.reset(handle);
  if (code != SQLITE_OK) return fail(ErrorKind::unavailable, "{}: no temporary store could be made", path);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  Loader loader(handle, path);
  TRY(loader.run("PRAGMA synchronous = OFF"));
  TRY(loader.run("BEGIN"));
  const auto rows = dump_rows(std::move(bytes), [&](const std::string& table, const std::vector<std::string>& columns) {
    loader.begin(table, columns);
  });
  Row row;
  for (;;) {
    const auto more = rows->next(row);
    if (!more) {  // what stands before is good
      row = {};
      row.bad = more.error().what;
    } else if (!*more) {
      break;
    }
    if (row.bad.empty())
      TRY(loader.insert(row.json));
    else if (out.bad.size() < most_bad)
      out.bad.push_back(row);
    else
      return fail(ErrorKind::corrupt, "{}: more than {} lines of it are no rows", path, most_bad);
    if (!more) break;
  }
  TRY(loader.finish());
  return out;
}

}  // namespace pawl::imports
