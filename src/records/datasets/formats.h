// Files of cases, read: our own JSON lines and CSV, and what Langfuse, LangSmith, OpenAI and Google's ADK write; and
// written. Pure. Every bad row is named by its line, the good ones beside it are read.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "item.h"

namespace pawl::datasets {

struct BadRow {
  std::uint64_t line = 0;    // from 1; of a whole document the place of the case in it
  std::uint64_t column = 0;  // 0: the row as a whole
  std::string reason;
};
inline constexpr std::size_t shown_bad_rows = 100;  // all are counted

struct CasesRead {
  std::string format;                // what it was read as
  std::vector<Item> cases;           // `name` is the case's id; "" where the file has none
  std::vector<std::uint64_t> lines;  // of each case
  std::vector<BadRow> bad;           // the first of them
  std::uint64_t bad_total = 0;
  std::vector<std::string> warnings;  // what is kept and cannot be used as it is
};

// "auto", or one of formats(). `invalid` where nothing of it can be read, or the format is not known.
Result<CasesRead> read_cases(std::string_view text, std::string_view format);
std::span<const std::string_view> formats();

// One case in our own form: {id, input, expected?, expected_trajectory?, criteria? or rubric?, tags?, split?, cluster?,
// owner?, metadata?, source_trace?, source_span?, retired?}. `invalid` says which field is wrong.
Result<Item> read_case(std::string_view json);
void write_case(JsonWriter& json, const Item& item);  // reads back by read_case

// "jsonl", "csv", "langfuse", "langsmith", "openai".
Result<std::string> write_cases(std::span<const Item> items, std::string_view format);

// Pairs of cases whose inputs are nearly the same (Jaccard index of 5-grams at least .8 on lower-case text with every
// digit a 0; found by MinHash in 32 bands, then computed). What many have in common is told pair by pair so that each
// of them is in one, not as all pairs of them. Pairs of different splits first, then by likeness.
struct Near {
  std::size_t a = 0, b = 0;  // places
  double likeness = 0;
  bool across_splits = false;
};
struct NearFound {
  std::vector<Near> pairs;  // the first 100
  std::uint64_t total = 0;
};
NearFound near_duplicates(std::span<const Item> items);

}  // namespace pawl::datasets
