// Words → tree, by precedence climbing; modifiers behind what they modify.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "promql/check.h"
#include "promql/lex.h"

namespace pawl::promql {
namespace {

constexpr int deepest = 100;

int precedence(std::string_view op) {
  if (op == "or") return 1;
  if (op == "and" || op == "unless") return 2;
  if (is_comparison(op)) return 3;
  if (op == "+" || op == "-") return 4;
  if (op == "*" || op == "/" || op == "%" || op == "atan2") return 5;
  return op == "^" ? 6 : 0;
}

std::string shown(const Token& token) {
  switch (token.word) {
    case Word::end:
      return "end of input";
    case Word::text:
      return fmt::format("string {}", quoted(token.text));
    case Word::name:
      return fmt::format("identifier {}", quoted(token.text));
    case Word::number:
      return fmt::format("number {}", quoted(token.text));
    case Word::duration:
      return fmt::format("duration {}", quoted(token.text));
    default:
      return quoted(token.text);
  }
}

class Parser {
 public:
  Parser(std::string_view text, std::vector<Token> tokens) : text_(text), tokens_(std::move(tokens)) {}

  Result<Expr> whole() {
    if (here().word == Word::end) return error(0, "no expression found in input");
    Expr expr = TRY(binary(1));
    if (here().word == Word::close) return error(here().begin, "unexpected right parenthesis ')'");
    if (here().word != Word::end) return unexpected("");
    return expr;
  }

 private:
  const Token& here() const { return tokens_[at_]; }
  const Token& take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool is(Word word) const { return here().word == word; }
  bool is_word(std::string_view word) const { return is(Word::name) && equals_ignoring_case(here().text, word); }
  std::unexpected<Error> error(std::size_t at, std::string_view message) const {
    return parse_error(text_, at, message);
  }
  std::unexpected<Error> unexpected(std::string_view where, std::string_view wanted = "") const {
    if (is(Word::end) && !open_.empty()) return error(text_.size(), fmt::format("unclosed left {}", open_.back()));
    return error(here().begin, fmt::format("unexpected {}{}{}{}", shown(here()), where.empty() ? "" : " in ", where,
                                           wanted.empty() ? "" : fmt::format(", expected {}", wanted)));
  }
  Result<> want(Word word, std::string_view where, std::string_view wanted) {
    if (!is(word)) return unexpected(where, wanted);
    take();
    return {};
  }

  // The operator that stands here, in lower case, or "".
  std::string operator_here() const {
    if (is(Word::op) && here().text != "=" && here().text != "=~" && here().text != "!~") return here().text;
    for (const std::string_view word : {"and", "or", "unless", "atan2"})
      if (is_word(word)) return std::string(word);
    return {};
  }

  Result<Expr> binary(int least) {
    if (++depth_ > deepest) return error(here().begin, "the expression is nested too deeply");
    Result<Expr> out = climb(least);
    --depth_;
    return out;
  }

  Result<Expr> climb(int least) {
    Expr left = TRY(unary());
    while (true) {
      const std::string op = operator_here();
      const int strength = precedence(op);
      if (op.empty() || strength < least) return left;
      Expr out{.kind = Kind::binary, .begin = left.begin, .name = op};
      take();
      TRY(modifiers(out));
      Expr right = TRY(binary(op == "^" ? strength : strength + 1));
      out.end = right.end;
      out.args.push_back(std::move(left));
      out.args.push_back(std::move(right));
      TRY(check_binary(text_, out));
      left = std::move(out);
      if (++breadth_ > 500) return error(left.begin, "too many operators");
    }
  }

  Result<> modifiers(Expr& out) {
    if (is_word("bool")) out.keeps_bool = true, take();
    if (is_word("on") || is_word("ignoring")) {
      out.matches_given = true;
      out.matching.on = is_word("on");
      take();
      out.matching.labels = TRY(labels("grouping opts"));
      std::ranges::sort(out.matching.labels);
      if (is_word("group_left") || is_word("group_right")) {
        out.matching.card = is_word("group_left") ? Matching::Card::many_to_one : Matching::Card::one_to_many;
        take();
        if (is(Word::open)) out.matching.include = TRY(labels("grouping opts"));
      }
    }
    return {};
  }

  Result<Expr> unary() { return is(Word::op) && (here().text == "-" || here().text == "+") ? signed_one() : postfix(); }

  Result<Expr> signed_one() {
    const Token sign = take();
    Expr inner = TRY(binary(6));  // binds as * does: only ^ is stronger
    if (inner.kind == Kind::number) {
      if (sign.text == "-") inner.number = -inner.number;
      inner.begin = sign.begin;
      return inner;
    }
    if (inner.type != ValueType::scalar && inner.type != ValueType::vector)
      return error(sign.begin, fmt::format("unary expression only allowed on expressions of type scalar or instant "
                                           "vector, got {}",
                                           quoted(name_of(inner.type))));
    Expr out{.kind = Kind::unary, .type = inner.type, .begin = sign.begin, .end = inner.end, .name = sign.text};
    out.args.push_back(std::move(inner));
    return out;
  }

  Result<Expr> postfix() {
    Expr expr = TRY(primary());
    int brackets = 0;
    while (true) {
      if (is(Word::open_bracket)) {
        if (++brackets > 20) return error(here().begin, "the expression is nested too deeply");
        expr = TRY(bracket(std::move(expr)));
      } else if (is_word("offset")) {
        TRY(offset(expr));
      } else if (is(Word::at)) {
        TRY(anchor(expr));
      } else {
        return expr;
      }
    }
  }

  Result<Millis> duration(std::string_view where) {
    if (!is(Word::duration)) return unexpected(where, "duration");
    return take().duration;
  }

  Result<Expr> bracket(Expr inner) {
    const std::size_t begin = take().begin;
    open_.push_back("bracket");
    const Millis range = TRY(duration("subquery or range selector"));
    if (range <= 0) return error(begin, "duration must be greater than 0");
    Expr out{.kind = Kind::window, .type = ValueType::matrix, .begin = inner.begin, .range = range};
    if (is(Word::colon)) {
      take();
      out.kind = Kind::subquery;
      if (is(Word::duration)) out.step = take().duration;
      if (inner.type != ValueType::vector && inner.type != ValueType::scalar)
        return error(inner.begin,
                     fmt::format("subquery is only allowed on instant vector, got {} instead", name_of(inner.type)));
    } else {
      if (inner.kind != Kind::selector) return error(begin, "ranges only allowed for vector selectors");
      if (inner.offset != 0) return error(begin, "no offset modifiers allowed before range");
      if (inner.anchor != Anchor::none) return error(begin, "no @ modifiers allowed before range");
    }
    open_.pop_back();
    if (!is(Word::close_bracket)) {
      open_.push_back("bracket");
      return unexpected("subquery or range selector", "\"]\"");
    }
    out.end = take().end;
    out.args.push_back(std::move(inner));
    return out;
  }

  // The selector or subquery that offset and @ are about.
  Expr* modified(Expr& expr) {
    if (expr.kind == Kind::selector || expr.kind == Kind::subquery) return &expr;
    return expr.kind == Kind::window ? &expr.args[0] : nullptr;
  }

  Result<> offset(Expr& expr) {
    const Token word = take();
    Expr* target = modified(expr);
    if (target == nullptr)
      return error(expr.begin,
                   "offset modifier must be preceded by an instant vector selector or range vector selector or a "
                   "subquery");
    if (target->offset != 0) return error(word.begin, "offset may not be set multiple times");
    const bool negative = is(Word::op) && here().text == "-";
    if (is(Word::op) && (here().text == "-" || here().text == "+")) take();
    const Millis length = TRY(duration("offset"));
    target->offset = negative ? -length : length;
    expr.end = tokens_[at_ - 1].end;
    return {};
  }

  Result<> anchor(Expr& expr) {
    const Token word = take();
    Expr* target = modified(expr);
    if (target == nullptr)
      return error(expr.begin,
                   "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery");
    if (target->anchor != Anchor::none) return error(word.begin, "@ <timestamp> may not be set multiple times");
    if (is_word("start") || is_word("end")) {
      target->anchor = is_word("start") ? Anchor::start : Anchor::end;
      take();
      TRY(want(Word::open, "@", "\"(\""));
      TRY(want(Word::close, "@", "\")\""));
    } else {
      const bool negative = is(Word::op) && here().text == "-";
      if (is(Word::op) && (here().text == "-" || here().text == "+")) take();
      if (!is(Word::number)) return unexpected("@", "timestamp");
      const double seconds = take().number * (negative ? -1 : 1);
      if (!(std::abs(seconds) < 9e12)) return error(word.begin, "timestamp out of bounds for @ modifier");
      target->anchor = Anchor::time;
      target->at = static_cast<Millis>(std::llround(seconds * 1000));
    }
    expr.end = tokens_[at_ - 1].end;
    return {};
  }

  Result<Expr> primary() {
    const Token& token = here();
    switch (token.word) {
      case Word::number: {
        take();
        return Expr{.kind = Kind::number, .begin = token.begin, .end = token.end, .number = token.number};
      }
      case Word::text: {
        take();
        return Expr{
            .kind = Kind::text, .type = ValueType::text, .begin = token.begin, .end = token.end, .text = token.text};
      }
      case Word::open:
        return parenthesised();
      case Word::open_brace:
        return selector({}, token.begin);
      case Word::name:
        return named();
      default:
        return unexpected("");
    }
  }

  Result<Expr> parenthesised() {
    Expr out{.kind = Kind::paren, .begin = take().begin};
    open_.push_back("parenthesis");
    Expr inner = TRY(binary(1));
    if (!is(Word::close)) return unexpected("", "\")\"");
    open_.pop_back();
    out.end = take().end;
    out.type = inner.type;
    out.args.push_back(std::move(inner));
    return out;
  }

  Result<Expr> named() {
    const Token token = here();
    const Word next = tokens_[at_ + 1].word;
    const std::string lower = lowered(token.text);
    if (next != Word::open_brace && (lower == "inf" || lower == "nan")) {
      take();
      const double value =
          lower == "inf" ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
      return Expr{.kind = Kind::number, .begin = token.begin, .end = token.end, .number = value};
    }
    const bool by_next = next == Word::name && (equals_ignoring_case(tokens_[at_ + 1].text, "by") ||
                                                equals_ignoring_case(tokens_[at_ + 1].text, "without"));
    if (is_aggregation(lower) && (next == Word::open || by_next)) return aggregation(lower);
    if (next == Word::open) return call();
    for (const std::string_view word : {"and", "or", "unless", "atan2", "by", "without", "on", "ignoring", "group_left",
                                        "group_right", "offset", "bool"})
      if (lower == word) return unexpected("");
    take();
    return selector(token.text, token.begin);
  }

  Result<std::vector<Expr>> arguments(std::string_view where) {
    std::vector<Expr> out;
    TRY(want(Word::open, where, "\"(\""));
    open_.push_back("parenthesis");
    while (!is(Word::close)) {
      if (!out.empty()) {
        TRY(want(Word::comma, where, "\",\" or \")\""));
        if (is(Word::close)) return error(here().begin, "trailing commas not allowed in function call args");
      }
      out.push_back(TRY(binary(1)));
      if (out.size() > 20) return error(out.back().begin, "too many arguments");
    }
    open_.pop_back();
    take();
    return out;
  }

  Result<Expr> call() {
    const Token name = take();
    const Signature* function = find_function(name.text);
    if (function == nullptr) return error(name.begin, fmt::format("unknown function with name {}", quoted(name.text)));
    Expr out{.kind = Kind::call, .type = function->gives, .begin = name.begin, .name = name.text};
    out.args = TRY(arguments("function call"));
    out.end = tokens_[at_ - 1].end;
    TRY(check_call(text_, out, *function));
    return out;
  }

  Result<std::vector<std::string>> labels(std::string_view where) {
    std::vector<std::string> out;
    TRY(want(Word::open, where, "\"(\""));
    open_.push_back("parenthesis");
    while (!is(Word::close)) {
      if (!is(Word::name) || here().text.find(':') != std::string::npos) return unexpected(where, "label");
      out.push_back(take().text);
      if (is(Word::comma))
        take();
      else if (!is(Word::close))
        return unexpected(where, "\",\" or \")\"");
    }
    open_.pop_back();
    take();
    return out;
  }

  Result<> grouping(Expr& out) {
    if (!is_word("by") && !is_word("without")) return {};
    if (out.grouped) return unexpected("aggregation");
    out.grouped = true;
    out.without = is_word("without");
    take();
    out.grouping = TRY(labels("grouping opts"));
    return {};
  }

  Result<Expr> aggregation(const std::string& name) {
    Expr out{.kind = Kind::aggregate, .type = ValueType::vector, .begin = take().begin, .name = name};
    TRY(grouping(out));
    out.args = TRY(arguments("aggregation"));
    TRY(grouping(out));
    out.end = tokens_[at_ - 1].end;
    TRY(check_aggregation(text_, out));
    return out;
  }

  Result<Expr> selector(std::string name, std::size_t begin) {
    Expr out{.kind = Kind::selector, .type = ValueType::vector, .begin = begin, .name = name};
    if (!name.empty()) out.matchers.push_back(TRY(Matcher::create(std::string(metric_name), Matcher::Op::equal, name)));
    if (is(Word::open_brace)) {
      take();
      open_.push_back("brace");
      while (!is(Word::close_brace)) {
        TRY(matcher(out));
        if (is(Word::comma))
          take();
        else if (!is(Word::close_brace))
          return unexpected("label matching", "\",\" or \"}\"");
      }
      open_.pop_back();
      take();
    }
    out.end = tokens_[at_ - 1].end;
    const bool narrows = std::ranges::any_of(out.matchers, [](const Matcher& one) { return !one.holds(""); });
    if (!narrows) return error(begin, "vector selector must contain at least one non-empty matcher");
    return out;
  }

  Result<> matcher(Expr& out) {
    if (!is(Word::name) || here().text.find(':') != std::string::npos)
      return unexpected("label matching", "identifier or \"}\"");
    const Token name = take();
    if (name.text == metric_name && !out.name.empty())
      return error(name.begin, fmt::format("metric name must not be set twice: {} or another", quoted(out.name)));
    static constexpr std::array<std::string_view, 4> ops = {"=", "!=", "=~", "!~"};
    const auto op = std::ranges::find(ops, here().text);
    if (!is(Word::op) || op == ops.end()) return unexpected("label matching", "label matching operator");
    take();
    if (!is(Word::text)) return unexpected("label matching", "string");
    const Token value = take();
    auto made = Matcher::create(name.text, static_cast<Matcher::Op>(op - ops.begin()), value.text);
    if (!made) return error(value.begin, made.error().what);
    out.matchers.push_back(std::move(*made));
    if (out.matchers.size() > 100) return error(name.begin, "too many label matchers");
    return {};
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0, breadth_ = 0;
  std::vector<std::string_view> open_;  // what is not closed yet
};

}  // namespace

Result<Expr> parse(std::string_view text) {
  return Parser(text, TRY(lex(text))).whole();
}

}  // namespace pawl::promql
