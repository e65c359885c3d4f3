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

// Since when there can be bodies of what spans in this window belong to: since the first of them began, by its own
// clock or by ours; of a long window by the rule above, for that is a walk over its spans. What reads text gains more.
std::string received_since(const Range& window, Nanos now, bool reads_text) {
  constexpr Nanos slack = 10 * minute;
  const Nanos longest = reads_text ? 14 * day : 6 * hour;
  if ((now > 0 ? std::min(now, window.to) : window.to) - window.from > longest) return received_after(window);
  return fmt::format(
      " AND at >= (SELECT fromUnixTimestamp64Milli(if(count() = 0, toInt64(4102444800000), "
      "min(least(toUnixTimestamp64Milli(received) - intDiv(duration, 1000000), intDiv({}, 1000000))) - {}), 'UTC') {})",
      start_sql, slack / millisecond, Sql::minutes(window));
}

// A phrase, or words, as a condition on a body; whether the index alone answers it.
struct TextCondition {
  std::string sql, tokens;  // tokens: what of it the index answers, "" for nothing
  bool by_index = false;
};

bool is_indexed(std::string_view lower) {
  return tokens_of(lower) > 0 && !has_spaceless_script(lower);
}

bool is_one_word(std::string_view lower) {
  return is_indexed(lower) && tokens_of(lower) == 1 &&
         tokens_of(lower.substr(0, 1)) + tokens_of(lower.substr(lower.size() - 1)) == 2;
}

TextCondition text_condition(Sql& sql, std::string_view words) {
  const std::string lower = to_lower(trim(words));
  const bool indexed = is_indexed(lower), one_word = is_one_word(lower);
  std::vector<std::string> all;
  if (indexed) all.push_back(fmt::format("hasAllTokens(lower(substring(text, 1, 65536)), {})", sql.text(lower)));
  if (!one_word)
    all.push_back(fmt::format("positionCaseInsensitiveUTF8(substring(text, 1, 65536), {}) > 0", sql.text(lower)));
  return {join(all, " AND "), indexed ? all[0] : "", one_word};
}

std::string words_condition(Sql& sql, std::string_view words, const RangeOf& range, bool whole_traces) {
  const std::string condition =
      fmt::format("{}{} AND {}", Sql::from("bodies"), received_after(range), text_condition(sql, words).sql);
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

bool read_text(const std::vector<const Leaf*>& words) {
  return std::ranges::any_of(words, [](const Leaf* leaf) { return !is_one_word(to_lower(trim(leaf->values[0]))); });
}

std::string searched_sql(Sql& sql, const std::vector<const Leaf*>& words, const Range& window, bool whole_traces) {
  PAWL_CHECK(!words.empty() && words.size() <= most_words);
  const std::string_view key = whole_traces ? "trace" : "trace, span";
  const std::string bodies = Sql::from("bodies") + received_since(window, sql.now(), read_text(words));
  std::vector<std::string> walks, any, bits;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto [condition, tokens, by_index] = text_condition(sql, words[i]->values[0]);
    if (by_index) {  // words share a walk that reads no text
      any.push_back(condition), bits.push_back(fmt::format("{} * {}", 1U << i, condition));
    } else {
      walks.push_back(fmt::format("SELECT {}, {} AS _bits {} AND {}", key, 1U << i, bodies, condition));
    }
  }
  if (!any.empty())
    walks.push_back(
        fmt::format("SELECT {}, {} AS _bits {} AND {}", key, join(bits, " + "), bodies, joined(any, " OR ")));
  return fmt::format("SELECT {0}, groupBitOr(toUInt8(_bits)) AS _words FROM ({1}) GROUP BY {0}", key,
                     join(walks, " UNION ALL "));
}

std::string words_counted(Sql& sql, const std::vector<const Leaf*>& words, const Range& window) {
  std::vector<std::string> counts;
  for (const Leaf* leaf : words) {
    const std::string tokens = text_condition(sql, leaf->values[0]).tokens;
    counts.push_back(fmt::format("assumeNotNull((SELECT toInt64(count()) {}{}{}))", Sql::from("bodies"),
                                 received_after(window), tokens.empty() ? "" : " AND " + tokens));
  }
  return "SELECT " + join(counts, ", ");
}

std::string held_by(Sql& sql, const Leaf& words, const Range& window, std::string_view traces) {
  return fmt::format("trace IN (SELECT trace {}{} AND trace IN ({}) AND {})", Sql::from("bodies"),
                     received_after(window), traces, text_condition(sql, words.values[0]).sql);
}

std::string all_words_condition(Sql& sql, const std::vector<const Leaf*>& words, const Range& window,
                                bool whole_traces) {
  const std::string_view key = whole_traces ? "trace" : "trace, span";
  if (words.size() == 1)  // no need to add up
    return fmt::format("{} IN (SELECT {} {}{} AND {})", whole_traces ? "trace" : "(trace, span)", key,
                       Sql::from("bodies"), received_since(window, sql.now(), read_text(words)),
                       text_condition(sql, words[0]->values[0]).sql);
  return fmt::format("{} IN (SELECT {} FROM ({}) WHERE _words = {})", whole_traces ? "trace" : "(trace, span)", key,
                     searched_sql(sql, words, window, whole_traces), (1U << words.size()) - 1);
}

std::string row_condition(Sql& sql, const Node& node, const RangeOf& range, const Known& known) {
  if (node.kind == Node::Kind::leaf) {
    const auto found = known.find(&node.leaf);
    return '(' + (found == known.end() ? leaf_condition(sql, node.leaf, range, false) : found->second) + ')';
  }
  if (node.kind == Node::Kind::none) return "NOT " + row_condition(sql, node.children[0], range, known);
  std::vector<std::string> parts;
  for (const Node& child : node.children) parts.push_back(row_condition(sql, child, range, known));
  return joined(parts, node.kind == Node::Kind::any ? " OR " : " AND ");
}

}  // namespace pawl::query
