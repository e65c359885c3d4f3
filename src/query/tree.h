// The tree of a filter and the tables behind its words; inside of the module only.
#pragma once
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query.h"

namespace pawl::query {

enum class Op : std::uint8_t { eq, ne, contains, gt, ge, lt, le };
std::string_view text_of(Op op);
// Of two numbers; what only texts can do holds of none.
template <typename T>
bool compare(Op op, T left, T right) {
  switch (op) {
    case Op::eq:
      return left == right;
    case Op::ne:
      return left != right;
    case Op::gt:
      return left > right;
    case Op::ge:
      return left >= right;
    case Op::lt:
      return left < right;
    case Op::le:
      return left <= right;
    case Op::contains:
      return false;
  }
  return false;
}

// How a dimension holds for a trace or session: when any of its spans has it, or by the total of the item.
enum class Holds : std::uint8_t { any_span, total };

struct Dimension {
  std::string_view name, definition;
  Type type = Type::text;
  std::string_view sql;  // of one row of `spans`; never of users' making
  Holds holds = Holds::any_span;
  std::string_view total;  // of an item: an aggregate of items.cc, where `holds` is total
  bool list = false;       // the column is an array: any element
  bool id = false;         // a 128-bit key: compared by id_from_text
  bool groups = false;
  std::vector<std::string_view> values;  // of an enumeration
  std::string_view also;                 // another spelling of its name
};
const std::vector<Dimension>& dimension_table();
const Dimension* find_dimension(std::string_view lower_name);  // also by its other spelling; nullptr
extern const Dimension attribute_dimension;                    // attr.NAME
extern const Dimension score_dimension;                        // score.NAME
extern const Dimension state_dimension;                        // state.NAME
// The key in `attrs` of "attr.NAME" or "state.NAME"; nullopt of other names, and where no name stands.
std::optional<std::string> attribute_of(std::string_view name);
std::vector<std::string_view> operators_of(const Dimension& dimension);
bool allows(const Dimension& dimension, Op op);

struct Flag {  // is:X, a fact of one span
  std::string_view name, definition, sql;
};
const std::vector<Flag>& flag_table();

struct Presence {  // has:X where X is no dimension
  std::string_view name, sql;
};
const std::vector<Presence>& presence_table();

struct Leaf {
  enum class What : std::uint8_t { compare, flag, has, words };
  What what = What::words;
  const Dimension* dimension = nullptr;  // of compare and has
  const Flag* flag = nullptr;
  const Presence* presence = nullptr;
  std::string attribute;  // of attr.NAME and score.NAME
  Op op = Op::eq;
  std::vector<std::string> values;  // as written, unquoted; words: one
  std::vector<std::int64_t> whole;  // duration and time in ns, money in pico-dollars; one a value
  std::vector<double> real;         // number; one a value
  bool searches() const;            // looks into bodies
  bool of_scores() const { return dimension == &score_dimension; }
};

struct Node {
  enum class Kind : std::uint8_t { leaf, all, any, none };
  Kind kind = Kind::leaf;
  Leaf leaf;
  std::vector<Node> children;  // none: exactly one
};

template <typename Range, typename Value>
bool has_one(const Range& range, const Value& value) {
  return std::ranges::find(range, value) != std::ranges::end(range);
}

bool is_name_start(char c);
bool is_name_char(char c);
std::string print(const Node& node);

const std::vector<std::string_view>& time_zones();  // IANA names, sorted

}  // namespace pawl::query
