// Requests of a range, over segments.
#include <algorithm>

#include "inside.h"

namespace pawl::journal {

struct Reader::Inside {
  Files& files;
  std::string folder;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> segments;  // number, where it ends
  std::vector<std::pair<Position, std::uint64_t>> bounds;         // up_to → batch
  Position from, to;
  std::size_t segment = 0, bound = 0;
  std::uint64_t skipped = 0;
  std::unique_ptr<Cursor> cursor;

  Result<bool> begin_segment();
  std::uint64_t batch_of(Position at);
};

Reader::Reader(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
Reader::~Reader() = default;

std::uint64_t Reader::skipped() const {
  return inside_->skipped + (inside_->cursor ? inside_->cursor->damages().size() : 0);
}

// False where there is none left.
Result<bool> Reader::Inside::begin_segment() {
  if (segment == segments.size()) return false;
  const auto [number, end] = segments[segment++];
  auto file = TRY(files.open(folder + "/" + segment_name(number), OpenMode::read));
  cursor = TRY(Cursor::open(std::move(file), end));
  if (number == from.segment) cursor->go_to(std::max(padded(from.offset), first_record));
  return true;
}

std::uint64_t Reader::Inside::batch_of(Position at) {
  while (bound < bounds.size() && bounds[bound].first < at) ++bound;
  return bound < bounds.size() ? bounds[bound].second : 0;
}

Result<std::optional<Reader::Entry>> Reader::next() {
  while (true) {
    if (!inside_->cursor && !TRY(inside_->begin_segment())) return std::nullopt;
    const auto found = TRY(inside_->cursor->next());
    if (!found) {
      inside_->skipped += inside_->cursor->damages().size();
      inside_->cursor.reset();
      continue;
    }
    const Position at{inside_->cursor->segment().number, found->offset};
    if (at >= inside_->to) return std::nullopt;
    if (at < inside_->from || found->head.kind != static_cast<std::uint8_t>(Kind::request)) continue;
    return Entry{.at = at, .record = record_of(found->head, found->body), .batch = inside_->batch_of(at)};
  }
}

Result<Reader> Journal::read(Position from, Position to) {
  std::unique_ptr<Reader::Inside> reader(
      new Reader::Inside{.files = inside_->files, .folder = inside_->folder, .from = from, .to = to});
  const std::scoped_lock guard(inside_->mutex);
  for (const SegmentState& segment : inside_->segments) {
    if (segment.number < from.segment || Position{segment.number, first_record} >= to) continue;
    reader->segments.emplace_back(segment.number, segment.end);
  }
  reader->bounds = inside_->batches.bounds();
  return Reader(std::move(reader));
}

}  // namespace pawl::journal
