// Files → rows → items → server, with a state that is written behind each acknowledged batch.
#include "imports.h"

#include <algorithm>
#include <filesystem>

#include "base/ids.h"
#include "base/text.h"
#include "items.h"
#include "media.h"
#include "parquet.h"
#include "rows.h"
#include "sender.h"
#include "sqlite.h"
#include "state.h"

namespace pawl::imports {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t batch_bytes = 8U << 20, batch_items = 4'000;
constexpr std::size_t most_places = 5, most_reasons = 200;

struct Input {
  std::string path, mark;
  std::uint64_t bytes = 0;
  bool named = false;  // by the user himself: it must be readable
};

// A folder is all files below it, in the order of their names; those that records refer to are set aside.
Result<std::vector<Input>> inputs_of(const std::vector<std::string>& paths, MediaFiles& media) {
  std::vector<Input> out;
  for (const auto& path : paths) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
      std::vector<std::string> below;
      for (fs::recursive_directory_iterator at(path, fs::directory_options::skip_permission_denied, error), end;
           !error && at != end; at.increment(error))
        if (at->is_regular_file(error) && !at->path().filename().string().starts_with('.'))
          below.push_back(at->path().string());
      if (below.empty()) return fail(ErrorKind::invalid, "{}: there is no file in this folder.", path);
      std::ranges::sort(below);
      for (auto& one : below) out.push_back({.path = std::move(one), .mark = {}});
    } else if (!fs::exists(path, error)) {
      return fail(ErrorKind::invalid, "{}: there is no such file or folder.", path);
    } else {
      out.push_back({.path = path, .mark = {}, .named = true});
    }
  }
  std::erase_if(out, [&](const Input& one) {
    const std::string id = one.named ? "" : media_id_of(one.path);
    if (!id.empty()) media.add(id, one.path);
    return !id.empty();
  });
  for (auto& one : out) {
    std::error_code error;
    one.bytes = fs::file_size(one.path, error);
    one.mark = TRY(mark_of(one.path));
  }
  return out;
}

Result<std::string> head_of(const std::string& path) {
  auto bytes = TRY(open_bytes(path));
  std::string head;
  while (head.size() < 4096 && TRY(bytes->more(head))) {
  }
  return head;
}

// A reader of the rows of a file; an error says why it can be none.
Result<std::unique_ptr<Rows>> rows_of(const std::string& path, Vendor vendor, Parquet& parquet) {
  const auto [format, hint] = sniff(TRY(head_of(path)));
  switch (format) {
    case Format::json:
      return json_rows(TRY(open_bytes(path)));
    case Format::csv:
      return csv_rows(TRY(open_bytes(path)));
    case Format::pg_dump:
      if (vendor == Vendor::phoenix || vendor == Vendor::mlflow) return dumped_store(path, vendor);
      return dump_rows(TRY(open_bytes(path)));
    case Format::sqlite:
      return sqlite_rows(path, vendor);
    case Format::parquet:
      return parquet.rows(path);
    case Format::unknown:
      return fail(ErrorKind::invalid, "{}: {}", path, hint);
  }
  return fail(ErrorKind::invalid, "{}: {}", path, hint);
}

std::unique_ptr<Reader> reader_of(const Options& options) {
  switch (options.vendor) {
    case Vendor::langfuse:
      return langfuse_reader(options.project);
    case Vendor::langsmith:
      return langsmith_reader(options.project);
    case Vendor::phoenix:
      return phoenix_reader(options.project);
    case Vendor::mlflow:
      return mlflow_reader(options.project);
  }
  return langfuse_reader(options.project);
}

void add(std::map<std::string, Reason>& reasons, const std::string& why, const Place& place) {
  const std::string key = reasons.size() < most_reasons || reasons.contains(why) ? why : "other reasons";
  auto& reason = reasons[key];
  ++reason.count;
  if (reason.places.size() < most_places) reason.places.push_back(place);
}

class Import {
 public:
  Import(const Options& options, const std::function<void(const Progress&)>& progress)
      : options_(options), told_(progress), reader_(reader_of(options)), sender_(options) {}

  Result<Report> run() {
    const auto inputs = TRY(inputs_of(options_.paths, media_));
    state_ = TRY(State::open(options_.dry_run ? "" : options_.state, options_.anew));
    if (!options_.dry_run) TRY(sender_.greet());
    reader_->memory = state_.memory;
    progress_.since = clock_.monotonic();
    for (const auto& input : inputs) progress_.all_bytes += input.bytes;
    for (const auto pass : passes)
      for (const auto& input : inputs) TRY(one_pass(input, pass));
    report_.knows_already = sender_.knows_already();
    report_.dry_run = options_.dry_run;
    report_.took = clock_.monotonic() - progress_.since;
    return std::move(report_);
  }

 private:
  Result<> one_pass(const Input& input, Pass pass) {
    const auto number = static_cast<unsigned>(pass);
    std::error_code error;
    auto path = fs::absolute(input.path, error).lexically_normal().string();
    if (pass != Pass::first) {
      if ((state_.of(path, input.mark).later & (1U << number)) == 0) return {};
      path += fmt::format(" pass {}", number + 1);
      progress_.all_bytes += input.bytes;
    }
    pass_ = pass;
    const auto before = progress_.bytes;
    TRY(one_file(input, state_.of(path, input.mark)));
    progress_.bytes = before + input.bytes;
    told_(progress_);
    return {};
  }

  Result<> one_file(const Input& input, FileState& state) {
    progress_.file = input.path;
    if (state.whole) {
      report_.kinds["record"].already += state.items;
      return {};
    }
    auto rows = rows_of(input.path, options_.vendor, parquet_);
    if (!rows) {  // a folder may hold other things
      if (input.named && options_.paths.size() == 1) return std::unexpected(rows.error());
      report_.unread.push_back(rows.error().what);
      return {};
    }
    report_.kinds["record"].already += state.items;
    const auto before = progress_.bytes;
    std::uint64_t number = 0;
    const std::uint64_t known = state.rows;
    Row row;
    for (;;) {
      auto more = (*rows)->next(row);
      const Place place{input.path, row.line, number + 1};
      if (!more && pass_ != Pass::first) break;  // said in the first one
      if (!more) {
        add(report_.refused, more.error().what, {input.path, 0, number + 1});
        ++report_.kinds["record"].refused;
        break;
      }
      if (!*more) break;
      ++number;
      if (pass_ == Pass::first) ++progress_.records;
      progress_.bytes = before + std::min(input.bytes, (*rows)->consumed());
      if (number > known) TRY(one_row(row, place, state));
      if (bytes_ >= batch_bytes || batch_.size() >= batch_items) TRY(flush(state, number));
      if (number % 500 == 0) told_(progress_);
    }
    state.whole = true;
    return flush(state, number);
  }

  Result<> one_row(const Row& row, const Place& place, FileState& state) {
    if (!row.bad.empty()) {
      if (pass_ != Pass::first) return {};
      add(report_.refused, row.bad, place);
      ++report_.kinds["record"].refused;
      return {};
    }
    Mapped mapped;
    mapped.pass = pass_;
    reader_->read(row, mapped);
    if (options_.vendor == Vendor::langfuse) media_.read(mapped);
    state.later |= mapped.later;
    for (const auto& why : mapped.bad) {
      add(report_.refused, why, place);
      ++report_.kinds["record"].refused;
    }
    for (const auto& note : mapped.notes) add(mapped.skipped > 0 ? report_.skipped : report_.left, note, place);
    for (auto& item : mapped.items) {
      bytes_ += item.json.size();
      batch_.push_back({std::move(item), place, {}, false, {}});
    }
    return {};
  }

  Result<> flush(FileState& state, std::uint64_t number) {
    if (!options_.dry_run && !batch_.empty()) TRY(sender_.send(batch_));
    for (const auto& one : batch_) {
      auto& count = report_.kinds[one.item.kind];
      if (!one.refused.empty()) {
        ++count.refused;
        add(report_.refused, one.refused, one.place);
        continue;
      }
      if (!one.note.empty()) add(report_.left, one.note, one.place);
      one.already ? ++count.already : ++count.carried;
      ++state.items;
    }
    batch_.clear(), bytes_ = 0;
    state.rows = number;
    state_.memory = reader_->memory;
    if (!options_.dry_run) TRY(state_.write());
    told_(progress_);
    return {};
  }

  const Options& options_;
  const std::function<void(const Progress&)>& told_;
  SystemClock clock_;
  std::unique_ptr<Reader> reader_;
  Sender sender_;
  Parquet parquet_;
  MediaFiles media_;
  State state_;
  Pass pass_ = Pass::first;
  Progress progress_;
  Report report_;
  std::vector<Sent> batch_;
  std::size_t bytes_ = 0;
};

}  // namespace

std::string_view name_of(Vendor vendor) {
  switch (vendor) {
    case Vendor::langfuse:
      return "langfuse";
    case Vendor::langsmith:
      return "langsmith";
    case Vendor::phoenix:
      return "phoenix";
    case Vendor::mlflow:
      return "mlflow";
  }
  return "";
}

Result<Report> run(const Options& options, const std::function<void(const Progress&)>& progress) {
  return Import(options, progress).run();
}

std::string usual_state(const Options& options, const std::function<const char*(const char*)>& environment) {
  const char* state = environment("XDG_STATE_HOME");
  const char* home = environment("HOME");
  std::string folder = state != nullptr && *state != '\0' ? state
                       : home != nullptr && *home != '\0' ? fmt::format("{}/.local/state", home)
                                                          : "";
  if (folder.empty()) return {};
  std::string what =
      fmt::format("{}\n{}\n{}\n{}", name_of(options.vendor), options.server, options.key, options.project);
  for (const auto& path : options.paths) {
    std::error_code error;
    what += "\n" + fs::absolute(path, error).lexically_normal().string();
  }
  return fmt::format("{}/pawl/import-{}.json", folder, to_hex(hash128(what)).substr(0, 16));
}

}  // namespace pawl::imports
