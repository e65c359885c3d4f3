// Headers and parts of a mail.
#include "net/mail_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ids.h"
#include "base/text.h"

namespace pawl::net {
namespace {

// RFC 2047: encoded words of at most 75 characters where it is more than printable ASCII.
std::string header_text(std::string_view text) {
  bool plain = text.size() < 200;
  for (const char c : text) plain = plain && c >= ' ' && c <= '~';
  if (plain) return std::string(text);
  std::string out, rest = repair_utf8(text).substr(0, 1000);
  for (char& c : rest) c = c == '\r' || c == '\n' ? ' ' : c;
  for (std::string_view left = rest; !left.empty();) {
    const auto piece = utf8_prefix(left, 42);
    if (piece.empty()) break;
    out += fmt::format("{}=?UTF-8?B?{}?=", out.empty() ? "" : "\r\n ", to_base64(piece));
    left.remove_prefix(piece.size());
  }
  return out;
}

std::string wrapped(std::string_view bytes) {  // base64 in lines of 76
  const std::string all = to_base64(bytes);
  std::string out;
  for (std::size_t at = 0; at < all.size(); at += 76) out += all.substr(at, 76) + "\r\n";
  return out;
}

// "Sat, 21 Nov 2026 11:45:35 +0000"
std::string date_text(Nanos now) {
  constexpr std::string_view days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
  constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::string text = format_time(now);  // 2026-11-21T11:45:35.…
  const auto month = static_cast<std::size_t>(parse_int(text.substr(5, 2)).value_or(1) - 1);
  return fmt::format("{}, {} {} {} {} +0000", days[static_cast<std::size_t>(now / day % 7)], text.substr(8, 2),
                     months[month], text.substr(0, 4), text.substr(11, 8));
}

}  // namespace

bool is_mail_address(std::string_view text) {
  const auto at = text.find('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() && text.size() <= 254 &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~' && c != '<' && c != '>' && c != ','; }) &&
         text.find('@', at + 1) == std::string_view::npos;
}

std::string mail_text(const MailText& mail, Nanos now) {
  const std::string_view host = mail.from.substr(std::min(mail.from.find('@') + 1, mail.from.size()));
  const std::string border = fmt::format("pawl-{}", mail.id);
  std::string out = fmt::format("Date: {}\r\nFrom: Pawl <{}>\r\nTo: {}\r\nSubject: {}\r\nMessage-ID: <{}@{}>\r\n",
                                date_text(now), mail.from, mail.to, header_text(mail.subject), mail.id, host);
  if (!mail.thread.empty()) {  // all answer a message that the thread's name names
    const std::string thread = fmt::format("<{}@{}>", to_hex(sha256(mail.thread)).substr(0, 32), host);
    out += fmt::format("In-Reply-To: {0}\r\nReferences: {0}\r\n", thread);
  }
  out += fmt::format("Auto-Submitted: auto-generated\r\nList-Id: Pawl {0} <{0}.{1}>\r\nMIME-Version: 1.0\r\n",
                     mail.list, host);
  if (!mail.files.empty())
    out += fmt::format("Content-Type: multipart/mixed; boundary=\"{0}-all\"\r\n\r\n--{0}-all\r\n", border);
  out += fmt::format("Content-Type: multipart/alternative; boundary=\"{}\"\r\n\r\n", border);
  for (const auto& [type, text] : {std::pair("plain", mail.text), {"html", mail.html}})
    out += fmt::format("--{}\r\nContent-Type: text/{}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
                       border, type, wrapped(text));
  out += fmt::format("--{}--\r\n", border);
  for (const auto& file : mail.files)
    out += fmt::format(
        "--{}-all\r\nContent-Type: {}; charset=utf-8\r\nContent-Disposition: attachment; filename=\"{}\"\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n{}",
        border, file.type, file.name, wrapped(file.bytes));
  if (!mail.files.empty()) out += fmt::format("--{}-all--\r\n", border);
  return out;
}

}  // namespace pawl::net
