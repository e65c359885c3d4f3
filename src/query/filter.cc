// Text of a filter → its tree; every mistake with its place and what may stand there.
#include <array>
#include <cmath>

#include "base/money.h"
#include "base/text.h"
#include "tree.h"

namespace pawl::query {
namespace {

constexpr std::size_t max_bytes = 8192, max_terms = 200, max_depth = 32;
constexpr std::size_t max_expected = 12;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool ends_word(char c) {
  return is_space(c) || c == '(' || c == ')' || c == '"';
}

// The candidates that are nearest in spelling first.
std::vector<std::string> by_likeness(std::string_view word, const std::vector<std::string_view>& candidates) {
  std::vector<std::pair<std::size_t, std::string_view>> ranked;
  for (const std::string_view name : candidates) ranked.emplace_back(edit_distance(word, name), name);
  std::ranges::sort(ranked);
  std::vector<std::string> out;
  for (const auto& [distance, name] : ranked)
    if (out.size() < max_expected) out.emplace_back(name);
  return out;
}

std::vector<std::string_view> dimension_names() {
  std::vector<std::string_view> names;
  for (const Dimension& dimension : dimension_table()) names.push_back(dimension.name);
  names.push_back(attribute_dimension.name);
  names.push_back(state_dimension.name);
  names.push_back(score_dimension.name);
  return names;
}

// Dimensions whose names users make.
const auto& open_dimensions() {
  static const std::array all = {&attribute_dimension, &score_dimension, &state_dimension};
  return all;
}

// "attr." of attr.NAME; "" of a dimension that has no names of users.
std::string open_prefix(const Dimension& dimension) {
  if (!has_one(open_dimensions(), &dimension)) return "";
  return std::string(dimension.name.substr(0, dimension.name.find('.') + 1));
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}
  std::expected<Node, FilterError> run();
  std::vector<Term> terms() { return std::move(terms_); }

 private:
  using Parsed = std::expected<Node, FilterError>;
  using Failure = std::unexpected<FilterError>;

  Parsed parse_or();
  Parsed parse_and();
  Parsed parse_atom();
  Parsed parse_group();
  Parsed parse_term(std::size_t start);
  Parsed parse_words(std::size_t start);
  Parsed parse_named(std::size_t start, std::size_t name_end);
  Parsed parse_flag(Term term, std::size_t at);
  Parsed parse_presence(Term term, std::size_t at);
  Parsed parse_comparison(Term term, const Dimension& dimension, Op op, std::size_t op_at);
  std::expected<void, FilterError> parse_values(std::vector<std::string>& values, std::vector<std::size_t>& places);
  std::expected<std::string, FilterError> parse_quoted();
  std::expected<void, FilterError> read_value(Leaf& leaf, std::size_t index, std::size_t at, std::size_t length) const;
  std::expected<const Dimension*, FilterError> dimension_called(std::string_view name, std::size_t at,
                                                                std::string_view before);

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  bool at_end() const { return at_ >= text_.size(); }
  bool at_word(std::string_view word) const;  // `or`, `and` standing alone
  std::size_t name_end() const;               // of a dimension's name from at_; at_ where none stands
  std::optional<Op> take_operator();
  Failure wrong(std::size_t at, std::size_t length, std::string message, std::vector<std::string> expected = {},
                std::string nearest = {}) const {
    return Failure(FilterError{at, length, std::move(message), std::move(expected), std::move(nearest)});
  }
  Node keep(Term term, Leaf leaf);

  std::string_view text_;
  std::size_t at_ = 0, depth_ = 0;
  bool negated_ = false;
  std::vector<Term> terms_;
};

bool Parser::at_word(std::string_view word) const {
  if (!equals_ignoring_case(text_.substr(at_, word.size()), word)) return false;
  const std::size_t end = at_ + word.size();
  return end >= text_.size() || ends_word(text_[end]);
}

std::size_t Parser::name_end() const {
  if (at_end() || !is_name_start(text_[at_])) return at_;
  std::size_t end = at_;
  while (end < text_.size() && is_name_char(text_[end])) ++end;
  return end;
}

std::optional<Op> Parser::take_operator() {
  const std::string_view rest = text_.substr(at_);
  for (const auto& [text, op] : {std::pair<std::string_view, Op>{"!=", Op::ne},
                                 {">=", Op::ge},
                                 {"<=", Op::le},
                                 {"=", Op::eq},
                                 {":", Op::eq},
                                 {"~", Op::contains},
                                 {">", Op::gt},
                                 {"<", Op::lt}})
    if (rest.starts_with(text)) {
      at_ += text.size();
      return op;
    }
  return std::nullopt;
}

Parser::Parsed Parser::run() {
  if (text_.size() > max_bytes) return wrong(max_bytes, text_.size() - max_bytes, "A filter is at most 8 KB long.");
  if (!is_utf8(text_)) return wrong(0, text_.size(), "A filter must be UTF-8 text.");
  auto node = parse_or();
  if (node && !at_end()) return wrong(at_, 1, "This ) closes nothing.", {"a term", "the end"});
  return node;
}

Node combine(Node::Kind kind, std::vector<Node> parts) {
  if (parts.size() == 1) return std::move(parts.front());
  Node out{.kind = kind, .leaf = {}, .children = {}};
  for (Node& part : parts) {
    if (part.kind == kind)
      std::ranges::move(part.children, std::back_inserter(out.children));
    else
      out.children.push_back(std::move(part));
  }
  return out;
}

Parser::Parsed Parser::parse_or() {
  std::vector<Node> parts;
  for (;;) {
    auto part = parse_and();
    if (!part) return part;
    parts.push_back(std::move(*part));
    if (!at_word("or")) return combine(Node::Kind::any, std::move(parts));
    at_ += 2;
  }
}

Parser::Parsed Parser::parse_and() {
  std::vector<Node> parts;
  for (;;) {
    skip_space();
    const bool joins = !at_end() && at_word("and");
    if (at_end() || text_[at_] == ')' || at_word("or") || (joins && parts.empty())) {
      if (!parts.empty()) return combine(Node::Kind::all, std::move(parts));
      return wrong(at_,
                   at_end() ? 0
                            : (at_word("or") ? 2
                               : joins       ? 3
                                             : 1),
                   "A term must stand here.", {"a term such as status=error", "a word", "("});
    }
    if (joins) {
      at_ += 3;
      skip_space();
      if (at_end()) return wrong(at_, 0, "A term must follow \"and\".", {"a term"});
    }
    auto part = parse_atom();
    if (!part) return part;
    parts.push_back(std::move(*part));
  }
}

Parser::Parsed Parser::parse_atom() {
  const std::size_t start = at_;
  if (text_[at_] != '-') return text_[at_] == '(' ? parse_group() : parse_term(start);
  ++at_;
  if (at_end() || is_space(text_[at_]) || text_[at_] == '-' || text_[at_] == ')')
    return wrong(start, 1, "A term must follow - at once.", {"a term", "("});
  negated_ = !negated_;
  auto inner = text_[at_] == '(' ? parse_group() : parse_term(start);
  negated_ = !negated_;
  if (!inner) return inner;
  if (inner->kind == Node::Kind::none) return std::move(inner->children.front());
  Node out{.kind = Node::Kind::none, .leaf = {}, .children = {}};
  out.children.push_back(std::move(*inner));
  return out;
}

Parser::Parsed Parser::parse_group() {
  const std::size_t open = at_++;
  if (++depth_ > max_depth) return wrong(open, 1, "Parentheses nest at most 32 deep.");
  auto inner = parse_or();
  if (!inner) return inner;
  if (at_end()) return wrong(open, 1, "This ( is never closed.", {")"});
  ++at_;
  --depth_;
  return inner;
}

Node Parser::keep(Term term, Leaf leaf) {
  term.end = at_;
  term.text = text_.substr(term.start, term.end - term.start);
  term.values = leaf.values;
  term.negated = negated_;
  terms_.push_back(std::move(term));
  return Node{.kind = Node::Kind::leaf, .leaf = std::move(leaf), .children = {}};
}

Parser::Parsed Parser::parse_term(std::size_t start) {
  if (terms_.size() >= max_terms) return wrong(start, 1, "A filter has at most 200 terms.");
  std::size_t end = name_end();
  const bool quoted_name =
      end < text_.size() && text_[end] == '"' &&
      std::ranges::any_of(
          open_dimensions(), [&](const Dimension* open) { return text_.substr(at_, end - at_) == open_prefix(*open); });
  if (quoted_name) {  // attr."any name"
    const std::size_t close = text_.find('"', end + 1);
    end = close == std::string_view::npos ? end : close + 1;
  }
  if (end > at_ && end < text_.size() && std::string_view("=:!~<>").contains(text_[end]) &&
      (text_[end] != '!' || text_.substr(end).starts_with("!=")))
    return parse_named(start, end);
  const std::size_t at = at_;
  if (take_operator())
    return wrong(at, at_ - at, "A dimension must stand before this.", by_likeness("", dimension_names()));
  return parse_words(start);
}

Parser::Parsed Parser::parse_words(std::size_t start) {
  Leaf leaf{.what = Leaf::What::words};
  Term term{.start = start};
  if (text_[at_] == '"') {
    auto words = parse_quoted();
    if (!words) return Failure(words.error());
    term.kind = "phrase";
    leaf.values.push_back(std::move(*words));
  } else {
    const std::size_t at = at_;
    while (!at_end() && !ends_word(text_[at_])) ++at_;
    term.kind = "word";
    leaf.values.emplace_back(text_.substr(at, at_ - at));
  }
  if (trim(leaf.values[0]).empty()) return wrong(start, at_ - start, "There is nothing to search for.", {"a word"});
  return keep(std::move(term), std::move(leaf));
}

std::expected<std::string, FilterError> Parser::parse_quoted() {
  const std::size_t open = at_++;
  std::string out;
  while (!at_end() && text_[at_] != '"') {
    if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
    out += text_[at_++];
  }
  if (at_end()) return wrong(open, text_.size() - open, "This quotation is never closed.", {"\""});
  ++at_;
  return out;
}

Parser::Parsed Parser::parse_named(std::size_t start, std::size_t name_end) {
  const std::size_t name_at = at_;
  const std::string_view written = text_.substr(at_, name_end - at_);
  const std::string name = to_lower(written);
  at_ = name_end;
  const std::size_t op_at = at_;
  const auto op = take_operator();
  PAWL_CHECK(op.has_value());
  Term term{.start = start};
  term.op = text_of(*op);
  if (name == "is" || name == "has") {
    if (*op != Op::eq) return wrong(op_at, at_ - op_at, fmt::format("After {} stands a colon.", name), {":"});
    term.kind = name;
    return name == "is" ? parse_flag(std::move(term), at_) : parse_presence(std::move(term), at_);
  }
  const auto dimension = dimension_called(written, name_at, "");
  if (!dimension) return Failure(dimension.error());
  term.kind = "dimension";
  term.dimension = (*dimension)->name;
  for (const Dimension* open : open_dimensions())
    if (*dimension == open)
      term.dimension = open_prefix(*open) + std::string(written.substr(open_prefix(*open).size()));
  return parse_comparison(std::move(term), **dimension, *op, op_at);
}

std::expected<const Dimension*, FilterError> Parser::dimension_called(std::string_view name, std::size_t at,
                                                                      std::string_view before) {
  const std::string lower = to_lower(name);
  for (const Dimension* open : open_dimensions()) {
    const std::string prefix = open_prefix(*open);
    if (!lower.starts_with(prefix)) continue;
    if (lower.size() > prefix.size()) return open;
    return wrong(at, name.size(), fmt::format("A name must follow \"{}\".", prefix), {std::string(open->name)});
  }
  if (const Dimension* dimension = find_dimension(lower)) return dimension;
  const auto names = dimension_names();
  const std::string_view near = nearest(lower, names);
  std::string message = fmt::format("{}No dimension is called {}.", before, name);
  if (!near.empty()) message += fmt::format(" Did you mean {}?", near);
  return wrong(at, name.size(), std::move(message), by_likeness(lower, names), std::string(near));
}

Parser::Parsed Parser::parse_flag(Term term, std::size_t at) {
  std::vector<std::size_t> places;
  Leaf leaf{.what = Leaf::What::flag};
  if (auto done = parse_values(leaf.values, places); !done) return Failure(done.error());
  if (leaf.values.size() > 1) return wrong(places[1], 1, "is: takes one word; write is:a or is:b.", {});
  for (const Flag& flag : flag_table())
    if (equals_ignoring_case(flag.name, leaf.values[0])) leaf.flag = &flag;
  if (leaf.flag == nullptr) {
    const std::string_view near = nearest(to_lower(leaf.values[0]), flags());
    std::string message = fmt::format("Nothing is known as is:{}.", leaf.values[0]);
    if (!near.empty()) message += fmt::format(" Did you mean is:{}?", near);
    return wrong(at, at_ - at, std::move(message), by_likeness(leaf.values[0], flags()), std::string(near));
  }
  term.dimension = leaf.flag->name;
  leaf.values = {std::string(leaf.flag->name)};
  return keep(std::move(term), std::move(leaf));
}

Parser::Parsed Parser::parse_presence(Term term, std::size_t at) {
  std::vector<std::size_t> places;
  Leaf leaf{.what = Leaf::What::has};
  if (auto done = parse_values(leaf.values, places); !done) return Failure(done.error());
  if (leaf.values.size() > 1) return wrong(places[1], 1, "has: takes one name; write has:a has:b.", {});
  const std::string written = leaf.values[0];
  for (const Presence& presence : presence_table())
    if (equals_ignoring_case(presence.name, written)) leaf.presence = &presence;
  if (leaf.presence != nullptr) {
    leaf.values = {std::string(leaf.presence->name)};
  } else {
    const auto dimension = dimension_called(written, at, "");
    if (!dimension) return Failure(dimension.error());
    leaf.dimension = *dimension;
    const std::string prefix = open_prefix(**dimension);
    if (!prefix.empty()) leaf.attribute = written.substr(prefix.size());
    leaf.values = {leaf.attribute.empty() ? std::string((*dimension)->name) : prefix + leaf.attribute};
    if (*dimension == &state_dimension) leaf.attribute = *attribute_of(leaf.values[0]);
  }
  term.dimension = leaf.values[0];
  return keep(std::move(term), std::move(leaf));
}

Parser::Parsed Parser::parse_comparison(Term term, const Dimension& dimension, Op op, std::size_t op_at) {
  if (!allows(dimension, op)) {
    std::vector<std::string> expected;
    for (const std::string_view other : operators_of(dimension)) expected.emplace_back(other);
    return wrong(op_at, at_ - op_at,
                 fmt::format("{} is no way to compare {}; try {}.", text_of(op), dimension.name, join(expected, " ")),
                 expected);
  }
  Leaf leaf{.what = Leaf::What::compare, .dimension = &dimension, .op = op};
  if (const std::string prefix = open_prefix(dimension); !prefix.empty()) {
    leaf.attribute = term.dimension.substr(prefix.size());
    if (leaf.attribute.starts_with('"')) leaf.attribute = leaf.attribute.substr(1, leaf.attribute.size() - 2);
    if (leaf.attribute.empty())
      return wrong(term.start, op_at - term.start, "There is no name.", {std::string(dimension.name)});
    term.dimension = prefix + leaf.attribute;
    if (&dimension == &state_dimension) leaf.attribute = *attribute_of(term.dimension);
  }
  std::vector<std::size_t> places;
  if (auto done = parse_values(leaf.values, places); !done) return Failure(done.error());
  const bool order = op != Op::eq && op != Op::ne && op != Op::contains;
  if (order && leaf.values.size() > 1)
    return wrong(places[1], 1, "Only one value can stand after < or >.", {"a space"});
  for (std::size_t i = 0; i < leaf.values.size(); ++i) {
    const std::size_t end = i + 1 < places.size() ? places[i + 1] - 1 : at_;
    if (auto done = read_value(leaf, i, places[i], end - places[i]); !done) return Failure(done.error());
  }
  return keep(std::move(term), std::move(leaf));
}

std::expected<void, FilterError> Parser::parse_values(std::vector<std::string>& values,
                                                      std::vector<std::size_t>& places) {
  for (;;) {
    places.push_back(at_);
    if (!at_end() && text_[at_] == '"') {
      auto quoted = parse_quoted();
      if (!quoted) return Failure(quoted.error());
      values.push_back(std::move(*quoted));
    } else {
      const std::size_t at = at_;
      while (!at_end() && !ends_word(text_[at_]) && text_[at_] != ',') ++at_;
      if (at_ == at) return wrong(at, at_end() ? 0 : 1, "A value must stand here.", {"a value", "\"\" for none"});
      values.emplace_back(text_.substr(at, at_ - at));
    }
    if (!at_end() && text_[at_] != ',' && text_[at_] != ')' && !is_space(text_[at_]))
      return wrong(at_, 1, "Put a value that holds quotes or parentheses in quotes.", {"a space", ","});
    if (at_end() || text_[at_] != ',') return {};
    ++at_;
  }
}

// The number of money, durations and times; the check of enumerations.
std::expected<void, FilterError> Parser::read_value(Leaf& leaf, std::size_t index, std::size_t at,
                                                    std::size_t length) const {
  const Dimension& dimension = *leaf.dimension;
  const std::string& value = leaf.values[index];
  const bool order = leaf.op != Op::eq && leaf.op != Op::ne && leaf.op != Op::contains;
  const auto refuse = [&](std::string_view what, std::vector<std::string> expected) {
    return wrong(at, length, fmt::format("{} is no {}.", value.empty() ? "\"\"" : value, what), std::move(expected));
  };
  switch (!leaf.attribute.empty() && order ? Type::number : dimension.type) {
    case Type::text:
      return {};
    case Type::enumeration: {
      leaf.values[index] = to_lower(value);
      if (has_one(dimension.values, leaf.values[index])) return {};
      const std::string_view near = nearest(leaf.values[index], dimension.values);
      return wrong(at, length,
                   fmt::format("{} is no {}.{}", value, dimension.name,
                               near.empty() ? "" : fmt::format(" Did you mean {}?", near)),
                   {dimension.values.begin(), dimension.values.end()}, std::string(near));
    }
    case Type::number: {
      const auto number = parse_double(value);
      if (!number || !std::isfinite(*number)) return refuse("number", {"a number such as 3 or 0.5"});
      leaf.real.push_back(*number);
      return {};
    }
    case Type::money: {
      const auto money = parse_dollars(value.starts_with('$') ? std::string_view(value).substr(1) : value);
      if (!money) return refuse("amount of dollars", {"dollars such as 0.05"});
      leaf.whole.push_back(money->pico);
      return {};
    }
    case Type::duration: {
      const auto duration = parse_duration(value);
      if (!duration) return refuse("duration", {"a duration such as 250ms, 10s, 5m, 2h"});
      leaf.whole.push_back(*duration);
      return {};
    }
    case Type::time: {
      const auto time = parse_time(value);
      if (!time) return refuse("time", {"a time such as 2026-11-21 or 2026-11-21T13:00:00Z"});
      leaf.whole.push_back(*time);
      return {};
    }
  }
  return {};
}

bool any_searches(const Node& node) {
  return node.kind == Node::Kind::leaf ? node.leaf.searches() : std::ranges::any_of(node.children, any_searches);
}

}  // namespace

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_name_char(char c) {
  return is_name_start(c) || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '/' || c == '@' || c == '$';
}

bool Leaf::searches() const {
  return what == What::words || (what == What::compare && op == Op::contains && dimension->name == "prompt");
}

std::expected<Filter, FilterError> Filter::parse(std::string_view text) {
  Filter filter;
  if (trim(text).empty()) return filter;
  Parser parser(text);
  auto node = parser.run();
  if (!node) return std::unexpected(std::move(node.error()));
  filter.root_ = std::make_shared<const Node>(std::move(*node));
  filter.terms_ = parser.terms();
  return filter;
}

bool Filter::searches_bodies() const {
  return root_ != nullptr && any_searches(*root_);
}
std::string Filter::text() const {
  return root_ == nullptr ? std::string() : print(*root_);
}

}  // namespace pawl::query
