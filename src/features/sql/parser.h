// The parser: words at hand, statements (parse.cc), expressions (expressions.cc).
#pragma once
#include <algorithm>
#include <array>

#include "base/text.h"
#include "words.h"

namespace pawl::sql {

inline constexpr int deepest = 40, most_nodes = 2000;

// Words that end an expression, and so are no alias without AS.
inline constexpr auto reserved = std::to_array<std::string_view>(
    {"from", "where",  "prewhere",  "group",    "having", "order",   "limit",  "union",   "format", "settings",
     "on",   "using",  "inner",     "left",     "right",  "full",    "cross",  "join",    "as",     "and",
     "or",   "not",    "in",        "like",     "ilike",  "between", "is",     "asc",     "desc",   "nulls",
     "then", "when",   "else",      "end",      "offset", "any",     "all",    "global",  "asof",   "semi",
     "anti", "array",  "final",     "sample",   "with",   "into",    "window", "qualify", "by",     "div",
     "mod",  "except", "intersect", "distinct", "select"});

class Parser {
 public:
  Parser(std::string_view text, std::vector<Token> words, const Bound& bound)
      : text_(text), words_(std::move(words)), bound_(bound) {}

  Result<Statement> whole();

 private:
  const Token& here() const { return words_[at_]; }
  const Token& after() const { return words_[std::min(at_ + 1, words_.size() - 1)]; }
  const Token& take() { return words_[at_ + 1 < words_.size() ? at_++ : at_]; }
  bool is(std::string_view word) const { return here().word == Word::name && equals_ignoring_case(here().text, word); }
  bool is_sign(std::string_view sign) const { return here().word == Word::sign && here().text == sign; }
  bool accept(std::string_view word) {
    if (!is(word)) return false;
    take();
    return true;
  }
  bool accept_sign(std::string_view sign) {
    if (!is_sign(sign)) return false;
    take();
    return true;
  }
  Result<> want(std::string_view word) {
    if (!accept(word)) return unexpected(to_upper(word));
    return {};
  }
  Result<> want_sign(std::string_view sign) {
    if (!accept_sign(sign)) return unexpected(fmt::format("'{}'", sign));
    return {};
  }
  static std::string to_upper(std::string_view word) {
    std::string out(word);
    for (char& c : out)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return out;
  }
  std::unexpected<Error> error(std::string_view message) const { return syntax_error(text_, here().begin, message); }
  std::unexpected<Error> unexpected(std::string_view wanted) const {
    const std::string shown = here().word == Word::end ? "the end" : fmt::format("'{}'", utf8_prefix(here().text, 60));
    return error(fmt::format("unexpected {}, expected {}", shown, wanted));
  }

  // A name of a column, table or alias.
  Result<std::string> name(std::string_view wanted) {
    if (here().word != Word::name && here().word != Word::quoted_name) return unexpected(wanted);
    return take().text;
  }

  Result<> settings();
  Result<std::shared_ptr<Select>> told();
  Result<std::shared_ptr<Select>> united();
  Result<std::shared_ptr<Select>> select();
  Result<std::uint64_t> whole_number();
  Result<> limits(Select& out);
  Result<Order> ordering();
  Result<std::string> alias();
  Result<> from(Select& out);
  Result<std::string> join_here();
  Result<Source> source(const std::string& join);
  Result<Expr> expression();
  Result<Expr> node(Expr expr);
  Result<Expr> joined(std::string op, Expr left, Expr right);
  Result<Expr> either();
  Result<Expr> both();
  Result<Expr> negation();
  Result<Expr> comparison();
  Result<Expr> within(Expr left, bool negated);
  static bool is_constant(const Expr& expr);
  Result<Expr> sum();
  Result<Expr> product();
  Result<Expr> sign();
  Result<Expr> postfix();
  Result<std::string> type();
  Result<std::vector<Expr>> list(std::string_view end);
  Result<Expr> primary();
  Result<Expr> column();
  static int size_of(const Expr& expr);
  Result<Expr> choice();
  Result<Expr> cast();
  Result<Expr> interval();
  Result<Expr> moment(std::string_view kind);
  Result<Expr> call();
  Result<Expr> part_of_time();
  Result<Expr> parameter();
  Result<std::shared_ptr<Window>> window();
  Result<std::string> frame();
  Result<std::string> frame_edge();

  std::string_view text_;
  std::vector<Token> words_;
  const Bound& bound_;
  std::size_t at_ = 0;
  int depth_ = 0, nodes_ = 0;
};

}  // namespace pawl::sql
