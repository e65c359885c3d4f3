// A query as a tree, and the tables of what may stand in it.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pawl::sql {

struct Select;
struct Window;

struct Expr {
  enum class Kind : std::uint8_t {
    number,     // text: digits, as checked
    text,       // text
    keyword,    // NULL, true, false
    column,     // [table.]text
    star,       // [table.]*
    call,       // text(args), text(params)(args); DISTINCT
    binary,     // args[0] text args[1]
    unary,      // text args[0]: "-", "NOT"
    in,         // args[0] [NOT] IN (the other args), or (query)
    between,    // args[0] [NOT] BETWEEN args[1] AND args[2]
    is_null,    // args[0] IS [NOT] NULL
    choice,     // CASE: pairs of WHEN and THEN, the last alone is ELSE
    cast,       // CAST(args[0] AS text)
    array,      // [args]
    tuple,      // (args), also of one: parentheses
    interval,   // INTERVAL args[0] text
    subscript,  // args[0][args[1]]
    query,      // (SELECT …) as a value
  };
  Kind kind = Kind::number;
  std::string text, table;
  bool negated = false, distinct = false;
  std::vector<Expr> params, args;
  std::shared_ptr<Select> query;
  std::shared_ptr<Window> over;  // of a call
};

struct Item {
  Expr value;
  std::string alias;
};
struct Source {
  std::string join;   // "" for the first; "INNER JOIN", "LEFT JOIN" …
  std::string table;  // a name, or "" where `query`
  std::shared_ptr<Select> query;
  std::string alias;
  std::optional<Expr> on;
  std::vector<std::string> using_columns;
};
struct Order {
  Expr by;
  bool descending = false;
  std::optional<bool> nulls_first;
};
struct Window {  // OVER (…)
  std::vector<Expr> partition;
  std::vector<Order> order;
  std::string frame;  // "ROWS BETWEEN 6 PRECEDING AND CURRENT ROW", made here; "" for none
};
struct Select {
  std::vector<std::pair<std::string, std::shared_ptr<Select>>> with;  // only of the first of a union
  bool distinct = false;
  std::vector<Item> items;
  std::vector<Source> from;
  std::optional<Expr> where, having;
  std::vector<Expr> group;
  std::vector<Order> order;
  std::optional<std::uint64_t> limit, offset;
  std::shared_ptr<Select> next;  // UNION ALL
};
struct Statement {
  std::shared_ptr<Select> select;
  std::string format;  // as named, "" for none
};

// Values of {name:Type}: param_name of the request, with the escapes of TabSeparated.
using Bound = std::map<std::string, std::string, std::less<>>;

// `invalid` with line and column. 64 KB, nesting 40, 2,000 nodes.
Result<Statement> parse(std::string_view text, const Bound& bound = {});

// The allow lists: the engine's own spelling, "" for what is not offered.
std::string_view function_called(std::string_view name);  // case does not matter
bool only_with_over(std::string_view function);           // row_number, lag …
std::string_view type_called(std::string_view name);
std::string_view format_called(std::string_view name);
std::span<const std::string_view> functions();

struct ViewColumn {
  std::string_view name, type, sql, about;
};
struct View {
  std::string_view name, about;
  std::span<const ViewColumn> columns;
};
std::span<const View> views();
// The SELECT behind a name, of the project {project:UInt32}; "" where there is no such table. `since`, `until` are
// conditions on `minute`, or "".
std::string table_sql(std::string_view name, std::string_view conditions);

}  // namespace pawl::sql
