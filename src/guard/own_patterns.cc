// A project's own patterns: checked, found in texts, found in the texts of a JSON document.
#include "guard/own_patterns.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace pawl::guard {
namespace {

RE2::Options options() {
  RE2::Options out;
  out.set_log_errors(false);
  out.set_max_mem(4 << 20);
  return out;
}

re2::StringPiece piece_of(std::string_view text) {
  return {text.data(), text.size()};
}

// Names of JSON whose values are the structure of a request: hiding one would take the request apart.
bool is_structure(std::string_view name) {
  constexpr std::array<std::string_view, 21> names = {
      "id",         "traceId",   "spanId",       "parentSpanId",  "trace_id",
      "span_id",    "parent_id", "run_id",       "parent_run_id", "timestamp",
      "start_time", "end_time",  "startTime",    "endTime",       "started_at",
      "ended_at",   "type",      "dotted_order", "observationId", "parentObservationId",
      "key"};
  return name.ends_with("UnixNano") || std::ranges::find(names, name) != names.end();
}

std::size_t string_end(std::string_view json, std::size_t open) {  // the closing quote, or the end
  std::size_t at = open + 1;
  while (at < json.size() && json[at] != '"') at += json[at] == '\\' ? 2 : 1;
  return std::min(at, json.size());
}

std::size_t after_space(std::string_view json, std::size_t at) {
  while (at < json.size() && (json[at] == ' ' || json[at] == '\n' || json[at] == '\t' || json[at] == '\r')) ++at;
  return std::min(at, json.size());  // behind the end where a text is not closed
}

}  // namespace

struct OwnExpressions::One {
  std::string name;
  std::unique_ptr<const RE2> expression;
};

OwnExpressions::OwnExpressions(const std::vector<OwnPattern>& patterns) {
  for (const auto& one : patterns) {
    all_.push_back({one.name, std::make_unique<const RE2>(piece_of(one.pattern), options())});
    PAWL_CHECK(all_.back().expression->ok(), "{}", all_.back().expression->error());
  }
}
OwnExpressions::~OwnExpressions() = default;

void OwnExpressions::find(std::string_view text, std::vector<Secret>& out) const {
  for (const One& one : all_) {
    std::size_t from = 0;
    re2::StringPiece match;
    while (from < text.size() && one.expression->Match(piece_of(text), from, text.size(), RE2::UNANCHORED, &match, 1)) {
      const auto start = static_cast<std::size_t>(match.data() - text.data());
      from = start + std::max<std::size_t>(match.size(), 1);
      // What is hidden already is not hidden again.
      if (match.empty() ||
          std::string_view(match.data(), match.size()).find_first_not_of('*') == std::string_view::npos)
        continue;
      out.push_back({SecretKind::pattern, one.name, start, match.size()});
    }
  }
}

void OwnExpressions::find_in_json(std::string_view json, std::vector<Secret>& out) const {
  const auto look = [&](std::size_t from, std::size_t to) {
    std::vector<Secret> found;
    find(json.substr(from, to - from), found);
    for (Secret& one : found) one.start += from, out.push_back(one);
  };
  // A text as it is written, and what stands between its escapes: the n of \n is no letter before a word.
  const auto look_at_text = [&](std::size_t from, std::size_t to) {
    look(from, to);
    std::size_t at = json.substr(from, to - from).find('\\') + from;
    if (at < from || at >= to) return;
    for (std::size_t begin = from; begin < to; begin = at) {
      at = std::min(json.find('\\', begin), to);
      look(begin, at);
      if (at < to) at = std::min(to, at + (json.substr(at + 1, 1) == "u" ? 6 : 2));
    }
  };
  bool structure = false;  // the value that comes belongs to such a name
  for (std::size_t at = 0; at < json.size();) {
    if (json[at] == '"') {
      const std::size_t end = string_end(json, at);
      const bool is_name = json.substr(after_space(json, end + 1), 1) == ":";
      if (is_name)
        structure = is_structure(json.substr(at + 1, end - at - 1));
      else if (!structure)
        look_at_text(at + 1, end);
      at = end + 1;
    } else if ((json[at] >= '0' && json[at] <= '9') || json[at] == '-') {
      std::size_t end = at + 1;
      while (end < json.size() && std::string_view("0123456789+-.eE").find(json[end]) != std::string_view::npos) ++end;
      if (!structure) look(at, end);
      at = end;
    } else {
      if (json[at] == ',' || json[at] == '{' || json[at] == '}' || json[at] == ']') structure = false;
      ++at;
    }
  }
}

Result<> check(const OwnPattern& one) {
  if (one.name.empty() || one.name.size() > 60 || !is_utf8(one.name))
    return fail(ErrorKind::invalid, "A pattern needs a name of 1 to 60 bytes.");
  if (one.pattern.empty() || one.pattern.size() > longest_own_pattern)
    return fail(ErrorKind::invalid, "Pattern {}: its expression must have 1 to {} bytes.", one.name,
                longest_own_pattern);
  const RE2 expression(piece_of(one.pattern), options());
  if (!expression.ok())
    return fail(ErrorKind::invalid, "Pattern {}: {}. (RE2's syntax: no look-around, no back references.)", one.name,
                expression.error());
  if (RE2::FullMatch("", expression))
    return fail(ErrorKind::invalid, "Pattern {} matches an empty text, so it would match everywhere.", one.name);
  return {};
}

std::string rough_pattern(std::string_view pattern) {
  if (!std::ranges::all_of(pattern, [](char c) { return static_cast<unsigned char>(c) < 0x80; })) return {};
  std::string out;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      const char next = pattern[++i];
      if (next == 'p' || next == 'P' || next == 'Q' || next == 'C') return {};  // letters of Unicode, quotes
      if (!in_class && std::string_view("bBAzZ").find(next) != std::string_view::npos) continue;
      out += c, out += next;
    } else if (!in_class && (c == '^' || c == '$')) {
      continue;
    } else {
      if (!in_class && c == '[') {
        in_class = true;
        out += c;
        if (pattern.substr(i + 1, 1) == "^") out += pattern[++i];
        if (pattern.substr(i + 1, 1) == "]") out += "\\]", ++i;
        continue;
      }
      if (in_class && c == ']') in_class = false;
      out += c;
    }
  }
  return out;
}

}  // namespace pawl::guard
