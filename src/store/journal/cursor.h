// Walks the records of one segment, over damaged ranges, and scans a segment for recovery.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "format.h"
#include "journal.h"

namespace pawl::journal {

struct Range {
  std::uint64_t offset = 0, bytes = 0;
};

class Cursor {
 public:
  struct Found {
    std::uint64_t offset = 0;
    Head head;
    std::string_view body;  // valid until the next call
  };
  // Reads the segment's head; corrupt where neither copy holds. Nothing at or above `limit` is looked at.
  static Result<std::unique_ptr<Cursor>> open(std::unique_ptr<File> file, std::uint64_t limit);

  void go_to(std::uint64_t offset) { at_ = offset; }
  Result<std::optional<Found>> next();  // nullopt at the end
  const SegmentHead& segment() const { return segment_; }
  std::uint64_t limit() const { return limit_; }
  const std::vector<Range>& damages() const { return damages_; }  // complete up to what next() handed out

 private:
  Cursor(std::unique_ptr<File> file, const SegmentHead& segment, std::uint64_t limit)
      : file_(std::move(file)), segment_(segment), limit_(limit) {}
  const char* view(std::uint64_t offset, std::uint64_t bytes);  // within the limit; valid until the next view
  void fill(std::uint64_t offset, std::uint64_t bytes);
  void seek_head();  // moves at_ to the next head that holds, or to the limit
  void damaged_from(std::uint64_t offset);
  void damage_ends(std::uint64_t offset);

  std::unique_ptr<File> file_;
  SegmentHead segment_;
  std::uint64_t limit_;
  std::uint64_t at_ = first_record;
  std::optional<std::uint64_t> damage_;  // where the range begins that does not hold
  std::uint64_t last_nonzero_ = 0;       // the end of what is not zero in it
  std::vector<Range> damages_;
  std::unique_ptr<char[]> buffer_;
  std::uint64_t buffer_at_ = 0, buffer_bytes_ = 0, buffer_room_ = 0;
};

// What a segment holds, body by body.
struct Scan {
  SegmentHead head;
  std::uint64_t end = first_record;  // behind the last record that holds
  std::uint64_t records = 0;         // of all kinds
  std::uint64_t requests = 0;
  std::uint64_t last_request = 0;  // its offset; 0: none
  std::uint64_t mark = 0;          // all below had been synced
  std::uint64_t stored = 0;
  std::vector<std::variant<Cut, Checkpoint>> news;  // of batches, in order
  std::vector<Range> damages;
};
Result<Scan> scan(Cursor& cursor);

}  // namespace pawl::journal
