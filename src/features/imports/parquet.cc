// A statement of the engine for each file: Parquet in, JSON lines out, block by block.
#include "parquet.h"

#include <cstdlib>
#include <filesystem>

#include "base/log.h"
#include "base/text.h"

namespace pawl::imports {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t engine_memory = 1ULL << 30U;
// Small blocks, so that rows with long texts need little memory; times with their zone; UTF-8.
constexpr std::string_view settings =
    "max_threads = 1, max_insert_threads = 1, max_block_size = 512, input_format_parquet_max_block_size = 512, "
    "min_insert_block_size_rows = 0, min_insert_block_size_bytes = 0, session_timezone = 'UTC', "
    "date_time_output_format = "
    "'iso', output_format_json_quote_64bit_integers = 0, output_format_json_validate_utf8 = 1, "
    "output_format_parallel_formatting = 0, engine_file_truncate_on_insert = 1";

// Lines of a file that the user has never seen.
class Converted : public Rows {
 public:
  Converted(std::unique_ptr<Rows> lines, std::string file) : lines_(std::move(lines)), file_(std::move(file)) {}
  ~Converted() override {
    std::error_code error;
    fs::remove(file_, error);
  }
  Result<bool> next(Row& row) override {
    const bool more = TRY(lines_->next(row));
    row.line = 0;
    return more;
  }
  std::uint64_t consumed() const override { return lines_->consumed(); }

 private:
  std::unique_ptr<Rows> lines_;
  std::string file_;
};

}  // namespace

Parquet::~Parquet() {
  engine_.reset();
  std::error_code error;
  if (!folder_.empty()) fs::remove_all(folder_, error);
}

Result<> Parquet::start() {
  if (engine_ != nullptr) return {};
  std::error_code error;
  std::string folder = (fs::temp_directory_path(error) / "pawl-import-XXXXXX").string();
  if (error || ::mkdtemp(folder.data()) == nullptr)
    return fail(ErrorKind::unavailable, "{}: no temporary folder could be made here; set TMPDIR.", folder);
  folder_ = folder;
  auto opened = warehouse::open_embedded({.library = warehouse::find_library(),
                                          .path = folder_ + "/engine",
                                          .backups = folder_ + "/backups",
                                          .memory = engine_memory,
                                          .readers = 1},
                                         Log(Log::Format::text, Level::error));
  if (!opened)
    return fail(ErrorKind::unavailable, "Parquet is read by the engine of Pawl, which does not start: {}",
                opened.error().what);
  engine_ = std::move(*opened);
  return {};
}

Result<std::unique_ptr<Rows>> Parquet::rows(const std::string& path) {
  TRY(start());
  // By names of our own: the engine takes a path for a pattern, and `*` stands in names of files.
  const std::string in = fmt::format("{}/{}.parquet", folder_, ++files_),
                    out = fmt::format("{}/{}.jsonl.zst", folder_, files_);
  std::error_code error;
  fs::create_symlink(fs::absolute(path, error), in, error);
  if (error) return fail(ErrorKind::unavailable, "{}: {}", in, error.message());
  const auto done = engine_->run(
      fmt::format("INSERT INTO FUNCTION file('{}', 'JSONEachRow') SELECT * FROM file('{}', 'Parquet') SETTINGS {}", out,
                  in, settings));
  fs::remove(in, error);
  if (!done) {
    fs::remove(out, error);
    return fail(ErrorKind::invalid, "{}: the Parquet file cannot be read: {}", path,
                utf8_prefix(cut(done.error().what, '\n').first, 300));
  }
  if (!fs::exists(out, error)) return json_rows(text_bytes(""));  // no rows, no file
  return std::make_unique<Converted>(json_rows(TRY(open_bytes(out))), out);
}

}  // namespace pawl::imports
