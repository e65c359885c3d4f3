// A filter's tree as text in normal form: parsing it gives the same tree.
#include "base/text.h"
#include "records/traces/traces.h"
#include "tree.h"

namespace pawl::query {
namespace {

std::string value_text(std::string_view value) {
  const bool plain = !value.empty() && value.find_first_of(" \t\n\r\",()") == std::string_view::npos;
  return plain ? std::string(value) : quoted(value);
}

// Whether a word would be read as something else.
bool plain_word(std::string_view word) {
  if (word.find_first_of(" \t\n\r\"()\\") != std::string_view::npos) return false;
  if (std::string_view("-=:~<>!").contains(word[0])) return false;
  if (equals_ignoring_case(word, "or") || equals_ignoring_case(word, "and")) return false;
  if (!is_name_start(word[0])) return true;
  std::size_t end = 0;
  while (end < word.size() && is_name_char(word[end])) ++end;
  return end == word.size() || !std::string_view("=:!~<>").contains(word[end]);
}

std::string named_text(const Leaf& leaf) {
  const bool of_state = leaf.dimension == &state_dimension;
  const std::string name = leaf.attribute.substr(of_state ? traces::state_attribute.size() : 0);
  const bool plain = std::ranges::all_of(name, is_name_char);
  return (leaf.of_scores() ? "score." : of_state ? "state." : "attr.") + (plain ? name : '"' + name + '"');
}

std::string print_leaf(const Leaf& leaf) {
  switch (leaf.what) {
    case Leaf::What::words:
      return plain_word(leaf.values[0]) ? leaf.values[0] : quoted(leaf.values[0]);
    case Leaf::What::flag:
      return "is:" + leaf.values[0];
    case Leaf::What::has:
      return "has:" + value_text(leaf.values[0]);
    case Leaf::What::compare:
      break;
  }
  std::string out = leaf.attribute.empty() ? std::string(leaf.dimension->name) : named_text(leaf);
  out += text_of(leaf.op);
  for (std::size_t i = 0; i < leaf.values.size(); ++i) {
    if (i > 0) out += ',';
    out += value_text(leaf.values[i]);
  }
  return out;
}

std::string print_within(const Node& node, Node::Kind outer) {
  const bool brackets = (outer == Node::Kind::none && node.kind != Node::Kind::leaf) ||
                        (outer == Node::Kind::all && node.kind == Node::Kind::any);
  return brackets ? '(' + print(node) + ')' : print(node);
}

}  // namespace

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string with_value(const Filter& filter, std::string_view dimension, std::string_view value) {
  const auto is_about = [&](const Node& node) {
    const Node& inner = node.kind == Node::Kind::none ? node.children[0] : node;
    return inner.kind == Node::Kind::leaf && inner.leaf.dimension != nullptr && inner.leaf.dimension->name == dimension;
  };
  std::string out;
  const auto keep = [&](const Node& node) {
    if (!is_about(node)) out += print_within(node, Node::Kind::all) + " ";
  };
  if (const Node* root = filter.root(); root != nullptr && root->kind == Node::Kind::all)
    std::ranges::for_each(root->children, keep);
  else if (root != nullptr)
    keep(*root);
  return out + fmt::format("{}={}", dimension, quoted(value));
}

std::string print(const Node& node) {
  if (node.kind == Node::Kind::leaf) return print_leaf(node.leaf);
  if (node.kind == Node::Kind::none) return '-' + print_within(node.children[0], Node::Kind::none);
  std::string out;
  for (const Node& child : node.children) {
    if (!out.empty()) out += node.kind == Node::Kind::any ? " or " : " ";
    out += print_within(child, node.kind);
  }
  return out;
}

}  // namespace pawl::query
