// YAML read as JSON.
#include "yaml.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "yaml_scalars.h"

namespace pawl {
namespace {

constexpr int most_depth = 100;
constexpr std::size_t most_bytes = 64U << 20;

using Members = std::vector<std::pair<std::string, std::string>>;  // key → JSON

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<std::string> document() {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
    TRY(skip_blank());
    while (!ended() && text_[at_] == '%' && column() == 0) {
      skip_line();
      TRY(skip_blank());
    }
    if (marker("---")) at_ += 3;
    TRY(skip_blank());
    auto out = ended() || marker("...") ? std::string("null") : TRY(block());
    TRY(skip_blank());
    if (marker("...")) {
      at_ += 3;
      TRY(skip_blank());
    }
    if (marker("---")) return wrong("a second document begins: one is read");
    if (!ended()) return wrong("this belongs to nothing before it: look at the indentation");
    return out;
  }

 private:
  template <typename... Args>
  std::unexpected<Error> wrong(fmt::format_string<Args...> format, Args&&... args) const {
    const auto before = text_.substr(0, std::min(at_, text_.size()));
    return fail(ErrorKind::invalid, "line {}: {}", 1 + std::ranges::count(before, '\n'),
                fmt::format(format, std::forward<Args>(args)...));
  }

  bool ended() const { return at_ >= text_.size(); }
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\n'; }
  bool space_at(std::size_t ahead) const {
    const char c = peek(ahead);
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
  }
  bool indicator(char c) const { return !ended() && text_[at_] == c && space_at(1); }
  bool marker(std::string_view word) const {
    return column() == 0 && text_.substr(std::min(at_, text_.size())).starts_with(word) && space_at(3);
  }
  int column() const {
    const auto line = at_ == 0 ? std::string_view::npos : text_.rfind('\n', at_ - 1);
    return static_cast<int>(line == std::string_view::npos ? at_ : at_ - line - 1);
  }
  void skip_line() { at_ = std::min(text_.find('\n', at_), text_.size()); }
  void skip_spaces() {
    while (!ended() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  bool comment_here() const {
    return !ended() && text_[at_] == '#' && (at_ == 0 || std::string_view(" \t\n\r").contains(text_[at_ - 1]));
  }
  // Nothing but white space and a comment is left of the line.
  bool line_done() {
    skip_spaces();
    return ended() || text_[at_] == '\n' || text_[at_] == '\r' || comment_here();
  }

  Result<> skip_blank() {
    for (;;) {
      const std::size_t start = at_;
      while (!ended() && text_[at_] == ' ') ++at_;
      if (!ended() && text_[at_] == '\t') {
        skip_spaces();
        if (!line_done() && text_.substr(start, at_ - start).find('\t') != std::string_view::npos &&
            (start == 0 || text_[start - 1] == '\n'))
          return wrong("a tab cannot indent: use spaces");
      }
      if (comment_here()) skip_line();
      if (ended() || (text_[at_] != '\n' && text_[at_] != '\r')) return {};
      ++at_;
    }
  }

  Result<> deeper() {
    if (depth_ >= most_depth) return fail(ErrorKind::exhausted, "It is nested deeper than {}.", most_depth);
    ++depth_;
    return {};
  }

  // ---- blocks

  // What stands at `at_`, the first of its line or after "- ".
  Result<std::string> block() {
    TRY(deeper());
    const char c = text_[at_];
    auto out = indicator('-')         ? sequence(column())
               : indicator('?')       ? complex_key()
               : key_here()           ? mapping(column())
               : c == '&' || c == '!' ? value(column() - 1)
                                      : scalar_or_flow(column() - 1);
    --depth_;
    if (out && out->size() > most_bytes) return fail(ErrorKind::exhausted, "It grows beyond {} bytes.", most_bytes);
    return out;
  }

  Result<std::string> complex_key() const { return wrong("keys that are more than a text (\"? \") are not read"); }

  Result<std::string> sequence(int indent) {
    std::string out = "[";
    while (!ended() && column() == indent && indicator('-')) {
      ++at_;
      skip_spaces();
      if (out.size() > 1) out += ',';
      const bool nested = !line_done() && (indicator('-') || key_here());
      out += TRY(nested ? block() : value(indent));
      TRY(skip_blank());
    }
    if (!ended() && column() > indent) return wrong("this stands deeper than the list before it");
    return out + "]";
  }

  Result<std::string> mapping(int indent) {
    Members members, merged;
    while (!ended() && column() == indent && !marker("---") && !marker("...")) {
      if (!key_here()) return wrong("a key and a colon (\"key: \") is wanted here");
      auto key = TRY(key_text());
      auto one = TRY(value(indent, true));
      TRY(add(members, merged, std::move(key), std::move(one)));
      TRY(skip_blank());
    }
    if (!ended() && column() > indent) return wrong("this stands deeper than the keys before it");
    return joined(members, merged);
  }

  Result<> add(Members& members, Members& merged, std::string key, std::string one) {
    if (key == "<<" && (one.starts_with('{') || one.starts_with('['))) {
      TRY(merge(merged, one));
      return {};
    }
    if (std::ranges::any_of(members, [&](const auto& other) { return other.first == key; }))
      return wrong("the key {} stands twice", key);
    members.emplace_back(std::move(key), std::move(one));
    return {};
  }

  Result<> merge(Members& into, std::string_view json) {
    auto found = yaml::members_of(json);
    if (!found) return wrong("\"<<\" wants a map, or a list of maps");
    for (auto& one : *found)
      if (std::ranges::none_of(into, [&](const auto& other) { return other.first == one.first; }))
        into.push_back(std::move(one));
    return {};
  }

  static std::string joined(const Members& members, const Members& merged) {
    std::string out = "{";
    const auto write = [&](const auto& one) {
      if (out.size() > 1) out += ',';
      append_json_string(out, one.first);
      out += ':';
      out += one.second;
    };
    for (const auto& one : merged)
      if (std::ranges::none_of(members, [&](const auto& other) { return other.first == one.first; })) write(one);
    for (const auto& one : members) write(one);
    return out + "}";
  }

  // Whether a key with its colon begins here, on this line.
  bool key_here() const {
    std::size_t i = at_;
    if (i >= text_.size()) return false;
    const char c = text_[i];
    if (c == '"' || c == '\'') {
      const auto end = yaml::quoted_end(text_, i);
      if (!end || text_.substr(i, *end - i).find('\n') != std::string_view::npos) return false;
      i = *end;
      while (i < text_.size() && text_[i] == ' ') ++i;
      return i < text_.size() && text_[i] == ':' &&
             (i + 1 >= text_.size() || std::string_view(" \t\r\n").contains(text_[i + 1]));
    }
    if (std::string_view("[]{},#&*!|>%@`").contains(c)) return false;
    for (; i < text_.size() && text_[i] != '\n'; ++i) {
      if (text_[i] == '#' && i > at_ && (text_[i - 1] == ' ' || text_[i - 1] == '\t')) return false;
      if (text_[i] == ':' && (i + 1 >= text_.size() || std::string_view(" \t\r\n").contains(text_[i + 1]))) return true;
    }
    return false;
  }

  Result<std::string> key_text() {
    std::string out;
    if (text_[at_] == '"' || text_[at_] == '\'') {
      out = TRY(quoted());
      skip_spaces();
    } else {
      const std::size_t start = at_;
      while (text_[at_] != ':' || !space_at(1)) ++at_;
      out = trim(text_.substr(start, at_ - start));
    }
    ++at_;  // the colon
    return out;
  }

  // ---- what stands behind a colon, a dash, or alone

  Result<std::string> value(int indent, bool of_key = false) {
    std::string anchor;
    for (;;) {
      if (line_done()) break;
      if (text_[at_] == '&') {
        ++at_;
        anchor = word();
      } else if (text_[at_] == '!') {
        word();
      } else {
        break;
      }
    }
    auto out = TRY(bare_value(indent, of_key));
    if (!anchor.empty()) anchors_[anchor] = out;
    return out;
  }

  Result<std::string> bare_value(int indent, bool of_key) {
    if (!line_done()) {
      auto out = TRY(scalar_or_flow(indent));
      if (!line_done()) return wrong("this follows a value that has ended");
      return out;
    }
    TRY(skip_blank());
    if (ended() || marker("---") || marker("...")) return std::string("null");
    if (column() > indent) return block();
    if (of_key && column() == indent && indicator('-')) {
      TRY(deeper());
      auto out = sequence(indent);
      --depth_;
      return out;
    }
    return std::string("null");
  }

  std::string word() {
    const std::size_t start = at_;
    while (!ended() && !space_at(0) && !std::string_view(",[]{}").contains(text_[at_])) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }

  Result<std::string> alias() {
    ++at_;
    const std::string name = word();
    const auto found = anchors_.find(name);
    if (found == anchors_.end()) return wrong("there is no anchor &{} before it", name);
    grown_ += found->second.size();
    if (grown_ > most_bytes) return fail(ErrorKind::exhausted, "Its aliases grow beyond {} bytes.", most_bytes);
    return found->second;
  }

  Result<std::string> scalar_or_flow(int indent) {
    const char c = text_[at_];
    if (c == '*') return alias();
    if (c == '"' || c == '\'') return json_quote(TRY(quoted()));
    if (c == '[' || c == '{') return flow();
    if (c == '|' || c == '>') return block_text(indent);
    if (std::string_view("%@`,]}").contains(c)) return wrong("a text cannot begin with {}: put it in quotes", c);
    return plain(indent);
  }

  Result<std::string> quoted() {
    const auto end = yaml::quoted_end(text_, at_);
    if (!end) return wrong("the quote that opens here is never closed");
    auto out = yaml::unquoted(text_.substr(at_, *end - at_));
    if (!out) return wrong("{}", out.error().what);
    at_ = *end;
    return std::move(*out);
  }

  Result<std::string> block_text(int indent) {
    const auto read = yaml::block_text(text_, at_, indent);
    if (!read) return wrong("{}", read.error().what);
    at_ = read->end;
    return json_quote(read->text);
  }

  // A plain text, over all lines that stand deeper than `indent`.
  Result<std::string> plain(int indent) {
    std::string out(plain_line());
    for (;;) {
      const std::size_t before = at_;
      if (!line_done() || comment_here()) break;
      std::size_t lines = 0;
      while (!ended() && (text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == ' '))
        lines += text_[at_++] == '\n' ? 1 : 0;
      if (ended() || column() <= indent || comment_here() || marker("---") || marker("...")) {
        at_ = before;
        break;
      }
      if (key_here()) return wrong("a key stands within a text: put the text in quotes, or look at the indentation");
      out += lines > 1 ? std::string(lines - 1, '\n') : " ";
      out += plain_line();
    }
    return yaml::resolved(out);
  }

  std::string_view plain_line() {
    const std::size_t start = at_;
    while (!ended() && text_[at_] != '\n' && text_[at_] != '\r' && !comment_here() &&
           !(text_[at_] == ':' && space_at(1)))
      ++at_;
    return trim(text_.substr(start, at_ - start));
  }

  // ---- flow: [a, b], {a: b}

  Result<std::string> flow() {
    TRY(deeper());
    const bool list = text_[at_] == '[';
    ++at_;
    auto out = list ? flow_list() : flow_map();
    --depth_;
    return out;
  }

  Result<std::string> flow_list() {
    std::string out = "[";
    for (;;) {
      TRY(skip_blank());
      if (ended()) return wrong("[ is never closed");
      if (text_[at_] == ']') break;
      if (out.size() > 1) out += ',';
      auto one = TRY(flow_value());
      TRY(skip_blank());
      if (!ended() && text_[at_] == ':') {  // [a: b] is [{a: b}]
        ++at_;
        TRY(skip_blank());
        one = fmt::format("{{{}:{}}}", yaml::as_key(one), TRY(flow_value()));
        TRY(skip_blank());
      }
      out += one;
      if (!ended() && text_[at_] == ',')
        ++at_;
      else if (!ended() && text_[at_] != ']')
        return wrong("a comma or ] is wanted");
    }
    ++at_;
    return out + "]";
  }

  Result<std::string> flow_map() {
    Members members, merged;
    for (;;) {
      TRY(skip_blank());
      if (ended()) return wrong("{{ is never closed");
      if (text_[at_] == '}') break;
      const auto key = TRY(flow_value());
      TRY(skip_blank());
      std::string one = "null";
      if (!ended() && text_[at_] == ':') {
        ++at_;
        TRY(skip_blank());
        if (!ended() && text_[at_] != ',' && text_[at_] != '}') one = TRY(flow_value());
        TRY(skip_blank());
      }
      TRY(add(members, merged, yaml::key_of(key), std::move(one)));
      if (!ended() && text_[at_] == ',')
        ++at_;
      else if (!ended() && text_[at_] != '}')
        return wrong("a comma or }} is wanted");
    }
    ++at_;
    return joined(members, merged);
  }

  Result<std::string> flow_value() {
    if (ended()) return wrong("a list or map ends in the middle");
    const char c = text_[at_];
    if (c == '[' || c == '{') return flow();
    if (c == '"' || c == '\'') return json_quote(TRY(quoted()));
    if (c == '*') return alias();
    std::string anchor;
    if (c == '&') {
      ++at_;
      anchor = word();
      TRY(skip_blank());
      auto out = TRY(flow_value());
      anchors_[anchor] = out;
      return out;
    }
    std::string out;
    while (!ended() && !std::string_view(",[]{}").contains(text_[at_]) && !comment_here() && !flow_colon()) {
      const bool line_end = text_[at_] == '\n' || text_[at_] == '\r';
      out += line_end ? ' ' : text_[at_];
      ++at_;
      while (line_end && !ended() && space_at(0)) ++at_;
    }
    return yaml::resolved(trim(out));
  }

  bool flow_colon() const { return text_[at_] == ':' && (space_at(1) || std::string_view(",[]{}").contains(peek(1))); }

  std::string_view text_;
  std::size_t at_ = 0, grown_ = 0;
  int depth_ = 0;
  std::unordered_map<std::string, std::string> anchors_;  // → JSON
};

}  // namespace

Result<std::string> yaml_to_json(std::string_view text) {
  if (!is_utf8(text)) return fail(ErrorKind::invalid, "It is no text in UTF-8.");
  return Reader(text).document();
}

}  // namespace pawl
