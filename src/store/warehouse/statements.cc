// Values and errors of the engine.
#include "statements.h"

#include "base/text.h"

namespace pawl::warehouse {

std::string escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\')
      out += "\\\\";
    else if (c == '\t')
      out += "\\t";
    else if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out;
}

std::string parameter_text(std::string_view sql, std::string_view name, std::string_view value) {
  const bool is_list = sql.find(fmt::format("{{{}:Array(", name)) != std::string_view::npos;
  return is_list ? std::string(value) : escaped(value);
}

Error engine_error(std::string_view text, Asked asked) {
  const auto at = text.find("Code: ");
  const auto code = at == std::string_view::npos ? std::nullopt : parse_int(cut(text.substr(at + 6), '.').first);
  const auto is = [&](std::int64_t number) { return code == number; };
  if (is(159) || is(160) || is(394))
    return {ErrorKind::unavailable, "The query took longer than it may; narrow its time range or filter."};
  if (is(241) && asked == Asked::insert)
    return {ErrorKind::unavailable, "the engine is at its memory limit, with the queries and merges that run"};
  if (is(241))
    return {ErrorKind::unavailable, "The query needs more memory than it may; narrow its time range or filter."};
  if (is(396) || is(158) || is(307))
    return {ErrorKind::exhausted, "The query reads or returns more than it may; narrow it."};
  if (is(243) || is(84)) return {ErrorKind::unavailable, fmt::format("the warehouse's disk is full: {}", text)};
  return {ErrorKind::corrupt, std::string(text)};  // our own statement or its data: never the asker's fault
}

}  // namespace pawl::warehouse
