// Texts of YAML.
#include "yaml_scalars.h"

#include <simdjson.h>

#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "base/text.h"

namespace pawl::yaml {
namespace {

void append_utf8(std::string& out, std::uint32_t c) {
  if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) c = 0xFFFD;
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

std::optional<std::uint32_t> hex_at(std::string_view text, std::size_t at, std::size_t digits) {
  if (at + digits > text.size()) return std::nullopt;
  std::uint32_t out = 0;
  for (const char c : text.substr(at, digits)) {
    const auto place = std::string_view("0123456789abcdef").find(to_lower({&c, 1}));
    if (place == std::string_view::npos) return std::nullopt;
    out = out * 16 + static_cast<std::uint32_t>(place);
  }
  return out;
}

// A line end within quotes: one is a space, each further one a line end; white space around them goes.
std::size_t fold(std::string_view text, std::size_t at, std::string& out, std::size_t keep) {
  while (out.size() > keep && (out.back() == ' ' || out.back() == '\t')) out.pop_back();
  std::size_t lines = 0;
  for (; at < text.size() && std::string_view(" \t\r\n").contains(text[at]); ++at) lines += text[at] == '\n' ? 1 : 0;
  out += lines > 1 ? std::string(lines - 1, '\n') : " ";
  return at;
}

// What stands behind a backslash; gives the place behind it.
Result<std::size_t> escape(std::string_view text, std::size_t at, std::string& out) {
  constexpr std::string_view plain = "0abtnvfre\"/\\ N_LP\t";
  constexpr std::uint32_t means[] = {0,   7,   8,    9,   10,   11,   12,     13,     27,
                                     '"', '/', '\\', ' ', 0x85, 0xA0, 0x2028, 0x2029, '\t'};
  if (at >= text.size()) return fail(ErrorKind::invalid, "the text ends with a backslash");
  if (const auto known = plain.find(text[at]); known != std::string_view::npos) {
    append_utf8(out, means[known]);
    return at + 1;
  }
  const std::size_t digits = text[at] == 'x' ? 2 : text[at] == 'u' ? 4 : text[at] == 'U' ? 8 : 0;
  auto code = digits == 0 ? std::nullopt : hex_at(text, at + 1, digits);
  if (!code) return fail(ErrorKind::invalid, "\\{} is no escape (single quotes take a backslash as it is)", text[at]);
  at += 1 + digits;
  if (*code >= 0xD800 && *code < 0xDC00 &&
      text.substr(at).starts_with("\\u")) {  // as JSON writes what is beyond 16 bits
    if (const auto low = hex_at(text, at + 2, 4); low && *low >= 0xDC00 && *low < 0xE000) {
      code = 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00);
      at += 6;
    }
  }
  append_utf8(out, *code);
  return at;
}

}  // namespace

std::optional<std::size_t> quoted_end(std::string_view text, std::size_t at) {
  const char quote = text[at];
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 >= text.size() || text[i + 1] != '\'') return i + 1;
      ++i;
    }
  }
  return std::nullopt;
}

Result<std::string> unquoted(std::string_view quoted) {
  const bool twice = quoted.front() == '"';
  const auto text = quoted.substr(1, quoted.size() - 2);
  std::string out;
  std::size_t keep = 0;  // white space that was escaped stays
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '\n' || c == '\r') {
      i = fold(text, i, out, keep);
    } else if (twice && c == '\\' && i + 1 < text.size() && (text[i + 1] == '\n' || text[i + 1] == '\r')) {
      i = text.find('\n', i);
      i = i == std::string_view::npos ? text.size() : std::min(text.find_first_not_of(" \t", i + 1), text.size());
    } else if (twice && c == '\\') {
      i = TRY(escape(text, i + 1, out));
      keep = out.size();
    } else {
      out += c;
      i += !twice && c == '\'' ? 2 : 1;
    }
  }
  return out;
}

namespace {

struct Header {
  char chomp = ' ';  // '+' keeps all line ends, '-' none
  int indent = 0;    // said in digits
};

Result<Header> header_of(std::string_view line) {
  Header out;
  line.remove_prefix(1);
  for (const char c : trim(line.substr(0, line.find(" #")))) {
    if (c == '+' || c == '-') {
      out.chomp = c;
    } else if (c >= '1' && c <= '9' && out.indent == 0) {
      out.indent = c - '0';
    } else {
      return fail(ErrorKind::invalid, "behind | or > stand only +, - and a digit");
    }
  }
  return out;
}

struct Lines {
  std::vector<std::string_view> lines;  // without their indentation
  std::size_t end = 0;
};

// The lines of a block: those that stand as deep as its first, and empty ones.
Lines lines_of(std::string_view text, std::size_t at, int parent, int said) {
  Lines out{.end = at};
  std::size_t indent = said > 0 ? static_cast<std::size_t>(std::max(parent, 0) + said) : 0;
  while (at < text.size()) {
    const std::size_t start = at + 1, end = std::min(text.find('\n', start), text.size());
    if (start >= text.size()) break;
    auto line = text.substr(start, end - start);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::size_t first = line.find_first_not_of(' ');
    if (first == std::string_view::npos) {
      out.lines.push_back(indent > 0 && line.size() > indent ? line.substr(indent) : "");
    } else {
      if (indent == 0 && static_cast<int>(first) > parent) indent = first;
      if (static_cast<int>(first) <= parent || first < indent) break;
      out.lines.push_back(line.substr(indent));
    }
    out.end = at = end;
  }
  return out;
}

std::string folded(const std::vector<std::string_view>& lines) {
  std::string out;
  const auto deep = [](std::string_view line) { return line.starts_with(' ') || line.starts_with('\t'); };
  for (std::size_t i = 0; i < lines.size(); ++i) {
    out += lines[i];
    std::size_t next = i + 1, empty = 0;
    while (next < lines.size() && lines[next].empty()) ++next, ++empty;
    if (next >= lines.size()) break;
    const bool kept = lines[i].empty() || deep(lines[i]) || deep(lines[next]);
    out += empty > 0 || kept ? std::string(empty + (kept ? 1 : 0), '\n') : " ";
    i = next - 1;
  }
  return out;
}

}  // namespace

Result<BlockText> block_text(std::string_view text, std::size_t at, int indent) {
  const std::size_t line_end = std::min(text.find('\n', at), text.size());
  const auto header = TRY(header_of(text.substr(at, line_end - at)));
  auto [lines, end] = lines_of(text, line_end, indent, header.indent);
  std::size_t trailing = 0;
  while (!lines.empty() && lines.back().empty()) lines.pop_back(), ++trailing;
  BlockText out{.text = "", .end = end};
  if (text[at] == '>') {
    out.text = folded(lines);
  } else {
    for (std::size_t i = 0; i < lines.size(); ++i) out.text += fmt::format("{}{}", i == 0 ? "" : "\n", lines[i]);
  }
  if (header.chomp != '-' && !lines.empty()) out.text += '\n';
  if (header.chomp == '+') out.text.append(trailing, '\n');
  return out;
}

std::string resolved(std::string_view plain) {
  const auto is = [&](std::initializer_list<std::string_view> words) {
    return std::ranges::find(words, plain) != words.end();
  };
  if (plain.empty() || is({"~", "null", "Null", "NULL"})) return "null";
  if (is({"true", "True", "TRUE"})) return "true";
  if (is({"false", "False", "FALSE"})) return "false";
  const auto digits = plain.substr(plain.starts_with('-') || plain.starts_with('+') ? 1 : 0);
  if (digits.empty() || digits.find_first_not_of("0123456789.eE+-") != std::string_view::npos ||
      digits.find_first_of("0123456789") == std::string_view::npos || digits.starts_with('e') ||
      digits.starts_with('E'))
    return json_quote(plain);
  if (const auto whole = parse_int(plain.starts_with('+') ? digits : plain)) return fmt::format("{}", *whole);
  const auto number = parse_double(plain.starts_with('+') ? digits : plain);
  if (!number || !std::isfinite(*number)) return json_quote(plain);
  if (*number == 0) return "0";
  JsonWriter out;
  return out.value(*number).take();
}

std::string key_of(const std::string& json) {
  simdjson::dom::parser parser;
  std::string_view text;
  if (!json.starts_with('"') || parser.parse(json).get(text)) return json;
  return std::string(text);
}

std::string as_key(const std::string& json) {
  return json.starts_with('"') ? json : json_quote(json);
}

std::optional<std::vector<std::pair<std::string, std::string>>> members_of(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  simdjson::dom::array list;
  std::vector<std::pair<std::string, std::string>> out;
  const auto take = [&](simdjson::dom::element one) {
    simdjson::dom::object object;
    if (one.get(object)) return false;
    for (const auto field : object)
      if (std::ranges::none_of(out, [&](const auto& other) { return other.first == field.key; }))
        out.emplace_back(field.key, simdjson::minify(field.value));
    return true;
  };
  if (parser.parse(simdjson::padded_string(json)).get(root)) return std::nullopt;
  if (root.get(list)) return take(root) ? std::optional(std::move(out)) : std::nullopt;
  for (const auto one : list)
    if (!take(one)) return std::nullopt;
  return out;
}

}  // namespace pawl::yaml
