// A filter's tree as conditions on rows of `spans`. Values are bound, everything else comes from tables.
#include "base/text.h"
#include "sql.h"

namespace pawl::query {
namespace {

using RangeOf = std::optional<Range>;

std::string joined(const std::vector<std::string>& parts, std::string_view by) {
  return parts.size() == 1 ? parts[0] : '(' + join(parts, by) + ')';
}

// Scripts that write without spaces are one token a sentence: there the word index is no help.
bool has_spaceless_script(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0xE1) return true;  // U+1000 and above
    if (byte == 0xE0 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) >= 0xB8) return true;  // U+0E00
  }
  return false;
}

// How many tokens the index (splitByNonAlpha) makes of it.
std::size_t tokens_of(std::string_view text) {
  std::size_t count = 0;
  bool inside = false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool word = byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z');
    count += word && !inside;
    inside = word;
  }
  return count;
}

// " AND at >= …": a body is received after its span started, but for a clock that is up to a day ahead.
std::string received_after(const RangeOf& range) {
  if (!range) return "";
  return fmt::format(" AND at >= toDateTime64({}, 3, 'UTC')", std::max<Nanos>(0, range->from / second - 86'400));
}

std::string words_condition(Sql& sql, std::string_view words, const RangeOf& range, bool whole_traces) {
  const std::string lower = to_lower(trim(words));
  const std::size_t tokens = tokens_of(lower);
  std::string condition = Sql::from("bodies") + received_after(range);
  const bool indexed = tokens > 0 && !has_spaceless_script(lower);
  if (indexed) condition += fmt::format(" AND hasAllTokens(lower(substring(text, 1, 65536)), {})", sql.text(lower));
  const bool one_word =
      indexed && tokens == 1 && tokens_of(lower.substr(0, 1)) + tokens_of(lower.substr(lower.size() - 1)) == 2;
  if (!one_word)
    condition += fmt::format(" AND positionCaseInsensitiveUTF8(substring(text, 1, 65536), {}) > 0", sql.text(lower));
  return whole_traces ? fmt::format("trace IN (SELECT trace {})", condition)
                      : fmt::format("(trace, span) IN (SELECT trace, span {})", condition);
}

// Spans whose system prompt holds the text. A prompt is stored once and used by many spans: by its hash.
std::string prompt_condition(Sql& sql, const Leaf& leaf, const RangeOf& range) {
  std::vector<std::string> any;
  for (const std::string& value : leaf.values)
    any.push_back(fmt::format("positionCaseInsensitiveUTF8(if(empty(bytes), text, bytes), {}) > 0", sql.text(value)));
  const std::string when =
      range ? fmt::format(" AND at >= fromUnixTimestamp64Nano({}, 'UTC') AND at < fromUnixTimestamp64Nano({}, 'UTC')",
                          range->from - day, range->to + day)
            : "";
  return fmt::format(
      "(trace, span) IN (SELECT trace, span {}{} AND hasAny(hashes, (SELECT groupArray(hash) {} AND (slot = 2 OR (slot "
      "= "
      "0 AND match(text, '\"role\" *: *\"(system|developer)\"'))) AND {})) GROUP BY trace, span HAVING sum(sign) > 0)",
      Sql::from("span_content"), when, Sql::from("bodies"), joined(any, " OR "));
}

std::string text_is(Sql& sql, const Leaf& leaf, std::string_view column, const std::string& value) {
  if (leaf.dimension->id) return fmt::format("{} = {}", column, sql.id(id_from_text(value)));
  if (leaf.dimension->type == Type::enumeration) {
    const auto known = std::ranges::find(leaf.dimension->values, value);
    PAWL_CHECK(known != leaf.dimension->values.end());
    return fmt::format("{} = {}", column, quoted_literal(*known));
  }
  const bool contains = leaf.op == Op::contains;
  if (leaf.dimension->list) {  // an element without text is none; has(…, '') misses it in a LowCardinality column
    if (value.empty()) return contains ? "1" : fmt::format("NOT arrayExists(x -> x != '', {})", column);
    if (contains)
      return fmt::format("arrayExists(x -> positionCaseInsensitiveUTF8(x, {}) > 0, {})", sql.text(value), column);
    return fmt::format("has({}, {})", column, sql.text(value));
  }
  if (contains) return fmt::format("positionCaseInsensitiveUTF8({}, {}) > 0", column, sql.text(value));
  return fmt::format("{} = {}", column, sql.text(value));
}

std::string number_is(Sql& sql, const Leaf& leaf, std::string_view expression) {
  if (leaf.op == Op::eq || leaf.op == Op::ne) {
    std::vector<std::string> any;
    for (const double value : leaf.real)
      any.push_back(fmt::format("{} = {}", expression, sql.bind("Float64", fmt::format("{}", value))));
    return fmt::format("{}ifNull({}, 0)", leaf.op == Op::ne ? "NOT " : "", joined(any, " OR "));
  }
  const std::string value = leaf.whole.empty() ? sql.bind("Float64", fmt::format("{}", leaf.real[0]))
                                               : sql.bind("Int64", fmt::format("{}", leaf.whole[0]));
  return fmt::format("ifNull({} {} {}, 0)", expression, text_of(leaf.op), value);
}

// One value of a score's term: a number is meant as the score's value, anything else as its text.
std::string score_is(Sql& sql, Op op, const std::string& value) {
  const auto text_is_one = fmt::format("text = {}", sql.text(value));
  if (op == Op::contains) return fmt::format("positionCaseInsensitiveUTF8(text, {}) > 0", sql.text(value));
  const std::string lower = to_lower(value);
  const auto number = lower == "true"    ? std::optional(1.0)
                      : lower == "false" ? std::optional(0.0)
                                         : parse_double(value);
  if (!number) return text_is_one;
  const bool equal = op == Op::eq || op == Op::ne;
  const std::string is = fmt::format("has_value AND value {} {}", equal ? "=" : text_of(op),
                                     sql.bind("Float64", fmt::format("{}", *number)));
  return equal ? fmt::format("(({}) OR {})", is, text_is_one) : '(' + is + ')';
}

// Spans that have a standing score for which a value holds, or whose trace or session has one.
std::string scored_condition(Sql& sql, const Leaf& leaf) {
  std::vector<std::string> any;
  if (leaf.what == Leaf::What::compare)
    for (const std::string& value : leaf.values) any.push_back(score_is(sql, leaf.op, value));
  std::string rows = fmt::format("{} AND name = {} AND gone = 0", Sql::from("scores FINAL"), sql.text(leaf.attribute));
  if (!any.empty()) rows += " AND " + joined(any, " OR ");
  const std::string found = fmt::format(
      "(trace IN (SELECT trace {0} AND span = 0 AND trace != 0) OR (trace, span) IN (SELECT trace, span {0} AND span "
      "!= "
      "0 AND trace != 0) OR span IN (SELECT span {0} AND span != 0 AND trace = 0) OR (session != '' AND session IN "
      "(SELECT session {0} AND trace = 0 AND span = 0)))",
      rows);
  return leaf.what == Leaf::What::compare && leaf.op == Op::ne ? "NOT " + found : found;
}

std::string compare_condition(Sql& sql, const Leaf& leaf) {
  if (leaf.of_scores()) return scored_condition(sql, leaf);
  const Dimension& dimension = *leaf.dimension;
  const std::string column =
      leaf.attribute.empty() ? std::string(dimension.sql) : fmt::format("attrs[{}]", sql.text(leaf.attribute));
  if (!leaf.attribute.empty() && !leaf.real.empty())
    return number_is(sql, leaf, fmt::format("toFloat64OrNull({})", column));
  if (dimension.type != Type::text && dimension.type != Type::enumeration) return number_is(sql, leaf, column);
  std::vector<std::string> any;
  for (const std::string& value : leaf.values) any.push_back(text_is(sql, leaf, column, value));
  return (leaf.op == Op::ne ? "NOT " : "") + joined(any, " OR ");
}

std::string presence_condition(Sql& sql, const Leaf& leaf) {
  if (leaf.presence != nullptr) return '(' + std::string(leaf.presence->sql) + ')';
  if (leaf.of_scores()) return scored_condition(sql, leaf);
  if (!leaf.attribute.empty()) return fmt::format("attrs[{}] != ''", sql.text(leaf.attribute));
  const Dimension& dimension = *leaf.dimension;
  if (dimension.list) return fmt::format("arrayExists(x -> x != '', {})", dimension.sql);
  if (dimension.id) return fmt::format("{} != 0", dimension.sql);
  if (dimension.type == Type::enumeration) return "1";
  if (dimension.type == Type::text) return fmt::format("{} != ''", dimension.sql);
  return fmt::format("({}) IS NOT NULL", dimension.sql);
}

}  // namespace

std::string quoted_literal(std::string_view of_ours) {
  PAWL_CHECK(of_ours.find_first_of("'\\{}") == std::string_view::npos);
  return fmt::format("'{}'", of_ours);
}

std::string leaf_condition(Sql& sql, const Leaf& leaf, const RangeOf& range, bool whole_traces) {
  switch (leaf.what) {
    case Leaf::What::words:
      return words_condition(sql, leaf.values[0], range, whole_traces);
    case Leaf::What::flag:
      return std::string(leaf.flag->sql);
    case Leaf::What::has:
      return presence_condition(sql, leaf);
    case Leaf::What::compare:
      break;
  }
  return leaf.searches() ? prompt_condition(sql, leaf, range) : compare_condition(sql, leaf);
}

std::string compare_total(Sql& sql, const Leaf& leaf) {
  if (leaf.dimension->type != Type::enumeration) return number_is(sql, leaf, leaf.dimension->total);
  std::vector<std::string> any;
  for (const std::string& value : leaf.values) any.push_back(text_is(sql, leaf, leaf.dimension->total, value));
  return (leaf.op == Op::ne ? "NOT " : "") + joined(any, " OR ");
}

std::string row_condition(Sql& sql, const Node& node, const RangeOf& range) {
  if (node.kind == Node::Kind::leaf) return '(' + leaf_condition(sql, node.leaf, range, false) + ')';
  if (node.kind == Node::Kind::none) return "NOT " + row_condition(sql, node.children[0], range);
  std::vector<std::string> parts;
  for (const Node& child : node.children) parts.push_back(row_condition(sql, child, range));
  return joined(parts, node.kind == Node::Kind::any ? " OR " : " AND ");
}

}  // namespace pawl::query
