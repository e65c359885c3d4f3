// The statements of a page; inside of the module only.
#pragma once
#include <string>
#include <vector>

#include "rows.h"

namespace pawl::query {

inline constexpr Nanos trace_around = 2 * hour, session_around = day;  // where a filter looks for an item's other spans
inline constexpr std::uint32_t most_folded = 30'000;                   // rows of spans that a page reads at once

struct Order {
  std::string_view name, type;  // ClickHouse type of the value
  std::string_view total;       // of an item
  std::string_view row;         // of a span
};
std::span<const Order> orders();
const Order& order_called(std::string_view name);

struct Page {
  const ListQuery& query;
  const Order& order;
  bool by_start, descending;
  Range window;
  const std::string &after_value, &after_key;
  std::uint32_t rows;
  const Leaf* first;  // of `necessary`, or null
  std::string_view direction() const { return descending ? "DESC" : "ASC"; }
};

Range around(const Range& range, Nanos by);

// Conditions on one span that every item must meet with some span of its own: words of the filter that are joined by
// AND; at most four, or eight of full text. The one that looks most selective is first.
std::vector<const Leaf*> necessary(const Filter& filter);
// Of those, what full text finds, if that is where to begin.
std::vector<const Leaf*> words_among(const std::vector<const Leaf*>& musts);

// The keys of the page, best first, with their order values and what finds their spans by an index.
std::string item_keys(Sql& sql, const Page& page);
std::string span_keys(Sql& sql, const Page& page);
// The rows of those keys, of items made by the engine.
std::string items_statement(Sql& sql, const Page& page, const PageKeys& keys);
std::string spans_statement(Sql& sql, const Page& page, const PageKeys& keys);

// Rows of the spans of these items, for Fold; one more than most_folded where there are too many.
std::string folded_rows(Sql& sql, Grain grain, const Range& range, const PageKeys& keys,
                        const std::vector<std::string>& conditions);
// "trace IN …"
std::string in_traces(Sql& sql, const std::vector<std::string>& traces);
// Items with spans that meet all of `musts`, in whole minutes of the range: key, newest minute of such a span, session,
// any trace, the traces that full text found (of sessions and several words: a column a word). More may be found,
// corrected or not in the range after all.
std::string candidates(Sql& sql, Grain grain, const Range& range, const std::vector<const Leaf*>& musts);
std::string candidates_of_words(Sql& sql, Grain grain, const Range& range, const std::vector<const Leaf*>& words);
// The traces of these items.
std::string traces_of(Sql& sql, Grain grain, const Range& range, const PageKeys& keys);
inline constexpr std::uint32_t most_candidates = 5000;

}  // namespace pawl::query
