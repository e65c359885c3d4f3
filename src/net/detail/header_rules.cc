// The rules, line by line.
#include "net/detail/header_rules.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace pawl::net::detail {
namespace {

bool is_token_char(char c) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         marks.find(c) != std::string_view::npos;
}

bool is_value_char(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte != 0x7f) || c == '\t';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::unexpected<Refusal> refuse(int status, std::string message) {
  return std::unexpected(Refusal{status, std::move(message)});
}

std::expected<void, Refusal> read_request_line(std::string_view line, const Limits& limits, HeadFacts& facts) {
  auto [method, rest] = cut(line, ' ');
  const std::size_t space = rest.find(' ');
  if (space == std::string_view::npos || rest.find(' ', space + 1) != std::string_view::npos)
    return refuse(400, "The request line is not 'METHOD /path HTTP/1.1'.");
  const std::string_view target = rest.substr(0, space), version = rest.substr(space + 1);
  if (!is_token(method) || method.size() > 24) return refuse(400, "The method is no HTTP method.");
  if (version.size() != 8 || !version.starts_with("HTTP/") || !is_digit(version[5]) || version[6] != '.' ||
      !is_digit(version[7]))
    return refuse(400, "The request line does not end in an HTTP version.");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return refuse(505, "Speak HTTP/1.1, or HTTP/2 with its preface.");
  if (target.size() > limits.target_bytes)
    return refuse(414, fmt::format("The path and query are longer than {} bytes.", limits.target_bytes));
  if (!is_plain_target(method, target))
    return refuse(400, "The target must be a path (this server is no proxy), its characters percent-encoded.");
  facts.method = method;
  facts.target = target;
  facts.version = version == "HTTP/1.0" ? 10 : 11;
  return {};
}

// What the whole head says about lengths and hosts, gathered line by line.
struct Gathered {
  int hosts = 0, lengths = 0, encodings = 0;
  std::size_t lines = 0;
};

std::expected<void, Refusal> read_length(std::string_view value, HeadFacts& facts) {
  if (value.empty() || !std::ranges::all_of(value, is_digit)) return refuse(400, "Content-Length is no number.");
  if (value.size() > 18) return refuse(413, "Content-Length is absurd.");
  facts.content_length = static_cast<std::uint64_t>(*parse_int(value));
  return {};
}

std::expected<void, Refusal> read_field(std::string_view name, std::string_view value, HeadFacts& facts,
                                        Gathered& seen) {
  if (equals_ignoring_case(name, "host")) {
    ++seen.hosts;
    if (!is_plain_authority(value)) return refuse(400, "Host is not a name or address with a port.");
  } else if (equals_ignoring_case(name, "content-length")) {
    if (++seen.lengths > 1) return refuse(400, "There are two Content-Length headers.");
    return read_length(value, facts);
  } else if (equals_ignoring_case(name, "transfer-encoding")) {
    if (++seen.encodings > 1 || !equals_ignoring_case(value, "chunked"))
      return refuse(501, "The only Transfer-Encoding that is understood is 'chunked', once.");
    facts.chunked = true;
  } else if (equals_ignoring_case(name, "expect")) {
    if (!equals_ignoring_case(value, "100-continue"))
      return refuse(417, "The only Expect that is met is '100-continue'.");
    facts.expects_continue = true;
  } else if (equals_ignoring_case(name, "connection")) {
    for (std::string_view option : split(value, ',')) facts.wants_close |= equals_ignoring_case(trim(option), "close");
  }
  return {};
}

std::expected<void, Refusal> read_line(std::string_view line, HeadFacts& facts, Gathered& seen) {
  if (line.starts_with(' ') || line.starts_with('\t'))
    return refuse(400, "A header line is folded onto a second line.");
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return refuse(400, "A header line has no colon.");
  const std::string_view name = line.substr(0, colon);
  if (!is_token(name)) return refuse(400, "A header name has a character that is not allowed there.");
  if (!std::ranges::all_of(line.substr(colon + 1), is_value_char))
    return refuse(400, "A header value has a control character.");
  return read_field(name, trim(line.substr(colon + 1)), facts, seen);
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_char);
}

bool is_plain_target(std::string_view method, std::string_view target) {
  if (target == "*") return method == "OPTIONS";
  return target.starts_with('/') &&
         std::ranges::all_of(target, [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

bool is_plain_authority(std::string_view text) {
  if (text.empty() || text.size() > 262) return false;
  std::string_view port;
  if (text.front() == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || close < 3) return false;
    for (char c : text.substr(1, close - 1))
      if (!is_digit(c) && !(c >= 'a' && c <= 'f') && !(c >= 'A' && c <= 'F') && c != ':' && c != '.') return false;
    port = text.substr(close + 1);
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    if (colon == 0) return false;
    for (char c : text.substr(0, colon))
      if (!is_digit(c) && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && c != '-' && c != '.' && c != '_')
        return false;
    port = text.substr(colon);
  }
  if (port.empty()) return true;
  return port.front() == ':' && port.size() <= 6 && std::ranges::all_of(port.substr(1), is_digit);
}

HeadEnd find_head_end(std::string_view bytes, std::size_t from) {
  std::size_t line = from;
  for (;;) {
    const std::size_t feed = bytes.find('\n', line);
    const std::size_t stop = std::min(feed, bytes.size());
    if (bytes.substr(from, stop - from).find('\0') != std::string_view::npos) return {Scan::bad, 0};
    if (feed == std::string_view::npos) return {Scan::more, 0};
    if (feed == 0 || bytes[feed - 1] != '\r') return {Scan::bad, 0};
    if (feed >= 3 && bytes[feed - 2] == '\n') return {Scan::complete, feed + 1};
    line = from = feed + 1;
  }
}

std::expected<HeadFacts, Refusal> check_head(std::string_view head, const Limits& limits) {
  HeadFacts facts;
  Gathered seen;
  bool first = true;
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    if (end == std::string_view::npos) return refuse(400, "A header line does not end in CR LF.");
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + 2);
    if (line.empty() && !first) break;
    if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
      return refuse(400, "A header line has a control character.");
    if (!first && ++seen.lines > limits.header_count)
      return refuse(431, fmt::format("There are more than {} header lines.", limits.header_count));
    auto fine = first ? read_request_line(line, limits, facts) : read_line(line, facts, seen);
    if (!fine) return std::unexpected(std::move(fine.error()));
    first = false;
  }
  if (first || !head.empty()) return refuse(400, "The head of the request is incomplete.");
  if (seen.hosts > 1 || (seen.hosts == 0 && facts.version == 11))
    return refuse(400, "There must be exactly one Host header.");
  if (facts.chunked && seen.lengths) return refuse(400, "Content-Length and Transfer-Encoding contradict each other.");
  if (facts.chunked && facts.version == 10) return refuse(400, "HTTP/1.0 knows no Transfer-Encoding.");
  facts.wants_close |= facts.version == 10;
  return facts;
}

}  // namespace pawl::net::detail
