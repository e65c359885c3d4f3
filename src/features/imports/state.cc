// The state file, replaced as a whole.
#include "state.h"

#include <filesystem>

#include "base/files.h"
#include "base/ids.h"
#include "base/json.h"
#include "llm/json_check.h"
#include "llm/json_scan.h"

namespace pawl::imports {

namespace json = llm::json;
namespace fs = std::filesystem;

Result<State> State::open(std::string path, bool anew) {
  State state;
  state.path_ = std::move(path);
  if (state.path_.empty() || anew) return state;
  SystemFiles files;
  const auto text = read_all(files, state.path_, 64U << 20);
  if (!text) {
    if (text.error().kind == ErrorKind::not_found) return state;
    return std::unexpected(text.error());
  }
  const auto whole = json::trimmed(*text);
  if (!json::is_valid(whole) || !json::is_object(json::member(whole, "files")))
    return fail(ErrorKind::invalid,
                "{} is no state of an import. Name another with --state, or start over with --anew.", state.path_);
  for (json::Members files_in(json::member(whole, "files")); files_in.next();) {
    FileState one;
    one.mark = json::text(json::member(files_in.value, "mark"));
    one.rows = static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, json::integer(json::member(files_in.value, "rows")).value_or(0)));
    one.items = static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, json::integer(json::member(files_in.value, "items")).value_or(0)));
    one.whole = json::member(files_in.value, "whole") == "true";
    one.later = static_cast<unsigned>(json::integer(json::member(files_in.value, "later")).value_or(0) & 0xFF);
    state.files_[json::text("\"" + std::string(files_in.key) + "\"")] = one;
  }
  for (json::Members known(json::member(whole, "memory")); known.next();)
    state.memory[json::text("\"" + std::string(known.key) + "\"")] = json::text(known.value);
  return state;
}

FileState& State::of(const std::string& file, const std::string& mark) {
  FileState& one = files_[file];
  if (one.mark != mark) one = {.mark = mark};
  return one;
}

Result<> State::write() const {
  if (path_.empty()) return {};
  JsonWriter json;
  json.object().field("pawl_import", 1).key("files").object();
  for (const auto& [name, one] : files_)
    json.key(name)
        .object()
        .field("mark", one.mark)
        .field("rows", one.rows)
        .field("items", one.items)
        .field("whole", one.whole)
        .field("later", one.later)
        .end();
  json.end().key("memory").object();
  for (const auto& [name, known] : memory) json.field(name, known);
  json.end().end();
  SystemFiles files;
  const std::string folder = fs::path(path_).parent_path().string(), next = path_ + ".next";
  if (!folder.empty()) TRY(files.make_folders(folder));
  static_cast<void>(files.remove(next));
  {
    const auto file = TRY(files.open(next, OpenMode::create));
    TRY(write_all(*file, json.text(), 0));
    TRY(file->sync());
  }
  return files.rename(next, path_);
}

Result<std::string> mark_of(const std::string& file) {
  SystemFiles files;
  const auto open = TRY(files.open(file, OpenMode::read));
  std::string head(64U << 10, '\0');
  std::size_t got = 0;
  while (got < head.size()) {
    const auto more = TRY(open->read({head.data() + got, head.size() - got}, got));
    if (more == 0) break;
    got += more;
  }
  head.resize(got);
  std::error_code error;
  const auto time = fs::last_write_time(file, error).time_since_epoch().count();
  return fmt::format("{} {} {}", TRY(open->size()), time, to_hex(hash128(head)));
}

}  // namespace pawl::imports
