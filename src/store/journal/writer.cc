// Groups of records into segments.
#include "writer.h"

#include <algorithm>
#include <tuple>

namespace pawl::journal {
namespace {

Error refusal(const Error& cause) {
  return {ErrorKind::unavailable,
          fmt::format("the journal cannot write ({}): make room, or mend the disk; what was acknowledged is safe",
                      cause.what)};
}

}  // namespace

Result<> sync_or_end(File& file, const Options& options) {
  auto synced = file.sync();
  if (synced) return {};
  PAWL_CHECK(options.on_sync_failure, "{}: nobody knows what is on the disk; mend it and start again",
             synced.error().what);
  options.on_sync_failure(synced.error());
  return synced;
}

Result<std::unique_ptr<Writer>> Writer::open(Files& files, const Clock& clock, Random& random, const Options& options,
                                             const std::string& folder, std::uint64_t last_number) {
  std::unique_ptr<Writer> writer(new Writer(files, clock, random, options, folder, last_number));
  const auto reserve = files.open(writer->reserve_path(), OpenMode::read);
  writer->has_reserve_ = reserve && (*reserve)->size().value_or(0) >= options.reserve_bytes;
  if (const auto begun = writer->begin_segment(0); !begun) {
    if (begun.error().kind != ErrorKind::exhausted) return std::unexpected(begun.error());
    writer->full_ = true;
  }
  return writer;
}

void Writer::commit(std::span<Pending> items, const Finish& finish) {
  std::optional<Error> no_room;  // a failed attempt at a new segment is not repeated within the group
  while (!items.empty()) {
    const std::size_t count = fitting(items);
    if (count > 0) {
      const auto written = write_run(items.first(count));
      finish(items.first(count), written ? nullptr : &written.error());
      items = items.subspan(count);
      continue;
    }
    const auto begun = begin_for(items.front(), no_room);
    if (begun) continue;
    finish(items.first(1), &begun.error());
    items = items.subspan(1);
  }
}

std::size_t Writer::fitting(std::span<const Pending> items) const {
  if (!file_ || dead_) return 0;
  std::uint64_t end = offset_;
  std::size_t count = 0;
  for (const Pending& item : items) {
    if (control_only_ && !item.control()) break;
    end += item.frame();
    if (end > bytes_) break;
    ++count;
    if (end - offset_ >= options_.max_group_bytes) break;
  }
  return count;
}

Result<> Writer::begin_for(const Pending& item, std::optional<Error>& no_room) {
  if (dead_) return std::unexpected(*dead_);
  if (!no_room) {
    const auto begun = begin_segment(item.frame());
    if (begun) return {};
    no_room = refusal(begun.error());
    full_ = true;
  }
  if (item.control() && has_reserve_ && first_record + item.frame() <= options_.reserve_bytes) {
    if (const auto begun = begin_reserve(); !begun) return std::unexpected(refusal(begun.error()));
    return {};
  }
  return std::unexpected(*no_room);
}

SegmentHead Writer::next_head() {
  SegmentHead head;
  head.number = ++last_number_;
  head.salt = random_.next();
  head.previous = number_;
  head.previous_end = offset_;
  head.created = clock_.now();
  return head;
}

Result<> Writer::prepare(File& file, SegmentHead& head, std::uint64_t bytes) {
  TRY(file.preallocate(bytes));
  TRY(write_all(file, segment_head_block(head), 0));
  TRY(file.sync());
  return files_.sync_folder(folder_);
}

Result<> Writer::begin_segment(std::uint64_t need) {
  SegmentHead head = next_head();
  const std::uint64_t bytes = std::max(options_.segment_bytes, first_record + need);
  auto file = TRY(files_.open(path_of(head.number), OpenMode::create));
  if (auto prepared = prepare(*file, head, bytes); !prepared) {
    file.reset();
    std::ignore = files_.remove(path_of(head.number));  // where it stays, recovery removes it: it has no records
    return prepared;
  }
  adopt(std::move(file), head, bytes, false);
  full_ = false;
  if (!has_reserve_) make_reserve();
  return {};
}

Result<> Writer::begin_reserve() {
  SegmentHead head = next_head();
  has_reserve_ = false;
  TRY(files_.rename(reserve_path(), path_of(head.number)));
  auto file = TRY(files_.open(path_of(head.number), OpenMode::write));
  TRY(prepare(*file, head, options_.reserve_bytes));
  adopt(std::move(file), head, options_.reserve_bytes, true);
  return {};
}

void Writer::adopt(std::unique_ptr<File> file, const SegmentHead& head, std::uint64_t bytes, bool control_only) {
  if (file_) std::ignore = file_->truncate(offset_);  // gives back the unused rest; where it fails it stays zeros
  file_ = std::move(file);
  number_ = head.number;
  salt_ = head.salt;
  offset_ = first_record;
  bytes_ = bytes;
  control_only_ = control_only;
}

void Writer::make_reserve() {  // without it cuts are refused on a full disk, like requests; tried again at each segment
  if (options_.reserve_bytes <= first_record) return;
  std::ignore = files_.remove(reserve_path());  // a short one
  const auto made = [&]() -> Result<> {
    const auto file = TRY(files_.open(reserve_path(), OpenMode::create));
    TRY(file->preallocate(options_.reserve_bytes));
    TRY(file->sync());
    return files_.sync_folder(folder_);
  }();
  has_reserve_ = made.has_value();
  if (!made) std::ignore = files_.remove(reserve_path());
}

Result<> Writer::write_run(std::span<Pending> run) {
  static constexpr std::string_view zeros("\0\0\0\0\0\0\0", 7);
  heads_.resize(run.size());
  parts_.clear();
  std::uint64_t offset = offset_;
  for (std::size_t i = 0; i < run.size(); ++i) {
    Head& head = heads_[i] = run[i].head;
    seal(head, salt_, offset, offset_);
    parts_.emplace_back(reinterpret_cast<const char*>(&head), sizeof(head));
    if (head.length > 0) parts_.push_back(run[i].bytes());
    if (const auto rest = padded(head.length) - head.length; rest > 0) parts_.push_back(zeros.substr(0, rest));
    run[i].at = {number_, offset};
    offset += run[i].frame();
  }
  if (const auto written = write_all(*file_, parts_, offset_); !written) {
    std::ignore = file_->truncate(offset_);  // where it fails the next segment's head voids what is above
    file_.reset();
    return std::unexpected(refusal(written.error()));
  }
  ++syncs_;
  if (const auto synced = sync_or_end(*file_, options_); !synced) {
    dead_ = refusal(synced.error());
    return std::unexpected(*dead_);
  }
  offset_ = offset;
  return {};
}

}  // namespace pawl::journal
