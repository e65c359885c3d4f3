// Rows of traces and sessions made from the rows of their spans, here instead of in the engine: planning the large
// statement of rows.cc costs more than reading a page (docs/budget.md). Says the same as rows.cc and items.cc;
// lists_test.cc compares them. Inside of the module only.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sql.h"

namespace pawl::query {

// The select list that Fold reads; behind it stand conditions on rows (UInt8), one for each `any` of a filter.
std::string folded_columns();

// What is summed over rows times sign.
struct FoldSums {
  std::int64_t spans = 0, errors = 0, llm_calls = 0, tool_calls = 0, cost_known = 0, cost_unknown = 0;
  Int128 cost = 0;                             // pico-dollars
  std::int64_t tokens[5] = {}, known[5] = {};  // input, cache_read, cache_write, output, reasoning
  std::vector<std::int64_t> any;               // rows that a condition holds for
  void add(const FoldSums& other);
};

// A trace or session, or what a range has of it.
struct FoldItem {
  FoldSums sums;
  Nanos first = 0, start = 0, end = 0;  // first: by the clamped clock (position_sql)
  std::string_view status;
  std::optional<std::int64_t> tokens() const;
  std::optional<Int128> cost() const;
};

class Fold {
 public:
  // `rows` must outlive it. `now`: for what still runs; 0: nothing does.
  Fold(Grain grain, const native::Rows& rows, Nanos now);
  std::size_t size() const { return items_.size(); }
  std::string_view session(std::size_t item) const { return items_[item].session; }
  const Id128& trace(std::size_t item) const { return items_[item].trace; }  // any of it
  // Of the live rows whose position is in the range, or of all; nullopt where there are none.
  std::optional<FoldItem> item(std::size_t item, const std::optional<Range>& range) const;
  // Whether an item's spans in the range pass; conditions on rows in the order of `conditions`.
  static bool passes(const Node& node, const FoldItem& item);

  // A row of row_columns for each call of `add`.
  void add(std::size_t item, std::string_view order_key, std::string_view key);
  native::Rows take();

 private:
  struct Group {  // rows that are all alike; live
    std::size_t row = 0;
    FoldSums sums;
    bool recent = false;
  };
  struct Item {
    std::string_view session;
    Id128 trace;
    std::vector<Group> groups;
  };
  FoldSums sums_of(std::size_t row) const;
  std::string said(std::size_t row) const;
  std::string_view status(const std::vector<const Group*>& groups) const;
  std::string_view picked(const Item& item, std::size_t column) const;
  Nanos start_of(std::size_t row) const;
  Nanos end_of(std::size_t row) const;
  Nanos position_of(std::size_t row) const;
  bool is_child(std::size_t row) const;

  Grain grain_;
  const native::Rows& rows_;
  Nanos now_;
  std::vector<Item> items_;
  native::Block block_;
  std::vector<native::Column*> columns_;
};

// What tells items of one grain apart: the session, else the trace (in decimal).
std::string identity(std::string_view session, std::string_view trace);

// The conditions that `passes` wants, in its order: of terms that hold when any span has them.
std::vector<std::string> fold_conditions(Sql& sql, const Node& node, const std::optional<Range>& range,
                                         const Known& known = {});

}  // namespace pawl::query
