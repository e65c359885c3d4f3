// Any bytes as a segment: recovery ends, hands out nothing whose sums do not hold, and does so twice the same.
#include <cstdint>
#include <cstring>

#include "base/sim_disk.h"
#include "cursor.h"
#include "journal.h"

namespace {

using namespace pawl;
using namespace pawl::journal;

// The first byte chooses: the bytes are the whole file; or they follow a head that holds; or they are told as records
// (kind, length, body), which get sums that hold, so that control bodies are reached too.
std::string segment_of(std::string_view input) {
  if (input.empty() || input[0] % 3 == 0) return std::string(input.substr(std::min<std::size_t>(1, input.size())));
  SegmentHead head;
  head.number = 1;
  head.salt = 42;
  std::string file = segment_head_block(head);
  const bool raw = input[0] % 3 == 1;
  input.remove_prefix(1);
  if (raw) return file += input;
  while (input.size() >= 2) {
    const auto kind = static_cast<unsigned char>(input[0]);
    const std::size_t length = std::min<std::size_t>(static_cast<unsigned char>(input[1]), input.size() - 2);
    const std::string_view body = input.substr(2, length);
    input.remove_prefix(2 + length);
    Head record = control_head(static_cast<Kind>(kind % 7), body);
    seal(record, head.salt, file.size(), kind > 200 ? file.size() : 0);
    if (kind > 240) record.sum ^= 1;
    file.append(reinterpret_cast<const char*>(&record), sizeof(record));
    file += body;
    file.resize(padded(file.size()), '\0');
  }
  return file;
}

std::string read_all_of(SimDisk& disk) {
  ManualClock clock(hour);
  SeededRandom random(1);
  auto journal =
      Journal::open(disk, clock, random, {.data = "/data", .segment_bytes = 8192, .reserve_bytes = 0, .thread = false});
  PAWL_CHECK(journal);
  const auto recovered = (*journal)->recover();
  if (!recovered) return recovered.error().what;
  std::string all;
  for (const Cut& cut : recovered->cuts) all += fmt::format("{} ", cut.batch);
  auto reader = (*journal)->read({}, end_of_journal);
  PAWL_CHECK(reader);
  while (true) {
    const auto entry = reader->next();
    PAWL_CHECK(entry, "{}", entry.error().what);
    if (!*entry) return all;
    all += fmt::format("{}:{}:", (*entry)->at.offset, (*entry)->batch);
    all += (*entry)->record.body;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  SimDisk disk(1);
  const std::string file = segment_of({reinterpret_cast<const char*>(data), size});
  disk.set_content("/data/journal/" + segment_name(1), file);
  const std::string first = read_all_of(disk);
  PAWL_CHECK(read_all_of(disk) == first);
  return 0;
}
