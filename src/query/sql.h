// Pieces of SQL: bound parameters, the scan that names the project, conditions on rows, totals of traces and sessions.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tree.h"

namespace pawl::query {

class Sql {
 public:
  // `now`: for what still runs; 0: nothing does.
  explicit Sql(std::uint32_t project, Nanos now = 0);
  Nanos now() const { return now_; }
  // "{p3:String}"; the same value of the same type is bound once.
  std::string bind(std::string_view type, std::string value);
  std::string text(std::string_view value) { return bind("String", std::string(value)); }
  std::string id(const Id128& value);  // as UInt128: a bare literal would not use the index
  // Spans of the whole minutes that the range touches: more rows than `spans`, and one column less to read.
  static std::string minutes(const Range& range);
  // The only place that names a table: "FROM spans WHERE project = {project:UInt32}".
  static std::string from(std::string_view table);
  // Spans that start in the range: by the clamped minute and, within the first and last minute, by the start itself. Of
  // two ranges that meet, each span is in exactly one.
  static std::string spans(const std::optional<Range>& range);
  static Range stored(const Range& range);  // as far as rows can stand in it
  std::vector<Parameter> take() { return std::move(parameters_); }

 private:
  Nanos now_;
  std::vector<Parameter> parameters_;
};

// Where a span stands in time: its start; the clamped minute where its clock was far off.
inline constexpr std::string_view start_sql = "toUnixTimestamp64Nano(start)";
inline constexpr std::string_view position_sql =
    "if(intDiv(toUnixTimestamp64Nano(start), 60000000000) = minute, toUnixTimestamp64Nano(start), toInt64(minute) * "
    "60000000000)";
// A trace without a session is a session of its own.
inline constexpr std::string_view session_key_sql = "if(session = '', cityHash64(trace), cityHash64(session))";
std::string_view key_of(Grain grain);       // the expression of an item's key on a row of `spans`
std::string_view key_type_of(Grain grain);  // UInt128 of a trace, UInt64 of a session

// Lists as the value of a bound array: of numbers or keys as they are printed; of texts.
std::string array_value(const std::vector<std::string>& literals);
std::string text_array_value(const std::vector<std::string>& texts);

std::string quoted_literal(std::string_view of_ours);  // never of users' making

// The condition of a filter, or of a leaf, on one row of `spans`; never NULL. `whole_traces`: a hit of full text counts
// for its whole trace (what any-span terms need), else for its span alone.
// `known`: conditions that are to stand for some of the leaves.
using Known = std::map<const Leaf*, std::string>;
std::string row_condition(Sql& sql, const Node& node, const std::optional<Range>& range, const Known& known = {});
std::string leaf_condition(Sql& sql, const Leaf& leaf, const std::optional<Range>& range, bool whole_traces);
std::string compare_total(Sql& sql, const Leaf& leaf);  // of Holds::total, on an item

// Whether one of these cannot be answered by the index of words alone (a phrase, a script without spaces): then the
// text of every body that the look covers is read.
bool read_text(const std::vector<const Leaf*>& words);
inline constexpr std::string_view on_two_threads = " SETTINGS max_threads = 2";  // what reads text takes that long
// What full text finds of several of a filter's words in one walk over the bodies that can belong to items which begin
// in the window: a subquery of `trace`, [`span`,] `_words`: bit i where it holds the i-th; at most eight.
inline constexpr std::size_t most_words = 8;
std::string searched_sql(Sql& sql, const std::vector<const Leaf*>& words, const Range& window, bool whole_traces);
// In how many bodies that can belong to the window the index has each of them (of a phrase: its words); one row.
std::string words_counted(Sql& sql, const std::vector<const Leaf*>& words, const Range& window);
// "trace IN …": those of these traces (a subquery) that hold it.
std::string held_by(Sql& sql, const Leaf& words, const Range& window, std::string_view traces);
// "trace IN …": those that hold all of them; of spans "(trace, span) IN …".
std::string all_words_condition(Sql& sql, const std::vector<const Leaf*>& words, const Range& window,
                                bool whole_traces);

// One row a trace or session that has spans in the range: `_item`, `_n` and the wanted totals (items.cc), those of the
// filter included. `rows` restricts the rows read (" AND …"), `having` the items, both may be "".
struct Items {
  Grain grain = Grain::trace;
  std::optional<Range> range;
  const Node* filter = nullptr;
  std::string rows, having;
  std::set<std::string> totals;
};
std::string items_sql(Sql& sql, const Items& items);

// The status of the trace or session that a row belongs to: what the filter and the lists call its status.
std::string item_status_sql(Sql& sql, Grain grain, const Range& range);

// `_item` of the items that pass the filter, or "" where there is no filter: " AND key IN (…)".
std::string selected(Sql& sql, Grain grain, const Filter& filter, const Range& range);

// A condition on a row: it was received within `time` before `now`. "0" where `now` is 0, or the range is long past.
std::string received_within(Nanos time, Nanos now, const std::optional<Range>& range);

// Names of the form _word in an expression, without repeats.
std::set<std::string> names_in(std::string_view expression);

}  // namespace pawl::query
