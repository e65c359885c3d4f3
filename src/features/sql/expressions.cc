// Expressions, by precedence: or, and, not, comparisons, sums, products, signs, casts.
#include "parser.h"

namespace pawl::sql {

Result<Expr> Parser::expression() {
  if (++depth_ > deepest) return error("the query is nested too deeply");
  auto out = either();
  --depth_;
  return out;
}

Result<Expr> Parser::node(Expr expr) {
  if (++nodes_ > most_nodes) return error("the query is too large");
  return expr;
}

Result<Expr> Parser::joined(std::string op, Expr left, Expr right) {
  Expr out{.kind = Expr::Kind::binary, .text = std::move(op)};
  out.args.push_back(std::move(left));
  out.args.push_back(std::move(right));
  return node(std::move(out));
}

Result<Expr> Parser::either() {
  Expr left = TRY(both());
  while (accept("or")) left = TRY(joined("OR", std::move(left), TRY(both())));
  return left;
}

Result<Expr> Parser::both() {
  Expr left = TRY(negation());
  while (accept("and")) left = TRY(joined("AND", std::move(left), TRY(negation())));
  return left;
}

Result<Expr> Parser::negation() {
  int times = 0;
  while (accept("not"))
    if (++times > 10) return error("too many NOT");
  Expr out = TRY(comparison());
  if (times % 2 == 0) return out;
  Expr negated{.kind = Expr::Kind::unary, .text = "NOT"};
  negated.args.push_back(std::move(out));
  return node(std::move(negated));
}

Result<Expr> Parser::comparison() {
  Expr left = TRY(sum());
  while (true) {
    const bool negated = is("not") && (after().word == Word::name);
    const std::size_t kept = at_;
    if (negated) take();
    if (accept("in")) {
      left = TRY(within(std::move(left), negated));
    } else if (is("like") || is("ilike")) {
      std::string op = to_upper(take().text);
      left = TRY(joined(negated ? "NOT " + op : op, std::move(left), TRY(sum())));
    } else if (accept("between")) {
      Expr out{.kind = Expr::Kind::between, .negated = negated};
      out.args.push_back(std::move(left));
      out.args.push_back(TRY(sum()));
      TRY(want("and"));
      out.args.push_back(TRY(sum()));
      left = TRY(node(std::move(out)));
    } else if (negated) {
      at_ = kept;
      return left;
    } else if (accept("is")) {
      Expr out{.kind = Expr::Kind::is_null, .negated = accept("not")};
      TRY(want("null"));
      out.args.push_back(std::move(left));
      left = TRY(node(std::move(out)));
    } else {
      static constexpr std::array<std::string_view, 8> ops = {"=", "==", "!=", "<>", "<", ">", "<=", ">="};
      if (here().word != Word::sign || std::ranges::find(ops, here().text) == ops.end()) return left;
      std::string op = take().text;
      if (op == "==") op = "=";
      if (op == "<>") op = "!=";
      left = TRY(joined(std::move(op), std::move(left), TRY(sum())));
    }
  }
}

// Never the name of a table: the engine would read it.
Result<Expr> Parser::within(Expr left, bool negated) {
  Expr out{.kind = Expr::Kind::in, .negated = negated};
  out.args.push_back(std::move(left));
  if (is_sign("{")) {  // IN {ids:Array(String)}
    out.args.push_back(TRY(parameter()));
    return node(std::move(out));
  }
  TRY(want_sign("("));
  if (is("select") || is("with")) {
    out.query = TRY(united());
  } else {
    do out.args.push_back(TRY(expression()));
    while (accept_sign(","));
    for (std::size_t i = 1; i < out.args.size(); ++i)
      if (!is_constant(out.args[i])) return error("IN takes constants or a query");
  }
  TRY(want_sign(")"));
  return node(std::move(out));
}

bool Parser::is_constant(const Expr& expr) {
  using Kind = Expr::Kind;
  if (expr.kind == Kind::number || expr.kind == Kind::text || expr.kind == Kind::keyword) return true;
  if (expr.kind != Kind::tuple && expr.kind != Kind::call && expr.kind != Kind::cast && expr.kind != Kind::unary &&
      expr.kind != Kind::array)
    return false;
  return std::ranges::all_of(expr.args, is_constant);
}

Result<Expr> Parser::sum() {
  Expr left = TRY(product());
  while (is_sign("+") || is_sign("-") || is_sign("||")) {
    std::string op = take().text;
    left = TRY(joined(std::move(op), std::move(left), TRY(product())));
  }
  return left;
}

Result<Expr> Parser::product() {
  Expr left = TRY(sign());
  while (is_sign("*") || is_sign("/") || is_sign("%")) {
    std::string op = take().text;
    left = TRY(joined(std::move(op), std::move(left), TRY(sign())));
  }
  return left;
}

Result<Expr> Parser::sign() {
  bool minus = false;
  for (int times = 0; is_sign("-") || is_sign("+"); ++times) {
    if (times > 10) return error("too many signs");
    minus ^= take().text == "-";
  }
  Expr out = TRY(postfix());
  if (!minus) return out;
  Expr negated{.kind = Expr::Kind::unary, .text = "-"};
  negated.args.push_back(std::move(out));
  return node(std::move(negated));
}

Result<Expr> Parser::postfix() {
  Expr out = TRY(primary());
  for (int times = 0; times < 10; ++times) {
    if (accept_sign("::")) {
      Expr cast{.kind = Expr::Kind::cast, .text = TRY(type())};
      cast.args.push_back(std::move(out));
      out = TRY(node(std::move(cast)));
    } else if (accept_sign("[")) {
      Expr part{.kind = Expr::Kind::subscript};
      part.args.push_back(std::move(out));
      part.args.push_back(TRY(expression()));
      TRY(want_sign("]"));
      out = TRY(node(std::move(part)));
    } else {
      return out;
    }
  }
  return error("too many casts");
}

Result<std::string> Parser::type() {
  if (++depth_ > deepest) return error("the type is nested too deeply");
  const std::string given = TRY(name("a type"));
  std::string out(type_called(given));
  if (out.empty()) return error(fmt::format("the type {} is not offered", utf8_prefix(given, 60)));
  if (accept_sign("(")) {
    out += "(";
    for (bool first = true; first || accept_sign(","); first = false) {
      if (!first) out += ", ";
      out += here().word == Word::number ? fmt::format("{}", TRY(whole_number())) : TRY(type());
    }
    TRY(want_sign(")"));
    out += ")";
  }
  --depth_;
  return out;
}

Result<std::vector<Expr>> Parser::list(std::string_view end) {
  std::vector<Expr> out;
  if (accept_sign(end)) return out;
  do out.push_back(TRY(expression()));
  while (accept_sign(","));
  TRY(want_sign(end));
  return out;
}

Result<Expr> Parser::primary() {
  const Token token = here();
  if (token.word == Word::number || token.word == Word::text) {
    take();
    return node({.kind = token.word == Word::number ? Expr::Kind::number : Expr::Kind::text, .text = token.text});
  }
  if (is_sign("{")) return parameter();
  if (accept_sign("*")) return node({.kind = Expr::Kind::star});
  if (accept_sign("[")) return node({.kind = Expr::Kind::array, .args = TRY(list("]"))});
  if (accept_sign("(")) {
    if (is("select") || is("with")) {
      Expr out{.kind = Expr::Kind::query};
      out.query = TRY(united());
      TRY(want_sign(")"));
      return node(std::move(out));
    }
    return node({.kind = Expr::Kind::tuple, .args = TRY(list(")"))});
  }
  if (token.word == Word::quoted_name) return column();
  if (token.word != Word::name) return unexpected("an expression");
  const std::string lower(to_lower(token.text));
  if (lower == "null" || lower == "true" || lower == "false") {
    take();
    return node({.kind = Expr::Kind::keyword, .text = lower == "null" ? "NULL" : lower});
  }
  if (lower == "case") return choice();
  if (lower == "cast" && after().text == "(") return cast();
  if (lower == "extract" && after().text == "(") return part_of_time();
  if (lower == "interval") return interval();
  if ((lower == "date" || lower == "timestamp") && after().word == Word::text) return moment(lower);
  if (after().word == Word::sign && after().text == "(") return call();
  if (std::ranges::find(reserved, lower) != reserved.end()) return unexpected("an expression");
  return column();
}

Result<Expr> Parser::column() {
  Expr out{.kind = Expr::Kind::column, .text = TRY(name("a column"))};
  for (int parts = 0; accept_sign("."); ++parts) {
    if (parts > 1) return error("a column is named by its table at most");
    out.table = out.text;
    if (accept_sign("*")) {
      out.kind = Expr::Kind::star;
      break;
    }
    out.text = TRY(name("a column"));
  }
  return node(std::move(out));
}

int Parser::size_of(const Expr& expr) {
  int out = expr.query == nullptr ? 1 : most_nodes;
  for (const Expr& one : expr.args) out += size_of(one);
  return out;
}

Result<Expr> Parser::choice() {
  take();
  Expr out{.kind = Expr::Kind::choice};
  std::optional<Expr> of;
  if (!is("when")) of = TRY(expression());
  while (accept("when")) {
    Expr when = TRY(expression());
    if (of) {
      nodes_ += size_of(*of);  // it is written once for each
      when = TRY(joined("=", *of, std::move(when)));
    }
    out.args.push_back(std::move(when));
    TRY(want("then"));
    out.args.push_back(TRY(expression()));
  }
  if (out.args.empty()) return unexpected("WHEN");
  if (accept("else"))
    out.args.push_back(TRY(expression()));
  else
    out.args.push_back({.kind = Expr::Kind::keyword, .text = "NULL"});
  TRY(want("end"));
  return node(std::move(out));
}

Result<Expr> Parser::cast() {
  take();
  TRY(want_sign("("));
  Expr out{.kind = Expr::Kind::cast};
  out.args.push_back(TRY(expression()));
  if (accept_sign(",")) {  // CAST(x, 'Type')
    if (here().word != Word::text) return unexpected("a type in quotes");
    Parser inner(here().text, TRY(words_of(here().text)), bound_);
    out.text = TRY(inner.type());
    if (inner.here().word != Word::end) return unexpected("a type in quotes");
    take();
  } else {
    TRY(want("as"));
    out.text = TRY(type());
  }
  TRY(want_sign(")"));
  return node(std::move(out));
}

Result<Expr> Parser::interval() {
  take();
  Expr out{.kind = Expr::Kind::interval};
  if (here().word == Word::text) {  // INTERVAL '7 day', INTERVAL '7' DAY
    const auto [count, unit] = cut(trim(here().text), ' ');
    const auto number = parse_int(count);
    if (!number) return unexpected("a whole number");
    out.args.push_back({.kind = Expr::Kind::number, .text = fmt::format("{}", std::abs(*number))});
    if (*number < 0) return error("a negative interval is not offered");
    take();
    out.text = std::string(trim(unit));
  } else {
    out.args.push_back(TRY(sign()));
  }
  if (out.text.empty()) out.text = TRY(name("a unit of time"));
  std::string unit = to_upper(out.text);
  if (unit.ends_with('S') && unit.size() > 3) unit.pop_back();
  static constexpr std::array<std::string_view, 8> units = {"SECOND", "MINUTE", "HOUR",    "DAY",
                                                            "WEEK",   "MONTH",  "QUARTER", "YEAR"};
  if (std::ranges::find(units, unit) == units.end()) return error("no unit of time");
  out.text = unit;
  return node(std::move(out));
}

Result<Expr> Parser::moment(std::string_view kind) {
  take();
  Expr out{.kind = Expr::Kind::call, .text = kind == "date" ? "toDate" : "toDateTime"};
  out.args.push_back({.kind = Expr::Kind::text, .text = take().text});
  return node(std::move(out));
}

Result<Expr> Parser::call() {
  const Token token = take();
  Expr out{.kind = Expr::Kind::call, .text = std::string(function_called(token.text))};
  if (out.text.empty())
    return syntax_error(text_, token.begin, fmt::format("the function {} is not offered", utf8_prefix(token.text, 60)));
  take();
  out.distinct = accept("distinct");
  if (is("select") || is("with")) return error("a function takes no query");
  out.args = TRY(list(")"));
  if (accept_sign("(")) {  // quantile(0.9)(x)
    out.params = std::move(out.args);
    out.distinct = accept("distinct");
    out.args = TRY(list(")"));
    for (const Expr& one : out.params)
      if (one.kind != Expr::Kind::number && one.kind != Expr::Kind::text)
        return error("a parameter must be a constant");
  }
  if (accept("over")) {
    if (out.distinct) return error("DISTINCT is not offered with OVER");
    out.over = TRY(window());
  } else if (only_with_over(out.text)) {
    return syntax_error(text_, token.begin, fmt::format("{} needs OVER (…)", out.text));
  }
  return node(std::move(out));
}

// ([PARTITION BY …] [ORDER BY …] [ROWS|RANGE BETWEEN … AND …])
Result<std::shared_ptr<Window>> Parser::window() {
  auto out = std::make_shared<Window>();
  if (++depth_ > deepest) return error("the query is nested too deeply");
  TRY(want_sign("("));
  if (accept("partition")) {
    TRY(want("by"));
    do out->partition.push_back(TRY(expression()));
    while (accept_sign(","));
  }
  if (accept("order")) {
    TRY(want("by"));
    do out->order.push_back(TRY(ordering()));
    while (accept_sign(","));
  }
  if (is("rows") || is("range")) out->frame = TRY(frame());
  TRY(want_sign(")"));
  --depth_;
  return out;
}

Result<std::string> Parser::frame() {
  const std::string kind = to_upper(take().text);
  if (!accept("between")) return fmt::format("{} BETWEEN {} AND CURRENT ROW", kind, TRY(frame_edge()));
  const std::string first = TRY(frame_edge());
  TRY(want("and"));
  return fmt::format("{} BETWEEN {} AND {}", kind, first, TRY(frame_edge()));
}

Result<std::string> Parser::frame_edge() {
  if (accept("current")) {
    TRY(want("row"));
    return std::string("CURRENT ROW");
  }
  const std::string size = accept("unbounded") ? "UNBOUNDED" : fmt::format("{}", TRY(whole_number()));
  if (accept("preceding")) return size + " PRECEDING";
  if (accept("following")) return size + " FOLLOWING";
  return unexpected("PRECEDING or FOLLOWING");
}

// EXTRACT(YEAR FROM start)
Result<Expr> Parser::part_of_time() {
  struct Part {
    std::string_view unit, function;
  };
  static constexpr auto parts = std::to_array<Part>({{"year", "toYear"},
                                                     {"quarter", "toQuarter"},
                                                     {"month", "toMonth"},
                                                     {"week", "toISOWeek"},
                                                     {"day", "toDayOfMonth"},
                                                     {"dow", "toDayOfWeek"},
                                                     {"doy", "toDayOfYear"},
                                                     {"hour", "toHour"},
                                                     {"minute", "toMinute"},
                                                     {"second", "toSecond"},
                                                     {"epoch", "toUnixTimestamp"}});
  take();
  TRY(want_sign("("));
  const auto found = std::ranges::find(parts, to_lower(here().text), &Part::unit);
  if (here().word != Word::name || found == parts.end()) return unexpected("YEAR, MONTH, DAY …");
  take();
  TRY(want("from"));
  Expr out{.kind = Expr::Kind::call, .text = std::string(found->function)};
  out.args.push_back(TRY(expression()));
  TRY(want_sign(")"));
  return node(std::move(out));
}

namespace {

// The escapes of TabSeparated, in which clients send values; nullopt: NULL.
std::optional<std::string> unescaped(std::string_view text) {
  if (text == "\\N") return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 >= text.size()) {
      out += text[i];
      continue;
    }
    const char next = text[++i];
    out += next == 'n' ? '\n' : next == 't' ? '\t' : next == 'r' ? '\r' : next == 'b' ? '\b' : next;
  }
  return out;
}

}  // namespace

// {name:Type}: a text of the request, cast to the type; never a part of the statement.
Result<Expr> Parser::parameter() {
  const std::size_t begin = here().begin;
  TRY(want_sign("{"));
  const std::string called = TRY(name("the name of a parameter"));
  TRY(want_sign(":"));
  const std::string given_type = TRY(type());
  TRY(want_sign("}"));
  const auto found = bound_.find(called);
  if (found == bound_.end())
    return syntax_error(text_, begin, fmt::format("the parameter {} has no value: send param_{}=", called, called));
  const auto value = unescaped(found->second);
  if (!value) return node({.kind = Expr::Kind::keyword, .text = "NULL"});
  if (!is_utf8(*value) || value->find('\0') != std::string::npos)
    return syntax_error(text_, begin, fmt::format("the value of {} is no UTF-8", called));
  Expr text{.kind = Expr::Kind::text, .text = *value};
  if (given_type == "String") return node(std::move(text));
  Expr out{.kind = Expr::Kind::cast, .text = given_type};
  out.args.push_back(TRY(node(std::move(text))));
  return node(std::move(out));
}

}  // namespace pawl::sql
