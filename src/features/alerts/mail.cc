// A notice as a mail: headers that nobody can smuggle lines into, a part in text and one in HTML.
#include <fmt/format.h>

#include "base/ids.h"
#include "base/markup.h"
#include "base/text.h"
#include "base/time.h"
#include "notice.h"

namespace pawl::alerts {
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

std::string html(std::string_view text) {
  return escape_markup(text, "&<>\"");
}

// "Sat, 21 Nov 2026 11:45:35 +0000"
std::string date_text(std::int64_t seconds) {
  constexpr std::string_view days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
  constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::string text = format_time(seconds * second);  // 2026-11-21T11:45:35.…
  const auto month = static_cast<std::size_t>(parse_int(text.substr(5, 2)).value_or(1) - 1);
  return fmt::format("{}, {} {} {} {} +0000", days[static_cast<std::size_t>(seconds / 86'400 % 7)], text.substr(8, 2),
                     months[month], text.substr(0, 4), text.substr(11, 8));
}

struct Parts {
  std::string text, html;
};

void add_line(Parts& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out.text += fmt::format("{}: {}\r\n", name, value);
  const bool link = value.starts_with("https://") || value.starts_with("http://");
  const std::string shown = html(value);
  out.html += fmt::format("<tr><th align=\"left\">{}</th><td>{}</td></tr>", name,
                          link ? fmt::format("<a href=\"{0}\">{0}</a>", shown) : shown);
}

Parts parts_of(std::span<const Notice> notices) {
  Parts out{.text = title_of(notices) + "\r\n",
            .html = fmt::format("<!doctype html><html><body><h2>{}</h2>", html(title_of(notices)))};
  for (std::size_t i = 0; i < std::min<std::size_t>(notices.size(), 50); ++i) {
    const auto& one = notices[i];
    out.text += fmt::format("\r\n{}\r\n", summary_of(one));
    out.html += fmt::format("<p>{}</p><table>", html(summary_of(one)));
    if (one.since > 0) add_line(out, "Since", format_time(one.since * second).substr(0, 19) + "Z");
    add_line(out, "Why", one.sentence);
    add_line(out, "Release", one.release);
    if (one.learning) add_line(out, "Note", "less than 14 days are known");
    add_line(out, "Alert", one.url);
    add_line(out, "Runbook", one.runbook);
    out.html += "</table>";
  }
  if (notices.size() > 50) {
    out.text += fmt::format("\r\n… and {} more\r\n", notices.size() - 50);
    out.html += fmt::format("<p>… and {} more</p>", notices.size() - 50);
  }
  out.html += "</body></html>";
  return out;
}

}  // namespace

std::string mail_text(std::span<const Notice> notices, std::string_view id, std::string_view from, std::string_view to,
                      std::int64_t now) {
  const auto& first = notices.front();
  const Parts parts = parts_of(notices);
  const std::string_view host = from.substr(std::min(from.find('@') + 1, from.size()));
  const std::string border = fmt::format("pawl-{}", id);
  // Mails of one instance are one conversation: all answer a message that its key names.
  const std::string thread = fmt::format("<{}@{}>", to_hex(sha256(first.key)).substr(0, 32), host);
  std::string out = fmt::format("Date: {}\r\nFrom: Pawl <{}>\r\nTo: {}\r\nSubject: {}\r\nMessage-ID: <{}@{}>\r\n",
                                date_text(now), from, to, header_text(title_of(notices)), id, host);
  if (!first.key.empty()) out += fmt::format("In-Reply-To: {0}\r\nReferences: {0}\r\n", thread);
  out += fmt::format(
      "Auto-Submitted: auto-generated\r\nList-Id: Pawl alerts <alerts.{}>\r\nMIME-Version: 1.0\r\n"
      "Content-Type: multipart/alternative; boundary=\"{}\"\r\n\r\n",
      host, border);
  for (const auto& [type, text] : {std::pair("plain", &parts.text), {"html", &parts.html}})
    out += fmt::format("--{}\r\nContent-Type: text/{}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
                       border, type, wrapped(*text));
  return out + fmt::format("--{}--\r\n", border);
}

}  // namespace pawl::alerts
