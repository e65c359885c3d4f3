// Cutting a multipart body.
#include "wire/multipart.h"

#include "base/text.h"

namespace pawl {
namespace {

constexpr std::size_t most_boundary = 200;  // RFC 2046 allows 70
constexpr std::string_view newline = "\r\n";

// The value of `name=` in "form-data; name=\"a\"; filename=b".
std::string_view parameter(std::string_view header, std::string_view name) {
  for (std::size_t at = header.find(';'); at != std::string_view::npos;) {
    std::size_t begin = at + 1;
    while (begin < header.size() && (header[begin] == ' ' || header[begin] == '\t')) ++begin;
    const std::size_t equals = header.find('=', begin);
    if (equals == std::string_view::npos) return {};
    const bool quoted = equals + 1 < header.size() && header[equals + 1] == '"';
    const std::size_t from = equals + (quoted ? 2 : 1);
    const std::size_t end = std::min(header.find(quoted ? '"' : ';', from), header.size());
    if (equals_ignoring_case(trim(header.substr(begin, equals - begin)), name)) {
      return quoted ? header.substr(from, end - from) : trim(header.substr(from, end - from));
    }
    at = header.find(';', end);
  }
  return {};
}

// Does a boundary line begin at `at`?
bool boundary_at(std::string_view body, std::size_t at, std::string_view boundary) {
  if (at > body.size()) return false;
  const std::string_view rest = body.substr(at);
  return rest.starts_with("\r\n--") && rest.substr(4).starts_with(boundary);
}

struct Headers {
  Part part;
  std::optional<std::int64_t> length;
};

void read_header(std::string_view line, Headers& out) {
  const auto [name, rest] = cut(line, ':');
  const std::string_view value = trim(rest);
  if (equals_ignoring_case(name, "content-disposition")) {
    out.part.name = parameter(value, "name");
    out.part.file_name = parameter(value, "filename");
  } else if (equals_ignoring_case(name, "content-type")) {
    out.part.content_type = value;
    if (!out.length) out.length = parse_int(parameter(value, "length"));
  } else if (equals_ignoring_case(name, "content-length")) {
    out.length = parse_int(value);
  } else if (equals_ignoring_case(name, "content-encoding")) {
    out.part.encoding = value;
  }
}

}  // namespace

std::string_view multipart_boundary(std::string_view content_type) {
  return parameter(content_type, "boundary");
}

std::string_view multipart_boundary_of_body(std::string_view body) {
  if (!body.starts_with("--")) return {};
  const std::size_t end = body.substr(0, most_boundary + 4).find(newline);
  if (end == std::string_view::npos) return {};
  std::string_view boundary = trim(body.substr(2, end - 2));
  if (boundary.ends_with("--")) boundary.remove_suffix(2);  // no part at all
  return boundary;
}

Result<std::size_t> walk_multipart(std::string_view body, std::string_view boundary,
                                   const std::function<void(const Part&)>& each) {
  if (boundary.empty() || boundary.size() > most_boundary)
    return fail(ErrorKind::invalid, "a multipart body needs its boundary in Content-Type");
  if (!body.starts_with("--") || !body.substr(2).starts_with(boundary))
    return fail(ErrorKind::invalid, "the multipart body does not begin with its boundary");
  const std::string separator = fmt::format("\r\n--{}", boundary);
  std::size_t at = 2 + boundary.size(), parts = 0;
  for (;;) {
    if (body.substr(at).starts_with("--")) return parts;  // the end
    const std::size_t line = body.find(newline, at);      // white space may follow the boundary
    if (line == std::string_view::npos || !trim(body.substr(at, line - at)).empty())
      return fail(ErrorKind::invalid, "the multipart body is cut off at byte {}", at);
    Headers headers;
    for (at = line + 2;;) {
      const std::size_t end = body.find(newline, at);
      if (end == std::string_view::npos)
        return fail(ErrorKind::invalid, "the multipart body is cut off in the headers of part {}", parts + 1);
      const std::string_view header = body.substr(at, end - at);
      at = end + 2;
      if (header.empty()) break;
      read_header(header, headers);
    }
    std::size_t end = body.find(separator, at);
    if (headers.length && *headers.length >= 0) {
      const std::size_t said = at + static_cast<std::size_t>(*headers.length);
      if (said >= at && boundary_at(body, said, boundary)) end = said;
    }
    if (end == std::string_view::npos)
      return fail(ErrorKind::invalid, "the multipart body is cut off in part {} ({})", parts + 1, headers.part.name);
    headers.part.bytes = body.substr(at, end - at);
    each(headers.part);
    ++parts;
    at = end + separator.size();
  }
}

}  // namespace pawl
