// Tree → what the engine is asked. Only constants of ours, checked numbers and names, and bound parameters get there.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "sql.h"
#include "tree.h"

namespace pawl::sql {
namespace {

using Kind = Expr::Kind;

// Rows of a view leave it before anything of the asker's is computed: a condition pushed into the scan would see what
// lies beside it, and an error would tell of it.
constexpr std::string_view settings =
    " SETTINGS enable_optimize_predicate_expression = 0, query_plan_filter_push_down = 0, query_plan_merge_filters = "
    "0, "
    "optimize_move_to_prewhere = 0, query_plan_optimize_prewhere = 0, query_plan_merge_expressions = 0, "
    "max_memory_usage = 300000000, max_result_rows = 200000, max_result_bytes = 67108864, max_rows_to_read = "
    "300000000, "
    "max_subquery_depth = 60, max_threads = 2, joined_subquery_requires_alias = 0, join_use_nulls = 1";

class Writer {
 public:
  explicit Writer(projects::ProjectId project) { bound_.push_back({"project", fmt::format("{}", project)}); }

  std::vector<warehouse::Parameter> take() { return std::move(bound_); }

  Result<std::string> united(const Select& first) {
    const std::size_t kept = names_.size();
    std::string out;
    for (const auto& [name, query] : first.with) {
      const std::string inner = TRY(united(*query));
      names_.emplace_back(name, inner);  // a name for a query: written out where it is used
      if ((written_ += inner.size()) > most_written) return too_large();
    }
    for (const Select* one = &first; one != nullptr; one = one->next.get())
      out += (out.empty() ? "" : " UNION ALL ") + TRY(select(*one));
    names_.resize(kept);
    if (out.size() > most_written) return too_large();
    return out;
  }

 private:
  static constexpr std::size_t most_written = 1U << 20;

  static std::unexpected<Error> too_large() {
    return fail(ErrorKind::invalid, "Syntax error: the query is too large when its names are written out");
  }

  std::string bind(const std::string& value) {
    for (const auto& known : bound_)
      if (known.name != "project" && known.value == value) return fmt::format("{{{}:String}}", known.name);
    bound_.push_back({fmt::format("p{}", bound_.size()), value});
    return fmt::format("{{{}:String}}", bound_.back().name);
  }

  static std::string quoted(std::string_view name) { return fmt::format("`{}`", name); }

  Result<std::string> listed(const std::vector<Expr>& all) {
    std::string out;
    for (const Expr& one : all) out += (out.empty() ? "" : ", ") + TRY(written(one));
    return out;
  }

  Result<std::string> select(const Select& select) {
    std::string out = select.distinct ? "SELECT DISTINCT " : "SELECT ";
    for (std::size_t i = 0; i < select.items.size(); ++i) {
      const Item& item = select.items[i];
      out += (i == 0 ? "" : ", ") + TRY(written(item.value));
      std::string alias = item.alias;
      if (alias.empty() && item.value.kind == Kind::column) alias = item.value.text;
      if (alias.empty() && item.value.kind != Kind::star) alias = shown(item.value, i);
      if (!alias.empty()) out += fmt::format(" AS {}", quoted(alias));
    }
    for (const Source& source : select.from) out += TRY(from(source, select));
    if (select.where) out += " WHERE " + TRY(written(*select.where));
    if (!select.group.empty()) out += " GROUP BY " + TRY(listed(select.group));
    if (select.having) out += " HAVING " + TRY(written(*select.having));
    if (!select.order.empty()) out += " " + TRY(ordered(select.order));
    if (select.limit) out += fmt::format(" LIMIT {}", *select.limit);
    if (select.offset) out += fmt::format(" OFFSET {}", *select.offset);
    if (out.size() > most_written) return too_large();
    return out;
  }

  // What a column without an alias is called: as ClickHouse would, as far as a name can say it.
  static std::string shown(const Expr& expr, std::size_t place) {
    if (expr.kind == Kind::call && expr.over == nullptr && expr.args.size() <= 1) {
      const std::string inner = expr.args.empty() ? "" : shown(expr.args[0], place);
      const std::string name = fmt::format("{}({})", expr.text, inner == "*" ? "" : inner);
      if (name.size() <= 100) return name;
    }
    if (expr.kind == Kind::column || expr.kind == Kind::number) return expr.text;
    if (expr.kind == Kind::star) return "*";
    return fmt::format("column_{}", place + 1);
  }

  Result<std::string> from(const Source& source, const Select& select) {
    std::string inner;
    if (source.query != nullptr) {
      inner = TRY(united(*source.query));
    } else {
      const auto named =
          std::ranges::find(names_.rbegin(), names_.rend(), source.table, &std::pair<std::string, std::string>::first);
      if (named != names_.rend())
        inner = named->second;
      else
        inner = table_sql(source.table, select.from.size() == 1 ? minutes(select, source) : "");
      if (inner.empty()) {
        return fail(ErrorKind::not_found, "Table {} does not exist: there are spans, logs and metric_points",
                    utf8_prefix(source.table, 100));
      }
    }
    if ((written_ += inner.size()) > 4 * most_written) return too_large();
    const std::string alias = !source.alias.empty()     ? source.alias
                              : source.query == nullptr ? after_dot(source.table)
                                                        : "";
    std::string out = fmt::format("{} ({})", source.join.empty() ? " FROM" : " " + source.join, inner);
    if (!alias.empty()) out += fmt::format(" AS {}", quoted(alias));
    if (source.on) out += " ON " + TRY(written(*source.on));
    for (std::size_t i = 0; i < source.using_columns.size(); ++i)
      out += fmt::format("{}{}", i == 0 ? " USING (" : ", ", quoted(source.using_columns[i]));
    return source.using_columns.empty() ? out : out + ")";
  }

  static std::string after_dot(std::string_view name) {
    const auto dot = name.find('.');
    return std::string(dot == std::string_view::npos ? name : name.substr(dot + 1));
  }

  // A time that is the same for every row: constants, now() and what is reckoned from them.
  static bool is_moment(const Expr& expr) {
    if (expr.kind == Kind::number || expr.kind == Kind::text) return true;
    if (expr.kind == Kind::cast) return expr.text.starts_with("Date") && is_moment(expr.args[0]);
    if (expr.kind == Kind::call) {
      bool known = false;
      for (const std::string_view begin : {"now", "today", "yesterday", "toDate", "toStartOf", "add", "subtract"})
        known |= expr.text.starts_with(begin);
      if (!known || !expr.params.empty()) return false;
    } else if (expr.kind != Kind::binary && expr.kind != Kind::interval && expr.kind != Kind::tuple) {
      return false;
    }
    return std::ranges::all_of(expr.args, is_moment);
  }

  // " AND minute >= …" of what WHERE says of `start`: the key of the table begins with it.
  std::string minutes(const Select& select, const Source& source) {
    std::string out;
    if (select.where) add_minutes(*select.where, source, out);
    return out;
  }
  void add_minutes(const Expr& expr, const Source& source, std::string& out) {
    const auto is_start = [&](const Expr& one) {
      return one.kind == Kind::column && one.text == "start" &&
             (one.table.empty() || one.table == source.alias || one.table == source.table);
    };
    const auto add = [&](std::string_view op, const Expr& bound) {
      const auto text = is_moment(bound) ? written(bound) : Result<std::string>(std::string());
      if (!text || text->empty()) return;
      const bool quoted = bound.kind == Kind::text;
      const std::string time = quoted ? fmt::format("parseDateTime64BestEffortOrNull({}, 0, 'UTC')", *text)
                                      : fmt::format("toDateTime64({}, 0, 'UTC')", *text);
      out += fmt::format(" AND minute {} ifNull(intDiv(toInt64({}), 60), {})", op, time, op == ">=" ? 0 : 4294967295);
    };
    if (expr.kind == Kind::binary && expr.text == "AND") {
      for (const Expr& side : expr.args) add_minutes(side, source, out);
    } else if (expr.kind == Kind::binary && is_start(expr.args[0])) {
      if (expr.text == ">=" || expr.text == ">") add(">=", expr.args[1]);
      if (expr.text == "<=" || expr.text == "<") add("<=", expr.args[1]);
    } else if (expr.kind == Kind::between && !expr.negated && is_start(expr.args[0])) {
      add(">=", expr.args[1]);
      add("<=", expr.args[2]);
    } else if (expr.kind == Kind::tuple && expr.args.size() == 1) {
      add_minutes(expr.args[0], source, out);
    }
  }

  // What clients ask of the server is told by constants.
  static std::string_view told(std::string_view function) {
    struct Told {
      std::string_view function, sql;
    };
    static constexpr auto all = std::to_array<Told>({{"version", "'26.7.3.1'"},
                                                     {"timezone", "'UTC'"},
                                                     {"currentDatabase", "'pawl'"},
                                                     {"database", "'pawl'"},
                                                     {"displayName", "'pawl'"},
                                                     {"hostName", "'pawl'"},
                                                     {"currentUser", "'pawl'"},
                                                     {"user", "'pawl'"},
                                                     {"revision", "toUInt32(54482)"}});
    const auto found = std::ranges::find(all, function, &Told::function);
    return found == all.end() ? std::string_view() : found->sql;
  }

  Result<std::string> call(const Expr& expr) {
    if (const auto constant = told(expr.text); !constant.empty()) return std::string(constant);
    std::string out = expr.text;
    if (!expr.params.empty()) out += fmt::format("({})", TRY(constants(expr.params)));
    const bool all = expr.text == "count" && expr.args.size() == 1 && expr.args[0].kind == Kind::star;
    out = fmt::format("{}({}{})", out, expr.distinct ? "DISTINCT " : "", all ? "" : TRY(listed(expr.args)));
    return expr.over == nullptr ? out : fmt::format("{} OVER ({})", out, TRY(window(*expr.over)));
  }

  Result<std::string> window(const Window& window) {
    std::string out = window.partition.empty() ? "" : "PARTITION BY " + TRY(listed(window.partition));
    if (!window.order.empty()) out += (out.empty() ? "" : " ") + TRY(ordered(window.order));
    if (!window.frame.empty()) out += (out.empty() ? "" : " ") + window.frame;
    return out;
  }

  Result<std::string> ordered(const std::vector<Order>& all) {
    std::string out;
    for (const Order& order : all) {
      out += (out.empty() ? "ORDER BY " : ", ") + TRY(written(order.by)) + (order.descending ? " DESC" : "");
      if (order.nulls_first) out += *order.nulls_first ? " NULLS FIRST" : " NULLS LAST";
    }
    return out;
  }

  Result<std::string> constants(const std::vector<Expr>& params) {
    for (const Expr& one : params)
      if (one.kind != Kind::number) return fail(ErrorKind::invalid, "Syntax error: a parameter must be a number");
    return listed(params);
  }

  Result<std::string> choice(const Expr& expr) {
    std::string out = "CASE";
    for (std::size_t i = 0; i + 1 < expr.args.size(); i += 2)
      out += fmt::format(" WHEN {} THEN {}", TRY(written(expr.args[i])), TRY(written(expr.args[i + 1])));
    return fmt::format("({} ELSE {} END)", out, TRY(written(expr.args.back())));
  }

  Result<std::string> written(const Expr& expr) {
    switch (expr.kind) {
      case Kind::number:
      case Kind::keyword:
        return expr.text;
      case Kind::text:
        return bind(expr.text);
      case Kind::column:
        return (expr.table.empty() ? "" : quoted(expr.table) + ".") + quoted(expr.text);
      case Kind::star:
        return (expr.table.empty() ? "" : quoted(expr.table) + ".") + "*";
      case Kind::call:
        return call(expr);
      case Kind::binary:
        return fmt::format("({} {} {})", TRY(written(expr.args[0])), expr.text, TRY(written(expr.args[1])));
      case Kind::unary:
        return fmt::format("({} {})", expr.text, TRY(written(expr.args[0])));
      case Kind::in: {
        const std::vector<Expr> list(expr.args.begin() + 1, expr.args.end());
        return fmt::format("({} {}IN ({}))", TRY(written(expr.args[0])), expr.negated ? "NOT " : "",
                           expr.query != nullptr ? TRY(united(*expr.query)) : TRY(listed(list)));
      }
      case Kind::between:
        return fmt::format("({} {}BETWEEN {} AND {})", TRY(written(expr.args[0])), expr.negated ? "NOT " : "",
                           TRY(written(expr.args[1])), TRY(written(expr.args[2])));
      case Kind::is_null:
        return fmt::format("({} IS {}NULL)", TRY(written(expr.args[0])), expr.negated ? "NOT " : "");
      case Kind::choice:
        return choice(expr);
      case Kind::cast:
        return fmt::format("CAST({}, '{}')", TRY(written(expr.args[0])), expr.text);
      case Kind::array:
        return fmt::format("[{}]", TRY(listed(expr.args)));
      case Kind::tuple:
        return fmt::format("({})", TRY(listed(expr.args)));
      case Kind::interval:
        return fmt::format("INTERVAL {} {}", TRY(written(expr.args[0])), expr.text);
      case Kind::subscript:
        return fmt::format("{}[{}]", TRY(written(expr.args[0])), TRY(written(expr.args[1])));
      case Kind::query:
        return fmt::format("({})", TRY(united(*expr.query)));
    }
    return std::string();
  }

  std::vector<warehouse::Parameter> bound_;
  std::vector<std::pair<std::string, std::string>> names_;  // of WITH, and what they stand for
  std::size_t written_ = 0;
};

}  // namespace

Result<Rewritten> rewrite(std::string_view text, std::string_view usual_format, projects::ProjectId project,
                          const std::map<std::string, std::string, std::less<>>& bound) {
  const Statement statement = TRY(parse(text, bound));
  const std::string_view wanted = statement.format.empty() ? usual_format : std::string_view(statement.format);
  const std::string_view format = format_called(wanted.empty() ? "TabSeparated" : wanted);
  if (format.empty())
    return fail(ErrorKind::invalid, "Syntax error: the format {} is not offered", utf8_prefix(wanted, 60));
  Writer writer(project);
  Rewritten out;
  std::string sql = TRY(writer.united(*statement.select));
  if (statement.select->next != nullptr) sql = fmt::format("SELECT * FROM ({})", sql);  // settings are of the whole
  out.query.sql = sql + std::string(settings);
  out.query.parameters = writer.take();
  out.query.format = format;
  return out;
}

}  // namespace pawl::sql
