// What a measure query is made of while it becomes SQL; inside of the module only. Several queries that read the same
// rows become one statement: each is a set of keys, of GROUPING SETS (together.cc).
#pragma once
#include <span>

#include "measures.h"

namespace pawl::query {

// A roll-up that a branch reads: the whole hours of the range, and the batches that it holds.
struct Rolled {
  const Rollup* table = nullptr;
  std::uint64_t through = 0;
  std::int64_t first = 0, last = 0;  // since 1970, the last excluded
};

// One grouping of the rows that a statement reads.
struct Set {
  std::vector<std::size_t> keys;  // of the compiler's, in their order
  std::vector<Branch> branches;   // that have figures of it
  bool operator==(const Set&) const = default;
};

Result<void> check(const MeasureQuery& query);
Result<const Measure*> measure_called(std::string_view name);

class Compiler {
 public:
  Compiler(Sql& sql, const MeasureQuery& query) : query_(query), sql_(sql) {}
  Result<Unordered> run();
  Result<Unordered> histogram(Branch branch);

  // Several queries of one filter, each of the whole range or of a part of it between two cuts.
  Result<Shared> together(std::span<const MeasureQuery> queries, const std::vector<std::size_t>& which,
                          std::vector<Nanos> cuts);
  // What each branch of a query of its own reads; a null roll-up: `spans`.
  using Tables = std::vector<std::pair<Branch, const Rollup*>>;
  Result<std::optional<Tables>> tables();  // nullopt: no other query can be asked with it

 private:
  Result<void> find_measures();
  static std::set<std::string> with_presence(std::set<std::string> needed);
  void find_partials(const std::set<std::string>& needed);
  std::string branch(Branch branch);
  std::string rows();
  std::optional<Rolled> rolled(Branch branch) const;
  std::string rolled_rows(const Rolled& from);
  std::string rolled_times(const Rolled& from, Branch branch);
  std::string rolled_items(const Rolled& from, Branch branch);
  std::string from_rollup(const Rolled& from) const;
  std::string beside(const Rolled& from, const std::string& select) const;
  std::string distinct(Branch branch, std::string_view key);
  std::string quantiles(Branch branch, std::string_view source);
  std::string span_times(Branch branch);
  std::string span_buckets(Branch branch);
  std::string named_keys(std::vector<Column>& columns) const;
  std::string whole_items(Branch branch);
  std::string item_times();
  Items items_of(Grain grain, std::set<std::string> totals);
  std::string item_source(const Items& items, const std::string& rows);

  std::string key_names() const;  // "_k0, …, " or ""; with `_set` of several sets
  std::string group_by(std::string_view more = "") const;
  std::string columns(Branch branch, const std::vector<std::string>& own) const;  // own partials, zeros for the rest
  std::string partials(Branch branch);
  std::string named_measures(std::vector<Column>& columns) const;
  std::string summed();
  bool by_time() const { return !query_.step.empty() || query_.grid > 0; }

  // Where rows are grouped first: as above for one set; of several, each group with the set that it is of.
  std::vector<std::size_t> sets_of(Branch branch) const;
  std::vector<bool> keys_used(Branch branch) const;
  std::string set_of(Branch branch) const;  // "… AS _set, "
  std::string key_sql(std::size_t key, bool of_rollup) const;
  std::string first_keys(Branch branch, bool of_rollup = false) const;      // "expr AS _k0, …, " of those used
  std::string first_names(Branch branch) const;                             // "… AS _set, _k0, …, "
  std::string first_selected(Branch branch, bool of_rollup = false) const;  // "… AS _set, expr AS _k0, …, "
  std::string first_group(Branch branch, std::string_view more = "") const;
  std::string cut_hours(const Rolled& from, std::string_view each) const;  // `each` of the hours with a cut inside
  Key part_key() const;
  std::size_t add_key(Key key);
  Result<void> add(const MeasureQuery& query, Shared::Answer& answer, std::set<std::string>& needed);

  const MeasureQuery& query_;
  Sql& sql_;
  std::vector<Key> keys_;
  std::vector<const Measure*> measures_;
  std::vector<const Partial*> partials_;  // needed, in the order of the table
  std::vector<Branch> branches_;          // of those
  std::string where_;                     // rows of the items that the filter selects
  std::vector<Set> sets_;                 // none: all rows are of one, of all keys
  std::vector<Nanos> cuts_;               // within the range
};

}  // namespace pawl::query
