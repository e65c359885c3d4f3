// Heads, sums and control bodies.
#include "format.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>

namespace pawl::journal {
namespace {

constexpr std::uint8_t flag_copied = 1;
constexpr std::size_t totals_bytes = 56;
constexpr std::size_t bounds_bytes = 24;

template <typename Struct>
std::uint64_t sum_behind_first_field(const Struct& value, std::uint64_t seed) {
  std::array<char, sizeof(Struct)> bytes{};
  std::memcpy(bytes.data(), &value, sizeof(Struct));
  return XXH3_64bits_withSeed(bytes.data() + 8, sizeof(Struct) - 8, seed);
}

void put(std::string& out, std::uint64_t number) {
  std::array<char, 8> bytes{};
  std::memcpy(bytes.data(), &number, bytes.size());
  out.append(bytes.data(), bytes.size());
}

std::uint64_t take(std::string_view& in) {  // the caller has looked at the length
  std::uint64_t number = 0;
  std::memcpy(&number, in.data(), sizeof(number));
  in.remove_prefix(sizeof(number));
  return number;
}

void put_bounds(std::string& out, const Cut& cut) {
  put(out, cut.batch);
  put(out, cut.up_to.segment);
  put(out, cut.up_to.offset);
}

Cut take_bounds(std::string_view& in) {
  Cut cut;
  cut.batch = take(in);
  cut.up_to.segment = take(in);
  cut.up_to.offset = take(in);
  return cut;
}

void put_totals(std::string& out, const std::vector<Totals>& all) {
  put(out, all.size());
  for (const Totals& of : all) {
    put(out, of.project);
    for (const std::uint64_t number : {of.received, of.refused, of.quarantined, of.stored, of.duplicate, of.merged}) {
      put(out, number);
    }
  }
}

Result<std::vector<Totals>> take_totals(std::string_view in) {
  if (in.size() < 8) return fail(ErrorKind::corrupt, "a control record of the journal is too short");
  const std::uint64_t count = take(in);
  if (count != in.size() / totals_bytes || in.size() % totals_bytes != 0) {
    return fail(ErrorKind::corrupt, "a control record of the journal has {} bytes for {} totals", in.size(), count);
  }
  std::vector<Totals> all(count);
  for (Totals& of : all) {
    of.project = static_cast<std::uint32_t>(take(in));
    for (std::uint64_t* number : {&of.received, &of.refused, &of.quarantined, &of.stored, &of.duplicate, &of.merged}) {
      *number = take(in);
    }
  }
  return all;
}

}  // namespace

std::uint64_t sum_of(std::string_view body) {
  return XXH3_64bits(body.data(), body.size());
}

Head head_of(const Record& record) {
  Head head;
  head.body_sum = sum_of(record.body);
  head.length = static_cast<std::uint32_t>(record.body.size());
  head.kind = static_cast<std::uint8_t>(Kind::request);
  head.signal = record.signal;
  head.content = record.content;
  head.flags = record.copied ? flag_copied : 0;
  head.project = record.project;
  head.epoch = record.epoch;
  head.received = record.received;
  head.key = record.key;
  head.units = record.units;
  head.refused = record.refused;
  return head;
}

Head control_head(Kind kind, std::string_view body) {
  Head head;
  head.body_sum = sum_of(body);
  head.length = static_cast<std::uint32_t>(body.size());
  head.kind = static_cast<std::uint8_t>(kind);
  return head;
}

Record record_of(const Head& head, std::string_view body) {
  return {.project = head.project,
          .signal = head.signal,
          .content = head.content,
          .copied = (head.flags & flag_copied) != 0,
          .epoch = head.epoch,
          .received = head.received,
          .key = head.key,
          .units = head.units,
          .refused = head.refused,
          .body = body};
}

void seal(Head& head, std::uint64_t salt, std::uint64_t offset, std::uint64_t durable) {
  head.durable = static_cast<std::uint32_t>(durable);
  head.sum = sum_behind_first_field(head, salt + offset);
}

std::optional<Head> read_head(const char* bytes, std::uint64_t salt, std::uint64_t offset) {
  Head head;
  std::memcpy(&head, bytes, sizeof(head));
  if (head.magic != record_magic || head.sum != sum_behind_first_field(head, salt + offset)) return std::nullopt;
  return head;
}

std::string segment_head_block(SegmentHead head) {
  head.sum = sum_behind_first_field(head, 0);
  std::string block(first_record, '\0');
  std::memcpy(block.data(), &head, sizeof(head));
  std::memcpy(block.data() + second_copy, &head, sizeof(head));
  return block;
}

std::optional<SegmentHead> read_segment_head(std::string_view block) {
  for (const std::uint64_t at : {std::uint64_t{0}, second_copy}) {
    if (block.size() < at + sizeof(SegmentHead)) return std::nullopt;
    SegmentHead head;
    std::memcpy(&head, block.data() + at, sizeof(head));
    if (head.magic == segment_magic && head.sum == sum_behind_first_field(head, 0)) return head;
  }
  return std::nullopt;
}

std::string encode(const Cut& cut) {
  std::string out;
  put_bounds(out, cut);
  put_totals(out, cut.totals);
  return out;
}

std::string encode(const Checkpoint& checkpoint) {
  std::string out;
  put_bounds(out, {.batch = checkpoint.settled, .up_to = checkpoint.up_to, .totals = {}});
  put(out, checkpoint.first_kept);
  put(out, checkpoint.stored);
  put(out, checkpoint.cuts.size());
  for (const Cut& cut : checkpoint.cuts) put_bounds(out, cut);
  put_totals(out, checkpoint.totals);
  return out;
}

std::string encode_stored(std::uint64_t batch) {
  std::string out;
  put(out, batch);
  return out;
}

Result<Cut> decode_cut(std::string_view body) {
  if (body.size() < bounds_bytes) return fail(ErrorKind::corrupt, "a cut in the journal has {} bytes", body.size());
  Cut cut = take_bounds(body);
  cut.totals = TRY(take_totals(body));
  return cut;
}

Result<Checkpoint> decode_checkpoint(std::string_view body) {
  const std::size_t whole = body.size();
  if (whole < bounds_bytes + 24) return fail(ErrorKind::corrupt, "a checkpoint in the journal has {} bytes", whole);
  Checkpoint checkpoint;
  const Cut settled = take_bounds(body);
  checkpoint.settled = settled.batch;
  checkpoint.up_to = settled.up_to;
  checkpoint.first_kept = take(body);
  checkpoint.stored = take(body);
  const std::uint64_t cuts = take(body);
  if (cuts > body.size() / bounds_bytes) {
    return fail(ErrorKind::corrupt, "a checkpoint in the journal has {} bytes for {} batches", whole, cuts);
  }
  for (std::uint64_t i = 0; i < cuts; ++i) checkpoint.cuts.push_back(take_bounds(body));
  checkpoint.totals = TRY(take_totals(body));
  return checkpoint;
}

Result<std::uint64_t> decode_stored(std::string_view body) {
  if (body.size() != 8) return fail(ErrorKind::corrupt, "a stored mark in the journal has {} bytes", body.size());
  return take(body);
}

std::string segment_name(std::uint64_t number) {
  return fmt::format("{:016x}.seg", number);
}

std::optional<std::uint64_t> segment_number(std::string_view name) {
  if (name.size() != 20 || !name.ends_with(".seg")) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : name.substr(0, 16)) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) return std::nullopt;
    number = (number << 4U) | static_cast<std::uint64_t>(digit);
  }
  return number;
}

}  // namespace pawl::journal
