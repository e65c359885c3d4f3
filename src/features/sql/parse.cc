// Words → tree: SELECT, SHOW and DESCRIBE, and of SELECT what BI tools write.
#include "parser.h"

namespace pawl::sql {

Result<Statement> Parser::whole() {
  Statement out;
  if (is("show") || is("describe") || is("desc")) {
    out.select = TRY(told());
  } else {
    out.select = TRY(united());
  }
  if (accept("format")) {
    if (here().word != Word::name) return unexpected("the name of a format");
    out.format = take().text;
  }
  TRY(settings());
  while (accept_sign(";")) {
  }
  if (here().word != Word::end) return unexpected("the end of the query");
  return out;
}

// Clients send their own; ours hold.
Result<> Parser::settings() {
  if (!accept("settings")) return {};
  do {
    TRY(name("a setting"));
    TRY(want_sign("="));
    if (here().word != Word::number && here().word != Word::text && here().word != Word::name)
      return unexpected("a value");
    take();
  } while (accept_sign(","));
  return {};
}

// SHOW DATABASES, SHOW TABLES, DESCRIBE TABLE x: as the SELECT that says the same.
Result<std::shared_ptr<Select>> Parser::told() {
  const bool shows = accept("show");
  if (!shows) take();
  std::string text;
  if (shows && accept("databases")) {
    text = "SELECT name FROM system.databases";
  } else if (shows && accept("tables")) {
    text = "SELECT name FROM system.tables WHERE database = 'pawl'";
    if (accept("from") || accept("in")) TRY(name("a database"));
  } else if (shows) {
    return unexpected("DATABASES or TABLES");
  } else {
    accept("table");
    std::string table = TRY(name("a table"));
    if (accept_sign(".")) table = TRY(name("a table"));
    if (table.find('\'') != std::string::npos) return unexpected("a table");
    text = fmt::format(
        "SELECT name, type, '' AS default_type, '' AS default_expression, comment, '' AS codec_expression, '' AS "
        "ttl_expression FROM system.columns WHERE table = '{}' ORDER BY position",
        table);
  }
  auto statement = TRY(parse(text));
  return statement.select;
}

Result<std::shared_ptr<Select>> Parser::united() {
  if (++depth_ > deepest) return error("the query is nested too deeply");
  std::vector<std::pair<std::string, std::shared_ptr<Select>>> with;
  if (accept("with")) {
    do {
      std::string called = TRY(name("the name of a query"));
      TRY(want("as"));
      TRY(want_sign("("));
      auto query = TRY(united());
      TRY(want_sign(")"));
      with.emplace_back(std::move(called), std::move(query));
    } while (accept_sign(","));
  }
  std::shared_ptr<Select> first;
  if (is_sign("(")) {  // (SELECT …)
    take();
    first = TRY(united());
    TRY(want_sign(")"));
  } else {
    first = TRY(select());
  }
  if (!with.empty()) first->with.insert(first->with.begin(), with.begin(), with.end());
  Select* last = first.get();
  while (last->next != nullptr) last = last->next.get();
  while (accept("union")) {
    TRY(want("all"));
    last->next = TRY(select());
    last = last->next.get();
  }
  --depth_;
  return first;
}

Result<std::shared_ptr<Select>> Parser::select() {
  TRY(want("select"));
  auto out = std::make_shared<Select>();
  out->distinct = accept("distinct");
  do {
    Item item{.value = TRY(expression())};
    item.alias = TRY(alias());
    out->items.push_back(std::move(item));
  } while (accept_sign(","));
  if (accept("from")) TRY(from(*out));
  if (accept("prewhere") || accept("where")) out->where = TRY(expression());
  if (accept("group")) {
    TRY(want("by"));
    do out->group.push_back(TRY(expression()));
    while (accept_sign(","));
  }
  if (accept("having")) out->having = TRY(expression());
  if (accept("order")) {
    TRY(want("by"));
    do out->order.push_back(TRY(ordering()));
    while (accept_sign(","));
  }
  TRY(limits(*out));
  TRY(settings());
  return out;
}

Result<std::uint64_t> Parser::whole_number() {
  if (is_sign("{")) {  // LIMIT {n:UInt64}
    const Expr given = TRY(parameter());
    const Expr& value = given.kind == Expr::Kind::cast ? given.args[0] : given;
    const auto number = parse_int(value.text);
    if (!number || *number < 0) return error("the parameter is no whole number");
    return static_cast<std::uint64_t>(*number);
  }
  const auto number = here().word == Word::number ? parse_int(here().text) : std::nullopt;
  if (!number || *number < 0) return unexpected("a whole number");
  take();
  return static_cast<std::uint64_t>(*number);
}

Result<> Parser::limits(Select& out) {
  if (accept("limit")) {
    out.limit = TRY(whole_number());
    if (accept_sign(",")) {
      out.offset = out.limit;
      out.limit = TRY(whole_number());
    }
  }
  if (accept("offset")) {
    out.offset = TRY(whole_number());
    accept("rows") || accept("row");
  }
  return {};
}

Result<Order> Parser::ordering() {
  Order out{.by = TRY(expression())};
  out.descending = accept("desc");
  if (!out.descending) accept("asc");
  if (accept("nulls")) {
    out.nulls_first = accept("first");
    if (!*out.nulls_first) TRY(want("last"));
  }
  return out;
}

Result<std::string> Parser::alias() {
  if (accept("as")) return name("an alias");
  if (here().word == Word::quoted_name) return take().text;
  if (here().word == Word::name && std::ranges::find(reserved, to_lower(here().text)) == reserved.end())
    return take().text;
  return std::string();
}

Result<> Parser::from(Select& out) {
  out.from.push_back(TRY(source("")));
  while (true) {
    std::string join = TRY(join_here());
    if (join.empty()) return {};
    Source joined = TRY(source(join));
    if (join != "CROSS JOIN") {
      if (accept("using")) {
        const bool open = accept_sign("(");
        do joined.using_columns.push_back(TRY(name("a column")));
        while (accept_sign(","));
        if (open) TRY(want_sign(")"));
      } else {
        TRY(want("on"));
        joined.on = TRY(expression());
      }
    }
    out.from.push_back(std::move(joined));
    if (out.from.size() > 8) return error("more than 8 tables");
  }
}

Result<std::string> Parser::join_here() {
  if (accept_sign(",")) return std::string("CROSS JOIN");
  if (accept("join")) return std::string("INNER JOIN");
  for (const std::string_view kind : {"inner", "left", "right", "full", "cross"}) {
    if (!accept(kind)) continue;
    accept("outer");
    TRY(want("join"));
    return to_upper(kind) + " JOIN";
  }
  return std::string();
}

Result<Source> Parser::source(const std::string& join) {
  Source out{.join = join};
  if (accept_sign("(")) {
    out.query = TRY(united());
    TRY(want_sign(")"));
  } else {
    out.table = TRY(name("a table"));
    if (is_sign("("))
      return error(fmt::format("table functions such as {} are not offered", utf8_prefix(out.table, 60)));
    if (accept_sign(".")) {
      const std::string database = std::move(out.table);
      out.table = TRY(name("a table"));
      if (is_sign("(")) return error("table functions are not offered");
      if (equals_ignoring_case(database, "system") || equals_ignoring_case(database, "information_schema"))
        out.table = fmt::format("{}.{}", to_lower(database), out.table);
      else if (!equals_ignoring_case(database, "pawl") && !equals_ignoring_case(database, "default"))
        return fail(ErrorKind::not_found, "Database {} does not exist", database);
    }
  }
  out.alias = TRY(alias());
  return out;
}

Result<Statement> parse(std::string_view text, const Bound& bound) {
  return Parser(text, TRY(words_of(text)), bound).whole();
}

}  // namespace pawl::sql
