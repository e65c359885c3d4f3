// Pieces of a run that come when the run itself is forgotten (RunLimits::memory): what a row's record says of the run
// behind it, and how a row of late pieces is put to the row that is stored. The union holds field by field, as if all
// had come at once; what both say is decided by the latest moment of each, so that two patches of one field that both
// come late hold in the order in which they come.
#pragma once
#include <optional>
#include <span>
#include <string_view>

#include "batch.h"
#include "row.h"

namespace pawl::traces {

// In the upper half of the record of a row that was made of a run; the lower half is its hash.
struct RunMark {
  bool late = false;         // of late pieces: what was stored before stands where they say nothing
  bool first = false;        // the first row of these pieces …
  bool again = false;        // … or perhaps not: made anew after a restart
  bool put = false;          // late pieces were put to it
  bool told = false;         // rebuilt from log records: gives way to the span itself (told.h)
  bool starts = false;       // its start is the client's
  bool ends = false;         // likewise
  std::uint8_t rank = 0;     // of llm::Moment, the latest in it
  std::uint32_t second = 0;  // likewise
};
Id128 marked(const RunMark& mark, const Id128& hash);
std::optional<RunMark> mark_of(const Id128& record);  // nullopt: no run's
// Whether both rows say the same, whichever of them was the first.
bool says_the_same(const Id128& record, const Id128& other);

// An attribute of a row of late pieces: the fields that null took back, one a line.
inline constexpr std::string_view erased_attribute = "pawl.erased";

// Rows of one span, the oldest first, none of which is taken back yet.
struct Versions {
  std::vector<const SpanRow*> rows;
  // Late pieces stand among them behind the row of a run.
  bool have_late() const;
};
struct Together {
  SpanRow row;
  std::optional<ContentRow> content;
  std::uint64_t merged = 0;  // runs that were counted as stored, and are none of their own
};
// `contents`: of these rows, those that spans brought themselves. The row is to be priced anew (SpanRow::unpriced).
Together put_together(const Versions& versions, std::span<const ContentRow> contents);

}  // namespace pawl::traces
