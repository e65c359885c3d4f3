// Settings into lines and files, keeping what is there.
#include "connect.h"

#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

#include "base/json.h"
#include "base/text.h"
#include "llm/json_check.h"
#include "llm/json_scan.h"

namespace pawl::app {
namespace {

namespace json = llm::json;
using Form = ConnectClient::Form;

std::string filled(std::string_view pattern, const ConnectTo& to) {
  std::string out(pattern);
  const std::string headers =
      to.key.empty() ? "" : fmt::format(R"(, headers = {{ "authorization" = "Bearer {}" }})", to.key);
  const bool local = to.key.empty();
  const std::pair<std::string_view, std::string> values[] = {
      {"{url}", to.url},
      {"{key}", local ? "local" : to.key},
      {"{id}", local ? "local" : to.id},
      {"{project}", to.project},
      {"{headers}", headers},
  };
  for (const auto& [mark, value] : values) {
    for (std::size_t at = 0; (at = out.find(mark, at)) != std::string::npos; at += value.size())
      out.replace(at, mark.size(), value);
  }
  return out;
}

// --- .env ---------------------------------------------------------------------------------------------------------

std::string_view variable_of(std::string_view line) {
  line = trim(line);
  if (line.starts_with("export ")) line = trim(line.substr(7));
  const auto equals = line.find('=');
  return line.starts_with('#') || equals == std::string_view::npos ? std::string_view() : trim(line.substr(0, equals));
}

std::string put_variables(const std::vector<std::pair<std::string, std::string>>& values, std::string_view text) {
  std::vector<std::string> lines;
  for (const auto line : split(text, '\n')) lines.emplace_back(line);
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  for (const auto& [name, value] : values) {
    const auto last =
        std::find_if(lines.rbegin(), lines.rend(), [&](const std::string& each) { return variable_of(each) == name; });
    if (last == lines.rend()) {
      lines.push_back(fmt::format("{}={}", name, value));
      continue;
    }
    std::string& line = *last;
    const auto equals = line.find('=');
    std::string_view stands = trim(std::string_view(line).substr(equals + 1));
    if (stands.size() >= 2 && (stands.front() == '"' || stands.front() == '\'') && stands.back() == stands.front())
      stands = stands.substr(1, stands.size() - 2);
    if (stands != value) line = line.substr(0, equals + 1) + value;
  }
  std::string out;
  for (const auto& line : lines) out += line + "\n";
  return out;
}

// --- JSON ---------------------------------------------------------------------------------------------------------

std::size_t line_of(std::string_view text, std::size_t at) {
  return 1 + static_cast<std::size_t>(std::ranges::count(text.substr(0, at), '\n'));
}

// Puts `value` at PATH (names joined by '/'); objects on the way are made.
Result<> put_member(std::string& text, std::string_view path, std::string_view value, std::size_t object_at,
                    int depth) {
  const auto [name, rest] = cut(path, '/');
  const std::string_view object = std::string_view(text).substr(object_at);
  std::string_view stands;
  bool any = false;
  json::Members members(object);
  std::size_t last_end = object_at + 1;
  while (members.next()) {
    any = true;
    last_end = static_cast<std::size_t>(members.value.data() + members.value.size() - text.data());
    if (members.key == name) stands = members.value;
  }
  const auto at = stands.empty() ? std::string::npos : static_cast<std::size_t>(stands.data() - text.data());
  if (at != std::string::npos && rest.empty()) {
    if (stands != value) text.replace(at, stands.size(), value);
    return {};
  }
  if (at != std::string::npos) {
    if (!json::is_object(stands)) return fail(ErrorKind::invalid, "`{}` is no object there", name);
    return put_member(text, rest, value, at, depth + 1);
  }
  std::string made(value);
  if (!rest.empty()) {
    made = "{}";
    if (auto put = put_member(made, rest, value, 0, depth + 1); !put) return put;
  }
  const std::string indent(static_cast<std::size_t>(depth + 1) * 2, ' '),
      outer(static_cast<std::size_t>(depth) * 2, ' ');
  std::string member = fmt::format("{}\n{}{}: {}", any ? "," : "", indent, json_quote(name), made);
  if (!any) member += "\n" + outer;
  text.insert(last_end, member);
  if (!any) {  // what stood between the braces was white space
    const auto close = text.find('}', last_end + member.size());
    if (close != std::string::npos) text.erase(last_end + member.size(), close - last_end - member.size());
  }
  return {};
}

Result<std::string> put_json(const std::vector<std::pair<std::string, std::string>>& values, std::string_view before) {
  std::string text(trim(before).empty() ? std::string_view("{}\n") : before);
  const auto begin = json::skip_space(text, 0);
  if (const auto at = llm::json::first_error(std::string_view(text)))
    return fail(ErrorKind::invalid, "line {} is no JSON (a comment, or a comma too many?)", line_of(text, *at));
  if (begin >= text.size() || text[begin] != '{') return fail(ErrorKind::invalid, "it holds no JSON object");
  for (const auto& [path, value] : values) TRY(put_member(text, path, value, begin, 0));
  return text;
}

// --- TOML ---------------------------------------------------------------------------------------------------------

Result<> check_toml(std::string_view text) {
  try {
    (void)toml::parse(text);
    return {};
  } catch (const toml::parse_error& error) {
    return fail(ErrorKind::invalid, "line {}: {}", error.source().begin.line, error.description());
  }
}

Result<std::string> put_toml(const std::vector<std::pair<std::string, std::string>>& values, std::string_view before) {
  TRY(check_toml(before));
  std::vector<std::string> lines;
  for (const auto line : split(before, '\n')) lines.emplace_back(line);
  while (!lines.empty() && trim(lines.back()).empty()) lines.pop_back();
  auto table = std::ranges::find_if(lines, [](const std::string& line) { return trim(line) == "[otel]"; });
  for (const auto& line : lines) {
    if (trim(line).starts_with("[otel."))
      return fail(ErrorKind::invalid, "it has the table {}: take that away, or put the lines in yourself", trim(line));
  }
  if (table == lines.end()) {
    if (!lines.empty()) lines.emplace_back();
    lines.emplace_back("[otel]");
    for (const auto& [name, value] : values) lines.push_back(fmt::format("{} = {}", name, value));
  } else {
    auto index = static_cast<std::size_t>(table - lines.begin());
    for (const auto& [name, value] : values) {
      std::size_t end = index + 1, at = 0;
      for (; end < lines.size() && !trim(lines[end]).starts_with('['); ++end) {
        if (!trim(lines[end]).starts_with('#') && variable_of(lines[end]) == name) at = end;
      }
      while (end > index + 1 && trim(lines[end - 1]).empty()) --end;
      const std::string line = fmt::format("{} = {}", name, value);
      if (at == 0) {
        lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(end), line);
      } else if (trim(lines[at]) != line) {
        lines[at] = line;
      }
    }
  }
  std::string out;
  for (const auto& line : lines) out += line + "\n";
  const auto good = check_toml(out);
  if (!good)
    return fail(ErrorKind::invalid, "a setting of [otel] reaches over several lines ({}): put the lines in yourself",
                good.error().what);
  return out;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> connect_values(const ConnectClient& client, const ConnectTo& to) {
  std::vector<std::pair<std::string, std::string>> out;
  if (!client.code.empty()) out.emplace_back("", filled(client.code, to));
  for (const auto& setting : client.settings) {
    if (!setting.keyed || !to.key.empty()) out.emplace_back(setting.name, filled(setting.value, to));
  }
  return out;
}

std::string connect_lines(const ConnectClient& client, const ConnectTo& to) {
  const auto values = connect_values(client, to);
  std::string out;
  switch (client.form) {
    case Form::code:
      return values.front().second;
    case Form::json:
      return put_json(values, "").value_or("");
    case Form::toml:
      return put_toml(values, "").value_or("");
    case Form::variables:
      for (const auto& [name, value] : values) out += fmt::format("export {}={}\n", name, value);
      return out;
  }
  return out;
}

Result<std::string> put_settings(const ConnectClient& client, const ConnectTo& to, std::string_view text) {
  const auto values = connect_values(client, to);
  switch (client.form) {
    case Form::code:
      return fail(ErrorKind::invalid, "{} is set up by lines of your program, not by a file", client.title);
    case Form::json:
      return put_json(values, text);
    case Form::toml:
      return put_toml(values, text);
    case Form::variables:
      return put_variables(values, text);
  }
  return std::string(text);
}

std::string difference(std::string_view before, std::string_view after) {
  std::vector<std::string_view> a = split(before, '\n'), b = split(after, '\n');
  if (!a.empty() && a.back().empty()) a.pop_back();
  if (!b.empty() && b.back().empty()) b.pop_back();
  // Longest common subsequence: settings files are short.
  constexpr std::size_t most = 4000;
  if (a.size() > most || b.size() > most) return "  (too long to show)\n";
  std::vector<std::vector<std::uint16_t>> length(a.size() + 1, std::vector<std::uint16_t>(b.size() + 1));
  for (std::size_t i = a.size(); i-- > 0;) {
    for (std::size_t j = b.size(); j-- > 0;) {
      length[i][j] = a[i] == b[j] ? static_cast<std::uint16_t>(length[i + 1][j + 1] + 1)
                                  : std::max(length[i + 1][j], length[i][j + 1]);
    }
  }
  std::vector<std::pair<char, std::string_view>> lines;
  std::size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      lines.emplace_back(' ', a[i++]), ++j;
    } else if (i < a.size() && (j == b.size() || length[i + 1][j] >= length[i][j + 1])) {
      lines.emplace_back('-', a[i++]);
    } else {
      lines.emplace_back('+', b[j++]);
    }
  }
  constexpr std::size_t around = 3;
  std::string out;
  for (std::size_t k = 0; k < lines.size(); ++k) {
    bool near = false;
    for (std::size_t n = k < around ? 0 : k - around; n < std::min(lines.size(), k + around + 1); ++n)
      near = near || lines[n].first != ' ';
    if (near) out += fmt::format("{}{}\n", lines[k].first, lines[k].second);
  }
  return out;
}

}  // namespace pawl::app
