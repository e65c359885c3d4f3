// Labels: interning, matching, printing.
#include "promql/labels.h"

#include <re2/re2.h>

#include <algorithm>

namespace pawl::promql {

std::string_view LabelSet::get(std::string_view name) const {
  for (const auto& [key, value] : pairs_)
    if (key == name) return value;
  return {};
}

std::string LabelSet::text() const {
  std::string out = "{";
  for (const auto& [name, value] : pairs_)
    out += fmt::format("{}{}={}", out.size() > 1 ? ", " : "", name, quoted(value));
  return out + "}";
}

bool sorts_before(Labels a, Labels b) {
  return a->pairs() < b->pairs();
}

Labels Interner::intern(Pairs pairs) {
  std::erase_if(pairs, [](const auto& pair) { return pair.second.empty(); });
  std::ranges::sort(pairs);
  std::string content;
  for (const auto& [name, value] : pairs) {
    content += fmt::format("{}:", name.size());
    content += name;
    content += fmt::format("{}:", value.size());
    content += value;
  }
  const auto found = known_.find(content);
  if (found != known_.end()) return found->second;
  const Labels made = &sets_.emplace_back(std::move(pairs));
  known_.emplace(std::move(content), made);
  return made;
}

Labels Interner::keep(Labels from, const std::vector<std::string>& names) {
  Pairs pairs;
  for (const auto& pair : from->pairs())
    if (std::ranges::find(names, pair.first) != names.end()) pairs.push_back(pair);
  return intern(std::move(pairs));
}

Labels Interner::without(Labels from, const std::vector<std::string>& names, bool name_too) {
  Pairs pairs;
  for (const auto& pair : from->pairs())
    if (std::ranges::find(names, pair.first) == names.end() && !(name_too && pair.first == metric_name))
      pairs.push_back(pair);
  return intern(std::move(pairs));
}

Labels Interner::nameless(Labels from) {
  const auto found = nameless_.find(from);
  if (found != nameless_.end()) return found->second;
  return nameless_[from] = without(from, {}, true);
}

Labels Interner::with(Labels from, std::string_view name, std::string_view value) {
  Pairs pairs;
  for (const auto& pair : from->pairs())
    if (pair.first != name) pairs.push_back(pair);
  pairs.emplace_back(name, value);
  return intern(std::move(pairs));
}

Result<std::shared_ptr<const re2::RE2>> whole_pattern(std::string_view text) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  options.set_max_mem(1 << 20);
  auto pattern = std::make_shared<const re2::RE2>(std::string(text), options);
  if (!pattern->ok()) return fail(ErrorKind::invalid, "error parsing regexp: {}", pattern->error());
  return pattern;
}

Result<Matcher> Matcher::create(std::string name, Op op, std::string value) {
  Matcher out{.name = std::move(name), .op = op, .value = std::move(value), .pattern = nullptr};
  if (op == Op::matches || op == Op::differs_from_pattern) out.pattern = TRY(whole_pattern(out.value));
  return out;
}

bool Matcher::holds(std::string_view of) const {
  switch (op) {
    case Op::equal:
      return of == value;
    case Op::differs:
      return of != value;
    case Op::matches:
      return re2::RE2::FullMatch(of, *pattern);
    case Op::differs_from_pattern:
      return !re2::RE2::FullMatch(of, *pattern);
  }
  return false;
}

std::string_view text_of(Matcher::Op op) {
  switch (op) {
    case Matcher::Op::equal:
      return "=";
    case Matcher::Op::differs:
      return "!=";
    case Matcher::Op::matches:
      return "=~";
    case Matcher::Op::differs_from_pattern:
      return "!~";
  }
  return "";
}

std::string Matcher::text() const {
  return fmt::format("{}{}{}", name, text_of(op), quoted(value));
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

}  // namespace pawl::promql
