// One segment, record by record.
#include "cursor.h"

#include <algorithm>
#include <cstring>

namespace pawl::journal {
namespace {

constexpr std::uint64_t window_bytes = 1ULL << 20U;
constexpr std::uint64_t page_bytes = 4096;

}  // namespace

Result<std::unique_ptr<Cursor>> Cursor::open(std::unique_ptr<File> file, std::uint64_t limit) {
  const std::uint64_t bytes = TRY(file->size());
  std::string block(first_record, '\0');
  TRY(file->read(block, 0));
  const auto head = read_segment_head(block);
  if (!head) return fail(ErrorKind::corrupt, "a segment of the journal has no readable head");
  return std::unique_ptr<Cursor>(new Cursor(std::move(file), *head, std::min(bytes, limit)));
}

Result<std::optional<Cursor::Found>> Cursor::next() {
  while (at_ + sizeof(Head) <= limit_) {
    const auto head = read_head(view(at_, sizeof(Head)), segment_.salt, at_);
    if (!head) {
      damaged_from(at_);
      seek_head();
      continue;
    }
    const std::uint64_t frame = framed(head->length);
    if (at_ + frame > limit_) {  // its end was never written
      damaged_from(at_);
      last_nonzero_ = at_ + sizeof(Head);
      at_ += 8;
      continue;
    }
    const std::string_view body(view(at_, sizeof(Head) + head->length) + sizeof(Head), head->length);
    if (sum_of(body) != head->body_sum) {
      damaged_from(at_);
      at_ += frame;
      last_nonzero_ = at_;
      continue;
    }
    damage_ends(at_);
    const Found found{.offset = at_, .head = *head, .body = body};
    at_ += frame;
    return found;
  }
  if (at_ < limit_) damaged_from(at_);
  damage_ends(limit_);
  return std::nullopt;
}

void Cursor::damaged_from(std::uint64_t offset) {
  if (damage_) return;
  damage_ = offset;
  last_nonzero_ = offset;
}

// Zeros that nothing follows are the preallocated rest of the file, and no damage.
void Cursor::damage_ends(std::uint64_t offset) {
  if (!damage_) return;
  const std::uint64_t end = offset == limit_ ? std::min(last_nonzero_, limit_) : offset;
  if (end > *damage_) damages_.push_back({.offset = *damage_, .bytes = end - *damage_});
  damage_.reset();
}

void Cursor::seek_head() {
  while (at_ + sizeof(Head) <= limit_) {
    const char* window = view(at_, sizeof(Head));
    const std::uint64_t bytes = buffer_at_ + buffer_bytes_ - at_;  // all that is there already
    std::uint64_t i = 0;
    for (; i + sizeof(Head) <= bytes; i += 8) {
      std::uint64_t word = 0;
      std::uint32_t magic = 0;
      std::memcpy(&word, window + i, sizeof(word));
      std::memcpy(&magic, window + i + offsetof(Head, magic), sizeof(magic));
      if (magic == record_magic && read_head(window + i, segment_.salt, at_ + i)) {
        at_ += i;
        return;
      }
      if (word != 0) last_nonzero_ = at_ + i + 8;
    }
    at_ += i;
  }
  for (; at_ < limit_; ++at_) {
    if (*view(at_, 1) != 0) last_nonzero_ = at_ + 1;
  }
}

const char* Cursor::view(std::uint64_t offset, std::uint64_t bytes) {
  if (offset < buffer_at_ || offset + bytes > buffer_at_ + buffer_bytes_) fill(offset, bytes);
  return buffer_.get() + (offset - buffer_at_);
}

void Cursor::fill(std::uint64_t offset, std::uint64_t bytes) {
  const std::uint64_t wanted = std::min(std::max(bytes, window_bytes), limit_ - offset);
  if (wanted > buffer_room_ || buffer_room_ > 4 * std::max(wanted, window_bytes)) {  // a long record's room goes again
    buffer_room_ = wanted;
    buffer_ = std::make_unique_for_overwrite<char[]>(buffer_room_);
  }
  buffer_at_ = offset;
  buffer_bytes_ = wanted;
  const std::span<char> whole(buffer_.get(), wanted);
  if (const auto got = file_->read(whole, offset); got && *got == wanted) return;
  // A bad sector: page by page, and what cannot be read becomes bytes that hold no sum.
  for (std::uint64_t i = 0; i < wanted; i += page_bytes) {
    const auto page = whole.subspan(i, std::min(page_bytes, wanted - i));
    const auto got = file_->read(page, offset + i);
    if (!got || *got < page.size()) std::ranges::fill(page, '\xff');
  }
}

Result<Scan> scan(Cursor& cursor) {
  Scan result{.head = cursor.segment()};
  while (const auto found = TRY(cursor.next())) {
    ++result.records;
    result.end = found->offset + framed(found->head.length);
    result.mark = std::max(result.mark, std::uint64_t{found->head.durable});
    switch (static_cast<Kind>(found->head.kind)) {
      case Kind::request:
        ++result.requests;
        result.last_request = found->offset;
        break;
      case Kind::cut:
        result.news.emplace_back(TRY(decode_cut(found->body)));
        break;
      case Kind::stored:
        result.stored = std::max(result.stored, TRY(decode_stored(found->body)));
        break;
      case Kind::checkpoint:
        result.news.emplace_back(TRY(decode_checkpoint(found->body)));
        break;
      case Kind::end:
        break;
    }
  }
  result.damages = cursor.damages();
  return result;
}

}  // namespace pawl::journal
