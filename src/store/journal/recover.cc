// What an earlier process left: scanned, damage named and copied, bounds of its batches read.
#include <algorithm>
#include <map>
#include <tuple>

#include "inside.h"

namespace pawl::journal {
namespace {

constexpr std::uint64_t copy_bytes = 1ULL << 20U;

struct Predecessor {
  std::uint64_t end = 0;  // where the next segment's head says that it ended
};

// Bytes of a damaged range, for a person. "" where they cannot be kept (the disk is full): recovery goes on.
std::string quarantine(Files& files, const std::string& folder, const std::string& from, const Damage& damage) {
  const std::string to = fmt::format("{}/quarantine/{:016x}-{}.bin", folder, damage.at.segment, damage.at.offset);
  const auto copied = [&]() -> Result<> {
    TRY(files.make_folders(folder + "/quarantine"));
    const auto source = TRY(files.open(from, OpenMode::read));
    const auto target = TRY(files.open(to, OpenMode::create));
    std::string buffer;
    for (std::uint64_t at = 0; at < damage.bytes; at += buffer.size()) {
      buffer.resize(std::min(copy_bytes, damage.bytes - at));
      buffer.resize(TRY(source->read(buffer, damage.at.offset + at)));
      if (buffer.empty()) break;
      TRY(write_all(*target, buffer, at));
    }
    TRY(target->sync());
    return files.sync_folder(folder + "/quarantine");
  }();
  return copied || copied.error().kind == ErrorKind::conflict ? to : "";  // conflict: copied by an earlier recovery
}

// Where each segment ended, as far as the next one of the same process says so. Only one with a record can say it: a
// segment that could not be finished is given up, and the one before goes on.
Result<std::map<std::uint64_t, Predecessor>> ends_of(Files& files, const std::string& folder,
                                                     const std::vector<std::uint64_t>& numbers) {
  std::map<std::uint64_t, Predecessor> ends;
  for (const std::uint64_t number : numbers) {
    const auto file = TRY(files.open(folder + "/" + segment_name(number), OpenMode::read));
    std::string block(first_record + sizeof(Head), '\0');
    if (!file->read(block, 0)) continue;
    const auto head = read_segment_head(block);
    const bool begun = head && read_head(block.data() + first_record, head->salt, first_record);
    if (begun && head->previous != 0) ends[head->previous] = {.end = head->previous_end};
  }
  return ends;
}

// A segment whose head is lost: nothing of it can be trusted. All zeros: it was never begun.
Result<std::vector<Damage>> damage_of_headless(Files& files, const std::string& path, std::uint64_t number,
                                               std::uint64_t bytes, bool was_written) {
  const auto file = TRY(files.open(path, OpenMode::read));
  std::string buffer(copy_bytes, '\0');
  bool zeros = true;
  for (std::uint64_t at = first_record; at < bytes && zeros; at += copy_bytes) {
    const auto got = file->read(buffer, at);
    const std::string_view part = std::string_view(buffer).substr(0, got.value_or(0));
    zeros = got.has_value() && part.find_first_not_of('\0') == std::string_view::npos;
  }
  if (zeros && !was_written) return std::vector<Damage>{};
  return std::vector<Damage>{{.kind = Damage::Kind::corrupt, .at = {number, 0}, .bytes = bytes, .copy = ""}};
}

Result<OlderSegment> scan_one(Files& files, const std::string& folder, const Options& options, std::uint64_t number,
                              const Predecessor* known) {
  const std::string path = folder + "/" + segment_name(number);
  OlderSegment older{.number = number};
  {
    const auto file = TRY(files.open(path, OpenMode::write));
    TRY(sync_or_end(*file, options));
    older.file_bytes = TRY(file->size());
  }
  const std::uint64_t limit = known != nullptr ? known->end : ~0ULL;
  auto cursor = Cursor::open(TRY(files.open(path, OpenMode::read)), limit);
  if (!cursor) {
    if (cursor.error().kind != ErrorKind::corrupt) return std::unexpected(cursor.error());
    const bool was_written = known != nullptr && known->end > first_record;
    older.damages = TRY(damage_of_headless(files, path, number, older.file_bytes, was_written));
  } else {
    older.scan = TRY(scan(**cursor));
    const std::uint64_t mark = std::max(older.scan->mark, known != nullptr ? known->end : 0);
    for (const Range& range : older.scan->damages) {
      const auto kind = range.offset < mark ? Damage::Kind::corrupt : Damage::Kind::torn;
      older.damages.push_back({.kind = kind, .at = {number, range.offset}, .bytes = range.bytes, .copy = ""});
    }
    if (known != nullptr && older.file_bytes < known->end) {  // cut short by somebody
      older.damages.push_back({.kind = Damage::Kind::corrupt,
                               .at = {number, older.file_bytes},
                               .bytes = known->end - older.file_bytes,
                               .copy = ""});
    }
  }
  for (Damage& damage : older.damages) {
    if (damage.kind == Damage::Kind::corrupt) damage.copy = quarantine(files, folder, path, damage);
  }
  return older;
}

// Gives back what a segment does not need: the whole of an empty one, the preallocated rest of the others.
Result<bool> tidy(Files& files, const std::string& folder, const OlderSegment& older) {
  const std::string path = folder + "/" + segment_name(older.number);
  const bool empty = !older.scan || older.scan->records == 0;
  const bool copied = !older.scan && !older.damages.empty() && !older.damages.front().copy.empty();
  if ((empty && older.damages.empty()) || copied) {
    TRY(files.remove(path));
    return true;
  }
  std::uint64_t end = older.scan ? older.scan->end : older.file_bytes;
  for (const Damage& damage : older.damages) end = std::max(end, damage.at.offset + damage.bytes);
  if (older.scan && end < older.file_bytes) {
    const auto file = TRY(files.open(path, OpenMode::write));
    std::ignore = file->truncate(end);
  }
  return false;
}

}  // namespace

std::string describe(const Damage& damage) {
  switch (damage.kind) {
    case Damage::Kind::torn:
      return fmt::format(
          "{} bytes that were being written when the process ended, and not acknowledged, were left "
          "out of segment {} at {}",
          damage.bytes, segment_name(damage.at.segment), damage.at.offset);
    case Damage::Kind::corrupt:
      return fmt::format("{} acknowledged bytes of segment {} at {} were changed on the disk; {}", damage.bytes,
                         segment_name(damage.at.segment), damage.at.offset,
                         damage.copy.empty() ? "no copy could be made" : "a copy is in " + damage.copy);
    case Damage::Kind::missing:
      return fmt::format("segment {} is missing", segment_name(damage.at.segment));
  }
  return "";
}

Result<std::vector<OlderSegment>> scan_older(Files& files, const std::string& folder, const Options& options,
                                             const std::vector<std::uint64_t>& numbers) {
  const auto ends = TRY(ends_of(files, folder, numbers));
  std::vector<OlderSegment> all;
  for (const std::uint64_t number : numbers) {
    const auto known = ends.find(number);
    all.push_back(TRY(scan_one(files, folder, options, number, known == ends.end() ? nullptr : &known->second)));
  }
  for (const auto& [number, known] : ends) {
    if (known.end <= first_record || std::ranges::binary_search(numbers, number)) continue;
    all.push_back(
        {.number = number, .damages = {{.kind = Damage::Kind::missing, .at = {number, 0}, .bytes = 0, .copy = ""}}});
  }
  std::ranges::sort(all, {}, &OlderSegment::number);
  return all;
}

Result<Recovered> Journal::recover() {
  {
    const std::scoped_lock guard(inside_->mutex);
    PAWL_CHECK(!inside_->recovered || inside_->older.empty(), "recover() runs once");
    if (inside_->recovered) return Recovered{};
  }
  const auto all = TRY(scan_older(inside_->files, inside_->folder, inside_->options, inside_->older));
  Batches batches;
  std::uint64_t first_kept = 0;
  Recovered result;
  for (const OlderSegment& older : all) {
    if (!older.scan) continue;
    result.stored_batch = std::max(result.stored_batch, older.scan->stored);
    for (const auto& news : older.scan->news) {
      if (const auto* cut = std::get_if<Cut>(&news)) {
        batches.add(*cut);
      } else {
        batches.load(std::get<Checkpoint>(news));
        first_kept = std::get<Checkpoint>(news).first_kept;
      }
    }
  }
  std::deque<SegmentState> segments;
  std::vector<std::uint64_t> retired;  // the process ended between the checkpoint and the removal
  for (const OlderSegment& older : all) {
    const bool on_disk = std::ranges::binary_search(inside_->older, older.number);
    if (older.number < first_kept) {
      if (on_disk) retired.push_back(older.number);
      continue;
    }
    result.damages.insert(result.damages.end(), older.damages.begin(), older.damages.end());
    if (!on_disk || TRY(tidy(inside_->files, inside_->folder, older)) || !older.scan) continue;
    const Scan& scan = *older.scan;
    segments.push_back({.number = older.number, .end = scan.end, .requests = scan.requests});
    if (scan.last_request > 0) segments.back().last_request = {older.number, scan.last_request};
    result.records += scan.requests;
    result.bytes += scan.end - first_record;
    result.end = {older.number, scan.end};
  }
  result.stored_batch = std::max(result.stored_batch, batches.stored_batch());
  batches.stored_through(result.stored_batch, inside_->clock.monotonic());
  // What was read may be no safer than the page cache (a sync that failed before): nothing is built on it, and nothing
  // removed by it, before it is written again.
  if (!batches.empty()) TRY(inside_->write(Kind::checkpoint, encode(batches.checkpoint(0, first_kept))));
  for (const std::uint64_t number : retired) TRY(inside_->files.remove(inside_->path_of(number)));
  TRY(inside_->files.sync_folder(inside_->folder));

  const std::scoped_lock guard(inside_->mutex);
  inside_->segments.insert(inside_->segments.begin(), segments.begin(), segments.end());
  inside_->batches = batches;
  inside_->recovered = true;
  result.cuts = batches.cuts();
  result.totals = batches.totals();
  result.last_batch = batches.last_batch();
  result.settled_batch = batches.settled();
  return result;
}

}  // namespace pawl::journal
