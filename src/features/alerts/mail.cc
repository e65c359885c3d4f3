// A notice as a mail: a part in text and one in HTML.
#include <fmt/format.h>

#include "base/markup.h"
#include "base/time.h"
#include "net/mail_text.h"
#include "notice.h"

namespace pawl::alerts {
namespace {

std::string html(std::string_view text) {
  return escape_markup(text, "&<>\"");
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
  const std::string title = title_of(notices);
  return net::mail_text({.from = from,
                         .to = to,
                         .id = id,
                         .thread = first.key,  // mails of one instance are one conversation
                         .list = "alerts",
                         .subject = title,
                         .text = parts.text,
                         .html = parts.html,
                         .files = {}},
                        now * second);
}

}  // namespace pawl::alerts
