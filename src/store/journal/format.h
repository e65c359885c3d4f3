// The journal's bytes: heads, sums and control bodies, as docs/reference/journal-format.md describes them.
#pragma once
#include <bit>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal.h"

namespace pawl::journal {

static_assert(std::endian::native == std::endian::little, "heads are copied as they lie in memory");

inline constexpr std::uint64_t first_record = 4096;                 // offset behind the segment's head
inline constexpr std::uint64_t second_copy = 2048;                  // of the segment's head
inline constexpr std::uint32_t record_magic = 0x31524A50;           // "PJR1"
inline constexpr std::uint64_t segment_magic = 0x314E524A4C574150;  // "PAWLJRN1"
inline constexpr std::uint64_t max_segment_bytes = 0x7FFF'FFFF;     // `durable` has 32 bits

enum class Kind : std::uint8_t { request = 1, cut = 2, stored = 3, checkpoint = 4, end = 5 };

struct Head {
  std::uint64_t sum = 0, body_sum = 0;
  std::uint32_t magic = record_magic, length = 0, durable = 0;
  std::uint8_t kind = 0, signal = 0, content = 0, flags = 0;
  std::uint32_t project = 0, epoch = 0;
  std::int64_t received = 0;
  std::uint64_t key = 0;
  std::uint32_t units = 0, refused = 0;
};
static_assert(sizeof(Head) == 64);

struct SegmentHead {
  std::uint64_t sum = 0, magic = segment_magic, number = 0, salt = 0, previous = 0, previous_end = 0;
  std::int64_t created = 0;
  std::uint64_t zero = 0;
};
static_assert(sizeof(SegmentHead) == 64);

struct Checkpoint {
  std::uint64_t settled = 0;
  Position up_to;
  std::uint64_t first_kept = 0;
  std::uint64_t stored = 0;
  std::vector<Cut> cuts;  // of the batches above `settled`, without totals
  std::vector<Totals> totals;
};

constexpr std::uint64_t padded(std::uint64_t bytes) {
  return (bytes + 7) & ~7ULL;
}
constexpr std::uint64_t framed(std::uint64_t body_bytes) {  // what a record takes
  return sizeof(Head) + padded(body_bytes);
}

std::uint64_t sum_of(std::string_view body);
Head head_of(const Record& record);                   // but for what seal() fills in
Head control_head(Kind kind, std::string_view body);  // likewise
Record record_of(const Head& head, std::string_view body);
void seal(Head& head, std::uint64_t salt, std::uint64_t offset, std::uint64_t durable);
// `bytes` are at least 64. nullopt: no record of this segment begins at this offset.
std::optional<Head> read_head(const char* bytes, std::uint64_t salt, std::uint64_t offset);

std::string segment_head_block(SegmentHead head);  // the first 4,096 bytes
// From those bytes, either copy; nullopt where none holds.
std::optional<SegmentHead> read_segment_head(std::string_view block);

std::string encode(const Cut& cut);
std::string encode(const Checkpoint& checkpoint);
std::string encode_stored(std::uint64_t batch);
Result<Cut> decode_cut(std::string_view body);
Result<Checkpoint> decode_checkpoint(std::string_view body);
Result<std::uint64_t> decode_stored(std::string_view body);

std::string segment_name(std::uint64_t number);
std::optional<std::uint64_t> segment_number(std::string_view name);  // nullopt: no segment's name

}  // namespace pawl::journal
