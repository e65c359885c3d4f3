// Whether a span in memory passes a filter, by the same rules as the SQL of conditions.cc.
#include "base/text.h"
#include "tree.h"

namespace pawl::query {
namespace {

bool text_holds(Op op, std::string_view found, std::string_view wanted) {
  return op == Op::contains ? contains_ignoring_case(found, wanted) : found == wanted;
}

bool any_text(const Leaf& leaf, const SpanFacts& span) {
  std::vector<std::string_view> found =
      leaf.attribute.empty() ? span.texts(leaf.dimension->name) : std::vector{span.attribute(leaf.attribute)};
  std::erase(found, "");  // an element of a list without text is none
  if (found.empty()) found.emplace_back();
  for (const std::string& wanted : leaf.values)
    for (const std::string_view text : found) {
      if (leaf.dimension->id ? !text.empty() && id_from_text(text) == id_from_text(wanted)
                             : text_holds(leaf.op, text, wanted))
        return true;
    }
  return false;
}

bool number_holds(const Leaf& leaf, const SpanFacts& span) {
  const auto found = span.number(leaf.dimension->name);
  if (!found) return leaf.op == Op::ne;
  if (!leaf.whole.empty()) return compare(leaf.op, *found, leaf.whole[0]);
  if (leaf.op != Op::eq && leaf.op != Op::ne) return compare(leaf.op, static_cast<double>(*found), leaf.real[0]);
  return has_one(leaf.real, static_cast<double>(*found)) == (leaf.op == Op::eq);
}

bool compare_holds(const Leaf& leaf, const SpanFacts& span) {
  if (leaf.searches()) return false;
  if (leaf.of_scores()) return leaf.op == Op::ne;  // what has just come has no score yet
  if (!leaf.attribute.empty() && !leaf.real.empty()) {
    std::string_view text = span.attribute(leaf.attribute);
    if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);  // as toFloat64OrNull reads it
    const auto number = parse_double(text);
    return number && compare(leaf.op, *number, leaf.real[0]);
  }
  const Type type = leaf.dimension->type;
  if (type == Type::text || type == Type::enumeration) return any_text(leaf, span) == (leaf.op != Op::ne);
  return number_holds(leaf, span);
}

bool flag_holds(std::string_view flag, const SpanFacts& span) {
  if (flag == "error") return span.is_error();
  if (flag == "noise") return span.noise();
  if (flag == "blocked" || flag == "running" || flag == "unfinished") return has_one(span.texts("status"), flag);
  return !span.texts(std::string("is:") + std::string(flag)).empty();
}

bool presence_holds(const Leaf& leaf, const SpanFacts& span) {
  if (leaf.presence != nullptr) {
    if (leaf.presence->name == "error")
      return !span.texts("error_type").empty() || !span.texts("error_message").empty();
    return !span.texts(std::string("has:") + std::string(leaf.presence->name)).empty();
  }
  if (leaf.of_scores()) return false;
  if (!leaf.attribute.empty()) return !span.attribute(leaf.attribute).empty();
  const Type type = leaf.dimension->type;
  if (type != Type::text && type != Type::enumeration) return span.number(leaf.dimension->name).has_value();
  return std::ranges::any_of(span.texts(leaf.dimension->name), [](std::string_view text) { return !text.empty(); });
}

bool holds(const Node& node, const SpanFacts& span) {
  switch (node.kind) {
    case Node::Kind::all:
      return std::ranges::all_of(node.children, [&](const Node& c) { return holds(c, span); });
    case Node::Kind::any:
      return std::ranges::any_of(node.children, [&](const Node& c) { return holds(c, span); });
    case Node::Kind::none:
      return !holds(node.children[0], span);
    case Node::Kind::leaf:
      break;
  }
  switch (node.leaf.what) {
    case Leaf::What::words:
      return false;
    case Leaf::What::flag:
      return flag_holds(node.leaf.flag->name, span);
    case Leaf::What::has:
      return presence_holds(node.leaf, span);
    case Leaf::What::compare:
      return compare_holds(node.leaf, span);
  }
  return false;
}

}  // namespace

bool matches(const Filter& filter, const SpanFacts& span) {
  return filter.root() == nullptr || holds(*filter.root(), span);
}

}  // namespace pawl::query
